// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "linebuf.h"
#include "tap.h"

#define TAP_PLAN_MAX	1000000

/* One block of results at one indentation. */
struct level {
	unsigned int indent;
	long plan;		/* -1: none yet */
	size_t seen;
	size_t failed;		/* leaves that failed at this level or below since it opened */
};

struct tap {
	struct level level[TAP_DEPTH_MAX];
	unsigned int depth;	/* levels in use */
	struct tap_result *result;
	size_t count, room;
	struct tap_totals totals;
	char first_error[TAP_NAME_MAX + 64];
};

struct tap *tap_new(void)
{
	return calloc(1, sizeof(struct tap));
}

void tap_free(struct tap *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->count; i++) {
		free(t->result[i].name);
		free(t->result[i].note);
	}
	free(t->result);
	free(t);
}

static void note_error(struct tap *t, const char *what, const char *detail)
{
	if (!t->first_error[0])
		snprintf(t->first_error, sizeof(t->first_error), "%s%.*s", what, TAP_NAME_MAX,
			 detail);
}

static void check_plan(struct tap *t, const struct level *l)
{
	char text[96];

	if (l->plan < 0 || (size_t)l->plan == l->seen)
		return;
	t->totals.plan_errors++;
	snprintf(text, sizeof(text), "planned %ld, ran %zu", l->plan, l->seen);
	note_error(t, "plan not met: ", text);
}

/* Closes the innermost block; returns true when a leaf in it failed. */
static bool close_level(struct tap *t)
{
	struct level *l = &t->level[--t->depth];

	check_plan(t, l);
	if (t->depth)
		t->level[t->depth - 1].failed += l->failed;
	return l->failed;
}

/* The block that a line with this indentation belongs to. */
static struct level *enter_level(struct tap *t, unsigned int indent)
{
	while (t->depth && t->level[t->depth - 1].indent > indent)
		close_level(t);
	if (!t->depth || t->level[t->depth - 1].indent < indent) {
		if (t->depth == TAP_DEPTH_MAX)
			return NULL;
		t->level[t->depth++] = (struct level){ .indent = indent, .plan = -1 };
	}
	return &t->level[t->depth - 1];
}

static bool directive(const char *s, const char *word)
{
	size_t n = strlen(word);

	return !strncasecmp(s, word, n) && !isalnum((unsigned char)s[n]);
}

static char *copy_trimmed(const char *s, size_t n)
{
	char *copy;

	while (n && isspace((unsigned char)s[0])) {
		s++;
		n--;
	}
	while (n && isspace((unsigned char)s[n - 1]))
		n--;
	copy = strndup(s, n < TAP_NAME_MAX ? n : TAP_NAME_MAX);
	/* What is cut may be cut in the middle of a character */
	if (copy)
		text_clean(copy, strlen(copy));
	return copy;
}

static void keep(struct tap *t, const struct tap_result *r)
{
	if (t->count == TAP_KEEP_MAX) {
		t->totals.dropped++;
		goto drop;
	}
	if (t->count == t->room) {
		size_t room = t->room ? 2 * t->room : 64;
		struct tap_result *p = realloc(t->result, room * sizeof(*p));

		if (!p) {
			t->totals.dropped++;
			goto drop;
		}
		t->result = p;
		t->room = room;
	}
	t->result[t->count++] = *r;
	return;
drop:
	free(r->name);
	free(r->note);
}

