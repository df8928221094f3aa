/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files of swapadm.conf(5): which of them count, what their lines say, and what they say
 * together. Nothing here prints, and nothing looks at the machine but for the files.
 */
#ifndef SWAPADM_CONF_H
#define SWAPADM_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sysfs.h"

/* What a section is about. */
enum conf_kind {
	CONF_GHOST,
	CONF_ZSWAP,
	CONF_COMPACTION,
	CONF_TIER,	/* these have a name */
	CONF_DEVICE,
	CONF_CGROUP,
	CONF_KINDS,
};

/* A line that counts. */
struct conf_setting {
	enum conf_kind kind;
	char *name;		/* of the section; "" where there is none */
	char *key;
	char *text;		/* as it was written; "" for a setting that was taken back */
	char *value;		/* as the kernel takes it: 1 and 0, bytes, numbers */
	const char *file;	/* the path of the file, which the struct conf owns */
	unsigned int line;
};

struct conf {
	struct conf_setting *v;	/* in the order in which the lines were first seen */
	size_t n;
	char **files;		/* those that count, in order */
	size_t n_files;
	unsigned int faults;	/* lines that are wrong */
	/* Told of each of them; line 0: of the file, or of all of them. */
	void (*fault)(const char *file, unsigned int line, const char *text, void *arg);
	void *arg;
};

/* The directories, from the one that counts least up. */
extern const char *const conf_dirs[3];

/*
 * Read all files below @root. conf->fault and conf->arg have to be set, the rest be 0.
 * 0, also with faults; or -ENOMEM; or negative errno of a file or directory, and then
 * root->failed is it. conf_release() in each case.
 */
int conf_read(struct sysroot *root, struct conf *conf);

/* Read the one file @path. The same. */
int conf_read_file(struct sysroot *root, const char *path, struct conf *conf);

/* Take the @len bytes at @text as the file @file: it overrides what came before. 0 or -ENOMEM. */
int conf_parse(struct conf *conf, const char *file, const char *text, size_t len);

/* Look at all settings together. 0 or -ENOMEM; faults are counted. */
int conf_check(struct conf *conf);

void conf_release(struct conf *conf);

/* The setting of @key; NULL without, and for one that was taken back. */
const struct conf_setting *conf_get(const struct conf *conf, enum conf_kind kind, const char *name,
				    const char *key);

/* Its value; @dflt without one. */
const char *conf_value(const struct conf *conf, enum conf_kind kind, const char *name,
		       const char *key, const char *dflt);

/*
 * The names of sections of @kind, in order: the first setting of the section after the
 * @after th setting that has one, NULL at the end. Begin with *@at 0.
 */
const struct conf_setting *conf_section(const struct conf *conf, enum conf_kind kind, size_t *at);

/* "tier fast", or "ghost": what stands in the brackets. */
void conf_section_title(const struct conf_setting *set, char *buf, size_t size);

#endif
