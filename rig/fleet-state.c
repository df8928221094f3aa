// SPDX-License-Identifier: GPL-2.0
/*
 * What a fleet keeps on disk:
 *
 *	setup.json, cells.ini	what is to be run: written once
 *	journal			one JSON object a line, appended: what has happened; the truth
 *	fleet.json		all of it as one document, for readers; made anew now and then
 *	lock			held by the process that drives the fleet
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "fleet.h"
#include "jsonout.h"
#include "run.h"

#define SETUP_VERSION	1
#define SAVE_MIN_USEC	2000000ull
#define SAVE_SHARE	20	/* of the time, at most one part in so many goes into saving */

static const char * const state_names[] = {
	[FLEET_WAITING] = "waiting", [FLEET_QUEUED] = "queued", [FLEET_RUNNING] = "running", [FLEET_DONE] = "done",
};

static struct json_object *get(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	return json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, key, &v) ? v : NULL;
}

static const char *get_string(struct json_object *o, const char *key)
{
	struct json_object *v = get(o, key);

	return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : NULL;
}

static uint64_t get_u64(struct json_object *o, const char *key)
{
	struct json_object *v = get(o, key);

	return json_object_is_type(v, json_type_int) ? json_object_get_uint64(v) : 0;
}

static char *get_copy(struct json_object *o, const char *key)
{
	const char *s = get_string(o, key);

	return s ? strdup(s) : NULL;
}

/* ISO 8601, UTC; null for 0. */
static void add_time(struct json_object *o, const char *key, uint64_t usec)
{
	time_t t = usec / 1000000;
	char text[32];
	struct tm tm;

	if (!usec) {
		jsonout_null(o, key);
		return;
	}
	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	jsonout_str(o, key, text);
}

static void add_text(struct json_object *o, const char *key, const char *s)
{
	if (s)
		jsonout_str(o, key, s);
	else
		jsonout_null(o, key);
}

/* Under a name of its own, then in place: a reader sees the old one or the new one. */
static int save(const char *path, int (*write)(void *what, FILE *o), void *what,
		struct rig_error *e)
{
	char *tmp;
	FILE *o;
	int r;

	if (asprintf(&tmp, "%s.tmp", path) < 0)
		return rig_fail(e, -ENOMEM, "out of memory");
	o = fopen(tmp, "we");
	r = o ? write(what, o) : -errno;
	if (o && fclose(o) && !r)
		r = -errno;
	if (!r && rename(tmp, path))
		r = -errno;
	if (r)
		rig_fail(e, r, "cannot write %s: %s", path, strerror(-r));
	free(tmp);
	return r;
}

static int write_json(void *doc, FILE *o)
{
	return jsonout_print(doc, o, false);
}

static int save_json(struct json_object *doc, const char *path, struct rig_error *e)
{
	return doc ? save(path, write_json, doc, e) : rig_fail(e, -ENOMEM, "out of memory");
}

static struct json_object *inputs_json(const struct fleet *f)
{
	struct json_object *a = json_object_new_array();
	size_t i;

	for (i = 0; i < f->inputs; i++) {
		struct json_object *o = json_object_new_object();

		jsonout_str(o, "path", f->input[i].path);
		jsonout_str(o, "sha256", f->input[i].sha256);
		jsonout_u64(o, "size", f->input[i].size);
		add_text(o, "kernel", f->input[i].kernel);
		jsonout_append(a, o);
	}
	return a;
}

static int write_cells(struct fleet *f, struct rig_error *e)
{
	FILE *o = run_create(f->dir, "cells.ini");
	size_t i;
	int r;

	if (!o)
		return rig_fail(e, -errno, "cannot write %s/cells.ini: %s", f->dir, strerror(errno));
	fprintf(o, "[plan]\nname = %s\n", f->plan->name);
	if (f->plan->description)
		fprintf(o, "description = %s\n", f->plan->description);
	r = fleet_options_write(o, f->plan->fleet);
	for (i = 0; i < f->cells && !r; i++)
		r = plan_write_cell(o, NULL, f->cell[i].spec);
	if (fclose(o) || r)
		return rig_fail(e, -EIO, "cannot write %s/cells.ini", f->dir);
	return 0;
}

