// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "schema.h"

struct check {
	struct json_object *root;
	char *why;
	size_t size;
};

static bool wrong(struct check *c, const char *path, const char *what, const char *detail)
{
	snprintf(c->why, c->size, "%s: %s%s", path[0] ? path : "(document)", what, detail);
	return false;
}

static bool type_is(const char *name, struct json_object *v)
{
	switch (json_object_get_type(v)) {
	case json_type_null:
		return !strcmp(name, "null");
	case json_type_boolean:
		return !strcmp(name, "boolean");
	case json_type_int:
		return !strcmp(name, "integer") || !strcmp(name, "number");
	case json_type_double:
		return !strcmp(name, "number");
	case json_type_string:
		return !strcmp(name, "string");
	case json_type_array:
		return !strcmp(name, "array");
	case json_type_object:
		return !strcmp(name, "object");
	}
	return false;
}

static bool type_ok(struct json_object *type, struct json_object *v)
{
	size_t i;

	if (json_object_is_type(type, json_type_string))
		return type_is(json_object_get_string(type), v);
	for (i = 0; i < json_object_array_length(type); i++)
		if (type_is(json_object_get_string(json_object_array_get_idx(type, i)), v))
			return true;
	return false;
}

static bool valid(struct check *c, struct json_object *schema, struct json_object *v, const char *path);

static bool members(struct check *c, struct json_object *schema, struct json_object *v, const char *path)
{
	struct json_object *properties = NULL, *more = NULL, *required = NULL;
	char sub[256];
	size_t i;

	json_object_object_get_ex(schema, "properties", &properties);
	json_object_object_get_ex(schema, "additionalProperties", &more);
	if (json_object_object_get_ex(schema, "required", &required))
		for (i = 0; i < json_object_array_length(required); i++) {
			const char *key = json_object_get_string(json_object_array_get_idx(required, i));

			if (!json_object_object_get_ex(v, key, NULL))
				return wrong(c, path, "missing: ", key);
		}
	json_object_object_foreach(v, key, member) {
		struct json_object *s = NULL;

		snprintf(sub, sizeof(sub), "%s/%s", path, key);
		if (properties && json_object_object_get_ex(properties, key, &s)) {
			if (!valid(c, s, member, sub))
				return false;
		} else if (json_object_is_type(more, json_type_object)) {
			if (!valid(c, more, member, sub))
				return false;
		} else if (more && !json_object_get_boolean(more)) {
			return wrong(c, path, "not in the schema: ", key);
		}
	}
	return true;
}

static bool keyword(struct check *c, const char *key, struct json_object *arg, struct json_object *schema, struct json_object *v,
		    const char *path)
{
	struct json_object *target;
	char sub[256];
	size_t i;

	if (!strcmp(key, "type"))
		return type_ok(arg, v) || wrong(c, path, "type is not ", json_object_to_json_string(arg));
	if (!strcmp(key, "const"))
		return json_object_equal(arg, v) || wrong(c, path, "is not ", json_object_to_json_string(arg));
	if (!strcmp(key, "enum")) {
		for (i = 0; i < json_object_array_length(arg); i++)
			if (json_object_equal(json_object_array_get_idx(arg, i), v))
				return true;
		return wrong(c, path, "not one of ", json_object_to_json_string(arg));
	}
	if (!strcmp(key, "$ref")) {
		if (strncmp(json_object_get_string(arg), "#/$defs/", 8) || !json_object_object_get_ex(c->root, "$defs", &target) ||
		    !json_object_object_get_ex(target, json_object_get_string(arg) + 8, &target))
			return wrong(c, path, "bad $ref ", json_object_get_string(arg));
		return valid(c, target, v, path);
	}
	if (!strcmp(key, "items")) {
		for (i = 0; json_object_is_type(v, json_type_array) && i < json_object_array_length(v); i++) {
			snprintf(sub, sizeof(sub), "%s/%zu", path, i);
			if (!valid(c, arg, json_object_array_get_idx(v, i), sub))
				return false;
		}
		return true;
	}
	if (!strcmp(key, "properties"))
		return !json_object_is_type(v, json_type_object) || members(c, schema, v, path);
	if (!strcmp(key, "additionalProperties"))
		return json_object_object_get_ex(schema, "properties", NULL) || !json_object_is_type(v, json_type_object) ||
		       members(c, schema, v, path);
	if (!strcmp(key, "required") || !strcmp(key, "description") || !strcmp(key, "title") || !strcmp(key, "$schema") ||
	    !strcmp(key, "$defs") || !strcmp(key, "$id"))
		return true;
	return wrong(c, path, "keyword that this check does not know: ", key);
}

static bool valid(struct check *c, struct json_object *schema, struct json_object *v, const char *path)
{
	json_object_object_foreach(schema, key, arg)
		if (!keyword(c, key, arg, schema, v, path))
			return false;
	return true;
}

bool schema_valid(struct json_object *schema, struct json_object *value, char *why, size_t size)
{
	struct check c = { .root = schema, .why = why, .size = size };

	return valid(&c, schema, value, "");
}
