// SPDX-License-Identifier: GPL-2.0
/* The making of a fleet: what its cells need is hashed and put into DIR/root, from where it goes to the hosts. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/fs.h>

#include "fleet.h"
#include "run.h"

#define SAME_SECOND_MAX	100

uint64_t fleet_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000ull + ts.tv_nsec / 1000;
}

bool fleet_input_for(const struct fleet_input *in, const struct fleet_cell *c)
{
	if (in->kernel)
		return !strcmp(in->kernel, c->spec->kernel);
	return c->spec->root || strcmp(in->path, "build/image/root.erofs");
}

/* Where the file system can share blocks that costs nothing. */
static int copy_fd(int from, int to)
{
	off_t at = 0;
	ssize_t n;

	if (!ioctl(to, FICLONE, from))
		return 0;
	do
		n = sendfile(to, from, &at, 1u << 30);
	while (n > 0);
	return n < 0 ? -errno : 0;
}

/*
 * FROM becomes an input. A file that is never written again under its name (LINK) may be linked;
 * others are copied, so that the next build does not change what this fleet runs.
 */
static int add_input(struct fleet *f, const char *path, const char *kernel, int from,
		     const char *link_from, bool dry, struct rig_error *e)
{
	struct fleet_input *grown, *in;
	char *to = NULL, *slash;
	struct stat st;
	size_t i;
	int fd, r;

	for (i = 0; i < f->inputs; i++)
		if (!strcmp(f->input[i].path, path))
			return 0;
	grown = realloc(f->input, (f->inputs + 1) * sizeof(*grown));
	if (!grown)
		return rig_fail(e, -ENOMEM, "out of memory");
	f->input = grown;
	in = &f->input[f->inputs];
	memset(in, 0, sizeof(*in));
	in->path = strdup(path);
	in->kernel = kernel ? strdup(kernel) : NULL;
	f->inputs++;
	if (!in->path || (kernel && !in->kernel))
		return rig_fail(e, -ENOMEM, "out of memory");
	if (fstat(from, &st))
		return rig_fail(e, -errno, "cannot read %s: %s", path, strerror(errno));
	in->size = st.st_size;
	if (dry)
		return sha256_fd_hex(from, in->sha256);

	to = path_join(f->root, path);
	if (!to)
		return rig_fail(e, -ENOMEM, "out of memory");
	slash = strrchr(to, '/');
	*slash = '\0';
	r = path_mkdirs(to);
	*slash = '/';
	if (!r && (!link_from || link(link_from, to))) {
		fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st.st_mode & 0111 ? 0555 : 0444);
		r = fd < 0 ? -errno : copy_fd(from, fd);
		if (fd >= 0 && close(fd) && !r)
			r = -errno;
	}
	/* What is hashed is what will be run, not what it was copied from. */
	r = r ?: sha256_file_hex(to, in->sha256);
	if (r)
		rig_fail(e, r, "cannot make %s: %s", to, strerror(-r));
	free(to);
	return r;
}

static int add_input_file(struct fleet *f, const char *path, const char *kernel, const char *from,
			  bool may_link, bool dry, struct rig_error *e)
{
	int fd = open(from, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return rig_fail(e, -errno, "cannot read %s: %s", from, strerror(errno));
	r = add_input(f, path, kernel, fd, may_link ? from : NULL, dry, e);
	close(fd);
	return r;
}

/* Kernels by name: that of its flavour, or of its content for a file from elsewhere. */
static char *kernel_name(const struct kernel *k)
{
	char *name;

	if (strcmp(k->flavor, "custom"))
		return strdup(k->flavor);
	return asprintf(&name, "custom-%.8s", k->sha256) < 0 ? NULL : name;
}

static const struct fleet_input *find_input(const struct fleet *f, const char *path)
{
	size_t i;

	for (i = 0; i < f->inputs; i++)
		if (!strcmp(f->input[i].path, path))
			return &f->input[i];
	return NULL;
}

static int add_kernel(struct fleet *f, const struct kernel *k, const char *name, bool dry,
		      struct rig_error *e)
{
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "build/kernels/%s/bzImage", name);
	if (find_input(f, path))
		return 0;
	r = add_input_file(f, path, name, k->path, false, dry, e);
	snprintf(path, sizeof(path), "build/kernels/%s/.config", name);
	if (!r && k->config)
		r = add_input_file(f, path, name, k->config, false, dry, e);
	return r;
}

