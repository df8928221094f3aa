/* SPDX-License-Identifier: GPL-2.0-only */
/* Settings of cgroups: what cgroup set, demote and config share. */
#ifndef SWAPADM_CGROUP_H
#define SWAPADM_CGROUP_H

#include <limits.h>
#include <stddef.h>

#include "columns.h"
#include "sysfs.h"

/* Whether cgroup v2 with the memory controller is there. Exit status, after a message. */
int cgroup_hierarchy(void);

/*
 * Find the cgroup @name, whose directory becomes @dir. Exit status, after a message.
 * What is no cgroup is not touched, wherever a mount or a link leads.
 */
int cgroup_find(const char *name, char *dir, size_t size);

/* A key of cgroup set and of the cgroup sections of swapadm.conf(5). */
struct setting {
	const char *key;		/* ends in a dot: the name of a tier follows */
	const char *file;
	const char *const *words;	/* beside a size; NULL: 0 or 1 */
};

/* All of them; ends with a NULL key. */
extern const struct setting settings[];

/* A setting that is to be written. */
struct assignment {
	const struct setting *setting;
	char key[32];			/* with the name of the tier */
	char file[PATH_MAX + 32];	/* in the cgroup */
	char new[64];			/* as it is written */
	char old[64];			/* likewise, to undo it */
};

/* The tier that @set is about; NULL for other settings. */
const char *assignment_tier(const struct assignment *set);

/* Take the key, @len bytes. 0 or -EINVAL. */
int assignment_key(struct assignment *set, const char *key, size_t len);

/* Take the value of a key that was taken. 0, or -EINVAL and the reason in @why. */
int assignment_value(struct assignment *set, const char *text, char *why, size_t size);

/*
 * Read what is there now, in the cgroup at @dir. 0; -ENOENT without such a file; -ESRCH
 * without such a tier; or negative errno, then root->failed is the file.
 */
int assignment_read(struct sysroot *root, struct assignment *set, const char *dir);

#endif
