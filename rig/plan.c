// SPDX-License-Identifier: GPL-2.0
/* Plan files: INI by libinih; every key is known or an error with file and line. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <ini.h>

#include "matrix.h"
#include "plan.h"

#define TAINT_TEST	(1ull << 18)	/* set by KUnit and by test modules: no fault */
#define MEMORY_MAX	(1u << 24)	/* MiB */
#define SECTION_KEYS_MAX 128

enum section {
	SECTION_NONE,
	SECTION_PLAN,
	SECTION_DEFAULTS,
	SECTION_CELL,
	SECTION_MATRIX,
	SECTION_FLEET,
};

/*
 * inih tells no line numbers: the reader counts them, and sees the section headers itself because
 * inih skips empty sections.
 */
struct parser {
	FILE *file;
	const char *path;
	int line;
	struct plan *plan;
	struct cell_spec defaults;
	enum section section;
	struct cell_spec *cell;
	struct matrix *matrix;	/* of the section being read */
	int matrix_line;
	char *keys[SECTION_KEYS_MAX];
	unsigned int nkeys;
	struct rig_error *error;
	int result;
};

static const char * const event_names[EVENT_MAX] = {
	[EVENT_OOM] = "oom",
	[EVENT_ALLOC_FAILURE] = "alloc-failure",
	[EVENT_IO_ERROR] = "io-error",
	[EVENT_SEGFAULT] = "segfault",
};

const char *console_event_name(enum console_event e)
{
	return event_names[e];
}

#define bad(p, fmt, ...)                                                                  \
	((p)->result = rig_fail((p)->error, -EINVAL, "%s:%d: " fmt, (p)->path, (p)->line, \
				##__VA_ARGS__))

static int no_memory(struct parser *p)
{
	return p->result = rig_fail(p->error, -ENOMEM, "%s: out of memory", p->path);
}

static void spec_clear(struct cell_spec *c)
{
	unsigned int i;

	free(c->name);
	free(c->kernel);
	free(c->config);
	free(c->constraint);
	free(c->scenario);
	free(c->args);
	free(c->append);
	free(c->share);
	for (i = 0; i < c->params; i++) {
		free(c->param[i].name);
		free(c->param[i].value);
	}
	memset(c, 0, sizeof(*c));
}

static int dup_to(char **to, const char *from)
{
	char *s = NULL;

	if (from) {
		s = strdup(from);
		if (!s)
			return -ENOMEM;
	}
	free(*to);
	*to = s;
	return 0;
}

/* Settings of FROM into TO; name and line of TO stay. */
static int spec_copy(struct cell_spec *to, const struct cell_spec *from)
{
	struct cell_spec c = *from;
	unsigned int i;
	int r;

	c.name = c.kernel = c.config = c.constraint = c.scenario = c.args = c.append = c.share = NULL;
	c.params = 0;
	r = dup_to(&c.kernel, from->kernel) ?: dup_to(&c.scenario, from->scenario) ?:
	    dup_to(&c.args, from->args) ?: dup_to(&c.append, from->append) ?:
	    dup_to(&c.share, from->share) ?: dup_to(&c.config, from->config) ?:
	    dup_to(&c.constraint, from->constraint);
	for (i = 0; !r && i < from->params; i++) {
		c.param[i].name = c.param[i].value = NULL;
		r = dup_to(&c.param[i].name, from->param[i].name) ?:
			    dup_to(&c.param[i].value, from->param[i].value);
		c.params++;
	}
	if (r) {
		spec_clear(&c);
		return r;
	}
	c.name = to->name;
	c.line = to->line;
	to->name = NULL;
	spec_clear(to);
	*to = c;
	return 0;
}

static int parse_number(const char *s, uint64_t min, uint64_t max, uint64_t *ret)
{
	unsigned long long v;
	char *end;

	if (!isdigit((unsigned char)s[0]))
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, 0);
	if (errno || *end || v < min || v > max)
		return -EINVAL;
	*ret = v;
	return 0;
}

int parse_size(const char *s, uint64_t *ret)
{
	unsigned long long v;
	unsigned int shift = 0;
	char *end;

	if (!isdigit((unsigned char)s[0]))
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno)
		return -EINVAL;
	switch (toupper((unsigned char)*end)) {
	case 'T':
		shift += 10;
		/* fall through */
	case 'G':
		shift += 10;
		/* fall through */
	case 'M':
		shift += 10;
		/* fall through */
	case 'K':
		shift += 10;
		end++;
		break;
	}
	if (*end || (shift && v >> (64 - shift)))
		return -EINVAL;
	*ret = v << shift;
	return 0;
}

