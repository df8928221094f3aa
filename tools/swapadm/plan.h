/* SPDX-License-Identifier: GPL-2.0-only */
/* What is to be done so that the machine is as its files say, step by step. */
#ifndef SWAPADM_PLAN_H
#define SWAPADM_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

enum step_kind {
	STEP_WRITE,
	STEP_ON,		/* swapon(2) */
	STEP_OFF,		/* swapoff(2) */
};

struct step {
	enum step_kind kind;
	char *what;		/* "tier fast watermark-high" */
	char *path;		/* the file that is written, or the device */
	char *now;		/* what is written to undo it; NULL: undone with another step */
	char *wanted;		/* what is written */
	char *shown;		/* how it is now, for people; NULL: as @now */
	int flags;		/* of swapon(2); STEP_OFF: to undo it */
	bool later;		/* the file comes with a step before this one */
	bool forgets;		/* undone it is not quite as it was: see plan_run() */
	const struct conf_setting *from;
};

struct plan {
	struct step *v;
	size_t n;
};

/*
 * Compare @conf with the machine. Exit status, after a message; plan_release() in each case.
 */
int plan_make(const struct conf *conf, struct plan *plan);
void plan_release(struct plan *plan);

/* Print what each step would do. Exit status, after a message. */
int plan_print(const struct plan *plan);

/*
 * Do all steps, or none: what was done is undone when one fails, and where that fails too
 * the messages say what stands. A tier that moves loses its watermarks and its limits in
 * cgroups, and does not have them again when it moves back. Exit status.
 */
int plan_run(const struct plan *plan);

#endif