int fleet_write_static(struct fleet *f, struct rig_error *e)
{
	struct json_object *doc = json_object_new_object(), *ids = json_object_new_array();
	char *path = path_join(f->dir, "setup.json");
	size_t i;
	int r;

	jsonout_u64(doc, "version", SETUP_VERSION);
	jsonout_str(doc, "name", f->name);
	jsonout_str(doc, "engine", f->engine->name);
	jsonout_str(doc, "accel", accel_mode_name(f->accel));
	add_text(doc, "qemu", f->qemu);
	jsonout_u64(doc, "jobs", f->jobs);
	jsonout_str(doc, "plan_file", f->plan_file);
	jsonout_str(doc, "plan_sha256", f->plan_sha256);
	jsonout_u64(doc, "started", f->started);
	jsonout_add(doc, "inputs", inputs_json(f));
	for (i = 0; i < f->cells; i++)
		jsonout_append(ids, json_object_new_string(f->cell[i].id));
	jsonout_add(doc, "ids", ids);
	/* setup.json comes last: where it is, all is. */
	r = write_cells(f, e) ?: path ? save_json(doc, path, e) : rig_fail(e, -ENOMEM, "out of memory");
	json_object_put(doc);
	free(path);
	return r;
}

static struct json_object *attempt_json(const struct fleet_attempt *a)
{
	struct json_object *o = json_object_new_object();

	jsonout_u64(o, "attempt", a->number);
	add_text(o, "host", a->host);
	add_time(o, "started", a->began);
	add_time(o, "ended", a->ended);
	add_text(o, "verdict", a->complete ? verdict_name(a->verdict) : NULL);
	jsonout_fixed(o, "seconds", a->seconds, 3);
	add_text(o, "reason", a->reason);
	return o;
}

static struct json_object *cell_json(const struct fleet_cell *c)
{
	struct json_object *o = json_object_new_object(), *a = json_object_new_array();
	const struct fleet_attempt *last = c->attempts ? &c->attempt[c->attempts - 1] : NULL;
	char dir[64];
	size_t i;

	jsonout_str(o, "name", c->spec->name);
	jsonout_str(o, "id", c->id);
	jsonout_str(o, "state", state_names[c->state]);
	add_text(o, "verdict", c->state == FLEET_DONE ? verdict_name(c->verdict) : NULL);
	jsonout_str(o, "expected", verdict_name(c->spec->expect));
	jsonout_bool(o, "ok", c->state == FLEET_DONE && c->verdict == c->spec->expect);
	jsonout_str(o, "reason", c->reason ?: "");
	for (i = 0; c->counts && i < c->attempts; i++)
		if (c->attempt[i].number == c->counts)
			last = &c->attempt[i];
	add_text(o, "host", last ? last->host : NULL);
	if (c->counts) {
		jsonout_u64(o, "attempt", c->counts);
		snprintf(dir, sizeof(dir), "cells/%s/attempt-%u", c->id, c->counts);
		jsonout_str(o, "directory", dir);
	} else {
		jsonout_null(o, "attempt");
		jsonout_null(o, "directory");
	}
	add_time(o, "queued", c->queued);
	jsonout_fixed(o, "seconds", last ? last->seconds : 0, 3);
	for (i = 0; i < c->attempts; i++)
		jsonout_append(a, attempt_json(&c->attempt[i]));
	jsonout_add(o, "attempts", a);
	return o;
}

static struct json_object *totals_json(const struct fleet *f)
{
	struct json_object *o = json_object_new_object();
	unsigned int n[VERDICT_MAX] = { 0 };
	size_t i;
	int v;

	for (i = 0; i < f->cells; i++)
		if (f->cell[i].state == FLEET_DONE)
			n[f->cell[i].verdict]++;
	jsonout_u64(o, "cells", f->cells);
	jsonout_u64(o, "done", f->done);
	for (v = 0; v < VERDICT_MAX; v++)
		jsonout_u64(o, verdict_name(v), n[v]);
	return o;
}

static const char *status_name(const struct fleet *f)
{
	if (f->done == f->cells)
		return f->cancelled ? "cancelled" : "complete";
	return f->ended ? "interrupted" : "running";
}

