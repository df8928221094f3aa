// SPDX-License-Identifier: GPL-2.0
/* [matrix] and [fleet] sections, as plans have them. */
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
	r = plan_read(f, "t.ini", p, e);
	fclose(f);
	return r;
}

static struct plan *good(const char *text)
{
	struct plan *p = NULL;
	struct rig_error e;

	if (read_plan(text, &p, &e))
		fail_msg("%s", e.text);
	return p;
}

static void refuse(const char *text, int line, const char *words)
{
	struct plan *p = NULL;
	struct rig_error e;
	char where[32];

	assert_int_equal(read_plan(text, &p, &e), -EINVAL);
	snprintf(where, sizeof(where), "t.ini:%d: ", line);
	if (strncmp(e.text, where, strlen(where)) || !strstr(e.text, words))
		fail_msg("expected \"%s…%s\", got \"%s\"", where, words, e.text);
}

static const struct cell_spec *find(const struct plan *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->cells; i++)
		if (!strcmp(p->cell[i]->name, name))
			return p->cell[i];
	for (i = 0; i < p->cells; i++)
		print_message("  %s\n", p->cell[i]->name);
	fail_msg("no cell %s", name);
	return NULL;
}

static void test_product(void **state)
{
	struct plan *p = good("[defaults]\ndeadline = 77\n"
			      "[matrix m]\n"
			      "kernel = release | debug\n"
			      "scenario = smoke\n"
			      "memory = 256M | 1G\n"
			      "cpus = 1..2\n"
			      "seed = 5 | 7..9\n"
			      "param.how = a b | c\n"
			      "[cell last]\nscenario = oom\n");
	const struct cell_spec *c;

	(void)state;
	assert_int_equal(p->cells, 2 * 2 * 2 * 4 * 2 + 1);
	/* the last axis runs fastest */
	assert_string_equal(p->cell[0]->param[0].value, "a b");
	assert_string_equal(p->cell[1]->param[0].value, "c");
	assert_string_equal(p->cell[1]->name, "m.release-256M-1c-s5-c");
	assert_string_equal(p->cell[64]->name, "last");
	c = find(p, "m.debug-1G-2c-s9-c");
	assert_string_equal(c->kernel, "debug");
	assert_string_equal(c->scenario, "smoke");
	assert_int_equal(c->memory, 1024);
	assert_int_equal(c->cpus, 2);
	assert_int_equal(c->seed, 9);
	assert_int_equal(c->deadline, 77);
	plan_free(p);
}

static void test_rules(void **state)
{
	struct plan *p = good("[matrix m]\n"
			      "scenario = smoke | oom | storm\n"
			      "memory = 256M | 512M | 1G\n"
			      "disk.swap0 = none | size=1M,bps=2M\n"
			      "exclude.small = memory=256M scenario=oom|storm\n"
			      "exclude.disks = disk.swap0=size* scenario=s*\n"
			      "include.big = memory=4G|8G scenario=storm\n");
	const struct cell_spec *c;
	size_t i;

	(void)state;
	/* 18; small takes 4, disks 6 of which storm with 256M is counted already */
	assert_int_equal(p->cells, 18 - 4 - (6 - 1) + 2);
	for (i = 0; i + 2 < p->cells; i++) {
		c = p->cell[i];
		assert_false(c->memory == 256 && strcmp(c->scenario, "smoke"));
		assert_false(c->disks && strcmp(c->scenario, "oom"));
	}
	c = find(p, "m.storm-4G-none");
	assert_int_equal(c->memory, 4096);
	assert_int_equal(c->disks, 0);
	find(p, "m.storm-8G-none");
	plan_free(p);
}

