/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_DOC_H
#define RIG_DOC_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define DOC_BYTES_MAX	(512u << 20)	/* a larger result.json is no result.json of ours */
#define DOC_DEPTH_MAX	32

/*
 * Readers of a document: what is not there, or of another type, is NULL, "" or 0, so that a foreign
 * or old document gives thin output, not a crash. What they return belongs to the document.
 */
struct json_object *doc_get(struct json_object *o, const char *key);
struct json_object *doc_get_type(struct json_object *o, const char *key, json_type type);
const char *doc_string(struct json_object *o, const char *key);
size_t doc_length(struct json_object *array);
struct json_object *doc_at(struct json_object *array, size_t i);

/* A number of any kind, finite; 0 otherwise. */
double doc_number(struct json_object *o, const char *key);

/*
 * Parses a document of rig: 0; -EBADMSG when TEXT is no JSON, or too deep; -EPROTO when it is of
 * another
 * schema or version. *RET is to be put.
 */
int doc_parse(const char *text, size_t len, struct json_object **ret);

/*
 * Reads the document at PATH. Errors as doc_parse, -EFBIG over DOC_BYTES_MAX, or of open and read.
 */
int doc_load(const char *path, struct json_object **ret, struct rig_error *e);

/*
 * Whether a cell of a document was skipped without that being expected: neither a pass nor a
 * failure.
 */
bool doc_cell_skipped(struct json_object *cell);

/* Whether a cell ended as expected. */
bool doc_cell_ok(struct json_object *cell);

#endif
