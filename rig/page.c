// SPDX-License-Identifier: GPL-2.0
/*
 * The report: what broke first, then the matrix, the measurements, what was not tested, and all
 * cells. No script and no resource from elsewhere: the page forbids both to itself.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doc.h"
#include "html.h"
#include "page.h"
#include "paths.h"
#include "plot.h"
#include "samples.h"
#include "symbolise.h"

#define GROUP_CELLS_MAX	40	/* cells named in a group; the rest is counted */
#define GROUP_TESTS_MAX	20
#define RATIOS_MAX	40	/* lines of a plot, the largest changes first */
#define TRENDS_MAX	48	/* plots over time on a page */
#define HISTORY_MAX	12
#define DUMP_LINES_MAX	60
#define VALUE_LIMIT	1e200	/* no plot of a value beyond it */

struct group {
	char *key;
	struct archived_cell **cell;
	size_t cells;
	int weight;		/* of the verdict: what is worse stands first */
};

struct page {
	FILE *f;
	const struct archive *a;
	const char *dir;
	struct symboliser *symboliser;
	struct archived_cell **now;	/* the latest of each, in the order of the archive */
	size_t nows;
	struct archived_cell **sorted;	/* all, by row, flavour and time */
	struct group *group;
	size_t groups;
	size_t passed, broken, skipped, expected;
};

struct verdict_style {
	const char *name;
	const char *class;
	int weight;
};

static const struct verdict_style styles[] = {
	{ "crash", "bad", 5 },	       { "timeout", "bad", 4 }, { "fail", "bad", 3 },
	{ "lost", "warn", 2 },	       { "unschedulable", "warn", 1 },
	{ "pass", "good", 0 },	       { "skip", "", 0 },
};

