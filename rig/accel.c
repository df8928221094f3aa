// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/kvm that opens proves nothing (nested KVM hangs on some hosts): only a guest that has said
 * something does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "accel.h"
#include "initrd.h"
#include "linebuf.h"
#include "sha256.h"
#include "vm.h"

#define PROOF_SECONDS		5
#define PROOF_WORD		"rig: kvm proof"
#define CLOCK_SAMPLE_NS		20000000ull

struct proof {
	sd_event *event;
	struct vm *vm;
	struct linebuf *lines;
	bool seen, late, done;
	char how[96];
};

static const char * const mode_names[] = {
	[ACCEL_AUTO] = "auto", [ACCEL_KVM] = "kvm", [ACCEL_TCG] = "tcg",
};

const char *accel_mode_name(enum accel_mode m)
{
	return mode_names[m];
}

int accel_mode_parse(const char *name)
{
	int m;

	for (m = ACCEL_AUTO; m <= ACCEL_TCG; m++)
		if (!strcmp(name, mode_names[m]))
			return m;
	return -EINVAL;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/*
 * Measured once; being moved between two reads costs accuracy, so the best of some samples is no
 * gain over a longer one.
 */
static unsigned int host_tsc_khz(void)
{
	static unsigned int khz;
	uint64_t t0, t1, c0;

	if (khz)
		return khz;
	t0 = now_ns();
	c0 = __rdtsc();
	do
		t1 = now_ns();
	while (t1 - t0 < CLOCK_SAMPLE_NS);
	khz = (__rdtsc() - c0) * 1000000 / (t1 - t0);
	return khz;
}

int accel_clock_words(bool kvm, bool icount, char *buf, size_t size)
{
	int n;

	if (kvm) {
		n = snprintf(buf, size, "%s", "");
	} else {
		/*
		 * Calibrating the local APIC reads the TSC some million times: half a minute under
		 * icount. The PIT does as well.
		 */
		n = snprintf(buf, size, "tsc=reliable tsc_early_khz=%u%s",
			     icount ? 1000000 : host_tsc_khz(), icount ? " nolapic_timer" : "");
	}
	return n < (int)size ? 0 : -ENAMETOOLONG;
}

static void proof_line(const char *line, size_t len, bool truncated, void *userdata)
{
	struct proof *p = userdata;

	(void)len;
	(void)truncated;
	if (strstr(line, PROOF_WORD))
		p->seen = true;
}

static void on_console(const void *data, size_t len, void *userdata)
{
	struct proof *p = userdata;

	if (len)
		linebuf_feed(p->lines, data, len);
}

static void on_channel(const void *data, size_t len, void *userdata)
{
	(void)data;
	(void)len;
	(void)userdata;
}

static void on_exited(const char *how, void *userdata)
{
	struct proof *p = userdata;

	snprintf(p->how, sizeof(p->how), "%s", how);
	p->done = true;
}

static int on_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct proof *p = userdata;

	(void)source;
	(void)usec;
	p->late = true;
	vm_kill(p->vm);
	return 0;
}

/* Returns 0 when it could be tried; then A says how it went. */
static int try_boot(sd_event *event, const char *qemu, const char *kernel, const char *probe,
		    struct accel *a, struct rig_error *e)
{
	static const struct vm_ops ops = { .console = on_console,
					   .channel = on_channel,
					   .exited = on_exited };
	struct initrd_source src = { .agent = probe, .job = "" };
	struct vm_config config = {
		.name = "rig-kvm-proof",
		.qemu = qemu,
		.kvm = true,
		.memory = 256,
		.cpus = 1,
		.kernel = kernel,
		.share_fd = -1,
		.cmdline = "console=ttyS0 reboot=t panic=-1 no_timer_check rdinit=/init",
		.log_fd = -1,
	};
	struct proof p = { .event = event };
	sd_event_source *timer = NULL;
	FILE *initrd = tmpfile();
	int r;