static bool result_line(struct tap *t, unsigned int indent, const char *p, bool ok)
{
	struct tap_result r = { .status = ok ? TAP_OK : TAP_NOT_OK };
	bool child_failed = false;
	struct level *l;
	const char *hash;

	while (*p == ' ')
		p++;
	while (isdigit((unsigned char)*p))
		p++;
	while (*p == ' ')
		p++;
	if (p[0] == '-' && (p[1] == ' ' || !p[1]))
		p++;

	/* A '#' that is no directive belongs to the name. */
	for (hash = strchr(p, '#'); hash; hash = strchr(hash + 1, '#')) {
		const char *d = hash + 1;

		while (*d == ' ')
			d++;
		if (directive(d, "SKIP"))
			r.status = TAP_SKIP;
		else if (directive(d, "TODO") || directive(d, "XFAIL"))
			r.status = TAP_TODO;
		else if (!directive(d, "TIMEOUT") && !directive(d, "ERROR"))
			continue;
		r.note = copy_trimmed(d, strlen(d));
		break;
	}
	/* KTAP: a skipped test that says `not ok` did fail. */
	if (!ok && r.status == TAP_SKIP)
		r.status = TAP_NOT_OK;
	r.name = copy_trimmed(p, hash ? (size_t)(hash - p) : strlen(p));

	while (t->depth && t->level[t->depth - 1].indent > indent) {
		child_failed |= close_level(t);
		r.parent = true;
	}
	l = enter_level(t, indent);
	if (!l || !r.name) {
		t->totals.plan_errors++;
		note_error(t, "results nested too deep", "");
		free(r.name);
		free(r.note);
		return true;
	}
	l->seen++;
	r.depth = t->depth - 1;

	switch (r.status) {
	case TAP_OK:
	case TAP_TODO:
		t->totals.passed += !r.parent;
		break;
	case TAP_SKIP:
		t->totals.skipped += !r.parent;
		break;
	case TAP_NOT_OK:
		note_error(t, "not ok: ", r.name);
		if (!r.parent || !child_failed) {
			t->totals.failed++;
			l->failed++;
		}
		break;
	}
	keep(t, &r);
	return true;
}

static bool plan_line(struct tap *t, unsigned int indent, const char *p)
{
	struct level *l;
	char *end;
	long n;

	if (!isdigit((unsigned char)*p))
		return false;
	n = strtol(p, &end, 10);
	if (*end && *end != ' ' && *end != '#')
		return false;
	l = enter_level(t, indent);
	if (!l || n > TAP_PLAN_MAX) {
		t->totals.plan_errors++;
		note_error(t, "bad plan: 1..", p);
		return true;
	}
	/*
	 * Another document at the same indentation, as when several test programs write one after
	 * the other. A plan after its results counts for them.
	 */
	if (l->plan >= 0) {
		check_plan(t, l);
		l->seen = 0;
	}
	l->plan = n;
	if (!n && strchr(end, '#'))
		t->totals.skip_all = true;
	return true;
}

static bool version_line(struct tap *t, unsigned int indent)
{
	struct level *l;

	/* A document of its own: what came before at this indentation is complete. */
	l = enter_level(t, indent);
	if (l) {
		check_plan(t, l);
		l->plan = -1;
		l->seen = 0;
	}
	return true;
}

bool tap_line(struct tap *t, const char *line)
{
	unsigned int indent = 0;
	const char *p = line;

	for (; *p == ' ' || *p == '\t'; p++)
		indent += *p == '\t' ? 8 : 1;

	if (!strncmp(p, "ok ", 3) || !strcmp(p, "ok"))
		return result_line(t, indent, p + 2, true);
	if (!strncmp(p, "not ok ", 7) || !strcmp(p, "not ok"))
		return result_line(t, indent, p + 6, false);
	if (!strncmp(p, "1..", 3))
		return plan_line(t, indent, p + 3);
	if (!strncmp(p, "KTAP version ", 13) || !strncmp(p, "TAP version ", 12))
		return version_line(t, indent);
	if (!strncmp(p, "Bail out!", 9)) {
		t->totals.bailed = true;
		note_error(t, "bail out:", p + 9);
		return true;
	}
	return p[0] == '#';
}

void tap_end(struct tap *t)
{
	while (t->depth)
		close_level(t);
}

const struct tap_totals *tap_totals(const struct tap *t)
{
	return &t->totals;
}

const char *tap_first_error(const struct tap *t)
{
	return t->first_error;
}

size_t tap_count(const struct tap *t)
{
	return t->count;
}

const struct tap_result *tap_get(const struct tap *t, size_t i)
{
	return i < t->count ? &t->result[i] : NULL;
}

const char *tap_status_name(enum tap_status s)
{
	static const char * const name[] = {
		[TAP_OK] = "ok", [TAP_NOT_OK] = "not ok", [TAP_SKIP] = "skip", [TAP_TODO] = "todo",
	};

	return name[s];
}
