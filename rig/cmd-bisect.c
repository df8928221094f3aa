// SPDX-License-Identifier: GPL-2.0
/*
 * rig bisect: which commit of the kernel first fails a cell, or makes it slow. git bisect chooses,
 * we build and run.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "archive.h"
#include "doc.h"
#include "plan-select.h"
#include "program.h"
#include "repeat.h"
#include "run.h"
#include "run-options.h"
#include "samples.h"
#include "verbs.h"

#define SHA_LENGTH	40
#define OUTPUT_MAX	(1u << 20)
#define STEPS_MAX	64	/* 2^64 commits, and the skipped ones */

static const char help[] =
	"Usage: rig bisect [OPTION]… PLAN CELL\n"
	"\n"
	"Finds the commit of a kernel tree that first fails the cell, or with --metric the first that makes it slow. Both ends\n"
	"are tried first. Kernels are built in a scratch clone below build/bisect; the tree itself is not touched.\n"
	"\n"
	"  -t, --tree DIR       the kernel tree (default: build/linux, the series)\n"
	"  -g, --good REV       a commit that does not (default: the base of the series)\n"
	"  -b, --bad REV        one that does (default: HEAD)\n"
	"  -n, --times N        run the cell N times on each; one failure makes a commit bad (default 1)\n"
	"      --fingerprint F  only a crash with this fingerprint is bad; another failure is no answer\n"
	"  -m, --metric NAME    judge by this metric of runs that pass, by its median\n"
	"      --above X        bad: greater than X\n"
	"      --below X        bad: less than X\n"
	"      --slower PCT     bad: PCT per cent more than on the good end (default 5)\n"
	"      --flavor F       configuration of the kernels (default: the cell's kernel, or release)\n"
	"      --build COMMAND  how to build, for the shell: from $TREE, leaving $OUT/bzImage (default: ci/build-kernel)\n"
	"  -j, --jobs N, --out DIR, --accel auto|kvm|tcg, --qemu FILE  as for rig run\n"
	"  -h, --help           this text\n"
	"\n"
	"A commit on which the cell is skipped (it lacks what is tested) counts as good; one that does not build, or whose guest\n"
	"is lost, is no answer and is gone round.\n"
	"\n"
	"Exit status: 0 found; 1 not found (an end is not as said, or too much could not be tried); 2 failed; 16 usage or plan.\n";

enum answer { GOOD, BAD, UNKNOWN };

struct bisect {
	const struct paths *paths;
	struct session_options session;
	const struct plan *plan;
	const struct cell_spec *cell;
	const char *tree, *good, *bad, *fingerprint, *metric, *flavor, *build;
	double above, below, slower;	/* NAN: not asked for */
	unsigned int times;
	char *work;		/* build/bisect */
	char *scratch;		/* its clone */
	char *out;		/* results of this bisection */
	unsigned int step;
	char said[600];		/* about the last commit that was tried */
};

static const char *const answer_names[] = { "good", "bad", "skip" };

/* --- git --- */

static int git(const char *dir, struct strbuf *out, char *const *args)
{
	char *argv[16] = { "git", "-C", (char *)dir };
	struct program p = { .argv = argv, .log_fd = -1, .out = out, .out_max = OUTPUT_MAX };
	static const char *const env[] = { "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
					   "LC_ALL=C", NULL };
	int i;

	p.env = env;
	for (i = 0; args[i] && i < 12; i++)
		argv[3 + i] = args[i];
	return program_run(&p);
}

#define GIT(dir, out, ...) git(dir, out, (char *const[]){ __VA_ARGS__, NULL })

static void trim(struct strbuf *sb)
{
	while (sb->len && isspace((unsigned char)sb->buf[sb->len - 1]))
		sb->buf[--sb->len] = '\0';
}

