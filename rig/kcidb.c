// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "doc.h"
#include "jsonout.h"
#include "kcidb.h"
#include "sha256.h"

#define FAILED_TESTS_MAX 100	/* of a cell */

struct kcidb {
	struct json_object *checkouts, *builds, *tests;
	int r;
};

static struct json_object *add(struct kcidb *k, struct json_object *list)
{
	struct json_object *o = json_object_new_object();

	k->r = k->r ?: o ? jsonout_append(list, o) : -ENOMEM;
	return k->r ? NULL : o;
}

static void put(struct kcidb *k, struct json_object *o, const char *key, const char *value)
{
	if (!k->r && value[0])
		k->r = jsonout_str(o, key, value);
}

/* An id is the origin, a colon, and what is unique there: a hash of what the object is. */
static const char *make_id(char id[96], const char *a, const char *b, const char *c)
{
	char hex[SHA256_HEX_SIZE];
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, a, strlen(a) + 1);
	sha256_update(&s, b, strlen(b) + 1);
	sha256_update(&s, c, strlen(c) + 1);
	sha256_final_hex(&s, hex);
	snprintf(id, 96, KCIDB_ORIGIN ":%.32s", hex);
	return id;
}

/* A test's path: words of letters, digits, - and _ between dots. */
static void test_path(char path[256], const char *scenario, const char *test)
{
	size_t n;

	snprintf(path, 256, KCIDB_ORIGIN ".%s%s%s", scenario, test[0] ? "." : "", test);
	for (n = 0; path[n]; n++)
		if (!isalnum((unsigned char)path[n]) && !strchr("._-", path[n]))
			path[n] = '_';
}

/*
 * FAIL: the kernel did wrong. ERROR: the test did not get to its end for another reason. MISS: it
 * never began.
 */
