/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_PLOT_H
#define RIG_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "stats.h"

/* Plots as inline SVG. Colours come from the page's style; all text is escaped. */

/* One quantity measured against the base kernel. */
struct plot_ratio {
	const char *label;
	const char *unit;
	struct spread base, other;
};

/*
 * A line for each: the spread of the base as a band around 1, the other's median and range as a
 * dot with whiskers; what differs by more than both spread is marked. All medians of the base
 * must be greater than 0.
 */
void plot_ratios(FILE *f, const char *title, const struct plot_ratio *v, size_t n);

/* One run in a plot over time. */
struct plot_point {
	size_t x;		/* number of the run */
	const char *when;
	struct spread y;
};

struct plot_line {
	const char *label;
	const struct plot_point *point;
	size_t n;
};

/*
 * A small plot of one metric: a line for each kernel, whiskers from the least to the greatest
 * value.
 */
void plot_trend(FILE *f, const char *title, const char *unit, const struct plot_line *line,
		size_t n, size_t runs);

/* "12.3k", "4.56": at most four digits that count. BUF has 24 bytes; returns it. */
char *plot_number(double v, char *buf);

#endif
