// SPDX-License-Identifier: GPL-2.0
/* What rig report reads, what it writes, and that nobody's text becomes markup. */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive.h"
#include "program.h"
#include "doc.h"
#include "html.h"
#include "kcidb.h"
#include "page.h"
#include "plot.h"
#include "result.h"
#include "samples.h"
#include "sha256.h"
#include "stats.h"
#include "symbolise.h"

/* In every string that a guest, a plan or a foreign host could have chosen. */
#define EVIL "<script>alert(1)</script>\\\"'&]]>--><img onerror=x>\\u202e\\u0007"

static char dir[] = "/tmp/test-rig-report-XXXXXX";

static char *in_dir(const char *name)
{
	static char buf[8][300];
	static int i;

	i = (i + 1) % 8;
	snprintf(buf[i], sizeof(buf[i]), "%s/%s", dir, name);
	return buf[i];
}

static void make_dirs(const char *name)
{
	char *path = in_dir(name), *p;

	for (p = path + strlen(dir) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		mkdir(path, 0755);
	}
	mkdir(path, 0755);
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(in_dir(name), "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* A cell; MORE are members before the fixed ones. */
static char *cell(const char *name, const char *flavor, const char *verdict, const char *more)
{
	char *s;

	assert_true(asprintf(&s,
			     "{%s\"name\": \"%s\", \"id\": \"x\", \"attempt\": 1, \"state\": \"done\", \"verdict\": \"%s\", "
			     "\"expected\": \"pass\", \"ok\": %s, \"scenario\": \"smoke\", \"seconds\": 1.5, "
			     "\"directory\": \"%s\", \"kernel\": {\"flavor\": \"%s\", \"path\": \"/k/bzImage\", \"sha256\": \"ab\"}}",
			     more, name, verdict, strcmp(verdict, "pass") ? "false" : "true", name,
			     flavor) > 0);
	return s;
}

static void put_run(const char *name, const char *started, const char *status, const char *plan,
		    const char *cells)
{
	char *text, path[200];

	make_dirs(name);
	assert_true(asprintf(&text,
			     "{\"schema\": \"ghostswap-rig-result\", \"version\": 1, \"status\": \"%s\", \"started\": \"%s\", "
			     "\"plan\": {\"name\": \"%s\", \"file\": \"/p/%s.ini\", \"sha256\": \"cd\"}, \"cells\": [%s]}",
			     status, started, plan, plan, cells) > 0);
	snprintf(path, sizeof(path), "%s/result.json", name);
	put(path, text);
	free(text);
}

static struct archive *load(const char *name)
{
	char *path = in_dir(name);
	struct archive *a = NULL;
	struct rig_error e;

	if (archive_load(&path, 1, &a, &e))
		fail_msg("%s", e.text);
	return a;
}

static char *page_of(const struct archive *a, const char *from)
{
	struct symboliser *s;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	assert_int_equal(symboliser_new(in_dir("tree"), in_dir("kernels"), &s), 0);
	assert_int_equal(page_write(f, a, from, s), 0);
	symboliser_free(s);
	fclose(f);
	return text;
}

/* --- a reader of markup that accepts nothing unusual --- */

static const char *const elements[] = {
	"a",	   "article", "b",	    "body",   "br",	 "circle",   "code",
	"details", "div",     "figcaption", "figure", "footer",	 "g",	     "h1",
	"h2",	   "h3",      "h4",	    "head",   "header",	 "html",     "i",
	"li",	   "line",    "meta",	    "nav",    "p",	 "polyline", "pre",
	"rect",	   "section", "span",	    "style",  "summary", "svg",	     "table",
	"td",	   "text",    "th",	    "title",  "tr",	 "ul",
};

static const char *const attributes[] = {
	"class",  "href", "id",	    "title", "open",	"role",	   "viewBox",	 "width",
	"height", "x",	  "y",	    "x1",    "x2",	"y1",	   "y2",	 "cx",
	"cy", "r", "points", "lang", "charset", "content", "http-equiv", "name",
};

static bool among(const char *const *list, size_t n, const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strlen(list[i]) == len && !strncmp(list[i], s, len))
			return true;
	return false;
}

#define AMONG(list, s, len) among(list, sizeof(list) / sizeof(list[0]), s, len)

static const char *check_attributes(const char *p, const char *tag)
{
	while (*p == ' ') {
		const char *name = ++p, *value;
		size_t n = strcspn(p, "=> /");

		if (!AMONG(attributes, name, n))
			fail_msg("attribute %.30s in %.30s", name, tag);
		p += n;
		if (*p != '=')
			continue;
		if (p[1] != '"')
			fail_msg("attribute without quotes: %.60s", name);
		value = p + 2;
		p = strchr(value, '"');
		assert_non_null(p);
		if (memchr(value, '<', p - value))
			fail_msg("markup in an attribute: %.60s", name);
		if (!strncmp(name, "href=", 5) && value[0] != '#' && value[0] != '.')
			fail_msg("a link that is not relative: %.60s", name);
		p++;
	}
	return p;
}

static void check_markup(const char *text)
{
	const char *p = text, *stack[64];
	size_t len[64], depth = 0;

	if (!strncmp(p, "<!DOCTYPE html>", 15))
		p += 15;
	for (; *p; p++) {
		const char *tag;
		size_t n;

		if ((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t')
			fail_msg("control character %d", *p);
		if (*p == '&' && strncmp(p, "&amp;", 5) && strncmp(p, "&lt;", 4) &&
		    strncmp(p, "&gt;", 4) && strncmp(p, "&quot;", 6) && strncmp(p, "&#39;", 5))
			fail_msg("bare &: %.40s", p);
		if (*p != '<')
			continue;
		if (p[1] == '/') {
			tag = p + 2;
			n = strcspn(tag, ">");
			assert_true(depth > 0);
			depth--;
			if (len[depth] != n || strncmp(stack[depth], tag, n))
				fail_msg("</%.*s> closes <%.*s>", (int)n, tag, (int)len[depth],
					 stack[depth]);
			p = tag + n;
			continue;
		}
		tag = p + 1;
		n = strcspn(tag, " />");
		if (!AMONG(elements, tag, n))
			fail_msg("element: %.60s", p);
		p = check_attributes(tag + n, tag);
		if (!strncmp(p, "/>", 2)) {
			p++;
			continue;
		}
		if (*p != '>')
			fail_msg("tag does not end: %.60s", tag - 1);
		if (!strncmp(tag, "meta ", n + 1) || !strncmp(tag, "br>", n + 1))
			continue;
		assert_true(depth < 64);
		stack[depth] = tag;
		len[depth++] = n;
		if (!strncmp(tag, "style>", n + 1))
			p = strstr(p, "</style>") - 1;
	}
	assert_int_equal(depth, 0);
}

/* --- the tests --- */

static void test_escape(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#39;" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\x01\x7f\x1b[31m", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd[31m" },
		{ "\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xc0\xbc", "\xef\xbf\xbd\xef\xbf\xbd" },		/* an overlong < */
		{ "a\xe2\x80\xae" "b", "a\xef\xbf\xbd" "b" },		/* right to left */
		{ "\xe2\x80", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "a\nb\tc", "a\nb\tc" },
	};
	size_t i, size;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = NULL;
		FILE *f = open_memstream(&text, &size);

		html_text(f, cases[i].in);
		fclose(f);
		assert_string_equal(text, cases[i].out);
		free(text);
	}
}

static void test_paths(void **state)
{
	static const struct {
		const char *from, *to, *rel;
	} cases[] = {
		{ "/a/b", "/a/b/c", "c" },	  { "/a/b", "/a/b", "." },
		{ "/a/b/c", "/a/b", ".." },	  { "/a/bc", "/a/b/c", "../b/c" },
		{ "/a/b/c", "/d", "../../../d" }, { "/", "/a", "a" },
	};
	char *text = NULL;
	size_t i, size;
	FILE *f;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *rel = path_relative(cases[i].from, cases[i].to);

		assert_string_equal(rel, cases[i].rel);
		free(rel);
	}
	f = open_memstream(&text, &size);
	html_url(f, "javascript:alert(1)/\"x y");
	fclose(f);
	assert_string_equal(text, "./javascript%3Aalert%281%29/%22x%20y");
	free(text);
}

