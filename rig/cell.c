// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cell.h"
#include "initrd.h"
#include "linebuf.h"

#define SEC			1000000ull
#define CONSOLE_LOG_MAX		(64u << 20)
#define GRACE_VERDICT_SEC	20	/* from @verdict to the end of the VM */
#define GRACE_PANIC_SEC \
	15 /* from an oops or panic to the end of the VM: the whole report shall come out */
#define GRACE_QUIT_SEC		3	/* from QMP quit to SIGKILL */
#define DUMP_AGENT_SEC		3	/* for the agent to answer a SysRq request */
#define DUMP_MAX_STEPS		20	/* seconds for a dump, all in all */

static void begin_dump(struct cell *cell, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void quit(struct cell *cell);

/* The time of the loop stands still while it dispatches; a start takes long enough to matter. */
static uint64_t now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SEC + ts.tv_nsec / 1000;
}

static int set_timer(struct cell *cell, sd_event_source **source, uint64_t sec,
		     sd_event_time_handler_t fn)
{
	*source = sd_event_source_disable_unref(*source);
	return sd_event_add_time(cell->run->event, source, CLOCK_MONOTONIC, now_usec() + sec * SEC,
				 0, fn, cell);
}

static void stop_timers(struct cell *cell)
{
	cell->deadline = sd_event_source_disable_unref(cell->deadline);
	cell->beat = sd_event_source_disable_unref(cell->beat);
	cell->step = sd_event_source_disable_unref(cell->step);
}

int cell_new(struct run *run, const struct cell_spec *spec, size_t index, cell_done_fn done,
	     void *userdata, struct cell **ret)
{
	struct cell *cell = calloc(1, sizeof(*cell));

	if (!cell)
		return -ENOMEM;
	cell->run = run;
	cell->spec = spec;
	cell->index = index;
	cell->done = done;
	cell->userdata = userdata;
	/* Until something better is known. */
	cell->verdict = VERDICT_FAIL;
	snprintf(cell->reason, sizeof(cell->reason), "not finished");
	*ret = cell;
	return 0;
}

void cell_release(struct cell *cell)
{
	console_free(cell->console);
	channel_free(cell->channel);
	cell->console = NULL;
	cell->channel = NULL;
	if (cell->console_log)
		fclose(cell->console_log);
	if (cell->channel_log)
		fclose(cell->channel_log);
	cell->console_log = cell->channel_log = NULL;
}

void cell_free(struct cell *cell)
{
	if (!cell)
		return;
	stop_timers(cell);
	sd_event_source_disable_unref(cell->defer);
	vm_free(cell->vm);
	cell_release(cell);
	free(cell->dir);
	free(cell);
}

double cell_seconds(const struct cell *cell)
{
	if (!cell->began)
		return 0;
	return ((cell->ended ?: now_usec()) - cell->began) / 1e6;
}

static void judge(struct cell *cell)
{
	struct verdict_facts f = {
		.timed_out = cell->timed_out,
		.timeout_reason = cell->timeout_reason,
		.end = cell->end,
	};
	static const struct tap_totals none;

	f.tap = &none;
	if (cell->console) {
		console_end(cell->console);
		if (console_crashes(cell->console))
			f.crash = console_crash(cell->console, 0)->title;
		f.fail_on = console_forbidden(cell->console);
	}
	if (cell->channel) {
		channel_end(cell->channel);
		f.guest_spoke = channel_verdict(cell->channel, &f.guest, &f.guest_reason);
		f.tap = tap_totals(channel_tap(cell->channel));
		f.tap_error = tap_first_error(channel_tap(cell->channel));
		f.channel_overflow = channel_overflow(cell->channel);
		f.taint = channel_taint(cell->channel) & ~cell->spec->allow_taint;
	}
	cell->verdict = verdict_decide(&f, cell->reason, sizeof(cell->reason));
	/* Titles and reasons are cut to size: not in the middle of a character. */
	text_clean(cell->reason, strlen(cell->reason));
	cell->ok = cell->verdict == cell->spec->expect;
}

