// SPDX-License-Identifier: GPL-2.0-only
/* From the files to steps: what is not yet as they say. */
#include "plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>

#include "cgroup.h"
#include "read.h"
#include "strbuf.h"
#include "swapadm.h"
#include "tier.h"

#define MIB_SHIFT	20

/* The machine, and what is known of it. */
struct maker {
	const struct conf *conf;
	struct plan *plan;
	struct swaps swaps;
	struct tiers tiers;
	struct ghost ghost;
};

/* A message that begins with the line that it is about. */
#define at_line(set, fmt, ...)									\
	message("%s:%u: " fmt, (set)->file, (set)->line, ##__VA_ARGS__)

/* Add a step; the texts are copied. Exit status, after a message. */
static int add(struct maker *m, const struct step *step)
{
	struct plan *plan = m->plan;
	struct step *more = reallocarray(plan->v, plan->n + 1, sizeof(*more)), *s;

	if (!more)
		return out_of_memory();
	plan->v = more;
	s = &more[plan->n];
	*s = *step;
	s->what = strdup(step->what);
	s->path = strdup(step->path);
	s->now = step->now ? strdup(step->now) : NULL;
	s->wanted = strdup(step->wanted);
	s->shown = step->shown ? strdup(step->shown) : NULL;
	plan->n++;
	if (!s->what || !s->path || !s->wanted || (step->now && !s->now) ||
	    (step->shown && !s->shown))
		return out_of_memory();
	return EX_OK;
}

void plan_release(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		free(plan->v[i].what);
		free(plan->v[i].path);
		free(plan->v[i].now);
		free(plan->v[i].wanted);
		free(plan->v[i].shown);
	}
	free(plan->v);
	*plan = (struct plan){ 0 };
}

static bool is_yes(const char *text)
{
	return !strcmp(text, "Y") || !strcmp(text, "1");
}

/* The step that makes @file hold @wanted, if it does not. */
static int add_file(struct maker *m, const struct conf_setting *from, const char *file,
		    const char *wanted, bool is_bool)
{
	char title[PATH_MAX], what[PATH_MAX + 64], now[256];
	int err;

	conf_section_title(from, title, sizeof(title));
	snprintf(what, sizeof(what), "%s %s", title, from->key);
	err = sysroot_read_line(&root, file, now, sizeof(now));
	if (err == -ENOENT || err == -ENOTDIR) {
		at_line(from, "%s: this kernel has no %s%s", what, root.prefix, file);
		return EX_UNSUPPORTED;
	}
	if (err)
		return cannot_read(err);
	if (is_bool ? is_yes(now) == is_yes(wanted) : !strcmp(now, wanted))
		return EX_OK;
	return add(m, &(struct step){
		.kind = STEP_WRITE, .what = what, .path = (char *)file, .now = now,
		.wanted = (char *)wanted, .from = from,
	});
}

/* A key of a section without a name, and its file. */
struct simple {
	enum conf_kind kind;
	const char *key;
	const char *file;
	bool is_bool;
};

static int make_simple(struct maker *m, const struct simple *list, size_t n)
{
	int status = EX_OK;

	for (size_t i = 0; i < n && !status; i++) {
		const struct conf_setting *set = conf_get(m->conf, list[i].kind, "", list[i].key);

		if (set)
			status = add_file(m, set, list[i].file, set->value, list[i].is_bool);
	}
	return status;
}

static int make_zswap(struct maker *m)
{
	/* It is switched on last, with the other settings in place. */
	static const struct simple list[] = {
		{ CONF_ZSWAP, "compressor", ZSWAP_PARAMS "/compressor", false },
		{ CONF_ZSWAP, "max-pool-percent", ZSWAP_PARAMS "/max_pool_percent", false },
		{ CONF_ZSWAP, "accept-threshold-percent",
		  ZSWAP_PARAMS "/accept_threshold_percent", false },
		{ CONF_ZSWAP, "shrinker", ZSWAP_PARAMS "/shrinker_enabled", true },
		{ CONF_ZSWAP, "enable", ZSWAP_PARAMS "/enabled", true },
	};

	return make_simple(m, list, sizeof(list) / sizeof(list[0]));
}

