// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is what comes back from swap what was put there? Many kinds of memory are
 * filled with contents that follow from the page's identity (pattern.h), pushed
 * out, handled in the ways that swap code must survive (fork, mremap, partial
 * unmap, madvise, KSM, shared mappings, large folios), and verified, again and
 * again, by several processes and threads, with a pager thread in between.
 * With --lossy a page may be lost (SIGBUS, or EIO) but never be wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "lostpage.h"
#include "pattern.h"

#ifndef MADV_COLD
#define MADV_COLD	20
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

#define THP_DIR		"/sys/kernel/mm/transparent_hugepage"
#define KSM_DIR		"/sys/kernel/mm/ksm"
#define MAX_PROCS	64
#define MAX_THREADS	32
#define MAX_REPORTS	20
#define KSM_DUPLICATES	16
#define KSM_WAIT_MS	8000

enum kind {
	K_RANDOM, K_TEXT, K_SAME, K_ZERO, K_MIXED,
	K_FORK, K_SHMEM, K_MEMFD, K_MEMFD_HUGE,
	K_THP16K, K_THP32K, K_THP64K, K_THP128K, K_THP256K, K_THP512K, K_THP1M,
	K_THP2M,
	K_UNMAP, K_MREMAP, K_ADVICE, K_KSM,
	NR_KINDS,
};

enum push {
	PUSH_MADVISE,	/* MADV_PAGEOUT */
	PUSH_RECLAIM,	/* memory.reclaim of the own cgroup */
	PUSH_NONE,	/* somebody else makes the pressure: a limit, a hog */
};

/* What a page must look like. */
enum page_state {
	PAGE_FRESH = 0,	/* mapped, never written: zero */
	PAGE_WRITTEN,
	PAGE_FREED,	/* MADV_FREE: the old content or zero */
	PAGE_GONE,	/* unmapped */
};

struct page_info {
	uint32_t gen;
	uint8_t state;
	uint8_t content;
};

struct tally {
	atomic_ulong written;
	atomic_ulong verified;
	atomic_ulong mismatches;
	atomic_ulong swapped;	/* most pages seen in swap at one time */
	atomic_ulong pages;
	atomic_ulong lost;
	atomic_ulong children;	/* of this kind that were safe from being lost */
	atomic_int skipped;
	char why[96];
};

struct region {
	enum kind kind;
	char *base;
	size_t pages;
	size_t chunk;		/* pages that lie together ... */
	size_t stride;		/* ... and the distance in pages to the next */
	uint64_t home;
	uint64_t salt;
	size_t duplicates;	/* KSM: page i has the identity of i % duplicates */
	int fd;
	unsigned int contents;	/* mask */
	struct page_info *info;
	struct tally *tally;
	bool shared;
};

struct kind_ops {
	const char *name;
	unsigned int contents;
	int (*setup)(struct region *r, char *why, size_t size);
	/* Runs once a pass, while the region is pushed out. */
	void (*op)(struct region *r, unsigned int pass);
};

struct options {
	size_t bytes;
	unsigned int passes;
	unsigned int seconds;
	unsigned int procs;
	unsigned int threads;
	unsigned int corrupt;
	unsigned int require_swapped;
	uint64_t seed;
	enum push push;
	bool pager;
	bool lossy;
	bool selftest;
	const char *pause;
	const char *cgroup;
	const char *until;
	unsigned int contents;
	bool kinds[NR_KINDS];
};

static struct options opt = {
	.bytes = 64 << 20,
	.passes = 2,
	.contents = (1u << NR_CONTENTS) - 1,
	.procs = 1,
	.threads = 1,
	.seed = 1,
	.push = PUSH_MADVISE,
};

#define ALL_CONTENTS	((1u << NR_CONTENTS) - 1)

static struct tally (*tallies)[NR_KINDS];	/* [procs], shared */
static atomic_int *reports;			/* shared */
static struct region regions[NR_KINDS];
static int nr_regions;
/* Held for writing while a region's mappings change, by the pager for reading */
static pthread_rwlock_t map_lock = PTHREAD_RWLOCK_INITIALIZER;
static atomic_bool pager_stop;
static char reclaim_file[512];
/* A forked child counts in other steps, so that its pages differ from its parent's */
static uint32_t gen_step = 1;

static const struct kind_ops kinds[NR_KINDS];

/* --- one page --- */

static char *page_addr(const struct region *r, size_t i)
{
	return r->base + (i / r->chunk * r->stride + i % r->chunk) *
	       PAGE_BYTES;
}

static size_t region_span(const struct region *r)
{
	return (r->pages + r->chunk - 1) / r->chunk * r->stride * PAGE_BYTES;
}

static struct page_id page_identity(const struct region *r, size_t i)
{
	return (struct page_id) {
		.home = r->home + (r->duplicates ? i % r->duplicates : i),
		.salt = r->salt,
		.gen = r->info[i].gen,
		.content = r->info[i].content,
	};
}

static size_t random_group(const struct region *r)
{
	return r->chunk < r->pages && r->chunk > 64 ? r->chunk : 64;
}

/* Which of the region's contents this generation of the page gets. */
static enum content pick_content(const struct region *r, size_t i)
{
	size_t who = r->duplicates ? i % r->duplicates : i;
	uint64_t n = mix64(opt.seed ^ r->home ^ who << 20 ^ r->info[i].gen);
	int nr = __builtin_popcount(r->contents);
	int c;

	n %= nr;
	for (c = 0; c < NR_CONTENTS; c++)
		if (r->contents & 1u << c && !n--)
			break;
	/*
	 * Pages that do not compress come in groups: a large folio with one of
	 * them may be refused as a whole, and most should not be.
	 */
	if (c == CONTENT_RANDOM && r->contents & 1u << CONTENT_TEXT &&
	    mix64(r->home + who / random_group(r)) % 4)
		return CONTENT_TEXT;
	return c;
}

/* What cannot be read is given up, and the page begins anew. */
static void give_up_page(const struct region *r, size_t i)
{
	atomic_fetch_add(&r->tally->lost, 1);
	if (madvise(page_addr(r, i), PAGE_BYTES,
		    r->shared ? MADV_REMOVE : MADV_DONTNEED))
		die("cannot give up a lost page");
	r->info[i].state = PAGE_FRESH;
}

