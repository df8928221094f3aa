// SPDX-License-Identifier: GPL-2.0-only
/*
 * What comes back from a swap device that fails: fills memory, has it paged out,
 * waits until it is told to go on, and then reads page by page. A page that
 * cannot be read ends in SIGBUS, which is counted; every other page must be
 * what was written, and a page that could not be read must be usable again
 * after it was given up. Many processes can do so together (--procs), each
 * with a mapping of its own. With --keep N all but each Nth page are given up
 * before the pause, which leaves a disk with much room and few free clusters.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "pattern.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

static sigjmp_buf no_page;

static void on_sigbus(int sig)
{
	siglongjmp(no_page, sig);
}

struct counts {
	uint64_t right;
	uint64_t wrong;
	uint64_t lost;	/* SIGBUS */
	uint64_t stuck;	/* lost, and of no use after MADV_DONTNEED either */
};

static void read_page(char *page, struct page_id *id, uint32_t seed, struct counts *counts)
{
	if (!sigsetjmp(no_page, 1)) {
		if (pattern_check(page, id, seed) >= 0)
			counts->wrong++;
		else
			counts->right++;
		return;
	}
	counts->lost++;
	if (madvise(page, PAGE_BYTES, MADV_DONTNEED) || sigsetjmp(no_page, 1)) {
		counts->stuck++;
		return;
	}
	memset(page, 1, PAGE_BYTES);
}

static void wait_for_file(const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	while (access(path, F_OK))
		usleep(20000);
}

/* One process: it reads when @go is closed. Its counts go to @fd. */
static void run(uint64_t nr_pages, enum content content, uint64_t keep, int ready, int go,
		int fd)
{
	struct page_id id = { .content = content };
	uint32_t seed = getpid();
	struct counts counts = {};
	size_t size = nr_pages * PAGE_BYTES;
	char *mem, byte;
	uint64_t i;

	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		die("cannot map %zu bytes", size);
	madvise(mem, size, MADV_NOHUGEPAGE);
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
	for (i = 0; i < nr_pages; i++)
		if (i % keep && madvise(mem + i * PAGE_BYTES, PAGE_BYTES, MADV_DONTNEED))
			die("MADV_DONTNEED");
	if (write(ready, "", 1) != 1)
		die("ready");
	/* Asleep: the time of many that look for a file is not what is measured */
	if (read(go, &byte, 1))
		die("go");
	signal(SIGBUS, on_sigbus);
	for (i = 0; i < nr_pages; i += keep) {
		id.home = i;
		read_page(mem + i * PAGE_BYTES, &id, seed, &counts);
	}
	if (write(fd, &counts, sizeof(counts)) != sizeof(counts))
		die("counts");
}

static void usage(void)
{
	printf("Usage: readback --size BYTES --pause DIR [--procs N] [--keep N] [--fill random|text] [--lost MIN:MAX]\n"
	       "Makes DIR/ready when all is paged out, goes on when there is DIR/go.\n"
	       "--lost: how many pages may, and must, end in SIGBUS (0:0)\n");
	exit(0);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "size", required_argument, NULL, 's' },
		{ "pause", required_argument, NULL, 'p' },
		{ "procs", required_argument, NULL, 'n' },
		{ "keep", required_argument, NULL, 'k' },
		{ "fill", required_argument, NULL, 'f' },
		{ "lost", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	unsigned long long lost_min = 0, lost_max = 0;
	enum content content = CONTENT_RANDOM;
	uint64_t size = 0, procs = 1, keep = 1, i;
	struct counts sum = {}, one;
	const char *dir = NULL;
	int ready[2], go[2], result[2], c, fd, status, bad = 0;
	char path[256], byte;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			size = parse_size(optarg);
			break;
		case 'p':
			dir = optarg;
			break;
		case 'n':
			procs = parse_number(optarg);
			break;
		case 'k':
			keep = parse_number(optarg);
			break;
		case 'f':
			content = strcmp(optarg, "text") ? CONTENT_RANDOM : CONTENT_TEXT;
			break;
		case 'l':
			errno = EINVAL;
			if (sscanf(optarg, "%llu:%llu", &lost_min, &lost_max) != 2)
				die("--lost %s", optarg);
			break;
		case 'h':
			usage();
			break;
		default:
			return 2;
		}
	}
	errno = EINVAL;
	if (!size || !dir || !procs || !keep || optind != argc)
		die("--size and --pause are needed, and no number is 0 (see --help)");
	if (pipe(ready) || pipe(go) || pipe(result))
		die("pipe");
	for (i = 0; i < procs; i++) {
		switch (fork()) {
		case -1:
			die("fork");
		case 0:
			close(go[1]);
			run(size / procs / PAGE_BYTES, content, keep, ready[1], go[0],
			    result[1]);
			_exit(0);
		}
	}
	for (i = 0; i < procs; i++)
		if (read(ready[0], &byte, 1) != 1)
			die("a process ended before it was ready");
	snprintf(path, sizeof(path), "%s/ready", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, "all\n", 4) != 4)
		die("%s", path);
	close(fd);
	close(result[1]);
	wait_for_file(dir, "go");
	close(go[1]);
	for (i = 0; i < procs; i++) {
		if (read(result[0], &one, sizeof(one)) != sizeof(one))
			break;
		sum.right += one.right;
		sum.wrong += one.wrong;
		sum.lost += one.lost;
		sum.stuck += one.stuck;
	}
	while (wait(&status) > 0)
		if (status)
			bad++;

	ktap_begin();
	ktap_result(!bad, "every process came to its end (%d did not)", bad);
	ktap_result(sum.right && !sum.wrong, "every page that came back is right (%llu are, %llu not)",
		    (unsigned long long)sum.right, (unsigned long long)sum.wrong);
	ktap_result(sum.lost >= lost_min && sum.lost <= lost_max,
		    "%llu to %llu pages are lost (%llu are)", lost_min, lost_max,
		    (unsigned long long)sum.lost);
	ktap_result(!sum.stuck, "the place of a lost page can be used again (%llu cannot)",
		    (unsigned long long)sum.stuck);
	ktap_metric("right", sum.right, "pages");
	ktap_metric("lost", sum.lost, "pages");
	return ktap_finish();
}
