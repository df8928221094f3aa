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
 * TREE: the kernel's source with its scripts. KERNEL: member `kernel` of a cell; the vmlinux
 * beside its image is used when the image is still the one that the cell booted. 0 or -ENOMEM;
 * everything else is said in why_not. */
int source_lines_find(const char *tree, struct json_object *kernel, const char *excerpt,
		      struct source_lines *ret);
void source_lines_release(struct source_lines *s);

#endif
