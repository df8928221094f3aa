// SPDX-License-Identifier: GPL-2.0-only
/* swapadm tier: ranges of priorities with a name, and how full they may get. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read.h"
#include "size.h"
#include "strbuf.h"
#include "swapadm.h"
#include "tier.h"

/* What tier list and show know of a tier. */
struct row {
	struct tier tier;
	char *devices;		/* names with commas between; NULL for none */
};

enum {
	TIER_NAME, TIER_START, TIER_END, TIER_USED, TIER_SIZE, TIER_AVAIL, TIER_USEPCT, TIER_HIGH,
	TIER_LOW, TIER_DEVICES,
};

static const struct column tier_cols[] = {
	{ TIER_NAME, "NAME", "name", COL_STRING, true, false, "name of the tier" },
	{ TIER_START, "START", "start", COL_SIGNED, true, false, "lowest priority of its devices" },
	{ TIER_END, "END", "end", COL_SIGNED, true, false, "highest priority of its devices" },
	{ TIER_USED, "USED", "used", COL_BYTES, true, false,
	  "in use; of zswap: after compression" },
	{ TIER_SIZE, "SIZE", "size", COL_BYTES, true, false,
	  "size of its devices; of zswap: limit of the pool" },
	{ TIER_AVAIL, "AVAIL", "avail", COL_BYTES, false, false, "size less what is used" },
	{ TIER_USEPCT, "USE%", "use_percent", COL_PERCENT, true, false, "used part of the size" },
	{ TIER_HIGH, "HIGH", "watermark_high", COL_COUNT, true, false,
	  "percent of the size at which demotion begins; 100: never" },
	{ TIER_LOW, "LOW", "watermark_low", COL_COUNT, true, false,
	  "percent of the size at which it ends" },
	{ TIER_DEVICES, "DEVICES", "devices", COL_STRING, true, false,
	  "devices that are on, with commas between" },
};

static const struct num_field tier_nums[] = {
	{ TIER_USED, offsetof(struct row, tier.used) },
	{ TIER_SIZE, offsetof(struct row, tier.size) },
	{ TIER_HIGH, offsetof(struct row, tier.high) },
	{ TIER_LOW, offsetof(struct row, tier.low) },
};

static void tier_get(const void *row, int id, struct value *val)
{
	const struct row *r = row;
	const struct tier *tier = &r->tier;

	switch (id) {
	case TIER_NAME:
		value_str(val, tier->name);
		break;
	case TIER_START:
		val->known = tier->ranged;
		val->i = tier->start;
		break;
	case TIER_END:
		val->known = tier->ranged;
		val->i = tier->end;
		break;
	case TIER_AVAIL:
		val->known = tier->size.known && tier->used.known;
		val->u = tier->size.v > tier->used.v ? tier->size.v - tier->used.v : 0;
		break;
	case TIER_USEPCT:
		val->known = percent(tier->used, tier->size, &val->d);
		break;
	case TIER_DEVICES:
		value_str(val, r->devices);
		break;
	}
}

static const struct columns tier_columns = {
	.rows = "tiers",
	.record = "tier",
	.col = tier_cols,
	.n = sizeof(tier_cols) / sizeof(tier_cols[0]),
	.nums = tier_nums,
	.n_nums = sizeof(tier_nums) / sizeof(tier_nums[0]),
	.get = tier_get,
};

int load_tiers(struct tiers *tiers)
{
	int err = read_tiers(&root, tiers);

	if (err)
		return cannot_read(err);
	if (!tiers->present) {
		message("this kernel has no tiers: there is no %s%s", root.prefix, TIERS_FILE);
		return EX_UNSUPPORTED;
	}
	return EX_OK;
}

static int no_such_tier(const char *name)
{
	message("%s: there is no tier of that name", name);
	return EX_FAILED;
}

/* The names of the devices that are in @tier, into @row. */
static int name_devices(const struct tier *tier, const struct swaps *swaps, struct row *row)
{
	struct strbuf names = STRBUF_INIT;
	int err = 0;

	*row = (struct row){ .tier = *tier };
	for (size_t i = 0; i < swaps->n && tier->ranged && !err; i++) {
		const struct swap *swap = &swaps->v[i];

		if (!swap->ghost && swap->prio >= tier->start && swap->prio <= tier->end)
			err = strbuf_addf(&names, "%s%s", names.len ? "," : "", swap->name);
	}
	if (!err && names.len) {
		row->devices = strbuf_detach(&names);
		err = row->devices ? 0 : -ENOMEM;
	}
	strbuf_release(&names);
	return err;
}

