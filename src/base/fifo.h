/* SPDX-License-Identifier: MIT */
/*
 * fifo.h - pointers, first in first out, any number of them.
 *
 * It allocates and frees nothing itself, so that it can be used under a lock: whoever
 * appends brings a block for the case that one is needed, whoever takes is handed the
 * block that this emptied.
 */
#ifndef QS__BASE_FIFO_H
#define QS__BASE_FIFO_H

#include <stdbool.h>
#include <stddef.h>

#define QS__FIFO_BLOCK_ITEMS 62	/* with its link and malloc's own word a block is 512 bytes */

struct qs__fifo_block {
	struct qs__fifo_block *next;	/* with younger items */
	void *items[QS__FIFO_BLOCK_ITEMS];
};

struct qs__fifo {
	struct qs__fifo_block *first;	/* with the oldest items; NULL = nothing was ever appended */
	struct qs__fifo_block *last;
	size_t taken;			/* places of the first block that are done with */
	size_t filled;			/* places of the last block that are not free any more */
};

void qs__fifo_init(struct qs__fifo *fifo);

/*
 * A block to bring along, to be freed by qs__free() by whoever has it in the
 * end; NULL without memory.
 */
struct qs__fifo_block *qs__fifo_new_block(void);

/* Frees what memory is left.  It must be empty. */
void qs__fifo_fini(struct qs__fifo *fifo);

bool qs__fifo_is_empty(const struct qs__fifo *fifo);

/*
 * Append; false if that needs a block and none was brought.  One that was used is the
 * fifo's, and *spare NULL.
 */
bool qs__fifo_append(struct qs__fifo *fifo, void *item, struct qs__fifo_block **spare);

/*
 * Take the oldest of those that are there.  *out_emptied: a block that is the
 * caller's to free, or NULL.
 */
void *qs__fifo_take(struct qs__fifo *fifo, struct qs__fifo_block **out_emptied);

#endif
