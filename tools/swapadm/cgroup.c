// SPDX-License-Identifier: GPL-2.0-only
/* swapadm cgroup: what the cgroups of version 2 have in swap, and their limits. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "read.h"
#include "size.h"
#include "swapadm.h"

enum {
	CG_PATH, CG_MEM, CG_MEM_PEAK, CG_MEM_MAX, CG_GHOST, CG_GHOST_PEAK, CG_GHOST_MAX,
	CG_GHOST_LIMIT, CG_ZERO, CG_ZSWAP, CG_POOL, CG_RATIO, CG_ZSWAP_MAX, CG_WRITEBACK, CG_DISK,
	CG_DISK_PEAK, CG_TIERS, CG_TIERS_MAX, CG_TIERS_LIMIT, CG_NO_SWAP, CG_SWAP_HIGH, CG_SWAP_MAX, CG_SWAP_EV_HIGH, CG_SWAP_EV_MAX,
	CG_SWAP_EV_FAIL, CG_GHOST_EV_MAX, CG_GHOST_EV_FAIL,
};

static const struct column cgroup_cols[] = {
	{ CG_PATH, "CGROUP", "path", COL_STRING, true, false,
	  "path from the root of the hierarchy" },
	{ CG_MEM, "MEM", "memory", COL_BYTES, true, false, "memory in use" },
	{ CG_MEM_PEAK, "MEM-PEAK", "memory_peak", COL_BYTES, false, false, "highest MEM" },
	{ CG_MEM_MAX, "MEM-MAX", "memory_max", COL_LIMIT, false, false, "limit of MEM" },
	{ CG_GHOST, "GHOST", "ghost", COL_BYTES, true, false,
	  "slots on the ghost device, as bytes" },
	{ CG_GHOST_PEAK, "GHOST-PEAK", "ghost_peak", COL_BYTES, false, false, "highest GHOST" },
	{ CG_GHOST_MAX, "GHOST-MAX", "ghost_max", COL_LIMIT, false, false,
	  "limit of GHOST as it was set" },
	{ CG_GHOST_LIMIT, "GHOST-LIMIT", "ghost_limit", COL_LIMIT, true, false,
	  "what that means, with those of the ancestors" },
	{ CG_ZERO, "ZERO", "zero", COL_BYTES, true, false, "zero pages of GHOST" },
	{ CG_ZSWAP, "ZSWAP", "zswap", COL_BYTES, true, false, "in zswap, before compression" },
	{ CG_POOL, "POOL", "zswap_pool", COL_BYTES, true, false, "the same compressed" },
	{ CG_RATIO, "RATIO", "zswap_ratio", COL_RATIO, true, false, "ZSWAP by POOL" },
	{ CG_ZSWAP_MAX, "ZSWAP-MAX", "zswap_max", COL_LIMIT, true, false, "limit of POOL" },
	{ CG_WRITEBACK, "WRITEBACK", "zswap_writeback", COL_BOOL, false, false,
	  "zswap may write pages to a disk" },
	{ CG_DISK, "DISK", "disk", COL_BYTES, true, false,
	  "slots on other swap devices, as bytes" },
	{ CG_DISK_PEAK, "DISK-PEAK", "disk_peak", COL_BYTES, false, false, "highest DISK" },
	{ CG_TIERS, "TIERS", "tiers", COL_AMOUNTS, false, false, "what it has on each tier" },
	{ CG_TIERS_MAX, "TIERS-MAX", "tiers_max", COL_AMOUNTS, false, false,
	  "limits of TIERS as they were set" },
	{ CG_TIERS_LIMIT, "TIERS-LIMIT", "tiers_limit", COL_AMOUNTS, false, false,
	  "what that means, with those of the ancestors" },
	{ CG_NO_SWAP, "NO-SWAP", "no_swap", COL_BOOL, false, false,
	  "TIERS-LIMIT leaves no tier: nothing is swapped" },
	{ CG_SWAP_HIGH, "SWAP-HIGH", "swap_high", COL_LIMIT, false, false,
	  "throttle limit of DISK" },
	{ CG_SWAP_MAX, "SWAP-MAX", "swap_max", COL_LIMIT, true, false, "limit of DISK" },
	{ CG_SWAP_EV_HIGH, "SWAP-EV-HIGH", "swap_events_high", COL_COUNT, false, false,
	  "times that DISK was over SWAP-HIGH" },
	{ CG_SWAP_EV_MAX, "SWAP-EV-MAX", "swap_events_max", COL_COUNT, false, false,
	  "times that a limit kept a page from being swapped out" },
	{ CG_SWAP_EV_FAIL, "SWAP-EV-FAIL", "swap_events_fail", COL_COUNT, false, false,
	  "times that a limit, or want of slots, did" },
	{ CG_GHOST_EV_MAX, "GHOST-EV-MAX", "ghost_events_max", COL_COUNT, false, false,
	  "as SWAP-EV-MAX, of GHOST-MAX alone" },
	{ CG_GHOST_EV_FAIL, "GHOST-EV-FAIL", "ghost_events_fail", COL_COUNT, false, false,
	  "as SWAP-EV-FAIL, of the ghost device alone" },
};

static const struct num_field cgroup_nums[] = {
	{ CG_MEM, offsetof(struct cgroup, mem) },
	{ CG_MEM_PEAK, offsetof(struct cgroup, mem_peak) },
	{ CG_GHOST, offsetof(struct cgroup, ghost) },
	{ CG_GHOST_PEAK, offsetof(struct cgroup, ghost_peak) },
	{ CG_ZERO, offsetof(struct cgroup, zero) },
	{ CG_ZSWAP, offsetof(struct cgroup, zswap) },
	{ CG_POOL, offsetof(struct cgroup, pool) },
	{ CG_DISK, offsetof(struct cgroup, disk) },
	{ CG_DISK_PEAK, offsetof(struct cgroup, disk_peak) },
	{ CG_SWAP_EV_HIGH, offsetof(struct cgroup, swap_high_events) },
	{ CG_SWAP_EV_MAX, offsetof(struct cgroup, swap_max_events) },
	{ CG_SWAP_EV_FAIL, offsetof(struct cgroup, swap_fail_events) },
	{ CG_GHOST_EV_MAX, offsetof(struct cgroup, ghost_max_events) },
	{ CG_GHOST_EV_FAIL, offsetof(struct cgroup, ghost_fail_events) },
};

static void cgroup_get(const void *row, int id, struct value *val)
{
	const struct cgroup *cg = row;

	switch (id) {
	case CG_PATH:
		value_str(val, cg->path);
		break;
	case CG_MEM_MAX:
		value_limit(val, cg->mem_max);
		break;
	case CG_GHOST_MAX:
		value_limit(val, cg->ghost_max);
		break;
	case CG_GHOST_LIMIT:
		value_limit(val, cg->ghost_limit);
		break;
	case CG_RATIO:
		val->known = ratio(cg->zswap, cg->pool, &val->d);
		break;
	case CG_ZSWAP_MAX:
		value_limit(val, cg->zswap_max);
		break;
	case CG_WRITEBACK:
		val->known = cg->writeback.known;
		val->b = cg->writeback.v;
		break;
	case CG_TIERS:
		value_amounts(val, &cg->tiers);
		break;
	case CG_TIERS_MAX:
		value_amounts(val, &cg->tiers_max);
		break;
	case CG_TIERS_LIMIT:
		value_amounts(val, &cg->tiers_limit);
		break;
	case CG_NO_SWAP:
		val->known = cg->tiers_limit.known;
		val->b = no_tier(&cg->tiers_limit);
		break;
	case CG_SWAP_HIGH:
		value_limit(val, cg->swap_high);
		break;
	case CG_SWAP_MAX:
		value_limit(val, cg->swap_max);
		break;
	}
}

static ptrdiff_t cgroup_parent(const void *row)
{
	const struct cgroup *cg = row;

	return cg->parent;
}

/* The first row says where the tree hangs, the others what they add to that. */
static const char *cgroup_label(const void *row)
{
	const struct cgroup *cg = row;

	return cg->parent < 0 ? cg->path : strrchr(cg->path, '/') + 1;
}

