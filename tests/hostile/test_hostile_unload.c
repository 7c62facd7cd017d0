/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_unload.c - a program that loads the library and unloads it while
 * workers are parked in it (B12).
 *
 * The library stays: its workers and its attendant would else return into nothing.  All it is used
 * by here comes from dlsym(); the copy that is linked into this program is another one, which shows
 * that two live side by side.
 */
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define ROUNDS 50

/* What is used of the copy that is loaded. */
struct loaded {
	void *handle;
	__typeof__(qs_pool_create) *pool_create;
	__typeof__(qs_pool_join) *pool_join;
	__typeof__(qs_pool_destroy) *pool_destroy;
	__typeof__(qs_submit) *submit;
	__typeof__(qs_stop_create) *stop_create;
	__typeof__(qs_stop_release) *stop_release;
	__typeof__(qs_sleep) *sleep;
};

static void find(const struct loaded *loaded, const char *name, void *out_function)
{
	void *function = dlsym(loaded->handle, name);

	assert_non_null(function);
	memcpy(out_function, &function, sizeof(function));
}

static struct loaded load(void)
{
	struct loaded it = { .handle = dlopen(QS_SHARED_LIBRARY, RTLD_NOW | RTLD_LOCAL) };

	if (it.handle == NULL)
		print_error("%s\n", dlerror());
	assert_non_null(it.handle);
	find(&it, "qs_pool_create", &it.pool_create);
	find(&it, "qs_pool_join", &it.pool_join);
	find(&it, "qs_pool_destroy", &it.pool_destroy);
	find(&it, "qs_submit", &it.submit);
	find(&it, "qs_stop_create", &it.stop_create);
	find(&it, "qs_stop_release", &it.stop_release);
	find(&it, "qs_sleep", &it.sleep);
	assert_true(it.pool_create != qs_pool_create);
	return it;
}

static int enter(qs_task *task, void *entered)
{
	(void)task;
	gate_raise(entered);
	return 0;
}

static void run_round(void)
{
	qs_stop_options deadline = QS_STOP_OPTIONS_INIT;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	struct gate entered = GATE_INIT;
	struct loaded it = load();
	qs_stop *stop = NULL;
	qs_pool *pool = NULL;

	options.workers = 2;
	assert_int_equal(it.pool_create(&pool, &options), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(it.submit(NULL, pool, enter, &entered), 0);
	gate_await(&entered, 2);
	deadline.deadline = qs_after_ms(1);
	assert_int_equal(it.stop_create(&stop, &deadline), 0);

	/* The workers are on their way to park, or parked; the attendant sleeps until the deadline. */
	assert_int_equal(dlclose(it.handle), 0);
	assert_int_equal(it.sleep(patience(), stop), -ECANCELED);
	it.stop_release(stop);
	assert_int_equal(it.submit(NULL, pool, enter, &entered), 0);
	gate_await(&entered, 3);
	assert_int_equal(it.pool_join(pool, patience(), NULL, NULL), 0);
	assert_int_equal(it.pool_destroy(pool), 0);
}

static void test_hostile_b12_unloaded_with_parked_workers(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++)
		run_round();
}

/* The last token has gone, and so has the library, before the attendant has. */
static void test_hostile_b12_unloaded_before_the_attendant_has_left(void **state)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;

	(void)state;
	options.flags = QS_STOP_FROM_HANDLER;
	for (int i = 0; i < ROUNDS; i++) {
		struct loaded it = load();
		qs_stop *stop = NULL;

		assert_int_equal(it.stop_create(&stop, &options), 0);
		it.stop_release(stop);
		assert_int_equal(dlclose(it.handle), 0);
	}
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_hostile_b12_unloaded_with_parked_workers),
		test(test_hostile_b12_unloaded_before_the_attendant_has_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