static void test_names(void **state)
{
	struct plan *p = good("[matrix m]\nscenario = smoke\n"
			      "kernel = /a/x/bzImage | /b/x/bzImage | /c/vmlinuz\n"
			      "param.long = "
			      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1 | "
			      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2\n");
	size_t i;

	(void)state;
	/* Names are unique and short enough although the words are not: the plan would not have been read. */
	assert_int_equal(p->cells, 6);
	for (i = 0; i < p->cells; i++)
		assert_true(strlen(p->cell[i]->name) <= CELL_NAME_MAX);
	assert_int_equal(strncmp(p->cell[0]->name, "m.x-aaa", 7), 0);
	assert_int_equal(strncmp(p->cell[4]->name, "m.vmlinuz-aaa", 13), 0);
	plan_free(p);
}

static void test_config(void **state)
{
	struct plan *p = good("[matrix m]\nscenario = smoke\nkernel = release | debug\nconfig = none | nothp\n");

	(void)state;
	assert_int_equal(p->cells, 4);
	assert_string_equal(find(p, "m.release-none")->kernel, "release");
	assert_string_equal(find(p, "m.debug-nothp")->kernel, "debug+nothp");
	plan_free(p);
	p = good("[matrix m]\nscenario = smoke\nconstraint = kvm\\|tcg | kvm\n");
	assert_int_equal(p->cells, 2);
	assert_string_equal(p->cell[0]->constraint, "kvm|tcg");
	plan_free(p);
	refuse("[cell a]\nscenario = smoke\nkernel = /x/bzImage\nconfig = nothp\n", 1, "not for a file");
}

static void test_refused(void **state)
{
	(void)state;
	refuse("[matrix m]\nscenario = a | b\nmemory = 256M | lots\n", 3, "memory: not a size");
	refuse("[matrix m]\nscenario = a | b\nbogus = 1\n", 3, "unknown key: bogus");
	refuse("[matrix m]\nscenario = a | | b\n", 2, "an empty value");
	refuse("[matrix m]\nscenario = a | a\n", 2, "a: given twice");
	refuse("[matrix m]\nscenario = a\nseed = 5..3\n", 3, "not a range");
	refuse("[matrix m]\nscenario = a\nlike = b\n", 3, "like: not in a matrix");
	refuse("[matrix m]\nscenario = a\nexclude.x = kernel=debug\n", 3, "the matrix has no key kernel");
	refuse("[matrix m]\nscenario = a\nexclude.x = scenario=b\n", 3, "matches no combination");
	refuse("[matrix m]\nscenario = a\nexclude.x = scenario\n", 3, "expected KEY=VALUE");
	refuse("[matrix m]\nscenario = a\nexclude. = scenario=a\n", 3, "needs a name");
	refuse("[matrix m/]\nscenario = a\n", 1, "a matrix's name");
	refuse("[matrix m]\nscenario = a\n[matrix m]\nscenario = b\n", 3, "the name was used");
	refuse("[matrix m]\nscenario = a\nseed = 1..9000\nparam.x = 1..9000\n", 1, "more than 1000000 combinations");
	refuse("[matrix m]\nscenario = a\nseed = 1..200\nparam.x = 1..200\n", 1, "more than 10000 cells");
}

static void test_all_excluded(void **state)
{
	struct plan *p = NULL;
	struct rig_error e;

	(void)state;
	assert_int_equal(read_plan("[matrix m]\nscenario = a\nexclude.all = scenario=*\n", &p, &e), -EINVAL);
	assert_string_equal(e.text, "t.ini: no cells");
}

static void test_fleet(void **state)
{
	struct plan *p = good("[fleet]\nattempts = 5\nstore = 2G\nscratch = /scratch/rig\n"
			      "transfer = rsync:host:/srv/rig\nsbatch = --partition=vm --nice=10\n"
			      "[cell a]\nscenario = smoke\nconstraint = kvm&bigmem\n");

	(void)state;
	assert_int_equal(p->fleet->attempts, 5);
	assert_true(p->fleet->store == 2ull << 30);
	assert_string_equal(p->fleet->scratch, "/scratch/rig");
	assert_string_equal(fleet_options_rsync(p->fleet), "host:/srv/rig");
	assert_int_equal(p->fleet->nsbatch, 2);
	assert_string_equal(p->fleet->sbatch[1], "--nice=10");
	assert_null(p->fleet->sbatch[2]);
	assert_string_equal(p->cell[0]->constraint, "kvm&bigmem");
	plan_free(p);
	p = good("[cell a]\nscenario = smoke\n");
	assert_null(fleet_options_rsync(p->fleet));
	plan_free(p);
	refuse("[fleet]\nattempts = 0\n", 2, "attempts: not a number from 1");
	refuse("[fleet]\nscratch = tmp\n", 2, "not an absolute path");
	refuse("[fleet]\nscratch = /tmp/$(reboot)\n", 2, "only plain characters");
	refuse("[fleet]\nsbatch = --array=1-3\n", 2, "--array is set by rig");
	refuse("[fleet]\nsbatch = -p vm\n", 2, "long options only");
	refuse("[fleet]\ntransfer = nfs\n", 2, "neither engine nor rsync");
	refuse("[fleet]\ntransfer = rsync:-e sh\n", 2, "not an option");
	refuse("[fleet]\ncolour = red\n", 2, "unknown key");
	refuse("[cell a]\nscenario = smoke\nconstraint = kvm;reboot\n", 3, "constraint: features");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_product),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_all_excluded),
		cmocka_unit_test(test_fleet),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