static const struct tree cgroup_tree = {
	.id = CG_PATH,
	.parent = cgroup_parent,
	.label = cgroup_label,
};

static const struct columns cgroup_columns = {
	.rows = "cgroups",
	.record = "cgroup",
	.col = cgroup_cols,
	.n = sizeof(cgroup_cols) / sizeof(cgroup_cols[0]),
	.nums = cgroup_nums,
	.n_nums = sizeof(cgroup_nums) / sizeof(cgroup_nums[0]),
	.tree = &cgroup_tree,
	.get = cgroup_get,
};

/* Options of the verbs. */
static struct {
	bool all;
	unsigned int depth;
} verb_opts = { .depth = UINT_MAX };

/*
 * Read the cgroup @name and @depth levels below it; @all: with those that do not swap.
 * Exit status, after a message; cgroups_release() in each case.
 */
static int load_cgroups(const char *name, unsigned int depth, bool all, struct cgroups *cgroups)
{
	char dir[PATH_MAX];
	int status, err;

	status = cgroup_hierarchy();
	if (!status)
		status = cgroup_find(name, dir, sizeof(dir));
	if (status)
		return status;
	err = read_cgroups(&root, dir, depth, all, cgroups);
	return err ? cannot_read(err) : EX_OK;
}

static int do_list(int argc, char **argv)
{
	struct cgroups cgroups = { 0 };
	struct layout lay = layout();
	struct selection sel;
	int status;

	if (argc > 1)
		return usage_error("one cgroup is expected");
	status = choose_columns(&cgroup_columns, &sel);
	if (!status)
		status = load_cgroups(argc ? argv[0] : "/", verb_opts.depth, verb_opts.all,
				      &cgroups);
	if (!status)
		status = print_status(print_rows(&cgroup_columns, &sel, &lay, command_name(),
						 cgroups.v, cgroups.n, sizeof(*cgroups.v)));
	if (!status && cgroups.more) {
		message("not all are shown: too many cgroups, or more than %d levels",
			CGROUP_DEPTH_MAX);
		status = EX_FAILED;
	}
	cgroups_release(&cgroups);
	selection_release(&sel);
	return status;
}

