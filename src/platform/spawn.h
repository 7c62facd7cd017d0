/* SPDX-License-Identifier: MIT */
/*
 * spawn.h - start one child process, signal it, and take its status: that one child, never "any".
 *
 * Nothing here waits for a child but qs__spawn(), until its exec.  Waiting is
 * polling the child's descriptor.
 *
 * A child that has ended stays a zombie until qs__child_look() takes its status away; as long as it
 * does, neither its number nor its group's can come to mean another process.  These calls know
 * nothing of threads: who calls them keeps looking and signalling apart from each other.
 *
 * Plain POSIX has no descriptor of a process, and lacks some of this:
 * docs/design/platform.md has the table.
 */
#ifndef QS__PLATFORM_SPAWN_H
#define QS__PLATFORM_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "quiesce.h"

struct qs__child {
	pid_t pid;
	int fd;		/* close-on-exec, never 0 to 2; readable once the child has ended */
	bool own_group;
};

/*
 * Start a program.  The options have been checked: argv has a first word, each
 * descriptor is mapped to once.
 *
 * When it returns 0 the exec has succeeded and the group is the child's own; or a signal ended the
 * child on the way there, which is told as any other end.  When it fails there is no child, and the
 * host's SIGCHLD handler heard of none.
 *
 * Returns 0; what exec said; -EBADF (a descriptor of the map is not open); -EAGAIN, -ENOMEM,
 * -EMFILE, -ENFILE; -ENOSYS (a Linux before 5.4, without pidfd); -QS_ELOST (it ran, and the host
 * reaped it before a pidfd was made, on systems that do not make it with the child).
 */
int qs__spawn(struct qs__child *out, const qs_process_options *options);

/*
 * Send a signal to the child's group, or to the child alone if the group is not its own.
 *
 *   held    the status was not taken yet: the child's number is still its own
 *
 * Where the kernel signals a group through the pidfd (Linux 6.9) this is safe whoever took the
 * status.  Older ones go by number, and only while it is held.
 *
 * Returns 0; -ESRCH (nobody is left, or it cannot be told safely); -EPERM; -EINVAL.
 */
int qs__child_signal(const struct qs__child *child, int signal, bool held);

/*
 * See whether the child has ended, and how.
 *
 *   take    the zombie is to go; else it stays, and the call may be made again
 *   out     written if it has ended, but for `size`
 *
 * Returns 0; -EBUSY (it lives); -ECHILD (somebody else took the status).
 */
int qs__child_look(const struct qs__child *child, bool take, qs_process_status *out);

/*
 * Find a member of the child's own group that has not ended, other than the
 * child, which must be held.
 *
 * Returns a descriptor that tells of its end, to be closed by qs__child_close_fd(); -ENOENT (none
 * is left); -ENOSYS (the system does not say who is in a group); what else kept us from looking.
 */
int qs__child_group_member(const struct qs__child *child);

void qs__child_close_fd(int fd);

#endif
