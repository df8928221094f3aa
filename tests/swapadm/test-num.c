// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

#include <errno.h>

#include "read.h"

#define N(x)	((struct num){ true, (x) })
#define UNKNOWN	((struct num){ 0 })

static void test_ratio(void **state)
{
	double val = -1;

	assert_true(ratio(N(300), N(100), &val));
	assert_true(val == 3.0);
	assert_true(ratio(N(0), N(100), &val));
	assert_true(val == 0.0);
	assert_true(ratio(N(UINT64_MAX), N(1), &val));
	assert_true(val > 1.8e19);
	val = -1;
	assert_false(ratio(N(1), N(0), &val));
	assert_false(ratio(UNKNOWN, N(1), &val));
	assert_false(ratio(N(1), UNKNOWN, &val));
	assert_true(val == -1);
}

static void test_percent(void **state)
{
	double val = -1;

	assert_true(percent(N(1), N(8), &val));
	assert_true(val == 12.5);
	assert_true(percent(N(3), N(2), &val));
	assert_true(val == 150.0);
	val = -1;
	assert_false(percent(N(1), N(0), &val));
	assert_false(percent(UNKNOWN, N(1), &val));
	assert_false(percent(N(1), UNKNOWN, &val));
	assert_true(val == -1);
}

static void test_rate(void **state)
{
	struct num rate = page_rate(N(100), N(350), 2.5);

	assert_true(rate.known);
	assert_true(rate.v == 100 * page_size());
	rate = page_rate(N(7), N(7), 1);
	assert_true(rate.known && rate.v == 0);
	rate = page_rate(N(0), N(UINT64_MAX), 0.001);
	assert_true(rate.known && rate.v == UINT64_MAX);
	assert_false(page_rate(N(8), N(7), 1).known);
	assert_false(page_rate(N(7), N(8), 0).known);
	assert_false(page_rate(N(7), N(8), -1).known);
	assert_false(page_rate(UNKNOWN, N(8), 1).known);
	assert_false(page_rate(N(7), UNKNOWN, 1).known);
}

static void test_add(void **state)
{
	assert_true(num_add(N(2), N(3)).v == 5);
	assert_true(num_add(N(2), UNKNOWN).v == 2);
	assert_true(num_add(UNKNOWN, N(3)).known);
	assert_false(num_add(UNKNOWN, UNKNOWN).known);
	assert_true(num_add(N(UINT64_MAX), N(3)).v == UINT64_MAX);
}

static void test_pages(void **state)
{
	struct num num = N(UINT64_MAX / page_size());

	assert_int_equal(num_pages(&num), 0);
	assert_true(num.v == UINT64_MAX / page_size() * page_size());
	num = N(UINT64_MAX / page_size() + 1);
	assert_int_equal(num_pages(&num), -ERANGE);
	num = UNKNOWN;
	assert_int_equal(num_pages(&num), 0);
	assert_false(num.known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ratio),
		cmocka_unit_test(test_percent),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
