// SPDX-License-Identifier: GPL-2.0
/*
 * A fleet over the hosts of a Slurm cluster.
 *
 * Cells that need the same of a host become one array job; each task runs a worker (worker.h), to
 * which a second step of the same job connects us: srun's own channel, so no file system is shared
 * and no port is ours. What the jobs do is asked of squeue: no accounting daemon is needed.
 *
 * All that must be known after a restart of rig is in the fleet's journal: which cell is which task
 * of which array. A job's name is unique, so that one can be found whose number we did not learn.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "engine-local.h"
#include "fleet.h"
#include "jsonout.h"
#include "linebuf.h"
#include "strbuf.h"
#include "worker-link.h"

#define SEC		1000000ull
#define POLL_USEC	(1 * SEC)
#define POLL_SHARE	10	/* of the time, one part in so many goes into asking */
#define RETRY_USEC	(5 * SEC)
#define COMMAND_SEC	60
#define ACK_USEC	(20 * SEC)	/* for a worker to end after its last words */
#define ASIDE_USEC	(300 * SEC)	/* for which a host in trouble gets no new cells */
#define CANCEL_USEC	(120 * SEC)
#define HUNG_SEC	180	/* beyond a cell's deadline: see worker.c */
#define FETCH_SEC	600
#define UPLOAD_SEC	3600
#define ARRAY_MAX	1000	/* Slurm's own default for the size of an array is 1001 */
#define CORES_MAX	100000	/* of a host: not known here, Slurm judges */
#define NOBODY		((size_t)-1)

struct batch {
	unsigned int number;
	char job[24];		/* of the array; "" until it is known */
	size_t *cell;		/* by task; NOBODY when the task is of no interest any more */
	uint64_t *released;	/* when it became so, monotonic */
	size_t n, live;
	bool submitting, found;	/* FOUND: seen by the squeue at work */
	bool excludes, anywhere;
	bool pending;		/* some of its tasks are, said the squeue at work */
	uint64_t submitted;	/* monotonic, when its number was learnt */
	uint64_t impatient;	/* since when it waits for hosts that are not there; 0: it does not */
};

/* What a cell is to Slurm. */
struct task {
	struct slurm *s;
	struct fleet_cell *cell;
	struct batch *batch;	/* NULL: with none */
	size_t index;
	char job[24];		/* of this task, when it runs */
	char name[48];		/* the same as ARRAY_TASK */
	char host[FLEET_HOST_MAX + 1];
	char exclude[FLEET_HOST_MAX + 1];	/* the host that failed it last */
	bool anywhere;		/* only hosts that would be avoided can take it */
	bool seen;		/* by the squeue at work */
	uint64_t heard;		/* monotonic: last sign of life */
	uint64_t attach_at;
	unsigned int attach_wait;	/* seconds, grows */
	struct worker_link *link;
	bool closing;		/* its last words were said */
	uint64_t closing_at;
	pid_t srun;
	sd_event_source *child;
};

struct aside {
	char host[FLEET_HOST_MAX + 1];
	uint64_t until;		/* monotonic */
};

struct slurm {
	struct fleet *fleet;
	char rig[PATH_MAX];
	struct task *task;	/* by cell */
	struct batch **batch;
	size_t batches;
	size_t closing;
	struct aside *aside;
	size_t asides;
	struct command *squeue, *sbatch, *other;
	struct batch *submitting;
	uint64_t asked;		/* monotonic: when the squeue at work was begun */
	uint64_t poll_cost;
	size_t uploaded;	/* inputs that are at the rsync target */
	bool recovered;		/* what squeue says about old jobs was heard once */
	bool silent;		/* squeue did not answer last time */
	sd_event_source *poll, *retry;
	uint64_t cancel_by;
	uint64_t refused_since;	/* sbatch fails for a reason that we do not know */
	int log_fd;
};

static void submit(struct slurm *s);
static void ask(struct slurm *s, uint64_t in);

static uint64_t now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SEC + ts.tv_nsec / 1000;
}

static void note(struct slurm *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* For the person who wants to know why: DIR/slurm.log. */
static void note(struct slurm *s, const char *fmt, ...)
{
	char stamp[32];
	time_t t = time(NULL);
	struct tm tm;
	va_list ap;

	gmtime_r(&t, &tm);
	strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm);
	dprintf(s->log_fd, "%s ", stamp);
	va_start(ap, fmt);
	vdprintf(s->log_fd, fmt, ap);
	va_end(ap);
	dprintf(s->log_fd, "\n");
}

static void batch_free(struct batch *b)
{
	free(b->cell);
	free(b->released);
	free(b);
}

static struct batch *batch_add(struct slurm *s, unsigned int number, size_t n)
{
	struct batch **grown = realloc(s->batch, (s->batches + 1) * sizeof(*grown)), *b;

	if (!grown)
		return NULL;
	s->batch = grown;
	b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	b->number = number;
	b->n = n;
	b->cell = calloc(n, sizeof(*b->cell));
	b->released = calloc(n, sizeof(*b->released));
	if (!b->cell || !b->released) {
		batch_free(b);
		return NULL;
	}
	s->batch[s->batches++] = b;
	return b;
}

