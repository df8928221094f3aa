// SPDX-License-Identifier: GPL-2.0-only
#include "progress.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "size.h"

/* A shorter bar tells nothing, a longer one no more. */
#define BAR_MIN		8
#define BAR_MAX		40

/* Longer estimates are none. */
#define ESTIMATE_MAX	(100 * 3600.0)

void progress_begin(struct progress *p, const char *name, double now, uint64_t left)
{
	*p = (struct progress){ .name = name, .begin = now };
	progress_update(p, now, left);
}

void progress_update(struct progress *p, double now, uint64_t left)
{
	size_t i = p->n++ % PROGRESS_SAMPLES;

	p->sample[i].when = now;
	p->sample[i].left = left;
	p->left = left;
	/* What came in between the first look and the call counts from then on. */
	if (left > p->total)
		p->total = left;
}

bool progress_rate(const struct progress *p, double *rate)
{
	size_t last = (p->n - 1) % PROGRESS_SAMPLES;
	size_t first = p->n > PROGRESS_SAMPLES ? p->n % PROGRESS_SAMPLES : 0;
	double seconds = p->sample[last].when - p->sample[first].when;

	if (!(seconds > 0) || p->sample[last].left >= p->sample[first].left)
		return false;
	*rate = (p->sample[first].left - p->sample[last].left) / seconds;
	return true;
}

static uint64_t moved(const struct progress *p)
{
	return p->total - p->left;
}

static int add_duration(double seconds, struct strbuf *out)
{
	/* Rounded up: 0 s left is wrong as long as there is something left. */
	uint64_t s = (uint64_t)seconds + (seconds > (double)(uint64_t)seconds);

	if (s < 60)
		return strbuf_addf(out, "%" PRIu64 " s", s);
	if (s < 3600)
		return strbuf_addf(out, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
	return strbuf_addf(out, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s % 3600 / 60);
}

static int add_rate(double rate, struct strbuf *out)
{
	char text[SIZE_TEXT_MAX];

	return strbuf_addf(out, ", %s/s", size_format((uint64_t)rate, text));
}

static int add_numbers(const struct progress *p, unsigned int percent, struct strbuf *out)
{
	char done[SIZE_TEXT_MAX], total[SIZE_TEXT_MAX];
	double rate;
	int err;

	err = strbuf_addf(out, "%u%%, %s of %s", percent, size_format(moved(p), done),
			  size_format(p->total, total));
	if (err || !progress_rate(p, &rate))
		return err;
	err = add_rate(rate, out);
	if (err || p->left / rate > ESTIMATE_MAX)
		return err;
	err = strbuf_adds(out, ", ");
	if (!err)
		err = add_duration(p->left / rate, out);
	return err ? err : strbuf_adds(out, " left");
}

static int add_bar(size_t length, unsigned int percent, struct strbuf *out)
{
	int err = strbuf_addch(out, '[');

	for (size_t i = 0; i < length && !err; i++)
		err = strbuf_addch(out, i < length * percent / 100 ? '#' : ' ');
	return err ? err : strbuf_adds(out, "] ");
}

int progress_line(const struct progress *p, size_t width, struct strbuf *out)
{
	/* Not 100 as long as something is left. */
	unsigned int percent = p->total ? (double)moved(p) / p->total * 100 : 100;
	struct strbuf numbers = STRBUF_INIT;
	size_t before = out->len, taken, bar = 0;
	int err;

	err = add_numbers(p, percent, &numbers);
	/* ": ", and the brackets with a blank, stand beside these. */
	taken = strlen(p->name) + 2 + numbers.len + 3;
	if (width > taken)
		bar = width - taken < BAR_MAX ? width - taken : BAR_MAX;
	if (!err)
		err = strbuf_addf(out, "%s: ", p->name);
	if (!err && bar >= BAR_MIN)
		err = add_bar(bar, percent, out);
	if (!err)
		err = strbuf_adds(out, strbuf_str(&numbers));
	strbuf_release(&numbers);
	if (!err && width && out->len - before > width) {
		out->len = before + width;
		out->buf[out->len] = '\0';
	}
	return err;
}

int progress_summary(const struct progress *p, double now, struct strbuf *out)
{
	char text[SIZE_TEXT_MAX];
	double seconds = now - p->begin;
	int err;

	err = strbuf_addf(out, "%s moved in %.1f s", size_format(moved(p), text), seconds);
	if (!err && moved(p) && seconds > 0)
		err = add_rate(moved(p) / seconds, out);
	return err;
}
