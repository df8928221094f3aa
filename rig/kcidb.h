/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_KCIDB_H
#define RIG_KCIDB_H

#include <stdio.h>

#include "archive.h"

#define KCIDB_ORIGIN	"ghostswap"

/*
 * The latest cells of the archive in the manner of KernelCI's common report (KCIDB, schema 5.3):
 * a checkout, a build for each kernel, a test for each cell and for each of its tests that failed.
 * 0,
 * -ENOMEM or -EIO.
 */
int kcidb_write(FILE *f, const struct archive *a);

#endif