static void fill_page(struct region *r, size_t i)
{
	struct page_id id;

	r->info[i].gen += gen_step;
	r->info[i].content = pick_content(r, i);
	r->info[i].state = PAGE_WRITTEN;
	id = page_identity(r, i);
	pattern_fill(page_addr(r, i), &id, opt.seed);
}

static void write_page(struct region *r, size_t i)
{
	if (r->info[i].state == PAGE_GONE)
		return;
	if (opt.lossy && lostpage_enter()) {
		give_up_page(r, i);
		lostpage_leave();
	}
	/* A second time it cannot be lost: then it ends us. */
	fill_page(r, i);
	lostpage_leave();
	atomic_fetch_add(&r->tally->written, 1);
}

static bool page_is_zero(const void *page)
{
	const uint64_t *p = page;
	int i;

	for (i = 0; i < PAGE_WORDS; i++)
		if (p[i])
			return false;
	return true;
}

static void report_mismatch(const struct region *r, size_t i, int word)
{
	const uint64_t *p = (const void *)page_addr(r, i);
	struct page_id id = page_identity(r, i);
	bool fresh = r->info[i].state == PAGE_FRESH;
	char buf[512];
	int n;

	if (atomic_fetch_add(reports, 1) >= MAX_REPORTS)
		return;
	n = snprintf(buf, sizeof(buf),
		     "# mismatch: %s pid %d address %p page %zu word %d expected %016llx found %016llx; wanted home %llx gen %u content %d, page begins %016llx %016llx\n",
		     kinds[r->kind].name, getpid(), (const void *)p, i, word,
		     fresh ? 0ull :
		     (unsigned long long)pattern_word(&id, opt.seed, word),
		     (unsigned long long)p[word], (unsigned long long)id.home,
		     id.gen, fresh ? CONTENT_ZERO : id.content,
		     (unsigned long long)p[0], (unsigned long long)p[1]);
	if (write(1, buf, n) != n)
		return;
}

/* Returns whether the page is what it must be. */
static bool look_at_page(const struct region *r, size_t i)
{
	struct page_id id = page_identity(r, i);
	const char *p = page_addr(r, i);
	int word = -1;

	switch (r->info[i].state) {
	case PAGE_GONE:
		return true;
	case PAGE_FRESH:
		if (!page_is_zero(p))
			word = 0;
		break;
	case PAGE_FREED:
		if (page_is_zero(p))
			break;
		/* fall through */
	case PAGE_WRITTEN:
		word = pattern_check(p, &id, opt.seed);
		break;
	}
	atomic_fetch_add(&r->tally->verified, 1);
	if (word < 0)
		return true;
	atomic_fetch_add(&r->tally->mismatches, 1);
	report_mismatch(r, i, word);
	return false;
}

static bool verify_page(const struct region *r, size_t i)
{
	bool right;

	if (opt.lossy && lostpage_enter()) {
		give_up_page(r, i);
		return true;
	}
	right = look_at_page(r, i);
	lostpage_leave();
	return right;
}

/*
 * The page table of a shared mapping does not say what is in swap: there it is
 * what was written and is not in memory.
 */
static long shared_swapped(const struct region *r)
{
	unsigned char *vec = malloc(r->pages);
	long n = 0;
	size_t i;

	if (!vec)
		return 0;
	if (!mincore(r->base, r->pages * PAGE_BYTES, vec))
		for (i = 0; i < r->pages; i++)
			n += r->info[i].state == PAGE_WRITTEN && !(vec[i] & 1);
	free(vec);
	return n;
}

static void note_swapped(struct region *r)
{
	long n = r->shared ? shared_swapped(r) :
			     pages_swapped(r->base, region_span(r));

	if (n > 0 && (unsigned long)n > atomic_load(&r->tally->swapped))
		atomic_store(&r->tally->swapped, n);
}

/* --- whole regions, by several threads --- */

enum stage_what { STAGE_WRITE_ALL, STAGE_REWRITE, STAGE_VERIFY };

struct stage {
	pthread_t thread;
	enum stage_what what;
	unsigned int part;
	unsigned int pass;
};

static bool chosen(const struct region *r, size_t i, unsigned int pass,
		   unsigned int one_in)
{
	return mix64(opt.seed + r->home + i * 31 + pass * 977) % one_in == 0;
}

static void stage_region(const struct stage *s, struct region *r)
{
	size_t from = r->pages * s->part / opt.threads;
	size_t to = r->pages * (s->part + 1) / opt.threads;
	size_t nr = to - from, n, i;

	if (s->what == STAGE_VERIFY)
		note_swapped(r);
	for (n = 0; n < nr; n++) {
		/* Forward, backward, and in jumps: readahead sees them all. */
		switch (s->pass % 3) {
		case 0:
			i = n;
			break;
		case 1:
			i = nr - 1 - n;
			break;
		default:
			i = nr % 7919 ? n * 7919 % nr : n;
		}
		i += from;
		if (s->what == STAGE_VERIFY)
			verify_page(r, i);
		else if (s->what == STAGE_WRITE_ALL ||
			 chosen(r, i, s->pass, 3))
			write_page(r, i);
	}
}

static void *stage_thread(void *arg)
{
	const struct stage *s = arg;
	int k;

	for (k = 0; k < nr_regions; k++)
		stage_region(s, &regions[(k + s->part) % nr_regions]);
	return NULL;
}

static void run_stage(enum stage_what what, unsigned int pass)
{
	struct stage stages[MAX_THREADS];
	unsigned int t;

	for (t = 0; t < opt.threads; t++) {
		stages[t] = (struct stage) {
			.what = what, .part = t, .pass = pass,
		};
		errno = pthread_create(&stages[t].thread, NULL, stage_thread,
				       &stages[t]);
		if (errno)
			die("cannot make a thread");
	}
	for (t = 0; t < opt.threads; t++)
		pthread_join(stages[t].thread, NULL);
}

static void reclaim_own_cgroup(void)
{
	char text[64];

	snprintf(text, sizeof(text), "%zu swappiness=200", opt.bytes);
	if (spit(reclaim_file, text) == -EINVAL) {
		snprintf(text, sizeof(text), "%zu", opt.bytes);
		spit(reclaim_file, text);
	}
}

static void push_region(struct region *r)
{
	if (opt.push == PUSH_MADVISE)
		madvise(r->base, region_span(r), MADV_PAGEOUT);
	else if (opt.push == PUSH_RECLAIM)
		reclaim_own_cgroup();
}

