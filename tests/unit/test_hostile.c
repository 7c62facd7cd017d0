/* SPDX-License-Identifier: MIT */
/*
 * test_hostile.c - bodies that do to their thread what they had better not: end it, have it
 * cancelled, change what it has.
 *
 * Bodies that throw are tests/cpp/.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define WORKERS 3
#define MANY 300
#define SIGNALS 32	/* those that have a number everywhere */

static int body_exit(qs_task *task, void *arg)
{
	(void)task;
	pthread_exit(arg);
}

/* It ended its thread, and the future says so; gives the future back. */
static void task_end_exited(qs_future *future)
{
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_int_equal(qs_future_state(future), QS_FAILED);
	assert_int_equal(qs_future_value(future), -QS_EEXITED);
	assert_string_equal(qs_future_message(future), qs_strerror(QS_EEXITED));
	qs_future_release(future);
}

/* --------------------------------------------------------------------------- B7: pthread_exit() */

static void test_hostile_B7_exit_fails_its_task_and_another_worker_comes(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_report report;

	(void)state;
	for (int i = 0; i < 3; i++) {
		task_end_exited(task_submit(pool, body_exit, NULL));
		task_end(task_submit(pool, body_return, NULL), QS_DONE);
	}
	report = pool_end(pool, QS_DRAIN);
	assert_int_equal(report.ends[QS_FAILED], 3);
	assert_int_equal(report.ends[QS_DONE], 3);
}

static void test_hostile_B7_exits_among_many_lose_nothing(void **state)
{
	static atomic_uint runs, exits_freed;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_pool *pool = pool_make(WORKERS);
	qs_report report;

	(void)state;
	runs = exits_freed = 0;
	options.destroy = destroy_count;
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(qs_submit_by(NULL, pool, body_exit, &exits_freed, &options, QS_NOW, NULL), 0);
		assert_int_equal(qs_submit(NULL, pool, body_count, &runs), 0);
	}
	report = pool_end(pool, QS_DRAIN);
	assert_int_equal(report.ends[QS_FAILED], MANY);
	assert_int_equal(report.ends[QS_DONE], MANY);
	assert_int_equal(runs, MANY);
	assert_int_equal(exits_freed, MANY);
}

/* The last worker goes when no more tasks are taken, and there still are some. */
static void test_hostile_B7_exit_while_the_pool_drains_leaves_nothing_pending(void **state)
{
	static struct hold hold;
	static atomic_uint runs;
	qs_pool *pool = pool_make(1);
	qs_report report;

	(void)state;
	hold = (struct hold)HOLD_INIT;
	runs = 0;
	assert_int_equal(qs_submit(NULL, pool, body_hold, &hold), 0);
	for (int i = 0; i < WORKERS; i++) {
		assert_int_equal(qs_submit(NULL, pool, body_exit, NULL), 0);
		assert_int_equal(qs_submit(NULL, pool, body_count, &runs), 0);
	}
	gate_await(&hold.entered, 1);
	assert_int_equal(qs_pool_shutdown(pool, QS_DRAIN), 0);
	gate_raise(&hold.leave);
	report = pool_end(pool, QS_DRAIN);
	assert_int_equal(report.ends[QS_FAILED], WORKERS);
	assert_int_equal(runs, WORKERS);
}

/* One task that waits for another. */
struct nest {
	qs_pool *pool;
	qs_future *inner;	/* the outer one cannot give it back */
};

static int submit_exit_and_wait(qs_task *task, void *arg)
{
	struct nest *nest = arg;
	const int error = qs_submit(&nest->inner, nest->pool, body_exit, NULL);

	(void)task;
	return error < 0 ? error : qs_wait(nest->inner, QS_NEVER, NULL);
}

/* The worker runs the inner task inside the outer one, so both lose their thread. */
static void test_hostile_B7_exit_in_a_nested_wait_ends_both(void **state)
{
	struct nest nest = { pool_make(1), NULL };
	qs_report report;

	(void)state;
	task_end_exited(task_submit(nest.pool, submit_exit_and_wait, &nest));
	task_end_exited(nest.inner);
	task_end(task_submit(nest.pool, body_return, NULL), QS_DONE);
	report = pool_end(nest.pool, QS_DRAIN);
	assert_int_equal(report.ends[QS_FAILED], 2);
	assert_int_equal(report.ends[QS_DONE], 1);
}

static int set_result_and_exit(qs_task *task, void *counter)
{
	(void)qs_task_set_result(task, counter, destroy_count);
	pthread_exit(NULL);
}

