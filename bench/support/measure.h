/* SPDX-License-Identifier: MIT */
/*
 * measure.h - figures that can be believed on a machine that others use, too.
 *
 * Each figure is taken in a fresh process, the two sides in turn, so that a busy moment hits both; what is printed is the median and
 * the quarters around it, and the median of the ratios within each pair.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>

/* Takes one figure. */
typedef double measure_fn(void);

/* Nanoseconds, monotonic. */
int64_t measure_now(void);

/* Bytes that malloc has handed out and not got back, its own overhead included. */
double measure_heap(void);

/* Ends the program with words if the code is negative. */
void measure_must(const char *what, int code);

/* What was measured, and on what: processor, usable CPUs, kernel, load, compiler. */
void measure_heading(const char *title);

/* Prints the line above those of measure_compare(). */
void measure_columns(const char *ours, const char *theirs, unsigned rounds);

/* Prints one line: the figure of both sides and their ratio. */
void measure_compare(const char *what, measure_fn *ours, measure_fn *theirs, unsigned rounds);

/* How many rounds the command line asks for: its first word, or as many as usual; exits with words if that is no number. */
unsigned measure_rounds(int argc, char **argv, unsigned usual);

#endif
