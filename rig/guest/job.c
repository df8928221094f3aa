// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job.h"

static char *trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return s;
}

static bool valid_name(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

/* A scenario is one path component: it is looked up in fixed directories. */
static bool valid_scenario(const char *s)
{
	if (!*s || *s == '.')
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_-.", *s))
			return false;
	return true;
}

static int set_string(char **field, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

static int add_param(struct job *job, const char *name, const char *value)
{
	struct job_param *p;

	if (job->nr_params == JOB_MAX_PARAMS)
		return -E2BIG;
	p = &job->params[job->nr_params];
	p->name = strdup(name);
	p->value = strdup(value);
	job->nr_params++;
	return p->name && p->value ? 0 : -ENOMEM;
}

/* What else the host says about the run: JOB_x in the environment. */
static int add_fact(struct job *job, const char *key, const char *value)
{
	int ret = add_param(job, key, value);

	if (!ret)
		job->params[job->nr_params - 1].is_fact = true;
	return ret;
}

static int set_key(struct job *job, const char *key, const char *value)
{
	if (!strcmp(key, "cell"))
		return set_string(&job->cell, value);
	if (!strcmp(key, "scenario"))
		return valid_scenario(value) ?
			set_string(&job->scenario, value) : -EINVAL;
	if (!strcmp(key, "args"))
		return set_string(&job->args, value);
	if (!strcmp(key, "seed"))
		return set_string(&job->seed, value);
	if (!strcmp(key, "deadline"))
		return set_string(&job->deadline, value);
	if (!strcmp(key, "mode")) {
		if (!strcmp(value, "pid1"))
			job->mode = JOB_PID1;
		else if (!strcmp(value, "systemd"))
			job->mode = JOB_SYSTEMD;
		else
			return -EINVAL;
		return 0;
	}
	if (!strcmp(key, "root")) {
		if (!strcmp(value, "yes"))
			job->root = JOB_ROOT_YES;
		else if (!strcmp(value, "no"))
			job->root = JOB_ROOT_NO;
		else
			return -EINVAL;
		return 0;
	}
	if (!strcmp(key, "share")) {
		job->share = !strcmp(value, "yes");
		return 0;
	}
	return add_fact(job, key, value);
}

static int parse_line(struct job *job, char *line, bool *in_params)
{
	char *eq, *key, *value;

	line = trim(line);
	if (!*line || *line == '#' || *line == ';')
		return 0;
	if (*line == '[') {
		*in_params = !strcmp(line, "[params]") ||
			     !strcmp(line, "[param]");
		return *in_params || !strcmp(line, "[job]") ? 0 : -EINVAL;
	}
	eq = strchr(line, '=');
	if (!eq)
		return -EINVAL;
	*eq = '\0';
	key = trim(line);
	value = trim(eq + 1);
	if (!valid_name(key))
		return -EINVAL;
	return *in_params ? add_param(job, key, value) :
			    set_key(job, key, value);
}

int job_parse(struct job *job, const char *text, char *err, size_t err_size)
{
	char *copy, *pos, *line;
	bool in_params = false;
	int nr = 0, ret = 0;

	memset(job, 0, sizeof(*job));
	copy = strdup(text);
	if (!copy) {
		snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	pos = copy;
	while (!ret && (line = strsep(&pos, "\n"))) {
		nr++;
		ret = parse_line(job, line, &in_params);
	}
	free(copy);
	if (ret)
		snprintf(err, err_size, "line %d: %s", nr, strerror(-ret));
	else if (!job->scenario) {
		snprintf(err, err_size, "no scenario is named");
		ret = -EINVAL;
	}
	return ret;
}

int job_load(struct job *job, const char *path, char *err, size_t err_size)
{
	char *text;
	size_t len = 0;
	ssize_t n;
	int fd, ret;

	memset(job, 0, sizeof(*job));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		snprintf(err, err_size, "%s", strerror(-ret));
		return ret;
	}
	text = malloc(JOB_MAX_FILE + 1);
	if (!text) {
		close(fd);
		snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	while (len < JOB_MAX_FILE) {
		n = read(fd, text + len, JOB_MAX_FILE - len);
		if (n <= 0)
			break;
		len += n;
	}
	ret = n < 0 ? -errno : len == JOB_MAX_FILE ? -E2BIG : 0;
	close(fd);
	text[len] = '\0';
	if (ret)
		snprintf(err, err_size, "%s", strerror(-ret));
	else
		ret = job_parse(job, text, err, err_size);
	free(text);
	return ret;
}

void job_free(struct job *job)
{
	size_t i;

	for (i = 0; i < job->nr_params; i++) {
		free(job->params[i].name);
		free(job->params[i].value);
	}
	free(job->cell);
	free(job->scenario);
	free(job->args);
	free(job->seed);
	free(job->deadline);
	memset(job, 0, sizeof(*job));
}
