// SPDX-License-Identifier: GPL-2.0
/* rig: runs cells (a kernel, a machine, a scenario) in virtual machines and says how each one ended. */
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine-local.h"
#include "host.h"
#include "report.h"
#include "result.h"

#define EXIT_USAGE	16
#define HOST_RESERVE_MIB 512	/* not given to guests */

struct options {
	const char *kernel, *json, *out, *qemu;
	enum accel_mode accel;
	unsigned int jobs;
	bool keep;
};

struct session {
	struct run *run;
	struct engine *engine;
	struct result *result;
	size_t n;
	struct rig_error error;
	int failed;		/* -errno of what went wrong on the host's side */
};

static void usage(FILE *f)
{
	fputs("Usage: rig run PLAN [OPTION]… [CELL]…   run the cells of a plan (CELL: name or pattern)\n"
	      "       rig list PLAN [CELL]…            show them\n"
	      "       rig image [ARG]…                 build the guests' root image\n"
	      "\n"
	      "PLAN is a file, or the name of one in rig/plans.\n"
	      "\n"
	      "      --kernel FILE        boot this kernel (or flavour) in all cells\n"
	      "      --accel auto|kvm|tcg accelerator; auto: kvm where a guest boots with it, else tcg\n"
	      "  -j, --jobs N             at most N cells at once\n"
	      "      --json FILE          write result.json there as well\n"
	      "      --out DIR            write results there, not into a new directory in build/rig\n"
	      "      --keep               keep initrd and disks of the cells\n"
	      "      --qemu FILE          this QEMU (default: $RIG_QEMU, or qemu-system-x86_64)\n"
	      "  -h, --help               this text\n"
	      "  -V, --version            version\n"
	      "\n"
	      "Exit status: 0 every cell passed, 1 not so, 3 demanded accelerator is not to be had, 16 usage or plan.\n", f);
}

static int complain(const char *verb, const struct rig_error *e)
{
	fprintf(stderr, "rig: %s: %s\n", verb, e->text);
	return 1;
}

static int bad_usage(const char *verb, const char *what, const char *arg)
{
	fprintf(stderr, "rig: %s: %s%s%s (see rig -h)\n", verb, what, arg ? ": " : "", arg ?: "");
	return EXIT_USAGE;
}

/* PLAN as a path, or as a name in rig/plans. */
static int load_plan(const struct paths *paths, const char *name, struct plan **ret, struct rig_error *e)
{
	struct stat st;
	char *path;
	int r;

	if (strchr(name, '/') || !stat(name, &st) || asprintf(&path, "%s/%s.ini", paths->plans, name) < 0)
		return plan_load(name, ret, e);
	r = plan_load(path, ret, e);
	free(path);
	return r;
}

/* The cells that PATTERNS name, in the plan's order; a pattern that matches none is an error. */
static int select_cells(const struct plan *plan, char **patterns, int n, struct cell_spec ***ret, size_t *count,
			struct rig_error *e)
{
	struct cell_spec **list = calloc(plan->cells, sizeof(*list));
	size_t c, found = 0;
	int i;

	if (!list)
		return rig_fail(e, -ENOMEM, "out of memory");
	for (i = 0; i < n; i++) {
		for (c = 0; c < plan->cells && fnmatch(patterns[i], plan->cell[c]->name, 0); c++)
			;
		if (c == plan->cells) {
			free(list);
			return rig_fail(e, -ENOENT, "%s: no cell of the plan matches %s", plan->path, patterns[i]);
		}
	}
	for (c = 0; c < plan->cells; c++) {
		for (i = 0; i < n && fnmatch(patterns[i], plan->cell[c]->name, 0); i++)
			;
		if (!n || i < n)
			list[found++] = plan->cell[c];
	}
	*ret = list;
	*count = found;
	return 0;
}

