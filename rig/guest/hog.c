// SPDX-License-Identifier: GPL-2.0-only
/*
 * A memory hog: fills memory page by page and then goes round in it for ever,
 * until it is killed or has done its rounds. What it has reached stands in a
 * small shared file, so that a scenario can tell a hog that was killed in time
 * from one that nobody helps (see the oom scenarios).
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

/* Text lines of fixed width, rewritten in place. */
#define PROGRESS_FORMAT	"pages %020llu\nns %020llu\nlongest_ns %020llu\n"
#define PROGRESS_SIZE	(6 + 20 + 1 + 3 + 20 + 1 + 11 + 20 + 1)
#define PROGRESS_EVERY	256

struct progress {
	char *map;
	unsigned long long pages;
	unsigned long long longest;
	uint64_t last;
};

static void open_progress(struct progress *p, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || ftruncate(fd, PROGRESS_SIZE))
		die("%s", path);
	p->map = mmap(NULL, PROGRESS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      fd, 0);
	if (p->map == MAP_FAILED)
		die("%s", path);
	close(fd);
	mlock(p->map, PROGRESS_SIZE);
	p->last = now_ns();
}

/* Counts one page; every PROGRESS_EVERY pages the file is brought up to date. */
static void advance(struct progress *p)
{
	char text[PROGRESS_SIZE + 1];
	uint64_t now;

	if (++p->pages % PROGRESS_EVERY || !p->map)
		return;
	now = now_ns();
	if (now - p->last > p->longest)
		p->longest = now - p->last;
	p->last = now;
	snprintf(text, sizeof(text), PROGRESS_FORMAT, p->pages,
		 (unsigned long long)now, p->longest);
	memcpy(p->map, text, PROGRESS_SIZE);
}

static void usage(void)
{
	printf("Usage: hog --size BYTES [--fill random|text|zero|same] [--rounds N] [--progress FILE] [--hold SECONDS] [--oom-score N] [--lock]\n");
	exit(0);
}

int main(int argc, char **argv)
{
	static const char * const fills[NR_CONTENTS] = {
		[CONTENT_RANDOM] = "random", [CONTENT_TEXT] = "text",
		[CONTENT_SAME] = "same", [CONTENT_ZERO] = "zero",
	};
	static const struct option longs[] = {
		{ "size", required_argument, NULL, 's' },
		{ "fill", required_argument, NULL, 'f' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "progress", required_argument, NULL, 'p' },
		{ "hold", required_argument, NULL, 'o' },
		{ "oom-score", required_argument, NULL, 'm' },
		{ "lock", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct page_id id = { .content = CONTENT_RANDOM };
	struct progress progress = {};
	const char *oom_score = "1000";
	uint64_t size = 0, rounds = 1, round, i;
	unsigned int hold = 0;
	bool lock = false;
	char *mem;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			size = parse_size(optarg);
			break;
		case 'f':
			for (c = 0; c < NR_CONTENTS; c++)
				if (!strcmp(optarg, fills[c]))
					break;
			errno = EINVAL;
			if (c == NR_CONTENTS)
				die("--fill %s", optarg);
			id.content = c;
			break;
		case 'r':
			rounds = parse_number(optarg);
			break;
		case 'p':
			open_progress(&progress, optarg);
			break;
		case 'o':
			hold = parse_number(optarg);
			break;
		case 'm':
			oom_score = optarg;
			break;
		case 'l':
			lock = true;
			break;
		case 'h':
			usage();
			break;
		default:
			return 2;
		}
	}
	errno = EINVAL;
	if (!size || optind != argc)
		die("--size is needed (see --help)");
	if (spit("/proc/self/oom_score_adj", oom_score))
		die("oom_score_adj");
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED)
		die("cannot map %llu bytes", (unsigned long long)size);
	if (lock && mlock2(mem, size, MLOCK_ONFAULT))
		die("cannot lock %llu bytes", (unsigned long long)size);
	for (round = 0; !rounds || round < rounds; round++) {
		for (i = 0; i < size / PAGE_BYTES; i++) {
			id.home = i;
			id.gen = round;
			pattern_fill(mem + i * PAGE_BYTES, &id, getpid());
			advance(&progress);
		}
	}
	if (hold)
		sleep(hold);
	return 0;
}
