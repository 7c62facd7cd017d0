/* SPDX-License-Identifier: MIT */
/*
 * slab.c - chunks of places.
 *
 * A chunk is either full, and in no list, or it has room, and is in the slab's.  Its places are
 * used from the first one on; those that were put back are a chain of their own, and are used
 * before fresh ones.  Before each thing stands whose chunk it is in.
 *
 * One chunk may be kept with nothing in it, so that a slab which now has a thing and now has none
 * does not ask for memory each time; a second one is given back.  Each chunk is as large as all
 * before it, within bounds: few things take little room.
 */
#include "base/slab.h"

#include <stdint.h>

#include "base/debug.h"
#include "platform/alloc.h"

#define PLACES_MIN 8u
#define PLACES_MAX 128u

struct chunk;

struct place {
	struct chunk *chunk;	/* I */
	struct place *next;	/* free, after this one; where the thing begins while it is out */
};

struct chunk {
	struct qs__list link;	/* in the slab's chunks, if it has room */
	size_t places;		/* I  how many there are */
	size_t used;		/* of them out */
	size_t fresh;		/* the first that was never out */
	struct place *free;	/* put back */
	max_align_t memory[];
};

#define THING_AT offsetof(struct place, next)

void qs__slab_init(struct qs__slab *slab, size_t bytes)
{
	const size_t align = sizeof(struct place *);
	const size_t thing_bytes = bytes > sizeof(struct place *) ? bytes : sizeof(struct place *);

	slab->place_bytes = (THING_AT + thing_bytes + align - 1) / align * align;
	slab->count = 0;
	slab->has_empty = false;
	qs__list_init(&slab->chunks);
}

void qs__slab_fini(struct qs__slab *slab)
{
	struct qs__list *link = qs__list_take_first(&slab->chunks);

	QS__ASSERT(slab->count == 0);
	if (link != NULL)
		qs__free(QS__ENTRY(link, struct chunk, link));
	QS__ASSERT(qs__list_is_empty(&slab->chunks));
}

/* Places of the next chunk. */
static size_t next_places(const struct qs__slab *slab)
{
	if (slab->count < PLACES_MIN)
		return PLACES_MIN;
	return slab->count < PLACES_MAX ? slab->count : PLACES_MAX;
}

size_t qs__slab_wants(const struct qs__slab *slab)
{
	return qs__list_is_empty(&slab->chunks) ? sizeof(struct chunk) + next_places(slab) * slab->place_bytes : 0;
}

bool qs__slab_give(struct qs__slab *slab, void *memory, size_t bytes)
{
	struct chunk *chunk = memory;

	if (qs__slab_wants(slab) != bytes)
		return false;
	chunk->places = next_places(slab);
	chunk->used = 0;
	chunk->fresh = 0;
	chunk->free = NULL;
	qs__list_append(&slab->chunks, &chunk->link);
	slab->has_empty = true;
	return true;
}

static struct place *take_place(const struct qs__slab *slab, struct chunk *chunk)
{
	struct place *place = chunk->free;

	if (place != NULL) {
		chunk->free = place->next;
		return place;
	}
	place = (struct place *)(void *)((char *)chunk->memory + chunk->fresh++ * slab->place_bytes);
	place->chunk = chunk;
	return place;
}

void *qs__slab_take(struct qs__slab *slab)
{
	struct chunk *chunk = QS__ENTRY(slab->chunks.next, struct chunk, link);

	QS__ASSERT(!qs__list_is_empty(&slab->chunks));
	if (chunk->used++ == 0)
		slab->has_empty = false;
	if (chunk->used == chunk->places)
		qs__list_remove(&chunk->link);
	slab->count++;
	return (char *)take_place(slab, chunk) + THING_AT;
}

/* Nothing is in the chunk any more: kept as the last one, or returned. */
static struct chunk *keep_or_return(struct qs__slab *slab, struct chunk *chunk)
{
	qs__list_remove(&chunk->link);
	if (slab->has_empty)
		return chunk;
	slab->has_empty = true;
	qs__list_append(&slab->chunks, &chunk->link);
	return NULL;
}

void *qs__slab_put(struct qs__slab *slab, void *thing)
{
	struct place *place = (struct place *)(void *)((char *)thing - THING_AT);
	struct chunk *chunk = place->chunk;

	place->next = chunk->free;
	chunk->free = place;
	slab->count--;
	/* What was full goes before the others: what lies beside it is in use, and in the caches. */
	if (chunk->used-- == chunk->places)
		qs__list_append(slab->chunks.next, &chunk->link);
	return chunk->used == 0 ? keep_or_return(slab, chunk) : NULL;
}