/* The commit that REV of the tree is. */
static int resolve(struct bisect *b, const char *rev, char sha[SHA_LENGTH + 1], struct rig_error *e)
{
	struct strbuf out = STRBUF_INIT, what = STRBUF_INIT;
	int r;

	r = strbuf_addf(&what, "%s^{commit}", rev);
	r = r ?: GIT(b->tree, &out, "rev-parse", "--verify", "-q", "--end-of-options", what.buf);
	trim(&out);
	if (r || out.len != SHA_LENGTH)
		r = rig_fail(e, r < 0 ? r : -EINVAL, "%s: no such commit: %s", b->tree, rev);
	else
		memcpy(sha, out.buf, SHA_LENGTH + 1);
	strbuf_release(&out);
	strbuf_release(&what);
	return r;
}

static void subject_of(const struct bisect *b, const char *sha, char *buf, size_t size)
{
	struct strbuf out = STRBUF_INIT;

	if (GIT(b->scratch, &out, "log", "-1", "--format=%s", (char *)sha))
		strbuf_reset(&out);
	trim(&out);
	snprintf(buf, size, "%s", strbuf_str(&out));
	strbuf_release(&out);
}

/* A clone that borrows the tree's objects: commits made in the tree later are in it, too. */
static int make_scratch(struct bisect *b, struct rig_error *e)
{
	char *args[] = { "git",		  "clone",	   "-q",       "--shared",
			 "--no-checkout", (char *)b->tree, b->scratch, NULL };
	struct program p = { .argv = args, .log_fd = -1 };
	struct strbuf url = STRBUF_INIT;
	struct stat st;
	int r;

	if (!stat(b->scratch, &st)) {
		r = GIT(b->scratch, &url, "config", "remote.origin.url");
		trim(&url);
		if (r || strcmp(strbuf_str(&url), b->tree))
			r = rig_fail(e, -EEXIST, "%s is of another tree: remove it", b->scratch);
		strbuf_release(&url);
		return r;
	}
	r = path_mkdirs(b->work);
	if (r)
		return rig_fail(e, r, "cannot make %s: %s", b->work, strerror(-r));
	r = program_run(&p);
	return r ? rig_fail(e, r < 0 ? r : -EIO, "cannot clone %s", b->tree) : 0;
}

/* --- one commit --- */

/*
 * Files beside the image that make crashes readable and runs repeatable; the image itself must be
 * there.
 */
static int keep_kernel(const char *from, const char *to, struct rig_error *e)
{
	static const char *const files[] = { "bzImage", "vmlinux", ".config" };
	size_t i;
	int r;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *src = path_join(from, files[i]), *dst = path_join(to, files[i]);
		char *argv[] = { "cp", "--reflink=auto", src, dst, NULL };
		struct program p = { .argv = argv, .log_fd = -1 };

		r = !src || !dst ? -ENOMEM : i && access(src, R_OK) ? 0 : program_run(&p);
		free(src);
		free(dst);
		if (r)
			return rig_fail(e, -EIO, "cannot copy the kernel from %s to %s", from, to);
	}
	return 0;
}

/* Builds what is checked out. 0, 1 when it cannot be built, or -errno. */
static int build(struct bisect *b, const char *dir, struct rig_error *e)
{
	struct strbuf tree = STRBUF_INIT, out = STRBUF_INIT;
	char *script = path_join(b->paths->root, "ci/build-kernel");
	char *ours[] = { script, (char *)b->flavor, NULL },
	     *theirs[] = { "sh", "-c", (char *)b->build, NULL };
	const char *env[] = { NULL, NULL, "KCONFIG_UNKNOWN=1", NULL };
	struct program p = { .argv = b->build ? theirs : ours, .env = env, .foreground = true };
	char *log = path_join(dir, "build.log"), *from = NULL;
	int r;

	r = script && log ? 0 : -ENOMEM;
	r = r ?: strbuf_addf(&tree, "TREE=%s", b->scratch) ?:
		 strbuf_addf(&out, "%s=%s", b->build ? "OUT" : "BUILD", b->build ? dir : b->work);
	if (r)
		goto out;
	env[0] = tree.buf;
	env[1] = out.buf;
	p.log_fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (p.log_fd < 0) {
		r = rig_fail(e, -errno, "cannot write %s: %s", log, strerror(errno));
		goto out;
	}
	r = program_run(&p);
	close(p.log_fd);
	if (r < 0) {
		rig_fail(e, r, "cannot build: %s", strerror(-r));
	} else if (r) {
		r = 1;
	} else if (!b->build) {
		if (asprintf(&from, "%s/kernels/%s", b->work, b->flavor) < 0)
			from = NULL;
		r = from ? keep_kernel(from, dir, e) : -ENOMEM;
	}
out:
	if (r == -ENOMEM)
		rig_fail(e, r, "out of memory");
	strbuf_release(&tree);
	strbuf_release(&out);
	free(script);
	free(log);
	free(from);
	return r;
}

