/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that may be lost: a page that its swap device cannot read any more
 * raises SIGBUS at whoever touches it. What touches such memory says so, and is
 * told; everywhere else SIGBUS ends the program as ever.
 */
#ifndef GUEST_LOSTPAGE_H
#define GUEST_LOSTPAGE_H

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

extern __thread sigjmp_buf lostpage_back;
extern __thread volatile sig_atomic_t lostpage_armed;

/* From now on lost pages are to be expected. */
void lostpage_init(void);

/*
 * 0 when called; once more, and then not 0, when a page was lost before
 * lostpage_leave(). Like sigsetjmp(), the caller must not have returned then.
 */
#define lostpage_enter() \
	(lostpage_armed = 1, sigsetjmp(lostpage_back, 0))

static inline void lostpage_leave(void)
{
	lostpage_armed = 0;
}

/*
 * Lock what the program itself needs, now and later, in memory, or it could be
 * lost as well. Mappings that are to be swapped have to be unlocked.
 */
void lostpage_lock_program(void);

#endif
