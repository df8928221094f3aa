// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a result.json: refused, or made into a report in all its forms, without any element
 * or attribute of
 * its own. The archive reads files, so there is one in memory.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "doc.h"
#include "fuzz.h"
#include "kcidb.h"
#include "page.h"
#include "result.h"
#include "symbolise.h"

static char dir[64], path[96];

static void make_dir(void)
{
	if (dir[0])
		return;
	snprintf(dir, sizeof(dir), "/dev/shm/rig-fuzz-%d", getpid());
	snprintf(path, sizeof(path), "%s/result.json", dir);
	must(!mkdir(dir, 0700));
}

static void no_markup(const char *text)
{
	static const char *const never[] = { "<script", "<img",	 "<iframe", "<object",
					     "<link",	"<base", "<form" };
	size_t i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		must(!strcasestr(text, never[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct symboliser *symboliser;
	struct json_object *doc = NULL;
	struct archive *a = NULL;
	char *dirs[] = { dir }, *text = NULL;
	size_t len;
	FILE *f;

	make_dir();
	/* Without a kernel tree: there is nothing to run. Kept, as a fuzzer has no end. */
	must(symboliser || !symboliser_new("/nonexistent", "/nonexistent", &symboliser));
	if (doc_parse((const char *)data, size, &doc))
		return 0;
	f = open_memstream(&text, &len);
	must(!result_write_junit(doc, f) && !result_write_ktap(doc, f));
	fclose(f);
	free(text);
	json_object_put(doc);

	f = fopen(path, "w");
	fwrite(data, 1, size, f);
	fclose(f);
	if (!archive_load(dirs, 1, &a, NULL)) {
		f = open_memstream(&text, &len);
		must(!page_write(f, a, dir, symboliser));
		fclose(f);
		no_markup(text);
		free(text);
		f = open_memstream(&text, &len);
		must(!kcidb_write(f, a));
		fclose(f);
		doc = json_tokener_parse(text);
		must(doc);
		json_object_put(doc);
		free(text);
		archive_free(a);
	}
	unlink(path);
	return 0;
}
