/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - child processes by clone, pidfd and waitid.
 *
 * The child borrows our memory until its exec (CLONE_VM): no page table is copied, which makes it as
 * fast as vfork and twice as fast as fork.  It has a stack of its own, and this thread is held until
 * the exec has succeeded or the child has gone (CLONE_VFORK).  spawn_child.c tells by which rules it
 * lives meanwhile; all that can be prepared is prepared here, in one block of memory:
 *
 *	plan | files of PATH | descriptors | sources | text of the files | stack
 *
 * The child gets no exit signal before its exec, which gives it SIGCHLD.  So a spawn that fails is
 * nothing that the host's SIGCHLD handler hears of, or that its waitpid(-1) could find; that is why
 * every wait here says __WALL.
 *
 * The mask and the ignored signals of a child are those that the program was started with (FAILURES
 * D1): what a worker blocks, or the host has come to ignore since, is no business of the child's; what
 * `nohup` ignores is.  They are noted when the library is loaded.
 *
 * A child's number is used only while its status has not been taken; waiting and signalling go through
 * the pidfd (D2, D3).
 */
#define _GNU_SOURCE
#include "platform/spawn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/alloc.h"
#include "spawn_plan.h"

#define CHILD_STACK_BYTES 16384	/* ours needs 2 KiB; the rest is for what libc or a tool may put below */
#define STACK_ALIGNMENT 16
#define STANDARD_FDS 3		/* 0 to 2: always there in a child, never ours */

/* From the kernel's headers, which not every libc comes with. */
#define KERNEL_CLONE_PIDFD 0x1000
#define KERNEL_P_PIDFD 3
#define KERNEL_SIGNAL_GROUP 4u	/* PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9 */

#define ALL_SIGNALS (~(qs__signal_bits)0)

/* ---------------------------------------------------------------------------------------------------------------
 * Signals as the program was started with them
 */

/* Written before main, or by the thread that loads the library; read-only ever after. */
static qs__signal_bits start_mask;
static qs__signal_bits start_ignored;

static long set_mask(const qs__signal_bits *mask, qs__signal_bits *out_old)
{
	return syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, out_old, sizeof(qs__signal_bits));
}

