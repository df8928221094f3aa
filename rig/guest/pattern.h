/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a checked page holds. Everything follows from its identity (home page
 * number, generation, salt) and the seed, so that a page that comes back from
 * swap can only be right if it is this page with its last content.
 */
#ifndef GUEST_PATTERN_H
#define GUEST_PATTERN_H

#include <stdint.h>

#define PAGE_BYTES	4096
#define PAGE_WORDS	(PAGE_BYTES / 8)

enum content {
	CONTENT_RANDOM,		/* does not compress */
	CONTENT_TEXT,		/* compresses to about a third */
	CONTENT_SAME,		/* one word, not zero, all over */
	CONTENT_ZERO,
	NR_CONTENTS,
};

struct page_id {
	uint64_t home;		/* page number where it was first mapped */
	uint64_t salt;		/* tells the copies of forked processes apart */
	uint32_t gen;
	enum content content;
};

void pattern_fill(void *page, const struct page_id *id, uint64_t seed);

/* Returns -1 if the page is right, else the first wrong word. */
int pattern_check(const void *page, const struct page_id *id, uint64_t seed);

/* The word that pattern_fill() would put there. */
uint64_t pattern_word(const struct page_id *id, uint64_t seed, int word);

#endif
