// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void child(const struct program *c, pid_t parent, int in, int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = c->log_fd >= 0 ? c->log_fd : null;
	sigset_t none;
	size_t i;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent || null < 0)
		_exit(126);
	/* A group of its own: what it starts goes with it. */
	if (!c->foreground)
		setpgid(0, 0);
	if (dup2(in >= 0 ? in : null, 0) < 0 || dup2(out >= 0 ? out : log, 1) < 0 ||
	    dup2(log, 2) < 0 || (c->dir && chdir(c->dir)))
		_exit(126);
	for (i = 0; c->env && c->env[i]; i++)
		putenv((char *)c->env[i]);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execvp(c->argv[0], c->argv);
	_exit(127);
}

/* Feeds and reads until the program closes its output. 0 or -errno. */
static int pump(const struct program *c, int in, int out)
{
	long end = now_ms() + c->seconds * 1000L;
	size_t left = c->input ? strlen(c->input) : 0;
	const char *p = c->input;
	char buf[16384];
	int r = 0;

	while (out >= 0 || in >= 0) {
		struct pollfd fds[2] = { { .fd = in, .events = POLLOUT },
					 { .fd = out, .events = POLLIN } };
		long wait = c->seconds ? end - now_ms() : -1;
		ssize_t n;

		if (c->seconds && wait <= 0) {
			r = -ETIMEDOUT;
			break;
		}
		if (poll(fds, 2, wait) < 0) {
			if (errno == EINTR)
				continue;
			r = -errno;
			break;
		}
		if (fds[0].revents) {
			n = left ? write(in, p, left) : 0;
			if (n > 0) {
				p += n;
				left -= n;
			}
			if (!left || (n < 0 && errno != EAGAIN && errno != EINTR)) {
				close(in);
				in = -1;
			}
		}
		if (fds[1].revents) {
			n = read(out, buf, sizeof(buf));
			if (n < 0 && (errno == EAGAIN || errno == EINTR))
				continue;
			if (n <= 0) {
				close(out);
				out = -1;
			} else if (c->out->len + n > c->out_max) {
				r = -EFBIG;
				break;
			} else {
				r = strbuf_add(c->out, buf, n);
				if (r)
					break;
			}
		}
	}
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return r;
}

/* Waits for its end, until the limit of the command. */
static int reap(const struct program *c, pid_t pid, long end, int r)
{
	int status;

	for (;;) {
		pid_t got;

		if (r)
			kill(-pid, SIGKILL);
		got = waitpid(pid, &status, r || !c->seconds ? 0 : WNOHANG);
		if (got == pid)
			break;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (!got) {
			usleep(5000);
			if (now_ms() > end)
				r = -ETIMEDOUT;
		}
	}
	if (r)
		return r;
	if (!WIFEXITED(status))
		return -ECHILD;
	return WEXITSTATUS(status) == 127 ? -ENOENT : WEXITSTATUS(status);
}

int program_run(const struct program *c)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, r = 0;
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	long end = now_ms() + c->seconds * 1000L;
	pid_t parent = getpid(), pid;

	if (c->input && pipe2(in, O_CLOEXEC))
		return -errno;
	if (c->out && pipe2(out, O_CLOEXEC)) {
		r = -errno;
		goto fail;
	}
	pid = fork();
	if (!pid)
		child(c, parent, in[0], out[1]);
	if (pid < 0) {
		r = -errno;
		goto fail;
	}
	if (!c->foreground)
		setpgid(pid, pid);
	if (c->input) {
		close(in[0]);
		fcntl(in[1], F_SETFL, O_NONBLOCK);
	}
	if (c->out) {
		close(out[1]);
		fcntl(out[0], F_SETFL, O_NONBLOCK);
	}
	sigaction(SIGPIPE, &ignore, &before);
	r = pump(c, in[1], out[0]);
	sigaction(SIGPIPE, &before, NULL);
	return reap(c, pid, end, r);
fail:
	if (c->input) {
		close(in[0]);
		close(in[1]);
	}
	return r;
}
