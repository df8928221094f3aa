// SPDX-License-Identifier: GPL-2.0
/*
 * The scanner: finds splats in what the kernel prints. Patterns are anchored at the start of a
 * message, where the kernel puts them, so that a program in the guest that mentions them in the
 * middle of a line is no crash.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "linebuf.h"
#include "sha256.h"

#define LINE_MAX_BYTES	1024
#define FRAMES_MAX	4
#define CONTEXT_LINES	4

enum match {
	MATCH_START,	/* message begins with the text */
	MATCH_ANYWHERE,	/* message has it somewhere: for texts that nothing else prints */
};

struct pattern {
	const char *kind;
	const char *text;
	enum match match;
	bool fatal;	/* the guest cannot be expected to go on */
	const char *also;	/* must be in the line as well, or NULL */
};

/* The first that matches names the kind: special ones before general ones. */
static const struct pattern patterns[] = {
	{ "panic",	"Kernel panic - not syncing", MATCH_START, true, NULL },
	{ "kasan",	"BUG: KASAN:", MATCH_START, false, NULL },
	{ "kfence",	"BUG: KFENCE:", MATCH_START, false, NULL },
	{ "kcsan",	"BUG: KCSAN:", MATCH_START, false, NULL },
	{ "kmsan",	"BUG: KMSAN:", MATCH_START, false, NULL },
	{ "ubsan",	"UBSAN:", MATCH_START, false, NULL },
	{ "oops",	"BUG: kernel NULL pointer dereference", MATCH_START, true, NULL },
	{ "oops",	"BUG: unable to handle", MATCH_START, true, NULL },
	{ "oops",	"Unable to handle kernel", MATCH_START, true, NULL },
	{ "oops",	"Oops:", MATCH_START, true, NULL },
	{ "oops",	"general protection fault", MATCH_START, true, NULL },
	{ "oops",	"kernel BUG at ", MATCH_START, true, NULL },
	{ "oops",	"invalid opcode:", MATCH_START, true, NULL },
	{ "oops",	"divide error:", MATCH_START, true, NULL },
	{ "oops",	"double fault:", MATCH_START, true, NULL },
	{ "oops",	"stack segment:", MATCH_START, true, NULL },
	{ "oops",	"BUG: stack guard page was hit", MATCH_START, true, NULL },
	{ "lockup",	"watchdog: BUG: soft lockup", MATCH_START, false, NULL },
	{ "lockup",	"BUG: soft lockup", MATCH_START, false, NULL },
	{ "lockup",	"Watchdog detected hard LOCKUP", MATCH_ANYWHERE, true, NULL },
	{ "lockup",	"BUG: workqueue lockup", MATCH_START, false, NULL },
	{ "bad-page",	"BUG: Bad page", MATCH_START, false, NULL },
	{ "bad-rss",	"BUG: Bad rss-counter", MATCH_START, false, NULL },
	{ "bad-page",	"BUG: non-zero pgtables_bytes", MATCH_START, false, NULL },
	{ "bad-swap",	"Bad swap file entry", MATCH_ANYWHERE, false, NULL },
	{ "bad-swap",	"Bad swap offset entry", MATCH_ANYWHERE, false, NULL },
	{ "bad-swap",	"Unused swap file entry", MATCH_ANYWHERE, false, NULL },
	{ "bad-swap",	"Unused swap offset entry", MATCH_ANYWHERE, false, NULL },
	{ "bad-swap",	"unrecognized swap entry", MATCH_START, false, NULL },
	{ "atomic",	"BUG: sleeping function called", MATCH_START, false, NULL },
	{ "atomic",	"BUG: scheduling while atomic", MATCH_START, false, NULL },
	{ "atomic",	"BUG: using ", MATCH_START, false, "in preemptible" },
	{ "lockdep",	"WARNING: possible circular locking", MATCH_START, false, NULL },
	{ "lockdep",	"WARNING: possible recursive locking", MATCH_START, false, NULL },
	{ "lockdep",	"WARNING: possible irq lock inversion", MATCH_START, false, NULL },
	{ "lockdep",	"WARNING: inconsistent lock state", MATCH_START, false, NULL },
	{ "lockdep",	"WARNING: bad unlock balance", MATCH_START, false, NULL },
	{ "lockdep",	"WARNING: bad contention", MATCH_START, false, NULL },
	{ "lockdep",	"WARNING: held lock freed", MATCH_START, false, NULL },
	{ "lockdep",	"WARNING: lock held when returning", MATCH_START, false, NULL },
	{ "lockdep",	"WARNING: Nested lock was not taken", MATCH_START, false, NULL },
	{ "lockdep",	"WARNING: ", MATCH_START, false, "lock order detected" },
	{ "lockdep",	"WARNING: ", MATCH_START, false, "still has locks held" },
	{ "lockdep",	"[ BUG: ", MATCH_START, false, NULL },
	{ "lockdep",	"INFO: trying to register non-static key", MATCH_START, false, NULL },
	{ "lockdep",	"turning off the locking correctness validator", MATCH_START, false, NULL },
	{ "rcu",	"WARNING: suspicious RCU usage", MATCH_START, false, NULL },
	{ "rcu",	"INFO: ", MATCH_START, false, "detected stalls on" },
	{ "rcu",	"INFO: ", MATCH_START, false, "detected expedited stalls" },
	{ "rcu",	"INFO: ", MATCH_START, false, "self-detected stall" },
	{ "rcu",	"rcu: INFO: ", MATCH_START, false, "stall" },
	{ "rcu",	"rcu: ", MATCH_START, false, "kthread starved for" },
	{ "hung-task",	"INFO: task ", MATCH_START, false, "blocked for more than" },
	{ "list",	"list_add corruption", MATCH_START, false, NULL },
	{ "list",	"list_del corruption", MATCH_START, false, NULL },
	{ "list",	"list_add double add", MATCH_START, false, NULL },
	{ "refcount",	"refcount_t: ", MATCH_START, false, NULL },
	{ "debugobjects", "ODEBUG: ", MATCH_START, false, NULL },
	{ "kmemleak",	"kmemleak: ", MATCH_START, false, "suspected memory leak" },
	{ "warning",	"WARNING: ", MATCH_START, false, NULL },
	{ "slab",	"BUG ", MATCH_START, false, "): " },
	{ "bug",	"BUG: ", MATCH_START, false, NULL },
	{ "bad-page",	"page dumped because: ", MATCH_START, false, NULL },
};

