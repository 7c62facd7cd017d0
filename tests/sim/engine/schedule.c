/* SPDX-License-Identifier: MIT */
/*
 * schedule.c - threads, who goes on, sleeping and waking, the clock.
 *
 * A thread runs until a point at which somebody else may go on (sim_point), until it sleeps or
 * ends.  Whoever is leaving picks the next one and switches to it.  When nobody can go on, the
 * stack of explore.c does.
 *
 * Everything that waits is a park on some address: for an unpark, for the end of a thread, for a
 * descriptor.  A parked thread may be picked when its deadline has come; when its deadline is the
 * next one and nothing else can run, or, as an early timeout, although something can: the clock
 * then jumps there.  It may be picked when its signal arrives.
 *
 * By the dice: even executions pick any thread at each point; odd ones keep random priorities that
 * change at a few random points (PCT), which finds what needs few but far-apart switches.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine.h"

enum {
	STACK_BYTES = 128 << 10,
	PRIORITY_CHANGES = 3,
};

#define FIRST_MOMENT INT64_C(1000000000)	/* the clock at the beginning; 0 would be QS_NOW */

struct sim_execution sim;

static unsigned char *stacks;			/* SIM_THREADS of STACK_BYTES, each with a guard page below */
static struct sim_context explorer;

static struct {
	bool used;
	unsigned changes[PRIORITY_CHANGES];	/* the steps at which the running thread falls behind all others */
	int lowest;
	unsigned expected_steps;		/* the last execution's */
} priorities;

void sim_tick(void)
{
	sim.self->order.current.clock[sim_self_index()]++;
}

/* ---- stacks ---- */