/* Read all tiers and their devices; *@rows has as many rows as @tiers. */
static int load_rows(struct tiers *tiers, struct row **rows)
{
	struct swaps swaps = { 0 };
	int status, err;

	status = load_tiers(tiers);
	if (status)
		return status;
	err = read_swaps(&root, &swaps);
	if (!err) {
		*rows = calloc(tiers->n + 1, sizeof(**rows));
		err = *rows ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < tiers->n && !err; i++)
		err = name_devices(&tiers->v[i], &swaps, &(*rows)[i]);
	swaps_release(&swaps);
	return err ? cannot_read(err) : EX_OK;
}

static void free_rows(struct tiers *tiers, struct row *rows)
{
	for (size_t i = 0; rows && i < tiers->n; i++)
		free(rows[i].devices);
	free(rows);
	tiers_release(tiers);
}

static int do_list(int argc, char **argv)
{
	struct layout lay = layout();
	struct tiers tiers = { 0 };
	struct row *rows = NULL;
	struct selection sel;
	int status;

	if (argc)
		return usage_error("no argument is expected: %s", argv[0]);
	status = choose_columns(&tier_columns, &sel);
	if (!status)
		status = load_rows(&tiers, &rows);
	if (!status)
		status = print_status(print_rows(&tier_columns, &sel, &lay, command_name(), rows,
						 tiers.n, sizeof(*rows)));
	free_rows(&tiers, rows);
	selection_release(&sel);
	return status;
}

static int do_show(int argc, char **argv)
{
	struct layout lay = layout();
	struct tiers tiers = { 0 };
	struct row *rows = NULL;
	struct selection sel;
	struct tier *tier;
	int status;

	if (argc != 1)
		return usage_error("one tier is expected");
	if (!opts.columns && !opts.all_columns) {
		opts.all_columns = true;
		lay.known_only = true;
	}
	status = choose_columns(&tier_columns, &sel);
	if (!status)
		status = load_rows(&tiers, &rows);
	if (!status) {
		tier = tiers_find(&tiers, argv[0]);
		status = tier ? print_status(print_record(&tier_columns, &sel, &lay, command_name(),
							  rows + (tier - tiers.v))) :
			no_such_tier(argv[0]);
	}
	free_rows(&tiers, rows);
	selection_release(&sel);
	return status;
}

const char *tiers_hint(int err)
{
	switch (err) {
	case -EEXIST:
		return " (a tier has that name, or begins at that priority)";
	case -EBUSY:
		return " (a device that is on is in a tier that would go)";
	case -ENOSPC:
		return " (there is no room for more tiers)";
	}
	return "";
}

/* Write @batch to the list of tiers; all of it is done, or nothing. */
static int write_batch(const char *batch)
{
	int err;

	if (opts.dry_run)
		return print_write(TIERS_FILE, batch);
	err = sysroot_write(&root, TIERS_FILE, batch);
	if (err)
		message("cannot write %s to %s: %s%s", batch, root.failed, reason(err),
			tiers_hint(err));
	return err ? refused(err) : EX_OK;
}

/* Append the word for "NAME:PRIORITY" to @batch. */
static int add_word(const char *arg, struct strbuf *batch)
{
	const char *colon = strchr(arg, ':');
	char name[AMOUNT_NAME_MAX];
	int64_t prio;

	if (!colon)
		return usage_error("%s: NAME:PRIORITY is expected", arg);
	snprintf(name, sizeof(name), "%.*s", (int)(colon - arg), arg);
	if ((size_t)(colon - arg) >= sizeof(name) || !tier_name_valid(name))
		return usage_error("%.*s: a name has up to %d letters, digits, _ and -, and is not %s",
				   (int)(colon - arg), arg, AMOUNT_NAME_MAX - 1, TIER_ZSWAP);
	if (parse_s64(colon + 1, &prio) || prio < TIER_PRIO_MIN || prio > TIER_PRIO_MAX)
		return usage_error("%s: not a priority from %d to %d", colon + 1, TIER_PRIO_MIN,
				   TIER_PRIO_MAX);
	if (strbuf_addf(batch, "%s+%s:%" PRId64, batch->len ? " " : "", name, prio))
		return out_of_memory();
	return EX_OK;
}

static int do_add(int argc, char **argv)
{
	struct strbuf batch = STRBUF_INIT;
	struct tiers tiers = { 0 };
	int status = EX_OK;

	if (!argc)
		return usage_error("NAME:PRIORITY is missing");
	for (int i = 0; i < argc && !status; i++)
		status = add_word(argv[i], &batch);
	if (!status)
		status = load_tiers(&tiers);
	if (!status)
		status = write_batch(strbuf_str(&batch));
	tiers_release(&tiers);
	strbuf_release(&batch);
	return status;
}

