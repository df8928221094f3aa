// SPDX-License-Identifier: GPL-2.0-only
/* The tiers of swap: the list of them, and a directory each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read.h"
#include "size.h"

bool tier_name_valid(const char *name)
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

	return len && !name[len] && len < AMOUNT_NAME_MAX && strcmp(name, TIER_ZSWAP);
}

static int parse_tier(char *line, struct tier *tier)
{
	char *save, *field[3];

	for (size_t i = 0; i < 3; i++) {
		field[i] = strtok_r(i ? NULL : line, " \t", &save);
		if (!field[i])
			return -EBADMSG;
	}
	if (strtok_r(NULL, " \t", &save))
		return -EBADMSG;
	*tier = (struct tier){ 0 };
	if (!strcmp(field[0], TIER_ZSWAP)) {
		strcpy(tier->name, TIER_ZSWAP);
		return strcmp(field[1], "-") || strcmp(field[2], "-") ? -EBADMSG : 0;
	}
	if (!tier_name_valid(field[0]) || parse_s64(field[1], &tier->start) ||
	    parse_s64(field[2], &tier->end) || tier->start > tier->end)
		return -EBADMSG;
	strcpy(tier->name, field[0]);
	tier->ranged = true;
	return 0;
}

int parse_tiers(const char *text, struct tiers *tiers)
{
	char *copy = strdup(text), *next = copy, *line;
	int err = copy ? 0 : -ENOMEM;

	*tiers = (struct tiers){ .present = true };
	while (!err && (line = strsep(&next, "\n"))) {
		struct tier *more;

		if (!*line)
			continue;
		more = realloc(tiers->v, (tiers->n + 1) * sizeof(*more));
		if (!more) {
			err = -ENOMEM;
			break;
		}
		tiers->v = more;
		err = parse_tier(line, &more[tiers->n]);
		if (!err && tiers_find(tiers, more[tiers->n].name))
			err = -EBADMSG;
		if (!err)
			tiers->n++;
	}
	free(copy);
	return err;
}

/* A tier may be removed while its files are read. */
static int read_file(struct sysroot *root, const struct tier *tier, const char *file,
		     struct num *num)
{
	char path[sizeof(SWAP_DIR "/tier//watermark_high") + AMOUNT_NAME_MAX];
	int err;

	snprintf(path, sizeof(path), SWAP_DIR "/tier/%s/%s", tier->name, file);
	err = read_num(root, path, num);
	return err == -ENODEV ? 0 : err;
}

int read_tiers(struct sysroot *root, struct tiers *tiers)
{
	struct strbuf text = STRBUF_INIT;
	int err;

	*tiers = (struct tiers){ 0 };
	err = sysroot_read(root, TIERS_FILE, &text);
	if (!err) {
		err = parse_tiers(strbuf_str(&text), tiers);
		if (err)
			sysroot_path(root, TIERS_FILE, root->failed, sizeof(root->failed));
	} else if (err == -ENOENT) {
		err = 0;
	}
	strbuf_release(&text);
	for (size_t i = 0; i < tiers->n && !err; i++) {
		struct tier *tier = &tiers->v[i];

		err = read_file(root, tier, "used", &tier->used);
		if (!err)
			err = read_file(root, tier, "size", &tier->size);
		if (!err)
			err = read_file(root, tier, "watermark_high", &tier->high);
		if (!err)
			err = read_file(root, tier, "watermark_low", &tier->low);
	}
	return err;
}

void tiers_release(struct tiers *tiers)
{
	free(tiers->v);
	*tiers = (struct tiers){ 0 };
}

struct tier *tiers_find(const struct tiers *tiers, const char *name)
{
	for (size_t i = 0; i < tiers->n; i++)
		if (!strcmp(tiers->v[i].name, name))
			return &tiers->v[i];
	return NULL;
}
