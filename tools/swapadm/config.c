// SPDX-License-Identifier: GPL-2.0-only
/* swapadm config: swap as files describe it, see swapadm.conf(5). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conf.h"
#include "plan.h"
#include "read.h"
#include "swapadm.h"
#include "watch.h"

/* Seconds between two looks for devices that are waited for. */
#define LOOK	0.1

/* Options of the verbs. */
static struct {
	double wait;		/* seconds; 0: not given */
} verb_opts;

static void print_fault(const char *file, unsigned int line, const char *text, void *arg)
{
	if (line)
		message("%s:%u: %s", file, line, text);
	else
		message("%s: %s", file, text);
}

/* Exit status for what was read, after a message if not EX_OK. */
static int judge(const struct conf *conf, int err)
{
	if (err)
		return cannot_read(err);
	return conf->faults ? EX_FAILED : EX_OK;
}

/* Read all files. conf_release() in each case. */
static int load(struct conf *conf)
{
	int err;

	*conf = (struct conf){ .fault = print_fault };
	err = conf_read(&root, conf);
	return judge(conf, err);
}

/* config show: the settings, and where they come from. */
enum { SH_SECTION, SH_KEY, SH_VALUE, SH_FILE, SH_LINE };

struct shown {
	char section[PATH_MAX];
	const struct conf_setting *set;
};

static const struct column show_cols[] = {
	{ SH_SECTION, "SECTION", "section", COL_STRING, true, false, "what it is about" },
	{ SH_KEY, "KEY", "key", COL_STRING, true, false, "name of the setting" },
	{ SH_VALUE, "VALUE", "value", COL_STRING, true, false, "its value, as written" },
	{ SH_FILE, "FILE", "file", COL_STRING, true, false, "file that says so" },
	{ SH_LINE, "LINE", "line", COL_COUNT, true, false, "line in it" },
};

static void show_get(const void *row, int id, struct value *val)
{
	const struct shown *shown = row;

	switch (id) {
	case SH_SECTION:
		value_str(val, shown->section);
		break;
	case SH_KEY:
		value_str(val, shown->set->key);
		break;
	case SH_VALUE:
		value_str(val, shown->set->text);
		break;
	case SH_FILE:
		value_str(val, shown->set->file);
		break;
	case SH_LINE:
		val->known = true;
		val->u = shown->set->line;
		break;
	}
}

static const struct columns show_columns = {
	.rows = "settings",
	.col = show_cols,
	.n = sizeof(show_cols) / sizeof(show_cols[0]),
	.get = show_get,
};

/* The settings that count, section by section. */
static int collect(const struct conf *conf, struct shown *rows, size_t *n)
{
	*n = 0;
	for (enum conf_kind kind = 0; kind < CONF_KINDS; kind++) {
		const struct conf_setting *section;
		size_t at = 0;

		while ((section = conf_section(conf, kind, &at)))
			for (size_t i = 0; i < conf->n; i++) {
				const struct conf_setting *set = &conf->v[i];

				if (set->kind != kind || strcmp(set->name, section->name) ||
				    !*set->text)
					continue;
				conf_section_title(set, rows[*n].section, sizeof(rows[*n].section));
				rows[(*n)++].set = set;
			}
	}
	return EX_OK;
}

static int do_show(int argc, char **argv)
{
	struct layout lay = layout();
	struct shown *rows = NULL;
	struct conf conf = { 0 };
	struct selection sel;
	size_t n = 0;
	int status;

	if (argc)
		return usage_error("no argument is expected: %s", argv[0]);
	status = choose_columns(&show_columns, &sel);
	if (!status)
		status = load(&conf);
	if (!status) {
		rows = calloc(conf.n + 1, sizeof(*rows));
		status = rows ? collect(&conf, rows, &n) : out_of_memory();
	}
	if (!status)
		status = print_status(print_rows(&show_columns, &sel, &lay, command_name(), rows, n,
						 sizeof(*rows)));
	free(rows);
	conf_release(&conf);
	selection_release(&sel);
	return status;
}

static int check_files(int argc, char **argv)
{
	struct conf conf = { .fault = print_fault };
	int status = EX_OK, err = 0;

	if (!argc) {
		status = load(&conf);
	} else {
		for (int i = 0; i < argc && !err; i++)
			err = conf_read_file(&root, argv[i], &conf);
		if (!err)
			err = conf_check(&conf);
		status = judge(&conf, err);
	}
	conf_release(&conf);
	return status;
}

