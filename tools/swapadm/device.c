// SPDX-License-Identifier: GPL-2.0-only
/* swapadm device: the swap devices, one by one. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>

#include "device.h"
#include "off.h"
#include "read.h"
#include "size.h"
#include "strbuf.h"
#include "swapadm.h"

#define MIB_SHIFT	20

/* An option without a letter. */
#define KEY_PROGRESS	300

/* What device list and show know of a device. */
struct device {
	const char *name;
	const char *type;
	const char *state;
	bool is_ghost;
	struct num size;
	struct num used;
	bool has_prio;
	int64_t prio;
	struct slots slots;
	struct block block;
	struct ghost ghost;	/* only if is_ghost */
	struct zswap zswap;	/* likewise */
};

enum {
	DEV_NAME, DEV_TYPE, DEV_STATE, DEV_MEDIUM, DEV_SIZE, DEV_USED, DEV_LOWER, DEV_DIRECT,
	DEV_RETIRED, DEV_FAILING, DEV_AVAIL, DEV_USEPCT, DEV_PRIO, DEV_LIMIT, DEV_MAX, DEV_ROOM,
	DEV_SLOTS, DEV_ZERO, DEV_ZSWAP, DEV_DISK, DEV_CACHED, DEV_CLUSTERS, DEV_RESERVE,
	DEV_ARRAYS, DEV_META_STATIC, DEV_META, DEV_META_SLOT, DEV_RATIO, DEV_ZRAM_DATA,
	DEV_ZRAM_COMPR, DEV_ZRAM_MEM,
};

static const struct column device_cols[] = {
	{ DEV_NAME, "NAME", "name", COL_STRING, true, false, "path of the device or file" },
	{ DEV_TYPE, "TYPE", "type", COL_STRING, true, false, "ghost, partition or file" },
	{ DEV_STATE, "STATE", "state", COL_STRING, false, false,
	  "on, off, or deleted: on, but the file has lost its name" },
	{ DEV_MEDIUM, "MEDIUM", "medium", COL_STRING, true, false,
	  "disk, ssd, zram, ram, loop" },
	{ DEV_SIZE, "SIZE", "size", COL_BYTES, true, false, "size; of the ghost device: its limit" },
	{ DEV_USED, "USED", "used", COL_BYTES, true, false, "slots in use, as bytes" },
	{ DEV_LOWER, "LOWER", "lower", COL_BYTES, true, false,
	  "what of USED stores slots of the ghost device" },
	{ DEV_DIRECT, "DIRECT", "direct", COL_BYTES, true, false,
	  "the rest of USED, as without the ghost device" },
	{ DEV_RETIRED, "RETIRED", "retired", COL_BYTES, false, false,
	  "slots out of use, for they could not be written to" },
	{ DEV_FAILING, "FAILING", "failing", COL_BOOL, false, false,
	  "too many are retired: it takes no more pages" },
	{ DEV_AVAIL, "AVAIL", "avail", COL_BYTES, false, false, "size less what is used" },
	{ DEV_USEPCT, "USE%", "use_percent", COL_PERCENT, true, false, "used part of the size" },
	{ DEV_PRIO, "PRIO", "priority", COL_SIGNED, true, false, "priority" },
	{ DEV_LIMIT, "LIMIT", "limit", COL_BYTES, false, false, "ghost: limit of the size" },
	{ DEV_MAX, "MAX", "max", COL_BYTES, false, false, "ghost: largest limit of this kernel" },
	{ DEV_ROOM, "ROOM", "room", COL_BYTES, false, false,
	  "ghost: what reclaim can still put there" },
	{ DEV_SLOTS, "SLOTS", "slots", COL_COUNT, false, false, "ghost: slots in use" },
	{ DEV_ZERO, "ZERO", "zero", COL_BYTES, false, false, "ghost: slots that are zero pages" },
	{ DEV_ZSWAP, "ZSWAP", "zswap", COL_BYTES, false, false,
	  "ghost: slots in zswap, before compression" },
	{ DEV_DISK, "DISK", "disk", COL_BYTES, false, false,
	  "ghost: slots stored on other devices" },
	{ DEV_CACHED, "CACHED", "cached", COL_BYTES, false, false,
	  "ghost: the other slots in use, in the swap cache only" },
	{ DEV_CLUSTERS, "CLUSTERS", "clusters", COL_COUNT, false, false,
	  "ghost: clusters allocated, with the reserve" },
	{ DEV_RESERVE, "RESERVE", "reserve_clusters", COL_COUNT, false, false,
	  "ghost: clusters in reserve" },
	{ DEV_ARRAYS, "ARRAYS", "backing_arrays", COL_COUNT, false, false,
	  "ghost: clusters with backing words" },
	{ DEV_META_STATIC, "META-STATIC", "metadata_static", COL_BYTES, false, false,
	  "ghost: memory taken once, when switched on" },
	{ DEV_META, "META", "metadata", COL_BYTES, false, false,
	  "ghost: memory for slots, now" },
	{ DEV_META_SLOT, "META/SLOT", "metadata_per_slot", COL_RATIO, false, false,
	  "ghost: bytes of META a slot in use" },
	{ DEV_RATIO, "RATIO", "ratio", COL_RATIO, false, false,
	  "data by memory: of zswap (ghost), of the device (zram)" },
	{ DEV_ZRAM_DATA, "ZRAM-DATA", "zram_data", COL_BYTES, false, false,
	  "zram: data before compression" },
	{ DEV_ZRAM_COMPR, "ZRAM-COMPR", "zram_compressed", COL_BYTES, false, false,
	  "zram: data after compression" },
	{ DEV_ZRAM_MEM, "ZRAM-MEM", "zram_memory", COL_BYTES, false, false,
	  "zram: memory taken" },
};

