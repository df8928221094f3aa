// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "host.h"

unsigned int host_cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return CPU_COUNT(&set);
}

static uint64_t meminfo_mib(const char *key)
{
	size_t len = strlen(key);
	uint64_t kib = 0;
	char line[128];
	FILE *f;

	f = fopen("/proc/meminfo", "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, len) && sscanf(line + len, ": %" SCNu64 " kB", &kib) == 1)
			break;
	fclose(f);
	return kib / 1024;
}

uint64_t host_memory_mib(void)
{
	return meminfo_mib("MemAvailable");
}

uint64_t host_total_mib(void)
{
	return meminfo_mib("MemTotal");
}
