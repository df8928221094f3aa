// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan.h"

static int read_plan(const char *text, struct plan **p, struct rig_error *e)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	int r;

	assert_non_null(f);
	e->text[0] = '\0';
	r = plan_read(f, "dir/t.ini", p, e);
	fclose(f);
	return r;
}

/* Reads TEXT, which must fail with a message that begins with the position and holds WORDS. */
static void refuse(const char *text, int line, const char *words)
{
	struct plan *p = NULL;
	struct rig_error e;
	char where[32];

	assert_int_equal(read_plan(text, &p, &e), -EINVAL);
	assert_null(p);
	snprintf(where, sizeof(where), "dir/t.ini:%d: ", line);
	if (strncmp(e.text, where, strlen(where)) || !strstr(e.text, words))
		fail_msg("expected \"%s…%s\", got \"%s\"", where, words, e.text);
}

static void test_full(void **state)
{
	static const char text[] =
		"; a comment\n"
		"[plan]\n"
		"name = nightly\n"
		"description = all of it\n"
		"\n"
		"[defaults]\n"
		"memory = 2G\n"
		"cpus = 2\n"
		"param.size = 64M\n"
		"disk.swap0 = size=256M\n"
		"\n"
		"[cell one]\n"
		"scenario = stress\n"
		"args = --quick 3\n"
		"kernel = debug\n"
		"seed = 0x10\n"
		"fail_on = oom,alloc-failure\n"
		"append = kunit.autorun=1\n"
		"allow_taint = 5\n"
		"param.Depth = 7\n"
		"\n"
		"[cell two]\n"
		"like = one\n"
		"kernel = ../k/bzImage\n"
		"mode = systemd\n"
		"  deadline = 77\n"
		"heartbeat = 9\n"
		"boot = 8\n"
		"expect = timeout\n"
		"disk.swap0 = none\n"
		"disk.b = size=1M,bps=20M,iops=100\n"
		"param.size = 1M\n"
		"[cell three]\n"
		"scenario = smoke\n"
		"cpus = 1\n"
		"icount = yes\n"
		"root = no\n"
		"seed = random\n";
	struct plan *p;
	struct rig_error e;
	struct cell_spec *c;

	(void)state;
	if (read_plan(text, &p, &e))
		fail_msg("%s", e.text);
	assert_string_equal(p->name, "nightly");
	assert_string_equal(p->description, "all of it");
	assert_int_equal(p->cells, 3);

	c = p->cell[0];
	assert_string_equal(c->name, "one");
	assert_int_equal(c->line, 12);
	assert_string_equal(c->kernel, "debug");
	assert_string_equal(c->args, "--quick 3");
	assert_string_equal(c->append, "kunit.autorun=1");
	assert_int_equal(c->memory, 2048);
	assert_int_equal(c->cpus, 2);
	assert_int_equal(c->seed, 16);
	assert_int_equal(c->allow_taint, 5);
	assert_int_equal(c->fail_on, 1u << EVENT_OOM | 1u << EVENT_ALLOC_FAILURE);
	assert_int_equal(c->expect, VERDICT_PASS);
	assert_int_equal(c->disks, 1);
	assert_int_equal(c->disk[0].size, 256 << 20);
	assert_int_equal(c->params, 2);
	assert_string_equal(c->param[1].name, "Depth");
	assert_true(c->root);

	c = p->cell[1];
	assert_string_equal(c->scenario, "stress");
	assert_string_equal(c->kernel, "../k/bzImage");
	assert_int_equal(c->mode, CELL_SYSTEMD);
	assert_int_equal(c->deadline, 77);
	assert_int_equal(c->heartbeat, 9);
	assert_int_equal(c->boot, 8);
	assert_int_equal(c->expect, VERDICT_TIMEOUT);
	assert_int_equal(c->disks, 1);
	assert_string_equal(c->disk[0].name, "b");
	assert_int_equal(c->disk[0].bps, 20 << 20);
	assert_int_equal(c->disk[0].iops, 100);
	assert_int_equal(c->params, 2);
	assert_string_equal(c->param[0].value, "1M");
	assert_string_equal(p->cell[0]->param[0].value, "64M");

	c = p->cell[2];
	assert_true(c->icount);
	assert_false(c->root);
	assert_true(c->seed_random);
	assert_string_equal(c->kernel, "release");
	plan_free(p);
}

