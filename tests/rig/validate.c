// SPDX-License-Identifier: GPL-2.0
/* validate SCHEMA DOCUMENT...: are they what the schema says? For the shell tests. */
#include <stdio.h>

#include <json-c/json.h>

#include "schema.h"

int main(int argc, char **argv)
{
	struct json_object *schema = argc > 2 ? json_object_from_file(argv[1]) : NULL;
	int i, bad = !schema;
	char why[256];

	for (i = 2; schema && i < argc; i++) {
		struct json_object *doc = json_object_from_file(argv[i]);

		if (!doc || !schema_valid(schema, doc, why, sizeof(why))) {
			printf("# %s: %s\n", argv[i], doc ? why : "no JSON");
			bad = 1;
		}
		json_object_put(doc);
	}
	json_object_put(schema);
	return bad;
}
