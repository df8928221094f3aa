// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "verbs.h"

int verb_failed(const char *verb, const struct rig_error *e)
{
	fprintf(stderr, "rig: %s: %s\n", verb, e->text);
	return 1;
}

int verb_usage(const char *verb, const char *what, const char *arg)
{
	fprintf(stderr, "rig: %s: %s%s%s (see rig -h)\n", verb, what, arg ? ": " : "", arg ?: "");
	return EXIT_USAGE;
}
