// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console.h"

static char *read_file(const char *name, size_t *len)
{
	char path[512], *text = NULL;
	FILE *f;

	snprintf(path, sizeof(path), TEST_DIR "/console/%s", name);
	f = fopen(path, "re");
	if (!f)
		fail_msg("cannot read %s", path);
	text = calloc(1, 65536);
	assert_non_null(text);
	*len = fread(text, 1, 65535, f);
	fclose(f);
	return text;
}

static struct console *scan(const char *text, size_t len)
{
	struct console *c = console_new(NULL, 0, 0);

	assert_non_null(c);
	console_feed(c, text, len);
	console_end(c);
	return c;
}

static struct console *scan_file(const char *name)
{
	size_t len;
	char *text = read_file(name, &len);
	struct console *c = scan(text, len);

	free(text);
	return c;
}

/* Each sample is named KIND.what.log; KIND clean has no splat, all others have exactly one. */
static void test_samples(void **state)
{
	struct dirent *d;
	int n = 0;
	DIR *dir;

	(void)state;
	dir = opendir(TEST_DIR "/console");
	assert_non_null(dir);
	while ((d = readdir(dir))) {
		size_t kind = strcspn(d->d_name, ".");
		const struct crash *k;
		struct console *c;

		if (!kind)
			continue;
		n++;
		c = scan_file(d->d_name);
		k = console_crash(c, 0);
		assert_true(console_linux(c));
		if (!strncmp(d->d_name, "clean.", 6)) {
			if (k)
				fail_msg("%s: taken for a %s: %s", d->d_name, k->kind, k->title);
		} else {
			if (!k)
				fail_msg("%s: not seen", d->d_name);
			if (strlen(k->kind) != kind || strncmp(k->kind, d->d_name, kind))
				fail_msg("%s: taken for a %s: %s", d->d_name, k->kind, k->title);
			if (console_crashes(c) != 1)
				fail_msg("%s: %zu splats, the second is: %s", d->d_name, console_crashes(c),
					 console_crash(c, 1)->title);
			assert_int_equal(strlen(k->fingerprint), FINGERPRINT_SIZE - 1);
			assert_non_null(strstr(k->excerpt, k->title));
		}
		console_free(c);
	}
	closedir(dir);
	assert_true(n >= 28);
}

static void test_details(void **state)
{
	const struct crash *k;
	struct console *c;

	(void)state;
	c = scan_file("kasan.use-after-free.log");
	k = console_crash(c, 0);
	assert_string_equal(k->title, "BUG: KASAN: slab-use-after-free in ghost_cluster_free+0x1a2/0x2f0");
	/* the line before it and the whole stack */
	assert_non_null(strstr(k->excerpt, "=========\n"));
	assert_non_null(strstr(k->excerpt, "do_swap_page+0xa10"));
	assert_non_null(strstr(k->excerpt, "ghost_cluster_alloc+0x33"));
	assert_false(console_panicked(c));
	console_free(c);

	c = scan_file("lockdep.static-key.log");
	assert_string_equal(console_crash(c, 0)->title, "INFO: trying to register non-static key.");
	console_free(c);

	c = scan_file("oops.null.log");
	assert_true(console_panicked(c));
	console_free(c);
	c = scan_file("panic.init.log");
	assert_true(console_panicked(c));
	console_free(c);

	c = scan_file("clean.oom.log");
	assert_int_equal(console_events(c, EVENT_OOM), 2);
	assert_null(console_forbidden(c));
	console_free(c);
	c = scan_file("clean.userland.log");
	assert_int_equal(console_events(c, EVENT_SEGFAULT), 1);
	assert_int_equal(console_events(c, EVENT_ALLOC_FAILURE), 1);
	console_free(c);
}

static void test_fail_on(void **state)
{
	size_t len;
	char *text = read_file("clean.oom.log", &len);
	struct console *c = console_new(NULL, 0, 1u << EVENT_OOM);

	(void)state;
	console_feed(c, text, len);
	console_end(c);
	assert_non_null(console_forbidden(c));
	assert_non_null(strstr(console_forbidden(c), "Killed process 210"));
	console_free(c);
	free(text);
}

