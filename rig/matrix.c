// SPDX-License-Identifier: GPL-2.0
/* The product of axes that a [matrix] section of a plan stands for. Knows nothing of cells: a key is a word here. */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "matrix.h"
#include "plan.h"
#include "sha256.h"
#include "strbuf.h"

struct values {
	char **value;
	size_t n;
};

struct axis {
	char *key;
	struct values values;
	int line;
	size_t at;		/* in the combination that is being made */
	const char *now;	/* the same as text; a rule may set one that the axis does not have */
};

struct rule {
	char *text;		/* for messages: include.big */
	bool include;
	int line;
	struct {
		char *key;
		struct values values;
		size_t axis;
		size_t at;
	} term[MATRIX_AXES_MAX];
	size_t terms;
	bool used;
};

struct matrix {
	char *name;
	struct axis axis[MATRIX_AXES_MAX];
	size_t axes;
	struct rule *rule[MATRIX_RULES_MAX];
	size_t rules;
};

struct matrix *matrix_new(const char *name)
{
	struct matrix *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->name = strdup(name);
	if (!m->name) {
		free(m);
		return NULL;
	}
	return m;
}

static void values_clear(struct values *v)
{
	while (v->n)
		free(v->value[--v->n]);
	free(v->value);
	v->value = NULL;
}

static void rule_free(struct rule *r)
{
	while (r->terms) {
		r->terms--;
		free(r->term[r->terms].key);
		values_clear(&r->term[r->terms].values);
	}
	free(r->text);
	free(r);
}

void matrix_free(struct matrix *m)
{
	if (!m)
		return;
	while (m->axes) {
		m->axes--;
		free(m->axis[m->axes].key);
		values_clear(&m->axis[m->axes].values);
	}
	while (m->rules)
		rule_free(m->rule[--m->rules]);
	free(m->name);
	free(m);
}

/* Up to the next | that no backslash makes a plain character of. */
static size_t value_length(const char *s)
{
	size_t n = 0;

	while (s[n] && s[n] != '|')
		n += s[n] == '\\' && s[n + 1] == '|' ? 2 : 1;
	return n;
}

static int values_add(struct values *v, const char *s, size_t len, struct rig_error *e)
{
	char **grown, *p;

	if (v->n == MATRIX_VALUES_MAX)
		return rig_fail(e, -EINVAL, "more than %d values", MATRIX_VALUES_MAX);
	grown = realloc(v->value, (v->n + 1) * sizeof(*grown));
	if (!grown)
		return rig_fail(e, -ENOMEM, "out of memory");
	v->value = grown;
	v->value[v->n] = strndup(s, len);
	if (!v->value[v->n])
		return rig_fail(e, -ENOMEM, "out of memory");
	for (p = v->value[v->n]; (p = strstr(p, "\\|")); p++)
		memmove(p, p + 1, strlen(p));
	v->n++;
	return 0;
}

/* "3..7" as the five numbers. Returns 1 when S is no range. */
static int add_range(struct values *v, const char *s, size_t len, struct rig_error *e)
{
	char copy[48], text[24], *end;
	unsigned long long from, to;
	int r = 0;

	if (len >= sizeof(copy) || !len || !isdigit((unsigned char)s[0]))
		return 1;
	memcpy(copy, s, len);
	copy[len] = '\0';
	errno = 0;
	from = strtoull(copy, &end, 10);
	if (strncmp(end, "..", 2) || !isdigit((unsigned char)end[2]))
		return 1;
	to = strtoull(end + 2, &end, 10);
	if (*end || errno)
		return 1;
	if (to < from || to - from >= MATRIX_VALUES_MAX)
		return rig_fail(e, -EINVAL, "not a range of at most %d numbers: %s",
				MATRIX_VALUES_MAX, copy);
	for (; !r && from <= to; from++)
		r = values_add(v, text, snprintf(text, sizeof(text), "%llu", from), e);
	return r;
}

static int values_parse(struct values *v, const char *s, struct rig_error *e)
{
	size_t i, len, first;
	int r;

	for (;; s += len + 1) {
		const char *word;
		size_t n;

		len = value_length(s);
		word = s + strspn(s, " \t");
		n = word < s + len ? (size_t)(s + len - word) : 0;
		while (n && strchr(" \t", word[n - 1]))
			n--;
		if (!n)
			return rig_fail(e, -EINVAL, "an empty value");
		first = v->n;
		r = add_range(v, word, n, e);
		if (r > 0)
			r = values_add(v, word, n, e);
		if (r)
			return r;
		for (; first < v->n; first++)
			for (i = 0; i < first; i++)
				if (!strcmp(v->value[i], v->value[first]))
					return rig_fail(e, -EINVAL, "%s: given twice",
							v->value[i]);
		if (!s[len])
			return 0;
	}
}

