// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#include "ktap.h"
#include "lostpage.h"

#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif

__thread sigjmp_buf lostpage_back;
__thread volatile sig_atomic_t lostpage_armed;

static void on_sigbus(int sig)
{
	if (!lostpage_armed) {
		/* Not of a page that may be lost: it is raised again, and ends us. */
		signal(sig, SIG_DFL);
		return;
	}
	lostpage_armed = 0;
	siglongjmp(lostpage_back, 1);
}

void lostpage_init(void)
{
	/* The handler is left by a jump that does not restore the mask. */
	struct sigaction sa = { .sa_handler = on_sigbus, .sa_flags = SA_NODEFER };

	if (sigaction(SIGBUS, &sa, NULL))
		die("SIGBUS");
}

void lostpage_lock_program(void)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		die("cannot lock memory");
}
