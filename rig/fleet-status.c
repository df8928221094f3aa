// SPDX-License-Identifier: GPL-2.0
/* What a person sees of a fleet. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fleet.h"

#define FIRST_FAILURES	10	/* shown by status */
#define RATE_WINDOW	300.0	/* seconds over which the present rate is taken */

static const char *paint(const struct fleet_cell *c)
{
	if (!isatty(STDOUT_FILENO))
		return "";
	return c->verdict == c->spec->expect ? "\033[32m" :
	       c->verdict == VERDICT_SKIP    ? "\033[33m" :
					       "\033[31m";
}

static const char *plain(void)
{
	return isatty(STDOUT_FILENO) ? "\033[0m" : "";
}

static bool skipped(const struct fleet_cell *c)
{
	return c->verdict == VERDICT_SKIP && c->spec->expect == VERDICT_PASS;
}

static bool failed(const struct fleet_cell *c)
{
	return c->state == FLEET_DONE && c->verdict != c->spec->expect && !skipped(c);
}

static const struct fleet_attempt *counting(const struct fleet_cell *c)
{
	size_t i;

	for (i = 0; i < c->attempts; i++)
		if (c->attempt[i].number == c->counts)
			return &c->attempt[i];
	return c->attempts ? &c->attempt[c->attempts - 1] : NULL;
}

void fleet_print_cells(const struct fleet *f, FILE *out)
{
	size_t i;

	for (i = 0; i < f->cells; i++) {
		const struct cell_spec *s = f->cell[i].spec;

		fprintf(out, "%s  %s  %s on %s, %u MiB, %u cpu%s, seed %" PRIu64 "%s%s\n",
			f->cell[i].id, s->name, s->scenario, s->kernel, s->memory, s->cpus,
			s->cpus == 1 ? "" : "s", s->seed, s->constraint ? ", " : "",
			s->constraint ?: "");
	}
	fprintf(out, "%zu cell%s\n", f->cells, f->cells == 1 ? "" : "s");
}

void fleet_report_begin(const struct fleet *f)
{
	if (f->quiet)
		return;
	printf("fleet %s: %zu cells, %zu to do, engine %s\n", f->plan->name, f->cells,
	       f->cells - f->done, f->engine->name);
	printf("results: %s\n", f->dir);
	fflush(stdout);
}

void fleet_report_ended(const struct fleet *f, const struct fleet_cell *c)
{
	const struct fleet_attempt *a = counting(c);
	char name[16];
	size_t i;

	if (f->quiet)
		return;
	snprintf(name, sizeof(name), "%s", verdict_name(c->verdict));
	for (i = 0; name[i]; i++)
		name[i] -= name[i] >= 'a' && name[i] <= 'z' ? 'a' - 'A' : 0;
	printf("%s%-7s%s %s (%zu/%zu)", paint(c), name, plain(), c->spec->name, f->done, f->cells);
	if (c->counts && a)
		printf(" on %s, %.1f s", a->host, a->seconds);
	if (c->verdict != VERDICT_PASS && c->spec->expect != VERDICT_PASS)
		fputs(c->verdict == c->spec->expect ? " (as expected)" : " (not as expected)", stdout);
	printf("%s%s\n", c->reason && c->reason[0] ? ": " : "", c->reason ?: "");
	fflush(stdout);
}

void fleet_report_retry(const struct fleet *f, const struct fleet_cell *c, const char *why)
{
	const struct fleet_attempt *a = c->attempts ? &c->attempt[c->attempts - 1] : NULL;

	if (f->quiet)
		return;
	printf("AGAIN   %s: attempt %u on %s: %s\n", c->spec->name, a ? a->number : 0,
	       a ? a->host : "no host", why);
	fflush(stdout);
}

struct counts {
	size_t verdict[VERDICT_MAX], state[FLEET_DONE + 1], passed, failed, skipped;
	size_t attempts, recent;
	double seconds;		/* of VMs */
};

/*
 * What has been read from the journal of a fleet that another process drives knows which attempts have begun; that a cell
 * runs, or waits in a queue, is the state of that process.
 */
