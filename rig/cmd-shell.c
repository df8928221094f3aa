// SPDX-License-Identifier: GPL-2.0
/* rig shell: one guest whose console, or whose command's output, is this terminal. */
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "cell.h"
#include "run.h"
#include "run-options.h"
#include "strbuf.h"
#include "stream.h"
#include "verbs.h"

#define EXIT_SHELL_FAILED	125	/* no exit status came out of the guest */
#define KEY_END			0x1d	/* Ctrl-] */
#define COMMAND_BYTES		80	/* in one parameter, as hex digits */
#define COMMAND_PARTS_MAX	56	/* parameters of a cell, less those for other things */
#define DRAIN_MAX		(64u << 20)
#define PORT_OUT		"org.ghostswap.rig.out"
#define PORT_ERR		"org.ghostswap.rig.err"

static const char help[] =
	"Usage: rig shell [OPTION]… [-- COMMAND [ARG]…]\n"
	"\n"
	"Boots a guest with the patched kernel, zswap and the ghost device on, and gives a shell in it; Ctrl-] ends\n"
	"the guest. With a COMMAND: runs it, and ends with its exit status; one word is a line for the shell.\n"
	"\n"
	"  -s, --share DIR      the guest sees a read-only copy of DIR at /host\n"
	"  -k, --kernel FILE    boot this kernel or flavour (default: release)\n"
	"  -m, --memory SIZE    default 1G\n"
	"  -c, --cpus N         default 1\n"
	"  -d, --disk SIZE      an empty scratch disk, /dev/vdb or so, with the serial \"swap0\"\n"
	"      --no-ghost       leave the ghost device and zswap off\n"
	"      --accel auto|kvm|tcg\n"
	"      --deadline SEC   default a week\n"
	"      --keep           keep the guest's logs\n"
	"      --qemu FILE      this QEMU\n"
	"  -h, --help           this text\n"
	"\n"
	"Exit status: that of COMMAND or of the shell; 125 when there is none: the guest crashed, or did not boot; 16 usage.\n";

struct shell_options {
	struct session_options session;	/* its kernel, QEMU, accelerator and whether to keep the logs */
	const char *memory, *cpus, *disk, *share, *deadline;
	bool ghost;
};

struct shell {
	struct run *run;
	struct cell *cell;
	bool interactive;
	bool cancelled;
	struct stream *stream[VM_PORTS_MAX];
	sd_event_source *input;
	struct termios saved;
	bool raw;
	long status;		/* of the command; -1: none came */
};

/* --- the terminal --- */

static int write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -errno;
		p += n;
		len -= n;
	}
	return 0;
}

static void end_guest(struct shell *s)
{
	s->cancelled = true;
	cell_cancel(s->cell, "ended by the user");
}

static void on_output(const void *data, size_t len, void *userdata)
{
	struct shell *s = userdata;

	/* Nobody reads any more: a guest that goes on would do so for nothing. */
	if (len && write_all(STDOUT_FILENO, data, len) && !s->cancelled)
		end_guest(s);
}

static void on_errors(const void *data, size_t len, void *userdata)
{
	(void)userdata;
	if (len)
		write_all(STDERR_FILENO, data, len);
}

static int on_input(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct shell *s = userdata;
	char buf[1024];
	ssize_t n;

	(void)revents;
	n = read(fd, buf, sizeof(buf));
	if (n <= 0 && errno != EINTR && errno != EAGAIN) {
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
		end_guest(s);
		return 0;
	}
	if (n > 0 && memchr(buf, KEY_END, n))
		end_guest(s);
	else if (n > 0)
		stream_write(s->stream[0], buf, n);
	return 0;
}

static void make_raw(struct shell *s)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &s->saved))
		return;
	t = s->saved;
	cfmakeraw(&t);
	s->raw = !tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
}

static void restore(struct shell *s)
{
	if (s->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &s->saved);
	s->raw = false;
}

/* --- the cell --- */

/* One word as the guest's shell reads it. */
static int quote(struct strbuf *sb, const char *s)
{
	int r = strbuf_addch(sb, '\'');

	for (; *s && !r; s++)
		r = *s == '\'' ? strbuf_adds(sb, "'\\''") : strbuf_addch(sb, *s);
	return r ?: strbuf_addch(sb, '\'');
}

static int command_text(struct strbuf *sb, int argc, char **argv)
{
	int i, r;

	if (argc == 1)
		return strbuf_adds(sb, argv[0]);
	for (i = 0, r = 0; i < argc && !r; i++)
		r = (i ? strbuf_addch(sb, ' ') : 0) ?: quote(sb, argv[i]);
	return r;
}

/* In hex digits: a plan has short lines, and no control characters. */
static int add_command(FILE *f, int argc, char **argv, struct rig_error *e)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i;
	int r;

	r = command_text(&sb, argc, argv);
	if (r) {
		strbuf_release(&sb);
		return rig_fail(e, r, "out of memory");
	}
	if (sb.len > COMMAND_BYTES * COMMAND_PARTS_MAX) {
		strbuf_release(&sb);
		return rig_fail(
			e, -E2BIG,
			"command too long: %d bytes at most; put it into a script, and share its directory",
				COMMAND_BYTES * COMMAND_PARTS_MAX);
	}
	for (i = 0; i < sb.len; i++) {
		if (i % COMMAND_BYTES == 0)
			fprintf(f, "%sparam.command%zu = ", i ? "\n" : "", i / COMMAND_BYTES);
		fprintf(f, "%02x", (unsigned char)sb.buf[i]);
	}
	fputc('\n', f);
	strbuf_release(&sb);
	return 0;
}

