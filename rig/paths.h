/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_PATHS_H
#define RIG_PATHS_H

#include "error.h"

/* Where things of the project are. All absolute. */
struct paths {
	char *root;		/* the checkout */
	char *kernels;		/* build/kernels */
	char *image;		/* build/image/root.erofs */
	char *agent;
	char *programs;		/* directory of the guest programs */
	char *probe;		/* init of the KVM proof */
	char *swapadm;
	char *kselftest;
	char *product[4]; /* directories of what swapadm installs beside itself, NULL terminated */
	char *scenarios;
	char *plans;
	char *results;		/* build/rig */
};

/*
 * The root is $RIG_ROOT, else the nearest directory above this program that holds rig/plans.
 * Programs for the guest come from $RIG_BUILD, else build/host.
 */
int paths_new(struct paths **ret, struct rig_error *e);
void paths_free(struct paths *p);

/* Allocates DIR/NAME; NULL without memory. */
char *path_join(const char *dir, const char *name);

/* Makes DIR with its parents. 0 or -errno. */
int path_mkdirs(const char *dir);

#endif
