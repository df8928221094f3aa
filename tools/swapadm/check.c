// SPDX-License-Identifier: GPL-2.0-only
/* swapadm check: faults in the configuration, each with advice. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read.h"
#include "size.h"
#include "strbuf.h"
#include "swapadm.h"

/* From how much data on the measured ratio counts for more than the guess. */
#define RATIO_DATA_MIN	(64ULL << 20)
#define RATIO_GUESS	4.0

/* A limit is out of reach when it is that many times what there is room for. */
#define REACH_FACTOR	2.0

/* Part of memory, in percent, that zswap alone should get at least. */
#define POOL_MIN	10

/* A pool this full, in percent, is called full. */
#define POOL_FULL	95.0

enum severity { SEV_INFO, SEV_WARNING, SEV_ERROR };

static const char *const severity_names[] = {
	[SEV_INFO]	= "info",
	[SEV_WARNING]	= "warning",
	[SEV_ERROR]	= "error",
};

/* The machine as the rules see it. */
struct machine {
	struct swaps swaps;
	struct ghost ghost;
	struct zswap zswap;
	struct counters counters;
	struct vm vm;
	struct cgroup_limits cgroups;
	struct tiers tiers;
	size_t physical;		/* swap devices that are not the ghost device */
	struct num physical_free;	/* bytes */
	const char *zram;		/* the first zram device, or NULL */
};

struct rule;

struct finding {
	const struct rule *rule;
	enum severity severity;
	char *text;
};

struct rule {
	const char *id;
	enum severity severity;
	const char *advice;
	/* 1 with the words in @text, 0 when all is well, -ENOMEM. */
	int (*test)(const struct machine *m, struct strbuf *text, enum severity *severity);
};

/* What a rule returns when it applies: 1 or -ENOMEM. */
static int __attribute__((format(printf, 2, 3))) found(struct strbuf *text, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = strbuf_addv(text, fmt, ap);
	va_end(ap);
	return err ? err : 1;
}

/* The devices that a rule is about. */
struct device_list {
	struct strbuf names;	/* with commas between */
	struct num bytes;	/* the sum of what was asked for */
};

/*
 * Collect the devices where @part is not 0. 0, or -ENOMEM. strbuf_release() the
 * names in each case.
 */
static int list_devices(const struct machine *m, struct num (*part)(const struct slots *),
			struct device_list *list)
{
	int err = 0;

	*list = (struct device_list){ .names = STRBUF_INIT };
	for (size_t i = 0; i < m->swaps.n && !err; i++) {
		struct num num = part(&m->swaps.v[i].slots);

		if (!num.known || !num.v)
			continue;
		list->bytes = num_add(list->bytes, num);
		err = strbuf_addf(&list->names, "%s%s", list->names.len ? ", " : "",
				  m->swaps.v[i].name);
	}
	return err;
}

static struct num failing_part(const struct slots *slots)
{
	return slots->failing;
}

/* Of devices that are not known to fail: those have a finding of their own. */
static struct num retired_part(const struct slots *slots)
{
	return slots->failing.v ? (struct num){ 0 } : slots->retired;
}

static struct num direct_part(const struct slots *slots)
{
	return slots->direct;
}

#define RULE(name)								\
	static int name(const struct machine *m __attribute__((unused)),	\
			struct strbuf *text,					\
			enum severity *severity __attribute__((unused)))

RULE(no_ghost_kernel)
{
	return m->ghost.present ? 0 : found(text, "this kernel has no ghost swap device");
}

RULE(ghost_off)
{
	if (!m->ghost.present || m->ghost.enabled)
		return 0;
	return found(text, "the ghost swap device is off");
}

RULE(no_swap)
{
	return m->swaps.n ? 0 : found(text, "no swap device is on");
}

RULE(ghost_without_zswap)
{
	const char *why = m->zswap.present ? "off" : "not in this kernel";

	if (!m->ghost.enabled || m->zswap.enabled)
		return 0;
	if (m->physical)
		return found(text, "the ghost device is on and zswap is %s: pages go to disk only",
			     why);
	*severity = SEV_ERROR;
	return found(text,
		     "the ghost device is on, zswap is %s and there is no other swap device: only zero pages can be swapped out",
		     why);
}

RULE(zswap_without_swap)
{
	if (!m->zswap.enabled || m->swaps.n)
		return 0;
	return found(text, "zswap is on and no swap device is: it holds nothing");
}

