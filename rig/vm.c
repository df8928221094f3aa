// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU: its command line, its process and its QMP monitor. Everything that connects it to us is an inherited descriptor: no
 * socket has a name, so nothing is left behind and no two runs can meet.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <json-c/json.h>

#include "channel.h"
#include "linebuf.h"
#include "stream.h"
#include "vm.h"

#define ARGS_MAX	128
#define QMP_LINE_MAX	65536
#define QMP_QUEUE_MAX	16
#define DRAIN_MAX	(4u << 20)	/* output of a dead guest that is still looked at */

enum { PIPE_CONSOLE, PIPE_CHANNEL, PIPE_QMP, PIPES };

struct vm {
	sd_event *event;
	const struct vm_ops *ops;
	void *userdata;
	char *argv[ARGS_MAX + 1];
	int argc;
	int fds[VM_FD_DISK - VM_FD_INITRD + CELL_DISKS_MAX + 1 + VM_PORTS_MAX];	/* for VM_FD_INITRD and up */
	int nfds;
	int log_fd;
	pid_t pid;
	sd_event_source *child;
	struct stream *pipe[PIPES];
	struct linebuf *qmp_lines;
	bool qmp_ready;
	bool quitting;
	char *qmp_queue[QMP_QUEUE_MAX];	/* commands that wait for the monitor's greeting */
	int qmp_queued;
};

