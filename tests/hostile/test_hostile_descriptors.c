/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_descriptors.c - a process that may have three descriptors, or
 * four, ... or twenty (B4).
 *
 * Whatever the number: a pool works, a stop stops, the way down is gone to its end.  What
 * needs a descriptor says so.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define FEWEST 3
#define MOST 20
#define REFUSED 1	/* exit code of a child that was refused something, in words */

static int refused;

/* 0 or more is what was asked for. */
static int note(int result)
{
	CHILD_CHECK(result >= 0 || result == -EMFILE);
	if (result < 0)
		refused = 1;
	return result;
}

static void use_stop(void)
{
	qs_stop *stop = NULL;
	int fd;

	CHILD_CHECK(qs_stop_create(&stop, NULL) == 0);
	fd = note(qs_stop_fd(stop));
	CHILD_CHECK(fd < 0 || qs_wait_fd(fd, POLLIN, QS_NOW, NULL) == -ETIMEDOUT);
	CHILD_CHECK(qs_stop_ask(stop, 0, NULL) == 1);
	CHILD_CHECK(qs_sleep(patience(), stop) == -ECANCELED);
	CHILD_CHECK(fd < 0 || qs_wait_fd(fd, POLLIN, QS_NOW, NULL) == POLLIN);
	qs_stop_release(stop);
}

static void use_set(void)
{
	qs_as_completed *set = NULL;
	qs_future *future;

	CHILD_CHECK(qs_as_completed_create(&set, NULL, 0) == 0);
	(void)note(qs_as_completed_fd(set));
	CHILD_CHECK(qs_as_completed_next(set, &future, QS_NEVER, NULL) == 0);
	qs_as_completed_destroy(set);
}

static void use_process(qs_stop *stop)
{
	const char *const argv[] = { "sleep", "1000", NULL };
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	qs_process_status status = QS_PROCESS_STATUS_INIT;
	qs_process *process = NULL;

	options.argv = argv;
	if (note(qs_process_spawn(&process, &options, stop)) < 0)
		return;
	CHILD_CHECK(qs_process_end(process, SIGTERM, patience(), NULL, &status) == 0);
	CHILD_CHECK(status.signal == SIGTERM);
	qs_process_destroy(process);
}

static void use_pool(void)
{
	qs_report report = QS_REPORT_INIT;
	struct gate entered = GATE_INIT;
	qs_signals *signals = NULL;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	CHILD_CHECK(qs_stop_on_signals(&signals, NULL) == 0);
	options.stop = qs_signals_soft(signals);
	CHILD_CHECK(qs_pool_create(&pool, &options) == 0);
	CHILD_CHECK(qs_submit(NULL, pool, body_until_stop, &entered) == 0);
	gate_await(&entered, 1);
	use_process(options.stop);
	CHILD_CHECK(raise(SIGINT) == 0);
	CHILD_CHECK(qs_pool_join(pool, patience(), qs_signals_hard(signals), &report) == 0);
	CHILD_CHECK(report.ends[QS_STOPPED] == 1);
	CHILD_CHECK(qs_pool_destroy(pool) == 0);
	qs_signals_close(signals);
}

static int live(void *arg)
{
	const struct rlimit limit = { *(const rlim_t *)arg, *(const rlim_t *)arg };

	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	use_stop();
	use_set();
	use_pool();
	return refused != 0 ? REFUSED : 0;
}

static void test_hostile_b4_from_three_to_twenty_descriptors(void **state)
{
	int content = 0;
	int sorry = 0;

	(void)state;
	/* Beyond those that this process was born with. */
	for (rlim_t most = FEWEST; most <= (rlim_t)(MOST + leftovers_fds()); most++) {
		const int status = child_run(live, &most);

		if (status < 0 || !WIFEXITED(status) || WEXITSTATUS(status) > REFUSED)
			print_error("with %d descriptors: status %#x\n", (int)most, (unsigned)status);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= REFUSED);
		*(WEXITSTATUS(status) == 0 ? &content : &sorry) += 1;
	}
	assert_true(sorry > 0);
	assert_true(content > 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_hostile_b4_from_three_to_twenty_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
