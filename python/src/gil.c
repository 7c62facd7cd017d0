/* SPDX-License-Identifier: MIT */
/*
 * gil.c - a worker's hold on the interpreter.
 *
 *	kept -> free	gil_let_go(): before it sleeps, in a wait, after its turn
 *	free -> kept	gil_take(): at the next task
 *	free -> gone	the interpreter has ended, and ends the thread that asks for the GIL
 *
 * In a wait other tasks may run inside, and when they have ended the wait sleeps on: so there the
 * GIL is let go after each of our steps, not kept.
 */
#include "gil.h"

#define TURN_NS 5000000		/* the evaluation loop's own interval */

static _Thread_local struct resident *here;

struct resident *resident_here(void)
{
	return here;
}

void resident_enter(struct resident *resident, struct house *house)
{
	*resident = (struct resident){ .house = house, .holds = true, .since = qs_now() };
	here = resident;
}

void resident_leave(struct resident *resident)
{
	gil_take(resident);
	here = NULL;
}

void resident_forget(void)
{
	here = NULL;
}

void gil_take(struct resident *resident)
{
	if (resident->holds)
		return;
	resident->is_gone = true;
	PyEval_RestoreThread(resident->state);
	resident->is_gone = false;
	resident->holds = true;
	resident->since = qs_now();
}

void gil_let_go(struct resident *resident)
{
	if (!resident->holds)
		return;
	resident->holds = false;
	resident->state = PyEval_SaveThread();
}

void gil_breathe(struct resident *resident)
{
	if (!resident->holds || qs_now() - resident->since < TURN_NS)
		return;
	gil_let_go(resident);
	gil_take(resident);
}

bool grip_begin(struct grip *grip)
{
	grip->resident = here;
	if (here == NULL) {
		grip->state = PyGILState_Ensure();
		return true;
	}
	if (here->is_gone)
		return false;
	grip->is_ours = !here->holds;
	gil_take(here);
	return true;
}

void grip_end(struct grip *grip)
{
	if (grip->resident == NULL)
		PyGILState_Release(grip->state);
	else if (grip->is_ours && grip->resident->waits != 0)
		gil_let_go(grip->resident);
}

int gil_wait(int (*fn)(void *arg), void *arg)
{
	PyThreadState *state;
	int result;

	if (here == NULL) {
		state = PyEval_SaveThread();
		result = fn(arg);
		PyEval_RestoreThread(state);
		return result;
	}
	here->waits++;
	gil_let_go(here);
	result = fn(arg);
	gil_take(here);
	here->waits--;
	return result;
}