static const char *input_hash(const struct fleet *f, const char *path)
{
	const struct fleet_input *in = find_input(f, path);

	return in ? in->sha256 : "";
}

static int add_inputs(struct fleet *f, struct run *run, struct cell_spec *s, bool dry,
		      struct rig_error *e)
{
	const struct kernel *k;
	char *name;
	int r;

	r = run_kernel(run, s, &k, e);
	if (r)
		return r;
	name = kernel_name(k);
	if (!name)
		return rig_fail(e, -ENOMEM, "out of memory");
	r = add_kernel(f, k, name, dry, e);
	free(s->kernel);
	s->kernel = name;
	if (!r && s->root && !find_input(f, "build/image/root.erofs"))
		r = run_image(run, e) ?: add_input_file(f, "build/image/root.erofs", NULL,
							run->image, true, dry, e);
	if (!r && !find_input(f, "initrd.cpio"))
		r = run_initrd(run, e) ?: add_input(f, "initrd.cpio", NULL, run->initrd_fd, NULL,
						    dry, e);
	if (!r && !find_input(f, "build/host/rig/probe-init"))
		r = add_input_file(f, "build/host/rig/probe-init", NULL, f->paths->probe, false,
				   dry, e);
	return r;
}

static int make_id(struct fleet *f, struct fleet_cell *c, struct rig_error *e)
{
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "build/kernels/%s/bzImage", c->spec->kernel);
	r = cell_spec_id(c->spec, input_hash(f, path), input_hash(f, "build/image/root.erofs"),
			 input_hash(f, "initrd.cpio"), NULL, c->id);
	return r ? rig_fail(e, r, "out of memory") : 0;
}

static int by_id(const void *a, const void *b)
{
	const struct fleet_cell *x = *(struct fleet_cell *const *)a, *y = *(struct fleet_cell *const *)b;
	int r = strcmp(x->id, y->id);

	return r ?: x->index < y->index ? -1 : 1;
}

/* The same thing twice would be one result under two names: the first name stays. */
static int drop_twins(struct fleet *f, struct rig_error *e)
{
	struct fleet_cell **sorted = calloc(f->cells, sizeof(*sorted));
	size_t i, n;

	if (!sorted)
		return rig_fail(e, -ENOMEM, "out of memory");
	for (i = 0; i < f->cells; i++)
		sorted[i] = &f->cell[i];
	qsort(sorted, f->cells, sizeof(*sorted), by_id);
	for (i = 1; i < f->cells; i++)
		if (!strcmp(sorted[i]->id, sorted[i - 1]->id)) {
			fprintf(stderr, "rig: fleet: %s is the same as %s: run once\n",
				sorted[i]->spec->name, sorted[i - 1]->spec->name);
			sorted[i]->state = FLEET_DONE;
		}
	free(sorted);
	for (i = n = 0; i < f->cells; i++)
		if (f->cell[i].state != FLEET_DONE) {
			f->cell[n] = f->cell[i];
			f->cell[n].index = n;
			n++;
		}
	f->cells = n;
	return 0;
}

static int make_dir(struct fleet *f, const char *out, struct rig_error *e)
{
	char stamp[32], real[PATH_MAX];
	const char *results = f->paths->results;
	time_t now = time(NULL);
	struct tm tm;
	char *dir;
	int i, r;

	if (out) {
		r = path_mkdirs(out);
		if (r || !realpath(out, real)) {
			r = r ?: -errno;
			return rig_fail(e, r, "cannot make %s: %s", out, strerror(-r));
		}
		f->dir = strdup(real);
		if (f->dir && asprintf(&dir, "%s/setup.json", f->dir) >= 0) {
			r = access(dir, F_OK);
			free(dir);
			if (!r)
				return rig_fail(e, -EEXIST, "%s holds a fleet: resume it, or take another directory",
						out);
			return 0;
		}
		return rig_fail(e, -ENOMEM, "out of memory");
	}
	r = path_mkdirs(results);
	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	for (i = 0; !r && i < SAME_SECOND_MAX; i++) {
		free(f->dir);
		if (asprintf(&f->dir, "%s/fleet-%s-%s-%d", results, f->plan->name, stamp, i + 1) < 0) {
			f->dir = NULL;
			return rig_fail(e, -ENOMEM, "out of memory");
		}
		if (!mkdir(f->dir, 0755))
			return 0;
		if (errno != EEXIST)
			r = -errno;
	}
	return rig_fail(e, r ?: -EEXIST, "cannot make %s: %s", f->dir ?: results, strerror(-r));
}

