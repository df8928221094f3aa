// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "doc.h"
#include "jsonout.h"
#include "plot.h"
#include "samples.h"
#include "verbs.h"

#define CHANCE_FEW	0.05	/* above it, a separation is to be had by luck */
#define SIDES		2

static const char help[] =
	"Usage: rig compare [OPTION]… A B\n"
	"\n"
	"What differs between the results in A and those in B, beyond what each of them spreads. A and B are\n"
	"directories with any number of result.json in them, each DIR or DIR@FLAVOUR: the second takes the cells of\n"
	"one kernel only, and pairs them by their names without it.\n"
	"\n"
	"  -a, --all            also what cannot be told: one value on a side, or within the spread\n"
	"  -t, --threshold PCT  only metrics that changed by that much (default 0)\n"
	"  -J, --json           as JSON\n"
	"  -h, --help           this text\n"
	"\n"
	"Exit status: 0 no difference, 1 some, 2 failed, 16 usage.\n";

struct side {
	struct archive *a;
	struct samples s;
	const char *flavor;	/* NULL: all */
};

struct options {
	bool all, json;
	double threshold;	/* a ratio */
};

/* Verdicts of one cell on both sides. */
struct outcome {
	const char *key;
	const char *flavor;
	unsigned int n[SIDES], ok[SIDES], skipped[SIDES];
	const struct archived_cell *bad[SIDES], *any[SIDES];
};

struct difference {
	const char *key, *flavor, *metric, *unit;
	struct spread v[SIDES];
	size_t boots[SIDES];	/* repetitions in one boot are no independent values */
	bool beyond;
};

struct comparison {
	struct outcome *outcome;
	size_t outcomes;
	struct difference *diff;
	size_t diffs;
	size_t unproven, within, only[SIDES];
};

static const char *key_of(const struct archived_cell *c, bool paired)
{
	return paired ? c->row : c->name;
}

static bool wanted(const struct side *s, const struct archived_cell *c)
{
	return (!s->flavor || !strcmp(s->flavor, c->flavor)) &&
	       !strcmp(doc_string(c->json, "state"), "done");
}

static int add_outcome(struct comparison *cmp, const struct archived_cell *c, int side, bool paired)
{
	const char *key = key_of(c, paired), *flavor = paired ? "" : c->flavor;
	struct outcome *o;
	size_t i;

	for (i = 0; i < cmp->outcomes; i++)
		if (!strcmp(cmp->outcome[i].key, key) && !strcmp(cmp->outcome[i].flavor, flavor))
			break;
	if (i == cmp->outcomes) {
		o = realloc(cmp->outcome, (i + 1) * sizeof(*o));
		if (!o)
			return -ENOMEM;
		cmp->outcome = o;
		cmp->outcome[cmp->outcomes++] = (struct outcome){ .key = key, .flavor = flavor };
	}
	o = &cmp->outcome[i];
	o->any[side] = c;
	if (c->skipped) {
		o->skipped[side]++;
		return 0;
	}
	o->n[side]++;
	if (c->ok)
		o->ok[side]++;
	else
		o->bad[side] = c;
	return 0;
}

/* Only what differs: how often a cell ended as expected, or whether it was tested at all. */
static bool outcome_differs(const struct outcome *o)
{
	if (!o->any[0] || !o->any[1])
		return false;
	if (!o->n[0] || !o->n[1])
		return !!o->n[0] != !!o->n[1];
	return (double)o->ok[0] / o->n[0] != (double)o->ok[1] / o->n[1];
}

/* Values of a cell's metric on one side, wherever they stand. */
struct value_key {
	const char *key, *flavor, *metric, *unit;
	int side;
	const struct archived_cell *cell;
	double value;
};

static int by_value_key(const void *pa, const void *pb)
{
	const struct value_key *a = pa, *b = pb;

	return strcmp(a->key, b->key) ?: strcmp(a->flavor, b->flavor) ?:
	       strcmp(a->metric, b->metric) ?: a->side - b->side;
}

static int by_value(const void *pa, const void *pb)
{
	const struct value_key *a = pa, *b = pb;

	return by_value_key(a, b) ?: (a->cell > b->cell) - (a->cell < b->cell);
}

static size_t count_boots(const struct value_key *v, size_t n)
{
	size_t i, boots = 0;

	for (i = 0; i < n; i++)
		boots += !i || v[i].cell != v[i - 1].cell;
	return boots;
}

static int spread_values(const struct value_key *v, size_t n, struct spread *ret)
{
	double *copy = calloc(n ?: 1, sizeof(*copy));
	size_t i;

	if (!copy)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		copy[i] = v[i].value;
	*ret = spread_of(copy, n);
	free(copy);
	return 0;
}

