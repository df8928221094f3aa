// SPDX-License-Identifier: GPL-2.0
/*
 * The fleet of one: cells run on this host, each under a `rig run` of its own, as many at once as
 * its cores and memory allow.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cell-child.h"
#include "constraint.h"
#include "engine-local.h"
#include "fleet.h"
#include "host.h"
#include "intake.h"

#define HOST_RESERVE_MIB 512	/* not given to guests */
#define HUNG_SEC	180	/* beyond its cell's deadline: dumps and endings have limits of their own */

struct job {
	struct local *local;
	struct fleet_cell *cell;
	struct cell_child *child;
	bool stopped;
};

struct local {
	struct fleet *fleet;
	char rig[PATH_MAX];
	char host[FLEET_HOST_MAX + 1];
	unsigned int cores, running;
	uint64_t memory;		/* MiB that may be used at once */
	unsigned int cores_used;
	uint64_t memory_used;
	size_t first;			/* cells before this one are not waiting */
	bool kvm_known, kvm;
	sd_event_source *next;
};

static void schedule(struct local *l)
{
	sd_event_source_set_enabled(l->next, SD_EVENT_ONESHOT);
}

static bool fits(const struct local *l, const struct cell_spec *s)
{
	if (!l->running)
		return true;
	/* --jobs says it in place of the cores, for cells that do not use theirs. */
	if (l->fleet->jobs)
		return l->running < l->fleet->jobs &&
		       l->memory_used + engine_cell_memory(s) <= l->memory;
	return l->cores_used + engine_cell_cores(s, l->cores) <= l->cores &&
	       l->memory_used + engine_cell_memory(s) <= l->memory;
}

static void job_free(struct job *job)
{
	struct local *l = job->local;

	l->running--;
	l->cores_used -= engine_cell_cores(job->cell->spec, l->cores);
	l->memory_used -= engine_cell_memory(job->cell->spec);
	job->cell->engine = NULL;
	cell_child_free(job->child);
	free(job);
	if (!l->running && (l->fleet->cancelling || l->fleet->leaving))
		fleet_stopped(l->fleet);
	else
		schedule(l);
}

static void on_gone(const char *how, void *userdata)
{
	struct job *job = userdata;
	struct fleet *f = job->local->fleet;
	struct fleet_cell *c = job->cell;
	struct fleet_attempt *a = fleet_attempt_now(c);
	struct intake_result result;
	char *dir = a ? fleet_attempt_dir(f, c, a->number) : NULL;
	struct rig_error e;

	if (job->stopped)
		fleet_gave_up(f, c, f->cancelling ? "cancelled" : "rig was ended", false);
	else if (dir && intake_read_result(dir, c->id, a->number, a->host, &result, &e))
		fleet_gave_up(f, c, how, false);
	else
		fleet_ended(f, c);
	free(dir);
	job_free(job);
}

static int begin(struct local *l, struct fleet_cell *c, struct job *job, struct rig_error *e)
{
	struct fleet *f = l->fleet;
	struct fleet_attempt *a = fleet_began(f, c, l->host);
	struct cell_child_config config = {
		.rig = l->rig,
		.root = f->root,
		.host = l->host,
		.qemu = f->qemu ?: f->plan->fleet->qemu,
		.accel = accel_mode_name(f->accel),
	};
	char *dir, *ini = NULL, *initrd = NULL;
	int r;

	if (!a)
		return rig_fail(e, -ENOMEM, "out of memory");
	dir = fleet_attempt_dir(f, c, a->number);
	if (dir) {
		ini = path_join(dir, "cell.ini");
		initrd = path_join(f->root, "initrd.cpio");
	}
	r = ini && initrd ? remove_tree(dir) ?: path_mkdirs(dir) : -ENOMEM;
	/* The same plan as for a cell of a run, with a script that is only right when the result is there. */
	r = r ?: fleet_write_reproduce(f, c, dir, accel_mode_name(f->accel));
	if (r) {
		rig_fail(e, r, "cannot make %s: %s", dir ?: "", strerror(-r));
	} else {
		config.ini = ini;
		config.out = dir;
		config.initrd = initrd;
		config.attempt = a->number;
		config.limit = c->spec->deadline + HUNG_SEC;
		r = cell_child_new(f->event, &config, on_gone, job, &job->child, e);
	}
	free(dir);
	free(ini);
	free(initrd);
	return r;
}

static void start_cell(struct local *l, struct fleet_cell *c)
{
	struct job *job = calloc(1, sizeof(*job));
	struct rig_error e;

	if (!job) {
		fleet_gave_up(l->fleet, c, "out of memory", false);
		return;
	}
	job->local = l;
	job->cell = c;
	l->running++;
	l->cores_used += engine_cell_cores(c->spec, l->cores);
	l->memory_used += engine_cell_memory(c->spec);
	c->engine = job;
	if (begin(l, c, job, &e)) {
		fleet_gave_up(l->fleet, c, e.text, false);
		job_free(job);
	}
}

static bool has_feature(const char *name, size_t len, void *userdata)
{
	struct local *l = userdata;

	return host_has_feature(name, len, l->kvm);
}

