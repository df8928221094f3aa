// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

#define CHUNK	65536

struct item {
	char *data;		/* or a file */
	int fd;
	uint64_t at, size;
};

struct wire {
	int fd;
	const struct wire_ops *ops;
	void *userdata;
	sd_event_source *source;
	struct item queue[WIRE_QUEUE_MAX];
	unsigned int first, queued;
	char line[WIRE_LINE_MAX + 1];
	size_t len;
	uint64_t expect;
	bool *gone;		/* of the call that is under way: told when the wire is freed */
};

static int set_events(struct wire *w)
{
	return sd_event_source_set_io_events(w->source, EPOLLIN | (w->queued ? EPOLLOUT : 0));
}

static void item_done(struct wire *w)
{
	struct item *it = &w->queue[w->first];

	free(it->data);
	if (it->fd >= 0)
		close(it->fd);
	w->first = (w->first + 1) % WIRE_QUEUE_MAX;
	w->queued--;
}

/* One chunk. 0, or -errno when the connection is of no use any more. */
static int write_some(struct wire *w)
{
	struct item *it = &w->queue[w->first];
	uint64_t left = it->size - it->at;
	size_t want = left < CHUNK ? left : CHUNK;
	char buf[CHUNK];
	const char *from;
	ssize_t n;

	if (it->fd >= 0) {
		from = buf;
		n = pread(it->fd, buf, want, it->at);
		/* It became shorter than was said: what follows would be read wrongly. */
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		want = n;
		from = buf;
	} else {
		from = it->data + it->at;
	}
	n = send(w->fd, from, want, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	it->at += n;
	if (it->at == it->size)
		item_done(w);
	return w->queued ? 0 : set_events(w);
}

/* Hands out what is in BUF. Returns false when the wire is gone. */
static bool feed(struct wire *w, char *buf, size_t len)
{
	bool gone = false;

	w->gone = &gone;
	while (len) {
		char *nl;
		size_t n;

		if (w->expect) {
			n = len < w->expect ? len : w->expect;
			w->expect -= n;
			w->ops->data(buf, n, w->expect, w->userdata);
			if (gone)
				return false;
			buf += n;
			len -= n;
			continue;
		}
		nl = memchr(buf, '\n', len);
		n = nl ? (size_t)(nl - buf) : len;
		if (w->len + n > WIRE_LINE_MAX) {
			w->gone = NULL;
			w->ops->closed("a line that is too long", w->userdata);
			return false;
		}
		memcpy(w->line + w->len, buf, n);
		w->len += n;
		buf += n;
		len -= n;
		if (!nl)
			break;
		buf++;
		len--;
		w->line[w->len] = '\0';
		w->len = 0;
		w->ops->line(w->line, w->userdata);
		if (gone)
			return false;
	}
	w->gone = NULL;
	return true;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct wire *w = userdata;
	char buf[CHUNK];
	ssize_t n;
	int r = 0;

	(void)source;
	(void)fd;
	if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		n = recv(w->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n > 0) {
			if (!feed(w, buf, n))
				return 0;
		} else if (!n || (errno != EAGAIN && errno != EINTR)) {
			w->ops->closed(n ? strerror(errno) : "connection closed", w->userdata);
			return 0;
		}
	}
	if (revents & EPOLLOUT && w->queued)
		r = write_some(w);
	if (r < 0)
		w->ops->closed(strerror(-r), w->userdata);
	return 0;
}

int wire_new(sd_event *event, int fd, const struct wire_ops *ops, void *userdata,
	     struct wire **ret)
{
	struct wire *w = calloc(1, sizeof(*w));
	int r;

	if (!w) {
		close(fd);
		return -ENOMEM;
	}
	w->fd = fd;
	w->ops = ops;
	w->userdata = userdata;
	r = sd_event_add_io(event, &w->source, fd, EPOLLIN, on_io, w);
	if (r < 0) {
		close(fd);
		free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void wire_free(struct wire *w)
{
	if (!w)
		return;
	if (w->gone)
		*w->gone = true;
	while (w->queued)
		item_done(w);
	sd_event_source_disable_unref(w->source);
	close(w->fd);
	free(w);
}

void wire_expect(struct wire *w, uint64_t bytes)
{
	w->expect = bytes;
}

static int queue(struct wire *w, char *data, int fd, uint64_t size)
{
	struct item *it;

	if (w->queued == WIRE_QUEUE_MAX || !size) {
		free(data);
		if (fd >= 0)
			close(fd);
		return size ? -ENOBUFS : 0;
	}
	it = &w->queue[(w->first + w->queued++) % WIRE_QUEUE_MAX];
	*it = (struct item){ .data = data, .fd = fd, .size = size };
	return set_events(w) < 0 ? -EIO : 0;
}

int wire_send(struct wire *w, const void *data, size_t len)
{
	char *copy = malloc(len ?: 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, len);
	return queue(w, copy, -1, len);
}

int wire_say(struct wire *w, const char *fmt, ...)
{
	char line[WIRE_LINE_MAX + 2];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (n > WIRE_LINE_MAX)
		n = WIRE_LINE_MAX;
	line[n++] = '\n';
	return wire_send(w, line, n);
}

int wire_send_file(struct wire *w, int fd, uint64_t size)
{
	return queue(w, NULL, fd, size);
}

bool wire_idle(const struct wire *w)
{
	return !w->queued;
}
