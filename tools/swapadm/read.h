/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Readers of /proc, /sys and cgroupfs. None of them prints. All return 0 or
 * negative errno, and then root->failed names the file. What this kernel does
 * not have is no error: it is left unknown (struct num) or not present.
 */
#ifndef SWAPADM_READ_H
#define SWAPADM_READ_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "columns.h"
#include "sysfs.h"

#define GHOST_NODE	"/dev/ghostswap"
#define SWAP_DIR	"/sys/kernel/mm/swap"
#define GHOST_DIR	SWAP_DIR "/ghost"
#define GHOST_LIMIT	"/proc/sys/vm/ghostswap_limit_mb"
#define ZSWAP_PARAMS	"/sys/module/zswap/parameters"
#define ZSWAP_DEBUG	"/sys/kernel/debug/zswap"
#define CGROUP_DIR	"/sys/fs/cgroup"
#define TIERS_FILE	SWAP_DIR "/tiers"
#define PROACTIVENESS	"/proc/sys/vm/swap_compaction_proactiveness"

/* A file of a cgroup that has a word of its own. */
#define CGROUP_GHOST_MAX	"memory.swap.ghost.max"

/* Files of a cgroup with a line for each tier. */
#define CGROUP_TIERS_MAX	"memory.swap.tiers.max"
#define CGROUP_TIERS_CURRENT	"memory.swap.tiers.current"
#define CGROUP_TIERS_EFFECTIVE	"memory.swap.tiers.effective"
#define CGROUP_TIERS_DEMOTE	"memory.swap.tiers.demote"

/* Room for the path of a device's directory in sysfs. */
#define DEVICE_DIR_MAX	(sizeof(SWAP_DIR "/") + NAME_MAX)

/* What the kernel puts behind the name of a file that has been deleted. */
#define SWAP_DELETED	" (deleted)"

/* What the slots of a device with storage are used for. */
struct slots {
	struct num lower;	/* bytes that store slots of the ghost device */
	struct num direct;	/* bytes in use without those */
	struct num retired;	/* bytes out of use, for they could not be written to */
	struct num failing;	/* 0 or 1: it takes no more pages */
};

/* A row of /proc/swaps. */
struct swap {
	char *name;		/* escapes undone, without " (deleted)" */
	char type[16];		/* partition, file, ghost */
	bool ghost;
	bool deleted;		/* the file has no name any more */
	uint64_t size;		/* bytes */
	uint64_t used;		/* bytes */
	int64_t prio;
	struct slots slots;	/* by read_slots() */
	char dir[DEVICE_DIR_MAX];	/* likewise: in sysfs; "" where there is none */
};

struct swaps {
	struct swap *v;
	size_t n;
};

/* -ENOENT when this kernel has no swap at all. swaps_release() in each case. */
int read_swaps(struct sysroot *root, struct swaps *swaps);
void swaps_release(struct swaps *swaps);

/* Parse the text of /proc/swaps. 0, -ENOMEM, -EBADMSG or -ERANGE. */
int parse_swaps(const char *text, struct swaps *swaps);

/* Fill in the slots member of @swaps; unknown for what is not on any more. */
int read_slots(struct sysroot *root, struct swaps *swaps);

/* Undo the octal escapes (\040) of a path in /proc, in place. */
void unescape_path(char *path);

/* The row of @name, which may be "ghost", a path, a link or a name in /dev; or NULL. */
struct swap *swaps_find(struct sysroot *root, struct swaps *swaps, const char *name);

/* The ghost device. Sizes in bytes. */
struct ghost {
	bool present;		/* this kernel has it */
	bool enabled;		/* and it is on */
	struct num limit;
	struct num max;
	struct num slots;	/* in use, a count */
	struct num used;	/* the same in bytes */
	struct num zero;
	struct num zswap;
	struct num disk;	/* with a slot of another device */
	struct num cached;	/* in use and none of these */
	struct num room;
	struct num clusters;
	struct num reserve;
	struct num arrays;
	struct num meta_static;
	struct num meta;
};

