/* SPDX-License-Identifier: MIT */
/*
 * quiesce.h - run many tasks at once and stop them cleanly.
 *
 * A *pool* runs *tasks* on workers.  Each accepted task has a *future*, which reaches exactly one
 * end and tells every waiter at once.  A *stop* is a token that asks tasks to end; tokens form a
 * tree, and every call that can wait takes one.  A signal can ask a stop.  The way down (shutdown,
 * join, destroy) has a deadline and names what overstays it.
 *
 * A complete program:
 *
 *	#include <quiesce.h>
 *
 *	static int nap(qs_task *task, void *arg)
 *	{
 *		return qs_sleep(qs_after_s(*(int *)arg), qs_task_stop(task));
 *	}
 *
 *	int main(void)
 *	{
 *		int seconds = 100;
 *		qs_signals *signals = NULL;
 *		qs_pool *pool = NULL;
 *		qs_pool_options options = QS_POOL_OPTIONS_INIT;
 *
 *		if (qs_stop_on_signals(&signals, NULL) < 0)
 *			return 1;
 *		options.stop = qs_signals_soft(signals);
 *		if (qs_pool_create(&pool, &options) < 0 || qs_submit(NULL, pool, nap, &seconds) < 0)
 *			return 1;
 *		qs_pool_shutdown(pool, QS_DRAIN);
 *		qs_pool_join(pool, QS_NEVER, qs_signals_hard(signals), NULL);
 *		qs_pool_destroy(pool);
 *		return qs_stop_exit(signals);
 *	}
 *
 * Conventions.  A call returns 0 or a count on success and a negative code on failure: an errno
 * value or one of ours (enum qs_error); `errno` itself is left alone.  Outputs come first and are
 * written on success only.  A struct that crosses the border begins with its `size`, set by its
 * QS_..._INIT; in it 0 means the default, and a size or a flag that this library does not know is
 * refused with -EINVAL.  A pointer parameter is *borrowed* (until the call returns, or as said),
 * *given* or *shared* (counted).  A first parameter that a comment does not list is the object
 * itself, borrowed for the call.  The library never prints, exits or aborts (debug builds do
 * assert), and starts no thread and installs no handler that was not asked for.
 *
 * The last line of each comment: which threads may call; whether it waits; whether a signal
 * handler may call it; and what it does in a child made by fork, on an object that was made
 * before the fork ("-QS_EFORKED" unless said).  Using an object after it was destroyed is
 * undefined; debug builds catch it.
 *
 * What is said here is true on Linux.  A library that was built on nothing but POSIX
 * (QS_PLATFORM=posix) cannot keep all of it, above all of what is said of fork, of children and of
 * time below a millisecond; each difference is a row of one table, in docs/design/platform.md.
 */
#ifndef QUIESCE_H
#define QUIESCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define QS_API __attribute__((__visibility__("default")))
#define QS_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define QS_API
#define QS_PRINTF(text, first)
#endif

/* -------------------------------------------------------------------------------------------------
 * Version
 */

/*
 * qs_version - the version of the library that is linked, such as "0.1.0".
 *
 * Versions 0.x may break source and binary compatibility from one to the next; each
 * break is in CHANGELOG.md.
 *
 * Returns static text.
 * Threads: any.  Waits: no.  Handlers: yes.  Fork: works.
 */
QS_API const char *qs_version(void);

/* -------------------------------------------------------------------------------------------------
 * Errors
 *
 * Calls return them negated: ours, enum qs_error, and errno's, which mean here:
 *
 *	EINVAL		an argument is missing, out of range, or of another version
 *	ENOMEM		no memory
 *	EAGAIN		no room in the queue, or no more threads or processes at present
 *	ETIMEDOUT	the deadline came first
 *	ECANCELED	a stop was asked first
 *	ESHUTDOWN	the pool or the queue takes no more
 *	EDEADLK		the call would wait for itself
 *	EBUSY		in use, or not over yet
 *	EMFILE		this process has no descriptor left
 *	ENFILE		the system has no descriptor left
 *	ENOTSUP		not made for that
 *
 * qs_strerror() says the same, and the system's words for all others.
 */

enum qs_error {
	QS_EFORKED = 4096,	/* made by the parent process, before fork */
	QS_ELOST = 4097,	/* the child's status was taken by somebody else */
	QS_EEXITED = 4098,	/* the body ended its thread, or was left by an exception, instead of returning */
};

/*
 * qs_strerror - words for a code that a call or a task returned.
 *
 *   code        negative or positive, errno's or ours
 *
 * Returns static text, never NULL.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: works.
 */
QS_API const char *qs_strerror(int code);

/* -------------------------------------------------------------------------------------------------
 * Time
 *
 * A deadline is a point in time, not a length: it stays the same however many calls share it, and
 * however often a wait is interrupted and goes on.  Nanoseconds on the monotonic clock, which no
 * change of the wall clock moves.
 */

/* A point on the monotonic clock, in ns. */
typedef int64_t qs_time;

#define QS_NOW ((qs_time)0)		/* do not wait; so does every point that has passed, and every negative one */
#define QS_NEVER ((qs_time)INT64_MAX)	/* wait without end */

/*
 * qs_now - the present, as a point in time.  qs_after_s, qs_after_ms, qs_after_ns - the point
 * that is so far from now.
 *
 *   seconds, milliseconds, nanoseconds  how far; a negative length is none
 *
 * Returns a point in time; QS_NEVER for one that is too far to be told.
 * Threads: any.  Waits: no.  Handlers: yes.  Fork: works.
 */
QS_API qs_time qs_now(void);
QS_API qs_time qs_after_s(int64_t seconds);
QS_API qs_time qs_after_ms(int64_t milliseconds);
QS_API qs_time qs_after_ns(int64_t nanoseconds);

/* -------------------------------------------------------------------------------------------------
 * Stop: a token that asks for an end
 *
 * A stop is asked once; asking again does nothing, and the first cause wins.  Asking a parent asks
 * all below it, never the other way.  Tokens are counted; a child keeps its parents alive.
 */

typedef struct qs_stop qs_stop;
typedef struct qs_stop_callback qs_stop_callback;
typedef void qs_stop_fn(void *arg);

#define QS_NAME_SIZE 32		/* bytes of a copied name, its end included; longer names are cut */
#define QS_TEXT_SIZE 96		/* bytes of a copied reason, its end included */

typedef enum qs_cause_kind {
	QS_CAUSE_NONE,		/* nothing was asked */
	QS_CAUSE_ASKED,		/* qs_stop_ask() */
	QS_CAUSE_SIGNAL,	/* a signal: `signal` */
	QS_CAUSE_DEADLINE,	/* a deadline came: the token's, or the task's own */
	QS_CAUSE_CANCELLED,	/* qs_future_cancel() */
	QS_CAUSE_SHUTDOWN,	/* qs_pool_shutdown() */
	QS_CAUSE_OVERSTAYED,	/* the deadline of qs_pool_join(), or its hard token */
} qs_cause_kind;

/* Why a stop was asked.  Filled in by the library. */
typedef struct qs_cause {
	uint32_t size;
	qs_cause_kind kind;		/* who or what asked */
	int code;			/* ASKED: the code that was given, such as -ECONNREFUSED; else 0 */
	int signal;			/* SIGNAL: its number; else 0 */
	char text[QS_TEXT_SIZE];	/* one line for people, never empty once asked */
	char task[QS_NAME_SIZE];	/* ASKED: the name of the task whose body asked, or "" */
} qs_cause;
#define QS_CAUSE_INIT { sizeof(qs_cause), QS_CAUSE_NONE, 0, 0, { 0 }, { 0 } }

typedef struct qs_stop_options {
	uint32_t size;
	uint32_t flags;		/* QS_STOP_FROM_HANDLER or 0 */
	qs_stop *parent;	/* shared; asks this token when it is asked; NULL = none */
	qs_stop *also;		/* shared; a second parent; NULL = none */
	qs_time deadline;	/* asks itself at this point; 0 = never */
} qs_stop_options;
#define QS_STOP_OPTIONS_INIT { sizeof(qs_stop_options), 0, NULL, NULL, 0 }

