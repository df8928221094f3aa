// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "verdict.h"

static const char * const names[VERDICT_MAX] = {
	[VERDICT_PASS] = "pass",
	[VERDICT_FAIL] = "fail",
	[VERDICT_CRASH] = "crash",
	[VERDICT_TIMEOUT] = "timeout",
	[VERDICT_LOST] = "lost",
	[VERDICT_SKIP] = "skip",
	[VERDICT_UNSCHEDULABLE] = "unschedulable",
};

const char *verdict_name(enum verdict v)
{
	return names[v];
}

int verdict_parse(const char *name)
{
	int v;

	for (v = 0; v < VERDICT_MAX; v++)
		if (!strcmp(name, names[v]))
			return v;
	return -EINVAL;
}

static const char *text(const char *s, const char *otherwise)
{
	return s && s[0] ? s : otherwise;
}

enum verdict verdict_decide(const struct verdict_facts *f, char *reason, size_t size)
{
	const struct tap_totals *tap = f->tap;
	size_t results = tap->passed + tap->failed + tap->skipped;

	if (f->crash) {
		snprintf(reason, size, "%s", f->crash);
		return VERDICT_CRASH;
	}
	if (f->timed_out) {
		snprintf(reason, size, "%s", text(f->timeout_reason, "deadline"));
		return VERDICT_TIMEOUT;
	}
	if (!f->guest_spoke) {
		snprintf(reason, size, "no verdict from the guest: %s", text(f->end, "it ended"));
		return VERDICT_LOST;
	}
	if (f->taint) {
		snprintf(reason, size, "kernel tainted at the end: %#llx", f->taint);
		return VERDICT_CRASH;
	}
	if (f->fail_on) {
		snprintf(reason, size, "on the console: %s", f->fail_on);
		return VERDICT_FAIL;
	}
	if (f->guest == VERDICT_FAIL) {
		snprintf(reason, size, "%s",
			 text(f->guest_reason, text(f->tap_error, "guest says fail")));
		return VERDICT_FAIL;
	}
	if (tap->failed || tap->bailed) {
		snprintf(reason, size, "%s", text(f->tap_error, "not ok"));
		return VERDICT_FAIL;
	}
	if (tap->plan_errors) {
		snprintf(reason, size, "%s", text(f->tap_error, "plan not met"));
		return VERDICT_FAIL;
	}
	if (f->channel_overflow) {
		snprintf(reason, size, "guest sent more than the channel takes");
		return VERDICT_FAIL;
	}
	if (f->guest == VERDICT_SKIP || (results && tap->skipped == results) ||
	    (!results && tap->skip_all)) {
		snprintf(reason, size, "%s", text(f->guest_reason, "all tests skipped"));
		return VERDICT_SKIP;
	}
	if (!results) {
		snprintf(reason, size, "guest says pass, but nothing was tested");
		return VERDICT_FAIL;
	}
	snprintf(reason, size, "%s", text(f->guest_reason, ""));
	return VERDICT_PASS;
}
