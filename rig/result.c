// SPDX-License-Identifier: GPL-2.0
/*
 * result.json; docs/rig-result.schema.json describes it. junit.xml and results.ktap are made from
 * it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doc.h"
#include "html.h"
#include "host.h"
#include "result.h"

struct result {
	struct run *run;
	struct json_object *doc;
	struct json_object *cells;
	char *path;
	char *copy;
};

/*
 * Strings come from files and guests: what is cleaned already goes in as it is. NULL becomes null.
 */
static void add_string(struct json_object *o, const char *key, const char *s)
{
	json_object_object_add(o, key, s && s[0] ? json_object_new_string(s) : NULL);
}

static void add_int(struct json_object *o, const char *key, int64_t v)
{
	json_object_object_add(o, key, json_object_new_int64(v));
}

static void add_uint(struct json_object *o, const char *key, uint64_t v)
{
	json_object_object_add(o, key, json_object_new_uint64(v));
}

static void add_bool(struct json_object *o, const char *key, bool v)
{
	json_object_object_add(o, key, json_object_new_boolean(v));
}

static void add_seconds(struct json_object *o, const char *key, double v)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", v);
	json_object_object_add(o, key, json_object_new_double_s(v, text));
}

static void add_double(struct json_object *o, const char *key, double v)
{
	char text[40];

	snprintf(text, sizeof(text), "%.17g", v);
	json_object_object_add(o, key, json_object_new_double_s(v, text));
}

static struct json_object *kernel_json(const struct cell *cell)
{
	const struct kernel *k = cell->kernel;
	struct json_object *o = json_object_new_object();

	add_string(o, "flavor", k ? k->flavor : cell->spec->kernel);
	add_string(o, "path", k ? k->path : NULL);
	add_string(o, "sha256", k ? k->sha256 : NULL);
	add_string(o, "config_sha256", k ? k->config_sha256 : NULL);
	return o;
}

static struct json_object *disks_json(const struct cell_spec *s)
{
	struct json_object *a = json_object_new_array();
	unsigned int i;