static int make_ghost_settings(struct maker *m)
{
	static const struct simple list[] = {
		{ CONF_GHOST, "in-meminfo", "/proc/sys/vm/ghostswap_in_meminfo", true },
	};
	const struct conf_setting *limit = conf_get(m->conf, CONF_GHOST, "", "limit");
	char mib[32];
	size_t at = 0;

	if (conf_section(m->conf, CONF_GHOST, &at) && !m->ghost.present) {
		at_line(&m->conf->v[at - 1], "ghost: this kernel has no ghost swap device");
		return EX_UNSUPPORTED;
	}
	if (limit) {
		int status;

		snprintf(mib, sizeof(mib), "%s", limit->value);
		if (!strcmp(mib, "max")) {
			if (!m->ghost.max.known) {
				at_line(limit, "ghost limit: this kernel does not tell the largest one");
				return EX_UNSUPPORTED;
			}
			snprintf(mib, sizeof(mib), "%" PRIu64, m->ghost.max.v >> MIB_SHIFT);
		}
		status = add_file(m, limit, GHOST_LIMIT, mib, false);
		if (status)
			return status;
	}
	return make_simple(m, list, sizeof(list) / sizeof(list[0]));
}

/* The priority that the files give the tier @name; false when they have none. */
static bool wanted_start(const struct maker *m, const char *name, int64_t *start)
{
	const char *value = conf_value(m->conf, CONF_TIER, name, "priority", NULL);

	if (!value)
		return false;
	*start = strtoll(value, NULL, 10);
	return true;
}

/* Whether the tier @name is as the files want it already. */
static bool tier_stands(const struct maker *m, const char *name)
{
	const struct tier *tier = tiers_find(&m->tiers, name);
	int64_t start;

	if (!tier || !tier->ranged)
		return tier != NULL;
	return wanted_start(m, name, &start) && start == tier->start;
}

/* Whether a tier that is new, or moves, begins at @start. */
static bool start_is_taken_over(const struct maker *m, int64_t start)
{
	const struct conf_setting *set;
	size_t at = 0;
	int64_t wanted;

	while ((set = conf_section(m->conf, CONF_TIER, &at)))
		if (wanted_start(m, set->name, &wanted) && wanted == start &&
		    !tier_stands(m, set->name))
			return true;
	return false;
}

/*
 * What the tier @name is before the steps: itself, or the one that has its place and leaves it
 * in the same batch, which is a rename; NULL: it is new, or moves.
 */
static const struct tier *tier_before(const struct maker *m, const char *name)
{
	int64_t start;

	if (tier_stands(m, name))
		return tiers_find(&m->tiers, name);
	for (size_t i = 0; i < m->tiers.n && wanted_start(m, name, &start); i++)
		if (m->tiers.v[i].ranged && m->tiers.v[i].start == start)
			return &m->tiers.v[i];
	return NULL;
}

/* Add a word to a batch; @sign is + or -. */
static int add_word(struct strbuf *batch, char sign, const char *name, int64_t start)
{
	int err = strbuf_addf(batch, "%s%c%s", batch->len ? " " : "", sign, name);

	return err || sign == '-' ? err : strbuf_addf(batch, ":%" PRId64, start);
}

/* A change of the list of tiers, and the one that undoes it. */
struct batch {
	struct strbuf away, to;
	struct strbuf back_away, back_to;
	bool forgets;		/* a tier moves, and no other takes its place */
};

static int remove_tier(struct batch *b, const struct tier *tier)
{
	int err = add_word(&b->away, '-', tier->name, 0);

	return err ? err : add_word(&b->back_to, '+', tier->name, tier->start);
}

static int add_tier(struct batch *b, const char *name, int64_t start)
{
	int err = add_word(&b->to, '+', name, start);

	return err ? err : add_word(&b->back_away, '-', name, 0);
}

static int join(struct strbuf *first, const struct strbuf *second)
{
	if (!second->len)
		return 0;
	return strbuf_addf(first, "%s%s", first->len ? " " : "", strbuf_str(second));
}

