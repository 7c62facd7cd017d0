/* SPDX-License-Identifier: MIT */
/*
 * mutex.c - the lock: three values of one futex word (U. Drepper, "Futexes are
 * tricky", 2011, section 5).
 *
 *	free -> held		the first locker
 *	held -> contended	a locker that found it held, before it parks
 *	free -> contended	a locker that parked once: others may still be parked
 *	held, contended -> free	the holder; from contended it wakes one
 *
 * After the exchange that frees the word the unlocker uses the address alone.
 */
#include "base/mutex.h"

#include "base/debug.h"
#include "platform/park.h"

enum { FREE, HELD, CONTENDED };

#ifdef QS_DEBUG
static _Thread_local unsigned held_ranks;	/* one bit per rank */

static void rank_take(const qs__mutex *mutex)
{
	/* No lock of the same rank or of a later one is held. */
	QS__ASSERT(held_ranks >> mutex->rank == 0);
	held_ranks |= 1u << mutex->rank;
}

static void rank_leave(const qs__mutex *mutex)
{
	QS__ASSERT((held_ranks >> mutex->rank & 1u) != 0);
	held_ranks &= ~(1u << mutex->rank);
}
#else
static inline void rank_take(const qs__mutex *mutex)
{
	(void)mutex;
}

static inline void rank_leave(const qs__mutex *mutex)
{
	(void)mutex;
}
#endif

void qs__mutex_init(qs__mutex *mutex, enum qs__rank rank)
{
	qs__atomic_init(&mutex->word, FREE);
#ifdef QS_DEBUG
	mutex->rank = rank;
#else
	(void)rank;
#endif
}

void qs__mutex_fini(qs__mutex *mutex)
{
	qs__atomic_fini(&mutex->word);
}

void qs__mutex_lock(qs__mutex *mutex)
{
	uint32_t seen = FREE;

	rank_take(mutex);
	/* Sees what the last holder did.  Pairs with exchange_release in unlock(). */
	if (qs__compare_exchange_acquire(&mutex->word, &seen, HELD))
		return;
	/* Once parked it cannot know whether others are, so it holds as contended.  Pairs as above. */
	while (qs__exchange_acquire(&mutex->word, CONTENDED) != FREE)
		(void)qs__park(&mutex->word, CONTENDED, QS_NEVER);
}

static void unlock(qs__mutex *mutex)
{
	/*
	 * Publishes what was done under the lock.  Pairs with the acquires in qs__mutex_lock()
	 * and qs__mutex_try_lock().
	 */
	if (qs__exchange_release(&mutex->word, FREE) == CONTENDED)
		qs__unpark_one(&mutex->word);
}

void qs__mutex_unlock(qs__mutex *mutex)
{
	rank_leave(mutex);
	unlock(mutex);
}

bool qs__mutex_try_lock(qs__mutex *mutex)
{
	uint32_t seen = FREE;

	/* Sees what the last holder did.  Pairs with exchange_release in unlock(). */
	return qs__compare_exchange_acquire(&mutex->word, &seen, HELD);
}

void qs__mutex_end_try(qs__mutex *mutex)
{
	unlock(mutex);
}
