// SPDX-License-Identifier: GPL-2.0-only
/* What one cgroup has in memory and in swap, and a tree of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read.h"
#include "size.h"

int cgroup_dir(const char *name, char *dir, size_t size)
{
	size_t prefix = strlen(CGROUP_DIR), len = prefix;

	if (!strncmp(name, CGROUP_DIR, prefix) && (!name[prefix] || name[prefix] == '/'))
		name += prefix;
	if (len >= size)
		return -ENAMETOOLONG;
	strcpy(dir, CGROUP_DIR);
	while (*(name += strspn(name, "/"))) {
		size_t part = strcspn(name, "/");

		if (part == 2 && !strncmp(name, "..", 2))
			return -EINVAL;
		if (part != 1 || *name != '.') {
			if (part >= size - len - 1)
				return -ENAMETOOLONG;
			dir[len++] = '/';
			memcpy(dir + len, name, part);
			len += part;
			dir[len] = '\0';
		}
		name += part;
	}
	return 0;
}

const char *cgroup_path(const char *dir)
{
	return dir[strlen(CGROUP_DIR)] ? dir + strlen(CGROUP_DIR) : "/";
}

static bool is_gone(int err)
{
	return err == -ENOENT || err == -ENODEV || err == -ENOTDIR;
}

int read_cgroup_attr(struct sysroot *root, const char *dir, const char *file, char *buf,
		     size_t size)
{
	char name[2 * PATH_MAX];
	int err;

	snprintf(name, sizeof(name), "%s/%s", dir, file);
	err = sysroot_read_line(root, name, buf, size);
	if (is_gone(err)) {
		*buf = '\0';
		return 0;
	}
	return err;
}

/* As read_num(), in a cgroup that may go meanwhile. */
static int read_attr_num(struct sysroot *root, const char *dir, const char *file, struct num *num)
{
	char name[2 * PATH_MAX];
	int err;

	snprintf(name, sizeof(name), "%s/%s", dir, file);
	err = read_num(root, name, num);
	return is_gone(err) ? 0 : err;
}

static int read_attr_keys(struct sysroot *root, const char *dir, const char *file,
			  const struct key *keys, size_t n)
{
	char name[2 * PATH_MAX];
	int err;

	snprintf(name, sizeof(name), "%s/%s", dir, file);
	err = read_keys(root, name, keys, n);
	return is_gone(err) ? 0 : err;
}

static int read_attr_amounts(struct sysroot *root, const char *dir, const char *file, bool words,
			     struct amounts *amounts)
{
	char name[2 * PATH_MAX];
	int err;

	snprintf(name, sizeof(name), "%s/%s", dir, file);
	err = read_amounts(root, name, words, amounts);
	return is_gone(err) ? 0 : err;
}

int limit_parse(const char *text, const char *const *words, struct limit *limit)
{
	int err;

	*limit = (struct limit){ 0 };
	for (; *words; words++)
		if (!strcmp(text, *words)) {
			*limit = (struct limit){ .known = true, .word = *words };
			return 0;
		}
	err = parse_u64(text, &limit->v);
	limit->known = !err;
	return err;
}

static int read_attr_limit(struct sysroot *root, const char *dir, const char *file,
			   struct limit *limit)
{
	static const char *const words[] = { "max", NULL };
	static const char *const ghost_words[] = { "max", "auto", NULL };
	char text[64];
	int err;

	*limit = (struct limit){ 0 };
	err = read_cgroup_attr(root, dir, file, text, sizeof(text));
	if (err || !*text)
		return err;
	err = limit_parse(text, strcmp(file, CGROUP_GHOST_MAX) ? words : ghost_words, limit);
	if (err) {
		char name[2 * PATH_MAX];

		snprintf(name, sizeof(name), "%s/%s", dir, file);
		sysroot_path(root, name, root->failed, sizeof(root->failed));
	}
	return err == -EINVAL ? -EBADMSG : err;
}