static int parse_bool(const char *s, bool *ret)
{
	if (!strcmp(s, "yes"))
		*ret = true;
	else if (!strcmp(s, "no"))
		*ret = false;
	else
		return -EINVAL;
	return 0;
}

static bool valid_name(const char *s, size_t max, const char *more)
{
	size_t n = strlen(s);

	if (!n || n > max || !isalnum((unsigned char)s[0]))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr(more, *s))
			return false;
	return true;
}

static int set_disk(struct parser *p, struct cell_spec *c, const char *name, const char *value)
{
	struct disk_spec d = { 0 };
	char copy[256], *save = NULL, *word;
	unsigned int i;

	if (!valid_name(name, sizeof(d.name) - 1, "-_") || !strcmp(name, "rootfs"))
		return bad(
			p,
			"disk.%s: a disk's name is 1 to 16 letters, digits, - and _, and not rootfs",
			name);
	strcpy(d.name, name);
	for (i = 0; i < c->disks; i++)
		if (!strcmp(c->disk[i].name, name))
			break;
	if (!strcmp(value, "none")) {
		if (i < c->disks) {
			memmove(&c->disk[i], &c->disk[i + 1], (c->disks - i - 1) * sizeof(d));
			c->disks--;
		}
		return 0;
	}
	if (i == CELL_DISKS_MAX)
		return bad(p, "disk.%s: more than %d disks", name, CELL_DISKS_MAX);
	if (snprintf(copy, sizeof(copy), "%s", value) >= (int)sizeof(copy))
		return bad(p, "disk.%s: value too long", name);
	for (word = strtok_r(copy, ", \t", &save); word; word = strtok_r(NULL, ", \t", &save)) {
		char *eq = strchr(word, '=');
		uint64_t *field = NULL;

		if (eq) {
			*eq++ = '\0';
			if (!strcmp(word, "size"))
				field = &d.size;
			else if (!strcmp(word, "bps"))
				field = &d.bps;
			else if (!strcmp(word, "iops"))
				field = &d.iops;
		}
		if (!field)
			return bad(p, "disk.%s: %s: expected size=, bps= or iops=", name, word);
		if (parse_size(eq, field) || !*field)
			return bad(p, "disk.%s: %s: not a size: %s", name, word, eq);
	}
	if (d.size < 512 || d.size % 512)
		return bad(p, "disk.%s: size= is needed, a multiple of 512", name);
	c->disk[i] = d;
	if (i == c->disks)
		c->disks++;
	return 0;
}

static int set_param(struct parser *p, struct cell_spec *c, const char *name, const char *value)
{
	unsigned int i;

	if (!valid_name(name, 40, "_"))
		return bad(p, "param.%s: a parameter's name is letters, digits and _", name);
	for (i = 0; i < c->params; i++)
		if (!strcmp(c->param[i].name, name))
			return dup_to(&c->param[i].value, value) ? no_memory(p) : 0;
	if (i == CELL_PARAMS_MAX)
		return bad(p, "param.%s: more than %d parameters", name, CELL_PARAMS_MAX);
	c->param[i].name = c->param[i].value = NULL;
	c->params++;
	if (dup_to(&c->param[i].name, name) || dup_to(&c->param[i].value, value))
		return no_memory(p);
	return 0;
}

