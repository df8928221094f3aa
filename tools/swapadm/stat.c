// SPDX-License-Identifier: GPL-2.0-only
/* swapadm stat: what swap holds, what it costs, what goes in and out. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "read.h"
#include "size.h"
#include "swapadm.h"

/* Rows after which the headings are printed again. */
#define HEADING_EVERY	20

struct sample {
	struct timespec when;
	struct num uptime;
	struct ghost ghost;
	struct zswap zswap;
	struct counters total;
	struct counters rate;		/* bytes a second; unknown in the first sample */
	struct num phys_size;
	struct num phys_used;
	struct num zram_data;
	struct num zram_mem;
};

enum {
	ST_UPTIME, ST_SLOTS, ST_USED, ST_LIMIT, ST_ROOM, ST_ZERO, ST_ZSWAP, ST_DISK, ST_CACHED,
	ST_DATA, ST_POOL, ST_RATIO, ST_POOL_MAX, ST_POOLPCT, ST_META_STATIC, ST_META,
	ST_META_SLOT, ST_PHYS_SIZE, ST_PHYS_USED, ST_ZRAM_DATA, ST_ZRAM_MEM, ST_ZSWAP_IN,
	ST_ZSWAP_OUT, ST_ZSWAP_WB, ST_ZERO_IN, ST_ZERO_OUT, ST_PHYS_IN, ST_PHYS_OUT,
	ST_CLUSTER_ALLOC, ST_CLUSTER_FREE, ST_RESERVE_MISS, ST_REJECTED, ST_WRITE_ERROR,
	ST_READ_ERROR, ST_RETIRED, ST_RATE_IN, ST_RATE_OUT, ST_RATE_ZSWAP_IN, ST_RATE_ZSWAP_OUT,
	ST_RATE_ZSWAP_WB, ST_RATE_ZERO_IN, ST_RATE_ZERO_OUT, ST_RATE_PHYS_IN, ST_RATE_PHYS_OUT,
	ST_RATE_WRITE_ERROR, ST_RATE_READ_ERROR, ST_RATE_RETIRED,
};