RULE(zram_beside_zswap)
{
	if (!m->zram || !m->zswap.enabled)
		return 0;
	return found(text,
		     "%s is a swap device beside zswap: what zswap writes back is compressed into memory again",
		     m->zram);
}

RULE(swappiness_zero)
{
	if (!m->swaps.n || !m->vm.swappiness.known || m->vm.swappiness.v)
		return 0;
	return found(text, "vm.swappiness is 0: swap is used only when memory is all but gone");
}

/* Bytes that the ghost device may come to hold, as far as that can be told. */
static double ghost_reach(const struct machine *m, double *assumed)
{
	double reach = 0;

	*assumed = RATIO_GUESS;
	if (m->zswap.data.known && m->zswap.data.v >= RATIO_DATA_MIN)
		ratio(m->zswap.data, m->zswap.pool, assumed);
	if (m->zswap.enabled && m->zswap.pool_max.known)
		reach += *assumed * (double)m->zswap.pool_max.v;
	if (m->physical_free.known)
		reach += (double)m->physical_free.v;
	return reach;
}

RULE(limit_out_of_reach)
{
	char limit[SIZE_TEXT_MAX], can[SIZE_TEXT_MAX];
	double assumed, reach;

	/* The largest limit is how "no limit" is written. */
	if (!m->ghost.enabled || !m->ghost.limit.known || !m->ghost.max.known ||
	    m->ghost.limit.v >= m->ghost.max.v || !m->zswap.pool_max.known)
		return 0;
	reach = ghost_reach(m, &assumed);
	/* With nothing at all behind it other findings say so. */
	if (!(reach > 0) || (double)m->ghost.limit.v <= REACH_FACTOR * reach)
		return 0;
	return found(text,
		     "the limit of the ghost device is %s, but about %s fit behind it (zswap pool at a ratio of %.1f, and free disk slots)",
		     size_format(m->ghost.limit.v, limit), size_format((uint64_t)reach, can),
		     assumed);
}

RULE(limit_below_use)
{
	char limit[SIZE_TEXT_MAX], used[SIZE_TEXT_MAX];

	if (!m->ghost.enabled || !m->ghost.limit.known || !m->ghost.used.known ||
	    m->ghost.used.v <= m->ghost.limit.v)
		return 0;
	return found(text,
		     "the limit of the ghost device is %s and %s are in use: it takes nothing more",
		     size_format(m->ghost.limit.v, limit),
		     size_format(m->ghost.used.v, used));
}

RULE(zswap_pool_zero)
{
	if (!m->zswap.enabled || !m->zswap.max_percent.known || m->zswap.max_percent.v)
		return 0;
	return found(text, "zswap is on with max_pool_percent 0: it stores nothing");
}

RULE(zswap_pool_small)
{
	char max[SIZE_TEXT_MAX];

	if (!m->ghost.enabled || m->physical || !m->zswap.enabled ||
	    !m->zswap.max_percent.known || !m->zswap.pool_max.known ||
	    !m->zswap.max_percent.v || m->zswap.max_percent.v >= POOL_MIN)
		return 0;
	return found(text, "zswap is all that the ghost device has, and it may take %" PRIu64
		     " percent of memory (%s) only", m->zswap.max_percent.v,
		     size_format(m->zswap.pool_max.v, max));
}

RULE(zswap_pool_full)
{
	char max[SIZE_TEXT_MAX];
	double full;

	if (!m->zswap.enabled || !percent(m->zswap.pool, m->zswap.pool_max, &full) ||
	    full < POOL_FULL)
		return 0;
	return found(text, "the zswap pool is %.0f percent full (of %s)", full,
		     size_format(m->zswap.pool_max.v, max));
}

RULE(shrinker_idle)
{
	if (!m->ghost.enabled || m->physical || !m->zswap.enabled || !m->zswap.shrinker_known ||
	    !m->zswap.shrinker)
		return 0;
	return found(text,
		     "the zswap shrinker is on, but there is no disk to write to: it does nothing");
}

RULE(cgroup_no_swap)
{
	const struct cgroup_set *set = &m->cgroups.no_swap;

	if (!set->n)
		return 0;
	return found(text,
		     "%zu%s cgroup%s with memory.swap.max 0 and memory.swap.ghost.max auto %s not swap at all (first: %s)",
		     set->n, m->cgroups.more ? " or more" : "", set->n == 1 ? "" : "s",
		     set->n == 1 ? "does" : "do", set->first);
}

