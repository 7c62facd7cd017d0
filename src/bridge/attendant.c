/* SPDX-License-Identifier: MIT */
/*
 * attendant.c - one thread, which sleeps on one word.
 *
 * The word counts the calls; its lowest bit says that the last token has gone, and the count
 * above may overflow.  Whoever gives the attendant something to do puts it where it belongs
 * (the stack of called tokens, the heap of deadlines), then adds to the word, then unparks.
 * The attendant reads the word, does all there is to do, and parks on the value that it read.
 * So nothing is left lying.
 *
 * Life: a static pointer names the present attendant; a count of tokens is kept with it,
 * under an era lock (base/era_lock.h), for a forked child has the pointer but not the thread.
 * The token that brings the count to 0 takes the pointer away and sets the bit, its last
 * touch; the thread frees its struct and ends.  It is never joined: the last token may go
 * from inside one of its callbacks.
 *
 * A deadline and the end of its token: the attendant takes a due timer out and the token's
 * reference under its lock; a token without owners waits for that lock to take its timer out.  So
 * either the timer is gone or the token is held.
 *
 * Lock order: the era lock; the attendant's lock.  Neither is held while a token is asked.
 */
#include "bridge/attendant.h"

#include <errno.h>

#include "base/era_lock.h"
#include "base/mutex.h"
#include "platform/alloc.h"
#include "platform/park.h"
#include "platform/thread.h"

#define STACK_BYTES ((size_t)1 << 20)	/* callbacks of users run on it: what a worker has, whatever the shell's limit */

#define LAST_HAS_GONE UINT32_C(1)
#define ONE_CALL UINT32_C(2)

/*
 * R = under the registry's lock, L = under lock, A = atomic.
 */
struct qs__attendant {
	qs__atomic(uint32_t) word;			/* A */
	qs__atomic(struct qs__attended *) called;	/* A  the newest first */
	uint32_t tokens;				/* R */
	qs__mutex lock;
	struct qs__heap timers;				/* L  of struct qs__attended.timer */
};

static struct {
	struct qs__era_lock lock;
	struct qs__attendant *present;	/* NULL = none */
} registry;

/* Something was put where the attendant looks for it.  Safe in a signal handler. */
static void call(struct qs__attendant *attendant, uint32_t add)
{
	/*
	 * Publishes it.  After LAST_HAS_GONE this is the last touch.  Pairs with
	 * load_acquire in attend().
	 */
	(void)qs__fetch_add_acq_rel(&attendant->word, add);
	qs__unpark_one(&attendant->word);
}

/* ------------------------------------------------------------------------------------- its work */

static void walk_called(struct qs__attendant *attendant)
{
	/* Sees each next_called.  Pairs with compare_exchange_release in qs__attended_call(). */
	struct qs__attended *attended = qs__exchange_acquire(&attendant->called, (struct qs__attended *)NULL);

	while (attended != NULL) {
		struct qs__attended *next = QS_PLAIN_READ(attended->next_called);
		qs_stop *stop = attended->stop;

		qs__stop_walk(stop);
		qs_stop_release(stop);
		attended = next;
	}
}

/* The next token whose deadline has come, counted, or NULL; then *out_next is when to look again. */
static qs_stop *take_due(struct qs__attendant *attendant, qs_time *out_next)
{
	qs_stop *due = NULL;

	*out_next = QS_NEVER;
	qs__mutex_lock(&attendant->lock);
	while (due == NULL && attendant->timers.root != NULL) {
		struct qs__attended *attended = QS__ENTRY(attendant->timers.root, struct qs__attended, timer);

		*out_next = attended->timer.when;
		if (attended->timer.when > qs__clock_now())
			break;
		qs__heap_remove(&attendant->timers, &attended->timer);
		attended->has_timer = false;
		attended->has_gone_off = true;
		*out_next = QS_NEVER;
		if (qs__object_retain_if_alive(&attended->stop->object))
			due = attended->stop;
	}
	qs__mutex_unlock(&attendant->lock);
	return due;
}

/* Asks the tokens whose deadline has come; returns the next deadline. */
static qs_time ask_due(struct qs__attendant *attendant)
{
	qs_time next;
	qs_stop *due;

	while ((due = take_due(attendant, &next)) != NULL) {
		(void)qs__stop_ask_for(due, due->attended->cause);
		qs_stop_release(due);
	}
	return next;
}

static void attendant_free(struct qs__attendant *attendant)
{
	qs__mutex_fini(&attendant->lock);
	qs__atomic_fini(&attendant->word);
	qs__atomic_fini(&attendant->called);
	qs__free(attendant);
}

static void attend(void *arg)
{
	struct qs__attendant *attendant = arg;

	for (;;) {
		/* Sees what there is to do.  Pairs with fetch_add_acq_rel in call(). */
		const uint32_t seen = qs__load_acquire(&attendant->word);
		qs_time next;

		if ((seen & LAST_HAS_GONE) != 0)
			break;
		walk_called(attendant);
		next = ask_due(attendant);
		(void)qs__park(&attendant->word, seen, next);
	}
	attendant_free(attendant);
}

/* ------------------------------------------------------------------------------------- its life */

static int attendant_start(struct qs__attendant **out)
{
	struct qs__attendant *attendant = qs__alloc(sizeof(*attendant));
	qs__thread thread;
	int error;

	if (attendant == NULL)
		return -ENOMEM;
	qs__atomic_init(&attendant->word, 0);
	qs__atomic_init(&attendant->called, NULL);
	qs__mutex_init(&attendant->lock, QS__RANK_ATTENDANT);
	error = qs__thread_start(&thread, attend, attendant, STACK_BYTES, "qs-attendant");
	if (error != 0) {
		attendant_free(attendant);
		return error;
	}
	qs__thread_detach(thread);
	*out = attendant;
	return 0;
}

