// SPDX-License-Identifier: GPL-2.0
/*
 * rig: runs cells (a kernel, a machine, a scenario) in virtual machines and says how each one
 * ended.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fleet.h"
#include "plan-select.h"
#include "report.h"
#include "run-options.h"
#include "verbs.h"

static void usage(FILE *f)
{
	fputs("Usage: rig run PLAN [OPTION]… [CELL]…   run the cells of a plan (CELL: name or pattern)\n"
	      "       rig list PLAN [CELL]…            show them\n"
	      "       rig fleet PLAN [OPTION]… [CELL]… run them over a pool of hosts (rig fleet -h)\n"
	      "       rig image [ARG]…                 build the guests' root image\n"
	      "       rig report DIR…                  what broke, as one page\n"
	      "       rig compare A B                  what differs beyond the spread\n"
	      "       rig shell [-- COMMAND]           a guest to try things in\n"
	      "       rig flaky PLAN CELL              how often does it fail?\n"
	      "       rig bisect PLAN CELL             which patch broke it, or made it slow?\n"
	      "       rig baseline PLAN                record what the base kernel fails\n"
	      "       (rig report -h and so on say more)\n"
	      "\n"
	      "PLAN is a file, or the name of one in rig/plans.\n"
	      "\n"
	      "      --kernel FILE        boot this kernel (or flavour) in all cells\n"
	      "      --accel auto|kvm|tcg accelerator; auto: kvm where a guest boots with it, else tcg\n"
	      "  -j, --jobs N             at most N cells at once\n"
	      "      --json FILE          write result.json there as well\n"
	      "      --out DIR            write results there, not into a new directory in build/rig\n"
	      "      --keep               keep initrd and disks of the cells\n"
	      "      --image FILE         this root image, and not the project's\n"
	      "      --initrd FILE        this initrd; only the cell's job is added to it\n"
	      "      --flat               the files of the one cell go into --out itself\n"
	      "      --host NAME, --attempt N  of a fleet: recorded in result.json\n"
	      "      --qemu FILE          this QEMU (default: $RIG_QEMU, or qemu-system-x86_64)\n"
	      "  -h, --help               this text\n"
	      "  -V, --version            version\n"
	      "\n"
	      "Exit status: 0 every cell passed, 1 not so, 3 demanded accelerator is not to be had, 16 usage or plan.\n",
	      f);
}

static int parse_options(int argc, char **argv, struct session_options *o)
{
	enum {
		OPT_JSON = 256,
		OPT_KEEP,
		OPT_IMAGE,
		OPT_INITRD,
		OPT_HOST,
		OPT_ATTEMPT,
		OPT_FLAT,
	};
	static const struct option options[] = {
		RUN_OPTION_KERNEL,
		RUN_OPTION_ACCEL,
		RUN_OPTION_JOBS,
		{ "json", required_argument, NULL, OPT_JSON },
		RUN_OPTION_OUT,
		{ "keep", no_argument, NULL, OPT_KEEP },
		RUN_OPTION_QEMU,
		{ "image", required_argument, NULL, OPT_IMAGE },
		{ "initrd", required_argument, NULL, OPT_INITRD },
		{ "host", required_argument, NULL, OPT_HOST },
		{ "attempt", required_argument, NULL, OPT_ATTEMPT },
		{ "flat", no_argument, NULL, OPT_FLAT },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	char *end;
	int c, r;

	while ((c = getopt_long(argc, argv, "j:hV", options, NULL)) != -1) {
		switch (c) {
		case OPT_JSON:
			o->json = optarg;
			break;
		case OPT_KEEP:
			o->keep = true;
			break;
		case OPT_IMAGE:
			o->image = optarg;
			break;
		case OPT_INITRD:
			o->initrd = optarg;
			break;
		case OPT_HOST:
			o->host = optarg;
			break;
		case OPT_ATTEMPT:
			o->attempt = strtoul(optarg, &end, 10);
			if (*end || !o->attempt || o->attempt > 1000000)
				return verb_usage(argv[0], "--attempt: a number from 1, not", optarg);
			break;
		case OPT_FLAT:
			o->flat = true;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case 'V':
			puts("rig " RIG_VERSION);
			exit(0);
		default:
			r = run_option(c, argv[0], o);
			if (r)
				return r;
		}
	}
	return 0;
}

static int do_run(const struct paths *paths, int argc, char **argv)
{
	struct session_options o = { .qemu = run_qemu() };
	struct cell_spec **cells = NULL;
	struct plan *plan = NULL;
	struct rig_error e;
	bool passed;
	size_t n;
	int r;

	r = parse_options(argc, argv, &o);
	if (r)
		return r;
	if (optind == argc)
		return verb_usage("run", "which plan?", NULL);
	r = plan_find(paths, argv[optind], &plan, &e) ?:
		    plan_select(plan, argv + optind + 1, argc - optind - 1, &cells, &n, &e);
	if (!r && o.flat && (n != 1 || !o.out))
		r = rig_fail(&e, -EINVAL, "--flat needs --out and exactly one cell");
	if (r) {
		verb_failed("run", &e);
		r = EXIT_USAGE;
	} else {
		r = session_run(&o, paths, plan, cells, n, &passed, &e);
		if (r)
			verb_failed("run", &e);
		r = r == -ENODEV ? EXIT_NO_ACCEL : r || !passed;
	}
	free(cells);
	plan_free(plan);
	return r;
}

static int do_list(const struct paths *paths, int argc, char **argv)
{
	struct session_options o = { 0 };
	struct cell_spec **cells = NULL;
	struct plan *plan = NULL;
	struct rig_error e;
	size_t n;
	int r;

	r = parse_options(argc, argv, &o);
	if (r)
		return r;
	if (optind == argc)
		return verb_usage("list", "which plan?", NULL);
	r = plan_find(paths, argv[optind], &plan, &e) ?:
		    plan_select(plan, argv + optind + 1, argc - optind - 1, &cells, &n, &e);
	if (r)
		verb_failed("list", &e);
	else
		report_list(plan, cells, n);
	free(cells);
	plan_free(plan);
	return r ? EXIT_USAGE : 0;
}

static int do_image(const struct paths *paths, int argc, char **argv)
{
	char *build = path_join(paths->root, "rig/image/build");

	(void)argc;
	if (build) {
		argv[0] = build;
		execv(build, argv);
		fprintf(stderr, "rig: image: cannot run %s: %s\n", build, strerror(errno));
	}
	free(build);
	return 1;
}

static const struct verb {
	const char *name;
	int (*fn)(const struct paths *paths, int argc, char **argv);
} verbs[] = {
	{ "run", do_run },
	{ "list", do_list },
	{ "fleet", do_fleet },
	{ "image", do_image },
	{ "report", do_report },
	{ "compare", do_compare },
	{ "shell", do_shell },
	{ "flaky", do_flaky },
	{ "bisect", do_bisect },
	{ "baseline", do_baseline },
};

int main(int argc, char **argv)
{
	struct paths *paths;
	struct rig_error e;
	size_t i;
	int r;

	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")) {
		usage(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")) {
		puts("rig " RIG_VERSION);
		return 0;
	}
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name))
			continue;
		/* On the hosts of a fleet there is rig, and no project. */
		if (argc > 2 && !strcmp(argv[1], "fleet") && fleet_verb_is_remote(argv[2]))
			return do_fleet(NULL, argc - 1, argv + 1);
		r = paths_new(&paths, &e);
		if (r) {
			verb_failed(argv[1], &e);
			return 1;
		}
		r = verbs[i].fn(paths, argc - 1, argv + 1);
		paths_free(paths);
		return r;
	}
	return verb_usage(argv[1], "no such command", NULL);
}
