/* SPDX-License-Identifier: GPL-2.0-only */
/* How far something is that gets less: rate, estimate, and a line about it. */
#ifndef SWAPADM_PROGRESS_H
#define SWAPADM_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "strbuf.h"

/* Samples that the rate is made of: it shall follow, and not jump. */
#define PROGRESS_SAMPLES	16

struct progress {
	const char *name;
	uint64_t total;			/* bytes, the most that was seen */
	uint64_t left;			/* bytes */
	double begin;			/* seconds of some clock that does not jump */
	size_t n;			/* samples so far; the last ones are kept */
	struct {
		double when;
		uint64_t left;
	} sample[PROGRESS_SAMPLES];
};

/* Begin with @left bytes; @name has to stay valid. */
void progress_begin(struct progress *p, const char *name, double now, uint64_t left);

/* @left bytes are left at @now. */
void progress_update(struct progress *p, double now, uint64_t left);

/* Bytes a second of late; false while that is not known, or nothing moves. */
bool progress_rate(const struct progress *p, double *rate);

/*
 * Append a line without its end: "/dev/sda2: 45%, 118M of 256M, 12M/s, 11 s left". With a
 * @width there is a bar before the numbers, as far as there is room for one, and the
 * line is not longer. 0 or -ENOMEM.
 */
int progress_line(const struct progress *p, size_t width, struct strbuf *out);

/* Append what was moved until @now, how long that took, and the rate. 0 or -ENOMEM. */
int progress_summary(const struct progress *p, double now, struct strbuf *out);

#endif
