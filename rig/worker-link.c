// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "command.h"
#include "intake.h"
#include "jsonout.h"
#include "linebuf.h"
#include "wire.h"
#include "worker-link.h"
#include "worker.h"

#define WANTS_MAX	64	/* inputs asked for over one connection */
#define NOTES_MAX	32
#define RSYNC_SEC	1800

struct worker_link {
	struct fleet *fleet;
	struct fleet_cell *cell;
	char host[FLEET_HOST_MAX + 1];
	const struct link_ops *ops;
	void *userdata;
	struct wire *wire;
	struct intake *intake;
	struct command *command;
	sd_event_source *beat;
	unsigned int wants, notes;
	bool greeted, ended;
};

static void end(struct worker_link *l, enum link_end how, const char *why)
{
	if (l->ended)
		return;
	l->ended = true;
	if (how == LINK_REFUSED)
		wire_say(l->wire, "abort");
	else if (how != LINK_CLOSED)
		wire_say(l->wire, "ack");
	l->ops->ended(how, why, l->userdata);
}

static struct json_object *task_json(struct worker_link *l, const struct fleet_attempt *a)
{
	struct fleet *f = l->fleet;
	struct json_object *o = json_object_new_object(), *inputs = json_object_new_array();
	const char *target = fleet_options_rsync(f->plan->fleet);
	char *ini = fleet_cell_ini(f, l->cell), push[192];
	size_t i;

	jsonout_str(o, "id", l->cell->id);
	jsonout_u64(o, "attempt", a->number);
	jsonout_str(o, "host", a->host);
	jsonout_str(o, "ini", ini ?: "");
	jsonout_u64(o, "deadline", l->cell->spec->deadline);
	jsonout_str(o, "accel", accel_mode_name(f->accel));
	if (target) {
		snprintf(push, sizeof(push), "results/%s/%s-%u", f->name, l->cell->id, a->number);
		jsonout_str(o, "rsync", target);
		jsonout_str(o, "push", push);
	}
	for (i = 0; i < f->inputs; i++) {
		struct json_object *in;

		if (!fleet_input_for(&f->input[i], l->cell))
			continue;
		in = json_object_new_object();
		jsonout_str(in, "path", f->input[i].path);
		jsonout_str(in, "sha256", f->input[i].sha256);
		jsonout_u64(in, "size", f->input[i].size);
		jsonout_append(inputs, in);
	}
	jsonout_add(o, "inputs", inputs);
	free(ini);
	return o;
}

static void send_task(struct worker_link *l)
{
	char why[2 * FLEET_HOST_MAX + 64];
	struct fleet_attempt *a;
	struct json_object *o;
	const char *text;

	/* A worker without a task where one was at work before: that one is gone, and its host perhaps. */
	a = fleet_attempt_now(l->cell);
	if (a) {
		snprintf(why, sizeof(why), "%s went away: the job began anew on %s", a->host, l->host);
		l->ops->note(why, l->userdata);
		fleet_gave_up(l->fleet, l->cell, why, true);
		if (l->cell->state == FLEET_DONE) {
			end(l, LINK_REFUSED, "no attempt is left");
			return;
		}
	}
	a = fleet_began(l->fleet, l->cell, l->host);
	if (!a) {
		end(l, LINK_REFUSED, "out of memory");
		return;
	}
	o = task_json(l, a);
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	wire_say(l->wire, "task %zu", strlen(text));
	wire_send(l->wire, text, strlen(text));
	json_object_put(o);
}

static void on_hello(struct worker_link *l, const char *line)
{
	const struct fleet_attempt *a = fleet_attempt_now(l->cell);
	char host[FLEET_HOST_MAX + 1], id[CELL_ID_SIZE], state[16];
	unsigned int attempt;
	int version;

	if (l->greeted || sscanf(line, "rig %d %64s %16s %u %15s", &version, host, id, &attempt, state) != 5) {
		end(l, LINK_REFUSED, "the worker does not speak as one");
		return;
	}
	l->greeted = true;
	if (version != WORKER_PROTOCOL)
		end(l, LINK_TROUBLE, "the host has another version of rig");
	else if (strcmp(host, l->host))
		end(l, LINK_REFUSED, "the worker is on another host than its job");
	else if (!strcmp(id, "-") && strcmp(state, "trouble"))
		send_task(l);
	else if (!strcmp(id, "-"))
		/* It says what, in its next line; that it tried is an attempt. */
		a = a ?: fleet_began(l->fleet, l->cell, l->host);
	else if (strcmp(id, l->cell->id) || !a || a->number != attempt)
		end(l, LINK_REFUSED, "the worker has another task");
}

