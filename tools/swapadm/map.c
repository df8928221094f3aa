// SPDX-License-Identifier: GPL-2.0-only
#include "map.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static unsigned int slots_of(const struct clusters *clusters, size_t i)
{
	return i == clusters->n - 1 ? clusters->last : clusters->slots;
}

static bool is_full(const struct clusters *clusters, size_t i)
{
	return clusters->v[i].used >= slots_of(clusters, i);
}

static const char *state(const struct clusters *clusters, size_t i)
{
	if (!clusters->v[i].used)
		return "free";
	return is_full(clusters, i) ? "full" : "partly";
}

int map_runs(const struct clusters *clusters, struct map_run **runs, size_t *n)
{
	size_t room = 0;

	*runs = NULL;
	*n = 0;
	for (size_t i = 0; i < clusters->n; i++) {
		struct map_run *last = *n ? &(*runs)[*n - 1] : NULL;

		if (last && !memcmp(&last->each, &clusters->v[i], sizeof(last->each)) &&
		    last->state == state(clusters, i)) {
			last->clusters++;
			continue;
		}
		if (*n == room) {
			struct map_run *more;

			room = room ? 2 * room : 64;
			more = reallocarray(*runs, room, sizeof(*more));
			if (!more)
				return -ENOMEM;
			*runs = more;
		}
		(*runs)[(*n)++] = (struct map_run){ i, 1, clusters->v[i], state(clusters, i) };
	}
	return 0;
}

void map_sum(const struct clusters *clusters, struct map_sums *sums)
{
	*sums = (struct map_sums){ 0 };
	for (size_t i = 0; i < clusters->n; i++) {
		const struct cluster *c = &clusters->v[i];

		if (!c->used)
			sums->free++;
		else if (is_full(clusters, i))
			sums->full++;
		else
			sums->partly++;
		sums->lower += !!(c->kind & CLUSTER_LOWER);
		sums->direct += !!(c->kind & CLUSTER_DIRECT);
		sums->retired += !!(c->kind & CLUSTER_RETIRED);
		sums->discard += !!(c->kind & CLUSTER_DISCARD);
		sums->used += c->used;
	}
}

char map_char(const struct clusters *clusters, size_t first, size_t n)
{
	unsigned int kinds = 0;
	bool used = false, full = true, waits = true;
	char c;

	for (size_t i = first; i < first + n; i++) {
		kinds |= clusters->v[i].kind;
		used |= clusters->v[i].used > 0;
		full &= is_full(clusters, i);
		waits &= !!(clusters->v[i].kind & CLUSTER_DISCARD);
	}
	/* Rare, and what somebody who looks wants to see. */
	if (kinds & CLUSTER_RETIRED)
		return MAP_RETIRED;
	if (!used)
		return waits ? MAP_DISCARD : MAP_FREE;
	switch (kinds & (CLUSTER_LOWER | CLUSTER_DIRECT)) {
	case CLUSTER_LOWER:
		c = MAP_LOWER;
		break;
	case CLUSTER_DIRECT:
		c = MAP_DIRECT;
		break;
	case CLUSTER_LOWER | CLUSTER_DIRECT:
		c = MAP_MIXED;
		break;
	default:
		c = MAP_OTHER;
	}
	return full ? toupper(c) : c;
}

const char *map_colour(char c)
{
	switch (tolower(c)) {
	case MAP_LOWER:
		return "\033[32m";
	case MAP_DIRECT:
		return "\033[34m";
	case MAP_MIXED:
		return "\033[36m";
	case MAP_OTHER:
		return "\033[33m";
	case MAP_RETIRED:
		return "\033[31m";
	case MAP_DISCARD:
		return "\033[2m";
	}
	return "";
}

int map_draw(const struct clusters *clusters, size_t width, size_t lines, bool colour,
	     size_t *each, struct strbuf *out)
{
	const char *now = "";
	size_t column = 0;
	int err = 0;

	*each = (clusters->n + width * lines - 1) / (width * lines);
	for (size_t i = 0; i < clusters->n && !err; i += *each) {
		size_t n = clusters->n - i < *each ? clusters->n - i : *each;
		char c = map_char(clusters, i, n);
		const char *next = colour ? map_colour(c) : "";

		if (strcmp(now, next)) {
			err = strbuf_adds(out, *next ? "" : MAP_PLAIN);
			if (!err && *now && *next)
				err = strbuf_adds(out, MAP_PLAIN);
			if (!err)
				err = strbuf_adds(out, next);
			now = next;
		}
		if (!err)
			err = strbuf_addch(out, c);
		if (!err && ++column == width) {
			err = strbuf_addch(out, '\n');
			column = 0;
		}
	}
	if (!err && *now)
		err = strbuf_adds(out, MAP_PLAIN);
	if (!err && column)
		err = strbuf_addch(out, '\n');
	return err;
}
