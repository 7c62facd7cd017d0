/* SPDX-License-Identifier: MIT */
/*
 * run.h - one run: what its parts share.
 *
 *	items -> main thread -> pool -> jobs -> screen
 *	                          ^ stop, hard: from signals, from a failed job, from trouble
 *	warden: ends what does not end by itself		progress: tells how it goes
 */
#ifndef QUIESCE_CLI_RUN_H
#define QUIESCE_CLI_RUN_H

#include "command.h"
#include "guardian.h"
#include "items.h"
#include "lookahead.h"
#include "options.h"
#include "screen.h"
#include "slots.h"
#include "spool.h"
#include "status.h"

#include <quiesce.h>

struct run {
	const struct options *options;
	const struct birth *birth;
	struct items items;
	struct lookahead lookahead;	/* of the progress line's task */
	struct command command;
	struct slots slots;
	struct spool spool;
	struct screen screen;
	struct status status;
	qs_signals *signals;
	qs_stop *stop;		/* nothing more starts, what runs is asked to end; below the signals' soft token */
	qs_stop *hard;		/* nothing is waited for any more, everything is killed; below their hard one */
	qs_stop *over;		/* all jobs have ended */
	qs_stop *given_up;	/* some have not, and cannot be killed */
	int stop_fd;		/* the tokens' descriptors: one poll() of a job or of the warden watches all there is */
	int hard_fd;
	int over_fd;
	pthread_mutex_t burial;	/* of orphans: one at a time, see kin_adopted() */
};

/* run - all of it.  Returns the exit status, or dies of the signal that stopped the run. */
int run(const struct options *options, const struct birth *birth);

/* run_end - the run ends early: nothing more starts.  As status_end(), and returns the same. */
bool run_end(struct run *run, enum ending ending, int exit_code, const char *why);

/* run_trouble - it ends because of trouble of our own with `what`, which is said if it is the first reason. */
void run_trouble(struct run *run, const char *what, int error);

#endif
