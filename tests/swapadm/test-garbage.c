// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random garbage for each parser: nothing may crash or hang, an accepted text
 * must make sense, a refused one must leave the result alone. The same bytes
 * each time; another seed and more rounds as arguments.
 */
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "columns.h"
#include "conf.h"
#include "jsonout.h"
#include "map.h"
#include "read.h"
#include "size.h"

#define TEXT_MAX	512

static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33) % below;
}

/* Pieces that get past the first test of a parser more often than noise does. */
static const char *const pieces[] = {
	"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n", "/dev/sda2 ", "partition ", "ghost ",
	"file\t\t", "1020 ", "0\n", "-2\n", "18446744073709551615", "\\040", "\\134", "\\0", " (deleted)",
	"\\040(deleted)", "\n", "\t", " ", "zswpin ", "zswpin: ", " kB\n", "K", "MiB", "1.5", ".",
	"9999999999999999999999", "NAME", "size", ",", "+", "-", "E", "\xc3\xbc", "\xff", "max", "auto", "/", "/sys/fs/cgroup", "/..",
	"/./", "zswap - -\n", "fast 100 32767\n", "slow -1 99\n", "fast 1 2\n", "idle", "running ", "4 81", "[ghost]\n",
	"[tier a]\n", "[tier b]\n", "[device /dev/a]\n", "[cgroup a]\n", "[compaction]\n", "[zswap]\n", "enable = yes\n",
	"limit = 1G\n", "limit =\n", "priority = 5\n", "watermark-high = 9\n", "watermark-low: 8\n", "tier.a = 0\n",
	"swap.max = max\n", "proactiveness = 7 ; x\n", "if-missing = skip\n", " = ", "#", "]",
};

static void make_text(char *text)
{
	size_t want = rnd(TEXT_MAX - 1), len = 0;

	/* Short ones often: sizes and numbers are. */
	if (rnd(2))
		want %= 24;
	while (len < want) {
		const char *piece = pieces[rnd(sizeof(pieces) / sizeof(pieces[0]))];

		if (rnd(4) && len + strlen(piece) < TEXT_MAX) {
			strcpy(text + len, piece);
			len += strlen(piece);
		} else {
			text[len++] = 1 + rnd(255);
		}
	}
	text[len] = '\0';
}

static const char *failure;

#define EXPECT(cond)					\
	do {						\
		if (!(cond) && !failure)		\
			failure = #cond;		\
	} while (0)

static bool digits_in(const char *text)
{
	return strpbrk(text, "0123456789");
}

static void try_numbers(const char *text)
{
	uint64_t val = 77, again;
	char buf[SIZE_TEXT_MAX];
	int64_t sval = 77;
	int err;

	err = parse_u64(text, &val);
	EXPECT(err == 0 || err == -EINVAL || err == -ERANGE);
	EXPECT(!err || val == 77);
	EXPECT(err || digits_in(text));
	err = parse_s64(text, &sval);
	EXPECT(err == 0 || err == -EINVAL || err == -ERANGE);
	EXPECT(!err || sval == 77);
	val = 77;
	err = size_parse(text, &val);
	EXPECT(err == 0 || err == -EINVAL || err == -ERANGE);
	EXPECT(!err || val == 77);
	EXPECT(err || digits_in(text));
	if (!err && !strpbrk(size_format(val, buf), ".E"))
		EXPECT(size_parse(buf, &again) == 0);
	val = 77;
	err = keyed_u64(text, "zswpin", &val);
	EXPECT(err == 0 || err == -ENOENT || err == -EBADMSG || err == -ERANGE);
	EXPECT(err || strstr(text, "zswpin"));
}

static void try_swaps(const char *text)
{
	struct swaps swaps;
	int err = parse_swaps(text, &swaps);

	EXPECT(err == 0 || err == -EBADMSG || err == -ERANGE);
	EXPECT(err || !strncmp(text, "Filename", 8));
	for (size_t i = 0; i < swaps.n; i++) {
		EXPECT(swaps.v[i].name && *swaps.v[i].name);
		EXPECT(*swaps.v[i].type);
		EXPECT(swaps.v[i].size % 1024 == 0);
	}
	swaps_release(&swaps);
}

