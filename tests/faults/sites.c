/* SPDX-License-Identifier: MIT */
/*
 * sites.c - the redirected calls.
 *
 * Each asks is_to_fail() and then either says what the system would say, or hands on to
 * the real one.  Whoever runs in borrowed memory (a child between clone and exec) comes
 * through __wrap_syscall() as well; that is why it is not instrumented and counts nothing
 * but what only the parent calls.
 */
#define _GNU_SOURCE
#include "faults/sites.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* Kind of the fault; NONE = nothing fails. */
#define NONE SITE_KINDS

static atomic_int failing_kind = NONE;
static atomic_bool is_paused;
static atomic_bool fails_for_ever;
static atomic_long calls_left;	/* until the first that fails; 0 = that one */
static atomic_uint failures;
static atomic_long pieces;

static const struct {
	const char *name;
	int error;
} kinds[SITE_KINDS] = {
	[SITE_MEMORY] = { "memory", ENOMEM },
	[SITE_THREAD] = { "threads", EAGAIN },
	[SITE_DESCRIPTOR] = { "descriptors", EMFILE },
	[SITE_PROCESS] = { "processes", EAGAIN },
};

const char *site_kind_name(enum site_kind kind)
{
	return kinds[kind].name;
}

int site_kind_error(enum site_kind kind)
{
	return -kinds[kind].error;
}

void sites_arm(const struct fault *fault)
{
	atomic_store(&failures, 0);
	atomic_store(&fails_for_ever, fault->for_ever);
	atomic_store(&calls_left, fault->n);
	atomic_store(&is_paused, false);
	atomic_store(&failing_kind, (int)fault->kind);
}

unsigned sites_disarm(void)
{
	atomic_store(&failing_kind, NONE);
	return atomic_load(&failures);
}

void sites_pause(void)
{
	atomic_store(&is_paused, true);
}

void sites_resume(void)
{
	atomic_store(&is_paused, false);
}

long sites_pieces(void)
{
	return atomic_load(&pieces);
}

/* Sets errno if it says so. */
static bool is_to_fail(enum site_kind kind)
{
	long left;

	if (atomic_load(&failing_kind) != (int)kind || atomic_load(&is_paused))
		return false;
	left = atomic_fetch_sub(&calls_left, 1);
	if (left > 0 || (left < 0 && !atomic_load(&fails_for_ever)))
		return false;
	(void)atomic_fetch_add(&failures, 1);
	errno = kinds[kind].error;
	return true;
}

/* --------------------------------------------------------------------------------------- memory */

void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes)
{
	void *memory = is_to_fail(SITE_MEMORY) ? NULL : __real_calloc(count, bytes);

	if (memory != NULL)
		(void)atomic_fetch_add(&pieces, 1);
	return memory;
}

void __real_free(void *memory);
void __wrap_free(void *memory);
void __wrap_free(void *memory)
{
	if (memory != NULL)
		(void)atomic_fetch_sub(&pieces, 1);
	__real_free(memory);
}

void *__real_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	return is_to_fail(SITE_MEMORY) ? MAP_FAILED : __real_mmap(at, bytes, protection, flags, fd, offset);
}

int __real_madvise(void *at, size_t bytes, int advice);
int __wrap_madvise(void *at, size_t bytes, int advice);
int __wrap_madvise(void *at, size_t bytes, int advice)
{
	return is_to_fail(SITE_MEMORY) ? -1 : __real_madvise(at, bytes, advice);
}

/* Weak: in musl CPU_ALLOC() is calloc(). */
__attribute__((__weak__)) cpu_set_t *__real___sched_cpualloc(size_t count);
cpu_set_t *__wrap___sched_cpualloc(size_t count);
cpu_set_t *__wrap___sched_cpualloc(size_t count)
{
	return is_to_fail(SITE_MEMORY) ? NULL : __real___sched_cpualloc(count);
}

int __real_pthread_attr_init(pthread_attr_t *attributes);
int __wrap_pthread_attr_init(pthread_attr_t *attributes);
int __wrap_pthread_attr_init(pthread_attr_t *attributes)
{
	return is_to_fail(SITE_MEMORY) ? ENOMEM : __real_pthread_attr_init(attributes);
}

/* ------------------------------------------------------------------------ threads and processes */

int __real_pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*fn)(void *), void *arg)
{
	return is_to_fail(SITE_THREAD) ? EAGAIN : __real_pthread_create(out, attributes, fn, arg);
}

/* The library passes one more argument at most, the place for the pidfd. */
#define CLONE(name) \
	int __real_##name(int (*fn)(void *), void *stack, int flags, void *arg, ...); \
	int __wrap_##name(int (*fn)(void *), void *stack, int flags, void *arg, ...); \
	int __wrap_##name(int (*fn)(void *), void *stack, int flags, void *arg, ...) \
	{ \
		va_list arguments; \
		int *fd; \
\
		va_start(arguments, arg); \
		fd = va_arg(arguments, int *); \
		va_end(arguments); \
		return is_to_fail(SITE_PROCESS) ? -1 : __real_##name(fn, stack, flags, arg, fd); \
	}

#ifdef __SANITIZE_THREAD__
CLONE(__clone)
#else
CLONE(clone)
#endif

/* ---------------------------------------------------------------------------------- descriptors */

int __real_eventfd(unsigned value, int flags);
int __wrap_eventfd(unsigned value, int flags);
int __wrap_eventfd(unsigned value, int flags)
{
	return is_to_fail(SITE_DESCRIPTOR) ? -1 : __real_eventfd(value, flags);
}

int __real_pipe(int ends[2]);
int __wrap_pipe(int ends[2]);
int __wrap_pipe(int ends[2])
{
	return is_to_fail(SITE_DESCRIPTOR) ? -1 : __real_pipe(ends);
}

int __real_pipe2(int ends[2], int flags);
int __wrap_pipe2(int ends[2], int flags);
int __wrap_pipe2(int ends[2], int flags)
{
	return is_to_fail(SITE_DESCRIPTOR) ? -1 : __real_pipe2(ends, flags);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	return is_to_fail(SITE_DESCRIPTOR) ? -1 : __real_open(path, flags, mode);
}

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode)
{
	return is_to_fail(SITE_DESCRIPTOR) ? NULL : __real_fopen(path, mode);
}

DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);
DIR *__wrap_opendir(const char *path)
{
	return is_to_fail(SITE_DESCRIPTOR) ? NULL : __real_opendir(path);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
	va_list arguments;
	long argument;

	va_start(arguments, command);
	argument = va_arg(arguments, long);
	va_end(arguments);
	if ((command == F_DUPFD || command == F_DUPFD_CLOEXEC) && is_to_fail(SITE_DESCRIPTOR))
		return -1;
	return __real_fcntl(fd, command, argument);
}

#define NOT_INSTRUMENTED __attribute__((__no_sanitize__("address", "thread", "undefined")))

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
NOT_INSTRUMENTED long __wrap_syscall(long number, ...)
{
	va_list arguments;
	long a[6];

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	if (number == SYS_pidfd_open && is_to_fail(SITE_DESCRIPTOR))
		return -1;
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
