/* SPDX-License-Identifier: MIT */
/*
 * run.c - sets the parts up, feeds items to the pool, waits for the end, and says what it came to.
 *
 * Threads: this one (the main thread: reads items, takes the signals, adopts orphans, starts no process), the workers of the
 * pool (a job each), the warden, the progress line if there is one, and the library's attendant.
 *
 * Everything that ends a run early asks run->stop.  The pool then cancels what waits, the workers tell their jobs, and this
 * thread stops reading; so the way down is the same whoever began it, and only the last page (finish()) looks at the reason.
 */
#include "run.h"

#include "job.h"
#include "progress.h"
#include "text.h"
#include "warden.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define WINDOW_MAX 1024			/* items read ahead of the workers, at most */
#define WORKER_STACK_BYTES (256 * 1024)	/* a worker calls nothing deep; there may be thousands of them */
#define SIDE_WORKERS 2			/* warden, progress */
#define SENTENCE_BYTES 256

bool run_end(struct run *run, enum ending ending, int exit_code, const char *why)
{
	const bool first = status_end(&run->status, ending, exit_code, why);

	qs_stop_ask(run->stop, 0, "the run ends early");
	return first;
}

void run_trouble(struct run *run, const char *what, int error)
{
	if (run_end(run, ENDING_TROUBLE, EXIT_OF_TROUBLE, NULL))
		screen_say(&run->screen, "%s: %s", what, qs_strerror(error));
}

/* ---- Setting up ---- */

/*
 * SIGPIPE, SIGXFSZ and SIGCHLD are blocked before the first thread is made: a reader who is gone and a file that may not
 * grow are errors of write(), and the end of a child is read by the warden.  The requests are unblocked: whoever wants
 * them without effect has them ignored.
 */
static void set_signal_mask(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGXFSZ);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int make_token(qs_stop **out, qs_stop *parent)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;

	options.parent = parent;
	return qs_stop_create(out, &options);
}

static int make_tokens(struct run *run)
{
	qs_signals_options options = QS_SIGNALS_OPTIONS_INIT;
	int error;

	options.grace_ns = QS_NEVER;	/* the warden knows more rungs than two */
	error = qs_stop_on_signals(&run->signals, &options);
	if (!error)
		error = make_token(&run->stop, qs_signals_soft(run->signals));
	if (!error)
		error = make_token(&run->hard, qs_signals_hard(run->signals));
	if (!error)
		error = make_token(&run->over, NULL);
	if (!error)
		error = make_token(&run->given_up, NULL);
	if (error)
		return error;
	run->stop_fd = qs_stop_fd(run->stop);
	run->hard_fd = qs_stop_fd(run->hard);
	run->over_fd = qs_stop_fd(run->over);
	run->screen.hard = run->hard;
	if (run->stop_fd < 0 || run->hard_fd < 0)
		return run->stop_fd < 0 ? run->stop_fd : run->hard_fd;
	return run->over_fd < 0 ? run->over_fd : 0;
}

static void init_parts(struct run *run, const struct options *options, const struct birth *birth)
{
	*run = (struct run){ .options = options, .birth = birth };
	pthread_mutex_init(&run->burial, NULL);
	command_init(&run->command, options->command, options->command_count);
	slots_init(&run->slots);
	spool_init(&run->spool);
	screen_init(&run->screen);
	status_init(&run->status);
	if (options->items)
		status_total(&run->status, options->item_count);
}

static void fini_parts(struct run *run)
{
	slots_fini(&run->slots, &run->spool);
	spool_fini(&run->spool);
	screen_fini(&run->screen);
	status_fini(&run->status);
	pthread_mutex_destroy(&run->burial);
	qs_stop_release(run->given_up);
	qs_stop_release(run->over);
	qs_stop_release(run->hard);
	qs_stop_release(run->stop);
}

/* ---- Beside the jobs ---- */

