/* SPDX-License-Identifier: MIT */
/*
 * hash.h - find a thing by an address, with links that live in the things themselves.
 *
 * It grows and shrinks by one bucket at a time, so no call takes long, however many things there
 * are; and it is as large as they are many.  The memory for buckets comes from outside, so that a
 * table can be used under a lock:
 *
 *	while ((bytes = qs__hash_wants(&hash)) != 0)	without it the table would get slower
 *		qs__hash_give(&hash, memory, bytes)
 *	qs__hash_insert(&hash, &thing->link, key)
 *	free(qs__hash_remove(&hash, &thing->link))	memory that is too much now, or NULL
 */
#ifndef QS__BASE_HASH_H
#define QS__BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>

struct qs__hash_link {
	struct qs__hash_link *next;	/* in its bucket */
	const void *key;
};

#define QS__HASH_FIRST 8u	/* buckets that are there from the beginning; a power of 2 */
#define QS__HASH_SEGMENTS 27u	/* each as large as all before it */

struct qs__hash {
	size_t count;		/* things */
	size_t buckets;		/* in use */
	size_t room;		/* buckets that there is memory for; a power of 2 */
	unsigned spacing;	/* log2 of how far from each other keys are at least */
	struct qs__hash_link *first[QS__HASH_FIRST];
	struct qs__hash_link **segments[QS__HASH_SEGMENTS];	/* the buckets after those; NULL = no memory yet */
};

/* Keys are addresses of things of so many bytes: no two keys are nearer to each other. */
void qs__hash_init(struct qs__hash *hash, size_t bytes);

/* Frees the memory that was given; the things are left as they are. */
void qs__hash_fini(struct qs__hash *hash);

/* How much zeroed memory should be given before the next thing is inserted; 0 = none. */
size_t qs__hash_wants(const struct qs__hash *hash);

/* False if it does not want so much, as somebody else was first: the memory stays the caller's. */
bool qs__hash_give(struct qs__hash *hash, void *memory, size_t bytes);

/* The thing with this key, or NULL. */
struct qs__hash_link *qs__hash_find(const struct qs__hash *hash, const void *key);

/* The key must not be there. */
void qs__hash_insert(struct qs__hash *hash, struct qs__hash_link *link, const void *key);

/* The thing must be there.  Returns memory that the caller frees, or NULL. */
void *qs__hash_remove(struct qs__hash *hash, struct qs__hash_link *link);

/* Go through all things, in no order: NULL for the first one, NULL after the last one. */
struct qs__hash_link *qs__hash_next(const struct qs__hash *hash, const struct qs__hash_link *previous);

#endif