/* The values of the metric in runs that passed. */
static int metric_of(const struct bisect *b, const struct archive *a, struct spread *v)
{
	struct samples s;
	double *list;
	size_t i, n = 0;
	int r;

	memset(v, 0, sizeof(*v));
	r = samples_collect(a, false, &s);
	if (r)
		return r;
	list = calloc(s.n ?: 1, sizeof(*list));
	for (i = 0; list && i < s.n; i++)
		if (!strcmp(s.v[i].metric, b->metric))
			list[n++] = s.v[i].value;
	if (list)
		*v = spread_of(list, n);
	samples_release(&s);
	free(list);
	return list ? 0 : -ENOMEM;
}

static enum answer judge_metric(struct bisect *b, const struct spread *v, size_t cells)
{
	if (!v->n) {
		snprintf(b->said, sizeof(b->said), "no %s in %zu runs", b->metric, cells);
		return UNKNOWN;
	}
	snprintf(b->said, sizeof(b->said), "%s %.6g (%.6g to %.6g)", b->metric, v->median, v->min,
		 v->max);
	if (!isnan(b->above))
		return v->median > b->above ? BAD : GOOD;
	if (!isnan(b->below))
		return v->median < b->below ? BAD : GOOD;
	/* The good end, tried first, sets the limit. */
	b->above = v->median * (1 + b->slower / 100);
	return GOOD;
}

static enum answer judge_verdicts(struct bisect *b, const struct archive *a)
{
	unsigned int failed = 0, unknown = 0;
	const struct archived_cell *worst = NULL;
	size_t i;

	for (i = 0; i < a->cells; i++) {
		const struct archived_cell *c = &a->cell[i];
		const char *print =
			doc_string(doc_at(doc_get(c->json, "crashes"), 0), "fingerprint");
		bool no_answer = !strcmp(c->verdict, "lost") ||
				 (b->fingerprint && strcmp(print, b->fingerprint));

		if (c->ok || c->skipped)
			continue;
		if (no_answer)
			unknown++;
		else
			failed++;
		if (!worst || !no_answer)
			worst = c;
	}
	if (worst)
		snprintf(b->said, sizeof(b->said), "%s: %s", worst->verdict,
			 doc_string(worst->json, "reason"));
	else
		snprintf(b->said, sizeof(b->said), "%s", a->cell[0].verdict);
	if (a->cells > 1)
		snprintf(b->said + strlen(b->said), sizeof(b->said) - strlen(b->said),
			 " (%u of %zu)", failed + unknown, a->cells);
	return failed ? BAD : unknown ? UNKNOWN : GOOD;
}

static int run_cell(struct bisect *b, const char *dir, enum answer *ret, struct rig_error *e)
{
	struct session_options o = b->session;
	struct archive *a = NULL;
	struct spread v;
	char *kernel = path_join(dir, "bzImage"), *out = path_join(dir, "run");
	int r;

	o.kernel = kernel;
	o.out = out;
	r = kernel && out ? repeat_cell(&o, b->paths, b->plan, b->cell, b->times, false, e) :
			    rig_fail(e, -ENOMEM, "out of memory");
	if (!r)
		r = archive_load(&out, 1, &a, e);
	if (!r && b->metric) {
		r = metric_of(b, a, &v) ? rig_fail(e, -ENOMEM, "out of memory") : 0;
		if (!r)
			*ret = judge_metric(b, &v, a->cells);
	} else if (!r) {
		*ret = judge_verdicts(b, a);
	}
	archive_free(a);
	free(kernel);
	free(out);
	return r;
}

