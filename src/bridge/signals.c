/* SPDX-License-Identifier: MIT */
/*
 * signals.c - the ladder: a signal becomes a stop.
 *
 * One instance at a time in a process, because a process has one set of handlers.  The handler
 * finds it through a static pointer and climbs by one compare-and-swap of `rung`, which holds the
 * rung and the time at which it was reached:
 *
 *	0 -> 1		the first signal: the soft token is asked, and the hard one is given its
 *			deadline by a callback of the soft one
 *	1 -> 2		another, not too soon after: the hard token is asked
 *	2 -> 3		another: the old disposition is put back and the signal raised again; it acts when
 *			the handler returns
 *
 * Closing puts the old handlers back, takes the pointer away, and waits until no handler is
 * inside.  A handler says that it is inside before it reads the pointer, and closing takes the
 * pointer away before it counts: a fence on each side.  A handler that finds no instance passes
 * the signal on, so none is swallowed.
 *
 * In a forked child the handler still stands, but the instance is of another era: it
 * acts as the old disposition.
 *
 * Lock order: the era lock only, and only while handlers are installed or put back.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/era_lock.h"
#include "bridge/attendant.h"
#include "core/callback.h"
#include "platform/alloc.h"
#include "platform/fork.h"
#include "platform/park.h"

#define GRACE_DEFAULT_NS (10 * QS__NS_PER_S)
#define REPEAT_DEFAULT_NS (250 * QS__NS_PER_MS)
#define EXIT_BY_SIGNAL 128	/* a shell's way to say "died by signal n": 128 + n */

enum rung { NOTHING, SOFT, HARD, OLD };

#define RUNG_MASK UINT64_C(3)	/* of the word; the rest is the time, 4 ns exact */

static const int default_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

/* One signal that is handled here. */
struct handled {
	int signal;
	struct sigaction old;
};

struct qs_signals {
	struct qs__object object;
	qs_stop *soft;			/* I  counted */
	qs_stop *hard;			/* I  counted */
	struct qs__callback on_soft;	/* of soft: gives the hard token its deadline */
	int64_t grace_ns;		/* I */
	int64_t repeat_ns;		/* I */
	qs__atomic(uint64_t) rung;	/* A */
	size_t count;			/* I  of handled; what was ignored is not among them */
	struct handled handled[];	/* I */
};

static struct qs__era_lock lock;			/* guards installing and closing */
static qs__atomic(struct qs_signals *) installed;	/* NULL = none; changes under the lock */
static qs__atomic(uint32_t) inside;			/* handlers that may be looking at it */
static qs__atomic(uint64_t) put_back_signals;		/* a bit each: the last closing found our
							   handler and put the old one back */

/* ---------------------------------------------------------------------------------- the handler */

static enum rung rung_of(uint64_t word)
{
	return (enum rung)(word & RUNG_MASK);
}

/* The rung that this signal reaches, or NOTHING if it is a copy of the last one. */
static enum rung climb(qs_signals *signals)
{
	const uint64_t now = (uint64_t)qs__clock_now() & ~RUNG_MASK;
	/* relaxed: a guess, which the compare-and-swap checks. */
	uint64_t seen = qs__load_relaxed(&signals->rung);
	enum rung next;

	do {
		const int64_t since = (int64_t)(now - (seen & ~RUNG_MASK));

		if (rung_of(seen) != NOTHING && signals->repeat_ns > 0 && since < signals->repeat_ns)
			return NOTHING;
		next = rung_of(seen) < OLD ? (enum rung)(rung_of(seen) + 1) : OLD;
		/* relaxed: decides who climbs; the tokens publish what follows. */
	} while (!qs__compare_exchange_relaxed(&signals->rung, &seen, now | (uint64_t)next));
	return next;
}

static void set_default(int signal)
{
	struct sigaction by_default;

	memset(&by_default, 0, sizeof(by_default));
	by_default.sa_handler = SIG_DFL;
	(void)sigaction(signal, &by_default, NULL);
}

