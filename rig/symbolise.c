// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <dirent.h>
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

struct symboliser {
	const char *tree, *kernels;
	char sha256[SHA256_HEX_SIZE];	/* of the image that was looked for last; "": none was */
	char vmlinux[PATH_MAX];		/* of that, when there is no reason why_not */
	const char *why_not;
};

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

int symboliser_new(const char *tree, const char *kernels, struct symboliser **ret)
{
	struct symboliser *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->tree = tree;
	s->kernels = kernels;
	*ret = s;
	return 0;
}

void symboliser_free(struct symboliser *s)
{
	free(s);
}

/* Is the image in DIR the one that was booted, and its vmlinux beside it? Otherwise says why not. */
static bool is_vmlinux_of(struct symboliser *s, const char *dir, const char *image)
{
	char path[PATH_MAX], hash[SHA256_HEX_SIZE];

	if (snprintf(s->vmlinux, sizeof(s->vmlinux), "%s/vmlinux", dir) >= PATH_MAX ||
	    snprintf(path, sizeof(path), "%s/%s", dir, image) >= PATH_MAX ||
	    access(s->vmlinux, R_OK) || access(path, R_OK)) {
		s->why_not = "there is no vmlinux beside the kernel that was booted";
		return false;
	}
	if (sha256_file_hex(path, hash) || strcmp(hash, s->sha256)) {
		s->why_not =
			"the kernel was built anew since: its vmlinux is not the one that was booted";
		return false;
	}
	s->why_not = NULL;
	return true;
}

/* For the kernel s->sha256 that was booted from IMAGE: s->vmlinux, or s->why_not. */
static void find_vmlinux(struct symboliser *s, const char *image)
{
	const char *slash = strrchr(image, '/');
	char dir[PATH_MAX];
	struct dirent *d;
	DIR *kernels;

	s->why_not = "there is no vmlinux beside the kernel that was booted";
	if (slash && snprintf(dir, sizeof(dir), "%.*s", (int)(slash - image), image) < PATH_MAX &&
	    is_vmlinux_of(s, dir, slash + 1))
		return;
	kernels = opendir(s->kernels);
	while (kernels && (d = readdir(kernels)))
		if (d->d_name[0] != '.' &&
		    snprintf(dir, sizeof(dir), "%s/%s", s->kernels, d->d_name) < PATH_MAX) {
			const char *before = s->why_not;

			if (is_vmlinux_of(s, dir, "bzImage"))
				break;
			/* What is said is said of the kernel that was named. */
			s->why_not = before;
		}
	if (kernels)
		closedir(kernels);
}

/* The kernel's script and the ELF file, or the reason why there are none. */
static bool find_tools(struct symboliser *s, struct json_object *kernel, char script[PATH_MAX],
		       const char **why_not)
{
	const char *sha256 = doc_string(kernel, "sha256");

	if (snprintf(script, PATH_MAX, "%s/scripts/decode_stacktrace.sh", s->tree) >= PATH_MAX ||
	    access(script, R_OK)) {
		*why_not = "no kernel source in build/linux (make tree)";
		return false;
	}
	/* Mostly the same as the last time: to hash all kernels takes a while. */
	if (!s->sha256[0] || strcmp(s->sha256, sha256)) {
		snprintf(s->sha256, sizeof(s->sha256), "%s", sha256);
		find_vmlinux(s, doc_string(kernel, "path"));
	}
	*why_not = s->why_not;
	return !s->why_not;
}

/* Takes "." and ".." out of an absolute path: the compiler is given files relative to the directory of the objects. */
static void normalise(char *path)
{
	char *in = path, *out = path;

	while (*in == '/') {
		size_t len = 1 + strcspn(in + 1, "/");

		if (len == 3 && !strncmp(in, "/..", 3)) {
			while (out > path && *--out != '/')
				;
		} else if (len > 1 && !(len == 2 && in[1] == '.')) {
			memmove(out, in, len);
			out += len;
		}
		in += len;
	}
	if (out > path)
		*out = '\0';
}

/*
 * "/any/where/linux/mm/swapfile.c:12" from the top of the source. Where a kernel was built is not known here, but the
 * source that it was built from has the files of TREE: what is before the longest tail that is in TREE is the way to
 * it. Files that the build has made are named from the directory of the objects.
 */
static void from_top(const char *tree, char *path)
{
	static const char objects[] = "/obj/";
	const char *tail, *colon = strrchr(path, ':');
	char file[PATH_MAX];

	for (tail = path; tail; tail = strchr(tail, '/')) {
		tail += *tail == '/';
		if (tail < colon && strncmp(tail, "../", 3) &&
		    snprintf(file, sizeof(file), "%s/%.*s", tree, (int)(colon - tail), tail) <
			    PATH_MAX &&
		    !access(file, F_OK))
			break;
	}
	if (!tail) {
		tail = strstr(path, objects);
		tail = tail ? tail + strlen(objects) : path;
	}
	memmove(path, tail, strlen(tail) + 1);
}

/*
 * From "name (file:line file:line)", the part in parentheses, each file from the top of the tree.
 */
static char *source_of(const char *tree, char *decoded)
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
		normalise(word);
		from_top(tree, word);
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

int source_lines_find(struct symboliser *s, struct json_object *kernel, const char *excerpt,
		      struct source_lines *ret)
{
	struct strbuf frames = STRBUF_INIT, out = STRBUF_INIT;
	char script[PATH_MAX], *p, *line;
	const char *why_not;
	size_t at[FRAMES_MAX], n = 0, i, found = 0;
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->n = count_lines(excerpt);
	ret->line = calloc(ret->n ?: 1, sizeof(*ret->line));
	if (!ret->line)
		return -ENOMEM;
	if (!find_tools(s, kernel, script, &why_not)) {
		snprintf(ret->why_not, sizeof(ret->why_not), "%s", why_not);
		return 0;
	}
	r = collect(excerpt, &frames, at, &n);
	if (!r && n) {
		r = decode(script, s->vmlinux, s->tree, strbuf_str(&frames), &out);
		if (r)
			snprintf(ret->why_not, sizeof(ret->why_not), "decode_stacktrace.sh %s",
				 r < 0 ? strerror(-r) : "failed");
		p = out.buf;
		for (i = 0; !r && i < n && p && (line = strsep(&p, "\n")); i++) {
			ret->line[at[i]] = source_of(s->tree, line);
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