static void finish(struct cell *cell)
{
	stop_timers(cell);
	cell->ended = now_usec();
	judge(cell);
	cell->state = CELL_DONE;
	cell->done(cell, cell->userdata);
}

static int on_defer(sd_event_source *source, void *userdata)
{
	struct cell *cell = userdata;

	(void)source;
	cell->defer = sd_event_source_disable_unref(cell->defer);
	finish(cell);
	return 0;
}

/* The host could not run the cell. */
static void give_up(struct cell *cell, const char *why)
{
	snprintf(cell->end, sizeof(cell->end), "%s", why);
	vm_free(cell->vm);
	cell->vm = NULL;
	if (sd_event_add_defer(cell->run->event, &cell->defer, on_defer, cell) < 0)
		finish(cell);
}

/* The first line that QEMU itself has said, as after a bad option; "" without one. */
static void qemu_complaint(const struct cell *cell, char *buf, size_t size)
{
	char *path = path_join(cell->dir, "qemu.log");
	FILE *f = path ? fopen(path, "re") : NULL;

	buf[0] = '\0';
	free(path);
	if (!f)
		return;
	if (!fgets(buf, size, f))
		buf[0] = '\0';
	fclose(f);
	buf[strcspn(buf, "\n")] = '\0';
	text_clean(buf, strlen(buf));
}

static void on_exited(const char *how, void *userdata)
{
	struct cell *cell = userdata;
	const char *last = cell->console ? console_last(cell->console) : "";
	char said[100];

	if (!cell->end[0]) {
		if (last[0]) {
			snprintf(cell->end, sizeof(cell->end), "%s; last on the console: %.100s",
				 how, last);
		} else {
			qemu_complaint(cell, said, sizeof(said));
			snprintf(cell->end, sizeof(cell->end), "%s; nothing on the console%s%s",
				 how, said[0] ? ": " : "", said);
		}
	}
	vm_free(cell->vm);
	cell->vm = NULL;
	finish(cell);
}

static int on_quit_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct cell *cell = userdata;

	(void)source;
	(void)usec;
	vm_kill(cell->vm);
	return 0;
}

static void quit(struct cell *cell)
{
	cell->state = CELL_QUITTING;
	if (vm_quit(cell->vm) || set_timer(cell, &cell->step, GRACE_QUIT_SEC, on_quit_late) < 0)
		vm_kill(cell->vm);
}

static int on_ending_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	quit(userdata);
	return 0;
}

static void begin_ending(struct cell *cell, unsigned int grace)
{
	if (cell->state != CELL_RUNNING)
		return;
	cell->state = CELL_ENDING;
	cell->beat = sd_event_source_disable_unref(cell->beat);
	if (set_timer(cell, &cell->step, grace, on_ending_late) < 0)
		quit(cell);
}

/*
 * Once a second while a dump comes out: first the agent is asked, then the serial line, and it ends
 * when nothing more comes.
 */
static int on_dump_step(sd_event_source *source, uint64_t usec, void *userdata)
{
	static const char by_break[] = "wlmt";
	struct cell *cell = userdata;
	uint64_t bytes = console_bytes(cell->console);
	bool quiet = bytes == cell->dump_bytes;
	unsigned int since;

	(void)source;
	(void)usec;
	cell->dump_bytes = bytes;
	cell->dump_step++;
	if (cell->dump_step == DUMP_AGENT_SEC && !console_dump(cell->console)[0])
		cell->dump_by_break = true;
	if (cell->dump_by_break) {
		since = cell->dump_step - DUMP_AGENT_SEC;
		if (since < sizeof(by_break) - 1) {
			vm_sysrq(cell->vm, by_break[since]);
			quiet = false;
		}
		quiet = quiet && since > sizeof(by_break);
	} else {
		quiet = quiet && cell->dump_step > DUMP_AGENT_SEC;
	}
	if (quiet || cell->dump_step >= DUMP_MAX_STEPS ||
	    set_timer(cell, &cell->step, 1, on_dump_step) < 0)
		quit(cell);
	return 0;
}