static void on_signal(int signal);

static bool is_ours(const struct sigaction *action)
{
	return (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == on_signal;
}

/* Puts one handler back; false if somebody has replaced ours since. */
static bool put_back(const struct handled *handled)
{
	struct sigaction now;

	return sigaction(handled->signal, NULL, &now) == 0 && is_ours(&now) &&
	       sigaction(handled->signal, &handled->old, NULL) == 0;
}

/*
 * The signal acts as it would have without us, as soon as the handler returns.  Not if somebody's
 * own handler has called ours: raised again it would come back here for ever.
 */
static void act_as_before(const qs_signals *signals, int signal)
{
	for (size_t i = 0; i < signals->count; i++) {
		if (signals->handled[i].signal == signal && put_back(&signals->handled[i]))
			(void)raise(signal);
	}
}

static void handle(qs_signals *signals, int signal)
{
	enum rung rung = OLD;

	if (qs__era_is_present(signals->object.era))
		rung = climb(signals);
	if (rung == SOFT)
		(void)qs_stop_ask_from_handler(signals->soft, signal);
	else if (rung == HARD)
		(void)qs_stop_ask_from_handler(signals->hard, signal);
	else if (rung == OLD)
		act_as_before(signals, signal);
}

static uint64_t bit_of(int signal)
{
	return UINT64_C(1) << (signal - 1);
}

/*
 * Our handler stands, but a moment ago there was no instance.  Either there is one now, or somebody
 * has put the handler there again and there is nothing before it but the default.
 */
static void handle_again(int signal)
{
	qs_signals *signals = NULL;

	/* Changes nothing and reads the newest.  Pairs with store_release in install(). */
	if (!qs__compare_exchange_acquire(&installed, &signals, NULL)) {
		handle(signals, signal);
		return;
	}
	set_default(signal);
	(void)raise(signal);
}

/*
 * The signal came just before the ladder was taken away: it acts as before, as
 * soon as the handler returns.
 */
static void pass_on(int signal)
{
	struct sigaction now;

	if (sigaction(signal, NULL, &now) == 0 && is_ours(&now))
		handle_again(signal);
	/* Pairs with store_release in qs_signals_close(). */
	else if ((qs__load_acquire(&put_back_signals) & bit_of(signal)) != 0)
		(void)raise(signal);
}

static void on_signal(int signal)
{
	const int saved = errno;
	qs_signals *signals;

	/* relaxed: the fence orders it.  Pairs with the fence in wait_for_handlers(). */
	(void)qs__fetch_add_relaxed(&inside, 1);
	qs__fence_seq_cst();
	/* Sees the instance whole.  Pairs with store_release in install(). */
	signals = qs__load_acquire(&installed);
	if (signals != NULL)
		handle(signals, signal);
	else
		pass_on(signal);
	/* Was inside.  Pairs with load_acquire in wait_for_handlers(). */
	if (qs__fetch_sub_acq_rel(&inside, 1) == 1)
		qs__unpark_all(&inside);
	errno = saved;
}

static void wait_for_handlers(void)
{
	uint32_t seen;

	/* Either we see it inside, or it sees no instance.  Pairs with the fence in on_signal(). */
	qs__fence_seq_cst();
	/* Pairs with fetch_sub_acq_rel in on_signal(). */
	while ((seen = qs__load_acquire(&inside)) != 0)
		(void)qs__park(&inside, seen, QS_NEVER);
}

/* ----------------------------------------------------------------------------------- installing */

/*
 * Notes the signals to take over, with their dispositions: those that are not ignored,
 * each once.  0, or -EINVAL.
 */
static int note_old(qs_signals *signals, const int *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct handled *handled = &signals->handled[signals->count];
		bool is_twice = false;

		for (size_t before = 0; before < signals->count; before++)
			is_twice = is_twice || signals->handled[before].signal == numbers[i];
		handled->signal = numbers[i];
		/* Some numbers are libc's own. */
		if (sigaction(numbers[i], NULL, &handled->old) != 0)
			return -EINVAL;
		if (!is_twice && handled->old.sa_handler != SIG_IGN)
			signals->count++;
	}
	return 0;
}

