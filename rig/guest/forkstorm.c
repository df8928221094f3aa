// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fork and exit storms over memory that is in swap: many short-lived children
 * share their parent's swapped pages, read and write some of them, fork again,
 * exit, call exec or are killed at any moment. At the end the parent's own pages
 * must all be right, and every child must have seen what it had to see.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "pattern.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

#define MAX_PARALLEL	256

static struct {
	size_t bytes;
	unsigned int children;
	unsigned int parallel;
	unsigned int depth;
	unsigned int touch;	/* pages a child handles */
	uint64_t seed;
} opt = {
	.bytes = 16 << 20, .children = 200, .parallel = 8, .depth = 1,
	.touch = 64, .seed = 1,
};

struct shared {
	atomic_ulong verified;
	atomic_ulong written;
	atomic_ulong mismatches;
	atomic_ulong forked;
	atomic_ulong execed;
};

static struct shared *shared;
static char *mem;
static uint32_t *gens;
static const char *self;

static size_t nr_pages(void)
{
	return opt.bytes / PAGE_BYTES;
}

static struct page_id identity(size_t i, uint64_t salt)
{
	static const enum content contents[] = {
		CONTENT_RANDOM, CONTENT_TEXT, CONTENT_TEXT, CONTENT_SAME,
		CONTENT_ZERO,
	};

	return (struct page_id) {
		.home = (uintptr_t)mem / PAGE_BYTES + i,
		.salt = salt, .gen = gens[i],
		.content = contents[mix64(i ^ opt.seed ^ gens[i]) % 5],
	};
}

static void fill(size_t i, uint64_t salt)
{
	struct page_id id;

	gens[i]++;
	id = identity(i, salt);
	pattern_fill(mem + i * PAGE_BYTES, &id, opt.seed);
	atomic_fetch_add(&shared->written, 1);
}

static void check(size_t i, uint64_t salt)
{
	struct page_id id = identity(i, salt);
	const uint64_t *p = (const void *)(mem + i * PAGE_BYTES);
	int word = pattern_check(p, &id, opt.seed);

	atomic_fetch_add(&shared->verified, 1);
	if (word < 0)
		return;
	atomic_fetch_add(&shared->mismatches, 1);
	printf("# mismatch: pid %d page %zu at %p word %d expected %016llx found %016llx\n",
	       getpid(), i, (const void *)p, word,
	       (unsigned long long)pattern_word(&id, opt.seed, word),
	       (unsigned long long)p[word]);
}

static void child(unsigned int depth, uint64_t seed)
{
	struct rng rng = { seed };
	size_t mine[64], i;
	unsigned int n, nr_mine = 0;
	pid_t pid;

	for (n = 0; n < opt.touch; n++) {
		i = rng_below(&rng, nr_pages());
		for (unsigned int m = 0; m < nr_mine; m++)
			if (mine[m] == i)
				goto next;
		check(i, 0);
		if (nr_mine < 64 && !rng_below(&rng, 3)) {
			mine[nr_mine++] = i;
			fill(i, seed | 1);
		}
next:		;
	}
	if (!rng_below(&rng, 4))
		madvise(mem, opt.bytes / 4, MADV_PAGEOUT);
	if (depth && !rng_below(&rng, 2)) {
		pid = fork();
		if (pid == 0) {
			/* Grandchildren see what their parent wrote. */
			for (n = 0; n < nr_mine; n++)
				check(mine[n], seed | 1);
			_exit(0);
		}
		if (pid > 0) {
			atomic_fetch_add(&shared->forked, 1);
			waitpid(pid, NULL, 0);
		}
	}
	for (n = 0; n < nr_mine; n++)
		check(mine[n], seed | 1);
	switch (rng_below(&rng, 4)) {
	case 0:
		atomic_fetch_add(&shared->execed, 1);
		execl(self, self, "--nothing", NULL);
		_exit(1);
	case 1:
		kill(getpid(), SIGKILL);
	}
	_exit(0);
}

