/* SPDX-License-Identifier: MIT */
/*
 * wait.c - one, any, all, first failure: one mechanism, four goals.
 *
 * A wait for many has a node per future and one for the stop.  Each completion costs its maker one
 * read-modify-write, and wakes the waiter only when the goal is reached: one future for any, all of
 * them for all; a failure is urgent for the first failure.  What came of it is read from the
 * futures after the waiter has left, so an end that comes together with a stop wins.
 *
 * In a worker a wait may have more to do than to park: exec/nested.h.
 */
#include <errno.h>

#include "core/future.h"
#include "core/wait_event.h"
#include "exec/nested.h"
#include "platform/alloc.h"

#define NODES_ON_STACK 16	/* most waits are for few futures; more cost an allocation */

static int check(qs_future *const *futures, size_t count, const qs_stop *stop)
{
	int error = qs__stop_check_optional(stop);

	if (error == 0 && ((futures == NULL && count != 0) || count >= QS__WAITER_EVENTS_MAX))
		error = -EINVAL;
	for (size_t i = 0; i < count && error == 0; i++)
		error = qs__object_check(futures[i], QS__MAGIC_FUTURE);
	return error;
}

int qs_wait(qs_future *future, qs_time deadline, qs_stop *stop)
{
	const struct qs__awaited awaited = qs__await_array(&future, 1, QS__NEEDS_ALL);
	struct qs__nested nested;
	int error = check(&future, 1, stop);

	if (error != 0)
		return error;
	if (qs_future_is_ended(future) == 1)
		return 0;
	error = qs__nested_begin(&nested, &awaited, deadline, stop);
	if (error != 0)
		return error;
	if (qs_future_is_ended(future) != 1)
		error = qs__nested_park(&nested);
	if (error == 0)
		error = qs__event_wait(&future->ended, deadline, stop);
	qs__nested_end(&nested);
	return error;
}

/* ----------------------------------------------------------------------------------- judgements */

/* Says whether a wait is satisfied: its result (>= 0), or -EAGAIN; *out_index as the wait promises. */
typedef int judge_fn(size_t *out_index, qs_future *const *futures, size_t count);

static int judge_any(size_t *out_index, qs_future *const *futures, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (qs_future_is_ended(futures[i]) == 1) {
			*out_index = i;
			return 0;
		}
	}
	*out_index = count;
	return count == 0 ? 0 : -EAGAIN;
}

static int judge_all(size_t *out_index, qs_future *const *futures, size_t count)
{
	(void)out_index;
	for (size_t i = 0; i < count; i++) {
		if (qs_future_is_ended(futures[i]) != 1)
			return -EAGAIN;
	}
	return 0;
}

static int judge_first_failure(size_t *out_index, qs_future *const *futures, size_t count)
{
	bool have_all_ended = true;

	/* One look at each: a future that ends between two looks would be neither. */
	for (size_t i = 0; i < count; i++) {
		const int state = qs_future_state(futures[i]);

		if (qs__state_is_bad(state)) {
			*out_index = i;
			return 1;
		}
		have_all_ended = have_all_ended && state > QS_RUNNING;
	}
	return have_all_ended ? 0 : -EAGAIN;
}

/* -------------------------------------------------------------------------------------- waiting */

struct wait {
	qs_future *const *futures;
	size_t count;
	enum qs__need need;
	uint32_t goal;
	enum qs__urgency urgency;
	judge_fn *judge;
};

/* Parks until the goal, something urgent or the deadline: 0; or -EDEADLK. */
static int park(struct qs__waiter *waiter, struct qs__nested *nested, qs_time deadline)
{
	uint32_t told;
	int error;

	do {
		told = qs__waiter_told(waiter);
		error = qs__nested_park(nested);
		if (error == 0 && !qs__nested_looks_again(nested)) {
			(void)qs__waiter_park(waiter, deadline);
			return 0;
		}
	} while (error == 0 && qs__waiter_park_beyond(waiter, told));
	return error;
}