int read_ghost(struct sysroot *root, struct ghost *ghost);

/* zswap, over all swap devices. */
struct zswap {
	bool present;
	bool enabled;
	bool shrinker;
	bool shrinker_known;
	char compressor[64];
	struct num max_percent;
	struct num accept_percent;
	struct num data;	/* bytes before compression */
	struct num pool;	/* bytes of memory */
	struct num pool_max;	/* bytes that max_percent allows */
	struct num limit_hit;	/* from debugfs, so for root only */
	struct num written_back;
};

int read_zswap(struct sysroot *root, struct zswap *zswap);

/* What a block device is made of, and for zram what it holds. */
struct block {
	const char *medium;	/* zram, ram, loop, ssd, disk; NULL when not known */
	struct num zram_data;	/* bytes before compression */
	struct num zram_compr;	/* bytes after it */
	struct num zram_mem;	/* bytes of memory */
};

/* @name is a path in /dev. */
int read_block(struct sysroot *root, const char *name, struct block *block);

/* Counters since boot, in pages if nothing else is said. */
struct counters {
	struct num zswap_in;
	struct num zswap_out;
	struct num zswap_writeback;
	struct num zero_in;
	struct num zero_out;
	struct num phys_in;
	struct num phys_out;
	struct num cluster_alloc;	/* clusters */
	struct num cluster_free;
	struct num reserve_miss;	/* events */
	struct num rejected;
	struct num write_error;
	struct num read_error;
	struct num retired;		/* slots */
};

int read_counters(struct sysroot *root, struct counters *counters);

/* Memory and the settings that bear on swap. */
struct vm {
	struct num mem_total;		/* bytes */
	struct num swappiness;
	struct num ghost_in_meminfo;	/* 0 or 1 */
	struct num uptime;		/* seconds, 0.01 s cut off */
	bool resume;			/* a device to resume from is set */
};

int read_vm(struct sysroot *root, struct vm *vm);

/* Levels of cgroups that are looked at. */
#define CGROUP_DEPTH_MAX	32

/*
 * Make the directory of the cgroup @name into @dir: a path from the root of the
 * hierarchy, with or without a "/" at its beginning, or one that begins with
 * CGROUP_DIR. 0; -EINVAL with a component ".."; -ENAMETOOLONG.
 */
int cgroup_dir(const char *name, char *dir, size_t size);

/* The path of the cgroup at @dir from the root of the hierarchy. */
const char *cgroup_path(const char *dir);

/* What walk_cgroups() calls. */
struct cgroup_visitor {
	/* At a cgroup, before what is below it. 0 or negative errno, which ends the walk. */
	int (*enter)(struct sysroot *root, const char *dir, void *arg);
	void (*leave)(void *arg);	/* after it; may be NULL */
};

/*
 * Visit the cgroup at @dir, CGROUP_DIR or a path below it, and what is below it, in
 * the order of names, but no more than @depth levels. *@more: there are cgroups that
 * were left out, for a bound that is not @depth.
 * 0, or negative errno of a visit or of a directory that cannot be read.
 */
int walk_cgroups(struct sysroot *root, const char *dir, unsigned int depth,
		 const struct cgroup_visitor *visitor, void *arg, bool *more);

/* Read @file of the cgroup at @dir; "" when there is none, or the cgroup has gone. */
int read_cgroup_attr(struct sysroot *root, const char *dir, const char *file, char *buf,
		     size_t size);

/* Whether the cgroup at @dir has the memory controller. */
int read_cgroup_controller(struct sysroot *root, const char *dir, bool *memory);

