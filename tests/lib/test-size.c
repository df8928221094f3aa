// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "size.h"

#define UNTOUCHED	0xdeadbeefULL

static void test_parse_u64(void **state)
{
	static const struct {
		const char *text;
		int err;
		uint64_t val;
	} cases[] = {
		{ "0", 0, 0 },
		{ "007", 0, 7 },
		{ " 42\n", 0, 42 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, UNTOUCHED },
		{ "99999999999999999999999999", -ERANGE, UNTOUCHED },
		{ "", -EINVAL, UNTOUCHED },
		{ " ", -EINVAL, UNTOUCHED },
		{ "-1", -EINVAL, UNTOUCHED },
		{ "+1", -EINVAL, UNTOUCHED },
		{ "0x10", -EINVAL, UNTOUCHED },
		{ "1 2", -EINVAL, UNTOUCHED },
		{ "12kB", -EINVAL, UNTOUCHED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t val = UNTOUCHED;

		assert_int_equal(parse_u64(cases[i].text, &val), cases[i].err);
		assert_true(val == cases[i].val);
	}
}

static void test_parse_s64(void **state)
{
	int64_t val;

	assert_int_equal(parse_s64("-2", &val), 0);
	assert_true(val == -2);
	assert_int_equal(parse_s64("32767\n", &val), 0);
	assert_true(val == 32767);
	assert_int_equal(parse_s64("9223372036854775807", &val), 0);
	assert_true(val == INT64_MAX);
	assert_int_equal(parse_s64("-9223372036854775808", &val), 0);
	assert_true(val == INT64_MIN);
	assert_int_equal(parse_s64("9223372036854775808", &val), -ERANGE);
	assert_int_equal(parse_s64("-9223372036854775809", &val), -ERANGE);
	assert_int_equal(parse_s64("--1", &val), -EINVAL);
	assert_int_equal(parse_s64("- 1", &val), -EINVAL);
	assert_int_equal(parse_s64("-", &val), -EINVAL);
	assert_int_equal(parse_s64("", &val), -EINVAL);
}

static void test_size_parse(void **state)
{
	static const struct {
		const char *text;
		int err;
		uint64_t val;
	} cases[] = {
		{ "0", 0, 0 },
		{ "512", 0, 512 },
		{ "512B", 0, 512 },
		{ "4K", 0, 4096 },
		{ "4k", 0, 4096 },
		{ "4KiB", 0, 4096 },
		{ "4kib", 0, 4096 },
		{ "4KB", 0, 4000 },
		{ "3 M", 0, 3ULL << 20 },
		{ "1.5G", 0, 3ULL << 29 },
		{ "2T", 0, 2ULL << 40 },
		{ "8TiB", 0, 8ULL << 40 },
		{ "1PB", 0, 1000000000000000ULL },
		{ "15E", 0, 15ULL << 60 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "16E", -ERANGE, UNTOUCHED },
		{ "18446744073709551616", -ERANGE, UNTOUCHED },
		{ "15.9999999999999999999E", -ERANGE, UNTOUCHED },
		{ "0.5", -EINVAL, UNTOUCHED },
		{ "1.3K", -EINVAL, UNTOUCHED },
		{ "1.", -EINVAL, UNTOUCHED },
		{ ".5K", -EINVAL, UNTOUCHED },
		{ "", -EINVAL, UNTOUCHED },
		{ "G", -EINVAL, UNTOUCHED },
		{ "-1G", -EINVAL, UNTOUCHED },
		{ "1Gi", -EINVAL, UNTOUCHED },
		{ "1GiBB", -EINVAL, UNTOUCHED },
		{ "1X", -EINVAL, UNTOUCHED },
		{ "1G 1M", -EINVAL, UNTOUCHED },
		{ "1Gigabytes", -EINVAL, UNTOUCHED },
		{ "max", -EINVAL, UNTOUCHED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t val = UNTOUCHED;
		int err = size_parse(cases[i].text, &val);

		if (err != cases[i].err || val != cases[i].val)
			fail_msg("%s: %d %llu", cases[i].text, err, (unsigned long long)val);
	}
}

static void test_size_format(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0B" },
		{ 1, "1B" },
		{ 1023, "1023B" },
		{ 1024, "1K" },
		{ 1536, "1.5K" },
		{ 1075, "1K" },			/* 1.0498 */
		{ 1076, "1.1K" },		/* 1.0508 */
		{ 10188, "9.9K" },
		{ 10230, "10K" },		/* 9.99 */
		{ 1048575, "1M" },		/* 1023.999K */
		{ 1048576, "1M" },
		{ 5ULL << 30, "5G" },
		{ (8ULL << 40) - (1ULL << 32), "8T" },
		{ 3ULL << 59, "1.5E" },
		{ UINT64_MAX, "16E" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char buf[SIZE_TEXT_MAX];

		assert_string_equal(size_format(cases[i].bytes, buf), cases[i].text);
	}
}

/* What is printed reads back as nearly the same size: within 1/20 of its unit. */
static void test_size_both_ways(void **state)
{
	uint64_t seed = 1;

	for (int i = 0; i < 20000; i++) {
		char buf[SIZE_TEXT_MAX];
		uint64_t bytes, back, unit = 1;
		size_t len;

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		/* Only the lower half: 16E would not read back. */
		bytes = (seed >> (i % 64)) & (UINT64_MAX >> 1);
		size_format(bytes, buf);
		len = strlen(buf);
		/* A tenth of a power of 1024 is no whole number of bytes. */
		if (strchr(buf, '.')) {
			unsigned int whole, tenths;
			char suffix;

			assert_int_equal(sscanf(buf, "%u.%1u%c", &whole, &tenths, &suffix), 3);
			for (const char *p = "KMGTPE"; *p; p++) {
				unit *= 1024;
				if (*p == suffix)
					break;
			}
			back = whole * unit + unit * tenths / 10;
		} else {
			assert_int_equal(size_parse(buf, &back), 0);
			for (const char *p = "KMGTPE"; *p && buf[len - 1] != 'B'; p++) {
				unit *= 1024;
				if (*p == buf[len - 1])
					break;
			}
		}
		if ((back > bytes ? back - bytes : bytes - back) > unit / 20 + unit / 1000)
			fail_msg("%llu reads %s", (unsigned long long)bytes, buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_u64),
		cmocka_unit_test(test_parse_s64),
		cmocka_unit_test(test_size_parse),
		cmocka_unit_test(test_size_format),
		cmocka_unit_test(test_size_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
