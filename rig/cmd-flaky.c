// SPDX-License-Identifier: GPL-2.0
/* rig flaky: how often does a cell fail, and how sure is that? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"
#include "doc.h"
#include "plan-select.h"
#include "repeat.h"
#include "run.h"
#include "run-options.h"
#include "stats.h"
#include "verbs.h"

#define TIMES_DEFAULT	20
#define TIMES_MAX	5000
#define RATE_DEFAULT	0.1
#define CONFIDENCE_DEFAULT 0.95

static const char help[] =
	"Usage: rig flaky [OPTION]… PLAN CELL\n"
	"\n"
	"Runs a cell many times and says how often it does not end as expected, in which ways, and between which\n"
	"bounds the true rate lies.\n"
	"\n"
	"  -n, --times N        so many runs (default 20)\n"
	"  -p, --confidence P   of the bounds, in per cent (default 95); without --times also: as many runs as it takes\n"
	"                       to see a failure of the rate R at least once, with that confidence\n"
	"  -r, --rate R         that rate, in per cent (default 10)\n"
	"      --seeds          another seed in each run, counted up; without it the same\n"
	"  -j, --jobs N         at most N at once\n"
	"      --kernel FILE    boot this kernel or flavour\n"
	"      --out DIR        results go there\n"
	"      --accel auto|kvm|tcg\n"
	"      --qemu FILE\n"
	"  -h, --help           this text\n"
	"\n"
	"Exit status: 0 it never failed, 1 it did, 2 rig failed, 3 accelerator, 16 usage or plan.\n";

struct way {
	const char *verdict, *what;
	const struct archived_cell *first;
	unsigned int n;
};

static const char *what_of(const struct archived_cell *c)
{
	struct json_object *crash = doc_at(doc_get(c->json, "crashes"), 0);
	const char *print = doc_string(crash, "fingerprint");

	return !strcmp(c->verdict, "crash") && print[0] ? print : doc_string(c->json, "reason");
}

static int by_count(const void *pa, const void *pb)
{
	const struct way *a = pa, *b = pb;

	return (a->n < b->n) - (a->n > b->n);
}

static void print_ways(const struct archive *a)
{
	struct way *way = calloc(a->cells, sizeof(*way));
	size_t i, k, n = 0;

	for (i = 0; way && i < a->cells; i++) {
		const struct archived_cell *c = &a->cell[i];

		if (c->ok || c->skipped)
			continue;
		for (k = 0; k < n &&
			    (strcmp(way[k].verdict, c->verdict) || strcmp(way[k].what, what_of(c)));
		     k++)
			;
		if (k == n)
			way[n++] = (struct way){ .verdict = c->verdict,
						 .what = what_of(c),
						 .first = c };
		way[k].n++;
	}
	if (n)
		qsort(way, n, sizeof(*way), by_count);
	for (k = 0; k < n; k++) {
		printf("  %u x %s: %s\n", way[k].n, way[k].verdict,
		       doc_string(way[k].first->json, "reason"));
		if (way[k].first->dir)
			printf("      logs: %s\n", way[k].first->dir);
	}
	free(way);
}

static int judge(const char *name, char *out, double confidence, struct rig_error *e)
{
	unsigned int n = 0, failed = 0, skipped = 0, again;
	struct archive *a = NULL;
	double low, high;
	size_t i;
	int r;

	r = archive_load(&out, 1, &a, e);
	if (r)
		return 2;
	for (i = 0; i < a->cells; i++) {
		skipped += a->cell[i].skipped;
		n += !a->cell[i].skipped;
		failed += !a->cell[i].ok && !a->cell[i].skipped;
	}
	rate_interval(failed, n, confidence, &low, &high);
	printf("\n%s: %u of %u runs failed", name, failed, n);
	if (skipped)
		printf(" (%u skipped)", skipped);
	printf("; the rate is between %.2f %% and %.2f %% (confidence %.4g %%)\n", low * 100,
	       high * 100, confidence * 100);
	print_ways(a);
	if (!failed && n)
		printf("To see a failure of that upper rate takes %u runs, of a tenth of it %u.\n",
		       rate_trials(high, confidence), rate_trials(high / 10, confidence));
	again = failed < n ? rate_trials((double)failed / n, confidence) : 0;
	if (failed && again)
		printf("To see it again takes about %u runs: rig flaky --times %u, rig bisect --times %u.\n",
		       again, again, again);
	archive_free(a);
	if (!n) {
		rig_fail(e, -ENODATA, "every run was skipped");
		return 2;
	}
	return failed ? 1 : 0;
}

static int flaky(const struct paths *paths, char **argv, struct session_options *o,
		 unsigned int times, double confidence, bool seeds)
{
	struct cell_spec *cell = NULL;
	struct plan *plan = NULL;
	struct rig_error e;
	char *out = NULL, stamp[32];
	int r, status;

	r = plan_find_cell(paths, argv[0], argv[1], &plan, &cell, &e);
	if (r) {
		verb_failed("flaky", &e);
		plan_free(plan);
		return EXIT_USAGE;
	}
	time_text(stamp);
	if (o->out)
		out = strdup(o->out);
	else if (asprintf(&out, "%s/flaky-%s-%s-%d", paths->results, cell->name, stamp,
			  getpid()) < 0)
		out = NULL;
	o->out = out;
	printf("%s: %u runs\n", cell->name, times);
	r = out ? repeat_cell(o, paths, plan, cell, times, seeds, &e) :
		  rig_fail(&e, -ENOMEM, "out of memory");
	status = r == -ENODEV ? EXIT_NO_ACCEL : r == -EINVAL ? EXIT_USAGE : 2;
	if (!r) {
		status = judge(cell->name, out, confidence, &e);
		r = status == 2 ? -EIO : 0;
	}
	if (r)
		verb_failed("flaky", &e);
	free(out);
	plan_free(plan);
	return status;
}

/* Per cent as a fraction, neither nothing nor all. */
static int percentage(const char *s, double *ret)
{
	char *end;

	*ret = strtod(s, &end) / 100;
	return end != s && !*end && *ret > 0 && *ret < 1 ? 0 : -EINVAL;
}

