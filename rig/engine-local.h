/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_ENGINE_LOCAL_H
#define RIG_ENGINE_LOCAL_H

#include <stdbool.h>
#include <stddef.h>

#include "cell.h"
#include "run.h"

/* What happens to the cells, told in the order in which it happens. */
struct engine_ops {
	void (*started)(struct cell *cell, void *userdata);
	/* The cell's streams are still there; they are released afterwards. */
	void (*done)(struct cell *cell, void *userdata);
	/* Every half minute. */
	void (*tick)(void *userdata);
	/* All cells have ended. */
	void (*finished)(void *userdata);
};

/* What of the host the cells may use. */
struct engine_limits {
	unsigned int jobs;		/* cells at once; 0: as many as fit */
	unsigned int cores;
	uint64_t memory;		/* MiB */
};

/*
 * Runs cells on this host, side by side as far as its cores and memory go, in the order given
 * unless a later one fits into a gap.
 */
struct engine;

/* SPECS and OPS stay the caller's. 0 or -errno. */
int engine_new(struct run *run, struct cell_spec *const *specs, size_t n,
	       const struct engine_limits *limits, const struct engine_ops *ops, void *userdata,
	       struct engine **ret);
void engine_free(struct engine *en);

/* The cells in the order of SPECS. */
struct cell *const *engine_cells(const struct engine *en);

int engine_start(struct engine *en);

/* Ends what runs and does not begin what waits; finished() follows. */
void engine_cancel(struct engine *en, const char *why);
bool engine_cancelled(const struct engine *en);

/*
 * Cores and MiB that a cell takes of a host: each virtual CPU is a busy thread, and QEMU needs
 * memory of its own.
 */
unsigned int engine_cell_cores(const struct cell_spec *s, unsigned int host_cores);
uint64_t engine_cell_memory(const struct cell_spec *s);

#endif
