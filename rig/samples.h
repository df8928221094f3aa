/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_SAMPLES_H
#define RIG_SAMPLES_H

#include "archive.h"
#include "stats.h"

/* One value of one metric. Strings belong to the archive, METRIC to the samples. */
struct sample {
	const struct archived_cell *cell;
	char *metric;	/* a repetition's number is taken off */
	const char *unit;
	double value;
};

/* All values of an archive, sorted by row, metric, flavour and run. */
struct samples {
	struct sample *v;
	size_t n;
};

/*
 * Repetitions (NAME.0, NAME.1, …) are values of NAME; the sum-ups that stand beside them (NAME,
 * NAME_min, NAME_max) are left out, and so is what is no measurement (kernel_tainted). Cells that
 * are not done, or were not passed, count only with ALL. 0 or -ENOMEM.
 */
int samples_collect(const struct archive *a, bool all, struct samples *s);
void samples_release(struct samples *s);

/*
 * The end of the group that begins at I: the same row and metric, and with BY_FLAVOR the same
 * flavour.
 */
size_t samples_group(const struct samples *s, size_t i, bool by_flavor);

/* Spread of the values FROM to TO. 0 or -ENOMEM. */
int samples_spread(const struct samples *s, size_t from, size_t to, struct spread *ret);

#endif
