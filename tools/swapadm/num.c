// SPDX-License-Identifier: GPL-2.0-only
/* Arithmetic on numbers that may be unknown. */
#include <errno.h>
#include <unistd.h>

#include "read.h"

bool ratio(struct num whole, struct num part, double *val)
{
	if (!whole.known || !part.known || !part.v)
		return false;
	*val = (double)whole.v / (double)part.v;
	return true;
}

bool percent(struct num part, struct num whole, double *val)
{
	if (!whole.known || !part.known || !whole.v)
		return false;
	*val = 100.0 * (double)part.v / (double)whole.v;
	return true;
}

struct num page_rate(struct num before, struct num now, double seconds)
{
	double bytes;

	if (!before.known || !now.known || now.v < before.v || !(seconds > 0))
		return (struct num){ 0 };
	bytes = (double)(now.v - before.v) * page_size() / seconds;
	/* 2^64 is the first double that does not fit. */
	if (bytes >= 18446744073709551616.0)
		return (struct num){ true, UINT64_MAX };
	return (struct num){ true, (uint64_t)bytes };
}

struct num num_add(struct num a, struct num b)
{
	struct num sum = { a.known || b.known, 0 };

	if (__builtin_add_overflow(a.known ? a.v : 0, b.known ? b.v : 0, &sum.v))
		sum.v = UINT64_MAX;
	return sum;
}

uint64_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

int num_pages(struct num *num)
{
	if (num->known && __builtin_mul_overflow(num->v, page_size(), &num->v))
		return -ERANGE;
	return 0;
}

int read_num(struct sysroot *root, const char *path, struct num *num)
{
	int err = sysroot_read_u64(root, path, &num->v);

	num->known = !err;
	return err == -ENOENT ? 0 : err;
}
