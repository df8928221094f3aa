/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of swapadm share: options, exit statuses, messages, dispatch. */
#ifndef SWAPADM_H
#define SWAPADM_H

#include <stdbool.h>
#include <stddef.h>

#include "columns.h"
#include "sysfs.h"

/* Flags of swapon(2) that not every C library has. */
#ifndef SWAP_FLAG_DISCARD_ONCE
#define SWAP_FLAG_DISCARD_ONCE	0x20000
#endif
#ifndef SWAP_FLAG_DISCARD_PAGES
#define SWAP_FLAG_DISCARD_PAGES	0x40000
#endif

/* The "schema" member of all JSON output; grows when a member changes its meaning. */
#define SWAPADM_SCHEMA	1

/* Exit statuses; the numbers are those of swapoff(8) where it has one. */
enum {
	EX_OK		= 0,
	EX_FAILED	= 1,	/* something could not be read; check: findings */
	EX_NOMEM	= 2,	/* no memory, here or for what the kernel was asked to do */
	EX_UNSUPPORTED	= 3,	/* this kernel does not have it */
	EX_REFUSED	= 4,	/* the kernel said no to a change */
	EX_USAGE	= 16,
	EX_PARTLY	= 64,	/* some of several things were done */
};

/* What the common options say. */
struct swapadm_opts {
	bool json;
	bool noheadings;
	bool raw;
	bool bytes;
	bool all_columns;
	bool list_columns;
	bool dry_run;
	const char *columns;	/* -o, NULL without */
	const char *sysroot;	/* NULL without */
};

extern struct swapadm_opts opts;

/* The root that opts.sysroot names; open while a verb runs. */
extern struct sysroot root;

/* An option of one verb. */
struct verb_flag {
	int key;		/* the short letter; 256 and more have none */
	const char *name;
	const char *arg;	/* NULL: takes none; "[X]": may take one */
	const char *help;
};

struct verb {
	const char *name;	/* "" for an object that has just one verb */
	const char *args;	/* positional arguments in the synopsis */
	const char *help;
	/* Returns an exit status. @argv holds the positional arguments only. */
	int (*run)(int argc, char **argv);
	const struct columns *columns;	/* NULL: prints no table */
	const struct verb_flag *flags;	/* ends with a NULL name; or NULL */
	/* One of @flags was given. 0, or -EINVAL after a message. */
	int (*set)(int key, const char *arg);
};

/*
 * Read the common options before the object. Exit status, or -1 to go on; then
 * *@argc and *@argv begin with the object.
 */
int options_early(int *argc, char ***argv);

/*
 * Find argv[1] (or "" alone) among @verbs, which end with a NULL name, read the
 * options, run it. Returns an exit status.
 */
int verb_dispatch(const char *object, const struct verb *verbs, int argc, char **argv);

int do_device(int argc, char **argv);
int do_cgroup(int argc, char **argv);
int do_tier(int argc, char **argv);
int do_demote(int argc, char **argv);
int do_compact(int argc, char **argv);
int do_config(int argc, char **argv);
int do_stat(int argc, char **argv);
int do_check(int argc, char **argv);
int do_help(int argc, char **argv);

/* "swapadm: device list: " and the text, to standard error. */
void message(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* strerror() of -@err, in better words where that one misleads. */
const char *reason(int err);

/*
 * Say that root.failed could not be read, and why. Returns the exit status.
 */
int cannot_read(int err);

/*
 * The columns that -o or -O choose among @cols. Exit status, after a message if
 * not EX_OK; selection_release() in each case.
 */
int choose_columns(const struct columns *cols, struct selection *sel);

/* The layout that the options ask for. */
struct layout layout(void);

/* Exit status for what a print_ function returned, after a message if not EX_OK. */
int print_status(int err);

/* An interval for an option, in seconds. 0, or -EINVAL after a message. */
int parse_seconds(const char *arg, double *seconds);

/* A message about the arguments; points to --help. Returns EX_USAGE. */
int usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Says that memory is out. Returns EX_NOMEM. */
int out_of_memory(void);

/* Print @text as a string of C, on one line whatever it holds. */
void print_quoted(const char *text);

/* Print the write of @text to @file for --dry-run. Exit status, after a message. */
int print_write(const char *file, const char *text);

/* Print the call of swapon(2) or swapoff(2) for --dry-run. */
void print_swapon(const char *path, int flags);
void print_swapoff(const char *path);

/* The exit status for a change that the kernel answered with @err. */
int refused(int err);

/* What main() and the help call the thing: "device list". */
const char *command_name(void);
void command_set(const char *object, const char *verb);

#endif