static const struct column stat_cols[] = {
	{ ST_UPTIME, "UPTIME", "uptime", COL_COUNT, false, false, "seconds since boot" },
	{ ST_SLOTS, "SLOTS", "slots", COL_COUNT, true, false, "ghost slots in use" },
	{ ST_USED, "USED", "used", COL_BYTES, false, false, "the same as bytes" },
	{ ST_LIMIT, "LIMIT", "limit", COL_BYTES, false, false, "limit of the ghost device" },
	{ ST_ROOM, "ROOM", "room", COL_BYTES, false, false,
	  "what reclaim can still put on the ghost device" },
	{ ST_ZERO, "ZERO", "zero", COL_BYTES, true, false, "ghost slots that are zero pages" },
	{ ST_ZSWAP, "ZSWAP", "zswap", COL_BYTES, true, false,
	  "ghost slots in zswap, before compression" },
	{ ST_DISK, "DISK", "disk", COL_BYTES, true, false,
	  "ghost slots stored on other devices" },
	{ ST_CACHED, "CACHED", "cached", COL_BYTES, false, false,
	  "ghost slots in the swap cache only" },
	{ ST_DATA, "DATA", "zswap_data", COL_BYTES, false, false,
	  "all that is in zswap, before compression" },
	{ ST_POOL, "POOL", "zswap_pool", COL_BYTES, true, false, "memory that zswap takes" },
	{ ST_RATIO, "RATIO", "zswap_ratio", COL_RATIO, true, false, "DATA by POOL" },
	{ ST_POOL_MAX, "POOL-MAX", "zswap_pool_max", COL_BYTES, false, false,
	  "memory that zswap may take" },
	{ ST_POOLPCT, "POOL%", "zswap_pool_percent", COL_PERCENT, false, false,
	  "POOL as part of POOL-MAX" },
	{ ST_META_STATIC, "META-STATIC", "metadata_static", COL_BYTES, true, false,
	  "ghost metadata, taken once when switched on" },
	{ ST_META, "META", "metadata", COL_BYTES, true, false,
	  "ghost metadata that goes with the slots" },
	{ ST_META_SLOT, "META/SLOT", "metadata_per_slot", COL_RATIO, false, false,
	  "bytes of META a slot in use" },
	{ ST_PHYS_SIZE, "PHYS-SIZE", "physical_size", COL_BYTES, false, false,
	  "size of all other swap devices" },
	{ ST_PHYS_USED, "PHYS-USED", "physical_used", COL_BYTES, true, false,
	  "what of it is in use" },
	{ ST_ZRAM_DATA, "ZRAM-DATA", "zram_data", COL_BYTES, false, false,
	  "data on zram swap, before compression" },
	{ ST_ZRAM_MEM, "ZRAM-MEM", "zram_memory", COL_BYTES, false, false,
	  "memory that zram swap takes" },
	{ ST_ZSWAP_IN, "ZSWPIN", "zswpin", COL_COUNT, false, false, "pages read from zswap" },
	{ ST_ZSWAP_OUT, "ZSWPOUT", "zswpout", COL_COUNT, false, false, "pages stored in zswap" },
	{ ST_ZSWAP_WB, "ZSWPWB", "zswpwb", COL_COUNT, false, false,
	  "pages that zswap wrote to a device" },
	{ ST_ZERO_IN, "ZEROIN", "swpin_zero", COL_COUNT, false, false, "zero pages brought back" },
	{ ST_ZERO_OUT, "ZEROOUT", "swpout_zero", COL_COUNT, false, false,
	  "zero pages swapped out" },
	{ ST_PHYS_IN, "PSWPIN", "pswpin", COL_COUNT, false, false, "pages read from devices" },
	{ ST_PHYS_OUT, "PSWPOUT", "pswpout", COL_COUNT, false, false, "pages written to devices" },
	{ ST_CLUSTER_ALLOC, "CL-ALLOC", "ghost_cluster_alloc", COL_COUNT, false, false,
	  "ghost clusters allocated" },
	{ ST_CLUSTER_FREE, "CL-FREE", "ghost_cluster_free", COL_COUNT, false, false,
	  "ghost clusters freed" },
	{ ST_RESERVE_MISS, "RES-MISS", "ghost_reserve_miss", COL_COUNT, false, false,
	  "times the reserve of ghost clusters was empty" },
	{ ST_REJECTED, "REJECTED", "ghost_swpout_reject", COL_COUNT, false, false,
	  "swap-outs that found no place behind the ghost device" },
	{ ST_WRITE_ERROR, "WRITE-ERR", "swap_write_error", COL_COUNT, false, false,
	  "pages that could not be written to a device" },
	{ ST_READ_ERROR, "READ-ERR", "swap_read_error", COL_COUNT, false, false,
	  "pages that could not be read from a device" },
	{ ST_RETIRED, "RETIRED", "swap_slot_retired", COL_COUNT, false, false,
	  "slots of devices put out of use after write errors" },
	{ ST_RATE_IN, "IN/s", "in_rate", COL_RATE, true, false, "swapped in, all ways together" },
	{ ST_RATE_OUT, "OUT/s", "out_rate", COL_RATE, true, false,
	  "swapped out, all ways together" },
	{ ST_RATE_ZSWAP_IN, "ZSWPIN/s", "zswpin_rate", COL_RATE, false, false, "read from zswap" },
	{ ST_RATE_ZSWAP_OUT, "ZSWPOUT/s", "zswpout_rate", COL_RATE, false, false,
	  "stored in zswap, before compression" },
	{ ST_RATE_ZSWAP_WB, "ZSWPWB/s", "zswpwb_rate", COL_RATE, false, false,
	  "written from zswap to devices" },
	{ ST_RATE_ZERO_IN, "ZEROIN/s", "swpin_zero_rate", COL_RATE, false, false,
	  "zero pages brought back" },
	{ ST_RATE_ZERO_OUT, "ZEROOUT/s", "swpout_zero_rate", COL_RATE, false, false,
	  "zero pages swapped out" },
	{ ST_RATE_PHYS_IN, "PSWPIN/s", "pswpin_rate", COL_RATE, false, false,
	  "read from devices" },
	{ ST_RATE_PHYS_OUT, "PSWPOUT/s", "pswpout_rate", COL_RATE, false, false,
	  "written to devices" },
	{ ST_RATE_WRITE_ERROR, "WRITE-ERR/s", "swap_write_error_rate", COL_RATE, false, false,
	  "could not be written to devices" },
	{ ST_RATE_READ_ERROR, "READ-ERR/s", "swap_read_error_rate", COL_RATE, false, false,
	  "could not be read from devices" },
	{ ST_RATE_RETIRED, "RETIRED/s", "swap_slot_retired_rate", COL_RATE, false, false,
	  "slots put out of use after write errors" },
};

