// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"

#define PM_SWAP	(1ull << 62)

static int nr_results, nr_failed;

void ktap_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n");
}

void ktap_skip_all(const char *fmt, ...)
{
	va_list ap;

	printf("1..0 # SKIP ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	exit(0);
}

bool ktap_result(bool ok, const char *fmt, ...)
{
	va_list ap;

	nr_failed += !ok;
	printf("%s %d ", ok ? "ok" : "not ok", ++nr_results);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	return ok;
}

void ktap_result_skip(const char *name, const char *fmt, ...)
{
	va_list ap;

	printf("ok %d %s # SKIP ", ++nr_results, name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

void ktap_note(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

void ktap_metric(const char *name, double value, const char *unit)
{
	if (value == (double)(long long)value)
		printf("@metric %s %lld %s\n", name, (long long)value, unit);
	else
		printf("@metric %s %.3f %s\n", name, value, unit);
}

int ktap_finish(void)
{
	printf("1..%d\n", nr_results);
	return nr_failed ? 1 : 0;
}

void die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s%s\n", err ? ": " : "", err ? strerror(err) : "");
	exit(2);
}

uint64_t parse_size(const char *text)
{
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *text == '-')
		goto bad;
	switch (*end) {
	case 'T': case 't':
		value <<= 10;
		/* fall through */
	case 'G': case 'g':
		value <<= 10;
		/* fall through */
	case 'M': case 'm':
		value <<= 10;
		/* fall through */
	case 'K': case 'k':
		value <<= 10;
		end++;
	}
	if (!*end)
		return value;
bad:
	errno = EINVAL;
	die("size %s", text);
}

uint64_t parse_number(const char *text)
{
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-') {
		errno = EINVAL;
		die("number %s", text);
	}
	return value;
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

int slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = -errno;
	else
		buf[n] = '\0';
	close(fd);
	return n;
}

int spit(const char *path, const char *text)
{
	ssize_t len = strlen(text), n;
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	if (n != len)
		ret = n < 0 ? -errno : -EIO;
	close(fd);
	return ret;
}

long pages_swapped(const void *addr, size_t len)
{
	long page_size = sysconf(_SC_PAGESIZE), found = 0;
	size_t nr = len / page_size, done = 0, i, want;
	static __thread uint64_t map[1024];
	off_t pos = (uintptr_t)addr / page_size * sizeof(map[0]);
	ssize_t n;
	int fd;

	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (done < nr) {
		want = nr - done < 1024 ? nr - done : 1024;
		n = pread(fd, map, want * sizeof(map[0]), pos);
		if (n < (ssize_t)sizeof(map[0])) {
			found = n < 0 ? -errno : -EIO;
			break;
		}
		n /= sizeof(map[0]);
		for (i = 0; i < (size_t)n; i++)
			found += !!(map[i] & PM_SWAP);
		done += n;
		pos += n * sizeof(map[0]);
	}
	close(fd);
	return found;
}