static const struct verdict_style *style_of(const char *verdict)
{
	static const struct verdict_style other = { "?", "warn", 1 };
	size_t i;

	for (i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
		if (!strcmp(verdict, styles[i].name))
			return &styles[i];
	return &other;
}

/* The class says how a reader should take it: an expected crash is no bad news. */
static const char *class_of(const struct archived_cell *c)
{
	return c->ok ? "good" : style_of(c->verdict)->class;
}

static size_t number_of(const struct page *p, const struct archived_cell *c)
{
	return c - p->a->cell;
}

static bool broken(const struct archived_cell *c)
{
	return !c->ok && !c->skipped;
}

/* A cell that its run did not come to, or did not come back from: of a run that was ended early. */
static bool finished(const struct archived_cell *c)
{
	return !c->run || !strcmp(doc_string(c->json, "state"), "done");
}

static struct json_object *first_crash(const struct archived_cell *c)
{
	return doc_at(doc_get(c->json, "crashes"), 0);
}

/* --- sorting and grouping --- */

static int by_row(const void *pa, const void *pb)
{
	const struct archived_cell *a = *(struct archived_cell *const *)pa;
	const struct archived_cell *b = *(struct archived_cell *const *)pb;

	return strcmp(a->row, b->row) ?: strcmp(a->flavor, b->flavor) ?:
	       strcmp(a->name, b->name) ?: (a > b) - (a < b);
}

/* Reasons that differ in numbers only are one. */
static char *group_key(const struct archived_cell *c)
{
	const char *print = doc_string(first_crash(c), "fingerprint");
	char *key, *p, *q;

	if (!strcmp(c->verdict, "crash") && print[0])
		return asprintf(&key, "crash %s", print) < 0 ? NULL : key;
	/* A lost guest says more about its host than about what it ran. */
	if (asprintf(&key, "%s %s %s", c->verdict,
		     style_of(c->verdict)->weight > 2 && finished(c) ?
			     doc_string(c->json, "scenario") :
			     "",
		     doc_string(c->json, "reason")) < 0)
		return NULL;
	for (p = q = key; *p; p++)
		if (!isdigit((unsigned char)*p))
			*q++ = *p;
		else if (q == key || q[-1] != '#')
			*q++ = '#';
	*q = '\0';
	return key;
}

static int add_to_group(struct page *p, struct archived_cell *c)
{
	struct archived_cell **cells;
	char *key = group_key(c);
	struct group *g;
	size_t i;

	if (!key)
		return -ENOMEM;
	for (i = 0; i < p->groups && strcmp(p->group[i].key, key); i++)
		;
	if (i == p->groups) {
		g = realloc(p->group, (p->groups + 1) * sizeof(*g));
		if (!g) {
			free(key);
			return -ENOMEM;
		}
		p->group = g;
		p->group[p->groups++] =
			(struct group){ .key = key,
					.weight = finished(c) ? style_of(c->verdict)->weight : 0 };
	} else {
		free(key);
	}
	g = &p->group[i];
	cells = realloc(g->cell, (g->cells + 1) * sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	g->cell = cells;
	g->cell[g->cells++] = c;
	return 0;
}

static int by_weight(const void *pa, const void *pb)
{
	const struct group *a = pa, *b = pb;

	if (a->weight != b->weight)
		return b->weight - a->weight;
	if (a->cells != b->cells)
		return a->cells < b->cells ? 1 : -1;
	return strcmp(a->key, b->key);
}

static int prepare(struct page *p)
{
	const struct archive *a = p->a;
	size_t i;
	int r = 0;

	p->now = calloc(a->cells, sizeof(*p->now));
	p->sorted = calloc(a->cells, sizeof(*p->sorted));
	if (!p->now || !p->sorted)
		return -ENOMEM;
	for (i = 0; i < a->cells && !r; i++) {
		struct archived_cell *c = &a->cell[i];

		p->sorted[i] = c;
		if (!c->latest)
			continue;
		p->now[p->nows++] = c;
		p->skipped += c->skipped;
		p->passed += c->ok;
		p->expected += c->ok && strcmp(c->verdict, "pass");
		if (broken(c)) {
			p->broken++;
			r = add_to_group(p, c);
		}
	}
	qsort(p->sorted, a->cells, sizeof(*p->sorted), by_row);
	if (p->groups)
		qsort(p->group, p->groups, sizeof(*p->group), by_weight);
	return r;
}

/* --- small pieces --- */

static void chip(FILE *f, const struct archived_cell *c, const char *class)
{
	fprintf(f, "<span class=\"v %s\">", class);
	html_text(f, c->verdict[0] ? c->verdict : "?");
	if (c->ok && strcmp(c->verdict, "pass"))
		fputs(", as expected", f);
	fputs("</span>", f);
}

static void chip_link(const struct page *p, const struct archived_cell *c)
{
	fprintf(p->f, "<a class=\"v %s\" href=\"#c%zu\" title=\"", class_of(c), number_of(p, c));
	html_text(p->f, c->name);
	if (doc_string(c->json, "reason")[0])
		html_textf(p->f, ": %s", doc_string(c->json, "reason"));
	fputs("\">", p->f);
	html_text(p->f, c->verdict[0] ? c->verdict : "?");
	fputs("</a>", p->f);
}

/* Links to those logs that are there. */
static void links(const struct page *p, const struct archived_cell *c)
{
	static const char *const logs[] = { "console.log", "channel.log", "qemu.cmd", "qemu.log",
					    "cell.ini" };
	size_t i, n = 0;
	char *rel;

	rel = c->dir ? path_relative(p->dir, c->dir) : NULL;
	for (i = 0; rel && i < sizeof(logs) / sizeof(logs[0]); i++) {
		char *path = path_join(c->dir, logs[i]);

		if (path && !access(path, R_OK)) {
			fputs(n++ ? " · <a href=\"" : "<a href=\"", p->f);
			html_url(p->f, rel);
			fprintf(p->f, "/%s\">%s</a>", logs[i], logs[i]);
		}
		free(path);
	}
	if (!n)
		fputs("<span class=\"dim\">no logs here</span>", p->f);
	free(rel);
}

/* What a shell takes as one word. */
static void shell_word(FILE *f, const char *s)
{
	const char *plain =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=./:@%,";
	size_t n;

	if (*s && !s[strspn(s, plain)]) {
		html_text(f, s);
		return;
	}
	fputs("&#39;", f);
	for (; *s; s += n + (s[n] == '\'')) {
		n = strcspn(s, "'");
		html_textn(f, s, n);
		if (s[n])
			html_text(f, "'\\''");
	}
	fputs("&#39;", f);
}

/* The command that runs the cell again: its script where that is, else the plan. */
static void reproduce(const struct page *p, const struct archived_cell *c)
{
	struct json_object *doc = c->run ? c->run->doc : NULL;
	char *script = c->dir ? path_join(c->dir, "reproduce.sh") : NULL;

	fputs("<code class=\"cmd\">", p->f);
	if (script && !access(script, R_OK)) {
		shell_word(p->f, script);
	} else {
		fputs("rig run ", p->f);
		shell_word(p->f, doc_string(doc_get(doc, "plan"), "file"));
		fputs(" ", p->f);
		shell_word(p->f, c->name);
	}
	fputs("</code>", p->f);
	free(script);
}

static void plural(FILE *f, size_t n, const char *what)
{
	fprintf(f, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

/* The day and minute of a time stamp. */
static void when(FILE *f, const char *started)
{
	html_textn(f, started, strnlen(started, 10));
	if (strlen(started) >= 16) {
		fputs(" ", f);
		html_textn(f, started + 11, 5);
	}
}

/* --- what broke --- */

static void excerpt_line(FILE *f, const char *s, size_t len, const char *source, bool head)
{
	if (head)
		fputs("<span class=\"head\">", f);
	html_textn(f, s, len);
	if (head)
		fputs("</span>", f);
	if (source) {
		fputs("  <span class=\"src\">", f);
		html_text(f, source);
		fputs("</span>", f);
	}
	fputc('\n', f);
}

static int trace(const struct page *p, const struct archived_cell *c, struct json_object *crash)
{
	const char *s = doc_string(crash, "excerpt"), *title = doc_string(crash, "title");
	struct source_lines src;
	size_t i;
	int r;

	r = source_lines_find(p->symboliser, doc_get(c->json, "kernel"), s, &src);
	if (r)
		return r;
	fputs("<pre>", p->f);
	for (i = 0; *s; i++) {
		size_t len = strcspn(s, "\n"), tlen = strlen(title);
		bool head = tlen && len >= tlen && !strncmp(s + len - tlen, title, tlen);

		excerpt_line(p->f, s, len, i < src.n ? src.line[i] : NULL, head);
		s += len + (s[len] == '\n');
	}
	fputs("</pre>\n", p->f);
	if (src.why_not[0]) {
		fputs("<p class=\"dim\">No source lines: ", p->f);
		html_text(p->f, src.why_not);
		fputs(".</p>\n", p->f);
	}
	source_lines_release(&src);
	return 0;
}

static void failing_tests(const struct page *p, const struct archived_cell *c)
{
	struct json_object *tests = doc_get(doc_get(c->json, "tap"), "tests");
	size_t i, n = 0;

	for (i = 0; i < doc_length(tests); i++) {
		struct json_object *t = doc_at(tests, i);

		if (strcmp(doc_string(t, "status"), "not ok") ||
		    json_object_get_boolean(doc_get(t, "parent")))
			continue;
		if (n++ == 0)
			fputs("<ul>\n", p->f);
		if (n > GROUP_TESTS_MAX)
			continue;
		fputs("<li class=\"mono\">not ok: ", p->f);
		html_text(p->f, doc_string(t, "name"));
		if (doc_string(t, "note")[0]) {
			fputs(" <span class=\"dim\"># ", p->f);
			html_text(p->f, doc_string(t, "note"));
			fputs("</span>", p->f);
		}
		fputs("</li>\n", p->f);
	}
	if (n > GROUP_TESTS_MAX)
		fprintf(p->f, "<li class=\"dim\">… and %zu more</li>\n", n - GROUP_TESTS_MAX);
	if (n)
		fputs("</ul>\n", p->f);
}

static void dump(const struct page *p, const char *s)
{
	int i;

	if (!s[0])
		return;
	fputs("<details><summary>What the tasks were doing</summary><pre>", p->f);
	for (i = 0; *s && i < DUMP_LINES_MAX; i++) {
		size_t len = strcspn(s, "\n");

		excerpt_line(p->f, s, len, NULL, false);
		s += len + (s[len] == '\n');
	}
	if (*s)
		fputs("<span class=\"more\">… the rest is in console.log</span>\n", p->f);
	fputs("</pre></details>\n", p->f);
}

/* Runs that saw a splat of this fingerprint, up to now. */
static void sightings(const struct page *p, const char *print)
{
	const struct archive *a = p->a;
	size_t i, k, seen = 0, first = 0, last = a->sessions;

	for (i = 0; i < a->cells; i++) {
		struct json_object *crashes = doc_get(a->cell[i].json, "crashes");

		for (k = 0; k < doc_length(crashes); k++)
			if (!strcmp(doc_string(doc_at(crashes, k), "fingerprint"), print))
				break;
		if (k == doc_length(crashes) || !a->cell[i].run || a->cell[i].session == last)
			continue;
		if (!seen++)
			first = a->cell[i].session;
		last = a->cell[i].session;
	}
	if (a->sessions < 2 || !seen)
		return;
	if (first == a->sessions - 1) {
		fputs(" · <b>new</b>: in no earlier run", p->f);
	} else {
		fprintf(p->f, " · seen in %zu of %zu runs, first ", seen, a->sessions);
		when(p->f, doc_string(a->session[first].first->doc, "started"));
	}
}

static void group_cells(const struct page *p, const struct group *g)
{
	size_t i;

	fputs("<ul>\n", p->f);
	for (i = 0; i < g->cells && i < GROUP_CELLS_MAX; i++) {
		struct archived_cell *c = g->cell[i];

		fprintf(p->f, "<li><a href=\"#c%zu\">", number_of(p, c));
		html_text(p->f, c->name);
		fputs("</a>", p->f);
		if (g->cells > 1 && strcmp(c->verdict, g->cell[0]->verdict)) {
			fputs(" ", p->f);
			chip(p->f, c, class_of(c));
		}
		fputs(" <span class=\"dim\">on ", p->f);
		html_text(p->f, c->flavor);
		fprintf(p->f, ", %.1f s</span> · ", doc_number(c->json, "seconds"));
		links(p, c);
		fputs("<br>again: ", p->f);
		reproduce(p, c);
		fputs("</li>\n", p->f);
	}
	if (i < g->cells)
		fprintf(p->f,
			"<li class=\"dim\">… and %zu more, see <a href=\"#cells\">all cells</a></li>\n",
			g->cells - i);
	fputs("</ul>\n", p->f);
}

static int write_group(const struct page *p, const struct group *g)
{
	struct archived_cell *c = g->cell[0];
	struct json_object *crash = first_crash(c);
	const char *title = doc_string(c->json, "reason");
	int r = 0;

	if (!strcmp(c->verdict, "crash") && doc_string(crash, "title")[0])
		title = doc_string(crash, "title");
	fprintf(p->f, "<article class=\"%s\">\n<h3>", class_of(c));
	chip(p->f, c, class_of(c));
	fputs(" ", p->f);
	html_text(p->f, title[0] ? title : "(no reason given)");
	fputs("</h3>\n<p class=\"dim\">", p->f);
	plural(p->f, g->cells, "cell");
	if (!strcmp(c->verdict, "crash") && doc_string(crash, "fingerprint")[0]) {
		fputs(" · ", p->f);
		html_text(p->f, doc_string(crash, "kind"));
		fputs(" · fingerprint <code>", p->f);
		html_text(p->f, doc_string(crash, "fingerprint"));
		fputs("</code>", p->f);
		sightings(p, doc_string(crash, "fingerprint"));
		if (doc_number(c->json, "crash_count") > 1)
			fprintf(p->f, " · first of %.0f splats",
				doc_number(c->json, "crash_count"));
	} else if (style_of(c->verdict)->weight > 2 && finished(c)) {
		fputs(" · scenario ", p->f);
		html_text(p->f, doc_string(c->json, "scenario"));
	}
	fputs("</p>\n", p->f);
	if (!strcmp(c->verdict, "crash") && doc_string(crash, "excerpt")[0])
		r = trace(p, c, crash);
	if (!strcmp(c->verdict, "fail"))
		failing_tests(p, c);
	if (!strcmp(c->verdict, "timeout"))
		dump(p, doc_string(c->json, "dump"));
	group_cells(p, g);
	fputs("</article>\n", p->f);
	return r;
}

static int write_broken(const struct page *p)
{
	size_t i;
	int r = 0;

	fputs("<section id=\"broke\"><h2>What broke</h2>\n", p->f);
	if (!p->groups)
		fputs("<p>Nothing: every cell that was not skipped ended as expected.</p>\n", p->f);
	for (i = 0; i < p->groups && !r; i++)
		r = write_group(p, &p->group[i]);
	fputs("</section>\n", p->f);
	return r;
}

/* --- the matrix --- */

struct columns {
	const char **name;
	size_t n;
};

static int find_columns(const struct page *p, struct columns *c)
{
	size_t i, k;

	c->n = 0;
	c->name = calloc(p->nows ?: 1, sizeof(*c->name));
	if (!c->name)
		return -ENOMEM;
	for (i = 0; i < p->nows; i++) {
		for (k = 0; k < c->n && strcmp(c->name[k], p->now[i]->flavor); k++)
			;
		if (k == c->n)
			c->name[c->n++] = p->now[i]->flavor;
	}
	return 0;
}

/* Earlier and latest outcomes, oldest first; FROM to TO are cells of one row and flavour. */
static void history(const struct page *p, size_t from, size_t to)
{
	size_t i = to - from > HISTORY_MAX ? to - HISTORY_MAX : from;

	fputs("<span class=\"hist\">", p->f);
	for (; i < to; i++) {
		const struct archived_cell *c = p->sorted[i];

		fprintf(p->f, "<i class=\"%s\" title=\"", class_of(c));
		if (c->run)
			when(p->f, doc_string(c->run->doc, "started"));
		fputs(" ", p->f);
		html_text(p->f, c->verdict);
		fputs("\"></i>", p->f);
	}
	fputs("</span>", p->f);
}

/*
 * One field: every cell that is not fine by itself, the fine ones as a number when there are many.
 */
static void matrix_field(const struct page *p, size_t from, size_t to, const char *flavor)
{
	size_t i, first = to, end = from, fine = 0, latest = 0;
	const struct archived_cell *one = NULL;

	for (i = from; i < to; i++) {
		const struct archived_cell *c = p->sorted[i];

		if (strcmp(c->flavor, flavor))
			continue;
		first = i < first ? i : first;
		end = i + 1;
		latest += c->latest;
		if (c->latest && c->ok && !strcmp(c->verdict, "pass")) {
			one = c;
			fine++;
		}
	}
	fputs("<td>", p->f);
	if (fine == 1)
		chip_link(p, one);
	else if (fine)
		fprintf(p->f, "<span class=\"v good\">%zu pass</span>", fine);
	for (i = first; i < end; i++)
		if (p->sorted[i]->latest &&
		    !(p->sorted[i]->ok && !strcmp(p->sorted[i]->verdict, "pass"))) {
			fputs(" ", p->f);
			chip_link(p, p->sorted[i]);
		}
	if (latest == 1 && end - first > 1)
		history(p, first, end);
	fputs("</td>", p->f);
}

static void matrix_table(const struct page *p, const struct columns *col, bool bad)
{
	size_t i, k, end;

	fputs("<div class=\"wide\"><table><tr><th>cell</th>", p->f);
	for (k = 0; k < col->n; k++) {
		fputs("<th>", p->f);
		html_text(p->f, col->name[k][0] ? col->name[k] : "?");
		fputs("</th>", p->f);
	}
	fputs("</tr>\n", p->f);
	for (i = 0; i < p->a->cells; i = end) {
		bool is_bad = false;

		for (end = i; end < p->a->cells && !strcmp(p->sorted[end]->row, p->sorted[i]->row);
		     end++)
			is_bad |= p->sorted[end]->latest && broken(p->sorted[end]);
		if (is_bad != bad)
			continue;
		fputs("<tr><td class=\"mono\">", p->f);
		html_text(p->f, p->sorted[i]->row);
		fputs("</td>", p->f);
		for (k = 0; k < col->n; k++)
			matrix_field(p, i, end, col->name[k]);
		fputs("</tr>\n", p->f);
	}
	fputs("</table></div>\n", p->f);
}

static int write_matrix(const struct page *p)
{
	size_t i, end, bad = 0, rows = 0;
	struct columns col;
	int r;

	r = find_columns(p, &col);
	if (r)
		return r;
	for (i = 0; i < p->a->cells; i = end) {
		bool is_bad = false;

		for (end = i; end < p->a->cells && !strcmp(p->sorted[end]->row, p->sorted[i]->row);
		     end++)
			is_bad |= p->sorted[end]->latest && broken(p->sorted[end]);
		bad += is_bad;
		rows++;
	}
	fputs("<section id=\"matrix\"><h2>Matrix</h2>\n", p->f);
	if (p->a->sessions > 1)
		fputs("<p class=\"dim\">The latest outcome of each cell; the bars are earlier runs, oldest first.</p>\n",
		      p->f);
	if (bad)
		matrix_table(p, &col, true);
	if (rows > bad) {
		fprintf(p->f, "<details%s><summary>", rows - bad <= 40 ? " open" : "");
		plural(p->f, rows - bad, "row");
		fputs(" without a fault</summary>\n", p->f);
		matrix_table(p, &col, false);
		fputs("</details>\n", p->f);
	}
	fputs("</section>\n", p->f);
	free(col.name);
	return 0;
}

/* --- measurements --- */

static bool plottable(const struct spread *s)
{
	return s->n && fabs(s->min) < VALUE_LIMIT && fabs(s->max) < VALUE_LIMIT;
}

static double change_of(const struct plot_ratio *r)
{
	double q = r->other.median / r->base.median;

	return q > 0 ? fabs(log(q)) : INFINITY;
}

static int by_change(const void *pa, const void *pb)
{
	const struct plot_ratio *a = pa, *b = pb;
	bool fa = spread_beyond(&a->base, &a->other), fb = spread_beyond(&b->base, &b->other);
	double ca = change_of(a), cb = change_of(b);

	if (fa != fb)
		return fa ? -1 : 1;
	return ca != cb ? (ca < cb ? 1 : -1) : strcmp(a->label, b->label);
}

/*
 * The metrics of one row and flavour against the base, without the *SAME that never differ. RET
 * has room
 * for all samples of the row.
 */
static int row_ratios(const struct samples *s, size_t from, size_t to, const char *flavor,
		      struct plot_ratio *ret, size_t *n, size_t *same)
{
	size_t i, k, end, last;
	int r = 0;

	*n = *same = 0;
	for (i = from; i < to && !r; i = end) {
		struct plot_ratio v = { .label = s->v[i].metric, .unit = s->v[i].unit };

		end = samples_group(s, i, false);
		for (k = i; k < end && !r; k = last) {
			last = samples_group(s, k, true);
			if (!strcmp(s->v[k].cell->flavor, "base"))
				r = samples_spread(s, k, last, &v.base);
			else if (!strcmp(s->v[k].cell->flavor, flavor))
				r = samples_spread(s, k, last, &v.other);
		}
		if (!plottable(&v.base) || !plottable(&v.other))
			continue;
		if (v.base.min == v.base.max && v.other.min == v.other.max &&
		    v.base.min == v.other.min)
			(*same)++;
		else if (v.base.median > 0)
			ret[(*n)++] = v;
	}
	if (*n)
		qsort(ret, *n, sizeof(*ret), by_change);
	return r;
}

static void ratios_heading(FILE *f)
{
	fputs("<section id=\"base\"><h2>Against the base kernel</h2>\n"
	      "<p class=\"dim\">Dot and line: median and range on the kernel under test, relative to the median on the "
	      "base; the grey band is the range on the base. Red: the ranges do not touch, and the medians "
	      "are further apart than either is wide. Sorted by that, then by change.</p>\n",
	      f);
}

/* A plot for every kernel of the row that can be compared; *PLOTS counts them on the page. */
static int ratios_of_row(const struct page *p, const struct samples *s, size_t from, size_t to,
			 size_t *plots)
{
	struct plot_ratio *v = calloc(to - from, sizeof(*v));
	const char **seen = calloc(to - from, sizeof(*seen));
	size_t i, k, n, same, seens = 0;
	int r = v && seen ? 0 : -ENOMEM;
	char title[256];

	for (i = from; i < to && !r; i++) {
		const char *flavor = s->v[i].cell->flavor;

		for (k = 0; k < seens && strcmp(seen[k], flavor); k++)
			;
		if (!strcmp(flavor, "base") || k < seens)
			continue;
		seen[seens++] = flavor;
		r = row_ratios(s, from, to, flavor, v, &n, &same);
		if (r || !n)
			continue;
		if (!(*plots)++)
			ratios_heading(p->f);
		snprintf(title, sizeof(title), "%s: %s against base", s->v[from].cell->row, flavor);
		fputs("<h4>", p->f);
		html_text(p->f, title);
		fputs("</h4>\n", p->f);
		plot_ratios(p->f, title, v, n < RATIOS_MAX ? n : RATIOS_MAX);
		if (same)
			fprintf(p->f,
				"<p class=\"dim\">%zu more have one and the same value on both.</p>\n",
				same);
		if (n > RATIOS_MAX)
			fprintf(p->f,
				"<p class=\"dim\">%zu more, with smaller changes, are in result.json.</p>\n",
				n - RATIOS_MAX);
	}
	free(v);
	free(seen);
	return r;
}

static int write_ratios(const struct page *p, const struct samples *s)
{
	size_t i, end, plots = 0;
	int r = 0;

	for (i = 0; i < s->n && !r; i = end) {
		bool base = false, other = false;

		for (end = i; end < s->n && !strcmp(s->v[end].cell->row, s->v[i].cell->row);
		     end++) {
			base |= !strcmp(s->v[end].cell->flavor, "base");
			other |= !!strcmp(s->v[end].cell->flavor, "base");
		}
		if (base && other)
			r = ratios_of_row(p, s, i, end, &plots);
	}
	if (plots)
		fputs("</section>\n", p->f);
	return r;
}

struct trend {
	size_t from, to;	/* in the samples: one row and metric */
	double change;		/* of the medians, first to last, in spreads */
};

static int by_trend(const void *pa, const void *pb)
{
	const struct trend *a = pa, *b = pb;

	if (a->change != b->change)
		return a->change < b->change ? 1 : -1;
	return (a->from > b->from) - (a->from < b->from);
}

/* The points of one flavour, FROM to TO; samples of one run stand beside each other. */
static int line_points(const struct samples *s, size_t from, size_t to, struct plot_point *pt,
		       size_t *n)
{
	size_t i, end;
	int r = 0;

	*n = 0;
	for (i = from; i < to && !r; i = end) {
		const struct archived_cell *c = s->v[i].cell;

		for (end = i; end < to && s->v[end].cell->session == c->session; end++)
			;
		pt[*n] = (struct plot_point){ .x = c->session,
					      .when = c->run ? doc_string(c->run->doc, "started") :
							       "" };
		r = samples_spread(s, i, end, &pt[*n].y);
		*n += plottable(&pt[*n].y);
	}
	return r;
}

/* How far the last run is from the first, in what they spread; 0 with less than two runs, too. */
static int rate_trend(const struct samples *s, struct trend *t)
{
	struct plot_point *pt = calloc(t->to - t->from, sizeof(*pt));
	size_t i, end, n;
	int r = pt ? 0 : -ENOMEM;

	t->change = 0;
	for (i = t->from; i < t->to && !r; i = end) {
		const struct spread *a, *b;
		double apart, size;

		end = samples_group(s, i, true);
		r = line_points(s, i, end, pt, &n);
		if (r || n < 2)
			continue;
		a = &pt[0].y;
		b = &pt[n - 1].y;
		apart = fabs(a->median - b->median);
		size = fmax(fmax(a->max - a->min, b->max - b->min), fabs(a->median) * 1e-3);
		t->change = fmax(t->change, apart / fmax(size, 1e-12));
	}
	free(pt);
	return r;
}

static int draw_trend(const struct page *p, const struct samples *s, const struct trend *t)
{
	struct plot_point *pt = calloc(t->to - t->from, sizeof(*pt));
	struct plot_line *line = calloc(t->to - t->from, sizeof(*line));
	size_t i, end, used = 0, lines = 0;
	int r = pt && line ? 0 : -ENOMEM;
	char title[256];

	for (i = t->from; i < t->to && !r; i = end) {
		struct plot_line *l = &line[lines];

		end = samples_group(s, i, true);
		l->label = s->v[i].cell->flavor;
		l->point = pt + used;
		r = line_points(s, i, end, pt + used, &l->n);
		used += l->n;
		lines += !!l->n;
	}
	if (!r && lines) {
		snprintf(title, sizeof(title), "%s: %s", s->v[t->from].cell->row,
			 s->v[t->from].metric);
		plot_trend(p->f, title, s->v[t->from].unit, line, lines, p->a->sessions);
	}
	free(pt);
	free(line);
	return r;
}

static int write_trends(const struct page *p, const struct samples *s)
{
	struct trend *t;
	size_t i, end, n = 0;
	int r = 0;

	if (p->a->sessions < 2 || !s->n)
		return 0;
	t = calloc(s->n, sizeof(*t));
	if (!t)
		return -ENOMEM;
	for (i = 0; i < s->n && !r; i = end) {
		end = samples_group(s, i, false);
		t[n] = (struct trend){ .from = i, .to = end };
		r = rate_trend(s, &t[n]);
		n += t[n].change > 0;
	}
	if (!r && n) {
		qsort(t, n, sizeof(*t), by_trend);
		fputs("<section id=\"time\"><h2>Over time</h2>\n<p class=\"dim\">One point a run, oldest first; what changed most, "
		      "in what it spreads, stands first.</p>\n",
		      p->f);
		for (i = 0; i < n && i < TRENDS_MAX && !r; i++)
			r = draw_trend(p, s, &t[i]);
		if (n > TRENDS_MAX)
			fprintf(p->f,
				"<p class=\"dim\">%zu metrics more changed less; <code>rig compare</code> shows them.</p>\n",
				n - TRENDS_MAX);
		fputs("</section>\n", p->f);
	}
	free(t);
	return r;
}

/* --- the rest --- */

static void write_skipped(const struct page *p)
{
	size_t i;

	if (!p->skipped)
		return;
	fputs("<section id=\"skipped\"><h2>Not tested</h2>\n<ul>\n", p->f);
	for (i = 0; i < p->nows; i++) {
		if (!p->now[i]->skipped)
			continue;
		fprintf(p->f, "<li><a class=\"mono\" href=\"#c%zu\">", number_of(p, p->now[i]));
		html_text(p->f, p->now[i]->name);
		fputs("</a>: ", p->f);
		html_text(p->f, doc_string(p->now[i]->json, "reason"));
		fputs("</li>\n", p->f);
	}
	fputs("</ul></section>\n", p->f);
}

static void cell_row(const struct page *p, const struct archived_cell *c)
{
	struct json_object *tap = doc_get(c->json, "tap");
	double attempt = c->run && c->run->attempts_of ? c->run->attempt :
							 doc_number(c->json, "attempt");

	fprintf(p->f, "<tr id=\"c%zu\"><td>", number_of(p, c));
	chip(p->f, c, class_of(c));
	fputs("</td><td class=\"mono\">", p->f);
	html_text(p->f, c->name);
	if (attempt > 1)
		fprintf(p->f, " <span class=\"dim\">attempt %.0f</span>", attempt);
	fputs("</td><td>", p->f);
	html_text(p->f, c->flavor);
	if (doc_string(c->json, "host")[0]) {
		fputs(" <span class=\"dim\">on ", p->f);
		html_text(p->f, doc_string(c->json, "host"));
		fputs("</span>", p->f);
	}
	fprintf(p->f, "</td><td class=\"num\">%.1f</td><td class=\"num\">%.0f",
		doc_number(c->json, "seconds"), doc_number(tap, "passed"));
	if (doc_number(tap, "failed") > 0)
		fprintf(p->f, ", <b>%.0f not ok</b>", doc_number(tap, "failed"));
	if (doc_number(tap, "skipped") > 0)
		fprintf(p->f, ", %.0f skipped", doc_number(tap, "skipped"));
	fputs("</td><td class=\"reason\">", p->f);
	if (doc_string(c->json, "reason")[0]) {
		html_text(p->f, doc_string(c->json, "reason"));
		fputs("<br>", p->f);
	}
	links(p, c);
	fputs("<br>", p->f);
	reproduce(p, c);
	fputs("</td></tr>\n", p->f);
}

static void write_cells(const struct page *p)
{
	size_t i;

	fputs("<section id=\"cells\"><h2>All cells</h2>\n<div class=\"wide\"><table>\n"
	      "<tr><th>verdict</th><th>cell</th><th>kernel</th><th class=\"num\">seconds</th><th class=\"num\">tests ok</th>"
	      "<th>reason, logs, and the command that runs it again</th></tr>\n",
	      p->f);
	for (i = 0; i < p->nows; i++)
		if (broken(p->now[i]))
			cell_row(p, p->now[i]);
	for (i = 0; i < p->nows; i++)
		if (!broken(p->now[i]))
			cell_row(p, p->now[i]);
	fputs("</table></div></section>\n", p->f);
}

static void run_row(const struct page *p, const struct archived_session *s)
{
	const struct archived_run *run = s->first;
	struct json_object *accel = doc_get(run->doc, "accel"), *host = doc_get(run->doc, "host");

	fputs("<tr><td>", p->f);
	when(p->f, doc_string(run->doc, "started"));
	fputs("</td><td>", p->f);
	html_text(p->f, doc_string(doc_get(run->doc, "plan"), "name"));
	fprintf(p->f, "</td><td class=\"num\">%zu</td><td>", s->cells);
	html_text(p->f, doc_string(run->doc, "status"));
	fputs("</td><td>", p->f);
	html_text(p->f, doc_string(accel, "used"));
	fputs(" <span class=\"dim\">", p->f);
	html_text(p->f, doc_string(accel, "reason"));
	fprintf(p->f, "</span></td><td>%.0f cores, %.1f GiB</td><td class=\"mono\">",
		doc_number(host, "cores"), doc_number(host, "memory_mib") / 1024);
	html_text(p->f, s->dir);
	fputs("</td></tr>\n", p->f);
}

/* Each kernel that was booted, once. */
static void kernels(const struct page *p)
{
	size_t i, k;

	fputs("<table><tr><th>kernel</th><th>sha256 of the image</th><th>of its configuration</th><th>file</th></tr>\n",
	      p->f);
	for (i = 0; i < p->nows; i++) {
		struct json_object *kernel = doc_get(p->now[i]->json, "kernel");
		const char *hash = doc_string(kernel, "sha256");

		if (!hash[0])
			continue;
		for (k = 0; k < i; k++)
			if (!strcmp(doc_string(doc_get(p->now[k]->json, "kernel"), "sha256"), hash))
				break;
		if (k < i)
			continue;
		fputs("<tr><td>", p->f);
		html_text(p->f, doc_string(kernel, "flavor"));
		fputs("</td><td class=\"mono\">", p->f);
		html_textn(p->f, hash, strnlen(hash, 16));
		fputs("</td><td class=\"mono\">", p->f);
		html_textn(p->f, doc_string(kernel, "config_sha256"),
			   strnlen(doc_string(kernel, "config_sha256"), 16));
		fputs("</td><td class=\"mono\">", p->f);
		html_text(p->f, doc_string(kernel, "path"));
		fputs("</td></tr>\n", p->f);
	}
	fputs("</table>\n", p->f);
}

static void write_runs(const struct page *p)
{
	size_t i;

	fputs("<section id=\"runs\"><h2>What was run</h2>\n<div class=\"wide\">", p->f);
	kernels(p);
	fputs("</div>\n<details", p->f);
	fputs(p->a->sessions <= 20 ? " open><summary>" : "><summary>", p->f);
	plural(p->f, p->a->sessions, "run");
	fputs("</summary><div class=\"wide\"><table>\n<tr><th>started (UTC)</th><th>plan</th><th class=\"num\">cells</th><th>status</th>"
	      "<th>accelerator</th><th>host</th><th>results</th></tr>\n",
	      p->f);
	for (i = p->a->sessions; i-- > 0;)
		run_row(p, &p->a->session[i]);
	fputs("</table></div></details></section>\n", p->f);
}

static void write_problems(const struct page *p)
{
	size_t i;

	if (!p->a->problems)
		return;
	fputs("<section id=\"problems\"><h2>Results that could not be read</h2><ul>\n", p->f);
	for (i = 0; i < p->a->problems; i++) {
		fputs("<li>", p->f);
		html_text(p->f, p->a->problem[i]);
		fputs("</li>\n", p->f);
	}
	fputs("</ul></section>\n", p->f);
}

static void headline(const struct page *p, FILE *f)
{
	if (p->broken)
		fprintf(f, "%zu of %zu cells broke", p->broken, p->nows);
	else if (p->passed)
		fprintf(f, "%s ended as expected", p->nows == 1 ? "the one cell" : "all cells");
	else
		fputs("nothing was tested", f);
}

static void write_head(const struct page *p, bool metrics)
{
	const struct archived_run *last = p->a->runs ? p->a->run[p->a->runs - 1] : NULL;
	const char *plan = last ? doc_string(doc_get(last->doc, "plan"), "name") : "";
	FILE *f = p->f;

	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<title>",
	      f);
	html_text(f, plan);
	fputs(": ", f);
	headline(p, f);
	fprintf(f, "</title>\n<style>\n%s</style></head>\n<body>\n<header><h1>", page_style);
	html_text(f, plan);
	fputs(": ", f);
	headline(p, f);
	fprintf(f, "</h1>\n<p>%zu as expected", p->passed);
	if (p->expected)
		fprintf(f, " (%zu of them a failure that the plan expects)", p->expected);
	fprintf(f, ", %zu broke, %zu skipped", p->broken, p->skipped);
	if (p->groups > 1)
		fprintf(f, "; %zu different faults", p->groups);
	if (last) {
		fputs(" <span class=\"dim\">· last run ", f);
		when(f, doc_string(last->doc, "started"));
		fputs(" UTC", f);
		if (p->a->sessions > 1)
			fprintf(f, ", %zu runs in all", p->a->sessions);
		if (strcmp(doc_string(last->doc, "status"), "complete")) {
			fputs(" · <b>", f);
			html_text(f, doc_string(last->doc, "status"));
			fputs("</b>", f);
		}
		fputs("</span>", f);
	}
	fputs("</p>\n<nav><a href=\"#broke\">What broke</a><a href=\"#matrix\">Matrix</a>", f);
	if (metrics)
		fputs("<a href=\"#metrics\">Measurements</a>", f);
	fputs("<a href=\"#cells\">All cells</a><a href=\"#runs\">What was run</a></nav></header>\n",
	      f);
}

static int write_body(struct page *p)
{
	struct samples s;
	int r;

	r = samples_collect(p->a, false, &s);
	if (r)
		return r;
	write_head(p, s.n);
	r = write_broken(p);
	write_problems(p);
	r = r ?: write_matrix(p);
	if (!r && s.n) {
		fputs("<div id=\"metrics\">\n", p->f);
		r = write_ratios(p, &s) ?: write_trends(p, &s);
		fputs("</div>\n", p->f);
	}
	write_skipped(p);
	write_cells(p);
	write_runs(p);
	fputs("<footer class=\"dim\">Made by rig " RIG_VERSION
	      " report; see docs/results.md.</footer>\n</body></html>\n",
	      p->f);
	samples_release(&s);
	return r;
}

int page_write(FILE *f, const struct archive *a, const char *dir, struct symboliser *symboliser)
{
	struct page p = { .f = f, .a = a, .dir = dir, .symboliser = symboliser };
	size_t i;
	int r;

	r = prepare(&p) ?: write_body(&p);
	for (i = 0; i < p.groups; i++) {
		free(p.group[i].key);
		free(p.group[i].cell);
	}
	free(p.group);
	free(p.now);
	free(p.sorted);
	return r ?: ferror(f) ? -EIO : 0;
}