static void send_input(struct worker_link *l, const char *sha256)
{
	struct fleet *f = l->fleet;
	struct stat st;
	char *path;
	size_t i;
	int fd;

	for (i = 0; i < f->inputs; i++)
		if (!strcmp(f->input[i].sha256, sha256) && fleet_input_for(&f->input[i], l->cell))
			break;
	if (i == f->inputs || ++l->wants > WANTS_MAX) {
		end(l, LINK_REFUSED, "the worker wants what it has no need of");
		return;
	}
	path = path_join(f->root, f->input[i].path);
	fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	free(path);
	if (fd < 0 || fstat(fd, &st) || (uint64_t)st.st_size != f->input[i].size) {
		if (fd >= 0)
			close(fd);
		end(l, LINK_REFUSED, "an input of the fleet is not there any more");
		return;
	}
	wire_say(l->wire, "blob %s %llu", sha256, (unsigned long long)st.st_size);
	wire_send_file(l->wire, fd, st.st_size);
}

static int begin_intake(struct worker_link *l, struct rig_error *e)
{
	const struct fleet_attempt *a = fleet_attempt_now(l->cell);
	char *dir;
	int r;

	if (!a)
		return rig_fail(e, -EPROTO, "a result without an attempt");
	if (l->intake)
		return 0;
	dir = fleet_attempt_dir(l->fleet, l->cell, a->number);
	r = dir ? intake_new(dir, &l->intake, e) : rig_fail(e, -ENOMEM, "out of memory");
	free(dir);
	return r;
}

static void take_result(struct worker_link *l)
{
	struct rig_error e;
	int r;

	r = begin_intake(l, &e) ?: intake_commit(l->intake, &e);
	intake_free(l->intake);
	l->intake = NULL;
	if (r) {
		end(l, LINK_REFUSED, e.text);
		return;
	}
	/* In this order: the fleet may end with this result, but not before the last words are out. */
	end(l, LINK_DONE, "");
	fleet_ended(l->fleet, l->cell);
}

static void on_pulled(int status, char *out, const char *err, void *userdata)
{
	struct worker_link *l = userdata;
	const struct fleet_attempt *a = fleet_attempt_now(l->cell);
	struct rig_error e;
	char why[300], *dir;
	int r;

	(void)out;
	l->command = NULL;
	if (status || !a) {
		snprintf(why, sizeof(why), "rsync of the result failed (%d): %.200s", status, err);
		text_clean(why, strlen(why));
		end(l, LINK_TROUBLE, why);
		return;
	}
	if (asprintf(&dir, "%s/incoming/%s-%u", l->fleet->dir, l->cell->id, a->number) < 0)
		return;
	r = begin_intake(l, &e) ?: intake_directory(l->intake, dir, &e);
	remove_tree(dir);
	free(dir);
	if (r)
		end(l, LINK_REFUSED, e.text);
	else
		take_result(l);
}

