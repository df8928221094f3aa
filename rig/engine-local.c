// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>

#include "engine-local.h"

#define TICK_USEC		30000000ull
#define QEMU_OVERHEAD_MIB	384	/* code buffer of TCG (256), device model, page tables */

struct engine {
	struct run *run;
	struct cell **cells;
	size_t n;
	struct engine_limits limits;
	const struct engine_ops *ops;
	void *userdata;
	unsigned int cores_used;
	uint64_t memory_used;
	unsigned int running;
	size_t ended;
	bool finished;
	size_t first;		/* cells before this one have been started */
	bool cancelled;
	sd_event_source *tick;
	sd_event_source *next;	/* deferred scheduling */
};

unsigned int engine_cell_cores(const struct cell_spec *s, unsigned int host_cores)
{
	return s->cpus < host_cores ? s->cpus : host_cores;
}

uint64_t engine_cell_memory(const struct cell_spec *s)
{
	return s->memory + QEMU_OVERHEAD_MIB;
}

static bool fits(const struct engine *en, const struct cell_spec *s)
{
	/* One at a time is always possible: a cell that is too big for the host says so itself. */
	if (!en->running)
		return true;
	if (en->limits.jobs && en->running >= en->limits.jobs)
		return false;
	return en->cores_used + engine_cell_cores(s, en->limits.cores) <= en->limits.cores &&
	       en->memory_used + engine_cell_memory(s) <= en->limits.memory;
}

static int on_schedule(sd_event_source *source, void *userdata)
{
	struct engine *en = userdata;
	size_t i;

	(void)source;
	for (i = en->first; i < en->n && !en->cancelled; i++) {
		struct cell *cell = en->cells[i];

		if (cell->state != CELL_WAITING || !fits(en, cell->spec))
			continue;
		en->running++;
		en->cores_used += engine_cell_cores(cell->spec, en->limits.cores);
		en->memory_used += engine_cell_memory(cell->spec);
		if (engine_cell_memory(cell->spec) > en->limits.memory) {
			cell->state = CELL_RUNNING;
			cell_cancel(cell, "the host has too little memory for this cell");
		} else {
			cell_start(cell);
		}
		en->ops->started(cell, en->userdata);
		/* Starting takes a moment: let the loop turn before the next. */
		sd_event_source_set_enabled(en->next, SD_EVENT_ONESHOT);
		break;
	}
	while (en->first < en->n && en->cells[en->first]->state != CELL_WAITING)
		en->first++;
	if (!en->finished && !en->running && (en->cancelled || en->ended == en->n)) {
		en->finished = true;
		en->ops->finished(en->userdata);
	}
	return 0;
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct engine *en = userdata;

	en->ops->tick(en->userdata);
	sd_event_source_set_time(source, usec + TICK_USEC);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static void on_cell_done(struct cell *cell, void *userdata)
{
	struct engine *en = userdata;

	en->running--;
	en->ended++;
	en->cores_used -= engine_cell_cores(cell->spec, en->limits.cores);
	en->memory_used -= engine_cell_memory(cell->spec);
	en->ops->done(cell, en->userdata);
	cell_release(cell);
	sd_event_source_set_enabled(en->next, SD_EVENT_ONESHOT);
}

int engine_new(struct run *run, struct cell_spec *const *specs, size_t n,
	       const struct engine_limits *limits, const struct engine_ops *ops, void *userdata,
	       struct engine **ret)
{
	struct engine *en = calloc(1, sizeof(*en));
	int r;

	if (!en)
		return -ENOMEM;
	en->run = run;
	en->limits = *limits;
	en->ops = ops;
	en->userdata = userdata;
	en->cells = calloc(n, sizeof(*en->cells));
	r = en->cells ? 0 : -ENOMEM;
	for (; !r && en->n < n; en->n += !r)
		r = cell_new(run, specs[en->n], en->n, on_cell_done, en, &en->cells[en->n]);
	if (!r)
		r = sd_event_add_defer(run->event, &en->next, on_schedule, en);
	if (r >= 0)
		r = sd_event_source_set_enabled(en->next, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(run->event, &en->tick, CLOCK_MONOTONIC, TICK_USEC, 0,
					       on_tick, en);
	if (r < 0) {
		engine_free(en);
		return r;
	}
	*ret = en;
	return 0;
}

void engine_free(struct engine *en)
{
	size_t i;

	if (!en)
		return;
	for (i = 0; i < en->n; i++)
		cell_free(en->cells[i]);
	free(en->cells);
	sd_event_source_disable_unref(en->tick);
	sd_event_source_disable_unref(en->next);
	free(en);
}

struct cell *const *engine_cells(const struct engine *en)
{
	return en->cells;
}

int engine_start(struct engine *en)
{
	return sd_event_source_set_enabled(en->next, SD_EVENT_ONESHOT);
}

void engine_cancel(struct engine *en, const char *why)
{
	size_t i;

	if (en->cancelled)
		return;
	en->cancelled = true;
	for (i = 0; i < en->n; i++)
		if (en->cells[i]->state != CELL_WAITING && en->cells[i]->state != CELL_DONE)
			cell_cancel(en->cells[i], why);
	sd_event_source_set_enabled(en->next, SD_EVENT_ONESHOT);
}

bool engine_cancelled(const struct engine *en)
{
	return en->cancelled;
}
