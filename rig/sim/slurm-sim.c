// SPDX-License-Identifier: GPL-2.0
/*
 * A Slurm cluster of many hosts that all are this one, to measure what a fleet costs at a size that
 * nobody has at hand: slurm-sim --daemon NODES, and sbatch, squeue, scancel, scontrol and srun as
 * links to it, which ask the daemon at the abstract socket $SLURM_SIM. A job's script runs as it
 * would on a host, workers and all; only the hosts are names. See rig/sim/scale.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "strbuf.h"

#define ARRAYS_MAX	1024
#define KEEP_SEC	30	/* for which an ended task is listed */

enum state { WAITING, RUNNING, ENDED };

struct task {
	struct array *array;
	unsigned int index, job, node;
	enum state state;
	bool failed, completing;	/* COMPLETING: told to end */
	pid_t pid;
	int step;	/* pidfd of the srun in it that came last, or -1 */
	uint64_t ended;
	sd_event_source *child;
};

struct array {
	unsigned int id, n, next;
	char name[128];
	char *script;
	struct task *task;
};

static sd_event *event;
static struct array *arrays[ARRAYS_MAX];
static unsigned int narrays, nodes, next_job = 1;
static bool *busy;
static pid_t client;	/* whose request it is */

static void schedule(void);

static uint64_t now(void)
{
	uint64_t t;

	sd_event_now(event, CLOCK_MONOTONIC, &t);
	return t;
}

static int on_child(sd_event_source *source, const siginfo_t *si, void *userdata)
{
	struct task *t = userdata;

	(void)source;
	t->child = sd_event_source_disable_unref(t->child);
	t->state = ENDED;
	t->completing = false;
	t->failed = si->si_code != CLD_EXITED || si->si_status;
	t->ended = now();
	t->pid = 0;
	if (t->step >= 0)
		close(t->step);
	t->step = -1;
	busy[t->node] = false;
	schedule();
	return 0;
}

static void begin(struct task *t, unsigned int node)
{
	const char *script = t->array->script;
	char path[40], text[24];
	pid_t parent = getpid();
	int fd = memfd_create("script", 0);

	if (fd < 0 || write(fd, script, strlen(script)) != (ssize_t)strlen(script))
		abort();
	t->state = RUNNING;
	t->node = node;
	t->job = next_job++;
	busy[node] = true;
	t->pid = fork();
	if (!t->pid) {
		sigset_t none;

		if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
			_exit(1);
		setpgid(0, 0);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		snprintf(text, sizeof(text), "%u", t->job);
		setenv("SLURM_JOB_ID", text, 1);
		snprintf(text, sizeof(text), "n%u", node + 1);
		setenv("SLURMD_NODENAME", text, 1);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		execl("/bin/sh", "sh", path, NULL);
		_exit(127);
	}
	close(fd);
	if (t->pid < 0 || sd_event_add_child(event, &t->child, t->pid, WEXITED, on_child, t) < 0)
		abort();
}

static void schedule(void)
{
	unsigned int a, node = 0;

	for (a = 0; a < narrays; a++)
		for (; arrays[a]->next < arrays[a]->n; arrays[a]->next++) {
			if (arrays[a]->task[arrays[a]->next].state != WAITING)
				continue;
			while (node < nodes && busy[node])
				node++;
			if (node == nodes)
				return;
			begin(&arrays[a]->task[arrays[a]->next], node);
		}
}

static const char *option(char **argv, int argc, const char *name)
{
	size_t n = strlen(name);
	int i;

	for (i = 1; i < argc; i++)
		if (!strncmp(argv[i], name, n) && argv[i][n] == '=')
			return argv[i] + n + 1;
	return "";
}

static int do_sbatch(int argc, char **argv, const char *input, struct strbuf *out)
{
	unsigned int last = strtoul(strchr(option(argc ? argv : NULL, argc, "--array"), '-') + 1, NULL, 10), i;
	struct array *a = calloc(1, sizeof(*a));

	if (!a || narrays == ARRAYS_MAX)
		return 1;
	a->id = next_job++;
	a->n = last + 1;
	a->script = strdup(input);
	a->task = calloc(a->n, sizeof(*a->task));
	snprintf(a->name, sizeof(a->name), "%s", option(argv, argc, "--job-name"));
	for (i = 0; i < a->n; i++) {
		a->task[i].array = a;
		a->task[i].index = i;
		a->task[i].step = -1;
	}
	arrays[narrays++] = a;
	strbuf_addf(out, "%u\n", a->id);
	schedule();
	return 0;
}

static int do_squeue(int argc, char **argv, const char *input, struct strbuf *out)
{
	unsigned int a, i;

	(void)argc;
	(void)argv;
	(void)input;
	for (a = 0; a < narrays; a++) {
		struct array *r = arrays[a];

		if (r->next < r->n)
			strbuf_addf(out, "%u|%u-%u|%u|PENDING||%s|Resources\n", r->id, r->next, r->n - 1, r->id,
				    r->name);
		for (i = 0; i < r->n; i++) {
			struct task *t = &r->task[i];

			if (t->state == RUNNING || (t->state == ENDED && now() - t->ended < KEEP_SEC * 1000000ull))
				strbuf_addf(out, "%u|%u|%u|%s|n%u|%s|None\n", r->id, i, t->job,
					    t->completing ? "COMPLETING" : t->state == RUNNING ? "RUNNING" : t->failed ? "FAILED" : "COMPLETED",
					    t->node + 1, r->name);
		}
	}
	return 0;
}

