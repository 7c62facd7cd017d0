/* SPDX-License-Identifier: MIT */
/*
 * park.c - parking without a futex: a table of buckets, chosen by address, each
 * a list of who is parked.
 *
 *	park:	lock the bucket; look at the word; put myself at the end of the list; unlock; sleep until
 *		woken; if not woken: lock; take myself off; unlock.  Or a waker has: sleep until woken
 *	unpark:	lock the bucket; take off the first, or all, with this address; unlock; wake each
 *
 * - No wake-up is lost: a waker changes the word, then takes the lock.  If the parker had the lock
 *   before it, it is in the list; if after it, it sees the word changed.
 * - A parked thread is a node on its own stack.  Who is taken off will be woken, and waits for
 *   that; the waker leaves the node (`is_left`) before it wakes.  So the node outlives its use.
 *   The address is compared and never looked at.
 * - A signal handler may unpark.  So the lock is held with all signals blocked (a handler in the
 *   same thread would wait for its own thread), for a few steps; nobody sleeps, allocates or wakes
 *   under it.  Until all are woken that were taken off the signals stay blocked, as nobody is to
 *   wait for a handler.  Faults are not blocked: none happens in these steps.
 * - Who finds it held tries again, and soon naps in between: the holder may be waiting for our CPU.
 * - A forked child forgets all (qs__park_forget()): what it has inherited may have been locked, and
 *   nobody else is parked.  It may itself be: fork() may be called by a handler that came while it
 *   slept.  Then nobody will wake it, and it goes.
 * - Sleeping is where a thread could be cancelled (pthread_cancel), with its node in the list; so
 *   it cannot be.  On a futex it cannot be, either.
 *
 * Lock order: a bucket's lock comes last of all, and one at a time.
 */
#include "platform/park.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>

#include "forked.h"
#include "platform/signal_mask.h"
#include "sleeper.h"

#define BUCKET_BITS 7
#define BUCKETS (1 << BUCKET_BITS)
#define BUCKET_BYTES 64		/* a cache line each: parking on one address does not slow down another */

#define TRIES 100		/* for a lock that is held for some 10 ns */
#define NAP_NS 50000		/* then */
#define WANT_NAP_NS QS__NS_PER_MS	/* between two looks of a thread that the system gives nothing to sleep on */

enum { FREE, HELD };

/*
 * Who is parked.  L: under the bucket's lock; T: its waker's, once taken off.  I: set before it is
 * in the list.  A: atomic.
 */
struct parked {
	struct parked *next;		/* L T */
	const void *address;		/* I */
	bool is_listed;			/* L  no waker has taken it off the list */
	qs__atomic(uint32_t) is_left;	/* A  1: its waker looks at it no more */
	struct qs__sleeper sleeper;	/* I */
};

/* L: under lock. */
struct bucket {
	_Alignas(BUCKET_BYTES) qs__atomic(uint32_t) lock;
	struct parked *first;		/* L */
	struct parked *last;		/* L */
};

static struct bucket buckets[BUCKETS];
static qs__atomic(uint32_t) forks;	/* that this process has come through */

static struct bucket *bucket_of(const void *address)
{
	/* Fibonacci hashing: the upper bits of the product depend on all of the address. */
	const uint64_t product = (uint64_t)(uintptr_t)address * UINT64_C(0x9E3779B97F4A7C15);

	return &buckets[product >> (64 - BUCKET_BITS)];
}

/* ------------------------------------------------------------------------------------- the lock */

/* The caller has blocked the signals. */
static void lock(struct bucket *bucket)
{
	uint32_t seen = FREE;

	/* Sees what the last holder did.  Pairs with store_release in unlock(). */
	for (int tries = 1; !qs__compare_exchange_acquire(&bucket->lock, &seen, HELD); tries++) {
		if (tries >= TRIES)
			qs__sleeper_nap(NAP_NS);
		seen = FREE;
	}
}

static void unlock(struct bucket *bucket)
{
	/* Publishes what was done under the lock.  Pairs with lock() and qs__park_forget(). */
	qs__store_release(&bucket->lock, FREE);
}

/* ------------------------------------------------------------------------------------- the list */

static void append_locked(struct bucket *bucket, struct parked *parked)
{
	if (QS_PLAIN_READ(bucket->first) == NULL)
		QS_PLAIN_WRITE(bucket->first, parked);
	else
		QS_PLAIN_WRITE(bucket->last->next, parked);
	QS_PLAIN_WRITE(bucket->last, parked);
}

/* Takes off what `link` points at, which comes after `before` (NULL: it is the first).  Returns it. */
static struct parked *take_off_locked(struct bucket *bucket, struct parked **link, struct parked *before)
{
	struct parked *parked = QS_PLAIN_READ(*link);

	QS_PLAIN_WRITE(*link, QS_PLAIN_READ(parked->next));
	if (QS_PLAIN_READ(bucket->last) == parked)
		QS_PLAIN_WRITE(bucket->last, before);
	QS_PLAIN_WRITE(parked->is_listed, false);
	return parked;
}

/* Takes it off, if it is there. */
static void remove_locked(struct bucket *bucket, const struct parked *parked)
{
	struct parked *before = NULL;
	struct parked **link = &bucket->first;

	while (QS_PLAIN_READ(*link) != NULL) {
		if (QS_PLAIN_READ(*link) == parked) {
			(void)take_off_locked(bucket, link, before);
			return;
		}
		before = QS_PLAIN_READ(*link);
		link = &before->next;
	}
}

/* Takes off the first with this address, or all of them, and makes a list of them. */
static struct parked *take_locked(struct bucket *bucket, const void *address, bool all)
{
	struct parked *taken = NULL;
	struct parked **end = &taken;
	struct parked *before = NULL;
	struct parked **link = &bucket->first;

