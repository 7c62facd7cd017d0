/* SPDX-License-Identifier: MIT */
/*
 * choice.c - the stack of choices.
 *
 * An execution is a function of its choices.  Depth first: replay the stack, choose 0 from its end
 * on; the next path adds one to the last choice that has room and drops what is above.  By the
 * dice: each choice is drawn, from a seed for each execution.
 */
#include <stdlib.h>

#include "engine.h"

static struct {
	enum sim_choice_mode mode;
	uint64_t dice;
	unsigned taken;				/* of the present execution */
	unsigned depth;				/* of the stack; >= taken only when replaying */
	uint8_t value[SIM_CHOICES];
	uint8_t count[SIM_CHOICES];
} stack;

void sim_choice_mode(enum sim_choice_mode mode)
{
	stack.mode = mode;
	stack.depth = 0;
}

void sim_choice_restart(void)
{
	stack.depth = 0;
}

void sim_choice_begin(uint64_t seed)
{
	stack.taken = 0;
	if (stack.mode == SIM_BY_DICE) {
		stack.depth = 0;
		stack.dice = seed * UINT64_C(0x9E3779B97F4A7C15) | 1;
	}
}

bool sim_choice_by_dice(void)
{
	return stack.mode == SIM_BY_DICE;
}

/* xorshift64* */
uint64_t sim_dice(void)
{
	stack.dice ^= stack.dice >> 12;
	stack.dice ^= stack.dice << 25;
	stack.dice ^= stack.dice >> 27;
	return (stack.dice * UINT64_C(2685821657736338717)) >> 16;
}

static unsigned keep(unsigned count, unsigned value)
{
	stack.count[stack.taken] = (uint8_t)count;
	stack.value[stack.taken] = (uint8_t)value;
	stack.depth = ++stack.taken;
	return value;
}

unsigned sim_choice_of_mine(unsigned count, unsigned value)
{
	if (count <= 1)
		return 0;
	if (stack.taken == SIM_CHOICES)
		sim_fail(SIM_TOO_SMALL, "more than %d choices", SIM_CHOICES);
	if (stack.taken < stack.depth) {
		if (stack.count[stack.taken] != count)
			sim_fail(SIM_LEAK, "not repeatable: an earlier execution left something behind");
		return stack.value[stack.taken++];
	}
	return keep(count, value);
}

unsigned sim_choice(unsigned count)
{
	return sim_choice_of_mine(count, stack.mode == SIM_BY_DICE ? (unsigned)(sim_dice() % (count ? count : 1)) : 0);
}

bool sim_choice_advance(void)
{
	stack.depth = stack.taken;
	while (stack.depth > 0 && stack.value[stack.depth - 1] + 1 == stack.count[stack.depth - 1])
		stack.depth--;
	if (stack.depth == 0)
		return false;
	stack.value[stack.depth - 1]++;
	return true;
}