struct event_pattern {
	enum console_event event;
	const char *text;
};

static const struct event_pattern events[] = {
	{ EVENT_OOM, "Out of memory: Killed process" },
	{ EVENT_OOM, "Memory cgroup out of memory: Killed process" },
	{ EVENT_ALLOC_FAILURE, ": page allocation failure: order:" },
	{ EVENT_IO_ERROR, "I/O error, dev " },
	{ EVENT_IO_ERROR, "Write-error on swap-device" },
	{ EVENT_IO_ERROR, "Read-error on swap-device" },
	{ EVENT_SEGFAULT, ": segfault at " },
};

/*
 * The machinery that prints a report: the same in all reports of a kind, so it says nothing about
 * which one it is.
 */
static const char *const report_frames[] = {
	"dump_stack",
	"dump_stack_lvl",
	"show_stack",
	"print_report",
	"print_address_description",
	"kasan_report",
	"kasan_check_range",
	"kasan_report_invalid_free",
	"__kasan_check_read",
	"__kasan_check_write",
	"check_memory_region",
	"__asan_load1",
	"__asan_load2",
	"__asan_load4",
	"__asan_load8",
	"__asan_loadN",
	"__asan_load16",
	"__asan_store1",
	"__asan_store2",
	"__asan_store4",
	"__asan_store8",
	"__asan_storeN",
	"__asan_store16",
	"end_report",
	"report_bug",
	"__report_bug",
	"handle_bug",
	"exc_invalid_op",
	"asm_exc_invalid_op",
	"exc_page_fault",
	"asm_exc_page_fault",
	"__warn",
	"warn_slowpath_fmt",
	"warn_slowpath_null",
	"__warn_printk",
	"panic",
	"vpanic",
	"nmi_panic",
	"die",
	"die_body",
	"__die",
	"oops_end",
	"page_fault_oops",
	"no_context",
	"exc_general_protection",
	"asm_exc_general_protection",
	"lockdep_rcu_suspicious",
	"print_circular_bug",
	"check_noncircular",
	"check_prev_add",
	"check_prevs_add",
	"validate_chain",
	"__lock_acquire",
	"lock_acquire",
	"print_usage_bug",
	"mark_lock",
	"mark_usage",
	"mark_lock_irq",
	"print_deadlock_bug",
	"print_unlock_imbalance_bug",
	"lock_release",
	"__might_resched",
	"__might_sleep",
	"__schedule_bug",
	"ubsan_epilogue",
	"__ubsan_handle_out_of_bounds",
	"__ubsan_handle_shift_out_of_bounds",
	"__ubsan_handle_load_invalid_value",
	"bad_page",
	"print_bad_pte",
	"print_bad_page_map",
	"slab_bug",
	"object_err",
	"slab_err",
	"check_bytes_and_report",
	"print_trailer",
	"__list_add_valid_or_report",
	"__list_del_entry_valid_or_report",
	"refcount_warn_saturate",
	"watchdog_timer_fn",
	"print_other_cpu_stall",
	"rcu_check_gp_kthread_starvation",
	"rcu_dump_cpu_stacks",
	"rcu_sched_clock_irq",
	"sched_show_task",
	"__switch_to",
	"__schedule",
	"schedule",
};

