// SPDX-License-Identifier: GPL-2.0-only
/* swapadm device map: what the clusters of a device hold, as a picture or as numbers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "map.h"
#include "read.h"
#include "size.h"
#include "swapadm.h"

/* The picture: no more lines than one sees at once, and as wide as a page without a terminal. */
#define MAP_LINES	16
#define MAP_WIDTH	80

enum {
	MAP_FIRST, MAP_CLUSTERS, MAP_STATE, MAP_USED, MAP_COL_LOWER, MAP_COL_DIRECT,
	MAP_COL_RETIRED, MAP_COL_DISCARD, MAP_ORDER,
};

static const struct column map_cols[] = {
	{ MAP_FIRST, "FIRST", "first", COL_COUNT, true, false, "index of the first cluster" },
	{ MAP_CLUSTERS, "CLUSTERS", "clusters", COL_COUNT, true, false,
	  "how many are alike, side by side" },
	{ MAP_STATE, "STATE", "state", COL_STRING, true, false, "free, partly or full" },
	{ MAP_USED, "USED", "used", COL_COUNT, true, false, "slots in use of each" },
	{ MAP_COL_LOWER, "LOWER", "lower", COL_BOOL, true, false,
	  "with slots that store slots of the ghost device" },
	{ MAP_COL_DIRECT, "DIRECT", "direct", COL_BOOL, true, false,
	  "with slots in use without those" },
	{ MAP_COL_RETIRED, "RETIRED", "retired", COL_BOOL, true, false, "with slots out of use" },
	{ MAP_COL_DISCARD, "DISCARD", "discard", COL_BOOL, true, false,
	  "waits for a discard to end" },
	{ MAP_ORDER, "ORDER", "order", COL_COUNT, true, false, "order of its folios" },
};

static void map_get(const void *row, int id, struct value *val)
{
	const struct map_run *run = row;

	val->known = true;
	switch (id) {
	case MAP_FIRST:
		val->u = run->first;
		break;
	case MAP_CLUSTERS:
		val->u = run->clusters;
		break;
	case MAP_STATE:
		val->s = run->state;
		break;
	case MAP_USED:
		val->u = run->each.used;
		break;
	case MAP_COL_LOWER:
		val->b = run->each.kind & CLUSTER_LOWER;
		break;
	case MAP_COL_DIRECT:
		val->b = run->each.kind & CLUSTER_DIRECT;
		break;
	case MAP_COL_RETIRED:
		val->b = run->each.kind & CLUSTER_RETIRED;
		break;
	case MAP_COL_DISCARD:
		val->b = run->each.kind & CLUSTER_DISCARD;
		break;
	case MAP_ORDER:
		val->u = run->each.order;
		break;
	default:
		val->known = false;
	}
}

const struct columns map_columns = {
	.rows = "clusters",
	.col = map_cols,
	.n = sizeof(map_cols) / sizeof(map_cols[0]),
	.get = map_get,
};

static void legend(char c, bool colour, const char *text)
{
	printf("  %s%c%s  %s\n", colour ? map_colour(c) : "", c, colour && *map_colour(c) ? MAP_PLAIN : "",
	       text);
}

static int print_picture(const char *name, const struct clusters *clusters)
{
	bool colour = terminal_width() && !getenv("NO_COLOR");
	size_t width = terminal_width(), each = 0;
	struct strbuf picture = STRBUF_INIT;
	char size[SIZE_TEXT_MAX];
	struct map_sums sums;
	int err;

	map_sum(clusters, &sums);
	err = map_draw(clusters, width ? width : MAP_WIDTH, MAP_LINES, colour, &each, &picture);
	if (err) {
		strbuf_release(&picture);
		return out_of_memory();
	}
	printf("%s: %zu clusters of %s: %" PRIu64 " free, %" PRIu64 " partly used, %" PRIu64 " full\n",
	       name, clusters->n, size_format(clusters->slots * page_size(), size), sums.free,
	       sums.partly, sums.full);
	printf("%s", strbuf_str(&picture));
	strbuf_release(&picture);
	if (each > 1)
		printf("A character is %zu clusters, %s.\n", each,
		       size_format(each * clusters->slots * page_size(), size));
	else
		printf("A character is a cluster.\n");
	legend(MAP_FREE, colour, "free");
	if (sums.lower)
		legend(MAP_LOWER, colour, "in use below the ghost device (L: full)");
	if (sums.direct)
		legend(MAP_DIRECT, colour, "in use directly (D: full)");
	if (sums.lower && sums.direct)
		legend(MAP_MIXED, colour, "both (M: full)");
	if (sums.retired)
		legend(MAP_RETIRED, colour, "with slots out of use");
	if (sums.discard)
		legend(MAP_DISCARD, colour, "free, and being discarded");
	return EX_OK;
}

static int print_runs(const struct clusters *clusters)
{
	struct layout lay = layout();
	struct map_run *runs = NULL;
	struct selection sel;
	size_t n;
	int status;

	status = choose_columns(&map_columns, &sel);
	if (!status && map_runs(clusters, &runs, &n))
		status = out_of_memory();
	if (!status)
		status = print_status(print_rows(&map_columns, &sel, &lay, command_name(), runs, n,
						 sizeof(*runs)));
	free(runs);
	selection_release(&sel);
	return status;
}

/* Whether options ask for a table and not for a picture. */
static bool wants_numbers(void)
{
	return opts.json || opts.raw || opts.noheadings || opts.bytes || opts.columns ||
		opts.all_columns;
}

static int map_device(struct swap *swap)
{
	struct clusters clusters;
	int status, err;

	err = read_clusters(&root, swap, &clusters);
	if (err) {
		status = cannot_read(err);
	} else if (!clusters.present) {
		message("%s: this kernel does not tell the clusters of a device", swap->name);
		status = EX_UNSUPPORTED;
	} else {
		status = wants_numbers() ? print_runs(&clusters) :
			print_picture(swap->name, &clusters);
	}
	clusters_release(&clusters);
	return status;
}

int do_map(int argc, char **argv)
{
	struct swaps swaps = { 0 };
	struct swap *swap;
	int status, err;

	if (argc != 1)
		return usage_error("one device is expected");
	err = read_swaps(&root, &swaps);
	if (!err)
		err = read_slots(&root, &swaps);
	if (err == -ENOENT) {
		message("this kernel has no swap: there is no %s", root.failed);
		status = EX_UNSUPPORTED;
	} else if (err) {
		status = cannot_read(err);
	} else if (!(swap = swaps_find(&root, &swaps, argv[0]))) {
		message("%s: not a swap device that is on", argv[0]);
		status = EX_FAILED;
	} else if (swap->ghost) {
		message("%s: the ghost device has no storage to show", argv[0]);
		status = EX_UNSUPPORTED;
	} else {
		status = map_device(swap);
	}
	swaps_release(&swaps);
	return status;
}