/* A host has the inputs of the fleet, and no directory of ours. */
static int refuse_shares(struct cell_spec *const *cells, size_t n, struct rig_error *e)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (cells[i]->share)
			return rig_fail(e, -EINVAL,
					"cell %s: share = %s: the hosts of a fleet do not have that directory (use rig run)",
					cells[i]->name, cells[i]->share);
	return 0;
}

int fleet_new(const struct paths *paths, struct plan *plan, struct cell_spec *const *cells,
	      size_t n, const struct fleet_options_run *o, bool dry, struct fleet **ret,
	      struct rig_error *e)
{
	struct fleet *f = calloc(1, sizeof(*f));
	struct run *run = calloc(1, sizeof(*run));
	uint64_t unique;
	size_t i;
	int r;

	if (!f || !run) {
		free(f);
		free(run);
		plan_free(plan);
		return rig_fail(e, -ENOMEM, "out of memory");
	}
	f->paths = paths;
	f->plan = plan;
	f->lock_fd = -1;
	f->engine = o->engine;
	f->accel = o->accel;
	f->jobs = o->jobs;
	f->started = fleet_now();
	run->paths = paths;
	run->initrd_fd = -1;
	run->kernel_override = o->kernel;
	if (getrandom(&unique, sizeof(unique), 0) != sizeof(unique))
		unique = f->started;
	unique &= 0xffffffffffff;
	snprintf(f->name, sizeof(f->name), "rig-%012" PRIx64, unique);
	f->plan_file = realpath(plan->path, NULL);
	f->qemu = o->qemu ? strdup(o->qemu) : NULL;
	f->cell = calloc(n, sizeof(*f->cell));
	r = !f->plan_file || (o->qemu && !f->qemu) || !f->cell ?
		    rig_fail(e, -ENOMEM, "out of memory") :
		    refuse_shares(cells, n, e);
	if (!r) {
		r = sha256_file_hex(plan->path, f->plan_sha256);
		if (r)
			rig_fail(e, r, "cannot read %s: %s", plan->path, strerror(-r));
	}
	if (!r && !dry) {
		r = make_dir(f, o->out, e);
		if (!r) {
			f->root = path_join(f->dir, "root");
			r = f->root ? 0 : rig_fail(e, -ENOMEM, "out of memory");
		}
	}
	run->out = strdup(dry ? "/tmp" : f->dir ?: "");
	for (i = 0; i < n && !r; i++) {
		struct fleet_cell *c = &f->cell[f->cells];

		c->spec = cells[i];
		c->index = f->cells++;
		r = add_inputs(f, run, c->spec, dry, e) ?: make_id(f, c, e);
	}
	r = r ?: drop_twins(f, e);
	f->verified = !dry;
	run_free(run);
	if (!r && !dry)
		r = fleet_write_static(f, e);
	if (r) {
		fleet_free(f);
		return r;
	}
	*ret = f;
	return 0;
}

int fleet_verify_inputs(struct fleet *f, struct rig_error *e)
{
	char hex[SHA256_HEX_SIZE], *path;
	size_t i;
	int r = 0;

	for (i = 0; i < f->inputs && !r && !f->verified; i++) {
		path = path_join(f->root, f->input[i].path);
		r = path ? sha256_file_hex(path, hex) : -ENOMEM;
		if (r)
			rig_fail(e, r, "cannot read %s: %s", path ?: "", strerror(-r));
		else if (strcmp(hex, f->input[i].sha256))
			r = rig_fail(e, -EBADMSG, "%s has changed since the fleet was made", path);
		free(path);
	}
	return r;
}

