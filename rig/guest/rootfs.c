// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "rootfs.h"

#define DISK_WAIT_MS	5000

struct mount_spec {
	const char *source;
	const char *target;
	const char *type;
	unsigned long flags;
	const char *data;
	bool optional;
};

static const struct mount_spec basic[] = {
	{ "proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "devtmpfs", "/dev", "devtmpfs", MS_NOSUID },
	{ "cgroup2", "/sys/fs/cgroup", "cgroup2",
	  MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "debugfs", "/sys/kernel/debug", "debugfs", 0, NULL, true },
	/* What the rig itself keeps in memory must not be swapped. */
	{ "tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,noswap" },
	{ "tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,noswap" },
	{ "tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777" },
};

static int make_dir(const char *path)
{
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

static int do_mount(const struct mount_spec *m)
{
	int ret = make_dir(m->target);

	if (ret && ret != -ENOENT && ret != -EPERM && ret != -EROFS)
		return ret;
	if (mount(m->source, m->target, m->type, m->flags, m->data))
		return errno == EBUSY ? 0 : -errno;
	return 0;
}

int rootfs_mount_basic(void)
{
	static const struct {
		const char *path;
		const char *to;
	} links[] = {
		{ "/dev/fd", "/proc/self/fd" },
		{ "/dev/stdin", "/proc/self/fd/0" },
		{ "/dev/stdout", "/proc/self/fd/1" },
		{ "/dev/stderr", "/proc/self/fd/2" },
	};
	int first = 0, ret;
	size_t i;

	for (i = 0; i < sizeof(basic) / sizeof(basic[0]); i++) {
		ret = do_mount(&basic[i]);
		if (ret && !basic[i].optional && !first)
			first = ret;
	}
	/* udev would make these; there is none in a PID 1 scenario. */
	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i].to, links[i].path) && errno != EEXIST &&
		    !first)
			first = -errno;
	return first;
}

/* Find the block device with this serial; returns 0 or -ENODEV. */
static int find_disk(const char *serial, char *node, int size)
{
	char path[300], text[64];
	struct dirent *d;
	DIR *dir = opendir("/sys/block");
	int ret = -ENODEV;

	if (!dir)
		return -errno;
	while (ret && (d = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/block/%s/serial", d->d_name);
		if (slurp(path, text, sizeof(text)) < 0)
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (strcmp(text, serial))
			continue;
		snprintf(node, size, "/dev/%.80s", d->d_name);
		ret = 0;
	}
	closedir(dir);
	return ret;
}

static int wait_disk(const char *serial, char *node, int size)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	int i, ret = -ENODEV;

	for (i = 0; i < DISK_WAIT_MS / 20; i++) {
		ret = find_disk(serial, node, size);
		if (!ret)
			break;
		nanosleep(&pause, NULL);
	}
	return ret;
}

static int bind_path(const char *from, const char *to, bool is_file)
{
	int fd;

	if (access(from, F_OK))
		return 0;
	if (is_file) {
		fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
		if (fd < 0)
			return -errno;
		close(fd);
	} else if (make_dir(to)) {
		return -errno;
	}
	return mount(from, to, NULL, MS_BIND | MS_REC, NULL) ? -errno : 0;
}


int rootfs_mount_debian(char *err, unsigned int err_size)
{
	char node[96];
	int ret;

	static const struct mount_spec ovl = {
		"tmpfs", "/ovl", "tmpfs", 0, "mode=0755,noswap,size=40%"
	};
	static const struct mount_spec all = {
		"overlay", NEWROOT, "overlay", 0,
		"lowerdir=/lower,upperdir=/ovl/upper,workdir=/ovl/work"
	};
	struct mount_spec lower = {
		node, "/lower", "erofs", MS_RDONLY
	};
	static const struct {
		const char *from;
		const char *to;
		bool is_file;
	} binds[] = {
		{ "/proc", NEWROOT "/proc" },
		{ "/sys", NEWROOT "/sys" },
		{ "/dev", NEWROOT "/dev" },
		{ "/run", NEWROOT "/run" },
		{ "/tmp", NEWROOT "/tmp" },
		{ "/bin", NEWROOT "/rig/bin" },
		{ "/rig/scenarios", NEWROOT "/rig/scenarios" },
		{ "/rig/product", NEWROOT "/rig/product" },
		{ "/rig/lib.sh", NEWROOT "/rig/lib.sh", true },
		{ "/init", NEWROOT "/rig/agent", true },
		{ "/kselftest", NEWROOT "/kselftest" },
	};
	size_t i;

	ret = wait_disk("rootfs", node, sizeof(node));
	if (ret) {
		snprintf(err, err_size, "no disk with serial rootfs");
		return ret;
	}
	ret = do_mount(&lower);
	if (ret) {
		snprintf(err, err_size, "cannot mount %s (erofs): %s", node,
			 strerror(-ret));
		return ret;
	}
	ret = do_mount(&ovl);
	if (!ret)
		ret = make_dir("/ovl/upper");
	if (!ret)
		ret = make_dir("/ovl/work");
	if (!ret)
		ret = do_mount(&all);
	if (ret) {
		snprintf(err, err_size, "cannot mount the overlay: %s",
			 strerror(-ret));
		return ret;
	}
	ret = make_dir(NEWROOT "/rig");
	for (i = 0; !ret && i < sizeof(binds) / sizeof(binds[0]); i++) {
		ret = bind_path(binds[i].from, binds[i].to, binds[i].is_file);
		if (ret)
			snprintf(err, err_size, "cannot bind %s: %s",
				 binds[i].from, strerror(-ret));
	}
	return ret;
}

int rootfs_mount_share(const char *target, char *err, unsigned int err_size)
{
	char node[96];
	struct mount_spec m = {
		node, target, "erofs", MS_RDONLY | MS_NOSUID | MS_NODEV
	};
	int ret;

	ret = wait_disk("share", node, sizeof(node)) ?: do_mount(&m);
	if (ret)
		snprintf(err, err_size, "cannot mount the shared directory: %s",
			 strerror(-ret));
	return ret;
}

int rootfs_enter_debian(void)
{
	if (chdir(NEWROOT) || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot(".") || chdir("/"))
		return -errno;
	return 0;
}

static int create_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	close(fd);
	return spit(path, text);
}

int rootfs_inject_unit(void)
{
	static const char unit[] =
		"[Unit]\n"
		"Description=tell the rig that the system is up\n"
		"DefaultDependencies=no\n"
		"After=multi-user.target\n"
		"[Service]\n"
		"Type=oneshot\n"
		"ExecStart=/rig/agent notify\n";
	int ret;

	ret = make_dir("/etc/systemd/system/multi-user.target.wants");
	if (!ret)
		ret = create_file("/etc/systemd/system/ghostswap-job.service",
				  unit);
	if (!ret && symlink("../ghostswap-job.service",
			    "/etc/systemd/system/multi-user.target.wants/"
			    "ghostswap-job.service") && errno != EEXIST)
		ret = -errno;
	return ret;
}