/* JOB, ARRAY or ARRAY_TASK. */
static int do_scancel(int argc, char **argv, const char *input, struct strbuf *out)
{
	unsigned int job = 0, task = 0, a, i;
	int n = argc ? sscanf(argv[argc - 1], "%u_%u", &job, &task) : 0;

	(void)input;
	(void)out;
	for (a = 0; a < narrays; a++)
		for (i = 0; i < arrays[a]->n; i++) {
			struct task *t = &arrays[a]->task[i];

			if (arrays[a]->id == job ? n == 2 && task != i : t->job != job)
				continue;
			if (t->state == WAITING) {
				t->state = ENDED;
				t->ended = 0;
			} else if (t->pid) {
				/* All steps of a job end with it, and no other begins. */
				t->completing = true;
				kill(-t->pid, SIGTERM);
				if (t->step >= 0)
					syscall(SYS_pidfd_send_signal, t->step, SIGTERM, NULL, 0);
			}
		}
	return 0;
}

static int do_scontrol(int argc, char **argv, const char *input, struct strbuf *out)
{
	(void)argc;
	(void)argv;
	(void)input;
	(void)out;
	return 0;
}

/* Where the job is: the client then runs the step itself. */
static int do_srun(int argc, char **argv, const char *input, struct strbuf *out)
{
	unsigned int job = strtoul(option(argv, argc, "--jobid"), NULL, 10), a, i;

	(void)input;
	for (a = 0; a < narrays; a++)
		for (i = 0; i < arrays[a]->n; i++) {
			struct task *t = &arrays[a]->task[i];

			if (t->state == RUNNING && !t->completing && t->job == job) {
				if (t->step >= 0)
					close(t->step);
				t->step = syscall(SYS_pidfd_open, client, 0);
				strbuf_addf(out, "n%u", t->node + 1);
				return 0;
			}
		}
	return 1;
}

static const struct verb {
	const char *name;
	int (*fn)(int argc, char **argv, const char *input, struct strbuf *out);
} verbs[] = {
	{ "sbatch", do_sbatch },     { "squeue", do_squeue }, { "scancel", do_scancel },
	{ "scontrol", do_scontrol }, { "srun", do_srun },
};

static socklen_t address(struct sockaddr_un *a)
{
	const char *name = getenv("SLURM_SIM");
	int n;

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	if (!name) {
		fputs("slurm-sim: SLURM_SIM is not set\n", stderr);
		exit(2);
	}
	n = snprintf(a->sun_path + 1, sizeof(a->sun_path) - 1, "%s", name);
	return offsetof(struct sockaddr_un, sun_path) + 1 + n;
}

static void read_all(int fd, struct strbuf *sb)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		strbuf_add(sb, buf, n);
}

static void write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n <= 0)
			return;
		p += n;
		len -= n;
	}
}

/* A request: arguments, each with its NUL, an empty one, the input. The answer: status digit, output. */
static int on_request(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC), argc = 0, status = 2;
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);
	struct strbuf in = STRBUF_INIT, out = STRBUF_INIT;
	char *argv[64], *p;
	size_t i;

	(void)source;
	(void)revents;
	(void)userdata;
	if (conn < 0)
		return 0;
	if (getsockopt(conn, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		abort();
	client = peer.pid;
	read_all(conn, &in);
	strbuf_addch(&out, '0');
	for (p = in.buf; p && *p && argc < 64; p += strlen(p) + 1)
		argv[argc++] = p;
	for (i = 0; argc && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(argv[0], verbs[i].name))
			status = verbs[i].fn(argc, argv, p + 1, &out);
	out.buf[0] = '0' + status;
	write_all(conn, out.buf, out.len);
	close(conn);
	strbuf_release(&in);
	strbuf_release(&out);
	return 0;
}

static int daemon_main(const char *number)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a;
	socklen_t len = address(&a);
	sigset_t mask;

	nodes = strtoul(number, NULL, 10);
	busy = calloc(nodes ?: 1, sizeof(*busy));
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (!nodes || !busy || fd < 0 || bind(fd, (struct sockaddr *)&a, len) || listen(fd, 512) ||
	    sd_event_new(&event) < 0 || sd_event_add_io(event, NULL, fd, 1, on_request, NULL) < 0) {
		perror("slurm-sim");
		return 1;
	}
	return sd_event_loop(event) < 0;
}

int main(int argc, char **argv)
{
	const char *me = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), i, status;
	struct strbuf in = STRBUF_INIT, out = STRBUF_INIT;
	struct sockaddr_un a;
	socklen_t len = address(&a);

	if (argc == 3 && !strcmp(argv[1], "--daemon"))
		return daemon_main(argv[2]);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, len)) {
		fprintf(stderr, "%s: error: Unable to contact slurm controller\n", me);
		return 1;
	}
	strbuf_add(&in, me, strlen(me) + 1);
	for (i = 1; i < argc; i++)
		strbuf_add(&in, argv[i], strlen(argv[i]) + 1);
	strbuf_addch(&in, '\0');
	if (!strcmp(me, "sbatch"))
		read_all(0, &in);
	write_all(fd, in.buf, in.len);
	shutdown(fd, SHUT_WR);
	read_all(fd, &out);
	status = out.len ? out.buf[0] - '0' : 1;
	strbuf_release(&in);
	if (status || strcmp(me, "srun")) {
		if (out.len)
			write_all(1, out.buf + 1, out.len - 1);
		strbuf_release(&out);
		return status;
	}
	setenv("SLURMD_NODENAME", out.buf + 1, 1);
	strbuf_release(&out);
	setenv("SLURM_JOB_ID", option(argv, argc, "--jobid"), 1);
	for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++)
		;
	execv(argv[i], argv + i);
	return 127;
}