#define QS_STOP_FROM_HANDLER 1u	/* qs_stop_ask_from_handler() may be used on it */

/*
 * qs_stop_create - make a stop token.
 *
 * A token with a deadline or with QS_STOP_FROM_HANDLER needs the attendant: one thread for all of
 * them, which sleeps until there is something to do and ends with the last of them.  A child of a
 * token that was asked is born asked.
 *
 *   out         receives the token; the caller owns one reference, given back by qs_stop_release()
 *   options     borrowed for the call; NULL = defaults
 *
 * Returns 0; -EINVAL; -ENOMEM; -EAGAIN (the attendant cannot be started);
 * -QS_EFORKED (an inherited parent).
 * Threads: any.  Waits: no.  Handlers: no.  Fork: the child may make its own.
 */
QS_API int qs_stop_create(qs_stop **out, const qs_stop_options *options);

/*
 * qs_stop_retain - count one more owner of a token.  qs_stop_release - one owner
 * less; the last one frees.
 *
 * NULL is allowed and does nothing.  Callbacks must be removed before the last release.
 *
 * Returns its argument (qs_stop_retain()).
 * Threads: any.  Waits: no.  Handlers: no.  Fork: nothing is done.
 */
QS_API qs_stop *qs_stop_retain(qs_stop *stop);
QS_API void qs_stop_release(qs_stop *stop);

/*
 * qs_stop_ask - ask for the end of everything that looks at this token or at one below it.
 *
 * Wakes all waits first, then runs the callbacks, in this thread.  When it returns, no task that
 * the token governs will be started any more; those that run have been told.
 *
 *   code        0, or a negative code that says what went wrong; kept in the cause
 *   text        borrowed for the call, copied and cut at QS_TEXT_SIZE; NULL or "" = "stop asked"
 *
 * Returns 1 if this call was the first to ask, 0 if somebody else was; -EINVAL.
 * Threads: any.  Waits: no, but the callbacks run inside.  Handlers: no, see
 * qs_stop_ask_from_handler().  Fork: -QS_EFORKED.
 */
QS_API int qs_stop_ask(qs_stop *stop, int code, const char *text);

/*
 * qs_stop_ask_from_handler - ask for the end as qs_stop_ask() does, from a signal handler.
 *
 * The attendant does the waking and runs the callbacks.  The token must have been made with
 * QS_STOP_FROM_HANDLER and must outlive the handler.  Never touches errno, allocates nothing, takes
 * no lock.  At its return the token says that it was asked.
 *
 *   signal      the number to put into the cause
 *
 * Returns 1 if this call was the first to ask, 0 if somebody else was; -EINVAL; -ENOTSUP (made
 * without QS_STOP_FROM_HANDLER).
 * Threads: any.  Waits: no.  Handlers: yes.  Fork: -QS_EFORKED.
 */
QS_API int qs_stop_ask_from_handler(qs_stop *stop, int signal);

/*
 * qs_stop_is_asked - look whether a stop was asked; one load.
 *
 * Returns 1 if it was, 0 if not or for NULL; -QS_EFORKED.  In a condition -QS_EFORKED is true as
 * well: nobody will tell an inherited token anything.
 * Threads: any.  Waits: no.  Handlers: yes.  Fork: -QS_EFORKED.
 */
QS_API int qs_stop_is_asked(const qs_stop *stop);

/*
 * qs_stop_cause - who asked a stop, and why.
 *
 *   out         `size` set by the caller (QS_CAUSE_INIT); its kind becomes
 *               QS_CAUSE_NONE if nothing was asked
 *
 * Returns 1 if the stop was asked, 0 if not; -EINVAL.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_stop_cause(const qs_stop *stop, qs_cause *out);

/*
 * qs_stop_fd - a descriptor that becomes readable when the stop is asked,
 * for poll() and event loops.
 *
 * Made at the first call, close-on-exec, owned by the token: never read from it, never close it.
 *
 * Returns the descriptor; -EINVAL; -EMFILE; -ENFILE; -ENOMEM.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_stop_fd(qs_stop *stop);

/*
 * qs_stop_callback_add - have fn(arg) called once when the stop is asked; at once,
 * in this thread, if it was.
 *
 * The callback runs in the thread that asks, or in the attendant.  It may submit, cancel, ask,
 * remove itself, and whatever else it likes; but it should not wait for long, for an attendant that
 * waits tells nobody of other deadlines and signals.  No lock of ours is held.
 *
 *   out         receives a handle; the caller must give it to qs_stop_callback_remove(),
 *               also after fn was called
 *   stop        shared until the handle is removed
 *   fn, arg     arg is borrowed until the handle is removed
 *
 * Returns 0; -EINVAL; -ENOMEM.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_stop_callback_add(qs_stop_callback **out, qs_stop *stop, qs_stop_fn *fn, void *arg);

/*
 * qs_stop_callback_remove - take a callback away; when it returns, fn is not
 * running and will not run.
 *
 * If fn is running in another thread, waits for it, without a deadline: the one call that
 * does, so never hold a lock that fn takes.  From inside fn it returns at once.  The
 * handle is gone afterwards.
 *
 *   callback    given; NULL is allowed
 *
 * Returns 1 if fn was never called, 0 if it was, and for NULL.
 * Threads: any.  Waits: for fn.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_stop_callback_remove(qs_stop_callback *callback);

/*
 * qs_sleep - wait until a deadline or a stop.
 *
 *   deadline    QS_NEVER = until the stop
 *   stop        borrowed; ends the wait at once; NULL = nothing does
 *
 * Returns 0 at the deadline; -ECANCELED (stop was asked).
 * Threads: any.  Waits: yes.  Handlers: no.  Fork: -QS_EFORKED (an inherited stop).
 */
QS_API int qs_sleep(qs_time deadline, qs_stop *stop);

/*
 * qs_wait_fd - wait until a descriptor is ready, until a deadline, or until a stop.
 *
 *   fd          borrowed for the call; any descriptor that poll() takes
 *   events      POLLIN, POLLOUT, ...
 *   deadline    QS_NOW = only look
 *   stop        borrowed; ends the wait early; NULL = nothing does.  Its descriptor
 *               is made if it has none yet
 *
 * A stop beats readiness, for a descriptor stays ready: a task that reads without end hears of it.
 * Readiness beats the deadline.
 *
 * Returns the events that are ready (> 0; POLLERR and POLLHUP included); -ETIMEDOUT; -ECANCELED
 * (stop was asked); -EBADF (fd is not open); -EINVAL; -EMFILE, -ENFILE, -ENOMEM (the stop has no
 * descriptor yet, and none can be made).
 * Threads: any.  Waits: yes.  Handlers: no.  Fork: -QS_EFORKED (an inherited stop).
 */
QS_API int qs_wait_fd(int fd, short events, qs_time deadline, qs_stop *stop);

/* -------------------------------------------------------------------------------------------------
 * Task: what runs
 *
 * A task is a function and its argument.  The handle it is given lives as long as the body runs and
 * belongs to the thread that runs it.
 */

typedef struct qs_task qs_task;

/*
 * The body of a task.  A return of 0 or more is success and is kept as the future's value.  A
 * negative return is a failure, with errno's meaning or any that the caller likes.  -ECANCELED
 * after a stop was asked means *stopped*.
 *
 * A body returns; it does not leave by longjmp(), which is undefined, as nobody would learn that
 * the task is over.  One that calls pthread_exit(), or whose thread is cancelled (pthread_cancel()
 * works in a body and nowhere else in a worker), ends its task as failed with -QS_EEXITED, and
 * another worker takes its place.  A C++ exception that nobody catches ends the program
 * (std::terminate), as in any thread; in a brought worker, whose caller may catch it, the task
 * fails with -QS_EEXITED and the thread is a worker no more.  Where tasks lie on each other (see
 * qs_wait()), each one that is left in such a way fails; one that catches the exception goes on.
 *
 * A task finds the signal mask and the cancelling state as workers have them, whatever the
 * one before it did.  Its thread's name, affinity, locale, errno and thread-local data are as
 * the last task left them.
 */
