/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_MATRIX_H
#define RIG_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Values of one axis, and axes and rules of one matrix. */
#define MATRIX_VALUES_MAX	10000
#define MATRIX_AXES_MAX		64
#define MATRIX_RULES_MAX	64
#define MATRIX_COMBINATIONS_MAX	1000000	/* before the exclude rules */

/*
 * The product of some axes, each a key of a cell with one or more values. `exclude.NAME` rules take
 * combinations out of the product, `include.NAME` rules add some that are not in it.
 */
struct matrix;

/* One key of one combination. */
struct matrix_setting {
	const char *key;
	const char *value;
	int line;		/* of the plan, where the axis stands */
};

/*
 * Takes one combination over; NAME is made of the matrix's name and of the values that vary. What
 * is not 0 ends the expansion and is returned by it.
 */
typedef int (*matrix_fn)(const char *name, const struct matrix_setting *setting, size_t n,
			 void *userdata);

/* NULL without memory. */
struct matrix *matrix_new(const char *name);
void matrix_free(struct matrix *m);

/*
 * One `KEY = VALUE` of the section: an axis, or a rule when KEY begins with `exclude.` or
 * `include.`. Values are separated by `|` (`\|` is the character itself); `3..7` are five of them. -EINVAL with the reason in E.
 */
int matrix_add(struct matrix *m, const char *key, const char *value, int line, struct rig_error *e);

/*
 * Hands out all combinations: the product with its last axis running fastest, then what the include
 * rules add, of which axes that a rule does not name have their first value. On failure *LINE is
 * the line of the axis or rule that is wrong.
 */
int matrix_expand(struct matrix *m, matrix_fn fn, void *userdata, int *line, struct rig_error *e);

#endif
