// SPDX-License-Identifier: GPL-2.0-only
#include "watch.h"

#include <stdio.h>
#include <time.h>

#include "columns.h"

double watch_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void watch_show(const struct progress *p)
{
	size_t width = terminal_width();
	struct strbuf line = STRBUF_INIT;

	/* The last column is left free: some terminals go to the next line after it. */
	if (!progress_line(p, width ? width - 1 : 0, &line))
		printf(width ? "\r%s\033[K" : "%s\n", strbuf_str(&line));
	strbuf_release(&line);
	fflush(stdout);
}

int watch_signal(const sigset_t *signals, double due)
{
	double seconds = due - watch_now();
	struct timespec ts = { 0 };

	if (seconds > 0) {
		ts.tv_sec = (time_t)seconds;
		ts.tv_nsec = (long)((seconds - ts.tv_sec) * 1e9);
	}
	return sigtimedwait(signals, NULL, &ts);
}
