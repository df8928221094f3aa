// SPDX-License-Identifier: GPL-2.0
/* The store of a host, and what a driver takes in. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "constraint.h"
#include "intake.h"
#include "sha256.h"
#include "store.h"

static char dir[] = "/tmp/test-rig-store-XXXXXX";

static char *in_dir(const char *name)
{
	static char buf[8][256];
	static int i;

	i = (i + 1) % 8;
	snprintf(buf[i], sizeof(buf[i]), "%s/%s", dir, name);
	return buf[i];
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return remove_tree(dir);
}

static struct store *new_store(uint64_t bound)
{
	struct store *s;
	struct rig_error e;

	if (store_new(in_dir("store"), bound, &s, &e))
		fail_msg("%s", e.text);
	return s;
}

/* A file of SIZE times C; its hash. */
static int put(struct store *s, char c, size_t size, char hash[SHA256_HEX_SIZE], struct rig_error *e)
{
	char *text = malloc(size);
	int r;

	memset(text, c, size);
	sha256_hex(text, size, hash);
	r = store_put_begin(s, hash, size, e) ?: store_put_data(s, text, size / 2, e) ?:
	    store_put_data(s, text + size / 2, size - size / 2, e) ?: store_put_end(s, e);
	free(text);
	/* Times of use differ. */
	nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
	return r;
}

static bool there(const char *hash)
{
	char name[80];

	snprintf(name, sizeof(name), "store/%s", hash);
	return !access(in_dir(name), F_OK);
}

static void test_take(void **state)
{
	struct store *s = new_store(1000);
	char hash[SHA256_HEX_SIZE], path[300];
	struct rig_error e;
	FILE *f;

	(void)state;
	assert_int_equal(put(s, 'a', 100, hash, &e), 0);
	assert_int_equal(store_take(s, hash, in_dir("a"), &e), 0);
	assert_int_equal(access(in_dir("a"), F_OK), 0);
	hash[0] ^= 1;
	assert_int_equal(store_take(s, hash, in_dir("b"), &e), -ENOENT);
	hash[0] ^= 1;
	assert_int_equal(store_take(s, "../../etc/passwd", in_dir("b"), &e), -EINVAL);

	/* damaged: found, gone, and can be put again */
	snprintf(path, sizeof(path), "%s/store/%s", dir, hash);
	chmod(path, 0644);
	f = fopen(path, "r+e");
	assert_non_null(f);
	fputc('x', f);
	fclose(f);
	assert_int_equal(store_take(s, hash, in_dir("c"), &e), -EBADMSG);
	assert_int_not_equal(access(in_dir("c"), F_OK), 0);
	assert_false(there(hash));
	assert_int_equal(put(s, 'a', 100, hash, &e), 0);
	assert_int_equal(store_take(s, hash, in_dir("c"), &e), 0);
	store_free(s);
}

static void test_wrong(void **state)
{
	struct store *s = new_store(1000);
	char hash[SHA256_HEX_SIZE];
	struct rig_error e;

	(void)state;
	sha256_hex("good", 4, hash);
	assert_int_equal(store_put_begin(s, hash, 4, &e), 0);
	assert_int_equal(store_put_data(s, "evil", 4, &e), 0);
	assert_int_equal(store_put_end(s, &e), -EBADMSG);
	assert_false(there(hash));
	/* more than was said */
	assert_int_equal(store_put_begin(s, hash, 4, &e), 0);
	assert_int_equal(store_put_data(s, "good!", 5, &e), -EPROTO);
	store_put_abort(s);
	/* less */
	assert_int_equal(store_put_begin(s, hash, 4, &e), 0);
	assert_int_equal(store_put_data(s, "goo", 3, &e), 0);
	assert_int_equal(store_put_end(s, &e), -EBADMSG);
	store_free(s);
}

static void test_eviction(void **state)
{
	struct store *s = new_store(1000);
	char a[SHA256_HEX_SIZE], b[SHA256_HEX_SIZE], c[SHA256_HEX_SIZE], d[SHA256_HEX_SIZE];
	struct rig_error e;

	(void)state;
	assert_int_equal(put(s, 'a', 400, a, &e), 0);
	assert_int_equal(put(s, 'b', 400, b, &e), 0);
	/* a is used, so b is the one that was not for the longest time */
	assert_int_equal(store_take(s, a, in_dir("a"), &e), 0);
	unlink(in_dir("a"));
	assert_int_equal(put(s, 'c', 400, c, &e), 0);
	assert_true(there(a) && !there(b) && there(c));
	/* in use: it stays although it is the oldest */
	assert_int_equal(store_take(s, a, in_dir("a"), &e), 0);
	nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
	assert_int_equal(store_take(s, c, in_dir("c"), &e), 0);
	unlink(in_dir("c"));
	assert_int_equal(put(s, 'd', 600, d, &e), 0);
	assert_true(there(a) && !there(c) && there(d));
	/* no room at all beside what is in use: nothing is lost for it */
	assert_int_equal(store_take(s, d, in_dir("d"), &e), 0);
	assert_int_equal(put(s, 'b', 400, b, &e), -ENOSPC);
	assert_true(there(a) && there(d));
	assert_int_equal(put(s, 'e', 2000, b, &e), -ENOSPC);
	store_free(s);
}

