// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

#include <string.h>

#include "progress.h"

#define MIB	(1024 * 1024ULL)

static void expect_line(const struct progress *p, size_t width, const char *wanted)
{
	struct strbuf line = STRBUF_INIT;

	assert_int_equal(progress_line(p, width, &line), 0);
	assert_string_equal(strbuf_str(&line), wanted);
	strbuf_release(&line);
}

static void expect_summary(const struct progress *p, double now, const char *wanted)
{
	struct strbuf line = STRBUF_INIT;

	assert_int_equal(progress_summary(p, now, &line), 0);
	assert_string_equal(strbuf_str(&line), wanted);
	strbuf_release(&line);
}

static void test_rate(void **state)
{
	struct progress p;
	double rate = -1;

	progress_begin(&p, "/dev/sda2", 100, 256 * MIB);
	assert_false(progress_rate(&p, &rate));
	progress_update(&p, 100, 128 * MIB);
	assert_false(progress_rate(&p, &rate));
	progress_update(&p, 104, 192 * MIB);
	assert_true(progress_rate(&p, &rate));
	assert_true(rate == 16 * MIB);
	/* Nothing moves, or more comes in. */
	progress_update(&p, 105, 256 * MIB);
	assert_false(progress_rate(&p, &rate));
	progress_update(&p, 106, 300 * MIB);
	assert_false(progress_rate(&p, &rate));
	assert_true(rate == 16 * MIB);
}

/* Only the last samples count. */
static void test_window(void **state)
{
	struct progress p;
	double rate;

	progress_begin(&p, "a", 0, 1000 * MIB);
	for (int i = 1; i < PROGRESS_SAMPLES; i++)
		progress_update(&p, i, 1000 * MIB);
	assert_false(progress_rate(&p, &rate));
	for (int i = 0; i < PROGRESS_SAMPLES; i++)
		progress_update(&p, PROGRESS_SAMPLES + i, (1000 - 3 * i) * MIB);
	assert_true(progress_rate(&p, &rate));
	assert_true(rate == 3 * MIB);
	progress_update(&p, 2 * PROGRESS_SAMPLES, (1000 - 3 * PROGRESS_SAMPLES) * MIB);
	assert_true(progress_rate(&p, &rate));
	assert_true(rate == 3 * MIB);
}

static void test_line(void **state)
{
	struct progress p;

	progress_begin(&p, "/dev/sda2", 10, 256 * MIB);
	expect_line(&p, 0, "/dev/sda2: 0%, 0B of 256M");
	progress_update(&p, 12, 192 * MIB);
	expect_line(&p, 0, "/dev/sda2: 25%, 64M of 256M, 32M/s, 6 s left");
	progress_update(&p, 13, 192 * MIB);
	expect_line(&p, 0, "/dev/sda2: 25%, 64M of 256M, 21.3M/s, 9 s left");
	progress_update(&p, 14, 256 * MIB - 4096);
	expect_line(&p, 0, "/dev/sda2: 0%, 4K of 256M, 1K/s, 72 h 49 min left");
	progress_update(&p, 15, 4096);
	expect_line(&p, 0, "/dev/sda2: 99%, 256M of 256M, 51.2M/s, 1 s left");
	progress_update(&p, 16, 0);
	expect_line(&p, 0, "/dev/sda2: 100%, 256M of 256M, 42.7M/s, 0 s left");
	/* More than there was. */
	progress_update(&p, 17, 512 * MIB);
	expect_line(&p, 0, "/dev/sda2: 0%, 0B of 512M");
}

static void test_estimate(void **state)
{
	static const struct {
		uint64_t left;
		const char *text;
	} cases[] = {
		{ 59, "59 s left" },
		{ 60, "1 min 0 s left" },
		{ 3599, "59 min 59 s left" },
		{ 3600, "1 h 0 min left" },
		{ 86399, "23 h 59 min left" },
		{ 360000, "100 h 0 min left" },
		{ 360001, "1M/s" },
	};
	struct progress p;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct strbuf line = STRBUF_INIT;
		size_t len = strlen(cases[i].text);

		progress_begin(&p, "a", 0, (cases[i].left + 1) * MIB);
		progress_update(&p, 1, cases[i].left * MIB);
		assert_int_equal(progress_line(&p, 0, &line), 0);
		assert_true(line.len > len);
		assert_string_equal(strbuf_str(&line) + line.len - len, cases[i].text);
		strbuf_release(&line);
	}
}

static void test_bar(void **state)
{
	struct progress p;

	progress_begin(&p, "/dev/sda2", 0, 256 * MIB);
	progress_update(&p, 1, 128 * MIB);
	expect_line(&p, 200, "/dev/sda2: [####################                    ] "
			     "50%, 128M of 256M, 128M/s, 1 s left");
	expect_line(&p, 59, "/dev/sda2: [#####     ] 50%, 128M of 256M, 128M/s, 1 s left");
	expect_line(&p, 57, "/dev/sda2: [####    ] 50%, 128M of 256M, 128M/s, 1 s left");
	expect_line(&p, 56, "/dev/sda2: 50%, 128M of 256M, 128M/s, 1 s left");
	expect_line(&p, 20, "/dev/sda2: 50%, 128M");
	progress_update(&p, 2, 0);
	expect_line(&p, 60, "/dev/sda2: [##########] 100%, 256M of 256M, 128M/s, 0 s left");
}

static void test_nothing(void **state)
{
	struct progress p;

	progress_begin(&p, "/dev/sda2", 5, 0);
	expect_line(&p, 0, "/dev/sda2: 100%, 0B of 0B");
	expect_summary(&p, 5, "0B moved in 0.0 s");
	expect_summary(&p, 6, "0B moved in 1.0 s");
}

static void test_summary(void **state)
{
	struct progress p;

	progress_begin(&p, "/dev/sda2", 100, 256 * MIB);
	progress_update(&p, 103, 64 * MIB);
	expect_summary(&p, 104, "192M moved in 4.0 s, 48M/s");
	expect_summary(&p, 100, "192M moved in 0.0 s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_estimate),
		cmocka_unit_test(test_bar),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_summary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
