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

/* A line that fills the last column would wrap, and could not be wiped any more. */
static size_t fitting_columns(int fd, size_t wanted)
{
	struct winsize size;
	size_t columns = DEFAULT_COLUMNS;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > SPARE_COLUMNS)
		columns = size.ws_col;
	columns -= SPARE_COLUMNS + 1;
	return wanted < columns ? wanted : columns;
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

/* Writes the progress line over the last one, and blanks over what stands out behind it. */
static void put_line_locked(struct screen *screen)
{
	char text[2 + 3 * (SCREEN_LINE_BYTES + SPARE_COLUMNS)];
	const size_t columns = fitting_columns(screen->err.fd, strlen(screen->line));
	int length;

	if (!columns || !may_write_now(screen))
		return;
	length = snprintf(text, sizeof(text), "%s\r%.*s", screen->is_mid_line ? "\n" : "", (int)columns, screen->line);
	if (screen->line_columns > columns) {
		const size_t rest = screen->line_columns - columns;

		memset(text + length, ' ', rest);
		memset(text + length + rest, '\b', rest);
		length += (int)(2 * rest);
	}
	outlet_write(&screen->err, text, (size_t)length, screen->hard);
	screen->line_columns = columns + SPARE_COLUMNS;
	screen->is_mid_line = false;
}

static void write_stream_locked(struct screen *screen, struct spool *spool, struct outlet *outlet, struct capture *stream,
				int *error)
{
	int failed;

	if (capture_is_empty(stream))
		return;
	if (outlet->is_terminal)
		wipe_locked(screen);
	failed = capture_write(stream, spool, outlet, screen->hard);
	if (outlet->is_terminal)
		screen->is_mid_line = stream->last != '\n';
	if (!*error)
		*error = failed;
}

int screen_write_job(struct screen *screen, struct spool *spool, struct capture *out, struct capture *err)
{
	int error = 0;

	pthread_mutex_lock(&screen->lock);
	write_stream_locked(screen, spool, &screen->out, out, &error);
	write_stream_locked(screen, spool, &screen->err, err, &error);
	if (!screen->line_columns)
		put_line_locked(screen);
	pthread_mutex_unlock(&screen->lock);
	return error;
}

/* On a terminal a message begins at the left, over the ^C that may stand there. */
static const char *way_to_line_begin(const struct screen *screen)
{
	if (!screen->err.is_terminal)
		return "";
	return screen->is_mid_line ? "\n" : "\r";
}

/* Words of ours are tried again where a job's output was given up: the last line should come out if it can. */
__attribute__((__format__(__printf__, 2, 0))) static void say_locked(struct screen *screen, const char *format, va_list arguments)
{
	char text[MESSAGE_BYTES];
	int length = snprintf(text, sizeof(text), "%squiesce: ", way_to_line_begin(screen));

	length += vsnprintf(text + length, sizeof(text) - (size_t)length - 1, format, arguments);
	if ((size_t)length > sizeof(text) - 2)
		length = (int)sizeof(text) - 2;
	text[length++] = '\n';
	if (screen->err.error == -ECANCELED)
		screen->err.error = 0;
	wipe_locked(screen);
	outlet_write(&screen->err, text, (size_t)length, screen->hard);
	screen->is_mid_line = false;
	put_line_locked(screen);
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

/* Where there is no terminal, and the user wants progress all the same, each state of it is a line that stays. */
static void print_line_locked(struct screen *screen, const char *text)
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
	if (screen->err.is_terminal) {
		snprintf(screen->line, sizeof(screen->line), "%s", text);
		put_line_locked(screen);
	} else {
		print_line_locked(screen, text);
	}
	pthread_mutex_unlock(&screen->lock);
}

void screen_drop_line(struct screen *screen)
{
	pthread_mutex_lock(&screen->lock);
	wipe_locked(screen);
	screen->line[0] = '\0';
	pthread_mutex_unlock(&screen->lock);
}

bool screen_reader_is_gone(const struct screen *screen)
{
	struct pollfd one = { .fd = screen->out.fd };

	return poll(&one, 1, 0) == 1 && (one.revents & screen->out.reader_gone);
}
