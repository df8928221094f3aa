// SPDX-License-Identifier: GPL-2.0-only
#include "sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "size.h"

int sysroot_open(struct sysroot *sr, const char *path)
{
	size_t len;

	memset(sr, 0, sizeof(*sr));
	sr->fd = -1;
	if (!path)
		path = "/";
	snprintf(sr->failed, sizeof(sr->failed), "%s", path);
	if (!*path)
		return -ENOENT;
	len = strlen(path);
	if (len >= sizeof(sr->prefix))
		return -ENAMETOOLONG;
	memcpy(sr->prefix, path, len + 1);
	while (len && sr->prefix[len - 1] == '/')
		sr->prefix[--len] = '\0';
	sr->real = !len;

	sr->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return sr->fd < 0 ? -errno : 0;
}

void sysroot_close(struct sysroot *sr)
{
	if (sr->fd >= 0)
		close(sr->fd);
	sr->fd = -1;
}

int sysroot_path(const struct sysroot *sr, const char *path, char *buf, size_t size)
{
	int len = snprintf(buf, size, "%s%s%s", sr->prefix, *path == '/' ? "" : "/", path);

	return len < 0 || (size_t)len >= size ? -ENAMETOOLONG : 0;
}

static int failed(struct sysroot *sr, const char *path, int err)
{
	if (sysroot_path(sr, path, sr->failed, sizeof(sr->failed)))
		snprintf(sr->failed, sizeof(sr->failed), "%.*s", PATH_MAX, path);
	return err;
}

int sysroot_openfile(struct sysroot *sr, const char *path, int flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		/* An absolute link in a captured tree means that tree. */
		.resolve = sr->real ? 0 : RESOLVE_IN_ROOT,
	};
	long fd;

	while (*path == '/')
		path++;
	if (!*path)
		path = ".";
	/* The machine itself needs no fence, so it works where openat2() is filtered. */
	if (sr->real)
		fd = openat(sr->fd, path, flags | O_CLOEXEC);
	else
		fd = syscall(SYS_openat2, sr->fd, path, &how, sizeof(how));
	return fd < 0 ? failed(sr, path, -errno) : (int)fd;
}

int sysroot_exists(struct sysroot *sr, const char *path)
{
	int fd = sysroot_openfile(sr, path, O_PATH);

	if (fd >= 0) {
		close(fd);
		return 1;
	}
	return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
}

int sysroot_opendir(struct sysroot *sr, const char *path, DIR **dir)
{
	int fd = sysroot_openfile(sr, path, O_RDONLY | O_DIRECTORY), err;

	if (fd < 0)
		return fd;
	*dir = fdopendir(fd);
	if (!*dir) {
		err = -errno;
		close(fd);
		return failed(sr, path, err);
	}
	return 0;
}

int sysroot_read(struct sysroot *sr, const char *path, struct strbuf *out)
{
	/* A captured tree may hold a FIFO: do not wait for a writer. */
	int fd = sysroot_openfile(sr, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	int err = 0;

	strbuf_reset(out);
	if (fd < 0)
		return fd;
	for (;;) {
		char chunk[4096];
		ssize_t got = read(fd, chunk, sizeof(chunk));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = -errno;
		else if (got && memchr(chunk, '\0', got))
			err = -EBADMSG;
		else if (out->len + got > SYSFS_FILE_MAX)
			err = -EFBIG;
		else
			err = strbuf_add(out, chunk, got);
		if (err || got <= 0)
			break;
	}
	close(fd);
	return err ? failed(sr, path, err) : 0;
}

int sysroot_read_line(struct sysroot *sr, const char *path, char *buf, size_t size)
{
	static const char space[] = " \t\r\n";
	struct strbuf sb = STRBUF_INIT;
	const char *start;
	size_t len;
	int err;

	err = sysroot_read(sr, path, &sb);
	if (err)
		goto out;
	start = strbuf_str(&sb);
	start += strspn(start, space);
	len = strlen(start);
	while (len && strchr(space, start[len - 1]))
		len--;
	if (len >= size || memchr(start, '\n', len)) {
		err = failed(sr, path, -EBADMSG);
		goto out;
	}
	memcpy(buf, start, len);
	buf[len] = '\0';
out:
	strbuf_release(&sb);
	return err;
}

int sysroot_read_u64(struct sysroot *sr, const char *path, uint64_t *val)
{
	char text[64];
	int err;

	err = sysroot_read_line(sr, path, text, sizeof(text));
	if (err)
		return err;
	err = parse_u64(text, val);
	if (err == -EINVAL)
		err = -EBADMSG;
	return err ? failed(sr, path, err) : 0;
}

int sysroot_read_bool(struct sysroot *sr, const char *path, bool *val)
{
	char text[8];
	int err;

	err = sysroot_read_line(sr, path, text, sizeof(text));
	if (err)
		return err;
	if (strlen(text) != 1 || !strchr("YyNn01", text[0]))
		return failed(sr, path, -EBADMSG);
	*val = strchr("Yy1", text[0]);
	return 0;
}

int sysroot_write(struct sysroot *sr, const char *path, const char *text)
{
	int fd = sysroot_openfile(sr, path, O_WRONLY | O_NOCTTY | O_NONBLOCK);
	size_t len = strlen(text);
	ssize_t done;
	int err = 0;

	if (fd < 0)
		return fd;
	done = write(fd, text, len);
	if (done < 0)
		err = -errno;
	else if ((size_t)done != len)
		err = -EIO;
	if (close(fd) && !err)
		err = -errno;
	return err ? failed(sr, path, err) : 0;
}

int keyed_u64(const char *text, const char *key, uint64_t *val)
{
	size_t klen = strlen(key);

	while (*text) {
		size_t len = strcspn(text, "\n");
		char value[64];
		const char *p;
		size_t vlen;
		int err;

		if (len > klen && !memcmp(text, key, klen) && strchr(": \t", text[klen])) {
			p = text + klen;
			if (*p == ':')
				p++;
			vlen = len - (p - text);
			if (vlen >= sizeof(value))
				return -EBADMSG;
			memcpy(value, p, vlen);
			value[vlen] = '\0';
			if (vlen > 3 && !strcmp(value + vlen - 3, " kB")) {
				value[vlen - 3] = '\0';
				err = parse_u64(value, val);
				if (!err && __builtin_mul_overflow(*val, 1024, val))
					err = -ERANGE;
			} else {
				err = parse_u64(value, val);
			}
			return err == -EINVAL ? -EBADMSG : err;
		}
		text += len;
		text += *text == '\n';
	}
	return -ENOENT;
}
