// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sysfs.h"

static char dir[] = "/tmp/test-sysfs-XXXXXX";
static struct sysroot root;

static void put(const char *path, const void *data, size_t len)
{
	char name[PATH_MAX];
	int fd;

	snprintf(name, sizeof(name), "%s%s", dir, path);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

static void puts_file(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

static int setup(void **state)
{
	char name[PATH_MAX];

	if (!mkdtemp(dir))
		return -1;
	snprintf(name, sizeof(name), "%s/sys", dir);
	if (mkdir(name, 0755))
		return -1;
	return sysroot_open(&root, dir);
}

static int teardown(void **state)
{
	char cmd[PATH_MAX];

	sysroot_close(&root);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static void test_u64(void **state)
{
	char expected[PATH_MAX];
	uint64_t val = 7;

	puts_file("/sys/n", "4096\n");
	assert_int_equal(sysroot_read_u64(&root, "/sys/n", &val), 0);
	assert_true(val == 4096);
	puts_file("/sys/n", "18446744073709551616\n");
	assert_int_equal(sysroot_read_u64(&root, "/sys/n", &val), -ERANGE);
	puts_file("/sys/n", "4096 kB\n");
	assert_int_equal(sysroot_read_u64(&root, "/sys/n", &val), -EBADMSG);
	puts_file("/sys/n", "");
	assert_int_equal(sysroot_read_u64(&root, "/sys/n", &val), -EBADMSG);
	puts_file("/sys/n", "1\n2\n");
	assert_int_equal(sysroot_read_u64(&root, "/sys/n", &val), -EBADMSG);
	put("/sys/n", "1\0002", 3);
	assert_int_equal(sysroot_read_u64(&root, "/sys/n", &val), -EBADMSG);
	assert_true(val == 4096);

	assert_int_equal(sysroot_read_u64(&root, "/sys/missing", &val), -ENOENT);
	snprintf(expected, sizeof(expected), "%s/sys/missing", dir);
	assert_string_equal(root.failed, expected);
	assert_int_equal(sysroot_read_u64(&root, "/sys", &val), -EISDIR);
}

static void test_bool(void **state)
{
	static const char *const good[] = { "Y\n", "N\n", "1\n", "0", "y", "n\n" };
	static const char *const bad[] = { "", "\n", "2\n", "Yes\n", "10", "YN" };
	bool val;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		puts_file("/sys/b", good[i]);
		assert_int_equal(sysroot_read_bool(&root, "/sys/b", &val), 0);
		assert_int_equal(val, strchr("Yy1", good[i][0]) != NULL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		puts_file("/sys/b", bad[i]);
		assert_int_equal(sysroot_read_bool(&root, "/sys/b", &val), -EBADMSG);
	}
}

static void test_line(void **state)
{
	char line[8];

	puts_file("/sys/l", "  zstd \n");
	assert_int_equal(sysroot_read_line(&root, "/sys/l", line, sizeof(line)), 0);
	assert_string_equal(line, "zstd");
	puts_file("/sys/l", "1234567\n");
	assert_int_equal(sysroot_read_line(&root, "/sys/l", line, sizeof(line)), 0);
	puts_file("/sys/l", "12345678\n");
	assert_int_equal(sysroot_read_line(&root, "/sys/l", line, sizeof(line)), -EBADMSG);
	puts_file("/sys/l", "");
	assert_int_equal(sysroot_read_line(&root, "/sys/l", line, sizeof(line)), 0);
	assert_string_equal(line, "");
}

static void test_bounded(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	char *big = malloc(SYSFS_FILE_MAX + 1);

	assert_non_null(big);
	memset(big, 'x', SYSFS_FILE_MAX + 1);
	put("/sys/big", big, SYSFS_FILE_MAX);
	assert_int_equal(sysroot_read(&root, "/sys/big", &sb), 0);
	assert_int_equal(sb.len, SYSFS_FILE_MAX);
	put("/sys/big", big, SYSFS_FILE_MAX + 1);
	assert_int_equal(sysroot_read(&root, "/sys/big", &sb), -EFBIG);
	strbuf_release(&sb);
	free(big);
}

/* A link must not lead out of a captured tree, and a FIFO must not block. */
static void test_fence(void **state)
{
	char name[PATH_MAX];
	uint64_t val = 0;

	snprintf(name, sizeof(name), "%s/sys/link", dir);
	assert_int_equal(symlink("/sys/target", name), 0);
	puts_file("/sys/target", "5\n");
	assert_int_equal(sysroot_read_u64(&root, "/sys/link", &val), 0);
	assert_true(val == 5);
	assert_int_equal(sysroot_read_u64(&root, "/../../sys/target", &val), 0);
	snprintf(name, sizeof(name), "%s/sys/out", dir);
	assert_int_equal(symlink("/proc/self/status", name), 0);
	assert_int_equal(sysroot_exists(&root, "/sys/out"), 0);
	snprintf(name, sizeof(name), "%s/sys/fifo", dir);
	assert_int_equal(mkfifo(name, 0600), 0);
	assert_int_equal(sysroot_read_u64(&root, "/sys/fifo", &val), -EBADMSG);
	assert_int_equal(sysroot_write(&root, "/sys/fifo", "1"), -ENXIO);
}

static void test_write(void **state)
{
	char line[32];

	puts_file("/sys/w", "old value\n");
	assert_int_equal(sysroot_write(&root, "/sys/w", "1024"), 0);
	assert_int_equal(sysroot_read_line(&root, "/sys/w", line, sizeof(line)), 0);
	/* A sysctl is written from its start; nothing is cut off. */
	assert_string_equal(line, "1024value");
	assert_int_equal(sysroot_write(&root, "/sys/none", "1"), -ENOENT);
	assert_int_equal(sysroot_exists(&root, "/sys/none"), 0);
	assert_int_equal(sysroot_write(&root, "/sys", "1"), -EISDIR);
}

static void test_root(void **state)
{
	static char longer[PATH_MAX + 16];
	struct sysroot sr;
	char path[16];

	assert_int_equal(sysroot_open(&sr, NULL), 0);
	assert_true(sr.real);
	assert_int_equal(sysroot_exists(&sr, "/proc/self/status"), 1);
	assert_int_equal(sysroot_path(&sr, "/proc/swaps", path, sizeof(path)), 0);
	assert_string_equal(path, "/proc/swaps");
	assert_int_equal(sysroot_path(&sr, "/proc/swaps/longer", path, sizeof(path)),
			 -ENAMETOOLONG);
	sysroot_close(&sr);

	assert_int_equal(sysroot_open(&sr, "///"), 0);
	assert_true(sr.real);
	sysroot_close(&sr);
	assert_int_equal(sysroot_open(&sr, "/nonexistent"), -ENOENT);
	assert_string_equal(sr.failed, "/nonexistent");
	sysroot_close(&sr);
	assert_int_equal(sysroot_open(&sr, "/dev/null"), -ENOTDIR);
	sysroot_close(&sr);
	assert_int_equal(sysroot_open(&sr, ""), -ENOENT);
	sysroot_close(&sr);
	memset(longer, '/', sizeof(longer) - 1);
	longer[sizeof(longer) - 2] = 'x';
	assert_int_equal(sysroot_open(&sr, longer), -ENAMETOOLONG);
	sysroot_close(&sr);
}

static void test_keyed(void **state)
{
	static const char text[] = "zswpin 12\nzswpout 34\nZswap:   100 kB\nHuge: 18014398509481984 kB\n"
				   "bad x\nswpin_zero_more 5\nswpin_zero 6\nlast 9";
	uint64_t val = 0;

	assert_int_equal(keyed_u64(text, "zswpin", &val), 0);
	assert_true(val == 12);
	assert_int_equal(keyed_u64(text, "zswpout", &val), 0);
	assert_true(val == 34);
	assert_int_equal(keyed_u64(text, "Zswap", &val), 0);
	assert_true(val == 102400);
	assert_int_equal(keyed_u64(text, "swpin_zero", &val), 0);
	assert_true(val == 6);
	assert_int_equal(keyed_u64(text, "last", &val), 0);
	assert_true(val == 9);
	assert_int_equal(keyed_u64(text, "swpin", &val), -ENOENT);
	assert_int_equal(keyed_u64(text, "pswpin", &val), -ENOENT);
	assert_int_equal(keyed_u64(text, "Huge", &val), -ERANGE);
	assert_int_equal(keyed_u64(text, "bad", &val), -EBADMSG);
	assert_int_equal(keyed_u64("", "bad", &val), -ENOENT);
	assert_int_equal(keyed_u64("bad", "bad", &val), -ENOENT);
	assert_int_equal(keyed_u64("bad ", "bad", &val), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_bool),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_fence),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_keyed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