static const struct num_field device_nums[] = {
	{ DEV_SIZE, offsetof(struct device, size) },
	{ DEV_USED, offsetof(struct device, used) },
	{ DEV_LOWER, offsetof(struct device, slots.lower) },
	{ DEV_DIRECT, offsetof(struct device, slots.direct) },
	{ DEV_RETIRED, offsetof(struct device, slots.retired) },
	{ DEV_LIMIT, offsetof(struct device, ghost.limit) },
	{ DEV_MAX, offsetof(struct device, ghost.max) },
	{ DEV_ROOM, offsetof(struct device, ghost.room) },
	{ DEV_SLOTS, offsetof(struct device, ghost.slots) },
	{ DEV_ZERO, offsetof(struct device, ghost.zero) },
	{ DEV_ZSWAP, offsetof(struct device, ghost.zswap) },
	{ DEV_DISK, offsetof(struct device, ghost.disk) },
	{ DEV_CACHED, offsetof(struct device, ghost.cached) },
	{ DEV_CLUSTERS, offsetof(struct device, ghost.clusters) },
	{ DEV_RESERVE, offsetof(struct device, ghost.reserve) },
	{ DEV_ARRAYS, offsetof(struct device, ghost.arrays) },
	{ DEV_META_STATIC, offsetof(struct device, ghost.meta_static) },
	{ DEV_META, offsetof(struct device, ghost.meta) },
	{ DEV_ZRAM_DATA, offsetof(struct device, block.zram_data) },
	{ DEV_ZRAM_COMPR, offsetof(struct device, block.zram_compr) },
	{ DEV_ZRAM_MEM, offsetof(struct device, block.zram_mem) },
};

