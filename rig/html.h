/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_HTML_H
#define RIG_HTML_H

#include <stdio.h>

/* What stands for C in the text and in the attributes of HTML and XML, where that is not C itself; otherwise NULL. */
const char *markup_entity(char c);

/*
 * Text for an element or for an attribute in double quotes: markup is escaped, and what is not
 * printable UTF-8, or would turn the direction of the text, becomes U+FFFD. Newlines and tabs stay.
 */
void html_text(FILE *f, const char *s);

/* The same for the first LEN bytes of S. */
void html_textn(FILE *f, const char *s, size_t len);

/* The text after formatting it; at most 1 KiB of it. */
void html_textf(FILE *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A path as a relative URL, for href="". */
void html_url(FILE *f, const char *path);

/* The way from the directory FROM to TO, both absolute; allocated, NULL without memory. */
char *path_relative(const char *from, const char *to);

#endif