static void test_hostile_B7_exit_keeps_the_result_for_the_future(void **state)
{
	static atomic_uint destroyed;
	qs_pool *pool = pool_make(1);
	qs_future *future;

	(void)state;
	destroyed = 0;
	future = task_submit(pool, set_result_and_exit, &destroyed);
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_ptr_equal(qs_future_result(future), &destroyed);
	task_end_exited(future);
	(void)pool_end(pool, QS_DRAIN);
	assert_int_equal(destroyed, 1);
}

/* What the worker's init and finish functions are called with. */
struct workers {
	atomic_uint begun;
	atomic_uint finished;
};

static int worker_begin(void **out_data, void *arg)
{
	struct workers *workers = arg;

	*out_data = workers;
	(void)atomic_fetch_add(&workers->begun, 1);
	return 0;
}

static int worker_finish(void *data, void *arg)
{
	struct workers *workers = data;

	(void)atomic_fetch_add(&workers->finished, 1);
	return data == arg ? 0 : -EINVAL;
}

static void test_hostile_B7_exit_finishes_its_worker(void **state)
{
	static struct workers workers;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;
	qs_report report;

	(void)state;
	options.workers = 1;
	options.init = worker_begin;
	options.finish = worker_finish;
	options.worker_arg = &workers;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	for (int i = 0; i < WORKERS; i++)
		task_end_exited(task_submit(pool, body_exit, NULL));
	task_end(task_submit(pool, body_return, NULL), QS_DONE);
	report = pool_end(pool, QS_DRAIN);
	assert_int_equal(report.worker_error, 0);
	assert_int_equal(workers.begun, WORKERS + 1);
	assert_int_equal(workers.finished, WORKERS + 1);
}

/* ------------------------------------------------------- B7: pthread_exit() in a brought thread */

struct host {
	pthread_t threads[WORKERS];
	atomic_uint started;
};

static void *host_thread(void *pool)
{
	return (void *)(intptr_t)qs_pool_work(pool);
}

static int host_start(qs_pool *pool, void *arg)
{
	struct host *host = arg;

	if (host->started == WORKERS || pthread_create(&host->threads[host->started], NULL, host_thread, pool) != 0)
		return -EAGAIN;
	host->started++;
	return 0;
}

