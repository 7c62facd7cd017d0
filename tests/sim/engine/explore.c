/* SPDX-License-Identifier: MIT */
/*
 * explore.c - runs a case: which executions, in a child process each exploration; says how it went.
 *
 * Explorations are repeatable: run again, they take the same paths and find the same failure.
 *
 * An exploration is a case with one control or with none.  It runs in a child, so that whatever it
 * breaks is gone afterwards; what it found comes back in a shared page.  Depth first goes with 0,
 * 1, 2, ... preemptions, so that the first failure found is one with the fewest.  Those that the
 * case asks for are searched whole, or it fails; a number that a deep run adds may be cut.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"

enum {
	DEFAULT_EXECUTIONS = 4000000,
	ADDED_EXECUTIONS = 1000000,	/* of a level that QS_SIM_DEPTH adds: a quarter of
					   a minute, for most cases */
	RANDOM_STALE_READS = 8,
	NAME_BYTES = 80,
	PATTERN_BYTES = 256,
	SITES = 512,
};

/* What the child tells. */
struct outcome {
	unsigned failure;
	bool met;		/* the control's site was executed */
	bool finished;		/* the child came to its end by itself */
	uint64_t executions;
	uint64_t random;
	uint64_t steps;
	int preemptions;	/* all executions with so many have been seen */
	int cut;		/* some of those with so many, which were too many; 0 = none */
	bool all;		/* more would make no other execution */
	double seconds;
	unsigned site_count;
	struct sim_site sites[SITES];	/* the sites that were met; their text is the same in child and parent */
};

static const struct sim_case *scenario;
static struct outcome *outcome;		/* shared with the child */
static bool show_trace;
static int bound;			/* the present limit of preemptions */
static bool is_warm_up;			/* the first execution of a process, which static state may remember */

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int depth(void)
{
	const char *text = getenv("QS_SIM_DEPTH");

	return text ? atoi(text) : 0;
}

/*
 * Executions that a level which depth() adds may take, and the dice in its
 * place when those are not all.
 */
static uint64_t added_executions(void)
{
	const char *text = getenv("QS_SIM_BUDGET");

	return text ? strtoull(text, NULL, 10) : ADDED_EXECUTIONS;
}

/* ---- one execution ---- */

static void case_main(void *arg)
{
	struct sim_thread *self = sim.self;

	(void)arg;
	self->undisturbed = true;
	sim.in_setup = true;
	scenario->setup();
	sim.in_setup = false;
	for (unsigned i = 1; i < sim.thread_count; i++)
		if (sim.threads[i].awaited)
			sim_thread_end_wait(i);
	if (scenario->finish)
		scenario->finish();
}

void sim_thread(const char *name, void (*fn)(void *arg), void *arg)
{
	struct sim_thread *thread = &sim.threads[sim_thread_start(name, fn, arg)];

	thread->awaited = true;
	thread->given_up = true;
}

unsigned sim_choose(unsigned count)
{
	return sim_choice(count);
}

static void fill_budget(struct sim_budget *left)
{
	left->preemptions = bound;
	left->stale_reads = scenario->stale_reads;
	left->spurious_wakes = scenario->spurious_wakes;
	left->early_timeouts = scenario->early_timeouts;
	left->failed_allocations = scenario->failed_allocations;
	left->failed_starts = scenario->failed_starts;
	if (bound == SIM_UNBOUNDED && left->stale_reads)
		left->stale_reads = RANDOM_STALE_READS;
}

static void check_what_is_left(void)
{
	if (!sim.failure)
		sim_schedule_end();
	if (!sim.failure)
		sim_heap_end();
	if (!sim.failure)
		sim_descriptor_end();
	if (!sim.failure && !is_warm_up)
		sim_memory_end();
}

static void execute(uint64_t seed)
{
	sim.number++;
	sim.failure = 0;
	sim.learned = false;
	fill_budget(&sim.left);
	sim_choice_begin(seed);
	sim_control_begin_execution();
	sim_trace_begin();
	sim_memory_begin();
	sim_race_begin();
	sim_heap_begin(scenario->reuse_memory);
	sim_descriptor_begin();
	sim_disposition_begin();
	sim_schedule_begin();
	sim.threads[sim_thread_start("main", case_main, NULL)].given_up = true;
	sim_schedule_run();
	check_what_is_left();
	outcome->executions++;
	outcome->steps += sim.steps;
}

/* ---- one exploration, in the child ---- */

static void print_failure(void)
{
	fprintf(stderr, "--- %s: %s\n", scenario->name, sim.reason);
	sim_trace_print();
	fprintf(stderr, "--- execution %" PRIu64 "; QS_SIM_ONLY=%s runs it again\n", outcome->executions, scenario->name);
}

