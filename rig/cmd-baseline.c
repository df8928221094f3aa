// SPDX-License-Identifier: GPL-2.0
/*
 * rig baseline: what the unpatched kernel fails in the external suites, found by running it and
 * recorded under its version.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"
#include "doc.h"
#include "plan-select.h"
#include "result.h"
#include "run-options.h"
#include "strbuf.h"
#include "verbs.h"

#define DEPTH_MAX	TAP_DEPTH_MAX
#define VERSION_AT	0x20e	/* in a bzImage: offset of the version's text, less 0x200 */

static const char help[] =
	"Usage: rig baseline [OPTION]… PLAN [CELL]…\n"
	"\n"
	"Runs the cells of a plan of external suites on the unpatched kernel and records which of their tests fail there, in\n"
	"rig/scenarios/known/VERSION. Cells on other kernels of that version then take these failures as expected ones.\n"
	"Cells that have no param.known are left out: they take no notice of the record. What it says of tests that these cells\n"
	"do not have is kept.\n"
	"\n"
	"  -n, --times N      run everything N times; what failed once is known (default 3)\n"
	"      --kernel FILE  the kernel to run (default: the flavour base)\n"
	"  -o, --out FILE     write the record there\n"
	"  -j, --jobs N       at most N cells at once\n"
	"      --accel auto|kvm|tcg\n"
	"      --qemu FILE\n"
	"      --results DIR  the results go there; with --times 0 nothing is run, and DIR is read\n"
	"  -h, --help         this text\n"
	"\n"
	"Exit status: 0 recorded; 1 a cell gave no results, or rig failed; 3 accelerator; 16 usage or plan.\n";

struct known {
	char *name;
	unsigned int failed, seen;
};

struct baseline {
	struct known *test;
	size_t tests;
	unsigned int ended, unusable;	/* cells */
	size_t kept;		/* tests of an earlier record that were not seen now */
};

static struct known *find(struct baseline *b, const char *name)
{
	size_t i;

	for (i = 0; i < b->tests; i++)
		if (!strcmp(b->test[i].name, name))
			return &b->test[i];
	return NULL;
}

static struct known *add(struct baseline *b, const char *name)
{
	struct known *grown = realloc(b->test, (b->tests + 1) * sizeof(*grown));

	if (!grown)
		return NULL;
	b->test = grown;
	b->test[b->tests] = (struct known){ .name = strdup(name) };
	return b->test[b->tests].name ? &b->test[b->tests++] : NULL;
}

/* NAME up to the reason that some write behind it. */
static int note(struct baseline *b, const char *full, bool failed)
{
	char name[TAP_NAME_MAX + 1];
	struct known *k;

	snprintf(name, sizeof(name), "%s", full);
	if (strstr(name, " # "))
		*strstr(name, " # ") = '\0';
	k = find(b, name) ?: add(b, name);
	if (!k)
		return -ENOMEM;
	k->seen++;
	k->failed += failed;
	return 0;
}

/* A test that was killed, or took too long, has failed in a way of its own (exit=137, TIMEOUT). */
static bool was_killed(const char *full)
{
	const char *reason = strstr(full, " # ");

	if (!reason)
		return false;
	reason += 3;
	return !strncmp(reason, "TIMEOUT", 7) ||
	       (!strncmp(reason, "exit=", 5) && atoi(reason + 5) >= 124);
}

/* A failure with failures below it is those; their names are the ones that count. */
static int note_cell(struct baseline *b, struct json_object *tests)
{
	bool below[DEPTH_MAX + 1] = { false };
	size_t i;
	int r = 0;

	for (i = 0; i < doc_length(tests) && !r; i++) {
		struct json_object *t = doc_at(tests, i);
		unsigned int depth = doc_number(t, "depth");
		bool failed = !strcmp(doc_string(t, "status"), "not ok");

		if (depth >= DEPTH_MAX || !doc_string(t, "name")[0])
			continue;
		if (!failed || !below[depth + 1] || was_killed(doc_string(t, "name")))
			r = note(b, doc_string(t, "name"), failed);
		below[depth] |= failed;
		below[depth + 1] = false;
	}
	return r;
}

static int collect(struct baseline *b, const struct archive *a)
{
	size_t i;
	int r = 0;

	for (i = 0; i < a->cells && !r; i++) {
		const struct archived_cell *c = &a->cell[i];

		if (!strcmp(c->verdict, "pass") || !strcmp(c->verdict, "fail")) {
			b->ended++;
			r = note_cell(b, doc_get(doc_get(c->json, "tap"), "tests"));
		} else if (strcmp(c->verdict, "skip")) {
			b->unusable++;
			fprintf(stderr, "rig: baseline: %s: %s: %s\n", c->name, c->verdict,
				doc_string(c->json, "reason"));
		}
	}
	return r;
}

