// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "columns.h"

static const struct column cols[] = {
	{ 0, "NAME", "name", COL_STRING, true, false, "name" },
	{ 1, "SIZE", "size", COL_BYTES, true, false, "size" },
	{ 2, "USE%", "use", COL_PERCENT, false, false, "use" },
	{ 3, "IN/s", "in", COL_RATE, false, false, "rate" },
};

static const struct columns columns = { .rows = "rows", .col = cols, .n = ARRAY_SIZE(cols) };

static void expect(const char *list, bool all, const char *indices)
{
	struct selection sel;
	const char *bad;
	size_t len;

	assert_int_equal(selection_parse(&columns, list, all, &sel, &bad, &len), 0);
	assert_int_equal(sel.n, strlen(indices));
	for (size_t i = 0; i < sel.n; i++)
		assert_int_equal(sel.index[i], indices[i] - '0');
	selection_release(&sel);
}

static void refuse(const char *list, const char *name)
{
	struct selection sel;
	const char *bad;
	size_t len;

	assert_int_equal(selection_parse(&columns, list, false, &sel, &bad, &len), -EINVAL);
	assert_int_equal(len, strlen(name));
	assert_memory_equal(bad, name, len);
	selection_release(&sel);
}

static void test_selection(void **state)
{
	expect(NULL, false, "01");
	expect(NULL, true, "0123");
	expect("size", false, "1");
	expect("Use%,NAME", false, "20");
	expect("in/S", false, "3");
	expect("+use%", false, "012");
	expect("name,name", false, "00");
	expect("+name", false, "010");
	refuse("", "");
	refuse("+", "");
	refuse("name,", "");
	refuse(",name", "");
	refuse("nam", "nam");
	refuse("name,sizes,use%", "sizes");
	refuse("name size", "name size");
	refuse("name,+size", "+size");
}

static void cell(enum col_type type, struct value val, bool bytes, const char *text)
{
	struct column col = { .type = type };
	char buf[CELL_MAX];

	assert_string_equal(cell_text(&col, &val, bytes, buf), text);
}

static void test_cells(void **state)
{
	cell(COL_BYTES, (struct value){ .known = true, .u = 1536 }, false, "1.5K");
	cell(COL_BYTES, (struct value){ .known = true, .u = 1536 }, true, "1536");
	cell(COL_BYTES, (struct value){ .known = true, .u = UINT64_MAX }, true,
	     "18446744073709551615");
	cell(COL_RATE, (struct value){ .known = true, .u = 1 << 20 }, false, "1M");
	cell(COL_COUNT, (struct value){ .known = true, .u = 1536 }, false, "1536");
	cell(COL_SIGNED, (struct value){ .known = true, .i = INT64_MIN }, false,
	     "-9223372036854775808");
	cell(COL_RATIO, (struct value){ .known = true, .d = 3.14159 }, false, "3.14");
	cell(COL_RATIO, (struct value){ .known = true, .d = 1.8446744073709552e19 }, false,
	     "18446744073709551616.00");
	cell(COL_PERCENT, (struct value){ .known = true, .d = 12.34 }, false, "12.3%");
	cell(COL_BOOL, (struct value){ .known = true, .b = true }, false, "yes");
	cell(COL_BOOL, (struct value){ .known = true, .b = false }, false, "no");
	cell(COL_STRING, (struct value){ .known = true, .s = "zram" }, false, "zram");
	cell(COL_STRING, (struct value){ .known = true, .s = "" }, false, "-");
	for (int type = COL_STRING; type <= COL_BOOL; type++)
		cell(type, (struct value){ 0 }, false, "-");
}

static void test_wrap(void **state)
{
	static const struct {
		const char *in;
		size_t width;
		const char *out;
	} cases[] = {
		{ "", 10, "" },
		{ "one", 10, "one" },
		{ "one two three", 7, "one two\nthree" },
		{ "one two three", 8, "one two\nthree" },
		{ "one two three", 13, "one two three" },
		{ "one two three", 12, "one two\nthree" },
		{ "one two three", 1, "one\ntwo\nthree" },
		{ "averylongword x", 5, "averylongword\nx" },
		{ "x averylongword", 5, "x\naverylongword" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct strbuf sb = STRBUF_INIT;

		assert_int_equal(wrap_words(cases[i].in, cases[i].width, &sb), 0);
		assert_string_equal(strbuf_str(&sb), cases[i].out);
		strbuf_release(&sb);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
