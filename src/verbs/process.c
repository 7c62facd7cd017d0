/* SPDX-License-Identifier: MIT */
/*
 * process.c - a child process that several threads may wait for, signal and end.
 *
 * It owns one child: its pidfd, and the zombie that the child becomes, until that is reaped.
 *
 *	RUNNING --> HELD --> REAPED	the child has ended; its status is known; its zombie is gone
 *	   |          |
 *	   +--> LOST  +-- only while somebody is in qs_process_end()
 *
 * - The host reaps what it likes (waitpid(-1), or SIGCHLD ignored), and then the status is LOST:
 *   told as -QS_ELOST, never as 0.
 * - Waiting is polling the pidfd, without the lock.  Who wakes up looks at the child under the
 *   lock; the first one to do so after the end learns the status and keeps it here for the others.
 * - A signal goes to the group while the leader is RUNNING or HELD: a zombie keeps the group's
 *   number from being reused.  Looking and signalling happen under the lock, so that no number is
 *   used after the reaping (FAILURES D2, D3).
 *
 * The end.  qs_process_end() wants the group's last signal to come before the leader is reaped, so
 * while `enders` is not 0 nobody reaps: the leader is HELD.  Its steps:
 *
 *	1. the polite signal and SIGCONT (for who is stopped) to the group; wait for the leader until
 *	   the grace is over
 *	2. when the leader has ended in time: both again, to those of the group that are left, which may
 *	   have been started since; wait for them, one after the other, until the grace is over.  They
 *	   are no children of ours; /proc lists them, and a pidfd of each wakes us at its end.  If we
 *	   cannot look (no /proc, no descriptor), their grace is over at once
 *	3. SIGKILL to the group, always: whom 2 did not see (a process may fork while we read the list)
 *	   has no other chance
 *	4. wait for the leader, but not for ever: one that sleeps uninterruptibly in the kernel or is
 *	   frozen is reported
 *	5. the last ender reaps
 *
 * A process that left the group (setsid) is out of reach; whoever must have those needs
 * a subreaper or a cgroup.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/mutex.h"
#include "base/object.h"
#include "platform/spawn.h"
#include "quiesce.h"

#define KNOWN_FLAGS (QS_PROCESS_SAME_GROUP | QS_PROCESS_MASK)

/*
 * How long the kernel has to end a killed child.  It takes ms; seconds if there
 * are many gigabytes to free.
 */
#define KILL_PATIENCE_S 5

enum child_state {
	RUNNING,
	HELD,
	REAPED,
	LOST,
};

/* I: set before anybody else sees it.  L: under lock. */
struct qs_process {
	struct qs__object object;	/* I  has one owner, always */
	qs__mutex lock;
	struct qs__child child;		/* I */
	enum child_state state;		/* L */
	unsigned enders;		/* L  calls of qs_process_end() under way */
	qs_process_status status;	/* L  valid when HELD or REAPED; then it never changes */
};

/* -------------------------------------------------------------------------------------------------
 * Looking and signalling
 */

static void look_locked(struct qs_process *process)
{
	const bool take = process->enders == 0;
	const int rc = qs__child_look(&process->child, take, &process->status);

	if (rc == 0)
		process->state = take ? REAPED : HELD;
	else if (rc != -EBUSY)
		process->state = LOST;
}

/* 0 and its status if the child has ended; -EBUSY if not; -QS_ELOST. */
static int look(struct qs_process *process, qs_process_status *out)
{
	int rc = 0;

	qs__mutex_lock(&process->lock);
	if (process->state == RUNNING)
		look_locked(process);
	if (process->state == RUNNING)
		rc = -EBUSY;
	else if (process->state == LOST)
		rc = -QS_ELOST;
	else if (out != NULL)
		*out = process->status;
	qs__mutex_unlock(&process->lock);
	return rc;
}

static int send_signal(struct qs_process *process, int signal)
{
	int rc = -ESRCH;

	qs__mutex_lock(&process->lock);
	if (process->state != REAPED)
		rc = qs__child_signal(&process->child, signal, process->state != LOST);
	qs__mutex_unlock(&process->lock);
	return rc;
}

/* The end of the child beats a stop, and a stop beats the deadline: what is known is told. */
static int await(struct qs_process *process, qs_time deadline, qs_stop *stop, qs_process_status *out)
{
	int ready = 1;

	for (;;) {
		const int rc = look(process, out);

		if (rc != -EBUSY)
			return rc;
		if (ready < 0)
			return ready;
		ready = qs_wait_fd(process->child.fd, POLLIN, deadline, stop);
	}
}

/* -------------------------------------------------------------------------------------------------
 * The end
 */

/* From here on the leader is not reaped.  False: it has been. */
static bool hold(struct qs_process *process)
{
	qs__mutex_lock(&process->lock);
	process->enders++;
	const bool is_held = process->state != REAPED;
	qs__mutex_unlock(&process->lock);
	return is_held;
}

static void let_go(struct qs_process *process)
{
	qs_process_status ignored;

	qs__mutex_lock(&process->lock);
	process->enders--;
	if (process->enders == 0 && process->state == HELD) {
		(void)qs__child_look(&process->child, true, &ignored);
		process->state = REAPED;
	}
	qs__mutex_unlock(&process->lock);
}

