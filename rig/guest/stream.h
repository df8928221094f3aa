/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a scenario prints, line by line: KTAP and metrics pass, everything
 * else becomes a diagnostic; the results are counted for the verdict.
 */
#ifndef GUEST_STREAM_H
#define GUEST_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#define STREAM_LINE_MAX	4000

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_SKIP,
};

struct stream {
	long planned;		/* sum of the plan lines, -1: none seen */
	long results;
	long failed;
	long skipped;
	bool skip_all;		/* 1..0 # SKIP */
	bool bailed;
	char first_failed[160];
	char skip_reason[160];
};

/* Where a finished line goes; it has no line feed. */
typedef void (*stream_emit)(void *ctx, const char *line);

void stream_init(struct stream *s);

/*
 * Take one line of the scenario. Lines that are no KTAP and no metric, and all
 * lines of stderr, are emitted with "# " in front. Control characters are
 * replaced, long lines cut.
 */
void stream_line(struct stream *s, const char *line, bool is_stderr,
		 stream_emit emit, void *ctx);

/*
 * The verdict once the scenario has ended with this wait status. The reason is
 * never empty except for a plain pass.
 */
enum verdict stream_verdict(const struct stream *s, int wait_status,
			    char *reason, size_t size);

const char *verdict_name(enum verdict v);

#endif
