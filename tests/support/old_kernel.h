/* SPDX-License-Identifier: MIT */
/*
 * old_kernel.h - run a test program again as if on Linux 5.4: what is newer is refused
 * by a system call filter.
 *
 *	close_range()				-ENOSYS
 *	clone(CLONE_PIDFD)			-EINVAL, so that pidfd_open() must do
 *	pidfd_send_signal() to a group		-EINVAL
 *
 * A main() says
 *
 *	old_kernel_if_asked(argc, argv);
 *
 * before anything else, and one of its tests asserts that old_kernel_run_again() returns 0.
 */
#ifndef TEST_OLD_KERNEL_H
#define TEST_OLD_KERNEL_H

#include <stdbool.h>

/* True if this is the run on an old kernel; ends the program if there is no such filter here. */
bool old_kernel_if_asked(int argc, char **argv);

/*
 * The exit code of all tests but those whose names fit the pattern;
 * OLD_KERNEL_SKIP if there is no filter.
 */
int old_kernel_run_again(const char *without);

#define OLD_KERNEL_SKIP 77

#endif
