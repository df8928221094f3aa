/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_PAGE_H
#define RIG_PAGE_H

#include <stdio.h>

#include "archive.h"
#include "symbolise.h"

/*
 * Writes the report of the archive as one HTML page that needs nothing but itself. DIR is the
 * absolute directory that the page will be in: logs are linked from there. 0, -ENOMEM or -EIO.
 */
int page_write(FILE *f, const struct archive *a, const char *dir, struct symboliser *symboliser);

/* The style sheet of the page. */
extern const char page_style[];

#endif