static void push_all(void)
{
	int k;

	if (opt.push == PUSH_RECLAIM)
		reclaim_own_cgroup();
	for (k = 0; k < nr_regions; k++) {
		if (opt.push == PUSH_MADVISE)
			push_region(&regions[k]);
		note_swapped(&regions[k]);
	}
}

static void verify_region(struct region *r)
{
	size_t i;

	for (i = 0; i < r->pages; i++)
		verify_page(r, i);
}

/* --- kinds: setup --- */

static void *shared_alloc(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("cannot map %zu bytes", size);
	return p;
}

/*
 * Address space that is only reserved: what is mapped over it stays apart from
 * the rest, and nobody else gets the holes in between.
 */
static char *map_aligned(size_t bytes, size_t align)
{
	char *p = mmap(NULL, bytes + align, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *q;

	if (p == MAP_FAILED)
		die("cannot map %zu bytes", bytes);
	q = (char *)(((uintptr_t)p + align - 1) / align * align);
	if (q > p)
		munmap(p, q - p);
	if (q + bytes < p + bytes + align)
		munmap(q + bytes, p + align - q);
	return q;
}

static void map_chunk(struct region *r, size_t c)
{
	char *at = r->base + c * r->stride * PAGE_BYTES;

	if (mmap(at, r->chunk * PAGE_BYTES, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at)
		die("cannot map a chunk at %p", at);
}

static int setup_anon(struct region *r, char *why, size_t size)
{
	r->base = mmap(NULL, r->pages * PAGE_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r->base == MAP_FAILED)
		die("cannot map %zu pages", r->pages);
	madvise(r->base, r->pages * PAGE_BYTES, MADV_NOHUGEPAGE);
	return 0;
}

static bool thp_size_enabled(size_t kib)
{
	char path[160], text[80];

	snprintf(path, sizeof(path), THP_DIR "/hugepages-%zukB/enabled", kib);
	if (slurp(path, text, sizeof(text)) < 0)
		return false;
	return !strstr(text, "[never]") &&
	       (!strstr(text, "[inherit]") ||
		(slurp(THP_DIR "/enabled", text, sizeof(text)) > 0 &&
		 !strstr(text, "[never]")));
}

/*
 * One mapping for each folio, with a hole behind it: the folio can then have
 * this order and no higher one, whatever other sizes are enabled.
 */
static int setup_thp(struct region *r, size_t kib, char *why, size_t size)
{
	size_t c;

	if (!thp_size_enabled(kib)) {
		snprintf(why, size, "no %zukB folios on this kernel", kib);
		return -ENOTSUP;
	}
	r->chunk = kib * 1024 / PAGE_BYTES;
	r->stride = 2 * r->chunk;
	r->pages = (r->pages + r->chunk - 1) / r->chunk * r->chunk;
	r->base = map_aligned(region_span(r), kib * 1024);
	for (c = 0; c < r->pages / r->chunk; c++)
		map_chunk(r, c);
	if (madvise(r->base, region_span(r), MADV_HUGEPAGE))
		die("MADV_HUGEPAGE");
	return 0;
}

#define THP_SETUP(kib)							\
static int setup_thp##kib(struct region *r, char *why, size_t size)	\
{									\
	return setup_thp(r, kib, why, size);				\
}

THP_SETUP(16)
THP_SETUP(32)
THP_SETUP(64)
THP_SETUP(128)
THP_SETUP(256)
THP_SETUP(512)
THP_SETUP(1024)
THP_SETUP(2048)

static int setup_shmem(struct region *r, char *why, size_t size)
{
	r->shared = true;
	r->base = shared_alloc(r->pages * PAGE_BYTES);
	return 0;
}

static int setup_memfd(struct region *r, char *why, size_t size)
{
	r->shared = true;
	r->fd = memfd_create("datacheck", MFD_CLOEXEC);
	if (r->fd < 0 || ftruncate(r->fd, r->pages * PAGE_BYTES))
		die("cannot make a memfd");
	r->base = mmap(NULL, r->pages * PAGE_BYTES, PROT_READ | PROT_WRITE,
		       MAP_SHARED, r->fd, 0);
	if (r->base == MAP_FAILED)
		die("cannot map a memfd");
	return 0;
}

static int setup_memfd_huge(struct region *r, char *why, size_t size)
{
	char text[128];

	if (slurp(THP_DIR "/shmem_enabled", text, sizeof(text)) < 0) {
		snprintf(why, size, "no huge shmem on this kernel");
		return -ENOTSUP;
	}
	r->pages = (r->pages + 511) / 512 * 512;
	setup_memfd(r, why, size);
	madvise(r->base, r->pages * PAGE_BYTES, MADV_HUGEPAGE);
	return 0;
}

static int setup_ksm(struct region *r, char *why, size_t size)
{
	if (access(KSM_DIR "/run", W_OK)) {
		snprintf(why, size, "KSM cannot be switched on");
		return -ENOTSUP;
	}
	setup_anon(r, why, size);
	r->duplicates = KSM_DUPLICATES;
	if (madvise(r->base, r->pages * PAGE_BYTES, MADV_MERGEABLE)) {
		snprintf(why, size, "MADV_MERGEABLE: %s", strerror(errno));
		return -ENOTSUP;
	}
	return 0;
}

/* --- kinds: operations --- */

/* Everything but what is there to be swapped stays in memory. */
static void lock_program(void)
{
	int k;

	lostpage_lock_program();
	for (k = 0; k < nr_regions; k++)
		munlock(regions[k].base, region_span(&regions[k]));
}

/* Locks are not inherited. */
static void begin_child(struct region *r)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (opt.lossy)
		lock_program();
	atomic_fetch_add(&r->tally->children, 1);
}

/* CHILDREN: how many had begun before this one was made */
static void wait_child(pid_t pid, struct region *r, unsigned long children)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	if (!status)
		return;
	/* Its own stack may go to swap, and be lost, until it has locked it. */
	if (opt.lossy && WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS &&
	    atomic_load(&r->tally->children) == children) {
		atomic_fetch_add(&r->tally->lost, 1);
		return;
	}
	ktap_note("%s: child %d ended with wait status %#x",
		  kinds[r->kind].name, pid, status);
	atomic_fetch_add(&r->tally->mismatches, 1);
}

