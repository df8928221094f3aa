// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine-local.h"
#include "host.h"
#include "report.h"
#include "result.h"
#include "session.h"

#define HOST_RESERVE_MIB 512	/* not given to guests */

struct session {
	struct run *run;
	struct engine *engine;
	struct result *result;
	size_t n;
	int save_error;
	struct rig_error save_reason;
};

static void save(struct session *s, struct cell *cell)
{
	int r;

	if (s->save_error)
		return;
	r = result_cell(s->result, cell);
	if (r)
		rig_fail(&s->save_reason, r, "out of memory");
	else
		r = result_save(s->result, &s->save_reason);
	if (r) {
		/* Results that cannot be written are no results. */
		s->save_error = r;
		engine_cancel(s->engine, "results cannot be written");
	}
}

static void on_started(struct cell *cell, void *userdata)
{
	report_started(cell);
	save(userdata, cell);
}

static void on_done(struct cell *cell, void *userdata)
{
	report_done(cell);
	save(userdata, cell);
}

static void on_tick(void *userdata)
{
	struct session *s = userdata;

	report_running(engine_cells(s->engine), s->n);
}

static void on_finished(void *userdata)
{
	struct session *s = userdata;

	sd_event_exit(s->run->event, 0);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
	struct session *s = userdata;

	(void)source;
	engine_cancel(s->engine, si->ssi_signo == SIGINT ? "interrupted" : "terminated");
	return 0;
}

int session_prepare(struct run *run, struct cell_spec *const *cells, size_t n, struct rig_error *e)
{
	const struct kernel *k;
	const struct share *share;
	char *cache;
	size_t i;
	int r;

	for (i = 0; i < n; i++) {
		r = run_kernel(run, cells[i], &k, e) ?: run_initrd(run, e);
		if (!r && cells[i]->root)
			r = run_image(run, e);
		if (!r && cells[i]->share)
			r = run_share(run, cells[i]->share, &share, e);
		if (r)
			return r;
	}
	r = run_kernel(run, cells[0], &k, e) ?: path_mkdirs(run->paths->results);
	if (r)
		return r;
	cache = path_join(run->paths->results, "accel");
	if (!cache)
		return rig_fail(e, -ENOMEM, "out of memory");
	r = accel_prove(run->event, run->qemu, k->path, run->paths->probe, cache, &run->accel, e);
	free(cache);
	return r;
}

static int set_up(struct session *s, struct cell_spec *const *cells,
		  const struct session_options *o, struct rig_error *e)
{
	static const struct engine_ops ops = {
		.started = on_started, .done = on_done, .tick = on_tick, .finished = on_finished
	};
	uint64_t memory = host_memory_mib();
	struct engine_limits limits = { .jobs = o->jobs, .cores = host_cores() };
	int r;

	limits.memory = memory > 2 * HOST_RESERVE_MIB ? memory - HOST_RESERVE_MIB : memory;
	r = engine_new(s->run, cells, s->n, &limits, &ops, s, &s->engine);
	if (r >= 0)
		r = sd_event_add_signal(s->run->event, NULL, SIGINT, on_signal, s);
	if (r >= 0)
		r = sd_event_add_signal(s->run->event, NULL, SIGTERM, on_signal, s);
	if (r < 0)
		return rig_fail(e, r, "cannot set up: %s", strerror(-r));
	return result_new(s->run, engine_cells(s->engine), s->n, o->json, &s->result, e) ?:
		       result_save(s->result, e);
}

static int run_to_end(struct session *s, bool *passed, struct rig_error *e)
{
	struct result_totals totals;
	int r;

	report_begin(s->run, s->n);
	r = engine_start(s->engine);
	if (r >= 0)
		r = sd_event_loop(s->run->event);
	if (r < 0)
		return rig_fail(e, r, "event loop: %s", strerror(-r));
	if (s->save_error) {
		*e = s->save_reason;
		return s->save_error;
	}
	r = result_finish(s->result, engine_cancelled(s->engine), &totals, e);
	report_end(s->run, engine_cells(s->engine), s->n, &totals);
	*passed = !totals.failed && totals.passed && !engine_cancelled(s->engine);
	return r;
}

int session_run(const struct session_options *o, const struct paths *paths, const struct plan *plan,
		struct cell_spec *const *cells, size_t n, bool *passed, struct rig_error *e)
{
	struct session s = { .n = n };
	sd_event *event = NULL;
	int r;

	*passed = false;
	run_block_signals();
	r = sd_event_new(&event);
	if (r < 0)
		return rig_fail(e, r, "cannot make an event loop: %s", strerror(-r));
	r = run_new(event, plan, paths, o->qemu, o->out, o->kernel, &s.run, e);
	if (r)
		goto out;
	s.run->keep = o->keep;
	s.run->image_override = o->image;
	s.run->initrd_override = o->initrd;
	s.run->host = o->host;
	s.run->attempt = o->attempt ?: 1;
	s.run->flat = o->flat;
	s.run->accel.requested = o->accel;
	r = session_prepare(s.run, cells, n, e) ?: set_up(&s, cells, o, e) ?: run_to_end(&s, passed, e);
out:
	result_free(s.result);
	engine_free(s.engine);
	run_free(s.run);
	sd_event_unref(event);
	return r;
}
