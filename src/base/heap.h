/* SPDX-License-Identifier: MIT */
/*
 * heap.h - the earliest of many points in time, with links that live in the things themselves.
 *
 * A pairing heap (Fredman, Sedgewick, Sleator, Tarjan, "The pairing heap", 1986): insert and look
 * O(1), remove O(log n) amortized.
 */
#ifndef QS__BASE_HEAP_H
#define QS__BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#include "quiesce.h"

struct qs__heap_node {
	qs_time when;
	struct qs__heap_node *child;	/* the first one */
	struct qs__heap_node *next;	/* sibling */
	struct qs__heap_node *previous;	/* sibling, or the parent of a first child; NULL at the root */
};

struct qs__heap {
	struct qs__heap_node *root;	/* the earliest; NULL = empty */
};

void qs__heap_insert(struct qs__heap *heap, struct qs__heap_node *node, qs_time when);

/* The node must be in the heap. */
void qs__heap_remove(struct qs__heap *heap, struct qs__heap_node *node);

#endif
