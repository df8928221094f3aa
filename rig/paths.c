// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "paths.h"

char *path_join(const char *dir, const char *name)
{
	char *s;

	return asprintf(&s, "%s/%s", dir, name) < 0 ? NULL : s;
}

int path_mkdirs(const char *dir)
{
	char copy[PATH_MAX], *p;

	if (snprintf(copy, sizeof(copy), "%s", dir) >= (int)sizeof(copy))
		return -ENAMETOOLONG;
	for (p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0755) && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(copy, 0755) && errno != EEXIST ? -errno : 0;
}

static int find_root(char root[PATH_MAX], struct rig_error *e)
{
	const char *env = getenv("RIG_ROOT");
	char path[PATH_MAX + 16], *slash;
	struct stat st;
	ssize_t n;

	if (env) {
		if (!realpath(env, root))
			return rig_fail(e, -errno, "RIG_ROOT: cannot use %s: %s", env,
					strerror(errno));
		return 0;
	}
	n = readlink("/proc/self/exe", root, PATH_MAX - 1);
	if (n < 0)
		return rig_fail(e, -errno, "cannot find this program: %s", strerror(errno));
	root[n] = '\0';
	while ((slash = strrchr(root, '/')) && slash > root) {
		*slash = '\0';
		snprintf(path, sizeof(path), "%s/rig/plans", root);
		if (!stat(path, &st) && S_ISDIR(st.st_mode))
			return 0;
	}
	return rig_fail(e, -ENOENT, "cannot find the project above this program: set RIG_ROOT");
}

int paths_new(struct paths **ret, struct rig_error *e)
{
	const char *build = getenv("RIG_BUILD");
	char root[PATH_MAX], host[PATH_MAX + 16];
	struct paths *p;
	int r;

	r = find_root(root, e);
	if (r)
		return r;
	if (!build)
		snprintf(host, sizeof(host), "%s/build/host", root);
	else if (!realpath(build, host))
		return rig_fail(e, -errno, "RIG_BUILD: cannot use %s: %s", build, strerror(errno));

	p = calloc(1, sizeof(*p));
	if (!p)
		return rig_fail(e, -ENOMEM, "out of memory");
	p->root = strdup(root);
	p->kernels = path_join(root, "build/kernels");
	p->image = path_join(root, "build/image/root.erofs");
	p->agent = path_join(host, "rig/guest/agent");
	p->programs = path_join(host, "rig/guest");
	p->probe = path_join(host, "rig/probe-init");
	p->swapadm = path_join(host, "tools/swapadm/swapadm");
	p->kselftest = path_join(root, "build/kselftest");
	p->scenarios = path_join(root, "rig/scenarios");
	p->product[0] = path_join(root, "tools/swapadm/sysctl.d");
	p->product[1] = path_join(root, "tools/swapadm/systemd");
	p->product[2] = path_join(root, "tools/swapadm/udev");
	p->plans = path_join(root, "rig/plans");
	p->results = path_join(root, "build/rig");
	if (!p->root || !p->kernels || !p->image || !p->agent || !p->programs || !p->probe ||
	    !p->swapadm || !p->kselftest || !p->product[0] || !p->product[1] || !p->product[2] ||
	    !p->scenarios || !p->plans || !p->results) {
		paths_free(p);
		return rig_fail(e, -ENOMEM, "out of memory");
	}
	*ret = p;
	return 0;
}

void paths_free(struct paths *p)
{
	if (!p)
		return;
	free(p->root);
	free(p->kernels);
	free(p->image);
	free(p->agent);
	free(p->programs);
	free(p->probe);
	free(p->swapadm);
	free(p->kselftest);
	free(p->scenarios);
	free(p->product[0]);
	free(p->product[1]);
	free(p->product[2]);
	free(p->plans);
	free(p->results);
	free(p);
}