static void test_bad(void **state)
{
	(void)state;
	refuse("[cell a]\nscenario = x\nmemorry = 1G\n", 3, "unknown key: memorry");
	refuse("[plan]\nnane = x\n[cell a]\nscenario = x\n", 2, "unknown key: nane");
	refuse("[cells a]\nscenario = x\n", 1, "expected [plan]");
	refuse("scenario = x\n", 1, "before the first section");
	refuse("[cell a]\nscenario = x\n[cell a]\nscenario = x\n", 3, "was used in line 1");
	refuse("[cell a]\nscenario = x\nscenario = y\n", 3, "given twice");
	refuse("[cell a]\n\n[cell b]\nscenario = x\n", 1, "scenario is missing");
	refuse("[cell a]\nscenario = x\n[defaults]\ncpus = 1\n", 3, "before the first cell");
	refuse("[cell a]\nlike = b\n[cell b]\nscenario = x\n", 2, "no cell before");
	refuse("[cell b]\nscenario = x\n[cell a]\nscenario = y\nlike = b\n", 5, "first key");
	refuse("[cell ../a]\nscenario = x\n", 1, "name is");
	refuse("[cell a/b]\nscenario = x\n", 1, "name is");
	refuse("[cell a]\nscenario = ../x\n", 2, "plain file name");
	refuse("[cell a]\nscenario = x\nmemory = 10\n", 3, "memory");
	refuse("[cell a]\nscenario = x\nmemory = -1M\n", 3, "memory");
	refuse("[cell a]\nscenario = x\nmemory = 99999999T\n", 3, "memory");
	refuse("[cell a]\nscenario = x\ncpus = 0\n", 3, "cpus");
	refuse("[cell a]\nscenario = x\ncpus = 2x\n", 3, "cpus");
	refuse("[cell a]\nscenario = x\ndeadline = 0\n", 3, "deadline");
	refuse("[cell a]\nscenario = x\nmode = init\n", 3, "mode");
	refuse("[cell a]\nscenario = x\nroot = true\n", 3, "yes nor no");
	refuse("[cell a]\nscenario = x\nexpect = maybe\n", 3, "no such verdict");
	refuse("[cell a]\nscenario = x\nseed = abc\n", 3, "seed");
	refuse("[cell a]\nscenario = x\nfail_on = oom,rain\n", 3, "unknown event: rain");
	refuse("[cell a]\nscenario = x\nicount = yes\ncpus = 2\n", 1, "needs cpus = 1");
	refuse("[cell a]\nscenario = x\nmode = systemd\nroot = no\n", 1, "needs root = yes");
	refuse("[cell a]\nscenario = x\ndisk.a = 256M\n", 3, "expected size=");
	refuse("[cell a]\nscenario = x\ndisk.a = size=1000\n", 3, "multiple of 512");
	refuse("[cell a]\nscenario = x\ndisk.a = size=1M,speed=9\n", 3, "speed");
	refuse("[cell a]\nscenario = x\ndisk.rootfs = size=1M\n", 3, "not rootfs");
	refuse("[cell a]\nscenario = x\ndisk.a,b = size=1M\n", 3, "a disk's name");
	refuse("[cell a]\nscenario = x\nparam.a-b = 1\n", 3, "parameter's name");
	refuse("[cell a]\nscenario = x\nkernel = a b\n", 3, "neither a flavour");
	refuse("[cell a]\nscenario = x\nnonsense\n", 3, "neither a section nor");
	refuse("[cell a\nscenario = x\n", 1, "without ]");
	refuse("[cell a]\nscenario = x\nargs = a\tb\x01\n", 3, "control character");
}

