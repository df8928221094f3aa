// SPDX-License-Identifier: GPL-2.0-only
/* Options, help texts and the dispatch from an object to its verb. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swapadm.h"

#define OPTIONS_MAX	32

/* Seconds that an option may ask for. */
#define INTERVAL_MIN	0.01
#define INTERVAL_MAX	86400.0

enum { KEY_SYSROOT = 256, KEY_DRY_RUN };

static const struct verb_flag print_flags[] = {
	{ 'J', "json", NULL, "print JSON" },
	{ 'n', "noheadings", NULL, "print no headings" },
	{ 'r', "raw", NULL, "print fields with one blank between" },
	{ 'b', "bytes", NULL, "print sizes in bytes" },
	{ 'o', "output", "LIST", "columns to print, with commas; +LIST adds to the default ones" },
	{ 'O', "output-all", NULL, "print all columns" },
	{ 'H', "list-columns", NULL, "list the columns there are" },
	{ 0, NULL, NULL, NULL }
};

static const struct verb_flag common_flags[] = {
	{ KEY_SYSROOT, "sysroot", "DIR", "look at the files below DIR in place of /" },
	{ KEY_DRY_RUN, "dry-run", NULL, "print what would be changed, change nothing" },
	{ 'h', "help", NULL, "print this help" },
	{ 'V', "version", NULL, "print the version" },
	{ 0, NULL, NULL, NULL }
};

struct option_table {
	char shorts[3 * OPTIONS_MAX];
	struct option longs[OPTIONS_MAX];
	size_t n;
};

static void table_add(struct option_table *tab, const struct verb_flag *flags)
{
	for (; flags && flags->name && tab->n < OPTIONS_MAX - 1; flags++) {
		int has_arg = !flags->arg ? no_argument :
			*flags->arg == '[' ? optional_argument : required_argument;
		size_t len = strlen(tab->shorts);

		tab->longs[tab->n++] = (struct option){ flags->name, has_arg, NULL, flags->key };
		if (flags->key < 256)
			snprintf(tab->shorts + len, sizeof(tab->shorts) - len, "%c%.*s",
				 flags->key, has_arg, "::");
	}
}

static void help_flags(const struct verb_flag *flags)
{
	for (; flags && flags->name; flags++) {
		char left[64], letter[8] = "    ";

		if (flags->key < 256)
			snprintf(letter, sizeof(letter), "-%c, ", flags->key);
		if (!flags->arg)
			snprintf(left, sizeof(left), "%s--%s", letter, flags->name);
		else if (*flags->arg == '[')
			snprintf(left, sizeof(left), "%s--%s[=%s", letter, flags->name,
				 flags->arg + 1);
		else
			snprintf(left, sizeof(left), "%s--%s %s", letter, flags->name, flags->arg);
		printf(" %-26s %s\n", left, flags->help);
	}
}

static int help_verb(const struct verb *verb)
{
	printf("Usage:\n swapadm %s [options]%s%s\n\n%s\n\nOptions:\n", command_name(),
	       *verb->args ? " " : "", verb->args, verb->help);
	help_flags(verb->flags);
	if (verb->columns)
		help_flags(print_flags);
	help_flags(common_flags);
	if (verb->columns)
		help_columns(verb->columns, stdout);
	printf("\nFor more details see swapadm(8).\n");
	return EX_OK;
}

static int help_object(const char *object, const struct verb *verbs)
{
	printf("Usage:\n swapadm %s VERB [options] [arguments]\n\nVerbs:\n", object);
	for (const struct verb *v = verbs; v->name; v++) {
		char left[64];

		snprintf(left, sizeof(left), "%s %s", v->name, v->args);
		printf(" %-26s %s\n", left, v->help);
	}
	printf("\nOptions of all verbs:\n");
	help_flags(common_flags);
	printf("\nSee also swapadm %s VERB --help.\n", object);
	return EX_OK;
}

static int help_all(void)
{
	printf("Usage:\n"
	       " swapadm [options] OBJECT [VERB] [options] [arguments]\n\n"
	       "Look at and change swap devices, the ghost swap device first of all.\n\n"
	       "Objects:\n"
	       " device list|show|on|off|resize|map  swap devices\n"
	       " tier list|show|add|remove|watermark ranges of priorities with a name\n"
	       " cgroup list|show|set                what cgroups have in swap, and their limits\n"
	       " demote                              move what a cgroup has one tier down\n"
	       " compact run|status|stop             make whole clusters of scattered free slots\n"
	       " config apply|show|diff|check        swap as files describe it\n"
	       " stat                                use, compression, metadata and rates\n"
	       " check                               faults in the configuration, with advice\n\n"
	       "Options:\n");
	help_flags(print_flags);
	help_flags(common_flags);
	printf("\nColumns are listed by swapadm OBJECT [VERB] --help.\n"
	       "For more details see swapadm(8).\n");
	return EX_OK;
}

int do_help(int argc, char **argv)
{
	return argc > 1 ? usage_error("no argument is expected: %s", argv[1]) : help_all();
}

static int version(void)
{
	printf("swapadm %s\n", SWAPADM_VERSION);
	return EX_OK;
}

