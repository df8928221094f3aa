// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "read.h"

#define HEADING "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

static void test_none(void **state)
{
	struct swaps swaps;

	assert_int_equal(parse_swaps(HEADING, &swaps), 0);
	assert_int_equal(swaps.n, 0);
	swaps_release(&swaps);
}

static void test_rows(void **state)
{
	struct swaps swaps;

	assert_int_equal(parse_swaps(HEADING
		"/dev/ghostswap                          ghost\t\t8585738240\t540672\t\t32767\n"
		"/dev/sda2                               partition\t2097148\t\t0\t\t-2\n"
		"/var/my\\040swap\\134file                 file\t\t1020\t\t4\t\t0", &swaps), 0);
	assert_int_equal(swaps.n, 3);
	assert_string_equal(swaps.v[0].name, "/dev/ghostswap");
	assert_string_equal(swaps.v[0].type, "ghost");
	assert_true(swaps.v[0].ghost);
	assert_true(swaps.v[0].size == 8585738240ULL * 1024);
	assert_true(swaps.v[0].used == 540672ULL * 1024);
	assert_true(swaps.v[0].prio == 32767);
	assert_false(swaps.v[1].ghost);
	assert_true(swaps.v[1].prio == -2);
	assert_string_equal(swaps.v[2].name, "/var/my swap\\file");
	assert_false(swaps.v[2].deleted);
	swaps_release(&swaps);
}

static void test_deleted(void **state)
{
	struct swaps swaps;

	assert_int_equal(parse_swaps(HEADING
		"/swap\\040(deleted) file 1020 4 -2\n"
		"/a\\040(deleted)b file 1020 4 -3\n", &swaps), 0);
	assert_string_equal(swaps.v[0].name, "/swap");
	assert_true(swaps.v[0].deleted);
	assert_string_equal(swaps.v[1].name, "/a (deleted)b");
	assert_false(swaps.v[1].deleted);
	swaps_release(&swaps);
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{ "", -EBADMSG },
		{ "/dev/sda2 partition 1 2 3\n", -EBADMSG },
		{ HEADING "/dev/sda2 partition 1 2\n", -EBADMSG },
		{ HEADING "/dev/sda2 partition 1 2 3 4\n", -EBADMSG },
		{ HEADING "/dev/sda2 partition one 2 3\n", -EBADMSG },
		{ HEADING "/dev/sda2 partition 1 2 high\n", -EBADMSG },
		{ HEADING "/dev/sda2 averyveryverylongtype 1 2 3\n", -EBADMSG },
		{ HEADING "/dev/sda2 partition -1 2 3\n", -EBADMSG },
		{ HEADING "/dev/sda2 partition 18014398509481984 2 3\n", -ERANGE },
		{ HEADING "/dev/sda2 partition 1 99999999999999999999 3\n", -ERANGE },
		{ HEADING "/dev/sda1 partition 1 2 3\n/dev/sda2\n", -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct swaps swaps;

		assert_int_equal(parse_swaps(cases[i].text, &swaps), cases[i].err);
		swaps_release(&swaps);
	}
}

static void test_unescape(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "/a\\040b", "/a b" },
		{ "/a\\011b\\012c\\134d", "/a\tb\nc\\d" },
		{ "/\\303\\274", "/\303\274" },
		{ "\\", "\\" },
		{ "\\0", "\\0" },
		{ "\\04", "\\04" },
		{ "\\08z", "\\08z" },
		{ "\\000x", "\\000x" },		/* no string holds a NUL */
		{ "\\777", "\\777" },
		{ "\\\\040", "\\ " },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[32];

		strcpy(text, cases[i].in);
		unescape_path(text);
		assert_string_equal(text, cases[i].out);
	}
}

static void test_find(void **state)
{
	struct sysroot root = { .fd = -1, .real = false };
	struct swaps swaps;

	assert_int_equal(parse_swaps(HEADING
		"/dev/ghostswap ghost 1020 0 32767\n"
		"/dev/zram0 partition 1020 0 100\n"
		"/zram1 file 1020 0 -2\n", &swaps), 0);
	assert_ptr_equal(swaps_find(&root, &swaps, "ghost"), &swaps.v[0]);
	assert_ptr_equal(swaps_find(&root, &swaps, "/dev/ghostswap"), &swaps.v[0]);
	assert_ptr_equal(swaps_find(&root, &swaps, "zram0"), &swaps.v[1]);
	assert_ptr_equal(swaps_find(&root, &swaps, "/dev/zram0"), &swaps.v[1]);
	assert_ptr_equal(swaps_find(&root, &swaps, "/zram1"), &swaps.v[2]);
	assert_null(swaps_find(&root, &swaps, "zram1"));
	assert_null(swaps_find(&root, &swaps, "/dev/zram"));
	assert_null(swaps_find(&root, &swaps, ""));
	swaps_release(&swaps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_deleted),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_unescape),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
