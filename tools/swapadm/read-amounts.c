// SPDX-License-Identifier: GPL-2.0-only
/* Files with a line for each name: a number, or max. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "read.h"
#include "size.h"

static int parse_line(char *line, bool words, struct amount *amount)
{
	static const char *const max[] = { "max", NULL }, *const none[] = { NULL };
	char *save, *name = strtok_r(line, " \t", &save), *value = strtok_r(NULL, " \t", &save);
	int err;

	if (!value || strtok_r(NULL, " \t", &save) || strlen(name) >= sizeof(amount->name))
		return -EBADMSG;
	strcpy(amount->name, name);
	err = limit_parse(value, words ? max : none, &amount->limit);
	return err == -EINVAL ? -EBADMSG : err;
}

int parse_amounts(const char *text, bool words, struct amounts *amounts)
{
	char *copy = strdup(text), *next = copy, *line;
	int err = copy ? 0 : -ENOMEM;

	*amounts = (struct amounts){ 0 };
	while (!err && (line = strsep(&next, "\n"))) {
		struct amount *more;

		if (!*line)
			continue;
		more = realloc(amounts->v, (amounts->n + 1) * sizeof(*more));
		if (!more) {
			err = -ENOMEM;
			break;
		}
		amounts->v = more;
		err = parse_line(line, words, &more[amounts->n]);
		if (!err && amounts_find(amounts, more[amounts->n].name))
			err = -EBADMSG;
		if (!err)
			amounts->n++;
	}
	amounts->known = !err;
	free(copy);
	return err;
}

int read_amounts(struct sysroot *root, const char *file, bool words, struct amounts *amounts)
{
	struct strbuf text = STRBUF_INIT;
	int err;

	*amounts = (struct amounts){ 0 };
	err = sysroot_read(root, file, &text);
	if (!err) {
		err = parse_amounts(strbuf_str(&text), words, amounts);
		if (err)
			sysroot_path(root, file, root->failed, sizeof(root->failed));
	} else if (err == -ENOENT) {
		err = 0;
	}
	strbuf_release(&text);
	return err;
}

void amounts_release(struct amounts *amounts)
{
	free(amounts->v);
	*amounts = (struct amounts){ 0 };
}

const struct amount *amounts_find(const struct amounts *amounts, const char *name)
{
	for (size_t i = 0; i < amounts->n; i++)
		if (!strcmp(amounts->v[i].name, name))
			return &amounts->v[i];
	return NULL;
}
