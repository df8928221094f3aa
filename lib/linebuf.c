// SPDX-License-Identifier: GPL-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "linebuf.h"

struct linebuf {
	linebuf_fn fn;
	void *userdata;
	size_t max;
	size_t len;
	bool truncated;
	char buf[];
};

struct linebuf *linebuf_new(size_t max, linebuf_fn fn, void *userdata)
{
	struct linebuf *lb = malloc(sizeof(*lb) + max + 1);

	if (!lb)
		return NULL;
	lb->fn = fn;
	lb->userdata = userdata;
	lb->max = max;
	lb->len = 0;
	lb->truncated = false;
	return lb;
}

void linebuf_free(struct linebuf *lb)
{
	free(lb);
}

/*
 * Length of the valid sequence at P, 0 where there is none. Surrogates, overlong forms and U+FFFE/F
 * are refused: XML does.
 */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t n, i;

	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f;
	if (p[0] >= 0xc2 && p[0] < 0xe0)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] < 0xf0)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] < 0xf5)
		n = 4;
	else
		return 0;
	if (n > left)
		return 0;
	c = p[0] & (0xff >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || (c & 0xfffe) == 0xfffe ||
	    (c >= 0x80 && c < 0xa0))
		return 0;
	return n;
}

void text_clean(char *s, size_t len)
{
	unsigned char *p = (unsigned char *)s;
	size_t i = 0;

	while (i < len) {
		size_t n = utf8_len(p + i, len - i);

		if (n) {
			i += n;
		} else {
			if (p[i] != '\t')
				p[i] = '?';
			i++;
		}
	}
}

static void emit(struct linebuf *lb)
{
	while (lb->len && lb->buf[lb->len - 1] == '\r')
		lb->len--;
	text_clean(lb->buf, lb->len);
	lb->buf[lb->len] = '\0';
	lb->fn(lb->buf, lb->len, lb->truncated, lb->userdata);
	lb->len = 0;
	lb->truncated = false;
}

void linebuf_feed(struct linebuf *lb, const void *data, size_t len)
{
	const char *p = data, *end = p + len;

	while (p < end) {
		const char *nl = memchr(p, '\n', end - p);
		size_t n = (nl ? nl : end) - p;
		size_t room = lb->max - lb->len;

		if (n > room) {
			memcpy(lb->buf + lb->len, p, room);
			lb->len += room;
			lb->truncated = true;
		} else {
			memcpy(lb->buf + lb->len, p, n);
			lb->len += n;
		}
		if (!nl)
			return;
		emit(lb);
		p = nl + 1;
	}
}

void linebuf_flush(struct linebuf *lb)
{
	if (lb->len)
		emit(lb);
}
