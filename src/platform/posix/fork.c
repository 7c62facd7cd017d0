/* SPDX-License-Identifier: MIT */
/*
 * fork.c - eras, begun anew by a hook that fork() runs in the child (pthread_atfork).
 *
 * The hook is there before the first era is: whoever has an era has a hook.  Of several threads
 * that find none, each may set one; it does nothing twice.  `last` is ordinary memory, which a
 * child inherits: counting on from it, the child's era differs from that of every ancestor.
 *
 * What a hook does not see: _Fork() and a raw clone, which do not run it; and the host's own hooks,
 * set earlier, which run before it, and to which what was inherited still looks like their own.
 */
#include "platform/fork.h"

#include <pthread.h>

#include "forked.h"
#include "platform/atomic.h"

static qs__atomic(uint32_t) present;	/* 0 = none was begun in this process */
static qs__atomic(uint32_t) last;
static qs__atomic(uint32_t) is_hooked;

/* Nobody else is there. */
static void forget(void)
{
	/* relaxed: there is one thread. */
	qs__store_relaxed(&present, 0);
	qs__park_forget();
}

static bool hook(void)
{
	/* A fork by this thread runs it.  Pairs with store_release below. */
	if (qs__load_acquire(&is_hooked) != 0)
		return true;
	if (pthread_atfork(NULL, NULL, forget) != 0)
		return false;
	/* It is set.  Pairs with load_acquire above. */
	qs__store_release(&is_hooked, 1);
	return true;
}

uint32_t qs__era_begin(void)
{
	/* Whoever sees an era, its forks run the hook.  Pairs with compare_exchange_acq_rel below. */
	uint32_t era = qs__load_acquire(&present);
	uint32_t next;

	if (era != 0)
		return era;
	if (!hook())
		return 0;
	/* relaxed: a number. */
	next = qs__fetch_add_relaxed(&last, 1) + 1;
	/*
	 * The hook was set before; of several threads one wins, and all read its number.  Pairs
	 * with load_acquire above.
	 */
	return qs__compare_exchange_acq_rel(&present, &era, next) ? next : era;
}

bool qs__era_is_present(uint32_t era)
{
	/* relaxed: an era is compared, and publishes nothing here. */
	return era != 0 && qs__load_relaxed(&present) == era;
}
