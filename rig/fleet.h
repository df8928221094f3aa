/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_FLEET_H
#define RIG_FLEET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include <json-c/json.h>

#include "accel.h"
#include "cell-id.h"
#include "error.h"
#include "paths.h"
#include "plan.h"
#include "sha256.h"
#include "verdict.h"

#define FLEET_SCHEMA	"ghostswap-rig-fleet"
#define FLEET_VERSION	1
#define FLEET_HOST_MAX	64
#define FLEET_REASON_MAX 512

enum fleet_state {
	FLEET_WAITING,		/* for the engine to take it */
	FLEET_QUEUED,		/* the engine has it, no host does */
	FLEET_RUNNING,
	FLEET_DONE,
};

/* One try of one cell on one host. */
struct fleet_attempt {
	unsigned int number;
	char *host;
	uint64_t began, ended;	/* usec since 1970; ENDED 0: under way */
	bool complete;		/* it gave a verdict of its own */
	enum verdict verdict;	/* when complete */
	double seconds;		/* that its VM ran */
	char *reason;		/* of the verdict, or why there is none */
};

struct fleet_cell {
	struct cell_spec *spec;
	size_t index;
	char id[CELL_ID_SIZE];
	enum fleet_state state;
	enum verdict verdict;	/* when DONE */
	char *reason;
	struct fleet_attempt *attempt;
	size_t attempts;
	unsigned int counts;	/* number of the attempt whose verdict counts; 0: none gave one */
	unsigned int failures;	/* attempts without a verdict since the fleet was last resumed */
	uint64_t queued;	/* usec since 1970 */
	void *engine;		/* the engine's own */
};

/* A file that cells need, at PATH below the root that is made for them on each host. */
struct fleet_input {
	char *path;
	char sha256[SHA256_HEX_SIZE];
	uint64_t size;
	char *kernel;		/* of which kernel it is, or NULL */
};

struct fleet;

/* What runs the cells. All are called from the event loop. */
struct fleet_engine {
	const char *name;
	/* 0 or -errno. Continues what the journal says is under way. */
	int (*start)(struct fleet *f, struct rig_error *e);
	/* There are (again) cells in FLEET_WAITING. */
	void (*work)(struct fleet *f);
	/* Ends all; fleet_gave_up() for each cell that is not done, then fleet_stopped(). */
	void (*cancel)(struct fleet *f);
	/* rig ends; what can go on without it does. */
	void (*leave)(struct fleet *f);
	void (*free)(struct fleet *f);
	/* Whether something is to be brought to its end although all cells have a verdict; or NULL. */
	bool (*busy)(struct fleet *f);
};

extern const struct fleet_engine fleet_local, fleet_slurm;

struct fleet {
	sd_event *event;
	const struct paths *paths;
	const struct fleet_engine *engine;
	void *engine_data;
	struct plan *plan;	/* expanded: no matrix, no random seed, kernels by name */
	char *dir;		/* absolute */
	char *root;		/* DIR/root: the inputs */
	char name[CELL_NAME_MAX + 48];	/* unique among the fleets of a user: for the names of jobs */
	char *plan_file;	/* as it was given */
	char plan_sha256[SHA256_HEX_SIZE];
	struct fleet_input *input;
	size_t inputs;
	struct fleet_cell *cell;
	size_t cells;
	size_t done;
	enum accel_mode accel;
	char *qemu;
	unsigned int jobs;	/* at once; 0: as many as fit */
	uint64_t started, ended;	/* usec since 1970 */
	double dead_seconds;	/* of cells' running time lost to hosts and jobs that went away */
	unsigned int dead_attempts;
	bool cancelled;		/* by rig fleet cancel */
	bool cancelling;
	bool leaving;
	bool quiet;
	bool verified;		/* the inputs are what they were: made or checked by this process */
	int lock_fd;
	FILE *journal;
	uint64_t saved;		/* usec, CLOCK_MONOTONIC */
	uint64_t save_cost;	/* usec */
	bool dirty;
	sd_event_source *save_timer, *cancel_watch;
	int error;		/* state cannot be written: everything ends */
	struct rig_error why;
};

struct fleet_options_run {
	const char *out, *qemu, *kernel;
	const struct fleet_engine *engine;
	enum accel_mode accel;
	unsigned int jobs;
};

/* fleet-new.c: the making of a fleet and its inputs */

/*
 * Hashes all inputs of the cells, gives the ids, and drops cells that are the same as an earlier
 * one. With DIR NULL nothing is written (dry run). PLAN belongs to the fleet in every case.
 */
