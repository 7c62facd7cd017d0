/* SPDX-License-Identifier: MIT */
/*
 * test_debug.c - what a debug build says before it aborts, each in a process of its own.
 * Other builds do not look.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/debug.h"
#include "base/mutex.h"
#include "quiesce.h"
#include "support/child.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define SKIPPED 77

#ifdef QS_DEBUG

/* A child with its standard error in a pipe of ours. */
struct last_words {
	child_fn *fn;
	int out;
};

static int speak(void *arg)
{
	const struct last_words *it = arg;

	CHILD_CHECK(dup2(it->out, STDERR_FILENO) >= 0);
	(void)it->fn(NULL);
	return 0;	/* nobody objected */
}

/* The child aborts, and says what was broken. */
static void check_aborts(child_fn *fn, const char *words)
{
	struct last_words it = { fn, -1 };
	char text[1024] = "";
	size_t length = 0;
	ssize_t got;
	int ends[2];
	int status;

	assert_int_equal(pipe(ends), 0);
	it.out = ends[1];
	status = child_run(speak, &it);
	(void)close(ends[1]);
	while (length < sizeof(text) - 1 && (got = read(ends[0], text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)got;
	(void)close(ends[0]);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_non_null(strstr(text, "broken promise"));
	assert_non_null(strstr(text, words));
}

static int use_released_stop(void *arg)
{
	qs_stop *stop = NULL;

	(void)arg;
	CHILD_CHECK(qs_stop_create(&stop, NULL) == 0);
	qs_stop_release(stop);
	return qs_stop_is_asked(stop);
}

static int release_twice(void *arg)
{
	qs_stop *stop = NULL;

	(void)arg;
	CHILD_CHECK(qs_stop_create(&stop, NULL) == 0);
	qs_stop_release(stop);
	qs_stop_release(stop);
	return 0;
}

static void nothing(void *arg)
{
	(void)arg;
}

static int remove_callback_twice(void *arg)
{
	qs_stop_callback *callback = NULL;
	qs_stop *stop = NULL;

	(void)arg;
	CHILD_CHECK(qs_stop_create(&stop, NULL) == 0);
	CHILD_CHECK(qs_stop_callback_add(&callback, stop, nothing, NULL) == 0);
	(void)qs_stop_callback_remove(callback);
	return qs_stop_callback_remove(callback);
}

static int use_destroyed_pool(void *arg)
{
	qs_pool *pool = NULL;

	(void)arg;
	CHILD_CHECK(qs_pool_create(&pool, NULL) == 0);
	CHILD_CHECK(qs_pool_join(pool, QS_NEVER, NULL, NULL) == 0);
	CHILD_CHECK(qs_pool_destroy(pool) == 0);
	return qs_submit(NULL, pool, body_return, NULL);
}

static int use_released_future(void *arg)
{
	qs_future *future = NULL;
	qs_pool *pool = NULL;

	(void)arg;
	CHILD_CHECK(qs_pool_create(&pool, NULL) == 0);
	CHILD_CHECK(qs_submit(&future, pool, body_return, NULL) == 0);
	CHILD_CHECK(qs_pool_join(pool, QS_NEVER, NULL, NULL) == 0);
	qs_future_release(future);
	return qs_wait(future, QS_NOW, NULL);
}

static int use_closed_signals(void *arg)
{
	qs_signals *signals = NULL;

	(void)arg;
	CHILD_CHECK(qs_stop_on_signals(&signals, NULL) == 0);
	qs_signals_close(signals);
	qs_signals_close(signals);
	return 0;
}

static int use_released_queue(void *arg)
{
	qs_queue *queue = NULL;

	(void)arg;
	CHILD_CHECK(qs_queue_create(&queue, NULL) == 0);
	qs_queue_release(queue);
	return qs_queue_put(queue, NULL, QS_NOW, NULL);
}

static int mistake_one_for_another(void *arg)
{
	qs_pool *pool = NULL;

	(void)arg;
	CHILD_CHECK(qs_pool_create(&pool, NULL) == 0);
	return qs_future_state((const qs_future *)(const void *)pool);
}

static void lock_both(enum qs__rank first, enum qs__rank second)
{
	static qs__mutex one;
	static qs__mutex other;

	qs__mutex_init(&one, first);
	qs__mutex_init(&other, second);
	qs__mutex_lock(&one);
	qs__mutex_lock(&other);
	qs__mutex_unlock(&other);
	qs__mutex_unlock(&one);
}

static int lock_in_wrong_order(void *arg)
{
	(void)arg;
	lock_both(QS__RANK_DEPOT, QS__RANK_POOL);
	return 0;
}

static int lock_two_of_a_rank(void *arg)
{
	(void)arg;
	lock_both(QS__RANK_EVENT, QS__RANK_EVENT);
	return 0;
}

static int unlock_what_is_free(void *arg)
{
	static qs__mutex mutex;

	(void)arg;
	qs__mutex_init(&mutex, QS__RANK_POOL);
	qs__mutex_unlock(&mutex);
	return 0;
}

static void test_debug_b14_use_after_the_end_aborts_with_words(void **state)
{
	static child_fn *const uses[] = { use_released_stop, release_twice, remove_callback_twice,
					  use_destroyed_pool, use_released_future, use_closed_signals, use_released_queue };

	(void)state;
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		check_aborts(uses[i], "QS__MAGIC_DEAD");
}

static void test_debug_b14_some_other_object_aborts_with_words(void **state)
{
	(void)state;
	check_aborts(mistake_one_for_another, "magic");
}

static void test_debug_lock_order_is_watched(void **state)
{
	(void)state;
	check_aborts(lock_in_wrong_order, "rank");
	check_aborts(lock_two_of_a_rank, "rank");
	check_aborts(unlock_what_is_free, "rank");
}

static void test_debug_right_lock_order_passes(void **state)
{
	(void)state;
	lock_both(QS__RANK_POOL, QS__RANK_WORKER);
	lock_both(QS__RANK_EVENT, QS__RANK_DEPOT);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_debug_b14_use_after_the_end_aborts_with_words),
		test(test_debug_b14_some_other_object_aborts_with_words),
		test(test_debug_lock_order_is_watched),
		test(test_debug_right_lock_order_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	(void)printf("SKIP: this build does not look for broken promises (QS_DEBUG is off)\n");
	return SKIPPED;
}

#endif
