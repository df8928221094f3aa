// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "initrd.h"

#define INITRD_FILE_MAX		(512u << 20)	/* a larger file in an initrd is a mistake */

static int padding(struct cpio *c, size_t len)
{
	static const char zero[4];
	size_t n = -len & 3;

	return fwrite(zero, 1, n, c->file) == n ? 0 : -EIO;
}

static int header(struct cpio *c, const char *name, mode_t mode, size_t size, unsigned int major, unsigned int minor)
{
	size_t len = strlen(name) + 1;
	int n;

	n = fprintf(c->file, "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X",
		    ++c->ino, (unsigned int)mode, 0, 0, 1, 0, size, 0, 0, major, minor, len, 0);
	if (n != 110 || fwrite(name, 1, len, c->file) != len)
		return -EIO;
	return padding(c, 110 + len);
}

int cpio_dir(struct cpio *c, const char *name, mode_t mode)
{
	return header(c, name, S_IFDIR | mode, 0, 0, 0);
}

int cpio_node(struct cpio *c, const char *name, mode_t mode, unsigned int major, unsigned int minor)
{
	return header(c, name, mode, 0, major, minor);
}

int cpio_data(struct cpio *c, const char *name, mode_t mode, const void *data, size_t len)
{
	int r;

	r = header(c, name, S_IFREG | mode, len, 0, 0);
	if (r)
		return r;
	if (fwrite(data, 1, len, c->file) != len)
		return -EIO;
	return padding(c, len);
}

int cpio_file(struct cpio *c, const char *name, mode_t mode, const char *path)
{
	char buf[65536];
	struct stat st;
	size_t left, n;
	FILE *f;
	int r;

	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (fstat(fileno(f), &st)) {
		r = -errno;
		goto out;
	}
	r = -EINVAL;
	if (!S_ISREG(st.st_mode))
		goto out;
	r = -EFBIG;
	if (st.st_size > INITRD_FILE_MAX)
		goto out;
	r = header(c, name, S_IFREG | mode, st.st_size, 0, 0);
	for (left = st.st_size; !r && left; left -= n) {
		n = fread(buf, 1, left < sizeof(buf) ? left : sizeof(buf), f);
		/* It shrank while it was read: somebody builds at this moment. */
		if (!n)
			r = -EAGAIN;
		else if (fwrite(buf, 1, n, c->file) != n)
			r = -EIO;
	}
	if (!r)
		r = padding(c, st.st_size);
out:
	fclose(f);
	return r;
}

int cpio_end(struct cpio *c)
{
	int r = header(c, "TRAILER!!!", 0, 0, 0, 0);

	return r ?: ferror(c->file) ? -EIO : 0;
}

static int no_dots(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* Names with a dot are by-products of the build (agent.p, foo.o): no program of ours has one. */
static int program_names(const struct dirent *d)
{
	return !strchr(d->d_name, '.') && strcmp(d->d_name, "agent");
}

/*
 * Regular files of DIR into TO, sorted, so that the archive depends on the content alone. DEPTH directories are followed.
 * A missing DIR is an empty one.
 */
static int add_tree(struct cpio *c, const char *to, const char *dir, int (*filter)(const struct dirent *), bool executables,
		    int depth, struct rig_error *e)
{
	struct dirent **list;
	int i, n, r = 0;

	n = scandir(dir, &list, filter, alphasort);
	if (n < 0)
		return errno == ENOENT ? 0 : rig_fail(e, -errno, "cannot read %s: %s", dir, strerror(errno));
	for (i = 0; i < n; i++) {
		char path[PATH_MAX], name[PATH_MAX];
		struct stat st;

		if (!r) {
			if (snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name) >= (int)sizeof(path) ||
			    snprintf(name, sizeof(name), "%s/%s", to, list[i]->d_name) >= (int)sizeof(name))
				r = rig_fail(e, -ENAMETOOLONG, "name too long below %s", dir);
			else if (stat(path, &st))
				r = rig_fail(e, -errno, "cannot read %s: %s", path, strerror(errno));
			else if (S_ISDIR(st.st_mode) && depth) {
				r = cpio_dir(c, name, 0755) ?: add_tree(c, name, path, filter, executables, depth - 1, e);
			} else if (S_ISREG(st.st_mode) && (!executables || st.st_mode & 0100)) {
				r = cpio_file(c, name, st.st_mode & 0100 ? 0755 : 0644, path);
				if (r)
					rig_fail(e, r, "cannot put %s into the initrd: %s", path, strerror(-r));
			}
		}
		free(list[i]);
	}
	free(list);
	return r;
}

static int add_file(struct cpio *c, const char *name, const char *path, struct rig_error *e)
{
	int r = cpio_file(c, name, 0755, path);

	return r ? rig_fail(e, r, "cannot put %s into the initrd: %s", path, strerror(-r)) : 0;
}

int initrd_write(FILE *f, const struct initrd_source *src, struct rig_error *e)
{
	static const char * const dirs[] = { "bin", "dev", "kselftest", "newroot", "proc", "rig", "rig/product", "rig/scenarios", "run", "sys", "tmp" };
	struct cpio c = { .file = f };
	const char *const *dir;
	char lib[PATH_MAX];
	struct stat st;
	size_t i;
	int r = 0;

	for (i = 0; !r && i < sizeof(dirs) / sizeof(dirs[0]); i++)
		r = cpio_dir(&c, dirs[i], 0755);
	/* The kernel opens /dev/console for init before anything is mounted. */
	r = r ?: cpio_node(&c, "dev/console", S_IFCHR | 0600, 5, 1) ?: cpio_node(&c, "dev/null", S_IFCHR | 0666, 1, 3);
	if (r)
		return rig_fail(e, r, "cannot write the initrd: %s", strerror(-r));

	r = add_file(&c, "init", src->agent, e);
	if (!r && src->programs)
		r = add_tree(&c, "bin", src->programs, program_names, true, 0, e);
	if (!r && src->swapadm && !stat(src->swapadm, &st))
		r = add_file(&c, "bin/swapadm", src->swapadm, e);
	if (!r && src->kselftest)
		r = add_tree(&c, "kselftest", src->kselftest, no_dots, false, 1, e);
	for (dir = src->product; !r && dir && *dir; dir++)
		r = add_tree(&c, "rig/product", *dir, no_dots, false, 0, e);
	if (!r && src->scenarios) {
		r = add_tree(&c, "rig/scenarios", src->scenarios, no_dots, false, 1, e);
		snprintf(lib, sizeof(lib), "%s/lib.sh", src->scenarios);
		if (!r && !stat(lib, &st))
			r = add_file(&c, "rig/lib.sh", lib, e);
	}
	if (r)
		return r;
	if (src->job)
		r = cpio_data(&c, "job", 0644, src->job, strlen(src->job));
	r = r ?: cpio_end(&c);
	return r ? rig_fail(e, r, "cannot write the initrd: %s", strerror(-r)) : 0;
}

int initrd_write_job(FILE *f, const char *job, struct rig_error *e)
{
	struct cpio c = { .file = f };
	int r = cpio_data(&c, "job", 0644, job, strlen(job)) ?: cpio_end(&c);

	return r ? rig_fail(e, r, "cannot write the initrd: %s", strerror(-r)) : 0;
}