/*
 * Counts a token for the present attendant; makes `made` the present one if there is none.  0,
 * or -EAGAIN: there is none.
 */
static int count_token(struct qs__attendant **out, struct qs__attendant *made)
{
	const int error = qs__era_lock(&registry.lock);

	if (error < 0)
		return error;
	if (error > 0)
		registry.present = NULL;
	if (registry.present == NULL)
		registry.present = made;
	*out = registry.present;
	if (*out != NULL)
		(*out)->tokens++;
	qs__era_unlock(&registry.lock);
	return *out != NULL ? 0 : -EAGAIN;
}

/*
 * The present attendant, counted for one token; it is started outside the lock, and sent
 * home if another was faster.
 */
static int attendant_get(struct qs__attendant **out)
{
	struct qs__attendant *made = NULL;
	int error = count_token(out, NULL);

	if (error != -EAGAIN)
		return error;
	error = attendant_start(&made);
	if (error != 0)
		return error;
	error = count_token(out, made);
	if (error != 0 || *out != made)
		call(made, LAST_HAS_GONE);
	return error;
}

static void attendant_put(struct qs__attendant *attendant)
{
	bool is_last;

	/* There is an era: the token was made in it. */
	(void)qs__era_lock(&registry.lock);
	is_last = --attendant->tokens == 0;
	if (is_last)
		registry.present = NULL;
	qs__era_unlock(&registry.lock);
	if (is_last)
		call(attendant, LAST_HAS_GONE);
}

/* --------------------------------------------------------------------------------------- tokens */

/* The token's last owner has gone. */
static void retire(struct qs__attended *attended)
{
	struct qs__attendant *attendant = attended->attendant;

	qs__mutex_lock(&attendant->lock);
	if (attended->has_timer)
		qs__heap_remove(&attendant->timers, &attended->timer);
	qs__mutex_unlock(&attendant->lock);
	qs__free(attended);
	attendant_put(attendant);
}

int qs__attended_stop_new(qs_stop **out, qs_stop *parent, qs_stop *also)
{
	struct qs__attended *attended = qs__alloc(sizeof(*attended));
	qs_stop *stop = attended != NULL ? qs__stop_new(parent, also) : NULL;
	int error = stop != NULL ? attendant_get(&attended->attendant) : -ENOMEM;

	if (error != 0) {
		qs_stop_release(stop);
		qs__free(attended);
		return error;
	}
	attended->stop = stop;
	attended->cause = &qs__cause_deadline;
	stop->attended = attended;
	stop->retire = retire;
	*out = stop;
	return 0;
}

/* True if the attendant has to know at once: this is the earliest deadline now. */
static bool set_timer_locked(struct qs__attended *attended, qs_time when)
{
	struct qs__heap *timers = &attended->attendant->timers;

	if (attended->has_timer)
		qs__heap_remove(timers, &attended->timer);
	attended->has_timer = when != QS_NEVER;
	if (attended->has_timer)
		qs__heap_insert(timers, &attended->timer, when);
	return attended->has_timer && timers->root == &attended->timer;
}

void qs__attended_set_deadline(struct qs__attended *attended, qs_time when)
{
	struct qs__attendant *attendant = attended->attendant;
	bool is_earliest;

	qs__mutex_lock(&attendant->lock);
	is_earliest = set_timer_locked(attended, when);
	qs__mutex_unlock(&attendant->lock);
	if (is_earliest)
		call(attendant, ONE_CALL);
}

/* Before the deadline comes nobody reads the token's own cause, and after that nobody writes it. */
static void describe_locked(struct qs__attended *attended, qs_time when, const char *text)
{
	struct qs__cause *own = &attended->stop->own;

	own->kind = QS_CAUSE_DEADLINE;
	own->text = text;
	own->task = "";
	own->asked_at = when;
	attended->cause = own;
}

/* The deadline that it had has come, whether the attendant has seen that or is busy with others. */
static bool is_over_locked(const struct qs__attended *attended)
{
	return attended->has_gone_off || (attended->has_timer && attended->timer.when <= qs__clock_now());
}

bool qs__attended_move_deadline(struct qs__attended *attended, qs_time when, const char *text)
{
	struct qs__attendant *attendant = attended->attendant;
	bool is_earliest = false;
	bool is_in_time;

	qs__mutex_lock(&attendant->lock);
	is_in_time = !is_over_locked(attended);
	if (is_in_time) {
		describe_locked(attended, when, text);
		is_earliest = set_timer_locked(attended, when);
	}
	qs__mutex_unlock(&attendant->lock);
	if (is_earliest)
		call(attendant, ONE_CALL);
	return is_in_time;
}

void qs__attended_call(struct qs__attended *attended)
{
	struct qs__attendant *attendant = attended->attendant;
	/* relaxed: a guess, which the compare-and-swap checks. */
	struct qs__attended *first = qs__load_relaxed(&attendant->called);

	qs__object_retain(&attended->stop->object);
	do {
		QS_PLAIN_WRITE(attended->next_called, first);
		/* Publishes next_called.  Pairs with exchange_acquire in walk_called(). */
	} while (!qs__compare_exchange_release(&attendant->called, &first, attended));
	call(attendant, ONE_CALL);
}