static const struct num_field stat_nums[] = {
	{ ST_UPTIME, offsetof(struct sample, uptime) },
	{ ST_SLOTS, offsetof(struct sample, ghost.slots) },
	{ ST_USED, offsetof(struct sample, ghost.used) },
	{ ST_LIMIT, offsetof(struct sample, ghost.limit) },
	{ ST_ROOM, offsetof(struct sample, ghost.room) },
	{ ST_ZERO, offsetof(struct sample, ghost.zero) },
	{ ST_ZSWAP, offsetof(struct sample, ghost.zswap) },
	{ ST_DISK, offsetof(struct sample, ghost.disk) },
	{ ST_CACHED, offsetof(struct sample, ghost.cached) },
	{ ST_DATA, offsetof(struct sample, zswap.data) },
	{ ST_POOL, offsetof(struct sample, zswap.pool) },
	{ ST_POOL_MAX, offsetof(struct sample, zswap.pool_max) },
	{ ST_META_STATIC, offsetof(struct sample, ghost.meta_static) },
	{ ST_META, offsetof(struct sample, ghost.meta) },
	{ ST_PHYS_SIZE, offsetof(struct sample, phys_size) },
	{ ST_PHYS_USED, offsetof(struct sample, phys_used) },
	{ ST_ZRAM_DATA, offsetof(struct sample, zram_data) },
	{ ST_ZRAM_MEM, offsetof(struct sample, zram_mem) },
	{ ST_ZSWAP_IN, offsetof(struct sample, total.zswap_in) },
	{ ST_ZSWAP_OUT, offsetof(struct sample, total.zswap_out) },
	{ ST_ZSWAP_WB, offsetof(struct sample, total.zswap_writeback) },
	{ ST_ZERO_IN, offsetof(struct sample, total.zero_in) },
	{ ST_ZERO_OUT, offsetof(struct sample, total.zero_out) },
	{ ST_PHYS_IN, offsetof(struct sample, total.phys_in) },
	{ ST_PHYS_OUT, offsetof(struct sample, total.phys_out) },
	{ ST_CLUSTER_ALLOC, offsetof(struct sample, total.cluster_alloc) },
	{ ST_CLUSTER_FREE, offsetof(struct sample, total.cluster_free) },
	{ ST_RESERVE_MISS, offsetof(struct sample, total.reserve_miss) },
	{ ST_REJECTED, offsetof(struct sample, total.rejected) },
	{ ST_WRITE_ERROR, offsetof(struct sample, total.write_error) },
	{ ST_READ_ERROR, offsetof(struct sample, total.read_error) },
	{ ST_RETIRED, offsetof(struct sample, total.retired) },
	{ ST_RATE_ZSWAP_IN, offsetof(struct sample, rate.zswap_in) },
	{ ST_RATE_ZSWAP_OUT, offsetof(struct sample, rate.zswap_out) },
	{ ST_RATE_ZSWAP_WB, offsetof(struct sample, rate.zswap_writeback) },
	{ ST_RATE_ZERO_IN, offsetof(struct sample, rate.zero_in) },
	{ ST_RATE_ZERO_OUT, offsetof(struct sample, rate.zero_out) },
	{ ST_RATE_PHYS_IN, offsetof(struct sample, rate.phys_in) },
	{ ST_RATE_PHYS_OUT, offsetof(struct sample, rate.phys_out) },
	{ ST_RATE_WRITE_ERROR, offsetof(struct sample, rate.write_error) },
	{ ST_RATE_READ_ERROR, offsetof(struct sample, rate.read_error) },
	{ ST_RATE_RETIRED, offsetof(struct sample, rate.retired) },
};

