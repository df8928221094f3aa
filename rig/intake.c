// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "doc.h"
#include "intake.h"
#include "linebuf.h"
#include "paths.h"
#include "result.h"

/*
 * What rig run leaves of one cell. cell.ini and reproduce.sh are not among them: a person runs
 * those, so they are written here, from what is known here.
 */
const char *const intake_names[] = { "result.json", "junit.xml", "results.ktap", "console.log",
				     "channel.log", "qemu.log",	 "qemu.cmd",	"rig.log",
				     NULL };

struct intake {
	char *dir;
	char *tmp;
	int tmp_fd;
	unsigned int seen;	/* bit mask over intake_names */
	unsigned int files;
	uint64_t bytes;
	int fd;			/* of the file that comes in */
	uint64_t left;
	bool committed;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return (type == FTW_DP ? rmdir(path) : unlink(path)) && errno != ENOENT ? -1 : 0;
}

int remove_tree(const char *path)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT))
		return errno == ENOENT ? 0 : -errno;
	return 0;
}

int intake_new(const char *dir, struct intake **ret, struct rig_error *e)
{
	struct intake *in = calloc(1, sizeof(*in));
	int r;

	if (!in)
		return rig_fail(e, -ENOMEM, "out of memory");
	in->fd = in->tmp_fd = -1;
	in->dir = strdup(dir);
	if (asprintf(&in->tmp, "%s.part", dir) < 0)
		in->tmp = NULL;
	if (!in->dir || !in->tmp) {
		intake_free(in);
		return rig_fail(e, -ENOMEM, "out of memory");
	}
	r = remove_tree(in->tmp) ?: path_mkdirs(in->tmp);
	if (!r) {
		in->tmp_fd = open(in->tmp, O_DIRECTORY | O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		r = in->tmp_fd < 0 ? -errno : 0;
	}
	if (r) {
		rig_fail(e, r, "cannot make %s: %s", in->tmp, strerror(-r));
		intake_free(in);
		return r;
	}
	*ret = in;
	return 0;
}

void intake_free(struct intake *in)
{
	if (!in)
		return;
	if (in->fd >= 0)
		close(in->fd);
	if (in->tmp_fd >= 0) {
		close(in->tmp_fd);
		if (!in->committed)
			remove_tree(in->tmp);
	}
	free(in->dir);
	free(in->tmp);
	free(in);
}

static int end_file(struct intake *in, struct rig_error *e)
{
	int fd = in->fd;

	in->fd = -1;
	if (close(fd))
		return rig_fail(e, -errno, "cannot write in %s: %s", in->tmp, strerror(errno));
	return 0;
}

int intake_file(struct intake *in, const char *name, uint64_t size, struct rig_error *e)
{
	unsigned int i;

	if (in->fd >= 0)
		return rig_fail(e, -EPROTO, "a file within a file");
	for (i = 0; intake_names[i] && strcmp(intake_names[i], name); i++)
		;
	if (!intake_names[i])
		return rig_fail(e, -EPERM, "no file of a result: %.64s", name);
	if (in->seen & 1u << i || ++in->files > INTAKE_FILES_MAX)
		return rig_fail(e, -EPROTO, "%s came twice", name);
	in->seen |= 1u << i;
	if (size > INTAKE_BYTES_MAX || in->bytes + size > INTAKE_BYTES_MAX)
		return rig_fail(e, -EFBIG, "%s: more than a result may have (%llu MiB)", name,
				INTAKE_BYTES_MAX >> 20);
	in->bytes += size;
	in->fd = openat(in->tmp_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0644);
	if (in->fd < 0)
		return rig_fail(e, -errno, "cannot write %s/%s: %s", in->tmp, name,
				strerror(errno));
	in->left = size;
	return size ? 0 : end_file(in, e);
}

int intake_data(struct intake *in, const void *data, size_t len, struct rig_error *e)
{
	const char *p = data;

	if (in->fd < 0 || len > in->left)
		return rig_fail(e, -EPROTO, "more data than was said");
	in->left -= len;
	while (len) {
		ssize_t n = write(in->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return rig_fail(e, n < 0 ? -errno : -EIO, "cannot write in %s: %s", in->tmp,
					strerror(n < 0 ? errno : EIO));
		p += n;
		len -= n;
	}
	return in->left ? 0 : end_file(in, e);
}

int intake_directory(struct intake *in, const char *from, struct rig_error *e)
{
	int dir = open(from, O_DIRECTORY | O_RDONLY | O_CLOEXEC | O_NOFOLLOW), i, r = 0;
	char buf[65536];

	if (dir < 0)
		return rig_fail(e, -errno, "cannot read %s: %s", from, strerror(errno));
	for (i = 0; intake_names[i] && !r; i++) {
		int fd = openat(dir, intake_names[i],
				O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		struct stat st;

		if (fd < 0) {
			if (errno != ENOENT)
				r = rig_fail(e, -errno, "cannot read %s/%s: %s", from,
					     intake_names[i], strerror(errno));
			continue;
		}
		if (fstat(fd, &st) || !S_ISREG(st.st_mode))
			r = rig_fail(e, -EPERM, "%s/%s is not a plain file", from, intake_names[i]);
		r = r ?: intake_file(in, intake_names[i], st.st_size, e);
		while (!r && in->fd >= 0) {
			ssize_t n = read(fd, buf, in->left < sizeof(buf) ? in->left : sizeof(buf));

			r = n > 0 ? intake_data(in, buf, n, e) :
				    rig_fail(e, -EIO, "%s/%s became shorter", from, intake_names[i]);
		}
		close(fd);
	}
	close(dir);
	return r;
}

int intake_commit(struct intake *in, struct rig_error *e)
{
	int r;

	if (in->fd >= 0)
		return rig_fail(e, -EPROTO, "the last file is not whole");
	if (!(in->seen & 1))
		return rig_fail(e, -EPROTO, "no %s among the files", intake_names[0]);
	r = remove_tree(in->dir);
	if (r || rename(in->tmp, in->dir)) {
		r = r ?: -errno;
		return rig_fail(e, r, "cannot make %s: %s", in->dir, strerror(-r));
	}
	in->committed = true;
	return 0;
}

static bool is(struct json_object *o, const char *key, const char *text)
{
	struct json_object *v = doc_get_type(o, key, json_type_string);

	return v && !strcmp(json_object_get_string(v), text);
}

static struct json_object *read_json(const char *dir, struct rig_error *e)
{
	struct json_object *doc = NULL;
	struct json_tokener *tok = NULL;
	char buf[65536];
	struct stat st;
	char *path = path_join(dir, "result.json");
	FILE *f;
	int fd;
	size_t n;

	if (!path)
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size > INTAKE_RESULT_MAX) {
		rig_fail(e, -EIO, "%s: %s", path,
			 fd < 0 ? strerror(errno) : "not a plain file of sensible size");
		if (fd >= 0)
			close(fd);
		free(path);
		return NULL;
	}
	f = fdopen(fd, "r");
	tok = json_tokener_new_ex(24);
	while (f && tok && (n = fread(buf, 1, sizeof(buf), f))) {
		json_object_put(doc);
		doc = json_tokener_parse_ex(tok, buf, n);
		if (json_tokener_get_error(tok) != json_tokener_continue)
			break;
	}
	if (!doc)
		rig_fail(e, -EINVAL, "%s is no JSON", path);
	if (tok)
		json_tokener_free(tok);
	if (f)
		fclose(f);
	free(path);
	return doc;
}

int intake_read_result(const char *dir, const char *id, unsigned int attempt, const char *host,
		       struct intake_result *ret, struct rig_error *e)
{
	struct json_object *doc = read_json(dir, e), *cells, *cell = NULL, *v;
	int r = -EINVAL, verdict;

	if (!doc)
		return -EINVAL;
	cells = doc_get_type(doc, "cells", json_type_array);
	if (cells && json_object_array_length(cells) == 1)
		cell = json_object_array_get_idx(cells, 0);
	v = doc_get_type(cell, "attempt", json_type_int);
	if (!is(doc, "schema", RESULT_SCHEMA) || !doc_get_type(doc, "version", json_type_int) ||
	    json_object_get_int(doc_get_type(doc, "version", json_type_int)) != RESULT_VERSION || !cell)
		rig_fail(e, r, "the result is not a document of one cell that this rig knows");
	else if (!is(cell, "id", id) && doc_get_type(cell, "id", json_type_string))
		rig_fail(e, r, "the result is that of another cell");
	else if (!v || json_object_get_int64(v) != attempt || !is(cell, "host", host))
		rig_fail(e, r, "the result is that of another attempt or host");
	else if (!is(doc, "status", "complete") || !is(cell, "state", "done"))
		rig_fail(e, r, "the result is not complete");
	else
		r = 0;
	if (!r) {
		v = doc_get_type(cell, "verdict", json_type_string);
		verdict = v ? verdict_parse(json_object_get_string(v)) : -EINVAL;
		/* That no host can run it is not for a host to say. */
		if (verdict < 0 || verdict == VERDICT_UNSCHEDULABLE ||
		    (!doc_get_type(cell, "id", json_type_string) && verdict != VERDICT_LOST))
			r = rig_fail(e, -EINVAL, "the result has no verdict that a host may give");
		else
			ret->verdict = verdict;
	}
	if (!r) {
		v = doc_get_type(cell, "reason", json_type_string);
		snprintf(ret->reason, sizeof(ret->reason), "%s", v ? json_object_get_string(v) : "");
		text_clean(ret->reason, strlen(ret->reason));
		v = doc_get_type(cell, "seconds", json_type_double);
		ret->seconds = v ? json_object_get_double(v) : 0;
		if (!(ret->seconds >= 0 && ret->seconds < 1e7))
			ret->seconds = 0;
		ret->kvm = is(cell, "accel", "kvm");
	}
	json_object_put(doc);
	return r;
}