static void device_get(const void *row, int id, struct value *val)
{
	const struct device *dev = row;

	switch (id) {
	case DEV_NAME:
		value_str(val, dev->name);
		break;
	case DEV_TYPE:
		value_str(val, dev->type);
		break;
	case DEV_STATE:
		value_str(val, dev->state);
		break;
	case DEV_MEDIUM:
		value_str(val, dev->block.medium);
		break;
	case DEV_FAILING:
		val->known = dev->slots.failing.known;
		val->b = dev->slots.failing.v;
		break;
	case DEV_AVAIL:
		val->known = dev->size.known && dev->used.known;
		/* A ghost device may hold more than a limit that was lowered. */
		val->u = dev->size.v > dev->used.v ? dev->size.v - dev->used.v : 0;
		break;
	case DEV_USEPCT:
		val->known = percent(dev->used, dev->size, &val->d);
		break;
	case DEV_PRIO:
		val->known = dev->has_prio;
		val->i = dev->prio;
		break;
	case DEV_META_SLOT:
		val->known = ratio(dev->ghost.meta, dev->ghost.slots, &val->d);
		break;
	case DEV_RATIO:
		if (dev->is_ghost)
			val->known = ratio(dev->zswap.data, dev->zswap.pool, &val->d);
		else
			val->known = ratio(dev->block.zram_data, dev->block.zram_mem, &val->d);
		break;
	}
}

static const struct columns device_columns = {
	.rows = "devices",
	.record = "device",
	.col = device_cols,
	.n = sizeof(device_cols) / sizeof(device_cols[0]),
	.nums = device_nums,
	.n_nums = sizeof(device_nums) / sizeof(device_nums[0]),
	.get = device_get,
};

/* Options of the verbs. */
static struct {
	bool all;
	bool progress;
	double interval;	/* seconds; 0: not given */
	int swapon_flags;
} verb_opts;

/* Status of a command that does the same to several devices. */
struct tally {
	unsigned int done;
	unsigned int failed;
	int first;		/* status of the first failure */
};

static void tally_add(struct tally *tally, int status)
{
	if (!status)
		tally->done++;
	else if (!tally->failed++)
		tally->first = status;
}

static int tally_status(const struct tally *tally)
{
	if (!tally->failed)
		return EX_OK;
	return tally->done ? EX_PARTLY : tally->first;
}

static int no_ghost(const char *name)
{
	message("%s: this kernel has no ghost swap device", name);
	return EX_UNSUPPORTED;
}

static bool names_ghost(const char *name)
{
	return !strcmp(name, "ghost") || !strcmp(name, GHOST_NODE);
}

static int load_swaps(struct swaps *swaps)
{
	int err = read_swaps(&root, swaps);

	if (err == -ENOENT) {
		message("this kernel has no swap: there is no %s", root.failed);
		return EX_UNSUPPORTED;
	}
	return err ? cannot_read(err) : EX_OK;
}

/* The same, and what their slots are used for. */
static int load_slots(struct swaps *swaps)
{
	int status = load_swaps(swaps), err;

	if (status)
		return status;
	err = read_slots(&root, swaps);
	return err ? cannot_read(err) : EX_OK;
}

/* Fill in @dev for @swap; the strings stay those of @swap. */
static int load_device(const struct swap *swap, struct device *dev)
{
	int err;

	*dev = (struct device){
		.name = swap->name,
		.type = swap->type,
		.state = swap->deleted ? "deleted" : "on",
		.is_ghost = swap->ghost,
		.size = { true, swap->size },
		.used = { true, swap->used },
		.has_prio = true,
		.prio = swap->prio,
		.slots = swap->slots,
	};
	if (swap->ghost) {
		err = read_ghost(&root, &dev->ghost);
		if (!err)
			err = read_zswap(&root, &dev->zswap);
	} else {
		err = read_block(&root, swap->name, &dev->block);
	}
	return err ? cannot_read(err) : EX_OK;
}

/* Fill in @dev for the ghost device while it is off. */
static int load_ghost_off(struct device *dev)
{
	int err;

	*dev = (struct device){
		.name = GHOST_NODE,
		.type = "ghost",
		.state = "off",
		.is_ghost = true,
	};
	err = read_ghost(&root, &dev->ghost);
	if (!err)
		err = read_zswap(&root, &dev->zswap);
	dev->size = dev->ghost.limit;
	dev->used = dev->ghost.used;
	return err ? cannot_read(err) : EX_OK;
}

