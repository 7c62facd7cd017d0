/* SPDX-License-Identifier: MIT */
/*
 * each_wait.c - the calls, and what they need so that nothing happens.
 */
#define _GNU_SOURCE
#include "support/each_wait.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "support/child.h"
#include "support/patience.h"
#include "support/pools.h"

#define NS_PER_MS INT64_C(1000000)

/*
 * A task that stays, another behind it that fills the pool's queue, a map that finds no room there,
 * one queue full and one dry, a pipe that stays empty, and a child that reads it.
 */
struct stillness {
	qs_pool *pool;
	struct hold hold;
	qs_future *futures[2];
	qs_as_completed *set;
	qs_map *map;
	qs_queue *full;
	qs_queue *dry;
	qs_process *process;
	int pipe[2];
	qs_time deadline;
	qs_stop *stop;
};

typedef int wait_fn(struct stillness *still);

static int call_sleep(struct stillness *still)
{
	return qs_sleep(still->deadline, still->stop);
}

static int call_wait_fd(struct stillness *still)
{
	return qs_wait_fd(still->pipe[0], POLLIN, still->deadline, still->stop);
}

static int call_wait(struct stillness *still)
{
	return qs_wait(still->futures[0], still->deadline, still->stop);
}

static int call_wait_any(struct stillness *still)
{
	return qs_wait_any(NULL, still->futures, 2, still->deadline, still->stop);
}

static int call_wait_all(struct stillness *still)
{
	return qs_wait_all(still->futures, 2, still->deadline, still->stop);
}

static int call_wait_first_failure(struct stillness *still)
{
	return qs_wait_first_failure(NULL, still->futures, 2, still->deadline, still->stop);
}

static int call_as_completed_next(struct stillness *still)
{
	qs_future *future;

	return qs_as_completed_next(still->set, &future, still->deadline, still->stop);
}

static int call_submit_by(struct stillness *still)
{
	return qs_submit_by(NULL, still->pool, body_return, NULL, NULL, still->deadline, still->stop);
}

static int call_map_next(struct stillness *still)
{
	qs_future *future;

	return qs_map_next(still->map, &future, still->deadline, still->stop);
}

static int call_queue_put(struct stillness *still)
{
	return qs_queue_put(still->full, still, still->deadline, still->stop);
}

static int call_queue_get(struct stillness *still)
{
	void *item;

	return qs_queue_get(still->dry, &item, still->deadline, still->stop);
}

static int call_process_wait(struct stillness *still)
{
	return qs_process_wait(still->process, still->deadline, still->stop, NULL);
}

