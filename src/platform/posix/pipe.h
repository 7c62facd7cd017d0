/* SPDX-License-Identifier: MIT */
/*
 * pipe.h - a pipe, or a pair of sockets, whose ends no program that we start inherits.
 */
#ifndef QS__PLATFORM_PIPE_H
#define QS__PLATFORM_PIPE_H

/*
 * Both ends close-on-exec, above 0 to 2, and not blocking.  Returns 0, -EMFILE, -ENFILE, -ENOMEM.
 *
 * POSIX.1-2008 sets close-on-exec in a second step: a program that another thread of the host's
 * forks and executes just between the two inherits them.
 */
int qs__pipe_open(int ends[2]);		/* to read from, to write to */
int qs__socket_pair_open(int ends[2]);

/* One end.  errno is kept. */
void qs__pipe_close(int end);

#endif
