/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_CELL_CHILD_H
#define RIG_CELL_CHILD_H

#include <systemd/sd-event.h>

#include "error.h"

/*
 * A `rig run` of its own for one cell: what a fleet starts on a host. It dies with this process,
 * and QEMU with it.
 */
struct cell_child;

struct cell_child_config {
	const char *rig;	/* this program */
	const char *root;	/* becomes RIG_ROOT */
	const char *ini;	/* plan of the one cell */
	const char *out;	/* directory of its results */
	const char *initrd;
	const char *host;
	const char *qemu;	/* NULL: the default */
	const char *accel;
	unsigned int attempt;
	unsigned int limit;	/* seconds after which rig run itself is taken to be hung */
};

/* It is gone. HOW says how, for people; the child may be freed in here. */
typedef void (*cell_child_fn)(const char *how, void *userdata);

/* The strings of C are needed during the call only. 0 or -errno with the reason in E. */
int cell_child_new(sd_event *event, const struct cell_child_config *c, cell_child_fn fn,
		   void *userdata, struct cell_child **ret, struct rig_error *e);

/* Asks it to end in order; if that takes too long it is killed. */
void cell_child_stop(struct cell_child *child);
/* Kills it when it runs, and waits. */
void cell_child_free(struct cell_child *child);

#endif