typedef int qs_task_fn(qs_task *task, void *arg);

/* Ends the life of what was given, or is given back. */
typedef void qs_destroy_fn(void *pointer);

/*
 * qs_task_stop - the token of this task: a child of the pool's, and of the one given at submit.
 *
 * Valid until the body returns; retain it to keep it longer.  Made when it is first wanted; without
 * memory for it, the pool's.
 *
 * Returns the token, never NULL (NULL only for a NULL task).
 * Threads: the one that runs the task.  Waits: no.  Handlers: no.  Fork: returns a
 * token that says -QS_EFORKED.
 */
QS_API qs_stop *qs_task_stop(qs_task *task);

/*
 * qs_task_name - the name that this task was given at submit.
 *
 * Returns the name, borrowed until the body returns; "" if none was given.
 * Threads: the one that runs the task.  Waits: no.  Handlers: no.  Fork: works.
 */
QS_API const char *qs_task_name(const qs_task *task);

/*
 * qs_task_fail - say in words why this task fails, and return its code.
 *
 *	return qs_task_fail(task, -ENOENT, "%s: no such page", url);
 *
 * The words become the future's message.  Without memory they are lost, the code is not.
 *
 *   code        negative
 *   format      borrowed for the call, with what follows, as for printf()
 *
 * Returns code, for the body to return; -EINVAL (code is not negative, or format is NULL).
 * Threads: the one that runs the task.  Waits: no.  Handlers: no.  Fork: returns code.
 */
QS_API int qs_task_fail(qs_task *task, int code, const char *format, ...) QS_PRINTF(3, 4);

/*
 * qs_task_set_result - keep a pointer for whoever holds the future.
 *
 *   result      given
 *   destroy     called with it when the future is freed, unless qs_future_take_result() took
 *               it; NULL = nothing to do
 *
 * A second call destroys the first result; after the task was abandoned, the new
 * one is destroyed at once.
 *
 * Returns 0; -EINVAL.
 * Threads: the one that runs the task.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_task_set_result(qs_task *task, void *result, qs_destroy_fn *destroy);

/*
 * qs_task_worker_data - the pointer that qs_pool_options.init made for the
 * worker that runs this task.
 *
 * Returns the pointer, borrowed until the worker's finish function is
 * called; NULL if there is none.
 * Threads: the one that runs the task.  Waits: no.  Handlers: no.  Fork: works.
 */
QS_API void *qs_task_worker_data(const qs_task *task);

/*
 * qs_task_deadlock - who waits for whom, after a wait in this task said -EDEADLK.
 *
 * Such as "'a' waits for 'b' waits for 'a'".  A body that returns -EDEADLK without words of its own
 * gives these to its future.
 *
 * Returns text borrowed until the next wait or the end of the body; "" if no wait said so.
 * Threads: the one that runs the task.  Waits: no.  Handlers: no.  Fork: works.
 */
QS_API const char *qs_task_deadlock(const qs_task *task);

/*
 * qs_task_checkpoint - say where the body is, for the report about tasks that overstay.
 *
 *   label       borrowed for ever: static text; NULL = none
 *
 * Threads: the one that runs the task.  Waits: no.  Handlers: no.  Fork: works.
 */
QS_API void qs_task_checkpoint(qs_task *task, const char *label);

/* -------------------------------------------------------------------------------------------------
 * Future: the one end of a task
 *
 *	pending -> running -> done | failed | stopped | timed out | abandoned
 *	pending -> cancelled | timed out
 */

typedef struct qs_future qs_future;

typedef enum qs_state {
	QS_PENDING,	/* waits for a worker */
	QS_RUNNING,	/* its body runs */
	QS_DONE,	/* the body returned 0 or more */
	QS_FAILED,	/* the body returned a negative code */
	QS_STOPPED,	/* the body returned -ECANCELED after it was asked to stop */
	QS_TIMED_OUT,	/* its body did not begin in time; or it returned -ECANCELED after it had run too long */
	QS_CANCELLED,	/* the body never ran */
	QS_ABANDONED,	/* the body still ran when qs_pool_join() had to return */
} qs_state;

#define QS_STATES 8	/* how many states there are */

/*
 * qs_state_name - a state in words, such as "running" or "timed out".
 *
 *   state       of a future
 *
 * Returns static text; "unknown" for what is no state.
 * Threads: any.  Waits: no.  Handlers: yes.  Fork: works.
 */
QS_API const char *qs_state_name(qs_state state);

/*
 * qs_future_retain - count one more owner of a future.  qs_future_release - one owner
 * less; the last one frees.
 *
 * NULL is allowed and does nothing.  A future may be released at any time:
 * its task runs all the same.
 *
 * Returns its argument (qs_future_retain()).
 * Threads: any.  Waits: no.  Handlers: no.  Fork: nothing is done.
 */
QS_API qs_future *qs_future_retain(qs_future *future);
QS_API void qs_future_release(qs_future *future);

/*
 * qs_future_state - the state of a task at this moment.
 * qs_future_is_ended - whether that is an end.
 *
 * Returns an enum qs_state (>= 0), or 1 for an end and 0 for none; -EINVAL.
 * Threads: any.  Waits: no.  Handlers: yes.  Fork: -QS_EFORKED.
 */
QS_API int qs_future_state(const qs_future *future);
QS_API int qs_future_is_ended(const qs_future *future);

/*
 * qs_future_value - what came out of a task, as a number.
 *
 * Returns what the body returned (done, failed, stopped); -ECANCELED (it was cancelled); -ETIMEDOUT
 * (it was timed out or abandoned); -EBUSY (it has not ended yet); -EINVAL.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_future_value(const qs_future *future);

/*
 * qs_future_message - what went wrong with a task, in words: those of qs_task_fail(), of the cause
 * of a stop, or of the code.
 *
 * Returns text borrowed until the future is released; "" if nothing went wrong or it has not ended.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: "".
 */
QS_API const char *qs_future_message(const qs_future *future);

/*
 * qs_future_name - the name that a task was given at submit.
 *
 * Returns the name, borrowed until the future is released; "" if none was given.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: works.
 */
QS_API const char *qs_future_name(const qs_future *future);

/*
 * qs_future_arg - the argument that a task was submitted with: whose future this is.
 *
 * Returns the pointer, even when the argument's destructor has been called (then it can only be
 * compared); NULL for NULL.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: works.
 */
QS_API void *qs_future_arg(const qs_future *future);

/*
 * qs_future_result - look at the pointer that a task kept.
 * qs_future_take_result - own it from now on.
 *
 * Returns the pointer; NULL if there is none, it was taken, or the task has not ended.  Of
 * several takers one gets it.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: NULL.
 */
QS_API void *qs_future_result(const qs_future *future);
QS_API void *qs_future_take_result(qs_future *future);

/*
 * qs_future_cause - who stopped, timed out, cancelled or abandoned a task, and why.
 *
 *   out         `size` set by the caller (QS_CAUSE_INIT)
 *
 * Returns 1; 0 if the future did not end in one of these ways; -EINVAL.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_future_cause(const qs_future *future, qs_cause *out);

/*
 * qs_future_cancel - see to it that a task's body never runs, if it has not begun.
 *
 * Runs the argument's destructor in this thread if it succeeds.
 *
 * Returns 1 if it is cancelled now, by this call, 0 if it runs or has ended; -EINVAL.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_future_cancel(qs_future *future);

/*
 * qs_future_stop - cancel a task if it has not begun, ask its own token if it runs.
 *
 *   code, text  as in qs_stop_ask()
 *
 * Returns 1 if that changed something, 0 if it was asked before, has ended, or there is no
 * memory for a token; -EINVAL.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_future_stop(qs_future *future, int code, const char *text);

/* What is called when a future has ended. */
typedef void qs_future_fn(qs_future *future, void *arg);

