/* SPDX-License-Identifier: GPL-2.0-only */
/* A string that grows. */
#ifndef GHOSTSWAP_LIB_STRBUF_H
#define GHOSTSWAP_LIB_STRBUF_H

#include <stdarg.h>
#include <stddef.h>

/*
 * @buf is NULL until something was added; strbuf_str() never is. It always ends
 * in a NUL that @len does not count; the text itself may hold NULs.
 */
struct strbuf {
	char *buf;
	size_t len;
	size_t size;
};

#define STRBUF_INIT { NULL, 0, 0 }

/* Free the memory; the buffer is empty and may be used again. */
void strbuf_release(struct strbuf *sb);

/* Forget the text, keep the memory. */
void strbuf_reset(struct strbuf *sb);

/* Make room for @more bytes beside the NUL. 0, -ENOMEM or -EOVERFLOW. */
int strbuf_grow(struct strbuf *sb, size_t more);

/* Append. 0 or what strbuf_grow() says; after an error the text is as before. */
int strbuf_add(struct strbuf *sb, const void *data, size_t len);
int strbuf_adds(struct strbuf *sb, const char *str);
int strbuf_addch(struct strbuf *sb, char c);
int strbuf_addf(struct strbuf *sb, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int strbuf_addv(struct strbuf *sb, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* The text, "" when there is none. Valid until the buffer is changed. */
const char *strbuf_str(const struct strbuf *sb);

/* Hand the text over to the caller, who frees it. NULL when out of memory. */
char *strbuf_detach(struct strbuf *sb);

#endif
