/* SPDX-License-Identifier: MIT */
/*
 * halted.h - a process whose every thread is asleep in a wait of the library's while somebody
 * halts it for a while (A20).
 *
 * The waits go on as if nothing had been: those whose deadline came meanwhile end at once when the
 * process is let go, those with a later deadline at that, and nobody learns of an interrupted call.
 */
#ifndef TEST_HALTED_H
#define TEST_HALTED_H

#include <stdbool.h>
#include <sys/types.h>

/* How a process is halted and let go.  True if it was. */
struct halt {
	bool (*halt)(pid_t pid);
	bool (*let_go)(pid_t pid);
};

/*
 * Halts for so long, once with deadlines that come meanwhile and once with such that
 * come later.  Fails the test.
 */
void halted_check(const struct halt *how, long halt_ms);

#endif