static void test_hostile_B7_exit_in_a_brought_worker_has_another_one_brought(void **state)
{
	static struct host host;
	static int value_of_thread;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;
	void *value;

	(void)state;
	options.workers = 1;
	options.start = host_start;
	options.start_arg = &host;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	task_end_exited(task_submit(pool, body_exit, &value_of_thread));
	task_end(task_submit(pool, body_return, NULL), QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
	assert_int_equal(host.started, 2);
	assert_int_equal(pthread_join(host.threads[0], &value), 0);
	assert_ptr_equal(value, &value_of_thread);
	assert_int_equal(pthread_join(host.threads[1], &value), 0);
	assert_int_equal((intptr_t)value, 0);
}

/* The last worker has gone while the pool was open, and no other one can be had. */
static void test_hostile_B7_exit_of_the_last_worker_does_not_hold_up_a_drain(void **state)
{
	static struct host host;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_report report = QS_REPORT_INIT;
	qs_pool *pool = NULL;
	qs_future *pending;

	(void)state;
	options.workers = 1;
	options.start = host_start;
	options.start_arg = &host;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	host.started = WORKERS;
	task_end_exited(task_submit(pool, body_exit, NULL));
	assert_int_equal(pthread_join(host.threads[0], NULL), 0);
	pending = task_submit(pool, body_return, NULL);
	assert_int_equal(qs_pool_shutdown(pool, QS_DRAIN), 0);
	assert_int_equal(qs_future_state(pending), QS_CANCELLED);
	assert_int_equal(qs_pool_join(pool, patience(), NULL, &report), 0);
	assert_int_equal(report.ends[QS_CANCELLED], 1);
	assert_int_equal(qs_pool_destroy(pool), 0);
	qs_future_release(pending);
}

static pthread_key_t at_exit_key;
static sigset_t mask_at_exit;

/* Runs after everything of ours in the thread, for which nobody waits then. */
static void note_mask_at_exit(void *noted)
{
	(void)pthread_sigmask(SIG_SETMASK, NULL, &mask_at_exit);
	gate_raise(noted);
}

static int exit_with_a_look_at_the_mask(qs_task *task, void *arg)
{
	(void)pthread_setspecific(at_exit_key, arg);
	return body_exit(task, arg);
}

static bool has_worker(void *pool)
{
	qs_stats stats = QS_STATS_INIT;

	assert_int_equal(qs_pool_stats(pool, &stats), 0);
	return stats.workers != 0;
}

static bool has_no_worker(void *pool)
{
	return !has_worker(pool);
}

/*
 * A place keeps nothing of a thread that was in it: first the pool's own, then one that is
 * brought, then its own again.
 */
static void test_hostile_B7_exit_in_a_brought_worker_leaves_nothing_for_our_own_thread(void **state)
{
	static struct gate noted;
	qs_pool *pool = pool_make(1);
	pthread_t thread;

	(void)state;
	noted = (struct gate)GATE_INIT;
	assert_int_equal(pthread_key_create(&at_exit_key, note_mask_at_exit), 0);
	task_end_exited(task_submit(pool, body_exit, NULL));
	assert_true(eventually(has_no_worker, pool));
	assert_int_equal(pthread_create(&thread, NULL, host_thread, pool), 0);
	assert_true(eventually(has_worker, pool));
	task_end_exited(task_submit(pool, body_exit, NULL));
	assert_int_equal(pthread_join(thread, NULL), 0);
	task_end_exited(task_submit(pool, exit_with_a_look_at_the_mask, &noted));
	(void)pool_end(pool, QS_DRAIN);
	gate_await(&noted, 1);
	assert_int_equal(sigismember(&mask_at_exit, SIGINT), 1);
	assert_int_equal(pthread_key_delete(at_exit_key), 0);
}

/* A thread that lets its task run in itself, for there is no room. */
struct submitter {
	qs_pool *pool;
	int result;
};

static void *submit_exit_in_place(void *arg)
{
	struct submitter *submitter = arg;
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	options.flags = QS_TASK_CALLER_RUNS;
	submitter->result = qs_submit_by(NULL, submitter->pool, body_exit, submitter, &options, QS_NEVER, NULL);
	return NULL;
}

static void test_hostile_B7_exit_in_the_thread_that_submits_ends_that(void **state)
{
	static struct hold hold;
	struct submitter submitter = { .result = 1 };
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	pthread_t thread;
	qs_report report;
	void *value;

	(void)state;
	hold = (struct hold)HOLD_INIT;
	options.workers = 1;
	options.max_pending = 1;
	assert_int_equal(qs_pool_create(&submitter.pool, &options), 0);
	assert_int_equal(qs_submit(NULL, submitter.pool, body_hold, &hold), 0);
	gate_await(&hold.entered, 1);
	assert_int_equal(qs_submit(NULL, submitter.pool, body_hold, &hold), 0);
	assert_int_equal(pthread_create(&thread, NULL, submit_exit_in_place, &submitter), 0);
	assert_int_equal(pthread_join(thread, &value), 0);
	assert_ptr_equal(value, &submitter);
	assert_int_equal(submitter.result, 1);	/* the call has not returned */
	gate_raise(&hold.leave);
	report = pool_end(submitter.pool, QS_DRAIN);
	assert_int_equal(report.ends[QS_FAILED], 1);
	assert_int_equal(report.ends[QS_DONE], 2);
}

/* ------------------------------------------------------------------------- B7: pthread_cancel() */

struct victim {
	pthread_t thread;
	struct gate entered;
};
#define VICTIM_INIT { 0, GATE_INIT }

/*
 * In a cancellation point, that is; but not in one of the thread sanitizer's own, which it
 * would take for never left.
 */
static void sleep_until_cancelled(void)
{
#ifdef __SANITIZE_THREAD__
	while (sched_yield() == 0)
		pthread_testcancel();
#else
	while (pause() < 0)
		continue;
#endif
}

static int body_sleep(qs_task *task, void *arg)
{
	struct victim *victim = arg;

	(void)task;
	victim->thread = pthread_self();
	gate_raise(&victim->entered);
	sleep_until_cancelled();
	return 0;
}

static void test_hostile_B7_cancelled_body_fails_and_another_worker_comes(void **state)
{
	static struct victim victim;
	qs_pool *pool = pool_make(1);
	qs_future *future, *next;
	qs_report report;

	(void)state;
	victim = (struct victim)VICTIM_INIT;
	future = task_submit(pool, body_sleep, &victim);
	next = task_submit(pool, body_return, NULL);
	gate_await(&victim.entered, 1);
	assert_int_equal(pthread_cancel(victim.thread), 0);
	task_end_exited(future);
	task_end(next, QS_DONE);
	report = pool_end(pool, QS_DRAIN);
	assert_int_equal(report.ends[QS_FAILED], 1);
	assert_int_equal(report.ends[QS_DONE], 1);
}

/* A join that waits for the body is told, too; and its deadline is not what ends it. */
static void test_hostile_B7_cancelled_body_lets_a_join_return(void **state)
{
	static struct victim victim;
	qs_pool *pool = pool_make(1);

	(void)state;
	victim = (struct victim)VICTIM_INIT;
	assert_int_equal(qs_submit(NULL, pool, body_sleep, &victim), 0);
	gate_await(&victim.entered, 1);
	assert_int_equal(pthread_cancel(victim.thread), 0);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_FAILED], 1);
}