/* "kernel=debug memory=1G|2G": all terms have to hold. */
static int parse_rule(struct rule *rule, const char *text, struct rig_error *e)
{
	char *copy = strdup(text), *save = NULL, *word;
	int r = copy ? 0 : rig_fail(e, -ENOMEM, "out of memory");

	for (word = copy ? strtok_r(copy, " \t", &save) : NULL; !r && word;
	     word = strtok_r(NULL, " \t", &save)) {
		char *eq = strchr(word, '=');

		if (!eq || eq == word) {
			r = rig_fail(e, -EINVAL, "%s: %s: expected KEY=VALUE", rule->text, word);
		} else if (rule->terms == MATRIX_AXES_MAX) {
			r = rig_fail(e, -EINVAL, "%s: too long", rule->text);
		} else {
			*eq = '\0';
			rule->term[rule->terms].key = strdup(word);
			if (!rule->term[rule->terms].key)
				r = rig_fail(e, -ENOMEM, "out of memory");
			else
				r = values_parse(&rule->term[rule->terms++].values, eq + 1, e);
		}
	}
	free(copy);
	if (!r && !rule->terms)
		r = rig_fail(e, -EINVAL, "%s: says nothing", rule->text);
	return r;
}

int matrix_add(struct matrix *m, const char *key, const char *value, int line, struct rig_error *e)
{
	bool include = !strncmp(key, "include.", 8);
	struct rig_error why;
	struct rule *rule;
	struct axis *a;
	int r;

	if (include || !strncmp(key, "exclude.", 8)) {
		if (!key[8])
			return rig_fail(e, -EINVAL, "%s: a rule needs a name", key);
		if (m->rules == MATRIX_RULES_MAX)
			return rig_fail(e, -EINVAL, "more than %d rules", MATRIX_RULES_MAX);
		rule = calloc(1, sizeof(*rule));
		if (!rule)
			return rig_fail(e, -ENOMEM, "out of memory");
		m->rule[m->rules++] = rule;
		rule->include = include;
		rule->line = line;
		rule->text = strdup(key);
		return rule->text ? parse_rule(rule, value, e) :
				    rig_fail(e, -ENOMEM, "out of memory");
	}
	if (m->axes == MATRIX_AXES_MAX)
		return rig_fail(e, -EINVAL, "more than %d axes", MATRIX_AXES_MAX);
	a = &m->axis[m->axes];
	a->line = line;
	a->key = strdup(key);
	if (!a->key)
		return rig_fail(e, -ENOMEM, "out of memory");
	m->axes++;
	r = values_parse(&a->values, value, &why);
	return r ? rig_fail(e, r, "%s: %s", key, why.text) : 0;
}

static int bind_rules(struct matrix *m, int *line, struct rig_error *e)
{
	size_t i, t, a;

	for (i = 0; i < m->rules; i++)
		for (t = 0; t < m->rule[i]->terms; t++) {
			const char *key = m->rule[i]->term[t].key;

			for (a = 0; a < m->axes && strcmp(m->axis[a].key, key); a++)
				;
			if (a == m->axes) {
				*line = m->rule[i]->line;
				return rig_fail(e, -EINVAL, "%s: the matrix has no key %s",
						m->rule[i]->text, key);
			}
			m->rule[i]->term[t].axis = a;
		}
	return 0;
}

static bool excluded(struct matrix *m)
{
	bool out = false;
	size_t i, t, v;

	for (i = 0; i < m->rules; i++) {
		struct rule *rule = m->rule[i];

		if (rule->include)
			continue;
		for (t = 0; t < rule->terms; t++) {
			const struct values *vs = &rule->term[t].values;
			const char *now = m->axis[rule->term[t].axis].now;

			for (v = 0; v < vs->n && fnmatch(vs->value[v], now, 0); v++)
				;
			if (v == vs->n)
				break;
		}
		if (t == rule->terms)
			rule->used = out = true;
	}
	return out;
}

/* A kernel file is known by its directory: they are all named bzImage. */
static const char *short_kernel(const char *path, size_t *len)
{
	const char *base = strrchr(path, '/'), *dir;

	*len = strlen(path);
	if (!base)
		return path;
	if (strcmp(base, "/bzImage") || base == path) {
		*len = strlen(base + 1);
		return base + 1;
	}
	for (dir = base; dir > path && dir[-1] != '/'; dir--)
		;
	*len = base - dir;
	return dir;
}

