/* SPDX-License-Identifier: MIT */
/*
 * park.c - sleep while a word holds a value, simulated.
 *
 * No stronger than the contract: the look sees the newest value of that one word, and neither it
 * nor an unpark puts any other access in order.
 */
#include <errno.h>

#include "platform/park.h"
#include "sim/engine/engine.h"

enum { ALL = SIM_THREADS };

static bool returns_for_no_reason(void)
{
	if (sim.left.spurious_wakes == 0 || !sim_choice(2))
		return false;
	sim.left.spurious_wakes--;
	return true;
}

int qs__park(const qs__atomic(uint32_t) *word, uint32_t value, qs_time deadline)
{
	struct sim_site *site = sim_call_site("park");
	bool woken;

	sim_point(true);
	if (sim_control_of(site) != SIM_INTACT) {
		sim_trace(site, word, "dropped", 0, 0);
		return 0;
	}
	if (!sim_word_equals(word, sizeof(*word), value)) {
		sim_trace(site, word, "stays awake: not %#lx", value, 0);
		return 0;
	}
	if (deadline <= sim.now) {
		sim_trace(site, word, "the deadline has passed", 0, 0);
		return -ETIMEDOUT;
	}
	if (returns_for_no_reason()) {
		sim_trace(site, word, "returns for no reason", 0, 0);
		return 0;
	}
	sim_trace(site, word, "sleeps", 0, 0);
	woken = sim_sleep(word, deadline);
	sim_trace(site, word, woken ? "is awake" : "times out", 0, 0);
	return woken ? 0 : -ETIMEDOUT;
}

static void unpark(const char *operation, const volatile void *word, unsigned count)
{
	struct sim_site *site = sim_call_site(operation);

	if (sim_control_of(site) != SIM_INTACT) {
		sim_trace(site, word, "dropped", 0, 0);
		return;
	}
	sim_point(true);
	sim_trace(site, word, "", 0, 0);
	sim_wake(word, count);
}

void qs__unpark_one(const qs__atomic(uint32_t) *word)
{
	unpark("unpark_one", word, 1);
}

void qs__unpark_all(const qs__atomic(uint32_t) *word)
{
	unpark("unpark_all", word, ALL);
}
