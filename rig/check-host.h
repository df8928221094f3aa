/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_CHECK_HOST_H
#define RIG_CHECK_HOST_H

#include "paths.h"

/* rig fleet check-host; returns the exit status. */
int do_check_host(const struct paths *paths, int argc, char **argv);

#endif
