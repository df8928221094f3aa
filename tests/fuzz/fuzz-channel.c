// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes from a guest, in pieces of any size: KTAP, metrics, beats, verdicts; all of it bounded.
 */
#include <math.h>
#include <string.h>

#include "channel.h"
#include "fuzz.h"
#include "linebuf.h"

static void on_event(bool verdict, void *userdata)
{
	(void)verdict;
	++*(unsigned long *)userdata;
}

static void clean(const char *s)
{
	char copy[CHANNEL_LINE_MAX + 1];

	must(strlen(s) <= CHANNEL_LINE_MAX);
	strcpy(copy, s);
	text_clean(copy, strlen(copy));
	must(!strcmp(copy, s));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned long events = 0;
	struct channel *ch = channel_new(NULL, on_event, &events);
	const struct tap_totals *t;
	const char *reason;
	enum verdict v;
	size_t i, step = size ? data[0] + 1 : 1;

	for (i = 1; i < size; i += step)
		channel_feed(ch, data + i, size - i < step ? size - i : step);
	channel_end(ch);
	t = tap_totals(channel_tap(ch));
	must(tap_count(channel_tap(ch)) <= TAP_KEEP_MAX);
	/* A result is kept or dropped, and counted in either case: parents make the difference. */
	must(t->passed + t->failed + t->skipped <= tap_count(channel_tap(ch)) + t->dropped);
	for (i = 0; i < tap_count(channel_tap(ch)); i++) {
		const struct tap_result *r = tap_get(channel_tap(ch), i);

		must(strlen(r->name) <= TAP_NAME_MAX && r->depth < TAP_DEPTH_MAX);
		clean(r->name);
		clean(r->note ?: "");
	}
	must(channel_metrics(ch) <= METRICS_MAX);
	for (i = 0; i < channel_metrics(ch); i++) {
		const struct metric *m = channel_metric(ch, i);

		must(isfinite(m->value) && m->min <= m->value && m->value <= m->max && m->count);
		clean(m->name);
		clean(m->unit);
	}
	if (channel_verdict(ch, &v, &reason)) {
		must(v == VERDICT_PASS || v == VERDICT_FAIL || v == VERDICT_SKIP);
		clean(reason);
	}
	channel_free(ch);
	return 0;
}
