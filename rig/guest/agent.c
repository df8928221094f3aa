// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest side of the rig: PID 1 of the initrd. It mounts what a scenario
 * needs, runs it, and tells the host through a virtio-serial port what it
 * prints, that the guest is alive, and how it ended. The serial console is left
 * to the kernel.
 *
 * One event loop, no threads. The agent is locked in memory and exempt from the
 * OOM killer: it must report what happens to everybody else.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "job.h"
#include "ktap.h"
#include "rootfs.h"
#include "stream.h"

#define PORT_NAME	"org.ghostswap.rig.0"
#define PORT_WAIT_MS	5000
#define JOB_FILE	"/job"
#define NOTIFY_NAME	"ghostswap-rig"
#define SYSTEMD_WAIT_S	600
#define OUT_SIZE	(256 * 1024)
/* Above this much unsent output the scenario's pipes are not read. */
#define OUT_HIGH	(OUT_SIZE / 2)

struct source {
	int fd;
	bool is_stderr;
	size_t len;
	char line[STREAM_LINE_MAX + 2];
};

struct agent {
	struct job job;
	struct stream stream;
	int port;		/* virtio-serial, or the console without one */
	int sigfd;
	int timerfd;
	int notify;		/* socket, systemd mode only */
	struct source sources[2];
	pid_t scenario;
	int wait_status;
	bool ended;
	bool quit;
	bool is_script;
	bool need_root;
	time_t started;
	size_t in_len;
	char in[256];
	size_t out_len;
	char out[OUT_SIZE];
	char failure[256];	/* why the scenario could not be run */
};

static struct agent agent = { .port = -1, .notify = -1 };

static time_t uptime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec;
}

static void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* --- output to the host --- */

static void out_flush(struct agent *a)
{
	ssize_t n;

	while (a->out_len) {
		n = write(a->port, a->out, a->out_len);
		if (n <= 0)
			return;
		a->out_len -= n;
		memmove(a->out, a->out + n, a->out_len);
	}
}

static void out_line(void *ctx, const char *line)
{
	struct agent *a = ctx;
	size_t n = strlen(line);

	if (a->out_len + n + 1 > sizeof(a->out))
		out_flush(a);
	/* The pipes are left alone above OUT_HIGH, so this is a silent host. */
	if (a->out_len + n + 1 > sizeof(a->out))
		return;
	memcpy(a->out + a->out_len, line, n);
	a->out_len += n;
	a->out[a->out_len++] = '\n';
	out_flush(a);
}

