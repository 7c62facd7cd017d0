/* SPDX-License-Identifier: MIT */
/*
 * kin.h - the processes below one of ours: find them, signal them safely, bury those that were left to us.
 *
 * Guardian and runner are subreapers: whatever a job starts stays below us, also when it is started twice removed or in a
 * session of its own.  That is what makes "nothing left running" a question that the process tree answers.
 */
#ifndef QUIESCE_CLI_KIN_H
#define QUIESCE_CLI_KIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* One process at the moment of a look.  Number and start time together name it for ever. */
struct kin {
	pid_t pid;
	pid_t parent;
	pid_t group;
	char state;			/* as in /proc/PID/stat: 'Z' is a zombie, 'T' is stopped */
	unsigned long long start;	/* clock ticks since boot */
};

/* Zero is empty.  kin_list_clear() frees. */
struct kin_list {
	struct kin *items;
	size_t count;
	size_t room;
};

void kin_list_clear(struct kin_list *list);
bool kin_list_has(const struct kin_list *list, const struct kin *kin);
int kin_list_add(struct kin_list *list, const struct kin *kin);

/*
 * kin_below - all living processes below `root`, without zombies, into an emptied list.
 *
 * A process that is born or moved while we look may be missed: look again until nothing new is found.
 */
void kin_below(struct kin_list *list, pid_t root);

/*
 * kin_adopted - the living orphans that were given to this process, into an emptied list; dead ones are buried.
 *
 * One caller at a time: a number that another one has just buried may be a job's by now.  The kernel gives orphans to a subreaper's main thread.  The main thread starts no jobs (workers do), so what is listed
 * as its child is no job, and taking its status takes nobody's.
 */
void kin_adopted(struct kin_list *list);

/* kin_signal - signal this very process, never another one that got its number.  Returns whether it was there. */
bool kin_signal(const struct kin *kin, int signal);

/* kin_ignores - whether a process ignores a signal (false when that cannot be learned). */
bool kin_ignores(pid_t pid, int signal);

/*
 * kin_tell_the_deaf - TERM, then CONT, for each member of a job's group that ignores the polite signal.
 *
 *   leader      the group's leader; it and the members below it are looked at
 */
void kin_tell_the_deaf(pid_t leader, int signal);

#endif
