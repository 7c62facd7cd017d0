/* SPDX-License-Identifier: MIT */
/*
 * test_stop.c - the tree of tokens: who is asked, why, and what is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

static qs_stop *stop_make(qs_stop *parent, qs_stop *also)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop *stop = NULL;

	options.parent = parent;
	options.also = also;
	assert_int_equal(qs_stop_create(&stop, &options), 0);
	return stop;
}

static qs_cause cause_of(const qs_stop *stop)
{
	qs_cause cause = QS_CAUSE_INIT;

	(void)qs_stop_cause(stop, &cause);
	return cause;
}

static void test_stop_new_is_not_asked(void **state)
{
	qs_stop *stop = stop_make(NULL, NULL);
	qs_cause cause = QS_CAUSE_INIT;

	(void)state;
	assert_int_equal(qs_stop_is_asked(stop), 0);
	assert_int_equal(qs_stop_cause(stop, &cause), 0);
	assert_int_equal(cause.kind, QS_CAUSE_NONE);
	assert_string_equal(cause.text, "");
	qs_stop_release(stop);
}

static void test_stop_first_cause_wins(void **state)
{
	qs_stop *stop = stop_make(NULL, NULL);

	(void)state;
	assert_int_equal(qs_stop_ask(stop, -ECONNREFUSED, "no route"), 1);
	assert_int_equal(qs_stop_ask(stop, -EIO, "later"), 0);
	assert_int_equal(qs_stop_is_asked(stop), 1);
	assert_int_equal(cause_of(stop).kind, QS_CAUSE_ASKED);
	assert_int_equal(cause_of(stop).code, -ECONNREFUSED);
	assert_string_equal(cause_of(stop).text, "no route");
	assert_string_equal(cause_of(stop).task, "");
	qs_stop_release(stop);
}

static void test_stop_text_defaults_and_is_cut(void **state)
{
	qs_stop *one = stop_make(NULL, NULL);
	qs_stop *other = stop_make(NULL, NULL);
	char text[3 * QS_TEXT_SIZE];

	(void)state;
	assert_int_equal(qs_stop_ask(one, 0, NULL), 1);
	assert_string_equal(cause_of(one).text, "stop asked");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(qs_stop_ask(other, 0, text), 1);
	assert_int_equal(strlen(cause_of(other).text), QS_TEXT_SIZE - 1);
	qs_stop_release(other);
	qs_stop_release(one);
}

static void test_stop_asking_goes_down_never_up_or_aside(void **state)
{
	qs_stop *root = stop_make(NULL, NULL);
	qs_stop *middle = stop_make(root, NULL);
	qs_stop *sibling = stop_make(root, NULL);
	qs_stop *leaf = stop_make(middle, NULL);

	(void)state;
	assert_int_equal(qs_stop_ask(middle, -EIO, "disk"), 1);
	assert_int_equal(qs_stop_is_asked(root), 0);
	assert_int_equal(qs_stop_is_asked(sibling), 0);
	assert_int_equal(qs_stop_is_asked(leaf), 1);
	assert_string_equal(cause_of(leaf).text, "disk");
	assert_int_equal(qs_stop_ask(root, 0, "all"), 1);
	assert_string_equal(cause_of(sibling).text, "all");
	assert_string_equal(cause_of(leaf).text, "disk");
	qs_stop_release(leaf);
	qs_stop_release(sibling);
	qs_stop_release(middle);
	qs_stop_release(root);
}

static void test_stop_either_of_two_parents_asks(void **state)
{
	(void)state;
	for (int which = 0; which < 2; which++) {
		qs_stop *parents[2] = { stop_make(NULL, NULL), stop_make(NULL, NULL) };
		qs_stop *child = stop_make(parents[0], parents[1]);

		assert_int_equal(qs_stop_ask(parents[which], 0, which == 0 ? "one" : "other"), 1);
		assert_string_equal(cause_of(child).text, which == 0 ? "one" : "other");
		assert_int_equal(qs_stop_is_asked(parents[1 - which]), 0);
		assert_int_equal(qs_stop_ask(parents[1 - which], 0, "late"), 1);
		assert_string_not_equal(cause_of(child).text, "late");
		qs_stop_release(child);
		qs_stop_release(parents[0]);
		qs_stop_release(parents[1]);
	}
}

static void test_stop_same_parent_twice_is_harmless(void **state)
{
	qs_stop *parent = stop_make(NULL, NULL);
	qs_stop *child = stop_make(parent, parent);

	(void)state;
	assert_int_equal(qs_stop_ask(parent, 0, NULL), 1);
	assert_int_equal(qs_stop_is_asked(child), 1);
	qs_stop_release(child);
	qs_stop_release(parent);
}

static void test_stop_child_of_an_asked_one_is_born_asked(void **state)
{
	qs_stop *parent = stop_make(NULL, NULL);
	qs_stop *open = stop_make(NULL, NULL);
	qs_stop *one;
	qs_stop *other;

	(void)state;
	(void)qs_stop_ask(parent, -EPIPE, "gone");
	one = stop_make(parent, open);
	other = stop_make(open, parent);
	assert_int_equal(cause_of(one).code, -EPIPE);
	assert_int_equal(cause_of(other).code, -EPIPE);
	assert_int_equal(qs_sleep(QS_NEVER, one), -ECANCELED);
	qs_stop_release(other);
	qs_stop_release(one);
	qs_stop_release(open);
	qs_stop_release(parent);
}

static void test_stop_child_keeps_its_parents(void **state)
{
	qs_stop *root = stop_make(NULL, NULL);
	qs_stop *middle = stop_make(root, NULL);
	qs_stop *leaf = stop_make(middle, NULL);

	(void)state;
	qs_stop_release(middle);
	assert_int_equal(qs_stop_ask(root, 0, "from above"), 1);
	qs_stop_release(root);
	/* The reason lives in a token that only the leaf still keeps. */
	assert_string_equal(cause_of(leaf).text, "from above");
	qs_stop_release(leaf);
}

