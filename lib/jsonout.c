// SPDX-License-Identifier: GPL-2.0-only
#include "jsonout.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "strbuf.h"

int jsonout_add(struct json_object *obj, const char *key, struct json_object *child)
{
	if (!child)
		return -ENOMEM;
	if (json_object_object_add(obj, key, child)) {
		json_object_put(child);
		return -ENOMEM;
	}
	return 0;
}

int jsonout_append(struct json_object *arr, struct json_object *child)
{
	if (!child)
		return -ENOMEM;
	if (json_object_array_add(arr, child)) {
		json_object_put(child);
		return -ENOMEM;
	}
	return 0;
}

int jsonout_u64(struct json_object *obj, const char *key, uint64_t val)
{
	return jsonout_add(obj, key, json_object_new_uint64(val));
}

int jsonout_s64(struct json_object *obj, const char *key, int64_t val)
{
	return jsonout_add(obj, key, json_object_new_int64(val));
}

int jsonout_bool(struct json_object *obj, const char *key, bool val)
{
	return jsonout_add(obj, key, json_object_new_boolean(val));
}

int jsonout_null(struct json_object *obj, const char *key)
{
	/* In json-c null is the absence of an object, so jsonout_add() cannot be used. */
	return json_object_object_add(obj, key, NULL) ? -ENOMEM : 0;
}

int jsonout_fixed(struct json_object *obj, const char *key, double val, int digits)
{
	char text[512];

	if (!isfinite(val))
		return jsonout_null(obj, key);
	snprintf(text, sizeof(text), "%.*f", digits, val);
	return jsonout_add(obj, key, json_object_new_double_s(val, text));
}

/* Bytes of the UTF-8 sequence at @s: 0 when it is not a valid one. */
static size_t utf8_len(const unsigned char *s)
{
	size_t len, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	for (i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, and what is beyond U+10FFFF. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

int jsonout_str(struct json_object *obj, const char *key, const char *val)
{
	struct strbuf sb = STRBUF_INIT;
	int err = 0;

	while (*val && !err) {
		size_t len = utf8_len((const unsigned char *)val);

		err = len ? strbuf_add(&sb, val, len) : strbuf_adds(&sb, "\xef\xbf\xbd");
		val += len ? len : 1;
	}
	if (!err)
		err = jsonout_add(obj, key, json_object_new_string(strbuf_str(&sb)));
	strbuf_release(&sb);
	return err;
}

int jsonout_print(struct json_object *obj, FILE *out, bool line)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text;

	flags |= line ? JSON_C_TO_STRING_PLAIN : JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	text = json_object_to_json_string_ext(obj, flags);
	if (!text)
		return -ENOMEM;
	return fprintf(out, "%s\n", text) < 0 ? -EIO : 0;
}
