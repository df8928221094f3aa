// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swap space for an image, as a hibernation in user space asks for it
 * (/dev/snapshot), without the sleep. Says which of the given devices the kernel
 * would take; for one of them it takes slots, waits until it is told to go on,
 * and gives them back.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/suspend_ioctls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "ktap.h"

/* The kernel's form of a device number in an ioctl: new_encode_dev() */
static uint32_t encode_dev(dev_t dev)
{
	uint32_t ma = major(dev), mi = minor(dev);

	return (mi & 0xff) | (ma << 8) | ((mi & ~0xffu) << 12);
}

/* Returns 0 or -errno. */
static int take_device(int fd, const char *path)
{
	struct resume_swap_area area = {};
	struct stat st;

	if (stat(path, &st))
		die("%s", path);
	area.dev = encode_dev(st.st_rdev);
	return ioctl(fd, SNAPSHOT_SET_SWAP_AREA, &area) ? -errno : 0;
}

static void hold(const char *dir)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/held", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || close(fd))
		die("%s", path);
	snprintf(path, sizeof(path), "%s/release", dir);
	while (access(path, F_OK))
		usleep(20000);
}

/* What is taken goes when the slots are given back, or (@leave) when @fd is closed. */
static void take_slots(int fd, unsigned long nr, const char *dir, bool leave)
{
	loff_t offset, last = 0;
	unsigned long i;

	for (i = 0; i < nr; i++) {
		if (ioctl(fd, SNAPSHOT_ALLOC_SWAP_PAGE, &offset)) {
			printf("slots %lu %s\n", i, strerrorname_np(errno));
			fflush(stdout);
			break;
		}
		/* Offsets in bytes: a page each, and never the header. */
		if (offset <= 0 || offset % 4096 || offset == last) {
			errno = ERANGE;
			die("slot at %lld", (long long)offset);
		}
		last = offset;
	}
	if (i == nr) {
		printf("slots %lu\n", i);
		fflush(stdout);
	}
	if (dir)
		hold(dir);
	if (!leave && ioctl(fd, SNAPSHOT_FREE_SWAP_PAGES))
		die("SNAPSHOT_FREE_SWAP_PAGES");
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "slots", required_argument, NULL, 's' },
		{ "hold", required_argument, NULL, 'h' },
		{ "leave", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, '?' },
		{ }
	};
	unsigned long slots = 0;
	const char *dir = NULL;
	bool leave = false;
	int c, fd, ret;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			slots = parse_number(optarg);
			break;
		case 'h':
			dir = optarg;
			break;
		case 'l':
			leave = true;
			break;
		default:
			printf("Usage: imageswap [--slots N [--hold DIR] [--leave]] DEVICE\n"
			       "Prints 0 or the error's name, then how many slots it got. Waits, with --hold, between\n"
			       "DIR/held (made) and DIR/release (by others). --leave: gives nothing back itself\n");
			return 2;
		}
	}
	errno = EINVAL;
	if (optind + 1 != argc)
		die("one device (see --help)");
	fd = open("/dev/snapshot", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("/dev/snapshot");
	ret = take_device(fd, argv[optind]);
	printf("%s\n", ret ? strerrorname_np(-ret) : "0");
	fflush(stdout);
	if (!ret && slots)
		take_slots(fd, slots, dir, leave);
	close(fd);
	return 0;
}
