/* SPDX-License-Identifier: MIT */
/*
 * probe_run.c - start, read and end probes.
 */
#define _GNU_SOURCE
#include "support/probe_run.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/patience.h"
#include "support/probe.h"

#define MOST_FDS 16

void probe_options_init(struct probe_options *out, const char *mode, int number)
{
	*out = (struct probe_options){ .options = QS_PROCESS_OPTIONS_INIT };
	(void)snprintf(out->number, sizeof(out->number), "%d", number);
	out->argv[0] = PROBE_PROGRAM;
	out->argv[1] = "probe";
	out->argv[2] = mode;
	out->argv[3] = out->number;
	out->options.argv = out->argv;
}

int probe_start_with(struct probe *probe, const char *mode, const qs_process_options *more)
{
	struct probe_options made;
	qs_process_fd fds[MOST_FDS] = { { PROBE_OUT, 0 } };
	int ends[2];

	probe_options_init(&made, mode, PROBE_OUT);
	if (more != NULL) {
		const char *const *argv = made.options.argv;

		made.options = *more;
		made.options.argv = argv;
		assert_true(more->fd_count < MOST_FDS);
		for (size_t i = 0; i < more->fd_count; i++)
			fds[i + 1] = more->fds[i];
	}
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fds[0].ours = ends[1];
	made.options.fds = fds;
	made.options.fd_count++;
	const int rc = qs_process_spawn(&probe->process, &made.options, NULL);
	close(ends[1]);
	probe->out = ends[0];
	if (rc < 0)
		close(ends[0]);
	return rc;
}

void probe_start(struct probe *probe, const char *mode)
{
	assert_int_equal(probe_start_with(probe, mode, NULL), 0);
}

static ssize_t read_some(const struct probe *probe, char *out, size_t size)
{
	assert_true(qs_wait_fd(probe->out, POLLIN, patience(), NULL) > 0);
	const ssize_t bytes = read(probe->out, out, size);
	assert_true(bytes >= 0);
	return bytes;
}

void probe_await_ready(const struct probe *probe)
{
	char byte = '\0';

	assert_int_equal(read_some(probe, &byte, 1), 1);
	assert_int_equal(byte, 'r');
}

void probe_read(const struct probe *probe, char *out, size_t size)
{
	size_t length = 0;

	for (ssize_t bytes = 1; bytes > 0 && length < size - 1; length += (size_t)bytes)
		bytes = read_some(probe, out + length, size - 1 - length);
	out[length] = '\0';
}

void probe_assert_all_gone(const struct probe *probe)
{
	char byte;

	assert_int_equal(read_some(probe, &byte, 1), 0);
}

void probe_wait(const struct probe *probe, qs_process_status *out)
{
	assert_int_equal(qs_process_wait(probe->process, patience(), NULL, out), 0);
}

void probe_end(struct probe *probe)
{
	qs_process_destroy(probe->process);
	close(probe->out);
}