static void try_tiers(const char *text)
{
	struct compact compact = { 0 };
	struct amounts amounts;
	struct tiers tiers;
	int err = parse_tiers(text, &tiers);

	EXPECT(err == 0 || err == -EBADMSG);
	for (size_t i = 0; i < tiers.n; i++) {
		const struct tier *t = &tiers.v[i];

		EXPECT(t->ranged == !!strcmp(t->name, TIER_ZSWAP));
		EXPECT(!t->ranged || (tier_name_valid(t->name) && t->start <= t->end));
		EXPECT(tiers_find(&tiers, t->name) == t);
	}
	tiers_release(&tiers);
	for (int words = 0; words < 2; words++) {
		err = parse_amounts(text, words, &amounts);
		EXPECT(err == 0 || err == -EBADMSG || err == -ERANGE);
		EXPECT(amounts.known == !err);
		for (size_t i = 0; i < amounts.n; i++) {
			EXPECT(words || !amounts.v[i].limit.word);
			EXPECT(amounts_find(&amounts, amounts.v[i].name) == &amounts.v[i]);
		}
		amounts_release(&amounts);
	}
	err = parse_compact(text, &compact);
	EXPECT(err == 0 || err == -EBADMSG || err == -ERANGE);
	EXPECT(!err || !compact.running);
	EXPECT(!compact.running || (compact.order.known && compact.score.v <= 100));
}

/* The bytes as records of clusters: their sums, their picture and their runs fit each other. */
static void try_clusters(const char *text)
{
	struct strbuf picture = STRBUF_INIT;
	struct clusters clusters;
	struct map_sums sums;
	struct map_run *runs;
	size_t len = strlen(text), n, each;
	uint64_t count = 0, chars = 0;
	int err = parse_clusters((const unsigned char *)text, len, &clusters);

	EXPECT(err == (len % CLUSTER_RECORD ? -EBADMSG : 0));
	if (err)
		return;
	clusters_measure(&clusters, (struct num){ rnd(2), rnd(70000) }, rnd(1000000));
	for (size_t i = 0; i < clusters.n; i++)
		EXPECT(clusters.v[i].used <= clusters.slots);
	map_sum(&clusters, &sums);
	EXPECT(sums.free + sums.partly + sums.full == clusters.n);
	EXPECT(map_runs(&clusters, &runs, &n) == 0);
	for (size_t i = 0; i < n; i++) {
		EXPECT(runs[i].first == count);
		count += runs[i].clusters;
	}
	EXPECT(count == clusters.n);
	EXPECT(map_draw(&clusters, 1 + rnd(20), 1 + rnd(3), false, &each, &picture) == 0);
	for (size_t i = 0; i < picture.len; i++)
		chars += picture.buf[i] != '\n';
	EXPECT(!clusters.n || chars == (clusters.n + each - 1) / each);
	strbuf_release(&picture);
	free(runs);
	clusters_release(&clusters);
}

static void count_fault(const char *file, unsigned int line, const char *text, void *arg)
{
	EXPECT(!strcmp(file, "a") || !strcmp(file, "b"));
	EXPECT(*text);
	(*(unsigned int *)arg)++;
}

/* The text as two files, cut somewhere. */
static void try_conf(const char *text)
{
	unsigned int faults = 0;
	struct conf conf = { .fault = count_fault, .arg = &faults };
	size_t len = strlen(text), cut = rnd(len + 1), at = 0, sections = 0;
	const struct conf_setting *set;

	EXPECT(conf_parse(&conf, "a", text, cut) == 0);
	EXPECT(conf_parse(&conf, "b", text + cut, len - cut) == 0);
	EXPECT(conf_check(&conf) == 0);
	EXPECT(conf.faults == faults);
	for (size_t i = 0; i < conf.n; i++) {
		set = &conf.v[i];
		EXPECT(!*set->text || *set->value);
		EXPECT(set->line && set->line <= len + 1);
		EXPECT(conf_get(&conf, set->kind, set->name, set->key) == (*set->text ? set : NULL));
	}
	for (enum conf_kind kind = 0; kind < CONF_KINDS; kind++)
		for (at = 0; (set = conf_section(&conf, kind, &at)); sections++)
			EXPECT(set->kind == kind && *set->text);
	EXPECT(sections <= conf.n);
	conf_release(&conf);
}

static void try_path(const char *text)
{
	char copy[TEXT_MAX];

	strcpy(copy, text);
	unescape_path(copy);
	EXPECT(strlen(copy) <= strlen(text));
}

static const struct column cols[] = {
	{ 0, "NAME", "name", COL_STRING, true, false, "" },
	{ 1, "SIZE", "size", COL_BYTES, false, false, "" },
};