static void test_empty(void **state)
{
	struct plan *p = NULL;
	struct rig_error e;

	(void)state;
	assert_int_equal(read_plan("; nothing\n", &p, &e), -EINVAL);
	assert_non_null(strstr(e.text, "no cells"));
	assert_int_equal(plan_load("/nonexistent/x.ini", &p, &e), -ENOENT);
}

static void test_long_line(void **state)
{
	char text[1024];

	(void)state;
	strcpy(text, "[cell a]\nscenario = x\nargs = ");
	memset(text + strlen(text), 'a', 400);
	strcpy(text + 429, "\n");
	refuse(text, 3, "line too long");
}

static void test_too_many(void **state)
{
	char text[4096] = "[cell a]\nscenario = x\n";
	int i;

	(void)state;
	for (i = 0; i <= CELL_DISKS_MAX; i++)
		sprintf(text + strlen(text), "disk.d%d = size=1M\n", i);
	refuse(text, 3 + CELL_DISKS_MAX, "more than");
}

/* A cell that is written and read again is the same cell: reproduce.sh depends on it. */
static void test_write(void **state)
{
	static const char text[] =
		"[cell a]\nscenario = stress\nkernel = debug\nargs = -x 'y z'\nappend = a=b c\nseed = random\nmemory = 768M\ncpus = 2\n"
		"mode = systemd\nexpect = crash\ndisk.s = size=8M,iops=5\ndisk.t = size=1G,bps=7M\nparam.A_b = c = d\nparam.e = \n"
		"fail_on = oom,io-error\nallow_taint = 9\nheartbeat = 33\nboot = 44\ndeadline = 55\nshare = some dir\nconstraint = kvm\n";
	struct plan *p, *q;
	struct rig_error e;
	char *first, *second;
	size_t n;
	FILE *f;

	(void)state;
	if (read_plan(text, &p, &e))
		fail_msg("%s", e.text);
	f = open_memstream(&first, &n);
	assert_int_equal(plan_write_cell(f, p, p->cell[0]), 0);
	fclose(f);
	if (read_plan(first, &q, &e))
		fail_msg("%s in\n%s", e.text, first);
	assert_int_equal(q->cell[0]->seed, p->cell[0]->seed);
	assert_string_equal(q->cell[0]->args, "-x 'y z'");
	assert_string_equal(q->cell[0]->param[0].value, "c = d");
	assert_int_equal(q->cell[0]->disks, 2);
	assert_string_equal(q->cell[0]->share, "some dir");
	assert_string_equal(q->cell[0]->constraint, "kvm");
	f = open_memstream(&second, &n);
	plan_write_cell(f, q, q->cell[0]);
	fclose(f);
	assert_string_equal(first, second);
	free(first);
	free(second);
	plan_free(p);
	plan_free(q);
}

static void test_size(void **state)
{
	uint64_t v;

	(void)state;
	assert_int_equal(parse_size("4096", &v), 0);
	assert_int_equal(v, 4096);
	assert_int_equal(parse_size("3k", &v), 0);
	assert_int_equal(v, 3072);
	assert_int_equal(parse_size("8T", &v), 0);
	assert_true(v == 8ull << 40);
	assert_int_equal(parse_size("", &v), -EINVAL);
	assert_int_equal(parse_size("M", &v), -EINVAL);
	assert_int_equal(parse_size("1MM", &v), -EINVAL);
	assert_int_equal(parse_size("-1", &v), -EINVAL);
	assert_int_equal(parse_size("99999999999999999999", &v), -EINVAL);
	assert_int_equal(parse_size("18446744073709551615K", &v), -EINVAL);
}

/* The plans that the project ships must be readable: their paths are given as arguments. */
static char **shipped;

static void test_shipped(void **state)
{
	struct rig_error e;
	struct plan *p;
	char **path;

	(void)state;
	for (path = shipped; *path; path++) {
		if (plan_load(*path, &p, &e))
			fail_msg("%s", e.text);
		plan_free(p);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_shipped),
	};

	(void)argc;
	shipped = argv + 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