static int body_tell_thread(qs_task *task, void *arg)
{
	(void)task;
	*(pthread_t *)arg = pthread_self();
	return 0;
}

/*
 * The request stays pending: the pool's own code is no place for it, nor is a body
 * without a cancellation point.
 */
static void test_hostile_B7_cancelled_between_bodies_hits_no_code_of_ours(void **state)
{
	static pthread_t thread;
	static atomic_uint runs;
	qs_pool *pool = pool_make(1);

	(void)state;
	runs = 0;
	task_end(task_submit(pool, body_tell_thread, &thread), QS_DONE);
	assert_int_equal(pthread_cancel(thread), 0);
	for (int i = 0; i < MANY; i++)
		task_end(task_submit(pool, body_count, &runs), QS_DONE);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_DONE], MANY + 1);
	assert_int_equal(runs, MANY);
}

/* ----------------------------------------------------------------------- B13: what a thread has */

/* What a body finds. */
struct found {
	sigset_t mask;
	int cancel_state;
	int cancel_type;
};

static int body_look(qs_task *task, void *arg)
{
	struct found *found = arg;
	int ignored;

	(void)task;
	(void)pthread_sigmask(SIG_SETMASK, NULL, &found->mask);
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &found->cancel_state);
	(void)pthread_setcancelstate(found->cancel_state, &ignored);
	(void)pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &found->cancel_type);
	return 0;
}

static int body_spoil(qs_task *task, void *arg)
{
	const bool is_blocking = arg != NULL;
	sigset_t mask;
	int ignored;

	(void)task;
	if (is_blocking)
		(void)sigfillset(&mask);
	else
		(void)sigemptyset(&mask);
	(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &ignored);
	(void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &ignored);
	return 0;
}

static void check_same_mask(const sigset_t *one, const sigset_t *other)
{
	for (int signal = 1; signal < SIGNALS; signal++)
		assert_int_equal(sigismember(one, signal), sigismember(other, signal));
}

/* So often, for what is put back depends on what can have been changed. */
static void test_hostile_B13_mask_and_cancel_state_are_the_next_tasks_own(void **state)
{
	struct found first, next;
	qs_pool *pool = pool_make(1);

	(void)state;
	task_end(task_submit(pool, body_look, &first), QS_DONE);
	assert_int_equal(sigismember(&first.mask, SIGINT), 1);
	assert_int_equal(sigismember(&first.mask, SIGSEGV), 0);
	assert_int_equal(first.cancel_state, PTHREAD_CANCEL_ENABLE);
	assert_int_equal(first.cancel_type, PTHREAD_CANCEL_DEFERRED);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(qs_submit(NULL, pool, body_spoil, i % 2 == 0 ? pool : NULL), 0);
		task_end(task_submit(pool, body_look, &next), QS_DONE);
		check_same_mask(&first.mask, &next.mask);
		assert_int_equal(next.cancel_state, PTHREAD_CANCEL_ENABLE);
		assert_int_equal(next.cancel_type, PTHREAD_CANCEL_DEFERRED);
	}
	(void)pool_end(pool, QS_DRAIN);
}

/* A thread of somebody's own, as it was before it was lent, and after. */
struct lent {
	qs_pool *pool;
	struct found before;
	struct found after;
	int result;
};

static void *lend(void *arg)
{
	struct lent *lent = arg;
	sigset_t mask;
	int ignored;

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGUSR2);
	(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &ignored);
	(void)body_look(NULL, &lent->before);
	lent->result = qs_pool_work(lent->pool);
	(void)body_look(NULL, &lent->after);
	return NULL;
}

/* The thread comes of its own will. */
static int start_nothing(qs_pool *pool, void *arg)
{
	(void)pool;
	(void)arg;
	return 0;
}

