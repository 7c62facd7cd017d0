/* SPDX-License-Identifier: MIT */
/*
 * test_faults_signals.c - the ladder while the system refuses what it asks for (B1, B2):
 * installed whole, or not at all.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "faults/loop.h"
#include "support/patience.h"

static bool is_handled(int signal)
{
	struct sigaction action;

	assert_int_equal(sigaction(signal, NULL, &action), 0);
	return action.sa_handler != SIG_DFL;
}

static int use_ladder(void)
{
	qs_signals_options options = QS_SIGNALS_OPTIONS_INIT;
	const int only = SIGUSR1;
	qs_signals *signals = NULL;
	int error;

	options.signals = &only;
	options.signal_count = 1;
	options.repeat_ns = -1;
	error = qs_stop_on_signals(&signals, &options);
	assert_int_equal(is_handled(only), error == 0);
	if (error == 0) {
		assert_int_equal(raise(only), 0);
		assert_int_equal(qs_sleep(patience(), qs_signals_soft(signals)), -ECANCELED);
		assert_int_equal(raise(only), 0);
		assert_int_equal(qs_sleep(patience(), qs_signals_hard(signals)), -ECANCELED);
	}
	qs_signals_close(signals);
	assert_false(is_handled(only));
	return error;
}

static int use_leaving(void)
{
	qs_signals *signals = NULL;
	const int error = qs_stop_on_signals(&signals, NULL);

	assert_int_equal(qs_stop_exit(signals), 0);
	return error;
}

int main(void)
{
	static const struct workload workloads[] = {
		{ "ladder", use_ladder, NEEDS_MEMORY | NEEDS_THREADS },
		{ "leaving", use_leaving, NEEDS_MEMORY | NEEDS_THREADS },
	};

	return faults_run(workloads, sizeof(workloads) / sizeof(workloads[0]));
}
