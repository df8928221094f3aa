// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "strbuf.h"

static void test_empty(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	char *text;

	assert_string_equal(strbuf_str(&sb), "");
	text = strbuf_detach(&sb);
	assert_string_equal(text, "");
	free(text);
	strbuf_release(&sb);
}

static void test_append(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	assert_int_equal(strbuf_adds(&sb, "slot"), 0);
	assert_int_equal(strbuf_addch(&sb, ' '), 0);
	assert_int_equal(strbuf_addf(&sb, "%d of %s", 7, "max"), 0);
	assert_int_equal(strbuf_add(&sb, "a\0b", 3), 0);
	assert_int_equal(sb.len, 16);
	assert_memory_equal(strbuf_str(&sb), "slot 7 of maxa\0b", 16);
	strbuf_reset(&sb);
	assert_string_equal(strbuf_str(&sb), "");
	assert_int_equal(strbuf_adds(&sb, "again"), 0);
	assert_string_equal(strbuf_str(&sb), "again");
	strbuf_release(&sb);
}

static void test_growth(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	char *text;

	for (int i = 0; i < 10000; i++)
		assert_int_equal(strbuf_addf(&sb, "%04d", i), 0);
	assert_int_equal(sb.len, 40000);
	assert_memory_equal(sb.buf + 4 * 1234, "1234", 4);
	assert_int_equal(sb.buf[sb.len], 0);
	text = strbuf_detach(&sb);
	assert_int_equal(strlen(text), 40000);
	assert_null(sb.buf);
	free(text);
}

static void test_overflow(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	assert_int_equal(strbuf_adds(&sb, "kept"), 0);
	assert_int_equal(strbuf_grow(&sb, SIZE_MAX), -EOVERFLOW);
	assert_int_equal(strbuf_grow(&sb, SIZE_MAX / 2), -EOVERFLOW);
	assert_string_equal(strbuf_str(&sb), "kept");
	strbuf_release(&sb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