/* Whether this host could ever run the cell; else says why not. */
static bool possible(struct local *l, const struct cell_spec *s, char *why, size_t size)
{
	if (engine_cell_memory(s) > l->memory) {
		snprintf(why, size, "needs %llu MiB, and this host can give %llu",
			 (unsigned long long)engine_cell_memory(s), (unsigned long long)l->memory);
		return false;
	}
	if (s->constraint && !constraint_holds(s->constraint, has_feature, l)) {
		snprintf(why, size, "this host is not %.200s", s->constraint);
		return false;
	}
	return true;
}

static int on_next(sd_event_source *source, void *userdata)
{
	struct local *l = userdata;
	struct fleet *f = l->fleet;
	char why[300];
	size_t i;

	(void)source;
	if (f->cancelling || f->leaving)
		return 0;
	for (i = l->first; i < f->cells; i++) {
		struct fleet_cell *c = &f->cell[i];

		if (c->state != FLEET_WAITING)
			continue;
		if (!possible(l, c->spec, why, sizeof(why)))
			fleet_decide(f, c, VERDICT_UNSCHEDULABLE, why);
		else if (fits(l, c->spec))
			start_cell(l, c);
		else
			continue;
		schedule(l);
		break;
	}
	while (l->first < f->cells && f->cell[l->first].state != FLEET_WAITING)
		l->first++;
	return 0;
}

static void local_work(struct fleet *f)
{
	struct local *l = f->engine_data;

	l->first = 0;
	schedule(l);
}

/* Only when a cell asks for it: the proof takes seconds. */
static int prove_kvm(struct local *l, struct rig_error *e)
{
	struct fleet *f = l->fleet;
	struct accel a = { .requested = f->accel };
	size_t i;

	for (i = 0; i < f->cells; i++) {
		char kernel[PATH_MAX], *cache;
		int r;

		if (!f->cell[i].spec->constraint || !strstr(f->cell[i].spec->constraint, "kvm"))
			continue;
		snprintf(kernel, sizeof(kernel), "%s/build/kernels/%s/bzImage", f->root,
			 f->cell[i].spec->kernel);
		cache = path_join(f->dir, "accel");
		if (!cache)
			return rig_fail(e, -ENOMEM, "out of memory");
		r = accel_prove(f->event, f->qemu ?: f->plan->fleet->qemu ?: "qemu-system-x86_64",
				kernel, f->paths->probe, cache, &a, e);
		free(cache);
		l->kvm = !r && a.kvm;
		return r;
	}
	return 0;
}

static int local_start(struct fleet *f, struct rig_error *e)
{
	struct local *l = calloc(1, sizeof(*l));
	uint64_t memory = host_memory_mib();
	ssize_t n;
	size_t i;
	int r;

	if (!l)
		return rig_fail(e, -ENOMEM, "out of memory");
	f->engine_data = l;
	l->fleet = f;
	l->cores = host_cores();
	l->memory = memory > 2 * HOST_RESERVE_MIB ? memory - HOST_RESERVE_MIB : memory;
	n = readlink("/proc/self/exe", l->rig, sizeof(l->rig) - 1);
	if (n < 0)
		return rig_fail(e, -errno, "cannot find this program: %s", strerror(errno));
	snprintf(l->host, sizeof(l->host), "localhost");
	r = fleet_verify_inputs(f, e) ?: prove_kvm(l, e);
	if (r)
		return r;
	/* What ran under a rig that is gone died with it. */
	for (i = 0; i < f->cells; i++)
		if (f->cell[i].state != FLEET_DONE) {
			if (fleet_attempt_now(&f->cell[i])) {
				f->cell[i].failures = 0;
				f->leaving = true;
				fleet_gave_up(f, &f->cell[i], "rig was ended", false);
				f->leaving = false;
			}
			f->cell[i].state = FLEET_WAITING;
		}
	r = sd_event_add_defer(f->event, &l->next, on_next, l);
	if (r >= 0)
		r = sd_event_source_set_enabled(l->next, SD_EVENT_OFF);
	return r < 0 ? rig_fail(e, r, "cannot set up: %s", strerror(-r)) : 0;
}

static void stop_all(struct fleet *f)
{
	struct local *l = f->engine_data;
	size_t i;

	for (i = 0; i < f->cells; i++) {
		struct job *job = f->cell[i].engine;

		if (job) {
			job->stopped = true;
			cell_child_stop(job->child);
		}
	}
	if (!l->running)
		fleet_stopped(f);
}

static void local_free(struct fleet *f)
{
	struct local *l = f->engine_data;
	size_t i;

	for (i = 0; i < f->cells; i++) {
		struct job *job = f->cell[i].engine;

		if (job) {
			cell_child_free(job->child);
			free(job);
			f->cell[i].engine = NULL;
		}
	}
	sd_event_source_disable_unref(l->next);
	free(l);
	f->engine_data = NULL;
}

const struct fleet_engine fleet_local = {
	.name = "local",
	.start = local_start,
	.work = local_work,
	.cancel = stop_all,
	.leave = stop_all,
	.free = local_free,
};
