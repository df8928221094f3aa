/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_PLAN_SELECT_H
#define RIG_PLAN_SELECT_H

#include "error.h"
#include "paths.h"
#include "plan.h"

/* Loads the plan NAME: a path, known by a "/" or by ".ini" at its end, or the name of one in rig/plans. */
int plan_find(const struct paths *paths, const char *name, struct plan **ret, struct rig_error *e);

/*
 * The cells that PATTERNS name, in the plan's order, all without any; a pattern that matches none is
 * an error. *RET is to be freed; the cells are the plan's.
 */
int plan_select(const struct plan *plan, char **patterns, int n, struct cell_spec ***ret,
		size_t *count, struct rig_error *e);

/*
 * The plan NAME and its one cell that PATTERN names, which is the plan's; that it names several is an error. *PLAN may be
 * set on errors, too.
 */
int plan_find_cell(const struct paths *paths, const char *name, char *pattern, struct plan **plan,
		   struct cell_spec **cell, struct rig_error *e);

#endif
