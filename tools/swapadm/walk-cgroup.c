// SPDX-License-Identifier: GPL-2.0-only
/* A bounded walk through cgroup v2. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read.h"

#define CGROUPS_MAX	100000

struct walk {
	struct sysroot *root;
	const struct cgroup_visitor *visitor;
	void *arg;
	unsigned int depth;
	bool *more;
	size_t visited;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Collect the names of the directories in @dir, in order. */
static int children(struct walk *walk, const char *dir, char ***names, size_t *n)
{
	struct dirent *ent;
	DIR *stream;
	int err;

	*names = NULL;
	*n = 0;
	err = sysroot_opendir(walk->root, dir, &stream);
	if (err)
		return err == -ENOENT || err == -ENOTDIR ? 0 : err;
	while (!err && (ent = readdir(stream))) {
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
	closedir(stream);
	if (*n)
		qsort(*names, *n, sizeof(**names), by_name);
	return err;
}

static int visit(struct walk *walk, const char *dir, unsigned int depth)
{
	char below[PATH_MAX], **names;
	size_t n;
	int err;

	err = walk->visitor->enter(walk->root, dir, walk->arg);
	if (err)
		return err;
	/* Whoever asks for so many levels does not miss what is below. */
	if (depth < walk->depth) {
		err = children(walk, dir, &names, &n);
		for (size_t i = 0; i < n; i++) {
			if (!err && ++walk->visited <= CGROUPS_MAX && depth < CGROUP_DEPTH_MAX &&
			    snprintf(below, sizeof(below), "%s/%s", dir, names[i]) < PATH_MAX)
				err = visit(walk, below, depth + 1);
			else
				*walk->more = true;
			free(names[i]);
		}
		free(names);
	}
	if (!err && walk->visitor->leave)
		walk->visitor->leave(walk->arg);
	return err;
}

int walk_cgroups(struct sysroot *root, const char *dir, unsigned int depth,
		 const struct cgroup_visitor *visitor, void *arg, bool *more)
{
	struct walk walk = {
		.root = root,
		.visitor = visitor,
		.arg = arg,
		.depth = depth,
		.more = more,
	};

	*more = false;
	return visit(&walk, dir, 0);
}
