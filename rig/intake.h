/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_INTAKE_H
#define RIG_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "cell-id.h"
#include "error.h"
#include "verdict.h"

/* Bounds of what a host may send back for one attempt. */
#define INTAKE_FILES_MAX	16
#define INTAKE_BYTES_MAX	(160ull << 20)	/* console (64 MiB), channel (17), result, logs */
#define INTAKE_RESULT_MAX	(48ull << 20)

/*
 * Takes the files of one attempt from a host that is not trusted: only files that a result has, by
 * their plain names, into a directory that appears under its name when it is complete.
 */
struct intake;

/* DIR is what becomes the attempt's directory; its parents are made. */
int intake_new(const char *dir, struct intake **ret, struct rig_error *e);
/* What was not committed is removed. */
void intake_free(struct intake *in);

/* Begins file NAME of SIZE bytes, that intake_data() brings. */
int intake_file(struct intake *in, const char *name, uint64_t size, struct rig_error *e);
int intake_data(struct intake *in, const void *data, size_t len, struct rig_error *e);

/* All are here: the directory gets its name; what had it before goes. */
int intake_commit(struct intake *in, struct rig_error *e);

/*
 * The same for files that another program (rsync) has put into the directory FROM: takes what a
 * result has and leaves the rest.
 */
int intake_directory(struct intake *in, const char *from, struct rig_error *e);

/* Names of the files that a host sends, NULL terminated. */
extern const char *const intake_names[];

/* What result.json of one attempt says. */
struct intake_result {
	enum verdict verdict;
	char reason[512];
	double seconds;
	bool kvm;
};

/*
 * Reads DIR/result.json and accepts it only as the complete result of exactly this cell, attempt
 * and host. 0, or -errno with the reason in E.
 */
int intake_read_result(const char *dir, const char *id, unsigned int attempt, const char *host,
		       struct intake_result *ret, struct rig_error *e);

/* Removes the directory PATH with all in it, without following links. */
int remove_tree(const char *path);

#endif