static void test_rows(void **state)
{
	static const struct {
		const char *name, *flavor, *row;
	} cases[] = {
		{ "smoke.release", "release", "smoke" }, { "base-disk", "base", "disk" },
		{ "a.debug.2cpu", "debug", "a.2cpu" },	 { "database-x", "base", "database-x" },
		{ "base", "base", "base" },		 { "x", "", "x" },
		{ "base-base", "base", "base" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *row = archive_row(cases[i].name, cases[i].flavor);

		assert_string_equal(row, cases[i].row);
		free(row);
	}
}

static void test_stats(void **state)
{
	double v[] = { 5, 1, 3, 2 }, w[] = { 9, 8 }, x[] = { 6, 20 }, low, high;
	struct spread a = spread_of(v, 4), b = spread_of(w, 2), c = spread_of(x, 2);

	(void)state;
	assert_true(a.min == 1 && a.max == 5 && a.median == 2.5 && a.n == 4);
	assert_true(spread_beyond(&a, &b));
	assert_false(spread_beyond(&a, &c));	/* apart, but by less than the second spreads */
	b.n = 1;
	assert_false(spread_beyond(&a, &b));
	/* Tables: C(8, 4) = 70; 0 of 29 at 90 %; Clopper-Pearson of 2 in 10; Fisher's tea. */
	assert_true(spread_chance(4, 4) > 0.0285 && spread_chance(4, 4) < 0.0287);
	assert_int_equal(rate_trials(0.1, 0.95), 29);
	assert_int_equal(rate_trials(0.5, 0.75), 2);
	assert_int_equal(rate_trials(0, 0.9), 0);
	rate_interval(2, 10, 0.95, &low, &high);
	assert_true(low > 0.0251 && low < 0.0253 && high > 0.5560 && high < 0.5562);
	rate_interval(0, 29, 0.95, &low, &high);
	assert_true(low == 0 && high > 0.098 && high < 0.0982);
	rate_interval(5, 5, 0.95, &low, &high);
	assert_true(high == 1 && low > 0.549 && low < 0.5494);
	assert_true(rate_same(3, 4, 1, 4) > 0.4856 && rate_same(3, 4, 1, 4) < 0.4858);
	assert_true(rate_same(10, 10, 0, 10) < 2e-5);
}

static void test_attempts(void **state)
{
	char *good = cell("a", "release", "pass", ""), *bad = cell("a", "release", "fail", "");
	struct archive *a;
	char *p = strstr(good, "\"directory\": \"a\"");

	assert_non_null(p);
	p[strlen("\"directory\": \"")] = '.';

	(void)state;
	/* Two did not end, one did, with a higher number before it: the highest complete counts. */
	put_run("fleet/cells/0001/attempt-1", "2026-01-01T00:00:01Z", "complete", "p", bad);
	put_run("fleet/cells/0001/attempt-2", "2026-01-01T00:00:02Z", "complete", "p", good);
	put_run("fleet/cells/0001/attempt-10", "2026-01-01T00:00:03Z", "running", "p", bad);
	put_run("fleet/cells/0002/attempt-1", "2026-01-01T00:00:04Z", "running", "p", bad);
	put("fleet/fleet.json",
	    "{\"cells\": [{\"id\": \"0001\", \"name\": \"a\", \"verdict\": \"fail\"}, "
	    "{\"id\": \"0009\", \"name\": \"gone\", \"verdict\": \"lost\", \"reason\": \"host\"}]}");
	put("fleet/cells/0002/junk.json", "junk");
	a = load("fleet");
	assert_int_equal(a->runs, 2);
	assert_int_equal(a->cells, 3);
	assert_int_equal(a->run[0]->attempt, 2);
	assert_true(a->cell[0].ok);
	assert_string_equal(a->cell[2].name, "gone");
	assert_null(a->cell[2].run);
	/* All of it is one run, and the logs of a fleet's cell stand beside its result. */
	assert_int_equal(a->sessions, 1);
	assert_string_equal(a->session[0].dir, in_dir("fleet"));
	assert_string_equal(a->cell[0].dir, a->run[0]->dir);
	/* Of two sightings of "a" the later one is shown. */
	assert_false(a->cell[0].latest);
	assert_true(a->cell[1].latest);
	archive_free(a);
	free(good);
	free(bad);
}

static void test_problems(void **state)
{
	char *path = in_dir("broken");
	struct archive *a = NULL;
	struct rig_error e;

	(void)state;
	make_dirs("broken/x");
	put("broken/result.json", "{\"schema\": \"ghostswap-rig-result\", \"vers");
	assert_true(archive_load(&path, 1, &a, &e) < 0);
	assert_non_null(strstr(e.text, "no JSON"));
	put_run("broken/x", "2026-01-01T00:00:01Z", "complete", "p", "");
	put("broken/result.json", "{\"schema\": \"other\", \"version\": 1}");
	assert_true(archive_load(&path, 1, &a, &e) < 0);
}

/* A name that leads out of the results gives no link, and no file is looked at. */
static void test_directories(void **state)
{
	static const char *const names[] = { "..", "../outside", "/etc", ".git", "" };
	struct archive *a;
	size_t i;

	(void)state;
	make_dirs("outside");
	make_dirs("dirs/fine");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *c = cell(names[i], "release", "fail", "");

		put_run("dirs", "2026-01-01T00:00:01Z", "complete", "p", c);
		a = load("dirs");
		assert_null(a->cell[0].dir);
		archive_free(a);
		free(c);
	}
	symlink(in_dir("outside"), in_dir("dirs/link"));
	for (i = 0; i < 2; i++) {
		char *c = cell(i ? "link" : "fine", "release", "fail", "");

		put_run("dirs", "2026-01-01T00:00:01Z", "complete", "p", c);
		a = load("dirs");
		assert_true(i ? !a->cell[0].dir : !!a->cell[0].dir);
		archive_free(a);
		free(c);
	}
}

