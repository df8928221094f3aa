// SPDX-License-Identifier: GPL-2.0-only
/* The parts of the agent that need no VM: the job file, the stream, the verdict. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "job.h"
#include "ktap.h"
#include "stream.h"

static char emitted[8192];

static void collect(void *ctx, const char *line)
{
	strncat(emitted, line, sizeof(emitted) - strlen(emitted) - 2);
	strcat(emitted, "\n");
}

static int parse(struct job *job, const char *text)
{
	char err[128] = "";
	int ret = job_parse(job, text, err, sizeof(err));

	if (!!ret != !!*err) {
		ktap_note("status %d with the reason '%s'", ret, err);
		return -EPROTO;
	}
	return ret;
}

static void test_job(void)
{
	struct job job;
	int ret;

	ret = parse(&job, "# a comment\n[job]\n cell = c1 \nscenario=smoke\n"
		    "mode = systemd\nroot = no\nseed = 77\ndeadline = 9\n"
		    "kernel = release\n\n[params]\nsize = 64M\nText = a = b \n");
	ktap_result(!ret && !strcmp(job.cell, "c1") &&
		    !strcmp(job.scenario, "smoke") &&
		    job.mode == JOB_SYSTEMD && job.root == JOB_ROOT_NO &&
		    !strcmp(job.seed, "77") && !strcmp(job.deadline, "9"),
		    "job: every key is taken, blanks are not");
	ktap_result(!ret && job.nr_params == 3 &&
		    job.params[0].is_fact &&
		    !strcmp(job.params[0].name, "kernel") &&
		    !job.params[1].is_fact &&
		    !strcmp(job.params[2].name, "Text") &&
		    !strcmp(job.params[2].value, "a = b"),
		    "job: parameters and facts are told apart");
	job_free(&job);

	static const struct {
		const char *what;
		const char *text;
	} bad[] = {
		{ "no scenario", "cell = x\n" },
		{ "no equals sign", "scenario = x\nwhat\n" },
		{ "a scenario that is a path", "scenario = ../init\n" },
		{ "an unknown mode", "scenario = x\nmode = vm\n" },
		{ "root that is neither yes nor no", "scenario = x\nroot = 1\n" },
		{ "a section that is none", "scenario = x\n[more]\n" },
		{ "a name with a blank", "scenario = x\n[params]\na b = c\n" },
		{ "an empty name", "scenario = x\n= c\n" },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ret = parse(&job, bad[i].text);
		ktap_result(ret == -EINVAL, "job: %s is refused", bad[i].what);
		job_free(&job);
	}
}

static void test_too_many(void)
{
	char text[8192] = "scenario = x\n[params]\n", line[32];
	struct job job;
	int i, ret;

	for (i = 0; i < JOB_MAX_PARAMS; i++) {
		snprintf(line, sizeof(line), "p%d = %d\n", i, i);
		strcat(text, line);
	}
	ret = parse(&job, text);
	ktap_result(!ret && job.nr_params == JOB_MAX_PARAMS,
		    "job: %d parameters fit", JOB_MAX_PARAMS);
	job_free(&job);
	strcat(text, "one = more\n");
	ret = parse(&job, text);
	ktap_result(ret == -E2BIG, "job: one more does not");
	job_free(&job);
}

struct expectation {
	const char *what;
	const char *lines;	/* stdout of the scenario */
	int status;		/* wait status */
	enum verdict verdict;
	const char *reason;	/* a part of it */
};

#define EXIT(n)	((n) << 8)