static void save(struct session *s, struct cell *cell)
{
	if (result_cell(s->result, cell) || result_save(s->result, &s->error)) {
		/* Results that cannot be written are no results: once is enough. */
		if (!s->failed)
			complain("run", &s->error);
		s->failed = -EIO;
	}
}

static void on_started(struct cell *cell, void *userdata)
{
	report_started(cell);
	save(userdata, cell);
}

static void on_done(struct cell *cell, void *userdata)
{
	report_done(cell);
	save(userdata, cell);
}

static void on_tick(void *userdata)
{
	struct session *s = userdata;

	report_running(engine_cells(s->engine), s->n);
}

static void on_finished(void *userdata)
{
	struct session *s = userdata;

	sd_event_exit(s->run->event, 0);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
	struct session *s = userdata;

	(void)source;
	engine_cancel(s->engine, si->ssi_signo == SIGINT ? "interrupted" : "terminated");
	return 0;
}

/* Before anything starts: what is missing is said at once, not after an hour. */
static int prepare(struct run *run, struct cell_spec *const *cells, size_t n, struct rig_error *e)
{
	const struct kernel *k;
	char *cache;
	size_t i;
	int r;

	for (i = 0; i < n; i++) {
		r = run_kernel(run, cells[i], &k, e);
		if (!r && cells[i]->root)
			r = run_image(run, e);
		if (r)
			return r;
	}
	r = run_kernel(run, cells[0], &k, e);
	cache = path_join(run->paths->results, "accel");
	if (!cache)
		return rig_fail(e, -ENOMEM, "out of memory");
	r = r ?: path_mkdirs(run->paths->results);
	r = r ?: accel_prove(run->event, run->qemu, k->path, run->paths->probe, cache, &run->accel, e);
	free(cache);
	return r;
}

static int run_cells(struct session *s, struct cell_spec *const *cells, const struct options *o)
{
	static const struct engine_ops ops = { .started = on_started, .done = on_done, .tick = on_tick, .finished = on_finished };
	uint64_t memory = host_memory_mib();
	struct engine_limits limits = { .jobs = o->jobs, .cores = host_cores() };
	struct result_totals totals;
	int r;

	limits.memory = memory > 2 * HOST_RESERVE_MIB ? memory - HOST_RESERVE_MIB : memory;
	r = engine_new(s->run, cells, s->n, &limits, &ops, s, &s->engine);
	if (r)
		return rig_fail(&s->error, r, "cannot set up: %s", strerror(-r));
	r = result_new(s->run, engine_cells(s->engine), s->n, o->json, &s->result, &s->error) ?: result_save(s->result, &s->error);
	if (r)
		return r;
	report_begin(s->run, s->n);
	sd_event_add_signal(s->run->event, NULL, SIGINT, on_signal, s);
	sd_event_add_signal(s->run->event, NULL, SIGTERM, on_signal, s);
	r = engine_start(s->engine);
	if (r >= 0)
		r = sd_event_loop(s->run->event);
	if (r < 0)
		return rig_fail(&s->error, r, "event loop: %s", strerror(-r));
	r = result_finish(s->result, engine_cancelled(s->engine), &totals, &s->error);
	report_end(s->run, engine_cells(s->engine), s->n, &totals);
	if (r)
		return r;
	return s->failed ?: totals.failed || !totals.passed || engine_cancelled(s->engine);
}

