// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "initrd.h"
#include "sha256.h"

static char dir[] = "/tmp/test-initrd-XXXXXX";

static void put(const char *name, const char *text, mode_t mode)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static void make_dir(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	make_dir("guest");
	make_dir("guest/agent.p");
	make_dir("scenarios");
	make_dir("scenarios/data");
	put("guest/agent", "agent!", 0755);
	put("guest/agent.p/x.o", "object", 0755);
	put("guest/datacheck", "program", 0755);
	put("guest/notes", "no program", 0644);
	put("guest/lib.a", "by-product", 0755);
	put("scenarios/smoke", "#!/bin/sh\n", 0755);
	put("scenarios/lib.sh", "true\n", 0644);
	put("scenarios/.hidden", "", 0644);
	put("scenarios/data/x", "12345", 0644);
	make_dir("units");
	put("units/a.swap", "[Swap]\n", 0644);
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct initrd_source source(void)
{
	static char agent[64], programs[64], scenarios[64], missing[64], units[64];
	static const char *product[] = { missing, units, NULL };

	snprintf(agent, sizeof(agent), "%s/guest/agent", dir);
	snprintf(programs, sizeof(programs), "%s/guest", dir);
	snprintf(scenarios, sizeof(scenarios), "%s/scenarios", dir);
	snprintf(missing, sizeof(missing), "%s/missing", dir);
	snprintf(units, sizeof(units), "%s/units", dir);
	return (struct initrd_source){
		.agent = agent, .programs = programs, .scenarios = scenarios, .kselftest = missing, .swapadm = missing,
		.product = product, .job = "cell = a\n",
	};
}

static void write_archive(const char *name)
{
	struct initrd_source src = source();
	struct rig_error e;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	if (initrd_write(f, &src, &e))
		fail_msg("%s", e.text);
	assert_int_equal(fclose(f), 0);
}

/* Runs cpio in DIR on the archive and compares what it prints. */
static void cpio_says(const char *options, const char *expected)
{
	char command[512], text[4096];
	size_t n;
	FILE *p;

	snprintf(command, sizeof(command), "cd %s && { %s; } <a.cpio 2>&1", dir, options);
	p = popen(command, "re");
	assert_non_null(p);
	n = fread(text, 1, sizeof(text) - 1, p);
	text[n] = '\0';
	assert_int_equal(pclose(p), 0);
	assert_string_equal(text, expected);
}

static void test_archive(void **state)
{
	(void)state;
	write_archive("a.cpio");
	cpio_says("cpio -t --quiet",
		  "bin\ndev\nkselftest\nnewroot\nproc\nrig\nrig/product\nrig/scenarios\nrun\nsys\ntmp\ndev/console\ndev/null\ninit\n"
		  "bin/datacheck\nrig/product/a.swap\nrig/scenarios/data\nrig/scenarios/data/x\nrig/scenarios/lib.sh\nrig/scenarios/smoke\nrig/lib.sh\njob\n");
	cpio_says("cpio -i --quiet --to-stdout job init rig/scenarios/data/x", "agent!12345cell = a\n");
	cpio_says("cpio -tv --quiet | awk '{ print $1, $NF }' | grep -E 'console|init|/x|datacheck'",
		  "crw------- dev/console\n-rwxr-xr-x init\n-rwxr-xr-x bin/datacheck\n-rw-r--r-- rig/scenarios/data/x\n");
}

static void test_same_bytes(void **state)
{
	char a[SHA256_HEX_SIZE], b[SHA256_HEX_SIZE], path[128];

	(void)state;
	write_archive("a.cpio");
	put("scenarios/smoke", "#!/bin/sh\n", 0755);	/* another mtime */
	write_archive("b.cpio");
	snprintf(path, sizeof(path), "%s/a.cpio", dir);
	assert_int_equal(sha256_file_hex(path, a), 0);
	snprintf(path, sizeof(path), "%s/b.cpio", dir);
	assert_int_equal(sha256_file_hex(path, b), 0);
	assert_string_equal(a, b);
}

static void test_no_agent(void **state)
{
	struct initrd_source src = source();
	struct rig_error e;
	FILE *f = tmpfile();

	(void)state;
	src.agent = "/nonexistent/agent";
	assert_int_equal(initrd_write(f, &src, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent/agent"));
	fclose(f);
}

static void test_disk_full(void **state)
{
	struct initrd_source src = source();
	struct rig_error e;
	FILE *f = fopen("/dev/full", "we");

	(void)state;
	setvbuf(f, NULL, _IONBF, 0);
	assert_int_equal(initrd_write(f, &src, &e), -EIO);
	fclose(f);
}

/* FIPS 180-4's examples, and lengths around the block. */
static void test_sha256(void **state)
{
	char hex[SHA256_HEX_SIZE], one[SHA256_HEX_SIZE], text[200];
	struct sha256 s;
	size_t n, i;

	(void)state;
	sha256_hex("abc", 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_hex("", 0, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex);
	assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(text, 'q', sizeof(text));
	for (n = 50; n < sizeof(text); n++) {
		sha256_hex(text, n, hex);
		sha256_init(&s);
		for (i = 0; i < n; i++)
			sha256_update(&s, text + i, 1);
		sha256_final_hex(&s, one);
		assert_string_equal(hex, one);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_archive),
		cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_no_agent),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_sha256),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
