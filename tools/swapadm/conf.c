// SPDX-License-Identifier: GPL-2.0-only
#include "conf.h"

#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "read.h"
#include "size.h"

/* Room for the title of a section: more than a line has. */
#define TITLE_MAX	1024

#define MIB	(UINT64_C(1) << 20)

/*
 * Turn the text of a value into what the kernel takes, in @out, which has 64 bytes. 0; or
 * -EINVAL with the reason in @why, which has 128.
 */
typedef int (*take_fn)(const char *text, char *out, char *why);

static int take_bool(const char *text, char *out, char *why)
{
	static const char *const words[][2] = {
		{ "yes", "no" }, { "true", "false" }, { "on", "off" }, { "1", "0" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (int no = 0; no < 2; no++)
			if (!strcmp(text, words[i][no])) {
				strcpy(out, no ? "0" : "1");
				return 0;
			}
	strcpy(why, "yes or no is expected");
	return -EINVAL;
}

static int take_percent(const char *text, char *out, char *why)
{
	uint64_t val;

	if (parse_u64(text, &val) || val > 100) {
		strcpy(why, "a number from 0 to 100 is expected");
		return -EINVAL;
	}
	sprintf(out, "%" PRIu64, val);
	return 0;
}

/* The limit of the ghost device is written in MiB. */
static int take_limit(const char *text, char *out, char *why)
{
	uint64_t bytes;

	if (!strcmp(text, "max")) {
		strcpy(out, text);
		return 0;
	}
	if (size_parse(text, &bytes) || !bytes || bytes % MIB) {
		strcpy(why, "max or a multiple of 1M is expected");
		return -EINVAL;
	}
	sprintf(out, "%" PRIu64, bytes / MIB);
	return 0;
}

static int take_word(const char *text, char *out, char *why)
{
	if (strlen(text) >= 64 || strpbrk(text, " \t")) {
		strcpy(why, "one word is expected");
		return -EINVAL;
	}
	strcpy(out, text);
	return 0;
}

static int take_priority(const char *text, int64_t min, char *out, char *why)
{
	int64_t prio;

	if (parse_s64(text, &prio) || prio < min || prio > TIER_PRIO_MAX) {
		sprintf(why, "a priority from %" PRId64 " to %d is expected", min, TIER_PRIO_MAX);
		return -EINVAL;
	}
	sprintf(out, "%" PRId64, prio);
	return 0;
}

static int take_tier_priority(const char *text, char *out, char *why)
{
	return take_priority(text, TIER_PRIO_MIN, out, why);
}

static int take_device_priority(const char *text, char *out, char *why)
{
	return take_priority(text, 0, out, why);
}

/* One of @words, which end with NULL. */
static int take_one_of(const char *text, const char *const *words, char *out, char *why)
{
	for (const char *const *word = words; *word; word++)
		if (!strcmp(text, *word)) {
			strcpy(out, *word);
			return 0;
		}
	strcpy(why, "expected:");
	for (; *words; words++)
		sprintf(why + strlen(why), " %s", *words);
	return -EINVAL;
}

static int take_discard(const char *text, char *out, char *why)
{
	static const char *const words[] = { "no", "yes", "once", "pages", NULL };

	return take_one_of(text, words, out, why);
}

static int take_missing(const char *text, char *out, char *why)
{
	static const char *const words[] = { "fail", "skip", NULL };

	return take_one_of(text, words, out, why);
}

static const struct key_rule {
	const char *key;
	take_fn take;
} ghost_keys[] = {
	{ "enable", take_bool },
	{ "limit", take_limit },
	{ "in-meminfo", take_bool },
	{ NULL, NULL }
}, zswap_keys[] = {
	{ "enable", take_bool },
	{ "compressor", take_word },
	{ "max-pool-percent", take_percent },
	{ "accept-threshold-percent", take_percent },
	{ "shrinker", take_bool },
	{ NULL, NULL }
}, compaction_keys[] = {
	{ "proactiveness", take_percent },
	{ NULL, NULL }
}, tier_keys[] = {
	{ "priority", take_tier_priority },
	{ "watermark-high", take_percent },
	{ "watermark-low", take_percent },
	{ NULL, NULL }
}, device_keys[] = {
	{ "enable", take_bool },
	{ "priority", take_device_priority },
	{ "discard", take_discard },
	{ "if-missing", take_missing },
	{ NULL, NULL }
}, cgroup_keys[] = {
	{ "if-missing", take_missing },
	{ NULL, NULL }		/* and those of cgroup set */
};

static const struct kind_rule {
	const char *word;	/* in the brackets */
	bool named;
	const struct key_rule *keys;
} kinds[CONF_KINDS] = {
	[CONF_GHOST]		= { "ghost", false, ghost_keys },
	[CONF_ZSWAP]		= { "zswap", false, zswap_keys },
	[CONF_COMPACTION]	= { "compaction", false, compaction_keys },
	[CONF_TIER]		= { "tier", true, tier_keys },
	[CONF_DEVICE]		= { "device", true, device_keys },
	[CONF_CGROUP]		= { "cgroup", true, cgroup_keys },
};

/*
 * A file that is being read. inih tells no line numbers and cuts long titles of sections
 * off: the reader that it calls counts the lines and takes the titles.
 */
struct parser {
	struct conf *conf;
	const char *file;
	const char *text;
	size_t left;
	unsigned int line;
	bool in_section;	/* false after a title that is wrong, too */
	bool begun;		/* there was a title */
	unsigned int keys;	/* lines since then */
	unsigned int title;	/* its line */
	enum conf_kind kind;
	char name[TITLE_MAX];
	int err;
};

static void __attribute__((format(printf, 4, 5)))
fault(struct conf *conf, const char *file, unsigned int line, const char *fmt, ...)
{
	char text[2 * TITLE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	conf->faults++;
	conf->fault(file, line, text, conf->arg);
}

#define bad(p, fmt, ...) fault((p)->conf, (p)->file, (p)->line, fmt, ##__VA_ARGS__)

/* Put the name of a section into the form that it is compared in. False after a fault. */
static bool take_name(struct parser *p, char *name)
{
	char dir[TITLE_MAX + sizeof(CGROUP_DIR)];

	switch (p->kind) {
	case CONF_TIER:
		if (!tier_name_valid(name) && strcmp(name, TIER_ZSWAP)) {
			bad(p, "%s: the name of a tier has up to %d letters, digits, _ and -", name,
			    AMOUNT_NAME_MAX - 1);
			return false;
		}
		break;
	case CONF_DEVICE:
		if (*name != '/') {
			bad(p, "%s: the path of a device begins with /", name);
			return false;
		}
		if (!strcmp(name, GHOST_NODE)) {
			bad(p, "%s: the ghost device has a section of its own: [ghost]", name);
			return false;
		}
		break;
	case CONF_CGROUP:
		if (cgroup_dir(name, dir, sizeof(dir))) {
			bad(p, "%s: .. may lead out of the cgroups", name);
			return false;
		}
		snprintf(p->name, sizeof(p->name), "%s", cgroup_path(dir));
		return true;
	default:
		break;
	}
	strcpy(p->name, name);
	return true;
}

/* At the end of a section: one without a key would say nothing, and mean something. */
static void end_section(struct parser *p)
{
	if (p->in_section && !p->keys)
		fault(p->conf, p->file, p->title, "[%s]: a section without a key", kinds[p->kind].word);
}

/* Take the title of a section, @line from the bracket on. */
static void begin_section(struct parser *p, const char *line)
{
	char title[TITLE_MAX], *end, *name;
	size_t len;

	end_section(p);
	p->in_section = false;
	p->begun = true;
	p->keys = 0;
	p->title = p->line;
	snprintf(title, sizeof(title), "%s", line + 1);
	end = strchr(title, ']');
	if (!end || end[1 + strspn(end + 1, " \t\r\n")]) {
		bad(p, "a section is [WORD] or [WORD NAME], and nothing behind it");
		return;
	}
	*end = '\0';
	len = strcspn(title, " \t");
	name = title + len + strspn(title + len, " \t");
	for (end = title + strlen(title); end > name && strchr(" \t", end[-1]); end--)
		end[-1] = '\0';
	title[len] = '\0';
	for (p->kind = 0; p->kind < CONF_KINDS; p->kind++)
		if (!strcmp(title, kinds[p->kind].word))
			break;
	if (p->kind == CONF_KINDS) {
		bad(p, "[%s]: no such section: ghost, zswap, compaction, tier NAME, device PATH or cgroup PATH",
		    title);
		return;
	}
	if (kinds[p->kind].named != !!*name) {
		bad(p, kinds[p->kind].named ? "[%s]: a name is missing" : "[%s]: has no name", title);
		return;
	}
	p->in_section = take_name(p, name);
}

/* For inih: the next line, as fgets() does it. */
static char *read_line(char *buf, int size, void *stream)
{
	struct parser *p = stream;
	const char *end;
	size_t len;
	char *s;

	if (!p->left || p->err)
		return NULL;
	p->line++;
	end = memchr(p->text, '\n', p->left);
	len = end ? (size_t)(end - p->text) : p->left;
	s = buf;
	if (len >= (size_t)size - 1) {
		bad(p, "line too long: %d bytes at most", size - 2);
	} else if (memchr(p->text, '\0', len)) {
		bad(p, "a NUL byte");
	} else {
		memcpy(buf, p->text, len);
		s += len;
	}
	*s++ = '\n';
	*s = '\0';
	len += end != NULL;
	p->text += len;
	p->left -= len;

	/* inih would join an indented line to the one before; here indentation means nothing. */
	s = buf + strspn(buf, " \t");
	memmove(buf, s, strlen(s) + 1);
	if (*buf == '[') {
		begin_section(p, buf);
		*buf = '\0';
	} else if (*buf && !strchr("#;\r\n", *buf) && !strpbrk(buf, "=:")) {
		bad(p, "neither a section nor KEY = VALUE");
		*buf = '\0';
	}
	/* inih has its own mind about what is left of such a line. */
	if (!*buf)
		strcpy(buf, "\n");
	return buf;
}

static const struct key_rule *find_key(enum conf_kind kind, const char *key)
{
	for (const struct key_rule *rule = kinds[kind].keys; rule->key; rule++)
		if (!strcmp(rule->key, key))
			return rule;
	return NULL;
}

/* What the value of @key is, in @out; false after a fault. */
static bool take_value(struct parser *p, const char *key, const char *text, char *out)
{
	const struct key_rule *rule = find_key(p->kind, key);
	struct assignment set = { 0 };
	char why[128] = "";

	if (!rule && (p->kind != CONF_CGROUP || assignment_key(&set, key, strlen(key)))) {
		bad(p, "[%s]: no such key: %s", kinds[p->kind].word, key);
		return false;
	}
	/* An empty value takes back what files before this one said. */
	*out = '\0';
	if (!*text)
		return true;
	if (rule ? rule->take(text, out, why) : assignment_value(&set, text, why, sizeof(why))) {
		bad(p, "%s: %s: %s", key, text, why);
		return false;
	}
	if (!rule)
		strcpy(out, set.new);
	return true;
}

static struct conf_setting *find(const struct conf *conf, enum conf_kind kind, const char *name,
				 const char *key)
{
	for (size_t i = 0; i < conf->n; i++) {
		struct conf_setting *set = &conf->v[i];

		if (set->kind == kind && !strcmp(set->name, name) && !strcmp(set->key, key))
			return set;
	}
	return NULL;
}

/* The setting of @key of the section that is being read: the one there is, or a new one. */
static struct conf_setting *setting_for(struct parser *p, const char *key)
{
	struct conf *conf = p->conf;
	struct conf_setting *set = find(conf, p->kind, p->name, key), *more;

	if (set)
		return set;
	more = reallocarray(conf->v, conf->n + 1, sizeof(*more));
	if (!more)
		return NULL;
	conf->v = more;
	set = &conf->v[conf->n];
	*set = (struct conf_setting){
		.kind = p->kind,
		.name = strdup(p->name),
		.key = strdup(key),
		.text = strdup(""),
		.value = strdup(""),
	};
	/* It is one of them from now on, so that conf_release() frees what there is. */
	conf->n++;
	return set->name && set->key && set->text && set->value ? set : NULL;
}

/* For inih: a key and its value. */
static int take(void *user, const char *section, const char *key, const char *text)
{
	struct parser *p = user;
	struct conf_setting *set;
	char value[64], *copy, *valcopy;

	(void)section;
	if (p->err)
		return 0;
	if (!p->begun)
		bad(p, "%s: a key before the first section", key);
	if (!p->in_section)
		return 1;
	p->keys++;
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			bad(p, "%s: a control character in the value", key);
			return 1;
		}
	if (!take_value(p, key, text, value))
		return 1;
	set = setting_for(p, key);
	copy = strdup(text);
	valcopy = strdup(value);
	if (!set || !copy || !valcopy) {
		free(copy);
		free(valcopy);
		p->err = -ENOMEM;
		return 0;
	}
	if (set->file == p->file)
		bad(p, "%s: given twice, first in line %u", key, set->line);
	free(set->text);
	free(set->value);
	set->text = copy;
	set->value = valcopy;
	set->file = p->file;
	set->line = p->line;
	return 1;
}

int conf_parse(struct conf *conf, const char *file, const char *text, size_t len)
{
	struct parser p = { .conf = conf, .text = text, .left = len };
	char **more = reallocarray(conf->files, conf->n_files + 1, sizeof(*more));
	int err;

	if (!more)
		return -ENOMEM;
	conf->files = more;
	more[conf->n_files] = strdup(file);
	if (!more[conf->n_files])
		return -ENOMEM;
	p.file = more[conf->n_files++];
	err = ini_parse_stream(read_line, &p, take, &p);
	if (err == -2)
		return -ENOMEM;
	end_section(&p);
	/* What inih does not like, and was not seen here. */
	if (err > 0 && !p.err && !conf->faults)
		fault(conf, p.file, err, "neither a section nor KEY = VALUE");
	return p.err;
}

const struct conf_setting *conf_get(const struct conf *conf, enum conf_kind kind, const char *name,
				    const char *key)
{
	const struct conf_setting *set = find(conf, kind, name, key);

	return set && *set->text ? set : NULL;
}

const char *conf_value(const struct conf *conf, enum conf_kind kind, const char *name,
		       const char *key, const char *dflt)
{
	const struct conf_setting *set = conf_get(conf, kind, name, key);

	return set ? set->value : dflt;
}

const struct conf_setting *conf_section(const struct conf *conf, enum conf_kind kind, size_t *at)
{
	for (; *at < conf->n; (*at)++) {
		const struct conf_setting *set = &conf->v[*at];
		bool first = true;

		if (set->kind != kind || !*set->text)
			continue;
		for (size_t i = 0; i < *at && first; i++)
			first = conf->v[i].kind != kind || !*conf->v[i].text ||
				strcmp(conf->v[i].name, set->name);
		if (first) {
			(*at)++;
			return set;
		}
	}
	return NULL;
}

void conf_section_title(const struct conf_setting *set, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s", kinds[set->kind].word, *set->name ? " " : "", set->name);
}

static void check_tier(struct conf *conf, const struct conf_setting *set)
{
	const struct conf_setting *prio = conf_get(conf, CONF_TIER, set->name, "priority");
	const struct conf_setting *high = conf_get(conf, CONF_TIER, set->name, "watermark-high");
	const struct conf_setting *low = conf_get(conf, CONF_TIER, set->name, "watermark-low");
	size_t at = 0;

	if (!strcmp(set->name, TIER_ZSWAP)) {
		if (prio)
			fault(conf, prio->file, prio->line, "tier %s has no priority: it is above all others",
			      TIER_ZSWAP);
	} else if (!prio) {
		fault(conf, set->file, set->line, "tier %s: its priority is missing", set->name);
	}
	if (!high != !low) {
		set = high ? high : low;
		fault(conf, set->file, set->line, "tier %s: watermark-%s is missing", set->name,
		      high ? "low" : "high");
	} else if (high && atoi(low->value) > atoi(high->value)) {
		fault(conf, low->file, low->line, "tier %s: watermark-low %s is above watermark-high %s",
		      low->name, low->text, high->text);
	}
	if (!prio)
		return;
	while ((set = conf_section(conf, CONF_TIER, &at)) && strcmp(set->name, prio->name)) {
		const char *other = conf_value(conf, CONF_TIER, set->name, "priority", "");

		if (!strcmp(other, prio->value))
			fault(conf, prio->file, prio->line, "tier %s: priority %s is that of tier %s",
			      prio->name, prio->text, set->name);
	}
}

/* Whether files that tell of tiers know the one that @set is a limit for. */
static void check_limit(struct conf *conf, const struct conf_setting *set)
{
	const char *tier = strncmp(set->key, "tier.", 5) ? NULL : set->key + 5;
	bool any = false;
	size_t at = 0;
	const struct conf_setting *s;

	if (!tier || !*set->text || !strcmp(tier, TIER_ZSWAP))
		return;
	while ((s = conf_section(conf, CONF_TIER, &at))) {
		any |= strcmp(s->name, TIER_ZSWAP) != 0;
		if (!strcmp(s->name, tier))
			return;
	}
	if (any)
		fault(conf, set->file, set->line, "cgroup %s: there is no section [tier %s]", set->name,
		      tier);
}

int conf_check(struct conf *conf)
{
	const struct conf_setting *set;
	size_t at = 0, tiers = 0;

	while ((set = conf_section(conf, CONF_TIER, &at))) {
		check_tier(conf, set);
		tiers += strcmp(set->name, TIER_ZSWAP) != 0;
		if (tiers == TIERS_MAX + 1)
			fault(conf, set->file, set->line, "more than %d tiers", TIERS_MAX);
	}
	for (size_t i = 0; i < conf->n; i++)
		if (conf->v[i].kind == CONF_CGROUP)
			check_limit(conf, &conf->v[i]);
	return 0;
}

void conf_release(struct conf *conf)
{
	for (size_t i = 0; i < conf->n; i++) {
		free(conf->v[i].name);
		free(conf->v[i].key);
		free(conf->v[i].text);
		free(conf->v[i].value);
	}
	free(conf->v);
	for (size_t i = 0; i < conf->n_files; i++)
		free(conf->files[i]);
	free(conf->files);
	conf->v = NULL;
	conf->files = NULL;
	conf->n = conf->n_files = 0;
}
