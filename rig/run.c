// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "initrd.h"
#include "program.h"
#include "run.h"

#define SHARE_BYTES_MAX		(2ull << 30)
#define SHARE_SECONDS_MAX	300

#define SAME_SECOND_MAX	100

void time_text(char text[32])
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

FILE *run_create(const char *dir, const char *name)
{
	char *path = path_join(dir, name);
	FILE *f;

	if (!path) {
		errno = ENOMEM;
		return NULL;
	}
	f = fopen(path, "we");
	free(path);
	return f;
}

/* A link of its own name that is renamed into place: there is no moment without one. */
static void point_latest(const char *results, const char *name)
{
	char *link = path_join(results, "latest"), *tmp = NULL;

	if (link && asprintf(&tmp, "%s/.latest-%d", results, getpid()) >= 0) {
		if (!symlink(name, tmp) && rename(tmp, link))
			unlink(tmp);
		free(tmp);
	}
	free(link);
}

static int make_out(struct run *run, struct rig_error *e)
{
	const char *results = run->paths->results;
	char stamp[32], name[CELL_NAME_MAX + 48];
	time_t now = time(NULL);
	struct tm tm;
	int i, r;

	r = path_mkdirs(results);
	if (r)
		return rig_fail(e, r, "cannot make %s: %s", results, strerror(-r));
	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	for (i = 0; i < SAME_SECOND_MAX; i++) {
		if (i)
			snprintf(name, sizeof(name), "%s-%s-%d", run->plan->name, stamp, i + 1);
		else
			snprintf(name, sizeof(name), "%s-%s", run->plan->name, stamp);
		free(run->out);
		run->out = path_join(results, name);
		if (!run->out)
			return rig_fail(e, -ENOMEM, "out of memory");
		if (!mkdir(run->out, 0755)) {
			point_latest(results, name);
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	return rig_fail(e, -errno, "cannot make %s: %s", run->out, strerror(errno));
}

static int use_out(struct run *run, const char *out, struct rig_error *e)
{
	char real[PATH_MAX];
	int r;

	r = path_mkdirs(out);
	if (r)
		return rig_fail(e, r, "cannot make %s: %s", out, strerror(-r));
	if (!realpath(out, real))
		return rig_fail(e, -errno, "cannot use %s: %s", out, strerror(errno));
	run->out = strdup(real);
	return run->out ? 0 : rig_fail(e, -ENOMEM, "out of memory");
}

int run_new(sd_event *event, const struct plan *plan, const struct paths *paths, const char *qemu,
	    const char *out, const char *kernel_override, struct run **ret, struct rig_error *e)
{
	struct run *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return rig_fail(e, -ENOMEM, "out of memory");
	run->event = sd_event_ref(event);
	run->plan = plan;
	run->paths = paths;
	run->qemu = qemu;
	run->kernel_override = kernel_override;
	run->initrd_fd = -1;
	run->attempt = 1;
	time_text(run->started);
	r = sha256_file_hex(plan->path, run->plan_sha256);
	if (r)
		rig_fail(e, r, "cannot read %s: %s", plan->path, strerror(-r));
	else
		r = out ? use_out(run, out, e) : make_out(run, e);
	if (r) {
		run_free(run);
		return r;
	}
	*ret = run;
	return 0;
}

static void kernel_free(struct kernel *k)
{
	free(k->wanted);
	free(k->flavor);
	free(k->path);
	free(k->config);
	free(k);
}

static void share_free(struct share *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->dir);
	free(s);
}

void run_free(struct run *run)
{
	if (!run)
		return;
	while (run->kernels) {
		struct kernel *k = run->kernels;

		run->kernels = k->next;
		kernel_free(k);
	}
	if (run->initrd_fd >= 0)
		close(run->initrd_fd);
	while (run->shares) {
		struct share *s = run->shares;

		run->shares = s->next;
		share_free(s);
	}
	free(run->image);
	free(run->out);
	sd_event_unref(run->event);
	free(run);
}

/* A file that is one of the project's kernels keeps its flavour, however it was named. */
static char *flavor_of(const struct run *run, const char *real)
{
	char kernels[PATH_MAX];
	const char *p;
	size_t n;

	if (!realpath(run->paths->kernels, kernels))
		return strdup("custom");
	n = strlen(kernels);
	if (strncmp(real, kernels, n) || real[n] != '/')
		return strdup("custom");
	p = real + n + 1;
	n = strcspn(p, "/");
	return strcmp(p + n, "/bzImage") ? strdup("custom") : strndup(p, n);
}

static int kernel_find(struct run *run, const char *wanted, struct kernel *k, struct rig_error *e)
{
	char real[PATH_MAX], *path = NULL, *slash;
	struct stat st;
	bool file;
	int r;

	file = strchr(wanted, '/') ||
	       (run->kernel_override && !stat(wanted, &st) && S_ISREG(st.st_mode));
	if (file)
		path = strdup(wanted);
	else if (asprintf(&path, "%s/%s/bzImage", run->paths->kernels, wanted) < 0)
		path = NULL;
	k->wanted = strdup(wanted);
	if (!path || !k->wanted) {
		free(path);
		return rig_fail(e, -ENOMEM, "out of memory");
	}
	if (!realpath(path, real)) {
		r = -errno;
		if (file)
			rig_fail(e, r, "cannot read kernel %s: %s", path, strerror(-r));
		else
			rig_fail(e, r, "no kernel of flavour %s (%s): make kernel FLAVOR=%s",
				 wanted, path, wanted);
		free(path);
		return r;
	}
	free(path);
	k->path = strdup(real);
	k->flavor = flavor_of(run, real);
	slash = strrchr(real, '/');
	*slash = '\0';
	k->config = path_join(real, ".config");
	if (!k->path || !k->flavor || !k->config)
		return rig_fail(e, -ENOMEM, "out of memory");
	r = sha256_file_hex(k->path, k->sha256);
	if (r)
		return rig_fail(e, r, "cannot read kernel %s: %s", k->path, strerror(-r));
	if (sha256_file_hex(k->config, k->config_sha256)) {
		free(k->config);
		k->config = NULL;
		k->config_sha256[0] = '\0';
	}
	return 0;
}

int run_kernel(struct run *run, const struct cell_spec *spec, const struct kernel **ret,
	       struct rig_error *e)
{
	const char *wanted = run->kernel_override ?: spec->kernel;
	struct kernel *k;
	int r;

	for (k = run->kernels; k; k = k->next)
		if (!strcmp(k->wanted, wanted)) {
			*ret = k;
			return 0;
		}
	k = calloc(1, sizeof(*k));
	if (!k)
		return rig_fail(e, -ENOMEM, "out of memory");
	r = kernel_find(run, wanted, k, e);
	if (r) {
		kernel_free(k);
		return r;
	}
	k->next = run->kernels;
	run->kernels = k;
	*ret = k;
	return 0;
}

int run_image(struct run *run, struct rig_error *e)
{
	char real[PATH_MAX];
	int r;

	if (run->image)
		return 0;
	if (run->image_override && !realpath(run->image_override, real))
		return rig_fail(e, -errno, "cannot read root image %s: %s", run->image_override,
				strerror(errno));
	if (!run->image_override && !realpath(run->paths->image, real))
		return rig_fail(e, -errno, "no root image (%s): rig image", run->paths->image);
	r = sha256_file_hex(real, run->image_sha256);
	if (r)
		return rig_fail(e, r, "cannot read root image %s: %s", real, strerror(-r));
	run->image = strdup(real);
	return run->image ? 0 : rig_fail(e, -ENOMEM, "out of memory");
}

/* A file that is gone when it is closed; where the file system cannot do that, unlinked at once. */
static int nameless_file(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char *path;

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd < 0 ? -errno : fd;
	if (asprintf(&path, "%s/.initrd-XXXXXX", dir) < 0)
		return -ENOMEM;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	else
		unlink(path);
	free(path);
	return fd;
}

static int make_initrd(struct run *run, struct rig_error *e)
{
	const struct paths *p = run->paths;
	struct initrd_source src = {
		.agent = p->agent,
		.programs = p->programs,
		.swapadm = p->swapadm,
		.kselftest = p->kselftest,
		.scenarios = p->scenarios,
		.product = (const char *const *)p->product,
	};
	int r;
	FILE *f;

	run->initrd_fd = nameless_file(run->out);
	if (run->initrd_fd < 0)
		return rig_fail(e, run->initrd_fd, "cannot make a scratch file in %s: %s", run->out,
				strerror(-run->initrd_fd));
	f = fdopen(dup(run->initrd_fd), "w");
	if (!f)
		return rig_fail(e, -errno, "cannot write the initrd: %s", strerror(errno));
	r = initrd_write(f, &src, e);
	if (fclose(f) && !r)
		r = rig_fail(e, -errno, "cannot write the initrd: %s", strerror(errno));
	return r;
}

int run_initrd(struct run *run, struct rig_error *e)
{
	int r;

	if (run->initrd_sha256[0])
		return 0;
	if (run->initrd_override) {
		run->initrd_fd = open(run->initrd_override, O_RDONLY | O_CLOEXEC);
		if (run->initrd_fd < 0)
			return rig_fail(e, -errno, "cannot read initrd %s: %s",
					run->initrd_override, strerror(errno));
	} else {
		r = make_initrd(run, e);
		if (r) {
			if (run->initrd_fd >= 0)
				close(run->initrd_fd);
			run->initrd_fd = -1;
			return r;
		}
	}
	r = sha256_fd_hex(run->initrd_fd, run->initrd_sha256);
	return r ? rig_fail(e, r, "cannot read the initrd: %s", strerror(-r)) : 0;
}

static uint64_t tree_bytes;	/* nftw has no argument for its callback */

static int count_bytes(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path;
	(void)ftw;
	if (type == FTW_F)
		tree_bytes += st->st_size;
	return tree_bytes > SHARE_BYTES_MAX;
}

static int make_share(struct run *run, const char *dir, struct share *s, struct rig_error *e)
{
	char real[PATH_MAX], *path = dir[0] == '/' ? strdup(dir) : path_join(run->paths->root, dir);
	char *image = path_join(run->out, "share.erofs");
	char *argv[] = { "mkfs.erofs", "-T0", "-U00000000-0000-0000-0000-000000000000", "-x-1",
			 "--all-root", image, real, NULL };
	struct program c = { .argv = argv, .log_fd = -1, .seconds = SHARE_SECONDS_MAX };
	struct stat st;
	int r = 0;

	if (!path || !image)
		r = rig_fail(e, -ENOMEM, "out of memory");
	else if (!realpath(path, real) || stat(real, &st))
		r = rig_fail(e, -errno, "cannot share %s: %s", path, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		r = rig_fail(e, -ENOTDIR, "cannot share %s: not a directory", real);
	tree_bytes = 0;
	if (!r && nftw(real, count_bytes, 16, FTW_PHYS))
		r = rig_fail(e, -EFBIG, "cannot share %s: more than %llu MiB, or not readable", real,
			     SHARE_BYTES_MAX >> 20);
	if (!r) {
		r = program_run(&c);
		if (r)
			r = rig_fail(e, r < 0 ? r : -EIO, "cannot share %s: mkfs.erofs: %s", real,
				     r < 0 ? strerror(-r) : "failed");
	}
	if (!r) {
		s->fd = open(image, O_RDONLY | O_CLOEXEC);
		if (s->fd < 0)
			r = rig_fail(e, -errno, "cannot read %s: %s", image, strerror(errno));
		else
			r = sha256_fd_hex(s->fd, s->sha256);
	}
	if (image)
		unlink(image);
	free(path);
	free(image);
	return r;
}

int run_share(struct run *run, const char *dir, const struct share **ret, struct rig_error *e)
{
	struct share *s;
	int r;

	for (s = run->shares; s; s = s->next)
		if (!strcmp(s->dir, dir)) {
			*ret = s;
			return 0;
		}
	s = calloc(1, sizeof(*s));
	if (!s)
		return rig_fail(e, -ENOMEM, "out of memory");
	s->fd = -1;
	s->dir = strdup(dir);
	r = s->dir ? make_share(run, dir, s, e) : rig_fail(e, -ENOMEM, "out of memory");
	if (r) {
		share_free(s);
		return r;
	}
	s->next = run->shares;
	run->shares = s;
	*ret = s;
	return 0;
}

void run_block_signals(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
}
