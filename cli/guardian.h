/* SPDX-License-Identifier: MIT */
/*
 * guardian.h - the process that the user starts: it stays outside, watches the runner, and ends what the runner leaves.
 */
#ifndef QUIESCE_CLI_GUARDIAN_H
#define QUIESCE_CLI_GUARDIAN_H

#include "terminal.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* How the program was started; what the jobs are to find. */
struct birth {
	sigset_t mask;		/* the signals that were blocked */
	sigset_t ignored;	/* those that were ignored */
	struct terminal terminal;
	pid_t guardian;
};

/*
 * guardian_start - split into guardian and runner.  Returns in the runner only; the guardian never returns.
 *
 * To be called while this process has one thread.  Returns 0, or a negative code when the runner cannot be made.
 */
int guardian_start(struct birth *birth);

/* guardian_is_gone - asked in the runner: whether it has to end because nobody watches it any more. */
bool guardian_is_gone(const struct birth *birth);

#endif
