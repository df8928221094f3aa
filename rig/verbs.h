/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_VERBS_H
#define RIG_VERBS_H

#include "paths.h"

#define EXIT_NO_ACCEL	3
#define EXIT_USAGE	16

/* One file a verb: argv[0] is its name. Each returns the exit status of rig. */
int do_report(const struct paths *paths, int argc, char **argv);
int do_shell(const struct paths *paths, int argc, char **argv);
int do_baseline(const struct paths *paths, int argc, char **argv);
int do_flaky(const struct paths *paths, int argc, char **argv);
int do_bisect(const struct paths *paths, int argc, char **argv);
int do_compare(const struct paths *paths, int argc, char **argv);

/* Messages of the form "rig: VERB: REASON"; they return the exit status. */
int verb_failed(const char *verb, const struct rig_error *e);
int verb_usage(const char *verb, const char *what, const char *arg);

#endif
