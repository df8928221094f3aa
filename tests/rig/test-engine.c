// SPDX-License-Identifier: GPL-2.0
/* The whole of rig against tests/rig/fake-qemu, which behaves as the name of the cell says. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "schema.h"

static const char *rig;
static char dir[] = "/tmp/test-rig-engine-XXXXXX";

static char *in_dir(const char *name)
{
	static char buf[8][256];
	static int i;

	i = (i + 1) % 8;
	snprintf(buf[i], sizeof(buf[i]), "%s/%s", dir, name);
	return buf[i];
}

static void put(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(in_dir(name), "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(in_dir(name), mode), 0);
}

static char *get_file(const char *name)
{
	char *text = calloc(1, 1 << 20);
	FILE *f = fopen(in_dir(name), "re");

	assert_non_null(text);
	if (!f)
		fail_msg("no file %s", name);
	if (fread(text, 1, (1 << 20) - 1, f) == 0 && ferror(f))
		fail_msg("cannot read %s", name);
	fclose(f);
	return text;
}

/* A project with all that rig looks for. */
static int setup(void **state)
{
	static const char * const dirs[] = {
		"rig", "rig/plans", "rig/scenarios", "build", "build/host", "build/host/rig", "build/host/rig/guest", "build/kernels",
		"build/kernels/release",
	};
	size_t i;

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (mkdir(in_dir(dirs[i]), 0755))
			return -1;
	put("build/host/rig/guest/agent", "agent", 0755);
	put("build/host/rig/probe-init", "probe", 0755);
	put("build/kernels/release/bzImage", "kernel", 0644);
	put("build/kernels/release/.config", "CONFIG_SWAP=y\n", 0644);
	setenv("RIG_ROOT", dir, 1);
	unsetenv("RIG_BUILD");
	setenv("RIG_QEMU", TEST_DIR "/fake-qemu", 1);
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static pid_t start(const char *const *argv, const char *out)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		int fd = open(in_dir(out), O_WRONLY | O_CREAT | O_TRUNC, 0644);

		dup2(fd, 1);
		dup2(fd, 2);
		execv(rig, (char *const *)argv);
		_exit(127);
	}
	return pid;
}

static int wait_status(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int run(const char *const *argv, const char *out)
{
	return wait_status(start(argv, out));
}

#define RUN(out, ...) run((const char *const[]){ "rig", __VA_ARGS__, NULL }, out)

static struct json_object *field(struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v))
		fail_msg("no field %s", key);
	return v;
}

static const char *text(struct json_object *o, const char *key)
{
	return json_object_get_string(field(o, key));
}

static struct json_object *find_cell(struct json_object *doc, const char *name)
{
	struct json_object *cells = field(doc, "cells");
	size_t i;

	for (i = 0; i < json_object_array_length(cells); i++)
		if (!strcmp(text(json_object_array_get_idx(cells, i), "name"), name))
			return json_object_array_get_idx(cells, i);
	fail_msg("no cell %s", name);
	return NULL;
}

static struct json_object *load(const char *name)
{
	struct json_object *doc = json_object_from_file(in_dir(name));

	if (!doc)
		fail_msg("%s is no JSON", name);
	return doc;
}

static void validate(struct json_object *doc)
{
	struct json_object *schema = json_object_from_file(SCHEMA);
	char why[256];

	assert_non_null(schema);
	if (!schema_valid(schema, doc, why, sizeof(why)))
		fail_msg("%s: %s", SCHEMA, why);
	json_object_put(schema);
}

static void expect_ended(pid_t pid)
{
	int i;

	for (i = 0; i < 100; i++) {
		char path[64], state = 0;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		f = fopen(path, "re");
		if (!f)
			return;
		if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
			state = 'X';
		fclose(f);
		/* where nobody reaps orphans they stay as zombies */
		if (state == 'Z' || state == 'X')
			return;
		usleep(50000);
	}
	fail_msg("process %d is still there", pid);
}

