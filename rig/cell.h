/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_CELL_H
#define RIG_CELL_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "cell-id.h"
#include "channel.h"
#include "console.h"
#include "run.h"
#include "vm.h"

enum cell_state {
	CELL_WAITING,
	CELL_RUNNING,
	CELL_ENDING, /* the guest has given its verdict, or its kernel has died: it is about to end
			by itself */
	CELL_DUMPING, /* timed out: the guest's tasks are being shown */
	CELL_QUITTING, /* QEMU was told to end */
	CELL_DONE,
};

struct cell;
typedef void (*cell_done_fn)(struct cell *cell, void *userdata);

/*
 * One cell of a run on its way: the VM, its two streams, its timers, and then its verdict. Read
 * only for others.
 */
struct cell {
	struct run *run;
	const struct cell_spec *spec;
	size_t index;			/* in the run */
	cell_done_fn done;
	void *userdata;

	enum cell_state state;
	bool kvm;
	const struct kernel *kernel;
	const struct share *share;	/* NULL: none */
	struct vm_port port[VM_PORTS_MAX];	/* the caller's, set before the start */
	unsigned int ports;
	char *dir;			/* results of this cell */
	FILE *console_log, *channel_log;
	struct console *console;
	struct channel *channel;
	struct vm *vm;
	sd_event_source *deadline, *beat, *step, *defer;
	uint64_t last_beat;		/* usec, CLOCK_MONOTONIC */
	uint64_t began, ended;		/* usec, CLOCK_MONOTONIC */
	char started[32];		/* ISO 8601 */
	unsigned int dump_step;
	bool dump_by_break; /* the agent did not answer: SysRq came over the serial line */
	uint64_t dump_bytes;
	char initrd_sha256[SHA256_HEX_SIZE];
	char id[CELL_ID_SIZE];
	bool timed_out;
	char timeout_reason[96];
	char end[192];			/* how the VM ended */

	enum verdict verdict;
	char reason[512];
	bool ok;			/* the verdict is the expected one */
};

/* 0 or -errno. RUN and SPEC stay the caller's. */
int cell_new(struct run *run, const struct cell_spec *spec, size_t index, cell_done_fn done,
	     void *userdata, struct cell **ret);
/* Kills the VM when it runs. */
void cell_free(struct cell *cell);

/*
 * Starts the VM. done() follows in every case, from the event loop: what fails here ends as `lost`
 * with the reason.
 */
void cell_start(struct cell *cell);

/* Ends the cell early; done() follows. */
void cell_cancel(struct cell *cell, const char *why);

/* Streams and logs are closed: after the result was taken. */
void cell_release(struct cell *cell);

/* Seconds since the start, or how long it took. */
double cell_seconds(const struct cell *cell);

#endif
