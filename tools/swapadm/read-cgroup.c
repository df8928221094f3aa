// SPDX-License-Identifier: GPL-2.0-only
/* A bounded walk through cgroup v2. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read.h"
#include "size.h"

#define DEPTH_MAX	32
#define CGROUPS_MAX	100000

struct walk {
	struct sysroot *root;
	struct num limit;
	struct cgroup_limits *found;
	size_t visited;
};

/* Read @file of the cgroup at @path. A cgroup that has gone meanwhile says "". */
static int read_attr(struct walk *walk, const char *path, const char *file, char *buf, size_t size)
{
	char name[2 * PATH_MAX];
	int err;

	snprintf(name, sizeof(name), "%s/%s", path, file);
	err = sysroot_read_line(walk->root, name, buf, size);
	if (err == -ENOENT || err == -ENODEV || err == -ENOTDIR) {
		*buf = '\0';
		return 0;
	}
	return err;
}

static int visit(struct walk *walk, const char *path, int depth);

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Collect the names of the directories in @path, in order. */
static int children(struct walk *walk, const char *path, char ***names, size_t *n)
{
	struct dirent *ent;
	DIR *dir;
	int err;

	*names = NULL;
	*n = 0;
	err = sysroot_opendir(walk->root, path, &dir);
	if (err)
		return err == -ENOENT || err == -ENOTDIR ? 0 : err;
	while (!err && (ent = readdir(dir))) {
		char **more;

		/* Not every file system of a captured tree tells the type. */
		if ((ent->d_type != DT_DIR && ent->d_type != DT_UNKNOWN) || *ent->d_name == '.')
			continue;
		more = realloc(*names, (*n + 1) * sizeof(*more));
		if (!more) {
			err = -ENOMEM;
			break;
		}
		*names = more;
		more[*n] = strdup(ent->d_name);
		if (more[*n])
			(*n)++;
		else
			err = -ENOMEM;
	}
	closedir(dir);
	if (*n)
		qsort(*names, *n, sizeof(**names), by_name);
	return err;
}

static int descend(struct walk *walk, const char *path, int depth)
{
	char below[PATH_MAX], **names;
	size_t n;
	int err;

	err = children(walk, path, &names, &n);
	for (size_t i = 0; i < n; i++) {
		if (!err && ++walk->visited <= CGROUPS_MAX && depth < DEPTH_MAX &&
		    snprintf(below, sizeof(below), "%s/%s", path, names[i]) < PATH_MAX)
			err = visit(walk, below, depth + 1);
		else
			walk->found->more = true;
		free(names[i]);
	}
	free(names);
	return err;
}

static void add(struct cgroup_set *set, const char *path)
{
	if (!set->n++)
		snprintf(set->first, sizeof(set->first), "%s", path + strlen(CGROUP_DIR));
}

static int visit(struct walk *walk, const char *path, int depth)
{
	char swap_max[64], ghost_max[64];
	uint64_t max;
	int err;

	err = read_attr(walk, path, "memory.swap.max", swap_max, sizeof(swap_max));
	if (!err)
		err = read_attr(walk, path, "memory.swap.ghost.max", ghost_max, sizeof(ghost_max));
	if (err)
		return err;
	if (!strcmp(swap_max, "0") && !strcmp(ghost_max, "auto"))
		add(&walk->found->no_swap, path);
	/* max and auto are no numbers. */
	if (walk->limit.known && !parse_u64(ghost_max, &max) && max > walk->limit.v)
		add(&walk->found->too_high, path);
	return descend(walk, path, depth);
}

int read_cgroup_limits(struct sysroot *root, struct num limit, struct cgroup_limits *found)
{
	struct walk walk = { .root = root, .limit = limit, .found = found };

	*found = (struct cgroup_limits){ 0 };
	return descend(&walk, CGROUP_DIR, 0);
}