/* What a cgroup has, with all that is below it. Sizes in bytes. */
struct cgroup {
	char *path;			/* from the root of the hierarchy, "/" for that */
	ptrdiff_t parent;		/* index of the row above; -1 for the first row */
	struct num mem;
	struct num mem_peak;
	struct num ghost;		/* on the ghost device, before compression */
	struct num ghost_peak;
	struct num zero;		/* of that: zero pages */
	struct num zswap;		/* in zswap, before compression */
	struct num pool;		/* the same compressed */
	struct num disk;		/* slots on devices with storage */
	struct num disk_peak;
	struct limit mem_max;
	struct limit swap_high;
	struct limit swap_max;
	struct limit zswap_max;
	struct limit ghost_max;		/* as it was set */
	struct limit ghost_limit;	/* as it works, with those of the ancestors */
	struct num writeback;		/* 0 or 1 */
	struct num swap_high_events;
	struct num swap_max_events;
	struct num swap_fail_events;
	struct num ghost_max_events;
	struct num ghost_fail_events;
	struct amounts tiers;		/* bytes on each tier */
	struct amounts tiers_max;	/* limits as they were set */
	struct amounts tiers_limit;	/* as they work, with those of the ancestors */
};

struct cgroups {
	struct cgroup *v;		/* parents before their children */
	size_t n;
	size_t room;
	bool more;			/* the walk was cut short by its bounds */
};

/*
 * Read the cgroup at @dir and those below it down to @depth levels: @all of them, or
 * those that swap and those above them; @dir itself in each case.
 * cgroups_release() in each case.
 */
int read_cgroups(struct sysroot *root, const char *dir, unsigned int depth, bool all,
		 struct cgroups *cgroups);
void cgroups_release(struct cgroups *cgroups);

/*
 * Parse a limit: a number of bytes or one of @words, which end with NULL and outlive
 * @limit. 0, -EINVAL or -ERANGE.
 */
int limit_parse(const char *text, const char *const *words, struct limit *limit);

/* What @ghost_max means beside @swap_max: "auto" becomes max, or 0 where that is 0. */
struct limit ghost_limit(struct limit ghost_max, struct limit swap_max);

/* Some cgroups: how many, and which is the first in the order of names. */
struct cgroup_set {
	size_t n;
	char first[PATH_MAX];
};

/* What is odd about the limits of cgroups. */
struct cgroup_limits {
	struct cgroup_set no_swap;	/* memory.swap.max is 0 and ghost.max auto: no swap at all */
	struct cgroup_set too_high;	/* ghost.max is over the limit of the device */
	struct cgroup_set no_tier;	/* no tier is left by the limits: no swap at all */
	bool more;			/* the walk was cut short by its bounds */
};

/* Look at all cgroups. @limit is that of the ghost device, in bytes. */
int read_cgroup_limits(struct sysroot *root, struct num limit, struct cgroup_limits *found);

/* Whether there are tiers, and each of them has the limit 0: no swap. */
bool no_tier(const struct amounts *limits);

/* A tier of swap: what the devices of a range of priorities are, or zswap above them. */
struct tier {
	char name[AMOUNT_NAME_MAX];
	bool ranged;			/* zswap has no priorities */
	int64_t start;
	int64_t end;			/* inclusive */
	struct num used;		/* bytes */
	struct num size;
	struct num high;		/* watermarks, percent of size; high 100: no demotion */
	struct num low;
};

struct tiers {
	struct tier *v;			/* highest first */
	size_t n;
	bool present;			/* this kernel has tiers */
};

/* Priorities that a tier may begin at. */
#define TIER_PRIO_MIN	(-32768)
#define TIER_PRIO_MAX	32767

/* Tiers that the kernel has room for. */
#define TIERS_MAX	31

/* Name of the tier that is there by itself. */
#define TIER_ZSWAP	"zswap"

/* Whether @name can be that of a tier that somebody adds. */
bool tier_name_valid(const char *name);

/* Parse the text of TIERS_FILE. 0, -ENOMEM or -EBADMSG. tiers_release() in each case. */
int parse_tiers(const char *text, struct tiers *tiers);

/* Read them with what is known of each. tiers_release() in each case. */
int read_tiers(struct sysroot *root, struct tiers *tiers);
void tiers_release(struct tiers *tiers);
struct tier *tiers_find(const struct tiers *tiers, const char *name);

