/* SPDX-License-Identifier: MIT */
/*
 * screen.c - turns at the terminal.
 *
 * The progress line stands at the end of everything, without a newline.  It is wiped by spaces, which every terminal
 * knows, and never written by a process in the background: there a terminal may stop whoever writes.
 */
#include "screen.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_COLUMNS 80
#define SPARE_COLUMNS 4		/* behind the line, for the ^C that the terminal itself puts there */
#define TURN_WAIT_NS 20000000	/* a note waits 20 ms for its turn */
#define MESSAGE_BYTES 1024

void screen_init(struct screen *screen)
{
	*screen = (struct screen){ 0 };
	pthread_mutex_init(&screen->lock, NULL);
	outlet_init(&screen->out, STDOUT_FILENO, "standard output");
	outlet_init(&screen->err, STDERR_FILENO, "standard error");
}

void screen_fini(struct screen *screen)
{
	pthread_mutex_destroy(&screen->lock);
}

static void wipe_locked(struct screen *screen)
{
	char wipe[SCREEN_LINE_BYTES + SPARE_COLUMNS + 2];
	const size_t columns = screen->line_columns;

	if (!columns)
		return;
	wipe[0] = '\r';
	memset(wipe + 1, ' ', columns);
	wipe[columns + 1] = '\r';
	outlet_write(&screen->err, wipe, columns + 2, screen->hard);
	screen->line_columns = 0;
}

static void remember_end_locked(struct screen *screen, const struct outlet *outlet, char last)
{
	if (outlet->is_terminal)
		screen->is_mid_line = last != '\n';
}

static int write_stream_locked(struct screen *screen, struct spool *spool, struct outlet *outlet, struct capture *stream)
{
	int error;

	if (capture_is_empty(stream))
		return 0;
	if (outlet->is_terminal)
		wipe_locked(screen);
	error = capture_write(stream, spool, outlet, screen->hard);
	remember_end_locked(screen, outlet, stream->last);
	return error;
}

int screen_write_job(struct screen *screen, struct spool *spool, struct capture *out, struct capture *err)
{
	int error, error_of_err;

	pthread_mutex_lock(&screen->lock);
	error = write_stream_locked(screen, spool, &screen->out, out);
	error_of_err = write_stream_locked(screen, spool, &screen->err, err);
	pthread_mutex_unlock(&screen->lock);
	return error ? error : error_of_err;
}

/* Words of ours are tried again where a job's output was given up: the last line should come out if it can. */
static void say_locked(struct screen *screen, const char *format, va_list arguments)
{
	char text[MESSAGE_BYTES];
	int length = snprintf(text, sizeof(text), "%squiesce: ", screen->is_mid_line && screen->err.is_terminal ? "\n" : "");

	length += vsnprintf(text + length, sizeof(text) - (size_t)length - 1, format, arguments);
	if ((size_t)length > sizeof(text) - 2)
		length = (int)sizeof(text) - 2;
	text[length++] = '\n';
	if (screen->err.error == -ECANCELED)
		screen->err.error = 0;
	wipe_locked(screen);
	outlet_write(&screen->err, text, (size_t)length, screen->hard);
	remember_end_locked(screen, &screen->err, '\n');
}

void screen_say(struct screen *screen, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	pthread_mutex_lock(&screen->lock);
	say_locked(screen, format, arguments);
	pthread_mutex_unlock(&screen->lock);
	va_end(arguments);
}

static bool takes_writes_now(const struct outlet *outlet)
{
	struct pollfd one = { .fd = outlet->fd, .events = POLLOUT };

	return poll(&one, 1, 0) == 1 && (one.revents & POLLOUT);
}

static bool is_in_foreground(const struct outlet *terminal)
{
	const pid_t front = tcgetpgrp(terminal->fd);

	return front < 0 || front == getpgrp();		/* a terminal that is not our own cannot stop us */
}

static bool may_write_now(const struct screen *screen)
{
	return screen->err.is_terminal && is_in_foreground(&screen->err) && takes_writes_now(&screen->err);
}

void screen_note(struct screen *screen, const char *format, ...)
{
	struct timespec until;
	va_list arguments;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += TURN_WAIT_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	if (pthread_mutex_timedlock(&screen->lock, &until) != 0)
		return;
	va_start(arguments, format);
	if (may_write_now(screen))
		say_locked(screen, format, arguments);
	va_end(arguments);
	pthread_mutex_unlock(&screen->lock);
}

static size_t terminal_columns(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return DEFAULT_COLUMNS;
}

/* A line that fills the last column would wrap, and could not be wiped any more. */
static void show_locked(struct screen *screen, const char *text)
{
	char line[2 + 3 * (SCREEN_LINE_BYTES + SPARE_COLUMNS)];	/* the line; blanks behind it; and back again */
	size_t columns = terminal_columns(screen->err.fd) - 1;
	int length;

	columns = columns < SCREEN_LINE_BYTES - 1 ? columns : SCREEN_LINE_BYTES - 1;
	columns = columns > SPARE_COLUMNS ? columns - SPARE_COLUMNS : columns;
	if (strlen(text) < columns)
		columns = strlen(text);
	length = snprintf(line, sizeof(line), "%s\r%.*s", screen->is_mid_line ? "\n" : "", (int)columns, text);
	if (screen->line_columns > columns + SPARE_COLUMNS) {
		const size_t rest = screen->line_columns - columns;

		memset(line + length, ' ', rest);
		memset(line + length + rest, '\b', rest);
		length += (int)(2 * rest);
	}
	outlet_write(&screen->err, line, (size_t)length, screen->hard);
	screen->line_columns = columns + SPARE_COLUMNS;
	screen->is_mid_line = false;
}

/* Where there is no terminal, and the user wants progress all the same, each state of it is a line that stays. */
static void print_locked(struct screen *screen, const char *text)
{
	char line[SCREEN_LINE_BYTES + 2];
	const int length = snprintf(line, sizeof(line), "%.*s\n", SCREEN_LINE_BYTES, text);

	if (takes_writes_now(&screen->err))
		outlet_write(&screen->err, line, (size_t)length, screen->hard);
}

void screen_show_line(struct screen *screen, const char *text)
{
	if (pthread_mutex_trylock(&screen->lock) != 0)
		return;
	if (!screen->err.is_terminal)
		print_locked(screen, text);
	else if (may_write_now(screen))
		show_locked(screen, text);
	pthread_mutex_unlock(&screen->lock);
}

void screen_wipe_line(struct screen *screen)
{
	pthread_mutex_lock(&screen->lock);
	wipe_locked(screen);
	pthread_mutex_unlock(&screen->lock);
}

bool screen_reader_is_gone(const struct screen *screen)
{
	struct pollfd one = { .fd = screen->out.fd, .events = POLLOUT };

	return poll(&one, 1, 0) == 1 && (one.revents & POLLERR) && !screen->out.is_file;
}
