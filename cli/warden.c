/* SPDX-License-Identifier: MIT */
/*
 * warden.c - the ladder of a stopped run, seen from the process tree.
 *
 * Each job's worker tells its own process group (job.c).  The warden takes care of the time, and of those whom no group
 * finds: what a job started in a session of its own, or left behind.  Its steps:
 *
 *	asked     orphans get TERM as they come to us (their job has ended); everything else has its grace
 *	late      the grace is over: TERM to all that is left
 *	hard      2 s later, or at the second signal: KILL to all that is left, round after round until nothing is
 *	given up  what five seconds of that do not end cannot be ended (state D); it is named, and left
 *
 * A runner whose guardian is dead has no time to lose: it is late at once, and hard soon.
 *
 * Until a stop is asked the warden sleeps.  Afterwards a child's end wakes it: whatever is left below us is, at last, a
 * child of ours, since orphans come to us.
 */
#include "warden.h"

#include "kin.h"
#include "run.h"
#include "text.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define NS_PER_MS INT64_C(1000000)
#define KILL_AFTER_NS (2000 * NS_PER_MS)	/* from the end of the grace */
#define UNGUARDED_NS (1500 * NS_PER_MS)		/* what jobs get when the guardian is dead: all has to be gone in 3 s */
#define PATIENCE_NS (5000 * NS_PER_MS)		/* with KILL */
#define LOOK_NS (100 * NS_PER_MS)		/* look again at least so often: a look may have missed somebody who moved */
#define ROUND_NS (5 * NS_PER_MS)		/* between two rounds of KILL */

struct warden {
	struct run *run;
	int child_fd;		/* readable when a child has ended; -1 = we look every LOOK_NS */
	qs_time asked;
	qs_time late;		/* from then on: TERM to all */
	qs_time hard;		/* from then on: KILL */
	bool is_late;
	bool is_hard;
	struct kin_list told;	/* orphans that got their TERM */
};

static qs_time later(qs_time point, int64_t by)
{
	return point > QS_NEVER - by ? QS_NEVER : point + by;
}

/* Sleeps until the next step is due, a child has ended, the second signal has come, or (if open) `over_fd` says so. */
static void wait_for_news(struct warden *warden, int64_t wait_ns, int over_fd)
{
	struct pollfd fds[] = {
		{ .fd = over_fd, .events = POLLIN },
		{ .fd = warden->child_fd, .events = POLLIN },
		{ .fd = warden->is_hard ? -1 : warden->run->hard_fd, .events = POLLIN },
	};
	struct signalfd_siginfo info;

	poll(fds, sizeof(fds) / sizeof(*fds), (int)((wait_ns + NS_PER_MS - 1) / NS_PER_MS));
	if (fds[1].revents)
		while (read(warden->child_fd, &info, sizeof(info)) > 0)
			;
}

static void tell_orphans(struct warden *warden)
{
	struct kin_list orphans = { 0 };

	pthread_mutex_lock(&warden->run->burial);
	kin_adopted(&orphans);
	pthread_mutex_unlock(&warden->run->burial);
	for (size_t i = 0; i < orphans.count; i++) {
		const struct kin *const orphan = &orphans.items[i];

		if (kin_list_has(&warden->told, orphan) || kin_list_add(&warden->told, orphan) < 0)
			continue;
		kin_signal(orphan, SIGTERM);
		kin_signal(orphan, SIGCONT);
	}
	kin_list_clear(&orphans);
}

static void signal_all(int signal)
{
	struct kin_list all = { 0 };

	kin_below(&all, getpid());
	for (size_t i = 0; i < all.count; i++) {
		kin_signal(&all.items[i], signal);
		if (signal != SIGKILL)
			kin_signal(&all.items[i], SIGCONT);
	}
	kin_list_clear(&all);
}

static bool is_anybody_left(void)
{
	struct kin_list all = { 0 };
	bool left;

	kin_below(&all, getpid());
	left = all.count > 0;
	kin_list_clear(&all);
	return left;
}

static void become_late(struct warden *warden)
{
	warden->is_late = true;
	screen_note(&warden->run->screen, "the grace is over: SIGTERM to all that is left, SIGKILL in 2 s");
	signal_all(SIGTERM);
}

