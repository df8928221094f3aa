/* SPDX-License-Identifier: GPL-2.0-only */
/* What the workload programs share: KTAP output, sizes, random numbers, time. */
#ifndef GUEST_KTAP_H
#define GUEST_KTAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Prints the header; the plan comes with ktap_finish(). */
void ktap_begin(void);
void ktap_skip_all(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
/* One result. Returns ok. */
bool ktap_result(bool ok, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void ktap_result_skip(const char *name, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void ktap_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ktap_metric(const char *name, double value, const char *unit);
/* Prints the plan; the exit status: 0, or 1 after a "not ok". */
int ktap_finish(void);

/* Print "PROGRAM: message: strerror" to stderr and end with status 2. */
void die(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* "64M", "4096", "1G", "3k"; dies on anything else. */
uint64_t parse_size(const char *text);
uint64_t parse_number(const char *text);

/* One step of splitmix64: a well mixed function of x. */
static inline uint64_t mix64(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *r)
{
	return mix64(r->state += 0x2545f4914f6cdd1dull);
}

static inline uint64_t rng_below(struct rng *r, uint64_t n)
{
	return n ? rng_next(r) % n : 0;
}

uint64_t now_ns(void);

/* Whole file into a string. Returns the length or -errno. */
int slurp(const char *path, char *buf, size_t size);
/* Write text to an existing file. Returns 0 or -errno. */
int spit(const char *path, const char *text);

/*
 * How many of the pages in [addr, addr + len) are swapped out now, by
 * /proc/self/pagemap. Pages of shmem that are swapped count as well.
 * Returns -errno on failure.
 */
long pages_swapped(const void *addr, size_t len);

#endif