static const struct {
	const char *name;
	wait_fn *call;
	int at_deadline;
} calls[] = {
	{ "qs_sleep", call_sleep, 0 },
	{ "qs_wait_fd", call_wait_fd, -ETIMEDOUT },
	{ "qs_wait", call_wait, -ETIMEDOUT },
	{ "qs_wait_any", call_wait_any, -ETIMEDOUT },
	{ "qs_wait_all", call_wait_all, -ETIMEDOUT },
	{ "qs_wait_first_failure", call_wait_first_failure, -ETIMEDOUT },
	{ "qs_as_completed_next", call_as_completed_next, -ETIMEDOUT },
	{ "qs_submit_by", call_submit_by, -ETIMEDOUT },
	{ "qs_map_next", call_map_next, -ETIMEDOUT },
	{ "qs_queue_put", call_queue_put, -ETIMEDOUT },
	{ "qs_queue_get", call_queue_get, -ETIMEDOUT },
	{ "qs_process_wait", call_process_wait, -ETIMEDOUT },
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

_Static_assert(CALLS <= EACH_WAIT_MAX, "room for each");

static int give_nothing(void **out_item, void *arg)
{
	*out_item = arg;
	return 1;
}

static void stillness_make(struct stillness *still, qs_time deadline, qs_stop *stop)
{
	const char *const argv[] = { "cat", NULL };
	qs_process_fd input = { 0, -1 };
	qs_process_options program = QS_PROCESS_OPTIONS_INIT;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_queue_options bounded = QS_QUEUE_OPTIONS_INIT;

	*still = (struct stillness){ .hold = HOLD_INIT, .deadline = deadline, .stop = stop };
	options.workers = 1;
	options.max_pending = 1;
	CHILD_CHECK(qs_pool_create(&still->pool, &options) == 0);
	CHILD_CHECK(qs_submit(&still->futures[0], still->pool, body_hold, &still->hold) == 0);
	gate_await(&still->hold.entered, 1);
	CHILD_CHECK(qs_submit(&still->futures[1], still->pool, body_return, NULL) == 0);
	CHILD_CHECK(qs_as_completed_create(&still->set, still->futures, 2) == 0);
	CHILD_CHECK(qs_map_create(&still->map, still->pool, body_return, give_nothing, NULL, NULL) == 0);
	bounded.limit = 1;
	CHILD_CHECK(qs_queue_create(&still->full, &bounded) == 0);
	CHILD_CHECK(qs_queue_put(still->full, still, QS_NOW, NULL) == 0);
	CHILD_CHECK(qs_queue_create(&still->dry, NULL) == 0);
	CHILD_CHECK(pipe2(still->pipe, O_CLOEXEC) == 0);
	input.ours = still->pipe[0];
	program.argv = argv;
	program.fds = &input;
	program.fd_count = 1;
	CHILD_CHECK(qs_process_spawn(&still->process, &program, NULL) == 0);
}

static void stillness_end(struct stillness *still)
{
	qs_map_destroy(still->map);
	gate_raise(&still->hold.leave);
	CHILD_CHECK(qs_pool_join(still->pool, patience(), NULL, NULL) == 0);
	CHILD_CHECK(qs_pool_destroy(still->pool) == 0);
	qs_as_completed_destroy(still->set);
	qs_queue_release(still->full);
	qs_queue_release(still->dry);
	qs_process_destroy(still->process);
	for (int i = 0; i < 2; i++) {
		CHILD_CHECK(qs_future_state(still->futures[i]) == QS_DONE);
		qs_future_release(still->futures[i]);
		(void)close(still->pipe[i]);
	}
}

struct caller {
	pthread_t thread;
	struct stillness *still;
	wait_fn *call;
	struct gate *entered;
	struct each_wait *out;
};

static void *call(void *arg)
{
	struct caller *caller = arg;

	gate_raise(caller->entered);
	caller->out->result = caller->call(caller->still);
	caller->out->since_due = qs_now() - caller->still->deadline;
	return NULL;
}

size_t each_wait_run(struct each_wait out[EACH_WAIT_MAX], qs_time deadline, qs_stop *stop, void (*meanwhile)(void *arg),
		     void *arg)
{
	struct caller callers[CALLS];
	struct gate entered = GATE_INIT;
	struct stillness still;

	stillness_make(&still, deadline, stop);
	for (size_t i = 0; i < CALLS; i++) {
		out[i] = (struct each_wait){ calls[i].name, calls[i].at_deadline, 0, 0 };
		callers[i] = (struct caller){ .still = &still, .call = calls[i].call, .entered = &entered, .out = &out[i] };
		CHILD_CHECK(pthread_create(&callers[i].thread, NULL, call, &callers[i]) == 0);
	}
	gate_await(&entered, CALLS);
	if (meanwhile != NULL)
		meanwhile(arg);
	for (size_t i = 0; i < CALLS; i++)
		CHILD_CHECK(pthread_join(callers[i].thread, NULL) == 0);
	stillness_end(&still);
	return CALLS;
}

/* ------------------------------------------------------------------------------------- checking */

static void fail_as(const struct each_wait *wait, const char *when)
{
	(void)fprintf(stderr, "%s %s: %s, %lld us after it was due\n", wait->name, when, qs_strerror(wait->result),
		      (long long)(wait->since_due / 1000));
	CHILD_CHECK(!"each wait ends as it should");
}

static void check_deadline(const struct each_wait_bounds *bounds)
{
	struct each_wait waits[EACH_WAIT_MAX];
	const size_t count =
		each_wait_run(waits, qs_after_ms(bounds->ms), NULL, bounds->meanwhile, bounds->arg);

	for (size_t i = 0; i < count; i++) {
		if (waits[i].result != waits[i].at_deadline || waits[i].since_due < 0 ||
		    waits[i].since_due > bounds->late_ms * NS_PER_MS)
			fail_as(&waits[i], "with a deadline");
	}
}

struct asking {
	const struct each_wait_bounds *bounds;
	qs_stop *stop;
};

static void ask_after(void *arg)
{
	const struct asking *asking = arg;

	if (asking->bounds->meanwhile != NULL)
		asking->bounds->meanwhile(asking->bounds->arg);
	CHILD_CHECK(qs_stop_ask(asking->stop, 0, NULL) == 1);
}

static void check_stop(const struct each_wait_bounds *bounds)
{
	struct each_wait waits[EACH_WAIT_MAX];
	struct asking asking = { bounds, NULL };
	size_t count;

	CHILD_CHECK(qs_stop_create(&asking.stop, NULL) == 0);
	count = each_wait_run(waits, QS_NEVER, asking.stop, ask_after, &asking);
	for (size_t i = 0; i < count; i++) {
		if (waits[i].result != -ECANCELED)
			fail_as(&waits[i], "with a stop");
	}
	qs_stop_release(asking.stop);
}

void each_wait_check(const struct each_wait_bounds *bounds)
{
	check_deadline(bounds);
	check_stop(bounds);
}
