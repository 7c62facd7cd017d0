/* SPDX-License-Identifier: MIT */
/*
 * main.c - the program's life in order: descriptors, options, guardian, run.
 */
#include "guardian.h"
#include "options.h"
#include "run.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/*
 * Where one of 0 to 2 is closed, the next file that we open would take its place, and be read or written as if it were
 * the user's.  Such a place is filled so that using it fails, as it would without us.
 */
static void fill_closed_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(EXIT_OF_TROUBLE);
}

int main(int argc, char **argv)
{
	struct options options;
	struct birth birth;
	int status;

	fill_closed_descriptors();
	status = options_parse(&options, argc, argv);
	if (status >= 0)
		return status;
	status = guardian_start(&birth);
	if (status < 0) {
		fprintf(stderr, "quiesce: cannot start: %s\n", qs_strerror(status));
		return EXIT_OF_TROUBLE;
	}
	return run(&options, &birth);
}
