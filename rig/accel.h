/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_ACCEL_H
#define RIG_ACCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "error.h"

enum accel_mode {
	ACCEL_AUTO,
	ACCEL_KVM,
	ACCEL_TCG,
};

/* Which accelerator a run uses, and why. */
struct accel {
	enum accel_mode requested;
	bool kvm;
	bool cached;		/* the proof was made earlier since this host booted */
	char reason[192];
};

const char *accel_mode_name(enum accel_mode m);
int accel_mode_parse(const char *name);

/*
 * The words that the kernel command line needs for a clock. microvm has no port 0x61, so a guest
 * cannot calibrate its TSC: under TCG it is the host's, under icount it counts virtual nanoseconds;
 * under KVM there is kvmclock and nothing is needed.
 */
int accel_clock_words(bool kvm, bool icount, char *buf, size_t size);

/*
 * Proves KVM by booting KERNEL with an init that says one line, under a deadline of some seconds,
 * and fills A (REQUESTED is given). Runs the event loop until it knows. PROBE is that init; CACHE a
 * file that remembers the answer until the host boots again. Returns 0, or -errno when KVM was
 * demanded and is not to be had, or nothing could be tried.
 */
int accel_prove(sd_event *event, const char *qemu, const char *kernel, const char *probe,
		const char *cache, struct accel *a, struct rig_error *e);

#endif
