/* SPDX-License-Identifier: MIT */
/*
 * test_fork.c - in a child made by fork every call on what the parent made says so at once, and
 * the child can make its own.
 *
 * Every function is called in a child; one that is not makes the test
 * faults/each-function-is-called-in-a-child fail.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/platform.h"
#include "support/pools.h"
#include "support/soak.h"

#define EXIT_WORD 21	/* the status of a child that ends by exit() */

#ifdef __SANITIZE_THREAD__
#define UNDER_TSAN 1

/* The children here start threads, which the thread sanitizer takes amiss unless told. */
__attribute__((__visibility__("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}
#else
#define UNDER_TSAN 0
#endif

#ifdef __SANITIZE_ADDRESS__
/*
 * A child that ends by exit() is looked at for leaks, and what its parent's threads had on
 * their stacks would be some.
 */
static bool is_child;

__attribute__((__visibility__("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return is_child;
}

static void note_child(void)
{
	is_child = true;
}
#else
static void note_child(void)
{
}
#endif

static void skip_under_tsan(const char *why)
{
	if (UNDER_TSAN) {
		print_message("SKIP: the thread sanitizer %s\n", why);
		skip();
	}
}

#define NO_SIGNALS "handles no signal in a child that was forked from several threads"

/* One of each thing, alive in the parent. */
struct heritage {
	qs_pool *pool;
	struct hold hold;
	qs_future *running;
	qs_future *pending;
	qs_stop *stop;		/* attended, with a descriptor */
	qs_stop_callback *callback;
	qs_as_completed *set;
	qs_signals *signals;
	qs_queue *queue;	/* with one item, which has a destructor */
	atomic_uint items_destroyed;
	qs_map *map;		/* with one item that was handed out */
	atomic_uint map_calls;	/* its body, its destructor, and the source's end count here */
	qs_process *process;
};

static struct heritage heritage;

static void nothing(void *arg)
{
	(void)arg;
}

/* Each item is the heritage's own count. */
static int give_item(void **out_item, void *arg)
{
	*out_item = arg;
	return 1;
}

static int heritage_make(void **state)
{
	const char *const argv[] = { "sleep", "1000", NULL };
	const int error = leftovers_note(state);
	qs_process_options program = QS_PROCESS_OPTIONS_INIT;
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_queue_options queue_options = QS_QUEUE_OPTIONS_INIT;
	qs_map_options map_options = QS_MAP_OPTIONS_INIT;
	qs_future *first;

	heritage = (struct heritage){ .pool = pool_make(1), .hold = HOLD_INIT };
	map_options.window = 1;
	map_options.destroy = map_options.close = destroy_count;
	assert_int_equal(qs_map_create(&heritage.map, heritage.pool, body_count, give_item, &heritage.map_calls, &map_options), 0);
	assert_int_equal(qs_map_next(heritage.map, &first, patience(), NULL), 1);
	heritage.running = task_submit(heritage.pool, body_hold, &heritage.hold);
	gate_await(&heritage.hold.entered, 1);
	heritage.pending = task_submit(heritage.pool, body_return, NULL);
	options.flags = QS_STOP_FROM_HANDLER;
	options.deadline = qs_after_s(1000);
	assert_int_equal(qs_stop_create(&heritage.stop, &options), 0);
	assert_true(qs_stop_fd(heritage.stop) >= 0);
	assert_int_equal(qs_stop_callback_add(&heritage.callback, heritage.stop, nothing, NULL), 0);
	assert_int_equal(qs_as_completed_create(&heritage.set, &heritage.running, 1), 0);
	assert_int_equal(qs_stop_on_signals(&heritage.signals, NULL), 0);
	queue_options.destroy = destroy_count;
	assert_int_equal(qs_queue_create(&heritage.queue, &queue_options), 0);
	assert_int_equal(qs_queue_put(heritage.queue, &heritage.items_destroyed, QS_NOW, NULL), 0);
	program.argv = argv;
	assert_int_equal(qs_process_spawn(&heritage.process, &program, NULL), 0);
	return error;
}

/* Everything is as it was, whatever a child did. */
static int heritage_end(void **state)
{
	assert_int_equal(qs_stop_is_asked(heritage.stop), 0);
	assert_int_equal(qs_future_state(heritage.pending), QS_PENDING);
	assert_int_equal(qs_queue_count(heritage.queue), 1);
	qs_queue_release(heritage.queue);
	assert_int_equal(heritage.items_destroyed, 1);
	assert_int_equal(heritage.map_calls, 1);
	qs_map_destroy(heritage.map);
	assert_int_equal(heritage.map_calls, 3);
	assert_int_equal(qs_process_wait(heritage.process, QS_NOW, NULL, NULL), -ETIMEDOUT);
	qs_process_destroy(heritage.process);
	qs_signals_close(heritage.signals);
	assert_int_equal(qs_stop_callback_remove(heritage.callback), 1);
	qs_as_completed_destroy(heritage.set);
	qs_stop_release(heritage.stop);
	gate_raise(&heritage.hold.leave);
	task_end(heritage.running, QS_DONE);
	task_end(heritage.pending, QS_DONE);
	(void)pool_end(heritage.pool, QS_DRAIN);
	return leftovers_check(state);
}

static void check_succeeds(child_fn *fn)
{
	const int status = child_run(fn, NULL);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ------------------------------------------------------------------------------ what is refused */

#define REFUSED(call) CHILD_CHECK((call) == -QS_EFORKED)

static void try_stop(void)
{
	qs_stop_options below = QS_STOP_OPTIONS_INIT;
	qs_cause cause = QS_CAUSE_INIT;
	qs_stop_callback *callback;
	qs_stop *made = NULL;

	REFUSED(qs_stop_ask(heritage.stop, 0, NULL));
	REFUSED(qs_stop_ask_from_handler(heritage.stop, SIGINT));
	REFUSED(qs_stop_is_asked(heritage.stop));
	REFUSED(qs_stop_cause(heritage.stop, &cause));
	REFUSED(qs_stop_fd(heritage.stop));
	REFUSED(qs_stop_callback_add(&callback, heritage.stop, nothing, NULL));
	REFUSED(qs_stop_callback_remove(heritage.callback));
	REFUSED(qs_sleep(QS_NEVER, heritage.stop));
	REFUSED(qs_wait_fd(STDIN_FILENO, POLLIN, QS_NEVER, heritage.stop));
	below.parent = heritage.stop;
	REFUSED(qs_stop_create(&made, &below));
	below.parent = NULL;
	below.also = heritage.stop;
	REFUSED(qs_stop_create(&made, &below));
	CHILD_CHECK(qs_stop_retain(heritage.stop) == heritage.stop);
	for (int i = 0; i < 3; i++)
		qs_stop_release(heritage.stop);
	REFUSED(qs_stop_is_asked(heritage.stop));
}

static void call_back(qs_future *future, void *arg)
{
	(void)future;
	(void)arg;
}

static void try_future(qs_future *future, const void *arg)
{
	qs_cause cause = QS_CAUSE_INIT;

	REFUSED(qs_future_state(future));
	REFUSED(qs_future_is_ended(future));
	REFUSED(qs_future_value(future));
	REFUSED(qs_future_cause(future, &cause));
	REFUSED(qs_future_cancel(future));
	REFUSED(qs_future_stop(future, 0, NULL));
	CHILD_CHECK(strcmp(qs_future_message(future), "") == 0);
	CHILD_CHECK(strcmp(qs_future_name(future), "") == 0);
	CHILD_CHECK(qs_future_arg(future) == arg);
	CHILD_CHECK(qs_future_result(future) == NULL);
	CHILD_CHECK(qs_future_take_result(future) == NULL);
	REFUSED(qs_wait(future, QS_NEVER, NULL));
	REFUSED(qs_wait_any(NULL, &future, 1, QS_NEVER, NULL));
	REFUSED(qs_wait_all(&future, 1, QS_NEVER, NULL));
	REFUSED(qs_wait_first_failure(NULL, &future, 1, QS_NEVER, NULL));
	REFUSED(qs_future_callback_add(future, call_back, NULL));
	CHILD_CHECK(qs_future_retain(future) == future);
	for (int i = 0; i < 4; i++)
		qs_future_release(future);
	REFUSED(qs_future_state(future));
}

static void try_pool(void)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_straggler straggler = QS_STRAGGLER_INIT;
	qs_stats stats = QS_STATS_INIT;
	qs_as_completed *set = NULL;
	qs_future *future;
	qs_pool *made = NULL;

	REFUSED(qs_submit(&future, heritage.pool, body_return, NULL));
	REFUSED(qs_submit_by(&future, heritage.pool, body_return, NULL, NULL, QS_NEVER, NULL));
	REFUSED(qs_pool_work(heritage.pool));
	REFUSED(qs_pool_shutdown(heritage.pool, QS_STOP));
	REFUSED(qs_pool_join(heritage.pool, QS_NEVER, NULL, NULL));
	REFUSED(qs_pool_straggler(heritage.pool, 0, &straggler));
	REFUSED(qs_pool_stats(heritage.pool, &stats));
	REFUSED(qs_pool_dump(heritage.pool, STDERR_FILENO));
	REFUSED(qs_pool_destroy(heritage.pool));
	CHILD_CHECK(qs_pool_next_unstarted(heritage.pool, NULL) == NULL);
	REFUSED(qs_stop_is_asked(qs_pool_stop(heritage.pool)));
	options.stop = heritage.stop;
	REFUSED(qs_pool_create(&made, &options));
	REFUSED(qs_as_completed_next(heritage.set, &future, QS_NEVER, NULL));
	REFUSED(qs_as_completed_create(&set, &heritage.running, 1));
	REFUSED(qs_as_completed_add(heritage.set, heritage.pending));
	REFUSED(qs_as_completed_fd(heritage.set));
	CHILD_CHECK(qs_as_completed_create(&set, NULL, 0) == 0);
	REFUSED(qs_as_completed_add(set, heritage.pending));
	qs_as_completed_destroy(set);
	qs_as_completed_destroy(heritage.set);
}

static void try_queue(void)
{
	qs_queue *own = NULL;
	void *item;

	REFUSED(qs_queue_put(heritage.queue, NULL, QS_NEVER, NULL));
	REFUSED(qs_queue_get(heritage.queue, &item, QS_NEVER, NULL));
	REFUSED(qs_queue_close(heritage.queue));
	CHILD_CHECK(qs_queue_count(heritage.queue) == 0);
	CHILD_CHECK(qs_queue_retain(heritage.queue) == heritage.queue);
	for (int i = 0; i < 3; i++)
		qs_queue_release(heritage.queue);
	CHILD_CHECK(atomic_load(&heritage.items_destroyed) == 0);
	CHILD_CHECK(qs_queue_create(&own, NULL) == 0);
	REFUSED(qs_queue_put(own, NULL, QS_NEVER, heritage.stop));
	REFUSED(qs_queue_get(own, &item, QS_NEVER, heritage.stop));
	CHILD_CHECK(qs_queue_put(own, NULL, QS_NOW, NULL) == 0);
	CHILD_CHECK(qs_queue_get(own, &item, QS_NEVER, NULL) == 0);
	qs_queue_release(own);
}

static void try_map(void)
{
	qs_map *own = NULL;
	qs_future *future;

	REFUSED(qs_map_create(&own, heritage.pool, body_return, give_item, NULL, NULL));
	REFUSED(qs_map_next(heritage.map, &future, QS_NEVER, NULL));
	REFUSED(qs_stop_is_asked(qs_map_stop(heritage.map)));
	CHILD_CHECK(qs_map_item(heritage.map) == &heritage.map_calls);
	CHILD_CHECK(qs_map_pulled(heritage.map) == 1);
	qs_map_destroy(heritage.map);
	CHILD_CHECK(atomic_load(&heritage.map_calls) == 1);
}

/* The child is the parent's. */
static void try_process(void)
{
	qs_process_options program = QS_PROCESS_OPTIONS_INIT;
	const char *const argv[] = { "true", NULL };
	qs_process *made = NULL;

	REFUSED(qs_process_pid(heritage.process));
	REFUSED(qs_process_fd_of(heritage.process));
	REFUSED(qs_process_signal(heritage.process, SIGKILL));
	REFUSED(qs_process_wait(heritage.process, QS_NEVER, NULL, NULL));
	REFUSED(qs_process_end(heritage.process, SIGKILL, QS_NOW, NULL, NULL));
	qs_process_destroy(heritage.process);
	program.argv = argv;
	REFUSED(qs_process_spawn(&made, &program, heritage.stop));
}

/* What belongs to no object works on. */
static void try_the_rest(void)
{
	CHILD_CHECK(strcmp(qs_version(), "") != 0);
	CHILD_CHECK(strcmp(qs_strerror(-QS_EFORKED), "") != 0);
	CHILD_CHECK(strcmp(qs_state_name(QS_DONE), "done") == 0);
	CHILD_CHECK(qs_now() > 0 && qs_after_ns(1) > 0 && qs_after_ms(1) > 0 && qs_after_s(1) > 0);
	CHILD_CHECK(qs_cpu_count() >= 1);
}

static int try_all(void *arg)
{
	(void)arg;
	note_child();
	try_stop();
	try_queue();
	try_future(heritage.running, &heritage.hold);
	try_future(heritage.pending, NULL);
	try_pool();
	try_map();
	try_process();
	try_the_rest();
	REFUSED(qs_stop_is_asked(qs_signals_soft(heritage.signals)));
	REFUSED(qs_stop_is_asked(qs_signals_hard(heritage.signals)));
	qs_signals_close(heritage.signals);
	CHILD_CHECK(qs_stop_exit(heritage.signals) == 0);
	return 0;
}

static void test_fork_b11_each_call_on_what_was_inherited_says_so(void **state)
{
	(void)state;
	check_succeeds(try_all);
}

/* Without the functions that pthread_atfork() was given. */
static void test_fork_b11_even_without_fork_handlers(void **state)
{
	pid_t pid;

	(void)state;
	skip_on_posix(POSIX_NO_RAW_FORKS);
	skip_under_tsan("cannot follow _Fork()");
	pid = _Fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(try_all(NULL));
	assert_int_equal(child_end(pid), 0);
}

static void test_fork_b11_even_without_libc_knowing_of_the_fork(void **state)
{
	pid_t pid;

	(void)state;
	skip_on_posix(POSIX_NO_RAW_FORKS);
	skip_under_tsan("cannot follow a raw clone");
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(try_all(NULL));
	assert_int_equal(child_end(pid), 0);
}

/* ----------------------------------------------------------------------------- forked by a task */

static int try_task(void *arg)
{
	qs_task *task = arg;

	REFUSED(qs_stop_is_asked(qs_task_stop(task)));
	REFUSED(qs_sleep(QS_NEVER, qs_task_stop(task)));
	REFUSED(qs_task_set_result(task, NULL, NULL));
	CHILD_CHECK(strcmp(qs_task_name(task), "forker") == 0);
	CHILD_CHECK(qs_task_fail(task, -EIO, "%s", "words") == -EIO);
	CHILD_CHECK(qs_task_worker_data(task) == NULL);
	CHILD_CHECK(strcmp(qs_task_deadlock(task), "") == 0);
	qs_task_checkpoint(task, "in the child");
	return try_all(NULL);
}

static int fork_and_try(qs_task *task, void *arg)
{
	(void)arg;
	return child_run(try_task, task);
}

/*
 * The child's only thread is a copy of the worker's: when the body has returned, it
 * ends, and the child with it.
 */
static int fork_and_return(qs_task *task, void *arg)
{
	const pid_t pid = fork();

	(void)task;
	(void)arg;
	if (pid > 0)
		return child_end(pid);
	note_child();
	return 0;
}

static int fork_and_exit(qs_task *task, void *arg)
{
	const pid_t pid = fork();

	(void)task;
	(void)arg;
	if (pid == 0) {
		note_child();
		exit(EXIT_WORD);
	}
	return child_end(pid);
}

/* What came of a body that forks, in a pool of its own. */
static int run_forker(qs_task_fn *fn)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_pool *pool = pool_make(2);
	qs_future *future;
	int value;

	options.name = "forker";
	future = task_submit_with(pool, fn, NULL, &options);
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	value = qs_future_value(future);
	task_end(future, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
	return value;
}

static void test_fork_b11_by_a_task_each_call_says_so(void **state)
{
	(void)state;
	skip_under_tsan(NO_SIGNALS);
	assert_int_equal(run_forker(fork_and_try), 0);
}

static void test_fork_b11_by_a_task_whose_body_returns_in_the_child(void **state)
{
	(void)state;
	skip_under_tsan(NO_SIGNALS);
	assert_int_equal(run_forker(fork_and_return), 0);
}

/* ------------------------------------------------------------------------- the end of the child */

static int leave_by_exit(void *arg)
{
	(void)arg;
	note_child();
	exit(EXIT_WORD);
}

static void join_at_exit(void)
{
	CHILD_CHECK(qs_pool_shutdown(heritage.pool, QS_STOP) == -QS_EFORKED);
	CHILD_CHECK(qs_pool_join(heritage.pool, QS_NEVER, NULL, NULL) == -QS_EFORKED);
	CHILD_CHECK(qs_pool_destroy(heritage.pool) == -QS_EFORKED);
}

static int leave_by_exit_with_a_join(void *arg)
{
	CHILD_CHECK(atexit(join_at_exit) == 0);
	return leave_by_exit(arg);
}

static void check_exits(int status)
{
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_WORD);
}

static void test_fork_b11_exit_of_the_child_does_not_hang(void **state)
{
	(void)state;
	skip_under_tsan(NO_SIGNALS);
	check_exits(child_run(leave_by_exit, NULL));
	check_exits(child_run(leave_by_exit_with_a_join, NULL));
	check_exits(run_forker(fork_and_exit));
}

/* ---------------------------------------------------------------------- what is the child's own */

static int live_anew(void *arg)
{
	qs_stop_options deadline = QS_STOP_OPTIONS_INIT;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_report report = QS_REPORT_INIT;
	struct gate entered = GATE_INIT;
	qs_signals *signals = NULL;
	qs_pool *pool = NULL;
	qs_stop *stop = NULL;

	(void)arg;
	deadline.deadline = qs_after_ms(5);
	CHILD_CHECK(qs_stop_create(&stop, &deadline) == 0);
	CHILD_CHECK(qs_sleep(patience(), stop) == -ECANCELED);
	qs_stop_release(stop);
	CHILD_CHECK(qs_stop_on_signals(&signals, NULL) == 0);
	options.workers = 2;
	options.stop = qs_signals_soft(signals);
	CHILD_CHECK(qs_pool_create(&pool, &options) == 0);
	CHILD_CHECK(qs_submit(NULL, pool, body_until_stop, &entered) == 0);
	gate_await(&entered, 1);
	CHILD_CHECK(raise(SIGTERM) == 0);
	CHILD_CHECK(qs_pool_join(pool, patience(), NULL, &report) == 0);
	CHILD_CHECK(report.ends[QS_STOPPED] == 1);
	CHILD_CHECK(qs_pool_destroy(pool) == 0);
	REFUSED(qs_stop_is_asked(heritage.stop));
	CHILD_CHECK(qs_stop_exit(signals) == 0);
	return CHILD_FAILED;
}

static void test_fork_child_makes_its_own(void **state)
{
	int status;

	(void)state;
	skip_under_tsan(NO_SIGNALS);
	status = child_run(live_anew, NULL);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

static int raise_int(void *arg)
{
	(void)arg;
	(void)raise(SIGINT);
	return CHILD_FAILED;
}

static void test_fork_inherited_handler_acts_as_the_old_disposition(void **state)
{
	int status;

	(void)state;
	skip_under_tsan(NO_SIGNALS);
	status = child_run(raise_int, NULL);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
}

static int install_and_close(void *arg)
{
	qs_signals *signals = NULL;

	(void)arg;
	CHILD_CHECK(qs_stop_on_signals(&signals, NULL) == 0);
	qs_signals_close(signals);
	(void)raise(SIGINT);
	return CHILD_FAILED;
}

static void test_fork_old_disposition_is_still_there_after_a_ladder_of_its_own(void **state)
{
	int status;

	(void)state;
	skip_under_tsan(NO_SIGNALS);
	status = child_run(install_and_close, NULL);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
}

static int grandchild(void *arg)
{
	qs_pool *pool = arg;

	REFUSED(qs_pool_shutdown(pool, QS_STOP));
	REFUSED(qs_pool_shutdown(heritage.pool, QS_STOP));
	return live_anew(NULL);
}

static int fork_again(void *arg)
{
	qs_pool *pool = NULL;
	int status;

	(void)arg;
	CHILD_CHECK(qs_pool_create(&pool, NULL) == 0);
	status = child_run(grandchild, pool);
	CHILD_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	CHILD_CHECK(qs_pool_join(pool, patience(), NULL, NULL) == 0);
	CHILD_CHECK(qs_pool_destroy(pool) == 0);
	return 0;
}

static void test_fork_grandchild_tells_both_from_its_own(void **state)
{
	(void)state;
	skip_under_tsan(NO_SIGNALS);
	check_succeeds(fork_again);
}

/* ----------------------------------------------------------------------------- forks under load */

#define FORKS 200
#define FORKS_OF_SOAK 10000

static int submit_again(qs_task *task, void *arg)
{
	if (qs_stop_is_asked(qs_task_stop(task)) == 0)
		(void)qs_submit(NULL, arg, submit_again, arg);
	return 0;
}

static int use_after_fork(void *pool)
{
	qs_stop_options deadline = QS_STOP_OPTIONS_INIT;
	qs_stop *stop = NULL;

	REFUSED(qs_submit(NULL, pool, body_return, NULL));
	REFUSED(qs_pool_join(pool, QS_NEVER, NULL, NULL));
	/*
	 * The attendant gets the stack of a thread of the parent's, which the thread sanitizer
	 * believes to be there still.
	 */
	if (UNDER_TSAN)
		return 0;
	deadline.deadline = qs_after_s(100);
	CHILD_CHECK(qs_stop_create(&stop, &deadline) == 0);
	qs_stop_release(stop);
	return 0;
}

/* The parent's locks may be held at the moment of the fork; the child never waits for one of them. */
static void test_fork_b11_under_load_never_hangs(void **state)
{
	qs_pool *pool = pool_make(2);

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(qs_submit(NULL, pool, submit_again, pool), 0);
	for (long i = soak_or(FORKS, FORKS_OF_SOAK); i > 0; i--)
		assert_int_equal(child_run(use_after_fork, pool), 0);
	(void)pool_end(pool, QS_STOP);
}

#define test(name) cmocka_unit_test_setup_teardown(name, heritage_make, heritage_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_fork_b11_each_call_on_what_was_inherited_says_so),
		test(test_fork_b11_even_without_fork_handlers),
		test(test_fork_b11_even_without_libc_knowing_of_the_fork),
		test(test_fork_b11_by_a_task_each_call_says_so),
		test(test_fork_b11_by_a_task_whose_body_returns_in_the_child),
		test(test_fork_b11_exit_of_the_child_does_not_hang),
		test(test_fork_child_makes_its_own),
		test(test_fork_inherited_handler_acts_as_the_old_disposition),
		test(test_fork_old_disposition_is_still_there_after_a_ladder_of_its_own),
		test(test_fork_grandchild_tells_both_from_its_own),
		test(test_fork_b11_under_load_never_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
