// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the text files of swap tiers make of nonsense: several processes write
 * random bytes, random words of the grammar, right batches that were cut or
 * changed in a byte, and texts longer than a page, to the list of tiers and to
 * limits of cgroups, and read everything meanwhile. Whatever was accepted, each
 * file must read back as what it can say at all times.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"

#define TIERS		"/sys/kernel/mm/swap/tiers"
#define DIR_OF_TIERS	"/sys/kernel/mm/swap/tier"
#define HUGE_TEXT	(64 * 1024)
#define MAX_FILES	16
#define MAX_PROCS	16
#define MAX_TIERS	31

/* What all processes have seen, in memory that they share. */
struct seen {
	uint64_t writes;
	uint64_t accepted;
	uint64_t refused;
	uint64_t odd;		/* errors that are not among those documented */
	uint64_t reads;
	uint64_t broken;	/* files that said what they must not say */
	char first[256];
};

static struct seen *seen;
static const char *files[MAX_FILES];
static int nr_files;

static void complain(uint64_t *count, const char *file, const char *what, int arg)
{
	if (!__atomic_fetch_add(count, 1, __ATOMIC_RELAXED) && !seen->first[0])
		snprintf(seen->first, sizeof(seen->first), "%s: %s (%d)", file, what, arg);
}

static const char *pick(struct rng *rng, const char *const *words, size_t nr)
{
	return words[rng_below(rng, nr)];
}

static size_t random_word(struct rng *rng, char *buf, size_t size)
{
	static const char *const names[] = {
		"a", "b", "c", "fast", "slow", "zswap", "fifteen-charact",
		"sixteen-characte", "", "_", "-", "--", "+", "x/y", "..", "%s%n",
	};
	static const char *const values[] = {
		"0", "1", "-1", "10", "32767", "32768", "-32768", "-32769", "max",
		"maximum", "4096", "1M", "8G", "1X", "18446744073709551615",
		"99999999999999999999999", "", "0x10", "1:2", "\x7f", "\xff",
	};
	const char *name = pick(rng, names, sizeof(names) / sizeof(names[0]));
	const char *value = pick(rng, values, sizeof(values) / sizeof(values[0]));

	switch (rng_below(rng, 6)) {
	case 0:
		return snprintf(buf, size, "+%s:%s ", name, value);
	case 1:
		return snprintf(buf, size, "-%s\n", name);
	case 2:
		return snprintf(buf, size, "+%c%d:%d ", 'a' + (int)rng_below(rng, 26),
				(int)rng_below(rng, 100), (int)rng_below(rng, 70000) - 35000);
	case 3:
		return snprintf(buf, size, "%s %s\n", name, value);
	case 4:
		return snprintf(buf, size, "%s%s", name, value);
	default:
		return snprintf(buf, size, "\t%c", (int)rng_below(rng, 255) + 1);
	}
}

/* Return the length. */
static size_t make_text(struct rng *rng, char *buf)
{
	static const char *const right[] = {
		"+fast:100 +slow:0", "-fast", "-slow", "-fast +quick:100",
		"-quick +fast:100", "+a:1 +b:2 +c:3", "-a -b -c",
		"fast 8M\nslow max\n", "fast 0", "slow 4096 fast max", "zswap 0\n",
		"zswap max",
	};
	size_t len, i, nr;

	switch (rng_below(rng, 8)) {
	case 0:			/* bytes, NUL among them */
		len = rng_below(rng, 200);
		for (i = 0; i < len; i++)
			buf[i] = rng_next(rng);
		return len;
	case 1:			/* longer than what is taken */
		len = 4000 + rng_below(rng, HUGE_TEXT - 4000);
		for (i = 0; i + 64 < len; )
			i += random_word(rng, buf + i, 64);
		memset(buf + i, 'x', len - i);
		return len;
	case 2:			/* one word without an end */
		len = rng_below(rng, 4096);
		memset(buf, "+-x 0:"[rng_below(rng, 6)], len);
		return len;
	case 3:
	case 4:
		nr = 1 + rng_below(rng, 40);
		for (len = 0; nr--; )
			len += random_word(rng, buf + len, 64);
		return len;
	default:		/* right, or nearly */
		len = sprintf(buf, "%s", pick(rng, right, sizeof(right) / sizeof(right[0])));
		if (rng_below(rng, 3) == 0)
			len = rng_below(rng, len + 1);
		else if (rng_below(rng, 3) == 0)
			buf[rng_below(rng, len)] = rng_next(rng);
		return len;
	}
}

static void write_text(const char *file, const char *text, size_t len)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	ssize_t ret;

	if (fd < 0) {
		complain(&seen->odd, file, "cannot be opened", errno);
		return;
	}
	ret = write(fd, text, len);
	__atomic_fetch_add(&seen->writes, 1, __ATOMIC_RELAXED);
	if (ret < 0) {
		__atomic_fetch_add(&seen->refused, 1, __ATOMIC_RELAXED);
		if (errno != EINVAL && errno != EEXIST && errno != ENOSPC &&
		    errno != EBUSY && errno != E2BIG)
			complain(&seen->odd, file, "unexpected error", errno);
	} else {
		__atomic_fetch_add(&seen->accepted, 1, __ATOMIC_RELAXED);
		if ((size_t)ret != len)
			complain(&seen->odd, file, "written in part", ret);
	}
	close(fd);
}

