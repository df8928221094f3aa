// SPDX-License-Identifier: GPL-2.0
/*
 * Stands in for QEMU where only what is around it counts: sleeps, prints and dies as the kernel's
 * command line (-append) says. sim.seconds=N is how long it takes; sim.end= is pass, fail, panic or
 * off; sim.lines=N lines go to the console.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CONSOLE = 3, CHANNEL };	/* as rig hands them over */

static const char *word(const char *line, const char *key, char *buf, size_t size)
{
	const char *at = strstr(line, key);

	buf[0] = '\0';
	if (at)
		snprintf(buf, size, "%.*s", (int)strcspn(at + strlen(key), " "), at + strlen(key));
	return buf;
}

int main(int argc, char **argv)
{
	const char *line = "", *seconds;
	char end[16], text[32], number[32];
	double s;
	int i, n;

	for (i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], "-append"))
			line = argv[i + 1];
	seconds = word(line, "sim.seconds=", number, sizeof(number));
	s = atof(seconds);
	word(line, "sim.end=", end, sizeof(end));
	n = atoi(word(line, "sim.lines=", text, sizeof(text)));
	dprintf(CHANNEL, "@beat 1\n");
	for (i = 0; i < n; i++)
		dprintf(CONSOLE, "[    0.%06d] line %d of a console that nobody reads\r\n", i, i);
	nanosleep(&(struct timespec){ (time_t)s, (long)((s - (time_t)s) * 1e9) }, NULL);
	if (!strcmp(end, "panic")) {
		dprintf(CONSOLE, "[    1.000000] Kernel panic - not syncing: as told\r\n");
	} else if (strcmp(end, "off")) {
		dprintf(CHANNEL, "KTAP version 1\n1..1\n%s 1 as told\n@verdict %s\n",
			strcmp(end, "fail") ? "ok" : "not ok", strcmp(end, "fail") ? "pass" : "fail");
	}
	return 0;
}