/*
 * Parse lines "NAME VALUE", each value a number or, with @words, max. 0, -ENOMEM, -EBADMSG
 * or -ERANGE. amounts_release() in each case.
 */
int parse_amounts(const char *text, bool words, struct amounts *amounts);

/* The same from the file @file; not there: not known. */
int read_amounts(struct sysroot *root, const char *file, bool words, struct amounts *amounts);
void amounts_release(struct amounts *amounts);
const struct amount *amounts_find(const struct amounts *amounts, const char *name);

/* Compaction of a device. */
struct compact {
	bool present;			/* this kernel can do it */
	bool running;
	struct num order;		/* of the run */
	struct num score;		/* the same, now */
	struct amounts scores;		/* an order each: free space it cannot use, percent */
	struct num scanned;		/* counters since the device was switched on */
	struct num moved;
	struct num dropped;
	struct num freed;
	struct num failed_direct;
	struct num failed_busy;
	struct num failed_nomem;
	struct num failed_io;
};

/* Parse "idle" or "running ORDER SCORE" into @compact. 0, -EBADMSG or -ERANGE. */
int parse_compact(const char *text, struct compact *compact);

/* @dir is swap.dir. compact_release() in each case. */
int read_compact(struct sysroot *root, const char *dir, struct compact *compact);
void compact_release(struct compact *compact);

/* What a cluster of a device has in use, as the kernel tells it. */
#define CLUSTER_LOWER	1	/* slots that store slots of the ghost device */
#define CLUSTER_DIRECT	2	/* slots in use without those */
#define CLUSTER_RETIRED	4	/* slots out of use */
#define CLUSTER_DISCARD	8	/* waits for a discard to end */

struct cluster {
	uint16_t used;			/* slots */
	uint8_t kind;			/* bits as above */
	uint8_t order;
};

struct clusters {
	struct cluster *v;
	size_t n;
	unsigned int slots;		/* of a whole cluster; the last one may be cut short */
	unsigned int last;		/* slots of the last one */
	bool present;			/* this kernel tells them */
};

/* Bytes of a record of a cluster. */
#define CLUSTER_RECORD	4

/* Turn @len bytes of records into clusters. 0, -ENOMEM or -EBADMSG; clusters_release(). */
int parse_clusters(const unsigned char *data, size_t len, struct clusters *clusters);

/*
 * How many slots the clusters have, of a device with @pages pages, its header and what is
 * retired with them. @whole is what the kernel says of a whole cluster, if it does.
 */
void clusters_measure(struct clusters *clusters, struct num whole, uint64_t pages);

/* Read those of @swap, by read_slots(). clusters_release() in each case. */
int read_clusters(struct sysroot *root, const struct swap *swap, struct clusters *clusters);
void clusters_release(struct clusters *clusters);

/* @part of @whole as a ratio whole/part; false when it has no meaning. */
bool ratio(struct num whole, struct num part, double *val);

/* 100 * @part / @whole; false when it has no meaning. */
bool percent(struct num part, struct num whole, double *val);

/* Pages of @now less @before a second, in bytes; unknown if a counter went back. */
struct num page_rate(struct num before, struct num now, double seconds);

/* Sum of two; unknown only when both are. Stops at the largest number. */
struct num num_add(struct num a, struct num b);

/* Size of a page of this machine. */
uint64_t page_size(void);

/* Turn pages into bytes. 0 or -ERANGE. */
int num_pages(struct num *num);

/* A key of a file of lines "key value". */
struct key {
	const char *name;
	struct num *num;
};

/* Fill in @keys from the keyed file @path. Keys that are not there stay unknown. */
int read_keys(struct sysroot *root, const char *path, const struct key *keys, size_t n);

/* As sysroot_read_u64(); a file that is not there leaves *@num unknown. */
int read_num(struct sysroot *root, const char *path, struct num *num);

#endif