static int start_side(struct run *run, qs_pool **out)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	int error;

	options.workers = SIDE_WORKERS;
	options.name = "quiesce-side";
	options.stack_bytes = WORKER_STACK_BYTES;
	error = qs_pool_create(out, &options);
	if (error)
		return error;
	error = qs_submit(NULL, *out, warden_watch, run);	/* first: it has to have a thread if only one can be had */
	if (error || !progress_is_wanted(run))
		return error;
	lookahead_open(&run->lookahead, &run->items);
	error = qs_submit(NULL, *out, progress_show, run);
	if (error)
		lookahead_close(&run->lookahead);
	return error;
}

static void end_side(struct run *run, qs_pool *side)
{
	qs_stop_ask(run->over, 0, "all jobs have ended");
	qs_pool_shutdown(side, QS_DRAIN);
	qs_pool_join(side, QS_NEVER, NULL, NULL);
	qs_pool_destroy(side);
}

/* ---- Jobs ---- */

static void say_input_error(struct run *run, int error)
{
	const struct items *const items = &run->items;

	status_end(&run->status, ENDING_TROUBLE, EXIT_OF_TROUBLE, NULL);
	if (error == -EILSEQ)
		screen_say(&run->screen, "%s: line %" PRIu64 ": a NUL in it (-0 is for items that end in NUL)", items->name,
			   items->line);
	else
		screen_say(&run->screen, "%s: %s", items->name, qs_strerror(error));
}

/* What was read before the input went wrong is still done; what follows cannot be known. */
static void feed(struct run *run, qs_pool *pool)
{
	struct items *const items = &run->items;
	struct item item;
	uint64_t number = 0;
	int error = 0;
	int got;

	while (!error && (got = items_next(items, run->stop, &item)) == 1) {
		status_item_read(&run->status);
		error = job_submit(run, pool, &item, ++number);
	}
	if (error && error != -ECANCELED)
		run_trouble(run, "cannot take one more job", error);
	else if (got == 0)
		status_all_read(&run->status, items->blank);
	else if (got < 0 && got != -ECANCELED)
		say_input_error(run, got);
	items_close(items);
}

/* A job that cannot be killed keeps its worker; its name is all that can be done for it. */
static void name_stragglers(struct run *run, const qs_pool *pool, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		qs_straggler straggler = QS_STRAGGLER_INIT;
		char excerpt[TEXT_ITEM_BYTES];

		if (qs_pool_straggler(pool, i, &straggler) == 0)
			screen_say(&run->screen, "a job cannot be killed and is left behind: %s",
				   text_item(excerpt, straggler.task, strlen(straggler.task)));
	}
}

/* Returns whether every job has ended: only then may anything be freed. */
static bool run_jobs(struct run *run, qs_pool *pool)
{
	qs_report report = QS_REPORT_INIT;

	feed(run, pool);
	qs_pool_shutdown(pool, QS_DRAIN);
	if (qs_pool_join(pool, QS_NEVER, run->given_up, &report) != 0)
		name_stragglers(run, pool, report.stragglers);
	qs_pool_destroy(pool);
	return report.stragglers == 0;
}

static int make_pool(struct run *run, qs_pool **out)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;

	options.workers = run->options->jobs;
	options.name = "quiesce-job";
	options.stop = run->stop;
	options.stack_bytes = WORKER_STACK_BYTES;
	options.max_pending = run->options->jobs < WINDOW_MAX ? run->options->jobs : WINDOW_MAX;
	return qs_pool_create(out, &options);
}

/* ---- The last page ---- */

static void write_kept_output(struct run *run)
{
	for (struct slot *slot = run->slots.kept; slot; slot = slot->next)
		screen_write_job(&run->screen, &run->spool, &slot->out, &slot->err);
}

static int signal_that_stopped(struct run *run)
{
	qs_cause cause = QS_CAUSE_INIT;

	if (qs_stop_cause(qs_signals_soft(run->signals), &cause) == 1)
		return cause.signal;
	return 0;
}

