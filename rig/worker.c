// SPDX-License-Identifier: GPL-2.0
/* The part of a fleet that runs on a host, in a job of the site's scheduler. See worker.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "cell-child.h"
#include "cell-id.h"
#include "command.h"
#include "doc.h"
#include "intake.h"
#include "paths.h"
#include "plan.h"
#include "sha256.h"
#include "size.h"
#include "store.h"
#include "wire.h"
#include "worker.h"

#define TASK_MAX	(1u << 20)
#define INPUTS_MAX	16
#define HUNG_SEC	180	/* beyond the cell's deadline */
#define FULL_BYTES	(1u << 20)	/* less than this free: what was written cannot be trusted */
#define RSYNC_SEC	1800
#define CONNECT_SEC	30

enum worker_state { IDLE, FETCHING, RUNNING, READY, TROUBLE };

static const char * const state_names[] = { "idle", "fetching", "running", "ready", "trouble" };

struct input {
	char path[256];
	char sha256[SHA256_HEX_SIZE];
	uint64_t size;
};

struct worker {
	sd_event *event;
	const char *job, *qemu;
	char *scratch;
	char host[65];
	uint64_t store_bound, free_wanted;
	unsigned int hold;
	char rig[PATH_MAX];
	char *dir;		/* of this job: all that it writes, but for the store */
	int lock_fd;
	struct wire *wire;
	struct store *store;
	enum worker_state state;
	char *trouble;

	char id[CELL_ID_SIZE];
	unsigned int attempt, deadline;
	char accel[8];
	char *rsync, *push;	/* target, and directory there; or NULL */
	struct input input[INPUTS_MAX];
	unsigned int inputs, next;
	char *task;		/* as it comes in */
	uint64_t task_size, task_came;
	bool task_coming, blob_coming;
	struct cell_child *child;
	struct command *command;
	uint64_t heard;		/* usec, monotonic: the driver's last word */
	sd_event_source *hold_timer, *beat_timer, *wait_timer;
	int status;
};

static void fetch_next(struct worker *w);

static void end(struct worker *w, int status)
{
	w->status = status;
	sd_event_exit(w->event, 0);
}

static int on_hold(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct worker *w = userdata;

	(void)source;
	(void)usec;
	fprintf(stderr, "rig: fleet worker: nobody asked for the result within %u s\n", w->hold);
	end(w, 1);
	return 0;
}

/* While nobody is connected and nothing runs there is no reason to keep the host for ever. */
static void set_hold(struct worker *w)
{
	w->hold_timer = sd_event_source_disable_unref(w->hold_timer);
	if (!w->wire && w->state != RUNNING)
		sd_event_add_time_relative(w->event, &w->hold_timer, CLOCK_MONOTONIC,
					   w->hold * 1000000ull, 0, on_hold, w);
}

static void say(struct worker *w, const char *line)
{
	if (w->wire)
		wire_say(w->wire, "%s", line);
}

static void trouble(struct worker *w, const char *what)
{
	if (w->state == TROUBLE)
		return;
	w->state = TROUBLE;
	w->trouble = strndup(what, 400);
	store_put_abort(w->store);
	w->wait_timer = sd_event_source_disable_unref(w->wait_timer);
	if (w->wire)
		wire_say(w->wire, "trouble %s", w->trouble ?: "");
	set_hold(w);
}

static uint64_t free_bytes(const struct worker *w)
{
	struct statvfs v;

	return statvfs(w->dir, &v) ? 0 : (uint64_t)v.f_bavail * v.f_frsize;
}

static void on_pushed(int status, char *out, const char *err, void *userdata)
{
	struct worker *w = userdata;
	char what[300];

	(void)out;
	w->command = NULL;
	if (!status) {
		say(w, "pushed");
		return;
	}
	snprintf(what, sizeof(what), "rsync to %.100s failed (%d): %.150s", w->rsync, status, err);
	what[strcspn(what, "\n")] = '\0';
	trouble(w, what);
}

static void push_result(struct worker *w)
{
	char from[PATH_MAX], to[PATH_MAX];
	const char *argv[] = { "rsync", "--recursive", "--times", "--mkpath", "--delete", "--", from, to, NULL };
	int r;

	if (w->command)
		return;
	snprintf(from, sizeof(from), "%s/out/", w->dir);
	snprintf(to, sizeof(to), "%s/%s/", w->rsync, w->push);
	r = command_run(w->event, argv, NULL, RSYNC_SEC, on_pushed, w, &w->command);
	if (r)
		trouble(w, strerror(-r));
}