static int do_list(int argc, char **argv)
{
	struct layout lay = layout();
	struct device *devs = NULL;
	struct swaps swaps = { 0 };
	struct selection sel;
	bool ghost_on = false;
	size_t n = 0;
	int status;

	if (argc)
		return usage_error("no argument is expected: %s", argv[0]);
	status = choose_columns(&device_columns, &sel);
	if (status)
		goto out;
	status = load_slots(&swaps);
	if (status)
		goto out;
	/* One more for the ghost device while it is off. */
	devs = calloc(swaps.n + 1, sizeof(*devs));
	if (!devs) {
		status = out_of_memory();
		goto out;
	}
	for (; n < swaps.n && !status; n++) {
		ghost_on |= swaps.v[n].ghost;
		status = load_device(&swaps.v[n], &devs[n]);
	}
	if (!status && verb_opts.all && !ghost_on) {
		status = load_ghost_off(&devs[n]);
		if (devs[n].ghost.present)
			n++;
	}
	if (!status)
		status = print_status(print_rows(&device_columns, &sel, &lay, command_name(), devs, n,
						 sizeof(*devs)));
out:
	free(devs);
	swaps_release(&swaps);
	selection_release(&sel);
	return status;
}

static int do_show(int argc, char **argv)
{
	struct swaps swaps = { 0 };
	struct layout lay = layout();
	struct selection sel;
	struct device dev;
	struct swap *swap;
	int status;

	if (argc != 1)
		return usage_error("one device is expected");
	if (!opts.columns && !opts.all_columns) {
		opts.all_columns = true;
		lay.known_only = true;
	}
	status = choose_columns(&device_columns, &sel);
	if (status)
		goto out;
	status = load_slots(&swaps);
	if (status)
		goto out;

	swap = swaps_find(&root, &swaps, argv[0]);
	if (swap) {
		status = load_device(swap, &dev);
	} else if (names_ghost(argv[0])) {
		status = load_ghost_off(&dev);
		if (!status && !dev.ghost.present)
			status = no_ghost(argv[0]);
	} else {
		message("%s: not a swap device that is on", argv[0]);
		status = EX_FAILED;
	}
	if (!status)
		status = print_status(print_record(&device_columns, &sel, &lay, command_name(), &dev));
out:
	swaps_release(&swaps);
	selection_release(&sel);
	return status;
}

/* The path to hand to swapon(2) and swapoff(2) for @name. */
static int device_path(const char *name, char *path, size_t size)
{
	int present, err;

	if (names_ghost(name)) {
		present = sysroot_exists(&root, GHOST_DIR);
		if (present < 0)
			return cannot_read(present);
		if (!present)
			return no_ghost(name);
		name = GHOST_NODE;
	}
	if (root.real && strlen(name) < size) {
		strcpy(path, name);
		return EX_OK;
	}
	err = sysroot_path(&root, name, path, size);
	if (err) {
		message("%s: %s", name, reason(err));
		return EX_FAILED;
	}
	return EX_OK;
}

static void print_on(const char *path)
{
	print_swapon(path, verb_opts.swapon_flags);
}

/* A change of one device; @call makes it and @print writes down what it would be. */
struct change {
	const char *what;
	void (*print)(const char *path);
	int (*call)(const char *path, const char *name);	/* 0 or negative errno */
};

/* Make a change to the device @name; @note stands behind the message if it fails. */
static int change_device(const struct change *change, const char *name, const char *note)
{
	char path[2 * PATH_MAX];
	int status, err;

	status = device_path(name, path, sizeof(path));
	if (status)
		return status;
	if (opts.dry_run) {
		change->print(path);
		return EX_OK;
	}
	err = change->call(path, name);
	if (!err)
		return EX_OK;
	message("%s: cannot %s: %s%s", path, change->what, reason(err), note);
	return refused(err);
}

static int call_swapon(const char *path, const char *name)
{
	(void)name;
	return swapon(path, verb_opts.swapon_flags) ? -errno : 0;
}

static const struct change switch_on = { "swap on", print_on, call_swapon };