int do_flaky(const struct paths *paths, int argc, char **argv)
{
	enum { OPT_SEEDS = 256 };
	static const struct option options[] = {
		{ "times", required_argument, NULL, 'n' },
		{ "confidence", required_argument, NULL, 'p' },
		{ "rate", required_argument, NULL, 'r' },
		{ "seeds", no_argument, NULL, OPT_SEEDS },
		RUN_OPTION_JOBS,
		RUN_OPTION_KERNEL,
		RUN_OPTION_OUT,
		RUN_OPTION_ACCEL,
		RUN_OPTION_QEMU,
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct session_options o = { .qemu = run_qemu() };
	double confidence = CONFIDENCE_DEFAULT, rate = RATE_DEFAULT;
	bool seeds = false, compute = false;
	unsigned long times = 0;
	char *end;
	int c, r;

	while ((c = getopt_long(argc, argv, "n:p:r:j:h", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			times = strtoul(optarg, &end, 10);
			if (*end || !times || times > TIMES_MAX)
				return verb_usage("flaky", "--times: a number from 1 to 5000, not",
						  optarg);
			break;
		case 'p':
			compute = true;
			if (percentage(optarg, &confidence))
				return verb_usage("flaky",
						  "--confidence: per cent, between 0 and 100, not",
						  optarg);
			break;
		case 'r':
			compute = true;
			if (percentage(optarg, &rate))
				return verb_usage("flaky",
						  "--rate: per cent, between 0 and 100, not",
						  optarg);
			break;
		case OPT_SEEDS:
			seeds = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			r = run_option(c, "flaky", &o);
			if (r)
				return r;
		}
	}
	if (argc - optind != 2)
		return verb_usage("flaky", "a plan and one cell are needed", NULL);
	if (!times) {
		times = compute ? rate_trials(rate, confidence) : TIMES_DEFAULT;
		if (!times || times > TIMES_MAX)
			return verb_usage("flaky", "that would take more than 5000 runs", NULL);
	}
	return flaky(paths, argv + optind, &o, times, confidence, seeds);
}