static bool reap_one(struct rng *rng, pid_t *pids, unsigned int *nr)
{
	unsigned int n;
	int status;
	pid_t pid;

	/* Now and then a child is killed wherever it is. */
	if (!rng_below(rng, 5))
		kill(pids[rng_below(rng, *nr)], SIGKILL);
	pid = wait(&status);
	if (pid < 0)
		die("wait");
	for (n = 0; n < *nr && pids[n] != pid; n++)
		;
	if (n == *nr)
		return true;
	pids[n] = pids[--*nr];
	return !(WIFEXITED(status) && WEXITSTATUS(status)) &&
	       !(WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL);
}

static int storm(void)
{
	struct rng rng = { opt.seed };
	pid_t pids[MAX_PARALLEL];
	unsigned int nr = 0, n;
	bool fine = true;
	long swapped;
	size_t i;

	for (i = 0; i < nr_pages(); i++)
		fill(i, 0);
	madvise(mem, opt.bytes, MADV_PAGEOUT);
	swapped = pages_swapped(mem, opt.bytes);
	for (n = 0; n < opt.children; n++) {
		while (nr >= opt.parallel)
			fine &= reap_one(&rng, pids, &nr);
		fflush(stdout);
		pids[nr] = fork();
		if (pids[nr] < 0)
			die("fork");
		if (!pids[nr])
			child(opt.depth, mix64(opt.seed ^ n << 8));
		nr++;
		atomic_fetch_add(&shared->forked, 1);
		/* The parent writes too while children hold its old pages. */
		i = rng_below(&rng, nr_pages());
		check(i, 0);
		fill(i, 0);
		if (n % 16 == 0)
			madvise(mem, opt.bytes, MADV_PAGEOUT);
	}
	while (nr)
		fine &= reap_one(&rng, pids, &nr);
	for (i = 0; i < nr_pages(); i++)
		check(i, 0);
	ktap_metric("forks", atomic_load(&shared->forked), "processes");
	ktap_metric("execs", atomic_load(&shared->execed), "processes");
	ktap_metric("pages_written", atomic_load(&shared->written), "pages");
	ktap_metric("pages_verified", atomic_load(&shared->verified), "pages");
	ktap_metric("mismatches", atomic_load(&shared->mismatches), "pages");
	ktap_metric("pages_seen_in_swap", swapped, "pages");
	ktap_result(fine, "children ended as they should");
	ktap_result(!atomic_load(&shared->mismatches),
		    "every page was right in every process");
	munmap(mem, opt.bytes);
	return ktap_finish();
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "size", required_argument, NULL, 's' },
		{ "children", required_argument, NULL, 'c' },
		{ "parallel", required_argument, NULL, 'p' },
		{ "depth", required_argument, NULL, 'd' },
		{ "touch", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 'e' },
		{ "nothing", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			opt.bytes = parse_size(optarg);
			break;
		case 'c':
			opt.children = parse_number(optarg);
			break;
		case 'p':
			opt.parallel = parse_number(optarg);
			break;
		case 'd':
			opt.depth = parse_number(optarg);
			break;
		case 't':
			opt.touch = parse_number(optarg);
			break;
		case 'e':
			opt.seed = parse_number(optarg);
			break;
		case 'n':
			return 0;
		case 'h':
			printf("Usage: forkstorm [--size BYTES] [--children N] [--parallel N] [--depth N] [--touch PAGES] [--seed N]\n");
			return 0;
		default:
			return 2;
		}
	}
	errno = EINVAL;
	if (optind != argc || !opt.parallel || opt.parallel > MAX_PARALLEL ||
	    opt.bytes < PAGE_BYTES)
		die("bad arguments (see --help)");
	self = "/proc/self/exe";
	spit("/proc/self/oom_score_adj", "500");
	mem = mmap(NULL, opt.bytes, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	gens = calloc(nr_pages(), sizeof(*gens));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED || !gens || shared == MAP_FAILED)
		die("no memory");
	ktap_begin();
	return storm();
}
