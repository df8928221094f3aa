// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <time.h>

#include "channel.h"
#include "linebuf.h"

#define REASON_MAX	512

struct channel {
	FILE *log;
	channel_fn fn;
	void *userdata;
	struct timespec start;
	struct linebuf *lines;
	struct tap *tap;
	size_t bytes;
	bool overflow;
	bool ended;
	bool spoke;
	enum verdict verdict;
	char reason[REASON_MAX];
	struct metric *metric;
	size_t metrics;
	uint64_t taint;
	unsigned long beats;
	unsigned long bad_lines;
};

/* Cuts the next word out of *P; NULL at the end. */
static char *next_word(char **p)
{
	char *word = *p + strspn(*p, " \t");
	size_t n = strcspn(word, " \t");

	if (!n)
		return NULL;
	*p = word + n;
	if (**p)
		*(*p)++ = '\0';
	return word;
}

static bool metric_name_ok(const char *s)
{
	size_t n = strlen(s);

	if (!n || n > METRIC_NAME_MAX)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_.:/-", *s))
			return false;
	return true;
}

/*
 * A decimal that is a JSON number as it stands: -?digits[.digits][e[+-]digits], no leading zeros.
 */
static bool decimal_ok(const char *s)
{
	if (*s == '-')
		s++;
	if (!isdigit((unsigned char)s[0]) || (s[0] == '0' && isdigit((unsigned char)s[1])))
		return false;
	s += strspn(s, "0123456789");
	if (*s == '.') {
		s++;
		if (!isdigit((unsigned char)*s))
			return false;
		s += strspn(s, "0123456789");
	}
	if (*s == 'e' || *s == 'E') {
		s++;
		if (*s == '-' || *s == '+')
			s++;
		if (!isdigit((unsigned char)*s))
			return false;
		s += strspn(s, "0123456789");
	}
	return !*s;
}

static struct metric *metric_find(struct channel *ch, const char *name)
{
	struct metric *m;
	size_t i;

	for (i = 0; i < ch->metrics; i++)
		if (!strcmp(ch->metric[i].name, name))
			return &ch->metric[i];
	if (ch->metrics == METRICS_MAX) {
		ch->overflow = true;
		return NULL;
	}
	m = realloc(ch->metric, (ch->metrics + 1) * sizeof(*m));
	if (!m)
		return NULL;
	ch->metric = m;
	m += ch->metrics++;
	memset(m, 0, sizeof(*m));
	snprintf(m->name, sizeof(m->name), "%s", name);
	return m;
}

static bool metric_line(struct channel *ch, char *p)
{
	const char *name = next_word(&p), *value = next_word(&p), *unit = next_word(&p);
	struct metric *m;
	double v;

	if (!name || !value || !metric_name_ok(name) || strlen(value) >= sizeof(m->text) ||
	    !decimal_ok(value))
		return false;
	v = strtod(value, NULL);
	if (!isfinite(v))
		return false;
	m = metric_find(ch, name);
	if (!m)
		return true;
	snprintf(m->text, sizeof(m->text), "%s", value);
	snprintf(m->unit, sizeof(m->unit), "%s", unit ?: "");
	/* A cut in the middle of a character would be no UTF-8. */
	text_clean(m->unit, strlen(m->unit));
	m->value = v;
	if (!m->count || v < m->min)
		m->min = v;
	if (!m->count || v > m->max)
		m->max = v;
	m->count++;
	if (!strcmp(name, "kernel_tainted") || !strcmp(name, "tainted"))
		ch->taint = strtoull(value, NULL, 10);
	return true;
}

static bool verdict_line(struct channel *ch, char *p)
{
	const char *word = next_word(&p);
	int v;

	v = word ? verdict_parse(word) : -1;
	if (v != VERDICT_PASS && v != VERDICT_FAIL && v != VERDICT_SKIP)
		return false;
	/*
	 * The first one counts, except that a later `fail` is believed: a second voice that says
	 * pass is not.
	 */
	if (ch->spoke && v != VERDICT_FAIL)
		return false;
	ch->spoke = true;
	ch->verdict = v;
	p += strspn(p, " \t");
	snprintf(ch->reason, sizeof(ch->reason), "%s", p);
	text_clean(ch->reason, strlen(ch->reason));
	ch->fn(true, ch->userdata);
	return true;
}

static bool at_line(struct channel *ch, char *line)
{
	char *p = line, *word = next_word(&p);

	if (!strcmp(word, "@beat")) {
		ch->beats++;
		ch->fn(false, ch->userdata);
		return true;
	}
	if (!strcmp(word, "@metric"))
		return metric_line(ch, p);
	if (!strcmp(word, "@verdict"))
		return verdict_line(ch, p);
	return false;
}

static void channel_line(const char *line, size_t len, bool truncated, void *userdata)
{
	struct channel *ch = userdata;
	char copy[CHANNEL_LINE_MAX + 1];
	struct timespec now;

	if (ch->log) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		fprintf(ch->log, "[%9.3f] %s\n",
			(now.tv_sec - ch->start.tv_sec) + (now.tv_nsec - ch->start.tv_nsec) / 1e9,
			line);
	}
	if (truncated)
		ch->bad_lines++;
	if (line[0] != '@') {
		tap_line(ch->tap, line);
		return;
	}
	memcpy(copy, line, len + 1);
	if (truncated || !at_line(ch, copy))
		ch->bad_lines++;
}

struct channel *channel_new(FILE *log, channel_fn fn, void *userdata)
{
	struct channel *ch = calloc(1, sizeof(*ch));

	if (!ch)
		return NULL;
	ch->tap = tap_new();
	ch->lines = linebuf_new(CHANNEL_LINE_MAX, channel_line, ch);
	if (!ch->tap || !ch->lines) {
		channel_free(ch);
		return NULL;
	}
	ch->log = log;
	ch->fn = fn;
	ch->userdata = userdata;
	clock_gettime(CLOCK_MONOTONIC, &ch->start);
	return ch;
}

void channel_free(struct channel *ch)
{
	if (!ch)
		return;
	linebuf_free(ch->lines);
	tap_free(ch->tap);
	free(ch->metric);
	free(ch);
}

void channel_feed(struct channel *ch, const void *data, size_t len)
{
	if (len > CHANNEL_BYTES_MAX - ch->bytes) {
		len = CHANNEL_BYTES_MAX - ch->bytes;
		ch->overflow = true;
	}
	ch->bytes += len;
	linebuf_feed(ch->lines, data, len);
}

void channel_end(struct channel *ch)
{
	if (ch->ended)
		return;
	ch->ended = true;
	linebuf_flush(ch->lines);
	tap_end(ch->tap);
	if (ch->log)
		fflush(ch->log);
}

const struct tap *channel_tap(const struct channel *ch)
{
	return ch->tap;
}

bool channel_verdict(const struct channel *ch, enum verdict *v, const char **reason)
{
	if (!ch->spoke)
		return false;
	*v = ch->verdict;
	*reason = ch->reason;
	return true;
}

size_t channel_metrics(const struct channel *ch)
{
	return ch->metrics;
}

const struct metric *channel_metric(const struct channel *ch, size_t i)
{
	return i < ch->metrics ? &ch->metric[i] : NULL;
}

uint64_t channel_taint(const struct channel *ch)
{
	return ch->taint;
}

bool channel_overflow(const struct channel *ch)
{
	return ch->overflow;
}

unsigned long channel_beats(const struct channel *ch)
{
	return ch->beats;
}

unsigned long channel_bad_lines(const struct channel *ch)
{
	return ch->bad_lines;
}