static void add_terminal(FILE *f)
{
	const char *term = getenv("TERM");
	struct winsize w;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_row && w.ws_col)
		fprintf(f, "param.rows = %u\nparam.columns = %u\n", w.ws_row, w.ws_col);
	if (term && strlen(term) < 64 && !strpbrk(term, " \t\n;#"))
		fprintf(f, "param.term = %s\n", term);
}

static int make_plan(const struct shell_options *o, const char *dir, int argc, char **argv,
		     struct plan **ret, struct rig_error *e)
{
	FILE *f = run_create(dir, "plan.ini");
	char *path;
	int r = 0;

	if (!f)
		return rig_fail(e, -errno, "cannot write in %s: %s", dir, strerror(errno));
	fprintf(f,
		"[plan]\nname = shell\n[cell shell]\nscenario = shell\nkernel = %s\nmemory = %s\ncpus = %s\n",
		o->session.kernel, o->memory, o->cpus);
	/* Nobody waits for a beat but the user. */
	fprintf(f, "deadline = %s\nheartbeat = 86400\nparam.ghost = %s\n", o->deadline,
		o->ghost ? "yes" : "no");
	if (o->disk)
		fprintf(f, "disk.swap0 = size=%s\n", o->disk);
	if (argc)
		r = add_command(f, argc, argv, e);
	else
		add_terminal(f);
	if (fclose(f) && !r)
		r = rig_fail(e, -EIO, "cannot write in %s", dir);
	path = path_join(dir, "plan.ini");
	if (!r)
		r = path ? plan_load(path, ret, e) : rig_fail(e, -ENOMEM, "out of memory");
	free(path);
	if (r || !o->share)
		return r;
	/* A path may be longer than a line of a plan. */
	(*ret)->cell[0]->share = realpath(o->share, NULL);
	if (!(*ret)->cell[0]->share) {
		r = rig_fail(e, -errno, "cannot share %s: %s", o->share, strerror(errno));
		plan_free(*ret);
		*ret = NULL;
	}
	return r;
}

static void on_done(struct cell *cell, void *userdata)
{
	struct shell *s = userdata;
	size_t i;

	for (i = 0; i < VM_PORTS_MAX; i++)
		if (s->stream[i])
			stream_drain(s->stream[i], DRAIN_MAX);
	for (i = 0; cell->channel && i < channel_metrics(cell->channel); i++) {
		const struct metric *m = channel_metric(cell->channel, i);

		if (!strcmp(m->name, "exit_status") && m->value >= 0 && m->value <= 255)
			s->status = m->value;
	}
	sd_event_exit(s->run->event, 0);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
	(void)source;
	(void)si;
	end_guest(userdata);
	return 0;
}

/* A socket pair for each port; ours is watched, QEMU's goes into the cell. */
static int open_ports(struct shell *s, int remote[VM_PORTS_MAX])
{
	static const stream_fn fn[VM_PORTS_MAX] = { on_output, on_errors };
	static const char *const names[VM_PORTS_MAX] = { PORT_OUT, PORT_ERR };
	unsigned int i, n = s->interactive ? 1 : 2;
	int pair[2], r;

	for (i = 0; i < n; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
			return -errno;
		remote[i] = pair[1];
		r = stream_new(s->run->event, pair[0], fn[i], s, &s->stream[i]);
		if (r)
			return r;
		s->cell->port[i].fd = pair[1];
		s->cell->port[i].name = s->interactive ? NULL : names[i];
		s->cell->ports++;
	}
	return 0;
}

static int start(struct shell *s, int remote[VM_PORTS_MAX])
{
	sd_event *event = s->run->event;
	int r;

	r = cell_new(s->run, s->run->plan->cell[0], 0, on_done, s, &s->cell);
	if (!r)
		r = open_ports(s, remote);
	if (!r)
		r = sd_event_add_signal(event, NULL, SIGINT, on_signal, s);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGTERM, on_signal, s);
	if (r >= 0 && s->interactive)
		r = sd_event_add_io(event, &s->input, STDIN_FILENO, EPOLLIN, on_input, s);
	return r < 0 ? r : 0;
}

/* Why there is no exit status; the logs are kept for that. */
static void explain(const struct shell *s)
{
	const struct crash *k = s->cell->console ? console_crash(s->cell->console, 0) : NULL;

	if (s->cancelled) {
		fprintf(stderr, "rig: shell: ended\n");
		return;
	}
	fprintf(stderr, "rig: shell: %s: %s\n", verdict_name(s->cell->verdict), s->cell->reason);
	if (k && k->excerpt)
		fprintf(stderr, "%s", k->excerpt);
	fprintf(stderr, "rig: shell: logs: %s\n", s->cell->dir ?: s->run->out);
}

