// SPDX-License-Identifier: GPL-2.0-only
/* swapadm compact: make whole clusters of the free slots that are scattered on a device. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read.h"
#include "size.h"
#include "swapadm.h"
#include "watch.h"

/* More than any kernel has. */
#define ORDER_MAX	31

/* Key of an option without a letter. */
#define KEY_WAIT	300

/* What compact status shows of a device. */
struct row {
	const char *name;
	struct compact compact;
};

enum {
	CO_NAME, CO_STATE, CO_ORDER, CO_SCORE, CO_SCORES, CO_SCANNED, CO_MOVED, CO_DROPPED, CO_FREED,
	CO_FAIL_DIRECT, CO_FAIL_BUSY, CO_FAIL_NOMEM, CO_FAIL_IO,
};

static const struct column compact_cols[] = {
	{ CO_NAME, "NAME", "name", COL_STRING, true, false, "path of the device or file" },
	{ CO_STATE, "STATE", "state", COL_STRING, true, false, "idle or running" },
	{ CO_ORDER, "ORDER", "order", COL_COUNT, true, false, "order that the run is for" },
	{ CO_SCORE, "SCORE", "score", COL_COUNT, true, false, "score of that order, now" },
	{ CO_SCORES, "SCORES", "scores", COL_COUNTS, true, false,
	  "percent of the free space that each order cannot use" },
	{ CO_SCANNED, "SCANNED", "scanned", COL_COUNT, false, false, "slots looked at" },
	{ CO_MOVED, "MOVED", "moved", COL_COUNT, true, false, "pages moved" },
	{ CO_DROPPED, "DROPPED", "dropped", COL_COUNT, false, false,
	  "slots freed without a move, for their pages are in memory" },
	{ CO_FREED, "FREED", "freed_clusters", COL_COUNT, true, false,
	  "clusters that became free by that" },
	{ CO_FAIL_DIRECT, "FAIL-DIRECT", "failed_direct", COL_COUNT, false, false,
	  "not moved: not below the ghost device" },
	{ CO_FAIL_BUSY, "FAIL-BUSY", "failed_busy", COL_COUNT, false, false, "not moved: in use" },
	{ CO_FAIL_NOMEM, "FAIL-NOMEM", "failed_nomem", COL_COUNT, false, false,
	  "not moved: no memory" },
	{ CO_FAIL_IO, "FAIL-IO", "failed_io", COL_COUNT, false, false,
	  "not moved: could not be read or written" },
};

static const struct num_field compact_nums[] = {
	{ CO_ORDER, offsetof(struct row, compact.order) },
	{ CO_SCORE, offsetof(struct row, compact.score) },
	{ CO_SCANNED, offsetof(struct row, compact.scanned) },
	{ CO_MOVED, offsetof(struct row, compact.moved) },
	{ CO_DROPPED, offsetof(struct row, compact.dropped) },
	{ CO_FREED, offsetof(struct row, compact.freed) },
	{ CO_FAIL_DIRECT, offsetof(struct row, compact.failed_direct) },
	{ CO_FAIL_BUSY, offsetof(struct row, compact.failed_busy) },
	{ CO_FAIL_NOMEM, offsetof(struct row, compact.failed_nomem) },
	{ CO_FAIL_IO, offsetof(struct row, compact.failed_io) },
};

static void compact_get(const void *row, int id, struct value *val)
{
	const struct row *r = row;

	switch (id) {
	case CO_NAME:
		value_str(val, r->name);
		break;
	case CO_STATE:
		value_str(val, r->compact.running ? "running" : "idle");
		break;
	case CO_SCORES:
		value_amounts(val, &r->compact.scores);
		break;
	}
}

static const struct columns compact_columns = {
	.rows = "compactions",
	.col = compact_cols,
	.n = sizeof(compact_cols) / sizeof(compact_cols[0]),
	.nums = compact_nums,
	.n_nums = sizeof(compact_nums) / sizeof(compact_nums[0]),
	.get = compact_get,
};

/* Options of the verbs. */
static struct {
	bool all;
	bool wait;
	bool stopped;		/* by a signal */
	double interval;	/* seconds; 0: not given */
	int order;		/* -1: not given */
} verb_opts = { .order = -1 };

/* Read the devices with their directories. Exit status, after a message. */
static int load_devices(struct swaps *swaps)
{
	int err = read_swaps(&root, swaps);

	if (err == -ENOENT) {
		message("this kernel has no swap: there is no %s", root.failed);
		return EX_UNSUPPORTED;
	}
	if (!err)
		err = read_slots(&root, swaps);
	return err ? cannot_read(err) : EX_OK;
}

/* Find the device @name among @swaps, and its compaction. Exit status, after a message. */
static int find_device(struct swaps *swaps, const char *name, struct swap **swap,
		       struct compact *compact)
{
	int err;

