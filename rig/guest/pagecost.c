// SPDX-License-Identifier: GPL-2.0-only
/*
 * What does swapping a page cost? Memory of a given content is touched, pushed
 * out with MADV_PAGEOUT, faulted back, pushed out again and freed while it is in
 * swap; every phase is timed and divided by the pages that really moved
 * (/proc/self/pagemap). Under QEMU's -icount shift=0 the time stamp counter
 * counts guest instructions, and nothing else runs on the one CPU, so that the
 * result repeats within a fraction of a percent.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>

#include "ktap.h"
#include "pattern.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

enum phase { TOUCH, OUT, IN, OUT_AGAIN, FREE, NR_PHASES };

static const char * const phase_names[NR_PHASES] = {
	"touch", "out", "in", "out_again", "free",
};

struct cost {
	uint64_t ticks;
	uint64_t ns;
	long pages;
};

static struct {
	size_t bytes;
	unsigned int reps;
	unsigned int text;	/* per cent of pages that compress */
	unsigned int zero;
	unsigned int min_out;	/* per cent that must have left */
	bool huge;
	const char *cgroup;
	uint64_t seed;
} opt = {
	.bytes = 32 << 20, .reps = 5, .text = 100, .min_out = 95, .seed = 1,
};

static uint64_t t0_ticks, t0_ns;
static unsigned long long most_cached;

/*
 * Where the kernel's statistics were last brought up to date more than four seconds ago, each
 * refault may do that itself, and a page costs two per cent more. By when its housekeeping came
 * round: have it done now.
 */
static void settle(void)
{
	static char text[16384];

	if (opt.cgroup)
		slurp("/sys/fs/cgroup/memory.stat", text, sizeof(text));
}

static void start(void)
{
	settle();
	t0_ns = now_ns();
	t0_ticks = __rdtsc();
}

static void stop(struct cost *c, long pages)
{
	c->ticks = __rdtsc() - t0_ticks;
	c->ns = now_ns() - t0_ns;
	c->pages = pages;
}

static struct page_id identity(size_t i)
{
	unsigned int n = mix64(opt.seed ^ i) % 100;

	return (struct page_id) {
		.home = i,
		.content = n < opt.zero ? CONTENT_ZERO :
			   n < opt.zero + opt.text ? CONTENT_TEXT :
			   CONTENT_RANDOM,
	};
}

/* Bytes of the cgroup that are unmapped but still in the swap cache. */
static unsigned long long swap_cached(void)
{
	static char text[16384];
	char path[300], *p;

	snprintf(path, sizeof(path), "%s/memory.stat", opt.cgroup);
	if (slurp(path, text, sizeof(text)) < 0)
		die("%s", path);
	p = strstr(text, "\nswapcached ");
	return p ? strtoull(p + 12, NULL, 10) : 0;
}

/*
 * Writing to a device that completes later leaves the folios in the swap cache;
 * reclaim comes back for them. That belongs to the cost, and without it the next
 * phase would find them in memory.
 */
static void finish_out(struct cost *c)
{
	struct cost more;
	char path[300], text[32];
	unsigned long long left;
	int i;

	for (i = 0; i < 10; i++) {
		left = swap_cached();
		if (left < PAGE_BYTES * 32ull)
			break;
		snprintf(path, sizeof(path), "%s/memory.reclaim", opt.cgroup);
		snprintf(text, sizeof(text), "%llu", left);
		start();
		spit(path, text);
		stop(&more, 0);
		c->ticks += more.ticks;
		c->ns += more.ns;
	}
	if (left > most_cached)
		most_cached = left;
}

static long out(char *mem, struct cost *c)
{
	long pages;

	start();
	if (madvise(mem, opt.bytes, MADV_PAGEOUT))
		die("MADV_PAGEOUT");
	stop(c, 0);
	if (opt.cgroup)
		finish_out(c);
	pages = pages_swapped(mem, opt.bytes);
	if (pages < 0) {
		errno = -pages;
		die("/proc/self/pagemap");
	}
	c->pages = pages;
	return pages;
}

