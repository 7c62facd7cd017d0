/* SPDX-License-Identifier: MIT */
/*
 * test_arguments.c - every public function with each argument missing, out of range or
 * of a newer version (B14).
 *
 * One table, noun by noun in the order of quiesce.h: what is refused is refused by -EINVAL and
 * changes nothing; what may be NULL does nothing.  A function that is not here makes the test
 * faults/each-function-gets-bad-arguments fail.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define refused(call) assert_int_equal((call), -EINVAL)
#define is_nothing(call) assert_int_equal((call), 0)
#define is_empty(text) assert_string_equal((text), "")

#define UNKNOWN_FLAG (1u << 31)
#define HUGE UINT32_C(0x80000000)

/* A struct of another version: one byte more, one less, none at all. */
static const int32_t size_changes[] = { 1, -1, INT32_MIN };

#define refused_in_other_sizes(options, call) \
	do { \
		const uint32_t right = (options).size; \
\
		for (size_t i = 0; i < sizeof(size_changes) / sizeof(size_changes[0]); i++) { \
			(options).size = size_changes[i] != INT32_MIN ? right + (uint32_t)size_changes[i] : 0; \
			refused(call); \
		} \
		(options).size = right; \
	} while (0)

static void nothing(void *arg)
{
	(void)arg;
}

static void test_arguments_b14_words_and_time(void **state)
{
	(void)state;
	assert_non_null(qs_version());
	assert_string_equal(qs_strerror(INT_MIN), qs_strerror(INT_MAX));
	assert_string_equal(qs_state_name((qs_state)-1), "unknown");
	assert_string_equal(qs_state_name((qs_state)QS_STATES), "unknown");
	assert_string_equal(qs_state_name((qs_state)HUGE), "unknown");
	assert_int_equal(qs_after_s(INT64_MAX), QS_NEVER);
	assert_int_equal(qs_after_ms(INT64_MAX), QS_NEVER);
	assert_int_equal(qs_after_ns(INT64_MAX), QS_NEVER);
	assert_true(qs_after_s(INT64_MIN) <= qs_now());
	assert_true(qs_cpu_count() >= 1);
}

/* ----------------------------------------------------------------------------------------- stop */

static void test_arguments_b14_stop_create(void **state)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop *stop = NULL;

	(void)state;
	refused(qs_stop_create(NULL, NULL));
	refused_in_other_sizes(options, qs_stop_create(&stop, &options));
	options.flags = UNKNOWN_FLAG;
	refused(qs_stop_create(&stop, &options));
	options.flags = QS_STOP_FROM_HANDLER << 1;
	refused(qs_stop_create(&stop, &options));
	assert_null(stop);
}

static void test_arguments_b14_stop(void **state)
{
	qs_cause cause = QS_CAUSE_INIT;
	qs_stop_callback *callback = NULL;
	qs_stop *stop = NULL;

	(void)state;
	assert_null(qs_stop_retain(NULL));
	qs_stop_release(NULL);
	refused(qs_stop_ask(NULL, 0, NULL));
	refused(qs_stop_ask_from_handler(NULL, SIGINT));
	is_nothing(qs_stop_is_asked(NULL));
	refused(qs_stop_cause(NULL, &cause));
	refused(qs_stop_fd(NULL));
	refused(qs_stop_callback_add(&callback, NULL, nothing, NULL));
	is_nothing(qs_stop_callback_remove(NULL));

	assert_int_equal(qs_stop_create(&stop, NULL), 0);
	refused(qs_stop_ask(stop, 1, NULL));
	refused(qs_stop_ask(stop, INT_MAX, NULL));
	assert_int_equal(qs_stop_ask_from_handler(stop, SIGINT), -ENOTSUP);
	refused(qs_stop_cause(stop, NULL));
	refused_in_other_sizes(cause, qs_stop_cause(stop, &cause));
	refused(qs_stop_callback_add(NULL, stop, nothing, NULL));
	refused(qs_stop_callback_add(&callback, stop, NULL, NULL));
	assert_null(callback);
	assert_int_equal(qs_stop_is_asked(stop), 0);
	qs_stop_release(stop);
}

static void test_arguments_b14_sleep_and_wait_fd(void **state)
{
	(void)state;
	is_nothing(qs_sleep(INT64_MIN, NULL));
	assert_int_equal(qs_wait_fd(-1, POLLIN, QS_NEVER, NULL), -EBADF);
	assert_int_equal(qs_wait_fd(INT_MIN, POLLIN, QS_NEVER, NULL), -EBADF);
	assert_int_equal(qs_wait_fd(INT_MAX, POLLIN, QS_NEVER, NULL), -EBADF);
}

