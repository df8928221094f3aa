// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "linebuf.h"
#include "strbuf.h"

/* Characters that reorder what stands around them: U+200E, F, U+202A to E, U+2066 to 9. */
static size_t turns_text(const unsigned char *p, size_t left)
{
	if (left < 3 || p[0] != 0xe2)
		return 0;
	if (p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xaa && p[2] <= 0xae)))
		return 3;
	return p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9 ? 3 : 0;
}

/* Length of the UTF-8 character at P that may be shown; 0 when there is none. */
static size_t shown(const unsigned char *p, size_t left)
{
	char copy[4];
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (n > left)
		return 0;
	memcpy(copy, p, n);
	/* It knows what is valid; it puts a '?' for what is not. */
	text_clean(copy, n);
	return memcmp(copy, p, n) ? 0 : n;
}

const char *markup_entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void html_textn(FILE *f, const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + len;

	while (p < end) {
		const char *entity = markup_entity(*p);
		size_t n;

		if (entity) {
			fputs(entity, f);
			p++;
			continue;
		}
		switch (*p) {
		case '\n':
		case '\t':
			fputc(*p, f);
			break;
		default:
			n = turns_text(p, end - p);
			if (n) {
				fputs("\xef\xbf\xbd", f);
				p += n;
				continue;
			}
			n = shown(p, end - p);
			if (n) {
				fwrite(p, 1, n, f);
				p += n;
				continue;
			}
			fputs("\xef\xbf\xbd", f);
		}
		p++;
	}
}

void html_text(FILE *f, const char *s)
{
	html_textn(f, s, strlen(s));
}

void html_textf(FILE *f, const char *fmt, ...)
{
	char buf[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	html_text(f, buf);
}

void html_url(FILE *f, const char *path)
{
	/* A first part with a colon would be taken for a scheme. */
	if (path[0] != '/' && path[0] != '.')
		fputs("./", f);
	for (; *path; path++) {
		unsigned char c = *path;

		if (isalnum(c) || strchr("/._-~@+", c))
			fputc(c, f);
		else
			fprintf(f, "%%%02X", c);
	}
}

char *path_relative(const char *from, const char *to)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i, common = 0;
	int r = 0;

	for (i = 0; from[i] && from[i] == to[i]; i++)
		if (from[i] == '/')
			common = i + 1;
	if (!from[i] && (to[i] == '/' || !to[i]))
		common = to[i] ? i + 1 : i;
	else if (!to[i] && from[i] == '/')
		common = i + 1;
	if (common < strlen(from)) {
		const char *p;

		for (p = from + common, r = strbuf_adds(&sb, ".."); *p && !r; p++)
			if (*p == '/')
				r = strbuf_adds(&sb, "/..");
	}
	if (common < strlen(to))
		r = r ?: (sb.len ? strbuf_addch(&sb, '/') : 0) ?: strbuf_adds(&sb, to + common);
	if (!r && !sb.len)
		r = strbuf_addch(&sb, '.');
	if (r) {
		strbuf_release(&sb);
		return NULL;
	}
	return strbuf_detach(&sb);
}
