// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

#include "stream.h"

enum line_kind {
	LINE_TEXT,
	LINE_KTAP,	/* header, diagnostic, subtest: passed on, not counted */
	LINE_PLAN,
	LINE_OK,
	LINE_NOT_OK,
	LINE_BAIL,
	LINE_METRIC,
};

void stream_init(struct stream *s)
{
	memset(s, 0, sizeof(*s));
	s->planned = -1;
}

static bool starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static bool word_ends(const char *s)
{
	return !*s || *s == ' ';
}

static bool is_metric(const char *s)
{
	char name[97], value[33], unit[33], extra;
	char *end;
	size_t i;

	if (sscanf(s, "@metric %96s %32s %32s %c", name, value, unit,
		   &extra) != 3)
		return false;
	for (i = 0; name[i]; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    !strchr("_.-", name[i]))
			return false;
	strtod(value, &end);
	return end != value && !*end && !strpbrk(value, "xXnNpP");
}

static enum line_kind classify(const char *s)
{
	const char *p = s;

	while (*p == ' ')
		p++;
	if (p != s)
		return starts(p, "ok ") || starts(p, "not ok ") ||
		       starts(p, "# ") || starts(p, "KTAP version ") ||
		       starts(p, "1..") ? LINE_KTAP : LINE_TEXT;
	if (starts(s, "not ok") && word_ends(s + 6))
		return LINE_NOT_OK;
	if (starts(s, "ok") && word_ends(s + 2))
		return LINE_OK;
	if (starts(s, "1..") && isdigit((unsigned char)s[3]))
		return LINE_PLAN;
	if (starts(s, "Bail out!"))
		return LINE_BAIL;
	if (starts(s, "KTAP version ") || starts(s, "TAP version ") ||
	    starts(s, "# "))
		return LINE_KTAP;
	if (starts(s, "@metric "))
		return is_metric(s) ? LINE_METRIC : LINE_TEXT;
	return LINE_TEXT;
}

/* The text behind a "# WORD" directive, NULL if there is none. */
static const char *directive(const char *s, const char *word)
{
	size_t n = strlen(word);
	const char *p;

	for (p = strstr(s, "# "); p; p = strstr(p + 2, "# ")) {
		if (!strncasecmp(p + 2, word, n) && word_ends(p + 2 + n)) {
			p += 2 + n;
			while (*p == ' ')
				p++;
			return p;
		}
	}
	return NULL;
}

static void take_plan(struct stream *s, const char *line)
{
	const char *why = directive(line, "SKIP");
	long n = strtol(line + 3, NULL, 10);

	if (n == 0 && why) {
		s->skip_all = true;
		snprintf(s->skip_reason, sizeof(s->skip_reason), "%.150s", why);
		return;
	}
	s->planned = (s->planned < 0 ? 0 : s->planned) + n;
}

static void take_result(struct stream *s, const char *line, bool ok)
{
	const char *why = directive(line, "SKIP");

	s->results++;
	if (!ok) {
		/* Expected to fail: the host does not count it either. */
		if (directive(line, "TODO") || directive(line, "XFAIL"))
			return;
		if (!s->failed++)
			snprintf(s->first_failed, sizeof(s->first_failed),
				 "%.150s", line);
		return;
	}
	if (why) {
		if (!s->skipped++)
			snprintf(s->skip_reason, sizeof(s->skip_reason),
				 "%.150s", why);
	}
}

void stream_line(struct stream *s, const char *line, bool is_stderr,
		 stream_emit emit, void *ctx)
{
	char buf[STREAM_LINE_MAX + 8];
	enum line_kind kind;
	size_t n, i;

	n = strlen(line);
	if (n > STREAM_LINE_MAX)
		n = STREAM_LINE_MAX;
	memcpy(buf + 2, line, n);
	for (i = 2; i < n + 2; i++)
		if (iscntrl((unsigned char)buf[i]))
			buf[i] = buf[i] == '\t' ? ' ' : '?';
	buf[n + 2] = '\0';

	kind = is_stderr ? LINE_TEXT : classify(buf + 2);
	switch (kind) {
	case LINE_TEXT:
		buf[0] = '#';
		buf[1] = ' ';
		emit(ctx, buf);
		return;
	case LINE_PLAN:
		take_plan(s, buf + 2);
		break;
	case LINE_OK:
	case LINE_NOT_OK:
		take_result(s, buf + 2, kind == LINE_OK);
		break;
	case LINE_BAIL:
		s->bailed = true;
		break;
	case LINE_KTAP:
	case LINE_METRIC:
		break;
	}
	emit(ctx, buf + 2);
}

enum verdict stream_verdict(const struct stream *s, int wait_status,
			    char *reason, size_t size)
{
	reason[0] = '\0';
	if (s->failed) {
		snprintf(reason, size, "%ld of %ld results failed, first: %s",
			 s->failed, s->results, s->first_failed);
		return VERDICT_FAIL;
	}
	if (WIFSIGNALED(wait_status)) {
		snprintf(reason, size, "scenario was killed by signal %d",
			 WTERMSIG(wait_status));
		return VERDICT_FAIL;
	}
	if (WEXITSTATUS(wait_status)) {
		snprintf(reason, size, "scenario ended with exit status %d",
			 WEXITSTATUS(wait_status));
		return VERDICT_FAIL;
	}
	if (s->bailed) {
		snprintf(reason, size, "scenario bailed out");
		return VERDICT_FAIL;
	}
	if (s->skip_all && !s->results) {
		snprintf(reason, size, "%s", s->skip_reason);
		return VERDICT_SKIP;
	}
	if (!s->results) {
		snprintf(reason, size, "scenario printed no KTAP result");
		return VERDICT_FAIL;
	}
	if (s->planned < 0) {
		snprintf(reason, size, "scenario printed no plan");
		return VERDICT_FAIL;
	}
	if (s->planned != s->results) {
		snprintf(reason, size, "%ld results planned, %ld printed",
			 s->planned, s->results);
		return VERDICT_FAIL;
	}
	if (s->skipped == s->results) {
		snprintf(reason, size, "%s", s->skip_reason);
		return VERDICT_SKIP;
	}
	return VERDICT_PASS;
}

const char *verdict_name(enum verdict v)
{
	static const char * const names[] = {
		[VERDICT_PASS] = "pass",
		[VERDICT_FAIL] = "fail",
		[VERDICT_SKIP] = "skip",
	};

	return names[v];
}
