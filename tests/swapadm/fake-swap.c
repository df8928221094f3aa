// SPDX-License-Identifier: GPL-2.0-only
/*
 * swapon(2), swapoff(2), write(2) to files of the kernel and read(2) of those of devices,
 * for swapadm-fake, so that its tests change nothing on the machine. Calls are written to the file $FAKE_LOG;
 * those on a path named in $FAKE_FAIL ("PATH=ERRNO PATH=ERRNO …"; "w:PATH" where the same
 * file is read as well) fail, with
 * "PATH=ERRNO@N" all of them from the Nth on; a path in $FAKE_SIGNAL gets the process a
 * SIGINT first, as Ctrl-C during a long swapoff would. A swapoff(2) with $FAKE_DRAIN,
 * the name of a /proc/swaps of a captured tree, puts that name with ".half" in its
 * place, waits for one with ".go" and puts that there, or ends for a signal.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void __attribute__((format(printf, 1, 2))) write_down(const char *fmt, ...)
{
	const char *log = getenv("FAKE_LOG");
	FILE *out = log ? fopen(log, "a") : NULL;
	va_list ap;

	if (!out)
		return;
	va_start(ap, fmt);
	vfprintf(out, fmt, ap);
	va_end(ap);
	fclose(out);
}

/* What $FAKE_FAIL has for the call number @nr on @path: an errno, or 0. */
static int failure(const char *path, int nr)
{
	const char *fail = getenv("FAKE_FAIL");
	size_t len = strlen(path);

	while (fail && *fail) {
		if (!strncmp(fail, path, len) && fail[len] == '=') {
			char *from;
			int err = strtol(fail + len + 1, &from, 10);

			return *from == '@' && nr < atoi(from + 1) ? 0 : err;
		}
		fail += strcspn(fail, " ");
		fail += strspn(fail, " ");
	}
	return 0;
}

static int answer(const char *call, const char *path, int flags)
{
	const char *interrupt = getenv("FAKE_SIGNAL");

	write_down("%s %s %#x\n", call, path, flags);
	if (interrupt && !strcmp(interrupt, path)) {
		raise(SIGINT);
		errno = EINTR;
		return -1;
	}
	errno = failure(path, 1);
	return errno ? -1 : 0;
}

int swapon(const char *path, int flags)
{
	return answer("swapon", path, flags);
}

static int drain(const char *swaps, const char *path)
{
	const struct timespec step = { .tv_nsec = 10000000 };
	char half[512], go[512];

	snprintf(half, sizeof(half), "%s.half", swaps);
	snprintf(go, sizeof(go), "%s.go", swaps);
	write_down("swapoff %s drains\n", path);
	rename(half, swaps);
	while (rename(go, swaps))
		if (nanosleep(&step, NULL)) {
			write_down("swapoff %s returns\n", path);
			errno = EINTR;
			return -1;
		}
	return 0;
}

int swapoff(const char *path)
{
	const char *swaps = getenv("FAKE_DRAIN");

	if (swaps && drain(swaps, path))
		return -1;
	return answer("swapoff", path, 0);
}

/* The path of @fd from @dir on, wherever that is; NULL if it is not there. */
static const char *name_below(int fd, const char *dir, char *path, size_t size)
{
	const char *name;
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, path, size - 1) < 0 || !(name = strstr(path, dir)))
		return NULL;
	return name + strlen(dir);
}

/* The file of a device that has gone is there, and cannot be read. */
ssize_t read(int fd, void *data, size_t len)
{
	char path[4096] = "";
	const char *name = name_below(fd, "/sys/kernel/mm/swap/", path, sizeof(path));

	errno = name ? failure(name, 1) : 0;
	return errno ? -1 : syscall(SYS_read, fd, data, len);
}

#define SWAP_FILES	"/sys/kernel/mm/swap/"

/* Directories whose files are written, as the names in the log and in $FAKE_FAIL begin. */
static const char *const written[] = {
	"/sys/fs/cgroup/", SWAP_FILES, "/proc/sys/vm/", "/sys/module/",
};

/* A run begins with "start", has $FAKE_SCORE at once, and ends with "stop". */
static int compact(int fd, const char *text, size_t len)
{
	const char *score = getenv("FAKE_SCORE");
	unsigned int order = 9;
	char state[64];

	if (len >= 5 && !strncmp(text, "start", 5)) {
		sscanf(text + 5, "%u", &order);
		snprintf(state, sizeof(state), "running %u %s\n", order, score ? score : "50");
	} else {
		strcpy(state, "idle\n");
	}
	return syscall(SYS_write, fd, state, strlen(state)) < 0 ? -1 : (int)len;
}

static int ends_in(const char *name, const char *end)
{
	return strlen(name) >= strlen(end) && !strcmp(name + strlen(name) - strlen(end), end);
}

/* Put the line @text in place of the one with the same first word, or behind the others. */
static ssize_t keyed(const char *path, const char *text, size_t len)
{
	size_t key = strcspn(text, " ") + 1;
	char out[4096] = "", line[256];
	FILE *file = fopen(path, "r");

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, text, key))
			strcat(out, line);
	if (file)
		fclose(file);
	file = fopen(path, "w");
	if (!file)
		return -1;
	fprintf(file, "%s%.*s\n", out, (int)len, text);
	return fclose(file) ? -1 : (ssize_t)len;
}

/* A demotion puts the file that says what is where, with ".after", in its place. */
static void demoted(const char *path)
{
	size_t dir = strlen(path) - strlen("demote");
	char current[4200], after[4300];

	if (!ends_in(path, "/memory.swap.tiers.demote"))
		return;
	snprintf(current, sizeof(current), "%.*scurrent", (int)dir, path);
	snprintf(after, sizeof(after), "%s.after", current);
	rename(after, current);
}

/* Such a file takes a new value as a whole; a captured one is cut off for that. */
ssize_t write(int fd, const void *data, size_t len)
{
	static struct {
		char path[512];
		int n;
	} seen[64];
	char path[4096] = "";
	const char *name = NULL;
	char key[4200];
	size_t i = 0;

	for (size_t d = 0; d < sizeof(written) / sizeof(written[0]) && !name; d++)
		name = name_below(fd, written[d], path, sizeof(path));
	if (!name)
		return syscall(SYS_write, fd, data, len);
	write_down("write %s %.*s\n", name, (int)len, (const char *)data);
	while (i < sizeof(seen) / sizeof(seen[0]) - 1 && *seen[i].path &&
	       strcmp(seen[i].path, name))
		i++;
	snprintf(seen[i].path, sizeof(seen[i].path), "%s", name);
	demoted(path);
	snprintf(key, sizeof(key), "%s%s", strstr(path, SWAP_FILES) ? "w:" : "", name);
	errno = failure(key, ++seen[i].n);
	if (errno)
		return -1;
	/* A list of words is not what is read then: the test says what that is. */
	if (!strcmp(name, "tiers"))
		return len;
	if (ends_in(name, "/memory.swap.tiers.max"))
		return keyed(path, data, len);
	if (ftruncate(fd, 0))
		return -1;
	if (ends_in(name, "/compact"))
		return compact(fd, data, len);
	/* Such files end in a newline when they are read. */
	return syscall(SYS_write, fd, data, len) < 0 || syscall(SYS_write, fd, "\n", 1) < 0 ? -1 : (ssize_t)len;
}