static int do_show(int argc, char **argv)
{
	struct cgroups cgroups = { 0 };
	struct layout lay = layout();
	struct selection sel;
	int status;

	if (argc != 1)
		return usage_error("one cgroup is expected");
	if (!opts.columns && !opts.all_columns) {
		opts.all_columns = true;
		lay.known_only = true;
	}
	status = choose_columns(&cgroup_columns, &sel);
	if (!status)
		status = load_cgroups(argv[0], 0, true, &cgroups);
	if (!status)
		status = print_status(print_record(&cgroup_columns, &sel, &lay, command_name(),
						   cgroups.v));
	cgroups_release(&cgroups);
	selection_release(&sel);
	return status;
}

/* No more settings than these are taken at once. */
#define SETTINGS_MAX	64

/* Parse the arguments KEY=VALUE. *@n counts those that were. */
static int parse_assignments(int argc, char **argv, struct assignment *sets, size_t *n)
{
	for (*n = 0; *n < (size_t)argc; (*n)++) {
		const char *arg = argv[*n], *value = strchr(arg, '=');
		struct assignment *set = &sets[*n];
		char why[128];

		if (!value)
			return usage_error("%s: KEY=VALUE is expected", arg);
		if (assignment_key(set, arg, value - arg))
			return usage_error("unknown key: %.*s", (int)(value - arg), arg);
		for (size_t i = 0; i < *n; i++)
			if (!strcmp(sets[i].key, set->key))
				return usage_error("%s is given twice", set->key);
		if (assignment_value(set, value + 1, why, sizeof(why)))
			return usage_error("%s: %s: %s", set->key, value + 1, why);
	}
	return EX_OK;
}

