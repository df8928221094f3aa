/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_SYMBOLISE_H
#define RIG_SYMBOLISE_H

#include <json-c/json.h>
#include <stddef.h>

/*
 * Source lines for the stack of a splat, by the kernel's own scripts/decode_stacktrace.sh. What the
 * guest printed is not trusted: the script sees nothing but names and offsets of frames.
 */
struct source_lines {
	char **line;		/* one for each line of the excerpt, NULL where there is none */
	size_t n;
	char why_not[256];	/* why there are none at all; "" when there are some */
};

/*
 * TREE: the kernel's source with its scripts. KERNELS: directory of kernels, each in one of its own with its vmlinux;
 * for those whose image is not where they were built, as in a fleet, which keeps a copy. Both must outlive the object.
 * 0 or -ENOMEM.
 */
struct symboliser;
int symboliser_new(const char *tree, const char *kernels, struct symboliser **ret);
void symboliser_free(struct symboliser *s);

/*
 * KERNEL: member `kernel` of a cell. Its vmlinux is the one beside an image that still has the hash of the one that the
 * cell booted. Files are named from the top of the source. 0 or -ENOMEM; everything else is said in why_not.
 */
int source_lines_find(struct symboliser *s, struct json_object *kernel, const char *excerpt,
		      struct source_lines *ret);
void source_lines_release(struct source_lines *s);

#endif
