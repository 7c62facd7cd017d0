/* SPDX-License-Identifier: MIT */
/*
 * engine.h - what the parts of the simulator know of each other.
 *
 *	explore.c   runs a case: which executions, in a child process each exploration; says how it went
 *	choice.c    the stack of choices: depth first, or by the dice
 *	schedule.c  threads, who goes on, sleeping and waking, the clock
 *	memory.c    the words that threads share, and what a load may see
 *	race.c      the order of plain accesses
 *	heap.c      memory that is never handed out twice in an execution
 *	sites.c     where a call of the platform stands, and which sites the control of this exploration breaks
 *	trace.c     what happened, to be shown after a failure
 *	switch_*.c  from one stack to another; one per machine
 *
 * One thread of the real machine runs everything.  Each simulated thread has a stack; explore.c
 * runs on the real one, which is the only place that an execution ends in, be it that no thread can
 * go on or that sim_fail() was called.
 */
#ifndef SIM_ENGINE_H
#define SIM_ENGINE_H

#include "sim/sim.h"
#include "sim/site.h"

#define SIM_THREADS 12		/* at most, the case's own (thread 0) included */
#define SIM_LOCATIONS 512	/* words that were shared in one execution, at most */
#define SIM_STEPS 20000		/* of one execution; more is an endless loop */
#define SIM_CHOICES 8192	/* of one execution */
#define SIM_COUNT_ROUND 4	/* SIM_COUNT_UP starts again after so many */
#define SIM_NAME 16		/* bytes of a thread's name */
#define SIM_REASON 256		/* bytes of a failure's description */

typedef int64_t sim_time;
#define SIM_NEVER INT64_MAX

/* ---- what a thread knows ---- */

/*
 * A view: for each thread how much of it has happened, and for each word the oldest value that may
 * still be seen.  Entries from `width` on count as 0; width is a multiple of SIM_VIEW_GRAIN.
 */
#define SIM_VIEW_GRAIN 16
struct sim_view {
	uint16_t width;
	uint16_t clock[SIM_THREADS];
	uint16_t seen[SIM_LOCATIONS];
};

void sim_view_clear(struct sim_view *view);
void sim_view_copy(struct sim_view *to, const struct sim_view *from);
void sim_view_join(struct sim_view *into, const struct sim_view *other);
void sim_view_set_seen(struct sim_view *view, unsigned location, unsigned message);

struct sim_memory_order {
	struct sim_view current;	/* what this thread has seen */
	struct sim_view acquired;	/* what relaxed loads have seen besides: a fence adds it */
	struct sim_view released;	/* what a relaxed store publishes: the view at the last fence */
};

/* ---- threads: schedule.c ---- */

struct sim_context {
	void *stack_pointer;
};

enum sim_thread_state {
	SIM_READY,
	SIM_PARKED,	/* until a wake of `parked_on`, its deadline or a signal */
	SIM_ENDED,
};

struct sim_thread {
	struct sim_context context;
	struct sim_memory_order order;
	enum sim_thread_state state;
	char name[SIM_NAME];
	void (*fn)(void *arg);
	void *arg;
	void *current;			/* platform/thread.h: qs__current() */
	const volatile void *parked_on;
	sim_time deadline;		/* of the park */
	bool woken;			/* the park ended by a wake, not by its deadline */
	bool awaited;			/* finish() waits for it */
	bool given_up;			/* joined or detached */
	bool undisturbed;		/* no scheduling points: setup and finish */
	void (*handler)(void *arg);	/* the signal that may still arrive; NULL = none */
	void *handler_arg;
	bool interrupted;		/* the signal arrived while parked */
	bool signals_blocked;
	int priority;			/* schedule.c, by the dice */
};

struct sim_budget {
	int preemptions;
	int stale_reads;
	int spurious_wakes;
	int early_timeouts;
	int failed_allocations;
	int failed_starts;
};

/* The present execution. */
struct sim_execution {
	uint32_t number;		/* grows for ever: dates the entries of hash tables */
	struct sim_budget left;
	struct sim_thread threads[SIM_THREADS];
	unsigned thread_count;
	struct sim_thread *self;	/* who runs; NULL: explore.c */
	bool in_setup;
	unsigned steps;
	sim_time now;
	enum sim_failure failure;	/* 0 = none so far */
	char reason[SIM_REASON];
	bool bounded;			/* a preemption was not tried because none was left */
	bool learned;			/* a word turned out to be shared: choices mean
					   something else from now on */
};
extern struct sim_execution sim;

