// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

#define EXCERPT_LINES	25

static const char *paint(enum verdict v, bool ok)
{
	if (!isatty(STDOUT_FILENO))
		return "";
	return v == VERDICT_SKIP ? "\033[33m" : ok ? "\033[32m" : "\033[31m";
}

static const char *plain(void)
{
	return isatty(STDOUT_FILENO) ? "\033[0m" : "";
}

/* What a person must know to read a verdict that is not pass. */
static const char *expectation(const struct cell *cell)
{
	if (cell->spec->expect == VERDICT_PASS)
		return "";
	return cell->ok ? " (as expected)" : " (not as expected)";
}

static int name_width(struct cell *const *cells, size_t n)
{
	size_t i, w = 4;

	for (i = 0; i < n; i++)
		if (strlen(cells[i]->spec->name) > w)
			w = strlen(cells[i]->spec->name);
	return w;
}

void report_begin(const struct run *run, size_t cells)
{
	printf("plan %s: %zu cell%s, accelerator %s (%s%s)\n", run->plan->name, cells,
	       cells == 1 ? "" : "s", run->accel.kvm ? "kvm" : "tcg", run->accel.reason,
	       run->accel.cached ? "; known since this host booted" : "");
	printf("results: %s\n", run->out);
	fflush(stdout);
}

void report_started(const struct cell *cell)
{
	const struct cell_spec *s = cell->spec;

	printf("START   %s: %s on %s, %u MiB, %u cpu%s, seed %" PRIu64 ", deadline %u s\n", s->name,
	       s->scenario, cell->kernel ? cell->kernel->flavor : s->kernel, s->memory, s->cpus,
	       s->cpus == 1 ? "" : "s", s->seed, s->deadline);
	fflush(stdout);
}

/* The first lines of an excerpt, so that most faults need no look into a file. */
static void print_excerpt(const char *text, const char *where)
{
	int i;

	for (i = 0; i < EXCERPT_LINES && *text; i++) {
		size_t n = strcspn(text, "\n");

		printf("        | %.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
	if (*text)
		printf("        | … %s\n", where);
}

void report_done(const struct cell *cell)
{
	const struct crash *k = cell->console ? console_crash(cell->console, 0) : NULL;
	char name[16];
	size_t i;

	snprintf(name, sizeof(name), "%s", verdict_name(cell->verdict));
	for (i = 0; name[i]; i++)
		name[i] -= name[i] >= 'a' && name[i] <= 'z' ? 'a' - 'A' : 0;
	printf("%s%-7s%s %s %.1f s", paint(cell->verdict, cell->ok), name, plain(),
	       cell->spec->name, cell_seconds(cell));
	if (cell->channel) {
		const struct tap_totals *t = tap_totals(channel_tap(cell->channel));

		printf(", %zu ok", t->passed);
		if (t->failed)
			printf(", %zu not ok", t->failed);
		if (t->skipped)
			printf(", %zu skipped", t->skipped);
	}
	if (cell->reason[0])
		printf(": %s", cell->reason);
	printf("%s\n", expectation(cell));
	if (!cell->ok && cell->verdict != VERDICT_SKIP) {
		if (k) {
			printf("        %s, fingerprint %s\n", k->kind, k->fingerprint);
			print_excerpt(k->excerpt ?: "", "see console.log");
		} else if (cell->timed_out && cell->console) {
			print_excerpt(console_dump(cell->console), "see console.log");
		}
		if (cell->dir)
			printf("        logs: %s; again: %s/reproduce.sh\n", cell->dir, cell->dir);
	}
	fflush(stdout);
}

void report_running(struct cell *const *cells, size_t n)
{
	size_t i, waiting = 0, running = 0;

	for (i = 0; i < n; i++) {
		if (cells[i]->state == CELL_WAITING) {
			waiting++;
		} else if (cells[i]->state != CELL_DONE) {
			printf("%s%s %.0f/%u s", running++ ? ", " : "…       ",
			       cells[i]->spec->name, cell_seconds(cells[i]),
			       cells[i]->spec->deadline);
		}
	}
	if (running)
		printf("; %zu waiting\n", waiting);
	fflush(stdout);
}

void report_end(const struct run *run, struct cell *const *cells, size_t n,
		const struct result_totals *t)
{
	int w = name_width(cells, n);
	size_t i;

	printf("\n%-*s  VERDICT  KERNEL   ACCEL  SECONDS  REASON\n", w, "CELL");
	for (i = 0; i < n; i++) {
		const struct cell *c = cells[i];

		printf("%-*s  %s%-7s%s  %-7s  %-5s  %7.1f  %s%s\n", w, c->spec->name,
		       paint(c->verdict, c->ok), verdict_name(c->verdict), plain(),
		       c->kernel ? c->kernel->flavor : c->spec->kernel,
		       c->state == CELL_WAITING ? "-" :
		       c->kvm			? "kvm" :
						  "tcg",
		       cell_seconds(c), c->reason, expectation(c));
	}
	printf("results: %s\n", run->out);
	printf("%u passed, %u failed, %u skipped\n", t->passed, t->failed, t->skipped);
	fflush(stdout);
}

void report_list(const struct plan *plan, struct cell_spec *const *cells, size_t n)
{
	size_t i, w = 4;

	if (plan->description)
		printf("%s: %s\n", plan->name, plan->description);
	for (i = 0; i < n; i++)
		if (strlen(cells[i]->name) > w)
			w = strlen(cells[i]->name);
	printf("%-*s  KERNEL   MEMORY  CPUS  DEADLINE  SCENARIO\n", (int)w, "CELL");
	for (i = 0; i < n; i++)
		printf("%-*s  %-7s  %5uM  %4u  %6u s  %s\n", (int)w, cells[i]->name,
		       cells[i]->kernel, cells[i]->memory, cells[i]->cpus, cells[i]->deadline,
		       cells[i]->scenario);
}
