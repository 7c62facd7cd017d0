/* SPDX-License-Identifier: MIT */
/*
 * era_lock.h - a lock for the few static things, which a forked child finds free.
 *
 * A fork may copy a static mutex at a moment when some other thread holds it; nobody in the child
 * would ever unlock it.  This lock's word carries the era (platform/fork.h) besides the state of
 * the lock: a word of another era counts as free, and the first locker of an era is told that what
 * the lock guards is the parent's and must be forgotten.
 *
 * It ranks before all others (base/mutex.h) and is held for a few steps only.
 */
#ifndef QS__BASE_ERA_LOCK_H
#define QS__BASE_ERA_LOCK_H

#include "platform/atomic.h"

struct qs__era_lock {
	qs__atomic(uint32_t) word;	/* era << 2 | state */
};

/*
 * Returns 1: the caller is the first in this era; 0; -ENOMEM (no era to be
 * had: the lock is not held).
 */
int qs__era_lock(struct qs__era_lock *lock);
void qs__era_unlock(struct qs__era_lock *lock);

#endif