static void __attribute__((format(printf, 2, 3)))
say(struct agent *a, const char *fmt, ...)
{
	char buf[STREAM_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	out_line(a, buf);
}

/* A mark in the kernel log, to find the scenario in the console file. */
static void mark(const char *what, const char *name)
{
	char buf[128];

	snprintf(buf, sizeof(buf), "<5>rig: %s %.80s\n", what, name);
	spit("/dev/kmsg", buf);
}

static void console_stdio(void)
{
	int fd = open("/dev/console", O_RDWR);

	if (fd < 0)
		return;
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
}

static int find_port(char *node, size_t size)
{
	char path[300], name[128];
	struct dirent *d;
	DIR *dir = opendir("/sys/class/virtio-ports");
	int ret = -ENODEV;

	if (!dir)
		return -errno;
	while (ret && (d = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name",
			 d->d_name);
		if (slurp(path, name, sizeof(name)) < 0)
			continue;
		name[strcspn(name, "\n")] = '\0';
		if (!strcmp(name, PORT_NAME)) {
			snprintf(node, size, "/dev/%.80s", d->d_name);
			ret = 0;
		}
	}
	closedir(dir);
	return ret;
}

/* Without the port (a VM started by hand) everything goes to the console. */
static void open_port(struct agent *a)
{
	char node[96];
	int i;

	for (i = 0; i < PORT_WAIT_MS / 20; i++) {
		if (!find_port(node, sizeof(node))) {
			a->port = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
			if (a->port >= 0)
				return;
		}
		sleep_ms(20);
	}
	a->port = dup(1);
	say(a, "# no virtio-serial port %s: using the console", PORT_NAME);
}

/* --- the end --- */

static void __attribute__((noreturn)) power_off(struct agent *a)
{
	int flags = fcntl(a->port, F_GETFL);

	/* A blocking write to a virtio port returns once the host has it. */
	fcntl(a->port, F_SETFL, flags & ~O_NONBLOCK);
	alarm(10);
	out_flush(a);
	mark("end", a->job.scenario ? a->job.scenario : "(no job)");
	sync();
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static void __attribute__((noreturn))
finish(struct agent *a, enum verdict v, const char *reason)
{
	char buf[64] = "";
	long tainted = -1;

	if (slurp("/proc/sys/kernel/tainted", buf, sizeof(buf)) > 0)
		tainted = strtol(buf, NULL, 10);
	say(a, "@metric scenario_seconds %ld s",
	    a->started ? (long)(uptime() - a->started) : 0L);
	say(a, "@metric kernel_tainted %ld flags", tainted);
	say(a, "@verdict %s %.3000s", verdict_name(v), reason);
	power_off(a);
}

static void __attribute__((noreturn, format(printf, 2, 3)))
give_up(struct agent *a, const char *fmt, ...)
{
	char buf[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	finish(a, VERDICT_FAIL, buf);
}

/* --- the scenario --- */

static void set_env(const struct job *job)
{
	char name[128];
	size_t i;

	clearenv();
	setenv("PATH", "/rig/bin:/usr/local/sbin:/usr/local/bin:"
	       "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("LC_ALL", "C", 1);
	setenv("TERM", "dumb", 1);
	setenv("SCENARIO", job->scenario, 1);
	setenv("CELL", job->cell ? job->cell : job->scenario, 1);
	setenv("SEED", job->seed ? job->seed : "1", 1);
	setenv("DEADLINE", job->deadline ? job->deadline : "0", 1);
	setenv("MODE", job->mode == JOB_SYSTEMD ? "systemd" : "pid1", 1);
	for (i = 0; i < job->nr_params; i++) {
		snprintf(name, sizeof(name), "%s_%.100s",
			 job->params[i].is_fact ? "JOB" : "PARAM",
			 job->params[i].name);
		setenv(name, job->params[i].value, 1);
	}
}

/*
 * Where the scenario is, as a path of the initrd: a script in /rig/scenarios,
 * or a program in /bin.
 */
static int find_scenario(struct agent *a, char *path, size_t size)
{
	static const char * const dirs[] = { "/rig/scenarios", "/bin" };
	char magic[3];
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, size, "%s/%s", dirs[i], a->job.scenario);
		if (slurp(path, magic, sizeof(magic)) != 2)
			continue;
		a->is_script = !strcmp(magic, "#!");
		return 0;
	}
	return -ENOENT;
}

static void __attribute__((noreturn))
exec_scenario(struct agent *a, const char *path, bool chrooted)
{
	char *argv[64], *pos, *word;
	char in_root[300];
	int n = 0;

	if (a->need_root && !strncmp(path, "/bin/", 5)) {
		snprintf(in_root, sizeof(in_root), "/rig%.200s", path);
		path = in_root;
	}
	if (a->need_root && !chrooted && (chroot(NEWROOT) || chdir("/"))) {
		fprintf(stderr, "agent: cannot enter the root: %s\n",
			strerror(errno));
		_exit(126);
	}
	argv[n++] = (char *)path;
	pos = a->job.args;
	while (pos && (word = strsep(&pos, " \t")) && n < 63)
		if (*word)
			argv[n++] = word;
	argv[n] = NULL;
	set_env(&a->job);
	if (!a->need_root)
		setenv("PATH", "/bin", 1);
	execv(path, argv);
	fprintf(stderr, "agent: cannot run %s: %s\n", path, strerror(errno));
	_exit(127);
}

static void start_scenario(struct agent *a, bool chrooted)
{
	int out[2], err[2], null;
	char path[300];
	sigset_t none;

	if (find_scenario(a, path, sizeof(path)))
		give_up(a, "no scenario %s in the initrd", a->job.scenario);
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		give_up(a, "cannot make a pipe: %s", strerror(errno));
	mark("begin", a->job.scenario);
	a->started = uptime();
	a->scenario = fork();
	if (a->scenario < 0)
		give_up(a, "cannot fork: %s", strerror(errno));
	if (!a->scenario) {
		setsid();
		null = open("/dev/null", O_RDONLY);
		if (null >= 0)
			dup2(null, 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		/* Its workloads go first; see oom_victim in lib.sh. */
		spit("/proc/self/oom_score_adj", "-500");
		exec_scenario(a, path, chrooted);
	}
	close(out[1]);
	close(err[1]);
	a->sources[0].fd = out[0];
	a->sources[1].fd = err[0];
	a->sources[1].is_stderr = true;
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
}

static void end_line(struct agent *a, struct source *s)
{
	s->line[s->len] = '\0';
	s->len = 0;
	stream_line(&a->stream, s->line, s->is_stderr, out_line, a);
}

/* Returns false when there is nothing more to read for now. */
static bool read_source(struct agent *a, struct source *s)
{
	char buf[4096];
	ssize_t n, i;

	if (s->fd < 0)
		return false;
	n = read(s->fd, buf, sizeof(buf));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		if (s->len)
			end_line(a, s);
		close(s->fd);
		s->fd = -1;
		return false;
	}
	for (i = 0; i < n; i++) {
		if (buf[i] == '\n' || s->len == STREAM_LINE_MAX)
			end_line(a, s);
		if (buf[i] != '\n')
			s->line[s->len++] = buf[i];
	}
	return true;
}

static void kill_scenario(struct agent *a)
{
	if (getpid() == 1)
		kill(-1, SIGKILL);
	else if (a->scenario > 0)
		kill(-a->scenario, SIGKILL);
}

static void reap(struct agent *a)
{
	struct signalfd_siginfo si;
	int status;
	pid_t pid;

	while (read(a->sigfd, &si, sizeof(si)) == sizeof(si))
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != a->scenario)
			continue;
		a->wait_status = status;
		a->ended = true;
	}
}

