/* SPDX-License-Identifier: MIT */
/*
 * slab.h - things of one size, side by side in chunks, at addresses that stay.
 *
 * What is made one after the other is often used so, too: through many of them it goes
 * much faster when they lie so.  The memory for chunks comes from outside, so that a slab
 * can be used under a lock:
 *
 *	while ((bytes = qs__slab_wants(&slab)) != 0)
 *		qs__slab_give(&slab, memory, bytes)
 *	thing = qs__slab_take(&slab)
 *	free(qs__slab_put(&slab, thing))	a chunk that nothing is in any more, or NULL
 */
#ifndef QS__BASE_SLAB_H
#define QS__BASE_SLAB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"

struct qs__slab {
	size_t place_bytes;		/* I  of a thing, and of what stands before it */
	size_t count;			/* things that are out */
	struct qs__list chunks;		/* those with room, of struct chunk in slab.c; empty ones last */
	bool has_empty;			/* one of them is kept with nothing in it */
};

void qs__slab_init(struct qs__slab *slab, size_t bytes);

/* All things have been put back. */
void qs__slab_fini(struct qs__slab *slab);

/* How much memory must be given before the next thing is taken; 0 = none. */
size_t qs__slab_wants(const struct qs__slab *slab);

/* False if it does not want so much, as somebody else was first: the memory stays the caller's. */
bool qs__slab_give(struct qs__slab *slab, void *memory, size_t bytes);

/* A thing, with nothing sensible in it. */
void *qs__slab_take(struct qs__slab *slab);

/* The thing is not used any more.  Returns memory that the caller frees, or NULL. */
void *qs__slab_put(struct qs__slab *slab, void *thing);

#endif
