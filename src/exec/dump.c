/* SPDX-License-Identifier: MIT */
/*
 * dump.c - what a pool is doing, for people, from anywhere: a signal handler
 * and a debugger included.
 *
 *	quiesce: pool 'NAME': 12 submitted, 3 pending, 2 running; 1 idle of 2 workers, at most 4
 *	quiesce:   worker 0, thread 4711: 'fetch 17' for 2.345 s at 'reading', inside 'index' for 3.001 s
 *	quiesce:   worker 1, thread 4712: nothing
 *
 * It allocates nothing and waits for no lock: where one is held at that moment, perhaps by the very
 * thread that a signal has interrupted, it says that something changes.  A line is put together
 * under the lock of what it describes and written after.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "exec/frame.h"
#include "platform/clock.h"

#define TRIES 100	  /* for a lock that is held for a few steps, by a thread that runs */
#define LINE_SIZE 512	  /* of a line; longer ones are cut */
#define GUESTS_MAX 64	/* lines about guests; more would not be read */
#define FRAMES_MAX 4	  /* bodies on one line, the innermost first */

/* --------------------------------------------------------------------------------------- a line */

struct line {
	char text[LINE_SIZE];
	size_t length;
};

static void put_byte(struct line *line, char byte)
{
	/* One place is kept for the end of the line. */
	if (line->length < LINE_SIZE - 1)
		line->text[line->length++] = byte;
}

/* What a terminal would take for an order is not shown. */
static void put(struct line *line, const char *text)
{
	for (; *text != '\0'; text++)
		put_byte(line, (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
}

static void put_number(struct line *line, uint64_t number)
{
	char digits[20];
	size_t count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	while (count > 0)
		put_byte(line, digits[--count]);
}

static void put_counted(struct line *line, const char *before, uint64_t number, const char *after)
{
	put(line, before);
	put_number(line, number);
	put(line, after);
}

static void put_seconds(struct line *line, int64_t ns)
{
	const uint64_t ms = ns > 0 ? (uint64_t)(ns / QS__NS_PER_MS) : 0;

	put_number(line, ms / 1000);
	put_byte(line, '.');
	put_number(line, ms / 100 % 10);
	put_number(line, ms / 10 % 10);
	put_number(line, ms % 10);
	put(line, " s");
}

static void begin(struct line *line)
{
	line->length = 0;
	put(line, "quiesce: ");
}

/* 0, or what write() said. */
static int end(struct line *line, int fd)
{
	size_t done = 0;

	line->text[line->length++] = '\n';
	while (done < line->length) {
		const ssize_t wrote = write(fd, line->text + done, line->length - done);

		if (wrote < 0 && errno != EINTR)
			return -errno;
		if (wrote > 0)
			done += (size_t)wrote;
	}
	return 0;
}

/* ------------------------------------------------------------------------------------- the pool */

static bool try_lock(qs__mutex *mutex)
{
	for (int i = 0; i < TRIES; i++) {
		if (qs__mutex_try_lock(mutex))
			return true;
	}
	return false;
}

static uint64_t sum_of_ends(qs_pool *pool)
{
	uint64_t sum = 0;

	for (int state = 0; state < QS_STATES; state++) {
		/* As in stats.c.  Pairs with fetch_add_acq_rel in qs__pool_count(). */
		sum += qs__load_acquire(&pool->ends[state]);
	}
	return sum;
}

static int dump_counts(qs_pool *pool, int fd)
{
	const uint64_t ended = sum_of_ends(pool);
	struct qs__queue_counts counts;
	struct line line;

	begin(&line);
	put(&line, "pool '");
	put(&line, pool->name);
	put(&line, "': ");
	if (qs__queue_try_look(&pool->queue, &counts)) {
		put_counted(&line, "", counts.pushed, " submitted, ");
		put_counted(&line, "", counts.pending, " pending, ");
		put_counted(&line, "", counts.pushed - counts.pending - ended, " running; ");
		put_counted(&line, "", counts.parked, " idle of ");
	} else {
		put(&line, "its queue changes at this moment; ");
	}
	/* relaxed: a count of those who come and go. */
	put_counted(&line, "", qs__load_relaxed(&pool->places_taken), " workers, at most ");
	put_number(&line, pool->options.workers);
	return end(&line, fd);
}

/* ------------------------------------------------------------------------------------- a worker */

static void put_frame(struct line *line, const struct qs__frame *frame)
{
	const char *checkpoint;

	if (frame->held != NULL) {
		put(line, frame->task != NULL ? "'" : "after '");
		put(line, frame->held->name);
		put(line, "'");
	} else {
		put(line, "between tasks");
	}
	put(line, " for ");
	put_seconds(line, qs__clock_now() - frame->since);
	/* Sees the label whole.  Pairs with store_release in qs_task_checkpoint(). */
	checkpoint = frame->task != NULL ? qs__load_acquire(&frame->task->checkpoint) : NULL;
	if (checkpoint != NULL) {
		put(line, " at '");
		put(line, checkpoint);
		put(line, "'");
	}
}

static void put_frames(struct line *line, const struct qs__frame *top)
{
	const struct qs__frame *frame = top;

	put(line, top == NULL ? "nothing" : "");
	for (int i = 0; i < FRAMES_MAX && frame != NULL; i++, frame = frame->below) {
		put(line, i > 0 ? ", inside " : "");
		put_frame(line, frame);
	}
	put(line, frame != NULL ? ", ..." : "");
}

/* False if nobody works there. */
static bool describe(struct qs__worker *worker, const char *kind, uint64_t number, struct line *line)
{
	bool is_there = true;

	begin(line);
	put_counted(line, kind, number, "");
	if (!try_lock(&worker->lock)) {
		put(line, ": changes its task at this moment");
		return true;
	}
	is_there = worker->thread_id != 0;
	put_counted(line, ", thread ", (uint64_t)worker->thread_id, ": ");
	put_frames(line, worker->top);
	qs__mutex_end_try(&worker->lock);
	return is_there;
}

static int dump_workers(qs_pool *pool, int fd)
{
	struct line line;
	int error = 0;

	for (uint32_t i = 0; i < pool->options.workers && error == 0; i++) {
		if (describe(&pool->workers[i], "  worker ", i, &line))
			error = end(&line, fd);
	}
	return error;
}

/*
 * Describes one of the pool's guests, by its number in the list at that moment;
 * false if there are fewer.
 */
static bool describe_guest(qs_pool *pool, uint64_t number, struct line *line)
{
	struct qs__list *link;
	uint64_t left = number;
	bool is_found;

	if (!try_lock(&pool->lock)) {
		begin(line);
		put(line, "  guests: they change at this moment");
		return true;
	}
	for (link = pool->guests.next; link != &pool->guests && left > 0; link = link->next)
		left--;
	is_found = link != &pool->guests &&
		   describe(QS__ENTRY(link, struct qs__worker, in_guests), "  guest ", number, line);
	qs__mutex_end_try(&pool->lock);
	return is_found;
}

static int dump_guests(qs_pool *pool, int fd)
{
	struct line line;
	int error = 0;

	for (uint64_t i = 0; i < GUESTS_MAX && error == 0 && describe_guest(pool, i, &line); i++)
		error = end(&line, fd);
	return error;
}

int qs_pool_dump(qs_pool *pool, int fd)
{
	const int errno_before = errno;
	int error = qs__object_check(pool, QS__MAGIC_POOL);

	if (error == 0)
		error = dump_counts(pool, fd);
	if (error == 0)
		error = dump_workers(pool, fd);
	if (error == 0)
		error = dump_guests(pool, fd);
	errno = errno_before;
	return error;
}
