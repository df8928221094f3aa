// SPDX-License-Identifier: GPL-2.0
/* The formats that are made from result.json. The document itself is checked against its schema in test-engine.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "result.h"
#include "tap.h"

static char *render(const char *json, int (*write)(struct json_object *, FILE *))
{
	struct json_object *doc = json_tokener_parse(json);
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_int_equal(write(doc, f), 0);
	fclose(f);
	json_object_put(doc);
	return text;
}

static const char sample[] =
	"{ \"plan\": { \"name\": \"p\" }, \"cells\": ["
	"{ \"name\": \"a\", \"verdict\": \"pass\", \"expected\": \"pass\", \"ok\": true, \"seconds\": 1.5, \"started\": \"T\","
	"  \"tap\": { \"tests\": [ { \"name\": \"s1\", \"status\": \"ok\", \"depth\": 1 },"
	"    { \"name\": \"s2 # x\", \"status\": \"skip\", \"note\": \"SKIP no\", \"depth\": 1 },"
	"    { \"name\": \"top\", \"status\": \"ok\", \"depth\": 0, \"parent\": true },"
	"    { \"name\": \"last\", \"status\": \"todo\", \"note\": \"TODO t\", \"depth\": 0 } ] } },"
	"{ \"name\": \"b\", \"verdict\": \"crash\", \"expected\": \"pass\", \"ok\": false, \"reason\": \"BUG: <x>\\n\\\"y\\\"\", \"seconds\": 2,"
	"  \"crashes\": [ { \"excerpt\": \"line & line\\n\" } ] },"
	"{ \"name\": \"c\", \"verdict\": \"fail\", \"expected\": \"pass\", \"ok\": false, \"reason\": \"no\", \"tap\": { \"tests\": ["
	"    { \"name\": \"f\", \"status\": \"not ok\", \"depth\": 0 } ] } },"
	"{ \"name\": \"d\", \"verdict\": \"skip\", \"expected\": \"pass\", \"ok\": false, \"reason\": \"not here\" },"
	"{ \"name\": \"e\", \"verdict\": \"timeout\", \"expected\": \"timeout\", \"ok\": true, \"reason\": \"slow\" } ] }";

static void test_junit(void **state)
{
	char *text = render(sample, result_write_junit);

	(void)state;
	assert_string_equal(text,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites name=\"p\">\n"
		"  <testsuite name=\"a\" tests=\"4\" failures=\"0\" errors=\"0\" skipped=\"1\" time=\"1.500\" timestamp=\"T\">\n"
		"    <testcase name=\"(cell)\" classname=\"p.a\" time=\"1.500\"/>\n"
		"    <testcase name=\"s1\" classname=\"p.a\"/>\n"
		"    <testcase name=\"s2 # x\" classname=\"p.a\"><skipped message=\"SKIP no\"/></testcase>\n"
		"    <testcase name=\"last\" classname=\"p.a\"/>\n"
		"  </testsuite>\n"
		"  <testsuite name=\"b\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" time=\"2.000\" timestamp=\"\">\n"
		"    <testcase name=\"(cell)\" classname=\"p.b\" time=\"2.000\"><error type=\"crash\" message=\"BUG: &lt;x&gt; &quot;y&quot;\">"
		"line &amp; line\n</error></testcase>\n"
		"  </testsuite>\n"
		"  <testsuite name=\"c\" tests=\"2\" failures=\"2\" errors=\"0\" skipped=\"0\" time=\"0.000\" timestamp=\"\">\n"
		"    <testcase name=\"(cell)\" classname=\"p.c\" time=\"0.000\"><failure type=\"fail\" message=\"no\"></failure></testcase>\n"
		"    <testcase name=\"f\" classname=\"p.c\"><failure message=\"\"/></testcase>\n"
		"  </testsuite>\n"
		"  <testsuite name=\"d\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\" time=\"0.000\" timestamp=\"\">\n"
		"    <testcase name=\"(cell)\" classname=\"p.d\" time=\"0.000\"><skipped message=\"not here\"/></testcase>\n"
		"  </testsuite>\n"
		"  <testsuite name=\"e\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"0.000\" timestamp=\"\">\n"
		"    <testcase name=\"(cell)\" classname=\"p.e\" time=\"0.000\"/>\n"
		"  </testsuite>\n"
		"</testsuites>\n");
	free(text);
}

static void test_ktap(void **state)
{
	char *text = render(sample, result_write_ktap), *line, *save = NULL;
	struct tap *t;

	(void)state;
	assert_string_equal(text,
		"KTAP version 1\n1..5\n"
		"    KTAP version 1\n    1..2\n"
		"        ok 1 s1\n        ok 2 s2   x # SKIP no\n    ok 1 top\n    ok 2 last # TODO t\n"
		"ok 1 a\n"
		"# crash: BUG: <x> \"y\"\nnot ok 2 b\n"
		"    KTAP version 1\n    1..1\n    not ok 1 f\n"
		"# fail: no\nnot ok 3 c\n"
		"ok 4 d # SKIP not here\n"
		"ok 5 e\n");
	/* and our own reader agrees */
	t = tap_new();
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		tap_line(t, line);
	tap_end(t);
	assert_int_equal(tap_totals(t)->plan_errors, 0);
	assert_int_equal(tap_totals(t)->passed, 3);
	assert_int_equal(tap_totals(t)->failed, 2);
	assert_int_equal(tap_totals(t)->skipped, 2);
	tap_free(t);
	free(text);
}

/* Documents that are not what they should be: thin output, no crash. */
static void test_foreign(void **state)
{
	static const char * const docs[] = {
		"{}", "[]", "null", "{ \"cells\": 3 }", "{ \"cells\": [ null, 3, [], {} ] }",
		"{ \"plan\": [], \"cells\": [ { \"name\": 7, \"tap\": [], \"crashes\": {} } ] }",
		"{ \"cells\": [ { \"name\": \"x\", \"tap\": { \"tests\": [ null, { \"depth\": -5 }, { \"depth\": 99 }, 7 ] } } ] }",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(docs) / sizeof(docs[0]); i++) {
		free(render(docs[i], result_write_junit));
		free(render(docs[i], result_write_ktap));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_junit),
		cmocka_unit_test(test_ktap),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
