/* SPDX-License-Identifier: MIT */
/*
 * fifo.c - a chain of blocks, filled at one end and emptied at the other.
 *
 *	first                                        last
 *	[ . . . c d e f ]  ->  [ g h i j k l m ]  ->  [ n o p . . . . ]
 *	        ^ taken                                     ^ filled
 *
 * A block is freed as soon as its last item is taken, so memory follows the number of items down
 * as well as up; the one block of a fifo that runs dry is kept, and filled from its beginning
 * again.  Nothing is ever moved.
 */
#include "base/fifo.h"

#include "base/debug.h"
#include "platform/alloc.h"

void qs__fifo_init(struct qs__fifo *fifo)
{
	*fifo = (struct qs__fifo){ .first = NULL };
}

struct qs__fifo_block *qs__fifo_new_block(void)
{
	return qs__alloc(sizeof(struct qs__fifo_block));
}

void qs__fifo_fini(struct qs__fifo *fifo)
{
	QS__ASSERT(qs__fifo_is_empty(fifo));
	qs__free(fifo->last);
}

bool qs__fifo_is_empty(const struct qs__fifo *fifo)
{
	return fifo->first == fifo->last && fifo->taken == fifo->filled;
}

static void add_block(struct qs__fifo *fifo, struct qs__fifo_block *block)
{
	block->next = NULL;
	if (fifo->last == NULL)
		fifo->first = block;
	else
		fifo->last->next = block;
	fifo->last = block;
	fifo->filled = 0;
}

bool qs__fifo_append(struct qs__fifo *fifo, void *item, struct qs__fifo_block **spare)
{
	if (fifo->last == NULL || fifo->filled == QS__FIFO_BLOCK_ITEMS) {
		if (*spare == NULL)
			return false;
		add_block(fifo, *spare);
		*spare = NULL;
	}
	fifo->last->items[fifo->filled++] = item;
	return true;
}

/* Lets go of the first block if all its items have been taken; returns it if it is to be freed. */
static struct qs__fifo_block *end_block(struct qs__fifo *fifo)
{
	struct qs__fifo_block *block = fifo->first;

	if (qs__fifo_is_empty(fifo)) {
		fifo->taken = 0;
		fifo->filled = 0;
		return NULL;
	}
	if (fifo->taken < QS__FIFO_BLOCK_ITEMS)
		return NULL;
	fifo->first = block->next;
	fifo->taken = 0;
	return block;
}

void *qs__fifo_take(struct qs__fifo *fifo, struct qs__fifo_block **out_emptied)
{
	void *item = fifo->first->items[fifo->taken++];

	*out_emptied = end_block(fifo);
	return item;
}