	if (!initrd)
		return rig_fail(e, -errno, "cannot make a temporary file: %s", strerror(errno));
	r = initrd_write(initrd, &src, e);
	if (r)
		goto out;
	if (fflush(initrd)) {
		r = rig_fail(e, -errno, "cannot write an initrd: %s", strerror(errno));
		goto out;
	}
	config.initrd_fd = fileno(initrd);
	p.lines = linebuf_new(256, proof_line, &p);
	if (!p.lines) {
		r = rig_fail(e, -ENOMEM, "out of memory");
		goto out;
	}
	r = vm_new(event, &config, &ops, &p, &p.vm, e);
	if (r)
		goto out;
	r = vm_start(p.vm, e);
	if (r)
		goto out;
	r = sd_event_add_time_relative(event, &timer, CLOCK_MONOTONIC, PROOF_SECONDS * 1000000ull,
				       0, on_late, &p);
	while (r >= 0 && !p.done) {
		if (p.seen)
			vm_kill(p.vm);
		r = sd_event_run(event, UINT64_MAX);
	}
	if (r < 0) {
		rig_fail(e, r, "cannot wait for the KVM proof: %s", strerror(-r));
		goto out;
	}
	r = 0;
	a->kvm = p.seen;
	if (p.seen)
		snprintf(a->reason, sizeof(a->reason), "a guest has booted with KVM");
	else if (p.late)
		snprintf(a->reason, sizeof(a->reason),
			 "/dev/kvm is there, but a guest had not booted after %d s", PROOF_SECONDS);
	else
		snprintf(a->reason, sizeof(a->reason),
			 "/dev/kvm is there, but no guest boots with it: %s", p.how);
out:
	sd_event_source_disable_unref(timer);
	vm_free(p.vm);
	linebuf_free(p.lines);
	fclose(initrd);
	return r;
}

/* What the answer depends on: this boot of this host, QEMU, and the kernel that is to boot. */
static int cache_key(const char *qemu, const char *kernel, char key[SHA256_HEX_SIZE])
{
	char boot[64] = "", hash[SHA256_HEX_SIZE];
	struct sha256 s;
	FILE *f;

	f = fopen("/proc/sys/kernel/random/boot_id", "re");
	if (!f)
		return -errno;
	if (!fgets(boot, sizeof(boot), f))
		boot[0] = '\0';
	fclose(f);
	if (!boot[0] || sha256_file_hex(kernel, hash))
		return -ENOENT;
	sha256_init(&s);
	sha256_update(&s, boot, strlen(boot));
	sha256_update(&s, qemu, strlen(qemu));
	/* By content: in a fleet each job has the kernel under a path of its own. */
	sha256_update(&s, hash, sizeof(hash));
	sha256_final_hex(&s, key);
	return 0;
}

static bool cache_read(const char *cache, const char *key, struct accel *a)
{
	char line[SHA256_HEX_SIZE + 8 + sizeof(a->reason)];
	size_t n = strlen(key);
	bool hit = false;
	FILE *f;

	f = fopen(cache, "re");
	if (!f)
		return false;
	if (fgets(line, sizeof(line), f) && !strncmp(line, key, n) &&
	    (!strncmp(line + n, " kvm ", 5) || !strncmp(line + n, " tcg ", 5))) {
		line[strcspn(line, "\n")] = '\0';
		a->kvm = line[n + 1] == 'k';
		a->cached = hit = true;
		snprintf(a->reason, sizeof(a->reason), "%s", line + n + 5);
	}
	fclose(f);
	return hit;
}

static void cache_write(const char *cache, const char *key, const struct accel *a)
{
	char tmp[4096];
	FILE *f;

	if (snprintf(tmp, sizeof(tmp), "%s.%d", cache, getpid()) >= (int)sizeof(tmp))
		return;
	f = fopen(tmp, "we");
	if (!f)
		return;
	fprintf(f, "%s %s %s\n", key, a->kvm ? "kvm" : "tcg", a->reason);
	if (fclose(f) || rename(tmp, cache))
		unlink(tmp);
}

int accel_prove(sd_event *event, const char *qemu, const char *kernel, const char *probe,
		const char *cache, struct accel *a, struct rig_error *e)
{
	char key[SHA256_HEX_SIZE];
	bool have_key;
	int fd, r;

	a->kvm = a->cached = false;
	if (a->requested == ACCEL_TCG) {
		snprintf(a->reason, sizeof(a->reason), "--accel tcg");
		return 0;
	}
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		snprintf(a->reason, sizeof(a->reason), "cannot open /dev/kvm: %s", strerror(errno));
	} else {
		close(fd);
		have_key = !cache_key(qemu, kernel, key);
		if (!have_key || !cache_read(cache, key, a)) {
			r = try_boot(event, qemu, kernel, probe, a, e);
			if (r)
				return r;
			if (have_key)
				cache_write(cache, key, a);
		}
	}
	if (a->requested == ACCEL_KVM && !a->kvm)
		return rig_fail(e, -ENODEV, "--accel kvm: %s", a->reason);
	return 0;
}