int fleet_new(const struct paths *paths, struct plan *plan, struct cell_spec *const *cells,
	      size_t n, const struct fleet_options_run *o, bool dry, struct fleet **ret,
	      struct rig_error *e);
void fleet_free(struct fleet *f);

/* Are the inputs in DIR/root what they were? */
int fleet_verify_inputs(struct fleet *f, struct rig_error *e);

/* Whether INPUT is needed to run C. */
bool fleet_input_for(const struct fleet_input *in, const struct fleet_cell *c);

/* fleet-state.c: the journal and fleet.json */

/* Reads the fleet in DIR back, with everything the journal knows. */
int fleet_open(const struct paths *paths, const char *dir, struct fleet **ret, struct rig_error *e);

/* One process at a time drives a fleet. -EBUSY when another does. */
int fleet_lock(struct fleet *f, struct rig_error *e);

/* Whether some process drives the fleet in DIR now. */
bool fleet_is_driven(const char *dir);

/*
 * One line, that says under "e" what happened. Takes LINE. What cannot be written ends the fleet.
 */
void fleet_journal(struct fleet *f, struct json_object *line);

/* Calls FN for each line there is, in order; what is no JSON comes as NULL. */
int fleet_journal_each(struct fleet *f, void (*fn)(struct fleet *f, struct json_object *line),
		       struct rig_error *e);

/* Writes fleet.json, by renaming. */
int fleet_save(struct fleet *f, struct rig_error *e);
/* The same soon, and not for each of many changes. */
void fleet_touch(struct fleet *f);

/* Writes inputs and cells for fleet_open(): once. */
int fleet_write_static(struct fleet *f, struct rig_error *e);

/* fleet.c: what happens to cells */

/*
 * Runs the loop to the end of all cells, or until it is left; the lock is held. With f->cancelled
 * what is under way is ended and nothing begins.
 */
int fleet_drive(struct fleet *f, struct rig_error *e);

/* Cells that ended without a verdict of their own are to be tried again. Returns how many. */
size_t fleet_again(struct fleet *f);

/* Asks the process that drives the fleet in DIR to cancel it. */
int fleet_ask_cancel(const char *dir, struct rig_error *e);

void fleet_queued(struct fleet *f, struct fleet_cell *c);
/* Back to waiting, and no attempt of it counts against the cell. */
void fleet_unqueued(struct fleet *f, struct fleet_cell *c);
/* A host begins: returns the attempt, or NULL without memory. */
struct fleet_attempt *fleet_began(struct fleet *f, struct fleet_cell *c, const char *host);
/*
 * The attempt's files are in its directory: reads them. What is no result of this cell counts as
 * fleet_gave_up().
 */
void fleet_ended(struct fleet *f, struct fleet_cell *c);
/*
 * The attempt gives no verdict, for a reason that is not the cell's: it waits again, or is `lost`
 * when it has had all its attempts. DEAD: the time since it began is lost to a dead host.
 */
void fleet_gave_up(struct fleet *f, struct fleet_cell *c, const char *why, bool dead);
/* A verdict that no host gave: lost, unschedulable. */
void fleet_decide(struct fleet *f, struct fleet_cell *c, enum verdict v, const char *why);
/* The engine is not busy any more. */
void fleet_check_end(struct fleet *f);
/* The engine has ended after cancel() or leave(). */
void fleet_stopped(struct fleet *f);

struct fleet_attempt *fleet_attempt_now(struct fleet_cell *c);
uint64_t fleet_now(void);	/* usec since 1970 */

/* DIR/cells/ID/attempt-N, allocated. */
char *fleet_attempt_dir(const struct fleet *f, const struct fleet_cell *c, unsigned int n);

/* cell.ini of one cell, allocated; and into an attempt's directory, with reproduce.sh. */
char *fleet_cell_ini(const struct fleet *f, const struct fleet_cell *c);
int fleet_write_reproduce(const struct fleet *f, const struct fleet_cell *c, const char *dir,
			  const char *accel);

/* fleet-status.c: for people */
void fleet_print_cells(const struct fleet *f, FILE *out);
void fleet_print_status(struct fleet *f, FILE *out);
void fleet_report_begin(const struct fleet *f);
void fleet_report_ended(const struct fleet *f, const struct fleet_cell *c);
void fleet_report_retry(const struct fleet *f, const struct fleet_cell *c, const char *why);
/* The last line is "N passed, N failed, N skipped". Returns the number of failed cells. */
size_t fleet_report_end(struct fleet *f);

/* fleet-main.c: rig fleet … */
bool fleet_verb_is_remote(const char *verb);	/* needs no paths */
int do_fleet(const struct paths *paths, int argc, char **argv);

#endif