static bool failed(void)
{
	if (!sim.failure)
		return false;
	outcome->failure = sim.failure;
	if (show_trace)
		print_failure();
	return true;
}

static bool is_added_level(void)
{
	return bound > scenario->preemptions;
}

/* How many executions there may have been when the search of this level ends. */
static uint64_t allowed_executions(void)
{
	if (is_added_level())
		return outcome->executions + added_executions();
	return scenario->executions ? scenario->executions : DEFAULT_EXECUTIONS;
}

/*
 * A case chooses its own levels so that they can be searched; what is beyond them is
 * searched as far as may be.
 */
static bool end_search(void)
{
	if (!is_added_level()) {
		outcome->failure = SIM_INCOMPLETE;
		return false;
	}
	outcome->cut = bound;
	return true;
}

/* To the next path; what choices mean has changed when a word turned out to be shared. */
static bool advance(void)
{
	if (!sim.learned)
		return sim_choice_advance();
	sim_choice_restart();
	return true;
}

/*
 * Every execution with at most `bound` preemptions, or as many as are
 * allowed.  False: it has failed.
 */
static bool search(void)
{
	const uint64_t allowed = allowed_executions();

	sim_choice_mode(SIM_DEPTH_FIRST);
	sim.bounded = false;
	do {
		if (outcome->executions >= allowed)
			return end_search();
		execute(0);
		if (failed())
			return false;
	} while (advance());
	outcome->preemptions = bound;
	outcome->all = !sim.bounded;
	return true;
}

static uint64_t random_executions(void)
{
	uint64_t count = scenario->random;

	for (int i = 0; i < depth(); i++)
		count *= 10;
	return outcome->cut && count < added_executions() ? added_executions() : count;
}

static bool search_by_dice(void)
{
	const uint64_t count = random_executions();

	bound = SIM_UNBOUNDED;
	sim_choice_mode(SIM_BY_DICE);
	for (; outcome->random < count; outcome->random++) {
		execute(outcome->random + 1);
		if (failed())
			return false;
	}
	return true;
}

/*
 * What is set up once in a process is set up now; from here on an execution must leave
 * static state as it found it.
 */
static bool warm_up(void)
{
	bound = 0;
	is_warm_up = true;
	sim_choice_mode(SIM_DEPTH_FIRST);
	execute(0);
	is_warm_up = false;
	return !failed();
}

static void explore(void)
{
	const int last = scenario->preemptions + depth();

	if (!warm_up())
		return;

	for (bound = 0; bound <= last && !outcome->all && !outcome->cut; bound++)
		if (!search())
			return;
	search_by_dice();
}

/* A fault of the real machine, or abort(), in the midst of an execution: tell what led there. */
static void on_fault(int number)
{
	sim.failure = number == SIGABRT ? SIM_ASSERTION : SIM_CRASH;
	snprintf(sim.reason, sizeof(sim.reason), "%s", strsignal(number));
	failed();
	outcome->finished = true;
	_exit(0);
}

static void catch_faults(void)
{
	static unsigned char stack[64 << 10];
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_ONSTACK };

	sigaltstack(&alternate, NULL);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigaction(faults[i], &action, NULL);
}

/* Stops what assert() says when it is what a control is meant to bring about. */
static void keep_quiet(void)
{
	if (!show_trace && !freopen("/dev/null", "w", stderr))
		abort();
}

static void note_site(const struct sim_site *site)
{
	if (outcome->site_count < SITES)
		outcome->sites[outcome->site_count++] = *site;
}

static void run_exploration(const struct sim_control *control)
{
	const double start = seconds_now();

	sim_memory_forget();
	sim_control_begin(control, note_site);
	explore();
	outcome->met = sim_control_was_met();
	outcome->seconds = seconds_now() - start;
	outcome->finished = true;
}

static void run_child(const struct sim_control *control)
{
	catch_faults();
	keep_quiet();
	run_exploration(control);
	fflush(stderr);
	_exit(0);
}

/* ---- the parent ---- */

static void make_outcome(void)
{
	if (!outcome)
		outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (outcome == MAP_FAILED)
		abort();
	memset(outcome, 0, sizeof(*outcome));
	outcome->preemptions = -1;
}

/* In a child, or right here for a debugger. */
static void explore_apart(const struct sim_control *control, bool show)
{
	pid_t child;

	make_outcome();
	show_trace = show || getenv("QS_SIM_TRACE");
	fflush(NULL);
	if (getenv("QS_SIM_ONLY")) {
		run_exploration(control);
		return;
	}
	child = fork();
	if (child < 0)
		abort();
	if (child == 0)
		run_child(control);
	while (waitpid(child, NULL, 0) < 0)
		;
	if (!outcome->finished)
		outcome->failure = SIM_CRASH;
}

