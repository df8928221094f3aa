/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_COMMAND_H
#define RIG_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#define COMMAND_OUTPUT_MAX	(64u << 20)
#define COMMAND_ERROR_MAX	4096

/* A program of the host that is run, its output collected, from the event loop. */
struct command;

/*
 * STATUS: exit status, -1 when a signal or we ended it. OUT is what it wrote, ERR the beginning of
 * its complaints; both end in NUL and are the command's. It is freed afterwards.
 */
typedef void (*command_fn)(int status, char *out, const char *err, void *userdata);

/*
 * ARGV[0] is looked for in $PATH. INPUT (may be NULL) is its standard input; SECONDS its time. It
 * dies with this process. With RET NULL nobody keeps it. 0 or -errno; then FN is not called.
 */
int command_run(sd_event *event, const char *const *argv, const char *input, unsigned int seconds,
		command_fn fn, void *userdata, struct command **ret);

/* Kills it; FN is not called. NULL is fine. */
void command_free(struct command *c);

/* The same for all that were begun with RET NULL. */
void command_free_unkept(void);

/*
 * In a child between fork and exec: dies with PARENT, in a process group of its own, with a clean
 * signal mask and the descriptors IN, OUT and ERR as its first three. Exits on failure.
 */
void command_child(pid_t parent, int in, int out, int err);

#endif