static int parse_options(int argc, char **argv, struct options *o)
{
	enum { OPT_KERNEL = 256, OPT_ACCEL, OPT_JSON, OPT_OUT, OPT_KEEP, OPT_QEMU };
	static const struct option options[] = {
		{ "kernel", required_argument, NULL, OPT_KERNEL }, { "accel", required_argument, NULL, OPT_ACCEL },
		{ "jobs", required_argument, NULL, 'j' }, { "json", required_argument, NULL, OPT_JSON },
		{ "out", required_argument, NULL, OPT_OUT }, { "keep", no_argument, NULL, OPT_KEEP },
		{ "qemu", required_argument, NULL, OPT_QEMU }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 },
	};
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "j:hV", options, NULL)) != -1) {
		switch (c) {
		case OPT_KERNEL:
			o->kernel = optarg;
			break;
		case OPT_ACCEL:
			c = accel_mode_parse(optarg);
			if (c < 0)
				return bad_usage(argv[0], "--accel: auto, kvm or tcg, not", optarg);
			o->accel = c;
			break;
		case 'j':
			o->jobs = strtoul(optarg, &end, 10);
			if (*end || !o->jobs || o->jobs > 4096)
				return bad_usage(argv[0], "--jobs: a number from 1, not", optarg);
			break;
		case OPT_JSON:
			o->json = optarg;
			break;
		case OPT_OUT:
			o->out = optarg;
			break;
		case OPT_KEEP:
			o->keep = true;
			break;
		case OPT_QEMU:
			o->qemu = optarg;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case 'V':
			puts("rig " RIG_VERSION);
			exit(0);
		default:
			return EXIT_USAGE;
		}
	}
	return 0;
}

static int do_run(const struct paths *paths, int argc, char **argv)
{
	struct options o = { .qemu = getenv("RIG_QEMU") ?: "qemu-system-x86_64" };
	struct session s = { 0 };
	struct cell_spec **cells = NULL;
	struct plan *plan = NULL;
	sd_event *event = NULL;
	int r, status;

	status = parse_options(argc, argv, &o);
	if (status)
		return status;
	if (optind == argc)
		return bad_usage("run", "which plan?", NULL);
	r = load_plan(paths, argv[optind], &plan, &s.error) ?:
	    select_cells(plan, argv + optind + 1, argc - optind - 1, &cells, &s.n, &s.error);
	if (r) {
		status = EXIT_USAGE;
		goto out;
	}
	r = sd_event_new(&event);
	if (r < 0) {
		rig_fail(&s.error, r, "cannot make an event loop: %s", strerror(-r));
		goto out;
	}
	r = run_new(event, plan, paths, o.qemu, o.out, o.kernel, &s.run, &s.error);
	if (r)
		goto out;
	s.run->keep = o.keep;
	s.run->accel.requested = o.accel;
	r = prepare(s.run, cells, s.n, &s.error);
	if (r == -ENODEV)
		status = 3;
	r = r ?: run_cells(&s, cells, &o);
out:
	if (r < 0 && !s.failed)
		complain("run", &s.error);
	result_free(s.result);
	engine_free(s.engine);
	run_free(s.run);
	sd_event_unref(event);
	free(cells);
	plan_free(plan);
	return status ?: r ? 1 : 0;
}

static int do_list(const struct paths *paths, int argc, char **argv)
{
	struct options o = { 0 };
	struct cell_spec **cells = NULL;
	struct plan *plan = NULL;
	struct rig_error e;
	size_t n;
	int r;

	r = parse_options(argc, argv, &o);
	if (r)
		return r;
	if (optind == argc)
		return bad_usage("list", "which plan?", NULL);
	r = load_plan(paths, argv[optind], &plan, &e) ?: select_cells(plan, argv + optind + 1, argc - optind - 1, &cells, &n, &e);
	if (r)
		complain("list", &e);
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
	{ "image", do_image },
};

int main(int argc, char **argv)
{
	struct paths *paths;
	struct rig_error e;
	sigset_t mask;
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
	/* The event loop takes signals from descriptors: they are blocked from the start, children get a clean mask. */
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name))
			continue;
		r = paths_new(&paths, &e);
		if (r) {
			complain(argv[1], &e);
			return 1;
		}
		if (verbs[i].fn == do_run)
			sigprocmask(SIG_BLOCK, &mask, NULL);
		r = verbs[i].fn(paths, argc - 1, argv + 1);
		paths_free(paths);
		return r;
	}
	return bad_usage(argv[1], "no such command", NULL);
}
