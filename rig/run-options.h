/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_RUN_OPTIONS_H
#define RIG_RUN_OPTIONS_H

#include <getopt.h>

#include "session.h"

/*
 * The options that all verbs which run cells have in common. A verb names those that it offers in its table for
 * getopt_long() and gives what it does not know itself to run_option().
 */
enum { RUN_OPT_KERNEL = 512, RUN_OPT_OUT, RUN_OPT_ACCEL, RUN_OPT_QEMU };

#define RUN_OPTION_KERNEL { "kernel", required_argument, NULL, RUN_OPT_KERNEL }
#define RUN_OPTION_OUT	  { "out", required_argument, NULL, RUN_OPT_OUT }
#define RUN_OPTION_ACCEL  { "accel", required_argument, NULL, RUN_OPT_ACCEL }
#define RUN_OPTION_QEMU	  { "qemu", required_argument, NULL, RUN_OPT_QEMU }
#define RUN_OPTION_JOBS	  { "jobs", required_argument, NULL, 'j' }

/*
 * Takes option C of VERB, with its argument in optarg, into O. Returns 0, or the exit status: of a wrong argument, which it
 * has complained about, and of an option that it does not know, about which getopt_long() has.
 */
int run_option(int c, const char *verb, struct session_options *o);

/* A QEMU that nobody named: $RIG_QEMU, or that of the path. */
const char *run_qemu(void);

#endif
