/* SPDX-License-Identifier: GPL-2.0-only */
/* swapoff(2) for device off. */
#ifndef SWAPADM_OFF_H
#define SWAPADM_OFF_H

#include <stdbool.h>

/*
 * Let SIGINT and SIGTERM end swapoff(2) with EINTR, which leaves the device on. Without
 * a handler they would end this program as well, before it could say so.
 */
void off_catch_signals(void);

/* Whether there was one; and to go on as if there had been none. */
bool off_interrupted(void);
void off_forget_signals(void);

/*
 * Switch the device at @path off. 0 or negative errno; -EINTR without a try once there
 * was a signal.
 */
int off_call(const char *path);

/*
 * The same, and show on standard output how far it is, each @interval seconds (0: as
 * fits a terminal, or lines): @name is the device as read.h has it.
 */
int off_watched(const char *path, const char *name, double interval);

#endif