__attribute__((__constructor__)) static void note_start(void)
{
	(void)set_mask(NULL, &start_mask);
	for (int signal = 1; signal <= QS__SIGNAL_LAST; signal++) {
		struct sigaction action;

		if (sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			start_ignored |= (qs__signal_bits)1 << (signal - 1);
	}
}

/* ---------------------------------------------------------------------------------------------------------------
 * The plan
 */

struct search {
	const char *name;
	const char *folders;	/* PATH; NULL: the name is a path */
	size_t count;		/* files to try */
	size_t bytes;		/* of their text */
};

static struct search search_begin(const char *name)
{
	struct search search = { name, NULL, 1, strlen(name) + 1 };

	if (name[0] == '\0' || strchr(name, '/') != NULL)
		return search;
	search.folders = getenv("PATH");
	if (search.folders == NULL)
		search.folders = "/bin:/usr/bin";	/* what execvp() takes then */
	for (const char *c = search.folders; *c != '\0'; c++)
		search.count += *c == ':';
	search.bytes = strlen(search.folders) + 1 + search.count * (strlen(name) + 1);
	return search;
}

/* An empty folder is the present one. */
static void search_list(const struct search *search, char **files, char *text)
{
	const char *folder = search->folders;

	if (folder == NULL) {
		files[0] = strcpy(text, search->name);
		return;
	}
	for (size_t i = 0; i < search->count; i++) {
		const size_t length = strcspn(folder, ":");

		files[i] = text;
		memcpy(text, folder, length);
		text += length;
		if (length > 0)
			*text++ = '/';
		text = stpcpy(text, search->name) + 1;
		folder += length + 1;
	}
}

static int by_child(const void *a, const void *b)
{
	const qs_process_fd *left = a;
	const qs_process_fd *right = b;

	return (left->child > right->child) - (left->child < right->child);
}

/* The map, with /dev/null for those of 0 to 2 that are not in it, in order.  Returns how many there are. */
static size_t complete_fds(qs_process_fd *fds, const qs_process_options *options)
{
	size_t count = options->fd_count;
	bool is_mapped[STANDARD_FDS] = { false };

	for (size_t i = 0; i < count; i++) {
		fds[i] = options->fds[i];
		if (fds[i].child < STANDARD_FDS)
			is_mapped[fds[i].child] = true;
	}
	for (int fd = 0; fd < STANDARD_FDS; fd++) {
		if (!is_mapped[fd])
			fds[count++] = (qs_process_fd){ fd, QS_NULL_FD };
	}
	qsort(fds, count, sizeof(*fds), by_child);
	return count;
}

static qs__signal_bits mask_of_child(const qs_process_options *options)
{
	qs__signal_bits mask = start_mask;

	if (options->flags & QS_PROCESS_MASK)
		memcpy(&mask, options->mask, sizeof(mask));	/* a sigset_t begins with what the kernel knows */
	return mask;
}

/* One block, freed by qs__free(); NULL without memory. */
static struct qs__spawn_plan *plan_create(const qs_process_options *options, void **out_stack_top)
{
	const struct search search = search_begin(options->argv[0]);
	const size_t fds_room = options->fd_count + STANDARD_FDS;
	const size_t files_at = sizeof(struct qs__spawn_plan);
	const size_t fds_at = files_at + (search.count + 1) * sizeof(char *);
	const size_t sources_at = fds_at + fds_room * sizeof(qs_process_fd);
	const size_t text_at = sources_at + fds_room * sizeof(int);
	const size_t stack_at = text_at + search.bytes;
	char *block = qs__alloc(stack_at + CHILD_STACK_BYTES);
	struct qs__spawn_plan *plan = (struct qs__spawn_plan *)block;

	if (plan == NULL)
		return NULL;
	char **files = (char **)(block + files_at);
	qs_process_fd *fds = (qs_process_fd *)(block + fds_at);

	search_list(&search, files, block + text_at);
	plan->files = files;
	plan->argv = options->argv;
	plan->environment = options->environment != NULL ? options->environment : (const char *const *)environ;
	plan->directory = options->directory;
	plan->fds = fds;
	plan->sources = (int *)(block + sources_at);
	plan->fd_count = complete_fds(fds, options);
	plan->mask = mask_of_child(options);
	plan->ignored = start_ignored;
	plan->own_group = !(options->flags & QS_PROCESS_SAME_GROUP);

	char *top = block + stack_at + CHILD_STACK_BYTES;
	*out_stack_top = top - (uintptr_t)top % STACK_ALIGNMENT;
	return plan;
}

/* ---------------------------------------------------------------------------------------------------------------
 * Descriptors of our own
 */

/* Our descriptors stay clear of 0 to 2, also where the program was started without some of them. */
static int above_standard(int fd)
{
	if (fd < 0 || fd >= STANDARD_FDS)
		return fd;

	const int higher = fcntl(fd, F_DUPFD_CLOEXEC, STANDARD_FDS);
	const int rc = higher < 0 ? -errno : higher;

	close(fd);
	return rc == -EINVAL ? -EMFILE : rc;
}

static int open_pidfd(pid_t pid)
{
	const long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : above_standard((int)fd);
}

void qs__child_close_fd(int fd)
{
	const int saved = errno;

	close(fd);
	errno = saved;
}

/* ---------------------------------------------------------------------------------------------------------------
 * Start
 */

#if defined(__SANITIZE_THREAD__)
#define CLONE_IS_REPLACED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CLONE_IS_REPLACED 1
#endif
#endif

#ifdef CLONE_IS_REPLACED
/*
 * The thread sanitizer's clone() does in the child what is to be done after fork: it tells itself to
 * look away from now on.  In borrowed memory that holds for this thread as well, and false reports
 * follow.  Glibc has the function by a second name.
 */
int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);
#define clone __clone
#endif

/* Returns the child's number, and its pidfd if the system makes one with it, else -1. */
static pid_t clone_child(struct qs__spawn_plan *plan, void *stack_top, int *out_fd)
{
	const int flags = CLONE_VM | CLONE_VFORK;
	qs__signal_bits mask;

	*out_fd = -1;
	(void)set_mask(&(qs__signal_bits){ ALL_SIGNALS }, &mask);
	pid_t pid = clone(qs__spawn_child, stack_top, flags | KERNEL_CLONE_PIDFD, plan, out_fd);
	if (pid < 0 && errno == EINVAL)
		pid = clone(qs__spawn_child, stack_top, flags, plan);
	if (pid < 0)
		pid = -errno;
	(void)set_mask(&mask, NULL);
	return pid;
}

/* A child that nobody has been told of: end it, and leave nothing of it. */
static void discard(pid_t pid, int fd)
{
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	if (fd >= 0)
		close(fd);
}

static int start(struct qs__child *out, struct qs__spawn_plan *plan, void *stack_top)
{
	int fd;
	const pid_t pid = clone_child(plan, stack_top, &fd);

	if (pid < 0)
		return pid;
	if (plan->error < 0) {
		discard(pid, fd);
		return plan->error;
	}
	fd = fd < 0 ? open_pidfd(pid) : above_standard(fd);
	if (fd == -ESRCH)
		return -QS_ELOST;	/* it has ended already, and the host reaped it: the number says nothing any more */
	if (fd < 0) {
		discard(pid, fd);
		return fd;
	}
	*out = (struct qs__child){ pid, fd, plan->own_group };
	return 0;
}