/* The step for @b, which is empty after that. */
static int add_batch(struct maker *m, struct batch *b, const struct conf_setting *from)
{
	int err = join(&b->away, &b->to), status = EX_OK;

	if (!err)
		err = join(&b->back_away, &b->back_to);
	if (err)
		status = out_of_memory();
	else if (b->away.len)
		status = add(m, &(struct step){
			.kind = STEP_WRITE, .what = "tiers", .path = TIERS_FILE,
			.now = (char *)strbuf_str(&b->back_away),
			.wanted = (char *)strbuf_str(&b->away), .forgets = b->forgets,
			.from = from,
		});
	strbuf_release(&b->away);
	strbuf_release(&b->to);
	strbuf_release(&b->back_away);
	strbuf_release(&b->back_to);
	return status;
}

/* The first line of the files that gives a tier its priority; NULL: they leave tiers alone. */
static const struct conf_setting *first_tier(const struct maker *m)
{
	const struct conf_setting *set;
	size_t at = 0;

	while ((set = conf_section(m->conf, CONF_TIER, &at)))
		if (conf_get(m->conf, CONF_TIER, set->name, "priority"))
			return conf_get(m->conf, CONF_TIER, set->name, "priority");
	return NULL;
}

static int no_tiers(const struct conf_setting *set)
{
	at_line(set, "this kernel has no tiers: there is no %s%s", root.prefix, TIERS_FILE);
	return EX_UNSUPPORTED;
}

/*
 * New tiers, those that move, and those that another one takes the place of: in one batch,
 * for what begins at the same priority is a rename then, and the limits of cgroups stay.
 */
static int make_tiers(struct maker *m)
{
	const struct conf_setting *set, *from = first_tier(m);
	struct batch b = { 0 };
	size_t at = 0;
	int err = 0;

	if (!from)
		return EX_OK;
	if (!m->tiers.present)
		return no_tiers(from);
	for (size_t i = 0; i < m->tiers.n && !err; i++) {
		const struct tier *tier = &m->tiers.v[i];
		int64_t start;

		if (!tier->ranged || tier_stands(m, tier->name))
			continue;
		if (wanted_start(m, tier->name, &start) || start_is_taken_over(m, tier->start))
			err = remove_tier(&b, tier);
		b.forgets |= !start_is_taken_over(m, tier->start) &&
			wanted_start(m, tier->name, &start);
	}
	while (!err && (set = conf_section(m->conf, CONF_TIER, &at))) {
		int64_t start;

		if (wanted_start(m, set->name, &start) && !tier_stands(m, set->name))
			err = add_tier(&b, set->name, start);
	}
	if (err) {
		add_batch(m, &b, from);
		return out_of_memory();
	}
	return add_batch(m, &b, from);
}

/* Tiers that the files do not have, last: a device may be in the way until it is off. */
static int make_removals(struct maker *m)
{
	const struct conf_setting *from = first_tier(m);
	struct batch b = { 0 };
	int err = 0;

	if (!from)
		return EX_OK;
	for (size_t i = 0; i < m->tiers.n && !err; i++) {
		const struct tier *tier = &m->tiers.v[i];
		int64_t start;

		if (tier->ranged && !wanted_start(m, tier->name, &start) &&
		    !start_is_taken_over(m, tier->start))
			err = remove_tier(&b, tier);
	}
	if (err) {
		add_batch(m, &b, from);
		return out_of_memory();
	}
	return add_batch(m, &b, from);
}

static int add_watermark(struct maker *m, const char *tier, bool high, const struct tier *now)
{
	const struct conf_setting *set = conf_get(m->conf, CONF_TIER, tier,
						  high ? "watermark-high" : "watermark-low");
	/* A tier begins with 100 percent for both. */
	uint64_t percent = !now ? 100 : high ? now->high.v : now->low.v;
	char what[64], file[WATERMARK_FILE_MAX], text[8];

	if (strtoull(set->value, NULL, 10) == percent)
		return EX_OK;
	snprintf(what, sizeof(what), "tier %s %s", tier, set->key);
	snprintf(text, sizeof(text), "%u", (unsigned int)percent);
	watermark_file(tier, high, file, sizeof(file));
	return add(m, &(struct step){
		.kind = STEP_WRITE, .what = what, .path = file, .now = now ? text : NULL,
		.shown = text, .wanted = set->value, .later = !tier_stands(m, tier), .from = set,
	});
}