static void ask(struct qs_process *process, int signal)
{
	(void)send_signal(process, signal);
	(void)send_signal(process, SIGCONT);
}

/* Steps 1 and 2: returns when all have ended, or when the grace is over. */
static void end_gently(struct qs_process *process, int signal, qs_time grace, qs_stop *hard)
{
	int fd;

	ask(process, signal);
	if (await(process, grace, hard, NULL) < 0 || !process->child.own_group)
		return;
	fd = qs__child_group_member(&process->child);
	if (fd >= 0)
		ask(process, signal);
	while (fd >= 0) {
		const int ready = qs_wait_fd(fd, POLLIN, grace, hard);

		qs__child_close_fd(fd);
		fd = ready < 0 ? ready : qs__child_group_member(&process->child);
	}
}

/* Steps 3 and 4. */
static int end_hard(struct qs_process *process, qs_process_status *out)
{
	const int sent = send_signal(process, SIGKILL);
	const bool is_denied = sent < 0 && sent != -ESRCH;
	const int rc = await(process, is_denied ? QS_NOW : qs_after_s(KILL_PATIENCE_S), NULL, out);

	return rc == -ETIMEDOUT && is_denied ? sent : rc;
}

/* -------------------------------------------------------------------------------------------------
 * Checks
 */

static int check(const struct qs_process *process)
{
	return qs__object_check(process == NULL ? NULL : &process->object, QS__MAGIC_PROCESS);
}

static int check_with_status(const struct qs_process *process, const qs_process_status *out)
{
	if (out != NULL && out->size != sizeof(*out))
		return -EINVAL;
	return check(process);
}

static bool is_signal(int signal)
{
	return signal > 0 && signal <= SIGRTMAX;
}

static bool fds_are_valid(const qs_process_fd *fds, size_t count)
{
	if (count > 0 && fds == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (fds[i].child < 0 || fds[i].ours < QS_NULL_FD)
			return false;
		for (size_t j = 0; j < i; j++) {
			if (fds[j].child == fds[i].child)
				return false;
		}
	}
	return true;
}

static bool options_are_valid(const qs_process_options *options)
{
	if (options == NULL || options->size != sizeof(*options) || (options->flags & ~KNOWN_FLAGS) != 0)
		return false;
	if (options->argv == NULL || options->argv[0] == NULL)
		return false;
	if (((options->flags & QS_PROCESS_MASK) != 0) != (options->mask != NULL))
		return false;
	return fds_are_valid(options->fds, options->fd_count);
}

/* -------------------------------------------------------------------------------------------------
 * The calls
 */

static int start(struct qs_process **out, const qs_process_options *options)
{
	struct qs_process *process = qs__object_alloc(sizeof(*process), QS__MAGIC_PROCESS);

	if (process == NULL)
		return -ENOMEM;

	const int rc = qs__spawn(&process->child, options);
	if (rc < 0) {
		qs__object_free(&process->object);
		return rc;
	}
	qs__mutex_init(&process->lock, QS__RANK_PROCESS);
	process->state = RUNNING;
	process->status.size = sizeof(process->status);
	*out = process;
	return 0;
}

int qs_process_spawn(qs_process **out, const qs_process_options *options, qs_stop *stop)
{
	struct qs_process *process;

	if (out == NULL || !options_are_valid(options))
		return -EINVAL;

	const int asked = qs_stop_is_asked(stop);
	if (asked != 0)
		return asked < 0 ? asked : -ECANCELED;

	const int rc = start(&process, options);
	if (rc < 0)
		return rc;
	if (qs_stop_is_asked(stop) != 0) {
		qs_process_destroy(process);
		return -ECANCELED;
	}
	*out = process;
	return 0;
}

pid_t qs_process_pid(const qs_process *process)
{
	const int rc = check(process);

	return rc < 0 ? rc : process->child.pid;
}

int qs_process_fd_of(const qs_process *process)
{
	const int rc = check(process);

	return rc < 0 ? rc : process->child.fd;
}

int qs_process_signal(qs_process *process, int signal)
{
	const int rc = check(process);

	if (rc < 0)
		return rc;
	return is_signal(signal) ? send_signal(process, signal) : -EINVAL;
}

int qs_process_wait(qs_process *process, qs_time deadline, qs_stop *stop, qs_process_status *out)
{
	const int rc = check_with_status(process, out);

	return rc < 0 ? rc : await(process, deadline, stop, out);
}

int qs_process_end(qs_process *process, int signal, qs_time grace, qs_stop *hard, qs_process_status *out)
{
	int rc = check_with_status(process, out);

	if (rc < 0)
		return rc;
	if (!is_signal(signal))
		return -EINVAL;
	if (hold(process) && signal != SIGKILL)
		end_gently(process, signal, grace, hard);
	rc = end_hard(process, out);
	let_go(process);
	return rc;
}

void qs_process_destroy(qs_process *process)
{
	if (check(process) < 0)
		return;
	if (look(process, NULL) == -EBUSY)
		(void)end_hard(process, NULL);
	qs__mutex_fini(&process->lock);
	qs__child_close_fd(process->child.fd);
	qs__object_free(&process->object);
}