/*
 * qs_future_callback_add - have fn(future, arg) called once, when the future ends; at once,
 * in this thread, if it has.
 *
 * Callbacks of one future are called in the order in which they were added, one after the other, in
 * the thread that ends it: a worker, or whoever cancels.  One that is added while others are being
 * called comes after them, in their thread.  The waiters have been told before.  No lock of ours is
 * held: a callback may submit, cancel, wait, add callbacks and release the future.  It must not
 * join the pool of that task, which waits for it (a worker gets -EDEADLK); and for a task that was
 * not begun in time it runs in the attendant, which should not wait for long.  A join waits for
 * callbacks as it does for bodies; those for which it had no time are called by qs_pool_destroy(),
 * or by the worker that was left behind in one of them.
 *
 *   future      shared until fn was called
 *   fn, arg     arg is borrowed until fn has returned
 *
 * Returns 0; -EINVAL; -ENOMEM.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_future_callback_add(qs_future *future, qs_future_fn *fn, void *arg);

/* -------------------------------------------------------------------------------------------------
 * Pool: what runs tasks
 *
 * Life: create, submit, shutdown (take no more), join (wait, with a deadline), destroy.
 * Workers are started when they are needed.  Their threads block all signals but those that
 * report a fault of their own.
 */

typedef struct qs_pool qs_pool;

/*
 * Starts something that calls qs_pool_work(pool), such as a thread of another language's runtime;
 * returns 0, or a negative code if it cannot.
 */
typedef int qs_start_fn(qs_pool *pool, void *arg);

/*
 * What a worker does before its first task.  *out_data is the worker's own: qs_task_worker_data().
 *
 * A negative return breaks the pool: its token is asked, with that code and the worker's name in
 * the cause, so what is pending is cancelled.  The first failure of this or of the finish
 * function is in the report.
 */
typedef int qs_worker_init_fn(void **out_data, void *arg);

/*
 * What a worker does after its last task, if its init function succeeded.
 *
 * It is called also in a worker that was left behind, when that comes back at last: it touches
 * nothing but what it is given.
 */
typedef int qs_worker_finish_fn(void *data, void *arg);

/*
 * What a worker does before it sleeps because there is no task for it: let go of what it keeps
 * from task to task, such as the lock of another language's runtime.
 *
 * The pool counts on this worker already, so it returns soon, and does not submit to the pool or
 * wait for its tasks.
 */
typedef void qs_worker_idle_fn(void *data, void *arg);

#define QS_POOL_LAZY 1u	/* no worker is started before the first task */

typedef struct qs_pool_options {
	uint32_t size;
	uint32_t flags;		/* QS_POOL_LAZY or 0 */
	uint32_t workers;	/* at most so many at once, brought ones included; 0 = usable
				   CPUs; up to QS_WORKERS_MAX */
	const char *name;	/* borrowed for the call, copied; names the threads; NULL = "quiesce" */
	qs_stop *stop;		/* shared; when it is asked, pending tasks are cancelled and
				   running ones asked; NULL = none */
	size_t stack_bytes;	/* of a worker's thread; 0 = 1 MiB; less than the system's minimum is refused */
	size_t max_pending;	/* tasks that may wait for a worker; 0 = any number */
	qs_start_fn *start;	/* starts a worker in place of a thread of ours; NULL = ours.  What it
				   starts must have called qs_pool_work() before the pool is destroyed */
	void *start_arg;	/* borrowed until the pool is joined */
	qs_worker_init_fn *init;	/* called in each worker before its first task; NULL = nothing */
	qs_worker_finish_fn *finish;	/* called in each worker after its last task; NULL = nothing */
	void *worker_arg;	/* what these three are given; borrowed until every worker has
				   left, stragglers included */
	qs_worker_idle_fn *idle;	/* called in a worker before it sleeps for want of a task; NULL = nothing */
} qs_pool_options;
#define QS_POOL_OPTIONS_INIT { sizeof(qs_pool_options), 0, 0, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL }

#define QS_WORKERS_MAX 65536u	/* the most that a pool may have */

/*
 * qs_cpu_count - how many CPUs this process may keep busy: its affinity mask, cut down to the
 * CPU quota of its cgroups.
 *
 * Returns at least 1.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: works.
 */
QS_API int qs_cpu_count(void);

/*
 * qs_pool_create - make a pool and start its first worker (QS_POOL_LAZY: not yet).
 *
 *   out         receives the pool; the caller gives it back by qs_pool_destroy(), after a join
 *   options     borrowed for the call; NULL = defaults
 *
 * Returns 0; -EINVAL; -ENOMEM; -EAGAIN (not one thread can be started); -ECANCELED (options->stop
 * was asked); -QS_EFORKED (an inherited options->stop); or what options->start returned.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: the child may make its own.
 */
QS_API int qs_pool_create(qs_pool **out, const qs_pool_options *options);

/*
 * qs_pool_stop - a pool's own token: a child of options->stop.
 *
 * Asking it cancels what is pending and asks what runs, as options->stop does, and ends
 * the pool's work for good.
 *
 * Returns the token, borrowed until the pool is destroyed; NULL for NULL.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: returns the token.
 */
QS_API qs_stop *qs_pool_stop(qs_pool *pool);

#define QS_TASK_CALLER_RUNS 1u	/* no room in the queue: the thread that submits runs the body itself */

typedef struct qs_task_options {
	uint32_t size;
	uint32_t flags;			/* QS_TASK_CALLER_RUNS or 0 */
	const char *name;		/* borrowed for the call, copied; NULL = "" */
	qs_destroy_fn *destroy;		/* called once with arg: when the body has ended, just before
					   the task has; or when the task was cancelled, just
					   after that is told; NULL = none */
	qs_stop *stop;			/* shared; a second token besides the pool's; NULL = none */
	qs_time begin_by;		/* a task that no worker has begun by then is timed out; 0 = never */
	int64_t run_ns;			/* a body that has run so long is asked to stop,
					   then timed out; 0 = no limit */
} qs_task_options;
#define QS_TASK_OPTIONS_INIT { sizeof(qs_task_options), 0, NULL, NULL, NULL, 0, 0 }

/*
 * qs_submit - hand one task to the pool.  qs_submit_by - with options, and waiting
 * for room until a deadline.
 *
 * Calls fn(task, arg) once on some worker, unless the task is cancelled first.  Starts one more
 * worker if none is free and there is a place; a thread that the system does not give is tried
 * again with a later submit, and what is there does the work meanwhile.
 *
 *   out         receives a new future; the caller owns one reference, given back by
 *               qs_future_release(); NULL = nobody wants to know
 *   pool        borrowed for the call
 *   fn, arg     arg is borrowed until the body has ended (see qs_task_options.destroy)
 *   options     borrowed for the call; NULL = defaults
 *   deadline    how long to wait for room in a full queue; with QS_TASK_CALLER_RUNS there
 *               is no wait: this thread is made a worker for that one task, and when the
 *               call returns the task has ended (a body that ends the thread ends the call
 *               with it: out is not written)
 *   stop        borrowed; ends the wait for room early; NULL = nothing does
 *
 * A task with a time limit needs the attendant (see qs_stop_create()).
 *
 * Returns 0; -EAGAIN (qs_submit(): the queue is full; or the attendant cannot be started);
 * -ETIMEDOUT (no room in time, or by begin_by); -ECANCELED (stop, the task's own stop or the pool's
 * was asked); -ESHUTDOWN (the pool takes no more); -EDEADLK (a worker would wait for room in its
 * own pool); -ENOMEM; -EINVAL.  On error *out is untouched, fn will not run, and arg stays the
 * caller's (its destructor is not called).
 * Threads: any, tasks included.  Waits: qs_submit_by(), for room.
 * Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_submit(qs_future **out, qs_pool *pool, qs_task_fn *fn, void *arg);
QS_API int qs_submit_by(qs_future **out, qs_pool *pool, qs_task_fn *fn, void *arg, const qs_task_options *options,
			qs_time deadline, qs_stop *stop);

/*
 * qs_pool_work - make the calling thread a worker of a pool until that retires it.
 *
 * The thread's signal mask and whether it can be cancelled are changed for that time and restored.
 * A pool asks for such workers by qs_pool_options.start; others may come by themselves.
 *
 * Returns 0 when it was retired; -QS_EFORKED (or a body has returned in a child that it
 * forked); -EAGAIN (all places for workers are taken); -ESHUTDOWN; -EDEADLK (the thread is a
 * worker already); -EINVAL.
 * Threads: any but a worker.  Waits: until the pool is shut down.
 * Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_pool_work(qs_pool *pool);

typedef enum qs_shutdown_mode {
	QS_DRAIN,	/* pending tasks still run */
	QS_CANCEL,	/* pending tasks are cancelled, running ones go on */
	QS_STOP,	/* pending tasks are cancelled, running ones are asked to stop */
} qs_shutdown_mode;