int qs__spawn(struct qs__child *out, const qs_process_options *options)
{
	const int saved = errno;
	void *stack_top = NULL;
	struct qs__spawn_plan *plan = plan_create(options, &stack_top);
	const int rc = plan == NULL ? -ENOMEM : start(out, plan, stack_top);

	qs__free(plan);
	errno = saved;
	return rc;
}

/* ---------------------------------------------------------------------------------------------------------------
 * Signal and look
 */

static int send_signal(const struct qs__child *child, int signal, bool held)
{
	const unsigned flags = child->own_group ? KERNEL_SIGNAL_GROUP : 0;

	if (syscall(SYS_pidfd_send_signal, child->fd, signal, NULL, flags) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (!held)
		return -ESRCH;
	return kill(child->own_group ? -child->pid : child->pid, signal) == 0 ? 0 : -errno;
}

int qs__child_signal(const struct qs__child *child, int signal, bool held)
{
	const int saved = errno;
	const int rc = send_signal(child, signal, held);

	errno = saved;
	return rc;
}

/* The kernel's struct rusage; libc's has wider times on some 32-bit systems. */
struct kernel_rusage {
	long user_s, user_us, system_s, system_us;
	long maxrss, ixrss, idrss, isrss;
	long minflt, majflt, nswap, inblock, oublock, msgsnd, msgrcv, nsignals, nvcsw, nivcsw;
};

static void put_usage(struct rusage *out, const struct kernel_rusage *usage)
{
	*out = (struct rusage){
		.ru_utime = { .tv_sec = usage->user_s, .tv_usec = usage->user_us },
		.ru_stime = { .tv_sec = usage->system_s, .tv_usec = usage->system_us },
		.ru_maxrss = usage->maxrss,
		.ru_ixrss = usage->ixrss,
		.ru_idrss = usage->idrss,
		.ru_isrss = usage->isrss,
		.ru_minflt = usage->minflt,
		.ru_majflt = usage->majflt,
		.ru_nswap = usage->nswap,
		.ru_inblock = usage->inblock,
		.ru_oublock = usage->oublock,
		.ru_msgsnd = usage->msgsnd,
		.ru_msgrcv = usage->msgrcv,
		.ru_nsignals = usage->nsignals,
		.ru_nvcsw = usage->nvcsw,
		.ru_nivcsw = usage->nivcsw,
	};
}

static void put_status(qs_process_status *out, const siginfo_t *info, const struct kernel_rusage *usage)
{
	const bool exited = info->si_code == CLD_EXITED;

	out->exit_code = exited ? info->si_status : -1;
	out->signal = exited ? 0 : info->si_status;
	out->dumped_core = info->si_code == CLD_DUMPED;
	put_usage(&out->usage, usage);
}

int qs__child_look(const struct qs__child *child, bool take, qs_process_status *out)
{
	const int saved = errno;
	const int how = WEXITED | WNOHANG | __WALL | (take ? 0 : WNOWAIT);
	siginfo_t info = { .si_pid = 0 };
	struct kernel_rusage usage = { 0 };
	int rc = -EBUSY;

	/* By hand: waitid() of libc does not tell what the child used. */
	if (syscall(SYS_waitid, KERNEL_P_PIDFD, child->fd, &info, how, &usage) < 0)
		rc = -errno;
	else if (info.si_pid != 0)
		rc = 0;
	if (rc == 0)
		put_status(out, &info, &usage);
	errno = saved;
	return rc;
}

/* ---------------------------------------------------------------------------------------------------------------
 * The group
 */

static bool has_ended(int fd)
{
	struct pollfd poll_fd = { fd, POLLIN, 0 };

	return poll(&poll_fd, 1, 0) > 0;
}

static bool is_other_member(const struct qs__child *child, pid_t pid)
{
	return pid > 0 && pid != child->pid && getpgid(pid) == child->pid;
}

/* A pidfd of this process if it is a living member, -ENOENT if not.  The number may be reused: look again. */
static int member_fd(const struct qs__child *child, pid_t pid)
{
	if (!is_other_member(child, pid))
		return -ENOENT;

	const int fd = open_pidfd(pid);
	if (fd == -ESRCH)
		return -ENOENT;
	if (fd >= 0 && (has_ended(fd) || !is_other_member(child, pid))) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

static int find_member(const struct qs__child *child)
{
	DIR *processes = opendir("/proc");
	int fd = -ENOENT;

	if (processes == NULL)
		return errno == ENOENT ? -ENOSYS : -errno;
	for (const struct dirent *entry; fd == -ENOENT && (entry = readdir(processes)) != NULL;)
		fd = member_fd(child, (pid_t)strtol(entry->d_name, NULL, 10));
	closedir(processes);
	return fd;
}

int qs__child_group_member(const struct qs__child *child)
{
	const int saved = errno;
	const int fd = find_member(child);

	errno = saved;
	return fd;
}