static void become_hard(struct warden *warden)
{
	warden->is_hard = true;
	warden->hard = qs_now();
	qs_stop_ask(warden->run->hard, 0, "the grace is over");
}

static void announce(struct run *run)
{
	const struct counts counts = status_counts(&run->status);
	qs_cause cause = QS_CAUSE_INIT;
	char name[TEXT_SIGNAL_BYTES];

	if (qs_stop_cause(run->stop, &cause) != 1 || cause.kind != QS_CAUSE_SIGNAL || !counts.running)
		return;
	screen_note(&run->screen, "%s: waiting for %" PRIu64 " %s to end; once more kills %s", text_signal(name, cause.signal),
		    counts.running, counts.running == 1 ? "job" : "jobs", counts.running == 1 ? "it" : "them");
}

/* One step on the ladder, as far down as the time says. */
static void step(struct warden *warden)
{
	struct run *const run = warden->run;
	const qs_time now = qs_now();

	if (guardian_is_gone(run->birth)) {
		warden->late = warden->asked;
		warden->hard = warden->is_hard ? warden->hard : later(warden->asked, UNGUARDED_NS);
	}
	tell_orphans(warden);
	if (!warden->is_hard && (qs_stop_is_asked(run->hard) || now >= warden->hard))
		become_hard(warden);
	else if (!warden->is_late && now >= warden->late)
		become_late(warden);
	if (warden->is_hard)
		signal_all(SIGKILL);
}

static int64_t until_next_step(const struct warden *warden)
{
	const qs_time next = warden->is_late ? warden->hard : warden->late;
	const int64_t left = next - qs_now();

	if (warden->is_hard)
		return ROUND_NS;
	return left < 0 ? 0 : left < LOOK_NS ? left : LOOK_NS;
}

static bool has_lost_patience(const struct warden *warden)
{
	return warden->is_hard && qs_now() >= later(warden->hard, PATIENCE_NS);
}

static void go_down(struct warden *warden)
{
	struct run *const run = warden->run;

	warden->asked = qs_now();
	warden->late = later(warden->asked, run->options->grace_ns);
	warden->hard = later(warden->late, KILL_AFTER_NS);
	announce(run);
	for (;;) {
		const bool is_over = qs_stop_is_asked(run->over);

		step(warden);
		if (is_over && !is_anybody_left())
			break;
		if (has_lost_patience(warden)) {
			qs_stop_ask(run->given_up, 0, "it cannot be killed");
			break;
		}
		wait_for_news(warden, until_next_step(warden), is_over ? -1 : run->over_fd);
	}
}

/* SIGCHLD is blocked in every thread (run.c), so it can be read. */
static int open_child_fd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The descriptor that shows when our output has lost its reader, or -1.  Who ignores SIGPIPE hears of it from write(). */
static int output_to_watch(const struct run *run)
{
	if (!run->screen.out.reader_gone || sigismember(&run->birth->ignored, SIGPIPE) == 1)
		return -1;
	return run->screen.out.fd;
}

/*
 * Sleeps until the run is over or is to be stopped, and stops it when nobody is left to read what it comes to: the next
 * write, which would show that, may be a long job away.  Returns whether it is to be stopped.
 */
static bool wait_for_a_stop(struct run *run)
{
	struct pollfd fds[] = {
		{ .fd = run->stop_fd, .events = POLLIN },
		{ .fd = run->over_fd, .events = POLLIN },
		{ .fd = output_to_watch(run) },		/* no events: a lost reader is shown without being asked for */
	};

	while (!fds[0].revents && !fds[1].revents) {
		if (poll(fds, sizeof(fds) / sizeof(*fds), -1) < 0 || !fds[2].revents)
			continue;
		if (fds[2].revents & run->screen.out.reader_gone)
			run_end(run, ENDING_READER_GONE, 0, NULL);
		fds[2].fd = -1;
	}
	return qs_stop_is_asked(run->stop);
}

int warden_watch(qs_task *task, void *arg)
{
	struct warden warden = { .run = arg };

	(void)task;
	if (!wait_for_a_stop(arg))
		return 0;
	warden.child_fd = open_child_fd();
	go_down(&warden);
	if (warden.child_fd >= 0)
		close(warden.child_fd);
	kin_list_clear(&warden.told);
	return 0;
}
