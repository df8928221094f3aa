// SPDX-License-Identifier: GPL-2.0-only
#include "strbuf.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strbuf_release(struct strbuf *sb)
{
	free(sb->buf);
	*sb = (struct strbuf)STRBUF_INIT;
}

void strbuf_reset(struct strbuf *sb)
{
	sb->len = 0;
	if (sb->buf)
		sb->buf[0] = '\0';
}

int strbuf_grow(struct strbuf *sb, size_t more)
{
	size_t need, size;
	char *buf;

	if (more > SIZE_MAX / 2 - sb->len - 1)
		return -EOVERFLOW;
	need = sb->len + more + 1;
	if (need <= sb->size)
		return 0;

	size = sb->size * 2 > need ? sb->size * 2 : need;
	if (size < 64)
		size = 64;
	buf = realloc(sb->buf, size);
	if (!buf)
		return -ENOMEM;
	if (!sb->buf)
		buf[0] = '\0';
	sb->buf = buf;
	sb->size = size;
	return 0;
}

int strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
	int err = strbuf_grow(sb, len);

	if (err)
		return err;
	if (len)
		memcpy(sb->buf + sb->len, data, len);
	sb->len += len;
	sb->buf[sb->len] = '\0';
	return 0;
}

int strbuf_adds(struct strbuf *sb, const char *str)
{
	return strbuf_add(sb, str, strlen(str));
}

int strbuf_addch(struct strbuf *sb, char c)
{
	return strbuf_add(sb, &c, 1);
}

int strbuf_addv(struct strbuf *sb, const char *fmt, va_list ap)
{
	va_list again;
	int len, err;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		return -EINVAL;
	err = strbuf_grow(sb, len);
	if (err)
		return err;
	vsnprintf(sb->buf + sb->len, len + 1, fmt, ap);
	sb->len += len;
	return 0;
}

int strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = strbuf_addv(sb, fmt, ap);
	va_end(ap);
	return err;
}

const char *strbuf_str(const struct strbuf *sb)
{
	return sb->buf ? sb->buf : "";
}

char *strbuf_detach(struct strbuf *sb)
{
	char *buf;

	if (strbuf_grow(sb, 0))
		return NULL;
	buf = sb->buf;
	*sb = (struct strbuf)STRBUF_INIT;
	return buf;
}
