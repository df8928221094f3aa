/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_WORKER_LINK_H
#define RIG_WORKER_LINK_H

#include "fleet.h"

/*
 * The driver's end of the connection to one worker (worker.h). It belongs to one cell, because it
 * was made to the job that this cell was given to: nothing that comes over it can say anything
 * about another.
 */
struct worker_link;

enum link_end {
	LINK_DONE,	/* the attempt has ended with a result, and the worker may go */
	LINK_TROUBLE,	/* no result, by the host's fault; the worker may go */
	LINK_REFUSED,	/* what came is not acceptable; the worker may go */
	LINK_CLOSED,	/* the connection went away; the worker may live */
};

struct link_ops {
	/* The worker gave a sign of life. */
	void (*heard)(void *userdata);
	/* It has something to tell that changes nothing. */
	void (*note)(const char *text, void *userdata);
	/*
	 * Except with LINK_CLOSED the last words to the worker are on their way: the link is freed
	 * when closed() comes, or when there was time enough.
	 */
	void (*ended)(enum link_end how, const char *why, void *userdata);
	/* After ended(): the other side is gone. */
	void (*closed)(void *userdata);
};

/* HOST is that of the job. Takes FD in every case. 0 or -errno. */
int worker_link_new(struct fleet *f, struct fleet_cell *c, const char *host, int fd,
		    const struct link_ops *ops, void *userdata, struct worker_link **ret);
void worker_link_free(struct worker_link *l);

#endif
