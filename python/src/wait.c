/* SPDX-License-Identifier: MIT */
/*
 * wait.c - waits that a signal handler interrupts.
 *
 * Python runs handlers in the main thread, between two steps of ours.  A signal that comes after
 * PyErr_CheckSignals() and before the sleep would be noticed only when the sleep ends; so signals
 * are blocked, looked for, and let in by ppoll() itself.  But one that is blocked here another
 * thread may take, if it blocks none: then Python knows of it, and nothing wakes us.  So a wait is a
 * row of sleeps, each five times as long as the one before: the moments between them, in which that
 * can happen, are soon far apart, and what fell into one is noticed at the next.  A handler that
 * returns does not end the wait: the deadline is a point in time, and stays.
 */
#include "wait.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "gil.h"

#define NS_PER_S 1000000000
#define NS_PER_MS 1000000

#define FIRST_SLEEP_NS (1 * NS_PER_MS)
#define NEXT_SLEEP 5		/* times as long */
#define LONGEST_SLEEP_NS (INT64_MAX / NEXT_SLEEP)

int deadline_of(PyObject *timeout, qs_time *out)
{
	double seconds;

	*out = QS_NEVER;
	if (timeout == NULL || timeout == Py_None)
		return 0;
	seconds = PyFloat_AsDouble(timeout);
	if (seconds == -1.0 && PyErr_Occurred())
		return -1;
	if (isnan(seconds)) {
		PyErr_SetString(PyExc_ValueError, "timeout is not a number (NaN)");
		return -1;
	}
	if (seconds <= 0)
		*out = QS_NOW;
	else if (seconds < (double)INT64_MAX / NS_PER_S)
		*out = qs_after_ns((int64_t)(seconds * NS_PER_S));
	return 0;
}

static unsigned long main_thread;

void note_main_thread(unsigned long ident)
{
	main_thread = ident;
}

bool is_main_thread(void)
{
	return PyThread_get_thread_ident() == main_thread;
}

/* -------------------------------------------------------------------------------- descriptors */

static const struct timespec *time_left(qs_time deadline, struct timespec *out)
{
	const qs_time now = qs_now();
	const int64_t left = deadline > now ? deadline - now : 0;

	if (deadline == QS_NEVER)
		return NULL;
	out->tv_sec = left / NS_PER_S;
	out->tv_nsec = left % NS_PER_S;
	return out;
}

struct look {
	int fd;
	qs_time deadline;
	sigset_t mask;		/* the thread's own */
};

static int look_and_sleep(void *arg)
{
	const struct look *look = arg;
	struct pollfd poll = { look->fd, POLLIN, 0 };
	struct timespec left;

	return ppoll(&poll, 1, time_left(look->deadline, &left), &look->mask);
}

/* One sleep, which a signal ends: 1, 0; -2 = look again; -1 with an exception. */
static int sleep_once(struct look *look)
{
	sigset_t all;
	int result = -1;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &look->mask);
	if (PyErr_CheckSignals() == 0) {
		result = gil_wait(look_and_sleep, look);
		result = result < 0 ? -2 : result;
	}
	(void)pthread_sigmask(SIG_SETMASK, &look->mask, NULL);
	return result;
}

int wait_readable(int fd, qs_time deadline)
{
	struct look look = { .fd = fd };
	int64_t sleep_ns = FIRST_SLEEP_NS;
	int result;

	do {
		const qs_time soon = qs_after_ns(sleep_ns);

		look.deadline = soon < deadline ? soon : deadline;
		result = sleep_once(&look);
		sleep_ns *= sleep_ns < LONGEST_SLEEP_NS ? NEXT_SLEEP : 1;
	} while (result == -2 || (result == 0 && look.deadline != deadline));
	return result;
}

/* --------------------------------------------------------------------------------- one future */

struct one {
	qs_future *future;
	qs_time deadline;
};

static int wait_in_the_core(void *arg)
{
	const struct one *one = arg;

	return qs_wait(one->future, one->deadline, NULL);
}

/* In the main thread: on the descriptor of a set with this one in it. */
static int wait_interruptibly(qs_future *future, qs_time deadline)
{
	qs_as_completed *set;
	qs_future *ended;
	int result = qs_as_completed_create(&set, &future, 1);
	int fd;

	if (result < 0) {
		(void)raise_code(result);
		return -1;
	}
	fd = qs_as_completed_fd(set);
	if (fd < 0)
		(void)raise_code(fd);
	result = -ETIMEDOUT;
	while (fd >= 0 && result == -ETIMEDOUT) {
		const int is_readable = wait_readable(fd, deadline);

		result = qs_as_completed_next(set, &ended, QS_NOW, NULL);
		if (is_readable <= 0) {
			result = is_readable < 0 ? -EINTR : result;
			break;
		}
	}
	qs_as_completed_destroy(set);
	if (result == -ETIMEDOUT && fd >= 0)
		PyErr_SetNone(lookups.timeout_error);
	return result == 1 ? 0 : -1;
}

int wait_for_future(qs_future *future, qs_time deadline)
{
	struct one one = { future, deadline };
	int result = qs_wait(future, QS_NOW, NULL);

	if (result == 0)
		return 0;
	if (deadline <= 0) {
		PyErr_SetNone(lookups.timeout_error);
		return -1;
	}
	if (resident_here() == NULL && is_main_thread())
		return wait_interruptibly(future, deadline);
	result = gil_wait(wait_in_the_core, &one);
	if (result < 0)
		(void)raise_code(result);
	return result < 0 ? -1 : 0;
}

/* ---------------------------------------------------------------------------------- one stop */

struct nap {
	qs_stop *stop;
	qs_time deadline;
};

static int sleep_in_the_core(void *arg)
{
	const struct nap *nap = arg;

	return qs_sleep(nap->deadline, nap->stop);
}

int wait_for_stop(qs_stop *stop, qs_time deadline)
{
	struct nap nap = { stop, deadline };
	int result;

	if (resident_here() == NULL && is_main_thread()) {
		result = stop != NULL ? qs_stop_fd(stop) : -1;
		if (stop != NULL && result < 0) {
			(void)raise_code(result);
			return -1;
		}
		return wait_readable(result, deadline);
	}
	result = gil_wait(sleep_in_the_core, &nap);
	if (result < 0 && result != -ECANCELED) {
		(void)raise_code(result);
		return -1;
	}
	return result == -ECANCELED ? 1 : 0;
}
