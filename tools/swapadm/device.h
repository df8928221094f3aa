/* SPDX-License-Identifier: GPL-2.0-only */
/* The verb of device that has a file of its own. */
#ifndef SWAPADM_DEVICE_H
#define SWAPADM_DEVICE_H

#include "columns.h"

extern const struct columns map_columns;

int do_map(int argc, char **argv);

#endif
