// SPDX-License-Identifier: GPL-2.0-only
/* The clusters of a device: a record of four bytes each. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "read.h"

/* Records for 128 TiB in clusters of 2 MiB. */
#define FILE_MAX	(256u << 20)

/* What a record has room for. */
#define CLUSTER_SLOTS_MAX	(UINT16_MAX + 1u)

int parse_clusters(const unsigned char *data, size_t len, struct clusters *clusters)
{
	*clusters = (struct clusters){ .present = true };
	if (len % CLUSTER_RECORD)
		return -EBADMSG;
	clusters->v = calloc(len / CLUSTER_RECORD + 1, sizeof(*clusters->v));
	if (!clusters->v)
		return -ENOMEM;
	clusters->n = len / CLUSTER_RECORD;
	for (size_t i = 0; i < clusters->n; i++, data += CLUSTER_RECORD)
		clusters->v[i] = (struct cluster){
			.used = data[0] | data[1] << 8,
			.kind = data[2],
			.order = data[3],
		};
	return 0;
}

void clusters_measure(struct clusters *clusters, struct num whole, uint64_t pages)
{
	uint64_t slots = whole.known && whole.v && whole.v <= CLUSTER_SLOTS_MAX ? whole.v : 1, before;

	clusters->slots = clusters->last = 0;
	if (!clusters->n)
		return;
	/* All but the last are whole, and a whole one is a power of two. */
	while (!whole.known && slots < CLUSTER_SLOTS_MAX && slots * clusters->n < pages)
		slots *= 2;
	for (size_t i = 0; i < clusters->n; i++)
		while (slots < clusters->v[i].used)
			slots *= 2;
	before = slots * (clusters->n - 1);
	clusters->slots = slots;
	clusters->last = pages > before && pages - before < slots ? pages - before : slots;
}

/* sysroot_read() is for text, and not for so much. */
static int read_records(struct sysroot *root, const char *file, struct strbuf *data)
{
	int fd = sysroot_openfile(root, file, O_RDONLY | O_NONBLOCK | O_NOCTTY), err = 0;
	ssize_t got = 1;

	if (fd < 0)
		return fd;
	while (!err && got) {
		char chunk[16384];

		got = read(fd, chunk, sizeof(chunk));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = -errno;
		else if (data->len + got > FILE_MAX)
			err = -EFBIG;
		else
			err = strbuf_add(data, chunk, got);
	}
	close(fd);
	if (err)
		sysroot_path(root, file, root->failed, sizeof(root->failed));
	return err;
}

int read_clusters(struct sysroot *root, const struct swap *swap, struct clusters *clusters)
{
	char file[DEVICE_DIR_MAX + sizeof("/cluster_pages")];
	struct strbuf data = STRBUF_INIT;
	struct num slots = { 0 };
	int err;

	*clusters = (struct clusters){ 0 };
	if (!*swap->dir)
		return 0;
	snprintf(file, sizeof(file), "%s/clusters", swap->dir);
	err = read_records(root, file, &data);
	if (!err) {
		err = parse_clusters((const unsigned char *)strbuf_str(&data), data.len, clusters);
		if (err)
			sysroot_path(root, file, root->failed, sizeof(root->failed));
	} else if (err == -ENOENT || err == -ENODEV) {
		err = 0;
	}
	strbuf_release(&data);
	snprintf(file, sizeof(file), "%s/cluster_pages", swap->dir);
	if (!err)
		err = read_num(root, file, &slots);
	/* The page of the header is out of use as well, which is nothing to look at. */
	for (size_t i = 0; i < clusters->n && swap->slots.retired.known && !swap->slots.retired.v; i++)
		clusters->v[i].kind &= ~CLUSTER_RETIRED;
	/* And it belongs to the first cluster. */
	if (!err && clusters->present)
		clusters_measure(clusters, slots, 1 + num_add((struct num){ true, swap->size },
				 swap->slots.retired).v / page_size());
	return err == -ENODEV ? 0 : err;
}

void clusters_release(struct clusters *clusters)
{
	free(clusters->v);
	*clusters = (struct clusters){ 0 };
}