static int arg(struct vm *vm, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int arg(struct vm *vm, const char *fmt, ...)
{
	va_list ap;
	int r;

	if (vm->argc == ARGS_MAX)
		return -E2BIG;
	va_start(ap, fmt);
	r = vasprintf(&vm->argv[vm->argc], fmt, ap);
	va_end(ap);
	if (r < 0) {
		vm->argv[vm->argc] = NULL;
		return -ENOMEM;
	}
	vm->argc++;
	return 0;
}

static int option(struct vm *vm, const char *name, const char *value)
{
	return arg(vm, "-%s", name) ?: arg(vm, "%s", value);
}

/* QEMU's option syntax: a comma in a value is written twice. */
static char *double_commas(const char *s)
{
	char *out = malloc(2 * strlen(s) + 1), *p = out;

	if (!out)
		return NULL;
	for (; *s; s++) {
		if (*s == ',')
			*p++ = ',';
		*p++ = *s;
	}
	*p = '\0';
	return out;
}

static int add_machine(struct vm *vm, const struct vm_config *c)
{
	const char *accel = c->kvm ? "kvm" : "tcg,thread=multi,tb-size=256";
	/* Five-level page tables cost TCG a walk more for nothing. */
	const char *cpu = c->kvm ? "host" : "max,la57=off";
	int r;

	if (c->icount)
		accel = "tcg,thread=single,tb-size=256";
	r = arg(vm, "%s", c->qemu) ?: option(vm, "name", c->name);
	/* No ACPI: the kernel's command line, which microvm extends by itself, names the devices. */
	r = r ?: option(vm, "machine", "microvm,acpi=off,x-option-roms=off,rtc=on");
	r = r ?: option(vm, "accel", accel) ?: option(vm, "cpu", cpu);
	if (c->icount)
		r = r ?: option(vm, "icount", "shift=0,sleep=off");
	r = r ?: arg(vm, "-smp") ?: arg(vm, "%u", c->icount ? 1 : c->cpus);
	r = r ?: arg(vm, "-m") ?: arg(vm, "%uM", c->memory);
	r = r ?: arg(vm, "-nodefaults") ?: arg(vm, "-no-user-config") ?: arg(vm, "-no-reboot");
	r = r ?: option(vm, "display", "none");
	/* A guest that breaks out finds nothing to start and no rights to gain. */
	r = r ?: option(vm, "sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny");
	r = r ?: option(vm, "kernel", c->kernel);
	r = r ?: arg(vm, "-initrd") ?: arg(vm, "/dev/fd/%d", VM_FD_INITRD);
	r = r ?: option(vm, "append", c->cmdline);
	return r;
}

static int add_socket(struct vm *vm, const char *id, int fd)
{
	return arg(vm, "-chardev") ?: arg(vm, "socket,id=%s,fd=%d", id, fd);
}

static int add_disk(struct vm *vm, unsigned int i, const struct disk_spec *d)
{
	char throttle[128] = "";
	int n = 0, r;

	if (d->bps)
		n = snprintf(throttle, sizeof(throttle), ",throttling.bps-total=%" PRIu64, d->bps);
	if (d->iops)
		snprintf(throttle + n, sizeof(throttle) - n, ",throttling.iops-total=%" PRIu64,
			 d->iops);
	/* cache=unsafe: the file is thrown away after the run, a flush is for nothing. */
	r = arg(vm, "-drive");
	r = r ?: arg(vm, "if=none,id=disk%u,format=raw,cache=unsafe,discard=unmap,"
		     "file=/dev/fd/%u%s", i, VM_FD_DISK + i, throttle);
	r = r ?: arg(vm, "-device");
	return r ?: arg(vm, "virtio-blk-device,drive=disk%u,serial=%s", i, d->name);
}

static int add_root(struct vm *vm, const char *image)
{
	char *path = double_commas(image);
	int r;

	if (!path)
		return -ENOMEM;
	r = arg(vm, "-drive");
	r = r ?: arg(vm, "if=none,id=rootfs,format=raw,readonly=on,file=%s", path);
	free(path);
	return r ?: option(vm, "device", "virtio-blk-device,drive=rootfs,serial=rootfs");
}

static int add_share(struct vm *vm, unsigned int fd)
{
	return arg(vm, "-drive") ?:
	       arg(vm, "if=none,id=share,format=raw,readonly=on,file=/dev/fd/%u", fd) ?:
	       option(vm, "device", "virtio-blk-device,drive=share,serial=share");
}

static int add_port(struct vm *vm, unsigned int i, unsigned int fd, const char *name)
{
	int r;

	r = arg(vm, "-chardev") ?: arg(vm, "socket,id=port%u,fd=%u", i, fd) ?: arg(vm, "-device");
	if (name)
		return r ?: arg(vm, "virtserialport,chardev=port%u,name=%s", i, name);
	return r ?: arg(vm, "virtconsole,chardev=port%u", i);
}

static int add_devices(struct vm *vm, const struct vm_config *c)
{
	unsigned int i;
	int r;

	r = add_socket(vm, "console", VM_FD_CONSOLE) ?: option(vm, "serial", "chardev:console");
	r = r ?: add_socket(vm, "qmp", VM_FD_QMP) ?: option(vm, "mon", "chardev=qmp,mode=control");
	r = r ?: arg(vm, "-device") ?:
		 arg(vm, "virtio-serial-device,max_ports=%u", 2 + c->ports);
	r = r ?: add_socket(vm, "channel", VM_FD_CHANNEL);
	r = r ?: option(vm, "device", "virtserialport,chardev=channel,name=" CHANNEL_PORT_NAME);
	if (c->root_image)
		r = r ?: add_root(vm, c->root_image);
	for (i = 0; !r && i < c->disks; i++)
		r = add_disk(vm, i, &c->disk[i]);
	if (c->share_fd >= 0)
		r = r ?: add_share(vm, VM_FD_DISK + c->disks);
	for (i = 0; !r && i < c->ports; i++)
		r = add_port(vm, i, VM_FD_DISK + c->disks + (c->share_fd >= 0) + i, c->port[i].name);
	return r;
}

int vm_new(sd_event *event, const struct vm_config *config, const struct vm_ops *ops, void *userdata, struct vm **ret,
	   struct rig_error *e)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	unsigned int i;
	int r;

	if (!vm)
		return rig_fail(e, -ENOMEM, "out of memory");
	vm->event = sd_event_ref(event);
	vm->ops = ops;
	vm->userdata = userdata;
	vm->log_fd = config->log_fd;
	vm->fds[vm->nfds++] = config->initrd_fd;
	for (i = 0; i < config->disks; i++)
		vm->fds[vm->nfds++] = config->disk_fd[i];
	if (config->share_fd >= 0)
		vm->fds[vm->nfds++] = config->share_fd;
	for (i = 0; i < config->ports; i++)
		vm->fds[vm->nfds++] = config->port[i].fd;
	r = add_machine(vm, config) ?: add_devices(vm, config);
	if (r) {
		vm_free(vm);
		return rig_fail(e, r, "cannot make QEMU's command line: %s", strerror(-r));
	}
	*ret = vm;
	return 0;
}