static void try_cgroup_names(const char *text)
{
	static const char *const words[] = { "max", "auto", NULL };
	struct limit limit;
	char path[64];
	int err = cgroup_dir(text, path, sizeof(path));

	EXPECT(err == 0 || err == -EINVAL || err == -ENAMETOOLONG);
	EXPECT(err || !strncmp(path, CGROUP_DIR, strlen(CGROUP_DIR)));
	EXPECT(err || !strstr(path, "/../"));
	EXPECT(err || !strstr(path, "//"));
	EXPECT(err || *cgroup_path(path) == '/');
	err = limit_parse(text, words, &limit);
	EXPECT(limit.known == !err);
	EXPECT(err || limit.word || digits_in(text));
}

static void try_columns(const char *text)
{
	const struct columns columns = { .rows = "rows", .col = cols, .n = 2 };
	struct selection sel;
	const char *bad = NULL;
	size_t len = 0;
	int err = selection_parse(&columns, text, false, &sel, &bad, &len);

	EXPECT(err == 0 || err == -EINVAL);
	EXPECT(!err || (bad >= text && bad + len <= text + strlen(text)));
	for (size_t i = 0; i < sel.n; i++)
		EXPECT(sel.index[i] == 0 || sel.index[i] == 1);
	selection_release(&sel);
}

static void try_text(const char *text)
{
	struct json_object *obj = json_object_new_object(), *back;
	struct strbuf sb = STRBUF_INIT;

	EXPECT(jsonout_str(obj, "text", text) == 0);
	back = json_tokener_parse(json_object_to_json_string(obj));
	EXPECT(back);
	json_object_put(back);
	json_object_put(obj);

	EXPECT(wrap_words(text, 1 + rnd(40), &sb) == 0);
	EXPECT(sb.len <= strlen(text));
	strbuf_release(&sb);
}

/* Every file that a reader looks at. */
static const char *const files[] = {
	"proc/swaps", "proc/meminfo", "proc/vmstat", "proc/uptime", "proc/sys/vm/swappiness",
	"proc/sys/vm/ghostswap_in_meminfo", "sys/power/resume",
	"sys/kernel/mm/swap/ghost/enabled", "sys/kernel/mm/swap/ghost/limit_pages",
	"sys/kernel/mm/swap/ghost/used_pages", "sys/kernel/mm/swap/ghost/zero_pages",
	"sys/kernel/mm/swap/ghost/zswap_pages", "sys/kernel/mm/swap/ghost/metadata_bytes",
	"sys/kernel/mm/swap/ghost/disk_pages", "sys/kernel/mm/swap/device0/path",
	"sys/kernel/mm/swap/device0/lower_pages", "sys/kernel/mm/swap/device0/failing",
	"sys/kernel/mm/swap/device1/path", "sys/kernel/mm/swap/device1/retired_pages",
	"sys/module/zswap/parameters/enabled", "sys/module/zswap/parameters/compressor",
	"sys/module/zswap/parameters/max_pool_percent", "sys/kernel/debug/zswap/pool_limit_hit",
	"sys/block/zram0/mm_stat", "sys/class/block/sda/queue/rotational",
	"sys/fs/cgroup/a/memory.swap.max", "sys/fs/cgroup/a/memory.swap.ghost.max",
	"sys/fs/cgroup/a/memory.current", "sys/fs/cgroup/a/memory.stat",
	"sys/fs/cgroup/a/memory.swap.events", "sys/fs/cgroup/a/b/memory.swap.ghost.max",
	"sys/fs/cgroup/a/b/cgroup.controllers", "sys/fs/cgroup/a/memory.swap.tiers.max",
	"sys/fs/cgroup/a/memory.swap.tiers.effective", "sys/kernel/mm/swap/tiers",
	"sys/kernel/mm/swap/tier/fast/used", "sys/kernel/mm/swap/tier/fast/watermark_low",
	"sys/kernel/mm/swap/device0/compact", "sys/kernel/mm/swap/device0/compact_score",
	"sys/kernel/mm/swap/device0/compact_stat", "sys/kernel/mm/swap/device0/clusters",
	"sys/kernel/mm/swap/device0/cluster_pages", "etc/swapadm/a.conf", "run/swapadm/a.conf",
	"usr/lib/swapadm/b.conf",
};

static char dir[] = "/tmp/swapadm-garbage-XXXXXX";

/* Make the file @name below the directory, with the directories above it. */
static bool put_file(const char *name, const char *text)
{
	char path[PATH_MAX];
	size_t base = strlen(dir) + 1;
	bool done;
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (char *p = path + base; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		mkdir(path, 0700);
	}
	/* A new file: some file systems write out one that is cut off and filled again. */
	unlink(path);
	out = fopen(path, "w");
	if (!out)
		return false;
	done = fputs(text, out) >= 0;
	return !fclose(out) && done;
}

