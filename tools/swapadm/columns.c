// SPDX-License-Identifier: GPL-2.0-only
#include "columns.h"

#include <errno.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "jsonout.h"
#include "size.h"
#include "swapadm.h"

/* Least width of a cell in print_sample(): rows printed apart shall line up. */
#define SAMPLE_WIDTH	7

/* Text is not wrapped to less than this. */
#define WRAP_MIN	24

static const char *const type_names[] = {
	[COL_STRING]	= "string",
	[COL_BYTES]	= "bytes",
	[COL_RATE]	= "bytes/s",
	[COL_LIMIT]	= "limit",
	[COL_COUNT]	= "integer",
	[COL_SIGNED]	= "integer",
	[COL_RATIO]	= "number",
	[COL_PERCENT]	= "percent",
	[COL_BOOL]	= "boolean",
	[COL_AMOUNTS]	= "limits",
	[COL_COUNTS]	= "integers",
};

/* -H describes columns by columns of its own. */
enum { COLUMN_NAME, COLUMN_KEY, COLUMN_TYPE, COLUMN_DEFAULT, COLUMN_HELP };

static const struct column column_cols[] = {
	{ COLUMN_NAME, "COLUMN", "column", COL_STRING, true, false, "name for -o" },
	{ COLUMN_KEY, "KEY", "key", COL_STRING, true, false, "member in JSON" },
	{ COLUMN_TYPE, "TYPE", "type", COL_STRING, true, false, "kind of value" },
	{ COLUMN_DEFAULT, "DEFAULT", "default", COL_BOOL, true, false, "shown without -o" },
	{ COLUMN_HELP, "DESCRIPTION", "description", COL_STRING, true, false, "what it says" },
};

static void column_get(const void *row, int id, struct value *val)
{
	const struct column *col = row;

	switch (id) {
	case COLUMN_NAME:
		value_str(val, col->name);
		break;
	case COLUMN_KEY:
		value_str(val, col->key);
		break;
	case COLUMN_TYPE:
		value_str(val, type_names[col->type]);
		break;
	case COLUMN_DEFAULT:
		val->known = true;
		val->b = col->dflt;
		break;
	case COLUMN_HELP:
		value_str(val, col->help);
		break;
	}
}

static const struct columns column_columns = {
	.rows = "columns",
	.col = column_cols,
	.n = sizeof(column_cols) / sizeof(column_cols[0]),
	.get = column_get,
};

void value_num(struct value *val, struct num num)
{
	val->known = num.known;
	val->u = num.v;
}

void value_limit(struct value *val, struct limit limit)
{
	val->known = limit.known;
	val->word = limit.word;
	val->u = limit.v;
}

void value_str(struct value *val, const char *s)
{
	val->known = s;
	val->s = s;
}

void value_amounts(struct value *val, const struct amounts *amounts)
{
	val->known = amounts->known;
	val->amounts = amounts;
}

void column_value(const struct columns *cols, const void *row, int id, struct value *val)
{
	for (size_t i = 0; i < cols->n_nums; i++)
		if (cols->nums[i].id == id) {
			const char *num = (const char *)row + cols->nums[i].offset;

			value_num(val, *(const struct num *)num);
			return;
		}
	cols->get(row, id, val);
}

static int find_column(const struct columns *cols, const char *name, size_t len)
{
	for (size_t i = 0; i < cols->n; i++)
		if (strlen(cols->col[i].name) == len &&
		    !strncasecmp(cols->col[i].name, name, len))
			return i;
	return -1;
}