static int by_name(const void *pa, const void *pb)
{
	return strcmp(((const struct known *)pa)->name, ((const struct known *)pb)->name);
}

/* "7.3.4" of a bzImage: it becomes a file's name. */
static int kernel_version(const char *path, char version[64], struct rig_error *e)
{
	unsigned char at[2];
	FILE *f = fopen(path, "re");
	size_t n = 0;

	version[0] = '\0';
	if (f && !fseek(f, VERSION_AT, SEEK_SET) && fread(at, 1, 2, f) == 2 &&
	    !fseek(f, (at[0] | at[1] << 8) + 0x200, SEEK_SET))
		n = fread(version, 1, 63, f);
	if (f)
		fclose(f);
	version[n] = '\0';
	version[strcspn(version, " ")] = '\0';
	for (n = 0;
	     isalnum((unsigned char)version[n]) || (n && strchr(".-_+", version[n]) && version[n]);
	     n++)
		;
	if (!n || version[n])
		return rig_fail(e, -EINVAL, "%s: cannot tell the kernel's version", path);
	return 0;
}

/*
 * What an earlier run has recorded of tests that were not seen now: those of other cells, which may have taken hours.
 * Where there is no record there is nothing to keep.
 */
static int keep_old(struct baseline *b, const char *path)
{
	size_t size = 0;
	char *line = NULL, *tab;
	FILE *f = fopen(path, "re");
	struct known *k;
	int r = 0;

	if (!f)
		return errno == ENOENT ? 0 : -errno;
	while (!r && getline(&line, &size, f) > 0) {
		unsigned int failed, of;

		tab = strchr(line, '\t');
		if (line[0] == '#' || !tab || sscanf(tab, "\t%u of %u", &failed, &of) != 2)
			continue;
		*tab = '\0';
		if (find(b, line))
			continue;
		k = add(b, line);
		if (!k) {
			r = -ENOMEM;
			break;
		}
		k->failed = failed;
		k->seen = of;
		b->kept++;
	}
	free(line);
	fclose(f);
	return r;
}

static int write_record(const struct baseline *b, const struct archive *a, const char *path,
			struct rig_error *e)
{
	struct json_object *kernel = doc_get(a->cell[0].json, "kernel");
	size_t i, n = 0;
	char *tmp;
	FILE *f;

	if (asprintf(&tmp, "%s.%d.tmp", path, getpid()) < 0)
		return rig_fail(e, -ENOMEM, "out of memory");
	f = fopen(tmp, "we");
	if (!f) {
		free(tmp);
		return rig_fail(e, -errno, "cannot write %s: %s", path, strerror(errno));
	}
	fprintf(f,
		"# Failures of external suites on the unpatched kernel. Written by rig baseline; do not edit.\n"
		   "# kernel %s %s, plan %s, %s, last run %s\n",
		doc_string(kernel, "flavor"), doc_string(kernel, "sha256"),
		doc_string(doc_get(a->run[0]->doc, "plan"), "name"),
		doc_string(a->cell[0].json, "accel"),
		doc_string(a->run[a->runs - 1]->doc, "started"));
	for (i = 0; i < b->tests; i++) {
		if (!b->test[i].failed)
			continue;
		fprintf(f, "%s\t%u of %u\n", b->test[i].name, b->test[i].failed, b->test[i].seen);
		n++;
	}
	if (fclose(f) || rename(tmp, path)) {
		int r = -errno;

		unlink(tmp);
		free(tmp);
		return rig_fail(e, r, "cannot write %s: %s", path, strerror(-r));
	}
	free(tmp);
	printf("%s: %zu known failures, %u cells", path, n, b->ended);
	if (b->kept)
		printf("; %zu of other cells kept", b->kept);
	putchar('\n');
	return 0;
}