static const char *status_of(const struct archived_cell *c)
{
	static const struct {
		const char *verdict, *status;
	} map[] = {
		{ "pass", "PASS" },    { "fail", "FAIL" },  { "crash", "FAIL" },
		{ "timeout", "FAIL" }, { "lost", "ERROR" }, { "unschedulable", "MISS" },
		{ "skip", "SKIP" },
	};
	size_t i;

	if (c->ok && !c->skipped)
		return "PASS";
	/* It ended in another way than was expected, perhaps well. */
	if (!strcmp(c->verdict, "pass"))
		return "FAIL";
	for (i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (!strcmp(c->verdict, map[i].verdict))
			return map[i].status;
	return "ERROR";
}

static const char *base_id(const struct archive *a, char id[96])
{
	struct json_object *plan = doc_get(a->runs ? a->run[a->runs - 1]->doc : NULL, "plan");

	return make_id(id, "checkout", doc_string(plan, "name"), doc_string(plan, "sha256"));
}

static void add_build(struct kcidb *k, const struct archive *a, const struct archived_cell *c,
		      const char *id)
{
	char checkout[96], have[96];
	struct json_object *kernel = doc_get(c->json, "kernel"), *o, *misc;
	size_t i;

	for (i = 0; i < doc_length(k->builds); i++)
		if (!strcmp(doc_string(doc_at(k->builds, i), "id"), id))
			return;
	o = add(k, k->builds);
	put(k, o, "id", id);
	put(k, o, "checkout_id", base_id(a, checkout));
	put(k, o, "origin", KCIDB_ORIGIN);
	put(k, o, "architecture", "x86_64");
	put(k, o, "config_name", c->flavor);
	put(k, o, "status", "PASS");
	misc = json_object_new_object();
	if (!k->r)
		k->r = misc ? jsonout_add(o, "misc", misc) : -ENOMEM;
	snprintf(have, sizeof(have), "%.64s", doc_string(kernel, "sha256"));
	put(k, misc, "image_sha256", have);
	put(k, misc, "config_sha256", doc_string(kernel, "config_sha256"));
}

static struct json_object *add_test(struct kcidb *k, const struct archived_cell *c,
				    const char *build, const char *test, const char *unique)
{
	struct json_object *o = add(k, k->tests);
	char id[96], path[256], more[64];

	snprintf(more, sizeof(more), "%s", c->run ? doc_string(c->run->doc, "started") : "");
	put(k, o, "id", make_id(id, c->name, unique, more));
	put(k, o, "build_id", build);
	put(k, o, "origin", KCIDB_ORIGIN);
	test_path(path, doc_string(c->json, "scenario"), test);
	put(k, o, "path", path);
	put(k, o, "start_time", doc_string(c->json, "started"));
	return o;
}

static void add_cell(struct kcidb *k, const struct archive *a, const struct archived_cell *c)
{
	struct json_object *tests = doc_get(doc_get(c->json, "tap"), "tests"), *o, *env, *misc;
	struct json_object *crash = doc_at(doc_get(c->json, "crashes"), 0);
	char build[96], unique[32], comment[256];
	size_t i, failed = 0;

	make_id(build, "build", doc_string(doc_get(c->json, "kernel"), "sha256"), c->flavor);
	add_build(k, a, c, build);
	o = add_test(k, c, build, "", "");
	put(k, o, "status", status_of(c));
	if (!k->r)
		k->r = jsonout_fixed(o, "duration", doc_number(c->json, "seconds"), 3);
	snprintf(comment, sizeof(comment), "qemu microvm, %s, %.0f MiB, %.0f CPUs",
		 doc_string(c->json, "accel"), doc_number(c->json, "memory_mib"),
		 doc_number(c->json, "cpus"));
	env = json_object_new_object();
	misc = json_object_new_object();
	if (!k->r)
		k->r = env ? jsonout_add(o, "environment", env) : -ENOMEM;
	put(k, env, "comment", comment);
	put(k, o, "log_excerpt", doc_string(crash, "excerpt"));
	if (!k->r)
		k->r = misc ? jsonout_add(o, "misc", misc) : -ENOMEM;
	put(k, misc, "cell", c->name);
	put(k, misc, "verdict", c->verdict);
	put(k, misc, "expected", doc_string(c->json, "expected"));
	put(k, misc, "reason", doc_string(c->json, "reason"));
	put(k, misc, "fingerprint", doc_string(crash, "fingerprint"));
	for (i = 0; i < doc_length(tests) && failed < FAILED_TESTS_MAX; i++) {
		struct json_object *t = doc_at(tests, i);

		if (strcmp(doc_string(t, "status"), "not ok") ||
		    json_object_get_boolean(doc_get(t, "parent")))
			continue;
		snprintf(unique, sizeof(unique), "%zu", i);
		failed++;
		o = add_test(k, c, build, doc_string(t, "name"), unique);
		put(k, o, "status", "FAIL");
	}
}

int kcidb_write(FILE *f, const struct archive *a)
{
	struct json_object *doc = json_object_new_object(), *version = json_object_new_object(), *o;
	struct kcidb k = { .checkouts = json_object_new_array(),
			   .builds = json_object_new_array(),
			   .tests = json_object_new_array() };
	char id[96];
	size_t i;

	if (!doc || !version || !k.checkouts || !k.builds || !k.tests) {
		json_object_put(doc);
		json_object_put(version);
		json_object_put(k.checkouts);
		json_object_put(k.builds);
		json_object_put(k.tests);
		return -ENOMEM;
	}
	/* From here on the document owns them. */
	k.r = jsonout_add(doc, "version", version) ?: jsonout_add(doc, "checkouts", k.checkouts) ?:
	      jsonout_add(doc, "builds", k.builds) ?: jsonout_add(doc, "tests", k.tests) ?:
	      jsonout_u64(version, "major", 5) ?: jsonout_u64(version, "minor", 3);
	o = add(&k, k.checkouts);
	put(&k, o, "id", base_id(a, id));
	put(&k, o, "origin", KCIDB_ORIGIN);
	put(&k, o, "tree_name", KCIDB_ORIGIN);
	for (i = 0; i < a->cells && !k.r; i++)
		if (a->cell[i].latest)
			add_cell(&k, a, &a->cell[i]);
	k.r = k.r ?: jsonout_print(doc, f, false);
	json_object_put(doc);
	return k.r;
}
