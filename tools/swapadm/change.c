// SPDX-License-Identifier: GPL-2.0-only
/* What the verbs that change something share: what --dry-run prints, exit statuses. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "read.h"
#include "swapadm.h"

void print_quoted(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if (iscntrl((unsigned char)*text))
			printf("\\%03o", (unsigned char)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

int print_write(const char *file, const char *text)
{
	char path[2 * PATH_MAX];
	int err = sysroot_path(&root, file, path, sizeof(path));

	if (err) {
		message("%s: %s", file, reason(err));
		return EX_FAILED;
	}
	printf("write(");
	print_quoted(path);
	printf(", ");
	print_quoted(text);
	printf(")\n");
	return EX_OK;
}

int refused(int err)
{
	switch (err) {
	case -ENOMEM:
		return EX_NOMEM;
	case -ENOSYS:
		return EX_UNSUPPORTED;
	}
	return EX_REFUSED;
}
