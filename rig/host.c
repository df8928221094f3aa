// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>

#include "host.h"

unsigned int host_cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return CPU_COUNT(&set);
}

uint64_t host_memory_mib(void)
{
	uint64_t kib = 0;
	char line[128];
	FILE *f;

	f = fopen("/proc/meminfo", "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %" SCNu64 " kB", &kib) == 1)
			break;
	fclose(f);
	return kib / 1024;
}
