// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a plan: read or refused with a reason; what was read and written out again is read
 * again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "plan.h"

static void same_text(const char *a, const char *b)
{
	must(!strcmp(a ?: "", b ?: ""));
}

static void same(const struct cell_spec *a, const struct cell_spec *b)
{
	unsigned int i;

	same_text(a->name, b->name);
	same_text(a->kernel, b->kernel);
	same_text(a->scenario, b->scenario);
	same_text(a->args, b->args);
	same_text(a->append, b->append);
	same_text(a->share, b->share);
	must(a->seed == b->seed && a->memory == b->memory && a->cpus == b->cpus &&
	     a->fail_on == b->fail_on);
	must(a->disks == b->disks && a->params == b->params && a->allow_taint == b->allow_taint);
	for (i = 0; i < a->disks; i++)
		must(!memcmp(&a->disk[i], &b->disk[i], sizeof(a->disk[i])));
	for (i = 0; i < a->params; i++) {
		same_text(a->param[i].name, b->param[i].name);
		same_text(a->param[i].value, b->param[i].value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plan *plan = NULL, *again = NULL;
	struct rig_error e = { "" };
	char *text = NULL;
	size_t i, len;
	FILE *f;

	if (!size)
		return 0;
	f = fmemopen((void *)data, size, "r");
	if (plan_read(f, "fuzz.ini", &plan, &e)) {
		must(e.text[0]);
		fclose(f);
		return 0;
	}
	fclose(f);
	for (i = 0; i < plan->cells && i < 20; i++) {
		f = open_memstream(&text, &len);
		must(!plan_write_cell(f, plan, plan->cell[i]));
		fclose(f);
		f = fmemopen(text, len, "r");
		if (plan_read(f, "again.ini", &again, &e)) {
			fprintf(stderr, "%s\n%s", e.text, text);
			abort();
		}
		must(again->cells == 1);
		same(plan->cell[i], again->cell[0]);
		plan_free(again);
		fclose(f);
		free(text);
	}
	plan_free(plan);
	return 0;
}