static void test_remains(void **state)
{
	struct store *s = new_store(1000);
	char hash[SHA256_HEX_SIZE];
	struct rig_error e;
	FILE *f;

	(void)state;
	/* what a job that was killed has left, and what another one is bringing */
	f = fopen(in_dir("store/.part-0123456789abcdef-1"), "we");
	assert_non_null(f);
	fclose(f);
	truncate(in_dir("store/.part-0123456789abcdef-1"), 900);
	assert_int_equal(put(s, 'a', 900, hash, &e), 0);
	assert_int_not_equal(access(in_dir("store/.part-0123456789abcdef-1"), F_OK), 0);
	assert_true(there(hash));
	store_free(s);
}

static const char good[] =
	"{\"schema\":\"ghostswap-rig-result\",\"version\":1,\"status\":\"complete\",\"cells\":[{\"id\":\"0123456789abcdef\","
	"\"attempt\":2,\"host\":\"n1\",\"state\":\"done\",\"verdict\":\"%s\",\"reason\":\"r\\u0007x\",\"seconds\":1.5,\"accel\":\"kvm\"}]}";

static int take(const char *text, struct intake_result *result, struct rig_error *e)
{
	struct intake *in;

	assert_int_equal(intake_new(in_dir("cells/x/attempt-2"), &in, e), 0);
	assert_int_equal(intake_file(in, "result.json", strlen(text), e), 0);
	assert_int_equal(intake_data(in, text, strlen(text), e), 0);
	assert_int_equal(intake_commit(in, e), 0);
	intake_free(in);
	return intake_read_result(in_dir("cells/x/attempt-2"), "0123456789abcdef", 2, "n1", result, e);
}

static void test_result(void **state)
{
	struct intake_result r;
	char text[1024], *p;
	struct rig_error e;

	(void)state;
	snprintf(text, sizeof(text), good, "crash");
	assert_int_equal(take(text, &r, &e), 0);
	assert_int_equal(r.verdict, VERDICT_CRASH);
	assert_string_equal(r.reason, "r?x");
	assert_true(r.kvm && r.seconds == 1.5);

	snprintf(text, sizeof(text), good, "unschedulable");
	assert_int_equal(take(text, &r, &e), -EINVAL);
	snprintf(text, sizeof(text), good, "great");
	assert_int_equal(take(text, &r, &e), -EINVAL);
	snprintf(text, sizeof(text), good, "pass");
	p = strstr(text, "complete");
	memcpy(p, "running!", 8);
	assert_int_equal(take(text, &r, &e), -EINVAL);
	snprintf(text, sizeof(text), good, "pass");
	*strstr(text, "0123") = '1';
	assert_int_equal(take(text, &r, &e), -EINVAL);
	assert_int_equal(take("{", &r, &e), -EINVAL);
	assert_int_equal(take("[]", &r, &e), -EINVAL);
}

static void test_files(void **state)
{
	struct rig_error e;
	struct intake *in;
	struct stat st;

	(void)state;
	assert_int_equal(intake_new(in_dir("cells/y/attempt-1"), &in, &e), 0);
	assert_int_equal(intake_file(in, "../x", 1, &e), -EPERM);
	assert_int_equal(intake_file(in, "reproduce.sh", 1, &e), -EPERM);
	assert_int_equal(intake_file(in, "result.json/../x", 1, &e), -EPERM);
	assert_int_equal(intake_file(in, "", 1, &e), -EPERM);
	assert_int_equal(intake_file(in, "console.log", 1ull << 40, &e), -EFBIG);
	assert_int_equal(intake_file(in, "channel.log", 3, &e), 0);
	assert_int_equal(intake_data(in, "abcd", 4, &e), -EPROTO);
	assert_int_equal(intake_commit(in, &e), -EPROTO);
	/* not there until it is whole, and nothing left of what was not */
	assert_int_not_equal(stat(in_dir("cells/y/attempt-1"), &st), 0);
	intake_free(in);
	assert_int_not_equal(stat(in_dir("cells/y/attempt-1.part"), &st), 0);

	/* from a directory: a link is not followed */
	mkdir(in_dir("from"), 0755);
	assert_int_equal(symlink("/etc/passwd", in_dir("from/result.json")), 0);
	assert_int_equal(intake_new(in_dir("cells/y/attempt-1"), &in, &e), 0);
	assert_true(intake_directory(in, in_dir("from"), &e) < 0);
	intake_free(in);
}

static bool has(const char *name, size_t len, void *userdata)
{
	const char *features = userdata, *at = strstr(features, "");

	for (at = features; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		if (n == len && !strncmp(at, name, n))
			return true;
		at += n;
	}
	return false;
}

static void test_constraint(void **state)
{
	(void)state;
	assert_true(constraint_holds("kvm", has, (void *)"tcg kvm"));
	assert_false(constraint_holds("kv", has, (void *)"tcg kvm"));
	assert_false(constraint_holds("kvm&big", has, (void *)"tcg kvm"));
	assert_true(constraint_holds("big|kvm", has, (void *)"tcg kvm"));
	assert_false(constraint_holds("kvm&", has, (void *)"tcg kvm"));
	assert_true(host_has_feature("cores1", 6, false));
	assert_false(host_has_feature("cores99999", 10, false));
	assert_false(host_has_feature("kvm", 3, false));
	assert_true(host_has_feature("kvm", 3, true));
	assert_false(host_has_feature("mem9999999", 10, false));
	assert_false(host_has_feature("cores", 5, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_take, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(test_eviction, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remains, setup, teardown),
		cmocka_unit_test_setup_teardown(test_result, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
		cmocka_unit_test(test_constraint),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
