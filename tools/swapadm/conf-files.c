// SPDX-License-Identifier: GPL-2.0-only
/* Which files of swapadm.conf(5) count: those of the highest directory, name by name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "strbuf.h"

#define SUFFIX	".conf"

const char *const conf_dirs[3] = {
	"/usr/lib/swapadm",
	"/run/swapadm",
	"/etc/swapadm",
};

struct conf_file {
	char *name;
	const char *dir;
	bool masked;		/* a link to /dev/null */
};

struct conf_files {
	struct conf_file *v;
	size_t n;
};

static int by_name(const void *a, const void *b)
{
	const struct conf_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Take the file @name, in place of one of that name that was there before. */
static int add(struct conf_files *files, const char *name, const char *dir, bool masked)
{
	struct conf_file *more;

	for (size_t i = 0; i < files->n; i++)
		if (!strcmp(files->v[i].name, name)) {
			files->v[i].dir = dir;
			files->v[i].masked = masked;
			return 0;
		}
	more = reallocarray(files->v, files->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	files->v = more;
	more[files->n] = (struct conf_file){ strdup(name), dir, masked };
	if (!more[files->n].name)
		return -ENOMEM;
	files->n++;
	return 0;
}

static bool has_suffix(const char *name)
{
	size_t len = strlen(name);

	return *name != '.' && len > strlen(SUFFIX) && !strcmp(name + len - strlen(SUFFIX), SUFFIX);
}

static int list(struct sysroot *root, const char *dir, struct conf_files *files)
{
	struct dirent *ent;
	DIR *stream;
	int err;

	err = sysroot_opendir(root, dir, &stream);
	if (err)
		return err == -ENOENT ? 0 : err;
	while (!err && (ent = readdir(stream))) {
		char to[sizeof("/dev/null") + 1];
		ssize_t len;

		if (!has_suffix(ent->d_name))
			continue;
		/* The link itself: a captured tree has no /dev/null. */
		len = readlinkat(dirfd(stream), ent->d_name, to, sizeof(to));
		err = add(files, ent->d_name, dir,
			  len == strlen("/dev/null") && !memcmp(to, "/dev/null", len));
	}
	closedir(stream);
	return err;
}

int conf_read_file(struct sysroot *root, const char *path, struct conf *conf)
{
	struct strbuf text = STRBUF_INIT;
	char shown[2 * PATH_MAX];
	int err;

	err = sysroot_read(root, path, &text);
	/* A NUL is a fault of the file, and is said as one. */
	if (err == -EBADMSG) {
		conf->faults++;
		conf->fault(root->failed, 0, "holds a NUL byte", conf->arg);
		err = 0;
	} else if (!err && text.len) {
		err = sysroot_path(root, path, shown, sizeof(shown));
		if (!err)
			err = conf_parse(conf, shown, text.buf, text.len);
	}
	strbuf_release(&text);
	return err;
}

int conf_read(struct sysroot *root, struct conf *conf)
{
	struct conf_files files = { 0 };
	int err = 0;

	for (size_t i = 0; i < sizeof(conf_dirs) / sizeof(conf_dirs[0]) && !err; i++)
		err = list(root, conf_dirs[i], &files);
	if (files.n)
		qsort(files.v, files.n, sizeof(*files.v), by_name);
	for (size_t i = 0; i < files.n && !err; i++) {
		char path[PATH_MAX];

		if (files.v[i].masked)
			continue;
		snprintf(path, sizeof(path), "%s/%s", files.v[i].dir, files.v[i].name);
		err = conf_read_file(root, path, conf);
	}
	if (!err)
		err = conf_check(conf);
	for (size_t i = 0; i < files.n; i++)
		free(files.v[i].name);
	free(files.v);
	return err;
}
