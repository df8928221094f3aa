// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "verdict.h"

static const struct tap_totals good = { .passed = 3 };

static void expect(struct verdict_facts f, enum verdict v, const char *words)
{
	char reason[128];
	enum verdict got;

	if (!f.tap)
		f.tap = &good;
	got = verdict_decide(&f, reason, sizeof(reason));
	if (got != v || !strstr(reason, words))
		fail_msg("expected %s (%s), got %s (%s)", verdict_name(v), words, verdict_name(got), reason);
}

#define FACTS(...) ((struct verdict_facts){ __VA_ARGS__ })
#define SAYS(v) .guest_spoke = true, .guest = (v)

static void test_order(void **state)
{
	static const struct tap_totals bad = { .passed = 2, .failed = 1 };

	(void)state;
	expect(FACTS(SAYS(VERDICT_PASS)), VERDICT_PASS, "");
	expect(FACTS(SAYS(VERDICT_PASS), .crash = "BUG: x"), VERDICT_CRASH, "BUG: x");
	expect(FACTS(.crash = "BUG: x"), VERDICT_CRASH, "BUG: x");
	expect(FACTS(.crash = "BUG: x", .timed_out = true), VERDICT_CRASH, "BUG: x");
	expect(FACTS(.timed_out = true, .timeout_reason = "deadline of 9 s"), VERDICT_TIMEOUT, "deadline of 9 s");
	expect(FACTS(.timed_out = true, .tap = &bad), VERDICT_TIMEOUT, "");
	expect(FACTS(.end = "QEMU ended with status 0"), VERDICT_LOST, "status 0");
	expect(FACTS(.tap = &bad), VERDICT_LOST, "");
	expect(FACTS(SAYS(VERDICT_PASS), .taint = 512), VERDICT_CRASH, "0x200");
	expect(FACTS(SAYS(VERDICT_PASS), .fail_on = "Out of memory"), VERDICT_FAIL, "Out of memory");
	expect(FACTS(SAYS(VERDICT_FAIL), .guest_reason = "exit 1"), VERDICT_FAIL, "exit 1");
}

static void test_results(void **state)
{
	static const struct tap_totals none = { 0 }, failed = { .passed = 1, .failed = 1 }, plan = { .passed = 1, .plan_errors = 1 },
		skipped = { .skipped = 2 }, some = { .passed = 1, .skipped = 2 }, bailed = { .passed = 1, .bailed = true },
		nothing = { .skip_all = true };

	(void)state;
	/* what the guest says is not better than its results */
	expect(FACTS(SAYS(VERDICT_PASS), .tap = &failed, .tap_error = "not ok: b"), VERDICT_FAIL, "not ok: b");
	expect(FACTS(SAYS(VERDICT_SKIP), .tap = &failed), VERDICT_FAIL, "");
	expect(FACTS(SAYS(VERDICT_PASS), .tap = &plan), VERDICT_FAIL, "plan");
	expect(FACTS(SAYS(VERDICT_SKIP), .tap = &plan), VERDICT_FAIL, "plan");
	expect(FACTS(SAYS(VERDICT_PASS), .tap = &bailed), VERDICT_FAIL, "");
	expect(FACTS(SAYS(VERDICT_PASS), .tap = &none), VERDICT_FAIL, "nothing was tested");
	expect(FACTS(SAYS(VERDICT_PASS), .channel_overflow = true), VERDICT_FAIL, "more than");
	expect(FACTS(SAYS(VERDICT_PASS), .tap = &skipped), VERDICT_SKIP, "skipped");
	expect(FACTS(SAYS(VERDICT_PASS), .tap = &nothing), VERDICT_SKIP, "skipped");
	expect(FACTS(SAYS(VERDICT_PASS), .tap = &some), VERDICT_PASS, "");
	expect(FACTS(SAYS(VERDICT_SKIP), .tap = &none, .guest_reason = "no ghost"), VERDICT_SKIP, "no ghost");
}

static void test_names(void **state)
{
	int v;

	(void)state;
	for (v = 0; v < VERDICT_MAX; v++)
		assert_int_equal(verdict_parse(verdict_name(v)), v);
	assert_true(verdict_parse("good") < 0);
	assert_true(verdict_parse("") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
