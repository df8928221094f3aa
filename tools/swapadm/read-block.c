// SPDX-License-Identifier: GPL-2.0-only
/* What kind of block device a swap device is. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "read.h"
#include "size.h"

static int read_mm_stat(struct sysroot *root, const char *disk, struct block *block)
{
	struct num *const nums[] = { &block->zram_data, &block->zram_compr, &block->zram_mem };
	char path[PATH_MAX], text[512], *save, *field;
	int err;

	snprintf(path, sizeof(path), "/sys/block/%s/mm_stat", disk);
	err = sysroot_read_line(root, path, text, sizeof(text));
	if (err)
		return err == -ENOENT ? 0 : err;
	for (size_t i = 0; i < sizeof(nums) / sizeof(nums[0]); i++) {
		field = strtok_r(i ? NULL : text, " \t", &save);
		err = field ? parse_u64(field, &nums[i]->v) : -EBADMSG;
		if (err) {
			sysroot_path(root, path, root->failed, sizeof(root->failed));
			return err == -EINVAL ? -EBADMSG : err;
		}
		nums[i]->known = true;
	}
	return 0;
}

int read_block(struct sysroot *root, const char *name, struct block *block)
{
	const char *disk = strrchr(name, '/');
	char path[PATH_MAX];
	bool rotational;
	int err;

	*block = (struct block){ 0 };
	disk = disk ? disk + 1 : name;
	if (strncmp(name, "/dev/", strlen("/dev/")) || !*disk || strlen(disk) > NAME_MAX)
		return 0;

	if (!strncmp(disk, "zram", 4)) {
		block->medium = "zram";
		return read_mm_stat(root, disk, block);
	}
	if (!strncmp(disk, "ram", 3) || !strncmp(disk, "pmem", 4)) {
		block->medium = "ram";
		return 0;
	}
	if (!strncmp(disk, "loop", 4)) {
		block->medium = "loop";
		return 0;
	}

	/* A partition has no queue: that of its disk is one directory up. */
	snprintf(path, sizeof(path), "/sys/class/block/%s/queue/rotational", disk);
	err = sysroot_read_bool(root, path, &rotational);
	if (err == -ENOENT) {
		snprintf(path, sizeof(path), "/sys/class/block/%s/../queue/rotational", disk);
		err = sysroot_read_bool(root, path, &rotational);
	}
	if (err)
		return err == -ENOENT ? 0 : err;
	block->medium = rotational ? "disk" : "ssd";
	return 0;
}
