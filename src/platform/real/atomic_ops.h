/* SPDX-License-Identifier: MIT */
/*
 * atomic_ops.h - C11 atomics under the names of platform/atomic.h.
 */
#ifndef QS__PLATFORM_ATOMIC_OPS_H
#define QS__PLATFORM_ATOMIC_OPS_H

#include <stdatomic.h>

#define qs__atomic(type) _Atomic(type)

#define qs__atomic_init(object, value) atomic_init((object), (value))
#define qs__atomic_fini(object) ((void)(object))

#define qs__load_relaxed(object) atomic_load_explicit((object), memory_order_relaxed)
#define qs__load_acquire(object) atomic_load_explicit((object), memory_order_acquire)

#define qs__store_relaxed(object, value) atomic_store_explicit((object), (value), memory_order_relaxed)
#define qs__store_release(object, value) atomic_store_explicit((object), (value), memory_order_release)

#define qs__exchange_acquire(object, value) atomic_exchange_explicit((object), (value), memory_order_acquire)
#define qs__exchange_release(object, value) atomic_exchange_explicit((object), (value), memory_order_release)
#define qs__exchange_acq_rel(object, value) atomic_exchange_explicit((object), (value), memory_order_acq_rel)

#define qs__fetch_add_relaxed(object, n) atomic_fetch_add_explicit((object), (n), memory_order_relaxed)
#define qs__fetch_add_acq_rel(object, n) atomic_fetch_add_explicit((object), (n), memory_order_acq_rel)
#define qs__fetch_sub_acq_rel(object, n) atomic_fetch_sub_explicit((object), (n), memory_order_acq_rel)

#define qs__cas(object, expected, value, success, failure) \
	atomic_compare_exchange_strong_explicit((object), (expected), (value), (success), (failure))
#define qs__compare_exchange_relaxed(object, expected, value) \
	qs__cas(object, expected, value, memory_order_relaxed, memory_order_relaxed)
#define qs__compare_exchange_acquire(object, expected, value) \
	qs__cas(object, expected, value, memory_order_acquire, memory_order_acquire)
#define qs__compare_exchange_release(object, expected, value) \
	qs__cas(object, expected, value, memory_order_release, memory_order_relaxed)
#define qs__compare_exchange_acq_rel(object, expected, value) \
	qs__cas(object, expected, value, memory_order_acq_rel, memory_order_acquire)

#if defined(__SANITIZE_THREAD__)
#define QS__FENCE_AS_RMW 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QS__FENCE_AS_RMW 1
#endif
#endif

#ifdef QS__FENCE_AS_RMW
/*
 * The thread sanitizer does not see fences; it does see a read-modify-write of one
 * word that all fences share.
 */
static inline void qs__fence_seq_cst(void)
{
	static _Atomic(uint32_t) word;

	(void)atomic_fetch_add_explicit(&word, 0, memory_order_seq_cst);
}
#else
static inline void qs__fence_seq_cst(void)
{
	atomic_thread_fence(memory_order_seq_cst);
}
#endif

#define QS_PLAIN_READ(lvalue) (lvalue)
#define QS_PLAIN_WRITE(lvalue, value) ((void)((lvalue) = (value)))

#endif
