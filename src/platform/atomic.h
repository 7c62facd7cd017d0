/* SPDX-License-Identifier: MIT */
/*
 * atomic.h - every word that threads share, with the memory order in the operation's name.
 *
 *	qs__atomic(uint32_t) word;
 *
 *	qs__atomic_init(&word, v)			before anybody else can see it
 *	qs__atomic_fini(&word)				its life ends here: the simulator reports any
 *							later access
 *	qs__load_relaxed|acquire(&word)
 *	qs__store_relaxed|release(&word, v)
 *	qs__exchange_acquire|release|acq_rel(&word, v)	returns the old value
 *	qs__fetch_add_relaxed|acq_rel(&word, n)		returns the old value
 *	qs__fetch_sub_acq_rel(&word, n)			returns the old value
 *	qs__compare_exchange_relaxed|acquire|release|acq_rel(&word, &expected, v)
 *							strong; true on success; on failure *expected is
 *							what was there, read with acquire for acquire
 *							and acq_rel, else relaxed
 *	qs__fence_seq_cst()				store, then load of another word
 *
 * Plain data that an atomic word publishes is read and written through
 *
 *	QS_PLAIN_READ(object.field)			an rvalue
 *	QS_PLAIN_WRITE(object.field, v)
 *
 * where a race would matter: in production these are the plain accesses, in the
 * simulator they are checked.
 *
 * The build picks the folder that fulfils this contract: real/ (C11 atomics) or the simulator's.
 */
#ifndef QS__PLATFORM_ATOMIC_H
#define QS__PLATFORM_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#include "atomic_ops.h"

#endif