/* A number more often than not, so that all of a reader is reached. */
static void make_file(const char *name)
{
	static const char *const good[] = { "1\n", "0\n", "4096\n", "7 8 9\n", "max\n" };
	char text[TEXT_MAX];

	if (rnd(3))
		strcpy(text, good[rnd(sizeof(good) / sizeof(good[0]))]);
	else
		make_text(text);
	EXPECT(put_file(name, text));
}

/* A reader that fails names the file. */
static void expect_named(struct sysroot *root, int err)
{
	EXPECT(err <= 0);
	EXPECT(!err || !strncmp(root->failed, dir, strlen(dir)));
	root->failed[0] = '\0';
}

static void count_any(const char *file, unsigned int line, const char *text, void *arg)
{
	EXPECT(!strncmp(file, dir, strlen(dir)));
	(*(unsigned int *)arg)++;
}

static void try_tree(void)
{
	unsigned int faults = 0;
	struct conf conf = { .fault = count_any, .arg = &faults };
	struct cgroup_limits limits;
	struct clusters clusters;
	struct compact compact;
	struct tiers tiers;
	struct counters counters;
	struct cgroups cgroups;
	struct sysroot root;
	struct swaps swaps;
	struct ghost ghost;
	struct zswap zswap;
	struct block block;
	struct vm vm;
	bool memory;

	EXPECT(sysroot_open(&root, dir) == 0);
	make_file(files[rnd(sizeof(files) / sizeof(files[0]))]);
	expect_named(&root, read_swaps(&root, &swaps));
	expect_named(&root, read_slots(&root, &swaps));
	for (size_t i = 0; i < swaps.n; i++)
		EXPECT(swaps.v[i].slots.failing.v < 2);
	for (size_t i = 0; i < swaps.n; i++) {
		expect_named(&root, read_compact(&root, swaps.v[i].dir, &compact));
		compact_release(&compact);
		expect_named(&root, read_clusters(&root, &swaps.v[i], &clusters));
		clusters_release(&clusters);
	}
	swaps_release(&swaps);
	expect_named(&root, read_tiers(&root, &tiers));
	tiers_release(&tiers);
	expect_named(&root, conf_read(&root, &conf));
	EXPECT(faults == conf.faults);
	conf_release(&conf);
	expect_named(&root, read_ghost(&root, &ghost));
	expect_named(&root, read_zswap(&root, &zswap));
	expect_named(&root, read_block(&root, "/dev/zram0", &block));
	expect_named(&root, read_block(&root, "/dev/sda", &block));
	expect_named(&root, read_counters(&root, &counters));
	expect_named(&root, read_vm(&root, &vm));
	expect_named(&root, read_cgroup_limits(&root, ghost.limit, &limits));
	expect_named(&root, read_cgroups(&root, CGROUP_DIR "/a", rnd(3), rnd(2), &cgroups));
	for (size_t i = 0; i < cgroups.n; i++)
		EXPECT(cgroups.v[i].parent < (ptrdiff_t)i && (i || cgroups.v[i].parent == -1));
	cgroups_release(&cgroups);
	expect_named(&root, read_cgroup_controller(&root, CGROUP_DIR "/a/b", &memory));
	sysroot_close(&root);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int report(const char *name, int number, long round, const char *text)
{
	if (!failure) {
		printf("ok %d %s\n", number, name);
		return 0;
	}
	printf("not ok %d %s\n# round %ld: %s\n# text:", number, name, round, failure);
	for (; *text; text++)
		printf(" %02x", (unsigned char)*text);
	printf("\n");
	return 1;
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 20261121;
	long rounds = argc > 2 ? strtol(argv[2], NULL, 0) : 60000;
	char text[TEXT_MAX] = "";
	long i;
	int bad;

	printf("1..2\n# seed %" PRIu64 ", %ld rounds\n", first, rounds);
	seed = first;
	for (i = 0; i < rounds && !failure; i++) {
		make_text(text);
		try_numbers(text);
		try_swaps(text);
		try_tiers(text);
		try_clusters(text);
		try_conf(text);
		try_path(text);
		try_columns(text);
		try_cgroup_names(text);
		try_text(text);
	}
	bad = report("parsers", 1, i, text);

	failure = NULL;
	EXPECT(mkdtemp(dir));
	for (i = 0; i < (long)(sizeof(files) / sizeof(files[0])); i++)
		make_file(files[i]);
	for (i = 0; i < rounds / 20 && !failure; i++)
		try_tree();
	bad |= report("readers", 2, i, "");
	nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	return bad;
}