/* The lower one of two limits that are numbers or max. */
static struct limit lower_limit(struct limit a, struct limit b)
{
	if (!a.known || !b.known)
		return (struct limit){ 0 };
	if (a.word)
		return b;
	return b.word || a.v < b.v ? a : b;
}

struct limit ghost_limit(struct limit ghost_max, struct limit swap_max)
{
	if (!ghost_max.known || !ghost_max.word || strcmp(ghost_max.word, "auto"))
		return ghost_max;
	/* What is no number but 0 is taken over: 0, max, or not known. */
	return swap_max.v ? (struct limit){ .known = true, .word = "max" } : swap_max;
}

/* Whether @dir is the root of the hierarchy, which has no limits. */
static bool is_root(const char *dir)
{
	return !strcmp(dir, CGROUP_DIR);
}

/* memory.swap.ghost.max of @dir as it works, its ancestors apart. */
static int read_ghost_limit(struct sysroot *root, const char *dir, struct limit *limit)
{
	struct limit ghost_max, swap_max;
	int err;

	err = read_attr_limit(root, dir, CGROUP_GHOST_MAX, &ghost_max);
	if (!err)
		err = read_attr_limit(root, dir, "memory.swap.max", &swap_max);
	if (!err)
		*limit = ghost_limit(ghost_max, swap_max);
	return err;
}

/* The lowest limit of the ancestors of @dir; max if that is none but the root. */
static int read_ghost_limit_above(struct sysroot *root, const char *dir, struct limit *limit)
{
	struct limit one;
	char up[PATH_MAX];
	int err = 0;

	*limit = (struct limit){ .known = true, .word = "max" };
	snprintf(up, sizeof(up), "%s", dir);
	while (!err && !is_root(up)) {
		*strrchr(up, '/') = '\0';
		if (is_root(up))
			break;
		err = read_ghost_limit(root, up, &one);
		if (!err)
			*limit = lower_limit(*limit, one);
	}
	return err;
}

/* @above is what the ancestors allow on the ghost device. */
static int read_one(struct sysroot *root, const char *dir, struct limit above,
		    struct cgroup *cg)
{
	const struct { const char *file; struct num *num; } nums[] = {
		{ "memory.current", &cg->mem },
		{ "memory.peak", &cg->mem_peak },
		{ "memory.swap.current", &cg->disk },
		{ "memory.swap.peak", &cg->disk_peak },
		{ "memory.swap.ghost.current", &cg->ghost },
		{ "memory.swap.ghost.peak", &cg->ghost_peak },
	};
	const struct { const char *file; struct limit *limit; } limits[] = {
		{ "memory.max", &cg->mem_max },
		{ "memory.swap.high", &cg->swap_high },
		{ "memory.swap.max", &cg->swap_max },
		{ "memory.zswap.max", &cg->zswap_max },
		{ CGROUP_GHOST_MAX, &cg->ghost_max },
	};
	/* Of the root too, unlike memory.zswap.current, which is the same as zswap here. */
	const struct key stat[] = {
		{ "zswap", &cg->pool },
		{ "zswapped", &cg->zswap },
		{ "ghost_zero", &cg->zero },
	};
	const struct key swap_events[] = {
		{ "high", &cg->swap_high_events },
		{ "max", &cg->swap_max_events },
		{ "fail", &cg->swap_fail_events },
	};
	const struct key ghost_events[] = {
		{ "max", &cg->ghost_max_events },
		{ "fail", &cg->ghost_fail_events },
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(nums) / sizeof(nums[0]) && !err; i++)
		err = read_attr_num(root, dir, nums[i].file, nums[i].num);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]) && !err; i++)
		err = read_attr_limit(root, dir, limits[i].file, limits[i].limit);
	if (!err)
		err = read_attr_num(root, dir, "memory.zswap.writeback", &cg->writeback);
	if (!err)
		err = read_attr_keys(root, dir, "memory.stat", stat,
				     sizeof(stat) / sizeof(stat[0]));
	if (!err)
		err = read_attr_keys(root, dir, "memory.swap.events", swap_events,
				     sizeof(swap_events) / sizeof(swap_events[0]));
	if (!err)
		err = read_attr_keys(root, dir, "memory.swap.ghost.events", ghost_events,
				     sizeof(ghost_events) / sizeof(ghost_events[0]));
	if (!err)
		err = read_attr_amounts(root, dir, CGROUP_TIERS_CURRENT, false, &cg->tiers);
	if (!err)
		err = read_attr_amounts(root, dir, CGROUP_TIERS_MAX, true, &cg->tiers_max);
	if (!err)
		err = read_attr_amounts(root, dir, CGROUP_TIERS_EFFECTIVE, true, &cg->tiers_limit);
	if (!err && cg->ghost_max.known)
		cg->ghost_limit = lower_limit(above, ghost_limit(cg->ghost_max, cg->swap_max));
	return err;
}

