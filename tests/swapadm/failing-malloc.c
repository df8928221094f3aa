// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded: the allocation number $FAIL_NTH fails, once. When the program ends
 * before it has come to that one, the file $FAIL_UNUSED is made.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *ptr, size_t size);

/* How many are still to succeed, and one; 0 when it has failed. */
static long left = -1;

static int fails(void)
{
	if (left < 0) {
		const char *nth = getenv("FAIL_NTH");

		left = nth ? atol(nth) : 0;
	}
	if (!left || --left)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *ptr, size_t size)
{
	return fails() ? NULL : __libc_realloc(ptr, size);
}

static void __attribute__((destructor)) report(void)
{
	const char *path = getenv("FAIL_UNUSED");

	if (left > 0 && path)
		close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}