static const struct {
	const char *cell, *extra, *verdict, *reason;
} cases[] = {
	{ "pass", "", "pass", "" },
	{ "fail", "", "fail", "second is not ok" },
	{ "liar", "", "fail", "not ok: second" },
	{ "short", "", "fail", "planned 3, ran 1" },
	{ "nothing", "", "fail", "nothing was tested" },
	{ "skip", "", "skip", "no such device" },
	{ "panic", "", "crash", "Kernel panic - not syncing: out of ideas" },
	{ "warn", "", "crash", "WARNING: mm/ghost_swap.c" },
	{ "late", "", "crash", "Bad rss-counter" },
	{ "taint", "", "crash", "0x200" },
	{ "taint.allowed", "allow_taint = 512\n", "pass", "" },
	{ "oom", "", "pass", "" },
	{ "oom.forbidden", "fail_on = oom\n", "fail", "Killed process 210" },
	{ "hang", "deadline = 1\n", "timeout", "deadline of 1 s" },
	{ "dump", "deadline = 4\n", "timeout", "deadline of 4 s" },
	{ "break", "deadline = 4\n", "timeout", "deadline of 4 s" },
	{ "nobeat", "heartbeat = 1\ndeadline = 60\n", "timeout", "no heartbeat for 1 s" },
	{ "silent", "", "lost", "QEMU ended with status 0" },
	{ "killed", "", "lost", "signal 11" },
	{ "unknown", "", "lost", "status 99" },
	{ "flood", "", "lost", "no verdict" },
	{ "conflood", "", "pass", "" },
	{ "huge", "memory = 8T\n", "lost", "too little memory" },
	{ "stuck", "", "crash", "NULL pointer" },
	{ "linger", "", "pass", "" },
};

