/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_FLEET_OPTIONS_H
#define RIG_FLEET_OPTIONS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"

#define FLEET_SBATCH_MAX	32	/* words passed on to sbatch */

/* What a constraint may be made of: features and the operators between them. */
#define CONSTRAINT_CHARS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.&|"

/* How the cells of a plan go over a pool of hosts: the section [fleet]. */
struct fleet_options {
	unsigned int attempts;	/* of a cell that gets no verdict for a reason of the host */
	unsigned int patience;	/* seconds that a cell may wait for hosts that do not exist now */
	unsigned int hold;	/* seconds that a result is kept on its host for us to fetch */
	unsigned int dead_after; /* seconds of silence of a running job that mean a dead host */
	uint64_t store;		/* bytes: bound of the store on each host */
	uint64_t scratch_free;	/* bytes that a host must have free to take a cell */
	char *scratch;		/* directory on the hosts */
	char *transfer;		/* "engine", or "rsync:TARGET" */
	char *rig;		/* this program on the hosts; NULL: the path that it has here */
	char *qemu;		/* QEMU on the hosts; NULL: the default */
	char *sbatch[FLEET_SBATCH_MAX + 1];	/* options of the site, NULL terminated */
	size_t nsbatch;
};

/* With the defaults. NULL without memory. */
struct fleet_options *fleet_options_new(void);
void fleet_options_free(struct fleet_options *o);

/* One key of [fleet]. 0 or -errno with the reason in E. */
int fleet_option_set(struct fleet_options *o, const char *key, const char *value,
		     struct rig_error *e);

/* Writes the section [fleet]. 0 or -EIO. */
int fleet_options_write(FILE *f, const struct fleet_options *o);

/* TARGET of "rsync:TARGET", or NULL when the engine carries the files. */
const char *fleet_options_rsync(const struct fleet_options *o);

#endif
