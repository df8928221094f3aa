// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "constraint.h"
#include "host.h"

bool constraint_holds(const char *expr, feature_fn has, void *userdata)
{
	bool holds = true;
	char op = '&';

	for (;;) {
		size_t len = strcspn(expr, "&|");
		bool one = len && has(expr, len, userdata);

		holds = op == '&' ? holds && one : holds || one;
		op = expr[len];
		if (!op)
			return holds;
		expr += len + 1;
	}
}

/* "cores4" asks for 4 with PREFIX cores. 0 when it is something else. */
static unsigned long asked(const char *name, size_t len, const char *prefix)
{
	char number[16], *end;
	size_t n = strlen(prefix);
	unsigned long v;

	if (len <= n || strncmp(name, prefix, n) || len - n >= sizeof(number))
		return 0;
	memcpy(number, name + n, len - n);
	number[len - n] = '\0';
	v = strtoul(number, &end, 10);
	return *end ? 0 : v;
}

bool host_has_feature(const char *name, size_t len, bool kvm)
{
	unsigned long n;

	if (len == 3 && !strncmp(name, "tcg", 3))
		return true;
	if (len == 3 && !strncmp(name, "kvm", 3))
		return kvm;
	n = asked(name, len, "cores");
	if (n)
		return n <= host_cores();
	n = asked(name, len, "mem");
	return n && n << 10 <= host_total_mib();
}