static void test_hostile_B13_brought_thread_is_given_back_as_it_was(void **state)
{
	static struct lent lent;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	struct found found;
	pthread_t thread;

	(void)state;
	lent = (struct lent){ .result = 1 };
	options.workers = 1;
	options.start = start_nothing;
	assert_int_equal(qs_pool_create(&lent.pool, &options), 0);
	assert_int_equal(pthread_create(&thread, NULL, lend, &lent), 0);
	for (int i = 0; i < WORKERS; i++) {
		task_end(task_submit(lent.pool, body_spoil, i % 2 == 0 ? lent.pool : NULL), QS_DONE);
		task_end(task_submit(lent.pool, body_look, &found), QS_DONE);
		assert_int_equal(found.cancel_state, PTHREAD_CANCEL_ENABLE);
		assert_int_equal(sigismember(&found.mask, SIGINT), 1);
	}
	assert_int_equal(qs_submit(NULL, lent.pool, body_spoil, NULL), 0);
	(void)pool_end(lent.pool, QS_DRAIN);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(lent.result, 0);
	check_same_mask(&lent.before.mask, &lent.after.mask);
	assert_int_equal(lent.after.cancel_state, PTHREAD_CANCEL_DISABLE);
	assert_int_equal(lent.after.cancel_type, PTHREAD_CANCEL_DEFERRED);
}

/* What is documented to be left alone. */
#define ODD_ERRNO 12345

static _Thread_local int local_data;

struct belongings {
	char name[QS_NAME_SIZE];
	int cpus;
	locale_t locale;
	int error;
	int local;
};

static int body_change(qs_task *task, void *arg)
{
	cpu_set_t one_cpu;

	(void)task;
	CPU_ZERO(&one_cpu);
	CPU_SET((size_t)sched_getcpu(), &one_cpu);
	(void)pthread_setname_np(pthread_self(), "spoiled");
	(void)pthread_setaffinity_np(pthread_self(), sizeof(one_cpu), &one_cpu);
	(void)uselocale(arg);
	local_data = ODD_ERRNO;
	errno = ODD_ERRNO;
	return 0;
}

static int body_look_at_belongings(qs_task *task, void *arg)
{
	struct belongings *found = arg;
	cpu_set_t cpus;

	(void)task;
	found->error = errno;
	found->local = local_data;
	(void)pthread_getname_np(pthread_self(), found->name, sizeof(found->name));
	found->cpus = pthread_getaffinity_np(pthread_self(), sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : -1;
	found->locale = uselocale((locale_t)0);
	return 0;
}

static void test_hostile_B13_the_rest_is_as_the_last_task_left_it(void **state)
{
	const locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	struct belongings found;
	qs_pool *pool = pool_make(1);

	(void)state;
	assert_true(locale != (locale_t)0);
	task_end(task_submit(pool, body_change, locale), QS_DONE);
	task_end(task_submit(pool, body_look_at_belongings, &found), QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
	freelocale(locale);
	assert_string_equal(found.name, "spoiled");
	assert_int_equal(found.cpus, 1);
	assert_ptr_equal(found.locale, locale);
	assert_int_equal(found.error, ODD_ERRNO);
	assert_int_equal(found.local, ODD_ERRNO);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_hostile_B7_exit_fails_its_task_and_another_worker_comes),
		test(test_hostile_B7_exits_among_many_lose_nothing),
		test(test_hostile_B7_exit_while_the_pool_drains_leaves_nothing_pending),
		test(test_hostile_B7_exit_in_a_nested_wait_ends_both),
		test(test_hostile_B7_exit_keeps_the_result_for_the_future),
		test(test_hostile_B7_exit_finishes_its_worker),
		test(test_hostile_B7_exit_in_a_brought_worker_has_another_one_brought),
		test(test_hostile_B7_exit_in_a_brought_worker_leaves_nothing_for_our_own_thread),
		test(test_hostile_B7_exit_of_the_last_worker_does_not_hold_up_a_drain),
		test(test_hostile_B7_exit_in_the_thread_that_submits_ends_that),
		test(test_hostile_B7_cancelled_body_fails_and_another_worker_comes),
		test(test_hostile_B7_cancelled_body_lets_a_join_return),
		test(test_hostile_B7_cancelled_between_bodies_hits_no_code_of_ours),
		test(test_hostile_B13_mask_and_cancel_state_are_the_next_tasks_own),
		test(test_hostile_B13_brought_thread_is_given_back_as_it_was),
		test(test_hostile_B13_the_rest_is_as_the_last_task_left_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