static void test_evil(void **state)
{
	static const char more[] =
		"\"reason\": \"" EVIL "\", \"args\": \"" EVIL "\", \"dump\": \"" EVIL "\\n" EVIL
		"\", \"accel\": \"" EVIL "\", "
		"\"crashes\": [{\"kind\": \"" EVIL "\", \"title\": \"" EVIL
		"\", \"fingerprint\": \"" EVIL "\", "
		"\"excerpt\": \"x\\n" EVIL "\\n f+0x1/0x2\\n\"}], "
		"\"tap\": {\"passed\": 1, \"failed\": 1, \"tests\": [{\"name\": \"" EVIL
		"\", \"status\": \"not ok\", \"note\": \"" EVIL "\"}]}, "
		"\"metrics\": {\"" EVIL "\": {\"value\": 3, \"unit\": \"" EVIL
		"\", \"count\": 1}}, ";
	static const char *const verdicts[] = { "crash", "timeout", "fail", "lost",
						"skip",	 "pass",    EVIL };
	char *cells = strdup(""), *text, *kcidb = NULL;
	struct json_object *doc;
	struct archive *a;
	size_t i, k, size;
	FILE *f;

	(void)state;
	for (k = 0; k < 2; k++) {
		for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
			char name[200], *c, *all;

			snprintf(name, sizeof(name), EVIL "%zu", i);
			c = cell(name, k ? "base" : EVIL, verdicts[i], more);
			assert_true(asprintf(&all, "%s%s%s", cells, *cells ? ", " : "", c) > 0);
			free(c);
			free(cells);
			cells = all;
		}
		put_run(k ? "evil/1" : "evil/2", k ? "2026-01-01T00:00:01Z" : EVIL, EVIL, EVIL,
			cells);
	}
	make_dirs("evil/3");
	put("evil/3/result.json", "<script>");
	free(cells);
	a = load("evil");
	text = page_of(a, dir);
	check_markup(text);
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "<img"));
	assert_null(strstr(text, "\xe2\x80\xae"));
	assert_non_null(strstr(text, "&lt;script&gt;alert(1)"));
	/* The page forbids itself what it does not have. */
	assert_non_null(strstr(text, "default-src 'none'"));
	free(text);

	f = open_memstream(&kcidb, &size);
	assert_int_equal(kcidb_write(f, a), 0);
	fclose(f);
	doc = json_tokener_parse(kcidb);
	assert_non_null(doc);
	for (i = 0; i < doc_length(doc_get(doc, "tests")); i++) {
		const char *p = doc_string(doc_at(doc_get(doc, "tests"), i), "path");

		assert_int_equal(
			strspn(p,
			       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"),
				 strlen(p));
	}
	json_object_put(doc);
	free(kcidb);
	archive_free(a);
}