void fleet_free(struct fleet *f)
{
	size_t i, k;

	if (!f)
		return;
	if (f->engine_data)
		f->engine->free(f);
	sd_event_source_disable_unref(f->save_timer);
	sd_event_source_disable_unref(f->cancel_watch);
	for (i = 0; i < f->cells; i++) {
		for (k = 0; k < f->cell[i].attempts; k++) {
			free(f->cell[i].attempt[k].host);
			free(f->cell[i].attempt[k].reason);
		}
		free(f->cell[i].attempt);
		free(f->cell[i].reason);
	}
	free(f->cell);
	for (i = 0; i < f->inputs; i++) {
		free(f->input[i].path);
		free(f->input[i].kernel);
	}
	free(f->input);
	if (f->journal)
		fclose(f->journal);
	if (f->lock_fd >= 0)
		close(f->lock_fd);
	plan_free(f->plan);
	free(f->dir);
	free(f->root);
	free(f->plan_file);
	free(f->qemu);
	sd_event_unref(f->event);
	free(f);
}

char *fleet_attempt_dir(const struct fleet *f, const struct fleet_cell *c, unsigned int n)
{
	char *path;

	return asprintf(&path, "%s/cells/%s/attempt-%u", f->dir, c->id, n) < 0 ? NULL : path;
}

char *fleet_cell_ini(const struct fleet *f, const struct fleet_cell *c)
{
	char *text = NULL;
	size_t size;
	FILE *m = open_memstream(&text, &size);
	int r;

	if (!m)
		return NULL;
	r = plan_write_cell(m, f->plan, c->spec);
	if (fclose(m) || r) {
		free(text);
		return NULL;
	}
	return text;
}

static int write_text(const char *dir, const char *name, mode_t mode, const char *text,
		      struct rig_error *e)
{
	char *path = path_join(dir, name);
	FILE *o;
	int r = 0;

	if (!path)
		return rig_fail(e, -ENOMEM, "out of memory");
	/* What rig run has put there is replaced, not written through. */
	unlink(path);
	o = fopen(path, "wxe");
	if (!o || fputs(text, o) < 0 || fchmod(fileno(o), mode))
		r = -errno;
	if (o && fclose(o) && !r)
		r = -errno;
	if (r)
		rig_fail(e, r, "cannot write %s: %s", path, strerror(-r));
	free(path);
	return r;
}

int fleet_write_reproduce(const struct fleet *f, const struct fleet_cell *c, const char *dir,
			  const char *accel)
{
	char *ini = fleet_cell_ini(f, c), *script, *image = NULL, path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "build/kernels/%s/bzImage", c->spec->kernel);
	if (c->spec->root)
		image = strdup(" --image \"$fleet/root/build/image/root.erofs\"");
	else
		image = strdup("");
	if (!ini || !image ||
	    asprintf(&script,
		     "#!/bin/sh\n"
		     "# Runs cell %s again with the same kernel, image and initrd, seed and parameters. Options are passed on to rig run.\n"
		     "set -eu\n"
		     "here=$(cd \"$(dirname \"$0\")\" && pwd)\n"
		     "fleet=$(cd \"$here/../../..\" && pwd)\n"
		     "export RIG_ROOT=\"${RIG_ROOT:-%s}\"\n"
		     "kernel=${KERNEL:-$fleet/root/%s}\n"
		     "echo \"%s  $kernel\" | sha256sum --check --quiet || echo \"reproduce.sh: the kernel is not the one of that run\" >&2\n"
		     "exec \"${RIG:-$RIG_ROOT/build/host/rig/rig}\" run \"$here/cell.ini\" --kernel \"$kernel\"%s --initrd \"$fleet/root/initrd.cpio\" --accel %s \"$@\"\n",
		     c->spec->name, f->paths->root, path, input_hash(f, path), image, accel) < 0) {
		free(ini);
		free(image);
		return -ENOMEM;
	}
	r = write_text(dir, "cell.ini", 0644, ini, NULL) ?:
		    write_text(dir, "reproduce.sh", 0755, script, NULL);
	free(ini);
	free(image);
	free(script);
	return r;
}