static int set_fail_on(struct parser *p, struct cell_spec *c, const char *value)
{
	char copy[128], *save = NULL, *word;
	int e;

	c->fail_on = 0;
	if (!strcmp(value, "none"))
		return 0;
	snprintf(copy, sizeof(copy), "%s", value);
	for (word = strtok_r(copy, ", \t", &save); word; word = strtok_r(NULL, ", \t", &save)) {
		for (e = 0; e < EVENT_MAX && strcmp(word, event_names[e]); e++)
			;
		if (e == EVENT_MAX)
			return bad(p, "fail_on: unknown event: %s", word);
		c->fail_on |= 1u << e;
	}
	return 0;
}

static int set_like(struct parser *p, struct cell_spec *c, const char *value)
{
	size_t i;

	if (p->section != SECTION_CELL)
		return bad(p, "like: only in a cell");
	if (p->nkeys != 1)
		return bad(p, "like: must be the first key of its cell");
	for (i = 0; i < p->plan->cells; i++) {
		struct cell_spec *from = p->plan->cell[i];

		if (from != c && !strcmp(from->name, value))
			return spec_copy(c, from) ? no_memory(p) : 0;
	}
	return bad(p, "like: no cell before this one is named %s", value);
}

static int set_text(struct parser *p, char **to, const char *value)
{
	return dup_to(to, value) ? no_memory(p) : 0;
}

static int set_unsigned(struct parser *p, const char *key, const char *value, uint64_t min,
			uint64_t max, unsigned int *to)
{
	uint64_t v;

	if (parse_number(value, min, max, &v))
		return bad(p, "%s: not a number from %" PRIu64 " to %" PRIu64 ": %s", key, min, max,
			   value);
	*to = v;
	return 0;
}

static int set_flag(struct parser *p, const char *key, const char *value, bool *to)
{
	return parse_bool(value, to) ? bad(p, "%s: neither yes nor no: %s", key, value) : 0;
}

static int set_cell_key(struct parser *p, struct cell_spec *c, const char *key, const char *value)
{
	uint64_t v;
	int r;

	if (!strncmp(key, "disk.", 5))
		return set_disk(p, c, key + 5, value);
	if (!strncmp(key, "param.", 6))
		return set_param(p, c, key + 6, value);
	if (!strcmp(key, "like"))
		return set_like(p, c, value);
	if (!strcmp(key, "kernel")) {
		if (!strchr(value, '/') && !valid_name(value, 65, "-_.+"))
			return bad(p, "kernel: neither a flavour nor a path: %s", value);
		return set_text(p, &c->kernel, value);
	}
	if (!strcmp(key, "config")) {
		if (!valid_name(value, 32, "-_."))
			return bad(p, "config: not a plain name: %s", value);
		return set_text(p, &c->config, strcmp(value, "none") ? value : NULL);
	}
	if (!strcmp(key, "constraint")) {
		if (value[strspn(value, CONSTRAINT_CHARS)])
			return bad(p, "constraint: features joined by & or |: %s", value);
		return set_text(p, &c->constraint, *value && strcmp(value, "none") ? value : NULL);
	}
	if (!strcmp(key, "scenario")) {
		if (!valid_name(value, 64, "-_."))
			return bad(p, "scenario: not a plain file name: %s", value);
		return set_text(p, &c->scenario, value);
	}
	if (!strcmp(key, "args"))
		return set_text(p, &c->args, value);
	if (!strcmp(key, "append"))
		return set_text(p, &c->append, value);
	if (!strcmp(key, "share"))
		return set_text(p, &c->share, value);
	if (!strcmp(key, "memory")) {
		if (parse_size(value, &v) || v < 32ull << 20 || v >> 20 > MEMORY_MAX ||
		    v % (1 << 20))
			return bad(p, "memory: not a size of whole MiB from 32M: %s", value);
		c->memory = v >> 20;
		return 0;
	}
	if (!strcmp(key, "cpus"))
		return set_unsigned(p, key, value, 1, 256, &c->cpus);
	if (!strcmp(key, "deadline"))
		return set_unsigned(p, key, value, 1, 7 * 86400, &c->deadline);
	if (!strcmp(key, "boot"))
		return set_unsigned(p, key, value, 1, 86400, &c->boot);
	if (!strcmp(key, "heartbeat"))
		return set_unsigned(p, key, value, 1, 86400, &c->heartbeat);
	if (!strcmp(key, "mode")) {
		if (!strcmp(value, "pid1"))
			c->mode = CELL_PID1;
		else if (!strcmp(value, "systemd"))
			c->mode = CELL_SYSTEMD;
		else
			return bad(p, "mode: neither pid1 nor systemd: %s", value);
		return 0;
	}
	if (!strcmp(key, "expect")) {
		r = verdict_parse(value);
		if (r < 0)
			return bad(p, "expect: no such verdict: %s", value);
		c->expect = r;
		return 0;
	}
	if (!strcmp(key, "icount"))
		return set_flag(p, key, value, &c->icount);
	if (!strcmp(key, "root"))
		return set_flag(p, key, value, &c->root);
	if (!strcmp(key, "seed")) {
		c->seed_random = !strcmp(value, "random");
		if (!c->seed_random && parse_number(value, 0, UINT64_MAX, &c->seed))
			return bad(p, "seed: neither a number nor random: %s", value);
		return 0;
	}
	if (!strcmp(key, "allow_taint")) {
		if (parse_number(value, 0, UINT64_MAX, &c->allow_taint))
			return bad(p, "allow_taint: not a number: %s", value);
		return 0;
	}
	if (!strcmp(key, "fail_on"))
		return set_fail_on(p, c, value);
	return bad(p, "unknown key: %s", key);
}