static int do_on(int argc, char **argv)
{
	struct tally tally = { 0 };

	if (!argc)
		return usage_error("a device is missing");
	for (int i = 0; i < argc; i++)
		if (names_ghost(argv[i]) && verb_opts.swapon_flags)
			return usage_error("%s: the ghost device takes neither priority nor discard",
					   argv[i]);
	for (int i = 0; i < argc; i++)
		tally_add(&tally, change_device(&switch_on, argv[i], ""));
	return tally_status(&tally);
}

static int call_swapoff(const char *path, const char *name)
{
	if (verb_opts.progress)
		return off_watched(path, name, verb_opts.interval);
	return off_call(path);
}

static const struct change switch_off = { "swap off", print_swapoff, call_swapoff };

static int switch_off_one(const char *name, bool deleted)
{
	return change_device(&switch_off, name, deleted ? " (the file was deleted)" : "");
}

/*
 * The order for --all. The ghost device first: its slots go back to memory in one
 * walk, and what a disk holds for it goes with them. Then slow ones first, so that
 * what memory has no room for moves to a faster device and not to a slower one.
 */
static int by_off_order(const void *a, const void *b)
{
	const struct swap *x = a, *y = b;

	if (x->ghost != y->ghost)
		return x->ghost ? -1 : 1;
	return (x->prio > y->prio) - (x->prio < y->prio);
}

static int do_off(int argc, char **argv)
{
	struct tally tally = { 0 };
	struct swaps swaps;
	int status;

	if (verb_opts.all ? argc : !argc)
		return usage_error(verb_opts.all ? "--all takes no device" : "a device is missing");
	status = load_swaps(&swaps);
	if (status)
		goto out;

	off_catch_signals();
	if (verb_opts.all && swaps.n)
		qsort(swaps.v, swaps.n, sizeof(*swaps.v), by_off_order);
	for (size_t i = 0; verb_opts.all && i < swaps.n; i++)
		tally_add(&tally, switch_off_one(swaps.v[i].name, swaps.v[i].deleted));
	for (int i = 0; i < argc; i++) {
		/* zram0 for /dev/zram0, as everywhere; a path is taken as it stands. */
		struct swap *swap = strchr(argv[i], '/') ? NULL :
			swaps_find(&root, &swaps, argv[i]);

		tally_add(&tally, switch_off_one(swap ? swap->name : argv[i], swap && swap->deleted));
	}
	status = tally_status(&tally);
out:
	swaps_release(&swaps);
	return status;
}

/* Turn the SIZE of resize into MiB. */
static int parse_limit(const char *text, const struct ghost *ghost, uint64_t *mib)
{
	uint64_t bytes;
	int err;

	if (!strcmp(text, "max")) {
		if (!ghost->max.known) {
			message("max: this kernel does not tell the largest limit");
			return EX_UNSUPPORTED;
		}
		*mib = ghost->max.v >> MIB_SHIFT;
		return EX_OK;
	}
	err = size_parse(text, &bytes);
	if (err)
		return usage_error("%s: %s", text, err == -ERANGE ? reason(err) : "not a size");
	if (bytes & ((1 << MIB_SHIFT) - 1))
		return usage_error("%s: not a multiple of 1M", text);
	*mib = bytes >> MIB_SHIFT;
	return EX_OK;
}

static int write_limit(uint64_t mib, const struct ghost *ghost)
{
	char text[32], most[SIZE_TEXT_MAX];
	int err;

	snprintf(text, sizeof(text), "%" PRIu64, mib);
	if (opts.dry_run)
		return print_write(GHOST_LIMIT, text);
	err = sysroot_write(&root, GHOST_LIMIT, text);
	if (err == -EINVAL && ghost->max.known)
		message("ghost: cannot write %s to %s: %s (1M to %s is allowed)", text, root.failed,
			reason(err), size_format(ghost->max.v, most));
	else if (err)
		message("ghost: cannot write %s to %s: %s", text, root.failed, reason(err));
	if (err == -ENOENT)
		return EX_UNSUPPORTED;
	return err ? refused(err) : EX_OK;
}

