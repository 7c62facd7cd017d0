/* SPDX-License-Identifier: MIT */
/*
 * switch_x86_64.c - from one stack to another in some ten instructions.
 *
 * By the System V convention a call keeps rbx, rbp and r12 to r15; they go
 * onto the stack that is left.
 */
#include <string.h>

#include "engine.h"

enum { SAVED_REGISTERS = 6 };

void sim_switch_stacks(void **save, void *load);

__asm__(".text\n"
	".globl sim_switch_stacks\n"
	".type sim_switch_stacks, @function\n"
	"sim_switch_stacks:\n"
	"	push %rbp\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n"
	".size sim_switch_stacks, . - sim_switch_stacks\n");

void sim_context_make(struct sim_context *context, void *stack, size_t bytes, void (*entry)(void))
{
	uintptr_t top = ((uintptr_t)stack + bytes) & ~(uintptr_t)15;
	void **frame = (void **)top;

	*--frame = NULL;		/* where entry would return to: it never does */
	*--frame = (void *)entry;
	for (int i = 0; i < SAVED_REGISTERS; i++)
		*--frame = NULL;
	context->stack_pointer = frame;
}

void sim_context_switch(struct sim_context *from, struct sim_context *to)
{
	sim_switch_stacks(&from->stack_pointer, to->stack_pointer);
}
