/* SPDX-License-Identifier: MIT */
/*
 * object.h - the head of every public object: what it is, whose it is, how many own it.
 *
 * The head is the first member, so that a check can look at it whatever the pointer is said to be.
 * Debug builds keep freed objects in a quarantine for a while, marked dead, so that a use after the
 * end aborts with words instead of reading what came after.
 */
#ifndef QS__BASE_OBJECT_H
#define QS__BASE_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/atomic.h"

/* What an object is.  Numbers that ordinary memory rarely holds. */
enum qs__magic {
	QS__MAGIC_DEAD = 0x51d0dead,
	QS__MAGIC_STOP = 0x51570901,
	QS__MAGIC_CALLBACK,
	QS__MAGIC_FUTURE,
	QS__MAGIC_POOL,
	QS__MAGIC_AS_COMPLETED,
	QS__MAGIC_PROCESS,
	QS__MAGIC_SIGNALS,
	QS__MAGIC_QUEUE,
	QS__MAGIC_MAP,
	QS__MAGIC_MAP_ENTRY,
};

struct qs__object {
	uint32_t magic;			/* I */
	uint32_t era;			/* I  the process that made it: platform/fork.h */
	qs__atomic(uint32_t) refs;	/* A  owners */
};

/* Zeroed memory of that size with a head in it and one owner, or NULL. */
void *qs__object_alloc(size_t bytes, enum qs__magic magic);

/* Its memory; nothing must be left in it. */
void qs__object_free(struct qs__object *object);

/*
 * Given the object itself: 0; -EINVAL (NULL, or not such an object); -QS_EFORKED (made by a
 * process that forked this one).
 */
int qs__object_check(const void *memory, enum qs__magic magic);

/* True if it is such an object of this process: for calls that have nothing to say but "do nothing". */
bool qs__object_is_ours(const void *memory, enum qs__magic magic);

void qs__object_retain(struct qs__object *object);

/* One more owner, unless there is none any more. */
bool qs__object_retain_if_alive(struct qs__object *object);

/* One owner less; true if that was the last: the caller frees. */
bool qs__object_release(struct qs__object *object);

/* Debug builds: free what is in quarantine, so that a test can count the heap. */
void qs__object_empty_quarantine(void);

#endif
