/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_PLAN_H
#define RIG_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "fleet-options.h"
#include "verdict.h"

/* microvm without ACPI takes 8 virtio devices: these, the port, the root image */
#define CELL_DISKS_MAX		6
#define CELL_PARAMS_MAX		64
#define CELL_NAME_MAX		63
#define PLAN_CELLS_MAX		10000

enum cell_mode {
	CELL_PID1,
	CELL_SYSTEMD,
};

/* Console events that are data by default and that a cell can forbid with fail_on. */
enum console_event {
	EVENT_OOM,		/* the OOM killer ran */
	EVENT_ALLOC_FAILURE,	/* "page allocation failure" */
	EVENT_IO_ERROR,		/* I/O error on a block device */
	EVENT_SEGFAULT,		/* a program in the guest died of a signal that the kernel logs */
	EVENT_MAX,
};

const char *console_event_name(enum console_event e);

struct disk_spec {
	char name[17];		/* virtio serial in the guest */
	uint64_t size;		/* bytes */
	uint64_t bps;		/* bytes a second, 0: not throttled */
	uint64_t iops;		/* requests a second, 0: not throttled */
};

struct param {
	char *name;
	char *value;
};

/* One cell as the plan says it: what is run, nothing about how it went. */
struct cell_spec {
	char *name;
	int line;		/* of its section in the plan */
	char *kernel;		/* flavour, or a path when it has a '/' */
	char *config;		/* of a flavour: FLAVOUR+CONFIG is booted; NULL: plain */
	char *constraint;	/* features that a host of a fleet must have, or NULL */
	char *scenario;
	char *args;
	char *append;		/* added to the kernel command line */
	char *share;		/* directory of the host that the guest sees, read-only */
	unsigned int memory;	/* MiB */
	unsigned int cpus;
	unsigned int deadline;	/* seconds */
	unsigned int boot;	/* seconds to the first beat */
	unsigned int heartbeat;	/* seconds without a beat that mean a hung guest */
	enum cell_mode mode;
	enum verdict expect;
	bool icount;
	bool root;		/* attach the root image */
	uint64_t seed;
	bool seed_random;	/* asked for a new one; SEED holds it already */
	uint64_t allow_taint;	/* bits of /proc/sys/kernel/tainted that are no crash */
	unsigned int fail_on;	/* bit mask of enum console_event */
	struct disk_spec disk[CELL_DISKS_MAX];
	unsigned int disks;
	struct param param[CELL_PARAMS_MAX];
	unsigned int params;
};

struct plan {
	char *path;
	char *name;
	char *description;
	struct cell_spec **cell;	/* in the order of the file */
	size_t cells;
	struct fleet_options *fleet;	/* what [fleet] says; never NULL */
};

/*
 * Reads the plan at PATH. *RET is to be freed by plan_free. On failure E says file, line and
 * reason.
 */
int plan_load(const char *path, struct plan **ret, struct rig_error *e);

/* The same from an open stream; PATH is for messages and for the default name. */
int plan_read(FILE *f, const char *path, struct plan **ret, struct rig_error *e);
void plan_free(struct plan *p);

/*
 * Writes the cell as a plan of its own that gives the same cell again, seed included; with P NULL
 * only its section.
 */
int plan_write_cell(FILE *f, const struct plan *p, const struct cell_spec *c);

/*
 * The settings that say what is run, one `key = value` a line, always in one order: without the
 * names of plan and cell, the kernel and the shared directory (their content counts), what is
 * expected and the constraint.
 */
int plan_write_settings(FILE *f, const struct cell_spec *c);

/* "256M", "2G", "4096": bytes; binary multiples. 0 or -EINVAL. */
int parse_size(const char *s, uint64_t *ret);

#endif