static void fingerprint_of(const char *text, char ret[FINGERPRINT_SIZE])
{
	struct console *c = scan(text, strlen(text));

	assert_non_null(console_crash(c, 0));
	memcpy(ret, console_crash(c, 0)->fingerprint, FINGERPRINT_SIZE);
	console_free(c);
}

static void same(const char *a, const char *b, bool expected)
{
	char fa[FINGERPRINT_SIZE], fb[FINGERPRINT_SIZE];

	fingerprint_of(a, fa);
	fingerprint_of(b, fb);
	if (!strcmp(fa, fb) != expected)
		fail_msg("%s fingerprints:\n%s---\n%s", expected ? "different" : "same", a, b);
}

#define STACK(top) "[1.0]  <TASK>\n[1.0]  dump_stack_lvl+0x1/0x2\n[1.0]  " top "+0x5/0x60\n[1.0]  shrink_node+0x11/0x22\n[1.0]  </TASK>\n"

static void test_fingerprint(void **state)
{
	(void)state;
	/* another time, CPU, task, offset, address, caller id: the same fault */
	same("[    5.1] WARNING: mm/ghost_swap.c:207 at f+0x45/0x90, CPU#1: stress-ng/123\n" STACK("f"),
	     "[  815.2][ T9] WARNING: mm/ghost_swap.c:209 at f+0x47/0x92, CPU#0: kswapd0/77\n" STACK("f"), true);
	same("[1.0] BUG: unable to handle page fault for address: ffffea00012345c8\n" STACK("g"),
	     "[2.0] BUG: unable to handle page fault for address: 0000deadbeef0008\n" STACK("g"), true);
	same("[1.0] INFO: task swapoff:412 blocked for more than 120 seconds.\n" STACK("ghost_wait"),
	     "[1.0] INFO: task sh:9 blocked for more than 241 seconds.\n" STACK("ghost_wait"), true);
	same("[1.0] BUG: Bad page state in process a b  pfn:1a2b3\n" STACK("free_pages"),
	     "[1.0] BUG: Bad page state in process kswapd0  pfn:77\n" STACK("free_pages"), true);
	same("[1.0] watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [kswapd0:77]\n" STACK("h"),
	     "[1.0] watchdog: BUG: soft lockup - CPU#0 stuck for 48s! [stress-ng:1234]\n" STACK("h"), true);
	same("[1.0] get_swap_device: Bad swap file entry 7c00000012345678\n",
	     "[3.0] get_swap_device: Bad swap file entry 1000000000000001\n", true);
	same("[1.0] BUG kmalloc-64 (Not tainted): Right Redzone overwritten\n" STACK("k"),
	     "[1.0] BUG kmalloc-64 (Tainted: G    B): Right Redzone overwritten\n" STACK("k"), true);

	/* the machinery that reports is not the fault */
	same("[1.0] BUG: KASAN: slab-out-of-bounds in f+0x1/0x2\n[1.0]  <TASK>\n[1.0]  print_report+0x1/0x2\n[1.0]  kasan_report+0x1/0x2\n"
	     "[1.0]  __asan_load8+0x1/0x2\n[1.0]  f+0x1/0x2\n[1.0]  g+0x1/0x2\n[1.0]  </TASK>\n",
	     "[1.0] BUG: KASAN: slab-out-of-bounds in f+0x1/0x2\n[1.0]  <TASK>\n[1.0]  dump_stack_lvl+0x1/0x2\n[1.0]  kasan_report+0x1/0x2\n"
	     "[1.0]  f+0x3/0x2\n[1.0]  g+0x1/0x2\n[1.0]  </TASK>\n", true);

	/* another function, another kind: not */
	same("[1.0] BUG: unable to handle page fault for address: ffffea00012345c8\n" STACK("g"),
	     "[1.0] BUG: unable to handle page fault for address: ffffea00012345c8\n" STACK("not_g"), false);
	same("[1.0] WARNING: mm/a.c:1 at f+0x1/0x2, CPU#1: a/1\n" STACK("f"),
	     "[1.0] WARNING: mm/b.c:1 at f+0x1/0x2, CPU#1: a/1\n" STACK("f"), false);
	same("[1.0] get_swap_device: Bad swap file entry 1\n", "[1.0] get_swap_device: Bad swap offset entry 1\n", false);
	same("[1.0] refcount_t: underflow; use-after-free.\n", "[1.0] refcount_t: saturated; leaking memory.\n", false);
}