	*compact = (struct compact){ 0 };
	*swap = swaps_find(&root, swaps, name);
	if (!*swap) {
		message("%s: not a swap device that is on", name);
		return EX_FAILED;
	}
	if ((*swap)->ghost) {
		message("%s: the ghost device has no storage to compact", name);
		return EX_UNSUPPORTED;
	}
	err = read_compact(&root, (*swap)->dir, compact);
	if (err)
		return cannot_read(err);
	if (!compact->present) {
		message("%s: this kernel has no compaction of swap devices", name);
		return EX_UNSUPPORTED;
	}
	return EX_OK;
}

static int do_status(int argc, char **argv)
{
	struct layout lay = layout();
	struct swaps swaps = { 0 };
	struct row *rows = NULL;
	struct selection sel;
	struct swap *swap;
	size_t n = 0;
	int status;

	if (argc > 1)
		return usage_error("one device is expected");
	status = choose_columns(&compact_columns, &sel);
	if (!status)
		status = load_devices(&swaps);
	if (!status) {
		rows = calloc(swaps.n + 1, sizeof(*rows));
		status = rows ? EX_OK : out_of_memory();
	}
	if (!status && argc) {
		status = find_device(&swaps, argv[0], &swap, &rows[0].compact);
		rows[0].name = status ? NULL : swap->name;
		n = 1;
	}
	for (size_t i = 0; i < swaps.n && !argc && !status; i++) {
		int err = read_compact(&root, swaps.v[i].dir, &rows[n].compact);

		rows[n].name = swaps.v[i].name;
		n += rows[n].compact.present;
		status = err ? cannot_read(err) : EX_OK;
	}
	if (!status)
		status = print_status(print_rows(&compact_columns, &sel, &lay, command_name(), rows, n,
						 sizeof(*rows)));
	for (size_t i = 0; rows && i <= swaps.n; i++)
		compact_release(&rows[i].compact);
	free(rows);
	swaps_release(&swaps);
	selection_release(&sel);
	return status;
}

/* Write @text to the file that starts and stops. */
static int write_compact(const struct swap *swap, const char *text)
{
	char file[DEVICE_DIR_MAX + sizeof("/compact")];
	int err;

	snprintf(file, sizeof(file), "%s/compact", swap->dir);
	if (opts.dry_run)
		return print_write(file, text);
	err = sysroot_write(&root, file, text);
	if (err)
		message("%s: cannot write %s to %s: %s%s", swap->name, text, root.failed,
			reason(err), err == -EBUSY ? " (is it running already?)" :
			err == -ENODEV ? " (is the ghost device on?)" : "");
	return err ? refused(err) : EX_OK;
}

/* The score of @order, or of the largest one for one that is not known. */
static struct num score_of(const struct compact *compact, struct num order)
{
	const struct amount *found = NULL;
	struct num last = { 0 };

	if (compact->running && (!order.known || order.v == compact->order.v))
		return compact->score;
	for (size_t i = 0; i < compact->scores.n; i++) {
		const struct amount *a = &compact->scores.v[i];
		uint64_t number;

		if (parse_u64(a->name, &number))
			continue;
		if (order.known ? number == order.v : !last.known || number > last.v) {
			last = (struct num){ true, number };
			found = a;
		}
	}
	return found ? (struct num){ true, found->limit.v } : (struct num){ 0 };
}

/* Free space that @score percent say cannot be used, in bytes. */
static uint64_t unusable(const struct swap *swap, struct num score)
{
	uint64_t free = swap->size > swap->used ? swap->size - swap->used : 0;

	return score.known ? free / 100 * score.v : 0;
}

/* What of @now came since @before; 0 while one is not known. */
static uint64_t gain(struct num now, struct num before)
{
	return now.known && before.known && now.v > before.v ? now.v - before.v : 0;
}

static uint64_t failures(const struct compact *now, const struct compact *before)
{
	return gain(now->failed_direct, before->failed_direct) +
		gain(now->failed_busy, before->failed_busy) +
		gain(now->failed_nomem, before->failed_nomem) +
		gain(now->failed_io, before->failed_io);
}

/* Say what the run has done. */
static void show_end(const struct swap *swap, struct num order, const struct compact *before,
		     const struct compact *now)
{
	struct num from = score_of(before, order), to = score_of(now, order);

	printf("%s%s:", terminal_width() ? "\r\033[K" : "", swap->name);
	if (order.known)
		printf(" order %" PRIu64 ":", order.v);
	if (from.known && to.known)
		printf(" score %" PRIu64 " to %" PRIu64 ",", from.v, to.v);
	printf(" %" PRIu64 " pages moved, %" PRIu64 " clusters freed, %" PRIu64 " pages not moved\n",
	       gain(now->moved, before->moved), gain(now->freed, before->freed),
	       failures(now, before));
	fflush(stdout);
}

/* A look at a run that is waited for. Exit status, after a message. */
static int look(const char *name, struct swaps *swaps, struct swap **swap, struct compact *compact)
{
	int status;

	swaps_release(swaps);
	compact_release(compact);
	status = load_devices(swaps);
	return status ? status : find_device(swaps, name, swap, compact);
}

/*
 * Look at the run on the device @name until it ends, or a signal comes: then stop it.
 * @before is how it was.
 */