static void rewrite_some(struct region *r, unsigned int pass,
			 unsigned int one_in)
{
	size_t i;

	for (i = 0; i < r->pages; i++)
		if (chosen(r, i, pass, one_in))
			write_page(r, i);
}

/*
 * Parent and child share every page copy-on-write, most of it swapped out; both
 * write a third, each its own, and both must then see their own.
 */
static void op_fork(struct region *r, unsigned int pass)
{
	unsigned long children = atomic_load(&r->tally->children);
	pid_t pid;

	pthread_rwlock_wrlock(&map_lock);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		begin_child(r);
		verify_region(r);
		gen_step = 1000003;
		rewrite_some(r, pass + 1000 + getpid(), 3);
		push_region(r);
		verify_region(r);
		_exit(0);
	}
	pthread_rwlock_unlock(&map_lock);
	rewrite_some(r, pass + 2000, 3);
	push_region(r);
	note_swapped(r);
	verify_region(r);
	wait_child(pid, r, children);
	verify_region(r);
}

/* Even pages are rewritten by a child, odd ones here, at the same time. */
static void op_shared(struct region *r, unsigned int pass)
{
	unsigned long children = atomic_load(&r->tally->children);
	size_t i;
	pid_t pid;

	pthread_rwlock_wrlock(&map_lock);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		begin_child(r);
		for (i = 0; i < r->pages; i += 2) {
			verify_page(r, i);
			if (chosen(r, i, pass + 100, 2))
				write_page(r, i);
		}
		_exit(0);
	}
	pthread_rwlock_unlock(&map_lock);
	for (i = 1; i < r->pages; i += 2) {
		verify_page(r, i);
		if (chosen(r, i, pass + 100, 2))
			write_page(r, i);
	}
	wait_child(pid, r, children);
	push_region(r);
	note_swapped(r);
	verify_region(r);
}

/* By read() and write() instead of the mapping; holes are punched. */
static void op_memfd(struct region *r, unsigned int pass)
{
	static __thread uint64_t buf[PAGE_WORDS];
	struct page_id id;
	size_t i, n;

	op_shared(r, pass);
	for (i = 0; i < r->pages; i++) {
		if (!chosen(r, i, pass + 300, 5))
			continue;
		if (pread(r->fd, buf, PAGE_BYTES, i * PAGE_BYTES) != PAGE_BYTES) {
			if (!opt.lossy || errno != EIO)
				die("pread of a memfd");
			give_up_page(r, i);
			continue;
		}
		id = page_identity(r, i);
		if (r->info[i].state == PAGE_WRITTEN &&
		    pattern_check(buf, &id, opt.seed) >= 0) {
			atomic_fetch_add(&r->tally->mismatches, 1);
			ktap_note("%s: page %zu is wrong by read()",
				  kinds[r->kind].name, i);
		}
		atomic_fetch_add(&r->tally->verified, 1);
		r->info[i].gen++;
		r->info[i].content = pick_content(r, i);
		r->info[i].state = PAGE_WRITTEN;
		id = page_identity(r, i);
		pattern_fill(buf, &id, opt.seed);
		if (pwrite(r->fd, buf, PAGE_BYTES, i * PAGE_BYTES) != PAGE_BYTES) {
			if (!opt.lossy || errno != EIO)
				die("pwrite of a memfd");
			give_up_page(r, i);
			continue;
		}
		atomic_fetch_add(&r->tally->written, 1);
	}
	push_region(r);
	n = r->pages / 16;
	i = n * (pass % 15);
	if (!n || fallocate(r->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			    i * PAGE_BYTES, n * PAGE_BYTES))
		return;
	for (; n--; i++)
		r->info[i].state = PAGE_FRESH;
}

/*
 * Pieces of large folios go away while the folio is in swap, or (every second
 * pass) while it is in memory; the pass after maps them anew.
 */
static void op_unmap(struct region *r, unsigned int pass)
{
	size_t i, n;
	char *at;

	pthread_rwlock_wrlock(&map_lock);
	if (pass & 1)
		verify_region(r);
	for (i = 0; i < r->pages; i += n) {
		n = 1 + mix64(i + pass + opt.seed) % 5;
		if (n > r->pages - i)
			n = r->pages - i;
		if (n > r->chunk - i % r->chunk)
			n = r->chunk - i % r->chunk;
		at = page_addr(r, i);
		if (r->info[i].state == PAGE_GONE) {
			n = 1;
			if (mmap(at, PAGE_BYTES, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				 0) != at)
				die("cannot map %p again", at);
			if (opt.lossy)
				munlock(at, PAGE_BYTES);
			r->info[i].state = PAGE_FRESH;
		} else if (chosen(r, i, pass + 400, 3)) {
			size_t j;

			for (j = 1; j < n; j++)
				if (r->info[i + j].state == PAGE_GONE)
					n = j;
			/* Gone, but the addresses stay ours for the next pass. */
			if (mmap(at, n * PAGE_BYTES, PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
				 MAP_NORESERVE, -1, 0) != at)
				die("cannot unmap");
			for (j = 0; j < n; j++)
				r->info[i + j].state = PAGE_GONE;
		}
	}
	pthread_rwlock_unlock(&map_lock);
}

static void op_mremap(struct region *r, unsigned int pass)
{
	size_t bytes = r->pages * PAGE_BYTES;
	char *to, *old = r->base;
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;

	pthread_rwlock_wrlock(&map_lock);
	to = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (to == MAP_FAILED)
		die("cannot map %zu bytes", bytes);
#ifdef MREMAP_DONTUNMAP
	if (pass & 1)
		flags |= MREMAP_DONTUNMAP;
#endif
	if (mremap(old, bytes, bytes, flags, to) != to)
		die("mremap");
	r->base = to;
	if (pass & 1) {
		size_t i;

		/* The old place is mapped and empty now. */
		for (i = 0; i < r->pages; i++)
			if (!page_is_zero(old + i * PAGE_BYTES)) {
				atomic_fetch_add(&r->tally->mismatches, 1);
				ktap_note("mremap: page %zu left something", i);
			}
		munmap(old, bytes);
	}
	pthread_rwlock_unlock(&map_lock);
}

