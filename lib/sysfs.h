/* SPDX-License-Identifier: GPL-2.0-only */
/* Small files of /proc, /sys and cgroupfs, below a root that can be a captured tree. */
#ifndef GHOSTSWAP_LIB_SYSFS_H
#define GHOSTSWAP_LIB_SYSFS_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "strbuf.h"

/* No file that these functions read may be larger, in bytes. */
#define SYSFS_FILE_MAX	(1024 * 1024)

/*
 * All paths are absolute as seen from the root; symbolic links do not lead out
 * of it. After a function failed, @failed is the path that it failed at, as a
 * user of this process's own root would write it, for the error message.
 */
struct sysroot {
	int fd;
	bool real;			/* the root is "/" */
	char prefix[PATH_MAX];		/* "" for "/" */
	char failed[2 * PATH_MAX];
};

/*
 * Open the directory @path ("/" or NULL for the machine itself) as a root.
 * 0 or negative errno. sysroot_close() when done, also after a failure.
 */
int sysroot_open(struct sysroot *sr, const char *path);
void sysroot_close(struct sysroot *sr);

/*
 * Write @path with the prefix of the root before it into @buf, for a message or
 * a system call that takes a path. 0 or -ENAMETOOLONG.
 */
int sysroot_path(const struct sysroot *sr, const char *path, char *buf, size_t size);

/* Whether @path exists: 1, 0, or negative errno when that cannot be known. */
int sysroot_exists(struct sysroot *sr, const char *path);

/* Open @path with open(2) @flags. A file descriptor or negative errno. */
int sysroot_openfile(struct sysroot *sr, const char *path, int flags);

/* Open the directory @path; closedir() it. 0 or negative errno. */
int sysroot_opendir(struct sysroot *sr, const char *path, DIR **dir);

/*
 * Read all of @path into @out, whose earlier text is dropped.
 * 0; -EFBIG over SYSFS_FILE_MAX; -EBADMSG when the file holds a NUL;
 * or negative errno of open(2) or read(2).
 */
int sysroot_read(struct sysroot *sr, const char *path, struct strbuf *out);

/* Read one line, without white space at its ends; -EBADMSG when there are more. */
int sysroot_read_line(struct sysroot *sr, const char *path, char *buf, size_t size);

/*
 * Read a file that holds one number. -EBADMSG when it holds something else,
 * -ERANGE when the number does not fit.
 */
int sysroot_read_u64(struct sysroot *sr, const char *path, uint64_t *val);

/* Read a file that holds Y, N, 1 or 0. -EBADMSG when it holds something else. */
int sysroot_read_bool(struct sysroot *sr, const char *path, bool *val);

/* Write @text in one write(2), as sysfs and sysctl want it. 0 or negative errno. */
int sysroot_write(struct sysroot *sr, const char *path, const char *text);

/*
 * Find @key in @text, lines of the form "key value", "key: value" or
 * "key: value kB". *@val is the number as written, or 1024 times it with kB.
 * 0; -ENOENT without such a line; -EBADMSG or -ERANGE for the number.
 */
int keyed_u64(const char *text, const char *key, uint64_t *val);

#endif