static void test_verdicts(void **state)
{
	size_t i, n = sizeof(cases) / sizeof(cases[0]);
	struct json_object *doc, *cell;
	FILE *f = fopen(in_dir("verdicts.ini"), "we");
	struct stat st;
	char *out;

	(void)state;
	fputs("[defaults]\nscenario = x\nroot = no\nmemory = 32M\ndeadline = 60\nseed = 3\nparam.size = 1M\ndisk.swap0 = size=1M\n", f);
	for (i = 0; i < n; i++)
		fprintf(f, "[cell %s]\n%s", cases[i].cell, cases[i].extra);
	fclose(f);

	assert_int_equal(RUN("verdicts.txt", "run", in_dir("verdicts.ini"), "--accel", "tcg", "--out", in_dir("verdicts"),
			     "--json", in_dir("copy.json")), 1);
	doc = load("verdicts/result.json");
	validate(doc);
	for (i = 0; i < n; i++) {
		cell = find_cell(doc, cases[i].cell);
		if (strcmp(text(cell, "verdict"), cases[i].verdict) || !strstr(text(cell, "reason"), cases[i].reason))
			fail_msg("%s: expected %s (%s), got %s (%s)", cases[i].cell, cases[i].verdict, cases[i].reason,
				 text(cell, "verdict"), text(cell, "reason"));
		assert_string_equal(text(cell, "state"), "done");
	}
	assert_string_equal(text(doc, "status"), "complete");
	assert_int_equal(json_object_get_int(field(field(doc, "totals"), "passed")), 5);
	assert_int_equal(json_object_get_int(field(field(doc, "totals"), "skipped")), 1);
	assert_int_equal(json_object_get_int(field(field(doc, "totals"), "failed")), n - 6);

	cell = find_cell(doc, "pass");
	assert_int_equal(json_object_get_int(field(field(field(cell, "metrics"), "pages"), "value")), 12);
	assert_int_equal(json_object_get_int(field(field(cell, "tap"), "skipped")), 1);
	assert_int_equal(strlen(text(field(cell, "kernel"), "sha256")), 64);
	assert_int_equal(strlen(text(cell, "initrd_sha256")), 64);
	assert_string_equal(text(field(cell, "kernel"), "flavor"), "release");
	assert_true(json_object_array_length(field(cell, "command")) > 20);

	cell = json_object_array_get_idx(field(find_cell(doc, "panic"), "crashes"), 0);
	assert_string_equal(text(cell, "kind"), "panic");
	assert_non_null(strstr(text(cell, "excerpt"), "ghost_think"));

	/* dumps: from the agent, and by BREAK where there is none */
	assert_string_equal(text(find_cell(doc, "dump"), "dump_by"), "agent");
	assert_non_null(strstr(text(find_cell(doc, "dump"), "dump"), "sysrq: Show w"));
	assert_non_null(strstr(text(find_cell(doc, "dump"), "dump"), "ghost_wait"));
	assert_string_equal(text(find_cell(doc, "break"), "dump_by"), "serial break");
	assert_non_null(strstr(text(find_cell(doc, "break"), "dump"), "key w after break"));
	assert_string_equal(text(find_cell(doc, "break"), "end"), "QEMU ended with status 0; last on the console: [    1.000000] sysrq: key t after break");

	/* bounds */
	assert_int_equal(stat(in_dir("verdicts/conflood/console.log"), &st), 0);
	assert_true(st.st_size == 64 << 20);
	assert_true(json_object_get_boolean(field(field(find_cell(doc, "conflood"), "console"), "truncated")));
	assert_int_equal(stat(in_dir("verdicts/flood/channel.log"), &st), 0);
	assert_true(st.st_size < 17 << 20);

	/* files of a cell; scratch is gone */
	assert_int_equal(stat(in_dir("verdicts/fail/qemu.cmd"), &st), 0);
	assert_int_equal(stat(in_dir("verdicts/fail/cell.ini"), &st), 0);
	assert_int_equal(stat(in_dir("verdicts/fail/reproduce.sh"), &st), 0);
	assert_true(st.st_mode & 0100);
	assert_int_not_equal(stat(in_dir("verdicts/fail/initrd.cpio"), &st), 0);
	assert_int_not_equal(stat(in_dir("verdicts/fail/swap0.disk"), &st), 0);
	assert_int_equal(system("xmllint --version >/dev/null 2>&1 || exit 0; exec xmllint --noout $RIG_ROOT/verdicts/junit.xml"), 0);
	out = get_file("verdicts/junit.xml");
	assert_non_null(strstr(out, "&lt;second&gt; &amp; &quot;third&quot;"));
	assert_non_null(strstr(out, "<error type=\"timeout\""));
	free(out);
	out = get_file("verdicts/results.ktap");
	assert_non_null(strstr(out, "KTAP version 1\n1..25\n"));
	assert_non_null(strstr(out, "not ok 2 fail\n"));
	assert_non_null(strstr(out, "ok 6 skip # SKIP no such device\n"));
	free(out);

	/* the last line alone */
	out = get_file("verdicts.txt");
	assert_non_null(strstr(out, "\n5 passed, 19 failed, 1 skipped\n"));
	assert_string_equal(strstr(out, "\n5 passed"), "\n5 passed, 19 failed, 1 skipped\n");
	free(out);
	json_object_put(doc);
	doc = load("copy.json");
	validate(doc);
	json_object_put(doc);
}

static void test_status(void **state)
{
	char *out;

	(void)state;
	put("s.ini", "[defaults]\nscenario = x\nroot = no\nmemory = 32M\n[cell pass]\n[cell pass.2]\n[cell skip]\n[cell fail]\n"
	    "[cell fail.expected]\nexpect = fail\n[cell panic.expected]\nexpect = crash\n", 0644);
	/* passed; a skip beside it is no failure; skips alone prove nothing */
	assert_int_equal(RUN("s.txt", "run", in_dir("s.ini"), "--accel", "tcg", "--out", in_dir("s1"), "pass*"), 0);
	assert_int_equal(RUN("s.txt", "run", in_dir("s.ini"), "--accel", "tcg", "--out", in_dir("s2"), "pass", "skip"), 0);
	assert_int_equal(RUN("s.txt", "run", in_dir("s.ini"), "--accel", "tcg", "--out", in_dir("s3"), "skip"), 1);
	assert_int_equal(RUN("s.txt", "run", in_dir("s.ini"), "--accel", "tcg", "--out", in_dir("s4"), "pass", "fail"), 1);
	assert_int_equal(RUN("s.txt", "run", in_dir("s.ini"), "--accel", "tcg", "--out", in_dir("s5"), "*.expected"), 0);
	/* what cannot be done is said */
	assert_int_equal(RUN("s.txt", "run", in_dir("s.ini"), "nosuchcell"), 16);
	assert_int_equal(RUN("s.txt", "run", in_dir("nosuchplan.ini")), 16);
	assert_int_equal(RUN("s.txt", "run", in_dir("s.ini"), "--accel", "tcg", "--kernel", "/nonexistent/bzImage", "--out", in_dir("s6")), 1);
	assert_int_equal(RUN("s.txt", "run", in_dir("s.ini"), "--accel", "tcg", "--json", "/nonexistent/r.json", "--out", in_dir("s7"), "pass"), 1);
	out = get_file("s.txt");
	assert_string_equal(out, "rig: run: cannot write /nonexistent/r.json: No such file or directory\n");
	free(out);
	assert_int_equal(RUN("s.txt", "run", in_dir("s.ini"), "--accel", "xen"), 16);
	assert_int_equal(RUN("s.txt", "run", in_dir("s.ini"), "--jobs", "0"), 16);
	assert_int_equal(RUN("s.txt", "dance"), 16);
	assert_int_equal(RUN("s.txt", "list", in_dir("s.ini")), 0);
}