/* Cell by cell, so that ten thousand of them are never in memory as JSON at once. */
static int write_document(void *what, FILE *o)
{
	const struct fleet *f = what;
	struct json_object *doc = json_object_new_object(), *plan = json_object_new_object();
	const char *text;
	size_t i, len;
	int r = 0;

	jsonout_str(doc, "schema", FLEET_SCHEMA);
	jsonout_u64(doc, "version", FLEET_VERSION);
	jsonout_str(doc, "rig", RIG_VERSION);
	jsonout_str(doc, "status", status_name(f));
	jsonout_str(doc, "name", f->name);
	jsonout_str(plan, "name", f->plan->name);
	add_text(plan, "description", f->plan->description);
	jsonout_str(plan, "file", f->plan_file);
	jsonout_str(plan, "sha256", f->plan_sha256);
	jsonout_add(doc, "plan", plan);
	jsonout_str(doc, "engine", f->engine->name);
	add_time(doc, "started", f->started);
	add_time(doc, "ended", f->ended);
	jsonout_fixed(doc, "dead_seconds", f->dead_seconds, 3);
	jsonout_u64(doc, "dead_attempts", f->dead_attempts);
	jsonout_add(doc, "inputs", inputs_json(f));
	jsonout_add(doc, "totals", totals_json(f));
	text = json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
						   JSON_C_TO_STRING_NOSLASHESCAPE);
	len = text ? strlen(text) : 0;
	if (len < 3)
		r = -ENOMEM;
	else
		/* Without its last "\n}". */
		fprintf(o, "%.*s,\n  \"cells\": [", (int)len - 2, text);
	json_object_put(doc);
	for (i = 0; i < f->cells && !r; i++) {
		doc = cell_json(&f->cell[i]);
		text = doc ? json_object_to_json_string_ext(doc, JSON_C_TO_STRING_SPACED |
								 JSON_C_TO_STRING_NOSLASHESCAPE) :
			     NULL;
		if (text)
			fprintf(o, "%s\n    %s", i ? "," : "", text);
		else
			r = -ENOMEM;
		json_object_put(doc);
	}
	fputs("\n  ]\n}\n", o);
	return r ?: ferror(o) ? -EIO : 0;
}

static uint64_t monotonic_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ull + ts.tv_nsec / 1000;
}

int fleet_save(struct fleet *f, struct rig_error *e)
{
	uint64_t t = monotonic_usec();
	char *path;
	int r;

	path = path_join(f->dir, "fleet.json");
	r = path ? save(path, write_document, f, e) : rig_fail(e, -ENOMEM, "out of memory");
	free(path);
	f->dirty = false;
	f->saved = monotonic_usec();
	f->save_cost = f->saved - t;
	return r;
}

static void give_up(struct fleet *f, int r, const struct rig_error *why)
{
	if (f->error)
		return;
	f->error = r;
	f->why = *why;
	if (f->event)
		sd_event_exit(f->event, 0);
}

static int on_save(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct fleet *f = userdata;
	struct rig_error e;
	int r;

	(void)source;
	(void)usec;
	f->save_timer = sd_event_source_disable_unref(f->save_timer);
	r = f->dirty ? fleet_save(f, &e) : 0;
	if (r)
		give_up(f, r, &e);
	return 0;
}

void fleet_touch(struct fleet *f)
{
	uint64_t wait = f->save_cost * SAVE_SHARE;

	f->dirty = true;
	if (f->save_timer || !f->event)
		return;
	if (wait < SAVE_MIN_USEC)
		wait = SAVE_MIN_USEC;
	sd_event_add_time(f->event, &f->save_timer, CLOCK_MONOTONIC, f->saved + wait, 0, on_save, f);
}

/* Takes LINE. */
void fleet_journal(struct fleet *f, struct json_object *line)
{
	struct rig_error e;
	int r;

	jsonout_u64(line, "t", fleet_now());
	r = jsonout_print(line, f->journal, true);
	if (!r && fflush(f->journal))
		r = -errno;
	json_object_put(line);
	if (r) {
		/* What is not on disk did not happen: going on would make results that a resume does not know. */
		rig_fail(&e, r, "cannot write %s/journal: %s", f->dir, strerror(-r));
		give_up(f, r, &e);
	}
	fleet_touch(f);
}

static int open_journal(struct fleet *f, struct rig_error *e)
{
	char *path = path_join(f->dir, "journal"), last = '\n';
	int fd;

	if (!path)
		return rig_fail(e, -ENOMEM, "out of memory");
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	free(path);
	f->journal = fd < 0 ? NULL : fdopen(fd, "a+");
	if (!f->journal)
		return rig_fail(e, -errno, "cannot open %s/journal: %s", f->dir, strerror(errno));
	/* Who was killed in the middle of a line shall not spoil the next one. */
	if (lseek(fd, -1, SEEK_END) >= 0 && read(fd, &last, 1) == 1 && last != '\n')
		fputc('\n', f->journal);
	return 0;
}