static int record(const struct paths *paths, char *results, const char *out, struct rig_error *e)
{
	struct baseline b = { 0 };
	char version[64], *path = NULL;
	struct archive *a = NULL;
	size_t i;
	int r;

	r = archive_load(&results, 1, &a, e);
	for (i = 0; !r && i < a->runs; i++)
		if (!a->run[i]->complete)
			r = rig_fail(e, -EINTR, "%s was ended early: nothing is recorded",
				     a->run[i]->dir);
	if (!r && collect(&b, a))
		r = rig_fail(e, -ENOMEM, "out of memory");
	if (!r && !b.ended)
		r = rig_fail(e, -ENODATA, "no cell came to its end: nothing is recorded");
	if (!r && !out) {
		r = kernel_version(doc_string(doc_get(a->cell[0].json, "kernel"), "path"), version,
				   e);
		if (!r && asprintf(&path, "%s/known", paths->scenarios) >= 0) {
			r = path_mkdirs(path);
			free(path);
			if (asprintf(&path, "%s/known/%s", paths->scenarios, version) < 0)
				path = NULL;
		}
	}
	if (!r && !out && !path)
		r = rig_fail(e, -ENOMEM, "out of memory");
	if (!r) {
		r = keep_old(&b, out ?: path);
		if (r)
			rig_fail(e, r, "cannot read %s: %s", out ?: path, strerror(-r));
	}
	if (!r) {
		if (b.tests)
			qsort(b.test, b.tests, sizeof(*b.test), by_name);
		r = write_record(&b, a, out ?: path, e);
	}
	if (!r && b.unusable)
		r = rig_fail(
			e, -EIO,
			"%u cells gave no results: what they would have shown is not in the record",
			     b.unusable);
	for (i = 0; i < b.tests; i++)
		free(b.test[i].name);
	free(b.test);
	free(path);
	archive_free(a);
	return r;
}

/* The record is to be made without itself; cells that do not use one are no matter. */
static size_t choose(struct cell_spec **cells, size_t n)
{
	size_t i, kept = 0;
	unsigned int k;

	for (i = 0; i < n; i++) {
		struct cell_spec *c = cells[i];

		for (k = 0; k < c->params && strcmp(c->param[k].name, "known"); k++)
			;
		if (k == c->params)
			continue;
		free(c->param[k].value);
		c->param[k].value = strdup("none");
		if (c->param[k].value)
			cells[kept++] = c;
	}
	return kept;
}

static int run_times(const struct paths *paths, struct session_options *o, unsigned int times,
		     char *results, char **argv, int argc, struct rig_error *e)
{
	struct cell_spec **cells = NULL;
	struct plan *plan = NULL;
	unsigned int i;
	bool passed;
	size_t n = 0;
	int r;

	r = plan_find(paths, argv[0], &plan, e) ?:
		    plan_select(plan, argv + 1, argc - 1, &cells, &n, e);
	if (!r) {
		n = choose(cells, n);
		if (!n)
			r = rig_fail(e, -EINVAL,
				     "no cell of these takes notice of a record (param.known)");
	}
	if (r)
		r = -EINVAL;
	for (i = 1; i <= times && !r; i++) {
		char *out;

		if (asprintf(&out, "%s/%u", results, i) < 0) {
			r = rig_fail(e, -ENOMEM, "out of memory");
			break;
		}
		o->out = out;
		r = session_run(o, paths, plan, cells, n, &passed, e);
		free(out);
	}
	free(cells);
	plan_free(plan);
	return r;
}

int do_baseline(const struct paths *paths, int argc, char **argv)
{
	enum { OPT_RESULTS = 256 };
	static const struct option options[] = {
		{ "times", required_argument, NULL, 'n' },
		RUN_OPTION_KERNEL,
		{ "out", required_argument, NULL, 'o' },
		RUN_OPTION_JOBS,
		RUN_OPTION_ACCEL,
		RUN_OPTION_QEMU,
		{ "results", required_argument, NULL, OPT_RESULTS },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct session_options o = { .kernel = "base", .qemu = run_qemu() };
	char *results = NULL, *end, stamp[32];
	const char *out = NULL, *given = NULL;
	unsigned long times = 3;
	struct rig_error e;
	int c, r;

	while ((c = getopt_long(argc, argv, "n:o:j:h", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			times = strtoul(optarg, &end, 10);
			if (*end || end == optarg || times > 1000)
				return verb_usage("baseline", "--times: a number, not", optarg);
			break;
		case 'o':
			out = optarg;
			break;
		case OPT_RESULTS:
			given = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			r = run_option(c, "baseline", &o);
			if (r)
				return r;
		}
	}
	if (times ? optind == argc : !given)
		return verb_usage("baseline", times ? "which plan?" : "--times 0 needs --results",
				  NULL);
	time_text(stamp);
	if (given ? !(results = strdup(given)) :
		    asprintf(&results, "%s/baseline-%s-%d", paths->results, stamp, getpid()) < 0)
		return verb_failed("baseline", &(struct rig_error){ "out of memory" });
	r = times ? run_times(paths, &o, times, results, argv + optind, argc - optind, &e) : 0;
	if (r == -EINVAL) {
		verb_failed("baseline", &e);
		r = EXIT_USAGE;
	} else {
		r = r ?: record(paths, results, out, &e);
		if (r) {
			verb_failed("baseline", &e);
			r = r == -ENODEV ? EXIT_NO_ACCEL : 1;
		}
	}
	free(results);
	return r;
}
