// SPDX-License-Identifier: GPL-2.0
/* Init of the KVM proof: says its line on the console and restarts the machine. No libc, so that it starts at once. */
#include <asm/unistd.h>
#include <linux/reboot.h>

static long syscall4(long n, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return r;
}

void _start(void);

void _start(void)
{
	static const char line[] = "rig: kvm proof\n";

	syscall4(__NR_write, 1, (long)line, sizeof(line) - 1, 0);
	syscall4(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART, 0);
	for (;;)
		;
}
