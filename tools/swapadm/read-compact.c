// SPDX-License-Identifier: GPL-2.0-only
/* Compaction of a device: state, scores, counters. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "read.h"
#include "size.h"

int parse_compact(const char *text, struct compact *compact)
{
	char copy[64], *save, *word[3];
	int err = 0;

	compact->running = false;
	compact->order = compact->score = (struct num){ 0 };
	if (!strcmp(text, "idle"))
		return 0;
	if (strlen(text) >= sizeof(copy))
		return -EBADMSG;
	strcpy(copy, text);
	for (size_t i = 0; i < 3; i++) {
		word[i] = strtok_r(i ? NULL : copy, " \t", &save);
		if (!word[i])
			return -EBADMSG;
	}
	if (strcmp(word[0], "running") || strtok_r(NULL, " \t", &save))
		return -EBADMSG;
	err = parse_u64(word[1], &compact->order.v);
	if (!err)
		err = parse_u64(word[2], &compact->score.v);
	if (!err && compact->score.v > 100)
		err = -ERANGE;
	compact->running = compact->order.known = compact->score.known = !err;
	return err == -EINVAL ? -EBADMSG : err;
}

/* Whether @err says that the device was switched off while somebody looked. */
static bool is_gone(int err)
{
	return err == -ENOENT || err == -ENODEV;
}

int read_compact(struct sysroot *root, const char *dir, struct compact *compact)
{
	const struct key keys[] = {
		{ "scanned", &compact->scanned },
		{ "moved", &compact->moved },
		{ "dropped", &compact->dropped },
		{ "freed_clusters", &compact->freed },
		{ "failed_direct", &compact->failed_direct },
		{ "failed_busy", &compact->failed_busy },
		{ "failed_nomem", &compact->failed_nomem },
		{ "failed_io", &compact->failed_io },
	};
	char file[DEVICE_DIR_MAX + sizeof("/compact_score")], text[64];
	int err;

	*compact = (struct compact){ 0 };
	if (!*dir)
		return 0;
	snprintf(file, sizeof(file), "%s/compact", dir);
	err = sysroot_read_line(root, file, text, sizeof(text));
	if (is_gone(err))
		return 0;
	if (err)
		return err;
	compact->present = true;
	err = parse_compact(text, compact);
	if (err) {
		sysroot_path(root, file, root->failed, sizeof(root->failed));
		return err;
	}
	snprintf(file, sizeof(file), "%s/compact_score", dir);
	err = read_amounts(root, file, false, &compact->scores);
	if (is_gone(err))
		return 0;
	/* It costs a walk through the clusters, so the kernel may keep it for root. */
	if (err && err != -EACCES)
		return err;
	snprintf(file, sizeof(file), "%s/compact_stat", dir);
	err = read_keys(root, file, keys, sizeof(keys) / sizeof(keys[0]));
	return is_gone(err) ? 0 : err;
}

void compact_release(struct compact *compact)
{
	amounts_release(&compact->scores);
	*compact = (struct compact){ 0 };
}
