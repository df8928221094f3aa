/* SPDX-License-Identifier: GPL-2.0-only */
/* A picture of the clusters of a device, and runs of clusters that are alike. */
#ifndef SWAPADM_MAP_H
#define SWAPADM_MAP_H

#include "read.h"
#include "strbuf.h"

/* Clusters that stand side by side and are alike. */
struct map_run {
	uint64_t first;		/* index of the first cluster */
	uint64_t clusters;
	struct cluster each;
	const char *state;	/* free, partly or full */
};

/* *@runs has *@n of them; free() it. 0 or -ENOMEM. */
int map_runs(const struct clusters *clusters, struct map_run **runs, size_t *n);

/* How many clusters are what. One that holds lower and direct slots counts as both. */
struct map_sums {
	uint64_t free, partly, full;
	uint64_t lower, direct, retired, discard;
	uint64_t used;		/* slots */
};

void map_sum(const struct clusters *clusters, struct map_sums *sums);

/* Characters of the picture. */
#define MAP_FREE	'.'
#define MAP_DISCARD	'~'
#define MAP_LOWER	'l'	/* large letters: full */
#define MAP_DIRECT	'd'
#define MAP_MIXED	'm'
#define MAP_OTHER	'o'	/* in use, and the kernel does not say for what */
#define MAP_RETIRED	'x'

/* The character for the @n clusters from @first on. */
char map_char(const struct clusters *clusters, size_t first, size_t n);

/*
 * Append the picture, lines of @width characters, no more than @lines of them, in colours
 * with @colour. *@each is how many clusters a character stands for. 0 or -ENOMEM.
 */
int map_draw(const struct clusters *clusters, size_t width, size_t lines, bool colour,
	     size_t *each, struct strbuf *out);

/* The escape sequence that the colour of @c begins with; "" for none. */
const char *map_colour(char c);

/* The one after it. */
#define MAP_PLAIN	"\033[m"

#endif