static void test_page(void **state)
{
	static const char crash[] =
		"\"reason\": \"BUG: x\", \"crash_count\": 2, \"crashes\": [{\"kind\": \"bug\", \"title\": \"BUG: x\", "
		"\"fingerprint\": \"0123456789abcdef\", \"excerpt\": \"[ 1.0] BUG: x\\n[ 1.0]  f+0x1/0x2\\n\"}], ";
	char *c[5], *cells, *text, *broke, *matrix;
	struct archive *a;
	size_t i;

	(void)state;
	c[0] = cell("one.release", "release", "pass",
		    "\"metrics\": {\"t\": {\"value\": 2, \"unit\": \"s\", \"count\": 1}}, ");
	c[1] = cell("one.base", "base", "pass",
		    "\"metrics\": {\"t\": {\"value\": 1, \"unit\": \"s\", \"count\": 1}}, ");
	c[2] = cell("two.release", "release", "crash", crash);
	c[3] = cell("three.release", "release", "crash", crash);
	assert_true(asprintf(&cells, "%s, %s, %s", c[0], c[1], c[2]) > 0);
	put_run("page/1", "2026-01-01T00:00:01Z", "complete", "p", cells);
	free(cells);
	c[4] = cell("one.release", "release", "pass",
		    "\"metrics\": {\"t\": {\"value\": 3, \"unit\": \"s\", \"count\": 1}}, ");
	assert_true(asprintf(&cells, "%s, %s, %s, %s", c[4], c[1], c[2], c[3]) > 0);
	put_run("page/2", "2026-01-02T00:00:01Z", "complete", "p", cells);
	free(cells);
	make_dirs("page/2/two.release");
	put("page/2/two.release/console.log", "x");
	put("page/2/two.release/reproduce.sh", "x");
	a = load("page");
	text = page_of(a, in_dir("page"));
	check_markup(text);
	assert_non_null(strstr(text, "<h1>p: 2 of 4 cells broke</h1>"));
	broke = strstr(text, "<h2>What broke</h2>");
	matrix = strstr(text, "<h2>Matrix</h2>");
	assert_true(broke && matrix && broke < matrix);
	/* One fault in two cells: one group, with its log and its command. */
	assert_non_null(strstr(
		broke,
		"2 cells · bug · fingerprint <code>0123456789abcdef</code> · seen in 2 of 2 runs, first "
				      "2026-01-01 00:00"));
	assert_null(strstr(strstr(broke, "<article") + 1, "<article"));
	assert_non_null(strstr(broke, "href=\"./2/two.release/console.log\""));
	assert_non_null(strstr(broke, "/page/2/two.release/reproduce.sh</code>"));
	assert_non_null(strstr(broke, "rig run /p/p.ini three.release</code>"));
	assert_non_null(strstr(broke, "<span class=\"head\">[ 1.0] BUG: x</span>"));
	/* release against base: 2 and 3 against 1 and 1; and from one run to the next */
	assert_non_null(strstr(text, "one: release against base"));
	assert_non_null(strstr(text, "+150.00 %"));
	assert_non_null(strstr(text, "<h2>Over time</h2>"));
	free(text);
	archive_free(a);
	for (i = 0; i < 5; i++)
		free(c[i]);
}

