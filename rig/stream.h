/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_STREAM_H
#define RIG_STREAM_H

#include <stddef.h>
#include <systemd/sd-event.h>

/*
 * One end of a socket pair whose other end QEMU holds. Reads what comes and hands it out; writes
 * are small and never block: what does not fit into the socket is dropped with -EAGAIN, because a
 * guest that does not read must not stop the host.
 */
struct stream;

/* LEN 0: the other end closed; it is the last call. */
typedef void (*stream_fn)(const void *data, size_t len, void *userdata);

/* Takes FD in every case. 0 or -errno. */
int stream_new(sd_event *event, int fd, stream_fn fn, void *userdata, struct stream **ret);
/* Unread data is lost: see stream_drain. */
void stream_free(struct stream *s);
int stream_write(struct stream *s, const void *data, size_t len);

/* Reads and hands out what can be read at once, LIMIT bytes at most. */
void stream_drain(struct stream *s, size_t limit);

#endif