static void test_stop_long_chain_is_walked_and_freed_without_a_deep_stack(void **state)
{
	enum { LENGTH = 100000 };
	qs_stop *root = stop_make(NULL, NULL);
	qs_stop *last = qs_stop_retain(root);

	(void)state;
	for (int i = 0; i < LENGTH; i++) {
		qs_stop *next = stop_make(last, NULL);

		qs_stop_release(last);
		last = next;
	}
	assert_int_equal(qs_stop_ask(root, 0, NULL), 1);
	assert_int_equal(qs_stop_is_asked(last), 1);
	qs_stop_release(root);
	qs_stop_release(last);
}

static bool is_readable(int fd)
{
	struct pollfd look = { fd, POLLIN, 0 };

	return poll(&look, 1, 0) == 1;
}

static void test_stop_fd_is_readable_once_asked(void **state)
{
	qs_stop *parent = stop_make(NULL, NULL);
	qs_stop *child = stop_make(parent, NULL);
	const int fd = qs_stop_fd(child);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(qs_stop_fd(child), fd);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_false(is_readable(fd));
	assert_int_equal(qs_stop_ask(parent, 0, NULL), 1);
	assert_true(is_readable(fd));
	assert_true(is_readable(qs_stop_fd(parent)));	/* made after it was asked */
	qs_stop_release(child);
	qs_stop_release(parent);
}

/* No descriptor left: only what needs one fails (B4). */
static int without_descriptors(void *arg)
{
	const struct rlimit none = { 0, 0 };
	struct gate entered = GATE_INIT;
	qs_pool *pool = NULL;
	qs_stop *stop = NULL;

	(void)arg;
	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	CHILD_CHECK(qs_stop_create(&stop, NULL) == 0);
	CHILD_CHECK(qs_stop_fd(stop) == -EMFILE);
	CHILD_CHECK(qs_stop_fd(stop) == -EMFILE);
	CHILD_CHECK(qs_pool_create(&pool, NULL) == 0);
	CHILD_CHECK(qs_submit(NULL, pool, body_until_stop, &entered) == 0);
	gate_await(&entered, 1);
	CHILD_CHECK(qs_pool_shutdown(pool, QS_STOP) == 0);
	CHILD_CHECK(qs_pool_join(pool, patience(), NULL, NULL) == 0);
	CHILD_CHECK(qs_pool_destroy(pool) == 0);
	CHILD_CHECK(qs_stop_ask(stop, 0, NULL) == 1);
	qs_stop_release(stop);
	return 0;
}

