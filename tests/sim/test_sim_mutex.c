/* SPDX-License-Identifier: MIT */
/*
 * test_sim_mutex.c - base/mutex.c and base/era_lock.c: one holder at a time, nobody left asleep,
 * nothing touched too late.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/era_lock.h"
#include "base/mutex.h"
#include "platform/alloc.h"
#include "sim/sim.h"

enum { LOCKERS = 3 };

/* ---- several threads add to a plain number ---- */

static qs__mutex mutex;
static int number;

static void add_one_under_mutex(void *arg)
{
	(void)arg;
	qs__mutex_lock(&mutex);
	QS_PLAIN_WRITE(number, QS_PLAIN_READ(number) + 1);
	qs__mutex_unlock(&mutex);
}

static void mutex_setup(void)
{
	number = 0;
	qs__mutex_init(&mutex, QS__RANK_POOL);
	for (int i = 0; i < LOCKERS; i++)
		sim_thread("locker", add_one_under_mutex, NULL);
}

static void mutex_finish(void)
{
	SIM_ASSERT(number == LOCKERS);
	qs__mutex_fini(&mutex);
}

static const struct sim_case mutex_excludes = {
	.name = "mutex",
	.setup = mutex_setup,
	.finish = mutex_finish,
	.preemptions = 3,
	.stale_reads = 2,
	.spurious_wakes = 1,
	.random = 20000,
	.controls = {
		{ "mutex.c:qs__mutex_lock:compare_exchange_acquire", SIM_WEAKEN, SIM_RACE, 0 },
		{ "mutex.c:qs__mutex_lock:compare_exchange_acquire", SIM_SPLIT, SIM_RACE, 0 },
		{ "mutex.c:qs__mutex_lock:exchange_acquire", SIM_WEAKEN, SIM_RACE, 0 },
		{ "mutex.c:qs__mutex_lock:exchange_acquire", SIM_SPLIT, SIM_RACE | SIM_DEADLOCK, 0 },
		{ "mutex.c:unlock:exchange_release", SIM_WEAKEN, SIM_RACE, 0 },
		{ "mutex.c:unlock:exchange_release", SIM_SPLIT, SIM_DEADLOCK, 0 },
		{ "mutex.c:unlock:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a7_mutex_excludes_and_loses_no_wake(void **state)
{
	(void)state;
	assert_true(sim_verify(&mutex_excludes));
}

/* ---- the last to leave frees the mutex: the one before it may still be in unlock ---- */

struct shared {
	qs__mutex mutex;
	int users;
};

static void leave_shared(void *arg)
{
	struct shared *shared = arg;
	bool is_last;

	qs__mutex_lock(&shared->mutex);
	QS_PLAIN_WRITE(shared->users, QS_PLAIN_READ(shared->users) - 1);
	is_last = QS_PLAIN_READ(shared->users) == 0;
	qs__mutex_unlock(&shared->mutex);
	if (is_last) {
		qs__mutex_fini(&shared->mutex);
		qs__free(shared);
	}
}

static void shared_setup(void)
{
	struct shared *shared = qs__alloc(sizeof(*shared));

	qs__mutex_init(&shared->mutex, QS__RANK_POOL);
	shared->users = LOCKERS;
	for (int i = 0; i < LOCKERS; i++)
		sim_thread("user", leave_shared, shared);
}

static const struct sim_case mutex_freed = {
	.name = "mutex-freed",
	.setup = shared_setup,
	.preemptions = 2,
	.stale_reads = 2,
	.spurious_wakes = 1,
	.random = 20000,
	.controls = {
		{ "mutex.c:unlock:exchange_release", SIM_SPLIT, SIM_DEADLOCK | SIM_USE_AFTER_FREE, 0 },
	},
};

static void test_sim_a6_mutex_may_be_freed_by_its_next_holder(void **state)
{
	(void)state;
	assert_true(sim_verify(&mutex_freed));
}

/* ---- the lock of the static things ---- */

static struct qs__era_lock era_lock;
static int firsts;

static void add_one_under_era_lock(void *arg)
{
	(void)arg;
	firsts += qs__era_lock(&era_lock);
	QS_PLAIN_WRITE(number, QS_PLAIN_READ(number) + 1);
	qs__era_unlock(&era_lock);
}

static void era_lock_setup(void)
{
	number = 0;
	firsts = 0;
	qs__atomic_init(&era_lock.word, 0);
	for (int i = 0; i < LOCKERS; i++)
		sim_thread("locker", add_one_under_era_lock, NULL);
}

static void era_lock_finish(void)
{
	SIM_ASSERT(number == LOCKERS);
	SIM_ASSERT(firsts == 1);
}

static const struct sim_case era_lock_excludes = {
	.name = "era-lock",
	.setup = era_lock_setup,
	.finish = era_lock_finish,
	.preemptions = 2,
	.stale_reads = 2,
	.spurious_wakes = 1,
	.random = 20000,
	.controls = {
		{ "era_lock.c:qs__era_lock:compare_exchange_acquire", SIM_WEAKEN, SIM_RACE, 0 },
		{ "era_lock.c:qs__era_lock:compare_exchange_acquire", SIM_SPLIT, SIM_RACE | SIM_DEADLOCK, 0 },
		{ "era_lock.c:qs__era_unlock:exchange_release", SIM_WEAKEN, SIM_RACE, 0 },
		{ "era_lock.c:qs__era_unlock:exchange_release", SIM_SPLIT, SIM_DEADLOCK, 0 },
		{ "era_lock.c:qs__era_unlock:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_era_lock_excludes_and_has_one_first(void **state)
{
	(void)state;
	assert_true(sim_verify(&era_lock_excludes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a7_mutex_excludes_and_loses_no_wake),
		cmocka_unit_test(test_sim_a6_mutex_may_be_freed_by_its_next_holder),
		cmocka_unit_test(test_sim_era_lock_excludes_and_has_one_first),
	};

	return cmocka_run_group_tests_name("sim mutex", tests, NULL, NULL);
}
