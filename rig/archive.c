// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "archive.h"
#include "doc.h"
#include "paths.h"

#define PROBLEMS_MAX	100

static void problem(struct archive *a, const char *text)
{
	char **grown;

	if (a->problems == PROBLEMS_MAX)
		return;
	grown = realloc(a->problem, (a->problems + 1) * sizeof(*grown));
	if (!grown)
		return;
	a->problem = grown;
	a->problem[a->problems] = strdup(text);
	a->problems += !!a->problem[a->problems];
}

static void run_free(struct archived_run *run)
{
	if (!run)
		return;
	json_object_put(run->doc);
	free(run->dir);
	free(run->attempts_of);
	free(run);
}

/* The number of a directory attempt-N; false when it is none. */
static bool attempt_of(const char *dir, unsigned int *n, char **parent)
{
	const char *base = strrchr(dir, '/');
	unsigned long v;
	char *end;

	*parent = NULL;
	if (!base || strncmp(base, "/attempt-", 9) || !isdigit((unsigned char)base[9]))
		return false;
	v = strtoul(base + 9, &end, 10);
	if (*end || v > UINT_MAX)
		return false;
	*n = v;
	*parent = strndup(dir, base - dir);
	return true;
}

static bool all_done(struct json_object *doc)
{
	struct json_object *cells = doc_get(doc, "cells");
	size_t i;

	if (strcmp(doc_string(doc, "status"), "complete"))
		return false;
	for (i = 0; i < doc_length(cells); i++)
		if (strcmp(doc_string(doc_at(cells, i), "state"), "done"))
			return false;
	return true;
}

static int add_run(struct archive *a, const char *dir, struct json_object *doc)
{
	struct archived_run *run = calloc(1, sizeof(*run)), **grown;

	if (!run) {
		json_object_put(doc);
		return -ENOMEM;
	}
	run->doc = doc;
	run->dir = strdup(dir);
	grown = realloc(a->run, (a->runs + 1) * sizeof(*grown));
	if (!grown || !run->dir) {
		if (grown)
			a->run = grown;
		run_free(run);
		return -ENOMEM;
	}
	a->run = grown;
	run->complete = all_done(doc);
	attempt_of(dir, &run->attempt, &run->attempts_of);
	a->run[a->runs++] = run;
	return 0;
}

static int add_fleet(struct archive *a, const char *path)
{
	struct json_object *doc = json_object_from_file(path), **grown;
	char text[PATH_MAX + 64];

	if (!doc) {
		snprintf(text, sizeof(text), "%s: no JSON", path);
		problem(a, text);
		return 0;
	}
	grown = realloc(a->fleet, (a->fleets + 1) * sizeof(*grown));
	if (!grown) {
		json_object_put(doc);
		return -ENOMEM;
	}
	a->fleet = grown;
	a->fleet[a->fleets++] = doc;
	return 0;
}

