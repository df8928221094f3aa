// SPDX-License-Identifier: GPL-2.0-only
/*
 * swapon(2) and swapoff(2) for swapadm-fake, so that its tests change nothing on
 * the machine. Calls are written to the file $FAKE_LOG; those on a path named in
 * $FAKE_FAIL ("PATH=ERRNO PATH=ERRNO …") fail; a path in $FAKE_SIGNAL gets the
 * process a SIGINT first, as Ctrl-C during a long swapoff would.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>

static int answer(const char *call, const char *path, int flags)
{
	const char *log = getenv("FAKE_LOG"), *fail = getenv("FAKE_FAIL");
	const char *interrupt = getenv("FAKE_SIGNAL");
	size_t len = strlen(path);
	FILE *out;

	out = log ? fopen(log, "a") : NULL;
	if (out) {
		fprintf(out, "%s %s %#x\n", call, path, flags);
		fclose(out);
	}
	if (interrupt && !strcmp(interrupt, path)) {
		raise(SIGINT);
		errno = EINTR;
		return -1;
	}
	while (fail && *fail) {
		if (!strncmp(fail, path, len) && fail[len] == '=') {
			errno = atoi(fail + len + 1);
			return -1;
		}
		fail += strcspn(fail, " ");
		fail += strspn(fail, " ");
	}
	return 0;
}

int swapon(const char *path, int flags)
{
	return answer("swapon", path, flags);
}

int swapoff(const char *path)
{
	return answer("swapoff", path, 0);
}
