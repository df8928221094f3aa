// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "stats.h"

static int by_value(const void *pa, const void *pb)
{
	double a = *(const double *)pa, b = *(const double *)pb;

	return (a > b) - (a < b);
}

struct spread spread_of(double *v, size_t n)
{
	struct spread s = { .n = n };

	if (!n)
		return s;
	qsort(v, n, sizeof(*v), by_value);
	s.min = v[0];
	s.max = v[n - 1];
	/* Half and half first: the sum of two large values may be infinite. */
	s.median = n % 2 ? v[n / 2] : v[n / 2 - 1] / 2 + v[n / 2] / 2;
	return s;
}

bool spread_beyond(const struct spread *a, const struct spread *b)
{
	double apart = fabs(a->median - b->median);

	if (a->n < 2 || b->n < 2 || (a->min <= b->max && b->min <= a->max))
		return false;
	return apart > a->max - a->min && apart > b->max - b->min;
}

static double log_choose(double n, double k)
{
	return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

double spread_chance(size_t n, size_t m)
{
	double p = 2 * exp(-log_choose(n + m, n));

	return p < 1 ? p : 1;
}

/* How likely K or fewer of N are at this rate. */
static double at_most(unsigned int k, unsigned int n, double rate)
{
	double sum = 0;
	unsigned int i;

	if (rate <= 0 || k >= n)
		return 1;
	if (rate >= 1)
		return 0;
	for (i = 0; i <= k; i++)
		sum += exp(log_choose(n, i) + i * log(rate) + (n - i) * log1p(-rate));
	return sum < 1 ? sum : 1;
}

/* The rate at which K or fewer of N have the likelihood P: it falls as the rate grows. */
static double solve(unsigned int k, unsigned int n, double p)
{
	double low = 0, high = 1, mid = 0.5;
	int i;

	for (i = 0; i < 60; i++) {
		mid = (low + high) / 2;
		if (at_most(k, n, mid) > p)
			low = mid;
		else
			high = mid;
	}
	return mid;
}

void rate_interval(unsigned int k, unsigned int n, double confidence, double *low, double *high)
{
	double tail = 1 - confidence;

	*low = 0;
	*high = 1;
	if (!n)
		return;
	if (k && k < n)
		tail /= 2;
	if (k)
		*low = solve(k - 1, n, 1 - tail);
	if (k < n)
		*high = solve(k, n, tail);
}

unsigned int rate_trials(double rate, double confidence)
{
	double n;

	if (rate <= 0 || confidence >= 1)
		return 0;
	if (rate >= 1 || confidence <= 0)
		return 1;
	/* Not more than is needed because a quotient that is whole came out a little larger. */
	n = ceil(log1p(-confidence) / log1p(-rate) - 1e-9);
	return n > UINT_MAX ? 0 : n < 1 ? 1 : n;
}

double rate_same(unsigned int a, unsigned int n, unsigned int b, unsigned int m)
{
	unsigned int k = a + b, i, first = k > m ? k - m : 0, last = k < n ? k : n;
	double all, seen, p, sum = 0;

	if (!n || !m)
		return 1;
	all = log_choose((double)n + m, k);
	seen = exp(log_choose(n, a) + log_choose(m, b) - all);
	for (i = first; i <= last; i++) {
		p = exp(log_choose(n, i) + log_choose(m, k - i) - all);
		if (p <= seen * (1 + 1e-9))
			sum += p;
	}
	return sum < 1 ? sum : 1;
}
