// SPDX-License-Identifier: GPL-2.0
/* rig fleet: the command line. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check-host.h"
#include "fleet.h"
#include "plan-select.h"
#include "verbs.h"
#include "worker.h"

#define WATCH_SEC	2

struct options {
	struct fleet_options_run run;
	bool dry_run, watch;
};

static void usage(FILE *f)
{
	fputs("Usage: rig fleet PLAN [OPTION]… [CELL]…   run a plan's cells over a pool of hosts\n"
	      "       rig fleet status DIR [--watch]      how far it is\n"
	      "       rig fleet resume DIR                go on where it was left\n"
	      "       rig fleet cancel DIR                end it on all hosts\n"
	      "       rig fleet check-host [OPTION]…      what this host can run\n"
	      "\n"
	      "      --engine local|slurm  what runs the cells (local)\n"
	      "      --dry-run             list the cells with their ids, run nothing\n"
	      "      --out DIR             results go there, and not into a new directory in build/rig\n"
	      "      --kernel FILE         boot this kernel (or flavour) in all cells\n"
	      "      --accel auto|kvm|tcg  accelerator on the hosts\n"
	      "      --qemu FILE           QEMU on the hosts\n"
	      "  -j, --jobs N              at most N cells at once\n"
	      "      --watch               show the status until the fleet has ended\n"
	      "  -h, --help                this text\n"
	      "\n"
	      "Exit status: 0 every cell ended as expected, 1 not so, 16 usage or plan.\n",
	      f);
}

static int complain(const char *verb, const struct rig_error *e)
{
	fprintf(stderr, "rig: fleet%s%s: %s\n", verb ? " " : "", verb ?: "", e->text);
	return 1;
}

static int bad_usage(const char *what, const char *arg)
{
	fprintf(stderr, "rig: fleet: %s%s%s (see rig fleet -h)\n", what, arg ? ": " : "", arg ?: "");
	return EXIT_USAGE;
}

static int parse_options(int argc, char **argv, struct options *o)
{
	enum { OPT_ENGINE = 256, OPT_DRY, OPT_OUT, OPT_KERNEL, OPT_ACCEL, OPT_QEMU, OPT_WATCH };
	static const struct option options[] = {
		{ "engine", required_argument, NULL, OPT_ENGINE },
		{ "dry-run", no_argument, NULL, OPT_DRY },
		{ "out", required_argument, NULL, OPT_OUT },
		{ "kernel", required_argument, NULL, OPT_KERNEL },
		{ "accel", required_argument, NULL, OPT_ACCEL },
		{ "qemu", required_argument, NULL, OPT_QEMU },
		{ "watch", no_argument, NULL, OPT_WATCH },
		{ "jobs", required_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	char *end;
	int c;

	o->run.engine = &fleet_local;
	o->run.qemu = getenv("RIG_QEMU");
	while ((c = getopt_long(argc, argv, "j:h", options, NULL)) != -1) {
		switch (c) {
		case OPT_ENGINE:
			if (!strcmp(optarg, fleet_local.name))
				o->run.engine = &fleet_local;
			else if (!strcmp(optarg, fleet_slurm.name))
				o->run.engine = &fleet_slurm;
			else
				return bad_usage("--engine: local or slurm, not", optarg);
			break;
		case OPT_DRY:
			o->dry_run = true;
			break;
		case OPT_OUT:
			o->run.out = optarg;
			break;
		case OPT_KERNEL:
			o->run.kernel = optarg;
			break;
		case OPT_ACCEL:
			c = accel_mode_parse(optarg);
			if (c < 0)
				return bad_usage("--accel: auto, kvm or tcg, not", optarg);
			o->run.accel = c;
			break;
		case OPT_QEMU:
			o->run.qemu = optarg;
			break;
		case OPT_WATCH:
			o->watch = true;
			break;
		case 'j':
			o->run.jobs = strtoul(optarg, &end, 10);
			if (*end || !o->run.jobs || o->run.jobs > 100000)
				return bad_usage("--jobs: a number from 1, not", optarg);
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			return EXIT_USAGE;
		}
	}
	return 0;
}

/* To the end, or to where it was left; the exit status. */
static int drive(struct fleet *f, const char *verb)
{
	struct rig_error e;
	size_t failed;
	int r;

	fleet_report_begin(f);
	r = fleet_drive(f, &e);
	if (r)
		complain(verb, &e);
	failed = fleet_report_end(f);
	return r || failed;
}