static bool swaps(const struct cgroup *cg)
{
	return (cg->disk.known && cg->disk.v) || (cg->ghost.known && cg->ghost.v) ||
	       (cg->zswap.known && cg->zswap.v);
}

struct collect {
	struct cgroups *cgroups;
	struct limit above;	/* limit of what is above the first one */
	bool all;
	ptrdiff_t at;		/* the cgroup that is being visited; -1 for none */
};

static int enter(struct sysroot *root, const char *dir, void *arg)
{
	struct collect *collect = arg;
	struct cgroups *cgs = collect->cgroups;
	struct limit above = collect->above;
	struct cgroup *cg;

	if (cgs->n == cgs->room) {
		size_t room = cgs->room ? 2 * cgs->room : 16;
		struct cgroup *more = reallocarray(cgs->v, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		cgs->v = more;
		cgs->room = room;
	}
	/* Only the root has none of its own. */
	if (collect->at >= 0 && cgs->v[collect->at].ghost_limit.known)
		above = cgs->v[collect->at].ghost_limit;
	cg = &cgs->v[cgs->n];
	*cg = (struct cgroup){ .parent = collect->at };
	cg->path = strdup(cgroup_path(dir));
	if (!cg->path)
		return -ENOMEM;
	collect->at = cgs->n++;
	return read_one(root, dir, above, cg);
}

static void cgroup_release(struct cgroup *cg)
{
	free(cg->path);
	amounts_release(&cg->tiers);
	amounts_release(&cg->tiers_max);
	amounts_release(&cg->tiers_limit);
}

static void leave(void *arg)
{
	struct collect *collect = arg;
	struct cgroups *cgs = collect->cgroups;
	struct cgroup *cg = &cgs->v[collect->at];

	/* Kept for what is below it, too, and if it is what was asked for. */
	if (!collect->all && cg->parent >= 0 && !swaps(cg) &&
	    (size_t)collect->at == cgs->n - 1) {
		cgs->n--;
		cgroup_release(cg);
	}
	collect->at = cg->parent;
}

int read_cgroups(struct sysroot *root, const char *dir, unsigned int depth, bool all,
		 struct cgroups *cgs)
{
	static const struct cgroup_visitor visitor = { .enter = enter, .leave = leave };
	struct collect collect = { .cgroups = cgs, .all = all, .at = -1 };
	int err;

	*cgs = (struct cgroups){ 0 };
	err = read_ghost_limit_above(root, dir, &collect.above);
	if (err)
		return err;
	return walk_cgroups(root, dir, depth, &visitor, &collect, &cgs->more);
}

void cgroups_release(struct cgroups *cgs)
{
	for (size_t i = 0; i < cgs->n; i++)
		cgroup_release(&cgs->v[i]);
	free(cgs->v);
	*cgs = (struct cgroups){ 0 };
}

/* Whether @word stands in @text, words with blanks between. */
static bool has_word(char *text, const char *word)
{
	char *save;

	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		if (!strcmp(w, word))
			return true;
	return false;
}

int read_cgroup_controller(struct sysroot *root, const char *dir, bool *memory)
{
	char text[1024];
	int err;

	err = read_cgroup_attr(root, dir, "cgroup.controllers", text, sizeof(text));
	*memory = !err && has_word(text, "memory");
	return err;
}
