// SPDX-License-Identifier: GPL-2.0-only
/* The steps of a plan: to print them, to do them, to undo them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

#include "off.h"
#include "plan.h"
#include "read.h"
#include "swapadm.h"
#include "tier.h"

/* The path of a device for a system call. 0 or negative errno. */
static int call_path(const char *device, char *path, size_t size)
{
	return sysroot_path(&root, device, path, size);
}

int plan_print(const struct plan *plan)
{
	int status = EX_OK;

	for (size_t i = 0; i < plan->n && !status; i++) {
		const struct step *step = &plan->v[i];
		char path[2 * PATH_MAX];

		if (step->kind == STEP_WRITE) {
			status = print_write(step->path, step->wanted);
			continue;
		}
		if (call_path(step->path, path, sizeof(path))) {
			message("%s: %s", step->path, reason(-ENAMETOOLONG));
			return EX_FAILED;
		}
		if (step->kind == STEP_ON)
			print_swapon(path, step->flags);
		else
			print_swapoff(path);
	}
	return status;
}

/* Whether each file that is there can be written. Exit status, after a message. */
static int look_ahead(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *step = &plan->v[i];
		int fd;

		if (step->kind != STEP_WRITE || step->later)
			continue;
		fd = sysroot_openfile(&root, step->path, O_WRONLY);
		if (fd < 0) {
			message("%s:%u: %s: cannot write %s: %s; nothing was changed", step->from->file,
				step->from->line, step->what, root.failed, reason(fd));
			return refused(fd);
		}
		close(fd);
	}
	return EX_OK;
}

static int switch_device(bool on, const struct step *step)
{
	char path[2 * PATH_MAX];
	int err = call_path(step->path, path, sizeof(path));

	if (err)
		return err;
	if (on)
		return swapon(path, step->flags) ? -errno : 0;
	return off_call(path);
}

static int do_step(const struct step *step)
{
	if (step->kind == STEP_WRITE)
		return sysroot_write(&root, step->path, step->wanted);
	return switch_device(step->kind == STEP_ON, step);
}

static int undo_step(const struct step *step)
{
	if (step->kind == STEP_WRITE)
		return sysroot_write(&root, step->path, step->now);
	return switch_device(step->kind == STEP_OFF, step);
}

static const char *shown(const struct step *step)
{
	return step->shown ? step->shown : step->now;
}

/* Undo the first @n steps, the last one first. Whether all of them could be. */
static bool undo(const struct plan *plan, size_t n)
{
	bool all = true;

	while (n--) {
		const struct step *step = &plan->v[n];
		int err;

		/* It goes with the step before it that made its file, or its tier. */
		if (step->kind == STEP_WRITE && !step->now)
			continue;
		err = undo_step(step);
		if (err) {
			message("%s: cannot be undone: %s; it stays %s", step->what, reason(err),
				step->wanted);
			all = false;
			continue;
		}
		message("%s: is %s again", step->what,
			step->kind == STEP_WRITE && !strcmp(step->path, TIERS_FILE) ?
			"as before" : shown(step));
		if (step->forgets) {
			message("%s: a tier that has moved back has lost its watermarks and its limits in cgroups: %s",
				step->what, step->now);
			all = false;
		}
	}
	return all;
}

static void explain(const struct step *step, int err)
{
	const char *hint = strcmp(step->path, TIERS_FILE) ? "" : tiers_hint(err);

	if (step->kind == STEP_WRITE)
		message("%s:%u: %s: cannot write %s to %s: %s%s", step->from->file, step->from->line,
			step->what, step->wanted, root.failed, reason(err), hint);
	else
		message("%s:%u: %s: cannot swap %s: %s", step->from->file, step->from->line, step->what,
			step->kind == STEP_ON ? "on" : "off", reason(err));
}

int plan_run(const struct plan *plan)
{
	int status = look_ahead(plan), err;

	if (status)
		return status;
	off_catch_signals();
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *step = &plan->v[i];

		err = off_interrupted() ? -EINTR : do_step(step);
		if (!err) {
			printf("%s: %s -> %s\n", step->what, shown(step), step->wanted);
			fflush(stdout);
			continue;
		}
		explain(step, err);
		/* A second signal shall not keep devices from being switched off again. */
		off_forget_signals();
		if (!undo(plan, i))
			return EX_PARTLY;
		message("nothing was changed");
		return refused(err);
	}
	return EX_OK;
}