/* --- the host's control lines --- */

static void control(struct agent *a, const char *line)
{
	char key[2] = "";

	if (!strncmp(line, "sysrq ", 6)) {
		for (line += 6; *line; line++) {
			key[0] = *line;
			say(a, "# sysrq %s", key);
			spit("/proc/sysrq-trigger", key);
		}
	} else if (!strcmp(line, "quit")) {
		a->quit = true;
		kill_scenario(a);
		finish(a, VERDICT_FAIL, "quit by host");
	} else {
		say(a, "# unknown control line from the host");
	}
}

static void read_port(struct agent *a)
{
	char buf[256];
	ssize_t n, i;

	n = read(a->port, buf, sizeof(buf));
	for (i = 0; i < n; i++) {
		if (buf[i] != '\n') {
			if (a->in_len < sizeof(a->in) - 1)
				a->in[a->in_len++] = buf[i];
			continue;
		}
		a->in[a->in_len] = '\0';
		a->in_len = 0;
		control(a, a->in);
	}
}

static void beat(struct agent *a)
{
	unsigned long long ticks;

	if (read(a->timerfd, &ticks, sizeof(ticks)) == sizeof(ticks))
		say(a, "@beat %ld", (long)uptime());
	if (a->notify >= 0 && uptime() > SYSTEMD_WAIT_S)
		give_up(a, "systemd did not reach its default target in %d s",
			SYSTEMD_WAIT_S);
}

static void notified(struct agent *a)
{
	char buf[16];

	if (recv(a->notify, buf, sizeof(buf), 0) <= 0)
		return;
	close(a->notify);
	a->notify = -1;
	say(a, "# systemd has reached its default target");
	start_scenario(a, true);
}

static void loop(struct agent *a)
{
	enum { PORT, SIGNAL, TIMER, NOTIFY, OUT, ERR, NR };
	struct pollfd fds[NR];
	enum verdict v;
	char reason[512];
	bool on_console = isatty(a->port);

	while (!a->ended) {
		bool full = a->out_len > OUT_HIGH;

		fds[PORT] = (struct pollfd) {
			.fd = on_console ? -1 : a->port,
			.events = POLLIN | (a->out_len ? POLLOUT : 0),
		};
		fds[SIGNAL] = (struct pollfd) { a->sigfd, POLLIN, 0 };
		fds[TIMER] = (struct pollfd) { a->timerfd, POLLIN, 0 };
		fds[NOTIFY] = (struct pollfd) { a->notify, POLLIN, 0 };
		fds[OUT] = (struct pollfd) {
			full ? -1 : a->sources[0].fd, POLLIN, 0 };
		fds[ERR] = (struct pollfd) {
			full ? -1 : a->sources[1].fd, POLLIN, 0 };
		if (poll(fds, NR, -1) < 0 && errno != EINTR)
			give_up(a, "poll: %s", strerror(errno));
		/* A port whose host end is closed reports POLLHUP for ever. */
		if (fds[PORT].revents & POLLHUP)
			sleep_ms(10);
		if (fds[PORT].revents & POLLOUT)
			out_flush(a);
		if (fds[PORT].revents & POLLIN)
			read_port(a);
		if (fds[TIMER].revents)
			beat(a);
		if (fds[NOTIFY].revents)
			notified(a);
		if (fds[OUT].revents)
			read_source(a, &a->sources[0]);
		if (fds[ERR].revents)
			read_source(a, &a->sources[1]);
		if (fds[SIGNAL].revents)
			reap(a);
	}
	fcntl(a->port, F_SETFL, fcntl(a->port, F_GETFL) & ~O_NONBLOCK);
	out_flush(a);
	while (read_source(a, &a->sources[0]) ||
	       read_source(a, &a->sources[1]))
		;
	if (a->sources[0].len)
		end_line(a, &a->sources[0]);
	if (a->sources[1].len)
		end_line(a, &a->sources[1]);
	v = stream_verdict(&a->stream, a->wait_status, reason, sizeof(reason));
	finish(a, v, reason);
}

