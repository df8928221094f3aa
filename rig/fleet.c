// SPDX-License-Identifier: GPL-2.0
/* What happens to the cells of a fleet, whichever engine runs them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "fleet.h"
#include "intake.h"
#include "jsonout.h"

#define CANCEL_FILE	"cancel"

struct fleet_attempt *fleet_attempt_now(struct fleet_cell *c)
{
	struct fleet_attempt *a = c->attempts ? &c->attempt[c->attempts - 1] : NULL;

	return a && !a->ended ? a : NULL;
}

static struct json_object *event(const char *what, const struct fleet_cell *c)
{
	struct json_object *o = json_object_new_object();

	jsonout_str(o, "e", what);
	if (c)
		jsonout_u64(o, "c", c->index);
	return o;
}

static void set_reason(char **to, const char *why)
{
	free(*to);
	*to = strndup(why, FLEET_REASON_MAX - 1);
}

void fleet_check_end(struct fleet *f)
{
	if (f->done == f->cells && !f->cancelling && !f->leaving &&
	    !(f->engine->busy && f->engine->busy(f)))
		sd_event_exit(f->event, 0);
}

void fleet_queued(struct fleet *f, struct fleet_cell *c)
{
	c->state = FLEET_QUEUED;
	c->queued = fleet_now();
	fleet_journal(f, event("queued", c));
}

void fleet_unqueued(struct fleet *f, struct fleet_cell *c)
{
	c->state = FLEET_WAITING;
	fleet_touch(f);
}

struct fleet_attempt *fleet_began(struct fleet *f, struct fleet_cell *c, const char *host)
{
	struct fleet_attempt *a = realloc(c->attempt, (c->attempts + 1) * sizeof(*a));
	struct json_object *o;

	if (!a)
		return NULL;
	c->attempt = a;
	a += c->attempts;
	*a = (struct fleet_attempt){ .number = c->attempts ? a[-1].number + 1 : 1,
				     .began = fleet_now() };
	a->host = strndup(host, FLEET_HOST_MAX);
	if (!a->host)
		return NULL;
	c->attempts++;
	c->state = FLEET_RUNNING;
	o = event("began", c);
	jsonout_u64(o, "attempt", a->number);
	jsonout_str(o, "host", a->host);
	fleet_journal(f, o);
	return a;
}

static void done(struct fleet *f, struct fleet_cell *c, enum verdict v, const char *why)
{
	c->verdict = v;
	set_reason(&c->reason, why);
	f->done += c->state != FLEET_DONE;
	c->state = FLEET_DONE;
	fleet_report_ended(f, c);
	fleet_check_end(f);
}

void fleet_ended(struct fleet *f, struct fleet_cell *c)
{
	struct fleet_attempt *a = fleet_attempt_now(c);
	struct intake_result result;
	struct json_object *o;
	struct rig_error e;
	char *dir;
	int r;

	if (!a)
		return;
	dir = fleet_attempt_dir(f, c, a->number);
	r = dir ? intake_read_result(dir, c->id, a->number, a->host, &result, &e) :
		  rig_fail(&e, -ENOMEM, "out of memory");
	if (!r) {
		r = fleet_write_reproduce(f, c, dir, result.kvm ? "kvm" : "tcg");
		if (r)
			rig_fail(&e, r, "cannot write %s/reproduce.sh: %s", dir, strerror(-r));
	}
	free(dir);
	if (r) {
		fleet_gave_up(f, c, e.text, false);
		return;
	}
	a->ended = fleet_now();
	a->complete = true;
	a->verdict = result.verdict;
	a->seconds = result.seconds;
	set_reason(&a->reason, result.reason);
	c->counts = a->number;
	o = event("ended", c);
	jsonout_u64(o, "attempt", a->number);
	jsonout_str(o, "verdict", verdict_name(a->verdict));
	jsonout_fixed(o, "seconds", a->seconds, 3);
	jsonout_str(o, "reason", result.reason);
	fleet_journal(f, o);
	done(f, c, a->verdict, result.reason);
}

void fleet_decide(struct fleet *f, struct fleet_cell *c, enum verdict v, const char *why)
{
	struct json_object *o = event("decided", c);

	jsonout_str(o, "verdict", verdict_name(v));
	jsonout_str(o, "reason", why);
	fleet_journal(f, o);
	done(f, c, v, why);
}

void fleet_gave_up(struct fleet *f, struct fleet_cell *c, const char *why, bool dead)
{
	struct fleet_attempt *a = fleet_attempt_now(c);
	char reason[FLEET_REASON_MAX];
	struct json_object *o;

	if (a) {
		a->ended = fleet_now();
		set_reason(&a->reason, why);
		o = event("gave-up", c);
		jsonout_u64(o, "attempt", a->number);
		jsonout_str(o, "reason", why);
		jsonout_bool(o, "dead", dead);
		fleet_journal(f, o);
		if (dead) {
			f->dead_seconds += (a->ended - a->began) / 1e6;
			f->dead_attempts++;
		}
	}
	if (f->cancelling || f->leaving) {
		c->state = FLEET_WAITING;
		return;
	}
	c->failures++;
	if (c->failures >= f->plan->fleet->attempts) {
		snprintf(reason, sizeof(reason), "no verdict in %u attempts; the last: %.400s",
			 c->failures, why);
		fleet_decide(f, c, VERDICT_LOST, reason);
		return;
	}
	c->state = FLEET_WAITING;
	fleet_report_retry(f, c, why);
	f->engine->work(f);
}

size_t fleet_again(struct fleet *f)
{
	size_t i, n = 0;

	for (i = 0; i < f->cells; i++) {
		struct fleet_cell *c = &f->cell[i];

		if (c->state != FLEET_DONE || c->counts)
			continue;
		c->state = FLEET_WAITING;
		f->done--;
		n++;
		fleet_journal(f, event("again", c));
	}
	f->cancelled = false;
	fleet_journal(f, event("resumed", NULL));
	return n;
}

void fleet_stopped(struct fleet *f)
{
	size_t i;

	if (f->cancelling) {
		f->cancelling = false;
		for (i = 0; i < f->cells; i++) {
			struct fleet_cell *c = &f->cell[i];
			bool began = c->attempts;

			if (c->state != FLEET_DONE)
				fleet_decide(f, c, VERDICT_LOST,
					     began ? "cancelled while it ran" :
						     "cancelled before it began");
		}
	}
	sd_event_exit(f->event, 0);
}

static void cancel(struct fleet *f)
{
	if (f->cancelling)
		return;
	f->cancelling = true;
	f->cancelled = true;
	fleet_journal(f, event("cancel", NULL));
	f->engine->cancel(f);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
	struct fleet *f = userdata;

	(void)source;
	/* The terminal went away: that is no reason to end. */
	if (si->ssi_signo == SIGHUP || f->leaving || f->cancelling)
		return 0;
	f->leaving = true;
	f->engine->leave(f);
	return 0;
}

