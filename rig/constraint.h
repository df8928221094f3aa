/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_CONSTRAINT_H
#define RIG_CONSTRAINT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a host has the feature NAME of LEN bytes. */
typedef bool (*feature_fn)(const char *name, size_t len, void *userdata);

/*
 * Whether a host's features meet EXPR, as Slurm reads it: `a&b` both, `a|b` one of them, from left
 * to right. An empty name is a feature that nobody has.
 */
bool constraint_holds(const char *expr, feature_fn has, void *userdata);

/*
 * Features that this host has by itself: `tcg`; `kvm` when it was proven; `coresN` and `memN` (GiB)
 * for all N up to what it has, so that a constraint can ask for at least so much.
 */
bool host_has_feature(const char *name, size_t len, bool kvm);

#endif
