// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "read.h"

static const char *const words[] = { "max", "auto", NULL };

#define WORD(w)		((struct limit){ .known = true, .word = (w) })
#define BYTES(n)	((struct limit){ .known = true, .v = (n) })
#define UNKNOWN		((struct limit){ 0 })

static void test_dir(void **state)
{
	static const struct {
		const char *name, *dir;
	} cases[] = {
		{ "/", "/sys/fs/cgroup" },
		{ "", "/sys/fs/cgroup" },
		{ ".", "/sys/fs/cgroup" },
		{ "a", "/sys/fs/cgroup/a" },
		{ "/a/b", "/sys/fs/cgroup/a/b" },
		{ "a//b/", "/sys/fs/cgroup/a/b" },
		{ "./a/./b/.", "/sys/fs/cgroup/a/b" },
		{ "/sys/fs/cgroup", "/sys/fs/cgroup" },
		{ "/sys/fs/cgroup/a", "/sys/fs/cgroup/a" },
		{ "/sys/fs/cgroups/a", "/sys/fs/cgroup/sys/fs/cgroups/a" },
		{ "sys/fs/cgroup/a", "/sys/fs/cgroup/sys/fs/cgroup/a" },
		{ "a..", "/sys/fs/cgroup/a.." },
		{ "..a/...", "/sys/fs/cgroup/..a/..." },
	};
	static const char *const wrong[] = {
		"..", "/..", "a/..", "../a", "a/../b", "/sys/fs/cgroup/../x", "a//..//b",
	};
	char dir[64];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(cgroup_dir(cases[i].name, dir, sizeof(dir)), 0);
		assert_string_equal(dir, cases[i].dir);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(cgroup_dir(wrong[i], dir, sizeof(dir)), -EINVAL);
}

static void test_dir_length(void **state)
{
	char dir[18];

	assert_int_equal(cgroup_dir("/", dir, 14), -ENAMETOOLONG);
	assert_int_equal(cgroup_dir("/", dir, 15), 0);
	assert_int_equal(cgroup_dir("a/", dir, 16), -ENAMETOOLONG);
	assert_int_equal(cgroup_dir("a/", dir, 17), 0);
	assert_int_equal(cgroup_dir("ab", dir, 17), -ENAMETOOLONG);
	assert_int_equal(cgroup_dir("ab", dir, 18), 0);
	assert_string_equal(cgroup_path(dir), "/ab");
	assert_string_equal(cgroup_path("/sys/fs/cgroup"), "/");
}

static void test_limit(void **state)
{
	static const char *const wrong[] = { "", "maximum", "Max", "-1", "4K", "1 2", "auto " };
	struct limit limit;

	assert_int_equal(limit_parse("max", words, &limit), 0);
	assert_true(limit.known);
	assert_string_equal(limit.word, "max");
	assert_int_equal(limit_parse("auto", words, &limit), 0);
	assert_string_equal(limit.word, "auto");
	assert_int_equal(limit_parse("18446744073709551615", words, &limit), 0);
	assert_null(limit.word);
	assert_true(limit.known && limit.v == UINT64_MAX);
	assert_int_equal(limit_parse("18446744073709551616", words, &limit), -ERANGE);
	assert_false(limit.known);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(limit_parse(wrong[i], words, &limit), -EINVAL);
		assert_false(limit.known);
	}
	assert_int_equal(limit_parse("auto", words + 2, &limit), -EINVAL);
}

static void expect_limit(struct limit got, struct limit wanted)
{
	assert_int_equal(got.known, wanted.known);
	if (wanted.word)
		assert_string_equal(got.word, wanted.word);
	else
		assert_null(got.word);
	assert_true(got.v == wanted.v);
}

/* As Documentation/admin-guide/cgroup-v2.rst of the series has it. */
static void test_ghost_limit(void **state)
{
	expect_limit(ghost_limit(WORD("auto"), BYTES(0)), BYTES(0));
	expect_limit(ghost_limit(WORD("auto"), BYTES(4096)), WORD("max"));
	expect_limit(ghost_limit(WORD("auto"), WORD("max")), WORD("max"));
	expect_limit(ghost_limit(WORD("auto"), UNKNOWN), UNKNOWN);
	expect_limit(ghost_limit(WORD("max"), BYTES(0)), WORD("max"));
	expect_limit(ghost_limit(BYTES(8192), BYTES(0)), BYTES(8192));
	expect_limit(ghost_limit(BYTES(0), WORD("max")), BYTES(0));
	expect_limit(ghost_limit(UNKNOWN, BYTES(0)), UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dir),
		cmocka_unit_test(test_dir_length),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_ghost_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