/* ----------------------------------------------------------------------------------------- task */

static int try_task(qs_task *task, void *arg)
{
	(void)arg;
	/* Outside of cmocka's thread: the first that is not refused is told by its line. */
#define REFUSED_HERE(call) \
	do { \
		if ((call) != -EINVAL) \
			return __LINE__; \
	} while (0)
	REFUSED_HERE(qs_task_fail(NULL, -EIO, "words"));
	REFUSED_HERE(qs_task_fail(task, 0, "words"));
	REFUSED_HERE(qs_task_fail(task, 1, "words"));
	REFUSED_HERE(qs_task_fail(task, -EIO, NULL));
	REFUSED_HERE(qs_task_set_result(NULL, NULL, NULL));
	qs_task_checkpoint(NULL, "nowhere");
	qs_task_checkpoint(task, NULL);
	if (qs_task_stop(NULL) != NULL || qs_task_worker_data(NULL) != NULL)
		return __LINE__;
	if (strcmp(qs_task_name(NULL), "") != 0 || strcmp(qs_task_deadlock(NULL), "") != 0)
		return __LINE__;
	return 0;
}

static void test_arguments_b14_task(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_future *future = task_submit(pool, try_task, NULL);

	(void)state;
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_int_equal(qs_future_value(future), 0);
	task_end(future, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

/* --------------------------------------------------------------------------------------- future */

static void call_back(qs_future *future, void *arg)
{
	(void)future;
	(void)arg;
}

static void test_arguments_b14_future_null(void **state)
{
	qs_cause cause = QS_CAUSE_INIT;

	(void)state;
	assert_null(qs_future_retain(NULL));
	qs_future_release(NULL);
	refused(qs_future_state(NULL));
	refused(qs_future_is_ended(NULL));
	refused(qs_future_value(NULL));
	is_empty(qs_future_message(NULL));
	is_empty(qs_future_name(NULL));
	assert_null(qs_future_arg(NULL));
	assert_null(qs_future_result(NULL));
	assert_null(qs_future_take_result(NULL));
	refused(qs_future_cause(NULL, &cause));
	refused(qs_future_cancel(NULL));
	refused(qs_future_stop(NULL, 0, NULL));
	refused(qs_future_callback_add(NULL, call_back, NULL));
}

static void test_arguments_b14_future(void **state)
{
	qs_cause cause = QS_CAUSE_INIT;
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(1);
	qs_future *future = task_submit(pool, body_hold, &hold);

	(void)state;
	refused(qs_future_stop(future, 1, NULL));
	refused(qs_future_stop(future, INT_MAX, NULL));
	refused(qs_future_callback_add(future, NULL, NULL));
	gate_raise(&hold.leave);
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	refused(qs_future_cause(future, NULL));
	refused_in_other_sizes(cause, qs_future_cause(future, &cause));
	task_end(future, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

/* ----------------------------------------------------------------------------------------- pool */

static void test_arguments_b14_pool_create(void **state)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;
	int error;

	(void)state;
	refused(qs_pool_create(NULL, NULL));
	refused_in_other_sizes(options, qs_pool_create(&pool, &options));
	options.flags = UNKNOWN_FLAG;
	refused(qs_pool_create(&pool, &options));
	options.flags = QS_POOL_LAZY << 1;
	refused(qs_pool_create(&pool, &options));
	options.flags = 0;
	options.workers = QS_WORKERS_MAX + 1;
	refused(qs_pool_create(&pool, &options));
	options.workers = HUGE;
	refused(qs_pool_create(&pool, &options));
	options.workers = UINT32_MAX;
	refused(qs_pool_create(&pool, &options));
	options.workers = 1;
	options.stack_bytes = 1;
	refused(qs_pool_create(&pool, &options));
	options.stack_bytes = SIZE_MAX;
	error = qs_pool_create(&pool, &options);
	assert_true(error == -EINVAL || error == -ENOMEM || error == -EAGAIN);
	assert_null(pool);
}

/* The limits themselves are fine: 0 is a default, and room without end is not taken in advance. */
static void test_arguments_b14_pool_create_to_the_limits(void **state)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	(void)state;
	options.workers = QS_WORKERS_MAX;
	options.max_pending = SIZE_MAX;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_arguments_b14_pool_null(void **state)
{
	qs_stats stats = QS_STATS_INIT;
	qs_straggler straggler = QS_STRAGGLER_INIT;

	(void)state;
	assert_null(qs_pool_stop(NULL));
	refused(qs_submit(NULL, NULL, body_return, NULL));
	refused(qs_submit_by(NULL, NULL, body_return, NULL, NULL, QS_NEVER, NULL));
	refused(qs_pool_work(NULL));
	refused(qs_pool_shutdown(NULL, QS_STOP));
	refused(qs_pool_join(NULL, QS_NEVER, NULL, NULL));
	assert_null(qs_pool_next_unstarted(NULL, NULL));
	refused(qs_pool_straggler(NULL, 0, &straggler));
	is_nothing(qs_pool_destroy(NULL));
	refused(qs_pool_stats(NULL, &stats));
	refused(qs_pool_dump(NULL, STDERR_FILENO));
}

static void test_arguments_b14_inspection(void **state)
{
	qs_stats stats = QS_STATS_INIT;
	qs_pool *pool = pool_make(1);

	(void)state;
	refused(qs_pool_stats(pool, NULL));
	refused_in_other_sizes(stats, qs_pool_stats(pool, &stats));
	assert_int_equal(qs_pool_dump(pool, -1), -EBADF);
	assert_int_equal(qs_pool_dump(pool, INT_MAX), -EBADF);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_arguments_b14_submit(void **state)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_pool *pool = pool_make(1);
	qs_future *future = NULL;

	(void)state;
	refused(qs_submit(&future, pool, NULL, NULL));
	refused(qs_submit_by(&future, pool, NULL, NULL, NULL, QS_NEVER, NULL));
	refused_in_other_sizes(options, qs_submit_by(&future, pool, body_return, NULL, &options, QS_NEVER, NULL));
	options.flags = UNKNOWN_FLAG;
	refused(qs_submit_by(&future, pool, body_return, NULL, &options, QS_NEVER, NULL));
	options.flags = QS_TASK_CALLER_RUNS << 1;
	refused(qs_submit_by(&future, pool, body_return, NULL, &options, QS_NEVER, NULL));
	options.flags = 0;
	options.run_ns = -1;
	refused(qs_submit_by(&future, pool, body_return, NULL, &options, QS_NEVER, NULL));
	assert_null(future);
	assert_int_equal(pool_end(pool, QS_DRAIN).submitted, 0);
}

static void test_arguments_b14_way_down(void **state)
{
	qs_straggler straggler = QS_STRAGGLER_INIT;
	qs_report report = QS_REPORT_INIT;
	qs_pool *pool = pool_make(1);

	(void)state;
	refused(qs_pool_shutdown(pool, (qs_shutdown_mode)-1));
	refused(qs_pool_shutdown(pool, (qs_shutdown_mode)(QS_STOP + 1)));
	refused(qs_pool_shutdown(pool, (qs_shutdown_mode)HUGE));
	refused_in_other_sizes(report, qs_pool_join(pool, QS_NEVER, NULL, &report));
	assert_int_equal(qs_pool_straggler(pool, 0, &straggler), -EBUSY);
	assert_int_equal(qs_pool_destroy(pool), -EBUSY);

	/* None of it shut the pool down. */
	task_end(task_submit(pool, body_return, NULL), QS_DONE);
	assert_int_equal(qs_pool_join(pool, patience(), NULL, &report), 0);
	refused(qs_pool_straggler(pool, 0, NULL));
	refused(qs_pool_straggler(pool, 0, &straggler));
	refused(qs_pool_straggler(pool, HUGE, &straggler));
	refused_in_other_sizes(straggler, qs_pool_straggler(pool, 0, &straggler));
	assert_int_equal(qs_pool_destroy(pool), 0);
}

/* ---------------------------------------------------------------------------------------- waits */

static void test_arguments_b14_waits(void **state)
{
	qs_future *const none[1] = { NULL };
	size_t index = 5;

	(void)state;
	refused(qs_wait(NULL, QS_NEVER, NULL));
	refused(qs_wait_any(&index, NULL, 1, QS_NEVER, NULL));
	refused(qs_wait_any(&index, none, 1, QS_NEVER, NULL));
	refused(qs_wait_any(&index, none, SIZE_MAX, QS_NEVER, NULL));
	refused(qs_wait_all(NULL, 1, QS_NEVER, NULL));
	refused(qs_wait_all(none, 1, QS_NEVER, NULL));
	refused(qs_wait_all(none, SIZE_MAX, QS_NEVER, NULL));
	refused(qs_wait_first_failure(&index, NULL, 1, QS_NEVER, NULL));
	refused(qs_wait_first_failure(&index, none, 1, QS_NEVER, NULL));
	refused(qs_wait_first_failure(&index, none, SIZE_MAX, QS_NEVER, NULL));
	assert_int_equal(index, 5);
}

static void test_arguments_b14_as_completed(void **state)
{
	qs_future *const none[1] = { NULL };
	qs_future *future = NULL;
	qs_as_completed *set = NULL;

	(void)state;
	refused(qs_as_completed_create(NULL, NULL, 0));
	refused(qs_as_completed_create(&set, NULL, 1));
	refused(qs_as_completed_create(&set, none, 1));
	refused(qs_as_completed_create(&set, none, SIZE_MAX));
	assert_null(set);
	refused(qs_as_completed_next(NULL, &future, QS_NEVER, NULL));
	refused(qs_as_completed_add(NULL, NULL));
	refused(qs_as_completed_fd(NULL));
	qs_as_completed_destroy(NULL);

	assert_int_equal(qs_as_completed_create(&set, NULL, 0), 0);
	refused(qs_as_completed_add(set, NULL));
	refused(qs_as_completed_next(set, NULL, QS_NEVER, NULL));
	assert_null(future);
	qs_as_completed_destroy(set);
}

/* ------------------------------------------------------------------------------------------ map */

static int one_item(void **out_item, void *arg)
{
	*out_item = arg;
	return 1;
}

static void test_arguments_b14_map(void **state)
{
	qs_map_options options = QS_MAP_OPTIONS_INIT;
	qs_pool *pool = pool_make(1);
	qs_future *future = NULL;
	qs_map *map = NULL;

	(void)state;
	refused(qs_map_create(NULL, pool, body_return, one_item, NULL, NULL));
	refused(qs_map_create(&map, NULL, body_return, one_item, NULL, NULL));
	refused(qs_map_create(&map, pool, NULL, one_item, NULL, NULL));
	refused(qs_map_create(&map, pool, body_return, NULL, NULL, NULL));
	refused_in_other_sizes(options, qs_map_create(&map, pool, body_return, one_item, NULL, &options));
	options.flags = UNKNOWN_FLAG;
	refused(qs_map_create(&map, pool, body_return, one_item, NULL, &options));
	assert_null(map);
	refused(qs_map_next(NULL, &future, QS_NEVER, NULL));
	assert_null(qs_map_item(NULL));
	assert_null(qs_map_stop(NULL));
	is_nothing(qs_map_pulled(NULL));
	qs_map_destroy(NULL);

	assert_int_equal(qs_map_create(&map, pool, body_return, one_item, NULL, NULL), 0);
	refused(qs_map_next(map, NULL, QS_NEVER, NULL));
	assert_null(future);
	is_nothing(qs_map_pulled(map));
	qs_map_destroy(map);
	(void)pool_end(pool, QS_DRAIN);
}

/* ---------------------------------------------------------------------------------------- queue */

static void test_arguments_b14_queue(void **state)
{
	qs_queue_options options = QS_QUEUE_OPTIONS_INIT;
	qs_queue *queue = NULL;
	void *item = NULL;

	(void)state;
	refused(qs_queue_create(NULL, NULL));
	refused_in_other_sizes(options, qs_queue_create(&queue, &options));
	options.flags = UNKNOWN_FLAG;
	refused(qs_queue_create(&queue, &options));
	assert_null(queue);
	assert_null(qs_queue_retain(NULL));
	qs_queue_release(NULL);
	refused(qs_queue_put(NULL, NULL, QS_NEVER, NULL));
	refused(qs_queue_get(NULL, &item, QS_NEVER, NULL));
	refused(qs_queue_close(NULL));
	assert_int_equal(qs_queue_count(NULL), 0);

	options.flags = 0;
	options.limit = SIZE_MAX;
	assert_int_equal(qs_queue_create(&queue, &options), 0);
	assert_int_equal(qs_queue_put(queue, NULL, QS_NOW, NULL), 0);
	refused(qs_queue_get(queue, NULL, QS_NOW, NULL));
	assert_int_equal(qs_queue_count(queue), 1);
	qs_queue_release(queue);
}

/* -------------------------------------------------------------------------------------- process */

static void test_arguments_b14_process_spawn(void **state)
{
	const char *const argv[] = { "true", NULL };
	const char *const empty[] = { NULL };
	const qs_process_fd wrong[] = { { -1, 0 }, { 5, -2 } };
	const qs_process_fd twice[] = { { 5, 0 }, { 5, 1 } };
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	qs_process *process = NULL;

	(void)state;
	refused(qs_process_spawn(&process, NULL, NULL));
	refused(qs_process_spawn(&process, &options, NULL));
	options.argv = empty;
	refused(qs_process_spawn(&process, &options, NULL));
	options.argv = argv;
	refused(qs_process_spawn(NULL, &options, NULL));
	refused_in_other_sizes(options, qs_process_spawn(&process, &options, NULL));
	options.flags = UNKNOWN_FLAG;
	refused(qs_process_spawn(&process, &options, NULL));
	options.flags = QS_PROCESS_MASK;
	refused(qs_process_spawn(&process, &options, NULL));
	options.flags = 0;
	options.mask = &options;
	refused(qs_process_spawn(&process, &options, NULL));
	options.mask = NULL;
	options.fd_count = 1;
	refused(qs_process_spawn(&process, &options, NULL));
	for (size_t i = 0; i < 2; i++) {
		options.fds = &wrong[i];
		refused(qs_process_spawn(&process, &options, NULL));
	}
	options.fds = twice;
	options.fd_count = 2;
	refused(qs_process_spawn(&process, &options, NULL));
	assert_null(process);
}

static void test_arguments_b14_process(void **state)
{
	const char *const argv[] = { "sleep", "1000", NULL };
	qs_process_status status = QS_PROCESS_STATUS_INIT;
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	const int wrong[] = { 0, -1, SIGRTMAX + 1, INT_MAX, INT_MIN };
	qs_process *process = NULL;

	(void)state;
	refused(qs_process_pid(NULL));
	refused(qs_process_fd_of(NULL));
	refused(qs_process_signal(NULL, SIGTERM));
	refused(qs_process_wait(NULL, QS_NEVER, NULL, &status));
	refused(qs_process_end(NULL, SIGTERM, QS_NEVER, NULL, &status));
	qs_process_destroy(NULL);

	options.argv = argv;
	assert_int_equal(qs_process_spawn(&process, &options, NULL), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		refused(qs_process_signal(process, wrong[i]));
		refused(qs_process_end(process, wrong[i], QS_NOW, NULL, NULL));
	}
	refused_in_other_sizes(status, qs_process_wait(process, QS_NEVER, NULL, &status));
	refused_in_other_sizes(status, qs_process_end(process, SIGTERM, QS_NOW, NULL, &status));

	/* None of it touched the child. */
	assert_int_equal(qs_process_wait(process, QS_NOW, NULL, NULL), -ETIMEDOUT);
	qs_process_destroy(process);
}

/* -------------------------------------------------------------------------------------- signals */

static void test_arguments_b14_signals(void **state)
{
	const int wrong[] = { 0, -1, SIGKILL, SIGSTOP, SIGRTMAX + 1, INT_MAX };
	qs_signals_options options = QS_SIGNALS_OPTIONS_INIT;
	qs_signals *signals = NULL;
	int number;

	(void)state;
	refused(qs_stop_on_signals(NULL, NULL));
	refused_in_other_sizes(options, qs_stop_on_signals(&signals, &options));
	options.flags = UNKNOWN_FLAG;
	refused(qs_stop_on_signals(&signals, &options));
	options.flags = 0;
	options.grace_ns = -1;
	refused(qs_stop_on_signals(&signals, &options));
	options.grace_ns = 0;
	options.repeat_ns = -2;
	refused(qs_stop_on_signals(&signals, &options));
	options.repeat_ns = 0;
	options.signal_count = 1;
	refused(qs_stop_on_signals(&signals, &options));
	options.signals = &number;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		number = wrong[i];
		refused(qs_stop_on_signals(&signals, &options));
	}
	options.signal_count = 0;
	refused(qs_stop_on_signals(&signals, &options));
	assert_null(signals);
	assert_null(qs_signals_soft(NULL));
	assert_null(qs_signals_hard(NULL));
	qs_signals_close(NULL);
	is_nothing(qs_stop_exit(NULL));
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_arguments_b14_words_and_time),
		test(test_arguments_b14_stop_create),
		test(test_arguments_b14_stop),
		test(test_arguments_b14_sleep_and_wait_fd),
		test(test_arguments_b14_task),
		test(test_arguments_b14_future_null),
		test(test_arguments_b14_future),
		test(test_arguments_b14_pool_create),
		test(test_arguments_b14_pool_create_to_the_limits),
		test(test_arguments_b14_pool_null),
		test(test_arguments_b14_inspection),
		test(test_arguments_b14_submit),
		test(test_arguments_b14_way_down),
		test(test_arguments_b14_waits),
		test(test_arguments_b14_as_completed),
		test(test_arguments_b14_map),
		test(test_arguments_b14_queue),
		test(test_arguments_b14_process_spawn),
		test(test_arguments_b14_process),
		test(test_arguments_b14_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
