// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan-select.h"

/* A bare name is never a file of the current directory: a folder called check would hide the plan. */
static bool is_path(const char *name)
{
	size_t n = strlen(name);

	return strchr(name, '/') || (n > 4 && !strcmp(name + n - 4, ".ini"));
}

int plan_find(const struct paths *paths, const char *name, struct plan **ret, struct rig_error *e)
{
	char *path;
	int r;

	if (is_path(name))
		return plan_load(name, ret, e);
	if (asprintf(&path, "%s/%s.ini", paths->plans, name) < 0)
		return rig_fail(e, -ENOMEM, "out of memory");
	r = plan_load(path, ret, e);
	free(path);
	return r;
}

int plan_select(const struct plan *plan, char **patterns, int n, struct cell_spec ***ret,
			size_t *count, struct rig_error *e)
{
	struct cell_spec **list = calloc(plan->cells, sizeof(*list));
	size_t c, found = 0;
	int i;

	if (!list)
		return rig_fail(e, -ENOMEM, "out of memory");
	for (i = 0; i < n; i++) {
		for (c = 0; c < plan->cells && fnmatch(patterns[i], plan->cell[c]->name, 0); c++)
			;
		if (c == plan->cells) {
			free(list);
			return rig_fail(e, -ENOENT, "%s: no cell of the plan matches %s",
					plan->path, patterns[i]);
		}
	}
	for (c = 0; c < plan->cells; c++) {
		for (i = 0; i < n && fnmatch(patterns[i], plan->cell[c]->name, 0); i++)
			;
		if (!n || i < n)
			list[found++] = plan->cell[c];
	}
	*ret = list;
	*count = found;
	return 0;
}

int plan_find_cell(const struct paths *paths, const char *name, char *pattern, struct plan **plan,
		   struct cell_spec **cell, struct rig_error *e)
{
	struct cell_spec **list = NULL;
	size_t n;
	int r;

	r = plan_find(paths, name, plan, e) ?: plan_select(*plan, &pattern, 1, &list, &n, e);
	if (!r && n != 1)
		r = rig_fail(e, -EINVAL, "%s names %zu cells: one is needed", pattern, n);
	if (!r)
		*cell = list[0];
	free(list);
	return r;
}
