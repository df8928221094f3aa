/* SPDX-License-Identifier: GPL-2.0-only */
/* To look at something that goes on, and show how far it is. */
#ifndef SWAPADM_WATCH_H
#define SWAPADM_WATCH_H

#include <signal.h>

#include "progress.h"

/* Seconds between two looks if nothing else is asked for. */
#define WATCH_ON_TERMINAL	0.2
#define WATCH_IN_LINES		1.0

/* Seconds of a clock that does not jump. */
double watch_now(void);

/*
 * Print how far @p is: in place of the last line on a terminal. A display that is not
 * possible for want of memory is left out: what is looked at goes on.
 */
void watch_show(const struct progress *p);

/* Wait for one of @signals, which are blocked, until @due. The signal, or -1. */
int watch_signal(const sigset_t *signals, double due);

#endif