static int selection_add(struct selection *sel, int index)
{
	int *more = realloc(sel->index, (sel->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	sel->index = more;
	sel->index[sel->n++] = index;
	return 0;
}

int selection_parse(const struct columns *cols, const char *list, bool all,
		    struct selection *sel, const char **bad, size_t *badlen)
{
	int err = 0;

	*sel = (struct selection){ 0 };
	if (!list || *list == '+' || all) {
		for (size_t i = 0; i < cols->n && !err; i++)
			if (all || cols->col[i].dflt)
				err = selection_add(sel, i);
		if (err || !list || all)
			return err;
		list++;
	}
	for (;;) {
		size_t len = strcspn(list, ",");
		int index = find_column(cols, list, len);

		if (index < 0) {
			*bad = list;
			*badlen = len;
			return -EINVAL;
		}
		err = selection_add(sel, index);
		if (err || !list[len])
			return err;
		list += len + 1;
	}
}

void selection_release(struct selection *sel)
{
	free(sel->index);
	*sel = (struct selection){ 0 };
}

/* NAME=VALUE with commas between; what has no room in @buf is left out, and that is said. */
static const char *amounts_text(const struct amounts *amounts, bool bytes, char *buf)
{
	size_t len = 0;

	if (!amounts->n)
		return "-";
	for (size_t i = 0; i < amounts->n; i++) {
		const struct amount *a = &amounts->v[i];
		char one[AMOUNT_NAME_MAX + 32], size[SIZE_TEXT_MAX];
		int n;

		if (a->limit.word)
			n = snprintf(one, sizeof(one), "%s=%s", a->name, a->limit.word);
		else if (bytes)
			n = snprintf(one, sizeof(one), "%s=%" PRIu64, a->name, a->limit.v);
		else
			n = snprintf(one, sizeof(one), "%s=%s", a->name,
				     size_format(a->limit.v, size));
		if (len + n + sizeof(",...") >= CELL_MAX) {
			strcpy(buf + len, ",...");
			break;
		}
		len += sprintf(buf + len, "%s%s", i ? "," : "", one);
	}
	return buf;
}

const char *cell_text(const struct column *col, const struct value *val, bool bytes, char *buf)
{
	if (!val->known)
		return "-";
	switch (col->type) {
	case COL_STRING:
		/* An empty cell would shift the fields of raw output. */
		return *val->s ? val->s : "-";
	case COL_LIMIT:
		if (val->word)
			return val->word;
		/* fall through */
	case COL_BYTES:
	case COL_RATE:
		if (!bytes)
			return size_format(val->u, buf);
		/* fall through */
	case COL_COUNT:
		snprintf(buf, CELL_MAX, "%" PRIu64, val->u);
		return buf;
	case COL_SIGNED:
		snprintf(buf, CELL_MAX, "%" PRId64, val->i);
		return buf;
	case COL_RATIO:
		snprintf(buf, CELL_MAX, "%.2f", val->d);
		return buf;
	case COL_PERCENT:
		snprintf(buf, CELL_MAX, "%.1f%%", val->d);
		return buf;
	case COL_BOOL:
		return val->b ? "yes" : "no";
	case COL_AMOUNTS:
		return amounts_text(val->amounts, bytes, buf);
	case COL_COUNTS:
		return amounts_text(val->amounts, true, buf);
	}
	return "-";
}

static int json_amounts(struct json_object *obj, const char *key, const struct amounts *amounts)
{
	struct json_object *all = json_object_new_object();
	int err = jsonout_add(obj, key, all);

	for (size_t i = 0; i < amounts->n && !err; i++) {
		const struct amount *a = &amounts->v[i];

		err = a->limit.word ? jsonout_str(all, a->name, a->limit.word) :
			jsonout_u64(all, a->name, a->limit.v);
	}
	return err;
}

static int json_member(struct json_object *obj, const struct column *col, const struct value *val)
{
	if (!val->known)
		return jsonout_null(obj, col->key);
	switch (col->type) {
	case COL_STRING:
		return jsonout_str(obj, col->key, val->s);
	case COL_LIMIT:
		if (val->word)
			return jsonout_str(obj, col->key, val->word);
		/* fall through */
	case COL_BYTES:
	case COL_RATE:
	case COL_COUNT:
		return jsonout_u64(obj, col->key, val->u);
	case COL_SIGNED:
		return jsonout_s64(obj, col->key, val->i);
	case COL_RATIO:
		return jsonout_fixed(obj, col->key, val->d, 3);
	case COL_PERCENT:
		return jsonout_fixed(obj, col->key, val->d, 1);
	case COL_BOOL:
		return jsonout_bool(obj, col->key, val->b);
	case COL_AMOUNTS:
	case COL_COUNTS:
		return json_amounts(obj, col->key, val->amounts);
	}
	return -EINVAL;
}

static int json_row(const struct columns *cols, const struct selection *sel, const void *row,
		    struct json_object *obj)
{
	int err = 0;

	for (size_t i = 0; i < sel->n && !err; i++) {
		const struct column *col = &cols->col[sel->index[i]];
		struct value val = { 0 };

		column_value(cols, row, col->id, &val);
		err = json_member(obj, col, &val);
	}
	return err;
}

/* The outermost object, with what all output has. NULL when out of memory. */
static struct json_object *json_document(const char *command)
{
	struct json_object *doc = json_object_new_object();

	if (!doc)
		return NULL;
	if (jsonout_u64(doc, "schema", SWAPADM_SCHEMA) || jsonout_str(doc, "command", command)) {
		json_object_put(doc);
		return NULL;
	}
	return doc;
}

static int print_json_rows(const struct columns *cols, const struct selection *sel,
			   const char *command, const char *rows, size_t n, size_t size)
{
	struct json_object *doc = json_document(command), *arr = json_object_new_array();
	int err = doc && arr ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !err; i++) {
		struct json_object *obj = json_object_new_object();

		err = jsonout_append(arr, obj);
		if (!err)
			err = json_row(cols, sel, rows + i * size, obj);
	}
	if (!err) {
		err = jsonout_add(doc, cols->rows, arr);
		arr = NULL;
	}
	if (!err)
		err = jsonout_print(doc, stdout, false);
	json_object_put(arr);
	json_object_put(doc);
	return err;
}

static int print_json_record(const struct columns *cols, const struct selection *sel,
			     const char *command, const void *row, bool line)
{
	struct json_object *doc = json_document(command), *obj = json_object_new_object();
	int err;

	if (!doc) {
		json_object_put(obj);
		return -ENOMEM;
	}
	err = jsonout_add(doc, cols->record, obj);
	if (!err)
		err = json_row(cols, sel, row, obj);
	if (!err)
		err = jsonout_print(doc, stdout, line);
	json_object_put(doc);
	return err;
}

static struct libscols_table *new_table(const struct layout *lay)
{
	struct libscols_table *tb;

	scols_init_debug(0);
	tb = scols_new_table();
	if (!tb)
		return NULL;
	scols_table_enable_raw(tb, lay->raw);
	scols_table_enable_noheadings(tb, lay->noheadings);
	return tb;
}

static bool right_aligned(const struct column *col)
{
	switch (col->type) {
	case COL_STRING:
	case COL_BOOL:
	case COL_AMOUNTS:
	case COL_COUNTS:
		return false;
	default:
		return true;
	}
}

/* The tree as it is shown, or NULL for a plain list. */
static const struct tree *shown_tree(const struct columns *cols, const struct selection *sel,
				     const struct layout *lay)
{
	if (!cols->tree || lay->raw)
		return NULL;
	for (size_t i = 0; i < sel->n; i++)
		if (cols->col[sel->index[i]].id == cols->tree->id)
			return cols->tree;
	return NULL;
}

static int add_headings(struct libscols_table *tb, const struct columns *cols,
			const struct selection *sel, const struct tree *tree)
{
	for (size_t i = 0; i < sel->n; i++) {
		const struct column *col = &cols->col[sel->index[i]];
		struct libscols_column *cl;
		int flags = 0;

		if (right_aligned(col))
			flags |= SCOLS_FL_RIGHT;
		if (col->wrap)
			flags |= SCOLS_FL_WRAP;
		if (tree && col->id == tree->id)
			flags |= SCOLS_FL_TREE;
		cl = scols_table_new_column(tb, col->name, 0, flags);
		if (!cl)
			return -ENOMEM;
		if (col->wrap && (scols_column_set_wrapfunc(cl, scols_wrapnl_chunksize,
							    scols_wrapnl_nextchunk, NULL) ||
				  scols_column_set_safechars(cl, "\n")))
			return -ENOMEM;
	}
	return 0;
}

/* Fill in @line, which is NULL when memory is out. */
static int set_line(struct libscols_line *line, const struct columns *cols,
		    const struct selection *sel, const struct layout *lay, const void *row,
		    bool pad, size_t wrap, const struct tree *tree)
{
	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < sel->n; i++) {
		const struct column *col = &cols->col[sel->index[i]];
		int width = pad ? (int)strlen(col->name) : 0;
		char buf[CELL_MAX], padded[2 * CELL_MAX];
		struct value val = { 0 };
		const char *text;
		int err;

		column_value(cols, row, col->id, &val);
		text = cell_text(col, &val, lay->bytes, buf);
		if (tree && col->id == tree->id)
			text = tree->label(row);
		if (pad && width < SAMPLE_WIDTH)
			width = SAMPLE_WIDTH;
		if (pad && strlen(text) < sizeof(padded)) {
			snprintf(padded, sizeof(padded), "%*s",
				 right_aligned(col) ? width : -width, text);
			text = padded;
		}
		if (wrap && col->wrap) {
			struct strbuf lines = STRBUF_INIT;

			err = wrap_words(text, wrap, &lines);
			if (!err)
				err = scols_line_set_data(line, i, strbuf_str(&lines));
			strbuf_release(&lines);
		} else {
			err = scols_line_set_data(line, i, text);
		}
		if (err)
			return -ENOMEM;
	}
	return 0;
}

