// SPDX-License-Identifier: GPL-2.0-only
#include "size.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char suffixes[] = "KMGTPE";

static const char *skip_space(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* Read digits at *@s, at least one, and step over them. */
static int read_digits(const char **s, uint64_t *val)
{
	const char *p = *s;
	uint64_t v = 0;

	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	for (; isdigit((unsigned char)*p); p++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -ERANGE;
	}
	*s = p;
	*val = v;
	return 0;
}

int parse_u64(const char *text, uint64_t *val)
{
	const char *p = skip_space(text);
	uint64_t v;
	int err;

	err = read_digits(&p, &v);
	if (err)
		return err;
	if (*skip_space(p))
		return -EINVAL;
	*val = v;
	return 0;
}

int parse_s64(const char *text, int64_t *val)
{
	const char *p = skip_space(text);
	bool negative = *p == '-';
	uint64_t v;
	int err;

	if (negative)
		p++;
	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	err = parse_u64(p, &v);
	if (err)
		return err;
	if (v > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*val = negative ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

/* The number that a suffix multiplies with; 0 when it is none. */
static uint64_t suffix_unit(const char *s)
{
	uint64_t base, unit = 1;
	const char *found;

	if (!*s || !strcasecmp(s, "B"))
		return 1;
	found = strchr(suffixes, toupper((unsigned char)*s));
	if (!found)
		return 0;
	if (!s[1] || !strcasecmp(s + 1, "iB"))
		base = 1024;
	else if (!strcasecmp(s + 1, "B"))
		base = 1000;
	else
		return 0;
	for (ptrdiff_t i = 0; i <= found - suffixes; i++)
		unit *= base;
	return unit;
}

int size_parse(const char *text, uint64_t *bytes)
{
	uint64_t whole, frac = 0, scale = 1, unit, total;
	const char *p = skip_space(text);
	unsigned __int128 part;
	char suffix[8];
	size_t len;
	int err;

	err = read_digits(&p, &whole);
	if (err)
		return err;
	if (*p == '.') {
		const char *start = ++p;

		err = read_digits(&p, &frac);
		if (err)
			return err;
		if (p - start > 18)
			return -ERANGE;
		while (start++ < p)
			scale *= 10;
	}
	p = skip_space(p);
	len = strlen(p);
	while (len && isspace((unsigned char)p[len - 1]))
		len--;
	if (len >= sizeof(suffix))
		return -EINVAL;
	memcpy(suffix, p, len);
	suffix[len] = '\0';

	unit = suffix_unit(suffix);
	if (!unit)
		return -EINVAL;
	part = (unsigned __int128)frac * unit;
	if (part % scale)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, unit, &total) ||
	    __builtin_add_overflow(total, (uint64_t)(part / scale), &total))
		return -ERANGE;
	*bytes = total;
	return 0;
}

char *size_format(uint64_t bytes, char *buf)
{
	unsigned int exp = 0;
	uint64_t whole, tenths, rest;

	while (exp < strlen(suffixes) && bytes >> (10 * (exp + 1)))
		exp++;
	if (!exp) {
		snprintf(buf, SIZE_TEXT_MAX, "%" PRIu64 "B", bytes);
		return buf;
	}
	whole = bytes >> (10 * exp);
	/* The upper ten bits of what is left are as exact as one digit needs. */
	rest = (bytes >> (10 * (exp - 1))) & 1023;
	tenths = (rest * 10 + 512) / 1024;
	if (tenths == 10) {
		tenths = 0;
		whole++;
	}
	/* 1023.95K and more would read 1024K. */
	if (whole == 1024 && exp < strlen(suffixes)) {
		whole = 1;
		exp++;
	}
	if (tenths)
		snprintf(buf, SIZE_TEXT_MAX, "%u.%u%c", (unsigned int)whole,
			 (unsigned int)tenths, suffixes[exp - 1]);
	else
		snprintf(buf, SIZE_TEXT_MAX, "%u%c", (unsigned int)whole, suffixes[exp - 1]);
	return buf;
}
