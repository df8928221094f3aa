/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_ERROR_H
#define RIG_ERROR_H

/* Why a function failed, in words: filled by the function that knows, printed by main. */
struct rig_error {
	char text[512];
};

/*
 * Writes the reason and returns R (a negative errno), so that callers can `return rig_fail(...)`. E
 * may be NULL.
 */
int rig_fail(struct rig_error *e, int r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