/* Attaches, parks, leaves; nodes has one place for each future and one for the stop. */
static int wait_with(const struct wait *wait, struct qs__nested *nested, struct qs__wait_node *nodes, qs_time deadline,
		     qs_stop *stop)
{
	struct qs__waiter waiter;
	bool is_failure_there = false;
	int error = 0;

	qs__waiter_init(&waiter, wait->goal, NULL);
	for (size_t i = 0; i < wait->count; i++) {
		qs_future *future = wait->futures[i];

		if (qs__waiter_attach(&waiter, &nodes[i], &future->ended, wait->urgency))
			continue;
		qs__waiter_count(&waiter);
		if (wait->urgency == QS__URGENT_IF_BAD && qs__state_is_bad(qs_future_state(future)))
			is_failure_there = true;
	}
	if (qs__waiter_attach_stop(&waiter, &nodes[wait->count], stop) && !is_failure_there)
		error = park(&waiter, nested, deadline);
	qs__waiter_leave(&waiter, nodes, wait->count + 1);
	return error;
}

/* The same, with memory for the nodes. */
static int wait_for(const struct wait *wait, struct qs__nested *nested, qs_time deadline, qs_stop *stop)
{
	struct qs__wait_node few[NODES_ON_STACK];
	struct qs__wait_node *nodes = few;
	int error;

	if (wait->count >= NODES_ON_STACK)
		nodes = qs__alloc_array(wait->count + 1, sizeof(*nodes));
	if (nodes == NULL)
		return -ENOMEM;
	error = wait_with(wait, nested, nodes, deadline, stop);
	if (nodes != few)
		qs__free(nodes);
	return error;
}

/* Waits as a worker may have to: it runs what is pending, and looks whether the rest can end. */
static int wait_nested(size_t *out_index, const struct wait *wait, qs_time deadline, qs_stop *stop)
{
	const struct qs__awaited awaited = qs__await_array(wait->futures, wait->count, wait->need);
	struct qs__nested nested;
	int error = qs__nested_begin(&nested, &awaited, deadline, stop);

	if (error != 0)
		return error;
	if (wait->judge(out_index, wait->futures, wait->count) == -EAGAIN)
		error = wait_for(wait, &nested, deadline, stop);
	qs__nested_end(&nested);
	return error;
}

static int wait_many(size_t *out_index, const struct wait *wait, qs_time deadline, qs_stop *stop)
{
	size_t index = 0;
	int result = check(wait->futures, wait->count, stop);

	if (result != 0)
		return result;
	result = wait->judge(&index, wait->futures, wait->count);
	if (result == -EAGAIN) {
		const int error = wait_nested(&index, wait, deadline, stop);

		if (error != 0)
			return error;
		result = wait->judge(&index, wait->futures, wait->count);
	}
	if (result == -EAGAIN)
		return stop != NULL && qs__stop_cause(stop) != NULL ? -ECANCELED : -ETIMEDOUT;
	if (out_index != NULL)
		*out_index = index;
	return result;
}

int qs_wait_any(size_t *out_index, qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop)
{
	const struct wait wait = { futures, count, QS__NEEDS_ONE, 1, QS__NEVER_URGENT, judge_any };

	return wait_many(out_index, &wait, deadline, stop);
}

int qs_wait_all(qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop)
{
	const struct wait wait = { futures, count, QS__NEEDS_ALL, (uint32_t)count, QS__NEVER_URGENT, judge_all };

	return wait_many(NULL, &wait, deadline, stop);
}

int qs_wait_first_failure(size_t *out_index, qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop)
{
	const struct wait wait = { futures, count, QS__NEEDS_FAILURE, (uint32_t)count, QS__URGENT_IF_BAD, judge_first_failure };
	size_t index = 0;
	const int result = wait_many(&index, &wait, deadline, stop);

	if (result == 1 && out_index != NULL)
		*out_index = index;
	return result;
}