/*
 * qs_pool_shutdown - take no more tasks, and do with those that are there what the mode says.
 *
 * May be called again with a stronger mode; a weaker one changes nothing.  Destructors of the
 * arguments of cancelled tasks run in this thread.
 *
 *   mode        what becomes of the tasks that are there
 *
 * Returns 0; -EINVAL.
 * Threads: any, tasks included.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_pool_shutdown(qs_pool *pool, qs_shutdown_mode mode);

/* What a pool's life came to.  submitted = the sum of the ends, always. */
typedef struct qs_report {
	uint32_t size;
	uint32_t stragglers;		/* workers that had to be left behind; see qs_pool_straggler() */
	uint64_t submitted;		/* tasks accepted */
	uint64_t ends[QS_STATES];	/* tasks per end, by enum qs_state; pending and running are 0 */
	int worker_error;		/* what the first init or finish function that
					   failed returned; 0 = none did */
	char worker_text[QS_TEXT_SIZE];	/* which worker that was, and what it says; "" */
} qs_report;
#define QS_REPORT_INIT { sizeof(qs_report), 0, 0, { 0 }, 0, { 0 } }

/*
 * qs_pool_join - wait until a pool's last worker has left, or until the
 * deadline has come; then report.
 *
 * Shuts down first (QS_DRAIN) if nobody did.  What still is pending when the wait ends early
 * is cancelled, what still runs is asked to stop and *abandoned*: its future ends, its worker
 * is left behind and touches nothing of the pool's users but the argument's destructor when
 * the body returns at last.
 *
 *   pool        borrowed
 *   deadline    never returns before it with tasks abandoned, unless hard is asked
 *   hard        borrowed; ends the wait early; NULL = nothing does
 *   out         `size` set by the caller (QS_REPORT_INIT); written also when tasks were
 *               abandoned; NULL = not wanted
 *
 * Returns 0 when every task has ended and every worker has left; -ETIMEDOUT (the deadline came:
 * some were abandoned); -ECANCELED (hard was asked: some were abandoned); -EDEADLK (called from a
 * task or worker of this pool); -EINVAL.  A second join returns the same again; one beside the
 * first waits for that, or until its own deadline or hard token.
 * Threads: any but its workers.  Waits: yes.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_pool_join(qs_pool *pool, qs_time deadline, qs_stop *hard, qs_report *out);

/*
 * qs_pool_next_unstarted - go through the tasks that were cancelled because the pool
 * was shut down or stopped.
 *
 * Each of them once, more or less in the order in which they were submitted.
 *
 *   previous    what the last call returned; NULL = begin
 *
 * Returns a future, borrowed until the pool is destroyed; NULL after the last one, and
 * before a join has returned.
 * Threads: any, one at a time.  Waits: no.  Handlers: no.  Fork: NULL.
 */
QS_API qs_future *qs_pool_next_unstarted(qs_pool *pool, qs_future *previous);

/* One worker that was left behind. */
typedef struct qs_straggler {
	uint32_t size;
	int thread;			/* the system's number of the thread */
	char task[QS_NAME_SIZE];	/* the task's name, or "" */
	const char *checkpoint;		/* its last qs_task_checkpoint(), or NULL */
	int64_t age_ns;			/* how long the body had been running */
	int64_t asked_ns;		/* how long before it was asked to stop; 0 = just now */
} qs_straggler;
#define QS_STRAGGLER_INIT { sizeof(qs_straggler), 0, { 0 }, NULL, 0, 0 }

/*
 * qs_pool_straggler - one of the workers that a join left behind.
 *
 *   index       from 0 to qs_report.stragglers - 1
 *   out         `size` set by the caller (QS_STRAGGLER_INIT)
 *
 * Returns 0; -EINVAL (or there is no such one); -EBUSY (no join has returned yet).
 * Threads: any.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_pool_straggler(const qs_pool *pool, uint32_t index, qs_straggler *out);

/*
 * qs_pool_destroy - free a pool.
 *
 * Futures live on.  Memory that a straggler needs is freed when it returns.  Destructors of the
 * arguments of cancelled tasks, and callbacks, for which the join had no time run in this thread.
 *
 *   pool        given; NULL is allowed
 *
 * Returns 0, also for NULL; -EBUSY (no join has returned yet: nothing was done); -EDEADLK (called
 * from a worker of this pool).
 * Threads: any but its workers; no other call on the pool may be under way.  Waits: for destructors
 * that a stop of the pool is running in another thread.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_pool_destroy(qs_pool *pool);

/* -------------------------------------------------------------------------------------------------
 * Wait and as_completed
 *
 * In a task, a wait for a task of its own pool that is still pending runs that itself, on its own
 * stack, if it needs that very task (qs_wait(), qs_wait_all(); qs_map_next() in order), has no
 * deadline, and is not the 65th inside the other.  The inner task's token is below the outer one's,
 * unless that was asked before, as in a clean-up; a stop of the outer wait is seen when the inner
 * body has returned.  Any other wait parks.
 *
 * A wait without a deadline that could never end says -EDEADLK and changes nothing: for the task
 * that runs here, in a cycle of tasks that wait for each other, or for a task that no worker is
 * left to run.  qs_task_deadlock() names them.
 *
 * A future's end beats a stop, and a stop beats the deadline: what has ended is told even after a
 * stop.  None of these changes a future.
 */