static void stat_get(const void *row, int id, struct value *val)
{
	const struct sample *s = row;

	switch (id) {
	case ST_RATIO:
		val->known = ratio(s->zswap.data, s->zswap.pool, &val->d);
		break;
	case ST_POOLPCT:
		val->known = percent(s->zswap.pool, s->zswap.pool_max, &val->d);
		break;
	case ST_META_SLOT:
		val->known = ratio(s->ghost.meta, s->ghost.slots, &val->d);
		break;
	case ST_RATE_IN:
		value_num(val, num_add(num_add(s->rate.zswap_in, s->rate.zero_in),
				       s->rate.phys_in));
		break;
	case ST_RATE_OUT:
		value_num(val, num_add(num_add(s->rate.zswap_out, s->rate.zero_out),
				       s->rate.phys_out));
		break;
	}
}

static const struct columns stat_columns = {
	.record = "stat",
	.col = stat_cols,
	.n = sizeof(stat_cols) / sizeof(stat_cols[0]),
	.nums = stat_nums,
	.n_nums = sizeof(stat_nums) / sizeof(stat_nums[0]),
	.get = stat_get,
};

static struct {
	bool watch;
	double interval;
	uint64_t count;		/* 0: without end */
} verb_opts = { .interval = 1 };

/* Sum up the devices that are not the ghost device. */
static int read_devices(struct sample *s)
{
	struct swaps swaps;
	struct block block;
	int err;

	err = read_swaps(&root, &swaps);
	s->phys_size.known = s->phys_used.known = !err;
	for (size_t i = 0; !err && i < swaps.n; i++) {
		if (swaps.v[i].ghost)
			continue;
		s->phys_size = num_add(s->phys_size, (struct num){ true, swaps.v[i].size });
		s->phys_used = num_add(s->phys_used, (struct num){ true, swaps.v[i].used });
		err = read_block(&root, swaps.v[i].name, &block);
		s->zram_data = num_add(s->zram_data, block.zram_data);
		s->zram_mem = num_add(s->zram_mem, block.zram_mem);
	}
	swaps_release(&swaps);
	return err;
}

static void compute_rates(const struct sample *before, struct sample *now)
{
	double seconds = (double)(now->when.tv_sec - before->when.tv_sec) +
			 (now->when.tv_nsec - before->when.tv_nsec) / 1e9;
	const struct counters *a = &before->total, *b = &now->total;

	now->rate.zswap_in = page_rate(a->zswap_in, b->zswap_in, seconds);
	now->rate.zswap_out = page_rate(a->zswap_out, b->zswap_out, seconds);
	now->rate.zswap_writeback = page_rate(a->zswap_writeback, b->zswap_writeback, seconds);
	now->rate.zero_in = page_rate(a->zero_in, b->zero_in, seconds);
	now->rate.zero_out = page_rate(a->zero_out, b->zero_out, seconds);
	now->rate.phys_in = page_rate(a->phys_in, b->phys_in, seconds);
	now->rate.phys_out = page_rate(a->phys_out, b->phys_out, seconds);
	now->rate.write_error = page_rate(a->write_error, b->write_error, seconds);
	now->rate.read_error = page_rate(a->read_error, b->read_error, seconds);
	now->rate.retired = page_rate(a->retired, b->retired, seconds);
}