static void test_verdicts(void)
{
	static const struct expectation cases[] = {
		{ "all is well", "KTAP version 1\nok 1 a\nok 2 b\n1..2\n", 0,
		  VERDICT_PASS, "" },
		{ "the plan may come first", "1..1\nok 1 a\n", 0,
		  VERDICT_PASS, "" },
		{ "not ok fails", "ok 1 a\nnot ok 2 b\n1..2\n", 0,
		  VERDICT_FAIL, "not ok 2 b" },
		{ "not ok with TODO is expected",
		  "ok 1 a\nnot ok 2 b # TODO known\n1..2\n", 0,
		  VERDICT_PASS, "" },
		{ "not ok with XFAIL is expected",
		  "not ok 1 b # xfail\n1..1\n", 0, VERDICT_PASS, "" },
		{ "TODO that is no directive is none",
		  "not ok 1 b TODO\n1..1\n", 0, VERDICT_FAIL,
		  "not ok 1 b" },
		{ "not ok fails, SKIP or not", "not ok 1 b # SKIP x\n1..1\n", 0,
		  VERDICT_FAIL, "not ok 1 b" },
		{ "nothing printed fails", "", 0, VERDICT_FAIL,
		  "no KTAP result" },
		{ "no plan fails", "ok 1 a\n", 0, VERDICT_FAIL, "no plan" },
		{ "a missing result fails", "1..3\nok 1 a\nok 2 b\n", 0,
		  VERDICT_FAIL, "3 results planned, 2 printed" },
		{ "a status fails", "ok 1 a\n1..1\n", EXIT(3), VERDICT_FAIL,
		  "status 3" },
		{ "a signal fails", "ok 1 a\n1..1\n", 9, VERDICT_FAIL,
		  "signal 9" },
		{ "bailing out fails", "ok 1 a\n1..1\nBail out! why\n", 0,
		  VERDICT_FAIL, "bailed" },
		{ "all skipped is a skip", "1..0 # SKIP no such thing\n", 0,
		  VERDICT_SKIP, "no such thing" },
		{ "every result skipped is a skip",
		  "ok 1 a # SKIP x\nok 2 b # skip y\n1..2\n", 0,
		  VERDICT_SKIP, "x" },
		{ "one real result is a pass", "ok 1 a # SKIP x\nok 2 b\n1..2\n",
		  0, VERDICT_PASS, "" },
		{ "a skip with a bad status fails", "1..0 # SKIP x\n", EXIT(1),
		  VERDICT_FAIL, "status 1" },
		{ "subtests are not counted", "    ok 1 x\n    1..1\nok 1 a\n1..1\n",
		  0, VERDICT_PASS, "" },
		{ "okay is not ok", "okay 1\n", 0, VERDICT_FAIL,
		  "no KTAP result" },
		{ "1..0 without a reason is no skip", "1..0\n", 0,
		  VERDICT_FAIL, "no KTAP result" },
	};
	char copy[512], reason[256], *pos, *line;
	enum verdict v;
	struct stream s;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		stream_init(&s);
		snprintf(copy, sizeof(copy), "%s", cases[i].lines);
		pos = copy;
		while ((line = strsep(&pos, "\n")) && pos)
			stream_line(&s, line, false, collect, NULL);
		v = stream_verdict(&s, cases[i].status, reason, sizeof(reason));
		if (!ktap_result(v == cases[i].verdict &&
				 strstr(reason, cases[i].reason) &&
				 !*reason == !*cases[i].reason,
				 "verdict: %s", cases[i].what))
			ktap_note("%s, '%s'", verdict_name(v), reason);
	}
}

static void emits(const char *what, const char *line, bool is_stderr,
		  const char *wanted)
{
	struct stream s;

	stream_init(&s);
	emitted[0] = '\0';
	stream_line(&s, line, is_stderr, collect, NULL);
	if (!ktap_result(!strcmp(emitted, wanted), "stream: %s", what))
		ktap_note("'%s' became '%s'", line, emitted);
}

static void test_lines(void)
{
	static char big[STREAM_LINE_MAX * 2];

	emits("a metric passes", "@metric a.b-c_1 12.5 MiB", false,
	      "@metric a.b-c_1 12.5 MiB\n");
	emits("a negative metric passes", "@metric a -3 x", false,
	      "@metric a -3 x\n");
	emits("a metric without a unit does not", "@metric a 1", false,
	      "# @metric a 1\n");
	emits("a metric with four words does not", "@metric a 1 b c", false,
	      "# @metric a 1 b c\n");
	emits("nan is no metric", "@metric a nan x", false,
	      "# @metric a nan x\n");
	emits("a verdict of the scenario is only text", "@verdict pass", false,
	      "# @verdict pass\n");
	emits("so is a heartbeat", "@beat 1", false, "# @beat 1\n");
	emits("ok on stderr is only text", "ok 1 a", true, "# ok 1 a\n");
	emits("control characters are replaced", "a\033[1mb\tc", false,
	      "# a?[1mb c\n");
	emits("an empty line stays one line", "", false, "# \n");
	memset(big, 'x', sizeof(big) - 1);
	emitted[0] = '\0';
	struct stream s;

	stream_init(&s);
	stream_line(&s, big, false, collect, NULL);
	ktap_result(strlen(emitted) <= STREAM_LINE_MAX + 3,
		    "stream: a long line is cut");
}

int main(void)
{
	ktap_begin();
	test_job();
	test_too_many();
	test_verdicts();
	test_lines();
	return ktap_finish();
}
