/* SPDX-License-Identifier: MIT */
/*
 * fork.c - eras, kept in a page that the kernel wipes in a child (MADV_WIPEONFORK).
 *
 * The page holds the present era, or 0 in a child that has made no object yet.  `last` is ordinary
 * memory, which a child inherits: counting on from it, the child's era differs from that of every
 * ancestor.  The page is never given back: an object may be looked at until the process ends.
 *
 * A signal handler may look while the page is being made: it then sees no page, and no
 * object can exist without one.
 */
#define _GNU_SOURCE
#include "platform/fork.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/atomic.h"

typedef qs__atomic(uint32_t) era_word;

static qs__atomic(era_word *) page;
static qs__atomic(uint32_t) last;

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static era_word *page_map(void)
{
	const size_t bytes = page_bytes();
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	if (madvise(memory, bytes, MADV_WIPEONFORK) != 0) {
		(void)munmap(memory, bytes);
		return NULL;
	}
	return memory;
}

static era_word *page_get(void)
{
	/* Pairs with compare_exchange_acq_rel below: whoever sees the page sees it mapped. */
	era_word *seen = qs__load_acquire(&page);
	era_word *made;

	if (seen != NULL)
		return seen;
	made = page_map();
	if (made == NULL)
		return NULL;
	/*
	 * Publishes the page; of several threads one wins.  Pairs with load_acquire above and
	 * in qs__era_is_present().
	 */
	if (qs__compare_exchange_acq_rel(&page, &seen, made))
		return made;
	(void)munmap((void *)made, page_bytes());
	return seen;
}

uint32_t qs__era_begin(void)
{
	era_word *word = page_get();
	uint32_t era;
	uint32_t next;

	if (word == NULL)
		return 0;
	/* relaxed: an era is a number and publishes nothing. */
	era = qs__load_relaxed(word);
	if (era != 0)
		return era;
	next = qs__fetch_add_relaxed(&last, 1) + 1;
	/* relaxed: of several threads one wins, and all read the winner's number. */
	return qs__compare_exchange_relaxed(word, &era, next) ? next : era;
}

bool qs__era_is_present(uint32_t era)
{
	/* Pairs with compare_exchange_acq_rel in page_get(). */
	era_word *word = qs__load_acquire(&page);

	/* relaxed: see qs__era_begin(). */
	return word != NULL && qs__load_relaxed(word) == era;
}
