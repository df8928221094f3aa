// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "repeat.h"
#include "run.h"

static int write_plan(const char *dir, const struct plan *plan, const struct cell_spec *cell,
		      unsigned int times, bool seeds, struct rig_error *e)
{
	FILE *f = run_create(dir, "repeat.ini");
	unsigned int i;
	int r;

	if (!f)
		return rig_fail(e, -errno, "cannot write %s/repeat.ini: %s", dir, strerror(errno));
	r = plan_write_cell(f, plan, cell);
	for (i = 2; i <= times; i++) {
		fprintf(f, "[cell %s@%u]\nlike = %s\n", cell->name, i, cell->name);
		if (seeds)
			fprintf(f, "seed = %" PRIu64 "\n", cell->seed + i - 1);
	}
	if (fclose(f) || r)
		return rig_fail(e, -EIO, "cannot write %s/repeat.ini", dir);
	return 0;
}

/* Whether a signal ended the run: what it left unfinished is no result. */
static bool was_interrupted(const char *dir)
{
	char *path = path_join(dir, "result.json");
	struct json_object *doc = NULL;
	bool yes = false;

	if (path && !doc_load(path, &doc, NULL)) {
		yes = !!strcmp(doc_string(doc, "status"), "complete");
		json_object_put(doc);
	}
	free(path);
	return yes;
}

int repeat_cell(const struct session_options *o, const struct paths *paths, const struct plan *plan,
		const struct cell_spec *cell, unsigned int times, bool seeds, struct rig_error *e)
{
	char *path = path_join(o->out, "repeat.ini");
	struct plan *many = NULL;
	sigset_t mask;
	bool passed;
	int r;

	if (!path)
		return rig_fail(e, -ENOMEM, "out of memory");
	r = path_mkdirs(o->out);
	if (r)
		rig_fail(e, r, "cannot make %s: %s", o->out, strerror(-r));
	r = r ?: write_plan(o->out, plan, cell, times, seeds, e) ?: plan_load(path, &many, e);
	if (!r) {
		/* It blocks the signals that it waits for, and leaves them so. */
		sigprocmask(SIG_BLOCK, NULL, &mask);
		r = session_run(o, paths, many, many->cell, many->cells, &passed, e);
		sigprocmask(SIG_SETMASK, &mask, NULL);
		if (!r && was_interrupted(o->out))
			r = rig_fail(e, -EINTR, "interrupted");
	}
	plan_free(many);
	free(path);
	return r;
}
