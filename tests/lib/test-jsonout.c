// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jsonout.h"

/* Print @obj on one line; the caller frees. */
static char *printed(struct json_object *obj)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(jsonout_print(obj, out, true), 0);
	fclose(out);
	return text;
}

static void test_types(void **state)
{
	struct json_object *obj = json_object_new_object();
	char *text;

	assert_int_equal(jsonout_u64(obj, "u", UINT64_MAX), 0);
	assert_int_equal(jsonout_s64(obj, "s", INT64_MIN), 0);
	assert_int_equal(jsonout_bool(obj, "b", true), 0);
	assert_int_equal(jsonout_null(obj, "n"), 0);
	assert_int_equal(jsonout_fixed(obj, "f", 3.0, 3), 0);
	assert_int_equal(jsonout_fixed(obj, "inf", INFINITY, 3), 0);
	assert_int_equal(jsonout_fixed(obj, "nan", NAN, 3), 0);
	assert_int_equal(jsonout_fixed(obj, "big", 1e300, 1), 0);
	assert_int_equal(jsonout_str(obj, "p", "/dev/sda"), 0);
	text = printed(obj);
	assert_non_null(strstr(text, "\"u\":18446744073709551615,\"s\":-9223372036854775808,"
				     "\"b\":true,\"n\":null,\"f\":3.000,\"inf\":null,"
				     "\"nan\":null,\"big\":1000000000000000"));
	assert_non_null(strstr(text, "\"p\":\"/dev/sda\"}\n"));
	free(text);
	json_object_put(obj);
}

static void test_replace(void **state)
{
	struct json_object *obj = json_object_new_object();
	char *text;

	assert_int_equal(jsonout_u64(obj, "a", 1), 0);
	assert_int_equal(jsonout_u64(obj, "a", 2), 0);
	text = printed(obj);
	assert_string_equal(text, "{\"a\":2}\n");
	free(text);
	json_object_put(obj);
}

static void test_utf8(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
		  "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\xff", "\xef\xbf\xbd" },
		{ "a\xc3", "a\xef\xbf\xbd" },
		{ "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },		/* overlong */
		{ "\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },	/* surrogate */
		{ "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *obj = json_object_new_object(), *got;

		assert_int_equal(jsonout_str(obj, "k", cases[i].in), 0);
		assert_true(json_object_object_get_ex(obj, "k", &got));
		assert_string_equal(json_object_get_string(got), cases[i].out);
		json_object_put(obj);
	}
}

static void test_array(void **state)
{
	struct json_object *obj = json_object_new_object(), *arr = json_object_new_array();
	char *text;

	assert_int_equal(jsonout_append(arr, json_object_new_int(1)), 0);
	assert_int_equal(jsonout_add(obj, "list", arr), 0);
	assert_true(jsonout_add(obj, "none", NULL) < 0);
	text = printed(obj);
	assert_string_equal(text, "{\"list\":[1]}\n");
	free(text);
	json_object_put(obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