static void op_advice(struct region *r, unsigned int pass)
{
	static const int advices[] = {
		MADV_COLD, MADV_PAGEOUT, MADV_FREE, MADV_DONTNEED,
		MADV_NORMAL, MADV_WILLNEED,
	};
	size_t i, j, n;
	int advice;

	for (i = 0; i < r->pages; i += n) {
		n = 1 + mix64(i ^ pass << 24 ^ opt.seed) % 37;
		if (n > r->pages - i)
			n = r->pages - i;
		advice = advices[mix64(i + pass * 131 + opt.seed) %
				 (sizeof(advices) / sizeof(advices[0]))];
		if (madvise(page_addr(r, i), n * PAGE_BYTES, advice))
			continue;
		for (j = i; j < i + n; j++) {
			if (advice == MADV_DONTNEED)
				r->info[j].state = PAGE_FRESH;
			else if (advice == MADV_FREE &&
				 r->info[j].state == PAGE_WRITTEN)
				r->info[j].state = PAGE_FREED;
		}
	}
}

static long ksm_sharing(void)
{
	char text[32];

	return slurp(KSM_DIR "/pages_sharing", text, sizeof(text)) > 0 ?
		atol(text) : 0;
}

static void op_ksm(struct region *r, unsigned int pass)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	long seen = 0;
	int i;

	/* Bring it back: ksmd looks at what is in memory. */
	verify_region(r);
	for (i = 0; i < KSM_WAIT_MS / 50 && seen < (long)r->pages / 4; i++) {
		nanosleep(&pause, NULL);
		seen = ksm_sharing();
	}
	ktap_note("ksm: %ld pages share a merged page", seen);
	if (!seen) {
		atomic_fetch_add(&r->tally->mismatches, 1);
		ktap_note("ksm: nothing was merged in %d ms", KSM_WAIT_MS);
	}
	push_region(r);
	note_swapped(r);
	verify_region(r);
	/* Unmerge some by writing, push the rest out once more. */
	rewrite_some(r, pass + 500, 4);
	push_region(r);
}

static const struct kind_ops kinds[NR_KINDS] = {
	[K_RANDOM] = { "random", 1u << CONTENT_RANDOM, setup_anon, NULL },
	[K_TEXT] = { "compressible", 1u << CONTENT_TEXT, setup_anon, NULL },
	[K_SAME] = { "same", 1u << CONTENT_SAME, setup_anon, NULL },
	[K_ZERO] = { "zero", 1u << CONTENT_ZERO, setup_anon, NULL },
	[K_MIXED] = { "mixed", ALL_CONTENTS, setup_anon, NULL },
	[K_FORK] = { "fork", ALL_CONTENTS, setup_anon, op_fork },
	[K_SHMEM] = { "shmem", ALL_CONTENTS, setup_shmem, op_shared },
	[K_MEMFD] = { "memfd", ALL_CONTENTS, setup_memfd, op_memfd },
	[K_MEMFD_HUGE] = { "memfd-huge", ALL_CONTENTS, setup_memfd_huge,
			   op_memfd },
	[K_THP16K] = { "thp16k", ALL_CONTENTS, setup_thp16, NULL },
	[K_THP32K] = { "thp32k", ALL_CONTENTS, setup_thp32, NULL },
	[K_THP64K] = { "thp64k", ALL_CONTENTS, setup_thp64, NULL },
	[K_THP128K] = { "thp128k", ALL_CONTENTS, setup_thp128, NULL },
	[K_THP256K] = { "thp256k", ALL_CONTENTS, setup_thp256, NULL },
	[K_THP512K] = { "thp512k", ALL_CONTENTS, setup_thp512, NULL },
	[K_THP1M] = { "thp1m", ALL_CONTENTS, setup_thp1024, NULL },
	[K_THP2M] = { "thp2m", ALL_CONTENTS, setup_thp2048, NULL },
	[K_UNMAP] = { "unmap", ALL_CONTENTS, setup_thp64, op_unmap },
	[K_MREMAP] = { "mremap", ALL_CONTENTS, setup_anon, op_mremap },
	[K_ADVICE] = { "advice", ALL_CONTENTS, setup_anon, op_advice },
	[K_KSM] = { "ksm", ALL_CONTENTS, setup_ksm, op_ksm },
};

/* --- one process --- */

static void setup_regions(unsigned int proc)
{
	int wanted = 0, k;
	size_t pages;

	for (k = 0; k < NR_KINDS; k++)
		wanted += opt.kinds[k];
	pages = opt.bytes / opt.procs / wanted / PAGE_BYTES;
	if (pages < 16)
		pages = 16;
	nr_regions = 0;
	for (k = 0; k < NR_KINDS; k++) {
		struct tally *t = &tallies[proc][k];
		struct region *r = &regions[nr_regions];

		if (!opt.kinds[k])
			continue;
		*r = (struct region) {
			.kind = k, .pages = pages, .chunk = pages,
			.stride = pages, .fd = -1, .tally = t,
			.contents = kinds[k].contents & opt.contents ?
				    kinds[k].contents & opt.contents :
				    kinds[k].contents,
			.salt = proc + 1,
		};
		if (kinds[k].setup(r, t->why, sizeof(t->why))) {
			atomic_store(&t->skipped, 1);
			continue;
		}
		if (r->chunk > r->pages || r->stride < r->chunk ||
		    r->chunk == pages) {
			r->chunk = r->pages;
			r->stride = r->pages;
		}
		r->home = (uintptr_t)r->base / PAGE_BYTES;
		r->info = shared_alloc(r->pages * sizeof(*r->info));
		if (!r->shared) {
			/* A forked child must keep its own book. */
			munmap(r->info, r->pages * sizeof(*r->info));
			r->info = calloc(r->pages, sizeof(*r->info));
			if (!r->info)
				die("no memory for %zu pages", r->pages);
		}
		atomic_store(&t->pages, r->pages);
		nr_regions++;
	}
}

