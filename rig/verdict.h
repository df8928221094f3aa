/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_VERDICT_H
#define RIG_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "tap.h"

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_CRASH,
	VERDICT_TIMEOUT,
	VERDICT_LOST,
	VERDICT_SKIP,
	VERDICT_UNSCHEDULABLE,	/* of a fleet: no host can ever take the cell */
	VERDICT_MAX,
};

const char *verdict_name(enum verdict v);

/* The verdict of that name, or -EINVAL. */
int verdict_parse(const char *name);

/* All that is known about a cell when it has ended. Strings may be NULL. */
struct verdict_facts {
	bool timed_out;
	const char *timeout_reason;
	const char *crash;		/* headline of the first splat on the console */
	const char *fail_on; /* headline of the first line that this cell forbids (fail_on) */
	bool guest_spoke;		/* an @verdict line came */
	enum verdict guest;		/* pass, fail or skip */
	const char *guest_reason;
	bool channel_overflow;		/* guest sent more than the bounds allow */
	const struct tap_totals *tap;
	const char *tap_error;
	unsigned long long taint;	/* taint bits at the end that are not allowed */
	const char *end;		/* how the VM ended, for `lost` */
};

/*
 * The one place where a verdict is made. Order: crash, timeout, lost, then what the guest said,
 * which can only be made worse by its own results. Writes the reason into REASON.
 */
enum verdict verdict_decide(const struct verdict_facts *f, char *reason, size_t size);

#endif
