/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_WORKER_H
#define RIG_WORKER_H

#include "error.h"

#define WORKER_PROTOCOL	1
#define WORKER_BEAT_SEC	5	/* how often each side says that it lives */
#define WORKER_SILENT_SEC 60	/* after which a worker takes the driver for gone */

/*
 * Between the driver of a fleet and a job of the site's scheduler on a host.
 *
 * `rig fleet worker` is what the job runs. It takes one cell, gets what it needs, runs it, and keeps
 * the result until somebody has fetched it. `rig fleet attach`, a second step of the same job, joins
 * its standard input and output to the worker. So the driver may go away and come back at any time.
 *
 * Worker to driver, a line each, after each attach:
 *	rig VERSION HOST ID ATTEMPT STATE	ID and ATTEMPT are - and 0 before it has a task
 *	want SHA256		of an input; the driver sends it
 *	running			the VM is about to start
 *	beat
 *	note TEXT		for the log
 *	trouble TEXT		no verdict, and it is this host's fault
 *	file NAME SIZE		and so many bytes
 *	end			all files are sent
 *	pushed			all files are at the rsync target
 * Driver to worker:
 *	task SIZE		and so many bytes of JSON
 *	blob SHA256 SIZE	and so many bytes
 *	ack			the result is safe: clean up and end
 *	abort			the same without a result
 *	beat
 *
 * Both are silent for WORKER_SILENT_SEC at most: srun's channel can end on one side only.
 */
int do_worker(int argc, char **argv);
int do_attach(int argc, char **argv);

#endif
