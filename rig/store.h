/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_STORE_H
#define RIG_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/*
 * Files by the hash of their content, in one directory of a host, for all fleets and all jobs
 * there. What is used is a hard link beside the job: so the number of links says whether a file is
 * in use, however a job ended. The file that was not used for the longest time goes first when
 * there is no room.
 */
struct store;

/* DIR is made; BOUND in bytes. */
int store_new(const char *dir, uint64_t bound, struct store **ret, struct rig_error *e);
void store_free(struct store *s);

/*
 * Links the file of that hash to the path TO, after reading it: -ENOENT when it is not there,
 * -EBADMSG when it is not what its name says; then it is gone, and to be fetched again.
 */
int store_take(struct store *s, const char *sha256, const char *to, struct rig_error *e);

/* Whether some other process is bringing that file just now. */
bool store_incoming(const struct store *s, const char *sha256);

/* A file that comes in. One at a time for each struct store. */
int store_put_begin(struct store *s, const char *sha256, uint64_t size, struct rig_error *e);
int store_put_data(struct store *s, const void *data, size_t len, struct rig_error *e);
/* -EBADMSG when what came is not of that hash. */
int store_put_end(struct store *s, struct rig_error *e);
void store_put_abort(struct store *s);

/* Path of what comes in, for a program that writes it by itself between begin and end. */
const char *store_put_path(const struct store *s);

#endif
