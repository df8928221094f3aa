// SPDX-License-Identifier: GPL-2.0-only
/* What is odd about the limits of all cgroups, for check. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "read.h"
#include "size.h"

struct search {
	struct num limit;
	struct cgroup_limits *found;
};

static void add(struct cgroup_set *set, const char *dir)
{
	if (!set->n++)
		snprintf(set->first, sizeof(set->first), "%s", cgroup_path(dir));
}

bool no_tier(const struct amounts *limits)
{
	for (size_t i = 0; i < limits->n; i++)
		if (limits->v[i].limit.word || limits->v[i].limit.v)
			return false;
	return limits->n;
}

static int look_at_tiers(struct sysroot *root, const char *dir, struct cgroup_limits *found)
{
	char file[2 * PATH_MAX];
	struct amounts limits;
	int err;

	snprintf(file, sizeof(file), "%s/%s", dir, CGROUP_TIERS_EFFECTIVE);
	err = read_amounts(root, file, true, &limits);
	if (!err && no_tier(&limits))
		add(&found->no_tier, dir);
	amounts_release(&limits);
	/* A cgroup may go meanwhile. */
	return err == -ENOENT || err == -ENODEV || err == -ENOTDIR ? 0 : err;
}

static int look(struct sysroot *root, const char *dir, void *arg)
{
	struct search *search = arg;
	char swap_max[64], ghost_max[64];
	uint64_t max;
	int err;

	err = read_cgroup_attr(root, dir, "memory.swap.max", swap_max, sizeof(swap_max));
	if (!err)
		err = read_cgroup_attr(root, dir, "memory.swap.ghost.max", ghost_max,
				       sizeof(ghost_max));
	if (err)
		return err;
	if (!strcmp(swap_max, "0") && !strcmp(ghost_max, "auto"))
		add(&search->found->no_swap, dir);
	err = look_at_tiers(root, dir, search->found);
	if (err)
		return err;
	/* max and auto are no numbers. */
	if (search->limit.known && !parse_u64(ghost_max, &max) && max > search->limit.v)
		add(&search->found->too_high, dir);
	return 0;
}

int read_cgroup_limits(struct sysroot *root, struct num limit, struct cgroup_limits *found)
{
	static const struct cgroup_visitor visitor = { .enter = look };
	struct search search = { .limit = limit, .found = found };

	*found = (struct cgroup_limits){ 0 };
	return walk_cgroups(root, CGROUP_DIR, UINT_MAX, &visitor, &search, &found->more);
}