static int try_commit(struct bisect *b, const char *sha, enum answer *ret, struct rig_error *e)
{
	time_t from = time(NULL), built;
	char subject[200], *dir;
	int r;

	if (asprintf(&dir, "%s/%02u-%.12s", b->out, ++b->step, sha) < 0)
		return rig_fail(e, -ENOMEM, "out of memory");
	subject_of(b, sha, subject, sizeof(subject));
	printf("== %.12s %s\n", sha, subject);
	fflush(stdout);
	*ret = UNKNOWN;
	r = path_mkdirs(dir);
	if (r)
		rig_fail(e, r, "cannot make %s: %s", dir, strerror(-r));
	else if (GIT(b->scratch, NULL, "checkout", "-q", "--force", "--detach", (char *)sha))
		r = rig_fail(e, -EIO, "%s: cannot check out %s", b->scratch, sha);
	r = r ?: build(b, dir, e);
	built = time(NULL);
	if (r == 1) {
		snprintf(b->said, sizeof(b->said), "does not build: see %.300s/build.log", dir);
		r = 0;
	} else if (!r) {
		r = run_cell(b, dir, ret, e);
	}
	if (!r)
		printf("== %.12s %s: %s; built in %ld s, ran in %ld s\n", sha, answer_names[*ret],
		       b->said, (long)(built - from), (long)(time(NULL) - built));
	fflush(stdout);
	free(dir);
	return r;
}

/* --- the search --- */

/* An end that is not what it is said to be makes the search worthless. */
static int try_end(struct bisect *b, const char *sha, enum answer wanted, struct rig_error *e)
{
	enum answer answer;
	int r;

	r = try_commit(b, sha, &answer, e);
	if (!r && answer != wanted)
		r = rig_fail(e, -ENOENT, "%.12s should be %s, and is %s: %s", sha,
			     answer_names[wanted],
			     answer == UNKNOWN ? "no answer" : answer_names[answer], b->said);
	return r;
}

/* What git says after an answer: 1 when that is the end. */
static int parse_state(const char *said, char first[SHA_LENGTH + 1])
{
	const char *p = strstr(said, " is the first bad commit");

	first[0] = '\0';
	if (p && p - said >= SHA_LENGTH) {
		memcpy(first, p - SHA_LENGTH, SHA_LENGTH);
		first[SHA_LENGTH] = '\0';
		return 1;
	}
	return strstr(said, "only 'skip'ped commits left") ? 1 : 0;
}

static int search(struct bisect *b, const char *good, const char *bad, char first[SHA_LENGTH + 1],
		  struct strbuf *said, struct rig_error *e)
{
	struct strbuf head = STRBUF_INIT;
	enum answer answer;
	int r, i;

	r = GIT(b->scratch, said, "bisect", "start", (char *)bad, (char *)good, "--");
	if (r)
		return rig_fail(e, -EIO, "git bisect start: %s", r < 0 ? strerror(-r) : "failed");
	/* Only one commit apart: git says so at once, and leaves nothing to try. */
	for (i = 0; i < STEPS_MAX && !parse_state(strbuf_str(said), first); i++) {
		strbuf_reset(&head);
		if (GIT(b->scratch, &head, "rev-parse", "HEAD")) {
			r = rig_fail(e, -EIO, "git rev-parse failed in %s", b->scratch);
			break;
		}
		trim(&head);
		r = try_commit(b, strbuf_str(&head), &answer, e);
		if (r)
			break;
		strbuf_reset(said);
		/* 2: nothing but skipped commits is left; said in words as well. */
		r = GIT(b->scratch, said, "bisect", (char *)answer_names[answer]);
		if (r && r != 2) {
			r = rig_fail(e, -EIO, "git bisect %s failed", answer_names[answer]);
			break;
		}
		r = 0;
	}
	strbuf_release(&head);
	return r;
}