/* Repetitions are values of one metric, and their sum-ups are not. */
static void test_samples(void **state)
{
	char *c = cell("s", "release", "pass",
		       "\"metrics\": {\"t.0\": {\"value\": 1}, \"t.1\": {\"value\": 3}, \"t\": {\"value\": 2}, "
		       "\"t_min\": {\"value\": 1}, \"t_max\": {\"value\": 3}, \"kernel_tainted\": {\"value\": 0}, "
		       "\"u_max\": {\"value\": 7}, \"big\": {\"value\": 1e999}, \"no\": \"number\"}, ");
	struct archive *a;
	struct samples s;
	struct spread v;

	(void)state;
	put_run("samples", "2026-01-01T00:00:01Z", "complete", "p", c);
	a = load("samples");
	assert_int_equal(samples_collect(a, false, &s), 0);
	assert_int_equal(s.n, 5);	/* big, no, t twice, u_max */
	assert_string_equal(s.v[2].metric, "t");
	assert_int_equal(samples_group(&s, 2, true), 4);
	assert_int_equal(samples_spread(&s, 2, 4, &v), 0);
	assert_true(v.n == 2 && v.median == 2);
	samples_release(&s);
	archive_free(a);
	free(c);
}

static char *read_file(const char *name)
{
	static char text[8192];
	FILE *f = fopen(in_dir(name), "re");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static struct json_object *kernel_object(const char *image)
{
	struct json_object *o = json_object_new_object();
	char hash[SHA256_HEX_SIZE];

	assert_int_equal(sha256_file_hex(in_dir(image), hash), 0);
	json_object_object_add(o, "path", json_object_new_string(in_dir(image)));
	json_object_object_add(o, "sha256", json_object_new_string(hash));
	return o;
}

static struct symboliser *symbols_of(const char *tree, const char *kernels)
{
	static char paths[2][300];
	struct symboliser *s;

	snprintf(paths[0], sizeof(paths[0]), "%s", in_dir(tree));
	snprintf(paths[1], sizeof(paths[1]), "%s", in_dir(kernels));
	assert_int_equal(symboliser_new(paths[0], paths[1], &s), 0);
	return s;
}

/*
 * The script evaluates what it reads: it must see names and offsets, and nothing that a guest made
 * up.
 */
static void test_symbols(void **state)
{
	static const char excerpt[] = "[ 1.0] BUG: x[$(touch pwned)]+0x1/0x2\n"
				      " ghost_free+0x12/0x34\n"
				      " x[$(id)]+0x1/0x2 [m]\n"
				      " a\";system(\"id\");\"+0x3/0x4\n"
				      "no frame\n"
				      "RIP: 0010:do_swap_page.cold+0x5/0x6 Code: 1\n"
				      "Code: 0f 0b\n";
	struct source_lines s;
	struct json_object *k;
	struct symboliser *y;

	(void)state;
	make_dirs("tree/scripts");
	make_dirs("tree/mm");
	make_dirs("tree/include/linux");
	put("tree/mm/ghost.c", "");
	put("tree/include/linux/mm.h", "");
	make_dirs("k");
	put("k/bzImage", "image");
	put("k/vmlinux", "elf");
	k = kernel_object("k/bzImage");
	put("tree/scripts/decode_stacktrace.sh",
	    "here=$(dirname \"$0\")\n: >\"$here/seen\"\necho \"$1\" >\"$here/elf\"\n"
	    "while read -r l; do echo \"$l\" >>\"$here/seen\"; echo \"${l%%+*} (/x/linux/mm/ghost.c:12 ../linux/include/linux/mm.h:3)\"; done\n");
	y = symbols_of("tree", "kernels");
	assert_int_equal(source_lines_find(y, k, excerpt, &s), 0);
	assert_string_equal(read_file("tree/scripts/seen"),
			    "ghost_free+0x12/0x34\ndo_swap_page.cold+0x5/0x6\n");
	assert_int_equal(s.n, 7);
	assert_string_equal(s.line[1], "mm/ghost.c:12 ← include/linux/mm.h:3");
	assert_non_null(s.line[5]);
	assert_null(s.line[0]);
	assert_null(s.line[2]);
	assert_string_equal(s.why_not, "");
	source_lines_release(&s);
	symboliser_free(y);
	/* The kernel has been built anew: its vmlinux would give wrong lines. */
	put("k/bzImage", "another");
	y = symbols_of("tree", "kernels");
	assert_int_equal(source_lines_find(y, k, excerpt, &s), 0);
	assert_non_null(strstr(s.why_not, "anew"));
	assert_null(s.line[1]);
	source_lines_release(&s);
	symboliser_free(y);
	json_object_put(k);
}

/* A fleet boots a copy: the vmlinux is where the kernel was built, and is told from others by the image's hash. */
static void test_symbols_of_copy(void **state)
{
	static const char *const flavors[] = { "base", "debug", "release" };
	struct json_object *k, *other;
	char want[300], name[64];
	struct source_lines s;
	struct symboliser *y;
	size_t i;

	(void)state;
	make_dirs("copy/root");
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "copy/kernels/%s", flavors[i]);
		make_dirs(name);
		snprintf(name, sizeof(name), "copy/kernels/%s/bzImage", flavors[i]);
		put(name, flavors[i]);
		snprintf(name, sizeof(name), "copy/kernels/%s/vmlinux", flavors[i]);
		put(name, "elf");
	}
	put("copy/root/bzImage", "debug");
	k = kernel_object("copy/root/bzImage");
	put("copy/root/bzImage", "nobody's");
	other = kernel_object("copy/root/bzImage");
	y = symbols_of("tree", "copy/kernels");
	assert_int_equal(source_lines_find(y, other, " a+0x1/0x2\n", &s), 0);
	assert_non_null(strstr(s.why_not, "no vmlinux"));
	source_lines_release(&s);
	assert_int_equal(source_lines_find(y, k, " a+0x1/0x2\n", &s), 0);
	assert_string_equal(s.why_not, "");
	assert_string_equal(s.line[0], "mm/ghost.c:12 ← include/linux/mm.h:3");
	source_lines_release(&s);
	snprintf(want, sizeof(want), "%s/copy/kernels/debug/vmlinux\n", dir);
	assert_string_equal(read_file("tree/scripts/elf"), want);
	symboliser_free(y);
	json_object_put(k);
	json_object_put(other);
}