/* Whether @tier comes, or comes anew, with a step of the plan, and its limits with it. */
static bool tier_comes(const struct maker *m, const char *tier)
{
	if (!strcmp(tier, TIER_ZSWAP))
		return !tiers_find(&m->tiers, tier) && is_yes(conf_value(m->conf, CONF_GHOST, "", "enable", "0"));
	return conf_get(m->conf, CONF_TIER, tier, "priority") && !tier_stands(m, tier);
}

/*
 * Those of zswap while the tier is not there: the kernel has kept what they were, and does not
 * tell. With the low one out of the way no order of them is refused.
 */
static int make_hidden_watermarks(struct maker *m, const struct conf_setting *high,
				  const struct conf_setting *low)
{
	char file[WATERMARK_FILE_MAX];
	const struct { bool high; const char *text; const struct conf_setting *from; } writes[] = {
		{ false, "0", low },
		{ true, high->value, high },
		{ false, low->value, low },
	};
	int status = EX_OK;

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]) && !status; i++) {
		char what[64];

		snprintf(what, sizeof(what), "tier %s %s", TIER_ZSWAP, writes[i].from->key);
		watermark_file(TIER_ZSWAP, writes[i].high, file, sizeof(file));
		status = add(m, &(struct step){
			.kind = STEP_WRITE, .what = what, .path = file, .shown = "not known",
			.wanted = (char *)writes[i].text, .later = true, .from = writes[i].from,
		});
	}
	return status;
}

/* @zswap: those of that tier, which comes with the ghost device; else of all others. */
static int make_watermarks(struct maker *m, bool zswap)
{
	const struct conf_setting *set, *high;
	size_t at = 0;
	int status = EX_OK;

	while (!status && (set = conf_section(m->conf, CONF_TIER, &at))) {
		const struct tier *now = tier_before(m, set->name);
		bool first;

		high = conf_get(m->conf, CONF_TIER, set->name, "watermark-high");
		if (!high || !strcmp(set->name, TIER_ZSWAP) != zswap)
			continue;
		if (!m->tiers.present)
			return no_tiers(high);
		if (zswap && !now && !tier_comes(m, TIER_ZSWAP)) {
			at_line(high, "tier %s: it is there only while the ghost device is on",
				TIER_ZSWAP);
			return EX_FAILED;
		}
		if (zswap && !now) {
			status = make_hidden_watermarks(m, high,
							conf_get(m->conf, CONF_TIER, TIER_ZSWAP, "watermark-low"));
			continue;
		}
		if (now && (!now->high.known || !now->low.known)) {
			at_line(high, "tier %s: this kernel has no watermarks for it", set->name);
			return EX_UNSUPPORTED;
		}
		first = watermark_high_first(now ? now->low : (struct num){ true, 100 },
					     strtoull(high->value, NULL, 10));
		status = add_watermark(m, set->name, first, now);
		if (!status)
			status = add_watermark(m, set->name, !first, now);
	}
	return status;
}

static int add_switch(struct maker *m, bool on, const char *path, int flags, const char *now,
		      const struct conf_setting *from)
{
	char what[PATH_MAX + 32], wanted[64] = "on";

	snprintf(what, sizeof(what), "device %s", path);
	if (!on)
		strcpy(wanted, "off");
	else if (flags & SWAP_FLAG_PREFER)
		snprintf(wanted, sizeof(wanted), "on, priority %d", flags & SWAP_FLAG_PRIO_MASK);
	return add(m, &(struct step){
		.kind = on ? STEP_ON : STEP_OFF, .what = what, .path = (char *)path,
		.shown = (char *)now, .wanted = wanted, .flags = flags, .from = from,
	});
}

/* The ghost device, if that is to be @on. */
static int make_ghost(struct maker *m, bool on)
{
	const struct conf_setting *set = conf_get(m->conf, CONF_GHOST, "", "enable");

	if (!set || is_yes(set->value) != on || m->ghost.enabled == on)
		return EX_OK;
	return add_switch(m, on, GHOST_NODE, 0, on ? "off" : "on", set);
}

/* Flags of swapon(2) that give a device the priority @prio; negative ones are automatic. */
static int flags_of(int64_t prio)
{
	return prio < 0 ? 0 : SWAP_FLAG_PREFER | (int)prio;
}