static int report(struct bisect *b, const char *first, const struct strbuf *said,
		  struct rig_error *e)
{
	struct strbuf out = STRBUF_INIT;

	if (!first[0]) {
		printf("\n%s", strbuf_str(said));
		return rig_fail(e, -ENOENT, "not found: too many commits could not be tried");
	}
	if (!GIT(b->scratch, &out, "show", "-s", "--format=%H%n%n    %s%n", (char *)first))
		printf("\nThe first bad commit is %s", strbuf_str(&out));
	else
		printf("\nThe first bad commit is %s\n", first);
	strbuf_reset(&out);
	if (!GIT(b->scratch, &out, "show", "--stat=72", "--format=", (char *)first))
		fputs(strbuf_str(&out), stdout);
	printf("\n%u commits were tried; kernels, logs and results: %s\n", b->step, b->out);
	strbuf_release(&out);
	return 0;
}

static int bisect(struct bisect *b, struct rig_error *e)
{
	char good[SHA_LENGTH + 1], bad[SHA_LENGTH + 1], first[SHA_LENGTH + 1] = "";
	struct strbuf said = STRBUF_INIT;
	int r;

	r = resolve(b, b->good, good, e) ?: resolve(b, b->bad, bad, e);
	if (!r && GIT(b->tree, NULL, "merge-base", "--is-ancestor", good, bad))
		r = rig_fail(e, -EINVAL, "%s is not an ancestor of %s", b->good, b->bad);
	r = r ?: make_scratch(b, e) ?: try_end(b, good, GOOD, e) ?: try_end(b, bad, BAD, e) ?:
	    search(b, good, bad, first, &said, e) ?: report(b, first, &said, e);
	/* The clone is kept, warm, for the next time. */
	if (!access(b->scratch, F_OK))
		GIT(b->scratch, NULL, "bisect", "reset");
	strbuf_release(&said);
	return r;
}

/* The commit below the series: what ci/base-commit says of the tree. */
static char *base_of(const struct bisect *b)
{
	char *script = path_join(b->paths->root, "ci/base-commit");
	char *argv[] = { script, (char *)b->tree, NULL };
	struct strbuf out = STRBUF_INIT;
	struct program p = { .argv = argv, .log_fd = -1, .out = &out, .out_max = OUTPUT_MAX };

	if (!script || program_run(&p))
		strbuf_reset(&out);
	free(script);
	trim(&out);
	if (out.len)
		return strbuf_detach(&out);
	strbuf_release(&out);
	return NULL;
}

static int prepare(struct bisect *b, char **argv, struct plan **plan, char *tree,
		   struct rig_error *e)
{
	struct cell_spec *cell;
	char stamp[32];
	int r;

	r = plan_find_cell(b->paths, argv[0], argv[1], plan, &cell, e);
	if (r)
		return r;
	b->plan = *plan;
	b->cell = cell;
	if (!b->flavor)
		b->flavor = strchr(b->cell->kernel, '/') ? "release" : b->cell->kernel;
	if (b->tree ? !realpath(b->tree, tree) :
		      snprintf(tree, PATH_MAX, "%s/build/linux", b->paths->root) >= PATH_MAX)
		return rig_fail(e, -errno, "cannot use %s: %s", b->tree, strerror(errno));
	b->tree = tree;
	time_text(stamp);
	b->work = path_join(b->paths->root, "build/bisect");
	b->scratch = b->work ? path_join(b->work, "linux") : NULL;
	if (b->session.out)
		b->out = realpath(b->session.out, NULL) ?: strdup(b->session.out);
	else if (asprintf(&b->out, "%s/bisect-%s-%s-%d", b->paths->results, b->cell->name, stamp,
			  getpid()) < 0)
		b->out = NULL;
	return b->work && b->scratch && b->out ? 0 : rig_fail(e, -ENOMEM, "out of memory");
}