/* The bytes come as they come. */
static void test_pieces(void **state)
{
	size_t len, i;
	char *text = read_file("oops.null.log", &len);
	struct console *whole = scan(text, len), *c = console_new(NULL, 0, 0);

	(void)state;
	for (i = 0; i < len; i++)
		console_feed(c, text + i, 1);
	console_end(c);
	assert_int_equal(console_crashes(c), 1);
	assert_string_equal(console_crash(c, 0)->fingerprint, console_crash(whole, 0)->fingerprint);
	assert_string_equal(console_crash(c, 0)->excerpt, console_crash(whole, 0)->excerpt);
	console_free(c);
	console_free(whole);
	free(text);
}

static void test_two_splats(void **state)
{
	static const char text[] =
		"[1.0] WARNING: mm/a.c:1 at f+0x1/0x2, CPU#1: a/1\n" STACK("f") "[1.1] ---[ end trace 0000000000000000 ]---\n"
		"[2.0] BUG: Bad rss-counter state mm:1 type:MM_SWAPENTS val:5 Comm:x Pid:1\n"
		"[2.0] quiet\n[2.0] quiet\n[2.0] quiet\n[2.0] quiet\n"
		"[3.0] kmemleak: 1 new suspected memory leaks (see x)\n";
	struct console *c = scan(text, strlen(text));

	(void)state;
	assert_int_equal(console_crashes(c), 3);
	assert_string_equal(console_crash(c, 0)->kind, "warning");
	assert_string_equal(console_crash(c, 1)->kind, "bad-rss");
	assert_string_equal(console_crash(c, 2)->kind, "kmemleak");
	console_free(c);
}

/* A guest that floods: memory stays bounded, what is kept stays text. */
static void test_flood(void **state)
{
	struct console *c;
	char line[5000], *log = NULL;
	size_t log_len, i;
	FILE *f = open_memstream(&log, &log_len);

	(void)state;
	c = console_new(f, 12000, 0);
	memset(line, 0xff, sizeof(line));
	memcpy(line, "[1.0] BUG: ", 11);
	line[sizeof(line) - 1] = '\n';
	for (i = 0; i < 1000; i++)
		console_feed(c, line, sizeof(line));
	console_end(c);
	fclose(f);
	assert_int_equal(log_len, 12000);
	assert_true(console_truncated(c));
	assert_int_equal(console_bytes(c), 1000 * sizeof(line));
	assert_true(console_crashes(c) > CRASH_KEEP_MAX);
	for (i = 0; i < CRASH_KEEP_MAX; i++) {
		assert_true(console_crash(c, i)->excerpt_len <= CRASH_BYTES_MAX);
		assert_null(strchr(console_crash(c, i)->excerpt, '\xff'));
	}
	assert_null(console_crash(c, CRASH_KEEP_MAX));
	console_free(c);
	free(log);
}

/* What is shown on request is no crash: stacks of sleeping tasks. A panic during it is still noticed. */
static void test_dump(void **state)
{
	static const char dump[] = "[9.0] sysrq: Show Blocked State\n[9.0] INFO: task x:1 blocked for more than 1 seconds.\n[9.0]  f+0x1/0x2\n";
	struct console *c = console_new(NULL, 0, 0);

	(void)state;
	console_feed(c, "[1.0] Linux version\n", 20);
	console_begin_dump(c);
	console_feed(c, dump, strlen(dump));
	console_end(c);
	assert_int_equal(console_crashes(c), 0);
	assert_string_equal(console_dump(c), dump);
	console_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_fail_on),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_two_splats),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