static void batch_put(struct slurm *s, struct batch *b, size_t index, size_t cell)
{
	struct task *t = &s->task[cell];

	b->cell[index] = cell;
	b->live++;
	t->batch = b;
	t->index = index;
	t->job[0] = t->host[0] = '\0';
	t->heard = 0;
	t->attach_at = 0;
	t->attach_wait = 0;
}

/* The job that it was is of no interest any more. */
static void task_release(struct task *t)
{
	struct batch *b = t->batch;

	if (!b)
		return;
	b->cell[t->index] = NOBODY;
	b->released[t->index] = now_usec();
	b->live--;
	t->batch = NULL;
}

static void task_disconnect(struct task *t)
{
	worker_link_free(t->link);
	t->link = NULL;
	if (t->closing) {
		t->closing = false;
		t->s->closing--;
	}
	t->child = sd_event_source_disable_unref(t->child);
	if (t->srun > 0) {
		kill(t->srun, SIGKILL);
		while (waitpid(t->srun, NULL, 0) < 0 && errno == EINTR)
			;
		t->srun = 0;
	}
}

/* The cell is decided with V, or with VERDICT_MAX waits for another job. */
static void task_give_back(struct task *t, enum verdict v, const char *why)
{
	task_release(t);
	if (v == VERDICT_MAX)
		fleet_unqueued(t->s->fleet, t->cell);
	else
		fleet_decide(t->s->fleet, t->cell, v, why);
}

static void on_scancel(int status, char *out, const char *err, void *userdata)
{
	struct slurm *s = userdata;

	(void)out;
	if (status)
		note(s, "scancel: %d: %s", status, err);
}

/*
 * JOB is an array or ARRAY_TASK, never the number of a task's own: a controller that was restarted
 * does not know these for tasks that it has requeued.
 */
static void scancel(struct slurm *s, const char *job, bool only_waiting)
{
	const char *argv[] = { "scancel", "--quiet", only_waiting ? "--state=PENDING" : job,
			       only_waiting ? job : NULL, NULL };

	command_run(s->fleet->event, argv, NULL, COMMAND_SEC, on_scancel, s, NULL);
}

static void set_aside(struct slurm *s, const char *host)
{
	struct aside *grown;
	size_t i;

	for (i = 0; i < s->asides && strcmp(s->aside[i].host, host); i++)
		;
	if (i == s->asides) {
		grown = realloc(s->aside, (i + 1) * sizeof(*grown));
		if (!grown)
			return;
		s->aside = grown;
		snprintf(grown[i].host, sizeof(grown[i].host), "%s", host);
		s->asides++;
	}
	s->aside[i].until = now_usec() + ASIDE_USEC;
}

/* Hosts that new jobs shall avoid, with MORE (may be ""); comma separated. Returns whether there are any. */
static bool excluded(struct slurm *s, const char *more, struct strbuf *list)
{
	uint64_t now = now_usec();
	size_t i;

	for (i = 0; i < s->asides; i++)
		if (s->aside[i].until > now && strcmp(s->aside[i].host, more))
			strbuf_addf(list, "%s%s", list->len ? "," : "", s->aside[i].host);
	if (*more)
		strbuf_addf(list, "%s%s", list->len ? "," : "", more);
	return list->len;
}

static void on_update(int status, char *out, const char *err, void *userdata)
{
	struct slurm *s = userdata;

	(void)out;
	if (status)
		note(s, "scontrol update: %d: %s", status, err);
}

/* A host that fails at once would eat all that waits: jobs that wait are kept away from it. */
static void avoid(struct slurm *s, const char *host)
{
	struct strbuf list = STRBUF_INIT;
	size_t i;

	set_aside(s, host);
	if (!excluded(s, "", &list))
		return;
	for (i = 0; i < s->batches; i++) {
		struct batch *b = s->batch[i];
		char job[40], nodes[512];
		const char *argv[] = { "scontrol", "update", job, nodes, NULL };

		if (!b->job[0] || !b->live || !b->pending || b->anywhere)
			continue;
		snprintf(job, sizeof(job), "JobId=%s", b->job);
		snprintf(nodes, sizeof(nodes), "ExcNodeList=%s", strbuf_str(&list));
		b->excludes = true;
		command_run(s->fleet->event, argv, NULL, COMMAND_SEC, on_update, s, NULL);
	}
	strbuf_release(&list);
}

/* The attempt is over without a verdict, and the job with it. */
static void task_failed(struct task *t, const char *why, bool dead)
{
	struct slurm *s = t->s;

	note(s, "%s: job %s on %s: %s", t->cell->spec->name, t->job, t->host, why);
	task_release(t);
	fleet_gave_up(s->fleet, t->cell, why, dead);
}

static void on_heard(void *userdata)
{
	struct task *t = userdata;

	t->heard = now_usec();
	t->attach_wait = 0;
}

static void on_note(const char *text, void *userdata)
{
	struct task *t = userdata;

	note(t->s, "%s: job %s on %s: %s", t->cell->spec->name, t->job, t->host, text);
}