/*
 * The kernel's own script on a program that stands for a kernel, compiled as kernels are: from a directory of objects,
 * with -g1. Without a tree there is no script.
 */
static void test_real_script(void **state)
{
	static char debug[] = "-g1", none[] = "-g0";
	static char *argv[] = { "cc", debug, "-O1", "-static", "-o", "../vmlinux", "-Iinclude",
				"../../../linux/mm/ghost.c", NULL };
	struct program c = { .argv = argv, .log_fd = -1, .seconds = 60 };
	struct source_lines s;
	struct json_object *k;
	struct symboliser *y;

	(void)state;
	if (access(KERNEL_TREE "/scripts/decode_stacktrace.sh", R_OK))
		skip();
	make_dirs("real/linux/mm");
	make_dirs("real/linux/scripts");
	make_dirs("real/linux/include/linux");
	make_dirs("real/kernels/release/obj/include/generated");
	assert_int_equal(symlink(KERNEL_TREE "/scripts/decode_stacktrace.sh",
				 in_dir("real/linux/scripts/decode_stacktrace.sh")), 0);
	put("real/kernels/release/bzImage", "image");
	put("real/kernels/release/obj/include/generated/made.h",
	    "\n__attribute__((noipa)) int made(int x)\n{\n\treturn x * p / (p + 1);\n}\n");
	put("real/linux/include/linux/inner.h",
	    "\n\nstatic inline __attribute__((always_inline)) int inner(int x)\n{\n\treturn x * p + p;\n}\n");
	put("real/linux/mm/ghost.c",
	    "volatile int p;\n#include \"../include/linux/inner.h\"\n\n"
	    "__attribute__((noipa)) int ghost_free(int x)\n{\n"
	    "\treturn inner(x);\n}\n#include <generated/made.h>\n"
	    "int main(void)\n{\n\treturn ghost_free(1) + made(2);\n}\n");
	c.dir = in_dir("real/kernels/release/obj");
	if (program_run(&c))
		skip();
	k = kernel_object("real/kernels/release/bzImage");
	y = symbols_of("real/linux", "real/kernels");
	assert_int_equal(source_lines_find(y, k, "x\n ghost_free+0x4/0x10\n made+0x4/0x10\n", &s), 0);
	assert_string_equal(s.why_not, "");
	assert_string_equal(s.line[1], "include/linux/inner.h:5 ← mm/ghost.c:6");
	assert_string_equal(s.line[2], "include/generated/made.h:4");
	source_lines_release(&s);
	argv[1] = none;
	c.dir = in_dir("real/kernels/release/obj");
	assert_int_equal(program_run(&c), 0);
	assert_int_equal(source_lines_find(y, k, "x\n ghost_free+0x4/0x10\n", &s), 0);
	assert_string_equal(s.why_not, "the kernel was built without debug information");
	assert_null(s.line[1]);
	source_lines_release(&s);
	symboliser_free(y);
	json_object_put(k);
}