static double change(const struct difference *d)
{
	double a = d->v[0].median, b = d->v[1].median;

	return a == b ? 0 : a ? b / a - 1 : INFINITY;
}

static void judge(struct comparison *cmp, struct difference *d, const struct options *o)
{
	if (!d->v[0].n || !d->v[1].n) {
		cmp->only[d->v[0].n ? 0 : 1]++;
		return;
	}
	d->beyond = spread_beyond(&d->v[0], &d->v[1]) && fabs(change(d)) >= o->threshold;
	if (d->beyond)
		;
	else if ((d->v[0].n < 2 || d->v[1].n < 2) && d->v[0].median != d->v[1].median)
		cmp->unproven++;
	else
		cmp->within++;
	if (d->beyond || o->all)
		cmp->diff[cmp->diffs++] = *d;
}

static int by_size(const void *pa, const void *pb)
{
	const struct difference *a = pa, *b = pb;
	double ca = fabs(change(a)), cb = fabs(change(b));

	if (a->beyond != b->beyond)
		return a->beyond ? -1 : 1;
	if (ca != cb)
		return ca < cb ? 1 : -1;
	return strcmp(a->key, b->key) ?: strcmp(a->metric, b->metric);
}

static int compare_metrics(struct comparison *cmp, const struct side *side, bool paired,
			   const struct options *o)
{
	size_t total = side[0].s.n + side[1].s.n, n = 0, i, end, mid;
	struct value_key *v = calloc(total ?: 1, sizeof(*v));
	int r = 0, k;

	cmp->diff = calloc(total ?: 1, sizeof(*cmp->diff));
	if (!v || !cmp->diff) {
		free(v);
		return -ENOMEM;
	}
	for (k = 0; k < SIDES; k++)
		for (i = 0; i < side[k].s.n; i++) {
			const struct sample *s = &side[k].s.v[i];

			if (wanted(&side[k], s->cell))
				v[n++] = (struct value_key){ .key = key_of(s->cell, paired),
							     .flavor = paired ? "" : s->cell->flavor,
							     .metric = s->metric,
							     .unit = s->unit,
							     .side = k,
							     .cell = s->cell,
							     .value = s->value };
		}
	if (n)
		qsort(v, n, sizeof(*v), by_value);
	for (i = 0; i < n && !r; i = end) {
		struct difference d = { .key = v[i].key,
					.flavor = v[i].flavor,
					.metric = v[i].metric,
					.unit = v[i].unit };

		for (mid = i; mid < n && !by_value_key(&v[mid], &v[i]); mid++)
			;
		end = mid;
		if (!v[i].side)
			for (; end < n && v[end].side && !strcmp(v[end].key, d.key) &&
			       !strcmp(v[end].flavor, d.flavor) && !strcmp(v[end].metric, d.metric);
			     end++)
				;
		r = spread_values(v + i, mid - i, &d.v[v[i].side]);
		d.boots[v[i].side] = count_boots(v + i, mid - i);
		if (!r && end > mid) {
			r = spread_values(v + mid, end - mid, &d.v[1]);
			d.boots[1] = count_boots(v + mid, end - mid);
		}
		if (!r)
			judge(cmp, &d, o);
	}
	free(v);
	if (cmp->diffs)
		qsort(cmp->diff, cmp->diffs, sizeof(*cmp->diff), by_size);
	return r;
}

static int compare(struct comparison *cmp, const struct side *side, const struct options *o)
{
	bool paired = side[0].flavor || side[1].flavor;
	size_t i;
	int k, r = 0;

	for (k = 0; k < SIDES; k++)
		for (i = 0; i < side[k].a->cells && !r; i++)
			if (wanted(&side[k], &side[k].a->cell[i]))
				r = add_outcome(cmp, &side[k].a->cell[i], k, paired);
	return r ?: compare_metrics(cmp, side, paired, o);
}

static const char *reason_of(const struct outcome *o, int side)
{
	const struct archived_cell *c = o->bad[side] ?: o->any[side];

	return doc_string(c->json, "reason");
}

static void outcome_text(const struct outcome *o, int side, char *buf, size_t size)
{
	if (!o->n[side])
		snprintf(buf, size, "skip");
	else if (o->n[side] == 1)
		snprintf(buf, size, "%s", (o->bad[side] ?: o->any[side])->verdict);
	else
		snprintf(buf, size, "%u/%u ok", o->ok[side], o->n[side]);
}

