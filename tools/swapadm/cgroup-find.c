// SPDX-License-Identifier: GPL-2.0-only
/* From the name of a cgroup to its directory, for the verbs that take one. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cgroup.h"
#include "read.h"
#include "swapadm.h"

int cgroup_hierarchy(void)
{
	bool memory;
	int err;

	err = sysroot_exists(&root, CGROUP_DIR "/cgroup.controllers");
	if (!err) {
		err = sysroot_exists(&root, CGROUP_DIR "/memory");
		if (err >= 0) {
			message("no cgroup v2 at %s%s%s", root.prefix, CGROUP_DIR,
				err ? " (v1 is there)" : "");
			return EX_UNSUPPORTED;
		}
	}
	if (err < 0)
		return cannot_read(err);
	err = read_cgroup_controller(&root, CGROUP_DIR, &memory);
	if (err)
		return cannot_read(err);
	if (!memory) {
		message("cgroup v2 at %s%s has no memory controller: it is switched off, or v1 has it",
			root.prefix, CGROUP_DIR);
		return EX_UNSUPPORTED;
	}
	return EX_OK;
}

int cgroup_find(const char *name, char *dir, size_t size)
{
	struct statfs fs;
	bool memory;
	int err, fd;

	err = cgroup_dir(name, dir, size);
	if (err == -EINVAL)
		return usage_error("%s: .. may lead out of the cgroups", name);
	if (err)
		return usage_error("%s: %s", name, reason(err));
	fd = sysroot_openfile(&root, dir, O_PATH | O_DIRECTORY);
	if (fd < 0) {
		message("%s: %s", cgroup_path(dir),
			fd == -ENOENT ? "there is no such cgroup" :
			fd == -ENOTDIR ? "not a cgroup" : reason(fd));
		return EX_FAILED;
	}
	err = fstatfs(fd, &fs) ? -errno : 0;
	close(fd);
	/* A captured tree is what it is. */
	if (root.real && (err || fs.f_type != CGROUP2_SUPER_MAGIC)) {
		message("%s: %s", cgroup_path(dir), err ? reason(err) : "not a cgroup");
		return EX_FAILED;
	}
	err = read_cgroup_controller(&root, dir, &memory);
	if (err)
		return cannot_read(err);
	if (!memory) {
		message("%s: the memory controller is not enabled in cgroup.subtree_control above it",
			cgroup_path(dir));
		return EX_UNSUPPORTED;
	}
	return EX_OK;
}