static void test_command(void **state)
{
	static char *const echo[] = { "cat", NULL }, *const flood[] = { "yes", NULL },
			   *const wait[] = { "sleep", "60", NULL },
			   *const none[] = { "/nonexistent", NULL },
			    *const exit3[] = { "sh", "-c", "exit 3", NULL };
	struct strbuf out = STRBUF_INIT;
	struct program c = { .argv = echo,
			     .input = "hello",
			     .log_fd = -1,
			     .out = &out,
			     .out_max = 100,
			     .seconds = 30 };

	(void)state;
	assert_int_equal(program_run(&c), 0);
	assert_string_equal(strbuf_str(&out), "hello");
	strbuf_reset(&out);
	c.argv = flood;
	assert_int_equal(program_run(&c), -EFBIG);
	strbuf_release(&out);
	c = (struct program){ .argv = wait, .log_fd = -1, .seconds = 1 };
	assert_int_equal(program_run(&c), -ETIMEDOUT);
	c.argv = none;
	assert_int_equal(program_run(&c), -ENOENT);
	c.argv = exit3;
	assert_int_equal(program_run(&c), 3);
}

static void test_numbers(void **state)
{
	char buf[24];

	(void)state;
	assert_string_equal(plot_number(7071, buf), "7071");
	assert_string_equal(plot_number(11224, buf), "11.22k");
	assert_string_equal(plot_number(-3.5e6, buf), "-3.5M");
	assert_string_equal(plot_number(0, buf), "0");
	assert_string_equal(plot_number(1e18, buf), "1e+18");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),	    cmocka_unit_test(test_paths),
		cmocka_unit_test(test_rows),	    cmocka_unit_test(test_stats),
		cmocka_unit_test(test_attempts),    cmocka_unit_test(test_problems),
		cmocka_unit_test(test_directories), cmocka_unit_test(test_evil),
		cmocka_unit_test(test_page),	    cmocka_unit_test(test_samples),
		cmocka_unit_test(test_symbols),	    cmocka_unit_test(test_symbols_of_copy),
		cmocka_unit_test(test_real_script),
		cmocka_unit_test(test_command),	    cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
