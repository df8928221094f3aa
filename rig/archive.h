/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_ARCHIVE_H
#define RIG_ARCHIVE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define ARCHIVE_DEPTH_MAX	8	/* directories below the one that was named */

/* One result.json that counts. */
struct archived_run {
	char *dir;		/* absolute, of result.json */
	struct json_object *doc;
	char *attempts_of;	/* directory of attempt-N, or NULL */
	unsigned int attempt;	/* N */
	bool complete;
	size_t session;		/* its number: all results of a fleet are of one */
};

/* A run, or all runs of one fleet. */
struct archived_session {
	const struct archived_run *first;	/* by time */
	char *dir;		/* of the run or of the fleet */
	size_t cells;
};

/* One cell of such a run. Strings belong to the document unless they say otherwise. */
struct archived_cell {
	const struct archived_run *run;	/* NULL: known from fleet.json alone */
	size_t session;			/* in the archive, in the order of time */
	struct json_object *json;
	const char *name;
	const char *flavor;		/* of the kernel */
	const char *verdict;
	char *row;			/* own: the name without the kernel's flavour */
	char *dir;			/* own: absolute directory of the logs, or NULL */
	bool ok;
	bool skipped;
	bool latest;			/* no later run has a cell of this name and flavour */
};

/* What runs have left behind, read for report and compare. */
struct archive {
	struct archived_run **run;	/* by time */
	size_t runs;
	struct archived_session *session;	/* by time */
	size_t sessions;
	struct archived_cell *cell;	/* by run, then as in the document */
	size_t cells;
	char **problem;			/* files that could not be used, and why */
	size_t problems;
	struct json_object **fleet;	/* fleet.json documents */
	size_t fleets;
};

/*
 * Finds every result.json at or below the directories (links are not followed). Of the directories
 * attempt-N beside each other only the highest complete one counts, or the highest when none is
 * complete. What cannot be read is a problem, not an error; nothing to read at all is -ENOENT.
 */
int archive_load(char *const *dirs, size_t n, struct archive **ret, struct rig_error *e);
void archive_free(struct archive *a);

/*
 * NAME without the word FLAVOR, where it stands alone between . - _ @ or +, and without one of the
 * separators beside it; allocated.
 */
char *archive_row(const char *name, const char *flavor);

#endif