static void install_handlers(const qs_signals *signals)
{
	struct sigaction ours;

	memset(&ours, 0, sizeof(ours));
	ours.sa_handler = on_signal;
	ours.sa_flags = SA_RESTART | SA_ONSTACK;
	(void)sigemptyset(&ours.sa_mask);
	for (size_t i = 0; i < signals->count; i++)
		(void)sigaddset(&ours.sa_mask, signals->handled[i].signal);
	for (size_t i = 0; i < signals->count; i++)
		(void)sigaction(signals->handled[i].signal, &ours, NULL);
}

/*
 * A forked child: what the parent had is not ours, and its threads are not inside.  Its handlers
 * acted as the old dispositions, so these come back: they are what ours will give way to.
 */
static void disinherit(void)
{
	/* relaxed: changes under the lock that the caller holds. */
	const qs_signals *inherited = qs__load_relaxed(&installed);

	for (size_t i = 0; inherited != NULL && i < inherited->count; i++)
		(void)put_back(&inherited->handled[i]);
	/* relaxed: as above. */
	qs__store_relaxed(&installed, (qs_signals *)NULL);
	/* relaxed: a handler of ours finds no instance. */
	qs__store_relaxed(&inside, 0);
}

static int install(qs_signals *signals, const int *numbers, size_t count)
{
	int error = qs__era_lock(&lock);

	if (error < 0)
		return error;
	if (error > 0)
		disinherit();
	/* relaxed: changes under this lock. */
	error = qs__load_relaxed(&installed) != NULL ? -EBUSY : note_old(signals, numbers, count);
	if (error == 0) {
		/*
		 * Publishes the instance.  Pairs with load_acquire in on_signal() and
		 * compare_exchange_acquire in handle_again().
		 */
		qs__store_release(&installed, signals);
		install_handlers(signals);
	}
	qs__era_unlock(&lock);
	return error;
}

/* The soft token was asked: the grace begins, at the moment of the signal if it was one. */
static void give_grace(void *arg)
{
	qs_signals *signals = arg;
	/* relaxed: written by the handler whose mark of the token we have seen. */
	const uint64_t word = qs__load_relaxed(&signals->rung);
	const qs_time start = rung_of(word) == SOFT ? (qs_time)(word & ~RUNG_MASK) : qs__clock_now();

	if (signals->grace_ns < QS_NEVER - start)
		qs__attended_set_deadline(signals->hard->attended, start + signals->grace_ns);
}

static bool is_catchable(int signal)
{
	return signal > 0 && signal <= SIGRTMAX && signal != SIGKILL && signal != SIGSTOP;
}

static int check(const qs_signals_options *options)
{
	if (options->size != sizeof(*options) || options->flags != 0 || options->grace_ns < 0 ||
	    options->repeat_ns < -1 || (options->signals == NULL) != (options->signal_count == 0))
		return -EINVAL;
	for (size_t i = 0; i < options->signal_count; i++) {
		if (!is_catchable(options->signals[i]))
			return -EINVAL;
	}
	return 0;
}

static void signals_free(qs_signals *signals)
{
	if (signals->hard != NULL)
		(void)qs__callback_remove(&signals->on_soft, signals->soft);
	qs_stop_release(signals->hard);
	qs_stop_release(signals->soft);
	qs__object_free(&signals->object);
}

