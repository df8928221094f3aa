/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_RESULT_H
#define RIG_RESULT_H

#include <json-c/json.h>

#include "cell.h"
#include "run.h"

#define RESULT_SCHEMA	"ghostswap-rig-result"
#define RESULT_VERSION	1

/*
 * The document result.json of a run, from before its first cell starts (all cells: fail, not
 * finished) to its end.
 */
struct result;

struct result_totals {
	unsigned int passed;	/* ended as expected */
	unsigned int failed;
	unsigned int skipped;
};

/* JSON_PATH: a second place for the document, or NULL. */
int result_new(struct run *run, struct cell *const *cells, size_t n, const char *json_path,
	       struct result **ret, struct rig_error *e);
void result_free(struct result *r);

/*
 * Takes over what is known about the cell now; after its end its streams are not needed any more.
 */
int result_cell(struct result *r, const struct cell *cell);

/* Writes the document: a reader sees the old one or the new one, never a part. */
int result_save(struct result *r, struct rig_error *e);

/* Totals and end, last save, junit.xml and results.ktap. */
int result_finish(struct result *r, bool interrupted, struct result_totals *totals,
		  struct rig_error *e);

/*
 * These make their format from any document of this schema, also one read from a file. 0 or -EIO.
 */
int result_write_junit(struct json_object *doc, FILE *f);
int result_write_ktap(struct json_object *doc, FILE *f);

#endif