/* Without --out: a directory of its own a run, and `latest` on the last one. */
static void test_latest(void **state)
{
	struct json_object *doc;
	char target[256];
	ssize_t n;

	(void)state;
	put("rig/plans/named.ini", "[cell pass]\nscenario = x\nroot = no\nmemory = 32M\nseed = random\n", 0644);
	assert_int_equal(RUN("l.txt", "run", "named", "--accel", "tcg"), 0);
	assert_int_equal(RUN("l.txt", "run", "named", "--accel", "tcg", "--keep"), 0);
	n = readlink(in_dir("build/rig/latest"), target, sizeof(target) - 1);
	assert_true(n > 0);
	target[n] = '\0';
	assert_int_equal(strncmp(target, "named-", 6), 0);
	doc = load("build/rig/latest/result.json");
	json_object_put(doc);
	assert_int_equal(access(in_dir("build/rig/latest/pass/initrd.cpio"), R_OK), 0);
	/* the same cell again, from its own directory */
	setenv("RIG", rig, 1);
	assert_int_equal(system("$RIG_ROOT/build/rig/latest/pass/reproduce.sh --out $RIG_ROOT/again >$RIG_ROOT/again.txt 2>&1"), 0);
	doc = load("again/result.json");
	assert_int_equal(json_object_array_length(field(doc, "cells")), 1);
	json_object_put(doc);
}

