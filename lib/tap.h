/* SPDX-License-Identifier: GPL-2.0 */
#ifndef GHOSTSWAP_TAP_H
#define GHOSTSWAP_TAP_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Reader of KTAP version 1 (TAP 13/14 lines are understood too). Subtests are indented by any
 * amount and stand before the result line of their parent. Totals count leaves: a parent's line
 * adds a failure only when none of its children failed.
 */
enum tap_status {
	TAP_OK,
	TAP_NOT_OK,
	TAP_SKIP,
	TAP_TODO,	/* expected to fail: TODO and XFAIL; never a failure */
};

#define TAP_NAME_MAX	256
#define TAP_DEPTH_MAX	16
#define TAP_KEEP_MAX	5000	/* results kept; the totals go on counting */

struct tap_result {
	char *name;		/* parents are not prefixed */
	char *note;		/* text of the directive, or NULL */
	enum tap_status status;
	unsigned int depth;
	bool parent;		/* summary of the results before it */
};

struct tap_totals {
	size_t passed;		/* leaves, TODO included */
	size_t failed;
	size_t skipped;
	size_t plan_errors;	/* plans not met, plans that are no plan */
	size_t dropped;		/* results over TAP_KEEP_MAX: counted above, not kept */
	bool bailed;
	bool skip_all;		/* a `1..0 # SKIP` was seen */
};

struct tap;

struct tap *tap_new(void);
void tap_free(struct tap *t);

/* One line without its newline. Returns true when it is part of a KTAP document. */
bool tap_line(struct tap *t, const char *line);

/* The stream ended: open plans are checked. */
void tap_end(struct tap *t);

const struct tap_totals *tap_totals(const struct tap *t);

/* First thing that went wrong, for people; "" when nothing did. */
const char *tap_first_error(const struct tap *t);

size_t tap_count(const struct tap *t);
const struct tap_result *tap_get(const struct tap *t, size_t i);
const char *tap_status_name(enum tap_status s);

#endif