/*
 * qs_wait - wait until a future has ended.
 *
 *   future      borrowed for the call
 *   deadline    when to give up; QS_NOW = only look
 *   stop        borrowed; ends the wait early; NULL = nothing does
 *
 * Returns 0; -ETIMEDOUT; -ECANCELED (stop was asked); -EDEADLK (it could
 * never end); -ENOMEM; -EINVAL.
 * Threads: any.  Waits: yes.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_wait(qs_future *future, qs_time deadline, qs_stop *stop);

/*
 * qs_wait_any - wait until one of several futures has ended.
 *
 *   out_index   receives the first in the array of those that have, count if there are none
 *               at all; NULL = not wanted
 *   futures     borrowed for the call; one may stand there twice; with count 0 there is no wait
 *   count       how many they are
 *   deadline    when to give up; QS_NOW = only look
 *   stop        borrowed; ends the wait early; NULL = nothing does
 *
 * Returns 0; -ETIMEDOUT; -ECANCELED (stop was asked); -EDEADLK (it could
 * never end); -ENOMEM; -EINVAL.
 * Threads: any.  Waits: yes.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_wait_any(size_t *out_index, qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop);

/*
 * qs_wait_all - wait until all of several futures have ended.
 *
 *   futures     borrowed for the call; one may stand there twice; with count 0 there is no wait
 *   count       how many they are
 *   deadline    when to give up; QS_NOW = only look
 *   stop        borrowed; ends the wait early; NULL = nothing does
 *
 * Returns 0; -ETIMEDOUT; -ECANCELED (stop was asked); -EDEADLK (it could
 * never end); -ENOMEM; -EINVAL.
 * Threads: any.  Waits: yes.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_wait_all(qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop);

/*
 * qs_wait_first_failure - wait until one of several futures has failed or been
 * abandoned, or all have ended.
 *
 *   out_index   receives the first in the array of those that have (which failed first in time is
 *               what qs_as_completed_next() tells), untouched if none has; NULL = not wanted
 *   futures     borrowed for the call; one may stand there twice; with count 0 there is no wait
 *   count       how many they are
 *   deadline    when to give up; QS_NOW = only look
 *   stop        borrowed; ends the wait early; NULL = nothing does
 *
 * Returns 1 if one has, 0 if all ended otherwise; -ETIMEDOUT; -ECANCELED (stop was asked); -EDEADLK
 * (it could never end); -ENOMEM; -EINVAL.
 * Threads: any.  Waits: yes.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_wait_first_failure(size_t *out_index, qs_future *const *futures, size_t count, qs_time deadline,
				 qs_stop *stop);

typedef struct qs_as_completed qs_as_completed;

/*
 * qs_as_completed_create - hand out a set of futures in the order in which
 * they end, each of them once.
 *
 * Those that have ended already come in the order given.
 *
 *   out         receives the set; given back by qs_as_completed_destroy()
 *   futures     the array is borrowed for the call, each future is shared until it was
 *               handed out; NULL with count 0
 *   count       how many they are
 *
 * Returns 0; -EINVAL; -ENOMEM.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_as_completed_create(qs_as_completed **out, qs_future *const *futures, size_t count);

/*
 * qs_as_completed_add - add one more future to a set, also while another thread waits
 * in qs_as_completed_next().
 *
 * A set is as large as the futures that were not handed out yet.
 *
 *   future      shared until it was handed out
 *
 * Returns 1; 0 if it is in the set already; -EINVAL; -ENOMEM.
 * Threads: any, several at once.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_as_completed_add(qs_as_completed *set, qs_future *future);

/*
 * qs_as_completed_next - the next future of a set that has ended.
 *
 * A future's own state may say that it has ended a moment before the set hears of it.
 * In a worker, -EDEADLK looks at what is in the set now; who would have added
 * something else comes too late.
 *
 *   out         receives the future, borrowed until the next call of this or
 *               until the set is destroyed
 *   deadline    when to give up; QS_NOW = only look
 *   stop        borrowed; ends the wait early; NULL = nothing does
 *
 * Returns 1; 0 after the last one (more may be added); -ETIMEDOUT; -ECANCELED (stop was asked; what
 * has ended is handed out first); -EDEADLK (it could never end); -EINVAL.
 * Threads: any, one at a time.  Waits: yes.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_as_completed_next(qs_as_completed *set, qs_future **out, qs_time deadline, qs_stop *stop);

/*
 * qs_as_completed_fd - a descriptor that is readable while there is something to
 * hand out, for event loops.
 *
 * When it is readable, call qs_as_completed_next(set, &future, QS_NOW, NULL) until that returns
 * something else than 1; it may find nothing.  That of an empty set is not readable.  Made at the
 * first call, close-on-exec, owned by the set: never read from it, never close it.
 *
 * Returns the descriptor; -EINVAL; -EMFILE; -ENFILE; -ENOMEM.
 * Threads: the one that calls qs_as_completed_next().  Waits: no.
 * Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_as_completed_fd(qs_as_completed *set);

/*
 * qs_as_completed_destroy - free a set of futures, at any time; they are left as they are.
 *
 *   set         given; NULL is allowed
 *
 * Threads: any, when no other call on the set is under way.  Waits: no.
 * Handlers: no.  Fork: nothing is done.
 */
QS_API void qs_as_completed_destroy(qs_as_completed *set);

/* -------------------------------------------------------------------------------------------------
 * Map: one task per item, through a window
 *
 * Items are pulled from a source one by one, as there is room in the window, by the thread that
 * asks for results; so the source may be endless, and memory stays what the window holds.  Each
 * item that was pulled is handed out once, as a future.
 *
 *	qs_map_create(&map, pool, fn, source, source_arg, NULL);
 *	while ((result = qs_map_next(map, &future, QS_NEVER, stop)) > 0)
 *		use(qs_map_item(map), future);
 *	if (result < 0)
 *		why(qs_map_stop(map));
 *	qs_map_destroy(map);
 */

typedef struct qs_map qs_map;

/*
 * Where items come from.  Returns 1 and an item, which is given; 0 if there are no more; or a
 * negative code, which ends the map.  Called by one thread at a time, inside qs_map_next(), never
 * again after it returned anything but 1.
 */
typedef int qs_source_fn(void **out_item, void *arg);

#define QS_MAP_AS_COMPLETED 1u	/* handed out in the order in which they end, not in that of the items */
#define QS_MAP_KEEP_GOING 2u	/* a task that fails does not end the map */

typedef struct qs_map_options {
	uint32_t size;
	uint32_t flags;		/* QS_MAP_... or 0 */
	const char *name;	/* borrowed for the call, copied; names the tasks; NULL = "" */
	size_t window;		/* items that are pulled and not handed out; 0 = twice the pool's workers */
	qs_stop *stop;		/* shared; ends the map when it is asked; NULL = none */
	qs_destroy_fn *destroy;	/* called once with each item: when the one after it was asked for, and
				   its body has ended; NULL = nothing to do */
	qs_destroy_fn *close;	/* called once with source_arg, when nothing more will be
				   pulled; NULL = nothing to do */
} qs_map_options;
#define QS_MAP_OPTIONS_INIT { sizeof(qs_map_options), 0, NULL, 0, NULL, NULL, NULL }

/*
 * qs_map_create - apply a body to each item of a source.  Nothing is pulled yet.
 *
 *   out         receives the map; given back by qs_map_destroy()
 *   pool        borrowed until the map is destroyed
 *   fn          called with each item as its argument
 *   source, source_arg  borrowed until the source is closed
 *   options     borrowed for the call; NULL = defaults
 *
 * Returns 0; -EINVAL; -ENOMEM; -QS_EFORKED (an inherited pool or stop).  On error
 * the source is not closed.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_map_create(qs_map **out, qs_pool *pool, qs_task_fn *fn, qs_source_fn *source, void *source_arg,
			 const qs_map_options *options);

/*
 * qs_map_next - the next future of a map: pulls items until the window is full, then waits.
 *
 * The first failure in time asks the map's token, unless QS_MAP_KEEP_GOING: nothing is pulled and
 * no body begins after it; what was pulled is still handed out, each with its end.  The same when
 * the map's token is asked.  A source that is slow keeps back what has ended meanwhile: the window
 * bounds how much that is.
 *
 * A task that maps over its own pool, whose queue is full, runs an item itself when nothing else is
 * left to wait for, whatever the deadline, unless that is QS_NOW.
 *
 *   out         receives the future, borrowed until the next call of this or
 *               until the map is destroyed
 *   deadline, stop  end this wait alone; the map goes on with the next call
 *
 * Returns 1; 0 after the last item of the source; what the source returned, if that is negative;
 * -ETIMEDOUT; -ECANCELED (stop was asked; or, after the last item that was pulled, the map was
 * stopped: see qs_map_stop()); -EDEADLK (it could never end); -ESHUTDOWN (the pool takes no more;
 * after the last item that was pulled); -ENOMEM; -EINVAL.
 * Threads: any, one at a time.  Waits: yes.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_map_next(qs_map *map, qs_future **out, qs_time deadline, qs_stop *stop);

/*
 * qs_map_item - the item of the future that was handed out last.
 *
 * Returns the item, borrowed as long as that future; NULL before the first one.
 * Threads: the one that calls qs_map_next().  Waits: no.  Handlers: no.  Fork: works.
 */
QS_API void *qs_map_item(const qs_map *map);

/*
 * qs_map_stop - a map's own token: a child of options->stop and the pool's,
 * above each of its tasks.
 *
 * Its cause says why the map ended.
 *
 * Returns the token, borrowed until the map is destroyed; NULL for NULL.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: returns the token.
 */
QS_API qs_stop *qs_map_stop(qs_map *map);

/*
 * qs_map_pulled - how many items a map has pulled so far.
 *
 * Returns the number; 0 for NULL.
 * Threads: the one that calls qs_map_next().  Waits: no.  Handlers: no.  Fork: works.
 */
QS_API uint64_t qs_map_pulled(const qs_map *map);

