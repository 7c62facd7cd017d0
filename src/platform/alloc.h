/* SPDX-License-Identifier: MIT */
/*
 * alloc.h - memory for the library's objects, in one place so that tests can
 * make any call of it fail.
 */
#ifndef QS__PLATFORM_ALLOC_H
#define QS__PLATFORM_ALLOC_H

#include <stddef.h>

/* Zeroed memory, or NULL. */
void *qs__alloc(size_t bytes);

/* The same for an array; NULL if the product overflows. */
void *qs__alloc_array(size_t count, size_t bytes);

/* NULL is allowed. */
void qs__free(void *memory);

#endif