/* Reads what the dead process left in the sockets. */
static void drain(struct vm *vm)
{
	int i;

	for (i = 0; i < PIPES; i++)
		if (vm->pipe[i])
			stream_drain(vm->pipe[i], DRAIN_MAX);
}

static void drop_pipes(struct vm *vm)
{
	int i;

	for (i = 0; i < PIPES; i++) {
		stream_free(vm->pipe[i]);
		vm->pipe[i] = NULL;
	}
}

void vm_free(struct vm *vm)
{
	int i;

	if (!vm)
		return;
	vm->child = sd_event_source_disable_unref(vm->child);
	if (vm->pid > 0) {
		kill(vm->pid, SIGKILL);
		while (waitpid(vm->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	drop_pipes(vm);
	linebuf_free(vm->qmp_lines);
	for (i = 0; i < vm->qmp_queued; i++)
		free(vm->qmp_queue[i]);
	for (i = 0; i < vm->argc; i++)
		free(vm->argv[i]);
	sd_event_unref(vm->event);
	free(vm);
}

static void on_console(const void *data, size_t len, void *userdata)
{
	struct vm *vm = userdata;

	vm->ops->console(data, len, vm->userdata);
}

static void on_channel(const void *data, size_t len, void *userdata)
{
	struct vm *vm = userdata;

	vm->ops->channel(data, len, vm->userdata);
}

static int qmp_send(struct vm *vm, const char *command)
{
	if (!vm->pipe[PIPE_QMP])
		return -ENOTCONN;
	if (vm->qmp_ready)
		return stream_write(vm->pipe[PIPE_QMP], command, strlen(command));
	if (vm->qmp_queued == QMP_QUEUE_MAX)
		return -ENOBUFS;
	vm->qmp_queue[vm->qmp_queued] = strdup(command);
	if (!vm->qmp_queue[vm->qmp_queued])
		return -ENOMEM;
	vm->qmp_queued++;
	return 0;
}

static void on_qmp_line(const char *line, size_t len, bool truncated, void *userdata)
{
	static const char hello[] = "{\"execute\":\"qmp_capabilities\"}\n";
	struct vm *vm = userdata;
	struct json_object *o, *v;
	int i;

	if (truncated || !len)
		return;
	o = json_tokener_parse(line);
	if (!json_object_is_type(o, json_type_object)) {
		json_object_put(o);
		return;
	}
	/* The key must follow the BREAK: it is sent when the monitor has answered. */
	if (vm->qmp_ready && json_object_object_get_ex(o, "id", &v) && json_object_is_type(v, json_type_string) &&
	    vm->pipe[PIPE_CONSOLE])
		stream_write(vm->pipe[PIPE_CONSOLE], json_object_get_string(v), 1);
	if (!vm->qmp_ready && json_object_object_get_ex(o, "QMP", &v) &&
	    !stream_write(vm->pipe[PIPE_QMP], hello, sizeof(hello) - 1)) {
		vm->qmp_ready = true;
		for (i = 0; i < vm->qmp_queued; i++) {
			qmp_send(vm, vm->qmp_queue[i]);
			free(vm->qmp_queue[i]);
		}
		vm->qmp_queued = 0;
	}
	json_object_put(o);
}

static void on_qmp(const void *data, size_t len, void *userdata)
{
	struct vm *vm = userdata;

	if (len)
		linebuf_feed(vm->qmp_lines, data, len);
}

static int on_child(sd_event_source *source, const siginfo_t *si, void *userdata)
{
	struct vm *vm = userdata;
	char how[96];

	(void)source;
	vm->pid = 0;
	vm->child = sd_event_source_disable_unref(vm->child);
	drain(vm);
	drop_pipes(vm);
	if (si->si_code == CLD_EXITED)
		snprintf(how, sizeof(how), "QEMU ended with status %d", si->si_status);
	else
		snprintf(how, sizeof(how), "QEMU was killed by signal %d (%s)", si->si_status, strsignal(si->si_status));
	vm->ops->exited(how, vm->userdata);
	return 0;
}

/*
 * In the child between fork and exec. The death signal is lost when the parent dies before it is set: then we have another
 * parent already.
 */
static void child_exec(struct vm *vm, pid_t parent, const int remote[PIPES])
{
	int from[PIPES + sizeof(vm->fds) / sizeof(vm->fds[0])], n = 0, i, null, out;
	sigset_t none;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(126);
	/* A group of its own: the terminal's Ctrl-C is for us, who then end QEMU in order. */
	setpgid(0, 0);

	for (i = 0; i < PIPES; i++)
		from[n++] = remote[i];
	for (i = 0; i < vm->nfds; i++)
		from[n++] = vm->fds[i];
	/* Out of the way of the numbers they shall get. */
	for (i = 0; i < n; i++) {
		from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 256);
		if (from[i] < 0)
			_exit(126);
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	out = vm->log_fd >= 0 ? fcntl(vm->log_fd, F_DUPFD_CLOEXEC, 256) : null;
	if (null < 0 || out < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(126);
	for (i = 0; i < n; i++)
		if (dup2(from[i], VM_FD_CONSOLE + i) < 0)
			_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execvp(vm->argv[0], vm->argv);
	_exit(127);
}

int vm_start(struct vm *vm, struct rig_error *e)
{
	static const stream_fn fn[PIPES] = { on_console, on_channel, on_qmp };
	int remote[PIPES] = { -1, -1, -1 };
	pid_t parent = getpid();
	int i, r = 0;

	vm->qmp_lines = linebuf_new(QMP_LINE_MAX, on_qmp_line, vm);
	if (!vm->qmp_lines)
		return rig_fail(e, -ENOMEM, "out of memory");
	for (i = 0; i < PIPES && !r; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
			r = rig_fail(e, -errno, "cannot make a socket pair: %s", strerror(errno));
			break;
		}
		remote[i] = pair[1];
		r = stream_new(vm->event, pair[0], fn[i], vm, &vm->pipe[i]);
		if (r)
			rig_fail(e, r, "cannot watch a socket: %s", strerror(-r));
	}
	if (!r) {
		vm->pid = fork();
		if (!vm->pid)
			child_exec(vm, parent, remote);
		if (vm->pid < 0)
			r = rig_fail(e, -errno, "cannot fork: %s", strerror(errno));
	}
	for (i = 0; i < PIPES; i++)
		if (remote[i] >= 0)
			close(remote[i]);
	if (r)
		return r;
	r = sd_event_add_child(vm->event, &vm->child, vm->pid, WEXITED, on_child, vm);
	if (r < 0)
		return rig_fail(e, r, "cannot watch QEMU: %s", strerror(-r));
	/* Its last words come before its end. */
	sd_event_source_set_priority(vm->child, SD_EVENT_PRIORITY_NORMAL + 10);
	return 0;
}

int vm_say(struct vm *vm, const char *line)
{
	char buf[128];
	int n;

	if (!vm->pipe[PIPE_CHANNEL])
		return -ENOTCONN;
	n = snprintf(buf, sizeof(buf), "%s\n", line);
	if (n >= (int)sizeof(buf))
		return -EINVAL;
	return stream_write(vm->pipe[PIPE_CHANNEL], buf, n);
}

int vm_sysrq(struct vm *vm, char key)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "{\"execute\":\"chardev-send-break\",\"arguments\":{\"id\":\"console\"},\"id\":\"%c\"}\n", key);
	return qmp_send(vm, command);
}

int vm_quit(struct vm *vm)
{
	if (vm->quitting)
		return 0;
	vm->quitting = true;
	return qmp_send(vm, "{\"execute\":\"quit\"}\n");
}

void vm_kill(struct vm *vm)
{
	if (vm->pid > 0)
		kill(vm->pid, SIGKILL);
}

char *const *vm_argv(const struct vm *vm)
{
	return vm->argv;
}

static void write_quoted(FILE *f, const char *s)
{
	if (*s && !s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=./,:@%")]) {
		fputs(s, f);
		return;
	}
	fputc('\'', f);
	for (; *s; s++) {
		if (*s == '\'')
			fputs("'\\''", f);
		else
			fputc(*s, f);
	}
	fputc('\'', f);
}

int vm_write_command(const struct vm *vm, FILE *f)
{
	int i;

	for (i = 0; i < vm->argc; i++) {
		if (i)
			fputs(vm->argv[i][0] == '-' ? " \\\n\t" : " ", f);
		write_quoted(f, vm->argv[i]);
	}
	fputc('\n', f);
	return ferror(f) ? -EIO : 0;
}