static void begin_dump(struct cell *cell, const char *fmt, ...)
{
	static const char * const ask[] = { "sysrq w", "sysrq l", "sysrq m", "sysrq t" };
	va_list ap;
	size_t i;

	if (cell->state != CELL_RUNNING && cell->state != CELL_ENDING)
		return;
	stop_timers(cell);
	cell->timed_out = true;
	va_start(ap, fmt);
	vsnprintf(cell->timeout_reason, sizeof(cell->timeout_reason), fmt, ap);
	va_end(ap);
	cell->state = CELL_DUMPING;
	console_begin_dump(cell->console);
	/* A guest that does not read loses them; then the serial line is tried. */
	for (i = 0; i < sizeof(ask) / sizeof(ask[0]); i++)
		vm_say(cell->vm, ask[i]);
	cell->dump_bytes = console_bytes(cell->console);
	if (set_timer(cell, &cell->step, 1, on_dump_step) < 0)
		quit(cell);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct cell *cell = userdata;

	(void)source;
	(void)usec;
	/* It has said its verdict and is ending: that has a limit of its own. */
	if (cell->state == CELL_RUNNING)
		begin_dump(cell, "deadline of %u s", cell->spec->deadline);
	return 0;
}

static int on_beat_check(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct cell *cell = userdata;
	bool booted = channel_beats(cell->channel);
	unsigned int limit = booted ? cell->spec->heartbeat : cell->spec->boot;
	uint64_t due = cell->last_beat + limit * SEC;

	(void)usec;
	if (cell->state != CELL_RUNNING)
		return 0;
	if (now_usec() < due) {
		sd_event_source_set_time(source, due);
		sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	} else if (booted) {
		begin_dump(cell, "no heartbeat for %u s", limit);
	} else {
		begin_dump(cell, "no heartbeat within %u s of the start", limit);
	}
	return 0;
}

static void on_console(const void *data, size_t len, void *userdata)
{
	struct cell *cell = userdata;

	if (!len)
		return;
	console_feed(cell->console, data, len);
	if (console_panicked(cell->console))
		begin_ending(cell, GRACE_PANIC_SEC);
}

static void on_channel_data(const void *data, size_t len, void *userdata)
{
	struct cell *cell = userdata;

	if (len)
		channel_feed(cell->channel, data, len);
}

static void on_channel_event(bool verdict, void *userdata)
{
	struct cell *cell = userdata;
	bool first = !verdict && channel_beats(cell->channel) == 1;

	cell->last_beat = now_usec();
	/* From the first beat on the shorter limit holds. */
	if (first && cell->state == CELL_RUNNING)
		set_timer(cell, &cell->beat, cell->spec->heartbeat, on_beat_check);
	if (verdict)
		begin_ending(cell, GRACE_VERDICT_SEC);
}

/*
 * A file that is gone when its last descriptor is closed; with --keep one of that name in the
 * cell's directory.
 */
