// SPDX-License-Identifier: GPL-2.0-only
/* The ghost device's own directory in sysfs. */
#include <errno.h>

#include "read.h"

int read_ghost(struct sysroot *root, struct ghost *ghost)
{
	const struct file {
		const char *path;
		struct num *num;
		bool pages;
	} files[] = {
		{ GHOST_DIR "/limit_pages", &ghost->limit, true },
		{ GHOST_DIR "/max_pages", &ghost->max, true },
		{ GHOST_DIR "/used_pages", &ghost->used, true },
		{ GHOST_DIR "/zero_pages", &ghost->zero, true },
		{ GHOST_DIR "/zswap_pages", &ghost->zswap, true },
		{ GHOST_DIR "/disk_pages", &ghost->disk, true },
		{ GHOST_DIR "/room_pages", &ghost->room, true },
		{ GHOST_DIR "/clusters", &ghost->clusters, false },
		{ GHOST_DIR "/reserve_clusters", &ghost->reserve, false },
		{ GHOST_DIR "/backing_arrays", &ghost->arrays, false },
		{ GHOST_DIR "/metadata_static_bytes", &ghost->meta_static, false },
		{ GHOST_DIR "/metadata_bytes", &ghost->meta, false },
	};
	struct num backed;
	int err;

	*ghost = (struct ghost){ 0 };
	err = sysroot_exists(root, GHOST_DIR);
	if (err <= 0)
		return err;
	ghost->present = true;

	err = sysroot_read_bool(root, GHOST_DIR "/enabled", &ghost->enabled);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !err; i++) {
		err = read_num(root, files[i].path, files[i].num);
		if (!err && files[i].num == &ghost->used)
			ghost->slots = ghost->used;
		if (!err && files[i].pages) {
			err = num_pages(files[i].num);
			if (err)
				sysroot_path(root, files[i].path, root->failed,
					     sizeof(root->failed));
		}
	}
	if (err)
		return err;

	if (ghost->used.known && ghost->zero.known && ghost->zswap.known) {
		/* The files are read one after the other, so the sum may be too large. */
		backed = num_add(num_add(ghost->zero, ghost->zswap), ghost->disk);
		ghost->cached.known = true;
		if (backed.v < ghost->used.v)
			ghost->cached.v = ghost->used.v - backed.v;
	}
	return 0;
}