static int set_plan_key(struct parser *p, const char *key, const char *value)
{
	if (!strcmp(key, "name")) {
		if (!valid_name(value, CELL_NAME_MAX, "-_."))
			return bad(p, "name: letters, digits, - _ and . only: %s", value);
		return set_text(p, &p->plan->name, value);
	}
	if (!strcmp(key, "description"))
		return set_text(p, &p->plan->description, value);
	return bad(p, "unknown key: %s", key);
}

static void forget_keys(struct parser *p)
{
	while (p->nkeys)
		free(p->keys[--p->nkeys]);
}

static int begin_cell(struct parser *p, const char *name)
{
	struct plan *plan = p->plan;
	struct cell_spec *c, **grown;
	size_t i;

	if (!valid_name(name, CELL_NAME_MAX, "-_.@+"))
		return bad(p, "[cell %s]: a cell's name is 1 to %d letters, digits and - _ . @ +",
			   name, CELL_NAME_MAX);
	for (i = 0; i < plan->cells; i++)
		if (!strcmp(plan->cell[i]->name, name))
			return bad(p, "[cell %s]: the name was used in line %d", name,
				   plan->cell[i]->line);
	if (plan->cells == PLAN_CELLS_MAX)
		return bad(p, "more than %d cells", PLAN_CELLS_MAX);
	c = calloc(1, sizeof(*c));
	if (!c)
		return no_memory(p);
	grown = realloc(plan->cell, (plan->cells + 1) * sizeof(*grown));
	if (!grown) {
		free(c);
		return no_memory(p);
	}
	plan->cell = grown;
	plan->cell[plan->cells++] = c;
	c->name = strdup(name);
	c->line = p->line;
	if (!c->name || spec_copy(c, &p->defaults))
		return no_memory(p);
	p->cell = c;
	p->section = SECTION_CELL;
	return 0;
}

static int begin_matrix(struct parser *p, const char *name)
{
	if (!valid_name(name, 32, "-_.@+"))
		return bad(p, "[matrix %s]: a matrix's name is 1 to 32 letters, digits and - _ . @ +",
			   name);
	p->matrix = matrix_new(name);
	if (!p->matrix)
		return no_memory(p);
	p->matrix_line = p->line;
	p->section = SECTION_MATRIX;
	return 0;
}