static int take_sample(struct sample *s)
{
	struct vm vm;
	int err;

	*s = (struct sample){ 0 };
	err = read_devices(s);
	if (err == -ENOENT) {
		message("this kernel has no swap: there is no %s", root.failed);
		return EX_UNSUPPORTED;
	}
	if (!err)
		err = read_ghost(&root, &s->ghost);
	if (!err)
		err = read_zswap(&root, &s->zswap);
	if (!err)
		err = read_vm(&root, &vm);
	if (!err)
		err = read_counters(&root, &s->total);
	if (err)
		return cannot_read(err);
	s->uptime = vm.uptime;
	/* Next to the counters, which the rates are made of. */
	clock_gettime(CLOCK_MONOTONIC, &s->when);
	return EX_OK;
}

/* Wait until @due and set it one interval ahead. */
static void wait_until(struct timespec *due)
{
	double whole = floor(verb_opts.interval);

	due->tv_sec += (time_t)whole;
	due->tv_nsec += (long)((verb_opts.interval - whole) * 1e9);
	if (due->tv_nsec >= 1000000000) {
		due->tv_nsec -= 1000000000;
		due->tv_sec++;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, due, NULL) == EINTR)
		;
}

static int watch(const struct selection *sel, const struct layout *lay)
{
	struct sample now, before;
	struct timespec due;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &due);
	for (uint64_t i = 0; !verb_opts.count || i < verb_opts.count; i++) {
		if (i)
			wait_until(&due);
		status = take_sample(&now);
		if (status)
			return status;
		if (i)
			compute_rates(&before, &now);
		status = print_status(print_sample(&stat_columns, sel, lay, command_name(), &now,
						   lay->raw ? !i : !(i % HEADING_EVERY)));
		if (status)
			return status;
		/* main() says what is wrong with the output. */
		if (fflush(stdout))
			return EX_FAILED;
		before = now;
	}
	return EX_OK;
}

static int do_sample(int argc, char **argv)
{
	struct layout lay = layout();
	struct selection sel;
	struct sample now;
	int status;

	if (argc)
		return usage_error("no argument is expected: %s", argv[0]);
	if (verb_opts.count && !verb_opts.watch)
		return usage_error("--count needs --watch");
	status = choose_columns(&stat_columns, &sel);
	if (status)
		goto out;
	if (verb_opts.watch) {
		status = watch(&sel, &lay);
		goto out;
	}
	status = take_sample(&now);
	if (status)
		goto out;
	if (opts.json)
		status = print_status(print_record(&stat_columns, &sel, &lay, command_name(),
						   &now));
	else
		status = print_status(print_rows(&stat_columns, &sel, &lay, command_name(), &now, 1,
						 sizeof(now)));
out:
	selection_release(&sel);
	return status;
}

static int set_flag(int key, const char *arg)
{
	switch (key) {
	case 'w':
		verb_opts.watch = true;
		return arg ? parse_seconds(arg, &verb_opts.interval) : 0;
	case 'c':
		if (parse_u64(arg, &verb_opts.count) || !verb_opts.count) {
			usage_error("%s: not a count", arg);
			return -EINVAL;
		}
		return 0;
	}
	return -EINVAL;
}

static const struct verb_flag stat_flags[] = {
	{ 'w', "watch", "[SECONDS]", "go on with a row each SECONDS, 1 if not given" },
	{ 'c', "count", "N", "end after N rows" },
	{ 0, NULL, NULL, NULL }
};

static const struct verb verbs[] = {
	{ "", "", "Show what swap holds, what it costs and what goes in and out.", do_sample,
	  &stat_columns, stat_flags, set_flag },
	{ NULL, NULL, NULL, NULL, NULL, NULL, NULL }
};

int do_stat(int argc, char **argv)
{
	return verb_dispatch("stat", verbs, argc, argv);
}
