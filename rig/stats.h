/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_STATS_H
#define RIG_STATS_H

#include <stdbool.h>
#include <stddef.h>

/* Some values of one quantity. */
struct spread {
	size_t n;
	double min, median, max;
};

/* Sorts V in place. N may be 0: all zero. */
struct spread spread_of(double *v, size_t n);

/*
 * Whether two sets differ by more than they spread: at least two values on each side, their ranges
 * do not touch, and the medians are further apart than either range is wide.
 */
bool spread_beyond(const struct spread *a, const struct spread *b);

/*
 * How likely it is that the ranges of N and M values of one and the same distribution do not
 * touch: 2 / C(n + m, n).
 */
double spread_chance(size_t n, size_t m);

/*
 * The interval that holds the rate of an event with CONFIDENCE (0 to 1) when it was seen K times
 * in N independent trials (Clopper and Pearson; one-sided at the ends, so that 0 of N and N of N
 * use all of the confidence).
 */
void rate_interval(unsigned int k, unsigned int n, double confidence, double *low, double *high);

/*
 * Trials that see an event of this RATE at least once with CONFIDENCE. 0: no number of them does.
 */
unsigned int rate_trials(double rate, double confidence);

/*
 * Fisher's exact test, two-sided: how likely it is that A of N and B of M, or something rarer,
 * comes
 * from one and the same rate.
 */
double rate_same(unsigned int a, unsigned int n, unsigned int b, unsigned int m);

#endif
