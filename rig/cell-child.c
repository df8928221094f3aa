// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cell-child.h"
#include "paths.h"

#define STOP_SEC	10	/* from SIGTERM to SIGKILL */

struct cell_child {
	sd_event *event;
	cell_child_fn fn;
	void *userdata;
	pid_t pid;
	bool late;
	sd_event_source *child, *timer;
};

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct cell_child *c = userdata;

	(void)source;
	(void)usec;
	if (c->late) {
		kill(c->pid, SIGKILL);
	} else {
		c->late = true;
		cell_child_stop(c);
	}
	return 0;
}

static int set_timer(struct cell_child *c, unsigned int sec)
{
	c->timer = sd_event_source_disable_unref(c->timer);
	return sd_event_add_time_relative(c->event, &c->timer, CLOCK_MONOTONIC, sec * 1000000ull, 0,
					  on_timer, c);
}

static int on_child(sd_event_source *source, const siginfo_t *si, void *userdata)
{
	struct cell_child *c = userdata;
	char how[96];

	(void)source;
	c->pid = 0;
	c->timer = sd_event_source_disable_unref(c->timer);
	if (si->si_code == CLD_EXITED)
		snprintf(how, sizeof(how), "rig run ended with status %d", si->si_status);
	else
		snprintf(how, sizeof(how), "rig run was killed by signal %d (%s)", si->si_status,
			 strsignal(si->si_status));
	c->fn(how, c->userdata);
	return 0;
}

/* Between fork and exec. */
static void child_exec(const struct cell_child_config *c, pid_t parent, int log)
{
	char attempt[16];
	const char *argv[24];
	sigset_t none;
	int n = 0, null;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(126);
	/* The terminal's Ctrl-C is for our parent. */
	setpgid(0, 0);
	snprintf(attempt, sizeof(attempt), "%u", c->attempt);
	argv[n++] = c->rig;
	argv[n++] = "run";
	argv[n++] = c->ini;
	argv[n++] = "--flat";
	argv[n++] = "--out";
	argv[n++] = c->out;
	argv[n++] = "--initrd";
	argv[n++] = c->initrd;
	argv[n++] = "--host";
	argv[n++] = c->host;
	argv[n++] = "--attempt";
	argv[n++] = attempt;
	argv[n++] = "--accel";
	argv[n++] = c->accel;
	if (c->qemu) {
		argv[n++] = "--qemu";
		argv[n++] = c->qemu;
	}
	argv[n] = NULL;
	unsetenv("RIG_BUILD");
	setenv("RIG_ROOT", c->root, 1);
	null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	execv(c->rig, (char *const *)argv);
	_exit(127);
}

int cell_child_new(sd_event *event, const struct cell_child_config *config, cell_child_fn fn,
		   void *userdata, struct cell_child **ret, struct rig_error *e)
{
	struct cell_child *c = calloc(1, sizeof(*c));
	char *path = path_join(config->out, "rig.log");
	pid_t parent = getpid();
	int log, r;

	if (!c || !path) {
		free(c);
		free(path);
		return rig_fail(e, -ENOMEM, "out of memory");
	}
	c->event = sd_event_ref(event);
	c->fn = fn;
	c->userdata = userdata;
	log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	r = log < 0 ? rig_fail(e, -errno, "cannot write %s: %s", path, strerror(errno)) : 0;
	free(path);
	if (!r) {
		c->pid = fork();
		if (!c->pid)
			child_exec(config, parent, log);
		if (c->pid < 0) {
			c->pid = 0;
			r = rig_fail(e, -errno, "cannot fork: %s", strerror(errno));
		}
	}
	if (log >= 0)
		close(log);
	if (!r) {
		r = sd_event_add_child(event, &c->child, c->pid, WEXITED, on_child, c);
		if (r >= 0)
			r = set_timer(c, config->limit);
		if (r < 0)
			rig_fail(e, r, "cannot watch rig run: %s", strerror(-r));
	}
	if (r < 0) {
		cell_child_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void cell_child_stop(struct cell_child *c)
{
	if (c->pid <= 0)
		return;
	c->late = true;
	kill(c->pid, SIGTERM);
	if (set_timer(c, STOP_SEC) < 0)
		kill(c->pid, SIGKILL);
}

void cell_child_free(struct cell_child *c)
{
	if (!c)
		return;
	sd_event_source_disable_unref(c->child);
	sd_event_source_disable_unref(c->timer);
	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	sd_event_unref(c->event);
	free(c);
}