static void test_stop_b4_without_descriptors_only_the_descriptor_fails(void **state)
{
	const int status = child_run(without_descriptors, NULL);

	(void)state;
	assert_int_equal(status, 0);
}

static int ask_parent(qs_task *task, void *parent)
{
	(void)task;
	return qs_stop_ask(parent, -EIO, NULL);
}

static void test_stop_cause_names_the_task_that_asked(void **state)
{
	qs_stop *stop = stop_make(NULL, NULL);
	qs_pool *pool = pool_make(1);
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	(void)state;
	options.name = "parser";
	task_end(task_submit_with(pool, ask_parent, stop, &options), QS_DONE);
	assert_string_equal(cause_of(stop).task, "parser");
	assert_string_equal(cause_of(stop).text, "stop asked");
	assert_int_equal(cause_of(stop).code, -EIO);
	(void)pool_end(pool, QS_DRAIN);
	qs_stop_release(stop);
}

static void test_stop_bad_arguments_are_refused(void **state)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_cause cause = QS_CAUSE_INIT;
	qs_stop *stop = NULL;

	(void)state;
	assert_int_equal(qs_stop_create(NULL, NULL), -EINVAL);
	options.size++;
	assert_int_equal(qs_stop_create(&stop, &options), -EINVAL);
	options.size = sizeof(options);
	options.flags = 1u << 31;
	assert_int_equal(qs_stop_create(&stop, &options), -EINVAL);
	assert_null(stop);

	stop = stop_make(NULL, NULL);
	assert_int_equal(qs_stop_ask(stop, 5, NULL), -EINVAL);
	assert_int_equal(qs_stop_is_asked(stop), 0);
	assert_int_equal(qs_stop_cause(stop, NULL), -EINVAL);
	cause.size--;
	assert_int_equal(qs_stop_cause(stop, &cause), -EINVAL);
	assert_int_equal(qs_stop_ask_from_handler(stop, SIGINT), -ENOTSUP);
	assert_int_equal(qs_stop_is_asked(stop), 0);
	qs_stop_release(stop);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void test_stop_null_is_refused_or_nothing(void **state)
{
	qs_cause cause = QS_CAUSE_INIT;
	qs_stop_callback *callback;

	(void)state;
	assert_null(qs_stop_retain(NULL));
	qs_stop_release(NULL);
	assert_int_equal(qs_stop_ask(NULL, 0, NULL), -EINVAL);
	assert_int_equal(qs_stop_ask_from_handler(NULL, SIGINT), -EINVAL);
	assert_int_equal(qs_stop_is_asked(NULL), 0);
	assert_int_equal(qs_stop_cause(NULL, &cause), -EINVAL);
	assert_int_equal(qs_stop_fd(NULL), -EINVAL);
	assert_int_equal(qs_stop_callback_add(&callback, NULL, nothing, NULL), -EINVAL);
	assert_int_equal(qs_stop_callback_remove(NULL), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_stop_new_is_not_asked),
		test(test_stop_first_cause_wins),
		test(test_stop_text_defaults_and_is_cut),
		test(test_stop_asking_goes_down_never_up_or_aside),
		test(test_stop_either_of_two_parents_asks),
		test(test_stop_same_parent_twice_is_harmless),
		test(test_stop_child_of_an_asked_one_is_born_asked),
		test(test_stop_child_keeps_its_parents),
		test(test_stop_long_chain_is_walked_and_freed_without_a_deep_stack),
		test(test_stop_fd_is_readable_once_asked),
		test(test_stop_b4_without_descriptors_only_the_descriptor_fails),
		test(test_stop_cause_names_the_task_that_asked),
		test(test_stop_bad_arguments_are_refused),
		test(test_stop_null_is_refused_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
