/* SPDX-License-Identifier: GPL-2.0-only */
/* One array of column descriptions behind the table, JSON, -o, -H and the help. */
#ifndef SWAPADM_COLUMNS_H
#define SWAPADM_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "strbuf.h"

/* A number that this kernel may not have. */
struct num {
	bool known;
	uint64_t v;
};

/* A limit as the files of cgroups have it. */
struct limit {
	bool known;
	const char *word;	/* "max" or "auto"; NULL: a number */
	uint64_t v;
};

/* Names of tiers, orders. */
#define AMOUNT_NAME_MAX	16

/* A number for each of several names. */
struct amount {
	char name[AMOUNT_NAME_MAX];
	struct limit limit;
};

struct amounts {
	bool known;
	struct amount *v;
	size_t n;
};

enum col_type {
	COL_STRING,	/* JSON string */
	COL_BYTES,	/* JSON integer; human size in tables, integer with -b */
	COL_RATE,	/* the same, bytes a second */
	COL_LIMIT,	/* as COL_BYTES, or a word: then a JSON string */
	COL_COUNT,	/* JSON integer */
	COL_SIGNED,	/* JSON integer, may be negative */
	COL_RATIO,	/* JSON number, three digits after the point */
	COL_PERCENT,	/* JSON number, one digit after the point */
	COL_BOOL,	/* JSON boolean; yes and no in tables */
	COL_AMOUNTS,	/* JSON object with a COL_LIMIT for each name; NAME=SIZE,… in tables */
	COL_COUNTS,	/* the same of COL_COUNT */
};

struct column {
	int id;			/* what get() knows the column by */
	const char *name;	/* in headings and for -o */
	const char *key;	/* in JSON */
	enum col_type type;
	bool dflt;		/* shown without -o */
	bool wrap;		/* long text: may be wrapped on a terminal */
	const char *help;
};

/* What a column has for a row: the member that fits its type. */
struct value {
	bool known;		/* otherwise "-" and null */
	const char *word;	/* COL_LIMIT: in place of u, or NULL */
	union {
		const char *s;	/* valid as long as the row is */
		uint64_t u;
		int64_t i;
		double d;
		bool b;
		const struct amounts *amounts;	/* as long as the row is */
	};
};

/* A column that shows a struct num of its row as it stands. */
struct num_field {
	int id;
	size_t offset;		/* of the struct num within the row */
};

/* For rows that are a tree, each one behind the one that it hangs on. */
struct tree {
	int id;			/* the column that shows it, in tables that are not raw */
	/* Index of the row that @row hangs on; -1 for none. */
	ptrdiff_t (*parent)(const void *row);
	/* What stands in the column there; as long as the row is. */
	const char *(*label)(const void *row);
};

struct columns {
	const char *rows;	/* JSON member that print_rows() puts the rows in */
	const char *record;	/* the same for the one row of the other functions */
	const struct column *col;
	size_t n;
	const struct num_field *nums;
	size_t n_nums;
	const struct tree *tree;	/* NULL: the rows are a list */
	/* For the columns that are not among nums. */
	void (*get)(const void *row, int id, struct value *val);
};

/* The columns to show, in order: indices into columns->col. */
struct selection {
	size_t n;
	int *index;
};

/* How to print. */
struct layout {
	bool json;
	bool noheadings;
	bool raw;
	bool bytes;
	bool known_only;	/* print_record(): leave out what is not known, but not in JSON */
};

/*
 * Choose columns. @list is the argument of -o: names with commas between, in
 * either case, after a "+" in addition to the default ones; NULL for the default
 * ones. @all: every column.
 * 0; -ENOMEM; -EINVAL for an unknown name, which *@bad then points to (*@badlen
 * bytes). selection_release() in each case.
 */
int selection_parse(const struct columns *cols, const char *list, bool all,
		    struct selection *sel, const char **bad, size_t *badlen);
void selection_release(struct selection *sel);

/* Text of one value for a table. Returns @buf, or the string of the value itself. */
#define CELL_MAX	1536	/* as many tiers as there can be, in bytes */
const char *cell_text(const struct column *col, const struct value *val, bool bytes, char *buf);

/* Columns of the terminal that standard output is; 0 when it is none. */
size_t terminal_width(void);

/*
 * Append @text to @out with line breaks in place of blanks so that no line is
 * wider than @width, as long as no word is. 0 or -ENOMEM.
 */
int wrap_words(const char *text, size_t width, struct strbuf *out);

/* What the column @id has for @row, by columns->nums or columns->get(). */
void column_value(const struct columns *cols, const void *row, int id, struct value *val);

/* Value helpers for get() functions. */
void value_num(struct value *val, struct num num);
void value_limit(struct value *val, struct limit limit);
void value_str(struct value *val, const char *s);
void value_amounts(struct value *val, const struct amounts *amounts);

/*
 * Print @n rows of @size bytes at @rows, as a table or as JSON ({"schema": …,
 * "command": @command, cols->rows: […]}). 0, -ENOMEM or -EIO.
 */
int print_rows(const struct columns *cols, const struct selection *sel, const struct layout *lay,
	       const char *command, const void *rows, size_t n, size_t size);

/* Print one row downwards: a line a column, with its description; JSON: one object. */
int print_record(const struct columns *cols, const struct selection *sel,
		 const struct layout *lay, const char *command, const void *row);

/*
 * Print one row of many that come over time: same widths each time, headings
 * when @first says so; JSON: one object a line.
 */
int print_sample(const struct columns *cols, const struct selection *sel,
		 const struct layout *lay, const char *command, const void *row, bool first);

/* Print the columns themselves (-H): a table or JSON. */
int print_columns(const struct columns *cols, const struct layout *lay, const char *command);

/* Print the columns for a help text. */
void help_columns(const struct columns *cols, FILE *out);

#endif
