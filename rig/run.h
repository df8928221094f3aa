/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_RUN_H
#define RIG_RUN_H

#include <stdbool.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "accel.h"
#include "error.h"
#include "paths.h"
#include "plan.h"
#include "sha256.h"

/* A kernel that cells of a run boot; one object however many cells boot it. */
struct kernel {
	struct kernel *next;
	char *wanted;			/* as the plan or --kernel says */
	char *flavor;			/* release, debug, base, or custom */
	char *path;
	char *config;			/* NULL: not there */
	char sha256[SHA256_HEX_SIZE];
	char config_sha256[SHA256_HEX_SIZE];
};

/* An image of a directory that cells share; one object however many cells do. */
struct share {
	struct share *next;
	char *dir;			/* as the plan says */
	int fd;				/* a file without a name */
	char sha256[SHA256_HEX_SIZE];
};

/* What the cells of one run share. */
struct run {
	sd_event *event;
	const struct plan *plan;
	const struct paths *paths;
	const char *qemu;
	char *out;			/* directory of the results, absolute */
	bool keep;			/* keep initrd and disks */
	struct accel accel;
	char plan_sha256[SHA256_HEX_SIZE];
	char *image; /* real path of the root image, or NULL when no cell uses it */
	char image_sha256[SHA256_HEX_SIZE];
	int initrd_fd;			/* archive without a job, the same for all cells; -1: not made */
	char initrd_sha256[SHA256_HEX_SIZE];
	struct kernel *kernels;
	struct share *shares;
	char started[32];		/* ISO 8601, UTC */
	const char *kernel_override;	/* --kernel, or NULL */
	const char *image_override;	/* --image, or NULL */
	const char *initrd_override;	/* --initrd, or NULL */
	const char *host;		/* --host, or NULL: part of a fleet */
	unsigned int attempt;		/* --attempt */
	bool flat;			/* --flat: the one cell's files go into OUT itself */
};

/*
 * OUT: directory for the results, made when it is not there; NULL: a new one below build/rig, with
 * `latest` pointing at it. PLAN, PATHS, QEMU and KERNEL_OVERRIDE stay the caller's.
 */
int run_new(sd_event *event, const struct plan *plan, const struct paths *paths, const char *qemu,
	    const char *out, const char *kernel_override, struct run **ret, struct rig_error *e);
void run_free(struct run *run);

/* The kernel of a cell, found and hashed when first asked for. */
int run_kernel(struct run *run, const struct cell_spec *spec, const struct kernel **ret,
	       struct rig_error *e);

/* Finds and hashes the root image, once. */
int run_image(struct run *run, struct rig_error *e);

/* Makes and hashes the initrd without a job, once. */
int run_initrd(struct run *run, struct rig_error *e);

/*
 * The image (erofs) of the directory that a cell shares with its guest, made and hashed when first
 * asked for. A relative name is below the project's root.
 */
int run_share(struct run *run, const char *dir, const struct share **ret, struct rig_error *e);

/* Opens NAME in DIR for writing, replacing it. NULL with errno. */
FILE *run_create(const char *dir, const char *name);

/* Now, as ISO 8601 in UTC. */
void time_text(char text[32]);

/*
 * Blocks the signals that an event loop takes from a descriptor: those that end rig, and SIGCHLD. QEMU gets a clean mask.
 */
void run_block_signals(void);

#endif