int fleet_lock(struct fleet *f, struct rig_error *e)
{
	char *path = path_join(f->dir, "lock");
	int r = 0;

	if (!path)
		return rig_fail(e, -ENOMEM, "out of memory");
	f->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (f->lock_fd < 0)
		r = rig_fail(e, -errno, "cannot open %s: %s", path, strerror(errno));
	else if (flock(f->lock_fd, LOCK_EX | LOCK_NB))
		r = errno == EWOULDBLOCK ?
			    rig_fail(e, -EBUSY, "%s is driven by another process", f->dir) :
			    rig_fail(e, -errno, "cannot lock %s: %s", path, strerror(errno));
	free(path);
	return r ?: open_journal(f, e);
}

bool fleet_is_driven(const char *dir)
{
	char *path = path_join(dir, "lock");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	bool driven = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	free(path);
	return driven;
}

static struct fleet_attempt *find_attempt(struct fleet_cell *c, uint64_t number)
{
	size_t i;

	for (i = c->attempts; i; i--)
		if (c->attempt[i - 1].number == number)
			return &c->attempt[i - 1];
	return NULL;
}

/* One line of the journal, as fleet.c has written it. What makes no sense is left alone. */
static void replay(struct fleet *f, struct json_object *line)
{
	const char *what = get_string(line, "e"), *verdict = get_string(line, "verdict");
	uint64_t t = get_u64(line, "t"), index = get_u64(line, "c");
	struct fleet_attempt *a, *grown;
	struct fleet_cell *c;
	int v;

	if (!what)
		return;
	if (!strcmp(what, "cancel") || !strcmp(what, "resumed")) {
		f->cancelled = what[0] == 'c';
		return;
	}
	if (!get(line, "c") || index >= f->cells)
		return;
	c = &f->cell[index];
	v = verdict ? verdict_parse(verdict) : -EINVAL;
	a = find_attempt(c, get_u64(line, "attempt"));
	if (!strcmp(what, "queued")) {
		c->queued = t;
	} else if (!strcmp(what, "began")) {
		grown = realloc(c->attempt, (c->attempts + 1) * sizeof(*grown));
		if (!grown)
			return;
		c->attempt = grown;
		a = &grown[c->attempts++];
		*a = (struct fleet_attempt){ .number = get_u64(line, "attempt"), .began = t };
		a->host = get_copy(line, "host");
	} else if (!strcmp(what, "ended") && a && v >= 0) {
		a->complete = true;
		a->verdict = v;
		a->ended = t;
		a->seconds = json_object_get_double(get(line, "seconds"));
		free(a->reason);
		a->reason = get_copy(line, "reason");
		c->counts = a->number;
		c->verdict = v;
		f->done += c->state != FLEET_DONE;
		c->state = FLEET_DONE;
		free(c->reason);
		c->reason = get_copy(line, "reason");
	} else if (!strcmp(what, "gave-up") && a) {
		a->ended = t;
		free(a->reason);
		a->reason = get_copy(line, "reason");
		if (json_object_get_boolean(get(line, "dead"))) {
			f->dead_seconds += (t - a->began) / 1e6;
			f->dead_attempts++;
		}
	} else if (!strcmp(what, "decided") && v >= 0) {
		c->verdict = v;
		f->done += c->state != FLEET_DONE;
		c->state = FLEET_DONE;
		free(c->reason);
		c->reason = get_copy(line, "reason");
	} else if (!strcmp(what, "again")) {
		f->done -= c->state == FLEET_DONE;
		c->state = FLEET_WAITING;
	}
}

int fleet_journal_each(struct fleet *f, void (*fn)(struct fleet *f, struct json_object *line),
		       struct rig_error *e)
{
	char *path = path_join(f->dir, "journal"), *line = NULL;
	size_t size = 0;
	FILE *j;

	if (!path)
		return rig_fail(e, -ENOMEM, "out of memory");
	j = fopen(path, "re");
	free(path);
	if (!j)
		return errno == ENOENT ? 0 : rig_fail(e, -errno, "cannot read %s/journal: %s", f->dir,
						      strerror(errno));
	while (getline(&line, &size, j) > 0) {
		struct json_object *o = json_tokener_parse(line);

		fn(f, o);
		json_object_put(o);
	}
	free(line);
	fclose(j);
	return 0;
}