static int signals_new(qs_signals **out, const qs_signals_options *options, size_t count)
{
	qs_signals *signals =
		qs__object_alloc(sizeof(*signals) + count * sizeof(signals->handled[0]), QS__MAGIC_SIGNALS);
	int error;

	if (signals == NULL)
		return -ENOMEM;
	signals->grace_ns = options->grace_ns != 0 ? options->grace_ns : GRACE_DEFAULT_NS;
	signals->repeat_ns = options->repeat_ns != 0 ? options->repeat_ns : REPEAT_DEFAULT_NS;
	qs__atomic_init(&signals->rung, 0);
	error = qs__attended_stop_new(&signals->soft, NULL, NULL);
	if (error == 0)
		error = qs__attended_stop_new(&signals->hard, NULL, NULL);
	if (error != 0) {
		signals_free(signals);
		return error;
	}
	qs__callback_add(&signals->on_soft, signals->soft, give_grace, signals);
	*out = signals;
	return 0;
}

int qs_stop_on_signals(qs_signals **out, const qs_signals_options *options)
{
	const qs_signals_options defaults = QS_SIGNALS_OPTIONS_INIT;
	const int *numbers = default_signals;
	size_t count = sizeof(default_signals) / sizeof(default_signals[0]);
	const int saved = errno;
	qs_signals *signals;
	int error;

	if (options == NULL)
		options = &defaults;
	error = out == NULL ? -EINVAL : check(options);
	if (error != 0)
		return error;
	if (options->signals != NULL) {
		numbers = options->signals;
		count = options->signal_count;
	}
	error = signals_new(&signals, options, count);
	if (error != 0)
		return error;
	error = install(signals, numbers, count);
	errno = saved;
	if (error != 0) {
		signals_free(signals);
		return error;
	}
	*out = signals;
	return 0;
}

qs_stop *qs_signals_soft(qs_signals *signals)
{
	return signals != NULL ? signals->soft : NULL;
}

qs_stop *qs_signals_hard(qs_signals *signals)
{
	return signals != NULL ? signals->hard : NULL;
}

/* -------------------------------------------------------------------------------------- closing */

void qs_signals_close(qs_signals *signals)
{
	uint64_t were_put_back = 0;

	if (!qs__object_is_ours(signals, QS__MAGIC_SIGNALS))
		return;
	(void)qs__era_lock(&lock);
	for (size_t i = 0; i < signals->count; i++) {
		if (put_back(&signals->handled[i]))
			were_put_back |= bit_of(signals->handled[i].signal);
	}
	/* Pairs with load_acquire in pass_on(): whoever finds no instance sees what to do. */
	qs__store_release(&put_back_signals, were_put_back);
	/* relaxed: the fence in wait_for_handlers() orders it. */
	qs__store_relaxed(&installed, (qs_signals *)NULL);
	qs__era_unlock(&lock);
	wait_for_handlers();
	signals_free(signals);
}

/* Ends the process by this signal, as far as it can be ended so. */
static void die_by(int signal)
{
	sigset_t only;

	set_default(signal);
	(void)sigemptyset(&only);
	(void)sigaddset(&only, signal);
	(void)pthread_sigmask(SIG_UNBLOCK, &only, NULL);
	(void)raise(signal);
	_exit(EXIT_BY_SIGNAL + signal);
}

/* The signal that asked this token, or 0. */
static int signal_of(const qs_stop *stop)
{
	const struct qs__cause *cause = qs__stop_cause(stop);

	return cause != NULL && cause->kind == QS_CAUSE_SIGNAL ? cause->signal : 0;
}

int qs_stop_exit(qs_signals *signals)
{
	qs_stop *soft;
	qs_stop *hard;
	int signal;

	if (!qs__object_is_ours(signals, QS__MAGIC_SIGNALS))
		return 0;
	soft = qs_stop_retain(signals->soft);
	hard = qs_stop_retain(signals->hard);
	qs_signals_close(signals);
	/* After closing: a handler may have been inside. */
	signal = signal_of(soft);
	if (signal == 0)
		signal = signal_of(hard);
	qs_stop_release(hard);
	qs_stop_release(soft);
	if (signal != 0)
		die_by(signal);
	return 0;
}
