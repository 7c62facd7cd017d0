/* SPDX-License-Identifier: MIT */
/*
 * nested.h - what a worker does in a wait besides parking: run what it waits for, and
 * see that the wait can end.
 *
 *	error = qs__nested_begin(&nested, &awaited, deadline, stop);
 *				-EDEADLK, -QS_EFORKED (in a child of an inner body), or 0
 *	... if what is wanted has not happened yet, and error is 0:
 *	    error = qs__nested_park(&nested), park ...
 *	qs__nested_end(&nested);
 *				if begin returned 0
 *
 * In a thread that is no worker, and in a wait with a deadline or whose stop was
 * asked, all of them do nothing.
 */
#ifndef QS__EXEC_NESTED_H
#define QS__EXEC_NESTED_H

#include "exec/wait_graph.h"

struct qs__nested {
	struct qs__blocked blocked;
	qs_stop *stop;	/* borrowed; ends the wait, so that it is not stuck once this was asked; NULL = none */
};

/*
 * Runs what of these is pending in the worker's own pool, if the wait needs all.  awaited
 * is borrowed until the end.
 */
int qs__nested_begin(struct qs__nested *nested, const struct qs__awaited *awaited, qs_time deadline, qs_stop *stop);
int qs__nested_park(struct qs__nested *nested);

/* True if it has to call qs__nested_park() again after each end, before it parks again. */
bool qs__nested_looks_again(const struct qs__nested *nested);

void qs__nested_end(struct qs__nested *nested);

#endif
