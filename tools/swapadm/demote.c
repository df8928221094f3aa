// SPDX-License-Identifier: GPL-2.0-only
/* swapadm demote: move what a cgroup has on a tier to the next one down. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "read.h"
#include "size.h"
#include "swapadm.h"

/* What the cgroup at @dir has on @tier; exit status, after a message. */
static int load_amount(const char *dir, const char *tier, struct num *bytes)
{
	char file[PATH_MAX + 64];
	const struct amount *amount;
	struct amounts current;
	int err;

	snprintf(file, sizeof(file), "%s/%s", dir, CGROUP_TIERS_CURRENT);
	err = read_amounts(&root, file, false, &current);
	amount = err ? NULL : amounts_find(&current, tier);
	*bytes = amount ? (struct num){ true, amount->limit.v } : (struct num){ 0 };
	if (!err && current.known && !amount) {
		message("%s: there is no tier of that name", tier);
		amounts_release(&current);
		return EX_FAILED;
	}
	amounts_release(&current);
	return err ? cannot_read(err) : EX_OK;
}

/* The kernel moved less than @asked. */
static int less_moved(const char *dir, const char *tier, struct num before, uint64_t asked)
{
	char moved[SIZE_TEXT_MAX], size[SIZE_TEXT_MAX];
	struct num after = { 0 };
	int status;

	size_format(asked, size);
	status = load_amount(dir, tier, &after);
	if (status || !before.known || !after.known) {
		message("%s: %s: less than %s was moved", cgroup_path(dir), tier, size);
		return EX_PARTLY;
	}
	/* What was swapped out meanwhile hides some of it. */
	size_format(before.v > after.v ? before.v - after.v : 0, moved);
	message("%s: %s: %s of %s were moved: the rest is busy, or there is no room below", cgroup_path(dir),
		tier, moved, size);
	return before.v > after.v ? EX_PARTLY : EX_REFUSED;
}

static int demote(const char *dir, const char *tier, uint64_t bytes)
{
	char file[PATH_MAX + 64], text[64];
	struct num before;
	int status, err;

	snprintf(file, sizeof(file), "%s/%s", dir, CGROUP_TIERS_DEMOTE);
	err = sysroot_exists(&root, file);
	if (err < 0)
		return cannot_read(err);
	if (!err) {
		message("%s: %s has no %s", cgroup_path(dir),
			strcmp(cgroup_path(dir), "/") ? "this kernel" : "the root cgroup",
			CGROUP_TIERS_DEMOTE);
		return EX_UNSUPPORTED;
	}
	status = load_amount(dir, tier, &before);
	if (status)
		return status;
	snprintf(text, sizeof(text), "%s %" PRIu64, tier, bytes);
	if (opts.dry_run)
		return print_write(file, text);
	err = sysroot_write(&root, file, text);
	if (err == -EAGAIN)
		return less_moved(dir, tier, before, bytes);
	if (err)
		message("%s: cannot write %s to %s: %s%s", cgroup_path(dir), text, root.failed,
			reason(err), err == -EINVAL ? " (is there a tier below it?)" : "");
	return err ? refused(err) : EX_OK;
}

static int do_run(int argc, char **argv)
{
	char dir[PATH_MAX];
	uint64_t bytes;
	int status, err;

	if (argc != 3)
		return usage_error("a cgroup, a tier and a size are expected");
	if (!tier_name_valid(argv[1]) && strcmp(argv[1], TIER_ZSWAP))
		return usage_error("%s: not the name of a tier", argv[1]);
	err = size_parse(argv[2], &bytes);
	if (err)
		return usage_error("%s: %s", argv[2], err == -ERANGE ? reason(err) : "not a size");
	if (!bytes || bytes % page_size())
		return usage_error("%s: not a multiple of a page, %" PRIu64 " bytes", argv[2],
				   page_size());
	status = cgroup_hierarchy();
	if (!status)
		status = cgroup_find(argv[0], dir, sizeof(dir));
	return status ? status : demote(dir, argv[1], bytes);
}

static int set_flag(int key, const char *arg)
{
	return -EINVAL;
}

static const struct verb verbs[] = {
	{ "", "CGROUP TIER SIZE", "Move what a cgroup has on a tier to the next one down, coldest first.",
	  do_run, NULL, NULL, set_flag },
	{ NULL, NULL, NULL, NULL, NULL, NULL, NULL }
};

int do_demote(int argc, char **argv)
{
	return verb_dispatch("demote", verbs, argc, argv);
}
