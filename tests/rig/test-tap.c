// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tap.h"

static struct tap *read_tap(const char *text)
{
	struct tap *t = tap_new();
	char *copy = strdup(text), *save = NULL, *line;

	assert_non_null(t);
	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		tap_line(t, line);
	tap_end(t);
	free(copy);
	return t;
}

static void expect(const char *text, size_t passed, size_t failed, size_t skipped, size_t plan_errors)
{
	struct tap *t = read_tap(text);
	const struct tap_totals *n = tap_totals(t);

	if (n->passed != passed || n->failed != failed || n->skipped != skipped || n->plan_errors != plan_errors)
		fail_msg("got %zu passed, %zu failed, %zu skipped, %zu plan errors (%s) for\n%s", n->passed, n->failed,
			 n->skipped, n->plan_errors, tap_first_error(t), text);
	assert_true(!(failed + plan_errors) == !tap_first_error(t)[0]);
	tap_free(t);
}

static void test_flat(void **state)
{
	(void)state;
	expect("KTAP version 1\n1..3\nok 1 a\nok 2 - b\nok 3\n", 3, 0, 0, 0);
	expect("KTAP version 1\n1..2\nok 1 a\nnot ok 2 b\n", 1, 1, 0, 0);
	expect("TAP version 13\nok 1 a\nok 2 b\n1..2\n", 2, 0, 0, 0);
	expect("1..2\nok 1 a # SKIP no such thing\nok 2 b\n", 1, 0, 1, 0);
	expect("1..2\nnot ok 1 a # TODO later\nok 2 b # XFAIL known\n", 2, 0, 0, 0);
	expect("1..1\nnot ok 1 a # SKIP but it failed\n", 0, 1, 0, 0);
	expect("1..1\nnot ok 1 a # TIMEOUT 45\n", 0, 1, 0, 0);
	expect("# only talk\nhello\nokay 1\nnot okay\n1..x\n", 0, 0, 0, 0);
	expect("", 0, 0, 0, 0);
}

static void test_plan(void **state)
{
	(void)state;
	expect("1..3\nok 1 a\nok 2 b\n", 2, 0, 0, 1);
	expect("1..1\nok 1 a\nok 2 b\n", 2, 0, 0, 1);
	expect("ok 1 a\n1..2\n", 1, 0, 0, 1);
	expect("1..99999999999\nok 1 a\n", 1, 0, 0, 1);
	/* two programs, one after the other */
	expect("KTAP version 1\n1..1\nok 1 a\nKTAP version 1\n1..2\nok 1 a\nok 2 b\n", 3, 0, 0, 0);
	expect("KTAP version 1\n1..2\nok 1 a\nKTAP version 1\n1..1\nok 1 a\n", 2, 0, 0, 1);
}

static void test_nested(void **state)
{
	/* as KUnit writes it */
	static const char kunit[] =
		"KTAP version 1\n"
		"1..2\n"
		"    KTAP version 1\n"
		"    # Subtest: ghost_swap\n"
		"    # module: ghost_swap\n"
		"    1..2\n"
		"    ok 1 encode\n"
		"        KTAP version 1\n"
		"        # Subtest: orders\n"
		"        1..2\n"
		"        ok 1 order 0\n"
		"        ok 2 order 9 # SKIP no huge pages\n"
		"    ok 2 orders\n"
		"# ghost_swap: pass:2 fail:0 skip:0 total:2\n"
		"ok 1 ghost_swap\n"
		"    KTAP version 1\n"
		"    1..1\n"
		"    not ok 1 broken\n"
		"not ok 2 other\n";
	const struct tap_result *r;
	struct tap *t;

	(void)state;
	expect(kunit, 2, 1, 1, 0);
	t = read_tap(kunit);
	assert_int_equal(tap_count(t), 7);
	r = tap_get(t, 0);
	assert_string_equal(r->name, "encode");
	assert_int_equal(r->depth, 1);
	assert_false(r->parent);
	r = tap_get(t, 3);
	assert_string_equal(r->name, "orders");
	assert_true(r->parent);
	r = tap_get(t, 4);
	assert_int_equal(r->depth, 0);
	assert_true(r->parent);
	assert_string_equal(tap_first_error(t), "not ok: broken");
	tap_free(t);

	/* two blanks are an indentation too; the plan at the end */
	expect("  ok 1 sub a\n  ok 2 sub b\n  1..2\nok 1 parent\n1..1\n", 2, 0, 0, 0);
	/* a plan not met inside */
	expect("1..1\n    1..3\n    ok 1 a\nok 1 parent\n", 1, 0, 0, 1);
	/* a parent that fails though its children did not */
	expect("1..1\n    1..1\n    ok 1 a\nnot ok 1 parent\n", 1, 1, 0, 0);
	/* a parent that hides a failed child */
	expect("1..1\n    1..1\n    not ok 1 a\nok 1 parent\n", 0, 1, 0, 0);
	/* cut off in the middle of a subtest */
	expect("1..2\nok 1 x\n    1..2\n    ok 1 a\n", 2, 0, 0, 2);
}

static void test_special(void **state)
{
	const struct tap_result *r;
	struct tap *t;

	(void)state;
	t = read_tap("ok 1 page #3 of 7 # SKIP too slow\n");
	r = tap_get(t, 0);
	assert_string_equal(r->name, "page #3 of 7");
	assert_string_equal(r->note, "SKIP too slow");
	assert_int_equal(r->status, TAP_SKIP);
	tap_free(t);

	t = read_tap("1..0 # SKIP not on this kernel\n");
	assert_true(tap_totals(t)->skip_all);
	tap_free(t);

	t = read_tap("1..2\nok 1 a\nBail out! no memory\n");
	assert_true(tap_totals(t)->bailed);
	assert_string_equal(tap_first_error(t), "bail out: no memory");
	tap_free(t);
}

/* A hostile guest: results without end, nesting without end. Counted, bounded, and a fault. */
static void test_bounds(void **state)
{
	struct tap *t = tap_new();
	char line[2048];
	int i;

	(void)state;
	for (i = 0; i < TAP_KEEP_MAX + 100; i++) {
		snprintf(line, sizeof(line), "ok %d x", i);
		tap_line(t, line);
	}
	assert_int_equal(tap_count(t), TAP_KEEP_MAX);
	assert_int_equal(tap_totals(t)->passed, TAP_KEEP_MAX + 100);
	assert_int_equal(tap_totals(t)->dropped, 100);
	tap_free(t);

	t = tap_new();
	for (i = 0; i < 1000; i++) {
		memset(line, ' ', i);
		strcpy(line + i, "ok 1 deep");
		tap_line(t, line);
	}
	tap_end(t);
	assert_true(tap_totals(t)->plan_errors > 0);
	tap_free(t);

	t = tap_new();
	memset(line, 'n', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memcpy(line, "ok 1 ", 5);
	tap_line(t, line);
	assert_true(strlen(tap_get(t, 0)->name) <= TAP_NAME_MAX);
	tap_free(t);

	/* Cut in the middle of a character: what is left of it is no character */
	t = tap_new();
	memset(line, 'n', sizeof(line) - 1);
	memcpy(line, "ok 1 ", 5);
	memcpy(line + 5 + TAP_NAME_MAX - 1, "\xc3\xa4", 2);
	tap_line(t, line);
	assert_int_equal(strlen(tap_get(t, 0)->name), TAP_NAME_MAX);
	assert_int_equal(tap_get(t, 0)->name[TAP_NAME_MAX - 1], '?');
	tap_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flat),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_special),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
