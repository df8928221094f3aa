// SPDX-License-Identifier: GPL-2.0-only
/*
 * swapon(2) and swapoff(2) bare, to see the errno itself: prints "0" or the
 * name of the error. With --uid the caller gives up its rights first, with
 * --signal-ms it gets SIGALRM while the call runs (and the call must end with
 * EINTR, not be restarted).
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>
#include <sys/time.h>
#include <unistd.h>

#include "ktap.h"

static void on_alarm(int sig)
{
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "uid", required_argument, NULL, 'u' },
		{ "signal-ms", required_argument, NULL, 's' },
		{ "flags", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval timer = {};
	int ret, c, flags = 0;
	uint64_t ms, begin;
	int error;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'u':
			c = parse_number(optarg);
			if (setgid(c) || setuid(c))
				die("uid %d", c);
			break;
		case 's':
			ms = parse_number(optarg);
			timer.it_value.tv_sec = ms / 1000;
			timer.it_value.tv_usec = ms % 1000 * 1000;
			/* Again and again: the first may come too early. */
			timer.it_interval.tv_usec = 20 * 1000;
			break;
		case 'f':
			flags = parse_number(optarg);
			break;
		case 'h':
			printf("Usage: swapcall [--uid N] [--signal-ms N] [--flags N] on|off PATH\n");
			return 0;
		default:
			return 2;
		}
	}
	errno = EINVAL;
	if (argc - optind != 2 ||
	    (strcmp(argv[optind], "on") && strcmp(argv[optind], "off")))
		die("on or off, and a path");
	if (timerisset(&timer.it_value) || timerisset(&timer.it_interval)) {
		sigaction(SIGALRM, &sa, NULL);
		setitimer(ITIMER_REAL, &timer, NULL);
	}
	begin = now_ns();
	ret = !strcmp(argv[optind], "on") ?
		swapon(argv[optind + 1], flags) : swapoff(argv[optind + 1]);
	error = errno;
	fprintf(stderr, "%s %s: %llu us\n", argv[optind], argv[optind + 1],
		(unsigned long long)(now_ns() - begin) / 1000);
	printf("%s\n", ret ? strerrorname_np(error) : "0");
	return 0;
}
