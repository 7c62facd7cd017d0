/* SPDX-License-Identifier: MIT */
/*
 * sites.h - the calls by which the library asks the system for something, any of
 * which can be told to fail.
 *
 * The linker redirects them here (--wrap, see CMakeLists.txt).  A fault is one of a kind:
 * the n-th call of that kind fails, and with `for_ever` all that follow it as well.
 * Other kinds go on working.
 */
#ifndef TEST_SITES_H
#define TEST_SITES_H

#include <stdbool.h>

/* What is asked for, and how its lack is told. */
enum site_kind {
	SITE_MEMORY,		/* calloc, mmap, madvise, pthread_attr_init, CPU_ALLOC; -ENOMEM */
	SITE_THREAD,		/* pthread_create; -EAGAIN */
	SITE_DESCRIPTOR,	/* eventfd, pipe, pipe2, open, fopen, opendir,
				   fcntl(F_DUPFD...), pidfd_open; -EMFILE */
	SITE_PROCESS,		/* clone; -EAGAIN */
};
#define SITE_KINDS 4

struct fault {
	enum site_kind kind;
	long n;		/* how many calls succeed before the first that fails */
	bool for_ever;
};

const char *site_kind_name(enum site_kind kind);

/* The code that a call of the library returns when it lacks this. */
int site_kind_error(enum site_kind kind);

void sites_arm(const struct fault *fault);

/* Everything works again.  Returns how many calls have failed. */
unsigned sites_disarm(void);

/* In between nothing fails and nothing is counted: the test itself needs the system. */
void sites_pause(void);
void sites_resume(void);

/* Pieces of memory that the library has and has not given back. */
long sites_pieces(void);

#endif
