/* SPDX-License-Identifier: MIT */
/*
 * gate.c - a count under a mutex, with a limit on every wait.
 */
#define _GNU_SOURCE
#include "support/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/patience.h"

#define NS_PER_S INT64_C(1000000000)
#define LOOK_NS 200000	/* between two looks at something that tells nobody when it changes */

void gate_raise(struct gate *gate)
{
	(void)pthread_mutex_lock(&gate->lock);
	gate->level++;
	(void)pthread_cond_broadcast(&gate->is_raised);
	(void)pthread_mutex_unlock(&gate->lock);
}

void gate_reset(struct gate *gate)
{
	(void)pthread_mutex_lock(&gate->lock);
	gate->level = 0;
	(void)pthread_mutex_unlock(&gate->lock);
}

unsigned gate_level(struct gate *gate)
{
	unsigned level;

	(void)pthread_mutex_lock(&gate->lock);
	level = gate->level;
	(void)pthread_mutex_unlock(&gate->lock);
	return level;
}

static void give_up(const struct gate *gate, unsigned level, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: the gate was raised %u times, not %u; giving up\n", file, line, gate->level, level);
	abort();
}

/* Wait for a raise, until the limit or, where only the wall clock is to be had, about as long. */
static void await_raise(struct gate *gate, qs_time limit)
{
#ifdef __GLIBC__
	const struct timespec point = { (time_t)(limit / NS_PER_S), (long)(limit % NS_PER_S) };

	(void)pthread_cond_clockwait(&gate->is_raised, &gate->lock, CLOCK_MONOTONIC, &point);
#else
	struct timespec point;

	(void)clock_gettime(CLOCK_REALTIME, &point);
	point.tv_sec += (time_t)((limit - qs_now()) / NS_PER_S) + 1;
	(void)pthread_cond_timedwait(&gate->is_raised, &gate->lock, &point);
#endif
}

void gate_await_at(struct gate *gate, unsigned level, const char *file, int line)
{
	const qs_time limit = patience();

	(void)pthread_mutex_lock(&gate->lock);
	while (gate->level < level) {
		if (qs_now() >= limit)
			give_up(gate, level, file, line);
		await_raise(gate, limit);
	}
	(void)pthread_mutex_unlock(&gate->lock);
}

bool eventually(bool (*is_so)(void *arg), void *arg)
{
	const qs_time limit = patience();

	while (!is_so(arg)) {
		if (qs_now() > limit)
			return false;
		(void)nanosleep(&(struct timespec){ 0, LOOK_NS }, NULL);
	}
	return true;
}