static void *pager_thread(void *arg)
{
	struct rng rng = { opt.seed + getpid() };
	const struct timespec pause = { .tv_nsec = 1000 * 1000 };
	size_t at, n;

	while (!atomic_load(&pager_stop)) {
		struct region *r = &regions[rng_below(&rng, nr_regions)];

		pthread_rwlock_rdlock(&map_lock);
		at = rng_below(&rng, region_span(r) / PAGE_BYTES);
		n = 1 + rng_below(&rng, 256);
		if (n > region_span(r) / PAGE_BYTES - at)
			n = region_span(r) / PAGE_BYTES - at;
		madvise(r->base + at * PAGE_BYTES, n * PAGE_BYTES,
			MADV_PAGEOUT);
		pthread_rwlock_unlock(&map_lock);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* For the proof that a corruption fails the run: flip one bit in n pages. */
static void corrupt_pages(unsigned int n)
{
	struct rng rng = { opt.seed };

	while (n--) {
		struct region *r = &regions[rng_below(&rng, nr_regions)];
		size_t i = rng_below(&rng, r->pages);

		if (r->info[i].state == PAGE_WRITTEN)
			page_addr(r, i)[rng_below(&rng, PAGE_BYTES)] ^= 1;
		else
			n++;
	}
}

/*
 * Everything is pushed out: say so (DIR/ready, one byte a process), and wait for
 * DIR/go. What happens meanwhile, say swapoff, must not change any page.
 */
static void pause_here(void)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/ready", opt.pause);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, "\n", 1) != 1)
		die("%s", path);
	close(fd);
	snprintf(path, sizeof(path), "%s/go", opt.pause);
	while (access(path, F_OK))
		nanosleep(&pause, NULL);
}

static bool more_passes(unsigned int pass, uint64_t end)
{
	return pass < opt.passes || (opt.seconds && now_ns() < end) ||
	       (opt.until && access(opt.until, F_OK));
}

static void run_process(unsigned int proc)
{
	uint64_t end = now_ns() + opt.seconds * 1000000000ull;
	unsigned int pass;
	pthread_t pager;
	int k;

	/* As early as can be: what is in swap before it is locked may be lost. */
	if (opt.lossy)
		lostpage_lock_program();
	setup_regions(proc);
	if (!nr_regions)
		return;
	if (opt.lossy) {
		lostpage_init();
		lock_program();
	}
	if (opt.pager) {
		errno = pthread_create(&pager, NULL, pager_thread, NULL);
		if (errno)
			die("cannot make the pager thread");
	}
	for (pass = 0; more_passes(pass, end); pass++) {
		run_stage(pass ? STAGE_REWRITE : STAGE_WRITE_ALL, pass);
		push_all();
		for (k = 0; k < nr_regions; k++)
			if (kinds[regions[k].kind].op)
				kinds[regions[k].kind].op(&regions[k], pass);
		push_all();
		if (opt.pause && !pass)
			pause_here();
		if (opt.corrupt && !pass && !proc)
			corrupt_pages(opt.corrupt);
		run_stage(STAGE_VERIFY, pass);
	}
	if (opt.pager) {
		atomic_store(&pager_stop, true);
		pthread_join(pager, NULL);
	}
	/* Half is freed while it is in swap, half while it is in memory. */
	push_all();
	run_stage(STAGE_VERIFY, 0);
	for (k = 0; k < nr_regions; k++) {
		if (k & 1)
			push_region(&regions[k]);
		munmap(regions[k].base, region_span(&regions[k]));
	}
}

/* --- self test: would it notice? --- */

static unsigned long recheck(struct region *r)
{
	unsigned long before = atomic_load(&r->tally->mismatches);

	verify_region(r);
	return atomic_load(&r->tally->mismatches) - before;
}

/* Find a written page with this content, or with any but zero. */
static size_t find_page(struct region *r, size_t from, bool nonzero)
{
	size_t i;

	for (i = from; i < r->pages; i++)
		if (!nonzero || r->info[i].content == CONTENT_RANDOM ||
		    r->info[i].content == CONTENT_TEXT)
			return i;
	die("selftest: no page to spoil in %s", kinds[r->kind].name);
}

static void selftest_region(struct region *r)
{
	const char *name = kinds[r->kind].name;
	static char a[PAGE_BYTES], b[PAGE_BYTES];
	unsigned long n;
	size_t i, j;
	char *p;

	ktap_result(recheck(r) == 0, "selftest %s: intact pages are right",
		    name);
	p = page_addr(r, r->pages / 2);
	p[1234] ^= 0x10;
	n = recheck(r);
	p[1234] ^= 0x10;
	ktap_result(n == 1, "selftest %s: one flipped bit is seen", name);
	p = page_addr(r, r->pages - 1);
	p[PAGE_BYTES - 1] ^= 0x80;
	n = recheck(r);
	p[PAGE_BYTES - 1] ^= 0x80;
	ktap_result(n == 1, "selftest %s: the last byte counts", name);
	if (!(r->contents & (1u << CONTENT_RANDOM | 1u << CONTENT_TEXT)))
		return;
	i = find_page(r, 0, true);
	j = find_page(r, i + 1, true);
	memcpy(a, page_addr(r, i), PAGE_BYTES);
	memcpy(b, page_addr(r, j), PAGE_BYTES);
	/* KSM pages of one identity are interchangeable by design. */
	if (memcmp(a, b, PAGE_BYTES)) {
		memcpy(page_addr(r, i), b, PAGE_BYTES);
		memcpy(page_addr(r, j), a, PAGE_BYTES);
		n = recheck(r);
		memcpy(page_addr(r, i), a, PAGE_BYTES);
		memcpy(page_addr(r, j), b, PAGE_BYTES);
		ktap_result(n == 2, "selftest %s: exchanged pages are seen",
			    name);
	}
	memset(page_addr(r, i), 0, PAGE_BYTES);
	n = recheck(r);
	memcpy(page_addr(r, i), a, PAGE_BYTES);
	ktap_result(n == 1, "selftest %s: a lost page is seen", name);
	r->info[i].gen++;
	n = recheck(r);
	r->info[i].gen--;
	ktap_result(n == 1, "selftest %s: an old generation is seen", name);
	ktap_result(recheck(r) == 0, "selftest %s: right again at the end",
		    name);
}

static int run_selftest(void)
{
	int k;

	atomic_store(reports, MAX_REPORTS);
	setup_regions(0);
	for (k = 0; k < nr_regions; k++) {
		struct region *r = &regions[k];
		size_t i;

		for (i = 0; i < r->pages; i++)
			write_page(r, i);
		selftest_region(r);
	}
	return ktap_finish();
}

/* --- all processes --- */

struct setting {
	char path[160];
	char old[64];
};

static struct setting settings[64];
static int nr_settings;

/* Change a sysfs file for the time of the run; where it exists. */
static void set_for_now(const char *path, const char *value)
{
	struct setting *s = &settings[nr_settings];
	char text[160], *open, *close;

	if (nr_settings == 64 || slurp(path, text, sizeof(text)) < 0)
		return;
	open = strchr(text, '[');
	close = open ? strchr(open, ']') : NULL;
	if (close) {
		*close = '\0';
		open++;
	} else {
		open = text;
		open[strcspn(open, "\n")] = '\0';
	}
	snprintf(s->path, sizeof(s->path), "%s", path);
	snprintf(s->old, sizeof(s->old), "%.60s", open);
	if (!spit(path, value))
		nr_settings++;
}

static void restore_settings(void)
{
	while (nr_settings--)
		spit(settings[nr_settings].path, settings[nr_settings].old);
}

static void prepare_system(void)
{
	static const struct {
		enum kind kind;
		unsigned int kib;
	} sizes[] = {
		{ K_THP16K, 16 }, { K_THP32K, 32 }, { K_THP64K, 64 },
		{ K_UNMAP, 64 }, { K_THP128K, 128 }, { K_THP256K, 256 },
		{ K_THP512K, 512 }, { K_THP1M, 1024 }, { K_THP2M, 2048 },
	};
	char path[160];
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (!opt.kinds[sizes[i].kind])
			continue;
		snprintf(path, sizeof(path), THP_DIR "/hugepages-%ukB/enabled",
			 sizes[i].kib);
		set_for_now(path, "madvise");
	}
	if (opt.kinds[K_MEMFD_HUGE]) {
		set_for_now(THP_DIR "/shmem_enabled", "advise");
		set_for_now(THP_DIR "/hugepages-64kB/shmem_enabled", "advise");
	}
	if (opt.kinds[K_KSM]) {
		set_for_now(KSM_DIR "/pages_to_scan", "20000");
		set_for_now(KSM_DIR "/sleep_millisecs", "10");
		set_for_now(KSM_DIR "/run", "1");
	}
}

