/* SPDX-License-Identifier: MIT */
/*
 * thread.c - simulated threads.  A handle is the thread's index and one, since 0 may
 * mean "none" to a caller.
 */
#include <errno.h>

#include "platform/thread.h"
#include "sim/engine/engine.h"

enum { STACK_BYTES = 64 << 10 };

static qs__thread handle_of(unsigned index)
{
	return (qs__thread)((uintptr_t)index + 1);
}

static unsigned index_of(qs__thread thread)
{
	return (unsigned)((uintptr_t)thread - 1);
}

int qs__thread_start(qs__thread *out, qs__thread_fn *fn, void *arg, size_t stack_bytes, const char *name)
{
	struct sim_site *site = sim_call_site("thread_start");
	unsigned index;

	(void)stack_bytes;
	sim_point(true);
	if (sim.left.failed_starts > 0 && sim_choice(2)) {
		sim.left.failed_starts--;
		sim_trace(site, NULL, "fails", 0, 0);
		return -EAGAIN;
	}
	index = sim_thread_start(name ? name : "", fn, arg);
	sim.threads[index].signals_blocked = true;
	sim_trace(site, NULL, "thread %lu", index, 0);
	*out = handle_of(index);
	return 0;
}

int qs__thread_join(qs__thread thread, qs_time deadline)
{
	struct sim_site *site = sim_call_site("thread_join");
	struct sim_thread *joined = &sim.threads[index_of(thread)];

	sim_point(true);
	if (index_of(thread) >= sim.thread_count || joined->given_up)
		sim_fail(SIM_USE_AFTER_FREE, "a thread is joined that was joined, detached or never started");
	if (sim_control_of(site) != SIM_INTACT) {
		sim_trace(site, NULL, "dropped", 0, 0);
		joined->given_up = true;
		return 0;
	}
	while (joined->state != SIM_ENDED) {
		if (deadline <= sim.now) {
			sim_trace(site, NULL, "times out", 0, 0);
			return -ETIMEDOUT;
		}
		sim_trace(site, NULL, "waits", 0, 0);
		sim_sleep(joined, deadline);
	}
	sim_trace(site, NULL, "done: thread %lu", index_of(thread), 0);
	joined->given_up = true;
	sim_view_join(&sim.self->order.current, &joined->order.current);
	return 0;
}

void qs__thread_detach(qs__thread thread)
{
	struct sim_thread *detached = &sim.threads[index_of(thread)];

	if (index_of(thread) >= sim.thread_count || detached->given_up)
		sim_fail(SIM_USE_AFTER_FREE, "a thread is detached that was joined, detached or never started");
	detached->given_up = true;
}

/* A simulated thread ends by returning. */
void qs__thread_guard(qs__thread_fn *fn, qs__thread_fn *on_exit, void *arg)
{
	(void)on_exit;
	fn(arg);
}

int qs__thread_allow_cancel(void)
{
	return 0;
}

int qs__thread_refuse_cancel(void)
{
	return 0;
}

void qs__thread_restore_cancel(int before)
{
	(void)before;
}

size_t qs__thread_min_stack(void)
{
	return STACK_BYTES;
}

int qs__thread_id(void)
{
	return (int)sim_self_index() + 1;
}

const void *qs__thread_self(void)
{
	return sim.self;
}

void *qs__current(void)
{
	return sim.self->current;
}

void qs__set_current(void *value)
{
	sim.self->current = value;
}