static int matrix_cell(const char *name, const struct matrix_setting *setting, size_t n,
		       void *userdata)
{
	struct parser *p = userdata;
	size_t i;
	int r;

	p->line = p->matrix_line;
	r = begin_cell(p, name);
	for (i = 0; i < n && !r; i++) {
		p->line = setting[i].line;
		r = set_cell_key(p, p->cell, setting[i].key, setting[i].value);
	}
	return r;
}

/* Its section is over: the cells come to stand where the matrix stands. */
static int end_matrix(struct parser *p)
{
	struct rig_error why = { "" };
	int line = p->line, wrong = p->matrix_line, r;

	if (!p->matrix)
		return 0;
	r = matrix_expand(p->matrix, matrix_cell, p, &wrong, &why);
	matrix_free(p->matrix);
	p->matrix = NULL;
	if (r && !p->result) {
		p->line = wrong;
		bad(p, "%s", why.text);
	}
	if (!p->result)
		p->line = line;
	return p->result;
}

static int begin_section(struct parser *p, char *header)
{
	char *end = strchr(header, ']');

	if (!end)
		return bad(p, "section without ]");
	*end = '\0';
	if (end_matrix(p))
		return p->result;
	forget_keys(p);
	p->cell = NULL;
	if (!strcmp(header, "plan")) {
		p->section = SECTION_PLAN;
		return 0;
	}
	if (!strcmp(header, "defaults")) {
		if (p->plan->cells)
			return bad(p, "[defaults] must stand before the first cell");
		p->section = SECTION_DEFAULTS;
		return 0;
	}
	if (!strncmp(header, "cell ", 5)) {
		header += 5;
		header += strspn(header, " \t");
		return begin_cell(p, header);
	}
	if (!strncmp(header, "matrix ", 7)) {
		header += 7;
		header += strspn(header, " \t");
		return begin_matrix(p, header);
	}
	if (!strcmp(header, "fleet")) {
		p->section = SECTION_FLEET;
		return 0;
	}
	return bad(p, "[%s]: expected [plan], [fleet], [defaults], [cell NAME] or [matrix NAME]",
		   header);
}

static char *read_line(char *buf, int size, void *stream)
{
	struct parser *p = stream;
	char copy[512], *s;

	if (p->result || !fgets(buf, size, p->file))
		return NULL;
	p->line++;
	if (!strchr(buf, '\n') && !feof(p->file)) {
		bad(p, "line too long: %d bytes at most", size - 2);
		return NULL;
	}
	/* inih would join an indented line to the one before; here indentation means nothing. */
	s = buf + strspn(buf, " \t");
	memmove(buf, s, strlen(s) + 1);
	if (buf[0] == '[') {
		snprintf(copy, sizeof(copy), "%s", buf + 1);
		if (begin_section(p, copy))
			return NULL;
	} else if (buf[0] && !strchr("#;\r\n", buf[0]) && !strpbrk(buf, "=:")) {
		bad(p, "neither a section nor key = value");
		return NULL;
	}
	return buf;
}

