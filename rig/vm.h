/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_VM_H
#define RIG_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "error.h"
#include "plan.h"

/* File descriptors that QEMU inherits. Fixed, so that the recorded command says what they are. */
enum {
	VM_FD_CONSOLE = 3,
	VM_FD_CHANNEL,
	VM_FD_QMP,
	VM_FD_INITRD,
	VM_FD_DISK,		/* and up; then the shared directory, then the ports */
};

#define VM_PORTS_MAX	2

/* A port of the guest beside that of the protocol. */
struct vm_port {
	const char *name;	/* NULL: a console, hvc0 in the guest */
	int fd;			/* connected socket */
};

struct vm_config {
	const char *name;		/* shown by ps */
	const char *qemu;		/* program */
	bool kvm;			/* else TCG */
	bool icount;
	unsigned int memory;		/* MiB */
	unsigned int cpus;
	const char *kernel;
	const char *cmdline;
	const char *root_image;		/* or NULL */
	int initrd_fd;
	int disk_fd[CELL_DISKS_MAX];	/* as many as DISKS */
	const struct disk_spec *disk;
	unsigned int disks;
	int share_fd;			/* image of a directory, serial "share", read-only; -1: none */
	struct vm_port port[VM_PORTS_MAX];
	unsigned int ports;
	int log_fd;			/* QEMU's stdout and stderr; -1: /dev/null */
};

struct vm_ops {
	/* LEN 0: that stream ended */
	void (*console)(const void *data, size_t len, void *userdata);
	void (*channel)(const void *data, size_t len, void *userdata);
	/*
	 * QEMU is gone and reaped, all output was handed out. HOW is for people. The vm may be
	 * freed in here.
	 */
	void (*exited)(const char *how, void *userdata);
};

struct vm;

/*
 * The descriptors in CONFIG stay the caller's and open until vm_start; CONFIG itself is needed by
 * vm_new only. 0 or -errno.
 */
int vm_new(sd_event *event, const struct vm_config *config, const struct vm_ops *ops,
	   void *userdata, struct vm **ret, struct rig_error *e);
/* Kills QEMU when it runs, and waits for its end (a SIGKILL away). */
void vm_free(struct vm *vm);

/* Starts QEMU. It dies with this process, however this process dies. */
int vm_start(struct vm *vm, struct rig_error *e);

/* One line to the agent; -EAGAIN when the guest does not read. */
int vm_say(struct vm *vm, const char *line);

/*
 * SysRq KEY by a BREAK on the serial line: works when the agent does not, as long as the guest
 * takes interrupts.
 */
int vm_sysrq(struct vm *vm, char key);

/* Asks QEMU to end (QMP quit). exited() follows, or vm_kill() is needed. */
int vm_quit(struct vm *vm);
void vm_kill(struct vm *vm);

/* Argument vector of the command, NULL terminated. */
char *const *vm_argv(const struct vm *vm);

/* Writes the command with the quotes that a shell needs, one option a line. */
int vm_write_command(const struct vm *vm, FILE *f);

#endif
