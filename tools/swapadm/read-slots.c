// SPDX-License-Identifier: GPL-2.0-only
/* What the slots of devices with storage are used for: a directory a device in sysfs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read.h"
#include "size.h"

#define DEVICE_DIR	"device"

/* Such a directory. */
struct device_dir {
	char path[DEVICE_DIR_MAX];
	uint64_t number;
};

static int by_number(const void *a, const void *b)
{
	const struct device_dir *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* Collect the directories, in the order of their numbers, which is that of /proc/swaps. */
static int find_dirs(struct sysroot *root, struct device_dir **dirs, size_t *n)
{
	struct dirent *ent;
	DIR *stream;
	int err;

	*dirs = NULL;
	*n = 0;
	err = sysroot_opendir(root, SWAP_DIR, &stream);
	if (err)
		return err == -ENOENT || err == -ENOTDIR ? 0 : err;
	while ((ent = readdir(stream))) {
		struct device_dir *more;
		uint64_t number;

		if (strncmp(ent->d_name, DEVICE_DIR, strlen(DEVICE_DIR)) ||
		    parse_u64(ent->d_name + strlen(DEVICE_DIR), &number))
			continue;
		more = realloc(*dirs, (*n + 1) * sizeof(*more));
		if (!more) {
			err = -ENOMEM;
			break;
		}
		*dirs = more;
		more[*n].number = number;
		snprintf(more[*n].path, sizeof(more[*n].path), SWAP_DIR "/%s", ent->d_name);
		(*n)++;
	}
	closedir(stream);
	if (*n)
		qsort(*dirs, *n, sizeof(**dirs), by_number);
	return err;
}

/* Whether @err says that the device was switched off while somebody looked. */
static bool is_gone(int err)
{
	return err == -ENOENT || err == -ENODEV;
}

static bool is_row_of(const struct swap *swap, const char *path)
{
	size_t len = strlen(swap->name);

	return !swap->ghost && !strncmp(path, swap->name, len) &&
	       !strcmp(path + len, swap->deleted ? SWAP_DELETED : "");
}

/*
 * Find the row that @dir is about; NULL in *@row when there is none. Files that
 * were deleted may share a path: @taken are the rows that have a directory already.
 */
static int find_row(struct sysroot *root, const struct device_dir *dir, struct swaps *swaps,
		    bool *taken, struct swap **row)
{
	char file[sizeof(dir->path) + sizeof("/path")];
	struct strbuf path = STRBUF_INIT;
	int err;

	*row = NULL;
	snprintf(file, sizeof(file), "%s/path", dir->path);
	err = sysroot_read(root, file, &path);
	/* The name may end in blanks, or in a newline: just the last one is not part of it. */
	if (path.len && path.buf[path.len - 1] == '\n')
		path.buf[path.len - 1] = '\0';
	for (size_t i = 0; i < swaps->n && !err && !*row; i++)
		if (!taken[i] && is_row_of(&swaps->v[i], strbuf_str(&path))) {
			taken[i] = true;
			*row = &swaps->v[i];
			strcpy(swaps->v[i].dir, dir->path);
		}
	strbuf_release(&path);
	return is_gone(err) ? 0 : err;
}

static int read_pages(struct sysroot *root, const struct device_dir *dir, const char *name,
		      struct num *num)
{
	char file[sizeof(dir->path) + sizeof("/retired_pages")];
	int err;

	snprintf(file, sizeof(file), "%s/%s", dir->path, name);
	err = read_num(root, file, num);
	if (!err) {
		err = num_pages(num);
		if (err)
			sysroot_path(root, file, root->failed, sizeof(root->failed));
	}
	return is_gone(err) ? 0 : err;
}

static int read_failing(struct sysroot *root, const struct device_dir *dir, struct num *failing)
{
	char file[sizeof(dir->path) + sizeof("/failing")];
	bool is;
	int err;

	snprintf(file, sizeof(file), "%s/failing", dir->path);
	err = sysroot_read_bool(root, file, &is);
	if (!err)
		*failing = (struct num){ true, is };
	return is_gone(err) ? 0 : err;
}

int read_slots(struct sysroot *root, struct swaps *swaps)
{
	struct device_dir *dirs;
	bool *taken = NULL;
	struct swap *row;
	size_t n;
	int err;

	err = find_dirs(root, &dirs, &n);
	if (!err && n && swaps->n) {
		taken = calloc(swaps->n, sizeof(*taken));
		err = taken ? 0 : -ENOMEM;
	}
	for (size_t i = 0; taken && i < n && !err; i++) {
		err = find_row(root, &dirs[i], swaps, taken, &row);
		if (err || !row)
			continue;
		err = read_pages(root, &dirs[i], "lower_pages", &row->slots.lower);
		if (!err)
			err = read_pages(root, &dirs[i], "direct_pages", &row->slots.direct);
		if (!err)
			err = read_pages(root, &dirs[i], "retired_pages", &row->slots.retired);
		if (!err)
			err = read_failing(root, &dirs[i], &row->slots.failing);
	}
	free(taken);
	free(dirs);
	return err;
}