struct console {
	FILE *log;
	uint64_t log_max;
	uint64_t bytes;
	struct linebuf *lines;
	unsigned int fail_on;
	unsigned int event[EVENT_MAX];
	char *forbidden;
	bool panicked;
	bool saw_linux;
	bool ended;
	size_t crashes;
	struct crash crash[CRASH_KEEP_MAX];
	/* the splat that lines go to at the moment */
	struct crash *open;
	bool open_complete;	/* its stack has been shown: another headline is another splat */
	char frame[FRAMES_MAX][128];
	size_t frames;
	char context[CONTEXT_LINES][LINE_MAX_BYTES + 1];
	unsigned int context_next;
	char last[LINE_MAX_BYTES + 1];
	bool dumping;
	char *dump;
	size_t dump_len;
};

/* Leaves out "[   12.345678] " and the caller "[  T123] " or "[    C0] " after it. */
static const char *message_of(const char *line)
{
	int i;

	/* printk's level, when something prints it raw */
	if (line[0] == '<' && isdigit((unsigned char)line[1]) && line[2] == '>')
		line += 3;
	for (i = 0; i < 2 && line[0] == '['; i++) {
		const char *p = line + 1;

		while (*p == ' ')
			p++;
		if (i && (*p == 'T' || *p == 'C'))
			p++;
		if (!isdigit((unsigned char)*p))
			break;
		while (isdigit((unsigned char)*p) || *p == '.')
			p++;
		if (*p != ']')
			break;
		line = p + 1;
		if (*line == ' ')
			line++;
	}
	return line;
}

static const struct pattern *find_pattern(const char *msg)
{
	size_t i;

	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		const struct pattern *p = &patterns[i];
		bool hit = p->match == MATCH_START ? !strncmp(msg, p->text, strlen(p->text)) :
						     !!strstr(msg, p->text);

		if (hit && (!p->also || strstr(msg, p->also)))
			return p;
	}
	return NULL;
}

static bool report_frame(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(report_frames) / sizeof(report_frames[0]); i++)
		if (!strcmp(name, report_frames[i]))
			return true;
	return false;
}

/*
 * The function of a stack line " name+0x12/0x34" or of "RIP: 0010:name+0x12/0x34"; guesses ("?
 * name") do not count.
 */
static bool frame_of(const char *msg, char name[128])
{
	const char *p = msg, *plus;
	size_t n;

	if (!strncmp(p, "RIP: ", 5)) {
		p = strchr(p + 5, ':');
		if (!p)
			return false;
		p++;
	} else if (p[0] != ' ') {
		return false;
	}
	while (*p == ' ')
		p++;
	if (!isalpha((unsigned char)*p) && *p != '_')
		return false;
	plus = strstr(p, "+0x");
	if (!plus || !strstr(plus, "/0x"))
		return false;
	n = strcspn(p, "+ .");
	if (p + n > plus || n >= 128 || (p[n] != '+' && p[n] != '.'))
		return false;
	memcpy(name, p, n);
	name[n] = '\0';
	return true;
}

/*
 * The end of a word of digits or of an address at P; P itself when there is none. Units ("22s")
 * stay.
 */
static const char *number_end(const char *p)
{
	const char *q = p;
	bool digits = false;

	if (q[0] == '0' && q[1] == 'x')
		q += 2;
	for (; isxdigit((unsigned char)*q); q++)
		digits |= isdigit((unsigned char)*q);
	if (digits && !isalnum((unsigned char)*q) && *q != '_')
		return q;
	for (q = p; isdigit((unsigned char)*q); q++)
		;
	return q;
}

