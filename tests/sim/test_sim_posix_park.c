/* SPDX-License-Identifier: MIT */
/*
 * test_sim_posix_park.c - platform/posix/park.c on the simulator's atomics: no wake-up is lost, and
 * no node is touched after its thread has gone, be it woken by a thread, by a handler, or too late.
 *
 * The source is compiled here under other names, on sleepers that are made of the
 * simulator's own parking.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/signal_mask.h"
#include "sim/sim.h"

/* ---- what platform/posix/sleeper.h promises ---- */

#define QS__PLATFORM_SLEEPER_H	/* in place of the one with a semaphore and a pipe */

#define SLEEPS 64	/* in one execution, at most */

/*
 * It puts nothing in order, as nobody says that a pipe does; and its word outlives it, as what a
 * semaphore or a pipe has in the kernel does.
 */
struct qs__waker {
	qs__atomic(uint32_t) *is_woken;
};

struct qs__sleeper {
	struct qs__waker waker;
};

static qs__atomic(uint32_t) words[SLEEPS];
static int words_used;

static bool qs__sleeper_init(struct qs__sleeper *sleeper, qs_time deadline)
{
	(void)deadline;
	SIM_ASSERT(words_used < SLEEPS);
	sleeper->waker.is_woken = &words[words_used++];
	return true;
}

static void qs__sleeper_fini(struct qs__sleeper *sleeper)
{
	sleeper->waker.is_woken = NULL;
}

enum qs__slept { QS__SLEPT_WOKEN, QS__SLEPT_TIMED_OUT, QS__SLEPT_EARLY };

static enum qs__slept qs__sleeper_sleep(struct qs__sleeper *sleeper, qs_time deadline)
{
	const int result = qs__park(sleeper->waker.is_woken, 0, deadline);

	if (qs__load_relaxed(sleeper->waker.is_woken) != 0)
		return QS__SLEPT_WOKEN;
	return result == -ETIMEDOUT ? QS__SLEPT_TIMED_OUT : QS__SLEPT_EARLY;
}

static void qs__sleeper_wake(struct qs__waker waker)
{
	qs__store_relaxed(waker.is_woken, 1);
	qs__unpark_one(waker.is_woken);
}

/* Nobody wakes it: it goes on when nobody else can. */
static void qs__sleeper_nap(int64_t ns)
{
	static qs__atomic(uint32_t) nobody;

	(void)qs__park(&nobody, 0, qs__clock_now() + ns);
}

/* ---- the source ---- */

static bool is_careless;	/* a control: signals are not blocked */

static void block_signals(sigset_t *out_old)
{
	if (!is_careless)
		qs__signals_block(out_old);
}

static void restore_signals(const sigset_t *old)
{
	if (!is_careless)
		qs__signals_restore(old);
}

#undef qs__park
#undef qs__unpark_one
#undef qs__unpark_all
#define qs__park posix_park
#define qs__unpark_one posix_unpark_one
#define qs__unpark_all posix_unpark_all
#define qs__signals_block block_signals
#define qs__signals_restore restore_signals

int qs__park(const qs__atomic(uint32_t) *word, uint32_t value, qs_time deadline);
void qs__unpark_one(const qs__atomic(uint32_t) *word);
void qs__unpark_all(const qs__atomic(uint32_t) *word);

#include "platform/posix/park.c"

static void begin(void)
{
	words_used = 0;
}

static void nobody_is_left(void)
{
	for (int i = 0; i < words_used; i++)
		qs__atomic_init(&words[i], 0);
	for (int i = 0; i < BUCKETS; i++)
		SIM_ASSERT(buckets[i].first == NULL);
}

/* ---- tokens, given one by one to who waits for them ---- */

static qs__atomic(uint32_t) tokens;

static void take_token(void *arg)
{
	uint32_t seen = qs__load_relaxed(&tokens);

	(void)arg;
	for (;;) {
		if (seen != 0 && qs__compare_exchange_relaxed(&tokens, &seen, seen - 1))
			return;
		if (seen == 0) {
			(void)posix_park(&tokens, 0, QS_NEVER);
			seen = qs__load_relaxed(&tokens);
		}
	}
}

static void give_token(void *arg)
{
	(void)arg;
	(void)qs__fetch_add_relaxed(&tokens, 1);
	posix_unpark_one(&tokens);
}

static void tokens_setup(void)
{
	begin();
	qs__atomic_init(&tokens, 0);
	sim_thread("taker", take_token, NULL);
	sim_thread("giver", give_token, NULL);
}

static void more_tokens_setup(void)
{
	tokens_setup();
	sim_thread("taker", take_token, NULL);
	sim_thread("giver", give_token, NULL);
}

static void tokens_finish(void)
{
	nobody_is_left();
	SIM_ASSERT(qs__load_relaxed(&tokens) == 0);
	qs__atomic_fini(&tokens);
}