static int scratch_file(struct cell *cell, const char *name, struct rig_error *e)
{
	char *path;
	int fd;

	if (!cell->run->keep) {
		fd = open(cell->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (fd >= 0)
			return fd;
		if (errno != EOPNOTSUPP && errno != EISDIR)
			return rig_fail(e, -errno, "cannot make a scratch file in %s: %s",
					cell->dir, strerror(errno));
	}
	path = path_join(cell->dir, name);
	if (!path)
		return rig_fail(e, -ENOMEM, "out of memory");
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		fd = rig_fail(e, -errno, "cannot make %s: %s", path, strerror(errno));
	else if (!cell->run->keep)
		unlink(path);
	free(path);
	return fd;
}

static char *job_text(const struct cell *cell)
{
	const struct cell_spec *s = cell->spec;
	char *text = NULL;
	size_t size;
	unsigned int i;
	FILE *f;

	f = open_memstream(&text, &size);
	if (!f)
		return NULL;
	fprintf(f, "cell = %s\nscenario = %s\n", s->name, s->scenario);
	if (s->args)
		fprintf(f, "args = %s\n", s->args);
	fprintf(f, "mode = %s\nroot = %s\nseed = %" PRIu64 "\ndeadline = %u\n",
		s->mode == CELL_SYSTEMD ? "systemd" : "pid1", s->root ? "yes" : "no", s->seed,
		s->deadline);
	fprintf(f, "kernel = %s\naccel = %s\nicount = %s\nmemory = %u\ncpus = %u\n",
		cell->kernel->flavor, cell->kvm ? "kvm" : "tcg", s->icount ? "yes" : "no",
		s->memory, s->cpus);
	if (s->share)
		fputs("share = yes\n", f);
	fprintf(f, "[params]\n");
	for (i = 0; i < s->params; i++)
		fprintf(f, "%s = %s\n", s->param[i].name, s->param[i].value);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

/* What all cells of the run have in common comes first; FD's offset is at its end then. */
static int copy_base(struct cell *cell, int fd)
{
	loff_t from = 0;
	ssize_t n;

	do
		n = copy_file_range(cell->run->initrd_fd, &from, fd, NULL, 1u << 30, 0);
	while (n > 0);
	if (n < 0 && !from && (errno == EXDEV || errno == EOPNOTSUPP || errno == EINVAL)) {
		off_t at = 0;

		do
			n = sendfile(fd, cell->run->initrd_fd, &at, 1u << 30);
		while (n > 0);
	}
	return n < 0 ? -errno : 0;
}

static int make_initrd(struct cell *cell, struct rig_error *e)
{
	char *job;
	int fd, r;
	FILE *f;

	r = run_initrd(cell->run, e);
	if (r)
		return r;
	job = job_text(cell);
	if (!job)
		return rig_fail(e, -ENOMEM, "out of memory");
	fd = scratch_file(cell, "initrd.cpio", e);
	if (fd < 0) {
		free(job);
		return fd;
	}
	r = copy_base(cell, fd);
	f = r ? NULL : fdopen(dup(fd), "w");
	if (!f) {
		r = rig_fail(e, r ?: -errno, "cannot write the initrd: %s",
			     strerror(r ? -r : errno));
	} else {
		r = initrd_write_job(f, job, e);
		if (fclose(f) && !r)
			r = rig_fail(e, -errno, "cannot write the initrd: %s", strerror(errno));
	}
	free(job);
	r = r ?: sha256_fd_hex(fd, cell->initrd_sha256);
	if (r) {
		close(fd);
		return r;
	}
	return fd;
}

static int make_cmdline(const struct cell *cell, char *buf, size_t size, struct rig_error *e)
{
	const struct cell_spec *s = cell->spec;
	char clock[96];
	int n, r;

	r = accel_clock_words(cell->kvm, s->icount, clock, sizeof(clock));
	if (r)
		return rig_fail(e, r, "cannot make the kernel's command line");
	/*
	 * rootfstype=ramfs: an initramfs on tmpfs could be swapped out, and would be part of what
	 * is measured. panic=-1 with reboot=t: a panic ends QEMU at once. no_timer_check: the kernel
	 * panics when it does not see four ticks in the time of ten, which on a busy host says nothing
	 * of its timer; guests of KVM leave the check out by themselves.
	 */
	n = snprintf(
		buf, size,
		"console=ttyS0 rootfstype=ramfs rdinit=/init reboot=t panic=-1 oops=panic sysrq_always_enabled "
		"no_timer_check ignore_loglevel%s%s%s%s%s",
		clock[0] ? " " : "", clock, s->mode == CELL_SYSTEMD ? " systemd.show_status=0" : "",
		s->append ? " " : "", s->append ?: "");
	/* The kernel's own limit is 2048, and QEMU appends the devices. */
	if (n >= (int)size || n > 1536)
		return rig_fail(e, -E2BIG, "kernel command line too long");
	return 0;
}

/* reproduce.sh and the plan it runs: the same cell again, with today's seed. */
static int write_reproduce(struct cell *cell, struct rig_error *e)
{
	FILE *f;
	int r;

	f = run_create(cell->dir, "cell.ini");
	if (!f)
		return rig_fail(e, -errno, "cannot write %s/cell.ini: %s", cell->dir,
				strerror(errno));
	r = plan_write_cell(f, cell->run->plan, cell->spec);
	if (fclose(f) || r)
		return rig_fail(e, -EIO, "cannot write %s/cell.ini", cell->dir);
	f = run_create(cell->dir, "reproduce.sh");
	if (!f)
		return rig_fail(e, -errno, "cannot write %s/reproduce.sh: %s", cell->dir,
				strerror(errno));
	fprintf(f,
		"#!/bin/sh\n"
		"# Runs cell %s again as it was run on %s: same kernel file, seed and parameters. Options are passed on to rig run.\n"
		"set -eu\n"
		"here=$(cd \"$(dirname \"$0\")\" && pwd)\n"
		"root=${RIG_ROOT:-%s}\n"
		"kernel=${KERNEL:-%s}\n"
		"echo \"%s  $kernel\" | sha256sum --check --quiet || echo \"reproduce.sh: the kernel is not the one of that run\" >&2\n"
		"exec \"${RIG:-$root/build/host/rig/rig}\" run \"$here/cell.ini\" --kernel \"$kernel\" --accel %s \"$@\"\n",
		cell->spec->name, cell->started, cell->run->paths->root, cell->kernel->path,
		cell->kernel->sha256, cell->kvm ? "kvm" : "tcg");
	fchmod(fileno(f), 0755);
	if (fclose(f))
		return rig_fail(e, -EIO, "cannot write %s/reproduce.sh", cell->dir);
	return 0;
}

static int write_command(struct cell *cell, struct rig_error *e)
{
	FILE *f = run_create(cell->dir, "qemu.cmd");
	unsigned int i;
	int r;

	if (!f)
		return rig_fail(e, -errno, "cannot write %s/qemu.cmd: %s", cell->dir,
				strerror(errno));
	fprintf(f,
		"# Descriptors that rig handed over: %d console, %d channel and %d QMP are connected sockets; %d is initrd.cpio",
		VM_FD_CONSOLE, VM_FD_CHANNEL, VM_FD_QMP, VM_FD_INITRD);
	for (i = 0; i < cell->spec->disks; i++)
		fprintf(f, ", %u is the file of disk %s", VM_FD_DISK + i, cell->spec->disk[i].name);
	if (cell->share)
		fprintf(f, ", %u is an image of %s", VM_FD_DISK + i++, cell->share->dir);
	if (cell->ports)
		fprintf(f, ", %u and up are the sockets of the shell", VM_FD_DISK + i);
	fprintf(f, ".\n");
	r = vm_write_command(cell->vm, f);
	if (fclose(f) || r)
		return rig_fail(e, -EIO, "cannot write %s/qemu.cmd", cell->dir);
	return 0;
}

static int open_logs(struct cell *cell, struct rig_error *e)
{
	cell->console_log = run_create(cell->dir, "console.log");
	cell->channel_log = run_create(cell->dir, "channel.log");
	if (!cell->console_log || !cell->channel_log)
		return rig_fail(e, -errno, "cannot write logs in %s: %s", cell->dir,
				strerror(errno));
	/* A run that is watched, or killed, shows its last line. */
	setvbuf(cell->channel_log, NULL, _IOLBF, 0);
	setvbuf(cell->console_log, NULL, _IOLBF, 0);
	cell->console = console_new(cell->console_log, CONSOLE_LOG_MAX, cell->spec->fail_on);
	cell->channel = channel_new(cell->channel_log, on_channel_event, cell);
	if (!cell->console || !cell->channel)
		return rig_fail(e, -ENOMEM, "out of memory");
	return 0;
}

static int start(struct cell *cell, struct rig_error *e)
{
	static const struct vm_ops ops = { .console = on_console,
					   .channel = on_channel_data,
					   .exited = on_exited };
	const struct cell_spec *s = cell->spec;
	char cmdline[2048], *qemu_log = NULL;
	struct vm_config c = {
		.name = s->name,
		.qemu = cell->run->qemu,
		.kvm = cell->kvm,
		.icount = s->icount,
		.memory = s->memory,
		.cpus = s->cpus,
		.cmdline = cmdline,
		.initrd_fd = -1,
		.disk = s->disk,
		.share_fd = -1,
		.ports = cell->ports,
		.log_fd = -1,
	};
	int r;

	cell->dir = cell->run->flat ? strdup(cell->run->out) : path_join(cell->run->out, s->name);
	if (!cell->dir)
		return rig_fail(e, -ENOMEM, "out of memory");
	r = path_mkdirs(cell->dir);
	if (r)
		return rig_fail(e, r, "cannot make %s: %s", cell->dir, strerror(-r));
	r = open_logs(cell, e) ?: run_kernel(cell->run, s, &cell->kernel, e);
	if (!r && s->root)
		r = run_image(cell->run, e);
	if (!r && s->share)
		r = run_share(cell->run, s->share, &cell->share, e);
	r = r ?: make_cmdline(cell, cmdline, sizeof(cmdline), e);
	if (r)
		return r;
	memcpy(c.port, cell->port, sizeof(c.port));
	if (cell->share)
		c.share_fd = cell->share->fd;
	c.kernel = cell->kernel->path;
	c.root_image = s->root ? cell->run->image : NULL;

	qemu_log = path_join(cell->dir, "qemu.log");
	c.log_fd = qemu_log ? open(qemu_log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
				   0644) :
			      -1;
	free(qemu_log);
	c.initrd_fd = r = make_initrd(cell, e);
	for (; r >= 0 && c.disks < s->disks; c.disks++) {
		char name[sizeof(s->disk[0].name) + 8];

		snprintf(name, sizeof(name), "%s.disk", s->disk[c.disks].name);
		r = scratch_file(cell, name, e);
		if (r < 0)
			break;
		c.disk_fd[c.disks] = r;
		if (ftruncate(r, s->disk[c.disks].size))
			r = rig_fail(e, -errno, "cannot make disk %s: %s", s->disk[c.disks].name,
				     strerror(errno));
	}
	if (r >= 0)
		r = vm_new(cell->run->event, &c, &ops, cell, &cell->vm, e);
	if (r >= 0)
		r = cell_spec_id(s, cell->kernel->sha256, cell->run->image_sha256,
				 cell->run->initrd_sha256, cell->share ? cell->share->sha256 : NULL,
				 cell->id);
	if (!r) {
		r = write_reproduce(cell, e) ?: write_command(cell, e) ?: vm_start(cell->vm, e);
	}
	/* QEMU has its own by now. */
	while (c.disks)
		close(c.disk_fd[--c.disks]);
	if (c.initrd_fd >= 0)
		close(c.initrd_fd);
	if (c.log_fd >= 0)
		close(c.log_fd);
	if (r < 0)
		return r;

	cell->began = now_usec();
	cell->last_beat = cell->began;
	r = set_timer(cell, &cell->deadline, s->deadline, on_deadline);
	if (r >= 0)
		r = set_timer(cell, &cell->beat, s->boot, on_beat_check);
	return r < 0 ? rig_fail(e, r, "cannot set a timer: %s", strerror(-r)) : 0;
}

void cell_start(struct cell *cell)
{
	struct rig_error e = { "" };

	cell->kvm = cell->run->accel.kvm && !cell->spec->icount;
	cell->state = CELL_RUNNING;
	time_text(cell->started);
	cell->began = now_usec();
	if (start(cell, &e))
		give_up(cell, e.text);
}

void cell_cancel(struct cell *cell, const char *why)
{
	if (cell->state == CELL_DONE || cell->defer)
		return;
	snprintf(cell->end, sizeof(cell->end), "%s", why);
	if (cell->vm)
		vm_kill(cell->vm);
	else
		give_up(cell, why);
}
