/* SPDX-License-Identifier: GPL-2.0 */
#ifndef GHOSTSWAP_LINEBUF_H
#define GHOSTSWAP_LINEBUF_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Cuts an untrusted byte stream into lines of bounded length. What the callback gets is valid UTF-8
 * without control characters (tab excepted), NUL terminated, fit for JSON and XML: every other byte
 * became '?'. CR at the end is dropped. TRUNCATED says that the line was longer than the bound and
 * lost its tail.
 */
typedef void (*linebuf_fn)(const char *line, size_t len, bool truncated, void *userdata);

struct linebuf;

/* MAX: longest line in bytes, newline excluded. Returns NULL without memory. */
struct linebuf *linebuf_new(size_t max, linebuf_fn fn, void *userdata);
void linebuf_free(struct linebuf *lb);

void linebuf_feed(struct linebuf *lb, const void *data, size_t len);

/* The stream ended: hands out what stands there without a newline. */
void linebuf_flush(struct linebuf *lb);

/* Replaces what is not printable UTF-8 by '?' in place; the length stays. */
void text_clean(char *s, size_t len);

#endif