static int no_dots(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int search(struct archive *a, const char *dir, int depth)
{
	struct json_object *doc;
	struct dirent **list;
	struct rig_error e;
	struct stat st;
	int i, n, r = 0;

	n = scandir(dir, &list, no_dots, alphasort);
	if (n < 0) {
		snprintf(e.text, sizeof(e.text), "cannot read %.400s: %s", dir, strerror(errno));
		problem(a, e.text);
		return 0;
	}
	for (i = 0; i < n; i++) {
		char *path = r ? NULL : path_join(dir, list[i]->d_name);

		if (!r && !path)
			r = -ENOMEM;
		if (!r && !lstat(path, &st)) {
			if (S_ISDIR(st.st_mode) && depth) {
				r = search(a, path, depth - 1);
			} else if (S_ISREG(st.st_mode) && !strcmp(list[i]->d_name, "result.json")) {
				if (doc_load(path, &doc, &e))
					problem(a, e.text);
				else
					r = add_run(a, dir, doc);
			} else if (S_ISREG(st.st_mode) && !strcmp(list[i]->d_name, "fleet.json")) {
				r = add_fleet(a, path);
			}
		}
		free(path);
		free(list[i]);
	}
	free(list);
	return r;
}

static int by_attempt(const void *pa, const void *pb)
{
	const struct archived_run *a = *(struct archived_run *const *)pa;
	const struct archived_run *b = *(struct archived_run *const *)pb;
	int r;

	if (!a->attempts_of || !b->attempts_of)
		return !!a->attempts_of - !!b->attempts_of;
	r = strcmp(a->attempts_of, b->attempts_of);
	if (!r)
		r = a->complete - b->complete;
	return r ?: (a->attempt > b->attempt) - (a->attempt < b->attempt);
}

static int by_time(const void *pa, const void *pb)
{
	const struct archived_run *a = *(struct archived_run *const *)pa;
	const struct archived_run *b = *(struct archived_run *const *)pb;

	/* ISO 8601 in UTC sorts as text. */
	return strcmp(doc_string(a->doc, "started"), doc_string(b->doc, "started")) ?:
		       strcmp(a->dir, b->dir);
}

/* Sorted so that the one that counts stands last among its attempts. */
static void drop_old_attempts(struct archive *a)
{
	size_t i, n = 0;

	if (!a->runs)
		return;
	qsort(a->run, a->runs, sizeof(*a->run), by_attempt);
	for (i = 0; i < a->runs; i++) {
		struct archived_run *run = a->run[i],
				    *next = i + 1 < a->runs ? a->run[i + 1] : NULL;

		if (run->attempts_of && next && next->attempts_of &&
		    !strcmp(run->attempts_of, next->attempts_of))
			run_free(run);
		else
			a->run[n++] = run;
	}
	a->runs = n;
	qsort(a->run, a->runs, sizeof(*a->run), by_time);
}

static bool separator(char c)
{
	return c && strchr(".-_@+", c);
}

char *archive_row(const char *name, const char *flavor)
{
	size_t n = strlen(flavor), len = strlen(name);
	const char *p;
	char *row;

	for (p = n ? strstr(name, flavor) : NULL; p; p = strstr(p + 1, flavor)) {
		bool first = p == name, last = p + n == name + len;

		if ((!first && !separator(p[-1])) || (!last && !separator(p[n])) || (first && last))
			continue;
		/* The separator before it goes with it; at the beginning the one after it. */
		row = malloc(len + 1);
		if (row && first)
			strcpy(row, p + n + 1);
		else if (row)
			sprintf(row, "%.*s%s", (int)(p - name - 1), name, p + n);
		return row;
	}
	return strdup(name);
}

/*
 * Logs are in the run's own directory (".", as in a fleet) or one below, or there are none: a name
 * that leads out of it is not followed.
 */
static char *log_dir(const struct archived_run *run, const char *name)
{
	char *path;
	struct stat st;

	if (run && !strcmp(name, "."))
		return strdup(run->dir);
	if (!run || !name[0] || strchr(name, '/') || name[0] == '.')
		return NULL;
	path = path_join(run->dir, name);
	if (path && (lstat(path, &st) || !S_ISDIR(st.st_mode))) {
		free(path);
		path = NULL;
	}
	return path;
}

static int add_cell(struct archive *a, const struct archived_run *run, size_t session,
		    struct json_object *json)
{
	struct archived_cell *c, *grown;

	if (!(a->cells & (a->cells - 1))) {
		grown = realloc(a->cell, (a->cells ? 2 * a->cells : 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		a->cell = grown;
	}
	c = &a->cell[a->cells];
	memset(c, 0, sizeof(*c));
	c->run = run;
	c->session = session;
	if (session < a->sessions)
		a->session[session].cells++;
	c->json = json;
	c->name = doc_string(json, "name");
	c->flavor = doc_string(doc_get(json, "kernel"), "flavor");
	c->verdict = doc_string(json, "verdict");
	c->ok = doc_cell_ok(json);
	c->skipped = doc_cell_skipped(json);
	c->row = archive_row(c->name, c->flavor);
	if (!c->row)
		return -ENOMEM;
	c->dir = log_dir(run, doc_string(json, "directory"));
	a->cells++;
	return 0;
}

static int by_text(const void *pa, const void *pb)
{
	return strcmp(*(const char *const *)pa, *(const char *const *)pb);
}

/* Names of all cells, and of the directories of a fleet's cells, which are their ids; sorted. */
static const char **known_names(const struct archive *a, size_t *n)
{
	const char **list = calloc(2 * a->cells + 1, sizeof(*list));
	size_t i;

	*n = 0;
	for (i = 0; list && i < a->cells; i++) {
		const char *of = a->cell[i].run->attempts_of;

		list[(*n)++] = a->cell[i].name;
		if (of)
			list[(*n)++] = strrchr(of, '/') ? strrchr(of, '/') + 1 : of;
	}
	if (*n)
		qsort(list, *n, sizeof(*list), by_text);
	return list;
}

/* Cells that a fleet knows and that left no result: lost with their host, or never placed. */
static int add_fleet_cells(struct archive *a)
{
	const char **known;
	size_t i, k, n;
	int r = 0;

	known = known_names(a, &n);
	if (!known)
		return -ENOMEM;
	for (k = 0; k < a->fleets && !r; k++) {
		struct json_object *cells = doc_get(a->fleet[k], "cells");

		for (i = 0; i < doc_length(cells) && !r; i++) {
			struct json_object *json = doc_at(cells, i);
			const char *id = doc_string(json, "id"), *name = doc_string(json, "name");

			if (name[0] && doc_string(json, "verdict")[0] &&
			    !bsearch(&id, known, n, sizeof(*known), by_text) &&
			    !bsearch(&name, known, n, sizeof(*known), by_text))
				r = add_cell(a, NULL, a->sessions ? a->sessions - 1 : 0, json);
		}
	}
	free(known);
	return r;
}

static int by_key(const void *pa, const void *pb)
{
	const struct archived_cell *a = *(struct archived_cell *const *)pa;
	const struct archived_cell *b = *(struct archived_cell *const *)pb;

	return strcmp(a->name, b->name) ?: strcmp(a->flavor, b->flavor) ?: (a > b) - (a < b);
}

static int mark_latest(struct archive *a)
{
	struct archived_cell **list = calloc(a->cells ?: 1, sizeof(*list));
	size_t i;

	if (!list)
		return -ENOMEM;
	for (i = 0; i < a->cells; i++)
		list[i] = &a->cell[i];
	if (a->cells)
		qsort(list, a->cells, sizeof(*list), by_key);
	for (i = 0; i < a->cells; i++)
		list[i]->latest = i + 1 == a->cells || strcmp(list[i]->name, list[i + 1]->name) ||
				  strcmp(list[i]->flavor, list[i + 1]->flavor);
	free(list);
	return 0;
}

/* FLEET/cells/ID/attempt-N is of FLEET; everything else is of its own. */
static char *session_dir(const struct archived_run *run)
{
	char *dir = strdup(run->attempts_of ?: run->dir), *slash;
	int i;

	for (i = 0; dir && run->attempts_of && i < 2; i++) {
		slash = strrchr(dir, '/');
		if (slash && slash > dir)
			*slash = '\0';
	}
	return dir;
}

static int find_sessions(struct archive *a)
{
	size_t i, k;

	a->session = calloc(a->runs ?: 1, sizeof(*a->session));
	if (!a->session)
		return -ENOMEM;
	for (i = 0; i < a->runs; i++) {
		char *dir = session_dir(a->run[i]);

		if (!dir)
			return -ENOMEM;
		/* Only a fleet has more than one, and there are few of them. */
		for (k = a->run[i]->attempts_of ? 0 : a->sessions; k < a->sessions; k++)
			if (!strcmp(a->session[k].dir, dir))
				break;
		if (k == a->sessions)
			a->session[a->sessions++] =
				(struct archived_session){ .first = a->run[i], .dir = dir };
		else
			free(dir);
		a->run[i]->session = k;
	}
	return 0;
}

static int fill(struct archive *a)
{
	size_t i, k;
	int r = 0;

	drop_old_attempts(a);
	r = find_sessions(a);
	for (i = 0; i < a->runs && !r; i++) {
		struct json_object *cells = doc_get(a->run[i]->doc, "cells");

		for (k = 0; k < doc_length(cells) && !r; k++)
			r = add_cell(a, a->run[i], a->run[i]->session, doc_at(cells, k));
	}
	return r ?: add_fleet_cells(a) ?: mark_latest(a);
}

int archive_load(char *const *dirs, size_t n, struct archive **ret, struct rig_error *e)
{
	struct archive *a = calloc(1, sizeof(*a));
	char real[PATH_MAX];
	size_t i;
	int r = 0;

	if (!a)
		return rig_fail(e, -ENOMEM, "out of memory");
	for (i = 0; i < n && !r; i++) {
		if (!realpath(dirs[i], real)) {
			r = rig_fail(e, -errno, "cannot read %s: %s", dirs[i], strerror(errno));
			archive_free(a);
			return r;
		}
		r = search(a, real, ARCHIVE_DEPTH_MAX);
	}
	r = r ?: fill(a);
	if (r) {
		archive_free(a);
		return rig_fail(e, r, "out of memory");
	}
	if (!a->cells) {
		r = rig_fail(e, -ENOENT, "no result.json of rig in %s%s%s%s", dirs[0],
			     n > 1 ? " …" : "", a->problems ? ": " : "",
			     a->problems ? a->problem[0] : "");
		archive_free(a);
		return r;
	}
	*ret = a;
	return 0;
}

void archive_free(struct archive *a)
{
	size_t i;

	if (!a)
		return;
	for (i = 0; i < a->cells; i++) {
		free(a->cell[i].row);
		free(a->cell[i].dir);
	}
	for (i = 0; i < a->runs; i++)
		run_free(a->run[i]);
	for (i = 0; i < a->sessions; i++)
		free(a->session[i].dir);
	free(a->session);
	for (i = 0; i < a->problems; i++)
		free(a->problem[i]);
	for (i = 0; i < a->fleets; i++)
		json_object_put(a->fleet[i]);
	free(a->cell);
	free(a->run);
	free(a->problem);
	free(a->fleet);
	free(a);
}
