/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_CELL_ID_H
#define RIG_CELL_ID_H

#include "plan.h"

#define CELL_ID_SIZE	17	/* 16 hex digits and the NUL */

/*
 * The id of a cell: a hash of all that decides what is run, wherever that is. KERNEL, IMAGE,
 * INITRD and SHARE are SHA-256 in hex of the contents; IMAGE counts only when the cell has a root
 * image, INITRD is that of the archive without the job, and SHARE, that of the directory the guest
 * sees, is NULL for a cell without one. 0 or -ENOMEM.
 */
int cell_spec_id(const struct cell_spec *s, const char *kernel, const char *image,
		 const char *initrd, const char *share, char id[CELL_ID_SIZE]);

/* Whether S is the form of an id. */
bool cell_id_valid(const char *s);

#endif
