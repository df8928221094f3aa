// SPDX-License-Identifier: GPL-2.0-only
/* Clusters of a device: how large they are, which are full, and the picture of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"

/* Clusters from records of four bytes; the caller releases them. */
static struct clusters make(const char *records, size_t n, uint64_t pages)
{
	struct clusters c;

	assert_int_equal(parse_clusters((const unsigned char *)records, n * CLUSTER_RECORD, &c), 0);
	assert_int_equal(c.n, n);
	clusters_measure(&c, (struct num){ 0 }, pages);
	return c;
}

#define FREE	"\0\0\0\0"
#define LOWER(n)	n "\0\1\0"
#define DIRECT(n)	n "\0\2\0"

static void test_measure(void **state)
{
	static const struct { uint64_t pages; size_t n; unsigned int slots, last; } cases[] = {
		{ 1024, 2, 512, 512 },
		{ 1023, 2, 512, 511 },
		{ 513, 2, 512, 1 },
		{ 4096, 8, 512, 512 },
		{ 3585, 8, 512, 1 },
		{ 768, 3, 256, 256 },
		{ 600, 3, 256, 88 },
		{ 100, 1, 128, 100 },
		{ 128, 1, 128, 128 },
	};
	char records[8 * CLUSTER_RECORD] = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct clusters c = make(records, cases[i].n, cases[i].pages);

		assert_int_equal(c.slots, cases[i].slots);
		assert_int_equal(c.last, cases[i].last);
		clusters_release(&c);
	}
}

static void test_measure_told(void **state)
{
	struct clusters c = make(FREE FREE FREE, 3, 3);

	/* A device that fails has lost most of its size: what the kernel says counts. */
	assert_int_equal(c.slots, 1);
	clusters_measure(&c, (struct num){ true, 512 }, 3);
	assert_int_equal(c.slots, 512);
	assert_int_equal(c.last, 512);
	clusters_release(&c);
	/* What is in use has room, whatever is said. */
	c = make(LOWER("\7"), 1, 4);
	assert_int_equal(c.slots, 8);
	clusters_release(&c);
	c = make("", 0, 0);
	clusters_measure(&c, (struct num){ true, 512 }, 0);
	assert_int_equal(c.slots, 0);
	clusters_release(&c);
}

static void test_record(void **state)
{
	struct clusters c = make("\2\1\17\11", 1, 512);

	assert_int_equal(c.v[0].used, 0x102);
	assert_int_equal(c.v[0].kind, CLUSTER_LOWER | CLUSTER_DIRECT | CLUSTER_RETIRED | CLUSTER_DISCARD);
	assert_int_equal(c.v[0].order, 9);
	clusters_release(&c);
	assert_int_equal(parse_clusters((const unsigned char *)"\0\0\0", 3, &c), -EBADMSG);
	clusters_release(&c);
}

/* The character for all of @records. */
static char letter(const char *records, size_t n)
{
	struct clusters c = make(records, n, 4 * n);
	char ch = map_char(&c, 0, n);

	clusters_release(&c);
	return ch;
}

static void test_letters(void **state)
{
	assert_int_equal(letter(FREE FREE, 2), '.');
	assert_int_equal(letter("\0\0\10\0" "\0\0\10\0", 2), '~');
	assert_int_equal(letter(FREE "\0\0\10\0", 2), '.');
	assert_int_equal(letter(LOWER("\1"), 1), 'l');
	assert_int_equal(letter(LOWER("\4"), 1), 'L');
	assert_int_equal(letter(LOWER("\4") FREE, 2), 'l');
	assert_int_equal(letter(LOWER("\4") LOWER("\4"), 2), 'L');
	assert_int_equal(letter(DIRECT("\3"), 1), 'd');
	assert_int_equal(letter(DIRECT("\4"), 1), 'D');
	assert_int_equal(letter(LOWER("\4") DIRECT("\4"), 2), 'M');
	assert_int_equal(letter("\1\0\3\0" FREE, 2), 'm');
	assert_int_equal(letter("\1\0\0\0", 1), 'o');
	assert_int_equal(letter(LOWER("\4") "\0\0\4\0", 2), 'x');
}

static void test_last_is_full(void **state)
{
	/* Seven slots in clusters of four: the last one has three. */
	struct clusters c = make(LOWER("\4") LOWER("\3"), 2, 7);
	struct map_sums sums;

	map_sum(&c, &sums);
	assert_int_equal(sums.full, 2);
	assert_int_equal(sums.used, 7);
	assert_int_equal(map_char(&c, 1, 1), 'L');
	clusters_release(&c);
}

static void test_picture(void **state)
{
	struct clusters c = make(LOWER("\4") LOWER("\4") DIRECT("\1") FREE FREE, 5, 20);
	struct strbuf out = STRBUF_INIT;
	size_t each;

	assert_int_equal(map_draw(&c, 3, 2, false, &each, &out), 0);
	assert_int_equal(each, 1);
	assert_string_equal(strbuf_str(&out), "LLd\n..\n");
	strbuf_reset(&out);
	assert_int_equal(map_draw(&c, 5, 1, false, &each, &out), 0);
	assert_string_equal(strbuf_str(&out), "LLd..\n");
	strbuf_reset(&out);
	/* Five in two characters: three each, and the last stands for the two that are left. */
	assert_int_equal(map_draw(&c, 2, 1, false, &each, &out), 0);
	assert_int_equal(each, 3);
	assert_string_equal(strbuf_str(&out), "m.\n");
	strbuf_reset(&out);
	assert_int_equal(map_draw(&c, 80, 1, true, &each, &out), 0);
	assert_string_equal(strbuf_str(&out), "\033[32mLL\033[m\033[34md\033[m..\n");
	strbuf_release(&out);
	clusters_release(&c);
}

static void test_runs(void **state)
{
	/* The last two are the same record, but the last one is cut short, and full. */
	struct clusters c = make(FREE FREE LOWER("\2") LOWER("\2"), 4, 14);
	struct map_run *runs;
	size_t n;

	assert_int_equal(map_runs(&c, &runs, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(runs[0].clusters, 2);
	assert_string_equal(runs[0].state, "free");
	assert_int_equal(runs[1].first, 2);
	assert_string_equal(runs[1].state, "partly");
	assert_int_equal(runs[2].first, 3);
	assert_string_equal(runs[2].state, "full");
	free(runs);
	clusters_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_measure),
		cmocka_unit_test(test_measure_told),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_last_is_full),
		cmocka_unit_test(test_picture),
		cmocka_unit_test(test_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
