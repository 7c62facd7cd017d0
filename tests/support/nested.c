/* SPDX-License-Identifier: MIT */
/*
 * nested.c - the ways to wait, and a body that waits in one of them.
 */
#include "support/nested.h"

#include <stdio.h>

int wait_one(qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop)
{
	(void)count;
	return qs_wait(futures[0], deadline, stop);
}

int wait_any(qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop)
{
	return qs_wait_any(NULL, futures, count, deadline, stop);
}

int wait_first_failure(qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop)
{
	return qs_wait_first_failure(NULL, futures, count, deadline, stop);
}

int wait_next_completed(qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop)
{
	qs_as_completed *set;
	qs_future *next;
	int result = qs_as_completed_create(&set, futures, count);

	if (result < 0)
		return result;
	result = qs_as_completed_next(set, &next, deadline, stop);
	qs_as_completed_destroy(set);
	return result == 1 ? 0 : result;
}

int body_wait(qs_task *task, void *arg)
{
	struct waiter *it = arg;

	it->thread = pthread_self();
	it->token = qs_task_stop(task);
	gate_raise(&it->entered);
	gate_await(&it->go, 1);
	it->result = it->wait(it->others, it->count, it->deadline, it->stop);
	(void)snprintf(it->words, sizeof(it->words), "%s", qs_task_deadlock(task));
	gate_raise(&it->left);
	return it->result;
}

void waiter_submit(struct waiter *it, qs_pool *pool, const char *name)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	options.name = name;
	it->future = task_submit_with(pool, body_wait, it, &options);
}

void waiter_begin(struct waiter *it, qs_pool *pool, const char *name)
{
	waiter_submit(it, pool, name);
	gate_await(&it->entered, 1);
}

void waiter_add(struct waiter *it, qs_future *other)
{
	it->others[it->count++] = other;
}

void waiter_end(struct waiter *it, qs_state state)
{
	task_end(it->future, state);
}

int body_note_place(qs_task *task, void *arg)
{
	struct place *place = arg;

	(void)task;
	place->thread = pthread_self();
	(void)atomic_fetch_add(&place->runs, 1);
	return 0;
}

qs_future *submit_named(qs_pool *pool, qs_task_fn *fn, void *arg, const char *name)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	options.name = name;
	return task_submit_with(pool, fn, arg, &options);
}

void hold_worker(qs_pool *pool, struct hold *hold)
{
	qs_future_release(task_submit(pool, body_hold, hold));
	gate_await(&hold->entered, 1);
}