static size_t print_outcomes(const struct comparison *cmp)
{
	char a[32], b[32];
	size_t i, n = 0;

	for (i = 0; i < cmp->outcomes; i++) {
		const struct outcome *o = &cmp->outcome[i];
		int worse = o->bad[1] || !o->bad[0];

		if (!outcome_differs(o))
			continue;
		if (!n++)
			puts("Outcomes:");
		outcome_text(o, 0, a, sizeof(a));
		outcome_text(o, 1, b, sizeof(b));
		printf("  %s%s%s: %s -> %s", o->key, o->flavor[0] ? " on " : "", o->flavor, a, b);
		if (o->n[0] && o->n[1] && (o->n[0] > 1 || o->n[1] > 1))
			printf(" (from one and the same rate with p = %.2g)",
			       rate_same(o->ok[0], o->n[0], o->ok[1], o->n[1]));
		if (reason_of(o, worse)[0])
			printf(": %s", reason_of(o, worse));
		putchar('\n');
	}
	return n;
}

static void print_spread(const struct spread *v)
{
	char a[24], b[24], c[24];

	if (v->n == 1)
		printf("%s (1 value)", plot_number(v->median, a));
	else
		printf("%s (%s to %s, %zu)", plot_number(v->median, a), plot_number(v->min, b),
		       plot_number(v->max, c), v->n);
}

static size_t print_metrics(const struct comparison *cmp)
{
	size_t i, n = 0, few = 0;

	for (i = 0; i < cmp->diffs; i++) {
		const struct difference *d = &cmp->diff[i];
		double chance = spread_chance(d->boots[0], d->boots[1]);

		if (!i)
			puts("Metrics:");
		printf("  %s%s%s: %s ", d->key, d->flavor[0] ? " on " : "", d->flavor, d->metric);
		print_spread(&d->v[0]);
		fputs(" -> ", stdout);
		print_spread(&d->v[1]);
		printf("%s%s: ", d->unit[0] ? " " : "", d->unit);
		if (isfinite(change(d)))
			printf("%+.2f %%", change(d) * 100);
		else
			fputs("from zero", stdout);
		if (!d->beyond)
			fputs(d->v[0].n < 2 || d->v[1].n < 2 ? ", one value on a side" :
							       ", within the spread",
			      stdout);
		else if (chance > CHANCE_FEW)
			printf(", from %zu and %zu boots", d->boots[0], d->boots[1]);
		few += d->beyond && chance > CHANCE_FEW;
		n += d->beyond;
		putchar('\n');
	}
	if (few)
		printf("%zu of them rest on few boots: ranges may part by luck. Run both sides again (four boots each are enough) and give the directories that hold all runs.\n",
		       few);
	return n;
}

static size_t print_text(const struct comparison *cmp, const struct options *o)
{
	size_t outcomes = print_outcomes(cmp), metrics = print_metrics(cmp);
	size_t i, only[SIDES] = { 0, 0 };

	for (i = 0; i < cmp->outcomes; i++) {
		only[0] += !cmp->outcome[i].any[1];
		only[1] += !cmp->outcome[i].any[0];
	}
	if (only[0] || only[1])
		printf("Cells on one side only: %zu in A, %zu in B.\n", only[0], only[1]);
	if (!o->all && cmp->unproven)
		printf("%zu metrics differ but have one value on a side: no spread, no judgement (--all shows them).\n",
		       cmp->unproven);
	printf("%zu outcome%s and %zu metric%s differ beyond the spread, %zu metrics do not\n",
	       outcomes, outcomes == 1 ? "" : "s", metrics, metrics == 1 ? "" : "s", cmp->within);
	return outcomes + metrics;
}

static int spread_json(struct json_object *o, const char *key, const struct spread *v)
{
	struct json_object *s = json_object_new_object();

	return !s ? -ENOMEM :
		    jsonout_u64(s, "values", v->n) ?: jsonout_fixed(s, "median", v->median, 6) ?:
		    jsonout_fixed(s, "min", v->min, 6) ?: jsonout_fixed(s, "max", v->max, 6) ?:
		    jsonout_add(o, key, s);
}

static int outcome_json(struct json_object *list, const struct outcome *o)
{
	static const char *const names[SIDES] = { "a", "b" };
	struct json_object *x = json_object_new_object();
	int r = x ? 0 : -ENOMEM, k;

	r = r ?: jsonout_str(x, "cell", o->key) ?: jsonout_str(x, "flavor", o->flavor);
	for (k = 0; k < SIDES && !r; k++) {
		struct json_object *s = json_object_new_object();

		r = !s ? -ENOMEM :
			 jsonout_u64(s, "runs", o->n[k]) ?:
			 jsonout_u64(s, "as_expected", o->ok[k]) ?:
			 jsonout_u64(s, "skipped", o->skipped[k]) ?:
			 jsonout_str(s, "verdict", (o->bad[k] ?: o->any[k])->verdict) ?:
			 jsonout_str(s, "reason", reason_of(o, k)) ?: jsonout_add(x, names[k], s);
	}
	return r ?: jsonout_append(list, x);
}