static void enter_cgroup(const char *dir)
{
	char path[512];

	if ((size_t)snprintf(path, sizeof(path), "%s/cgroup.procs", dir) >=
	    sizeof(path))
		die("the name of the cgroup is too long");
	if (spit(path, "0"))
		die("%s", path);
}

static void find_own_cgroup(void)
{
	char text[512], *p, *end;

	if (slurp("/proc/self/cgroup", text, sizeof(text)) < 0)
		die("/proc/self/cgroup");
	p = strstr(text, "0::");
	if (!p)
		die("no cgroup v2");
	p += 3;
	end = strchr(p, '\n');
	if (end)
		*end = '\0';
	snprintf(reclaim_file, sizeof(reclaim_file),
		 "/sys/fs/cgroup%.400s/memory.reclaim", p);
	if (access(reclaim_file, W_OK))
		die("%s", reclaim_file);
}

static void report_kind(int k, unsigned long *sum, bool died)
{
	unsigned long written = 0, verified = 0, bad = 0, swapped = 0;
	unsigned long pages = 0, lost = 0;
	const char *why = NULL;
	unsigned int p;

	for (p = 0; p < opt.procs; p++) {
		struct tally *t = &tallies[p][k];

		written += atomic_load(&t->written);
		verified += atomic_load(&t->verified);
		bad += atomic_load(&t->mismatches);
		swapped += atomic_load(&t->swapped);
		pages += atomic_load(&t->pages);
		lost += atomic_load(&t->lost);
		if (atomic_load(&t->skipped))
			why = t->why;
	}
	sum[0] += written;
	sum[1] += verified;
	sum[2] += bad;
	sum[3] += swapped;
	sum[4] += pages;
	sum[5] += lost;
	if (why && !pages) {
		ktap_result_skip(kinds[k].name, "%s", why);
		return;
	}
	ktap_note("%s: %lu pages, %lu written, %lu verified, %lu mismatches, %lu lost, %lu seen in swap at one time",
		  kinds[k].name, pages, written, verified, bad, lost, swapped);
	if (bad)
		ktap_result(false, "%s # %lu mismatches", kinds[k].name, bad);
	else
		ktap_result(verified + lost >= pages && !died, "%s",
			    kinds[k].name);
}

static int run_all(void)
{
	unsigned long sum[6] = {};
	pid_t pids[MAX_PROCS];
	bool died = false;
	int status, k;
	unsigned int p;

	prepare_system();
	for (p = 0; p < opt.procs; p++) {
		fflush(stdout);
		pids[p] = fork();
		if (pids[p] < 0)
			die("fork");
		if (!pids[p]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			opt.seed = mix64(opt.seed + p);
			run_process(p);
			_exit(0);
		}
	}
	for (p = 0; p < opt.procs; p++) {
		while (waitpid(pids[p], &status, 0) < 0)
			if (errno != EINTR)
				die("waitpid");
		if (!status)
			continue;
		died = true;
		if (WIFSIGNALED(status))
			ktap_note("process %d was killed by signal %d",
				  pids[p], WTERMSIG(status));
		else
			ktap_note("process %d ended with status %d", pids[p],
				  WEXITSTATUS(status));
	}
	restore_settings();
	for (k = 0; k < NR_KINDS; k++)
		if (opt.kinds[k])
			report_kind(k, sum, died);
	ktap_result(!died, "every process came to its end");
	if (opt.require_swapped)
		ktap_result(sum[3] * 100 >= sum[4] * opt.require_swapped,
			    "at least %u%% of the pages were in swap",
			    opt.require_swapped);
	ktap_metric("pages_written", sum[0], "pages");
	ktap_metric("pages_verified", sum[1], "pages");
	ktap_metric("mismatches", sum[2], "pages");
	if (opt.lossy)
		ktap_metric("lost", sum[5], "pages");
	ktap_metric("pages_seen_in_swap", sum[3], "pages");
	return ktap_finish();
}

/* --- options --- */

static void choose_kinds(const char *list)
{
	char *copy = strdup(list), *pos = copy, *name;
	int k;

	if (!copy)
		die("no memory");
	while ((name = strsep(&pos, ","))) {
		if (!strcmp(name, "all")) {
			for (k = 0; k < NR_KINDS; k++)
				opt.kinds[k] = true;
			continue;
		}
		for (k = 0; k < NR_KINDS; k++)
			if (!strcmp(name, kinds[k].name))
				break;
		if (k == NR_KINDS) {
			errno = 0;
			die("no kind %s (see --help)", name);
		}
		opt.kinds[k] = true;
	}
	free(copy);
}