static bool good_name(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > 15)
		return false;
	for (; *name; name++)
		if (!isascii(*name) || (!isalnum(*name) && *name != '_' && *name != '-'))
			return false;
	return true;
}

/* The list: zswap or not, then ranges that lie side by side from the top down. */
static void check_tiers(void)
{
	int start, end, below = SHRT_MAX, nr = 0;
	char text[8192], name[64], *line, *save;

	if (slurp(TIERS, text, sizeof(text)) < 0) {
		complain(&seen->broken, TIERS, "cannot be read", 0);
		return;
	}
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!nr && !strcmp(line, "zswap - -"))
			continue;
		if (sscanf(line, "%63s %d %d", name, &start, &end) != 3 || !good_name(name))
			complain(&seen->broken, TIERS, line, nr);
		else if (end != below || start > end || start < SHRT_MIN)
			complain(&seen->broken, TIERS, "ranges", end);
		below = start - 1;
		nr++;
	}
	if (nr > MAX_TIERS)
		complain(&seen->broken, TIERS, "too many", nr);
}

/* A limit: max, or a multiple of the page size. */
static void check_limits(const char *file)
{
	char text[8192], name[64], value[64], *line, *save, *end;

	if (slurp(file, text, sizeof(text)) < 0) {
		complain(&seen->broken, file, "cannot be read", 0);
		return;
	}
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%63s %63s", name, value) != 2 || !good_name(name)) {
			complain(&seen->broken, file, line, 0);
			continue;
		}
		if (strcmp(value, "max") && (strtoull(value, &end, 10) % getpagesize() || *end))
			complain(&seen->broken, file, line, 1);
	}
}

static void check_dirs(struct rng *rng)
{
	static const char *const names[] = { "a", "b", "fast", "slow", "quick", "zswap" };
	static const char *const attrs[] = { "used", "size" };
	char path[128], text[64];
	int ret;

	snprintf(path, sizeof(path), "%s/%s/%s", DIR_OF_TIERS,
		 pick(rng, names, sizeof(names) / sizeof(names[0])),
		 pick(rng, attrs, sizeof(attrs) / sizeof(attrs[0])));
	ret = slurp(path, text, sizeof(text));
	/* It may not be there, or be gone between open and read */
	if (ret < 0 ? ret != -ENOENT && ret != -ENODEV : !isdigit(text[0]))
		complain(&seen->broken, path, "is no number", ret);
}

static void worker(struct rng rng, uint64_t until)
{
	char *text = malloc(HUGE_TEXT + 64);
	const char *file;

	if (!text)
		die("no memory");
	while (now_ns() < until) {
		file = files[rng_below(&rng, nr_files)];
		write_text(file, text, make_text(&rng, text));
		check_tiers();
		check_dirs(&rng);
		file = files[rng_below(&rng, nr_files)];
		if (strcmp(file, TIERS))
			check_limits(file);
		__atomic_fetch_add(&seen->reads, 1, __ATOMIC_RELAXED);
	}
	exit(0);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "procs", required_argument, NULL, 'p' },
		{ "seed", required_argument, NULL, 'S' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	uint64_t seconds = 10, seed = 1, until;
	int procs = 4, status, i, c, lost = 0;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			seconds = parse_number(optarg);
			break;
		case 'p':
			procs = parse_number(optarg);
			break;
		case 'S':
			seed = parse_number(optarg);
			break;
		case 'h':
			printf("Usage: tierfuzz [--seconds N] [--procs N] [--seed N] LIMITFILE…\n");
			return 0;
		default:
			return 2;
		}
	}
	ktap_begin();
	files[nr_files++] = TIERS;
	while (optind < argc && nr_files < MAX_FILES)
		files[nr_files++] = argv[optind++];
	if (access(TIERS, W_OK))
		ktap_skip_all("this kernel has no %s", TIERS);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED)
		die("mmap");

	until = now_ns() + seconds * 1000000000ull;
	if (procs < 1 || procs > MAX_PROCS)
		die("1 to %d processes", MAX_PROCS);
	for (i = 0; i < procs; i++) {
		switch (fork()) {
		case 0:
			worker((struct rng){ mix64(seed * MAX_PROCS + i) }, until);
			break;
		case -1:
			die("fork");
		}
	}
	for (i = 0; i < procs; i++)
		if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
			lost++;

	ktap_metric("writes", seen->writes, "writes");
	ktap_metric("accepted", seen->accepted, "writes");
	ktap_metric("refused", seen->refused, "writes");
	if (seen->first[0])
		ktap_note("first complaint: %s", seen->first);
	ktap_result(!lost, "no process died");
	ktap_result(seen->accepted > seen->writes / 50, "some writes were accepted");
	ktap_result(seen->refused > seen->writes / 10, "some writes were refused");
	ktap_result(!seen->odd, "each refusal is one that is documented");
	ktap_result(seen->reads && !seen->broken, "what is read is well formed at all times");
	return ktap_finish();
}
