// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "doc.h"
#include "result.h"

struct json_object *doc_get(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	return json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, key, &v) ?
		       v :
		       NULL;
}

struct json_object *doc_get_type(struct json_object *o, const char *key, json_type type)
{
	struct json_object *v = doc_get(o, key);

	return json_object_is_type(v, type) ? v : NULL;
}

const char *doc_string(struct json_object *o, const char *key)
{
	struct json_object *v = doc_get_type(o, key, json_type_string);

	return v ? json_object_get_string(v) : "";
}

size_t doc_length(struct json_object *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

struct json_object *doc_at(struct json_object *array, size_t i)
{
	return i < doc_length(array) ? json_object_array_get_idx(array, i) : NULL;
}

double doc_number(struct json_object *o, const char *key)
{
	struct json_object *v = doc_get(o, key);
	double d = json_object_is_type(v, json_type_int) ||
				   json_object_is_type(v, json_type_double) ?
			   json_object_get_double(v) :
			   0;

	return isfinite(d) ? d : 0;
}

int doc_parse(const char *text, size_t len, struct json_object **ret)
{
	struct json_tokener *t = json_tokener_new_ex(DOC_DEPTH_MAX);
	struct json_object *doc;
	enum json_tokener_error error;

	if (!t)
		return -ENOMEM;
	if (len > DOC_BYTES_MAX) {
		json_tokener_free(t);
		return -EFBIG;
	}
	doc = json_tokener_parse_ex(t, text, len);
	error = json_tokener_get_error(t);
	json_tokener_free(t);
	if (error != json_tokener_success || !json_object_is_type(doc, json_type_object)) {
		json_object_put(doc);
		return -EBADMSG;
	}
	if (strcmp(doc_string(doc, "schema"), RESULT_SCHEMA) ||
	    doc_number(doc, "version") != RESULT_VERSION) {
		json_object_put(doc);
		return -EPROTO;
	}
	*ret = doc;
	return 0;
}

static char *read_all(const char *path, size_t *len, int *error)
{
	char *text = NULL;
	struct stat st;
	FILE *f;

	f = fopen(path, "re");
	if (!f) {
		*error = -errno;
		return NULL;
	}
	if (fstat(fileno(f), &st)) {
		*error = -errno;
	} else if (!S_ISREG(st.st_mode)) {
		*error = -EINVAL;
	} else if (st.st_size > DOC_BYTES_MAX) {
		*error = -EFBIG;
	} else {
		text = malloc(st.st_size + 1);
		*error = text ? 0 : -ENOMEM;
	}
	if (text) {
		*len = fread(text, 1, st.st_size, f);
		text[*len] = '\0';
	}
	fclose(f);
	return text;
}

int doc_load(const char *path, struct json_object **ret, struct rig_error *e)
{
	size_t len = 0;
	char *text;
	int r;

	text = read_all(path, &len, &r);
	if (!text)
		return rig_fail(e, r, "cannot read %s: %s", path, strerror(-r));
	r = doc_parse(text, len, ret);
	free(text);
	if (r == -EBADMSG)
		return rig_fail(e, r, "%s: no JSON, or not complete", path);
	if (r == -EPROTO)
		return rig_fail(e, r, "%s: not a result of rig, version %d", path, RESULT_VERSION);
	return r ? rig_fail(e, r, "cannot read %s: %s", path, strerror(-r)) : 0;
}

bool doc_cell_skipped(struct json_object *cell)
{
	return !strcmp(doc_string(cell, "verdict"), "skip") &&
	       !strcmp(doc_string(cell, "expected"), "pass");
}

bool doc_cell_ok(struct json_object *cell)
{
	return json_object_get_boolean(doc_get(cell, "ok"));
}
