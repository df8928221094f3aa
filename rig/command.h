/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_COMMAND_H
#define RIG_COMMAND_H

#include "strbuf.h"

/* A program that is run to its end, for little things: no shell, no terminal. */
struct command {
	char *const *argv;	/* argv[0] is searched in PATH */
	const char *dir;	/* working directory, or NULL: ours */
	const char *const *env;	/* "NAME=value" added to ours, NULL terminated, or NULL */
	const char *input;	/* its standard input, or NULL: /dev/null */
	int log_fd;		/* stderr, and stdout when OUT is NULL; -1: /dev/null */
	struct strbuf *out;	/* gets standard output, or NULL */
	size_t out_max;		/* bytes; a program that writes more is killed: -EFBIG */
	unsigned int seconds;	/* then it is killed: -ETIMEDOUT; 0: no limit */
};

/*
 * Returns its exit status (0 to 255), -ECHILD when a signal ended it, -ENOENT when it cannot be
 * started, or another -errno. It does not outlive this process.
 */
int command_run(const struct command *c);

#endif
