// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "strbuf.h"

struct command {
	sd_event *event;
	command_fn fn;
	void *userdata;
	pid_t pid;
	int status;
	bool ended, late;
	struct strbuf out, err;
	int fd[2];
	struct command *next;	/* of those that nobody keeps */
	bool unkept;
	sd_event_source *io[2], *child, *timer;
};

static struct command *unkept;

void command_child(pid_t parent, int in, int out, int err)
{
	sigset_t none;
	int i;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(126);
	setpgid(0, 0);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (i = 1; i < 32; i++)
		signal(i, SIG_DFL);
}

static void finish(struct command *c)
{
	if (!c->ended || c->io[0] || c->io[1])
		return;
	/* Its user may free other commands, or begin one, but not this one. */
	c->timer = sd_event_source_disable_unref(c->timer);
	if (c->fn)
		c->fn(c->late ? -1 : c->status, c->out.buf ?: (char *)"", strbuf_str(&c->err), c->userdata);
	command_free(c);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct command *c = userdata;
	bool err = fd == c->fd[1];
	struct strbuf *sb = err ? &c->err : &c->out;
	size_t max = err ? COMMAND_ERROR_MAX : COMMAND_OUTPUT_MAX;
	char buf[16384];
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)source;
	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0) {
		if (sb->len + n <= max)
			strbuf_add(sb, buf, n);
		return 0;
	}
	c->io[err] = sd_event_source_disable_unref(c->io[err]);
	finish(c);
	return 0;
}

static int on_child(sd_event_source *source, const siginfo_t *si, void *userdata)
{
	struct command *c = userdata;

	(void)source;
	c->pid = 0;
	c->ended = true;
	c->status = si->si_code == CLD_EXITED ? si->si_status : -1;
	finish(c);
	return 0;
}

static int on_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct command *c = userdata;

	(void)source;
	(void)usec;
	c->late = true;
	if (c->pid > 0)
		kill(-c->pid, SIGKILL);
	/* A grandchild may hold the pipes: they are not waited for. */
	c->io[0] = sd_event_source_disable_unref(c->io[0]);
	c->io[1] = sd_event_source_disable_unref(c->io[1]);
	finish(c);
	return 0;
}

static int input_fd(const char *input)
{
	size_t len = input ? strlen(input) : 0;
	int fd;

	if (!input)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd >= 0 && (write(fd, input, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET))) {
		close(fd);
		return -1;
	}
	return fd;
}

int command_run(sd_event *event, const char *const *argv, const char *input, unsigned int seconds,
		command_fn fn, void *userdata, struct command **ret)
{
	struct command *c = calloc(1, sizeof(*c));
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, in, i, r;
	pid_t parent = getpid();

	if (!c)
		return -ENOMEM;
	c->event = sd_event_ref(event);
	c->fd[0] = c->fd[1] = -1;
	in = input_fd(input);
	r = in < 0 || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) ? -errno : 0;
	if (!r) {
		c->fd[0] = out[0];
		c->fd[1] = err[0];
		c->pid = fork();
		if (!c->pid) {
			command_child(parent, in, out[1], err[1]);
			execvp(argv[0], (char *const *)argv);
			_exit(127);
		}
		if (c->pid < 0) {
			r = -errno;
			c->pid = 0;
		}
	} else {
		c->fd[0] = out[0];
	}
	if (in >= 0)
		close(in);
	if (out[1] >= 0)
		close(out[1]);
	if (err[1] >= 0)
		close(err[1]);
	for (i = 0; i < 2 && r >= 0; i++)
		r = sd_event_add_io(event, &c->io[i], c->fd[i], EPOLLIN, on_io, c);
	if (r >= 0)
		r = sd_event_add_child(event, &c->child, c->pid, WEXITED, on_child, c);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &c->timer, CLOCK_MONOTONIC, seconds * 1000000ull, 0,
					       on_late, c);
	if (r < 0) {
		command_free(c);
		return r;
	}
	c->fn = fn;
	c->userdata = userdata;
	if (ret) {
		*ret = c;
	} else {
		c->unkept = true;
		c->next = unkept;
		unkept = c;
	}
	return 0;
}

void command_free(struct command *c)
{
	struct command **at;
	int i;

	if (!c)
		return;
	for (at = &unkept; c->unkept && *at; at = &(*at)->next)
		if (*at == c) {
			*at = c->next;
			break;
		}
	for (i = 0; i < 2; i++) {
		sd_event_source_disable_unref(c->io[i]);
		if (c->fd[i] >= 0)
			close(c->fd[i]);
	}
	sd_event_source_disable_unref(c->child);
	sd_event_source_disable_unref(c->timer);
	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	strbuf_release(&c->out);
	strbuf_release(&c->err);
	sd_event_unref(c->event);
	free(c);
}

void command_free_unkept(void)
{
	while (unkept)
		command_free(unkept);
}
