/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON for scripts: fixed types, readable layout, always valid UTF-8. */
#ifndef GHOSTSWAP_LIB_JSONOUT_H
#define GHOSTSWAP_LIB_JSONOUT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Add a member to the object @obj, in place of one of the same name.
 * 0 or -ENOMEM; @obj is whole in both cases.
 */
int jsonout_u64(struct json_object *obj, const char *key, uint64_t val);
int jsonout_s64(struct json_object *obj, const char *key, int64_t val);
int jsonout_bool(struct json_object *obj, const char *key, bool val);
int jsonout_null(struct json_object *obj, const char *key);

/* A number with @digits digits after the point; null when @val is not finite. */
int jsonout_fixed(struct json_object *obj, const char *key, double val, int digits);

/* A string; each byte that is not part of valid UTF-8 becomes U+FFFD. */
int jsonout_str(struct json_object *obj, const char *key, const char *val);

/* Add @child, which @obj owns from now on; it is dropped when that fails. */
int jsonout_add(struct json_object *obj, const char *key, struct json_object *child);

/* Append @child to the array @arr; ownership as with jsonout_add(). */
int jsonout_append(struct json_object *arr, struct json_object *child);

/* Print @obj and a newline: over several lines or, with @line, on one. 0, -ENOMEM or -EIO. */
int jsonout_print(struct json_object *obj, FILE *out, bool line);

#endif