static int on_inotify(sd_event_source *source, const struct inotify_event *ev, void *userdata)
{
	struct fleet *f = userdata;

	(void)source;
	if (ev->len && !strcmp(ev->name, CANCEL_FILE) && !f->leaving)
		cancel(f);
	return 0;
}

int fleet_ask_cancel(const char *dir, struct rig_error *e)
{
	char *path = path_join(dir, CANCEL_FILE);
	int fd, r = 0;

	if (!path)
		return rig_fail(e, -ENOMEM, "out of memory");
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		r = rig_fail(e, -errno, "cannot make %s: %s", path, strerror(errno));
	else
		close(fd);
	free(path);
	return r;
}

static int watch(struct fleet *f)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	char *path = path_join(f->dir, CANCEL_FILE);
	sigset_t mask;
	size_t i;
	int r = 0;

	if (!path)
		return -ENOMEM;
	/* An old request is not for us. */
	unlink(path);
	free(path);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&mask, signals[i]);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	/* A pipe or terminal that is gone must not end a fleet that has its results on disk. */
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]) && r >= 0; i++)
		r = sd_event_add_signal(f->event, NULL, signals[i], on_signal, f);
	if (r >= 0)
		/* Kept: libsystemd 252 never frees one that is left to it. */
		r = sd_event_add_inotify(f->event, &f->cancel_watch, f->dir, IN_CREATE, on_inotify, f);
	return r;
}

int fleet_drive(struct fleet *f, struct rig_error *e)
{
	bool cancelled = f->cancelled;
	int r;

	r = sd_event_new(&f->event);
	if (r >= 0)
		r = watch(f);
	if (r < 0)
		return rig_fail(e, r, "cannot make an event loop: %s", strerror(-r));
	f->ended = 0;
	f->cancelled = false;
	r = fleet_save(f, e) ?: f->engine->start(f, e);
	if (r)
		return r;
	if (cancelled)
		cancel(f);
	else if (f->done < f->cells)
		f->engine->work(f);
	if (f->done < f->cells || f->cancelling)
		r = sd_event_loop(f->event);
	if (r < 0)
		return rig_fail(e, r, "event loop: %s", strerror(-r));
	if (f->error) {
		*e = f->why;
		return f->error;
	}
	f->ended = fleet_now();
	return fleet_save(f, e);
}
