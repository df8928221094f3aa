// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random garbage for each parser: nothing may crash or hang, an accepted text
 * must make sense, a refused one must leave the result alone. The same bytes
 * each time; another seed and more rounds as arguments.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "jsonout.h"
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
	"9999999999999999999999", "NAME", "size", ",", "+", "-", "E", "\xc3\xbc", "\xff", "max",
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

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 20261121;
	long rounds = argc > 2 ? strtol(argv[2], NULL, 0) : 60000;
	char text[TEXT_MAX];

	printf("1..1\n# seed %" PRIu64 ", %ld rounds\n", first, rounds);
	seed = first;
	for (long i = 0; i < rounds; i++) {
		make_text(text);
		try_numbers(text);
		try_swaps(text);
		try_path(text);
		try_columns(text);
		try_text(text);
		if (failure) {
			printf("not ok 1 garbage\n# round %ld: %s\n# text:", i, failure);
			for (char *p = text; *p; p++)
				printf(" %02x", (unsigned char)*p);
			printf("\n");
			return 1;
		}
	}
	printf("ok 1 garbage\n");
	return 0;
}
