/* SPDX-License-Identifier: MIT */
/*
 * test_faults_first.c - a process that has no memory for its very first object (B1).
 *
 * That one asks for a page in which forks are noticed, once in the life of a process; so each look
 * at it is a process of its own, started anew.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "faults/sites.h"
#include "quiesce.h"
#include "support/child.h"
#include "support/patience.h"
#include "support/pools.h"

#define WORD "first"

/* What makes an object out of nothing. */
static int make_stop(void)
{
	qs_stop *stop = NULL;
	const int error = qs_stop_create(&stop, NULL);

	qs_stop_release(stop);
	return error;
}

static int make_attended_stop(void)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop *stop = NULL;
	int error;

	options.flags = QS_STOP_FROM_HANDLER;
	error = qs_stop_create(&stop, &options);
	qs_stop_release(stop);
	return error;
}

static int make_pool(void)
{
	qs_pool *pool = NULL;
	const int error = qs_pool_create(&pool, NULL);

	if (error == 0) {
		(void)qs_pool_join(pool, patience(), NULL, NULL);
		(void)qs_pool_destroy(pool);
	}
	return error;
}

static int make_set(void)
{
	qs_as_completed *set = NULL;
	const int error = qs_as_completed_create(&set, NULL, 0);

	qs_as_completed_destroy(set);
	return error;
}

static int make_queue(void)
{
	qs_queue *queue = NULL;
	const int error = qs_queue_create(&queue, NULL);

	qs_queue_release(queue);
	return error;
}

static int make_process(void)
{
	const char *const argv[] = { "true", NULL };
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	qs_process *process = NULL;
	int error;

	options.argv = argv;
	error = qs_process_spawn(&process, &options, NULL);
	qs_process_destroy(process);
	return error;
}

static int make_signals(void)
{
	qs_signals *signals = NULL;
	const int error = qs_stop_on_signals(&signals, NULL);

	qs_signals_close(signals);
	return error;
}

static int (*const makers[])(void) = {
	make_stop,
	make_attended_stop,
	make_pool,
	make_set,
	make_queue,
	make_process,
	make_signals,
};
#define MAKERS (sizeof(makers) / sizeof(makers[0]))

/*
 * A process that has made nothing yet: every request for memory fails in turn,
 * then the object is made.
 */
static int be_first(size_t maker)
{
	struct fault fault = { SITE_MEMORY, 0, true };
	int error;

	do {
		sites_arm(&fault);
		error = makers[maker]();
		if (sites_disarm() == 0)
			break;
		CHILD_CHECK(error == -ENOMEM);
		fault.n++;
	} while (error != 0);
	/* The page, the advice for it, and the object itself. */
	CHILD_CHECK(fault.n >= 3);
	CHILD_CHECK(error == 0 && makers[maker]() == 0);
	return 0;
}

static int start_anew(void *arg)
{
	return execl("/proc/self/exe", "test_faults_first", WORD, arg, (char *)NULL);
}

static void test_faults_g4_b1_first_object_without_memory(void **state)
{
	char number[16];

	(void)state;
	for (size_t i = 0; i < MAKERS; i++) {
		(void)snprintf(number, sizeof(number), "%zu", i);
		assert_int_equal(child_run(start_anew, number), 0);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults_g4_b1_first_object_without_memory),
	};

	if (argc == 3 && strcmp(argv[1], WORD) == 0)
		_exit(be_first(strtoul(argv[2], NULL, 10)));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
