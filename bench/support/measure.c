/* SPDX-License-Identifier: MIT */
/*
 * measure.c - a process per figure: fork, take it, send it back through a pipe.
 *
 * This process makes no thread and no object of the library, so a child of it is as fresh
 * as a program just started.
 */
#include "support/measure.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <quiesce.h>

/* The middle, and the quarters on both sides of it. */
struct spread {
	double low, middle, high;
};

static void give_up(const char *what, const char *why)
{
	(void)fprintf(stderr, "bench: %s: %s\n", what, why);
	_exit(EXIT_FAILURE);
}

void measure_must(const char *what, int code)
{
	if (code < 0)
		give_up(what, qs_strerror(code));
}

int64_t measure_now(void)
{
	return qs_now();
}

double measure_heap(void)
{
	const struct mallinfo2 info = mallinfo2();

	return (double)info.uordblks + (double)info.hblkhd;
}

/* ------------------------------------------------------------------------------------- a figure */

static double take_fresh(measure_fn *fn)
{
	double figure;
	int ends[2];
	pid_t child;
	int status;

	(void)fflush(stdout);
	if (pipe(ends) != 0 || (child = fork()) < 0)
		give_up("measure", "no pipe or no process");
	if (child == 0) {
		figure = fn();
		_exit(write(ends[1], &figure, sizeof(figure)) == sizeof(figure) ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	(void)close(ends[1]);
	if (read(ends[0], &figure, sizeof(figure)) != sizeof(figure) || waitpid(child, &status, 0) != child || status != 0)
		give_up("measure", "a measuring process failed");
	(void)close(ends[0]);
	return figure;
}

/* --------------------------------------------------------------------------------------- spread */

static int by_size(const void *one, const void *other)
{
	const double a = *(const double *)one;
	const double b = *(const double *)other;

	return (a > b) - (a < b);
}

static struct spread spread_of(double *figures, unsigned count)
{
	qsort(figures, count, sizeof(*figures), by_size);
	return (struct spread){ figures[count / 4], figures[count / 2], figures[count - 1 - count / 4] };
}

static void print_spread(struct spread spread, int decimals)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%.*f (%.*f..%.*f)", decimals, spread.middle, decimals, spread.low, decimals, spread.high);
	printf(" %24s", text);
}

void measure_columns(const char *ours, const char *theirs, unsigned rounds)
{
	printf("%u rounds, in turn, a fresh process each; median (quarters)\n\n", rounds);
	printf("%-36s %24s %24s %24s\n", "", ours, theirs, "ratio");
}

void measure_compare(const char *what, measure_fn *ours, measure_fn *theirs, unsigned rounds)
{
	double *figures = calloc(3 * (size_t)rounds, sizeof(*figures));
	double *a = figures, *b = figures + rounds, *ratio = b + rounds;

	if (figures == NULL)
		give_up(what, "no memory");
	for (unsigned i = 0; i < rounds; i++) {
		/* Each side is first in every other round. */
		if (i % 2 == 0)
			a[i] = take_fresh(ours);
		b[i] = take_fresh(theirs);
		if (i % 2 != 0)
			a[i] = take_fresh(ours);
		ratio[i] = a[i] / b[i];
	}
	printf("%-36s", what);
	print_spread(spread_of(a, rounds), 0);
	print_spread(spread_of(b, rounds), 0);
	print_spread(spread_of(ratio, rounds), 2);
	printf("\n");
	(void)fflush(stdout);
	free(figures);
}

unsigned measure_rounds(int argc, char **argv, unsigned usual)
{
	char *end = NULL;
	const unsigned long rounds = argc > 1 ? strtoul(argv[1], &end, 10) : usual;

	if (rounds == 0 || rounds > 10000 || (end != NULL && *end != '\0')) {
		(void)fprintf(stderr, "usage: %s [ROUNDS]\n", argv[0]);
		exit(2);
	}
	return (unsigned)rounds;
}

/* -------------------------------------------------------------------------------------- machine */

static void print_processor(void)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "model name", strlen("model name")) == 0) {
			line[strcspn(line, "\n")] = '\0';
			printf("%s, ", strchr(line, ':') + 2);
			break;
		}
	}
	if (file != NULL)
		(void)fclose(file);
}

void measure_heading(const char *title)
{
	struct utsname system;
	double load = 0;

	printf("\n%s\n", title);
	print_processor();
	(void)getloadavg(&load, 1);
	(void)uname(&system);
	printf("%d CPUs usable, %s %s, load %.1f, compiler %s, quiesce %s\n", qs_cpu_count(), system.sysname, system.release,
	       load, __VERSION__, qs_version());
}
