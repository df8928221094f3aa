// SPDX-License-Identifier: GPL-2.0
/* rig fleet check-host: what this host can run, for people and as the features of a Slurm node. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "accel.h"
#include "check-host.h"
#include "constraint.h"
#include "fleet.h"
#include "host.h"
#include "strbuf.h"
#include "verbs.h"

#define DISK_LOW	(1ull << 30)

struct host {
	const char *qemu, *kernel, *scratch;
	struct accel accel;
	unsigned int missing;
};

static void row(const char *what, bool good, const char *text)
{
	printf("%-10s %-8s %s\n", what, good ? "ok" : "missing", text);
}

/* Whether PROGRAM can be started; an absolute path is looked at as it is. */
static bool have(const char *program)
{
	const char *path = getenv("PATH") ?: "/usr/bin:/bin";
	char *copy, *save = NULL, *dir;
	bool found = false;

	if (strchr(program, '/'))
		return !access(program, X_OK);
	copy = strdup(path);
	for (dir = copy ? strtok_r(copy, ":", &save) : NULL; dir && !found; dir = strtok_r(NULL, ":", &save)) {
		char *full = path_join(dir, program);

		found = full && !access(full, X_OK);
		free(full);
	}
	free(copy);
	return found;
}

static void check_tools(struct host *h)
{
	static const struct {
		const char *name, *why;
		bool needed;
	} tools[] = {
		{ NULL, "runs the guests", true },
		{ "srun", "engine slurm", false },
		{ "rsync", "transfer = rsync:…", false },
	};
	char text[256];
	size_t i;

	for (i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		const char *name = tools[i].name ?: h->qemu;
		bool found = have(name);

		snprintf(text, sizeof(text), "%.150s: %s%s", name, tools[i].why,
			 tools[i].needed ? "" : ", where it is used");
		row("tool", found, text);
		h->missing += tools[i].needed && !found;
	}
}

static void check_disk(struct host *h)
{
	struct statvfs v;
	char text[256];
	uint64_t free;

	if (statvfs(h->scratch, &v)) {
		snprintf(text, sizeof(text), "%.150s: %s", h->scratch, strerror(errno));
		row("disk", false, text);
		h->missing++;
		return;
	}
	free = (uint64_t)v.f_bavail * v.f_frsize;
	snprintf(text, sizeof(text), "%.150s: %llu MiB free%s", h->scratch, (unsigned long long)free >> 20,
		 free < DISK_LOW ? ", 1024 would be little" : "");
	row("disk", free >= DISK_LOW, text);
	h->missing += free < DISK_LOW;
}

/* A boot is the proof, and a boot needs a kernel and an init that says a word. */
static int check_kvm(struct host *h, const struct paths *paths, struct rig_error *e)
{
	sd_event *event = NULL;
	char *kernel = NULL;
	sigset_t mask;
	int r;

	if (h->kernel)
		kernel = strdup(h->kernel);
	else if (asprintf(&kernel, "%s/release/bzImage", paths->kernels) < 0)
		kernel = NULL;
	if (!kernel)
		return rig_fail(e, -ENOMEM, "out of memory");
	if (access(kernel, R_OK)) {
		r = rig_fail(e, -errno, "no kernel to prove KVM with: %s: %s (--kernel)", kernel,
			     strerror(errno));
		free(kernel);
		return r;
	}
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	r = sd_event_new(&event);
	if (r >= 0)
		/* Never an answer from a file: what is asked for is what the host can do now. */
		r = accel_prove(event, h->qemu, kernel, paths->probe, "/dev/null/none", &h->accel, e);
	else
		rig_fail(e, r, "cannot make an event loop: %s", strerror(-r));
	sd_event_unref(event);
	free(kernel);
	return r;
}

/* Slurm knows names only: powers of two, so that a constraint can ask for at least so much. */
static void print_features(const struct host *h)
{
	unsigned int n;
	char name[32];

	printf("Feature=tcg%s", h->accel.kvm ? ",kvm" : "");
	for (n = 1; snprintf(name, sizeof(name), "cores%u", n), host_has_feature(name, strlen(name), false);
	     n *= 2)
		printf(",%s", name);
	for (n = 1; snprintf(name, sizeof(name), "mem%u", n), host_has_feature(name, strlen(name), false);
	     n *= 2)
		printf(",%s", name);
	putchar('\n');
}

static void usage(FILE *f)
{
	fputs("Usage: rig fleet check-host [OPTION]…\n"
	      "\n"
	      "Says what this host can run, and boots a guest to prove KVM. The last line are the features\n"
	      "for its NodeName in slurm.conf.\n"
	      "\n"
	      "      --kernel FILE   kernel of that boot (the project's release kernel)\n"
	      "      --qemu FILE     this QEMU (qemu-system-x86_64)\n"
	      "      --scratch DIR   where cells will write (/var/tmp)\n"
	      "  -h, --help          this text\n"
	      "\n"
	      "Exit status: 0 cells can run here, 1 something is missing, 16 usage.\n",
	      f);
}

int do_check_host(const struct paths *paths, int argc, char **argv)
{
	static const struct option options[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ "qemu", required_argument, NULL, 'q' },
		{ "scratch", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct host h = { .qemu = getenv("RIG_QEMU") ?: "qemu-system-x86_64", .scratch = "/var/tmp" };
	struct rig_error e;
	char text[256];
	int c, r;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'k':
			h.kernel = optarg;
			break;
		case 'q':
			h.qemu = optarg;
			break;
		case 's':
			h.scratch = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind != argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	snprintf(text, sizeof(text), "%u", host_cores());
	row("cores", true, text);
	snprintf(text, sizeof(text), "%llu MiB, %llu available", (unsigned long long)host_total_mib(),
		 (unsigned long long)host_memory_mib());
	row("memory", true, text);
	check_disk(&h);
	check_tools(&h);
	r = check_kvm(&h, paths, &e);
	if (r) {
		fprintf(stderr, "rig: fleet check-host: %s\n", e.text);
		return 1;
	}
	/* TCG does as well: it is no fault of a host to have no KVM. */
	printf("%-10s %-8s %s\n", "kvm", h.accel.kvm ? "ok" : "no", h.accel.reason);
	print_features(&h);
	return h.missing ? 1 : 0;
}