static int handle(void *user, const char *section, const char *key, const char *value)
{
	struct parser *p = user;
	unsigned int i;

	(void)section;
	if (p->result)
		return 0;
	if (p->section == SECTION_NONE) {
		bad(p, "key before the first section: %s", key);
		return 0;
	}
	for (i = 0; i < p->nkeys; i++)
		if (!strcmp(p->keys[i], key)) {
			bad(p, "%s: given twice", key);
			return 0;
		}
	if (p->nkeys == SECTION_KEYS_MAX) {
		bad(p, "more than %d keys in a section", SECTION_KEYS_MAX);
		return 0;
	}
	p->keys[p->nkeys] = strdup(key);
	if (!p->keys[p->nkeys]) {
		no_memory(p);
		return 0;
	}
	p->nkeys++;
	for (i = 0; value[i]; i++)
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f) {
			bad(p, "%s: control character in the value", key);
			return 0;
		}
	if (p->section == SECTION_PLAN)
		return !set_plan_key(p, key, value);
	if (p->section == SECTION_FLEET || p->section == SECTION_MATRIX) {
		struct rig_error why;
		int r;

		r = p->section == SECTION_FLEET ?
			    fleet_option_set(p->plan->fleet, key, value, &why) :
		    !strcmp(key, "like") ?
			    rig_fail(&why, -EINVAL, "like: not in a matrix") :
			    matrix_add(p->matrix, key, value, p->line, &why);
		if (r)
			bad(p, "%s", why.text);
		return !r;
	}
	return !set_cell_key(p, p->section == SECTION_CELL ? p->cell : &p->defaults, key, value);
}

/* The default name of a plan is its file's, without directory and .ini. */
static char *name_from_path(const char *path)
{
	const char *base = strrchr(path, '/');
	size_t n;
	char *s;

	base = base ? base + 1 : path;
	n = strlen(base);
	if (n > 4 && !strcmp(base + n - 4, ".ini"))
		n -= 4;
	s = strndup(base, n);
	if (s && !valid_name(s, CELL_NAME_MAX, "-_.")) {
		free(s);
		s = strdup("plan");
	}
	return s;
}

/* 32 bits: enough to differ, and exact in any reader of JSON. */
static int random_seed(uint64_t *seed)
{
	uint32_t v;

	if (getrandom(&v, sizeof(v), 0) != sizeof(v))
		return -errno;
	*seed = v;
	return 0;
}

/* From here on a kernel and its configuration are one name. */
static int fold_config(struct parser *p, struct cell_spec *c)
{
	char *kernel;

	if (!c->config)
		return 0;
	if (strchr(c->kernel, '/'))
		return bad(p, "[cell %s]: config is for a flavour, not for a file: %s", c->name,
			   c->kernel);
	if (asprintf(&kernel, "%s+%s", c->kernel, c->config) < 0)
		return no_memory(p);
	free(c->kernel);
	c->kernel = kernel;
	free(c->config);
	c->config = NULL;
	return 0;
}

static int finish(struct parser *p)
{
	size_t i;

	if (end_matrix(p))
		return p->result;
	if (!p->plan->cells)
		return rig_fail(p->error, -EINVAL, "%s: no cells", p->path);
	if (!p->plan->name) {
		p->plan->name = name_from_path(p->path);
		if (!p->plan->name)
			return no_memory(p);
	}
	for (i = 0; i < p->plan->cells; i++) {
		struct cell_spec *c = p->plan->cell[i];

		p->line = c->line;
		if (!c->scenario)
			return bad(p, "[cell %s]: scenario is missing", c->name);
		if (fold_config(p, c))
			return p->result;
		if (c->mode == CELL_SYSTEMD && !c->root)
			return bad(p, "[cell %s]: mode = systemd needs root = yes", c->name);
		if (c->icount && c->cpus != 1)
			return bad(p, "[cell %s]: icount = yes needs cpus = 1", c->name);
		if (c->share && c->disks == CELL_DISKS_MAX)
			return bad(p, "[cell %s]: share leaves room for %d disks", c->name,
				   CELL_DISKS_MAX - 1);
		if (c->seed_random && random_seed(&c->seed))
			return rig_fail(p->error, -errno, "%s: cannot get a random seed: %s",
					p->path, strerror(errno));
	}
	return 0;
}