static int run_shell(struct shell *s, struct rig_error *e)
{
	int remote[VM_PORTS_MAX] = { -1, -1 }, r;
	size_t i;

	r = session_prepare(s->run, s->run->plan->cell, 1, e);
	if (r)
		return r;
	r = start(s, remote);
	if (r) {
		rig_fail(e, r, "cannot set up: %s", strerror(-r));
	} else {
		if (s->interactive) {
			fprintf(stderr, "booting %s (%s); Ctrl-] ends the guest\n",
				s->run->kernels->flavor, s->run->accel.kvm ? "kvm" : "tcg");
			make_raw(s);
		}
		cell_start(s->cell);
	}
	for (i = 0; i < VM_PORTS_MAX; i++)
		if (remote[i] >= 0)
			close(remote[i]);
	if (!r) {
		r = sd_event_loop(s->run->event);
		restore(s);
		if (r < 0)
			rig_fail(e, r, "event loop: %s", strerror(-r));
		else if (s->status < 0 || s->cell->verdict == VERDICT_CRASH)
			explain(s);
	}
	return r;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int shell(const struct paths *paths, const struct shell_options *o, int argc, char **argv)
{
	struct shell s = { .interactive = !argc, .status = -1 };
	char out[64], *dir = NULL;
	struct plan *plan = NULL;
	sd_event *event = NULL;
	struct rig_error e;
	bool tidy, wrong = false;
	size_t i;
	int r;

	run_block_signals();
	signal(SIGPIPE, SIG_IGN);

	snprintf(out, sizeof(out), "shell-%d", getpid());
	dir = path_join(paths->results, out);
	r = dir ? path_mkdirs(dir) : -ENOMEM;
	if (r) {
		rig_fail(&e, r, "cannot make %s: %s", dir ?: out, strerror(-r));
	} else {
		r = make_plan(o, dir, argc, argv, &plan, &e);
		wrong = r == -EINVAL || r == -E2BIG;
	}
	if (!r) {
		r = sd_event_new(&event);
		if (r < 0)
			rig_fail(&e, r, "cannot make an event loop: %s", strerror(-r));
	}
	if (r >= 0)
		r = run_new(event, plan, paths, o->session.qemu, dir, NULL, &s.run, &e);
	if (!r) {
		s.run->keep = o->session.keep;
		s.run->accel.requested = o->session.accel;
		r = run_shell(&s, &e);
	}
	if (r < 0)
		verb_failed("shell", &e);
	/* Logs are kept when somebody will want them. */
	tidy = !o->session.keep && (!s.cell || s.status >= 0 || s.cancelled) &&
	       !(s.cell && s.cell->verdict == VERDICT_CRASH);
	for (i = 0; i < VM_PORTS_MAX; i++)
		stream_free(s.stream[i]);
	sd_event_source_disable_unref(s.input);
	cell_free(s.cell);
	run_free(s.run);
	plan_free(plan);
	sd_event_unref(event);
	if (tidy && dir)
		nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(dir);
	if (wrong)
		return EXIT_USAGE;
	return r < 0 || s.status < 0 ? EXIT_SHELL_FAILED : s.status;
}

int do_shell(const struct paths *paths, int argc, char **argv)
{
	enum { OPT_NO_GHOST = 256, OPT_DEADLINE, OPT_KEEP };
	static const struct option options[] = {
		{ "share", required_argument, NULL, 's' },
		{ "kernel", required_argument, NULL, 'k' },
		{ "memory", required_argument, NULL, 'm' },
		{ "cpus", required_argument, NULL, 'c' },
		{ "disk", required_argument, NULL, 'd' },
		{ "no-ghost", no_argument, NULL, OPT_NO_GHOST },
		RUN_OPTION_ACCEL,
		{ "deadline", required_argument, NULL, OPT_DEADLINE },
		{ "keep", no_argument, NULL, OPT_KEEP },
		RUN_OPTION_QEMU,
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct shell_options o = {
		.session = { .kernel = "release", .qemu = run_qemu() },
		.memory = "1G",
		.cpus = "1",
		.deadline = "604800",
		.ghost = true,
	};
	int c, r;

	while ((c = getopt_long(argc, argv, "+s:k:m:c:d:h", options, NULL)) != -1) {
		switch (c) {
		case 's':
			o.share = optarg;
			break;
		case 'k':
			o.session.kernel = optarg;
			break;
		case 'm':
			o.memory = optarg;
			break;
		case 'c':
			o.cpus = optarg;
			break;
		case 'd':
			o.disk = optarg;
			break;
		case OPT_NO_GHOST:
			o.ghost = false;
			break;
		case OPT_DEADLINE:
			o.deadline = optarg;
			break;
		case OPT_KEEP:
			o.session.keep = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			r = run_option(c, "shell", &o.session);
			if (r)
				return r;
		}
	}
	if (optind == argc && !isatty(STDIN_FILENO))
		return verb_usage("shell", "standard input is no terminal: give a command", NULL);
	return shell(paths, &o, argc - optind, argv + optind);
}
