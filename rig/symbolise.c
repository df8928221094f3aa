// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"
#include "doc.h"
#include "linebuf.h"
#include "sha256.h"
#include "symbolise.h"

#define FRAMES_MAX	80
#define SYMBOL_MAX	128
#define OUTPUT_MAX	(256u << 10)
#define SECONDS_MAX	120

static size_t hex_number(const char *p)
{
	size_t n;

	if (p[0] != '0' || p[1] != 'x')
		return 0;
	for (n = 0; n < 8 && isxdigit((unsigned char)p[2 + n]); n++)
		;
	return n ? n + 2 : 0;
}

/*
 * The frame "name+0x12/0x34" of a line, and nothing around it: the script evaluates what it is
 * given, so a name has the characters of a C identifier and the dots that compilers add.
 */
static bool frame_of(const char *line, char *out, size_t size)
{
	const char *plus, *p;

	for (plus = strstr(line, "+0x"); plus; plus = strstr(plus + 1, "+0x")) {
		size_t off = hex_number(plus + 1), len;

		if (!off || plus[1 + off] != '/')
			continue;
		len = hex_number(plus + 2 + off);
		for (p = plus; p > line && (isalnum((unsigned char)p[-1]) || strchr("_.", p[-1]));
		     p--)
			;
		if (!len || p == plus || (!isalpha((unsigned char)*p) && *p != '_') ||
		    plus - p > SYMBOL_MAX)
			continue;
		len += plus + 2 + off - p;
		if (len >= size)
			continue;
		memcpy(out, p, len);
		out[len] = '\0';
		return true;
	}
	return false;
}

/* The script's script and the ELF file, or the reason why there are none. */
static bool find_tools(const char *tree, struct json_object *kernel, char script[PATH_MAX],
		       char vmlinux[PATH_MAX], char *why, size_t size)
{
	const char *image = doc_string(kernel, "path"), *wanted = doc_string(kernel, "sha256");
	const char *slash = strrchr(image, '/');
	char hash[SHA256_HEX_SIZE];

	if (snprintf(script, PATH_MAX, "%s/scripts/decode_stacktrace.sh", tree) >= PATH_MAX ||
	    access(script, R_OK)) {
		snprintf(why, size, "no kernel source in build/linux (make tree)");
		return false;
	}
	if (!slash ||
	    snprintf(vmlinux, PATH_MAX, "%.*s/vmlinux", (int)(slash - image), image) >= PATH_MAX ||
	    access(vmlinux, R_OK)) {
		snprintf(why, size, "there is no vmlinux beside the kernel that was booted");
		return false;
	}
	if (sha256_file_hex(image, hash) || strcmp(hash, wanted)) {
		snprintf(
			why, size,
			"the kernel was built anew since: its vmlinux is not the one that was booted");
		return false;
	}
	return true;
}

/* "/any/where/linux/mm/swapfile.c:12" without what lies before the tree. */
static void strip_tree(char *path)
{
	static const char *const tops[] = { "/linux/", "/linux-base/" };
	size_t i;

	if (path[0] != '/' && strncmp(path, "../", 3))
		return;
	for (i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
		char *p = strstr(path, tops[i]);

		if (p) {
			p += strlen(tops[i]);
			memmove(path, p, strlen(p) + 1);
			return;
		}
	}
}

/*
 * From "name (file:line file:line)", the part in parentheses, each file from the top of the tree.
 */
static char *source_of(char *decoded)
{
	char *open = strstr(decoded, " ("), *close = strrchr(decoded, ')'), *word, *save = NULL;
	struct strbuf sb = STRBUF_INIT;
	int r = 0;

	if (!open || !close || close < open)
		return NULL;
	*close = '\0';
	for (word = strtok_r(open + 2, " ", &save); word && !r; word = strtok_r(NULL, " ", &save)) {
		/* "(discriminator 3)" of addr2line, and what has no line. */
		if (!strchr(word, ':') || strstr(word, "??") || strstr(word, ":?"))
			continue;
		strip_tree(word);
		r = (sb.len ? strbuf_adds(&sb, " ← ") : 0) ?: strbuf_adds(&sb, word);
	}
	if (r || !sb.len) {
		strbuf_release(&sb);
		return NULL;
	}
	text_clean(sb.buf, sb.len);
	return strbuf_detach(&sb);
}

static int decode(const char *script, const char *vmlinux, const char *tree, const char *frames,
		  struct strbuf *out)
{
	char *argv[] = { "bash", (char *)script, (char *)vmlinux, (char *)tree, NULL };
	static const char *const env[] = { "LC_ALL=C", "DEBUGINFOD_URLS=", NULL };
	struct program c = {
		.argv = argv,
		.env = env,
		.input = frames,
		.log_fd = -1,
		.out = out,
		.out_max = OUTPUT_MAX,
		.seconds = SECONDS_MAX,
	};

	return program_run(&c);
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		n++;
	return n;
}

/* The frames of the excerpt, one a line, and the line that each of them is in. */
static int collect(const char *excerpt, struct strbuf *frames, size_t at[FRAMES_MAX], size_t *n)
{
	char line[512], frame[SYMBOL_MAX + 32];
	size_t k = 0;
	int r = 0;

	for (; *excerpt && *n < FRAMES_MAX && !r; k++) {
		size_t len = strcspn(excerpt, "\n");

		snprintf(line, sizeof(line), "%.*s",
			 (int)(len < sizeof(line) ? len : sizeof(line) - 1), excerpt);
		excerpt += len + (excerpt[len] == '\n');
		if (!frame_of(line, frame, sizeof(frame)))
			continue;
		at[(*n)++] = k;
		r = strbuf_adds(frames, frame) ?: strbuf_addch(frames, '\n');
	}
	return r;
}

int source_lines_find(const char *tree, struct json_object *kernel, const char *excerpt,
		      struct source_lines *ret)
{
	struct strbuf frames = STRBUF_INIT, out = STRBUF_INIT;
	char script[PATH_MAX], vmlinux[PATH_MAX], *p, *line;
	size_t at[FRAMES_MAX], n = 0, i, found = 0;
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->n = count_lines(excerpt);
	ret->line = calloc(ret->n ?: 1, sizeof(*ret->line));
	if (!ret->line)
		return -ENOMEM;
	if (!find_tools(tree, kernel, script, vmlinux, ret->why_not, sizeof(ret->why_not)))
		return 0;
	r = collect(excerpt, &frames, at, &n);
	if (!r && n) {
		r = decode(script, vmlinux, tree, strbuf_str(&frames), &out);
		if (r)
			snprintf(ret->why_not, sizeof(ret->why_not), "decode_stacktrace.sh %s",
				 r < 0 ? strerror(-r) : "failed");
		p = out.buf;
		for (i = 0; !r && i < n && p && (line = strsep(&p, "\n")); i++) {
			ret->line[at[i]] = source_of(line);
			found += !!ret->line[at[i]];
		}
	}
	if (!found && !ret->why_not[0])
		snprintf(ret->why_not, sizeof(ret->why_not),
			 n ? "the kernel was built without debug information" :
			     "no frame of a stack in it");
	strbuf_release(&frames);
	strbuf_release(&out);
	return r == -ENOMEM ? r : 0;
}

void source_lines_release(struct source_lines *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->line[i]);
	free(s->line);
	memset(s, 0, sizeof(*s));
}