static void on_link_ended(enum link_end how, const char *why, void *userdata)
{
	struct task *t = userdata;
	struct slurm *s = t->s;

	if (how == LINK_CLOSED) {
		task_disconnect(t);
		t->attach_wait = t->attach_wait ? 2 * t->attach_wait : 1;
		if (t->attach_wait > 10)
			t->attach_wait = 10;
		t->attach_at = now_usec() + t->attach_wait * SEC;
		note(s, "%s: job %s on %s: connection ended: %s", t->cell->spec->name, t->job, t->host,
		     why);
		return;
	}
	t->closing = true;
	t->closing_at = now_usec();
	s->closing++;
	if (how == LINK_DONE) {
		task_release(t);
		return;
	}
	if (how == LINK_TROUBLE && t->host[0]) {
		snprintf(t->exclude, sizeof(t->exclude), "%s", t->host);
		avoid(s, t->host);
	}
	/* Refused because the cell has had its attempts: nothing more to say of it. */
	if (t->cell->state == FLEET_DONE)
		task_release(t);
	else
		task_failed(t, why, false);
}

static void on_link_closed(void *userdata)
{
	struct task *t = userdata;
	struct fleet *f = t->s->fleet;

	task_disconnect(t);
	fleet_check_end(f);
}

static int on_srun(sd_event_source *source, const siginfo_t *si, void *userdata)
{
	struct task *t = userdata;

	(void)source;
	(void)si;
	/* What it has written is still in the socket, and its end is an end of file there. */
	t->srun = 0;
	t->child = sd_event_source_disable_unref(t->child);
	return 0;
}

static void attach(struct task *t)
{
	static const struct link_ops ops = { .heard = on_heard,
					     .note = on_note,
					     .ended = on_link_ended,
					     .closed = on_link_closed };
	struct slurm *s = t->s;
	char job[40];
	const char *argv[] = { "srun",	     job,	   "--overlap", "--nodes=1", "--ntasks=1",
			       "--mem=0",    "--quiet",	   "--unbuffered", "--chdir=/", "--input=all",
			       "--output=all", s->rig,	   "fleet",	"attach",    NULL };
	pid_t parent = getpid();
	int pair[2], r;

	t->attach_at = now_usec() + 10 * SEC;
	snprintf(job, sizeof(job), "--jobid=%s", t->job);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return;
	t->srun = fork();
	if (!t->srun) {
		command_child(parent, pair[1], pair[1], s->log_fd);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(pair[1]);
	if (t->srun < 0) {
		t->srun = 0;
		close(pair[0]);
		return;
	}
	r = sd_event_add_child(s->fleet->event, &t->child, t->srun, WEXITED, on_srun, t);
	if (r >= 0)
		r = worker_link_new(s->fleet, t->cell, t->host, pair[0], &ops, t, &t->link);
	else
		close(pair[0]);
	if (r < 0)
		task_disconnect(t);
}

/* States of a job, in Slurm's words. */
static bool state_in(const char *state, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(state, *list))
			return true;
	return false;
}

static const char *const waiting_states[] = { "PENDING",  "CONFIGURING", "REQUEUED",	"REQUEUE_FED",
					      "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT", NULL };
static const char *const running_states[] = { "RUNNING", "SUSPENDED", "STOPPED", "SIGNALING",
					      "STAGE_OUT", "RESIZING", NULL };

/* Reasons that time does not mend. */
static bool hopeless(const char *reason)
{
	static const char *const reasons[] = { "BadConstraints", "PartitionNodeLimit",
					       "PartitionTimeLimit", "JobArrayTaskLimitZero",
					       "InvalidAccount", "InvalidQOS", "NodeConfigUnavailable", NULL };

	return state_in(reason, reasons);
}

/* Reasons that mean: the hosts that could take it are not there now. */
static bool absent(const char *reason)
{
	return strstr(reason, "ReqNodeNotAvail") || strstr(reason, "DOWN") ||
	       !strcmp(reason, "PartitionDown") || !strcmp(reason, "PartitionInactive");
}

/* No host is left because of those that are avoided: then these cells take what there is. */
static void batch_anywhere(struct slurm *s, struct batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->cell[i] != NOBODY)
			s->task[b->cell[i]].anywhere = true;
}

static void batch_release(struct slurm *s, struct batch *b, enum verdict v, const char *why)
{
	size_t i;

	scancel(s, b->job, true);
	for (i = 0; i < b->n; i++) {
		struct task *t = b->cell[i] == NOBODY ? NULL : &s->task[b->cell[i]];

		/* Those that run have found a host. */
		if (t && !t->job[0])
			task_give_back(t, v, why);
	}
}

/* Tasks of the array that nobody runs, and why. */
static void on_pending(struct slurm *s, struct batch *b, const char *reason)
{
	char why[300];

	b->pending = true;
	if (hopeless(reason)) {
		note(s, "job %s: %s%s", b->job, reason, b->excludes ? " (with hosts set aside)" : "");
		if (b->excludes) {
			/* Perhaps only because of the hosts that we keep it from. */
			batch_anywhere(s, b);
			batch_release(s, b, VERDICT_MAX, NULL);
		} else {
			snprintf(why, sizeof(why), "Slurm: %.200s", reason);
			batch_release(s, b, VERDICT_UNSCHEDULABLE, why);
		}
		return;
	}
	if (!absent(reason)) {
		b->impatient = 0;
	} else if (!b->impatient) {
		b->impatient = now_usec();
	} else if (now_usec() - b->impatient > s->fleet->plan->fleet->patience * SEC) {
		snprintf(why, sizeof(why), "no host for %u s: %.200s",
			 s->fleet->plan->fleet->patience, reason);
		batch_release(s, b, VERDICT_UNSCHEDULABLE, why);
	}
}

