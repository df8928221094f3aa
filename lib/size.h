/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers and sizes as text, both ways, in the manner of util-linux. */
#ifndef GHOSTSWAP_LIB_SIZE_H
#define GHOSTSWAP_LIB_SIZE_H

#include <stddef.h>
#include <stdint.h>

/* Enough for what size_format() writes, NUL included. */
#define SIZE_TEXT_MAX	16

/*
 * Read an unsigned decimal number that is all of @text but for white space
 * around it: no sign, no prefix, no suffix.
 * 0; -EINVAL when @text is something else; -ERANGE when it does not fit.
 */
int parse_u64(const char *text, uint64_t *val);

/* The same with a sign allowed. */
int parse_s64(const char *text, int64_t *val);

/*
 * Read a size in bytes: a decimal number, perhaps with a fraction, and perhaps
 * one of the suffixes K M G T P E (also KiB …, 1024 based) or KB MB … (1000
 * based) in either case; B or nothing is bytes. A fraction of a byte is an error.
 * 0; -EINVAL when @text is no size; -ERANGE when it does not fit.
 */
int size_parse(const char *text, uint64_t *bytes);

/*
 * Write @bytes for people: up to one digit after the point, then one letter
 * (0B, 1023B, 1K, 1.5M, 16E). @buf has SIZE_TEXT_MAX bytes. Returns @buf.
 */
char *size_format(uint64_t bytes, char *buf);

#endif
