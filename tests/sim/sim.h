/* SPDX-License-Identifier: MIT */
/*
 * sim.h - run production code on a simulated machine, in every order that matters.
 *
 * A *case* is a small scenario.  The simulator runs it again and again; each *execution* takes
 * another path through the choices: which thread goes on, which of the values a load may legally
 * see it sees, whether a park returns for no reason, whether a timeout fires now, whether memory is
 * there.  First exhaustively, with 0, 1, ... up to `preemptions` switches away from a thread that
 * could have gone on; then `random` times by the dice.
 *
 * Each execution must end with every thread ended and joined, all memory freed, all descriptors
 * closed and static words back at the value of the beginning; on the way no access after free, no
 * race on QS_PLAIN data, no failed SIM_ASSERT, no crash.
 *
 * The preemptions of a case are as many as can be searched whole each time it runs.  A deep run
 * (QS_SIM_DEPTH) adds to them, and there a search may be out of reach, for one preemption more is
 * twenty to a hundred times as many executions.  Such a level is searched until its budget is used
 * (QS_SIM_BUDGET), late preemptions first; at least as many random executions follow, whose
 * preemptions come anywhere; and the line of the case says so: "of 2 preemptions the first 1000000,
 * then 1000000 at random".
 *
 * A case is worth something only if it can fail: its *controls* break one operation of the code
 * each, and the simulator must then find the failure that was foretold.
 *
 *	static const struct sim_case parking = {
 *		.name = "parking",
 *		.setup = start_both,			// makes the objects, starts threads with sim_thread()
 *		.finish = look_at_the_outcome,		// runs when these threads have ended
 *		.preemptions = 2, .stale_reads = 2,
 *		.controls = {
 *			{ "park_test.c:sleeper:fence_seq_cst", SIM_DROP, SIM_DEADLOCK },
 *		},
 *	};
 *
 *	assert_true(sim_verify(&parking));
 *
 * What it cannot see: data that is neither atomic nor marked; load buffering (a load that
 * reads from a store which depends on it); what the kernel does.  Its memory model is a
 * little stronger than C11's.
 *
 * Environment, for those who look closer:
 *
 *	QS_SIM_DEPTH=n		n preemptions more, as far as the budget goes; 10^n times as many random executions
 *	QS_SIM_BUDGET=n		executions that each of these levels may take, instead of 1 million
 *	QS_SIM_TRACE=1		show the traces of the controls, too
 *	QS_SIM_ONLY=name	the case of that name alone, without a child process, for a debugger
 *	QS_SIM_SWEEP=part	weaken in turn each memory order in files whose path contains the part; one line says what came
 *				of it: "no failure" means that this case does not need it
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How an execution can fail.  Bits, so that a control may foretell more than one. */
enum sim_failure {
	SIM_DEADLOCK = 1 << 0,		/* a thread sleeps for ever; a lost wake-up is one */
	SIM_RACE = 1 << 1,		/* two accesses, or an access and a free, without order between them */
	SIM_USE_AFTER_FREE = 1 << 2,
	SIM_ASSERTION = 1 << 3,		/* SIM_ASSERT, or assert() in the code itself */
	SIM_LEAK = 1 << 4,		/* memory, a thread, a descriptor or static state was left behind */
	SIM_ENDLESS = 1 << 5,		/* too many steps */
	SIM_CRASH = 1 << 6,		/* a fault of the real machine */
	SIM_UNTOUCHED = 1 << 7,		/* the control aims at an operation that never ran */
	SIM_INCOMPLETE = 1 << 8,	/* more executions than the case allows */
	SIM_TOO_SMALL = 1 << 9,		/* a table of the simulator is full */
};

/* How a control breaks an operation. */
enum sim_mutation {
	SIM_INTACT,
	SIM_WEAKEN,	/* its memory order becomes relaxed; a fence is no fence */
	SIM_NO_ACQUIRE,	/* acq_rel becomes release */
	SIM_NO_RELEASE,	/* acq_rel becomes acquire */
	SIM_DROP,	/* it does not happen: a store, an update, a fence, a park (returns at
			   once), an unpark, a free, a join */
	SIM_SPLIT,	/* a read-modify-write becomes a load and a store */
	SIM_PRETEND,	/* a load or an update does not happen and yields `value`; a compare-exchange yields success;
			   an init sets `value`: for counters that are about to wrap */
	SIM_COUNT_UP,	/* the same with value, value + 1, ...: whatever a loop waits for, it gets it too early */
};

struct sim_control {
	const char *site;		/* "file.c:function:operation" or
					   "file.c:function:operation(part of the argument)" */
	enum sim_mutation mutation;
	unsigned foretold;		/* of enum sim_failure; 0 = the case holds all the same */
	uint64_t value;			/* SIM_PRETEND, SIM_COUNT_UP */
};

#define SIM_MAX_CONTROLS 16
#define SIM_UNBOUNDED 1000

struct sim_case {
	const char *name;
	void (*setup)(void);		/* nobody else runs before it returns or blocks */
	void (*finish)(void);		/* the same, once the threads of sim_thread() have ended; NULL = nothing */
	int preemptions;
	int stale_reads;		/* loads, in one execution, that see less than the newest value */
	int spurious_wakes;		/* parks that return for no reason */
	int early_timeouts;		/* timeouts that fire while something else could still run */
	int failed_allocations;
	int failed_starts;		/* thread starts that return -EAGAIN */
	bool reuse_memory;		/* freed memory is handed out again at once: finds
					   ABA, misses use after free */
	uint64_t executions;		/* its own preemptions need more than these:
					   SIM_INCOMPLETE; 0 = 4 million */
	uint64_t random;		/* random executions after that */
	struct sim_control controls[SIM_MAX_CONTROLS];
};

/*
 * The case holds, and each of its controls fails as foretold.  Says on stdout what was
 * run, and on stderr why not.
 */
bool sim_verify(const struct sim_case *scenario);

/* The case holds; what its controls do is not looked at. */
bool sim_holds(const struct sim_case *scenario);

/* The case fails in one of the ways of `foretold`: for scenarios that are wrong on purpose. */
bool sim_fails(const struct sim_case *scenario, unsigned foretold);

/* ---- inside a case ---- */

/* Start a thread that `finish` waits for.  The name is borrowed: static text. */
void sim_thread(const char *name, void (*fn)(void *arg), void *arg);

/*
 * Until sim_signal_end() a signal may arrive once at any point of this thread,
 * and run handler(arg) there.
 */
void sim_signal_begin(void (*handler)(void *arg), void *arg);
void sim_signal_end(void);

/* A choice of the scenario's own: 0 to count - 1. */
unsigned sim_choose(unsigned count);

#define SIM_ASSERT(condition) ((condition) ? (void)0 : sim_assertion_failed(#condition, __FILE__, __LINE__))
_Noreturn void sim_assertion_failed(const char *condition, const char *file, int line);

#endif
