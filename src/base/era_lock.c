/* SPDX-License-Identifier: MIT */
/*
 * era_lock.c - base/mutex.c with the era in the word's upper bits.
 *
 *	any word of another era -> held		the first locker of this era
 *	free -> held, contended; held -> contended; held, contended -> free	as in mutex.c
 */
#include "base/era_lock.h"

#include <errno.h>

#include "platform/fork.h"
#include "platform/park.h"

enum { FREE, HELD, CONTENDED };

#define STATE_BITS 2u
#define ERA_MASK (UINT32_MAX >> STATE_BITS)

static uint32_t word_of(uint32_t era, uint32_t state)
{
	return (era & ERA_MASK) << STATE_BITS | state;
}

int qs__era_lock(struct qs__era_lock *lock)
{
	const uint32_t era = qs__era_begin();
	uint32_t taken = word_of(era, HELD);
	/* relaxed: a guess, which the compare-and-swap checks. */
	uint32_t seen = qs__load_relaxed(&lock->word);

	if (era == 0)
		return -ENOMEM;
	for (;;) {
		const bool is_foreign = seen >> STATE_BITS != (era & ERA_MASK);

		if (is_foreign || seen == word_of(era, FREE)) {
			/*
			 * Sees what the last holder did.  Pairs with
			 * exchange_release in qs__era_unlock().
			 */
			if (qs__compare_exchange_acquire(&lock->word, &seen, taken))
				return is_foreign ? 1 : 0;
			continue;
		}
		if (seen == word_of(era, HELD) &&
		    !qs__compare_exchange_acquire(&lock->word, &seen, word_of(era, CONTENDED)))
			continue;
		/* Once parked it cannot know whether others are, so it will hold as contended. */
		taken = word_of(era, CONTENDED);
		(void)qs__park(&lock->word, word_of(era, CONTENDED), QS_NEVER);
		/* relaxed: a guess again. */
		seen = qs__load_relaxed(&lock->word);
	}
}

void qs__era_unlock(struct qs__era_lock *lock)
{
	const uint32_t era = qs__era_begin();

	/*
	 * Publishes what was done under the lock.  Pairs with
	 * compare_exchange_acquire in qs__era_lock().
	 */
	if (qs__exchange_release(&lock->word, word_of(era, FREE)) == word_of(era, CONTENDED))
		qs__unpark_one(&lock->word);
}
