// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swapadm.h"

struct swapadm_opts opts;
struct sysroot root = { .fd = -1 };

static const struct object {
	const char *name;
	int (*run)(int argc, char **argv);
} objects[] = {
	{ "device", do_device },
	{ "cgroup", do_cgroup },
	{ "tier", do_tier },
	{ "demote", do_demote },
	{ "compact", do_compact },
	{ "config", do_config },
	{ "stat", do_stat },
	{ "check", do_check },
	{ "help", do_help },
};

static char command[64];

const char *command_name(void)
{
	return command;
}

void command_set(const char *object, const char *verb)
{
	snprintf(command, sizeof(command), "%s%s%s", object, *verb ? " " : "", verb);
}

static void __attribute__((format(printf, 1, 0), nonnull))
vmessage(const char *fmt, va_list ap, const char *tail)
{
	fflush(stdout);
	fputs("swapadm: ", stderr);
	if (*command)
		fprintf(stderr, "%s: ", command);
	vfprintf(stderr, fmt, ap);
	fputs(tail, stderr);
}

void message(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vmessage(fmt, ap, "\n");
	va_end(ap);
}

int usage_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vmessage(fmt, ap, " (see --help)\n");
	va_end(ap);
	return EX_USAGE;
}

int out_of_memory(void)
{
	message("%s", strerror(ENOMEM));
	return EX_NOMEM;
}

const char *reason(int err)
{
	switch (err) {
	case -EBADMSG:
		return "Not in the expected form";
	case -ERANGE:
		return "Number out of range";
	}
	return strerror(-err);
}

int cannot_read(int err)
{
	if (err == -ENOMEM)
		return out_of_memory();
	message("cannot read %s: %s", root.failed, reason(err));
	return EX_FAILED;
}

static int dispatch(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		const struct object *obj = &objects[i];

		if (strcmp(argv[0], obj->name))
			continue;
		command_set(obj->name, "");
		return obj->run(argc, argv);
	}
	return usage_error("unknown object: %s", argv[0]);
}

/* Output that did not arrive is a failure, whatever the verb thought. */
static int close_output(int status)
{
	if (ferror(stdout) | fclose(stdout)) {
		message("cannot write the output: %s", strerror(errno ? errno : EIO));
		return status ? status : EX_FAILED;
	}
	return status;
}

int main(int argc, char **argv)
{
	int status;

	/* Widths need the character set; numbers are the same in each locale. */
	setlocale(LC_CTYPE, "");

	status = options_early(&argc, &argv);
	if (status < 0)
		status = argc ? dispatch(argc, argv) : usage_error("an object is missing");
	return close_output(status);
}