static enum fleet_state state_of(const struct fleet_cell *c, bool driven)
{
	const struct fleet_attempt *a = c->attempts ? &c->attempt[c->attempts - 1] : NULL;

	if (c->state != FLEET_WAITING || !driven)
		return c->state;
	if (a && !a->ended)
		return FLEET_RUNNING;
	return c->queued && (!a || a->ended < c->queued) ? FLEET_QUEUED : FLEET_WAITING;
}

static void count(const struct fleet *f, bool driven, struct counts *n)
{
	uint64_t since = fleet_now() - RATE_WINDOW * 1000000;
	size_t i;

	memset(n, 0, sizeof(*n));
	for (i = 0; i < f->cells; i++) {
		const struct fleet_cell *c = &f->cell[i];
		const struct fleet_attempt *a = counting(c);

		n->state[state_of(c, driven)]++;
		n->attempts += c->attempts;
		if (c->state != FLEET_DONE)
			continue;
		n->verdict[c->verdict]++;
		if (skipped(c))
			n->skipped++;
		else if (failed(c))
			n->failed++;
		else
			n->passed++;
		if (a) {
			n->seconds += a->seconds;
			n->recent += a->ended >= since;
		}
	}
}

static void print_duration(FILE *out, double s)
{
	if (s < 90)
		fprintf(out, "%.0f s", s);
	else if (s < 5400)
		fprintf(out, "%.0f min", s / 60);
	else
		fprintf(out, "%.1f h", s / 3600);
}

void fleet_print_status(struct fleet *f, FILE *out)
{
	bool driven = fleet_is_driven(f->dir);
	double elapsed = (fleet_now() - f->started) / 1e6, window;
	size_t i, shown = 0;
	struct counts n;
	int v;

	count(f, driven, &n);
	fprintf(out, "fleet %s (%s), engine %s: %s\n", f->plan->name, f->dir, f->engine->name,
		f->done == f->cells ? f->cancelled ? "cancelled" : "complete" :
		driven		    ? "running" :
				      "nobody drives it: rig fleet resume, or rig fleet cancel");
	fprintf(out, "cells: %zu, %zu done, %zu running, %zu queued, %zu waiting; attempts %zu\n",
		f->cells, n.state[FLEET_DONE], n.state[FLEET_RUNNING], n.state[FLEET_QUEUED],
		n.state[FLEET_WAITING], n.attempts);
	fputs("verdicts:", out);
	for (v = 0; v < VERDICT_MAX; v++)
		if (n.verdict[v])
			fprintf(out, " %s %zu", verdict_name(v), n.verdict[v]);
	fprintf(out, "%s; as expected %zu, failed %zu, skipped %zu\n", f->done ? "" : " none yet",
		n.passed, n.failed, n.skipped);
	if (f->dead_attempts)
		fprintf(out, "dead hosts: %u attempts, %.0f s of running lost\n", f->dead_attempts,
			f->dead_seconds);
	if (f->done < f->cells && driven) {
		window = elapsed < RATE_WINDOW ? elapsed : RATE_WINDOW;
		fprintf(out, "rate: %.1f cells a minute in the last ", window ? n.recent * 60 / window : 0);
		print_duration(out, window);
		if (n.recent) {
			fputs("; estimate: ", out);
			print_duration(out, (f->cells - f->done) * window / n.recent);
			fputs(" to go", out);
		}
		fputc('\n', out);
	}
	for (i = 0; i < f->cells && shown < FIRST_FAILURES; i++) {
		const struct fleet_cell *c = &f->cell[i];

		if (!failed(c))
			continue;
		if (!shown++)
			fputs("first failures:\n", out);
		fprintf(out, "  %s %s: %s\n", verdict_name(c->verdict), c->spec->name, c->reason ?: "");
		if (c->counts)
			fprintf(out, "    %s/cells/%s/attempt-%u\n", f->dir, c->id, c->counts);
	}
}

size_t fleet_report_end(struct fleet *f)
{
	struct counts n;

	count(f, false, &n);
	n.failed += f->cells - f->done;
	if (!f->quiet)
		fleet_print_status(f, stdout);
	printf("%zu passed, %zu failed, %zu skipped\n", n.passed, n.failed, n.skipped);
	fflush(stdout);
	return n.failed;
}