static int discard_flags(const char *policy)
{
	if (!strcmp(policy, "once"))
		return SWAP_FLAG_DISCARD | SWAP_FLAG_DISCARD_ONCE;
	if (!strcmp(policy, "pages"))
		return SWAP_FLAG_DISCARD | SWAP_FLAG_DISCARD_PAGES;
	return strcmp(policy, "no") ? SWAP_FLAG_DISCARD : 0;
}

/* The device of the section @set is to be on, and is not: is it there? */
static int make_device_on(struct maker *m, const struct conf_setting *set,
			  const struct conf_setting *prio)
{
	const struct conf *conf = m->conf;
	int flags = prio ? flags_of(strtoll(prio->value, NULL, 10)) : 0, there;

	there = sysroot_exists(&root, set->name);
	if (there < 0)
		return cannot_read(there);
	if (!there && !strcmp(conf_value(conf, CONF_DEVICE, set->name, "if-missing", "fail"), "skip")) {
		at_line(set, "device %s: left out, it is not there", set->name);
		return EX_OK;
	}
	if (!there) {
		at_line(set, "device %s: it is not there", set->name);
		return EX_FAILED;
	}
	flags |= discard_flags(conf_value(conf, CONF_DEVICE, set->name, "discard", "no"));
	return add_switch(m, true, set->name, flags, "off", set);
}

static int make_devices_on(struct maker *m)
{
	const struct conf_setting *set, *prio;
	size_t at = 0;
	int status = EX_OK;

	while (!status && (set = conf_section(m->conf, CONF_DEVICE, &at))) {
		struct swap *swap;
		char now[64];

		if (!is_yes(conf_value(m->conf, CONF_DEVICE, set->name, "enable", "1")))
			continue;
		swap = swaps_find(&root, &m->swaps, set->name);
		prio = conf_get(m->conf, CONF_DEVICE, set->name, "priority");
		if (swap && (!prio || swap->prio == strtoll(prio->value, NULL, 10)))
			continue;
		/* The kernel takes a priority only when a device is switched on. */
		if (swap) {
			snprintf(now, sizeof(now), "on, priority %" PRId64, swap->prio);
			status = add_switch(m, false, swap->name, flags_of(swap->prio), now, prio);
		}
		if (!status)
			status = make_device_on(m, set, prio);
	}
	return status;
}

static int make_devices_off(struct maker *m)
{
	const struct conf_setting *set;
	size_t at = 0;
	int status = EX_OK;

	while (!status && (set = conf_section(m->conf, CONF_DEVICE, &at))) {
		struct swap *swap = swaps_find(&root, &m->swaps, set->name);
		char now[64];

		if (!swap || is_yes(conf_value(m->conf, CONF_DEVICE, set->name, "enable", "1")))
			continue;
		snprintf(now, sizeof(now), "on, priority %" PRId64, swap->prio);
		status = add_switch(m, false, swap->name, flags_of(swap->prio), now,
				    conf_get(m->conf, CONF_DEVICE, set->name, "enable"));
	}
	return status;
}

/*
 * How the limit of a tier that comes is before it is written, as it is written: that of the
 * tier that has its place now; else max. 0 or negative errno.
 */
static int limit_before(const struct maker *m, const char *dir, const char *tier,
			struct assignment *set, bool *renamed)
{
	const struct tier *before = tier_before(m, tier);
	struct assignment other = *set;
	int err = 0;

	*renamed = before && strcmp(before->name, tier);
	snprintf(set->old, sizeof(set->old), "%s max", tier);
	if (*renamed) {
		snprintf(other.key, sizeof(other.key), "%s%s", set->setting->key, before->name);
		err = assignment_read(&root, &other, dir);
		if (!err)
			snprintf(set->old, sizeof(set->old), "%s%s", tier, strchr(other.old, ' '));
	}
	return err;
}

