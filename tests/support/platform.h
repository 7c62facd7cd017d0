/* SPDX-License-Identifier: MIT */
/*
 * platform.h - what a test may not ask of the platform layer that this build has: the table of
 * docs/design/platform.md.
 *
 *	skip_on_posix(POSIX_NO_RAW_FORKS);
 *
 * Include <cmocka.h> first.  The build says QS_PLATFORM_POSIX=1 or 0.
 */
#ifndef TEST_PLATFORM_H
#define TEST_PLATFORM_H

#define POSIX_NO_AFFINITY "POSIX knows no affinity masks"
#define POSIX_NO_RAW_FORKS "a hook of fork() sees neither _Fork() nor a raw clone"
#define POSIX_NO_GROUPS "POSIX does not tell who is in a process group"
#define POSIX_NO_USAGE "POSIX does not tell what one child used"
#define POSIX_HEARS_OF_FAILED_SPAWNS "a child made by fork() sends SIGCHLD, however it ends"
#define POSIX_NO_PIDFD "without a pidfd, only a number that is held can be signalled"

#define skip_on_posix(why)                              \
	do {                                            \
		if (QS_PLATFORM_POSIX) {                \
			print_message("SKIP: %s\n", why); \
			skip();                         \
		}                                       \
	} while (0)

#endif