/*
 * qs_map_destroy - free a map, at any time: closes the source, cancels what is
 * pending and asks what runs.
 *
 * Bodies that still run keep their items until they return.
 *
 *   map         given; NULL is allowed
 *
 * Threads: any, when no other call on the map is under way.  Waits: no.
 * Handlers: no.  Fork: nothing is done.
 */
QS_API void qs_map_destroy(qs_map *map);

/* -------------------------------------------------------------------------------------------------
 * Queue: from producers to consumers
 *
 * First in, first out, bounded if wished; many put and many get.  A worker that loops over a queue
 * hears of its stop at once, whether the queue is dry or never runs dry.
 *
 *	while (qs_queue_get(queue, &item, QS_NEVER, qs_task_stop(task)) == 0)
 *		use(item);
 *
 * Memory follows the number of items, down as well as up.  A worker that waits for an item
 * runs no other task meanwhile: if all workers of a pool wait for what its pending tasks would
 * put, they wait for ever.
 */

typedef struct qs_queue qs_queue;

typedef struct qs_queue_options {
	uint32_t size;
	uint32_t flags;		/* 0 */
	size_t limit;		/* items that it holds at most; 0 = any number */
	qs_destroy_fn *destroy;	/* called with each item that is left when the last owner goes, by
				   that one; NULL = nothing to do */
} qs_queue_options;
#define QS_QUEUE_OPTIONS_INIT { sizeof(qs_queue_options), 0, 0, NULL }

/*
 * qs_queue_create - make a queue.
 *
 *   out         receives the queue; the caller owns one reference, given back by qs_queue_release()
 *   options     borrowed for the call; NULL = defaults
 *
 * Returns 0; -EINVAL; -ENOMEM.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: the child may make its own.
 */
QS_API int qs_queue_create(qs_queue **out, const qs_queue_options *options);

/*
 * qs_queue_retain - count one more owner of a queue.  qs_queue_release - one owner
 * less; the last one frees.
 *
 * NULL is allowed and does nothing.  Who puts or gets must own a reference, or know
 * that somebody else does.
 *
 * Returns its argument (qs_queue_retain()).
 * Threads: any.  Waits: no.  Handlers: no.  Fork: nothing is done.
 */
QS_API qs_queue *qs_queue_retain(qs_queue *queue);
QS_API void qs_queue_release(qs_queue *queue);

/*
 * qs_queue_put - append an item to a queue, waiting for room.
 *
 *   item        given on success; NULL is an item as any other
 *   deadline    when to give up: room beats it; QS_NOW = do not wait
 *   stop        borrowed; beats room; NULL = none
 *
 * Returns 0; -ETIMEDOUT (no room in time); -ECANCELED (stop was asked); -ESHUTDOWN (it is closed);
 * -ENOMEM; -EINVAL.  On error the item is the caller's still.
 * Threads: any, several at once.  Waits: yes.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_queue_put(qs_queue *queue, void *item, qs_time deadline, qs_stop *stop);

/*
 * qs_queue_get - take the oldest item of a queue, waiting for one.
 *
 *   out         receives the item, which is the caller's now
 *   deadline    when to give up: an item beats it; QS_NOW = do not wait
 *   stop        borrowed; beats an item, which stays for others; NULL = none
 *
 * Returns 0; -ETIMEDOUT (none came in time); -ECANCELED (stop was asked); -ESHUTDOWN (it is closed,
 * and the last item was taken); -EINVAL.  On error *out is untouched.
 * Threads: any, several at once.  Waits: yes.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_queue_get(qs_queue *queue, void **out, qs_time deadline, qs_stop *stop);

/*
 * qs_queue_close - let nothing more into a queue; what is there may still be taken.
 * Wakes everybody who waits.
 *
 * Returns 1 if this call closed it, 0 if it was closed; -EINVAL.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_queue_close(qs_queue *queue);

/*
 * qs_queue_count - how many items a queue holds at this moment.
 *
 * Returns the number; 0 for NULL.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: 0.
 */
QS_API size_t qs_queue_count(qs_queue *queue);

/* -------------------------------------------------------------------------------------------------
 * Process: a child of its own
 *
 * A child starts with the signal mask and the ignored signals that this program was started with
 * (as they were when the library was loaded), whatever the calling thread blocks and whatever
 * came to be ignored since; all other signals have their default action.  It is in a process
 * group of its own, and has no descriptor that was not asked for: those of 0 to 2 that are not
 * in the map are /dev/null.
 *
 * Our program should neither ignore SIGCHLD nor reap children that it does not know (waitpid(-1)):
 * that takes the status away, and all that can be said then is -QS_ELOST.  Needs Linux 5.4.
 */

typedef struct qs_process qs_process;

/* One descriptor of the child. */
typedef struct qs_process_fd {
	int child;	/* its number in the child; each number once */
	int ours;	/* the one of ours that it is a copy of; QS_NULL_FD = /dev/null */
} qs_process_fd;

#define QS_NULL_FD (-1)	/* as ours: /dev/null */

#define QS_PROCESS_SAME_GROUP 1u	/* stays in our process group; signals then go to the child alone */
#define QS_PROCESS_MASK 2u		/* `mask` is used; without it the one that the program was started with */

typedef struct qs_process_options {
	uint32_t size;
	uint32_t flags;			/* QS_PROCESS_... or 0 */
	const char *const *argv;	/* borrowed for the call; argv[0] is looked up in our
					   PATH unless it has a slash */
	const char *const *environment;	/* borrowed for the call; "NAME=value"; NULL = ours */
	const char *directory;		/* borrowed for the call; NULL = ours; what is relative in
					   argv[0] and PATH begins there */
	const qs_process_fd *fds;	/* borrowed for the call; may swap numbers */
	size_t fd_count;		/* of fds; 0 with NULL */
	const void *mask;		/* borrowed for the call; a const sigset_t *; see QS_PROCESS_MASK */
} qs_process_options;
#define QS_PROCESS_OPTIONS_INIT { sizeof(qs_process_options), 0, NULL, NULL, NULL, NULL, 0, NULL }

/* How a child ended. */
typedef struct qs_process_status {
	uint32_t size;
	int exit_code;		/* 0 to 255; -1 if a signal ended it */
	int signal;		/* the signal that ended it, or 0 */
	int dumped_core;	/* 1 if it did */
	struct rusage usage;	/* what it used: the child, and those of its own that it waited for */
} qs_process_status;
#ifdef __cplusplus
#define QS_PROCESS_STATUS_INIT { sizeof(qs_process_status), 0, 0, 0, {} }
#else
#define QS_PROCESS_STATUS_INIT { .size = sizeof(qs_process_status) }
#endif

/*
 * qs_process_spawn - start a program.
 *
 * The child is started without copying our memory (vfork speed); its exec has succeeded when this
 * returns 0, and its group is its own.  A spawn that fails leaves no child, and no SIGCHLD.  A
 * script needs its #! line: no shell is tried.
 *
 *   out         receives the process; given back by qs_process_destroy()
 *   options     borrowed for the call
 *   stop        borrowed; NULL = none.  Looked at again after the spawn: if it was asked, the
 *               child is killed and reaped
 *
 * Returns 0; -ECANCELED (stop was asked); -EINVAL; what exec or chdir said (-ENOENT, -EACCES,
 * -E2BIG, -ENOEXEC, ...); -EBADF (a descriptor that is not open, or a number beyond the limit);
 * -EAGAIN (no more processes at present: try again later); -ENOMEM; -EMFILE; -ENFILE; -ENOSYS (a
 * Linux before 5.4); -QS_ELOST (it ended at once, and somebody else took its status);
 * -QS_EFORKED (an inherited stop).
 * Threads: any.  Waits: until exec.  Handlers: no.  Fork: the child may spawn its own.
 */
QS_API int qs_process_spawn(qs_process **out, const qs_process_options *options, qs_stop *stop);

