/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_CHANNEL_H
#define RIG_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tap.h"
#include "verdict.h"

#define CHANNEL_PORT_NAME	"org.ghostswap.rig.0"
#define CHANNEL_LINE_MAX	4096
#define CHANNEL_BYTES_MAX (16u << 20) /* what a guest may send in all; the rest is not looked at \
				       */
#define METRICS_MAX		1024
#define METRIC_NAME_MAX		64
#define METRIC_UNIT_MAX		24

struct metric {
	char name[METRIC_NAME_MAX + 1];
	char unit[METRIC_UNIT_MAX + 1];
	char text[40];		/* last value as the guest wrote it, a JSON number */
	double value;		/* last */
	double min, max;
	unsigned long count;
};

/*
 * The line protocol of the virtio-serial port: results, metrics, heartbeat and verdict of one
 * guest. It trusts nothing.
 */
struct channel;

/* Called for every @beat and for the @verdict. */
typedef void (*channel_fn)(bool verdict, void *userdata);

/*
 * LOG may be NULL; it gets every line with the seconds since the start before it and stays the
 * caller's.
 */
struct channel *channel_new(FILE *log, channel_fn fn, void *userdata);
void channel_free(struct channel *ch);

void channel_feed(struct channel *ch, const void *data, size_t len);
void channel_end(struct channel *ch);

const struct tap *channel_tap(const struct channel *ch);
/* Returns whether an @verdict came; then V and REASON are set. */
bool channel_verdict(const struct channel *ch, enum verdict *v, const char **reason);
size_t channel_metrics(const struct channel *ch);
const struct metric *channel_metric(const struct channel *ch, size_t i);
/* /proc/sys/kernel/tainted as the guest reported it last; 0 when it did not. */
uint64_t channel_taint(const struct channel *ch);
bool channel_overflow(const struct channel *ch);
unsigned long channel_beats(const struct channel *ch);
unsigned long channel_bad_lines(const struct channel *ch); /* malformed @ lines and lines cut */

#endif