static void on_running(struct slurm *s, struct task *t, const char *job, const char *host)
{
	uint64_t now = now_usec();

	if (strcmp(t->job, job) || strcmp(t->host, host)) {
		if (t->job[0])
			task_disconnect(t);
		snprintf(t->job, sizeof(t->job), "%s", job);
		snprintf(t->name, sizeof(t->name), "%s_%zu", t->batch->job, t->index);
		snprintf(t->host, sizeof(t->host), "%.*s", FLEET_HOST_MAX, host);
		t->heard = now;
		t->attach_at = 0;
	}
	if (!t->heard || s->silent)
		t->heard = now;
	if (!t->link && !t->srun && now >= t->attach_at && !t->closing)
		attach(t);
	if (now - t->heard > s->fleet->plan->fleet->dead_after * SEC) {
		char why[200];

		snprintf(why, sizeof(why), "%s: nothing heard for %u s", t->host,
			 s->fleet->plan->fleet->dead_after);
		snprintf(t->exclude, sizeof(t->exclude), "%s", t->host);
		scancel(s, t->name, false);
		task_disconnect(t);
		task_failed(t, why, true);
	}
}

/* It waits again although it ran: Slurm has taken it from a host that died. */
static void on_requeued(struct slurm *s, struct task *t)
{
	char why[200];

	if (!t->job[0])
		return;
	snprintf(why, sizeof(why), "%s went away, Slurm has requeued the job", t->host);
	note(s, "%s: %s", t->cell->spec->name, why);
	task_disconnect(t);
	t->job[0] = t->host[0] = '\0';
	t->heard = 0;
	if (!fleet_attempt_now(t->cell))
		return;
	t->batch->live++;
	fleet_gave_up(s->fleet, t->cell, why, true);
	t->batch->live--;
	/* The job is there still, and goes on for the next attempt. */
	if (t->cell->state == FLEET_WAITING) {
		fleet_queued(s->fleet, t->cell);
	} else {
		char job[48];

		snprintf(job, sizeof(job), "%s_%zu", t->batch->job, t->index);
		scancel(s, job, false);
		task_release(t);
	}
}

/* Slurm has done with it. What it has sent may still be on its way. */
static void on_job_ended(struct slurm *s, struct task *t, const char *state)
{
	char why[200];

	if (t->link || t->closing)
		return;
	if (!t->host[0])
		snprintf(why, sizeof(why), "Slurm ended the job: %.60s", state);
	else
		snprintf(why, sizeof(why), "%s: the job ended without a result: %.60s", t->host, state);
	if (t->host[0]) {
		snprintf(t->exclude, sizeof(t->exclude), "%s", t->host);
		/* A worker ends so only when its host does not let it work. */
		if (!strcmp(state, "FAILED"))
			avoid(s, t->host);
	}
	task_failed(t, why, !strcmp(state, "NODE_FAIL"));
}

static struct batch *find_batch(struct slurm *s, const char *name)
{
	size_t len = strlen(s->fleet->name), i;
	unsigned long number;

	if (strncmp(name, s->fleet->name, len) || name[len] != '.')
		return NULL;
	number = strtoul(name + len + 1, NULL, 10);
	for (i = 0; i < s->batches; i++)
		if (s->batch[i]->number == number)
			return s->batch[i];
	return NULL;
}

/* Jobs of ours that nobody wants: of a cell that has its verdict, or that is in another job now. */
static void on_stray(struct slurm *s, struct batch *b, size_t index, bool active)
{
	uint64_t now = now_usec();
	char job[48];

	if (!active || b->released[index] + ACK_USEC > now)
		return;
	/*
	 * Again and again: a controller that was restarted may have brought a job back to life that it
	 * had lost sight of.
	 */
	snprintf(job, sizeof(job), "%s_%zu", b->job, index);
	note(s, "job %s is of no use any more", job);
	b->released[index] = now;
	scancel(s, job, false);
}

static void on_job_line(struct slurm *s, char *line)
{
	char *field[7], *p = line, *end;
	bool waiting, running;
	unsigned long index;
	struct batch *b;
	struct task *t;
	int i;

	/* ARRAY|TASK|JOB|STATE|HOST|NAME|REASON */
	for (i = 0; i < 7; i++) {
		field[i] = p;
		if (i == 6)
			break;
		p = strchr(p, '|');
		if (!p)
			return;
		*p++ = '\0';
	}
	b = find_batch(s, field[5]);
	/* Asked before it was submitted: the answer knows nothing of it. */
	if (!b || b->submitted > s->asked)
		return;
	b->found = true;
	if (!b->job[0])
		snprintf(b->job, sizeof(b->job), "%.23s", field[0]);
	waiting = state_in(field[3], waiting_states);
	running = state_in(field[3], running_states);
	index = strtoul(field[1], &end, 10);
	if (*end || end == field[1] || index >= b->n) {
		if (waiting)
			on_pending(s, b, field[6]);
		return;
	}
	t = b->cell[index] == NOBODY ? NULL : &s->task[b->cell[index]];
	if (!t) {
		on_stray(s, b, index, waiting || running);
		return;
	}
	t->seen = true;
	if (waiting) {
		on_requeued(s, t);
		if (t->batch)
			on_pending(s, b, field[6]);
	} else if (running) {
		on_running(s, t, field[2], field[4]);
	} else if (strcmp(field[3], "COMPLETING")) {
		/* The host is named here even when we never saw it run. */
		if (!t->host[0] && strcmp(field[4], "(null)"))
			snprintf(t->host, sizeof(t->host), "%.*s", FLEET_HOST_MAX, field[4]);
		on_job_ended(s, t, field[3]);
	}
}

