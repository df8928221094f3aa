// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes on a console: what is kept of it is bounded and clean, and no log gets more than it
 * may.
 */
#include <stdio.h>
#include <string.h>

#include "console.h"
#include "fuzz.h"
#include "linebuf.h"

#define LOG_MAX	4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *log = NULL, copy[CRASH_BYTES_MAX + 1];
	size_t i, len, step = size ? data[0] + 1 : 1;
	FILE *f = open_memstream(&log, &len);
	struct console *c = console_new(f, LOG_MAX, size > 1 ? data[1] : 0);
	const struct crash *k;

	for (i = 2; i < size; i += step) {
		console_feed(c, data + i, size - i < step ? size - i : step);
		if (size > 2 && data[2] == 'D' && i > size / 2)
			console_begin_dump(c);
	}
	console_end(c);
	for (i = 0; (k = console_crash(c, i)); i++) {
		must(i < CRASH_KEEP_MAX && strlen(k->fingerprint) == FINGERPRINT_SIZE - 1 &&
		     k->kind[0]);
		must(k->lines <= CRASH_LINES_MAX && strlen(k->excerpt ?: "") <= CRASH_BYTES_MAX);
		strcpy(copy, k->title);
		text_clean(copy, strlen(copy));
		must(!strcmp(copy, k->title));
	}
	must(i <= console_crashes(c) && strlen(console_dump(c)) < DUMP_BYTES_MAX);
	fclose(f);
	must(len <= LOG_MAX);
	console_free(c);
	free(log);
	return 0;
}
