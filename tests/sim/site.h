/* SPDX-License-Identifier: MIT */
/*
 * site.h - the places in the source where an operation stands, and the operations as
 * the simulator sees them.
 *
 * Each atomic operation of the production code calls one of these with its site, made by
 * SIM_SITE: one static record for each place.  The site is what a trace shows and what a
 * negative control aims at.
 */
#ifndef SIM_SITE_H
#define SIM_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_site {
	const char *operation;	/* "store_release" */
	const char *object;	/* the argument as it is written: "&waiter->word" */
	const char *file;
	const char *function;
	int line;
	uint32_t judged;	/* the exploration for which `hit` was worked out */
	bool hit;		/* the control of that exploration aims here */
};

#define SIM_SITE(operation, object)                                                                          \
	(__extension__({                                                                                     \
		static struct sim_site sim_site_ = { operation, object, __FILE__, __func__, __LINE__, 0, 0 }; \
		&sim_site_;                                                                                  \
	}))

enum sim_order {
	SIM_RELAXED = 0,
	SIM_ACQUIRE = 1,
	SIM_RELEASE = 2,
	SIM_ACQ_REL = SIM_ACQUIRE | SIM_RELEASE,
};

enum sim_update {
	SIM_EXCHANGE,
	SIM_ADD,
	SIM_SUB,
};

/*
 * Values travel as 64 bits, cut to the object's size.  Each call but init and
 * fini is a scheduling point.
 */
void sim_atomic_init(struct sim_site *site, volatile void *object, size_t size, uint64_t value);
void sim_atomic_fini(struct sim_site *site, const volatile void *object);
uint64_t sim_load(struct sim_site *site, const volatile void *object, size_t size, enum sim_order order);
void sim_store(struct sim_site *site, volatile void *object, size_t size, uint64_t value, enum sim_order order);
uint64_t sim_update(struct sim_site *site, volatile void *object, size_t size, enum sim_update update, uint64_t operand,
		    enum sim_order order);
bool sim_compare_exchange(struct sim_site *site, volatile void *object, size_t size, void *expected, uint64_t value,
			  enum sim_order order);
void sim_fence_seq_cst(struct sim_site *site);

/*
 * Announce a plain access that is about to happen.  No scheduling point: only its order
 * against others is checked.
 */
void sim_plain_read(struct sim_site *site, const volatile void *object, size_t size);
void sim_plain_write(struct sim_site *site, const volatile void *object, size_t size);

/* The call of the platform that comes next stands here. */
void sim_call_from(struct sim_site *site);

#endif
