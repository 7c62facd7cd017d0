/* SPDX-License-Identifier: MIT */
/*
 * test_faults_stop.c - tokens, with and without an attendant, while the system refuses what
 * they ask for (B1, B2, B4).
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "faults/loop.h"
#include "support/patience.h"

static int create_below(qs_stop **out, qs_stop *parent, qs_stop *also)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;

	options.parent = parent;
	options.also = also;
	return qs_stop_create(out, &options);
}

/* Whatever is there of a tree hears of it when its root is asked. */
static void check_hears(qs_stop *root, qs_stop *below)
{
	qs_cause cause = QS_CAUSE_INIT;

	if (root == NULL)
		return;
	assert_int_equal(qs_stop_ask(root, -5, "enough"), 1);
	if (below == NULL)
		return;
	assert_int_equal(qs_stop_is_asked(below), 1);
	assert_int_equal(qs_stop_cause(below, &cause), 1);
	assert_int_equal(cause.code, -5);
}

static int use_tree(void)
{
	qs_stop *root = NULL;
	qs_stop *other = NULL;
	qs_stop *below = NULL;
	int error = qs_stop_create(&root, NULL);

	if (error == 0)
		error = qs_stop_create(&other, NULL);
	if (error == 0)
		error = create_below(&below, root, other);
	qs_stop_release(qs_stop_retain(root));
	check_hears(root, below);
	qs_stop_release(below);
	qs_stop_release(other);
	qs_stop_release(root);
	return error;
}

static void count(void *arg)
{
	++*(int *)arg;
}

static int use_callbacks(void)
{
	qs_stop_callback *first = NULL;
	qs_stop_callback *second = NULL;
	qs_stop *stop = NULL;
	int calls = 0;
	int error = qs_stop_create(&stop, NULL);

	if (error == 0)
		error = qs_stop_callback_add(&first, stop, count, &calls);
	if (error == 0) {
		assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
		assert_int_equal(calls, 1);
		error = qs_stop_callback_add(&second, stop, count, &calls);
		assert_int_equal(calls, error == 0 ? 2 : 1);
	}
	assert_int_equal(qs_stop_callback_remove(first), 0);
	assert_int_equal(qs_stop_callback_remove(second), 0);
	qs_stop_release(stop);
	return error;
}

/* A token without a descriptor is a token all the same. */
static int use_descriptors(void)
{
	int ends[2];
	qs_stop *stop = NULL;
	int fd = -1;
	int error = qs_stop_create(&stop, NULL);

	sites_pause();
	assert_int_equal(pipe(ends), 0);
	sites_resume();
	if (error == 0) {
		fd = qs_stop_fd(stop);
		error = fd < 0 ? fd : 0;
	}
	if (error == 0)
		assert_int_equal(qs_wait_fd(ends[0], POLLIN, QS_NOW, stop), -ETIMEDOUT);
	if (stop != NULL) {
		assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
		assert_int_equal(qs_sleep(patience(), stop), -ECANCELED);
		assert_int_equal(qs_wait_fd(ends[0], POLLIN, patience(), stop), -ECANCELED);
	}
	if (fd >= 0)
		assert_int_equal(poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 0), 1);
	qs_stop_release(stop);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return error;
}

/* The attendant. */
static int use_deadline(void)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop *stop = NULL;
	int error;

	options.deadline = qs_after_ns(1000);
	error = qs_stop_create(&stop, &options);
	if (error == 0)
		assert_int_equal(qs_sleep(patience(), stop), -ECANCELED);
	qs_stop_release(stop);
	return error;
}

static int use_asking_from_handler(void)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop *stop = NULL;
	qs_stop *below = NULL;
	int error;

	options.flags = QS_STOP_FROM_HANDLER;
	error = qs_stop_create(&stop, &options);
	if (error == 0)
		error = create_below(&below, stop, NULL);
	if (stop != NULL)
		assert_int_equal(qs_stop_ask_from_handler(stop, SIGUSR1), 1);
	if (below != NULL)
		assert_int_equal(qs_sleep(patience(), below), -ECANCELED);
	qs_stop_release(below);
	qs_stop_release(stop);
	return error;
}

int main(void)
{
	static const struct workload workloads[] = {
		{ "tree", use_tree, NEEDS_MEMORY },
		{ "callbacks", use_callbacks, NEEDS_MEMORY },
		{ "descriptors", use_descriptors, NEEDS_MEMORY | NEEDS_DESCRIPTORS },
		{ "deadline", use_deadline, NEEDS_MEMORY | NEEDS_THREADS },
		{ "asking_from_handler", use_asking_from_handler, NEEDS_MEMORY | NEEDS_THREADS },
	};

	return faults_run(workloads, sizeof(workloads) / sizeof(workloads[0]));
}
