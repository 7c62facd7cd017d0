/* SPDX-License-Identifier: MIT */
/*
 * nested.c - a worker that waits for pending tasks of its own pool runs them on its own stack.
 *
 * Only in a wait that needs those very tasks and has no deadline: any other one might be held up by
 * a body that it could have done without.  To a depth that a stack of the usual size bears.  A stop
 * of the wait is seen between two bodies.
 *
 * The inner task's token hangs below that of the task that waits, which is made for it: a stop of
 * the outer task is one of all that it runs at that time.  What it waits for after that, to clean
 * up, is not stopped by it.
 */
#include "exec/nested.h"

#include <errno.h>

#include "exec/cancel.h"
#include "exec/frame.h"
#include "exec/run.h"

#define DEPTH_MAX 64u	/* frames on one stack besides the first: 16 KiB each of the usual 1 MiB */

/* The work of one wait, for the guard. */
struct help {
	struct qs__nested *nested;
	const struct qs__awaited *awaited;
	struct qs__worker *worker;
	qs_stop *stop;
	qs_stop *token;		/* of the task that waits, counted; NULL = there is none */
	qs_stop *above;
};

/*
 * What an inner task's token hangs below.  A task that cleans up after its stop may wait
 * for others all the same.
 */
static qs_stop *above_of(const struct help *help)
{
	return qs__stop_find_asked(help->above) == NULL ? help->above : help->worker->pool->stop;
}

/* Runs it if it is pending in the worker's own pool.  True if that is to be the last one. */
static bool run_inline(void *context, qs_future *future)
{
	struct help *help = context;
	qs_stop *above = above_of(help);
	qs_pool *pool;

	if (qs_stop_is_asked(help->stop) != 0)
		return true;
	pool = future->pool == help->worker->pool ? qs__task_take(future, above) : NULL;
	if (pool == NULL)
		return false;
	/* The worker has a reference of its own. */
	qs__pool_release(pool);
	qs__serve(help->worker, future, above);
	/* The body may have returned in a child that it forked. */
	return qs__worker_here() == NULL;
}

static void run_pending(void *arg)
{
	struct help *help = arg;

	(void)help->awaited->find(help->awaited, run_inline, help);
}

/* A body has ended the thread, and with it the wait. */
static void exited(void *arg)
{
	struct help *help = arg;

	qs__nested_end(help->nested);
	qs_stop_release(help->token);
}

static void help_out(struct help *help)
{
	const struct qs_task *task = qs__task_here(help->worker);

	help->token = task != NULL ? qs__future_token(task->future) : NULL;
	help->above = help->token;
	/* Without memory for a token, what is asked above the task is all that the inner one hears. */
	if (help->token == NULL)
		help->above = task != NULL ? task->above : help->worker->pool->stop;
	qs__thread_guard(run_pending, exited, help);
	qs_stop_release(help->token);
}

int qs__nested_begin(struct qs__nested *nested, const struct qs__awaited *awaited, qs_time deadline, qs_stop *stop)
{
	struct help help = { nested, awaited, qs__worker_here(), stop, NULL, NULL };
	bool may_run;
	int error;

	nested->stop = stop;
	nested->blocked.worker = NULL;
	if (help.worker == NULL || deadline != QS_NEVER || qs_stop_is_asked(stop) != 0)
		return 0;
	/*
	 * A worker's first task comes after its init function, and its last one
	 * before its finish function.
	 */
	may_run = awaited->need == QS__NEEDS_ALL && help.worker->has_begun && help.worker->depth <= DEPTH_MAX;
	error = qs__wait_graph_enter(&nested->blocked, help.worker, awaited, may_run);
	if (error != 0 || !may_run)
		return error;
	help_out(&help);
	/*
	 * In a child that a body forked there is nothing to leave: the graph, and the locks of what
	 * it waits for, are the parent's.
	 */
	return qs__worker_here() == help.worker ? 0 : -QS_EFORKED;
}

int qs__nested_park(struct qs__nested *nested)
{
	/* Asked while a body ran here: the wait ends by that, whoever is left to run the rest. */
	return qs_stop_is_asked(nested->stop) != 0 ? 0 : qs__wait_graph_park(&nested->blocked);
}

bool qs__nested_looks_again(const struct qs__nested *nested)
{
	return nested->blocked.worker != NULL && nested->blocked.awaited->need == QS__NEEDS_FAILURE;
}

void qs__nested_end(struct qs__nested *nested)
{
	qs__wait_graph_leave(&nested->blocked);
}