static int wait_for_end(const char *name, struct num order, const struct compact *before)
{
	bool terminal = terminal_width(), shown = terminal || verb_opts.interval;
	double interval = verb_opts.interval, due;
	struct compact compact = { 0 };
	struct swaps swaps = { 0 };
	sigset_t signals, mask;
	struct progress p = { 0 };
	struct swap *swap;
	int status, sig;

	if (!interval)
		interval = terminal ? WATCH_ON_TERMINAL : WATCH_IN_LINES;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &mask);
	for (;;) {
		status = look(name, &swaps, &swap, &compact);
		if (status)
			break;
		if (!order.known && compact.running)
			order = compact.order;
		if (!p.name)
			progress_begin(&p, name, watch_now(), unusable(swap, score_of(before, order)));
		progress_update(&p, watch_now(), unusable(swap, score_of(&compact, order)));
		if (!compact.running) {
			show_end(swap, order, before, &compact);
			break;
		}
		if (shown)
			watch_show(&p);
		due = watch_now() + interval;
		sig = watch_signal(&signals, due);
		if (sig > 0) {
			write_compact(swap, "stop");
			status = look(name, &swaps, &swap, &compact);
			if (!status)
				show_end(swap, order, before, &compact);
			message("%s: %s: compaction was stopped", name, strsignal(sig));
			verb_opts.stopped = true;
			status = EX_REFUSED;
			break;
		}
	}
	sigprocmask(SIG_SETMASK, &mask, NULL);
	compact_release(&compact);
	swaps_release(&swaps);
	return status;
}

static int run_one(struct swaps *swaps, const char *name)
{
	struct num order = { verb_opts.order >= 0, verb_opts.order };
	struct compact compact;
	struct swap *swap;
	char text[32] = "start";
	int status;

	status = find_device(swaps, name, &swap, &compact);
	if (order.known)
		snprintf(text, sizeof(text), "start %d", verb_opts.order);
	if (!status)
		status = write_compact(swap, text);
	if (!status && verb_opts.wait && !opts.dry_run)
		status = wait_for_end(swap->name, order, &compact);
	compact_release(&compact);
	return status;
}

static int do_run(int argc, char **argv)
{
	unsigned int done = 0, failed = 0;
	struct swaps swaps = { 0 };
	int status, first = EX_OK;

	if (verb_opts.all ? argc : argc != 1)
		return usage_error(verb_opts.all ? "--all takes no device" : "one device is expected");
	status = load_devices(&swaps);
	if (!status && argc) {
		status = run_one(&swaps, argv[0]);
	} else if (!status) {
		for (size_t i = 0; i < swaps.n; i++) {
			int one = swaps.v[i].ghost ? -1 : run_one(&swaps, swaps.v[i].name);

			done += one == EX_OK;
			if (one > 0 && !failed++)
				first = one;
			/* Whoever stops one wants no other to begin. */
			if (verb_opts.stopped || one == EX_UNSUPPORTED)
				break;
		}
		status = failed && done ? EX_PARTLY : first;
	}
	swaps_release(&swaps);
	return status;
}

static int do_stop(int argc, char **argv)
{
	struct swaps swaps = { 0 };
	struct compact compact;
	struct swap *swap;
	int status;

	if (argc != 1)
		return usage_error("one device is expected");
	status = load_devices(&swaps);
	if (!status) {
		status = find_device(&swaps, argv[0], &swap, &compact);
		if (!status)
			status = write_compact(swap, "stop");
		compact_release(&compact);
	}
	swaps_release(&swaps);
	return status;
}

static int set_flag(int key, const char *arg)
{
	uint64_t order;

	switch (key) {
	case 'a':
		verb_opts.all = true;
		return 0;
	case KEY_WAIT:
		verb_opts.wait = true;
		return arg ? parse_seconds(arg, &verb_opts.interval) : 0;
	case 'N':
		if (parse_u64(arg, &order) || !order || order > ORDER_MAX) {
			usage_error("%s: not an order from 1 to %d", arg, ORDER_MAX);
			return -EINVAL;
		}
		verb_opts.order = order;
		return 0;
	}
	return -EINVAL;
}

static const struct verb_flag run_flags[] = {
	{ 'a', "all", NULL, "all devices, one after the other with --wait" },
	{ 'N', "order", "N", "for folios of 2^N pages; the kernel chooses without it" },
	{ KEY_WAIT, "wait", "[SECONDS]", "wait for the end; show how far it is, each SECONDS" },
	{ 0, NULL, NULL, NULL }
};

static const struct verb verbs[] = {
	{ "run", "DEVICE|--all", "Begin to compact a device.", do_run, NULL, run_flags, set_flag },
	{ "status", "[DEVICE]", "Show what needs compaction, and what it has done.", do_status,
	  &compact_columns, NULL, set_flag },
	{ "stop", "DEVICE", "Stop it.", do_stop, NULL, NULL, set_flag },
	{ NULL, NULL, NULL, NULL, NULL, NULL, NULL }
};

int do_compact(int argc, char **argv)
{
	return verb_dispatch("compact", verbs, argc, argv);
}
