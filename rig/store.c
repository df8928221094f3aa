// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "paths.h"
#include "sha256.h"
#include "store.h"

#define PART	".part-"	/* how the names of files begin that are coming in */

struct store {
	char *dir;
	uint64_t bound;
	int lock;
	char *part;		/* path of what comes in, or NULL */
	int fd;
	char sha256[SHA256_HEX_SIZE];
	uint64_t size, came;
};

static bool is_hash(const char *s)
{
	return strlen(s) == SHA256_HEX_SIZE - 1 && !s[strspn(s, "0123456789abcdef")];
}

int store_new(const char *dir, uint64_t bound, struct store **ret, struct rig_error *e)
{
	struct store *s = calloc(1, sizeof(*s));
	char *lock = path_join(dir, ".lock");
	int r;

	if (!s || !lock) {
		free(s);
		free(lock);
		return rig_fail(e, -ENOMEM, "out of memory");
	}
	s->fd = s->lock = -1;
	s->bound = bound;
	s->dir = strdup(dir);
	r = s->dir ? path_mkdirs(dir) : -ENOMEM;
	if (!r) {
		s->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		r = s->lock < 0 ? -errno : 0;
	}
	free(lock);
	if (r) {
		rig_fail(e, r, "cannot make %s: %s", dir, strerror(-r));
		store_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void store_free(struct store *s)
{
	if (!s)
		return;
	store_put_abort(s);
	if (s->lock >= 0)
		close(s->lock);
	free(s->dir);
	free(s);
}

int store_take(struct store *s, const char *sha256, const char *to, struct rig_error *e)
{
	char hex[SHA256_HEX_SIZE], *path;
	int r = 0;

	if (!is_hash(sha256))
		return rig_fail(e, -EINVAL, "not a hash");
	path = path_join(s->dir, sha256);
	if (!path)
		return rig_fail(e, -ENOMEM, "out of memory");
	/* First the link: from here on it is in use and stays. */
	if (link(path, to)) {
		r = rig_fail(e, -errno, "cannot use %s: %s", path, strerror(errno));
		free(path);
		return r;
	}
	r = sha256_file_hex(to, hex);
	if (r) {
		rig_fail(e, r, "cannot read %s: %s", path, strerror(-r));
	} else if (strcmp(hex, sha256)) {
		r = rig_fail(e, -EBADMSG, "%s is not what its name says", path);
		unlink(path);
	}
	if (r)
		unlink(to);
	else
		/* The time of the last use: it orders the eviction. */
		utimensat(AT_FDCWD, path, NULL, 0);
	free(path);
	return r;
}

/* Somebody writes it still. */
static bool part_in_use(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool busy;

	if (fd < 0)
		return false;
	busy = flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
	close(fd);
	return busy;
}

bool store_incoming(const struct store *s, const char *sha256)
{
	char prefix[32], *path;
	DIR *d = opendir(s->dir);
	struct dirent *de;
	bool busy = false;
	size_t n;

	n = snprintf(prefix, sizeof(prefix), PART "%.16s-", sha256);
	while (d && !busy && (de = readdir(d))) {
		if (strncmp(de->d_name, prefix, n))
			continue;
		path = path_join(s->dir, de->d_name);
		busy = path && (!s->part || strcmp(path, s->part)) && part_in_use(path);
		free(path);
	}
	if (d)
		closedir(d);
	return busy;
}

/*
 * Sums up what is there, without remains of jobs that died, and finds the file that was not used
 * for the longest time.
 */
static int look(struct store *s, uint64_t *sum, char **oldest)
{
	struct timespec when = { 0 };
	DIR *d = opendir(s->dir);
	struct dirent *de;

	if (!d)
		return -errno;
	*sum = 0;
	*oldest = NULL;
	while ((de = readdir(d))) {
		bool part = !strncmp(de->d_name, PART, sizeof(PART) - 1);
		char *path;
		struct stat st;

		if (!part && !is_hash(de->d_name))
			continue;
		path = path_join(s->dir, de->d_name);
		if (!path || lstat(path, &st)) {
			free(path);
			continue;
		}
		if (part && !part_in_use(path)) {
			unlink(path);
			free(path);
			continue;
		}
		*sum += st.st_size;
		if (!part && st.st_nlink == 1 &&
		    (!*oldest || st.st_mtim.tv_sec < when.tv_sec ||
		     (st.st_mtim.tv_sec == when.tv_sec && st.st_mtim.tv_nsec < when.tv_nsec))) {
			free(*oldest);
			*oldest = path;
			when = st.st_mtim;
		} else {
			free(path);
		}
	}
	closedir(d);
	return 0;
}

/* Under the lock. */
static int make_room(struct store *s, uint64_t size, struct rig_error *e)
{
	uint64_t sum = 0;
	char *oldest = NULL;
	int r;

	for (;;) {
		r = look(s, &sum, &oldest);
		if (r)
			return rig_fail(e, r, "cannot read %s: %s", s->dir, strerror(-r));
		if (size <= s->bound && sum <= s->bound - size) {
			free(oldest);
			return 0;
		}
		if (!oldest)
			return rig_fail(e, -ENOSPC,
					"%s: no room for %llu bytes beside what is in use (%llu of %llu)",
					s->dir, (unsigned long long)size, (unsigned long long)sum,
					(unsigned long long)s->bound);
		unlink(oldest);
		free(oldest);
	}
}

int store_put_begin(struct store *s, const char *sha256, uint64_t size, struct rig_error *e)
{
	int r;

	if (!is_hash(sha256) || s->part)
		return rig_fail(e, -EINVAL, "not a hash, or two at a time");
	flock(s->lock, LOCK_EX);
	r = make_room(s, size, e);
	if (!r && asprintf(&s->part, "%s/" PART "%.16s-%d", s->dir, sha256, getpid()) < 0) {
		s->part = NULL;
		r = rig_fail(e, -ENOMEM, "out of memory");
	}
	if (!r) {
		s->fd = open(s->part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
		/* The size at once: it counts for others who make room now. */
		if (s->fd < 0 || flock(s->fd, LOCK_EX | LOCK_NB) || ftruncate(s->fd, size)) {
			r = rig_fail(e, -errno, "cannot write %s: %s", s->part, strerror(errno));
			store_put_abort(s);
		}
	}
	flock(s->lock, LOCK_UN);
	if (r)
		return r;
	strcpy(s->sha256, sha256);
	s->size = size;
	s->came = 0;
	return 0;
}

int store_put_data(struct store *s, const void *data, size_t len, struct rig_error *e)
{
	const char *p = data;

	if (s->fd < 0 || len > s->size - s->came)
		return rig_fail(e, -EPROTO, "more data than was said");
	while (len) {
		ssize_t n = pwrite(s->fd, p, len, s->came);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return rig_fail(e, n < 0 ? -errno : -EIO, "cannot write %s: %s", s->part,
					strerror(n < 0 ? errno : EIO));
		p += n;
		len -= n;
		s->came += n;
	}
	return 0;
}

int store_put_end(struct store *s, struct rig_error *e)
{
	char hex[SHA256_HEX_SIZE], *path = path_join(s->dir, s->sha256);
	int r;

	if (!path || s->fd < 0) {
		free(path);
		return rig_fail(e, -EINVAL, "nothing to end");
	}
	/* A program of its own may have put a new file under the name. */
	r = sha256_file_hex(s->part, hex);
	if (r)
		rig_fail(e, r, "cannot read %s: %s", s->part, strerror(-r));
	else if (strcmp(hex, s->sha256))
		r = rig_fail(e, -EBADMSG, "what came for %.16s… has another hash", s->sha256);
	else if (chmod(s->part, 0555) || rename(s->part, path))
		r = rig_fail(e, -errno, "cannot make %s: %s", path, strerror(errno));
	free(path);
	if (!r) {
		close(s->fd);
		s->fd = -1;
		free(s->part);
		s->part = NULL;
		return 0;
	}
	store_put_abort(s);
	return r;
}

void store_put_abort(struct store *s)
{
	if (s->part)
		unlink(s->part);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	free(s->part);
	s->part = NULL;
}

const char *store_put_path(const struct store *s)
{
	return s->part;
}
