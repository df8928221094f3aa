/* SPDX-License-Identifier: GPL-2.0-only */
/* What tier and config share. */
#ifndef SWAPADM_TIER_H
#define SWAPADM_TIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "read.h"

/* Room for the path of a watermark. */
#define WATERMARK_FILE_MAX	(sizeof(SWAP_DIR "/tier//watermark_high") + AMOUNT_NAME_MAX)

/* The file of a watermark of @tier. */
void watermark_file(const char *tier, bool high, char *file, size_t size);

/* A percentage, with or without the sign. 0 or -EINVAL. */
int parse_watermark(const char *text, uint64_t *percent);

/* Whether the high watermark is to be written first, so that low is never above it. */
bool watermark_high_first(struct num low_before, uint64_t high);

/* Read the tiers. Exit status, after a message; tiers_release() in each case. */
int load_tiers(struct tiers *tiers);

/* What the list of tiers means by @err; "" if it is just that. */
const char *tiers_hint(int err);

#endif
