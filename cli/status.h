/* SPDX-License-Identifier: MIT */
/*
 * status.h - how the run is going: counts, why it ends early, and what to say and to exit with at the end.
 */
#ifndef QUIESCE_CLI_STATUS_H
#define QUIESCE_CLI_STATUS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a run ends before its input does; a signal is told by its token, not here. */
enum ending {
	ENDING_PLAIN,		/* it does not */
	ENDING_FAIL_FAST,	/* a job failed */
	ENDING_COMMAND,		/* the command cannot be run at all; that was said already */
	ENDING_TROUBLE,		/* of our own; that was said already, too */
	ENDING_READER_GONE,	/* nobody reads our output any more */
};

/* Every item that was read is done, failed, stopped or not started at last; before, it runs or waits for its turn. */
struct counts {
	uint64_t read;
	uint64_t total;		/* items there will be, if that is known: seen by the reader, or counted ahead of it */
	uint64_t running;
	uint64_t done;
	uint64_t failed;
	uint64_t stopped;	/* ended because we told it to */
	uint64_t not_started;
	uint64_t blank;		/* lines that were no items */
	bool is_total_known;
};

#define STATUS_WHY_BYTES 160	/* "job 12 (item) failed with status 1" */

struct status {
	pthread_mutex_t lock;	/* guards all below */
	struct counts counts;
	enum ending ending;	/* the first reason */
	int exit_code;		/* that goes with it */
	char ending_why[STATUS_WHY_BYTES];	/* FAIL_FAST: the job, and how it failed */
};

/* How a job ended. */
enum job_end {
	JOB_DONE,
	JOB_FAILED,
	JOB_STOPPED,
	JOB_NOT_STARTED,	/* it was to start, but the run was stopped in that moment */
};

void status_init(struct status *status);
void status_fini(struct status *status);

void status_item_read(struct status *status);

/* status_total - so many items there are in all, by a count ahead of the reader. */
void status_total(struct status *status, uint64_t total);

/* status_all_read - the input has ended: what was read is the total.  blank: the lines that were skipped. */
void status_all_read(struct status *status, uint64_t blank);

void status_not_started(struct status *status);
void status_job_starts(struct status *status);

/* status_job_ends - Returns how many have ended so far. */
uint64_t status_job_ends(struct status *status, enum job_end end);

/*
 * status_end - the run ends early.
 *
 *   why         the job that is the reason, and how it ended, in words; borrowed for the call; NULL = none
 *
 * Returns whether this is the first reason, which is the one that counts.
 */
bool status_end(struct status *status, enum ending ending, int exit_code, const char *why);

struct counts status_counts(struct status *status);

/* status_sentence - "412 done, 3 failed, 2 stopped, 583 not started", into the caller's buffer.  Returns the buffer. */
const char *status_sentence(const struct counts *counts, char *out, size_t room);

/* status_exit_code - what the run comes to, if no signal decides that. */
int status_exit_code(const struct status *status);

#endif