static const struct sim_case token_given = {
	.name = "posix-park",
	.setup = tokens_setup,
	.finish = tokens_finish,
	.preemptions = 3,
	.stale_reads = 2,
	.spurious_wakes = 1,
	.random = 20000,
	.controls = {
		{ "park.c:lock:compare_exchange_acquire", SIM_WEAKEN, SIM_RACE, 0 },
		{ "park.c:lock:compare_exchange_acquire", SIM_SPLIT, SIM_RACE, 0 },
		{ "park.c:lock:compare_exchange_acquire", SIM_PRETEND, SIM_RACE, 1 },
		{ "park.c:unlock:store_release", SIM_WEAKEN, SIM_RACE, 0 },
		{ "park.c:unlock:store_release", SIM_DROP, SIM_ENDLESS, 0 },
		{ "park.c:enlist:load_relaxed", SIM_PRETEND, SIM_DEADLOCK, 0 },
		{ "park.c:wake:store_release", SIM_WEAKEN, SIM_RACE, 0 },
		{ "park.c:await_leaving:load_acquire", SIM_WEAKEN, SIM_RACE, 0 },
		{ "test_sim_posix_park.c:qs__sleeper_wake:store_relaxed", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "test_sim_posix_park.c:qs__sleeper_wake:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static const struct sim_case tokens_given = {
	.name = "posix-park-more",
	.setup = more_tokens_setup,
	.finish = tokens_finish,
	.preemptions = 1,
	.stale_reads = 1,
	.random = 20000,
};

static void test_sim_a7_posix_park_loses_no_wake(void **state)
{
	(void)state;
	assert_true(sim_verify(&token_given));
	assert_true(sim_verify(&tokens_given));
}

/* ---- all of one address, and nobody of another that shares the bucket ---- */

static qs__atomic(uint32_t) door;
static qs__atomic(uint32_t) *other_door;	/* in the same bucket */

static void wait_until_open(void *arg)
{
	qs__atomic(uint32_t) *mine = arg;

	while (qs__load_relaxed(mine) == 0)
		(void)posix_park(mine, 0, QS_NEVER);
}

static void open_doors(void *arg)
{
	(void)arg;
	qs__store_relaxed(&door, 1);
	posix_unpark_all(&door);
	qs__store_relaxed(other_door, 1);
	posix_unpark_one(other_door);
}

static void doors_setup(void)
{
	static qs__atomic(uint32_t) many[64 * BUCKETS];	/* so many that some fall together */

	begin();
	other_door = many;
	while (bucket_of(other_door) != bucket_of(&door))
		other_door++;
	qs__atomic_init(&door, 0);
	qs__atomic_init(other_door, 0);
	sim_thread("first", wait_until_open, &door);
	sim_thread("other", wait_until_open, other_door);
	sim_thread("second", wait_until_open, &door);
	sim_thread("opener", open_doors, NULL);
}

static void doors_finish(void)
{
	nobody_is_left();
	qs__atomic_init(&door, 0);
	qs__atomic_init(other_door, 0);
}

static const struct sim_case doors_open = {
	.name = "posix-park-all",
	.setup = doors_setup,
	.finish = doors_finish,
	.preemptions = 1,
	.random = 20000,
	.controls = {
		{ "park.c:enlist:load_relaxed", SIM_PRETEND, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_posix_park_wakes_all_of_one_address(void **state)
{
	(void)state;
	assert_true(sim_verify(&doors_open));
}

/* ---- a deadline and a wake at the same moment: whoever wins, the node is out of the list when its thread goes ---- */

static void wait_a_little(void *arg)
{
	(void)arg;
	while (qs__load_relaxed(&door) == 0) {
		if (posix_park(&door, 0, 1) == -ETIMEDOUT)
			return;
	}
}

static void open_door(void *arg)
{
	(void)arg;
	qs__store_relaxed(&door, 1);
	posix_unpark_all(&door);
}

static void late_setup(void)
{
	begin();
	qs__atomic_init(&door, 0);
	sim_thread("impatient", wait_a_little, NULL);
	sim_thread("patient", wait_until_open, &door);
	sim_thread("opener", open_door, NULL);
}

static void late_finish(void)
{
	nobody_is_left();
	qs__atomic_init(&door, 0);
}

static const struct sim_case late_wake = {
	.name = "posix-park-late",
	.setup = late_setup,
	.finish = late_finish,
	.preemptions = 2,
	.stale_reads = 1,
	.early_timeouts = 1,
	.random = 20000,
	.controls = {
		{ "park.c:lock:compare_exchange_acquire", SIM_PRETEND, SIM_RACE | SIM_USE_AFTER_FREE, 1 },
		{ "park.c:lock:compare_exchange_acquire", SIM_WEAKEN, SIM_RACE | SIM_DEADLOCK, 0 },
	},
};

static void test_sim_posix_park_deadline_against_wake(void **state)
{
	(void)state;
	assert_true(sim_verify(&late_wake));
}

/* ---- a handler unparks, possibly in the thread that parks, at any point of it ---- */

static void wait_for_handler(void *arg)
{
	(void)arg;
	sim_signal_begin(open_door, NULL);
	wait_until_open(&door);
	sim_signal_end();
}

static void handler_setup(void)
{
	begin();
	qs__atomic_init(&door, 0);
	sim_thread("interrupted", wait_for_handler, NULL);
	sim_thread("patient", wait_until_open, &door);
}

static const struct sim_case handler_unparks = {
	.name = "posix-park-handler",
	.setup = handler_setup,
	.finish = late_finish,
	.preemptions = 2,
	.stale_reads = 1,
	.spurious_wakes = 1,
	.random = 20000,
};

static void test_sim_posix_park_handler_may_unpark(void **state)
{
	(void)state;
	assert_true(sim_verify(&handler_unparks));
}

static void test_sim_posix_park_handler_under_the_lock_would_hang(void **state)
{
	(void)state;
	is_careless = true;
	const bool hangs = sim_fails(&handler_unparks, SIM_ENDLESS | SIM_DEADLOCK);
	is_careless = false;
	assert_true(hangs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a7_posix_park_loses_no_wake),
		cmocka_unit_test(test_sim_posix_park_wakes_all_of_one_address),
		cmocka_unit_test(test_sim_posix_park_deadline_against_wake),
		cmocka_unit_test(test_sim_posix_park_handler_may_unpark),
		cmocka_unit_test(test_sim_posix_park_handler_under_the_lock_would_hang),
	};

	return cmocka_run_group_tests_name("sim posix park", tests, NULL, NULL);
}