	while (QS_PLAIN_READ(*link) != NULL && (all || taken == NULL)) {
		if (QS_PLAIN_READ((*link)->address) == address) {
			*end = take_off_locked(bucket, link, before);
			end = &(*end)->next;
		} else {
			before = QS_PLAIN_READ(*link);
			link = &before->next;
		}
	}
	*end = NULL;
	return taken;
}

/* -------------------------------------------------------------------------------------- parking */

/* Into the list, if the word still holds the value. */
static bool enlist(struct bucket *bucket, struct parked *parked, const qs__atomic(uint32_t) *word, uint32_t value)
{
	sigset_t mask;

	qs__signals_block(&mask);
	lock(bucket);
	/* relaxed: who changed it before our lock is seen by it; who changes it after will find us. */
	const bool is_so = qs__load_relaxed(word) == value;
	if (is_so)
		append_locked(bucket, parked);
	unlock(bucket);
	qs__signals_restore(&mask);
	return is_so;
}

/* Out of the list; false if a waker was first. */
static bool delist(struct bucket *bucket, struct parked *parked)
{
	sigset_t mask;

	qs__signals_block(&mask);
	lock(bucket);
	const bool was_listed = QS_PLAIN_READ(parked->is_listed);
	if (was_listed)
		remove_locked(bucket, parked);
	unlock(bucket);
	qs__signals_restore(&mask);
	return was_listed;
}

/*
 * It has been woken: so the waker has left the node.  But nobody says that a descriptor puts memory
 * in order, and it may take a moment until that is seen.
 */
static void await_leaving(const struct parked *parked)
{
	/*
	 * What the waker did with the node comes before the node's end.  Pairs with
	 * store_release in wake().
	 */
	while (qs__load_acquire(&parked->is_left) == 0)
		continue;
}

/* 0, or -ETIMEDOUT: then it is out of the list, and no waker was there. */
static int sleep_listed(struct bucket *bucket, struct parked *parked, qs_time deadline)
{
	/* relaxed: changes in this thread alone, by a handler that forks. */
	const uint32_t forks_before = qs__load_relaxed(&forks);
	enum qs__slept slept = qs__sleeper_sleep(&parked->sleeper, deadline);

	if (slept != QS__SLEPT_WOKEN && delist(bucket, parked))
		return slept == QS__SLEPT_TIMED_OUT ? -ETIMEDOUT : 0;
	/* A waker has it; but who would wake us is not in a forked child.  relaxed: as above. */
	while (slept != QS__SLEPT_WOKEN && qs__load_relaxed(&forks) == forks_before)
		slept = qs__sleeper_sleep(&parked->sleeper, QS_NEVER);
	if (slept == QS__SLEPT_WOKEN)
		await_leaving(parked);
	return 0;
}

static int park_in(struct bucket *bucket, const qs__atomic(uint32_t) *word, uint32_t value, qs_time deadline)
{
	struct parked parked = { .address = word, .is_listed = true };
	int result = 0;

	if (!qs__sleeper_init(&parked.sleeper, deadline)) {
		qs__sleeper_nap(WANT_NAP_NS);
		return 0;
	}
	qs__atomic_init(&parked.is_left, 0);
	if (enlist(bucket, &parked, word, value))
		result = sleep_listed(bucket, &parked, deadline);
	qs__atomic_fini(&parked.is_left);
	qs__sleeper_fini(&parked.sleeper);
	return result;
}

int qs__park(const qs__atomic(uint32_t) *word, uint32_t value, qs_time deadline)
{
	const int saved = errno;
	int cancellable;
	int result;

	/* relaxed: a first look, which saves the rest. */
	if (deadline > 0 && qs__load_relaxed(word) != value)
		return 0;
	if (deadline <= qs__clock_now())
		return -ETIMEDOUT;
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellable);
	result = park_in(bucket_of(word), word, value, deadline);
	(void)pthread_setcancelstate(cancellable, NULL);
	errno = saved;
	return result;
}

/* ------------------------------------------------------------------------------------ unparking */

/* The node is looked at no more before its thread is woken, and goes. */
static void wake(struct parked *parked)
{
	const struct qs__waker waker = parked->sleeper.waker;

	/* Pairs with load_acquire in await_leaving(). */
	qs__store_release(&parked->is_left, 1);
	qs__sleeper_wake(waker);
}

static void unpark(const void *address, bool all)
{
	const int saved = errno;
	struct bucket *bucket = bucket_of(address);
	struct parked *taken;
	sigset_t mask;

	qs__signals_block(&mask);
	lock(bucket);
	taken = take_locked(bucket, address, all);
	unlock(bucket);
	while (taken != NULL) {
		struct parked *next = QS_PLAIN_READ(taken->next);

		wake(taken);
		taken = next;
	}
	qs__signals_restore(&mask);
	errno = saved;
}

void qs__unpark_one(const qs__atomic(uint32_t) *word)
{
	unpark(word, false);
}

void qs__unpark_all(const qs__atomic(uint32_t) *word)
{
	unpark(word, true);
}

void qs__park_forget(void)
{
	/* relaxed: looked at by this thread alone. */
	(void)qs__fetch_add_relaxed(&forks, 1);
	for (int i = 0; i < BUCKETS; i++) {
		/*
		 * Held or not; sees what its last holder did, if that has let go.  Pairs with
		 * store_release in unlock().
		 */
		(void)qs__exchange_acquire(&buckets[i].lock, FREE);
		QS_PLAIN_WRITE(buckets[i].first, NULL);
		QS_PLAIN_WRITE(buckets[i].last, NULL);
	}
}
