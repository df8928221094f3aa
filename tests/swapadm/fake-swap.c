// SPDX-License-Identifier: GPL-2.0-only
/*
 * swapon(2), swapoff(2), write(2) to files of cgroups and read(2) of those of devices,
 * for swapadm-fake, so that its tests change nothing on the machine. Calls are written to the file $FAKE_LOG;
 * those on a path named in $FAKE_FAIL ("PATH=ERRNO PATH=ERRNO …") fail, with
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

/* The file of a cgroup takes a new value as a whole; a captured one is cut off for that. */
ssize_t write(int fd, const void *data, size_t len)
{
	static struct {
		char path[512];
		int n;
	} seen[8];
	char path[4096] = "";
	const char *name = name_below(fd, "/sys/fs/cgroup/", path, sizeof(path));
	size_t i = 0;

	if (!name)
		return syscall(SYS_write, fd, data, len);
	write_down("write %s %.*s\n", name, (int)len, (const char *)data);
	while (i < sizeof(seen) / sizeof(seen[0]) - 1 && *seen[i].path &&
	       strcmp(seen[i].path, name))
		i++;
	snprintf(seen[i].path, sizeof(seen[i].path), "%s", name);
	errno = failure(name, ++seen[i].n);
	if (errno || ftruncate(fd, 0))
		return -1;
	return syscall(SYS_write, fd, data, len);
}
