// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "ktap.h"
#include "pattern.h"

#define TEXT_RANDOM_WORDS	128	/* the part that does not compress */
#define ODD			0x9e3779b97f4a7c15ull

static uint64_t page_key(const struct page_id *id, uint64_t seed)
{
	return mix64(seed ^ mix64(id->home ^ mix64(id->salt + id->gen)));
}

/* The first two words can be read by a person: which page is this, how old. */
static inline uint64_t header_word(const struct page_id *id, int word)
{
	return word ? (uint64_t)id->gen << 32 | (uint32_t)id->salt : id->home;
}

static inline uint64_t word_at(const struct page_id *id, uint64_t key, int i)
{
	switch (id->content) {
	case CONTENT_ZERO:
		return 0;
	case CONTENT_SAME:
		return key | 1;
	case CONTENT_TEXT:
		if (i >= TEXT_RANDOM_WORDS)
			return key + (i & 7);
		break;
	default:
		break;
	}
	if (i < 2)
		return header_word(id, i);
	return mix64(key + i * ODD);
}

void pattern_fill(void *page, const struct page_id *id, uint64_t seed)
{
	uint64_t key = page_key(id, seed);
	uint64_t *p = page;
	int i;

	for (i = 0; i < PAGE_WORDS; i++)
		p[i] = word_at(id, key, i);
}

int pattern_check(const void *page, const struct page_id *id, uint64_t seed)
{
	uint64_t key = page_key(id, seed);
	const uint64_t *p = page;
	int i;

	for (i = 0; i < PAGE_WORDS; i++)
		if (p[i] != word_at(id, key, i))
			return i;
	return -1;
}

uint64_t pattern_word(const struct page_id *id, uint64_t seed, int word)
{
	return word_at(id, page_key(id, seed), word);
}
