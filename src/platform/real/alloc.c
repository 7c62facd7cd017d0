/* SPDX-License-Identifier: MIT */
/*
 * alloc.c - memory from libc.
 */
#include "platform/alloc.h"

#include <stdlib.h>

void *qs__alloc(size_t bytes)
{
	return calloc(1, bytes);
}

void *qs__alloc_array(size_t count, size_t bytes)
{
	return calloc(count, bytes);
}

void qs__free(void *memory)
{
	free(memory);
}