/*
 * Takes out of a title what differs between two sightings of one fault: numbers, addresses, CPUs,
 * tasks, taint.
 */
static void normalise(const char *title, char *out, size_t size)
{
	/* from here to the end of the title: who ran */
	static const char *const tail[] = { ", CPU#", " by task ", " in process ", "! [",
					    " Comm:" };
	/* from here to the end of the word */
	static const char * const word[] = { "CPU#", "task " };
	const char *p = title, *end = title + strlen(title);
	size_t i, n = 0;

	for (i = 0; i < sizeof(tail) / sizeof(tail[0]); i++) {
		const char *t = strstr(title, tail[i]);

		if (t && t < end)
			end = t;
	}
	while (p < end && n + 8 < size) {
		const char *q = p;

		if (p == title || (!isalnum((unsigned char)p[-1]) && p[-1] != '_')) {
			for (i = 0; q == p && i < sizeof(word) / sizeof(word[0]); i++)
				if (!strncmp(p, word[i], strlen(word[i])))
					q = p + strlen(word[i]) + strcspn(p + strlen(word[i]), " ");
			if (q == p &&
			    (!strncmp(p, "(Tainted", 8) || !strncmp(p, "(Not tainted", 12)))
				q = p + strcspn(p, ")");
			if (q == p)
				q = number_end(p);
		}
		if (q == p) {
			out[n++] = *p++;
		} else {
			out[n++] = '#';
			p = q;
		}
	}
	out[n] = '\0';
}

void crash_fingerprint(const char *kind, const char *title, const char *const *frames, size_t n,
		       char ret[FINGERPRINT_SIZE])
{
	char text[CRASH_TITLE_MAX + 16], hex[SHA256_HEX_SIZE];
	struct sha256 s;
	size_t i;

	normalise(title, text, sizeof(text));
	sha256_init(&s);
	sha256_update(&s, kind, strlen(kind) + 1);
	sha256_update(&s, text, strlen(text) + 1);
	for (i = 0; i < n && i < FRAMES_MAX; i++)
		sha256_update(&s, frames[i], strlen(frames[i]) + 1);
	sha256_final_hex(&s, hex);
	memcpy(ret, hex, FINGERPRINT_SIZE - 1);
	ret[FINGERPRINT_SIZE - 1] = '\0';
}

static void append_bounded(char **to, size_t *len, size_t max, const char *line)
{
	size_t n = strlen(line);
	char *p;

	if (*len + n + 2 > max)
		return;
	p = realloc(*to, *len + n + 2);
	if (!p)
		return;
	memcpy(p + *len, line, n);
	p[*len + n] = '\n';
	p[*len + n + 1] = '\0';
	*to = p;
	*len += n + 1;
}

static void close_splat(struct console *c)
{
	const char *frames[FRAMES_MAX];
	struct crash *k = c->open;
	size_t i;

	if (!k)
		return;
	for (i = 0; i < c->frames; i++)
		frames[i] = c->frame[i];
	crash_fingerprint(k->kind, k->title, frames, c->frames, k->fingerprint);
	c->open = NULL;
	c->open_complete = false;
	c->frames = 0;
}

static void open_splat(struct console *c, const struct pattern *p, const char *msg)
{
	struct crash *k;
	unsigned int i;

	close_splat(c);
	c->crashes++;
	if (c->crashes > CRASH_KEEP_MAX)
		return;
	k = &c->crash[c->crashes - 1];
	snprintf(k->kind, sizeof(k->kind), "%s", p->kind);
	snprintf(k->title, sizeof(k->title), "%s", msg);
	/* A cut in the middle of a character would be no UTF-8. */
	text_clean(k->title, strlen(k->title));
	for (i = 0; i < CONTEXT_LINES; i++) {
		const char *line = c->context[(c->context_next + i) % CONTEXT_LINES];

		if (line[0])
			append_bounded(&k->excerpt, &k->excerpt_len, CRASH_BYTES_MAX, line);
	}
	c->open = k;
}