/* What was never read, if its number is known, was not started either. */
static struct counts final_counts(struct run *run)
{
	struct counts counts = status_counts(&run->status);

	if (counts.is_total_known && counts.total > counts.read)
		counts.not_started += counts.total - counts.read;
	return counts;
}

static void report(struct run *run, int signal)
{
	const struct counts counts = final_counts(run);
	const enum ending ending = run->status.ending;
	char sentence[SENTENCE_BYTES];
	char name[TEXT_SIGNAL_BYTES];

	screen_drop_line(&run->screen);
	status_sentence(&counts, sentence, sizeof(sentence));
	if (signal)
		screen_say(&run->screen, "stopped by %s: %s", text_signal(name, signal), sentence);
	else if (ending == ENDING_FAIL_FAST)
		screen_say(&run->screen, "stopped because %s: %s", run->status.ending_why, sentence);
	else if (ending == ENDING_TROUBLE && counts.read > 0)
		screen_say(&run->screen, "%s", sentence);
	else if (ending == ENDING_PLAIN && (counts.failed > 0 || progress_is_wanted(run)))
		screen_say(&run->screen, "%s", sentence);
}

static _Noreturn void die_by_pipe(void)
{
	const struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigaction(SIGPIPE, &plain, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	raise(SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	_exit(EXIT_OF_SIGNAL + SIGPIPE);
}

/* Nobody was left to read the rest, but there was none: the last job had ended well, and all of its output was taken. */
static bool lacks_nothing(struct run *run)
{
	const struct counts counts = final_counts(run);

	return counts.is_total_known && counts.done == counts.total && !run->screen.out.error;
}

/* Nothing is left to be freed when we get here, or a straggler still uses it. */
static int leave(struct run *run, int signal)
{
	const struct rlimit no_core = { 0, 0 };
	const enum ending ending = run->status.ending;
	const int code = status_exit_code(&run->status);

	if (signal)
		setrlimit(RLIMIT_CORE, &no_core);	/* dying of SIGQUIT is no crash */
	qs_stop_exit(run->signals);
	if (ending == ENDING_READER_GONE && !lacks_nothing(run))
		die_by_pipe();
	return code;
}

static int finish(struct run *run, bool all_ended)
{
	const int signal = signal_that_stopped(run);
	int code;

	if (all_ended)
		write_kept_output(run);
	if (qs_stop_is_asked(run->stop))
		terminal_restore(&run->birth->terminal);
	report(run, signal);
	code = leave(run, signal);
	if (!all_ended)
		_exit(code);
	fini_parts(run);
	return code;
}

static _Noreturn void refuse_to_start(struct run *run, const char *what, int error)
{
	screen_say(&run->screen, "%s: %s", what, qs_strerror(error));
	_exit(EXIT_OF_TROUBLE);
}

/* Everything that has to be there before the first item is read. */
static void start(struct run *run, qs_pool **out_side)
{
	int error = make_tokens(run);

	if (error)
		refuse_to_start(run, "cannot start", error);
	error = items_open(&run->items, run->options);
	if (error)
		refuse_to_start(run, run->items.name, error);
	error = start_side(run, out_side);
	if (error)
		refuse_to_start(run, "cannot start a thread", error);
}

int run(const struct options *options, const struct birth *birth)
{
	struct run run;
	qs_pool *side = NULL;
	qs_pool *pool = NULL;
	bool all_ended = true;
	int error;

	init_parts(&run, options, birth);
	set_signal_mask();
	start(&run, &side);
	error = make_pool(&run, &pool);
	if (!error)
		all_ended = run_jobs(&run, pool);
	else if (error != -ECANCELED)		/* that is a signal, which came before we had begun */
		run_trouble(&run, "cannot start workers", error);
	end_side(&run, side);
	return finish(&run, all_ended);
}