int plan_read(FILE *f, const char *path, struct plan **ret, struct rig_error *e)
{
	struct parser p = {
		.file = f,
		.path = path,
		.error = e,
		.defaults = {
			.memory = 1024,
			.cpus = 1,
			.deadline = 300,
			.boot = 300,
			.heartbeat = 120,
			.root = true,
			.seed = 1,
			.expect = VERDICT_PASS,
			.allow_taint = TAINT_TEST,
		},
	};
	int r;

	p.plan = calloc(1, sizeof(*p.plan));
	p.defaults.kernel = strdup("release");
	if (p.plan)
		p.plan->fleet = fleet_options_new();
	if (!p.plan || !p.plan->fleet || !p.defaults.kernel || dup_to(&p.plan->path, path)) {
		r = no_memory(&p);
		goto out;
	}
	r = ini_parse_stream(read_line, &p, handle, &p);
	if (p.result)
		r = p.result;
	else if (r > 0)
		r = rig_fail(e, -EINVAL, "%s:%d: neither a section nor key = value", path, r);
	else if (r < 0)
		r = no_memory(&p);
	else
		r = finish(&p);
out:
	forget_keys(&p);
	matrix_free(p.matrix);
	spec_clear(&p.defaults);
	if (r) {
		plan_free(p.plan);
		return r;
	}
	*ret = p.plan;
	return 0;
}

int plan_load(const char *path, struct plan **ret, struct rig_error *e)
{
	FILE *f;
	int r;

	f = fopen(path, "re");
	if (!f)
		return rig_fail(e, -errno, "cannot read %s: %s", path, strerror(errno));
	r = plan_read(f, path, ret, e);
	fclose(f);
	return r;
}

void plan_free(struct plan *p)
{
	size_t i;

	if (!p)
		return;
	for (i = 0; i < p->cells; i++) {
		spec_clear(p->cell[i]);
		free(p->cell[i]);
	}
	free(p->cell);
	free(p->path);
	free(p->name);
	free(p->description);
	fleet_options_free(p->fleet);
	free(p);
}

int plan_write_settings(FILE *f, const struct cell_spec *c)
{
	unsigned int i, n = 0;

	fprintf(f, "scenario=%s\n", c->scenario);
	if (c->args)
		fprintf(f, "args=%s\n", c->args);
	if (c->append)
		fprintf(f, "append=%s\n", c->append);
	fprintf(f, "memory = %uM\ncpus = %u\ndeadline = %u\nboot = %u\nheartbeat = %u\n",
		c->memory, c->cpus, c->deadline, c->boot, c->heartbeat);
	fprintf(f, "mode = %s\nicount = %s\nroot = %s\n",
		c->mode == CELL_SYSTEMD ? "systemd" : "pid1", c->icount ? "yes" : "no",
		c->root ? "yes" : "no");
	fprintf(f, "seed = %" PRIu64 "\nallow_taint = %" PRIu64 "\n", c->seed, c->allow_taint);
	if (c->fail_on) {
		fputs("fail_on =", f);
		for (i = 0; i < EVENT_MAX; i++)
			if (c->fail_on & 1u << i)
				fprintf(f, "%s%s", n++ ? "," : " ", event_names[i]);
		fputc('\n', f);
	}
	for (i = 0; i < c->disks; i++) {
		const struct disk_spec *d = &c->disk[i];

		fprintf(f, "disk.%s = size=%" PRIu64, d->name, d->size);
		if (d->bps)
			fprintf(f, ",bps=%" PRIu64, d->bps);
		if (d->iops)
			fprintf(f, ",iops=%" PRIu64, d->iops);
		fputc('\n', f);
	}
	for (i = 0; i < c->params; i++)
		fprintf(f, "param.%s=%s\n", c->param[i].name, c->param[i].value);
	return ferror(f) ? -EIO : 0;
}

int plan_write_cell(FILE *f, const struct plan *p, const struct cell_spec *c)
{
	if (p)
		fprintf(f, "[plan]\nname = %s\n\n", p->name);
	fprintf(f, "[cell %s]\n", c->name);
	fprintf(f, "kernel=%s\nexpect = %s\n", c->kernel, verdict_name(c->expect));
	if (c->constraint)
		fprintf(f, "constraint=%s\n", c->constraint);
	if (c->share)
		fprintf(f, "share=%s\n", c->share);
	return plan_write_settings(f, c);
}