static void splat_line(struct console *c, const char *line, const char *msg)
{
	struct crash *k = c->open;
	char name[128];

	append_bounded(&k->excerpt, &k->excerpt_len, CRASH_BYTES_MAX, line);
	if (!c->open_complete && c->frames < FRAMES_MAX && frame_of(msg, name) &&
	    !report_frame(name) && (!c->frames || strcmp(c->frame[c->frames - 1], name))) {
		strcpy(c->frame[c->frames++], name);
	}
	if (strstr(msg, "</TASK>") || strstr(msg, "</IRQ>"))
		c->open_complete = c->frames > 0;
	if (++k->lines >= CRASH_LINES_MAX || !strncmp(msg, "---[ end ", 9))
		close_splat(c);
}

/*
 * An oops says several headlines about one fault; only a splat whose stack was shown can be
 * followed by another.
 */
static bool same_splat(const struct console *c, const struct pattern *p)
{
	if (!c->open)
		return false;
	if (!strcmp(p->kind, "panic"))
		return true;
	if (c->open_complete)
		return false;
	if (!strcmp(p->kind, "oops") || !strcmp(p->kind, c->open->kind))
		return true;
	return c->open->lines < 3;
}

static void count_event(struct console *c, const char *msg)
{
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (!strstr(msg, events[i].text))
			continue;
		c->event[events[i].event]++;
		if (!c->forbidden && c->fail_on & 1u << events[i].event)
			c->forbidden = strdup(msg);
		return;
	}
}

static void console_line(const char *line, size_t len, bool truncated, void *userdata)
{
	struct console *c = userdata;
	const char *msg = message_of(line);
	const struct pattern *p;

	(void)truncated;
	if (!len)
		return;
	snprintf(c->last, sizeof(c->last), "%s", line);
	if (!strncmp(msg, "Linux version ", 14))
		c->saw_linux = true;

	p = find_pattern(msg);
	if (c->dumping) {
		append_bounded(&c->dump, &c->dump_len, DUMP_BYTES_MAX, line);
		if (p && p->fatal)
			c->panicked = true;
		return;
	}
	count_event(c, msg);
	if (p) {
		/* The panic that an oops ends in is no second fault. */
		bool follows = c->panicked && !strcmp(p->kind, "panic");

		c->panicked |= p->fatal;
		if (!follows && !same_splat(c, p))
			open_splat(c, p, msg);
	}
	if (c->open)
		splat_line(c, line, msg);
	snprintf(c->context[c->context_next++ % CONTEXT_LINES], LINE_MAX_BYTES + 1, "%s", line);
}

struct console *console_new(FILE *log, uint64_t log_max, unsigned int fail_on)
{
	struct console *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->lines = linebuf_new(LINE_MAX_BYTES, console_line, c);
	if (!c->lines) {
		free(c);
		return NULL;
	}
	c->log = log;
	c->log_max = log_max;
	c->fail_on = fail_on;
	return c;
}

void console_free(struct console *c)
{
	size_t i;

	if (!c)
		return;
	for (i = 0; i < CRASH_KEEP_MAX; i++)
		free(c->crash[i].excerpt);
	linebuf_free(c->lines);
	free(c->forbidden);
	free(c->dump);
	free(c);
}

void console_feed(struct console *c, const void *data, size_t len)
{
	if (c->log && c->bytes < c->log_max) {
		uint64_t room = c->log_max - c->bytes;

		fwrite(data, 1, len < room ? len : room, c->log);
	}
	c->bytes += len;
	linebuf_feed(c->lines, data, len);
}

void console_end(struct console *c)
{
	if (c->ended)
		return;
	c->ended = true;
	linebuf_flush(c->lines);
	close_splat(c);
	if (c->log)
		fflush(c->log);
}

void console_begin_dump(struct console *c)
{
	linebuf_flush(c->lines);
	close_splat(c);
	c->dumping = true;
}

size_t console_crashes(const struct console *c)
{
	return c->crashes;
}

const struct crash *console_crash(const struct console *c, size_t i)
{
	return i < c->crashes && i < CRASH_KEEP_MAX ? &c->crash[i] : NULL;
}

bool console_panicked(const struct console *c)
{
	return c->panicked;
}

const char *console_forbidden(const struct console *c)
{
	return c->forbidden;
}

unsigned int console_events(const struct console *c, enum console_event e)
{
	return c->event[e];
}

const char *console_dump(const struct console *c)
{
	return c->dump ?: "";
}

const char *console_last(const struct console *c)
{
	return c->last;
}

uint64_t console_bytes(const struct console *c)
{
	return c->bytes;
}

bool console_truncated(const struct console *c)
{
	return c->log && c->bytes > c->log_max;
}

bool console_linux(const struct console *c)
{
	return c->saw_linux;
}