static int run_bisect(struct bisect *b, char **argv)
{
	struct plan *plan = NULL;
	char tree[PATH_MAX], *base = NULL;
	struct rig_error e;
	int r, status = 2;

	r = prepare(b, argv, &plan, tree, &e);
	if (r) {
		status = EXIT_USAGE;
	} else if (!b->good) {
		b->good = base = base_of(b);
		if (!b->good) {
			r = rig_fail(&e, -EINVAL,
				     "%s has no base commit of the series: give --good", tree);
			status = EXIT_USAGE;
		}
	}
	if (!r) {
		r = bisect(b, &e);
		status = !r	      ? 0 :
			 r == -ENOENT ? 1 :
			 r == -EINVAL ? EXIT_USAGE :
			 r == -ENODEV ? EXIT_NO_ACCEL :
					2;
	}
	if (r)
		verb_failed("bisect", &e);
	free(base);
	free(b->work);
	free(b->scratch);
	free(b->out);
	plan_free(plan);
	return status;
}

static int number(const char *s, double *ret)
{
	char *end;

	*ret = strtod(s, &end);
	return end != s && !*end && isfinite(*ret) ? 0 : -EINVAL;
}

int do_bisect(const struct paths *paths, int argc, char **argv)
{
	enum {
		OPT_FINGERPRINT = 256,
		OPT_ABOVE,
		OPT_BELOW,
		OPT_SLOWER,
		OPT_FLAVOR,
		OPT_BUILD
	};
	static const struct option options[] = {
		{ "tree", required_argument, NULL, 't' },
		{ "good", required_argument, NULL, 'g' },
		{ "bad", required_argument, NULL, 'b' },
		{ "times", required_argument, NULL, 'n' },
		{ "fingerprint", required_argument, NULL, OPT_FINGERPRINT },
		{ "metric", required_argument, NULL, 'm' },
		{ "above", required_argument, NULL, OPT_ABOVE },
		{ "below", required_argument, NULL, OPT_BELOW },
		{ "slower", required_argument, NULL, OPT_SLOWER },
		{ "flavor", required_argument, NULL, OPT_FLAVOR },
		{ "build", required_argument, NULL, OPT_BUILD },
		RUN_OPTION_JOBS,
		RUN_OPTION_OUT,
		RUN_OPTION_ACCEL,
		RUN_OPTION_QEMU,
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct bisect b = {
		.paths = paths, .bad = "HEAD", .times = 1, .above = NAN, .below = NAN, .slower = 5
	};
	unsigned long times;
	char *end;
	int c, r = 0;

	b.session.qemu = run_qemu();
	while ((c = getopt_long(argc, argv, "t:g:b:n:m:j:h", options, NULL)) != -1) {
		switch (c) {
		case 't':
			b.tree = optarg;
			break;
		case 'g':
			b.good = optarg;
			break;
		case 'b':
			b.bad = optarg;
			break;
		case 'n':
			times = strtoul(optarg, &end, 10);
			if (*end || !times || times > 1000)
				return verb_usage("bisect", "--times: a number from 1 to 1000, not",
						  optarg);
			b.times = times;
			break;
		case OPT_FINGERPRINT:
			b.fingerprint = optarg;
			break;
		case 'm':
			b.metric = optarg;
			break;
		case OPT_ABOVE:
			r = number(optarg, &b.above);
			break;
		case OPT_BELOW:
			r = number(optarg, &b.below);
			break;
		case OPT_SLOWER:
			r = number(optarg, &b.slower);
			break;
		case OPT_FLAVOR:
			b.flavor = optarg;
			break;
		case OPT_BUILD:
			b.build = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			r = run_option(c, "bisect", &b.session);
			if (r)
				return r;
		}
		if (r)
			return verb_usage("bisect", "not a number", optarg);
	}
	if (argc - optind != 2)
		return verb_usage("bisect", "a plan and one cell are needed", NULL);
	if (!b.metric && (!isnan(b.above) || !isnan(b.below)))
		return verb_usage("bisect", "--above and --below are for a --metric", NULL);
	return run_bisect(&b, argv + optind);
}