static inline unsigned sim_self_index(void)
{
	return sim.self ? (unsigned)(sim.self - sim.threads) : 0;
}

void sim_schedule_begin(void);
void sim_schedule_run(void);		/* until nobody can go on */
void sim_schedule_end(void);		/* who is left over? */

void sim_signals_block(bool block);

/* Other threads may go on here; `shared` says whether it can make a difference to them. */
void sim_point(bool shared);

unsigned sim_thread_start(const char *name, void (*fn)(void *arg), void *arg);
void sim_thread_end_wait(unsigned index);
bool sim_address_is_on_a_stack(const volatile void *address);

/* Sleep until woken (true) or until the deadline (false). */
bool sim_sleep(const volatile void *address, sim_time deadline);
void sim_wake(const volatile void *address, unsigned count);
bool sim_somebody_sleeps_in(const volatile void *memory, size_t bytes);

/*
 * One more step of this thread: what it does from now on is not known to those who
 * know what it did so far.
 */
void sim_tick(void);

/* Ends the execution.  From explore.c's own stack it only notes the failure. */
void sim_fail(enum sim_failure failure, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));

void sim_context_make(struct sim_context *context, void *stack, size_t bytes, void (*entry)(void));
void sim_context_switch(struct sim_context *from, struct sim_context *to);

/* ---- choices: choice.c ---- */

enum sim_choice_mode {
	SIM_DEPTH_FIRST,
	SIM_BY_DICE,
};

void sim_choice_mode(enum sim_choice_mode mode);
void sim_choice_begin(uint64_t seed);	/* of one execution */
bool sim_choice_advance(void);		/* depth first: to the next path; false: there is none */
void sim_choice_restart(void);		/* depth first: from the first path again */
bool sim_choice_by_dice(void);
uint64_t sim_dice(void);

unsigned sim_choice(unsigned count);
unsigned sim_choice_of_mine(unsigned count, unsigned value);	/* by the dice, but with a value of the caller's */

/* ---- memory.c, race.c, heap.c ---- */

void sim_memory_begin(void);
void sim_memory_forget(void);		/* which words are shared: between explorations */
void sim_memory_end(void);		/* is static state as it was? */
bool sim_word_equals(const volatile void *object, size_t size, uint64_t value);
void sim_memory_freed(const volatile void *memory, size_t bytes);

void sim_race_begin(void);
void sim_race_freed(const volatile void *memory, size_t bytes);

void *sim_heap_alloc(size_t bytes);
void sim_heap_free(void *memory);
void sim_heap_begin(bool reuse);
void sim_heap_end(void);		/* is anything left? */
enum sim_heap_state {
	SIM_HEAP_ELSEWHERE,
	SIM_HEAP_LIVE,
	SIM_HEAP_FREED,
} sim_heap_look(const volatile void *address);

/* ---- descriptors: platform/event_fd.c ---- */

void sim_descriptor_begin(void);
void sim_descriptor_end(void);

/* ---- signals: platform/disposition.c ---- */

void sim_disposition_begin(void);

/* ---- sites.c ---- */

struct sim_site *sim_call_site(const char *operation);		/* where the platform was called
								   just now; never NULL */

/* Of an exploration.  control: NULL = none.  note: called once for each site that is met. */
void sim_control_begin(const struct sim_control *control, void (*note)(const struct sim_site *site));
void sim_control_begin_execution(void);
enum sim_mutation sim_control_of(struct sim_site *site);	/* notes that it was met */
uint64_t sim_control_value(void);	/* SIM_PRETEND, SIM_COUNT_UP: what the operation yields */
bool sim_control_was_met(void);

/* ---- trace.c ---- */

void sim_trace_begin(void);
/* `text` is static and says what `a` and `b` are; it is given to printf with both. */
void sim_trace(const struct sim_site *site, const volatile void *object, const char *text, uint64_t a, uint64_t b);
void sim_trace_print(void);

#endif
