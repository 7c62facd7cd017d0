/* SPDX-License-Identifier: MIT */
/*
 * alloc.c - memory of the simulated heap.
 */
#include "platform/alloc.h"
#include "sim/engine/engine.h"

void *qs__alloc(size_t bytes)
{
	return sim_heap_alloc(bytes);
}

void *qs__alloc_array(size_t count, size_t bytes)
{
	size_t product;

	return __builtin_mul_overflow(count, bytes, &product) ? NULL : sim_heap_alloc(product);
}

void qs__free(void *memory)
{
	sim_heap_free(memory);
}
