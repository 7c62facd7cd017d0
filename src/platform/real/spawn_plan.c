/* SPDX-License-Identifier: MIT */
/*
 * spawn_plan.c - all that can be prepared before a child is made, in one block of memory:
 *
 *	plan | files of PATH | descriptors | sources | text of the files | extra
 *
 * The mask and the ignored signals of a child are those that the program was started with (FAILURES
 * D1): what a worker blocks, or the host has come to ignore since, is no business of the child's;
 * what `nohup` ignores is.  They are noted when the library is loaded.
 */
#include "spawn_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/alloc.h"

#define STANDARD_FDS 3		/* 0 to 2: always there in a child, never ours */

extern char **environ;

/* -------------------------------------------------------------------------------------------------
 * Signals as the program was started with them
 */

/* Written before main, or by the thread that loads the library; read-only ever after. */
static sigset_t start_mask;
static sigset_t start_ignored;

__attribute__((__constructor__)) static void note_start(void)
{
	(void)pthread_sigmask(SIG_BLOCK, NULL, &start_mask);
	(void)sigemptyset(&start_ignored);
	for (int signal = 1; signal <= SIGRTMAX; signal++) {
		struct sigaction action;

		if (sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			(void)sigaddset(&start_ignored, signal);
	}
}

static sigset_t mask_of_child(const qs_process_options *options)
{
	return options->flags & QS_PROCESS_MASK ? *(const sigset_t *)options->mask : start_mask;
}

/* -------------------------------------------------------------------------------------------------
 * Files to execute
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

/* -------------------------------------------------------------------------------------------------
 * Descriptors
 */

static int by_child(const void *a, const void *b)
{
	const qs_process_fd *left = a;
	const qs_process_fd *right = b;

	return (left->child > right->child) - (left->child < right->child);
}

/*
 * The map, with /dev/null for those of 0 to 2 that are not in it, in order.
 * Returns how many there are.
 */
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

int qs__spawn_above_standard(int fd)
{
	if (fd < 0 || fd >= STANDARD_FDS)
		return fd;

	const int higher = fcntl(fd, F_DUPFD_CLOEXEC, STANDARD_FDS);
	const int rc = higher < 0 ? -errno : higher;

	close(fd);
	return rc == -EINVAL ? -EMFILE : rc;
}

/* -------------------------------------------------------------------------------------------------
 * The plan
 */

struct qs__spawn_plan *qs__spawn_plan_create(const qs_process_options *options, size_t extra_bytes)
{
	const struct search search = search_begin(options->argv[0]);
	const size_t fds_room = options->fd_count + STANDARD_FDS;
	const size_t files_at = sizeof(struct qs__spawn_plan);
	const size_t fds_at = files_at + (search.count + 1) * sizeof(char *);
	const size_t sources_at = fds_at + fds_room * sizeof(qs_process_fd);
	const size_t text_at = sources_at + fds_room * sizeof(int);
	const size_t extra_at = text_at + search.bytes;
	char *block = qs__alloc(extra_at + extra_bytes);
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
	plan->report = QS__SPAWN_NO_REPORT;
	plan->extra = block + extra_at;
	return plan;
}