/* One key of the cgroup at @dir. */
static int make_limit(struct maker *m, const struct conf_setting *set, const char *dir)
{
	struct assignment as = { 0 };
	const char *tier, *path = cgroup_path(dir);
	char what[PATH_MAX + 64], why[128];
	bool comes, kept = true;
	int err;

	/* Taken when the file was read, so it is good. */
	err = assignment_key(&as, set->key, strlen(set->key));
	if (!err)
		err = assignment_value(&as, set->text, why, sizeof(why));
	tier = assignment_tier(&as);
	comes = tier && tier_comes(m, tier);
	if (!err)
		err = assignment_read(&root, &as, dir);
	/* The limit of zswap is kept by the kernel while it is not there, and not shown. */
	if (comes && (!err || err == -ESRCH)) {
		err = limit_before(m, dir, tier, &as, &kept);
		if (!strcmp(tier, TIER_ZSWAP))
			*as.old = '\0';
	}
	if (err == -ENOENT) {
		at_line(set, "cgroup %s %s: %s has no %s", path, set->key,
			strcmp(path, "/") ? "this kernel" : "the root cgroup", as.setting->file);
		return EX_UNSUPPORTED;
	}
	if (err == -ESRCH) {
		at_line(set, "cgroup %s %s: there is no tier of that name", path, set->key);
		return EX_FAILED;
	}
	if (err)
		return cannot_read(err);
	if (!strcmp(as.old, as.new))
		return EX_OK;
	snprintf(what, sizeof(what), "cgroup %s %s", path, set->key);
	return add(m, &(struct step){
		.kind = STEP_WRITE, .what = what, .path = as.file, .now = kept ? as.old : NULL,
		.shown = *as.old ? as.old : "not known", .wanted = as.new, .from = set,
	});
}

static int make_cgroup(struct maker *m, const struct conf_setting *section)
{
	const struct conf *conf = m->conf;
	char dir[PATH_MAX];
	int status, err;

	cgroup_dir(section->name, dir, sizeof(dir));
	err = sysroot_exists(&root, dir);
	if (err < 0)
		return cannot_read(err);
	if (!err && !strcmp(conf_value(conf, CONF_CGROUP, section->name, "if-missing", "fail"), "skip")) {
		at_line(section, "cgroup %s: left out, it is not there", section->name);
		return EX_OK;
	}
	status = cgroup_find(section->name, dir, sizeof(dir));
	if (status)
		at_line(section, "cgroup %s cannot be set", section->name);
	for (size_t i = 0; i < conf->n && !status; i++) {
		const struct conf_setting *set = &conf->v[i];

		if (set->kind == CONF_CGROUP && !strcmp(set->name, section->name) && *set->text &&
		    strcmp(set->key, "if-missing"))
			status = make_limit(m, set, dir);
	}
	return status;
}

static int make_cgroups(struct maker *m)
{
	const struct conf_setting *set;
	size_t at = 0, n = 0;
	int status = EX_OK;

	while (!status && (set = conf_section(m->conf, CONF_CGROUP, &at))) {
		if (!n++)
			status = cgroup_hierarchy();
		if (!status)
			status = make_cgroup(m, set);
	}
	return status;
}

static int make_compaction(struct maker *m)
{
	static const struct simple list[] = {
		{ CONF_COMPACTION, "proactiveness", PROACTIVENESS, false },
	};

	return make_simple(m, list, sizeof(list) / sizeof(list[0]));
}

int plan_make(const struct conf *conf, struct plan *plan)
{
	struct maker m = { .conf = conf, .plan = plan };
	int status = EX_OK, err;

	*plan = (struct plan){ 0 };
	err = read_swaps(&root, &m.swaps);
	if (err == -ENOENT) {
		message("this kernel has no swap: there is no %s", root.failed);
		status = EX_UNSUPPORTED;
		err = 0;
	}
	if (!err && !status)
		err = read_tiers(&root, &m.tiers);
	if (!err && !status)
		err = read_ghost(&root, &m.ghost);
	if (err)
		status = cannot_read(err);
	if (!status)
		status = make_zswap(&m);
	if (!status)
		status = make_ghost_settings(&m);
	if (!status)
		status = make_tiers(&m);
	if (!status)
		status = make_watermarks(&m, false);
	if (!status)
		status = make_ghost(&m, true);
	if (!status)
		status = make_watermarks(&m, true);
	/* Limits before the devices that they are for. */
	if (!status)
		status = make_cgroups(&m);
	if (!status)
		status = make_devices_on(&m);
	if (!status)
		status = make_ghost(&m, false);
	if (!status)
		status = make_devices_off(&m);
	if (!status)
		status = make_compaction(&m);
	if (!status)
		status = make_removals(&m);
	swaps_release(&m.swaps);
	tiers_release(&m.tiers);
	return status;
}