RULE(cgroup_limit)
{
	const struct cgroup_set *set = &m->cgroups.too_high;

	if (!set->n)
		return 0;
	return found(text,
		     "%zu%s cgroup%s memory.swap.ghost.max above the limit of the ghost device (first: %s)",
		     set->n, m->cgroups.more ? " or more" : "",
		     set->n == 1 ? " has" : "s have", set->first);
}

RULE(cgroup_no_tier)
{
	const struct cgroup_set *set = &m->cgroups.no_tier;

	if (!set->n)
		return 0;
	return found(text, "%zu%s cgroup%s no tier that %s may use, so %s not swap at all (first: %s)",
		     set->n, m->cgroups.more ? " or more" : "", set->n == 1 ? " has" : "s have",
		     set->n == 1 ? "it" : "they", set->n == 1 ? "does" : "do", set->first);
}

static bool in_a_tier(const struct tiers *tiers, const struct swap *swap)
{
	for (size_t i = 0; i < tiers->n; i++)
		if (tiers->v[i].ranged && swap->prio >= tiers->v[i].start &&
		    swap->prio <= tiers->v[i].end)
			return true;
	return false;
}

RULE(device_without_tier)
{
	const struct swap *first = NULL;
	size_t n = 0;
	bool any = false;

	for (size_t i = 0; i < m->tiers.n; i++)
		any |= m->tiers.v[i].ranged;
	for (size_t i = 0; any && i < m->swaps.n; i++) {
		const struct swap *swap = &m->swaps.v[i];

		if (swap->ghost || in_a_tier(&m->tiers, swap))
			continue;
		n++;
		if (!first)
			first = swap;
	}
	if (!n)
		return 0;
	return found(text, "there are tiers, and %zu device%s in none (first: %s, priority %" PRId64 ")", n,
		     n == 1 ? " is" : "s are", first->name, first->prio);
}

RULE(ghost_in_meminfo)
{
	if (!m->ghost.enabled || !m->vm.ghost_in_meminfo.known || !m->vm.ghost_in_meminfo.v)
		return 0;
	return found(text,
		     "vm.ghostswap_in_meminfo is 1: free(1) counts slots that have no disk behind them");
}

RULE(resume_without_disk)
{
	if (!m->vm.resume || !m->ghost.enabled || m->physical)
		return 0;
	return found(text,
		     "a device to resume from is set, but no disk swaps: the ghost device cannot hold a hibernation image");
}

RULE(reserve_misses)
{
	if (!m->ghost.enabled || !m->counters.reserve_miss.known || !m->counters.reserve_miss.v)
		return 0;
	return found(text, "the reserve of ghost clusters was empty %" PRIu64 " times",
		     m->counters.reserve_miss.v);
}

RULE(disk_failing)
{
	struct device_list failing;
	int ret = list_devices(m, failing_part, &failing);

	if (!ret && failing.names.len)
		ret = found(text, "no more pages go to %s: too many slots could not be written to",
			    strbuf_str(&failing.names));
	strbuf_release(&failing.names);
	return ret;
}

RULE(slots_retired)
{
	struct device_list retired;
	char size[SIZE_TEXT_MAX];
	int ret = list_devices(m, retired_part, &retired);

	if (!ret && retired.names.len)
		ret = found(text, "%s of slots on %s could not be written to, and are out of use",
			    size_format(retired.bytes.v, size), strbuf_str(&retired.names));
	strbuf_release(&retired.names);
	return ret;
}

RULE(read_errors)
{
	if (!m->counters.read_error.known || !m->counters.read_error.v)
		return 0;
	return found(text, "%" PRIu64 " page%s could not be read from swap since boot, and %s lost",
		     m->counters.read_error.v, m->counters.read_error.v == 1 ? "" : "s",
		     m->counters.read_error.v == 1 ? "is" : "are");
}

RULE(direct_slots)
{
	struct device_list direct;
	char size[SIZE_TEXT_MAX];
	int ret;

	/* Without the ghost device there are no others. */
	if (!m->ghost.enabled)
		return 0;
	ret = list_devices(m, direct_part, &direct);
	if (!ret && direct.names.len)
		ret = found(text, "%s on %s are in slots that are not below the ghost device",
			    size_format(direct.bytes.v, size), strbuf_str(&direct.names));
	strbuf_release(&direct.names);
	return ret;
}

