// SPDX-License-Identifier: GPL-2.0-only
/* swapoff(2): the signals that end it, and how far it is. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include "off.h"
#include "progress.h"
#include "read.h"
#include "swapadm.h"
#include "watch.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = sig;
}

void off_catch_signals(void)
{
	struct sigaction act = { .sa_handler = on_signal };

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
}

bool off_interrupted(void)
{
	return interrupted;
}

void off_forget_signals(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	interrupted = 0;
}

int off_call(const char *path)
{
	if (interrupted)
		return -EINTR;
	return swapoff(path) ? -errno : 0;
}

/* Bytes in use of the device @name. 1; 0 when it is off; negative errno. */
static int in_use(const char *name, uint64_t *used)
{
	struct swaps swaps;
	struct swap *swap;
	int ret = read_swaps(&root, &swaps);

	if (!ret) {
		swap = swaps_find(&root, &swaps, name);
		if (swap)
			*used = swap->used;
		ret = swap != NULL;
	}
	swaps_release(&swaps);
	return ret;
}

static void show_end(const struct progress *p, int err)
{
	struct strbuf line = STRBUF_INIT;

	if (!progress_summary(p, watch_now(), &line))
		printf("%s%s: %s, %s\n", terminal_width() ? "\r\033[K" : "", p->name,
		       err ? "stays on" : "off", strbuf_str(&line));
	strbuf_release(&line);
	fflush(stdout);
}

/* In the child: only it is in the call, so that there is somebody to look at it. */
static void __attribute__((noreturn)) child(const char *path, pid_t parent, const sigset_t *mask)
{
	/* A signal shall end this process, whether it comes in the call or just before. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	/* Who goes away without a word wants no swapoff that goes on. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (getppid() != parent)
		_exit(EINTR);
	_exit(swapoff(path) ? errno : 0);
}

/* What the child's end says about the call. */
static int call_result(int status, const char *path)
{
	int sig;

	if (WIFEXITED(status))
		return -WEXITSTATUS(status);
	sig = WTERMSIG(status);
	/* A terminal sends it to both, and the child may be the first to get it. */
	if (sig == SIGINT || sig == SIGTERM)
		interrupted = sig;
	else
		message("%s: the process in swapoff(2) was killed (%s), as when memory runs out",
			path, strsignal(sig));
	return -EINTR;
}

/* Look at the call until the child @pid ends. Returns its status as of waitpid(2). */
static int supervise(pid_t pid, const sigset_t *signals, struct progress *p, double interval)
{
	double due = watch_now() + interval;
	uint64_t used = 0;
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		int sig = watch_signal(signals, due);

		if (sig == SIGINT || sig == SIGTERM) {
			interrupted = sig;
			kill(pid, SIGTERM);
		}
		if (watch_now() < due)
			continue;
		if (in_use(p->name, &used) > 0) {
			progress_update(p, watch_now(), used);
			watch_show(p);
		}
		due = watch_now() + interval;
	}
	return status;
}

int off_watched(const char *path, const char *name, double interval)
{
	bool listed, terminal = terminal_width();
	pid_t pid, parent = getpid();
	sigset_t signals, before;
	struct progress p;
	uint64_t used = 0;
	int err, on;

	if (!interval)
		interval = terminal ? WATCH_ON_TERMINAL : WATCH_IN_LINES;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGCHLD);
	/* Whoever ignored it for us would make the child go without a status. */
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &signals, &before);
	if (interrupted) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		return -EINTR;
	}

	listed = in_use(name, &used) > 0;
	progress_begin(&p, name, watch_now(), used);
	if (listed)
		watch_show(&p);
	fflush(stdout);
	pid = fork();
	if (!pid)
		child(path, parent, &before);
	if (pid > 0) {
		err = call_result(supervise(pid, &signals, &p, interval), path);
		on = in_use(name, &used);
		if (!on) {
			used = 0;
			/* The signal came after the call had done its work. */
			if (listed && err == -EINTR)
				err = 0;
		}
		/* Not known: what was seen last. */
		progress_update(&p, watch_now(), on < 0 ? p.left : used);
		if (listed)
			show_end(&p, err);
	} else {
		err = -errno;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return err;
}
