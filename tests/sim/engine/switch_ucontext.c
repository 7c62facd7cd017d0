/* SPDX-License-Identifier: MIT */
/*
 * switch_ucontext.c - from one stack to another on any machine that has ucontext.h, with
 * a system call each time.
 */
#include <stdlib.h>
#include <ucontext.h>

#include "engine.h"

/*
 * One ucontext_t for each sim_context, made when it is first used and kept for
 * the life of the process.
 */
static ucontext_t *ucontext_of(struct sim_context *context)
{
	if (!context->stack_pointer) {
		context->stack_pointer = calloc(1, sizeof(ucontext_t));
		if (!context->stack_pointer)
			abort();
	}
	return context->stack_pointer;
}

void sim_context_make(struct sim_context *context, void *stack, size_t bytes, void (*entry)(void))
{
	ucontext_t *ucontext = ucontext_of(context);

	getcontext(ucontext);
	ucontext->uc_stack.ss_sp = stack;
	ucontext->uc_stack.ss_size = bytes;
	makecontext(ucontext, entry, 0);
}

void sim_context_switch(struct sim_context *from, struct sim_context *to)
{
	swapcontext(ucontext_of(from), ucontext_of(to));
}