int parse_seconds(const char *arg, double *seconds)
{
	char *end;

	*seconds = strtod(arg, &end);
	/* A number that is none fails each comparison. */
	if (!*arg || *end || !(*seconds >= INTERVAL_MIN && *seconds <= INTERVAL_MAX)) {
		usage_error("%s: not a number of seconds from %g to %g", arg, INTERVAL_MIN,
			    INTERVAL_MAX);
		return -EINVAL;
	}
	return 0;
}

/* Take a common option. False when it is not one. */
static bool set_common(int key, const char *arg)
{
	switch (key) {
	case 'J':
		opts.json = true;
		return true;
	case 'n':
		opts.noheadings = true;
		return true;
	case 'r':
		opts.raw = true;
		return true;
	case 'b':
		opts.bytes = true;
		return true;
	case 'o':
		opts.columns = arg;
		return true;
	case 'O':
		opts.all_columns = true;
		return true;
	case 'H':
		opts.list_columns = true;
		return true;
	case KEY_SYSROOT:
		opts.sysroot = arg;
		return true;
	case KEY_DRY_RUN:
		opts.dry_run = true;
		return true;
	}
	return false;
}

/* getopt() stopped at something wrong: say what. */
static int bad_option(int key, char *const *argv)
{
	const char *what = key == ':' ? "an argument is missing for" : "unknown option";
	const char *word = argv[optind - 1];

	/* A long option with =argument that takes none leaves its letter too. */
	if (key == '?' && optopt && !strncmp(word, "--", 2))
		return usage_error("takes no argument: %.*s", (int)strcspn(word, "="), word);
	if (optopt > 0 && optopt < 256 && isprint(optopt))
		return usage_error("%s: -%c", what, optopt);
	return usage_error("%s: %s", what, word);
}

int options_early(int *argc, char ***argv)
{
	struct option_table tab = { .shorts = "+:" };
	int key;

	table_add(&tab, print_flags);
	table_add(&tab, common_flags);
	opterr = 0;
	optind = 0;
	while ((key = getopt_long(*argc, *argv, tab.shorts, tab.longs, NULL)) != -1) {
		if (key == 'h')
			return help_all();
		if (key == 'V')
			return version();
		if (!set_common(key, optarg))
			return bad_option(key, *argv);
	}
	*argc -= optind;
	*argv += optind;
	return -1;
}

int choose_columns(const struct columns *cols, struct selection *sel)
{
	const char *bad;
	size_t len;
	int err;

	err = selection_parse(cols, opts.columns, opts.all_columns || (opts.json && !opts.columns),
			      sel, &bad, &len);
	if (err == -EINVAL)
		return usage_error("unknown column: %.*s", (int)len, bad);
	return err ? out_of_memory() : EX_OK;
}

struct layout layout(void)
{
	return (struct layout){
		.json = opts.json,
		.noheadings = opts.noheadings,
		.raw = opts.raw,
		.bytes = opts.bytes,
	};
}

int print_status(int err)
{
	if (err == -ENOMEM)
		return out_of_memory();
	if (err)
		message("cannot print: %s", reason(err));
	return err ? EX_FAILED : EX_OK;
}

static int check_options(const struct verb *verb)
{
	if (!verb->columns && (opts.json || opts.noheadings || opts.raw || opts.bytes ||
			       opts.columns || opts.all_columns || opts.list_columns))
		return usage_error("prints no table: -J -n -r -b -o -O -H have no meaning here");
	if (opts.json && opts.raw)
		return usage_error("--json and --raw exclude each other");
	if (opts.columns && opts.all_columns)
		return usage_error("--output and --output-all exclude each other");
	return EX_OK;
}

static int run_verb(const struct verb *verb, int argc, char **argv)
{
	struct option_table tab = { .shorts = ":" };
	int key, status, err;

	table_add(&tab, verb->flags);
	table_add(&tab, print_flags);
	table_add(&tab, common_flags);
	optind = 0;
	while ((key = getopt_long(argc, argv, tab.shorts, tab.longs, NULL)) != -1) {
		if (key == 'h')
			return help_verb(verb);
		if (key == 'V')
			return version();
		if (key == '?' || key == ':')
			return bad_option(key, argv);
		if (!set_common(key, optarg) && verb->set(key, optarg))
			return EX_USAGE;
	}
	status = check_options(verb);
	if (status)
		return status;
	if (opts.list_columns) {
		struct layout lay = layout();

		return print_status(print_columns(verb->columns, &lay, command_name()));
	}

	err = sysroot_open(&root, opts.sysroot);
	if (err)
		status = cannot_read(err);
	else
		status = verb->run(argc - optind, argv + optind);
	sysroot_close(&root);
	return status;
}

int verb_dispatch(const char *object, const struct verb *verbs, int argc, char **argv)
{
	/* An object with one verb takes its options where others have the verb. */
	if (!*verbs->name)
		return run_verb(verbs, argc, argv);

	if (argc < 2)
		return usage_error("a verb is missing");
	for (const struct verb *v = verbs; v->name; v++)
		if (!strcmp(argv[1], v->name)) {
			command_set(object, v->name);
			return run_verb(v, argc - 1, argv + 1);
		}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return help_object(object, verbs);
	return usage_error("unknown verb: %s", argv[1]);
}
