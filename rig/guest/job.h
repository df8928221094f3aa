/* SPDX-License-Identifier: GPL-2.0-only */
/* The job that the host puts into the initrd: which scenario, how, with what. */
#ifndef GUEST_JOB_H
#define GUEST_JOB_H

#include <stdbool.h>
#include <stddef.h>

#define JOB_MAX_PARAMS	64
#define JOB_MAX_FILE	(64 * 1024)

enum job_mode {
	JOB_PID1,
	JOB_SYSTEMD,
};

enum job_root {
	JOB_ROOT_AUTO,
	JOB_ROOT_YES,
	JOB_ROOT_NO,
};

struct job_param {
	bool is_fact;		/* a key outside of [params]: JOB_x, not PARAM_x */
	char *name;
	char *value;
};

struct job {
	char *cell;
	char *scenario;
	char *args;
	char *seed;
	char *deadline;
	enum job_mode mode;
	enum job_root root;
	bool share;		/* a disk "share" with a directory of the host */
	struct job_param params[JOB_MAX_PARAMS];
	size_t nr_params;
};

/*
 * Parse the text of a job. On failure returns -EINVAL (or -ENOMEM, -E2BIG)
 * and writes a reason with the line number to err. job_free() is needed in
 * both cases.
 */
int job_parse(struct job *job, const char *text, char *err, size_t err_size);

/* Read and parse a job file; errors as job_parse(), or that of open/read. */
int job_load(struct job *job, const char *path, char *err, size_t err_size);

void job_free(struct job *job);

#endif
