/* SPDX-License-Identifier: MIT */
/*
 * atomic_ops.h - the names of platform/atomic.h, handed to the simulator.
 *
 * Objects keep their type and size; the newest value is always in memory too, so that code which
 * looks past these names reads something sane.
 */
#ifndef QS__PLATFORM_ATOMIC_OPS_H
#define QS__PLATFORM_ATOMIC_OPS_H

#include "sim/site.h"

#define qs__atomic(type) _Atomic(type)

/* The type of the object's value: the comma takes _Atomic and const off. */
#define qs__sim_type(object) __typeof__((void)0, *(object))
#define qs__sim_bits(object, value) ((uint64_t)(qs__sim_type(object))(value))

/* A statement expression: its value may go unused without a warning. */
#define qs__sim_value(object, call) (__extension__({ (qs__sim_type(object))(call); }))

#define qs__sim_load(name, object, order) \
	qs__sim_value(object, sim_load(SIM_SITE(name, #object), (object), sizeof(*(object)), order))
#define qs__sim_store(name, object, value, order) \
	sim_store(SIM_SITE(name, #object), (object), sizeof(*(object)), qs__sim_bits(object, value), order)
#define qs__sim_update(name, object, update, operand, order)                                                 \
	qs__sim_value(object, sim_update(SIM_SITE(name, #object), (object), sizeof(*(object)), update,       \
					 qs__sim_bits(object, operand), order))
#define qs__sim_compare_exchange(name, object, expected, value, order)                                       \
	sim_compare_exchange(SIM_SITE(name, #object), (object), sizeof(*(object)), (expected),               \
			     qs__sim_bits(object, value), order)

#define qs__atomic_init(object, value) \
	sim_atomic_init(SIM_SITE("init", #object), (object), sizeof(*(object)), qs__sim_bits(object, value))
#define qs__atomic_fini(object) sim_atomic_fini(SIM_SITE("fini", #object), (object))

#define qs__load_relaxed(object) qs__sim_load("load_relaxed", object, SIM_RELAXED)
#define qs__load_acquire(object) qs__sim_load("load_acquire", object, SIM_ACQUIRE)

#define qs__store_relaxed(object, value) qs__sim_store("store_relaxed", object, value, SIM_RELAXED)
#define qs__store_release(object, value) qs__sim_store("store_release", object, value, SIM_RELEASE)

#define qs__exchange_acquire(object, value) \
	qs__sim_update("exchange_acquire", object, SIM_EXCHANGE, value, SIM_ACQUIRE)
#define qs__exchange_release(object, value) \
	qs__sim_update("exchange_release", object, SIM_EXCHANGE, value, SIM_RELEASE)
#define qs__exchange_acq_rel(object, value) \
	qs__sim_update("exchange_acq_rel", object, SIM_EXCHANGE, value, SIM_ACQ_REL)

#define qs__fetch_add_relaxed(object, n) qs__sim_update("fetch_add_relaxed", object, SIM_ADD, n, SIM_RELAXED)
#define qs__fetch_add_acq_rel(object, n) qs__sim_update("fetch_add_acq_rel", object, SIM_ADD, n, SIM_ACQ_REL)
#define qs__fetch_sub_acq_rel(object, n) qs__sim_update("fetch_sub_acq_rel", object, SIM_SUB, n, SIM_ACQ_REL)

#define qs__compare_exchange_relaxed(object, expected, value) \
	qs__sim_compare_exchange("compare_exchange_relaxed", object, expected, value, SIM_RELAXED)
#define qs__compare_exchange_acquire(object, expected, value) \
	qs__sim_compare_exchange("compare_exchange_acquire", object, expected, value, SIM_ACQUIRE)
#define qs__compare_exchange_release(object, expected, value) \
	qs__sim_compare_exchange("compare_exchange_release", object, expected, value, SIM_RELEASE)
#define qs__compare_exchange_acq_rel(object, expected, value) \
	qs__sim_compare_exchange("compare_exchange_acq_rel", object, expected, value, SIM_ACQ_REL)

#define qs__fence_seq_cst() sim_fence_seq_cst(SIM_SITE("fence_seq_cst", ""))

#define QS_PLAIN_READ(lvalue) \
	(sim_plain_read(SIM_SITE("plain_read", #lvalue), &(lvalue), sizeof(lvalue)), (lvalue))
#define QS_PLAIN_WRITE(lvalue, value)                                                            \
	(__extension__({                                                                         \
		__typeof__((void)0, (lvalue)) sim_value_ = (value);                              \
		sim_plain_write(SIM_SITE("plain_write", #lvalue), &(lvalue), sizeof(lvalue)); \
		(void)((lvalue) = sim_value_);                                                   \
	}))

#endif