	for (i = 0; i < s->disks; i++) {
		struct json_object *o = json_object_new_object();

		add_string(o, "name", s->disk[i].name);
		add_uint(o, "size", s->disk[i].size);
		add_uint(o, "bps", s->disk[i].bps);
		add_uint(o, "iops", s->disk[i].iops);
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *tap_json(const struct channel *ch)
{
	const struct tap *tap = channel_tap(ch);
	const struct tap_totals *t = tap_totals(tap);
	struct json_object *o = json_object_new_object(), *tests = json_object_new_array();
	size_t i;

	add_int(o, "passed", t->passed);
	add_int(o, "failed", t->failed);
	add_int(o, "skipped", t->skipped);
	add_int(o, "plan_errors", t->plan_errors);
	add_int(o, "not_listed", t->dropped);
	for (i = 0; i < tap_count(tap); i++) {
		const struct tap_result *r = tap_get(tap, i);
		struct json_object *test = json_object_new_object();

		json_object_object_add(test, "name", json_object_new_string(r->name));
		add_string(test, "status", tap_status_name(r->status));
		if (r->note)
			add_string(test, "note", r->note);
		add_int(test, "depth", r->depth);
		if (r->parent)
			add_bool(test, "parent", true);
		json_object_array_add(tests, test);
	}
	json_object_object_add(o, "tests", tests);
	return o;
}

static struct json_object *metrics_json(const struct channel *ch)
{
	struct json_object *o = json_object_new_object();
	size_t i;

	for (i = 0; i < channel_metrics(ch); i++) {
		const struct metric *m = channel_metric(ch, i);
		struct json_object *v = json_object_new_object();

		json_object_object_add(v, "value", json_object_new_double_s(m->value, m->text));
		add_string(v, "unit", m->unit);
		if (m->count > 1) {
			add_double(v, "min", m->min);
			add_double(v, "max", m->max);
		}
		add_int(v, "count", m->count);
		json_object_object_add(o, m->name, v);
	}
	return o;
}

static struct json_object *crashes_json(const struct console *c)
{
	struct json_object *a = json_object_new_array();
	const struct crash *k;
	size_t i;

	for (i = 0; (k = console_crash(c, i)); i++) {
		struct json_object *o = json_object_new_object();

		add_string(o, "kind", k->kind);
		add_string(o, "title", k->title);
		add_string(o, "fingerprint", k->fingerprint);
		json_object_object_add(o, "excerpt", json_object_new_string(k->excerpt ?: ""));
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *console_json(const struct console *c)
{
	struct json_object *o = json_object_new_object(), *events = json_object_new_object();
	int e;

	add_uint(o, "bytes", console_bytes(c));
	add_bool(o, "truncated", console_truncated(c));
	for (e = 0; e < EVENT_MAX; e++)
		add_int(events, console_event_name(e), console_events(c, e));
	json_object_object_add(o, "events", events);
	return o;
}

static const char *state_name(const struct cell *cell)
{
	switch (cell->state) {
	case CELL_WAITING:
		return "waiting";
	case CELL_DONE:
		return "done";
	default:
		return "running";
	}
}

static struct json_object *argv_json(const struct cell *cell)
{
	struct json_object *a = json_object_new_array();
	char *const *argv;

	for (argv = vm_argv(cell->vm); *argv; argv++)
		json_object_array_add(a, json_object_new_string(*argv));
	return a;
}

static struct json_object *cell_json(const struct cell *cell, struct json_object *old)
{
	const struct cell_spec *s = cell->spec;
	struct json_object *o = json_object_new_object(), *params, *command;
	unsigned int i;

	add_string(o, "name", s->name);
	add_string(o, "id", cell->id);
	add_int(o, "attempt", cell->run->attempt);
	if (cell->run->host)
		add_string(o, "host", cell->run->host);
	add_string(o, "state", state_name(cell));
	add_string(o, "verdict", verdict_name(cell->verdict));
	add_string(o, "expected", verdict_name(s->expect));
	add_bool(o, "ok", cell->ok);
	json_object_object_add(o, "reason", json_object_new_string(cell->reason));
	add_string(o, "started", cell->started);
	add_seconds(o, "seconds", cell_seconds(cell));
	add_string(o, "scenario", s->scenario);
	add_string(o, "args", s->args);
	add_string(o, "mode", s->mode == CELL_SYSTEMD ? "systemd" : "pid1");
	add_uint(o, "seed", s->seed);
	params = json_object_new_object();
	for (i = 0; i < s->params; i++)
		json_object_object_add(params, s->param[i].name,
				       json_object_new_string(s->param[i].value));
	json_object_object_add(o, "params", params);
	add_int(o, "memory_mib", s->memory);
	add_int(o, "cpus", s->cpus);
	add_bool(o, "icount", s->icount);
	add_int(o, "deadline", s->deadline);
	json_object_object_add(o, "disks", disks_json(s));
	json_object_object_add(o, "kernel", kernel_json(cell));
	add_string(o, "accel", cell->state == CELL_WAITING ? NULL : cell->kvm ? "kvm" : "tcg");
	add_string(o, "image_sha256", s->root ? cell->run->image_sha256 : NULL);
	add_string(o, "initrd_sha256", cell->initrd_sha256);
	add_string(o, "share", s->share);
	add_string(o, "share_sha256", cell->share ? cell->share->sha256 : NULL);
	/* The VM is gone when a cell is done: the command was taken over when it started. */
	if (cell->vm)
		json_object_object_add(o, "command", argv_json(cell));
	else
		json_object_object_add(o, "command",
				       json_object_object_get_ex(old, "command", &command) ?
					       json_object_get(command) :
					       NULL);
	add_string(o, "directory",
		   cell->state == CELL_WAITING ? NULL : cell->run->flat ? "." : s->name);
	if (cell->state == CELL_DONE && cell->channel) {
		json_object_object_add(o, "tap", tap_json(cell->channel));
		json_object_object_add(o, "metrics", metrics_json(cell->channel));
		add_uint(o, "tainted", channel_taint(cell->channel));
		add_int(o, "heartbeats", channel_beats(cell->channel));
		add_int(o, "bad_lines", channel_bad_lines(cell->channel));
	}
	if (cell->state == CELL_DONE && cell->console) {
		json_object_object_add(o, "crashes", crashes_json(cell->console));
		add_int(o, "crash_count", console_crashes(cell->console));
		json_object_object_add(o, "console", console_json(cell->console));
		add_string(o, "end", cell->end);
		add_string(o, "dump", console_dump(cell->console));
		if (cell->timed_out)
			add_string(o, "dump_by", cell->dump_by_break ? "serial break" : "agent");
	}
	return o;
}

static struct json_object *host_json(void)
{
	struct json_object *o = json_object_new_object();

	add_int(o, "cores", host_cores());
	add_uint(o, "memory_mib", host_memory_mib());
	return o;
}

static struct json_object *accel_json(const struct accel *a)
{
	struct json_object *o = json_object_new_object();

	add_string(o, "requested", accel_mode_name(a->requested));
	add_string(o, "used", a->kvm ? "kvm" : "tcg");
	add_string(o, "reason", a->reason);
	add_bool(o, "cached", a->cached);
	return o;
}

int result_new(struct run *run, struct cell *const *cells, size_t n, const char *json_path,
	       struct result **ret, struct rig_error *e)
{
	struct result *r = calloc(1, sizeof(*r));
	struct json_object *plan;
	size_t i;

	if (!r)
		return rig_fail(e, -ENOMEM, "out of memory");
	r->run = run;
	r->path = path_join(run->out, "result.json");
	r->copy = json_path ? strdup(json_path) : NULL;
	r->doc = json_object_new_object();
	r->cells = json_object_new_array();
	if (!r->path || (json_path && !r->copy) || !r->doc || !r->cells) {
		result_free(r);
		return rig_fail(e, -ENOMEM, "out of memory");
	}
	add_string(r->doc, "schema", RESULT_SCHEMA);
	add_int(r->doc, "version", RESULT_VERSION);
	add_string(r->doc, "rig", RIG_VERSION);
	add_string(r->doc, "status", "running");
	plan = json_object_new_object();
	add_string(plan, "name", run->plan->name);
	add_string(plan, "description", run->plan->description);
	add_string(plan, "file", run->plan->path);
	add_string(plan, "sha256", run->plan_sha256);
	json_object_object_add(r->doc, "plan", plan);
	json_object_object_add(r->doc, "host", host_json());
	json_object_object_add(r->doc, "accel", accel_json(&run->accel));
	add_string(r->doc, "started", run->started);
	add_string(r->doc, "ended", NULL);
	json_object_object_add(r->doc, "totals", NULL);
	for (i = 0; i < n; i++)
		json_object_array_add(r->cells, cell_json(cells[i], NULL));
	json_object_object_add(r->doc, "cells", r->cells);
	*ret = r;
	return 0;
}

void result_free(struct result *r)
{
	if (!r)
		return;
	json_object_put(r->doc);
	free(r->path);
	free(r->copy);
	free(r);
}

int result_cell(struct result *r, const struct cell *cell)
{
	struct json_object *old = json_object_array_get_idx(r->cells, cell->index);

	return json_object_array_put_idx(r->cells, cell->index, cell_json(cell, old)) ? -ENOMEM : 0;
}

static int save_to(struct json_object *doc, const char *path, struct rig_error *e)
{
	const char *text = json_object_to_json_string_ext(
		doc,
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);
	char *tmp;
	int r = 0;
	FILE *f;

	if (!text || asprintf(&tmp, "%s.%d.tmp", path, getpid()) < 0)
		return rig_fail(e, -ENOMEM, "out of memory");
	f = fopen(tmp, "we");
	if (!f) {
		r = rig_fail(e, -errno, "cannot write %s: %s", path, strerror(errno));
		free(tmp);
		return r;
	}
	fprintf(f, "%s\n", text);
	if (fclose(f) || rename(tmp, path)) {
		r = rig_fail(e, -errno, "cannot write %s: %s", path, strerror(errno));
		unlink(tmp);
	}
	free(tmp);
	return r;
}

int result_save(struct result *r, struct rig_error *e)
{
	return save_to(r->doc, r->path, e) ?: r->copy ? save_to(r->doc, r->copy, e) : 0;
}

static void count(struct json_object *cells, struct result_totals *t)
{
	size_t i;

	memset(t, 0, sizeof(*t));
	for (i = 0; i < doc_length(cells); i++) {
		struct json_object *cell = doc_at(cells, i);

		if (doc_cell_skipped(cell))
			t->skipped++;
		else if (doc_cell_ok(cell))
			t->passed++;
		else
			t->failed++;
	}
}

static void write_xml(FILE *f, const char *s)
{
	for (; *s; s++) {
		unsigned char c = *s;
		const char *entity = markup_entity(c);

		if (entity)
			fputs(entity, f);
		else
			fputc((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? '?' : c, f);
	}
}

/* In an attribute a newline would become a blank. */
static void write_attribute(FILE *f, const char *key, const char *s)
{
	fprintf(f, " %s=\"", key);
	for (; *s; s++) {
		char one[2] = { *s == '\n' ? ' ' : *s, '\0' };

		write_xml(f, one);
	}
	fputc('"', f);
}

static void write_cell_detail(FILE *f, struct json_object *cell)
{
	struct json_object *crash = doc_at(doc_get(cell, "crashes"), 0);

	write_xml(f, doc_string(crash, "excerpt"));
	write_xml(f, doc_string(cell, "dump"));
}

static void write_junit_cell(FILE *f, struct json_object *cell, struct json_object *plan)
{
	struct json_object *tests = doc_get(doc_get(cell, "tap"), "tests");
	const char *verdict = doc_string(cell, "verdict");
	bool skipped = doc_cell_skipped(cell), failed = !skipped && !doc_cell_ok(cell);
	bool error = failed && strcmp(verdict, "fail");
	unsigned int failures = failed && !error, skips = skipped, leaves = 1;
	char class[2 * CELL_NAME_MAX + 2];
	size_t i;

	for (i = 0; i < doc_length(tests); i++) {
		struct json_object *t = doc_at(tests, i);

		if (json_object_get_boolean(doc_get(t, "parent")))
			continue;
		leaves++;
		failures += !strcmp(doc_string(t, "status"), "not ok");
		skips += !strcmp(doc_string(t, "status"), "skip");
	}
	snprintf(class, sizeof(class), "%.*s.%.*s", CELL_NAME_MAX, doc_string(plan, "name"),
		 CELL_NAME_MAX, doc_string(cell, "name"));

	fputs("  <testsuite", f);
	write_attribute(f, "name", doc_string(cell, "name"));
	fprintf(f, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%.3f\"",
		leaves, failures, error, skips, json_object_get_double(doc_get(cell, "seconds")));
	write_attribute(f, "timestamp", doc_string(cell, "started"));
	fputs(">\n    <testcase name=\"(cell)\"", f);
	write_attribute(f, "classname", class);
	fprintf(f, " time=\"%.3f\"", json_object_get_double(doc_get(cell, "seconds")));
	if (skipped) {
		fputs("><skipped", f);
		write_attribute(f, "message", doc_string(cell, "reason"));
		fputs("/></testcase>\n", f);
	} else if (failed) {
		fprintf(f, "><%s", error ? "error" : "failure");
		write_attribute(f, "type", verdict);
		write_attribute(f, "message", doc_string(cell, "reason"));
		fputc('>', f);
		write_cell_detail(f, cell);
		fprintf(f, "</%s></testcase>\n", error ? "error" : "failure");
	} else {
		fputs("/>\n", f);
	}
	for (i = 0; i < doc_length(tests); i++) {
		struct json_object *t = doc_at(tests, i);
		const char *status = doc_string(t, "status");

		if (json_object_get_boolean(doc_get(t, "parent")))
			continue;
		fputs("    <testcase", f);
		write_attribute(f, "name", doc_string(t, "name"));
		write_attribute(f, "classname", class);
		if (!strcmp(status, "not ok") || !strcmp(status, "skip")) {
			fprintf(f, "><%s", !strcmp(status, "skip") ? "skipped" : "failure");
			write_attribute(f, "message", doc_string(t, "note"));
			fputs("/></testcase>\n", f);
		} else {
			fputs("/>\n", f);
		}
	}
	fputs("  </testsuite>\n", f);
}

int result_write_junit(struct json_object *doc, FILE *f)
{
	struct json_object *cells = doc_get(doc, "cells"), *plan = doc_get(doc, "plan");
	size_t i;

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", f);
	write_attribute(f, "name", doc_string(plan, "name"));
	fputs(">\n", f);
	for (i = 0; i < doc_length(cells); i++)
		write_junit_cell(f, doc_at(cells, i), plan);
	fputs("</testsuites>\n", f);
	return ferror(f) ? -EIO : 0;
}

/* A '#' in a name would begin a directive. */
static void write_ktap_text(FILE *f, const char *s)
{
	for (; *s; s++)
		fputc(*s == '#' || *s == '\n' ? ' ' : *s, f);
}

static void write_ktap_tests(FILE *f, struct json_object *tests)
{
	unsigned int number[TAP_DEPTH_MAX] = { 0 }, top = 0;
	size_t i;

	for (i = 0; i < doc_length(tests); i++)
		top += json_object_get_int(doc_get(doc_at(tests, i), "depth")) == 0;
	fprintf(f, "    KTAP version 1\n    1..%u\n", top);
	for (i = 0; i < doc_length(tests); i++) {
		struct json_object *t = doc_at(tests, i);
		const char *status = doc_string(t, "status");
		int depth = json_object_get_int(doc_get(t, "depth"));

		if (depth < 0 || depth >= TAP_DEPTH_MAX)
			continue;
		if (depth + 1 < TAP_DEPTH_MAX)
			number[depth + 1] = 0;
		fprintf(f, "%*s%s %u ", 4 * (depth + 1), "",
			!strcmp(status, "not ok") ? "not ok" : "ok", ++number[depth]);
		write_ktap_text(f, doc_string(t, "name"));
		if (!strcmp(status, "skip") || !strcmp(status, "todo")) {
			fputs(" # ", f);
			write_ktap_text(f, doc_string(t, "note"));
		}
		fputc('\n', f);
	}
}

int result_write_ktap(struct json_object *doc, FILE *f)
{
	struct json_object *cells = doc_get(doc, "cells");
	size_t i;

	fprintf(f, "KTAP version 1\n1..%zu\n", doc_length(cells));
	for (i = 0; i < doc_length(cells); i++) {
		struct json_object *cell = doc_at(cells, i),
				   *tests = doc_get(doc_get(cell, "tap"), "tests");
		bool skipped = doc_cell_skipped(cell), ok = skipped || doc_cell_ok(cell);

		if (doc_length(tests))
			write_ktap_tests(f, tests);
		if (!ok) {
			fprintf(f, "# %s: ", doc_string(cell, "verdict"));
			write_ktap_text(f, doc_string(cell, "reason"));
			fputc('\n', f);
		}
		fprintf(f, "%s %zu ", ok ? "ok" : "not ok", i + 1);
		write_ktap_text(f, doc_string(cell, "name"));
		if (skipped) {
			fputs(" # SKIP ", f);
			write_ktap_text(f, doc_string(cell, "reason"));
		}
		fputc('\n', f);
	}
	return ferror(f) ? -EIO : 0;
}

static int write_form(struct result *r, const char *name,
		      int (*write)(struct json_object *, FILE *), struct rig_error *e)
{
	FILE *f = run_create(r->run->out, name);
	int error;

	if (!f)
		return rig_fail(e, -errno, "cannot write %s/%s: %s", r->run->out, name,
				strerror(errno));
	error = write(r->doc, f);
	if (fclose(f) || error)
		return rig_fail(e, -EIO, "cannot write %s/%s", r->run->out, name);
	return 0;
}

int result_finish(struct result *r, bool interrupted, struct result_totals *totals,
		  struct rig_error *e)
{
	struct json_object *o = json_object_new_object();
	char now[32];

	count(r->cells, totals);
	add_int(o, "passed", totals->passed);
	add_int(o, "failed", totals->failed);
	add_int(o, "skipped", totals->skipped);
	json_object_object_add(r->doc, "totals", o);
	time_text(now);
	add_string(r->doc, "ended", now);
	add_string(r->doc, "status", interrupted ? "interrupted" : "complete");
	return result_save(r, e) ?: write_form(r, "junit.xml", result_write_junit, e) ?:
	       write_form(r, "results.ktap", result_write_ktap, e);
}
