/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_INITRD_H
#define RIG_INITRD_H

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "error.h"

/*
 * Writer of a newc cpio archive. Same input, same bytes: times are 0, owners root, inode numbers
 * count up.
 */
struct cpio {
	FILE *file;
	unsigned int ino;
};

/* All return 0 or -errno. NAME is a path without a leading '/'; parents must be written before. */
int cpio_dir(struct cpio *c, const char *name, mode_t mode);
int cpio_data(struct cpio *c, const char *name, mode_t mode, const void *data, size_t len);
int cpio_node(struct cpio *c, const char *name, mode_t mode, unsigned int major,
	      unsigned int minor);
/* Copies the regular file PATH. */
int cpio_file(struct cpio *c, const char *name, mode_t mode, const char *path);
/* The trailer; the archive is complete once the stream was flushed. */
int cpio_end(struct cpio *c);

/* What goes into the initrd of a cell; directories that do not exist are left out. */
struct initrd_source {
	const char *agent;		/* becomes /init; needed */
	const char *programs;		/* directory: executables into /bin, without agent itself */
	const char *swapadm;		/* file, into /bin; may be missing */
	const char *kselftest;		/* directory, into /kselftest */
	const char *scenarios; /* directory, into /rig/scenarios; its lib.sh is /rig/lib.sh too */
	const char *const *product; /* directories, NULL terminated, all into /rig/product: units,
				       rules and the like */
	const char *job;		/* text of /job; NULL: without one */
};

/* Writes the initrd into F. 0 or -errno with the reason in E. */
int initrd_write(FILE *f, const struct initrd_source *src, struct rig_error *e);

/*
 * An archive of /job alone. The kernel unpacks archives that stand one after the other: this one,
 * behind what initrd_write() made without a job, is all that differs between the cells of a run.
 */
int initrd_write_job(FILE *f, const char *job, struct rig_error *e);

#endif
