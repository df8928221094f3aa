// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cell-id.h"
#include "sha256.h"

int cell_spec_id(const struct cell_spec *s, const char *kernel, const char *image,
		 const char *initrd, const char *share, char id[CELL_ID_SIZE])
{
	char *text = NULL, hex[SHA256_HEX_SIZE];
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int r;

	if (!f)
		return -ENOMEM;
	/*
	 * The first line says what the rest means: another recipe must give other ids. The constraint
	 * counts, because the same thing on two kinds of hosts is two things to know.
	 */
	fprintf(f, "rig cell 1\nkernel %s\nimage %s\ninitrd %s\nconstraint %s\n", kernel,
		s->root ? image : "none", initrd, s->constraint ?: "none");
	if (share)
		fprintf(f, "share %s\n", share);
	r = plan_write_settings(f, s);
	if (fclose(f) || r) {
		free(text);
		return -ENOMEM;
	}
	sha256_hex(text, size, hex);
	free(text);
	memcpy(id, hex, CELL_ID_SIZE - 1);
	id[CELL_ID_SIZE - 1] = '\0';
	return 0;
}

bool cell_id_valid(const char *s)
{
	return strlen(s) == CELL_ID_SIZE - 1 && !s[strspn(s, "0123456789abcdef")];
}