size_t terminal_width(void)
{
	struct winsize ws;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws))
		return 0;
	return ws.ws_col;
}

/*
 * What each wrapping column may be wide so that the rows fit; 0 for any width.
 * libsmartcols would find out by itself, but wraps within words.
 */
static size_t wrap_width(const struct columns *cols, const struct selection *sel,
			 const struct layout *lay, const char *rows, size_t n, size_t size)
{
	size_t width = lay->raw ? 0 : terminal_width(), taken = 0, wrapping = 0, each;

	for (size_t i = 0; width && i < sel->n; i++) {
		const struct column *col = &cols->col[sel->index[i]];
		size_t widest = strlen(col->name);

		if (col->wrap) {
			wrapping++;
			continue;
		}
		for (size_t r = 0; r < n; r++) {
			struct value val = { 0 };
			char buf[CELL_MAX];
			size_t len;

			column_value(cols, rows + r * size, col->id, &val);
			len = strlen(cell_text(col, &val, lay->bytes, buf));
			widest = len > widest ? len : widest;
		}
		taken += widest + 1;
	}
	if (!wrapping || !width)
		return 0;
	each = width > taken ? (width - taken) / wrapping : 0;
	return each > WRAP_MIN ? each - 1 : WRAP_MIN;
}

int wrap_words(const char *text, size_t width, struct strbuf *out)
{
	size_t at = 0;
	int err = 0;

	while (*text && !err) {
		size_t word = strcspn(text, " ");

		if (at && at + 1 + word > width) {
			err = strbuf_addch(out, '\n');
			at = 0;
		} else if (at) {
			err = strbuf_addch(out, ' ');
			at++;
		}
		if (!err)
			err = strbuf_add(out, text, word);
		at += word;
		text += word;
		text += strspn(text, " ");
	}
	return err;
}

