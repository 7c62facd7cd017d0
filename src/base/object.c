/* SPDX-License-Identifier: MIT */
/*
 * object.c - heads of objects: checks, counting, quarantine.
 */
#include "base/object.h"

#include <errno.h>

#include "base/debug.h"
#include "platform/alloc.h"
#include "platform/fork.h"
#include "quiesce.h"

void *qs__object_alloc(size_t bytes, enum qs__magic magic)
{
	const uint32_t era = qs__era_begin();
	struct qs__object *object = era != 0 ? qs__alloc(bytes) : NULL;

	if (object == NULL)
		return NULL;
	object->magic = magic;
	object->era = era;
	qs__atomic_init(&object->refs, 1);
	return object;
}

#ifdef QS_DEBUG
#define QUARANTINE_PLACES 256u	/* enough to see most uses after the end, small enough not to matter */

static qs__atomic(struct qs__object *) quarantine[QUARANTINE_PLACES];
static qs__atomic(uint32_t) quarantine_next;

/* Puts an object into quarantine and frees the one whose place it takes. */
static void dispose(struct qs__object *object)
{
	/* relaxed: only spreads the places. */
	const uint32_t place = qs__fetch_add_relaxed(&quarantine_next, 1) % QUARANTINE_PLACES;

	/*
	 * Hands over the dead object whole.  Pairs with itself, here and in
	 * qs__object_empty_quarantine().
	 */
	qs__free(qs__exchange_acq_rel(&quarantine[place], object));
}

void qs__object_empty_quarantine(void)
{
	for (uint32_t place = 0; place < QUARANTINE_PLACES; place++) {
		/* Pairs with exchange_acq_rel in dispose(). */
		qs__free(qs__exchange_acq_rel(&quarantine[place], (struct qs__object *)NULL));
	}
}
#else
static void dispose(struct qs__object *object)
{
	qs__free(object);
}

void qs__object_empty_quarantine(void)
{
}
#endif

void qs__object_free(struct qs__object *object)
{
	object->magic = QS__MAGIC_DEAD;
	qs__atomic_fini(&object->refs);
	dispose(object);
}

int qs__object_check(const void *memory, enum qs__magic magic)
{
	const struct qs__object *object = memory;

	if (object == NULL)
		return -EINVAL;
	QS__ASSERT(object->magic != QS__MAGIC_DEAD /* used after its end */);
	QS__ASSERT(object->magic == (uint32_t)magic /* some other object */);
	if (object->magic != (uint32_t)magic)
		return -EINVAL;
	return qs__era_is_present(object->era) ? 0 : -QS_EFORKED;
}

bool qs__object_is_ours(const void *memory, enum qs__magic magic)
{
	return qs__object_check(memory, magic) == 0;
}

void qs__object_retain(struct qs__object *object)
{
	/* relaxed: the caller has an owner's right already; a count publishes nothing. */
	(void)qs__fetch_add_relaxed(&object->refs, 1);
}

bool qs__object_retain_if_alive(struct qs__object *object)
{
	/* relaxed: as above; whoever finds 0 touches nothing. */
	uint32_t refs = qs__load_relaxed(&object->refs);

	while (refs != 0) {
		if (qs__compare_exchange_relaxed(&object->refs, &refs, refs + 1))
			return true;
	}
	return false;
}

bool qs__object_release(struct qs__object *object)
{
	/*
	 * What this owner did comes before the free, and the last one sees what all
	 * did.  Pairs with itself.
	 */
	const uint32_t before = qs__fetch_sub_acq_rel(&object->refs, 1);

	QS__ASSERT(before != 0 /* released more often than retained */);
	return before == 1;
}
