/* SPDX-License-Identifier: GPL-2.0-only */
/* File systems of the guest: what PID 1 mounts, and the overlaid Debian root. */
#ifndef GUEST_ROOTFS_H
#define GUEST_ROOTFS_H

#include <stdbool.h>

#define NEWROOT		"/newroot"

/* proc, sys, dev, cgroup2, debugfs, tmpfs. Returns 0 or the first -errno. */
int rootfs_mount_basic(void);

/*
 * Mount the disk whose serial is "rootfs" (erofs) below a tmpfs overlay on
 * NEWROOT, with /proc, /sys, /dev and the rig's own files bound into it.
 * A failure returns -errno and writes what failed to err.
 */
int rootfs_mount_debian(char *err, unsigned int err_size);

/*
 * Mount the disk whose serial is "share" on TARGET, read-only. Errors as above.
 */
int rootfs_mount_share(const char *target, char *err, unsigned int err_size);

/* Make the overlaid root "/", for good. Returns 0 or -errno. */
int rootfs_enter_debian(void);

/*
 * Put the unit into the overlay (at "/", after rootfs_enter_debian()) that
 * tells the agent that systemd has reached its default target.
 */
int rootfs_inject_unit(void);

#endif