static unsigned int most_at_once(const char *log)
{
	char *text_ = get_file(log), *line, *save = NULL;
	unsigned int now = 0, most = 0;

	for (line = strtok_r(text_, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		now += !strncmp(line, "begin", 5) ? 1 : -1;
		most = now > most ? now : most;
	}
	free(text_);
	return most;
}

/* As many at once as cores, memory and --jobs allow. The cores are those of this machine. */
static void test_scheduling(void **state)
{
	unsigned int cores = sysconf(_SC_NPROCESSORS_ONLN);

	(void)state;
	put("j.ini", "[defaults]\nscenario = x\nroot = no\nmemory = 32M\n[cell slow.1]\n[cell slow.2]\n[cell slow.3]\n[cell slow.4]\n"
	    "[cell slow.wide]\ncpus = 200\n", 0644);
	setenv("FAKE_LOG", in_dir("j1.log"), 1);
	assert_int_equal(RUN("j.txt", "run", in_dir("j.ini"), "--accel", "tcg", "--jobs", "1", "--out", in_dir("j1")), 0);
	assert_int_equal(most_at_once("j1.log"), 1);
	setenv("FAKE_LOG", in_dir("j2.log"), 1);
	assert_int_equal(RUN("j.txt", "run", in_dir("j.ini"), "--accel", "tcg", "--out", in_dir("j2"), "slow.[1-4]"), 0);
	if (cores >= 2)
		assert_true(most_at_once("j2.log") >= 2);
	assert_true(most_at_once("j2.log") <= cores);
	/* as wide as the host: alone */
	setenv("FAKE_LOG", in_dir("j3.log"), 1);
	assert_int_equal(RUN("j.txt", "run", in_dir("j.ini"), "--accel", "tcg", "--out", in_dir("j3"), "slow.1", "slow.wide"), 0);
	assert_int_equal(most_at_once("j3.log"), 1);
	unsetenv("FAKE_LOG");
}

static pid_t wait_for_pid(const char *name)
{
	int i, pid;

	for (i = 0; i < 200; i++) {
		FILE *f = fopen(in_dir(name), "re");

		if (f) {
			int n = fscanf(f, "%d", &pid);

			fclose(f);
			if (n == 1)
				return pid;
		}
		usleep(50000);
	}
	fail_msg("fake-qemu has not started");
	return 0;
}

/* Whatever kills rig, QEMU goes with it, and the result does not claim a pass. */
static void test_killed(void **state)
{
	static const int signals[] = { SIGKILL, SIGTERM, SIGINT, SIGSEGV };
	struct json_object *doc, *cell;
	size_t i;

	(void)state;
	put("k.ini", "[cell hang]\nscenario = x\nroot = no\nmemory = 32M\ndeadline = 60\n", 0644);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		const char *argv[] = { "rig", "run", in_dir("k.ini"), "--accel", "tcg", "--out", in_dir("k"), NULL };
		pid_t pid, qemu;
		int status;

		unlink(in_dir("pids"));
		setenv("FAKE_PIDS", in_dir("pids"), 1);
		pid = start(argv, "k.txt");
		qemu = wait_for_pid("pids");
		usleep(200000);
		assert_int_equal(kill(qemu, 0), 0);
		kill(pid, signals[i]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		expect_ended(qemu);
		doc = load("k/result.json");
		validate(doc);
		cell = find_cell(doc, "hang");
		if (signals[i] == SIGTERM || signals[i] == SIGINT) {
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
			assert_string_equal(text(doc, "status"), "interrupted");
			assert_string_equal(text(cell, "verdict"), "lost");
		} else {
			assert_string_equal(text(doc, "status"), "running");
			assert_string_equal(text(cell, "verdict"), "fail");
			assert_string_equal(text(cell, "reason"), "not finished");
		}
		json_object_put(doc);
	}
	unsetenv("FAKE_PIDS");
}

static void test_accel(void **state)
{
	struct json_object *doc;
	char *out;

	(void)state;
	put("a.ini", "[cell pass]\nscenario = x\nroot = no\nmemory = 32M\n", 0644);
	if (access("/dev/kvm", R_OK | W_OK)) {
		assert_int_equal(RUN("a.txt", "run", in_dir("a.ini"), "--accel", "kvm", "--out", in_dir("a0")), 3);
		out = get_file("a.txt");
		assert_non_null(strstr(out, "cannot open /dev/kvm"));
		free(out);
		return;
	}
	/* /dev/kvm is there, but no guest says anything */
	unlink(in_dir("build/rig/accel"));
	assert_int_equal(RUN("a.txt", "run", in_dir("a.ini"), "--accel", "kvm", "--out", in_dir("a1")), 3);
	out = get_file("a.txt");
	assert_non_null(strstr(out, "a guest had not booted"));
	free(out);
	assert_int_equal(RUN("a.txt", "run", in_dir("a.ini"), "--out", in_dir("a2")), 0);
	doc = load("a2/result.json");
	assert_string_equal(text(field(doc, "accel"), "used"), "tcg");
	assert_true(json_object_get_boolean(field(field(doc, "accel"), "cached")));
	json_object_put(doc);
	/* a guest boots */
	unlink(in_dir("build/rig/accel"));
	setenv("FAKE_KVM", "good", 1);
	assert_int_equal(RUN("a.txt", "run", in_dir("a.ini"), "--accel", "kvm", "--out", in_dir("a3")), 0);
	doc = load("a3/result.json");
	assert_string_equal(text(field(doc, "accel"), "used"), "kvm");
	assert_int_equal(json_object_get_int(field(field(field(find_cell(doc, "pass"), "metrics"), "accel.kvm"), "value")), 1);
	json_object_put(doc);
	unsetenv("FAKE_KVM");
	unlink(in_dir("build/rig/accel"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_latest),
		cmocka_unit_test(test_scheduling),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_accel),
	};

	if (argc < 2)
		return 2;
	rig = argv[1];
	return cmocka_run_group_tests(tests, setup, teardown);
}
