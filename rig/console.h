/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_CONSOLE_H
#define RIG_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "plan.h"

#define CRASH_KEEP_MAX		8	/* splats kept a cell; more are counted */
#define CRASH_LINES_MAX		80	/* of an excerpt */
#define CRASH_BYTES_MAX		16384
#define CRASH_TITLE_MAX		256
#define DUMP_BYTES_MAX		65536
#define FINGERPRINT_SIZE	17	/* 16 hex digits */

/* One splat of the kernel. */
struct crash {
	char kind[24];			/* oops, bug, warning, lockdep, rcu, kasan, … */
	char title[CRASH_TITLE_MAX];	/* its first line, without the time stamp */
	char fingerprint[FINGERPRINT_SIZE];
	char *excerpt;
	size_t excerpt_len;
	unsigned int lines;
};

/* What the console of a guest has said. */
struct console;

/*
 * LOG may be NULL; it gets the bytes as they come, up to LOG_MAX bytes, and stays the caller's.
 * EVENTS says which events (enum console_event bits) are forbidden for this cell.
 */
struct console *console_new(FILE *log, uint64_t log_max, unsigned int fail_on);
void console_free(struct console *c);

void console_feed(struct console *c, const void *data, size_t len);

/* The stream ended: the last line and the open splat are closed. */
void console_end(struct console *c);

/*
 * From now on the console shows a dump that the host asked for (SysRq): it is kept as the dump, and
 * what it looks like is no crash.
 */
void console_begin_dump(struct console *c);

size_t console_crashes(const struct console *c);	/* all, also those not kept */
const struct crash *console_crash(const struct console *c, size_t i);	/* NULL beyond those kept */
bool console_panicked(const struct console *c); /* the kernel will not come back: panic or oops */
const char *console_forbidden(const struct console *c); /* first line of a forbidden event, or NULL
							 */
unsigned int console_events(const struct console *c, enum console_event e);
const char *console_dump(const struct console *c);	/* "" without one */
const char *console_last(const struct console *c);	/* last line that is not empty */
uint64_t console_bytes(const struct console *c);
bool console_truncated(const struct console *c);	/* the log is not complete */
bool console_linux(const struct console *c);		/* a kernel has shown its banner */

/*
 * Hash of a splat: its title with numbers, addresses and names of tasks taken out, and the
 * functions on top of its stack that are not the reporting machinery. Exposed for the tests.
 */
void crash_fingerprint(const char *kind, const char *title, const char *const *frames, size_t n,
		       char ret[FINGERPRINT_SIZE]);

#endif
