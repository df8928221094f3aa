// SPDX-License-Identifier: GPL-2.0-only
/* The settings of a cgroup: keys, values, files. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "read.h"
#include "size.h"

static const char *const max_words[] = { "max", NULL };
static const char *const ghost_words[] = { "max", "auto", NULL };

const struct setting settings[] = {
	{ "swap.high", "memory.swap.high", max_words },
	{ "swap.max", "memory.swap.max", max_words },
	{ "zswap.max", "memory.zswap.max", max_words },
	{ "zswap.writeback", "memory.zswap.writeback", NULL },
	{ "ghost.max", CGROUP_GHOST_MAX, ghost_words },
	{ "tier.", CGROUP_TIERS_MAX, max_words },
	{ NULL, NULL, NULL }
};

const char *assignment_tier(const struct assignment *set)
{
	size_t len = strlen(set->setting->key);

	return set->setting->key[len - 1] == '.' ? set->key + len : NULL;
}

int assignment_key(struct assignment *set, const char *key, size_t len)
{
	const char *tier;

	if (len >= sizeof(set->key))
		return -EINVAL;
	memcpy(set->key, key, len);
	set->key[len] = '\0';
	for (const struct setting *s = settings; s->key; s++) {
		size_t known = strlen(s->key);

		set->setting = s;
		tier = assignment_tier(set);
		if (!tier && !strcmp(set->key, s->key))
			return 0;
		if (tier && !strncmp(set->key, s->key, known) &&
		    (tier_name_valid(tier) || !strcmp(tier, TIER_ZSWAP)))
			return 0;
	}
	return -EINVAL;
}

int assignment_value(struct assignment *set, const char *text, char *why, size_t size)
{
	const char *tier = assignment_tier(set), *blank = tier ? " " : "";
	uint64_t bytes;
	int err;

	if (!tier)
		tier = "";
	if (!set->setting->words) {
		if (strcmp(text, "0") && strcmp(text, "1")) {
			snprintf(why, size, "0 or 1 is expected");
			return -EINVAL;
		}
		strcpy(set->new, text);
		return 0;
	}
	for (const char *const *word = set->setting->words; *word; word++)
		if (!strcmp(text, *word)) {
			snprintf(set->new, sizeof(set->new), "%s%s%s", tier, blank, *word);
			return 0;
		}
	err = size_parse(text, &bytes);
	if (err) {
		snprintf(why, size, "%s", err == -ERANGE ? "Number out of range" : "not a size");
		return -EINVAL;
	}
	/* The kernel would cut it off, down to no swap at all. */
	if (bytes % page_size()) {
		snprintf(why, size, "not a multiple of a page, %" PRIu64 " bytes", page_size());
		return -EINVAL;
	}
	snprintf(set->new, sizeof(set->new), "%s%s%" PRIu64, tier, blank, bytes);
	return 0;
}

static int read_tier_limit(struct sysroot *root, struct assignment *set, const char *tier)
{
	const struct amount *amount;
	struct amounts limits;
	int err;

	err = read_amounts(root, set->file, true, &limits);
	if (!err && !limits.known)
		err = -ENOENT;
	amount = err ? NULL : amounts_find(&limits, tier);
	if (!err && !amount)
		err = -ESRCH;
	else if (!err && amount->limit.word)
		snprintf(set->old, sizeof(set->old), "%s %s", tier, amount->limit.word);
	else if (!err)
		snprintf(set->old, sizeof(set->old), "%s %" PRIu64, tier, amount->limit.v);
	amounts_release(&limits);
	return err;
}

int assignment_read(struct sysroot *root, struct assignment *set, const char *dir)
{
	const char *tier = assignment_tier(set);

	snprintf(set->file, sizeof(set->file), "%s/%s", dir, set->setting->file);
	if (tier)
		return read_tier_limit(root, set, tier);
	return sysroot_read_line(root, set->file, set->old, sizeof(set->old));
}