#undef RULE

static const struct rule rules[] = {
	{ "no-ghost-kernel", SEV_WARNING,
	  "boot a kernel with the ghostswap series and CONFIG_GHOST_SWAP=y", no_ghost_kernel },
	{ "ghost-off", SEV_INFO,
	  "switch it on: swapadm device on ghost", ghost_off },
	{ "no-swap", SEV_INFO,
	  "switch a device on, see swapadm device on", no_swap },
	{ "ghost-without-zswap", SEV_WARNING,
	  "switch zswap on: echo 1 > /sys/module/zswap/parameters/enabled, or zswap.enabled=1 at boot", ghost_without_zswap },
	{ "zswap-without-swap", SEV_WARNING,
	  "give it a device: swapadm device on ghost, or a disk", zswap_without_swap },
	{ "zram-beside-zswap", SEV_WARNING,
	  "use one of them: swap off the zram device, or switch zswap off", zram_beside_zswap },
	{ "swappiness-zero", SEV_WARNING,
	  "set vm.swappiness to 60, or to 100 and more where zswap takes most pages",
	  swappiness_zero },
	{ "limit-out-of-reach", SEV_WARNING,
	  "lower it with swapadm device resize, say max for no limit, or raise max_pool_percent of zswap", limit_out_of_reach },
	{ "limit-below-use", SEV_WARNING,
	  "raise it with swapadm device resize, unless the device shall drain", limit_below_use },
	{ "zswap-pool-zero", SEV_ERROR,
	  "set /sys/module/zswap/parameters/max_pool_percent to 20 or more", zswap_pool_zero },
	{ "zswap-pool-small", SEV_WARNING,
	  "set /sys/module/zswap/parameters/max_pool_percent to 20 or more", zswap_pool_small },
	{ "zswap-pool-full", SEV_WARNING,
	  "add a disk, raise max_pool_percent of zswap, or give the machine less to do",
	  zswap_pool_full },
	{ "zswap-shrinker-idle", SEV_INFO,
	  "add a disk, or switch it off: echo 0 > /sys/module/zswap/parameters/shrinker_enabled",
	  shrinker_idle },
	{ "cgroup-no-swap", SEV_INFO,
	  "nothing, if that is meant; else write max or a number of bytes to memory.swap.ghost.max",
	  cgroup_no_swap },
	{ "cgroup-limit-out-of-reach", SEV_INFO,
	  "write max or auto to memory.swap.ghost.max, or raise the limit with swapadm device resize",
	  cgroup_limit },
	{ "cgroup-no-tier", SEV_INFO,
	  "nothing, if that is meant; else give it a tier: swapadm cgroup set PATH tier.NAME=max",
	  cgroup_no_tier },
	{ "device-without-tier", SEV_WARNING,
	  "add a tier that begins at its priority or below (swapadm tier add): cgroups with a limit of a tier cannot use it, and nothing is demoted to it", device_without_tier },
	{ "ghost-in-meminfo", SEV_INFO,
	  "set vm.ghostswap_in_meminfo to 0 unless a program needs to see SwapTotal",
	  ghost_in_meminfo },
	{ "resume-without-disk", SEV_WARNING,
	  "switch a disk on as swap, large enough for the image, or clear /sys/power/resume",
	  resume_without_disk },
	{ "reserve-misses", SEV_INFO,
	  "nothing, if the number stands still; if it grows, memory runs out faster than the kernel refills: raise vm.min_free_kbytes", reserve_misses },
	{ "disk-failing", SEV_ERROR,
	  "switch it off while it can be read (swapadm device off), and replace it", disk_failing },
	{ "slots-retired", SEV_WARNING,
	  "see the kernel log for errors of the disk; if there are more to come, swapadm device off, and replace it", slots_retired },
	{ "read-errors", SEV_INFO,
	  "see the kernel log for errors of a disk, and switch it off", read_errors },
	{ "direct-slots", SEV_INFO,
	  "nothing, if the disk was on before the ghost device; else a limit of the device (swapadm device resize) or of a cgroup (swapadm cgroup list) sends pages there", direct_slots },
};

enum { CK_SEVERITY, CK_ID, CK_TEXT, CK_ADVICE };