/* See that @set can be written, and what is there now. */
static int prepare(const char *dir, struct assignment *set)
{
	const char *path = cgroup_path(dir);
	int err, fd;

	err = assignment_read(&root, set, dir);
	if (err == -ENOENT) {
		message("%s: %s has no %s", path,
			strcmp(path, "/") ? "this kernel" : "the root cgroup",
			set->setting->file);
		return EX_UNSUPPORTED;
	}
	if (err == -ESRCH) {
		message("%s: %s: there is no tier of that name", path, set->key);
		return EX_FAILED;
	}
	if (err)
		return cannot_read(err);
	if (opts.dry_run)
		return EX_OK;
	fd = sysroot_openfile(&root, set->file, O_WRONLY);
	if (fd < 0) {
		message("%s: cannot write %s: %s; nothing was changed", path, root.failed,
			reason(fd));
		return refused(fd);
	}
	close(fd);
	return EX_OK;
}

/* Write what was there before into the first @n of @sets. Whether all of it is. */
static bool roll_back(const char *path, const struct assignment *sets, size_t n)
{
	bool all = true;

	while (n--) {
		const struct assignment *set = &sets[n];
		int err = sysroot_write(&root, set->file, set->old);

		if (err) {
			message("%s: cannot write %s to %s: %s; %s stays %s", path, set->old,
				root.failed, reason(err), set->key, set->new);
			all = false;
		} else {
			message("%s: %s is %s again", path, set->key, set->old);
		}
	}
	return all;
}

static int write_all(const char *path, const struct assignment *sets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int err;

		if (opts.dry_run) {
			int status = print_write(sets[i].file, sets[i].new);

			if (status)
				return status;
			continue;
		}
		err = sysroot_write(&root, sets[i].file, sets[i].new);
		if (!err)
			continue;
		message("%s: cannot write %s to %s: %s", path, sets[i].new, root.failed,
			reason(err));
		if (!roll_back(path, sets, i))
			return EX_PARTLY;
		message("%s: nothing was changed", path);
		return refused(err);
	}
	return EX_OK;
}

static int do_set(int argc, char **argv)
{
	struct assignment *sets;
	char dir[PATH_MAX];
	size_t n;
	int status;

	if (argc < 2)
		return usage_error("a cgroup and at least one KEY=VALUE are expected");
	/* More are some given twice, or none of them. */
	if (argc - 1 > SETTINGS_MAX)
		return usage_error("there are no more than %d keys", SETTINGS_MAX);
	sets = calloc(argc - 1, sizeof(*sets));
	if (!sets)
		return out_of_memory();
	status = parse_assignments(argc - 1, argv + 1, sets, &n);
	if (!status)
		status = cgroup_hierarchy();
	if (!status)
		status = cgroup_find(argv[0], dir, sizeof(dir));
	for (size_t i = 0; i < n && !status; i++)
		status = prepare(dir, &sets[i]);
	if (!status)
		status = write_all(cgroup_path(dir), sets, n);
	free(sets);
	return status;
}

static int set_flag(int key, const char *arg)
{
	uint64_t depth;

	switch (key) {
	case 'a':
		verb_opts.all = true;
		return 0;
	case 'd':
		if (parse_u64(arg, &depth) || depth >= UINT_MAX) {
			usage_error("%s: not a number of levels", arg);
			return -EINVAL;
		}
		verb_opts.depth = depth;
		return 0;
	}
	return -EINVAL;
}

static const struct verb_flag list_flags[] = {
	{ 'a', "all", NULL, "those too that have nothing in swap" },
	{ 'd', "depth", "LEVELS", "no more levels below the first cgroup" },
	{ 0, NULL, NULL, NULL }
};

static const struct verb verbs[] = {
	{ "list", "[PATH]", "Show a tree of the cgroups that have something in swap.", do_list,
	  &cgroup_columns, list_flags, set_flag },
	{ "show", "PATH", "Show all that is known about one cgroup.", do_show, &cgroup_columns,
	  NULL, set_flag },
	{ "set", "PATH KEY=VALUE...", "Set limits: swap.high, swap.max, zswap.max, ghost.max, tier.NAME; zswap.writeback.",
	  do_set, NULL, NULL, set_flag },
	{ NULL, NULL, NULL, NULL, NULL, NULL, NULL }
};

int do_cgroup(int argc, char **argv)
{
	return verb_dispatch("cgroup", verbs, argc, argv);
}
