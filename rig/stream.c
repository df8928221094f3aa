// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream.h"

#define CHUNK	16384

struct stream {
	int fd;
	sd_event_source *source;
	stream_fn fn;
	void *userdata;
	bool eof;
};

/* Returns the bytes read, 0 when there are none for now or any more. */
static size_t read_some(struct stream *s)
{
	char buf[CHUNK];
	ssize_t n;

	if (s->eof)
		return 0;
	n = recv(s->fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		s->eof = true;
		sd_event_source_set_enabled(s->source, SD_EVENT_OFF);
		s->fn(NULL, 0, s->userdata);
		return 0;
	}
	s->fn(buf, n, s->userdata);
	return n;
}

/* One chunk a turn: a guest that floods must not keep the loop from the others. */
static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source;
	(void)fd;
	(void)revents;
	read_some(userdata);
	return 0;
}

int stream_new(sd_event *event, int fd, stream_fn fn, void *userdata, struct stream **ret)
{
	struct stream *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		close(fd);
		return -ENOMEM;
	}
	s->fd = fd;
	s->fn = fn;
	s->userdata = userdata;
	r = sd_event_add_io(event, &s->source, fd, EPOLLIN, on_io, s);
	if (r < 0) {
		close(fd);
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void stream_drain(struct stream *s, size_t limit)
{
	size_t n, sum = 0;

	while (sum < limit && (n = read_some(s)))
		sum += n;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	sd_event_source_disable_unref(s->source);
	close(s->fd);
	free(s);
}

int stream_write(struct stream *s, const void *data, size_t len)
{
	ssize_t n = send(s->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EAGAIN;
}