/*
 * qs_process_pid - a child's number, which is its group's as well.  It stays the child's until
 * qs_process_wait() or qs_process_end() has returned 0.
 * qs_process_fd_of - a descriptor that becomes readable when the child ends (pidfd).  It is
 * close-on-exec and owned by the process: never close it.
 *
 * Returns the number or the descriptor; -EINVAL.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API pid_t qs_process_pid(const qs_process *process);
QS_API int qs_process_fd_of(const qs_process *process);

/*
 * qs_process_signal - send a signal to a child's group (to the child alone if it shares ours).
 *
 * Safe against reuse of the number: the child is a zombie at least until it is waited for.
 *
 *   signal      1 to SIGRTMAX
 *
 * Returns 0; -ESRCH (it has been waited for, or nobody is left); -EPERM (it changed its user: we
 * may not signal it); -EINVAL.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_process_signal(qs_process *process, int signal);

/*
 * qs_process_wait - wait until a child has ended.  Asks nothing of it, and leaves alone
 * what else is in its group.
 *
 * The child's end beats a stop, and a stop beats the deadline.  Several threads may wait for
 * one child; each is told.
 *
 *   deadline    when to give up; QS_NOW = only look
 *   stop        borrowed; ends the wait early; NULL = nothing does
 *   out         `size` set by the caller (QS_PROCESS_STATUS_INIT); NULL = not wanted
 *
 * Returns 0, again and again once it has ended; -ETIMEDOUT; -ECANCELED (stop was asked); -QS_ELOST
 * (somebody else took the status); -EINVAL; -EMFILE, -ENFILE, -ENOMEM (the stop has no descriptor
 * yet, and none can be made).
 * Threads: any.  Waits: yes.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_process_wait(qs_process *process, qs_time deadline, qs_stop *stop, qs_process_status *out);

/*
 * qs_process_end - end a child and its group: a signal, then SIGCONT, then a grace, then SIGKILL.
 *
 * The grace is the whole group's: when the child has ended, both signals go to those that are left,
 * and their ends are awaited, too.  SIGKILL goes to the group in any case, at the end of the grace
 * or when nobody is left to be seen.  A child that has been waited for has no group any more that
 * could be told for sure: then nothing is done.
 *
 *   signal      the polite request; SIGKILL = no grace
 *   grace       how long it may take: a deadline; then SIGKILL goes to what is left of the group
 *   hard        borrowed; ends the grace early; NULL = nothing does
 *   out         as in qs_process_wait()
 *
 * Returns 0 when it has ended, also if it had before; -QS_ELOST; -EPERM (it changed its user: we
 * may not end it); -ETIMEDOUT (it was killed 5 s ago, but the kernel does not let go of it: a dead
 * file server, a frozen cgroup; may be called again); -EINVAL.
 * Threads: any, several at once.  Waits: until the child is gone, at most 5 s after the grace.
 * Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_process_end(qs_process *process, int signal, qs_time grace, qs_stop *hard, qs_process_status *out);

/*
 * qs_process_destroy - give a child back; one that still runs is killed,
 * with its group, and reaped.
 *
 *   process     given; NULL is allowed
 *
 * Threads: any, when no other call on it is under way.  Waits: for the kernel to end a killed
 * child, at most 5 s; a child that it does not end is left to it.  Handlers: no.  Fork: nothing is
 * done: it is the parent's child.
 */
QS_API void qs_process_destroy(qs_process *process);

/* -------------------------------------------------------------------------------------------------
 * Signals: the ladder
 *
 * The first signal asks the *soft* token and gives the *hard* one a deadline, the grace.  The
 * second asks the hard one.  The third finds the old disposition, at once.  Copies of a signal
 * within a short time are one.
 */

typedef struct qs_signals qs_signals;

typedef struct qs_signals_options {
	uint32_t size;
	uint32_t flags;		/* 0 */
	const int *signals;	/* borrowed for the call; NULL = SIGINT, SIGTERM, SIGHUP, SIGQUIT */
	size_t signal_count;	/* of signals; 0 with NULL */
	int64_t grace_ns;	/* from the first signal to the hard token; 0 = 10 s; QS_NEVER = none */
	int64_t repeat_ns;	/* a signal so soon after the last one is the same request; 0 = 250
				   ms; -1 = every one counts */
} qs_signals_options;
#define QS_SIGNALS_OPTIONS_INIT { sizeof(qs_signals_options), 0, NULL, 0, 0, 0 }

/*
 * qs_stop_on_signals - from now on signals ask a stop.
 *
 * A signal that was ignored at this moment stays ignored.  One instance at a time in a
 * process.  Starts the attendant.
 *
 *   out         receives the instance; given back by qs_signals_close() or qs_stop_exit()
 *   options     borrowed for the call; NULL = defaults
 *
 * Returns 0; -EINVAL; -EBUSY (there is an instance already); -ENOMEM; -EAGAIN (the
 * attendant cannot be started).
 * Threads: any.  Waits: no.  Handlers: no.  Fork: in the child the handlers act
 * as the old dispositions.
 */
QS_API int qs_stop_on_signals(qs_signals **out, const qs_signals_options *options);

/*
 * qs_signals_soft - the token that the first signal asks.  qs_signals_hard - the one that the
 * second asks, or the end of the grace.
 *
 * Returns the token, borrowed until the instance is closed (retain it to keep
 * it longer); NULL for NULL.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: return the tokens.
 */
QS_API qs_stop *qs_signals_soft(qs_signals *signals);
QS_API qs_stop *qs_signals_hard(qs_signals *signals);

/*
 * qs_signals_close - put the old signal handlers back, byte for byte, except where
 * somebody replaced ours since.
 *
 *   signals     given; NULL is allowed
 *
 * Threads: any.  Waits: for a handler of ours that is running.
 * Handlers: no.  Fork: nothing is done.
 */
QS_API void qs_signals_close(qs_signals *signals);

/*
 * qs_stop_exit - close, and if a signal asked the stop, die of that signal, so that a
 * shell and a parent see it.
 *
 * That is the signal that asked the soft token, or else the hard one.  Ends without atexit
 * functions and without flushing stdio (a straggler may hold a stream): flush before.  As process
 * 1, which no default action ends, exits with 128 + the signal's number.
 *
 *   signals     given; NULL is allowed
 *
 * Returns 0 if no signal asked: the caller chooses its exit status.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: returns 0.
 */
QS_API int qs_stop_exit(qs_signals *signals);

/* -------------------------------------------------------------------------------------------------
 * Inspection: what a pool is doing
 */

typedef struct qs_stats {
	uint32_t size;
	uint32_t workers;		/* workers that are there, or on their way */
	uint32_t idle;			/* of these, those that wait for a task */
	uint32_t workers_max;		/* how many there may be */
	uint64_t submitted;		/* tasks accepted */
	uint64_t pending;		/* tasks that wait for a worker */
	uint64_t running;		/* tasks whose body has begun and not ended;
					   submitted = pending + running + ends */
	uint64_t ends[QS_STATES];	/* tasks per end, by enum qs_state */
} qs_stats;
#define QS_STATS_INIT { sizeof(qs_stats), 0, 0, 0, 0, 0, 0, { 0 } }

/*
 * qs_pool_stats - a pool's counts, at about one moment.
 *
 *   out         `size` set by the caller (QS_STATS_INIT)
 *
 * Returns 0; -EINVAL.
 * Threads: any.  Waits: no.  Handlers: no.  Fork: -QS_EFORKED.
 */
QS_API int qs_pool_stats(qs_pool *pool, qs_stats *out);

/*
 * qs_pool_dump - write for people what a pool is doing.
 *
 * A line of counts, then one per worker: the thread's number, the task's name,
 * its age and its checkpoint.
 *
 * Allocates nothing, waits for no lock (a worker that is changing its task at that moment
 * is said to be) and keeps errno, so that it can be called by a handler of SIGQUIT or
 * SIGSEGV, or from a debugger.
 *
 *   fd          borrowed; written to by write()
 *
 * Returns 0; -EINVAL; what write() said (-EBADF, -EPIPE, -ENOSPC, ...).
 * Threads: any.  Waits: if fd does.  Handlers: yes, while the pool is not
 * destroyed.  Fork: -QS_EFORKED.
 */
QS_API int qs_pool_dump(qs_pool *pool, int fd);

#ifdef __cplusplus
}
#endif

#endif