/* What varies, in words; what a name cannot hold, or has no room for, is stood for by a hash. */
static int make_name(const struct matrix *m, char name[CELL_NAME_MAX + 1])
{
	struct strbuf full = STRBUF_INIT, text = STRBUF_INIT;
	char hex[SHA256_HEX_SIZE], sep = '.';
	bool hashed = false;
	size_t a, i, len;
	int r;

	r = strbuf_adds(&text, m->name);
	for (a = 0; a < m->axes && !r; a++) {
		const struct axis *x = &m->axis[a];
		const char *v = x->now;

		r = strbuf_addf(&full, "%s=%s\n", x->key, v);
		/* One value, and this is it: not worth a word. */
		if (x->values.n == 1 && !strcmp(v, x->values.value[0]))
			continue;
		len = strlen(v);
		if (!strcmp(x->key, "kernel"))
			v = short_kernel(v, &len);
		hashed |= v != x->now;
		r = r ?: strbuf_addch(&text, sep);
		sep = '-';
		if (!strcmp(x->key, "seed"))
			r = r ?: strbuf_addch(&text, 's');
		for (i = 0; i < len && !r; i++) {
			bool plain = isalnum((unsigned char)v[i]) || strchr("_.@+", v[i]);

			hashed |= !plain && v[i] != '-';
			r = strbuf_addch(&text, plain || v[i] == '-' ? v[i] : '_');
		}
		if (!strcmp(x->key, "cpus"))
			r = r ?: strbuf_addch(&text, 'c');
	}
	if (!r) {
		len = text.len;
		hashed |= len > CELL_NAME_MAX;
		sha256_hex(strbuf_str(&full), full.len, hex);
		if (hashed && len > CELL_NAME_MAX - 9)
			len = CELL_NAME_MAX - 9;
		snprintf(name, CELL_NAME_MAX + 1, "%.*s%s%.*s", (int)len, strbuf_str(&text),
			 hashed ? "-" : "", hashed ? 8 : 0, hex);
	}
	strbuf_release(&full);
	strbuf_release(&text);
	return r;
}

static int hand_out(struct matrix *m, matrix_fn fn, void *userdata, struct rig_error *e)
{
	struct matrix_setting setting[MATRIX_AXES_MAX];
	char name[CELL_NAME_MAX + 1];
	size_t a;

	for (a = 0; a < m->axes; a++)
		setting[a] = (struct matrix_setting){ m->axis[a].key, m->axis[a].now,
						      m->axis[a].line };
	if (make_name(m, name))
		return rig_fail(e, -ENOMEM, "out of memory");
	return fn(name, setting, m->axes, userdata);
}

static int product(struct matrix *m, matrix_fn fn, void *userdata, struct rig_error *e)
{
	size_t a, combinations = 1;
	int r;

	for (a = 0; a < m->axes; a++) {
		m->axis[a].at = 0;
		combinations *= m->axis[a].values.n;
		if (combinations > MATRIX_COMBINATIONS_MAX)
			return rig_fail(e, -EINVAL, "more than %d combinations",
					MATRIX_COMBINATIONS_MAX);
	}
	for (;;) {
		for (a = 0; a < m->axes; a++)
			m->axis[a].now = m->axis[a].values.value[m->axis[a].at];
		r = excluded(m) ? 0 : hand_out(m, fn, userdata, e);
		if (r)
			return r;
		for (a = m->axes; a; a--) {
			if (++m->axis[a - 1].at < m->axis[a - 1].values.n)
				break;
			m->axis[a - 1].at = 0;
		}
		if (!a)
			return 0;
	}
}

static int include(struct matrix *m, struct rule *rule, matrix_fn fn, void *userdata,
		   struct rig_error *e)
{
	size_t a, t;
	int r;

	for (t = 0; t < rule->terms; t++)
		rule->term[t].at = 0;
	for (;;) {
		for (a = 0; a < m->axes; a++)
			m->axis[a].now = m->axis[a].values.value[0];
		for (t = 0; t < rule->terms; t++)
			m->axis[rule->term[t].axis].now =
				rule->term[t].values.value[rule->term[t].at];
		r = hand_out(m, fn, userdata, e);
		if (r)
			return r;
		for (t = rule->terms; t; t--) {
			if (++rule->term[t - 1].at < rule->term[t - 1].values.n)
				break;
			rule->term[t - 1].at = 0;
		}
		if (!t)
			return 0;
	}
}

int matrix_expand(struct matrix *m, matrix_fn fn, void *userdata, int *line, struct rig_error *e)
{
	size_t i;
	int r;

	r = bind_rules(m, line, e) ?: product(m, fn, userdata, e);
	for (i = 0; i < m->rules && !r; i++) {
		struct rule *rule = m->rule[i];

		*line = rule->line;
		if (rule->include)
			r = include(m, rule, fn, userdata, e);
		else if (!rule->used)
			/* A typing mistake in a rule must not run what it was to keep away. */
			r = rig_fail(e, -EINVAL, "%s: matches no combination", rule->text);
	}
	return r;
}