static bool is_asked_for(void)
{
	const char *only = getenv("QS_SIM_ONLY");

	return !only || strcmp(only, scenario->name) == 0;
}

static const char *failure_name(unsigned failure)
{
	static const char *const names[] = { "deadlock", "race", "use after free", "assertion", "leak", "endless loop",
					     "crash", "untouched", "incomplete", "table too small" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (failure & 1u << i)
			return names[i];
	return "no failure";
}

static void report(const char *what, const char *verdict)
{
	printf("  %-52s %-34s %9" PRIu64 " executions, %5.2f s", what, verdict, outcome->executions, outcome->seconds);
	if (outcome->seconds > 0.1)
		printf(", %.0f k/s", (double)outcome->executions / outcome->seconds / 1e3);
	if (outcome->cut && !outcome->failure)
		printf("; of %d preemptions the first %" PRIu64 ", then %" PRIu64 " at random", outcome->cut,
		       added_executions(), outcome->random);
	printf("\n");
}

/* ---- the sweep: is each memory order needed, as far as this case can tell? ---- */

static bool has(const struct sim_site *site, const char *order)
{
	return strstr(site->operation, order) != NULL;
}

static void sweep_order(const struct sim_site *site, enum sim_mutation mutation, const char *what)
{
	const char *slash = strrchr(site->file, '/');
	char pattern[PATTERN_BYTES];
	const struct sim_control weak = { pattern, mutation, 0, 0 };

	snprintf(pattern, sizeof(pattern), "%s:%s:%s(%s)", slash ? slash + 1 : site->file, site->function,
		 site->operation, site->object);
	explore_apart(&weak, false);
	printf("sweep\t%s %s\t%s\t%s\n", pattern, what, failure_name(outcome->failure), scenario->name);
}

static void sweep_site(const struct sim_site *site)
{
	if (has(site, "acq_rel")) {
		sweep_order(site, SIM_NO_ACQUIRE, "without acquire");
		sweep_order(site, SIM_NO_RELEASE, "without release");
	} else if (has(site, "acquire") || has(site, "release") || has(site, "fence")) {
		sweep_order(site, SIM_WEAKEN, "relaxed");
	}
}

/* Weakens in turn each order that the last exploration has met in files whose path contains `part`. */
static void sweep(const char *part)
{
	const struct outcome met = *outcome;

	for (unsigned i = 0; i < met.site_count; i++)
		if (strstr(met.sites[i].file, part))
			sweep_site(&met.sites[i]);
}

/* ---- verdicts ---- */

static bool case_holds(void)
{
	char verdict[NAME_BYTES];

	explore_apart(NULL, true);
	if (outcome->failure)
		snprintf(verdict, sizeof(verdict), "FAILS: %s", failure_name(outcome->failure));
	else if (outcome->all)
		snprintf(verdict, sizeof(verdict), "holds, all");
	else
		snprintf(verdict, sizeof(verdict), "holds, all of %d preemptions", outcome->preemptions);
	report(scenario->name, verdict);
	if (outcome->failure)
		return false;
	if (getenv("QS_SIM_SWEEP"))
		sweep(getenv("QS_SIM_SWEEP"));
	return true;
}

static bool control_does_as_foretold(const struct sim_control *control)
{
	char verdict[NAME_BYTES];
	bool good;

	explore_apart(control, false);
	if (!outcome->failure && !outcome->met)
		outcome->failure = SIM_UNTOUCHED;
	good = control->foretold ? (outcome->failure & control->foretold) != 0 : outcome->failure == 0;
	snprintf(verdict, sizeof(verdict), "%s: %s", good ? "as foretold" : "NOT AS FORETOLD",
		 failure_name(outcome->failure));
	report(control->site, verdict);
	if (!good && outcome->failure)
		explore_apart(control, true);
	return good;
}

bool sim_holds(const struct sim_case *the_case)
{
	scenario = the_case;
	return !is_asked_for() || case_holds();
}

bool sim_fails(const struct sim_case *the_case, unsigned foretold)
{
	char verdict[NAME_BYTES];

	scenario = the_case;
	if (!is_asked_for())
		return true;
	explore_apart(NULL, false);
	snprintf(verdict, sizeof(verdict), outcome->failure & foretold ? "fails, as it must: %s" : "DOES NOT FAIL SO: %s",
		 failure_name(outcome->failure));
	report(scenario->name, verdict);
	return (outcome->failure & foretold) != 0;
}

bool sim_verify(const struct sim_case *the_case)
{
	bool good = sim_holds(the_case);

	for (unsigned i = 0; i < SIM_MAX_CONTROLS && the_case->controls[i].site && is_asked_for(); i++)
		good &= control_does_as_foretold(&the_case->controls[i]);
	return good;
}
