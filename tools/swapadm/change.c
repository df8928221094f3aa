// SPDX-License-Identifier: GPL-2.0-only
/* What the verbs that change something share: what --dry-run prints, exit statuses. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <sys/swap.h>

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

void print_swapon(const char *path, int flags)
{
	const char *sep = "";

	printf("swapon(");
	print_quoted(path);
	printf(", ");
	if (flags & SWAP_FLAG_PREFER) {
		printf("SWAP_FLAG_PREFER | %d", flags & SWAP_FLAG_PRIO_MASK);
		sep = " | ";
	}
	if (flags & SWAP_FLAG_DISCARD) {
		printf("%sSWAP_FLAG_DISCARD", sep);
		sep = " | ";
	}
	if (flags & SWAP_FLAG_DISCARD_ONCE)
		printf("%sSWAP_FLAG_DISCARD_ONCE", sep);
	if (flags & SWAP_FLAG_DISCARD_PAGES)
		printf("%sSWAP_FLAG_DISCARD_PAGES", sep);
	printf("%s)\n", flags ? "" : "0");
}

void print_swapoff(const char *path)
{
	printf("swapoff(");
	print_quoted(path);
	printf(")\n");
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