static void choose_contents(const char *list)
{
	static const char * const names[NR_CONTENTS] = {
		[CONTENT_RANDOM] = "random", [CONTENT_TEXT] = "text",
		[CONTENT_SAME] = "same", [CONTENT_ZERO] = "zero",
	};
	char *copy = strdup(list), *pos = copy, *name;
	int c;

	if (!copy)
		die("no memory");
	opt.contents = 0;
	while ((name = strsep(&pos, ","))) {
		for (c = 0; c < NR_CONTENTS; c++)
			if (!strcmp(name, names[c]))
				break;
		errno = 0;
		if (c == NR_CONTENTS)
			die("no content %s", name);
		opt.contents |= 1u << c;
	}
	free(copy);
}

static void usage(void)
{
	int k;

	printf("Usage: datacheck [options]\n"
	       "  --size BYTES       memory of all processes together (64M)\n"
	       "  --kinds LIST       comma separated, or all (all)\n"
	       "  --passes N         write, push out, handle, verify N times (2)\n"
	       "  --seconds N        go on until N seconds have passed\n"
	       "  --procs N --threads N\n"
	       "  --seed N\n"
	       "  --push HOW         madvise, reclaim (memory.reclaim of the own cgroup), none\n"
	       "  --pager            one more thread that pages out while others work\n"
	       "  --require-swapped PERCENT   fail if fewer pages were seen in swap\n"
	       "  --until FILE       go on until this file exists\n"
	       "  --contents LIST    of those that a kind would have only these: random,text,same,zero\n"
	       "  --pause DIR        when all is pushed out make DIR/ready (a line a process), wait for DIR/go\n"
	       "  --cgroup DIR       enter this cgroup first, with --lossy when the program is locked\n"
	       "  --lossy            a page may be lost (SIGBUS, EIO); the others must be right\n"
	       "  --corrupt N        spoil N pages: the run must fail\n"
	       "  --selftest         prove that spoilt pages are noticed\n"
	       "Kinds:");
	for (k = 0; k < NR_KINDS; k++)
		printf(" %s", kinds[k].name);
	printf("\n");
	exit(0);
}

static void parse_options(int argc, char **argv)
{
	enum { SIZE = 256, KINDS, PASSES, SECONDS, PROCS, THREADS, SEED, PUSH,
	       PAGER, LOSSY, REQUIRE, CORRUPT, SELFTEST, PAUSE, UNTIL, CONTENTS, CGROUP, HELP };
	static const struct option longs[] = {
		{ "size", required_argument, NULL, SIZE },
		{ "kinds", required_argument, NULL, KINDS },
		{ "passes", required_argument, NULL, PASSES },
		{ "seconds", required_argument, NULL, SECONDS },
		{ "procs", required_argument, NULL, PROCS },
		{ "threads", required_argument, NULL, THREADS },
		{ "seed", required_argument, NULL, SEED },
		{ "push", required_argument, NULL, PUSH },
		{ "pager", no_argument, NULL, PAGER },
		{ "cgroup", required_argument, NULL, CGROUP },
		{ "lossy", no_argument, NULL, LOSSY },
		{ "require-swapped", required_argument, NULL, REQUIRE },
		{ "corrupt", required_argument, NULL, CORRUPT },
		{ "selftest", no_argument, NULL, SELFTEST },
		{ "pause", required_argument, NULL, PAUSE },
		{ "until", required_argument, NULL, UNTIL },
		{ "contents", required_argument, NULL, CONTENTS },
		{ "help", no_argument, NULL, HELP },
		{ }
	};
	bool any = false;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case SIZE:
			opt.bytes = parse_size(optarg);
			break;
		case KINDS:
			choose_kinds(optarg);
			any = true;
			break;
		case PASSES:
			opt.passes = parse_number(optarg);
			break;
		case SECONDS:
			opt.seconds = parse_number(optarg);
			break;
		case PROCS:
			opt.procs = parse_number(optarg);
			break;
		case THREADS:
			opt.threads = parse_number(optarg);
			break;
		case SEED:
			opt.seed = parse_number(optarg);
			break;
		case PUSH:
			if (!strcmp(optarg, "madvise"))
				opt.push = PUSH_MADVISE;
			else if (!strcmp(optarg, "reclaim"))
				opt.push = PUSH_RECLAIM;
			else if (!strcmp(optarg, "none"))
				opt.push = PUSH_NONE;
			else
				exit(2);
			break;
		case PAGER:
			opt.pager = true;
			break;
		case CGROUP:
			opt.cgroup = optarg;
			break;
		case LOSSY:
			opt.lossy = true;
			break;
		case REQUIRE:
			opt.require_swapped = parse_number(optarg);
			break;
		case CORRUPT:
			opt.corrupt = parse_number(optarg);
			break;
		case UNTIL:
			opt.until = optarg;
			break;
		case CONTENTS:
			choose_contents(optarg);
			break;
		case PAUSE:
			opt.pause = optarg;
			break;
		case SELFTEST:
			opt.selftest = true;
			break;
		case HELP:
			usage();
			break;
		default:
			exit(2);
		}
	}
	errno = 0;
	if (optind != argc)
		die("unexpected argument %s", argv[optind]);
	if (!any)
		choose_kinds("all");
	if (!opt.procs || opt.procs > MAX_PROCS || !opt.threads ||
	    opt.threads > MAX_THREADS || !opt.passes)
		die("1 to %d processes, 1 to %d threads, 1 pass or more",
		    MAX_PROCS, MAX_THREADS);
}

int main(int argc, char **argv)
{
	parse_options(argc, argv);
	/* This one only waits and counts, long enough to be swapped out. */
	if (opt.lossy)
		lostpage_lock_program();
	if (opt.cgroup)
		enter_cgroup(opt.cgroup);
	/* Watched pages come first when memory is out, not the shell. */
	spit("/proc/self/oom_score_adj", "500");
	if (opt.push == PUSH_RECLAIM)
		find_own_cgroup();
	tallies = shared_alloc(opt.procs * sizeof(*tallies));
	reports = shared_alloc(sizeof(*reports));
	ktap_begin();
	return opt.selftest ? run_selftest() : run_all();
}
