/* SPDX-License-Identifier: MIT */
/*
 * test_sim_depth.c - how far the simulator goes: a case's own levels whole, those that QS_SIM_DEPTH
 * adds as far as may be, and what was not searched is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/atomic.h"
#include "sim/sim.h"

/* What a deep run or somebody who looks closer has set is not meant for these. */
static int set_nothing(void **state)
{
	(void)state;
	unsetenv("QS_SIM_DEPTH");
	unsetenv("QS_SIM_BUDGET");
	unsetenv("QS_SIM_ONLY");
	unsetenv("QS_SIM_SWEEP");
	return 0;
}

static void go_deeper(const char *budget)
{
	setenv("QS_SIM_DEPTH", "1", 1);
	setenv("QS_SIM_BUDGET", budget, 1);
}

/* ---- a thread has two steps that belong together, and many more: only a preemption between the two is seen ---- */

enum { FURTHER_STEPS = 100 };

static qs__atomic(uint32_t) pair, other;

static void step_twice(void *arg)
{
	(void)arg;
	(void)qs__fetch_add_relaxed(&pair, 1);
	(void)qs__fetch_add_relaxed(&pair, 1);
	for (int i = 0; i < FURTHER_STEPS; i++)
		(void)qs__fetch_add_relaxed(&other, 1);
}

static void look(void *arg)
{
	(void)arg;
	(void)qs__fetch_add_relaxed(&other, 1);
	SIM_ASSERT(qs__fetch_add_relaxed(&pair, 0) != 1);
}

static void look_at_nothing(void *arg)
{
	(void)arg;
	(void)qs__fetch_add_relaxed(&other, 1);
	(void)qs__fetch_add_relaxed(&pair, 0);
}

static void setup_with(void (*looker)(void *arg))
{
	qs__atomic_init(&pair, 0);
	qs__atomic_init(&other, 0);
	sim_thread("stepper", step_twice, NULL);
	sim_thread("looker", looker, NULL);
}

static void torn_setup(void)
{
	setup_with(look);
}

static void sound_setup(void)
{
	setup_with(look_at_nothing);
}

static const struct sim_case torn = { .name = "torn", .setup = torn_setup };
static const struct sim_case sound = { .name = "sound", .setup = sound_setup };

/* ---- which executions there are ---- */

static void test_sim_depth_own_levels_are_searched_or_fail(void **state)
{
	struct sim_case large = sound;

	(void)state;
	large.preemptions = 1;
	assert_true(sim_holds(&large));
	large.executions = 10;
	assert_true(sim_fails(&large, SIM_INCOMPLETE));
	go_deeper("1000");
	assert_true(sim_fails(&large, SIM_INCOMPLETE));
}

static void test_sim_depth_adds_a_preemption(void **state)
{
	(void)state;
	assert_true(sim_holds(&torn));
	go_deeper("1000");
	assert_true(sim_fails(&torn, SIM_ASSERTION));
}

/*
 * Depth first comes to the beginning of the thread last, the dice come anywhere: fifty of theirs
 * find what fifty of its do not.
 */
static void test_sim_depth_goes_on_at_random_where_a_search_is_cut(void **state)
{
	(void)state;
	go_deeper("50");
	assert_true(sim_fails(&torn, SIM_ASSERTION));
}

/* ---- what is said about it ---- */

static char said[4096];

/* Runs a case that holds, and keeps its line. */
static void listen(const struct sim_case *scenario)
{
	FILE *line = tmpfile();
	const int out = dup(STDOUT_FILENO);
	bool holds;
	size_t bytes;

	assert_non_null(line);
	fflush(stdout);
	dup2(fileno(line), STDOUT_FILENO);
	holds = sim_holds(scenario);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	rewind(line);
	bytes = fread(said, 1, sizeof(said) - 1, line);
	said[bytes] = '\0';
	fclose(line);
	assert_true(holds);
}

static void test_sim_depth_says_what_was_searched(void **state)
{
	(void)state;
	listen(&sound);
	assert_non_null(strstr(said, "holds, all of 0 preemptions"));
	go_deeper("1000");
	listen(&sound);
	assert_non_null(strstr(said, "holds, all of 1 preemptions"));
	assert_null(strstr(said, "at random"));
}

static void test_sim_depth_says_where_a_search_was_cut(void **state)
{
	(void)state;
	go_deeper("50");
	listen(&sound);
	assert_non_null(strstr(said, "holds, all of 0 preemptions"));
	assert_non_null(strstr(said, "; of 1 preemptions the first 50, then 50 at random\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_sim_depth_own_levels_are_searched_or_fail, set_nothing),
		cmocka_unit_test_setup(test_sim_depth_adds_a_preemption, set_nothing),
		cmocka_unit_test_setup(test_sim_depth_goes_on_at_random_where_a_search_is_cut, set_nothing),
		cmocka_unit_test_setup(test_sim_depth_says_what_was_searched, set_nothing),
		cmocka_unit_test_setup(test_sim_depth_says_where_a_search_was_cut, set_nothing),
	};

	return cmocka_run_group_tests_name("sim depth", tests, NULL, NULL);
}