static bool active(const struct slurm *s)
{
	size_t i;

	for (i = 0; i < s->batches; i++)
		if (s->batch[i]->live)
			return true;
	return s->closing;
}

/* After all lines: what none was about. */
static void after_poll(struct slurm *s)
{
	size_t i, k;

	for (i = 0; i < s->batches; i++) {
		struct batch *b = s->batch[i];

		if (b->submitting || b->submitted > s->asked)
			continue;
		for (k = 0; k < b->n && b->live; k++) {
			struct task *t = b->cell[k] == NOBODY ? NULL : &s->task[b->cell[k]];

			if (!t || t->seen || t->link || (b->found && b->pending && !t->job[0]))
				continue;
			if (!t->job[0] && !fleet_attempt_now(t->cell)) {
				/* It never was a job, or we were away for longer than Slurm remembers. */
				task_release(t);
				fleet_unqueued(s->fleet, t->cell);
			} else {
				task_failed(t, "the job is gone", true);
			}
		}
	}
}

static void finish_closing(struct slurm *s)
{
	uint64_t now = now_usec();
	size_t i;

	if (!s->closing)
		return;
	for (i = 0; i < s->fleet->cells; i++) {
		struct task *t = &s->task[i];

		if (!t->closing || now - t->closing_at < ACK_USEC)
			continue;
		scancel(s, t->name, false);
		task_disconnect(t);
	}
	fleet_check_end(s->fleet);
}