static int do_remove(int argc, char **argv)
{
	struct strbuf batch = STRBUF_INIT;
	struct tiers tiers = { 0 };
	int status;

	if (!argc)
		return usage_error("a tier is missing");
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], TIER_ZSWAP))
			return usage_error("%s is there by itself while the ghost device is on",
					   TIER_ZSWAP);
	status = load_tiers(&tiers);
	for (int i = 0; i < argc && !status; i++) {
		if (!tiers_find(&tiers, argv[i]))
			status = no_such_tier(argv[i]);
		else if (strbuf_addf(&batch, "%s-%s", i ? " " : "", argv[i]))
			status = out_of_memory();
	}
	if (!status)
		status = write_batch(strbuf_str(&batch));
	tiers_release(&tiers);
	strbuf_release(&batch);
	return status;
}

int parse_watermark(const char *text, uint64_t *percent)
{
	char number[8];
	size_t len = strlen(text);

	if (len && text[len - 1] == '%')
		len--;
	if (len >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, len);
	number[len] = '\0';
	return parse_u64(number, percent) || *percent > 100 ? -EINVAL : 0;
}

void watermark_file(const char *tier, bool high, char *file, size_t size)
{
	snprintf(file, size, SWAP_DIR "/tier/%s/watermark_%s", tier, high ? "high" : "low");
}

/* Write one of the watermarks of @name. */
static int write_watermark(const char *name, bool high, uint64_t percent)
{
	char file[WATERMARK_FILE_MAX], text[8];
	int err;

	watermark_file(name, high, file, sizeof(file));
	snprintf(text, sizeof(text), "%u", (unsigned int)percent);
	if (opts.dry_run)
		return print_write(file, text);
	err = sysroot_write(&root, file, text);
	if (err)
		message("%s: cannot write %s to %s: %s", name, text, root.failed, reason(err));
	return err ? refused(err) : EX_OK;
}

/* Set both in the order that keeps the low one from being above the high one. */
static int set_watermarks(const struct tier *tier, uint64_t high, uint64_t low)
{
	bool high_first = watermark_high_first(tier->low, high);
	int status, again;

	status = write_watermark(tier->name, high_first, high_first ? high : low);
	if (status)
		return status;
	status = write_watermark(tier->name, !high_first, high_first ? low : high);
	if (!status)
		return EX_OK;
	again = write_watermark(tier->name, high_first, high_first ? tier->high.v : tier->low.v);
	return again ? EX_PARTLY : status;
}

bool watermark_high_first(struct num low_before, uint64_t high)
{
	return low_before.known && high >= low_before.v;
}

static int do_watermark(int argc, char **argv)
{
	struct tiers tiers = { 0 };
	uint64_t high = 100, low = 100;
	struct tier *tier;
	int status;

	if (argc == 2 ? strcmp(argv[1], "off") : argc != 3)
		return usage_error("a tier and the percentages HIGH and LOW are expected, or off");
	for (int i = 1; i < argc && argc == 3; i++)
		if (parse_watermark(argv[i], i == 1 ? &high : &low))
			return usage_error("%s: not a percentage from 0 to 100", argv[i]);
	if (low > high)
		return usage_error("LOW %s is above HIGH %s", argv[2], argv[1]);
	status = load_tiers(&tiers);
	if (status)
		return status;
	tier = tiers_find(&tiers, argv[0]);
	if (!tier) {
		status = no_such_tier(argv[0]);
	} else if (!tier->high.known || !tier->low.known) {
		message("%s: this kernel has no watermarks for it", argv[0]);
		status = EX_UNSUPPORTED;
	} else {
		status = set_watermarks(tier, high, low);
	}
	tiers_release(&tiers);
	return status;
}

static int set_flag(int key, const char *arg)
{
	return -EINVAL;
}

static const struct verb verbs[] = {
	{ "list", "", "List the tiers, the fastest first.", do_list, &tier_columns, NULL, set_flag },
	{ "show", "TIER", "Show all that is known about one tier.", do_show, &tier_columns, NULL,
	  set_flag },
	{ "add", "NAME:PRIORITY...", "Add tiers, from a priority up to the next tier.", do_add, NULL,
	  NULL, set_flag },
	{ "remove", "TIER...", "Remove tiers that hold no device.", do_remove, NULL, NULL, set_flag },
	{ "watermark", "TIER HIGH LOW|off", "Set the percentages where demotion begins and ends.",
	  do_watermark, NULL, NULL, set_flag },
	{ NULL, NULL, NULL, NULL, NULL, NULL, NULL }
};

int do_tier(int argc, char **argv)
{
	return verb_dispatch("tier", verbs, argc, argv);
}
