// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scenario with a known end, for plans that test the rig and not the kernel: misbehave HOW
 * [SECONDS]. It needs no root image, so that such cells take a few seconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"

static int end_well(unsigned int seconds)
{
	(void)seconds;
	ktap_begin();
	ktap_result(true, "works");
	ktap_metric("seed", atof(getenv("SEED") ?: "0"), "");
	return ktap_finish();
}

static int be_slow(unsigned int seconds)
{
	sleep(seconds);
	return end_well(0);
}

static int end_badly(unsigned int seconds)
{
	(void)seconds;
	ktap_begin();
	ktap_result(true, "works");
	ktap_result(false, "works not");
	return ktap_finish();
}

static int skip_all(unsigned int seconds)
{
	(void)seconds;
	ktap_skip_all("nothing to do here");
}

static int crash_kernel(unsigned int seconds)
{
	(void)seconds;
	ktap_begin();
	ktap_result(true, "works");
	spit("/proc/sysrq-trigger", "c");
	return ktap_finish();
}

__attribute__((noreturn)) static int sleep_forever(unsigned int seconds)
{
	(void)seconds;
	ktap_begin();
	for (;;)
		pause();
}

/* Until the OOM killer comes; a cell forbids that by fail_on, or sees it counted. */
__attribute__((noreturn)) static int eat_memory(unsigned int seconds)
{
	const size_t step = 1 << 20;
	char *p;

	(void)seconds;
	ktap_begin();
	ktap_result(true, "works");
	for (;;) {
		p = mmap(NULL, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
			 -1, 0);
		if (p != MAP_FAILED)
			memset(p, 0x5a, step);
	}
}

/* The machine goes down without a word. */
static int power_off(unsigned int seconds)
{
	(void)seconds;
	ktap_begin();
	spit("/proc/sysrq-trigger", "b");
	pause();
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(unsigned int seconds);
} ways[] = {
	{ "pass", end_well },	  { "slow", be_slow },	   { "fail", end_badly },
	{ "skip", skip_all },	  { "panic", crash_kernel }, { "hang", sleep_forever },
	{ "oom", eat_memory },	  { "off", power_off },
};

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 2 ? parse_number(argv[2]) : 0;
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(argv[1], ways[i].name))
			return ways[i].fn(seconds);
	die("how? pass, slow, fail, skip, panic, hang, oom or off");
}
