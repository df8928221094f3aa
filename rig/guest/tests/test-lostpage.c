// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page that is lost, as a mapping behind the end of its file is one: who says
 * that it may be is told, once for each page, in every thread; who does not is
 * ended by SIGBUS.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "lostpage.h"

#define NR_PAGES 16
#define PAGE 4096

static char *pages;

/* Returns whether the page could not be read. */
static bool is_lost(int i)
{
	if (lostpage_enter())
		return true;
	*(volatile char *)(pages + i * PAGE);
	lostpage_leave();
	return false;
}

static int count_lost(void)
{
	int i, lost = 0;

	for (i = 0; i < NR_PAGES; i++)
		lost += is_lost(i);
	return lost;
}

static void *count_thread(void *lost)
{
	*(int *)lost = count_lost();
	return NULL;
}

int main(void)
{
	int lost[4], fd, status, i, sum = 0;
	pthread_t threads[4];
	pid_t pid;

	ktap_begin();
	fd = memfd_create("lostpage", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, NR_PAGES * PAGE))
		die("memfd");
	pages = mmap(NULL, NR_PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (pages == MAP_FAILED)
		die("mmap");
	lostpage_init();
	ktap_result(count_lost() == 0, "no page is lost");
	if (ftruncate(fd, NR_PAGES / 2 * PAGE))
		die("ftruncate");
	ktap_result(count_lost() == NR_PAGES / 2, "each page that is lost is told");
	ktap_result(count_lost() == NR_PAGES / 2, "and told again");
	for (i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, count_thread, &lost[i]))
			die("thread");
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		sum += lost[i];
	}
	ktap_result(sum == 4 * NR_PAGES / 2, "each thread is told of its own");
	pid = fork();
	if (!pid) {
		is_lost(NR_PAGES - 1);
		*(volatile char *)(pages + (NR_PAGES - 1) * PAGE);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	ktap_result(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS,
		    "a page that must not be lost ends the program");
	return ktap_finish();
}
