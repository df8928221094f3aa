// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "doc.h"
#include "kcidb.h"
#include "page.h"
#include "result.h"
#include "verbs.h"

static const char help[] =
	"Usage: rig report [OPTION]… DIR…\n"
	"\n"
	"Reads every result.json at or below the directories and writes one page that says what broke,\n"
	"report.html, with report.junit.xml, report.ktap and report.kcidb.json beside it.\n"
	"\n"
	"  -o, --out FILE   the page goes there (default: report.html in the first directory)\n"
	"  -h, --help       this text\n"
	"\n"
	"Exit status: 0 written, whatever it says; 1 nothing to read or not written; 16 usage.\n";

struct report {
	const struct archive *a;
	const struct paths *paths;
	char *page;		/* absolute */
	char *dir;		/* of it */
	struct symboliser *symboliser;
	struct json_object *doc;	/* all latest cells as one run */
};

/*
 * All cells that count as one document of the result's schema, for the writers of the other forms.
 */
static struct json_object *merge(const struct archive *a)
{
	struct json_object *doc = json_object_new_object(), *cells = json_object_new_array(),
			   *plan = NULL;
	size_t i;
	bool ok = doc && cells;

	for (i = 0; i < a->cells && ok; i++)
		if (a->cell[i].latest)
			ok = !json_object_array_add(cells, json_object_get(a->cell[i].json));
	if (a->runs)
		plan = json_object_get(doc_get(a->run[a->runs - 1]->doc, "plan"));
	if (!ok || json_object_object_add(doc, "plan", plan)) {
		json_object_put(doc);
		json_object_put(cells);
		return NULL;
	}
	json_object_object_add(doc, "cells", cells);
	return doc;
}

static int write_page(FILE *f, const struct report *r)
{
	return page_write(f, r->a, r->dir, r->symboliser);
}

static int write_junit(FILE *f, const struct report *r)
{
	return result_write_junit(r->doc, f);
}

static int write_ktap(FILE *f, const struct report *r)
{
	return result_write_ktap(r->doc, f);
}

static int write_kcidb(FILE *f, const struct report *r)
{
	return kcidb_write(f, r->a);
}

/* Under a name of its own, then in place: a reader sees the old one or the new one. */
static int write_file(const struct report *r, const char *path,
		      int (*write)(FILE *, const struct report *), struct rig_error *e)
{
	char *tmp;
	FILE *f;
	int error;

	if (asprintf(&tmp, "%s.%d.tmp", path, getpid()) < 0)
		return rig_fail(e, -ENOMEM, "out of memory");
	f = fopen(tmp, "we");
	if (!f) {
		error = rig_fail(e, -errno, "cannot write %s: %s", path, strerror(errno));
		free(tmp);
		return error;
	}
	error = write(f, r);
	if (fclose(f) && !error)
		error = -errno;
	if (!error && rename(tmp, path))
		error = -errno;
	if (error) {
		unlink(tmp);
		rig_fail(e, error, "cannot write %s: %s", path, strerror(-error));
	}
	free(tmp);
	return error;
}

static int write_all(const struct report *r, struct rig_error *e)
{
	static const struct {
		const char *ending;
		int (*write)(FILE *, const struct report *);
	} forms[] = {
		{ ".html", write_page },
		{ ".junit.xml", write_junit },
		{ ".ktap", write_ktap },
		{ ".kcidb.json", write_kcidb },
	};
	size_t i, n = strlen(r->page);
	int error = 0;

	if (n > 5 && !strcmp(r->page + n - 5, ".html"))
		n -= 5;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]) && !error; i++) {
		char *path;

		if (asprintf(&path, "%.*s%s", (int)n, r->page, i ? forms[i].ending : r->page + n) <
		    0)
			return rig_fail(e, -ENOMEM, "out of memory");
		error = write_file(r, path, forms[i].write, e);
		free(path);
	}
	return error;
}

/* OUT may not be there yet, its directory must. */
static int place(struct report *r, const char *out, const char *first, struct rig_error *e)
{
	char dir[PATH_MAX], real[PATH_MAX], *slash;
	struct stat st;
	const char *name = "report.html";

	snprintf(dir, sizeof(dir), "%s", out ?: first);
	if (out && (stat(out, &st) || !S_ISDIR(st.st_mode))) {
		slash = strrchr(dir, '/');
		name = slash ? strrchr(out, '/') + 1 : out;
		if (slash == dir)
			slash++;
		if (slash)
			*slash = '\0';
		else
			strcpy(dir, ".");
		if (!name[0])
			return rig_fail(e, -ENOENT, "cannot write %s: %s", out, strerror(ENOENT));
	} else if (!out && !stat(first, &st) && !S_ISDIR(st.st_mode)) {
		return rig_fail(e, -ENOTDIR, "%s is not a directory", first);
	}
	if (!realpath(dir, real))
		return rig_fail(e, -errno, "cannot use %s: %s", dir, strerror(errno));
	r->dir = strdup(real);
	r->page = path_join(real, name);
	return r->dir && r->page ? 0 : rig_fail(e, -ENOMEM, "out of memory");
}

static int report(const struct paths *paths, char **dirs, int n, const char *out)
{
	struct report r = { .paths = paths };
	char *tree = path_join(paths->root, "build/linux");
	struct archive *a = NULL;
	struct rig_error e;
	size_t i;
	int error;

	error = archive_load(dirs, n, &a, &e) ?: place(&r, out, dirs[0], &e);
	if (!error) {
		for (i = 0; i < a->problems; i++)
			fprintf(stderr, "rig: report: %s\n", a->problem[i]);
		r.a = a;
		r.doc = merge(a);
		if (!r.doc || !tree || symboliser_new(tree, paths->kernels, &r.symboliser))
			error = rig_fail(&e, -ENOMEM, "out of memory");
		else
			error = write_all(&r, &e);
	}
	if (error)
		verb_failed("report", &e);
	else
		puts(r.page);
	json_object_put(r.doc);
	free(r.page);
	free(r.dir);
	symboliser_free(r.symboliser);
	free(tree);
	archive_free(a);
	return error ? 1 : 0;
}

int do_report(const struct paths *paths, int argc, char **argv)
{
	static const struct option options[] = {
		{ "out", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *out = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
		switch (c) {
		case 'o':
			out = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return verb_usage("report", "which directory of results?", NULL);
	return report(paths, argv + optind, argc - optind, out);
}