static int print_table(struct libscols_table *tb)
{
	int err = scols_print_table(tb);

	/* An empty table prints nothing, which is what it should say. */
	return err < 0 ? err : 0;
}

int print_rows(const struct columns *cols, const struct selection *sel, const struct layout *lay,
	       const char *command, const void *rows, size_t n, size_t size)
{
	const struct tree *tree = shown_tree(cols, sel, lay);
	struct libscols_line **lines = NULL;
	struct libscols_table *tb;
	size_t wrap;
	int err = 0;

	if (lay->json)
		return print_json_rows(cols, sel, command, rows, n, size);

	tb = new_table(lay);
	if (!tb)
		return -ENOMEM;
	if (tree && n) {
		lines = calloc(n, sizeof(*lines));
		err = lines ? 0 : -ENOMEM;
	}
	wrap = wrap_width(cols, sel, lay, rows, n, size);
	if (!err)
		err = add_headings(tb, cols, sel, tree);
	for (size_t i = 0; i < n && !err; i++) {
		const void *row = (const char *)rows + i * size;
		ptrdiff_t parent = tree ? tree->parent(row) : -1;
		struct libscols_line *line;

		line = scols_table_new_line(tb, parent < 0 ? NULL : lines[parent]);
		if (tree)
			lines[i] = line;
		err = set_line(line, cols, sel, lay, row, false, wrap, tree);
	}
	if (!err)
		err = print_table(tb);
	free(lines);
	scols_unref_table(tb);
	return err;
}