static void on_squeue(int status, char *out, const char *err, void *userdata)
{
	struct slurm *s = userdata;
	struct fleet *f = s->fleet;
	char *line, *save = NULL;
	size_t i;

	s->squeue = NULL;
	s->poll_cost = now_usec() - s->asked;
	if (status) {
		if (!s->silent)
			note(s, "squeue: %d: %s", status, err);
		s->silent = true;
		ask(s, RETRY_USEC / 2);
		return;
	}
	for (i = 0; i < f->cells; i++)
		s->task[i].seen = false;
	for (i = 0; i < s->batches; i++)
		s->batch[i]->found = s->batch[i]->pending = false;
	for (line = strtok_r(out, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		on_job_line(s, line);
	after_poll(s);
	finish_closing(s);
	s->silent = false;
	s->recovered = true;
	if (f->cancelling) {
		if (!active(s) || now_usec() > s->cancel_by) {
			fleet_stopped(f);
			return;
		}
	} else {
		submit(s);
	}
	ask(s, s->poll_cost * POLL_SHARE > POLL_USEC ? s->poll_cost * POLL_SHARE : POLL_USEC);
}

static int on_poll(sd_event_source *source, uint64_t usec, void *userdata)
{
	static const char format[] = "--format=%F|%K|%A|%T|%N|%j|%r";
	struct slurm *s = userdata;
	struct strbuf names = STRBUF_INIT;
	const char *argv[] = { "squeue", "--noheader", "--states=all", format, NULL, NULL };
	size_t i;

	(void)source;
	(void)usec;
	s->poll = sd_event_source_disable_unref(s->poll);
	if (s->squeue)
		return 0;
	strbuf_adds(&names, "--name=");
	for (i = 0; i < s->batches; i++) {
		struct batch *b = s->batch[i];

		/* Jobs of a batch without living cells are still looked at, for strays. */
		if (!b->submitting)
			strbuf_addf(&names, "%s%s.%u", names.len > 7 ? "," : "", s->fleet->name, b->number);
	}
	argv[4] = strbuf_str(&names);
	s->asked = now_usec();
	if (names.len == 7) {
		s->recovered = true;
		submit(s);
		ask(s, POLL_USEC);
	} else if (command_run(s->fleet->event, argv, NULL, COMMAND_SEC, on_squeue, s, &s->squeue)) {
		ask(s, RETRY_USEC);
	}
	strbuf_release(&names);
	return 0;
}

static void ask(struct slurm *s, uint64_t in)
{
	if (s->poll || s->squeue)
		return;
	sd_event_add_time_relative(s->fleet->event, &s->poll, CLOCK_MONOTONIC, in, 0, on_poll, s);
}

/* What cells must have in common to be tasks of one array. */
static bool alike(const struct slurm *s, const struct fleet_cell *a, const struct fleet_cell *b)
{
	const struct cell_spec *x = a->spec, *y = b->spec;

	return x->cpus == y->cpus && x->memory == y->memory && x->deadline == y->deadline &&
	       !strcmp(x->constraint ?: "", y->constraint ?: "") &&
	       s->task[a->index].anywhere == s->task[b->index].anywhere &&
	       !strcmp(s->task[a->index].exclude, s->task[b->index].exclude);
}

static void journal_batch(struct slurm *s, const struct batch *b, const char *what)
{
	struct json_object *o = json_object_new_object(), *cells;
	size_t i;

	jsonout_str(o, "e", what);
	jsonout_u64(o, "batch", b->number);
	if (b->job[0]) {
		jsonout_str(o, "job", b->job);
	} else if (!strcmp(what, "batch")) {
		cells = json_object_new_array();
		for (i = 0; i < b->n; i++)
			jsonout_append(cells, json_object_new_uint64(b->cell[i]));
		jsonout_add(o, "cells", cells);
	}
	fleet_journal(s->fleet, o);
}

static void batch_undo(struct slurm *s, struct batch *b, enum verdict v, const char *why)
{
	size_t i;

	journal_batch(s, b, "refused");
	for (i = 0; i < b->n; i++) {
		struct task *t = b->cell[i] == NOBODY ? NULL : &s->task[b->cell[i]];

		if (t)
			task_give_back(t, v, why);
	}
}

/* What sbatch says when no host can ever take the job, or the site does not let us. */
static bool impossible(const char *err)
{
	static const char *const words[] = { "node configuration is not available",
					     "Invalid feature specification",
					     "Memory required by task is not available",
					     "More processors requested than permitted",
					     "Node count specification invalid",
					     "Requested time limit is invalid",
					     "invalid partition", "Invalid account", "Invalid qos",
					     "Access/permission denied", NULL };
	int i;

	for (i = 0; words[i] && !strcasestr(err, words[i]); i++)
		;
	return words[i];
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct slurm *s = userdata;

	(void)source;
	(void)usec;
	s->retry = sd_event_source_disable_unref(s->retry);
	submit(s);
	return 0;
}

static void on_sbatch(int status, char *out, const char *err, void *userdata)
{
	struct slurm *s = userdata;
	struct fleet *f = s->fleet;
	struct batch *b = s->submitting;
	size_t n = strspn(out, "0123456789");
	char why[300];

	s->sbatch = NULL;
	s->submitting = NULL;
	b->submitting = false;
	b->submitted = now_usec();
	if (!status && n && n < sizeof(b->job)) {
		memcpy(b->job, out, n);
		b->job[n] = '\0';
		b->pending = true;
		s->refused_since = 0;
		journal_batch(s, b, "job");
		if (f->cancelling)
			scancel(s, b->job, false);
		else
			submit(s);
		ask(s, POLL_USEC);
		return;
	}
	snprintf(why, sizeof(why), "%.250s", err);
	why[strcspn(why, "\n")] = '\0';
	text_clean(why, strlen(why));
	note(s, "sbatch: %d: %s", status, why);
	if (impossible(err) && b->excludes) {
		batch_anywhere(s, b);
		batch_undo(s, b, VERDICT_MAX, NULL);
		submit(s);
		return;
	} else if (impossible(err)) {
		batch_undo(s, b, VERDICT_UNSCHEDULABLE, why);
		submit(s);
		return;
	} else {
		/* The job may be there all the same: squeue will tell, and the cells wait so long. */
		if (!s->refused_since)
			s->refused_since = now_usec();
		if (now_usec() - s->refused_since > f->plan->fleet->patience * SEC &&
		    !strcasestr(err, "contact") && !strcasestr(err, "socket"))
			batch_undo(s, b, VERDICT_UNSCHEDULABLE, why);
	}
	if (!s->retry)
		sd_event_add_time_relative(f->event, &s->retry, CLOCK_MONOTONIC, RETRY_USEC, 0, on_retry, s);
	ask(s, POLL_USEC);
}

static char *job_script(struct slurm *s)
{
	const struct fleet_options *o = s->fleet->plan->fleet;
	const char *qemu = s->fleet->qemu ?: o->qemu;
	char *text;

	/* Nothing of a cell stands in here: a worker is told what to run when it asks. */
	if (asprintf(&text,
		     "#!/bin/sh\n"
		     "exec '%s' fleet worker --scratch '%s' --store %llu --free %llu --hold %u%s%s%s\n",
		     s->rig, o->scratch, (unsigned long long)o->store,
		     (unsigned long long)o->scratch_free, o->hold, qemu ? " --qemu '" : "", qemu ?: "",
		     qemu ? "'" : "") < 0)
		return NULL;
	return text;
}

static void run_sbatch(struct slurm *s, struct batch *b, const struct cell_spec *spec, const char *exclude)
{
	const struct fleet *f = s->fleet;
	const struct fleet_options *o = f->plan->fleet;
	unsigned int minutes = (spec->deadline + HUNG_SEC + FETCH_SEC + o->hold) / 60 + 1;
	struct strbuf nodes = STRBUF_INIT;
	char name[128], array[64], cpus[40], mem[40], limit[40];
	char *constraint = NULL, *script = job_script(s), *hosts = NULL;
	const char *argv[32 + FLEET_SBATCH_MAX];
	size_t n = 0, i;
	int r = -ENOMEM;

	snprintf(name, sizeof(name), "--job-name=%s.%u", f->name, b->number);
	if (f->jobs)
		snprintf(array, sizeof(array), "--array=0-%zu%%%u", b->n - 1, f->jobs);
	else
		snprintf(array, sizeof(array), "--array=0-%zu", b->n - 1);
	snprintf(cpus, sizeof(cpus), "--cpus-per-task=%u", engine_cell_cores(spec, CORES_MAX));
	snprintf(mem, sizeof(mem), "--mem=%llu", (unsigned long long)engine_cell_memory(spec));
	snprintf(limit, sizeof(limit), "--time=%u", minutes);
	argv[n++] = "sbatch";
	argv[n++] = "--parsable";
	argv[n++] = "--requeue";
	argv[n++] = "--nodes=1";
	argv[n++] = "--ntasks=1";
	argv[n++] = "--output=/dev/null";
	argv[n++] = "--error=/dev/null";
	argv[n++] = "--chdir=/";
	argv[n++] = "--export=PATH,HOME";
	argv[n++] = name;
	argv[n++] = array;
	argv[n++] = cpus;
	argv[n++] = mem;
	argv[n++] = limit;
	if (spec->constraint) {
		if (asprintf(&constraint, "--constraint=%s", spec->constraint) < 0)
			constraint = NULL;
		argv[n++] = constraint;
	}
	b->anywhere = s->task[b->cell[0]].anywhere;
	b->excludes = !b->anywhere && excluded(s, exclude, &nodes);
	if (b->excludes) {
		if (asprintf(&hosts, "--exclude=%s", strbuf_str(&nodes)) < 0)
			hosts = NULL;
		argv[n++] = hosts;
	}
	for (i = 0; i < o->nsbatch; i++)
		argv[n++] = o->sbatch[i];
	argv[n] = NULL;
	if (script && (!spec->constraint || constraint) && (!b->excludes || hosts))
		r = command_run(f->event, argv, script, COMMAND_SEC, on_sbatch, s, &s->sbatch);
	strbuf_release(&nodes);
	free(constraint);
	free(hosts);
	free(script);
	if (r) {
		b->submitting = false;
		batch_undo(s, b, VERDICT_MAX, NULL);
	} else {
		s->submitting = b;
	}
}

static void on_uploaded(int status, char *out, const char *err, void *userdata)
{
	struct slurm *s = userdata;

	(void)out;
	s->other = NULL;
	if (!status) {
		s->uploaded++;
		submit(s);
		return;
	}
	note(s, "rsync of an input: %d: %s", status, err);
	fprintf(stderr, "rig: fleet: rsync to %s failed (%d), trying again: %s",
		fleet_options_rsync(s->fleet->plan->fleet), status, err);
	if (!s->retry)
		sd_event_add_time_relative(s->fleet->event, &s->retry, CLOCK_MONOTONIC, RETRY_USEC, 0,
					   on_retry, s);
}

/*
 * Where the plan wants rsync, the inputs go to its target before the first job, one after the
 * other; rsync itself sees what is there already. Returns true when all are.
 */
static bool upload(struct slurm *s)
{
	struct fleet *f = s->fleet;
	const char *target = fleet_options_rsync(f->plan->fleet);
	const char *argv[] = { "rsync", "--times", "--mkpath", "--", NULL, NULL, NULL };
	const struct fleet_input *in;
	char *from, *to;

	if (!target || s->uploaded == f->inputs)
		return true;
	if (s->other)
		return false;
	in = &f->input[s->uploaded];
	from = path_join(f->root, in->path);
	if (asprintf(&to, "%s/inputs/%s", target, in->sha256) < 0)
		to = NULL;
	argv[4] = from;
	argv[5] = to;
	if (from && to)
		command_run(f->event, argv, NULL, UPLOAD_SEC, on_uploaded, s, &s->other);
	free(from);
	free(to);
	return false;
}

/* The next array of cells that wait, one sbatch at a time. */
static void submit(struct slurm *s)
{
	struct fleet *f = s->fleet;
	struct fleet_cell *first = NULL;
	size_t i, n = 0, *list;
	struct batch *b;

	if (!s->recovered || s->sbatch || s->retry || f->cancelling || f->leaving || !upload(s))
		return;
	list = calloc(ARRAY_MAX, sizeof(*list));
	for (i = 0; list && i < f->cells && n < ARRAY_MAX; i++) {
		struct fleet_cell *c = &f->cell[i];

		/* What is still saying good-bye to its last job would be mistaken for that one. */
		if (c->state != FLEET_WAITING || s->task[i].batch || s->task[i].closing)
			continue;
		if (!first)
			first = c;
		if (alike(s, first, c))
			list[n++] = i;
	}
	b = n ? batch_add(s, s->batches + 1, n) : NULL;
	for (i = 0; b && i < n; i++)
		batch_put(s, b, i, list[i]);
	free(list);
	if (!b)
		return;
	b->submitting = true;
	/* Before the job: one that we do not learn the number of shall be found again. */
	journal_batch(s, b, "batch");
	for (i = 0; i < n; i++)
		fleet_queued(f, &f->cell[b->cell[i]]);
	run_sbatch(s, b, first->spec, s->task[first->index].exclude);
}

static void slurm_work(struct fleet *f)
{
	struct slurm *s = f->engine_data;

	/* Not now: the caller may be in the midst of a job's line. */
	if (!s->retry && s->recovered)
		sd_event_add_time_relative(f->event, &s->retry, CLOCK_MONOTONIC, SEC / 10, 0, on_retry, s);
	ask(s, POLL_USEC);
}

/* The journal of a fleet that ran before: which cell is which task. */
static void replay(struct fleet *f, struct json_object *line)
{
	struct slurm *s = f->engine_data;
	struct json_object *what, *v, *cells;
	struct batch *b = NULL;
	const char *job;
	size_t i, n;

	if (!json_object_object_get_ex(line, "e", &what) || !json_object_object_get_ex(line, "batch", &v))
		return;
	if (!strcmp(json_object_get_string(what), "batch") &&
	    json_object_object_get_ex(line, "cells", &cells)) {
		n = json_object_array_length(cells);
		b = n ? batch_add(s, json_object_get_int64(v), n) : NULL;
		/* Which hosts it was kept from is not known any more. */
		if (b)
			b->excludes = true;
		for (i = 0; b && i < n; i++) {
			uint64_t cell = json_object_get_uint64(json_object_array_get_idx(cells, i));

			b->cell[i] = NOBODY;
			if (cell >= f->cells)
				continue;
			task_release(&s->task[cell]);
			batch_put(s, b, i, cell);
		}
	} else if (!strcmp(json_object_get_string(what), "refused")) {
		for (i = 0; i < s->batches; i++) {
			b = s->batch[i];
			for (n = 0; b->number == json_object_get_uint64(v) && n < b->n; n++)
				if (b->cell[n] != NOBODY)
					task_release(&s->task[b->cell[n]]);
		}
	} else if (!strcmp(json_object_get_string(what), "job") &&
		   json_object_object_get_ex(line, "job", &cells)) {
		job = json_object_get_string(cells);
		for (i = 0; i < s->batches; i++)
			if (s->batch[i]->number == json_object_get_uint64(v))
				snprintf(s->batch[i]->job, sizeof(s->batch[i]->job), "%s", job);
	}
}

static int slurm_start(struct fleet *f, struct rig_error *e)
{
	struct slurm *s = calloc(1, sizeof(*s));
	char *log;
	ssize_t n;
	size_t i;
	int r;

	if (!s)
		return rig_fail(e, -ENOMEM, "out of memory");
	f->engine_data = s;
	s->fleet = f;
	s->log_fd = -1;
	s->task = calloc(f->cells, sizeof(*s->task));
	log = path_join(f->dir, "slurm.log");
	if (!s->task || !log) {
		free(log);
		return rig_fail(e, -ENOMEM, "out of memory");
	}
	s->log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	free(log);
	if (s->log_fd < 0)
		return rig_fail(e, -errno, "cannot write %s/slurm.log: %s", f->dir, strerror(errno));
	if (f->plan->fleet->rig) {
		snprintf(s->rig, sizeof(s->rig), "%s", f->plan->fleet->rig);
	} else {
		n = readlink("/proc/self/exe", s->rig, sizeof(s->rig) - 1);
		if (n < 0)
			return rig_fail(e, -errno, "cannot find this program: %s", strerror(errno));
	}
	if (strchr(s->rig, '\'') || (f->qemu && strchr(f->qemu, '\'')))
		return rig_fail(e, -EINVAL, "a quote in the path of rig or QEMU");
	for (i = 0; i < f->cells; i++) {
		s->task[i].s = s;
		s->task[i].cell = &f->cell[i];
	}
	r = fleet_verify_inputs(f, e) ?: fleet_journal_each(f, replay, e);
	if (r)
		return r;
	for (i = 0; i < f->cells; i++) {
		struct fleet_cell *c = &f->cell[i];

		if (c->state == FLEET_DONE)
			task_release(&s->task[i]);
		else if (s->task[i].batch)
			c->state = fleet_attempt_now(c) ? FLEET_RUNNING : FLEET_QUEUED;
	}
	/* Old jobs of cells that are done are strays at once. */
	for (i = 0; i < s->batches; i++)
		memset(s->batch[i]->released, 0, s->batch[i]->n * sizeof(uint64_t));
	ask(s, 0);
	return 0;
}

static void slurm_cancel(struct fleet *f)
{
	struct slurm *s = f->engine_data;
	size_t i;

	s->cancel_by = now_usec() + CANCEL_USEC;
	for (i = 0; i < s->batches; i++)
		if (s->batch[i]->live && s->batch[i]->job[0])
			scancel(s, s->batch[i]->job, false);
	ask(s, 0);
}

static void slurm_leave(struct fleet *f)
{
	/* The jobs go on; their workers keep what they have for the next who asks. */
	fleet_stopped(f);
}

static bool slurm_busy(struct fleet *f)
{
	struct slurm *s = f->engine_data;

	return s->closing;
}

static void slurm_free(struct fleet *f)
{
	struct slurm *s = f->engine_data;
	size_t i;

	for (i = 0; s->task && i < f->cells; i++)
		task_disconnect(&s->task[i]);
	command_free(s->squeue);
	command_free(s->sbatch);
	command_free(s->other);
	command_free_unkept();
	sd_event_source_disable_unref(s->poll);
	sd_event_source_disable_unref(s->retry);
	for (i = 0; i < s->batches; i++)
		batch_free(s->batch[i]);
	free(s->batch);
	free(s->task);
	free(s->aside);
	if (s->log_fd >= 0)
		close(s->log_fd);
	free(s);
	f->engine_data = NULL;
}

const struct fleet_engine fleet_slurm = {
	.name = "slurm",
	.start = slurm_start,
	.work = slurm_work,
	.cancel = slurm_cancel,
	.leave = slurm_leave,
	.free = slurm_free,
	.busy = slurm_busy,
};
