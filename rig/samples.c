// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "samples.h"

/* The length of NAME without ".DIGITS" at its end. */
static size_t stem_length(const char *name)
{
	size_t n = strlen(name), k = n;

	while (k && isdigit((unsigned char)name[k - 1]))
		k--;
	return k < n && k > 1 && name[k - 1] == '.' ? k - 1 : n;
}

/* Whether METRICS has repetitions of NAME, which may end in _min or _max. */
static bool sums_up(struct json_object *metrics, const char *name)
{
	static const char *const ends[] = { "", "_min", "_max" };
	char first[256];
	size_t i, n = strlen(name);

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t end = strlen(ends[i]);

		if (n <= end || n > 200 || strcmp(name + n - end, ends[i]))
			continue;
		memcpy(first, name, n - end);
		strcpy(first + n - end, ".0");
		if (doc_get(metrics, first))
			return true;
		strcpy(first + n - end, ".1");
		if (doc_get(metrics, first))
			return true;
	}
	return false;
}

static int add(struct samples *s, const struct archived_cell *c, const char *name, size_t len,
	       struct json_object *m)
{
	struct sample *grown;

	if (!(s->n & (s->n - 1))) {
		grown = realloc(s->v, (s->n ? 2 * s->n : 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->v = grown;
	}
	s->v[s->n] = (struct sample){ .cell = c,
				      .metric = strndup(name, len),
				      .unit = doc_string(m, "unit"),
				      .value = doc_number(m, "value") };
	if (!s->v[s->n].metric)
		return -ENOMEM;
	s->n++;
	return 0;
}

static int by_group(const void *pa, const void *pb)
{
	const struct sample *a = pa, *b = pb;
	int r;

	r = strcmp(a->cell->row, b->cell->row) ?: strcmp(a->metric, b->metric) ?:
	    strcmp(a->cell->flavor, b->cell->flavor);
	if (!r)
		r = (a->cell > b->cell) - (a->cell < b->cell);
	return r ?: (a->value > b->value) - (a->value < b->value);
}

static int collect_cell(const struct archived_cell *c, struct samples *s)
{
	struct json_object *metrics = doc_get(c->json, "metrics");
	int r = 0;

	if (!json_object_is_type(metrics, json_type_object))
		return 0;
	json_object_object_foreach(metrics, name, m) {
		size_t len = stem_length(name);

		if (!strcmp(name, "kernel_tainted") || (!name[len] && sums_up(metrics, name)))
			continue;
		r = add(s, c, name, len, m);
		if (r)
			break;
	}
	return r;
}

int samples_collect(const struct archive *a, bool all, struct samples *s)
{
	size_t i;
	int r = 0;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < a->cells && !r; i++)
		if (all || !strcmp(a->cell[i].verdict, "pass"))
			r = collect_cell(&a->cell[i], s);
	if (r)
		samples_release(s);
	else if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), by_group);
	return r;
}

void samples_release(struct samples *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->v[i].metric);
	free(s->v);
	memset(s, 0, sizeof(*s));
}

size_t samples_group(const struct samples *s, size_t i, bool by_flavor)
{
	const struct sample *first = &s->v[i];

	for (; i < s->n; i++)
		if (strcmp(s->v[i].cell->row, first->cell->row) ||
		    strcmp(s->v[i].metric, first->metric) ||
		    (by_flavor && strcmp(s->v[i].cell->flavor, first->cell->flavor)))
			break;
	return i;
}

int samples_spread(const struct samples *s, size_t from, size_t to, struct spread *ret)
{
	double *v = calloc(to > from ? to - from : 1, sizeof(*v));
	size_t i;

	if (!v)
		return -ENOMEM;
	for (i = from; i < to; i++)
		v[i - from] = s->v[i].value;
	*ret = spread_of(v, to > from ? to - from : 0);
	free(v);
	return 0;
}
