/* SPDX-License-Identifier: MIT */
/*
 * gate.h - order between threads of a test, without sleeping and without
 * the library that is tested.
 *
 *	static struct gate entered = GATE_INIT;
 *
 *	gate_raise(&entered);		one more has come
 *	gate_await(&entered, 3);	until three have
 *
 * A gate that stays shut for longer than patience allows ends the process with
 * words: a hang that says where.
 */
#ifndef TEST_GATE_H
#define TEST_GATE_H

#include <pthread.h>
#include <stdbool.h>

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t is_raised;
	unsigned level;		/* L  how often it was raised */
};
#define GATE_INIT { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 }

void gate_raise(struct gate *gate);

/* For a static gate that an earlier test has used. */
void gate_reset(struct gate *gate);

unsigned gate_level(struct gate *gate);

#define gate_await(gate, level) gate_await_at((gate), (level), __FILE__, __LINE__)
void gate_await_at(struct gate *gate, unsigned level, const char *file, int line);

/*
 * For what no gate can tell: that a thread is asleep.  True as soon as is_so(arg) is, false
 * when patience has ended.
 */
bool eventually(bool (*is_so)(void *arg), void *arg);

#endif
