// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "run-options.h"
#include "verbs.h"

#define JOBS_MAX	4096

int run_option(int c, const char *verb, struct session_options *o)
{
	char *end;

	switch (c) {
	case RUN_OPT_KERNEL:
		o->kernel = optarg;
		return 0;
	case RUN_OPT_OUT:
		o->out = optarg;
		return 0;
	case RUN_OPT_QEMU:
		o->qemu = optarg;
		return 0;
	case RUN_OPT_ACCEL:
		c = accel_mode_parse(optarg);
		if (c < 0)
			return verb_usage(verb, "--accel: auto, kvm or tcg, not", optarg);
		o->accel = c;
		return 0;
	case 'j':
		o->jobs = strtoul(optarg, &end, 10);
		if (*end || !o->jobs || o->jobs > JOBS_MAX)
			return verb_usage(verb, "--jobs: a number from 1, not", optarg);
		return 0;
	default:
		return EXIT_USAGE;
	}
}

const char *run_qemu(void)
{
	return getenv("RIG_QEMU") ?: "qemu-system-x86_64";
}
