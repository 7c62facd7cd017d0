/* SPDX-License-Identifier: MIT */
/*
 * heap.c - a pairing heap: a tree in which no node is earlier than its parent.
 */
#include "base/heap.h"

/* Hangs the later of two roots below the earlier one, which is returned; either may be NULL. */
static struct qs__heap_node *meld(struct qs__heap_node *one, struct qs__heap_node *other)
{
	if (one == NULL || other == NULL)
		return one != NULL ? one : other;
	if (other->when < one->when) {
		struct qs__heap_node *earlier = other;

		other = one;
		one = earlier;
	}
	other->previous = one;
	other->next = one->child;
	if (one->child != NULL)
		one->child->previous = other;
	one->child = other;
	one->next = NULL;
	one->previous = NULL;
	return one;
}

/* Melds siblings in pairs from the left, then the pairs from the right, which bounds the cost. */
static struct qs__heap_node *meld_siblings(struct qs__heap_node *first)
{
	struct qs__heap_node *pairs = NULL;
	struct qs__heap_node *root = NULL;

	while (first != NULL) {
		struct qs__heap_node *second = first->next;
		struct qs__heap_node *rest = second != NULL ? second->next : NULL;
		struct qs__heap_node *pair = meld(first, second);

		pair->next = pairs;
		pairs = pair;
		first = rest;
	}
	while (pairs != NULL) {
		struct qs__heap_node *rest = pairs->next;

		root = meld(pairs, root);
		pairs = rest;
	}
	return root;
}

void qs__heap_insert(struct qs__heap *heap, struct qs__heap_node *node, qs_time when)
{
	node->when = when;
	node->child = NULL;
	node->next = NULL;
	node->previous = NULL;
	heap->root = meld(heap->root, node);
}

/* Takes a node that is not the root out from among its siblings. */
static void cut(struct qs__heap_node *node)
{
	if (node->previous->child == node)
		node->previous->child = node->next;
	else
		node->previous->next = node->next;
	if (node->next != NULL)
		node->next->previous = node->previous;
}

void qs__heap_remove(struct qs__heap *heap, struct qs__heap_node *node)
{
	struct qs__heap_node *below = meld_siblings(node->child);

	if (below != NULL)
		below->previous = NULL;
	if (heap->root == node) {
		heap->root = below;
	} else {
		cut(node);
		heap->root = meld(heap->root, below);
	}
	node->child = NULL;
	node->next = NULL;
	node->previous = NULL;
}