static int do_resize(int argc, char **argv)
{
	struct ghost ghost;
	uint64_t mib = 0;
	int status, err;

	if (argc < 1 || argc > 2)
		return usage_error("a size is expected");
	if (argc == 2 && !names_ghost(argv[0]))
		return usage_error("%s: only the ghost device can be resized", argv[0]);
	err = read_ghost(&root, &ghost);
	if (err)
		return cannot_read(err);
	if (!ghost.present)
		return no_ghost("ghost");
	status = parse_limit(argv[argc - 1], &ghost, &mib);
	if (!status)
		status = write_limit(mib, &ghost);
	if (!status && ghost.used.known && mib < ghost.used.v >> MIB_SHIFT) {
		char used[SIZE_TEXT_MAX];

		message("ghost: %s are in use: it does not grow until less than the limit is",
			size_format(ghost.used.v, used));
	}
	return status;
}

static int set_flag(int key, const char *arg)
{
	int64_t prio;

	switch (key) {
	case 'a':
		verb_opts.all = true;
		return 0;
	case KEY_PROGRESS:
		verb_opts.progress = true;
		return arg ? parse_seconds(arg, &verb_opts.interval) : 0;
	case 'p':
		if (parse_s64(arg, &prio) || prio < 0 || prio > SWAP_FLAG_PRIO_MASK) {
			usage_error("%s: not a priority from 0 to %d", arg, SWAP_FLAG_PRIO_MASK);
			return -EINVAL;
		}
		verb_opts.swapon_flags &= ~SWAP_FLAG_PRIO_MASK;
		verb_opts.swapon_flags |= SWAP_FLAG_PREFER | (int)prio;
		return 0;
	case 'd':
		verb_opts.swapon_flags |= SWAP_FLAG_DISCARD;
		if (!arg)
			return 0;
		if (!strcmp(arg, "once")) {
			verb_opts.swapon_flags |= SWAP_FLAG_DISCARD_ONCE;
		} else if (!strcmp(arg, "pages")) {
			verb_opts.swapon_flags |= SWAP_FLAG_DISCARD_PAGES;
		} else {
			usage_error("%s: discard is once or pages", arg);
			return -EINVAL;
		}
		return 0;
	}
	return -EINVAL;
}

static const struct verb_flag list_flags[] = {
	{ 'a', "all", NULL, "the ghost device too while it is off" },
	{ 0, NULL, NULL, NULL }
};

static const struct verb_flag on_flags[] = {
	{ 'p', "priority", "PRIO", "priority, 0 to 32767; not for the ghost device" },
	{ 'd', "discard", "[POLICY]", "discard: once, pages, or both without POLICY" },
	{ 0, NULL, NULL, NULL }
};

static const struct verb_flag off_flags[] = {
	{ 'a', "all", NULL, "all devices that are on" },
	{ KEY_PROGRESS, "progress", "[SECONDS]", "show how far it is, each SECONDS" },
	{ 0, NULL, NULL, NULL }
};

static const struct verb verbs[] = {
	{ "list", "", "List the swap devices that are on.", do_list, &device_columns, list_flags,
	  set_flag },
	{ "show", "DEVICE", "Show all that is known about one device.", do_show, &device_columns,
	  NULL, set_flag },
	{ "on", "DEVICE...", "Switch devices on: ghost, block devices or files.", do_on, NULL,
	  on_flags, set_flag },
	{ "off", "DEVICE...|--all", "Switch devices off.", do_off, NULL, off_flags, set_flag },
	{ "resize", "[ghost] SIZE|max", "Set the limit of the ghost device.", do_resize, NULL, NULL,
	  set_flag },
	{ "map", "DEVICE", "Show what the clusters of a device hold, as a picture.", do_map,
	  &map_columns, NULL, set_flag },
	{ NULL, NULL, NULL, NULL, NULL, NULL, NULL }
};

int do_device(int argc, char **argv)
{
	return verb_dispatch("device", verbs, argc, argv);
}