static void send_result(struct worker *w)
{
	int i;

	if (!w->wire)
		return;
	if (w->rsync) {
		push_result(w);
		return;
	}
	for (i = 0; intake_names[i]; i++) {
		char path[PATH_MAX];
		struct stat st;
		int fd;

		snprintf(path, sizeof(path), "%s/out/%s", w->dir, intake_names[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			continue;
		if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
			close(fd);
			continue;
		}
		wire_say(w->wire, "file %s %llu", intake_names[i], (unsigned long long)st.st_size);
		wire_send_file(w->wire, fd, st.st_size);
	}
	say(w, "end");
}

static void on_run_gone(const char *how, void *userdata)
{
	struct worker *w = userdata;
	char path[PATH_MAX];

	cell_child_free(w->child);
	w->child = NULL;
	snprintf(path, sizeof(path), "%s/out/result.json", w->dir);
	if (free_bytes(w) < FULL_BYTES) {
		trouble(w, "the scratch disk is full");
	} else if (access(path, R_OK)) {
		trouble(w, how);
	} else {
		w->state = READY;
		send_result(w);
	}
	set_hold(w);
}

static void run(struct worker *w)
{
	char ini[PATH_MAX], out[PATH_MAX], root[PATH_MAX], initrd[PATH_MAX + 16], what[300];
	struct cell_child_config c = {
		.rig = w->rig,
		.root = root,
		.ini = ini,
		.out = out,
		.initrd = initrd,
		.host = w->host,
		.qemu = w->qemu,
		.accel = w->accel,
		.attempt = w->attempt,
		.limit = w->deadline + HUNG_SEC,
	};
	struct rig_error e;

	snprintf(root, sizeof(root), "%s/root", w->dir);
	snprintf(ini, sizeof(ini), "%s/cell.ini", w->dir);
	snprintf(out, sizeof(out), "%s/out", w->dir);
	snprintf(initrd, sizeof(initrd), "%s/initrd.cpio", root);
	if (free_bytes(w) < w->free_wanted) {
		snprintf(what, sizeof(what), "%llu MiB free on the scratch disk, %llu wanted",
			 (unsigned long long)free_bytes(w) >> 20,
			 (unsigned long long)w->free_wanted >> 20);
		trouble(w, what);
		return;
	}
	if (mkdir(out, 0755)) {
		trouble(w, strerror(errno));
		return;
	}
	w->state = RUNNING;
	set_hold(w);
	say(w, "running");
	if (cell_child_new(w->event, &c, on_run_gone, w, &w->child, &e))
		trouble(w, e.text);
}

static int on_wait(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct worker *w = userdata;

	(void)source;
	(void)usec;
	w->wait_timer = sd_event_source_disable_unref(w->wait_timer);
	if (w->state == FETCHING)
		fetch_next(w);
	return 0;
}

static void on_fetched(int status, char *out, const char *err, void *userdata)
{
	struct worker *w = userdata;
	struct rig_error e;
	char what[300];

	(void)out;
	w->command = NULL;
	if (status) {
		snprintf(what, sizeof(what), "rsync from %.100s failed (%d): %.150s", w->rsync,
			 status, err);
		what[strcspn(what, "\n")] = '\0';
		trouble(w, what);
	} else if (store_put_end(w->store, &e)) {
		trouble(w, e.text);
	} else {
		fetch_next(w);
	}
}

static void fetch_by_rsync(struct worker *w, const struct input *in)
{
	char from[PATH_MAX];
	const char *argv[] = { "rsync", "--inplace", "--no-perms", "--", from, NULL, NULL };
	struct rig_error e;
	int r;

	if (store_put_begin(w->store, in->sha256, in->size, &e)) {
		trouble(w, e.text);
		return;
	}
	snprintf(from, sizeof(from), "%s/inputs/%s", w->rsync, in->sha256);
	argv[5] = store_put_path(w->store);
	r = command_run(w->event, argv, NULL, RSYNC_SEC, on_fetched, w, &w->command);
	if (r)
		trouble(w, strerror(-r));
}

/* Takes what is in the store; asks for the first thing that is not. */
static void fetch_next(struct worker *w)
{
	char to[PATH_MAX], *slash;
	struct rig_error e;
	int r;

	for (; w->next < w->inputs; w->next++) {
		const struct input *in = &w->input[w->next];

		snprintf(to, sizeof(to), "%s/root/%s", w->dir, in->path);
		slash = strrchr(to, '/');
		*slash = '\0';
		r = path_mkdirs(to);
		*slash = '/';
		r = r ? rig_fail(&e, r, "cannot make %s: %s", to, strerror(-r)) :
			store_take(w->store, in->sha256, to, &e);
		if (!r)
			continue;
		if (r == -EBADMSG && w->wire)
			wire_say(w->wire, "note %s", e.text);
		if (r != -ENOENT && r != -EBADMSG) {
			trouble(w, e.text);
		} else if (store_incoming(w->store, in->sha256)) {
			/* Another job of this host is at it. */
			sd_event_add_time_relative(w->event, &w->wait_timer, CLOCK_MONOTONIC,
						   200000, 0, on_wait, w);
		} else if (w->rsync) {
			fetch_by_rsync(w, in);
		} else if (w->wire) {
			wire_say(w->wire, "want %s", in->sha256);
		}
		return;
	}
	run(w);
}

static bool plain_path(const char *s)
{
	return s[0] && s[0] != '/' && !strstr(s, "..") && strlen(s) < sizeof(((struct input *)0)->path);
}

static int take_task(struct worker *w, struct json_object *doc)
{
	struct json_object *a = doc_get_type(doc, "inputs", json_type_array);
	size_t i, n = a ? json_object_array_length(a) : 0;
	const char *s = doc_string(doc, "rsync");
	char path[PATH_MAX], state[PATH_MAX], build[PATH_MAX];
	FILE *f;

	if (!cell_id_valid(doc_string(doc, "id")) || !n || n > INPUTS_MAX)
		return -EINVAL;
	strcpy(w->id, doc_string(doc, "id"));
	w->attempt = json_object_get_int(doc_get_type(doc, "attempt", json_type_int));
	w->deadline = json_object_get_int(doc_get_type(doc, "deadline", json_type_int));
	snprintf(w->accel, sizeof(w->accel), "%s", doc_string(doc, "accel"));
	snprintf(w->host, sizeof(w->host), "%s", doc_string(doc, "host"));
	if (*s) {
		w->rsync = strdup(s);
		w->push = strdup(doc_string(doc, "push"));
	}
	for (i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(a, i);
		struct input *in = &w->input[i];

		if (!plain_path(doc_string(o, "path")) || strlen(doc_string(o, "sha256")) != SHA256_HEX_SIZE - 1)
			return -EINVAL;
		strcpy(in->path, doc_string(o, "path"));
		strcpy(in->sha256, doc_string(o, "sha256"));
		in->size = json_object_get_uint64(doc_get_type(o, "size", json_type_int));
	}
	w->inputs = n;
	w->next = 0;
	/* The proof of the accelerator is kept for the host, not for the job. */
	snprintf(state, sizeof(state), "%s/state", w->scratch);
	snprintf(build, sizeof(build), "%s/root/build", w->dir);
	snprintf(path, sizeof(path), "%.4000s/rig", build);
	if (path_mkdirs(build) || path_mkdirs(state) || (symlink(state, path) && errno != EEXIST))
		return -errno;
	snprintf(path, sizeof(path), "%s/cell.ini", w->dir);
	f = fopen(path, "we");
	if (!f)
		return -errno;
	fputs(doc_string(doc, "ini"), f);
	return fclose(f) ? -errno : 0;
}

static void on_task(struct worker *w)
{
	struct json_object *doc = json_tokener_parse(w->task);
	char what[200];
	int r;

	free(w->task);
	w->task = NULL;
	r = doc ? take_task(w, doc) : -EINVAL;
	json_object_put(doc);
	if (r) {
		snprintf(what, sizeof(what), "cannot take the task: %s", strerror(-r));
		trouble(w, what);
		return;
	}
	w->state = FETCHING;
	fetch_next(w);
}

static void on_line(char *line, void *userdata)
{
	struct worker *w = userdata;
	char sha256[SHA256_HEX_SIZE];
	unsigned long long size;
	struct rig_error e;

	sd_event_now(w->event, CLOCK_MONOTONIC, &w->heard);
	if (!strcmp(line, "ack") || !strcmp(line, "abort")) {
		end(w, 0);
	} else if (sscanf(line, "task %llu", &size) == 1 && w->state == IDLE && size <= TASK_MAX) {
		w->task = calloc(1, size + 1);
		if (!w->task) {
			end(w, 1);
			return;
		}
		w->task_size = size;
		w->task_came = 0;
		w->task_coming = true;
		wire_expect(w->wire, size);
	} else if (sscanf(line, "blob %64s %llu", sha256, &size) == 2 && w->state == FETCHING) {
		if (store_put_begin(w->store, sha256, size, &e))
			trouble(w, e.text);
		w->blob_coming = true;
		wire_expect(w->wire, size);
	}
}

static void on_data(const void *data, size_t len, uint64_t left, void *userdata)
{
	struct worker *w = userdata;
	struct rig_error e;

	sd_event_now(w->event, CLOCK_MONOTONIC, &w->heard);
	if (w->task_coming) {
		memcpy(w->task + w->task_came, data, len);
		w->task_came += len;
		if (!left) {
			w->task_coming = false;
			on_task(w);
		}
	} else if (w->blob_coming) {
		if (w->state == FETCHING && store_put_data(w->store, data, len, &e))
			trouble(w, e.text);
		if (left)
			return;
		w->blob_coming = false;
		if (w->state != FETCHING)
			return;
		if (store_put_end(w->store, &e))
			trouble(w, e.text);
		else
			fetch_next(w);
	}
}

static void on_closed(const char *why, void *userdata)
{
	struct worker *w = userdata;

	(void)why;
	wire_free(w->wire);
	w->wire = NULL;
	/* What came halfway comes again. */
	free(w->task);
	w->task = NULL;
	w->task_coming = w->blob_coming = false;
	if (!w->command)
		store_put_abort(w->store);
	set_hold(w);
}

static int on_connect(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	static const struct wire_ops ops = { .line = on_line, .data = on_data, .closed = on_closed };
	int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct worker *w = userdata;
	struct ucred peer;
	socklen_t len = sizeof(peer);

	(void)source;
	(void)revents;
	if (conn < 0)
		return 0;
	/* A name in the abstract namespace has no permissions of its own. */
	if (getsockopt(conn, SOL_SOCKET, SO_PEERCRED, &peer, &len) || peer.uid != geteuid()) {
		close(conn);
		return 0;
	}
	if (w->wire)
		on_closed("another one", w);
	if (wire_new(w->event, conn, &ops, w, &w->wire)) {
		w->wire = NULL;
		return 0;
	}
	sd_event_now(w->event, CLOCK_MONOTONIC, &w->heard);
	set_hold(w);
	wire_say(w->wire, "rig %d %s %s %u %s", WORKER_PROTOCOL, w->host, w->id[0] ? w->id : "-",
		 w->attempt, state_names[w->state]);
	if (w->state == TROUBLE)
		wire_say(w->wire, "trouble %s", w->trouble ?: "");
	else if (w->state == READY)
		send_result(w);
	else if (w->state == FETCHING && !w->command && !w->wait_timer)
		fetch_next(w);
	return 0;
}

static int on_beat(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct worker *w = userdata;

	if (w->wire && usec > w->heard + WORKER_SILENT_SEC * 1000000ull)
		on_closed("silence", w);
	if (w->wire && wire_idle(w->wire))
		say(w, "beat");
	sd_event_source_set_time_relative(source, WORKER_BEAT_SEC * 1000000ull);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
	(void)source;
	(void)si;
	end(userdata, 1);
	return 0;
}

/* No file: it works when the disk is full, and is gone when the worker is. */
static socklen_t socket_name(struct sockaddr_un *a, const char *host, const char *job)
{
	int n;

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	n = snprintf(a->sun_path + 1, sizeof(a->sun_path) - 1, "rig-fleet-%u-%.64s-%.24s", geteuid(),
		     host, job);
	return offsetof(struct sockaddr_un, sun_path) + 1 + n;
}

static int listen_fd(const struct worker *w)
{
	struct sockaddr_un a;
	socklen_t len = socket_name(&a, w->host, w->job);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && (bind(fd, (struct sockaddr *)&a, len) || listen(fd, 4))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Directories of jobs that were killed: nobody holds their lock. */
static void sweep(const char *jobs)
{
	DIR *d = opendir(jobs);
	struct dirent *de;

	while (d && (de = readdir(d))) {
		char lock[PATH_MAX], path[PATH_MAX];
		int fd;

		if (de->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%.3800s/%.255s", jobs, de->d_name);
		snprintf(lock, sizeof(lock), "%.4000s/lock", path);
		fd = open(lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		/* Without a lock: the disk was full. */
		if (fd < 0 ? errno == ENOENT : !flock(fd, LOCK_EX | LOCK_NB))
			remove_tree(path);
		if (fd >= 0)
			close(fd);
	}
	if (d)
		closedir(d);
}

static int make_dir(struct worker *w, struct rig_error *e)
{
	char jobs[PATH_MAX], lock[PATH_MAX], store[PATH_MAX];
	int r, fd;

	snprintf(jobs, sizeof(jobs), "%s/jobs", w->scratch);
	r = path_mkdirs(jobs);
	if (r)
		return rig_fail(e, r, "cannot make %s: %s", jobs, strerror(-r));
	fd = open(jobs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* One at a time: a directory that has no lock yet would look like one of a dead job. */
	if (fd < 0 || flock(fd, LOCK_EX))
		r = rig_fail(e, -errno, "cannot lock %s: %s", jobs, strerror(errno));
	else
		sweep(jobs);
	if (!r && asprintf(&w->dir, "%s/%s-%d", jobs, w->job, getpid()) < 0) {
		w->dir = NULL;
		r = rig_fail(e, -ENOMEM, "out of memory");
	}
	if (!r && mkdir(w->dir, 0700))
		r = rig_fail(e, -errno, "cannot make %s: %s", w->dir, strerror(errno));
	if (!r) {
		snprintf(lock, sizeof(lock), "%s/lock", w->dir);
		w->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (w->lock_fd < 0 || flock(w->lock_fd, LOCK_EX | LOCK_NB))
			r = rig_fail(e, -errno, "cannot make %s: %s", lock, strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	if (r)
		return r;
	snprintf(store, sizeof(store), "%s/store", w->scratch);
	return store_new(store, w->store_bound, &w->store, e);
}

/* "%n" in the directory is the name of the host: several of them may share one file system. */
static char *expand(const char *dir, const char *host)
{
	const char *at = strstr(dir, "%n");
	char *s;

	if (!at)
		return strdup(dir);
	return asprintf(&s, "%.*s%s%s", (int)(at - dir), dir, host, at + 2) < 0 ? NULL : s;
}

static void who(char host[65])
{
	const char *node = getenv("SLURMD_NODENAME");

	if (node)
		snprintf(host, 65, "%s", node);
	else if (gethostname(host, 64))
		strcpy(host, "localhost");
	host[64] = '\0';
}

static int bad_usage(const char *verb)
{
	fprintf(stderr, "rig: fleet %s: this is for jobs of a fleet, not for people\n", verb);
	return 16;
}

static int parse(struct worker *w, int argc, char **argv)
{
	static const struct option options[] = {
		{ "scratch", required_argument, NULL, 's' },
		{ "store", required_argument, NULL, 'b' },
		{ "free", required_argument, NULL, 'f' },
		{ "hold", required_argument, NULL, 'h' },
		{ "qemu", required_argument, NULL, 'q' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t v;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's') {
			free(w->scratch);
			w->scratch = expand(optarg, w->host);
		} else if (c == 'q') {
			w->qemu = optarg;
		} else if (c == '?' || parse_u64(optarg, &v)) {
			return -EINVAL;
		} else if (c == 'b') {
			w->store_bound = v;
		} else if (c == 'f') {
			w->free_wanted = v;
		} else {
			w->hold = v;
		}
	}
	w->job = getenv("SLURM_JOB_ID");
	return w->scratch && w->job && optind == argc ? 0 : -EINVAL;
}

int do_worker(int argc, char **argv)
{
	struct worker w = { .lock_fd = -1, .hold = 3600, .store_bound = 8ull << 30 };
	sd_event_source *beat = NULL;
	struct rig_error e;
	sigset_t mask;
	ssize_t n;
	int fd, r;

	who(w.host);
	if (parse(&w, argc, argv))
		return bad_usage("worker");
	n = readlink("/proc/self/exe", w.rig, sizeof(w.rig) - 1);
	if (n < 0)
		return 1;
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
	r = sd_event_new(&w.event);
	if (r >= 0)
		r = sd_event_add_signal(w.event, NULL, SIGTERM, on_signal, &w);
	if (r >= 0)
		r = sd_event_add_signal(w.event, NULL, SIGINT, on_signal, &w);
	if (r >= 0)
		r = sd_event_add_time_relative(w.event, &beat, CLOCK_MONOTONIC,
					       WORKER_BEAT_SEC * 1000000ull, 0, on_beat, &w);
	fd = listen_fd(&w);
	if (r >= 0)
		r = fd < 0 ? -errno : sd_event_add_io(w.event, NULL, fd, EPOLLIN, on_connect, &w);
	if (r < 0) {
		fprintf(stderr, "rig: fleet worker: cannot set up: %s\n", strerror(-r));
		return 1;
	}
	if (make_dir(&w, &e)) {
		w.state = TROUBLE;
		w.trouble = strdup(e.text);
	}
	set_hold(&w);
	sd_event_loop(w.event);

	cell_child_free(w.child);
	command_free(w.command);
	wire_free(w.wire);
	store_free(w.store);
	if (w.dir)
		remove_tree(w.dir);
	close(fd);
	if (w.lock_fd >= 0)
		close(w.lock_fd);
	sd_event_source_disable_unref(w.hold_timer);
	sd_event_source_disable_unref(w.wait_timer);
	sd_event_source_disable_unref(beat);
	sd_event_unref(w.event);
	free(w.scratch);
	free(w.dir);
	free(w.trouble);
	free(w.rsync);
	free(w.push);
	free(w.task);
	return w.status;
}

/* One direction of the attach: from a descriptor to another, with what could not be written yet. */
struct pump {
	int from, to;
	char buf[65536];
	size_t at, len;
};

/* Returns false at the end of the stream, or when nobody takes it any more. */
static bool pump(struct pump *p, bool readable, bool writable)
{
	ssize_t n;

	if (p->len && writable) {
		n = write(p->to, p->buf + p->at, p->len);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (n > 0) {
			p->at += n;
			p->len -= n;
		}
	} else if (!p->len && readable) {
		n = read(p->from, p->buf, sizeof(p->buf));
		if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		p->at = 0;
		p->len = n > 0 ? n : 0;
	}
	return true;
}

static int connect_worker(void)
{
	const char *job = getenv("SLURM_JOB_ID");
	struct sockaddr_un a;
	struct ucred peer;
	socklen_t len = sizeof(peer), alen;
	char host[65];
	int fd, i;

	if (!job)
		return -EINVAL;
	who(host);
	/* The step of the worker may be a little behind. */
	for (i = 0; i < CONNECT_SEC * 10; i++) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			return -errno;
		alen = socket_name(&a, host, job);
		if (!connect(fd, (struct sockaddr *)&a, alen)) {
			if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) && peer.uid == geteuid())
				return fd;
			close(fd);
			return -EPERM;
		}
		close(fd);
		nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
	}
	return -ETIMEDOUT;
}

int do_attach(int argc, char **argv)
{
	static struct pump down = { .from = 0 }, up = { .to = 1 };
	int fd;

	(void)argv;
	if (argc != 1 || !getenv("SLURM_JOB_ID"))
		return bad_usage("attach");
	fd = connect_worker();
	if (fd < 0) {
		fprintf(stderr, "rig: fleet attach: no worker: %s\n", strerror(-fd));
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	down.to = up.from = fd;
	for (;;) {
		struct pollfd p[4] = {
			{ .fd = down.len ? -1 : 0, .events = POLLIN },
			{ .fd = down.len ? fd : -1, .events = POLLOUT },
			{ .fd = up.len ? -1 : fd, .events = POLLIN },
			{ .fd = up.len ? 1 : -1, .events = POLLOUT },
		};

		if (poll(p, 4, -1) < 0 && errno != EINTR)
			return 1;
		if (!pump(&down, p[0].revents, p[1].revents) || !pump(&up, p[2].revents, p[3].revents))
			return 0;
	}
}