/* config diff: what apply would do. */
enum { DI_SETTING, DI_NOW, DI_WANTED, DI_FILE, DI_LINE };

static const struct column diff_cols[] = {
	{ DI_SETTING, "SETTING", "setting", COL_STRING, true, false, "what differs" },
	{ DI_NOW, "NOW", "now", COL_STRING, true, false, "how it is" },
	{ DI_WANTED, "WANTED", "wanted", COL_STRING, true, false, "how it shall be" },
	{ DI_FILE, "FILE", "file", COL_STRING, true, false, "file that says so" },
	{ DI_LINE, "LINE", "line", COL_COUNT, true, false, "line in it" },
};

static void diff_get(const void *row, int id, struct value *val)
{
	const struct step *step = row;

	switch (id) {
	case DI_SETTING:
		value_str(val, step->what);
		break;
	case DI_NOW:
		value_str(val, step->shown ? step->shown : step->now);
		break;
	case DI_WANTED:
		value_str(val, step->wanted);
		break;
	case DI_FILE:
		value_str(val, step->from->file);
		break;
	case DI_LINE:
		val->known = true;
		val->u = step->from->line;
		break;
	}
}

static const struct columns diff_columns = {
	.rows = "differences",
	.col = diff_cols,
	.n = sizeof(diff_cols) / sizeof(diff_cols[0]),
	.get = diff_get,
};

static int do_diff(int argc, char **argv)
{
	struct layout lay = layout();
	struct plan plan = { 0 };
	struct conf conf = { 0 };
	struct selection sel;
	int status;

	if (argc)
		return usage_error("no argument is expected: %s", argv[0]);
	status = choose_columns(&diff_columns, &sel);
	if (!status)
		status = load(&conf);
	if (!status)
		status = plan_make(&conf, &plan);
	if (!status)
		status = print_status(print_rows(&diff_columns, &sel, &lay, command_name(), plan.v,
						 plan.n, sizeof(*plan.v)));
	if (!status && plan.n)
		status = EX_FAILED;
	plan_release(&plan);
	conf_release(&conf);
	selection_release(&sel);
	return status;
}

/* Whether a device that the files want to be on, and that may not be missing, is missing. */
static bool device_missing(const struct conf *conf)
{
	const struct conf_setting *set;
	size_t at = 0;

	while ((set = conf_section(conf, CONF_DEVICE, &at)))
		if (!strcmp(conf_value(conf, CONF_DEVICE, set->name, "enable", "1"), "1") &&
		    !strcmp(conf_value(conf, CONF_DEVICE, set->name, "if-missing", "fail"), "fail") &&
		    !sysroot_exists(&root, set->name))
			return true;
	return false;
}

static void wait_for_devices(const struct conf *conf)
{
	const struct timespec step = { .tv_nsec = (long)(LOOK * 1e9) };
	double due = watch_now() + verb_opts.wait;

	while (device_missing(conf) && watch_now() < due)
		nanosleep(&step, NULL);
}

static int do_apply(int argc, char **argv)
{
	struct plan plan = { 0 };
	struct conf conf = { 0 };
	int status;

	if (argc)
		return usage_error("no argument is expected: %s", argv[0]);
	status = load(&conf);
	if (!status && verb_opts.wait && !opts.dry_run)
		wait_for_devices(&conf);
	if (!status)
		status = plan_make(&conf, &plan);
	if (!status)
		status = opts.dry_run ? plan_print(&plan) : plan_run(&plan);
	plan_release(&plan);
	conf_release(&conf);
	return status;
}

static int set_flag(int key, const char *arg)
{
	if (key == 'w')
		return parse_seconds(arg, &verb_opts.wait);
	return -EINVAL;
}

static const struct verb_flag apply_flags[] = {
	{ 'w', "wait", "SECONDS", "wait that long for devices that are not there yet" },
	{ 0, NULL, NULL, NULL }
};

static const struct verb verbs[] = {
	{ "apply", "", "Make the machine's swap what the files say.", do_apply, NULL, apply_flags,
	  set_flag },
	{ "show", "", "Show what the files say together.", do_show, &show_columns, NULL, set_flag },
	{ "diff", "", "Show what apply would change.", do_diff, &diff_columns, NULL, set_flag },
	{ "check", "[FILE...]", "Look for faults in the files, or in these.", check_files, NULL, NULL,
	  set_flag },
	{ NULL, NULL, NULL, NULL, NULL, NULL, NULL }
};

int do_config(int argc, char **argv)
{
	return verb_dispatch("config", verbs, argc, argv);
}
