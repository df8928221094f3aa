/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_SESSION_H
#define RIG_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "accel.h"
#include "error.h"
#include "paths.h"
#include "plan.h"
#include "run.h"

/* How the cells of a plan are to be run. Strings may be NULL, except QEMU. */
struct session_options {
	const char *kernel;	/* boot this one in all cells */
	const char *json;	/* second place for result.json */
	const char *out;	/* directory of the results */
	const char *qemu;
	const char *image;	/* root image, and not the project's */
	const char *initrd;	/* archive to which only the job is added */
	const char *host;	/* of a fleet: named in the results */
	unsigned int attempt;	/* recorded; 0: the first */
	bool flat;		/* OUT itself is the directory of the one cell */
	enum accel_mode accel;
	unsigned int jobs;	/* cells at once, 0: as many as fit */
	bool keep;
};

/*
 * Before anything starts: kernels, image and shared directories of the cells, and the proof of
 * the accelerator. What is missing is said at once, not after an hour.
 */
int session_prepare(struct run *run, struct cell_spec *const *cells, size_t n, struct rig_error *e);

/*
 * Runs the cells from the proof of the accelerator to the last result, and reports on the terminal.
 * *PASSED: every cell ended as expected and not all were skipped. Returns 0 when the run could be
 * made, -ENODEV when the demanded accelerator is not to be had, or another -errno, with the reason
 * in E.
 */
int session_run(const struct session_options *o, const struct paths *paths, const struct plan *plan,
		struct cell_spec *const *cells, size_t n, bool *passed, struct rig_error *e);

#endif
