/* SPDX-License-Identifier: MIT */
/*
 * loop.c - the loop over sites, and what is asked of each run.
 */
#include "faults/loop.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/object.h"
#include "faults/sites.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/soak.h"

#define SITES_MAX 1000		/* requests to the system of one kind that a workload makes at most */
#define WORKLOADS_MAX 16
#define NAME_SIZE 96
#define ROUNDS_OF_SOAK 50
#define NO_CODE 4095		/* a code that nobody has given a meaning */

/* The row of the failure catalogue that a kind of fault belongs to. */
static const char *const rows[SITE_KINDS] = {
	[SITE_MEMORY] = "b1",
	[SITE_THREAD] = "b2",
	[SITE_DESCRIPTOR] = "b4",
	[SITE_PROCESS] = "d13",
};

/* One test: a workload under one kind of fault. */
struct loop {
	const struct workload *workload;
	enum site_kind kind;
	char name[NAME_SIZE];
};

/* Where a failed test was; NULL = it did not fail. */
static const struct loop *unfinished;
static struct fault fault;

int workload_first_error(int error, int next)
{
	return error < 0 ? error : next;
}

int workload_hold_up(qs_pool **out, struct hold *hold, qs_future **out_pending, const qs_task_options *pending, void *arg)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	int error;

	options.workers = 1;
	options.max_pending = 1;
	error = qs_pool_create(out, &options);
	if (error == 0)
		error = qs_submit(NULL, *out, body_hold, hold);
	if (error != 0)
		return error;
	gate_await(&hold->entered, 1);
	return qs_submit_by(out_pending, *out, body_return, arg, pending, QS_NOW, NULL);
}

void workload_end_pool(qs_pool *pool, qs_shutdown_mode mode)
{
	qs_future *future = NULL;
	int error;

	if (pool == NULL)
		return;
	sites_pause();
	error = qs_submit_by(&future, pool, body_return, NULL, NULL, patience(), NULL);
	if (error == 0)
		task_end(future, QS_DONE);
	else	/* the workload has stopped it */
		assert_true(error == -ECANCELED || error == -ESHUTDOWN);
	sites_resume();
	(void)pool_end(pool, mode);
}

static bool has_words(int error)
{
	const char *words = qs_strerror(error);

	return *words != '\0' && strcmp(words, qs_strerror(NO_CODE)) != 0;
}

static bool are_all_pieces_back(void *pieces)
{
	qs__object_empty_quarantine();
	return sites_pieces() == *(const long *)pieces;
}

/* One run; true if the fault was met. */
static bool run_once(const struct workload *workload)
{
	long pieces = sites_pieces();
	unsigned failures;
	int error;

	assert_int_equal(leftovers_note(NULL), 0);
	sites_arm(&fault);
	error = workload->run();
	failures = sites_disarm();
	if (error < 0) {
		assert_int_equal(error, site_kind_error(fault.kind));
		assert_true(failures > 0);
		assert_true(has_words(error));
	}
	assert_int_equal(leftovers_check(NULL), 0);
	/* The attendant frees what is its own when it goes. */
	assert_true(eventually(are_all_pieces_back, &pieces));
	return failures > 0;
}

/* Returns how many sites have failed in turn. */
static long run_each(const struct workload *workload, enum site_kind kind, bool for_ever)
{
	long n = 0;

	fault = (struct fault){ kind, n, for_ever };
	while (run_once(workload)) {
		fault.n = ++n;
		assert_true(n < SITES_MAX);
	}
	return n;
}

static bool is_needed(const struct loop *loop)
{
	return (loop->workload->needs >> loop->kind & 1) != 0;
}

static void run_loop(void **state)
{
	const struct loop *loop = *state;

	unfinished = loop;
	for (long i = 0; i < soak_or(1, ROUNDS_OF_SOAK); i++) {
		const long once = run_each(loop->workload, loop->kind, false);
		const long for_ever = run_each(loop->workload, loop->kind, true);

		assert_int_equal(once > 0, is_needed(loop));
		assert_int_equal(for_ever > 0, is_needed(loop));
		if (i == 0 && is_needed(loop))
			print_message("%ld failed once, %ld for ever\n", once, for_ever);
	}
	unfinished = NULL;
}

static int say_where(void **state)
{
	(void)state;
	(void)sites_disarm();
	if (unfinished != NULL) {
		print_error("%s: %s, after %ld that were granted, %s\n", unfinished->workload->name,
			    site_kind_name(fault.kind), fault.n, fault.for_ever ? "for ever" : "once");
	}
	unfinished = NULL;
	return 0;
}

static void name_it(struct loop *loop)
{
	const char *kind = site_kind_name(loop->kind);

	if (is_needed(loop)) {
		(void)snprintf(loop->name, sizeof(loop->name), "test_faults_g4_%s_%s_without_%s", rows[loop->kind],
			       loop->workload->name, kind);
	} else {
		(void)snprintf(loop->name, sizeof(loop->name), "test_faults_g4_%s_needs_no_%s", loop->workload->name,
			       kind);
	}
}

int faults_run(const struct workload *workloads, size_t count)
{
	static struct loop loops[WORKLOADS_MAX * SITE_KINDS];
	static struct CMUnitTest tests[WORKLOADS_MAX * SITE_KINDS];
	size_t made = 0;

	for (size_t i = 0; i < count && i < WORKLOADS_MAX; i++) {
		for (int kind = 0; kind < SITE_KINDS; kind++) {
			struct loop *loop = &loops[made];

			*loop = (struct loop){ &workloads[i], (enum site_kind)kind, "" };
			name_it(loop);
			tests[made++] = (struct CMUnitTest){ loop->name, run_loop, NULL, say_where, loop };
		}
	}
	return _cmocka_run_group_tests("faults", tests, made, NULL, NULL);
}
