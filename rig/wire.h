/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_WIRE_H
#define RIG_WIRE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define WIRE_LINE_MAX	1024	/* bytes, newline excluded */
#define WIRE_QUEUE_MAX	64	/* things that wait to be sent */

/*
 * The connection between the driver of a fleet and its worker on a host: lines of text, and after
 * a line that says so a number of plain bytes. The other side is not trusted: a line that is too
 * long ends the connection, and nothing is buffered beyond a line.
 */
struct wire;

struct wire_ops {
	/* LINE may be changed. */
	void (*line)(char *line, void *userdata);
	/* Some of the bytes that were expected; LEFT more are to come. */
	void (*data)(const void *data, size_t len, uint64_t left, void *userdata);
	/* The other side went away, or is not to be understood. The wire may be freed in here. */
	void (*closed)(const char *why, void *userdata);
};

/* Takes FD, a socket, in every case. 0 or -errno. */
int wire_new(sd_event *event, int fd, const struct wire_ops *ops, void *userdata,
	     struct wire **ret);
/* From within line() and data(), too. */
void wire_free(struct wire *w);

/* From within line(): so many bytes follow, for data(). */
void wire_expect(struct wire *w, uint64_t bytes);

/* Queues a line; the newline is added. 0 or -errno. */
int wire_say(struct wire *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int wire_send(struct wire *w, const void *data, size_t len);
/* SIZE bytes of FD from its start. Takes FD in every case. */
int wire_send_file(struct wire *w, int fd, uint64_t size);

/* Nothing waits to be sent. */
bool wire_idle(const struct wire *w);

#endif