static int read_inputs(struct fleet *f, struct json_object *a, struct rig_error *e)
{
	size_t i, n = json_object_is_type(a, json_type_array) ? json_object_array_length(a) : 0;

	f->input = calloc(n ?: 1, sizeof(*f->input));
	if (!f->input)
		return rig_fail(e, -ENOMEM, "out of memory");
	for (i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(a, i);
		const char *hash = get_string(o, "sha256");

		f->input[i].path = get_copy(o, "path");
		f->input[i].kernel = get_copy(o, "kernel");
		f->input[i].size = get_u64(o, "size");
		f->inputs++;
		if (!f->input[i].path || !hash || strlen(hash) != SHA256_HEX_SIZE - 1)
			return rig_fail(e, -EINVAL, "%s/setup.json: an input without path or hash", f->dir);
		strcpy(f->input[i].sha256, hash);
	}
	return 0;
}

static int read_setup(struct fleet *f, struct json_object *doc, struct rig_error *e)
{
	struct json_object *ids = get(doc, "ids");
	const char *engine = get_string(doc, "engine"), *name = get_string(doc, "name"),
		   *sha = get_string(doc, "plan_sha256"), *accel = get_string(doc, "accel");
	char *cells = path_join(f->dir, "cells.ini");
	size_t i;
	int r, mode;

	if (get_u64(doc, "version") != SETUP_VERSION || !engine || !name || !sha || !accel) {
		free(cells);
		return rig_fail(e, -EINVAL, "%s/setup.json is none that this rig knows", f->dir);
	}
	f->engine = !strcmp(engine, "slurm") ? &fleet_slurm : &fleet_local;
	mode = accel_mode_parse(accel);
	f->accel = mode < 0 ? ACCEL_AUTO : mode;
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->plan_sha256, sizeof(f->plan_sha256), "%s", sha);
	f->qemu = get_copy(doc, "qemu");
	f->jobs = get_u64(doc, "jobs");
	f->plan_file = get_copy(doc, "plan_file");
	f->started = get_u64(doc, "started");
	r = cells ? plan_load(cells, &f->plan, e) : rig_fail(e, -ENOMEM, "out of memory");
	free(cells);
	r = r ?: read_inputs(f, get(doc, "inputs"), e);
	if (r)
		return r;
	if (!json_object_is_type(ids, json_type_array) || json_object_array_length(ids) != f->plan->cells)
		return rig_fail(e, -EINVAL, "%s: setup.json and cells.ini do not belong together", f->dir);
	f->cell = calloc(f->plan->cells, sizeof(*f->cell));
	if (!f->cell)
		return rig_fail(e, -ENOMEM, "out of memory");
	for (i = 0; i < f->plan->cells; i++) {
		const char *id = json_object_get_string(json_object_array_get_idx(ids, i));

		if (!id || !cell_id_valid(id))
			return rig_fail(e, -EINVAL, "%s/setup.json: not an id", f->dir);
		f->cell[i].spec = f->plan->cell[i];
		f->cell[i].index = i;
		strcpy(f->cell[i].id, id);
		f->cells++;
	}
	return 0;
}

int fleet_open(const struct paths *paths, const char *dir, struct fleet **ret, struct rig_error *e)
{
	struct fleet *f = calloc(1, sizeof(*f));
	struct json_object *doc = NULL;
	char real[PATH_MAX], *path;
	int r;

	if (!f)
		return rig_fail(e, -ENOMEM, "out of memory");
	f->paths = paths;
	f->lock_fd = -1;
	if (!realpath(dir, real)) {
		r = rig_fail(e, -errno, "cannot use %s: %s", dir, strerror(errno));
		goto out;
	}
	f->dir = strdup(real);
	f->root = path_join(real, "root");
	path = path_join(real, "setup.json");
	if (!f->dir || !f->root || !path) {
		free(path);
		r = rig_fail(e, -ENOMEM, "out of memory");
		goto out;
	}
	doc = access(path, F_OK) ? NULL : json_object_from_file(path);
	free(path);
	r = doc ? read_setup(f, doc, e) :
		  rig_fail(e, -ENOENT, "%s holds no fleet (no setup.json)", dir);
	json_object_put(doc);
	r = r ?: fleet_journal_each(f, replay, e);
out:
	if (r) {
		fleet_free(f);
		return r;
	}
	*ret = f;
	return 0;
}