static int run(const struct paths *paths, int argc, char **argv)
{
	struct options o = { 0 };
	struct cell_spec **cells = NULL;
	struct plan *plan = NULL;
	struct fleet *f = NULL;
	struct rig_error e;
	size_t n;
	int r;

	r = parse_options(argc, argv, &o);
	if (r)
		return r;
	if (optind == argc)
		return bad_usage("which plan?", NULL);
	r = plan_find(paths, argv[optind], &plan, &e) ?:
		    plan_select(plan, argv + optind + 1, argc - optind - 1, &cells, &n, &e);
	if (r) {
		complain(NULL, &e);
		plan_free(plan);
		return EXIT_USAGE;
	}
	r = fleet_new(paths, plan, cells, n, &o.run, o.dry_run, &f, &e);
	free(cells);
	if (r) {
		complain(NULL, &e);
		return r == -EINVAL ? EXIT_USAGE : 1;
	}
	if (o.dry_run) {
		fleet_print_cells(f, stdout);
	} else {
		r = fleet_lock(f, &e);
		r = r ? complain(NULL, &e) : drive(f, NULL);
	}
	fleet_free(f);
	return r;
}

/* The options, and behind them one directory, at optind; 0 or the exit status. */
static int one_directory(int argc, char **argv, struct options *o)
{
	char what[64];
	int r;

	r = parse_options(argc, argv, o);
	if (r || optind + 1 == argc)
		return r;
	snprintf(what, sizeof(what), "%s: which directory?", argv[0]);
	return bad_usage(what, NULL);
}

/* The fleet in that directory; 0 or the exit status. */
static int open_named(const struct paths *paths, int argc, char **argv, struct options *o,
		      struct fleet **f)
{
	struct rig_error e;
	int r;

	r = one_directory(argc, argv, o);
	if (r)
		return r;
	return fleet_open(paths, argv[optind], f, &e) ? complain(argv[0], &e) : 0;
}

static int do_status(const struct paths *paths, int argc, char **argv)
{
	struct options o = { 0 };
	struct rig_error e;
	struct fleet *f;
	bool more;
	int r;

	r = one_directory(argc, argv, &o);
	if (r)
		return r;
	do {
		r = fleet_open(paths, argv[optind], &f, &e);
		if (r)
			return complain("status", &e);
		if (o.watch && isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		fleet_print_status(f, stdout);
		fflush(stdout);
		more = o.watch && f->done < f->cells && fleet_is_driven(f->dir);
		fleet_free(f);
		if (more)
			nanosleep(&(struct timespec){ WATCH_SEC, 0 }, NULL);
	} while (more);
	return 0;
}

static int do_resume(const struct paths *paths, int argc, char **argv)
{
	struct options o = { 0 };
	struct rig_error e;
	struct fleet *f;
	int r;

	r = open_named(paths, argc, argv, &o, &f);
	if (r)
		return r;
	if (o.run.jobs)
		f->jobs = o.run.jobs;
	r = fleet_lock(f, &e);
	if (r) {
		complain("resume", &e);
	} else {
		fleet_again(f);
		r = drive(f, "resume");
	}
	fleet_free(f);
	return r ? 1 : 0;
}

static int do_cancel(const struct paths *paths, int argc, char **argv)
{
	struct options o = { 0 };
	struct rig_error e;
	struct fleet *f;
	int r;

	r = open_named(paths, argc, argv, &o, &f);
	if (r)
		return r;
	r = f->done == f->cells ? rig_fail(&e, -EALREADY, "%s: all cells have ended", f->dir) : 0;
	while (!r && f->done < f->cells) {
		r = fleet_lock(f, &e);
		if (!r) {
			f->cancelled = true;
			r = fleet_drive(f, &e);
			break;
		}
		if (r != -EBUSY)
			break;
		/* It has the jobs in hand: it shall end them. If it dies over that, we do. */
		r = fleet_ask_cancel(f->dir, &e);
		while (!r && fleet_is_driven(f->dir))
			nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
		fleet_free(f);
		f = NULL;
		r = r ?: fleet_open(paths, argv[optind], &f, &e);
	}
	if (r)
		complain("cancel", &e);
	fleet_free(f);
	return r ? 1 : 0;
}

/* What runs in the jobs of a fleet has no project around it. */
static int worker(const struct paths *paths, int argc, char **argv)
{
	(void)paths;
	return do_worker(argc, argv);
}

static int attach(const struct paths *paths, int argc, char **argv)
{
	(void)paths;
	return do_attach(argc, argv);
}

static const struct verb {
	const char *name;
	int (*fn)(const struct paths *paths, int argc, char **argv);
} verbs[] = {
	{ "status", do_status },
	{ "resume", do_resume },
	{ "cancel", do_cancel },
	{ "check-host", do_check_host },
	{ "worker", worker },
	{ "attach", attach },
};

bool fleet_verb_is_remote(const char *verb)
{
	return !strcmp(verb, "worker") || !strcmp(verb, "attach");
}

int do_fleet(const struct paths *paths, int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].fn(paths, argc - 1, argv + 1);
	return run(paths, argc, argv);
}
