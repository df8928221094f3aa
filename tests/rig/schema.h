/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TESTS_RIG_SCHEMA_H
#define TESTS_RIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

/*
 * Checks VALUE against the part of JSON Schema that docs/rig-result.schema.json uses: type, enum, const, required, properties,
 * additionalProperties, items, $ref to #/$defs. Any other keyword is an error, so that nothing is silently unchecked.
 */
bool schema_valid(struct json_object *schema, struct json_object *value, char *why, size_t size);

#endif
