/* SPDX-License-Identifier: MIT */
/*
 * probe_run.h - the test's side of a probe (probe.h): start it as a
 * qs_process, read what it writes.
 */
#ifndef TEST_PROBE_RUN_H
#define TEST_PROBE_RUN_H

#include "quiesce.h"

#define PROBE_OUT 3	/* the probe's number of the pipe that it writes to */

struct probe {
	qs_process *process;
	int out;	/* our end of the pipe; readable to its end once all who have the other end are gone */
};

/* Options for a probe, with room for what they point at. */
struct probe_options {
	qs_process_options options;
	const char *argv[5];
	char number[16];
};
void probe_options_init(struct probe_options *out, const char *mode, int number);

/*
 * Start a probe that writes to PROBE_OUT; `more` (NULL allowed) has further
 * options, and a map besides.
 */
int probe_start_with(struct probe *probe, const char *mode, const qs_process_options *more);

/* The same, and the test fails if it cannot be started. */
void probe_start(struct probe *probe, const char *mode);

/* Wait for the "r" of a probe that says that it is ready. */
void probe_await_ready(const struct probe *probe);

/* All that is written until nobody is left to write; at most size - 1 bytes. */
void probe_read(const struct probe *probe, char *out, size_t size);

/* Nobody holds the pipe any more: the probe and all its offspring are gone. */
void probe_assert_all_gone(const struct probe *probe);

/* Wait for the child, which must end within the test's patience. */
void probe_wait(const struct probe *probe, qs_process_status *out);

void probe_end(struct probe *probe);

#endif