/* Returns the number of wrong pages. */
static long one_round(struct cost *costs)
{
	size_t nr = opt.bytes / PAGE_BYTES, i;
	struct page_id id;
	long wrong = 0, swapped;
	uint64_t sum = 0;
	char *mem;

	mem = mmap(NULL, opt.bytes, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		die("cannot map %zu bytes", opt.bytes);
	madvise(mem, opt.bytes, opt.huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	start();
	for (i = 0; i < nr; i++)
		*(volatile char *)(mem + i * PAGE_BYTES) = 1;
	stop(&costs[TOUCH], nr);
	for (i = 0; i < nr; i++) {
		id = identity(i);
		pattern_fill(mem + i * PAGE_BYTES, &id, opt.seed);
	}
	swapped = out(mem, &costs[OUT]);
	start();
	for (i = 0; i < nr; i++)
		sum += *(volatile char *)(mem + i * PAGE_BYTES);
	stop(&costs[IN], swapped);
	for (i = 0; i < nr; i++) {
		id = identity(i);
		wrong += pattern_check(mem + i * PAGE_BYTES, &id, opt.seed) >= 0;
	}
	/* Dirty everything: the copies in swap are of no use any more. */
	for (i = 0; i < nr; i++)
		*(volatile uint64_t *)(mem + i * PAGE_BYTES + 8) = sum | 1;
	swapped = out(mem, &costs[OUT_AGAIN]);
	start();
	if (munmap(mem, opt.bytes))
		die("munmap");
	stop(&costs[FREE], swapped);
	return wrong;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void report(struct cost (*all)[NR_PHASES])
{
	double *ticks = calloc(opt.reps, sizeof(*ticks));
	double *ns = calloc(opt.reps, sizeof(*ns));
	unsigned int r;
	char name[64];
	int p;

	if (!ticks || !ns)
		die("no memory");
	for (p = 0; p < NR_PHASES; p++) {
		for (r = 0; r < opt.reps; r++) {
			const struct cost *c = &all[r][p];

			ticks[r] = c->pages ? (double)c->ticks / c->pages : 0;
			ns[r] = c->pages ? (double)c->ns / c->pages : 0;
			snprintf(name, sizeof(name), "%s_ticks_page.%u",
				 phase_names[p], r);
			ktap_metric(name, ticks[r], "ticks");
		}
		qsort(ticks, opt.reps, sizeof(*ticks), compare);
		qsort(ns, opt.reps, sizeof(*ns), compare);
		snprintf(name, sizeof(name), "%s_ticks_page", phase_names[p]);
		ktap_metric(name, ticks[opt.reps / 2], "ticks");
		snprintf(name, sizeof(name), "%s_ticks_page_min",
			 phase_names[p]);
		ktap_metric(name, ticks[0], "ticks");
		snprintf(name, sizeof(name), "%s_ticks_page_max",
			 phase_names[p]);
		ktap_metric(name, ticks[opt.reps - 1], "ticks");
		snprintf(name, sizeof(name), "%s_ns_page", phase_names[p]);
		ktap_metric(name, ns[opt.reps / 2], "ns");
	}
	free(ticks);
	free(ns);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "size", required_argument, NULL, 's' },
		{ "reps", required_argument, NULL, 'r' },
		{ "text", required_argument, NULL, 't' },
		{ "zero", required_argument, NULL, 'z' },
		{ "min-out", required_argument, NULL, 'm' },
		{ "huge", no_argument, NULL, 'g' },
		{ "cgroup", required_argument, NULL, 'c' },
		{ "seed", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct cost (*all)[NR_PHASES];
	long wrong = 0, least, nr;
	struct cost warm_up[NR_PHASES];
	unsigned int r;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			opt.bytes = parse_size(optarg) / PAGE_BYTES * PAGE_BYTES;
			break;
		case 'r':
			opt.reps = parse_number(optarg);
			break;
		case 't':
			opt.text = parse_number(optarg);
			break;
		case 'z':
			opt.zero = parse_number(optarg);
			break;
		case 'm':
			opt.min_out = parse_number(optarg);
			break;
		case 'c':
			opt.cgroup = optarg;
			break;
		case 'g':
			opt.huge = true;
			break;
		case 'e':
			opt.seed = parse_number(optarg);
			break;
		case 'h':
			printf("Usage: pagecost [--size BYTES] [--reps N] [--text PERCENT] [--zero PERCENT] [--min-out PERCENT] [--huge] [--seed N] [--cgroup DIR]\n"
			       "--cgroup: reclaim what is left in the swap cache of this, the own, cgroup.\n"
			       "Pages that are neither text nor zero do not compress.\n");
			return 0;
		default:
			return 2;
		}
	}
	errno = EINVAL;
	if (optind != argc || !opt.reps || opt.text + opt.zero > 100 ||
	    opt.bytes < PAGE_BYTES)
		die("bad arguments (see --help)");
	all = calloc(opt.reps, sizeof(*all));
	if (!all)
		die("no memory");
	ktap_begin();
	nr = least = opt.bytes / PAGE_BYTES;
	/* The first rounds pay for what is allocated once. */
	for (r = 0; r < 2; r++)
		wrong += one_round(warm_up);
	for (r = 0; r < opt.reps; r++) {
		wrong += one_round(all[r]);
		if (all[r][OUT].pages < least)
			least = all[r][OUT].pages;
		if (all[r][OUT_AGAIN].pages < least)
			least = all[r][OUT_AGAIN].pages;
	}
	report(all);
	ktap_metric("pages", nr, "pages");
	if (opt.cgroup)
		ktap_metric("swap_cache_left", most_cached, "bytes");
	ktap_metric("pages_out_least", least, "pages");
	ktap_result(!wrong, "every page came back right");
	ktap_result(least * 100 >= nr * opt.min_out,
		    "at least %u%% of the pages left memory", opt.min_out);
	if (opt.cgroup)
		ktap_result(most_cached * 100 < opt.bytes * 5,
			    "they also left the swap cache");
	return ktap_finish();
}
