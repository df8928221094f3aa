// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long does a fault take that brings a page back from swap? Fills memory,
 * has it paged out, and touches a page at random again and again until it is
 * told to stop. What has been touched is paged out again, a few pages at a time,
 * so that nearly each touch is a fault; one that was none is not counted. Each
 * page must be what was written. Prints the median, the 99th percentile and the
 * worst of the times, in nanoseconds of CLOCK_MONOTONIC.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ktap.h"
#include "pattern.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

/* So many are touched before they are paged out again. */
#define BATCH		32
/* More samples than that replace earlier ones, at random. */
#define MAX_SAMPLES	(1u << 18)

struct samples {
	uint64_t *ns;
	uint64_t nr;		/* all there were */
	struct rng rng;
};

static void samples_add(struct samples *s, uint64_t ns)
{
	uint64_t at = s->nr < MAX_SAMPLES ? s->nr : rng_below(&s->rng, s->nr + 1);

	if (at < MAX_SAMPLES)
		s->ns[at] = ns;
	s->nr++;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void samples_print(struct samples *s)
{
	uint64_t n = s->nr < MAX_SAMPLES ? s->nr : MAX_SAMPLES;

	qsort(s->ns, n, sizeof(*s->ns), by_value);
	ktap_metric("faults", s->nr, "faults");
	ktap_metric("p50_ns", s->ns[n / 2], "ns");
	ktap_metric("p99_ns", s->ns[n - 1 - n / 100], "ns");
	ktap_metric("worst_ns", s->ns[n - 1], "ns");
}

static void touch_pages(char *mem, uint64_t nr_pages, struct page_id *id,
			uint32_t seed, struct samples *s, uint64_t *wrong)
{
	uint64_t pages[BATCH];
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		char *page;
		uint64_t from, to;
		bool out;

		pages[i] = rng_below(&s->rng, nr_pages);
		page = mem + pages[i] * PAGE_BYTES;
		out = pages_swapped(page, PAGE_BYTES) == 1;
		from = now_ns();
		*(volatile char *)page;
		to = now_ns();
		if (out)
			samples_add(s, to - from);
		id->home = pages[i];
		if (pattern_check(page, id, seed) >= 0)
			++*wrong;
	}
	for (i = 0; i < BATCH; i++)
		madvise(mem + pages[i] * PAGE_BYTES, PAGE_BYTES, MADV_PAGEOUT);
}

static void usage(void)
{
	printf("Usage: faulttime --size BYTES [--ready FILE] [--seconds N] [--until FILE] [--fill random|text] [--seed N]\n"
	       "Makes the file --ready when all is paged out; goes on for --seconds, and until there is the file --until.\n");
	exit(0);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "size", required_argument, NULL, 's' },
		{ "ready", required_argument, NULL, 'r' },
		{ "seconds", required_argument, NULL, 't' },
		{ "until", required_argument, NULL, 'u' },
		{ "fill", required_argument, NULL, 'f' },
		{ "seed", required_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	const char *ready = NULL, *until = NULL;
	uint64_t size = 0, seconds = 0, seed = 1, nr_pages, i, end, wrong = 0;
	struct page_id id = { .content = CONTENT_RANDOM };
	struct samples s = {};
	char *mem;
	int c, fd;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			size = parse_size(optarg);
			break;
		case 'r':
			ready = optarg;
			break;
		case 't':
			seconds = parse_number(optarg);
			break;
		case 'u':
			until = optarg;
			break;
		case 'f':
			id.content = strcmp(optarg, "text") ? CONTENT_RANDOM : CONTENT_TEXT;
			break;
		case 'x':
			seed = parse_number(optarg);
			break;
		case 'h':
			usage();
			break;
		default:
			return 2;
		}
	}
	errno = EINVAL;
	nr_pages = size / PAGE_BYTES;
	if (!nr_pages || (!seconds && !until) || optind != argc)
		die("--size, and --seconds or --until, are needed (see --help)");

	s.rng.state = seed;
	s.ns = malloc(MAX_SAMPLES * sizeof(*s.ns));
	if (!s.ns)
		die("no memory for %u samples", MAX_SAMPLES);
	memset(s.ns, 0, MAX_SAMPLES * sizeof(*s.ns));
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		die("cannot map %llu bytes", (unsigned long long)size);
	madvise(mem, size, MADV_NOHUGEPAGE);
	/* Nothing but the pages in question is to be waited for */
	if (mlock(s.ns, MAX_SAMPLES * sizeof(*s.ns)))
		die("mlock");
	for (i = 0; i < nr_pages; i++) {
		id.home = i;
		pattern_fill(mem + i * PAGE_BYTES, &id, seed);
	}
	/* Twice: a page that is busy the first time is not waited for */
	for (i = 0; i < 2; i++) {
		if (madvise(mem, size, MADV_PAGEOUT))
			die("MADV_PAGEOUT");
		usleep(100000);
	}
	if (ready) {
		fd = open(ready, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0 || write(fd, "ready\n", 6) != 6)
			die("%s", ready);
		close(fd);
	}
	end = now_ns() + seconds * 1000000000ull;
	while (now_ns() < end || (until && access(until, F_OK)))
		touch_pages(mem, nr_pages, &id, seed, &s, &wrong);

	ktap_begin();
	ktap_result(s.nr > 0, "pages came back from swap (%llu)", (unsigned long long)s.nr);
	ktap_result(!wrong, "each of them is right (%llu are not)", (unsigned long long)wrong);
	if (s.nr)
		samples_print(&s);
	return ktap_finish();
}
