// SPDX-License-Identifier: GPL-2.0-only
/* /proc/swaps */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read.h"
#include "size.h"

void unescape_path(char *path)
{
	char *to = path;

	while (*path) {
		int code = 0, i;

		for (i = 1; *path == '\\' && i <= 3 && path[i] >= '0' && path[i] <= '7'; i++)
			code = code * 8 + path[i] - '0';
		if (i == 4 && code && code < 256) {
			*to++ = code;
			path += 4;
		} else {
			*to++ = *path++;
		}
	}
	*to = '\0';
}

static int kib_to_bytes(const char *text, uint64_t *bytes)
{
	int err = parse_u64(text, bytes);

	if (err)
		return err;
	return __builtin_mul_overflow(*bytes, 1024, bytes) ? -ERANGE : 0;
}

static int parse_row(char *line, struct swap *swap)
{
	char *save, *field[5];
	size_t len;
	int err;

	for (size_t i = 0; i < 5; i++) {
		field[i] = strtok_r(i ? NULL : line, " \t", &save);
		if (!field[i])
			return -EBADMSG;
	}
	if (strtok_r(NULL, " \t", &save) || strlen(field[1]) >= sizeof(swap->type))
		return -EBADMSG;

	memset(swap, 0, sizeof(*swap));
	strcpy(swap->type, field[1]);
	swap->ghost = !strcmp(swap->type, "ghost");
	err = kib_to_bytes(field[2], &swap->size);
	if (!err)
		err = kib_to_bytes(field[3], &swap->used);
	if (!err)
		err = parse_s64(field[4], &swap->prio);
	if (err)
		return err == -EINVAL ? -EBADMSG : err;

	unescape_path(field[0]);
	len = strlen(field[0]);
	if (len > strlen(SWAP_DELETED) &&
	    !strcmp(field[0] + len - strlen(SWAP_DELETED), SWAP_DELETED)) {
		field[0][len - strlen(SWAP_DELETED)] = '\0';
		swap->deleted = true;
	}
	swap->name = strdup(field[0]);
	return swap->name ? 0 : -ENOMEM;
}

int parse_swaps(const char *text, struct swaps *swaps)
{
	char *copy = strdup(text), *next = copy, *line;
	bool heading = true;
	int err = copy ? 0 : -ENOMEM;

	*swaps = (struct swaps){ 0 };
	while (!err && (line = strsep(&next, "\n"))) {
		struct swap *more;

		if (heading) {
			/* A kernel without any device prints just this line. */
			if (strncmp(line, "Filename", strlen("Filename")))
				err = -EBADMSG;
			heading = false;
			continue;
		}
		if (!*line)
			continue;
		more = realloc(swaps->v, (swaps->n + 1) * sizeof(*more));
		if (!more) {
			err = -ENOMEM;
			break;
		}
		swaps->v = more;
		err = parse_row(line, &swaps->v[swaps->n]);
		if (!err)
			swaps->n++;
	}
	free(copy);
	return err;
}

int read_swaps(struct sysroot *root, struct swaps *swaps)
{
	struct strbuf text = STRBUF_INIT;
	int err;

	*swaps = (struct swaps){ 0 };
	err = sysroot_read(root, "/proc/swaps", &text);
	if (!err) {
		err = parse_swaps(strbuf_str(&text), swaps);
		if (err)
			sysroot_path(root, "/proc/swaps", root->failed, sizeof(root->failed));
	}
	strbuf_release(&text);
	return err;
}

void swaps_release(struct swaps *swaps)
{
	for (size_t i = 0; i < swaps->n; i++)
		free(swaps->v[i].name);
	free(swaps->v);
	*swaps = (struct swaps){ 0 };
}

static struct swap *find_exact(struct swaps *swaps, const char *name)
{
	for (size_t i = 0; i < swaps->n; i++)
		if (!strcmp(swaps->v[i].name, name))
			return &swaps->v[i];
	return NULL;
}

struct swap *swaps_find(struct sysroot *root, struct swaps *swaps, const char *name)
{
	char path[2 * PATH_MAX];
	struct swap *swap;
	char *real;

	if (!strcmp(name, "ghost"))
		name = GHOST_NODE;
	swap = find_exact(swaps, name);
	if (swap)
		return swap;
	if (!strchr(name, '/') && strlen(name) < PATH_MAX) {
		snprintf(path, sizeof(path), "/dev/%s", name);
		swap = find_exact(swaps, path);
		if (swap)
			return swap;
	}
	/* The kernel lists what a link points to. A captured tree has no devices. */
	if (!root->real)
		return NULL;
	real = realpath(name, NULL);
	swap = real ? find_exact(swaps, real) : NULL;
	free(real);
	return swap;
}