/* --- start --- */

static socklen_t notify_address(struct sockaddr_un *sa)
{
	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	memcpy(sa->sun_path + 1, NOTIFY_NAME, strlen(NOTIFY_NAME));
	return offsetof(struct sockaddr_un, sun_path) + 1 +
	       strlen(NOTIFY_NAME);
}

/* Called as "agent notify" by the unit that rootfs_inject_unit() makes. */
static int do_notify(void)
{
	struct sockaddr_un sa;
	socklen_t len = notify_address(&sa);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || sendto(fd, "up", 2, 0, (struct sockaddr *)&sa, len) != 2) {
		fprintf(stderr, "agent: notify: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}

static void open_events(struct agent *a)
{
	struct itimerspec every_second = {
		.it_interval = { .tv_sec = 1 },
		.it_value = { .tv_nsec = 1 },
	};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	a->sigfd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	a->timerfd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (a->sigfd < 0 || a->timerfd < 0 ||
	    timerfd_settime(a->timerfd, 0, &every_second, NULL))
		give_up(a, "cannot set up events: %s", strerror(errno));
}

static void protect_self(void)
{
	mlockall(MCL_CURRENT | MCL_FUTURE);
	spit("/proc/self/oom_score_adj", "-1000");
}

/*
 * A script that the scenario may bring along puts its files (fstab line, units)
 * into the overlay before systemd reads them.
 */
static void run_overlay_script(struct agent *a)
{
	char path[300];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "/rig/scenarios/%s.overlay",
		 a->job.scenario);
	if (access(path, X_OK))
		return;
	pid = fork();
	if (!pid) {
		set_env(&a->job);
		execl(path, path, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		give_up(a, "%s failed", path);
}

/*
 * Hand PID 1 over to systemd. A copy of the agent lives on outside of every
 * unit; the leading @ of its name keeps systemd from killing it at shutdown.
 */
static void __attribute__((noreturn))
run_systemd(struct agent *a, char **argv)
{
	static char * const init[] = { "/sbin/init", NULL };
	struct sockaddr_un sa;
	socklen_t len;
	sigset_t none;
	pid_t pid;
	int ret;

	ret = rootfs_enter_debian();
	if (ret)
		give_up(a, "cannot enter the root: %s", strerror(-ret));
	ret = rootfs_inject_unit();
	if (ret)
		give_up(a, "cannot add a unit: %s", strerror(-ret));
	run_overlay_script(a);
	a->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	len = notify_address(&sa);
	if (a->notify < 0 || bind(a->notify, (struct sockaddr *)&sa, len))
		give_up(a, "cannot make a socket: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		give_up(a, "cannot fork: %s", strerror(errno));
	if (pid) {
		spit("/proc/self/oom_score_adj", "0");
		munlockall();
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		clearenv();
		execv(init[0], init);
		_exit(127);
	}
	setsid();
	argv[0][0] = '@';
	protect_self();
	open_events(a);
	loop(a);
	power_off(a);
}

int main(int argc, char **argv)
{
	struct agent *a = &agent;
	char err[256], path[300];
	int ret, mounted;

	if (argc == 2 && !strcmp(argv[1], "notify"))
		return do_notify();
	if (getpid() != 1) {
		fprintf(stderr, "agent: this is PID 1 of a rig guest\n");
		return 1;
	}
	a->sources[0].fd = -1;
	a->sources[1].fd = -1;
	stream_init(&a->stream);
	umask(022);
	mounted = rootfs_mount_basic();
	console_stdio();
	open_port(a);
	say(a, "@beat %ld", (long)uptime());
	protect_self();
	if (mounted)
		give_up(a, "cannot mount the basic file systems: %s",
			strerror(-mounted));
	ret = job_load(&a->job, JOB_FILE, err, sizeof(err));
	if (ret)
		give_up(a, "%s: %s", JOB_FILE, err);
	if (find_scenario(a, path, sizeof(path)))
		give_up(a, "no scenario %s in the initrd", a->job.scenario);
	a->need_root = a->job.mode == JOB_SYSTEMD ||
		       a->job.root == JOB_ROOT_YES ||
		       (a->job.root == JOB_ROOT_AUTO && a->is_script);
	if (a->need_root && rootfs_mount_debian(err, sizeof(err)))
		give_up(a, "root: %s", err);
	if (a->job.share &&
	    rootfs_mount_share(a->need_root ? NEWROOT "/host" : "/host", err,
			       sizeof(err)))
		give_up(a, "share: %s", err);
	if (a->job.mode == JOB_SYSTEMD)
		run_systemd(a, argv);
	open_events(a);
	start_scenario(a, false);
	loop(a);
}