static int metric_json(struct json_object *list, const struct difference *d)
{
	struct json_object *x = json_object_new_object();

	return !x ? -ENOMEM :
		    jsonout_str(x, "cell", d->key) ?: jsonout_str(x, "flavor", d->flavor) ?:
		    jsonout_str(x, "metric", d->metric) ?: jsonout_str(x, "unit", d->unit) ?:
		    spread_json(x, "a", &d->v[0]) ?: spread_json(x, "b", &d->v[1]) ?:
		    jsonout_fixed(x, "change", change(d), 6) ?:
		    jsonout_bool(x, "beyond_spread", d->beyond) ?:
		    jsonout_fixed(x, "chance", spread_chance(d->boots[0], d->boots[1]), 6) ?:
		    jsonout_append(list, x);
}

/* Returns the differences, or -ENOMEM or -EIO. */
static long print_json(const struct comparison *cmp)
{
	struct json_object *doc = json_object_new_object(), *outcomes = json_object_new_array();
	struct json_object *metrics = json_object_new_array();
	long n = 0;
	size_t i;
	int r;

	r = doc && outcomes && metrics ? 0 : -ENOMEM;
	for (i = 0; i < cmp->outcomes && !r; i++)
		if (outcome_differs(&cmp->outcome[i])) {
			r = outcome_json(outcomes, &cmp->outcome[i]);
			n++;
		}
	for (i = 0; i < cmp->diffs && !r; i++) {
		r = metric_json(metrics, &cmp->diff[i]);
		n += cmp->diff[i].beyond;
	}
	r = r ?: jsonout_add(doc, "outcomes", outcomes) ?: jsonout_add(doc, "metrics", metrics) ?:
	    jsonout_u64(doc, "within_spread", cmp->within) ?:
	    jsonout_u64(doc, "one_value", cmp->unproven) ?: jsonout_print(doc, stdout, false);
	json_object_put(doc);
	return r ?: n;
}

/* DIR, or DIR@FLAVOUR where no directory has that whole name. */
static int load_side(char *arg, struct side *s, struct rig_error *e)
{
	char *at = strrchr(arg, '@');
	int r;

	if (at && !strchr(at, '/') && archive_load(&arg, 1, &s->a, NULL)) {
		*at = '\0';
		s->flavor = at + 1;
	}
	r = s->a ? 0 : archive_load(&arg, 1, &s->a, e);
	if (r)
		return r;
	return samples_collect(s->a, false, &s->s) ? rig_fail(e, -ENOMEM, "out of memory") : 0;
}

static int run_compare(char **dirs, const struct options *o)
{
	struct side side[SIDES] = { 0 };
	struct comparison cmp = { 0 };
	struct rig_error e;
	long n = 0;
	int k, r = 0;

	for (k = 0; k < SIDES && !r; k++) {
		size_t i;

		r = load_side(dirs[k], &side[k], &e);
		for (i = 0; !r && i < side[k].a->problems; i++)
			fprintf(stderr, "rig: compare: %s\n", side[k].a->problem[i]);
	}
	if (!r && compare(&cmp, side, o))
		r = rig_fail(&e, -ENOMEM, "out of memory");
	if (!r) {
		n = o->json ? print_json(&cmp) : (long)print_text(&cmp, o);
		if (n < 0)
			r = rig_fail(&e, n, "cannot write: %s", strerror(-n));
	}
	if (r)
		verb_failed("compare", &e);
	for (k = 0; k < SIDES; k++) {
		samples_release(&side[k].s);
		archive_free(side[k].a);
	}
	free(cmp.outcome);
	free(cmp.diff);
	return r ? 2 : n > 0;
}

int do_compare(const struct paths *paths, int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "threshold", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { 0 };
	char *end;
	int c;

	(void)paths;
	while ((c = getopt_long(argc, argv, "at:Jh", options, NULL)) != -1) {
		switch (c) {
		case 'a':
			o.all = true;
			break;
		case 't':
			o.threshold = strtod(optarg, &end) / 100;
			if (end == optarg || *end || !(o.threshold >= 0) || !isfinite(o.threshold))
				return verb_usage("compare",
						  "--threshold: a number of per cent, not", optarg);
			break;
		case 'J':
			o.json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return EXIT_USAGE;
		}
	}
	if (argc - optind != SIDES)
		return verb_usage("compare", "two directories of results are needed", NULL);
	return run_compare(argv + optind, &o);
}
