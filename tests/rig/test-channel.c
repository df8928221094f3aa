// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "channel.h"

static int beats, verdicts;

static void on_event(bool verdict, void *userdata)
{
	(void)userdata;
	if (verdict)
		verdicts++;
	else
		beats++;
}

static struct channel *feed(const char *text)
{
	struct channel *ch = channel_new(NULL, on_event, NULL);

	assert_non_null(ch);
	beats = verdicts = 0;
	channel_feed(ch, text, strlen(text));
	channel_end(ch);
	return ch;
}

static void test_good(void **state)
{
	struct channel *ch = feed("@beat 1\nKTAP version 1\n1..1\nok 1 a\n# talk\n@metric x.y/z 12 pages\n@metric x.y/z -3.5e2 pages\n"
				  "@metric ratio 0.25\n@metric kernel_tainted 512 flags\n@beat 2\n@verdict pass all well\n");
	enum verdict v;
	const char *reason;
	const struct metric *m;

	(void)state;
	assert_int_equal(beats, 2);
	assert_int_equal(verdicts, 1);
	assert_true(channel_verdict(ch, &v, &reason));
	assert_int_equal(v, VERDICT_PASS);
	assert_string_equal(reason, "all well");
	assert_int_equal(tap_totals(channel_tap(ch))->passed, 1);
	assert_int_equal(channel_metrics(ch), 3);
	m = channel_metric(ch, 0);
	assert_string_equal(m->name, "x.y/z");
	assert_string_equal(m->text, "-3.5e2");
	assert_string_equal(m->unit, "pages");
	assert_true(m->min == -350 && m->max == 12 && m->count == 2);
	assert_string_equal(channel_metric(ch, 1)->unit, "");
	assert_int_equal(channel_taint(ch), 512);
	assert_int_equal(channel_bad_lines(ch), 0);
	assert_false(channel_overflow(ch));
	channel_free(ch);
}

static void test_bad(void **state)
{
	static const char * const bad[] = {
		"@", "@metric", "@metric x", "@metric x nan u", "@metric x inf", "@metric x 0x10", "@metric x 1e999", "@metric x 07",
		"@metric x 1.", "@metric x .5", "@metric x +1", "@metric x 1,5", "@metric a\"b 1", "@metric ../x* 1", "@metric x -",
		"@verdict", "@verdict lost", "@verdict crash", "@verdict PASS", "@verdicts pass", "@unknown 1", "@beat1",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct channel *ch = feed(bad[i]);
		enum verdict v;
		const char *reason;

		if (channel_bad_lines(ch) != 1 || channel_metrics(ch) || channel_verdict(ch, &v, &reason) || beats || verdicts)
			fail_msg("taken: %s", bad[i]);
		channel_free(ch);
	}
}

/* A second verdict can make it worse, not better. */
static void test_second_verdict(void **state)
{
	enum verdict v;
	const char *reason;
	struct channel *ch;

	(void)state;
	ch = feed("@verdict fail one\n@verdict pass two\n");
	assert_true(channel_verdict(ch, &v, &reason));
	assert_int_equal(v, VERDICT_FAIL);
	assert_string_equal(reason, "one");
	channel_free(ch);
	ch = feed("@verdict pass one\n@verdict fail two\n");
	assert_true(channel_verdict(ch, &v, &reason));
	assert_int_equal(v, VERDICT_FAIL);
	channel_free(ch);
}

static void test_hostile(void **state)
{
	char line[CHANNEL_LINE_MAX * 2], name[128];
	struct channel *ch;
	enum verdict v;
	const char *reason;
	size_t i;

	(void)state;
	/* a line that is too long says nothing, whatever it begins with */
	memset(line, 'x', sizeof(line));
	memcpy(line, "@verdict pass ", 14);
	line[sizeof(line) - 1] = '\0';
	ch = feed(line);
	assert_false(channel_verdict(ch, &v, &reason));
	channel_free(ch);

	/* metric names without end */
	ch = channel_new(NULL, on_event, NULL);
	for (i = 0; i < METRICS_MAX + 10; i++) {
		snprintf(name, sizeof(name), "@metric m%zu 1\n", i);
		channel_feed(ch, name, strlen(name));
	}
	channel_end(ch);
	assert_int_equal(channel_metrics(ch), METRICS_MAX);
	assert_true(channel_overflow(ch));
	channel_free(ch);

	/* bytes without end: what comes later is not looked at */
	ch = channel_new(NULL, on_event, NULL);
	memset(line, 0xfe, sizeof(line));
	for (i = 0; i < CHANNEL_BYTES_MAX / sizeof(line) + 2; i++)
		channel_feed(ch, line, sizeof(line));
	channel_feed(ch, "\n@verdict pass\n", 15);
	channel_end(ch);
	assert_true(channel_overflow(ch));
	assert_false(channel_verdict(ch, &v, &reason));
	channel_free(ch);

	/* what is not text becomes text */
	ch = feed("ok 1 a\x01\x1b[2J\xff\n@verdict fail \xc3\x28 \xe2\x82\xac\n");
	assert_string_equal(tap_get(channel_tap(ch), 0)->name, "a??[2J?");
	channel_verdict(ch, &v, &reason);
	assert_string_equal(reason, "?( \xe2\x82\xac");
	channel_free(ch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_second_verdict),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