static void make_stacks(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (stacks)
		return;
	stacks = mmap(NULL, (size_t)SIM_THREADS * STACK_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	for (size_t i = 0; i < SIM_THREADS; i++)
		mprotect(stacks + i * STACK_BYTES, page, PROT_NONE);
}

bool sim_address_is_on_a_stack(const volatile void *address)
{
	return (uintptr_t)address - (uintptr_t)stacks < (uintptr_t)SIM_THREADS * STACK_BYTES;
}

/* ---- who can go on ---- */

static bool has_come(sim_time deadline)
{
	return deadline <= sim.now;
}

static bool signal_may_arrive(const struct sim_thread *thread)
{
	return thread->handler && !thread->signals_blocked;
}

static sim_time next_deadline(void)
{
	sim_time next = SIM_NEVER;

	for (unsigned i = 0; i < sim.thread_count; i++)
		if (sim.threads[i].state == SIM_PARKED && sim.threads[i].deadline < next)
			next = sim.threads[i].deadline;
	return next;
}

struct candidates {
	struct sim_thread *thread[SIM_THREADS];
	unsigned count;
};

static void add(struct candidates *candidates, struct sim_thread *thread)
{
	candidates->thread[candidates->count++] = thread;
}

/* Those that can go on beside `running`, which may be NULL. */
static void collect(struct candidates *candidates, const struct sim_thread *running)
{
	const sim_time early = sim.left.early_timeouts > 0 ? next_deadline() : SIM_NEVER;

	candidates->count = 0;
	for (unsigned i = 0; i < sim.thread_count; i++) {
		struct sim_thread *thread = &sim.threads[i];

		if (thread == running)
			continue;
		if (thread->state == SIM_READY)
			add(candidates, thread);
		else if (thread->state == SIM_PARKED &&
			 (has_come(thread->deadline) || signal_may_arrive(thread) ||
			  (thread->deadline == early && early != SIM_NEVER)))
			add(candidates, thread);
	}
}

/* Nothing can run: those whose deadline is the next to come. */
static void collect_next_deadline(struct candidates *candidates)
{
	const sim_time next = next_deadline();

	for (unsigned i = 0; i < sim.thread_count && next != SIM_NEVER; i++)
		if (sim.threads[i].state == SIM_PARKED && sim.threads[i].deadline == next)
			add(candidates, &sim.threads[i]);
}

static unsigned choose_by_priority(const struct candidates *candidates)
{
	unsigned best = 0;

	for (unsigned i = 1; i < candidates->count; i++)
		if (candidates->thread[i]->priority > candidates->thread[best]->priority)
			best = i;
	return sim_choice_of_mine(candidates->count, best);
}

static struct sim_thread *choose_thread(const struct candidates *candidates)
{
	const unsigned choice = sim_choice_by_dice() && priorities.used ? choose_by_priority(candidates)
									: sim_choice(candidates->count);

	return candidates->thread[choice];
}

/* A parked thread was picked: its signal arrives, or its deadline has come. */
static void rouse(struct sim_thread *thread, bool early)
{
	if (!has_come(thread->deadline) && signal_may_arrive(thread)) {
		thread->interrupted = true;
		thread->woken = true;
	} else {
		if (!has_come(thread->deadline)) {
			sim.now = thread->deadline;
			sim.left.early_timeouts -= early;
		}
		thread->woken = false;
	}
	thread->state = SIM_READY;
}

/* Who goes on when `running` (NULL: nobody) is at a point; NULL: nobody can. */
static struct sim_thread *pick(struct sim_thread *running)
{
	struct candidates candidates;
	struct sim_thread *chosen;
	bool early = true;

	if (running && sim.left.preemptions == 0 && sim.bounded)
		return running;
	collect(&candidates, running);
	if (running && sim.left.preemptions == 0) {
		sim.bounded = candidates.count > 0;
		return running;
	}
	if (running) {
		add(&candidates, running);
		candidates.thread[candidates.count - 1] = candidates.thread[0];
		candidates.thread[0] = running;		/* choice 0: go on */
	} else if (candidates.count == 0) {
		collect_next_deadline(&candidates);
		early = false;
	}
	if (candidates.count == 0)
		return NULL;
	chosen = choose_thread(&candidates);
	if (running && chosen != running)
		sim.left.preemptions--;
	if (chosen->state == SIM_PARKED)
		rouse(chosen, early);
	return chosen;
}

/* Leave this stack for the thread's; NULL: for explore.c's. */
static void go_to(struct sim_thread *next)
{
	struct sim_thread *self = sim.self;

	if (next == self)
		return;
	sim.self = next;
	sim_context_switch(self ? &self->context : &explorer, next ? &next->context : &explorer);
}

/* ---- points and signals ---- */

static void run_handler(void)
{
	void (*handler)(void *arg) = sim.self->handler;

	sim.self->handler = NULL;
	sim_trace(NULL, NULL, "a signal arrives", 0, 0);
	handler(sim.self->handler_arg);
	sim_trace(NULL, NULL, "the handler returns", 0, 0);
}

void sim_signal_begin(void (*handler)(void *arg), void *arg)
{
	sim.self->handler_arg = arg;
	sim.self->handler = handler;
}

void sim_signal_end(void)
{
	if (sim.self->handler && sim_choice(2))
		run_handler();
	sim.self->handler = NULL;
}

void sim_signals_block(bool block)
{
	sim.self->signals_blocked = block;
	if (signal_may_arrive(sim.self) && sim_choice(2))
		run_handler();
}

static void count_step(void)
{
	if (++sim.steps > SIM_STEPS)
		sim_fail(SIM_ENDLESS, "more than %d steps: a loop that does not end", SIM_STEPS);
	if (!priorities.used)
		return;
	for (unsigned i = 0; i < PRIORITY_CHANGES; i++)
		if (priorities.changes[i] == sim.steps)
			sim.self->priority = --priorities.lowest;
}

void sim_point(bool shared)
{
	count_step();
	if (signal_may_arrive(sim.self) && sim_choice(2))
		run_handler();
	if ((shared || sim_choice_by_dice()) && !sim.self->undisturbed)
		go_to(pick(sim.self));
}

/* ---- sleeping and waking ---- */

bool sim_sleep(const volatile void *address, sim_time deadline)
{
	struct sim_thread *self = sim.self;

	self->parked_on = address;
	self->deadline = deadline;
	self->woken = false;
	self->state = SIM_PARKED;
	go_to(pick(NULL));
	self->parked_on = NULL;
	if (self->interrupted) {
		self->interrupted = false;
		run_handler();
	}
	return self->woken;
}

static void wake(struct sim_thread *thread)
{
	thread->state = SIM_READY;
	thread->woken = true;
}

void sim_wake(const volatile void *address, unsigned count)
{
	struct candidates sleepers = { .count = 0 };

	for (unsigned i = 0; i < sim.thread_count; i++)
		if (sim.threads[i].state == SIM_PARKED && sim.threads[i].parked_on == address)
			add(&sleepers, &sim.threads[i]);
	if (count >= sleepers.count) {
		for (unsigned i = 0; i < sleepers.count; i++)
			wake(sleepers.thread[i]);
	} else if (count == 1) {
		wake(sleepers.thread[sim_choice(sleepers.count)]);
	}
}

bool sim_somebody_sleeps_in(const volatile void *memory, size_t bytes)
{
	for (unsigned i = 0; i < sim.thread_count; i++)
		if (sim.threads[i].state == SIM_PARKED && (uintptr_t)sim.threads[i].parked_on - (uintptr_t)memory < bytes)
			return true;
	return false;
}

/* ---- threads ---- */

static void thread_main(void)
{
	struct sim_thread *self = sim.self;

	self->fn(self->arg);
	sim_trace(NULL, NULL, "ends", 0, 0);
	self->state = SIM_ENDED;
	self->handler = NULL;
	sim_wake(self, SIM_THREADS);
	go_to(pick(NULL));
}

static void inherit_order(struct sim_thread *child)
{
	struct sim_memory_order *order = &child->order;

	sim_view_clear(&order->current);
	sim_view_clear(&order->acquired);
	sim_view_clear(&order->released);
	if (sim.self) {
		sim_view_copy(&order->current, &sim.self->order.current);
		sim_tick();
	}
	order->current.clock[child - sim.threads]++;
}

unsigned sim_thread_start(const char *name, void (*fn)(void *arg), void *arg)
{
	const unsigned index = sim.thread_count;
	struct sim_thread *thread = &sim.threads[index];
	struct sim_context context = thread->context;	/* of an earlier execution: may be kept for use again */

	if (index == SIM_THREADS)
		sim_fail(SIM_TOO_SMALL, "more than %d threads", SIM_THREADS);
	memset(thread, 0, offsetof(struct sim_thread, order));
	memset(&thread->state, 0, sizeof(*thread) - offsetof(struct sim_thread, state));
	thread->context = context;
	thread->state = SIM_READY;
	snprintf(thread->name, sizeof(thread->name), "%s", name);
	thread->fn = fn;
	thread->arg = arg;
	thread->priority = priorities.used ? (int)(sim_dice() % 1000) : 0;
	inherit_order(thread);
	sim_context_make(&thread->context, stacks + index * STACK_BYTES, STACK_BYTES, thread_main);
	sim.thread_count++;
	return index;
}

void sim_thread_end_wait(unsigned index)
{
	struct sim_thread *thread = &sim.threads[index];

	while (thread->state != SIM_ENDED)
		sim_sleep(thread, SIM_NEVER);
	sim_view_join(&sim.self->order.current, &thread->order.current);
}

/* ---- executions ---- */

void sim_fail(enum sim_failure failure, const char *format, ...)
{
	va_list args;

	if (sim.failure == 0) {
		const int length = sim.self ? snprintf(sim.reason, sizeof(sim.reason), "%s: ", sim.self->name) : 0;

		sim.failure = failure;
		va_start(args, format);
		vsnprintf(sim.reason + length, sizeof(sim.reason) - (size_t)length, format, args);
		va_end(args);
	}
	if (sim.self)
		go_to(NULL);
}

void sim_assertion_failed(const char *condition, const char *file, int line)
{
	const char *slash = strrchr(file, '/');

	sim_fail(SIM_ASSERTION, "%s:%d: %s is not true", slash ? slash + 1 : file, line, condition);
	__builtin_unreachable();
}

static void draw_priorities(void)
{
	const unsigned steps = priorities.expected_steps ? priorities.expected_steps : 1;

	priorities.used = sim_choice_by_dice() && sim_dice() % 2;
	priorities.lowest = 0;
	for (unsigned i = 0; i < PRIORITY_CHANGES && priorities.used; i++)
		priorities.changes[i] = (unsigned)(sim_dice() % steps) + 1;
}

void sim_schedule_begin(void)
{
	make_stacks();
	draw_priorities();
	sim.self = NULL;
	sim.thread_count = 0;
	sim.steps = 0;
	sim.now = FIRST_MOMENT;
}

void sim_schedule_run(void)
{
	go_to(pick(NULL));
	priorities.expected_steps = sim.steps;
}

void sim_schedule_end(void)
{
	for (unsigned i = 0; i < sim.thread_count; i++) {
		const struct sim_thread *thread = &sim.threads[i];

		if (thread->state != SIM_ENDED)
			sim_fail(SIM_DEADLOCK, "%s sleeps for ever: a deadlock or a lost wake-up", thread->name);
		else if (!thread->given_up)
			sim_fail(SIM_LEAK, "%s was neither joined nor detached", thread->name);
	}
}