static const struct column check_cols[] = {
	{ CK_SEVERITY, "SEVERITY", "severity", COL_STRING, true, false, "info, warning or error" },
	{ CK_ID, "ID", "id", COL_STRING, true, false, "name of the finding, for scripts" },
	{ CK_TEXT, "FINDING", "text", COL_STRING, true, true, "what was found" },
	{ CK_ADVICE, "ADVICE", "advice", COL_STRING, true, true, "what to do" },
};

static void check_get(const void *row, int id, struct value *val)
{
	const struct finding *f = row;

	switch (id) {
	case CK_SEVERITY:
		value_str(val, severity_names[f->severity]);
		break;
	case CK_ID:
		value_str(val, f->rule->id);
		break;
	case CK_TEXT:
		value_str(val, f->text);
		break;
	case CK_ADVICE:
		value_str(val, f->rule->advice);
		break;
	}
}

static const struct columns check_columns = {
	.rows = "findings",
	.col = check_cols,
	.n = sizeof(check_cols) / sizeof(check_cols[0]),
	.get = check_get,
};

static int load_machine(struct machine *m)
{
	struct block block;
	int err;

	memset(m, 0, sizeof(*m));
	err = read_swaps(&root, &m->swaps);
	if (err == -ENOENT) {
		message("this kernel has no swap: there is no %s", root.failed);
		return EX_UNSUPPORTED;
	}
	if (!err)
		err = read_slots(&root, &m->swaps);
	for (size_t i = 0; !err && i < m->swaps.n; i++) {
		const struct swap *swap = &m->swaps.v[i];
		uint64_t free = swap->size > swap->used ? swap->size - swap->used : 0;

		if (swap->ghost)
			continue;
		m->physical++;
		m->physical_free = num_add(m->physical_free, (struct num){ true, free });
		err = read_block(&root, swap->name, &block);
		if (!m->zram && block.medium && !strcmp(block.medium, "zram"))
			m->zram = swap->name;
	}
	if (!err)
		err = read_ghost(&root, &m->ghost);
	if (!err)
		err = read_zswap(&root, &m->zswap);
	if (!err)
		err = read_counters(&root, &m->counters);
	if (!err)
		err = read_vm(&root, &m->vm);
	if (!err)
		err = read_tiers(&root, &m->tiers);
	if (!err && (m->ghost.enabled || m->tiers.n))
		err = read_cgroup_limits(&root, m->ghost.limit, &m->cgroups);
	return err ? cannot_read(err) : EX_OK;
}

/* Apply all rules. @findings has room for as many. 0 or -ENOMEM. */
static int apply_rules(const struct machine *m, struct finding *findings, size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct finding *f = &findings[*n];
		struct strbuf text = STRBUF_INIT;
		int got;

		f->rule = &rules[i];
		f->severity = rules[i].severity;
		got = rules[i].test(m, &text, &f->severity);
		if (got > 0) {
			f->text = strbuf_detach(&text);
			if (!f->text)
				got = -ENOMEM;
			else
				(*n)++;
		}
		strbuf_release(&text);
		if (got < 0)
			return got;
	}
	return 0;
}

static int do_findings(int argc, char **argv)
{
	struct finding findings[sizeof(rules) / sizeof(rules[0])];
	struct layout lay = layout();
	struct selection sel;
	struct machine m;
	size_t n = 0;
	int status;

	if (argc)
		return usage_error("no argument is expected: %s", argv[0]);
	status = choose_columns(&check_columns, &sel);
	if (status) {
		selection_release(&sel);
		return status;
	}
	status = load_machine(&m);
	if (!status && apply_rules(&m, findings, &n))
		status = out_of_memory();
	if (!status)
		status = print_status(print_rows(&check_columns, &sel, &lay, command_name(),
						 findings, n, sizeof(findings[0])));
	for (size_t i = 0; i < n; i++) {
		if (!status && findings[i].severity >= SEV_WARNING)
			status = EX_FAILED;
		free(findings[i].text);
	}
	swaps_release(&m.swaps);
	tiers_release(&m.tiers);
	selection_release(&sel);
	return status;
}

static const struct verb verbs[] = {
	{ "", "", "Look for faults in the configuration of swap.", do_findings, &check_columns, NULL,
	  NULL },
	{ NULL, NULL, NULL, NULL, NULL, NULL, NULL }
};

int do_check(int argc, char **argv)
{
	return verb_dispatch("check", verbs, argc, argv);
}
