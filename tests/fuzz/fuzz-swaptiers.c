// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as what the kernel tells of tiers, limits, compaction and clusters: the first one says
 * as which.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "map.h"
#include "read.h"

static void tiers(const char *text)
{
	struct tiers t;
	int err = parse_tiers(text, &t);

	must(!err || err == -EBADMSG);
	for (size_t i = 0; i < t.n; i++) {
		must(t.v[i].ranged == !!strcmp(t.v[i].name, TIER_ZSWAP));
		must(!t.v[i].ranged || (tier_name_valid(t.v[i].name) && t.v[i].start <= t.v[i].end));
		must(tiers_find(&t, t.v[i].name) == &t.v[i]);
	}
	tiers_release(&t);
}

static void amounts(const char *text, bool words)
{
	struct column col = { .type = COL_AMOUNTS };
	struct value val = { 0 };
	struct amounts a;
	char cell[CELL_MAX];
	int err = parse_amounts(text, words, &a);

	must(!err || err == -EBADMSG || err == -ERANGE);
	must(a.known == !err);
	for (size_t i = 0; i < a.n; i++) {
		must(words || !a.v[i].limit.word);
		must(amounts_find(&a, a.v[i].name) == &a.v[i]);
	}
	value_amounts(&val, &a);
	must(strlen(cell_text(&col, &val, text[0] & 1, cell)) < CELL_MAX);
	no_tier(&a);
	amounts_release(&a);
}

static void compact(const char *text)
{
	struct compact c = { 0 };
	int err = parse_compact(text, &c);

	must(!err || err == -EBADMSG || err == -ERANGE);
	must(!c.running || (!err && c.order.known && c.score.v <= 100));
}

static void clusters(const uint8_t *data, size_t size)
{
	struct strbuf picture = STRBUF_INIT;
	uint64_t pages = size > 8 ? data[0] << 8 | data[1] : 7, count = 0, chars = 0;
	struct clusters c;
	struct map_sums sums;
	struct map_run *runs;
	size_t n, each;
	int err = parse_clusters(data, size, &c);

	must(err == (size % CLUSTER_RECORD ? -EBADMSG : 0));
	if (err)
		return;
	clusters_measure(&c, (struct num){ pages & 1, pages >> 3 }, pages * c.n / 3);
	map_sum(&c, &sums);
	must(sums.free + sums.partly + sums.full == c.n);
	must(!map_runs(&c, &runs, &n));
	for (size_t i = 0; i < n; i++)
		count += runs[i].clusters;
	must(count == c.n);
	must(!map_draw(&c, 1 + pages % 100, 1 + pages % 7, false, &each, &picture));
	for (size_t i = 0; i < picture.len; i++)
		chars += picture.buf[i] != '\n';
	must(!c.n || chars == (c.n + each - 1) / each);
	strbuf_release(&picture);
	free(runs);
	clusters_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	must(text);
	switch (*data % 5) {
	case 0:
		tiers(text);
		break;
	case 1:
		amounts(text, false);
		break;
	case 2:
		amounts(text, true);
		break;
	case 3:
		compact(text);
		break;
	case 4:
		clusters(data + 1, size - 1);
		break;
	}
	free(text);
	return 0;
}
