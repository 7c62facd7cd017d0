/* SPDX-License-Identifier: MIT */
/*
 * stop_latency.c - from a SIGINT to the moment when the last of many blocked waits has returned.
 *
 *	stop_latency [ROUNDS]
 *
 * Ours: threads in qs_sleep() without a deadline, under the soft token of qs_stop_on_signals(); the
 * signal is sent by kill().  Bare: threads in a futex wait on one word; one wake call for all, no
 * signal and no handler.  That is the least the kernel needs.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <quiesce.h>

#include "support/measure.h"

enum { ROUNDS = 15, MOST = 1000, STACK = 1 << 17, SETTLE_MS = 30 };

static pthread_barrier_t all_there;
static atomic_uint word;
static int64_t returned[MOST];

struct blocked {
	qs_stop *stop;	/* NULL = the bare futex */
	int64_t *returned;
};

static void wait_bare(void)
{
	while (atomic_load(&word) == 0)
		(void)syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void *block(void *arg)
{
	const struct blocked *blocked = arg;

	(void)pthread_barrier_wait(&all_there);
	if (blocked->stop != NULL)
		(void)qs_sleep(QS_NEVER, blocked->stop);
	else
		wait_bare();
	*blocked->returned = measure_now();
	return NULL;
}

static void stop_bare(void)
{
	atomic_store(&word, 1);
	(void)syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, MOST, NULL, NULL, 0);
}

/* Microseconds until the last of them was back. */
static double take(int threads, qs_stop *stop)
{
	static pthread_t ids[MOST];
	static struct blocked blocked[MOST];
	pthread_attr_t attributes;
	int64_t begin, last = 0;

	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setstacksize(&attributes, STACK);
	(void)pthread_barrier_init(&all_there, NULL, (unsigned)threads + 1);
	for (int i = 0; i < threads; i++) {
		blocked[i] = (struct blocked){ stop, &returned[i] };
		measure_must("pthread_create", -pthread_create(&ids[i], &attributes, block, &blocked[i]));
	}
	(void)pthread_barrier_wait(&all_there);
	/*
	 * Nobody can see that a thread has fallen asleep in a call; those that have
	 * not yet only look better.
	 */
	(void)qs_sleep(qs_after_ms(SETTLE_MS), NULL);
	begin = measure_now();
	if (stop != NULL)
		(void)kill(getpid(), SIGINT);
	else
		stop_bare();
	for (int i = 0; i < threads; i++) {
		(void)pthread_join(ids[i], NULL);
		last = returned[i] > last ? returned[i] : last;
	}
	return (double)(last - begin) / 1000;
}

static double take_ours(int threads)
{
	qs_signals *signals = NULL;

	measure_must("qs_stop_on_signals", qs_stop_on_signals(&signals, NULL));
	return take(threads, qs_signals_soft(signals));
}

static double ours_2(void)
{
	return take_ours(2);
}

static double ours_64(void)
{
	return take_ours(64);
}

static double ours_1000(void)
{
	return take_ours(1000);
}

static double bare_2(void)
{
	return take(2, NULL);
}

static double bare_64(void)
{
	return take(64, NULL);
}

static double bare_1000(void)
{
	return take(1000, NULL);
}

int main(int argc, char **argv)
{
	const unsigned rounds = measure_rounds(argc, argv, ROUNDS);

	measure_heading("stop_latency: from SIGINT until the last blocked wait is back");
	measure_columns("quiesce", "bare futex", rounds);
	measure_compare("us, 2 threads", ours_2, bare_2, rounds);
	measure_compare("us, 64 threads", ours_64, bare_64, rounds);
	measure_compare("us, 1000 threads", ours_1000, bare_1000, rounds);
	return 0;
}