/* Links and devices stay where they are, and no file is larger than a result may be. */
static void pull_result(struct worker_link *l)
{
	const struct fleet_attempt *a = fleet_attempt_now(l->cell);
	const char *target = fleet_options_rsync(l->fleet->plan->fleet);
	char *from = NULL, *to = NULL, max[40];
	const char *argv[] = { "rsync", "--recursive", "--times", "--no-links", "--no-devices",
			       "--no-specials", "--mkpath", "--delete", max, "--", NULL, NULL, NULL };
	int r = -ENOMEM;

	if (!a || !target || l->command) {
		end(l, LINK_REFUSED, "a result that nobody expects");
		return;
	}
	snprintf(max, sizeof(max), "--max-size=%llu", (unsigned long long)INTAKE_BYTES_MAX);
	if (asprintf(&from, "%s/results/%s/%s-%u/", target, l->fleet->name, l->cell->id, a->number) < 0)
		from = NULL;
	if (asprintf(&to, "%s/incoming/%s-%u/", l->fleet->dir, l->cell->id, a->number) < 0)
		to = NULL;
	argv[10] = from;
	argv[11] = to;
	if (from && to)
		r = command_run(l->fleet->event, argv, NULL, RSYNC_SEC, on_pulled, l, &l->command);
	free(from);
	free(to);
	if (r)
		end(l, LINK_TROUBLE, strerror(-r));
}

static void on_line(char *line, void *userdata)
{
	struct worker_link *l = userdata;
	char word[80];
	unsigned long long size;
	struct rig_error e;

	if (l->ended)
		return;
	l->ops->heard(l->userdata);
	text_clean(line, strlen(line));
	if (!strncmp(line, "rig ", 4)) {
		on_hello(l, line);
	} else if (!l->greeted) {
		end(l, LINK_REFUSED, "the worker does not speak as one");
	} else if (sscanf(line, "want %64s", word) == 1) {
		send_input(l, word);
	} else if (!strncmp(line, "trouble ", 8)) {
		end(l, LINK_TROUBLE, line + 8);
	} else if (sscanf(line, "file %79s %llu", word, &size) == 2) {
		if (begin_intake(l, &e) || intake_file(l->intake, word, size, &e))
			end(l, LINK_REFUSED, e.text);
		else
			wire_expect(l->wire, size);
	} else if (!strcmp(line, "end")) {
		take_result(l);
	} else if (!strcmp(line, "pushed")) {
		pull_result(l);
	} else if (!strncmp(line, "note ", 5) && ++l->notes <= NOTES_MAX) {
		l->ops->note(line + 5, l->userdata);
	} else if (strcmp(line, "beat") && strcmp(line, "running")) {
		end(l, LINK_REFUSED, "the worker does not speak as one");
	}
}

static void on_data(const void *data, size_t len, uint64_t left, void *userdata)
{
	struct worker_link *l = userdata;
	struct rig_error e;

	(void)left;
	if (l->ended)
		return;
	l->ops->heard(l->userdata);
	if (intake_data(l->intake, data, len, &e))
		end(l, LINK_REFUSED, e.text);
}

static void on_closed(const char *why, void *userdata)
{
	struct worker_link *l = userdata;

	if (!l->ended)
		end(l, LINK_CLOSED, why);
	else
		l->ops->closed(l->userdata);
}

static int on_beat(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct worker_link *l = userdata;

	(void)usec;
	if (wire_idle(l->wire))
		wire_say(l->wire, "beat");
	sd_event_source_set_time_relative(source, WORKER_BEAT_SEC * 1000000ull);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

int worker_link_new(struct fleet *f, struct fleet_cell *c, const char *host, int fd,
		    const struct link_ops *ops, void *userdata, struct worker_link **ret)
{
	static const struct wire_ops wire_ops = { .line = on_line, .data = on_data, .closed = on_closed };
	struct worker_link *l = calloc(1, sizeof(*l));
	int r;

	if (!l) {
		close(fd);
		return -ENOMEM;
	}
	l->fleet = f;
	l->cell = c;
	l->ops = ops;
	l->userdata = userdata;
	snprintf(l->host, sizeof(l->host), "%s", host);
	r = wire_new(f->event, fd, &wire_ops, l, &l->wire);
	if (!r)
		r = sd_event_add_time_relative(f->event, &l->beat, CLOCK_MONOTONIC,
					       WORKER_BEAT_SEC * 1000000ull, 0, on_beat, l);
	if (r < 0) {
		worker_link_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void worker_link_free(struct worker_link *l)
{
	if (!l)
		return;
	sd_event_source_disable_unref(l->beat);
	command_free(l->command);
	intake_free(l->intake);
	wire_free(l->wire);
	free(l);
}
