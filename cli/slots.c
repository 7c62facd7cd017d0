/* SPDX-License-Identifier: MIT */
/*
 * slots.c - a slot is in one place: with the job that runs in it, in the list of free ones, or in that of the kept ones.
 *
 * There are never more than jobs at once: after a stop, which alone makes slots be kept, no job takes one any more.
 */
#include "slots.h"

#include <stdlib.h>

void slots_init(struct slots *slots)
{
	*slots = (struct slots){ 0 };
	pthread_mutex_init(&slots->lock, NULL);
}

static void free_list(struct slot *slot, struct spool *spool)
{
	while (slot) {
		struct slot *const next = slot->next;

		argument_list_clear(&slot->arguments);
		capture_fini(&slot->out, spool);
		capture_fini(&slot->err, spool);
		free(slot);
		slot = next;
	}
}

void slots_fini(struct slots *slots, struct spool *spool)
{
	free_list(slots->free, spool);
	free_list(slots->kept, spool);
	pthread_mutex_destroy(&slots->lock);
}

static struct slot *make_locked(struct slots *slots)
{
	struct slot *const slot = calloc(1, sizeof(*slot));

	if (slot)
		slot->number = ++slots->made;
	return slot;
}

struct slot *slots_take(struct slots *slots, uint64_t job)
{
	struct slot *slot;

	pthread_mutex_lock(&slots->lock);
	slot = slots->free;
	if (slot)
		slots->free = slot->next;
	else
		slot = make_locked(slots);
	pthread_mutex_unlock(&slots->lock);
	if (slot)
		slot->job = job;
	return slot;
}

void slots_give_back(struct slots *slots, struct slot *slot)
{
	pthread_mutex_lock(&slots->lock);
	slot->next = slots->free;
	slots->free = slot;
	pthread_mutex_unlock(&slots->lock);
}

void slots_keep(struct slots *slots, struct slot *slot)
{
	struct slot **at = &slots->kept;

	pthread_mutex_lock(&slots->lock);
	while (*at && (*at)->job < slot->job)
		at = &(*at)->next;
	slot->next = *at;
	*at = slot;
	pthread_mutex_unlock(&slots->lock);
}