int print_record(const struct columns *cols, const struct selection *sel,
		 const struct layout *lay, const char *command, const void *row)
{
	static const char *const headings[] = { "FIELD", "VALUE", "DESCRIPTION" };
	struct libscols_table *tb;
	int err = 0;

	if (lay->json)
		return print_json_record(cols, sel, command, row, false);

	tb = new_table(lay);
	if (!tb)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]) && !err; i++)
		if (!scols_table_new_column(tb, headings[i], 0, 0))
			err = -ENOMEM;
	for (size_t i = 0; i < sel->n && !err; i++) {
		const struct column *col = &cols->col[sel->index[i]];
		struct libscols_line *line;
		struct value val = { 0 };
		char buf[CELL_MAX];

		column_value(cols, row, col->id, &val);
		if (lay->known_only && !val.known)
			continue;
		line = scols_table_new_line(tb, NULL);
		if (!line || scols_line_set_data(line, 0, col->name) ||
		    scols_line_set_data(line, 1, cell_text(col, &val, lay->bytes, buf)) ||
		    scols_line_set_data(line, 2, col->help))
			err = -ENOMEM;
	}
	if (!err)
		err = print_table(tb);
	scols_unref_table(tb);
	return err;
}

int print_sample(const struct columns *cols, const struct selection *sel,
		 const struct layout *lay, const char *command, const void *row, bool first)
{
	struct layout here = *lay;
	struct libscols_table *tb;
	int err;

	if (lay->json)
		return print_json_record(cols, sel, command, row, true);

	here.noheadings = lay->noheadings || !first;
	tb = new_table(&here);
	if (!tb)
		return -ENOMEM;
	err = add_headings(tb, cols, sel, NULL);
	if (!err)
		err = set_line(scols_table_new_line(tb, NULL), cols, sel, lay, row, !lay->raw, 0,
			       NULL);
	if (!err)
		err = print_table(tb);
	scols_unref_table(tb);
	return err;
}

int print_columns(const struct columns *cols, const struct layout *lay, const char *command)
{
	struct selection all;
	const char *bad;
	size_t badlen;
	int err;

	err = selection_parse(&column_columns, NULL, true, &all, &bad, &badlen);
	if (!err)
		err = print_rows(&column_columns, &all, lay, command, cols->col, cols->n,
				 sizeof(cols->col[0]));
	selection_release(&all);
	return err;
}

void help_columns(const struct columns *cols, FILE *out)
{
	fputs("\nAvailable output columns (* shown by default):\n", out);
	for (size_t i = 0; i < cols->n; i++)
		fprintf(out, " %c %-14s %s\n", cols->col[i].dflt ? '*' : ' ', cols->col[i].name,
			cols->col[i].help);
}
