// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as configuration files of swapadm: the first line says where the second file begins. Each
 * fault has a line of the file, and what is accepted can be asked for.
 */
#include <string.h>

#include "conf.h"
#include "fuzz.h"

static void on_fault(const char *file, unsigned int line, const char *text, void *arg)
{
	must(*file && *text);
	must(line <= *(size_t *)arg + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cut = size ? (size_t)data[0] * size / 256 : 0, n = 0, at;
	struct conf conf = { .fault = on_fault, .arg = &size };
	const char *text = (const char *)data + (size > 0);
	const struct conf_setting *set;
	char title[4096];

	if (size)
		size--;
	if (cut > size)
		cut = size;
	must(!conf_parse(&conf, "first", text, cut));
	must(!conf_parse(&conf, "second", text + cut, size - cut));
	must(!conf_check(&conf));
	for (size_t i = 0; i < conf.n; i++) {
		set = &conf.v[i];
		must(set->line && set->line <= size + 1);
		must(!*set->text || *set->value);
		must(conf_get(&conf, set->kind, set->name, set->key) == (*set->text ? set : NULL));
		conf_section_title(set, title, sizeof(title));
		must(strlen(title) < 1100);
	}
	for (enum conf_kind kind = 0; kind < CONF_KINDS; kind++)
		for (at = 0; (set = conf_section(&conf, kind, &at)); n++)
			must(set->kind == kind && *set->text);
	must(n <= conf.n);
	conf_release(&conf);
	return 0;
}
