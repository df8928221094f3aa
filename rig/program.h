/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_PROGRAM_H
#define RIG_PROGRAM_H

#include <stdbool.h>

#include "strbuf.h"

/* A program that is run to its end, for little things: no shell, no terminal. */
struct program {
	char *const *argv;	/* argv[0] is searched in PATH */
	const char *dir;	/* working directory, or NULL: ours */
	const char *const *env;	/* "NAME=value" added to ours, NULL terminated, or NULL */
	const char *input;	/* its standard input, or NULL: /dev/null */
	int log_fd;		/* stderr, and stdout when OUT is NULL; -1: /dev/null */
	struct strbuf *out;	/* gets standard output, or NULL */
	size_t out_max;		/* bytes; a program that writes more is killed: -EFBIG */
	bool foreground;	/* a Ctrl-C of the terminal is for it, too; without SECONDS and OUT_MAX only */
	unsigned int seconds;	/* then it is killed: -ETIMEDOUT; 0: no limit */
};

/*
 * Returns its exit status (0 to 255), -ECHILD when a signal ended it, -ENOENT when it cannot be
 * started, or another -errno. It does not outlive this process.
 */
int program_run(const struct program *c);

#endif
