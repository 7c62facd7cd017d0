/* SPDX-License-Identifier: MIT */
/*
 * event_loop_glib.c - the same in the main loop of GLib, as in a program with windows.
 *
 *	event_loop_glib FILE...
 *
 * Counts the lines of each file, and meanwhile does what a window would: a dot every tenth of a
 * second.  Three sources tell the loop all there is: a timer, the descriptor of an as-completed
 * set, and that of the stop which Ctrl-C asks.  No callback ever waits, and all run in the one
 * thread that owns the loop, so they need no lock.
 *
 *	cc event_loop_glib.c $(pkg-config --cflags --libs quiesce glib-2.0)
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib.h>

#include <quiesce.h>

enum { TICK_MS = 100, EXIT_USAGE = 2 };

struct app {
	GMainLoop *loop;
	qs_as_completed *set;
};

/*
 * The body of a task: it may take long, and hears of a stop meanwhile.  Returns the count, and
 * keeps the name for the answer.
 */
static int count_lines(qs_task *task, void *name)
{
	const int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int lines = 0, error = fd < 0 ? -errno : 0;
	char chunk[BUFSIZ];

	(void)qs_task_set_result(task, name, NULL);
	for (ssize_t got = 1; error >= 0 && got > 0;) {
		error = qs_wait_fd(fd, POLLIN, QS_NEVER, qs_task_stop(task));
		if (error >= 0 && (got = read(fd, chunk, sizeof(chunk))) < 0)
			error = -errno;
		for (ssize_t i = 0; i < got && error >= 0; i++)
			lines += chunk[i] == '\n';
	}
	(void)close(fd);
	return error < 0 ? error : lines;
}

static void show_end(const qs_future *future)
{
	/* What never ran has the copied name, which may be cut. */
	const char *name = qs_future_result(future) != NULL ? qs_future_result(future) : qs_future_name(future);
	const qs_state state = (qs_state)qs_future_state(future);

	if (state == QS_DONE)
		g_print("%d %s\n", qs_future_value(future), name);
	else
		g_print("%s %s: %s\n", qs_state_name(state), name, qs_future_message(future));
}

/*
 * The set has something to hand out: one at a time, so that what else the loop
 * has to do comes in between.
 */
static gboolean on_end(gint fd, GIOCondition condition, gpointer data)
{
	struct app *app = data;
	qs_future *future;
	const int result = qs_as_completed_next(app->set, &future, QS_NOW, NULL);

	(void)fd, (void)condition;
	if (result == 1)
		show_end(future);
	else if (result == 0)
		g_main_loop_quit(app->loop);	/* that was the last one */
	return G_SOURCE_CONTINUE;
}

static gboolean on_stop(gint fd, GIOCondition condition, gpointer data)
{
	(void)fd, (void)condition;
	g_main_loop_quit(((struct app *)data)->loop);
	return G_SOURCE_REMOVE;		/* it stays readable */
}

static gboolean on_tick(gpointer data)
{
	(void)data;
	g_printerr(".");
	return G_SOURCE_CONTINUE;
}

/*
 * Until the last answer, or until a stop.  All files at once: the pool runs
 * as many as there are CPUs.
 */
static int run(struct app *app, qs_pool *pool, qs_stop *soft, char **names)
{
	const int ends = qs_as_completed_fd(app->set), stopped = qs_stop_fd(soft);
	int result = ends < 0 ? ends : stopped < 0 ? stopped : 0;

	for (; *names != NULL && result >= 0; names++) {
		qs_task_options options = QS_TASK_OPTIONS_INIT;
		qs_future *future = NULL;

		options.name = *names;
		result = qs_submit_by(&future, pool, count_lines, *names, &options, QS_NOW, NULL);
		if (result == 0)
			result = qs_as_completed_add(app->set, future);
		qs_future_release(future);
	}
	if (result < 0)
		return result;
	(void)g_unix_fd_add(ends, G_IO_IN, on_end, app);
	(void)g_unix_fd_add(stopped, G_IO_IN, on_stop, app);
	(void)g_timeout_add(TICK_MS, on_tick, app);
	g_main_loop_run(app->loop);
	return 0;
}

int main(int argc, char **argv)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	struct app app = { NULL, NULL };
	qs_signals *signals = NULL;
	qs_pool *pool = NULL;
	qs_future *future;
	int result;

	if (argc < 2) {
		g_printerr("usage: event_loop_glib FILE...\n");
		return EXIT_USAGE;
	}
	app.loop = g_main_loop_new(NULL, FALSE);
	result = qs_stop_on_signals(&signals, NULL);
	options.stop = qs_signals_soft(signals);
	if (result == 0)
		result = qs_pool_create(&pool, &options);
	if (result == 0)
		result = qs_as_completed_create(&app.set, NULL, 0);
	if (result == 0)
		result = run(&app, pool, options.stop, argv + 1);
	(void)qs_pool_shutdown(pool, result < 0 ? QS_STOP : QS_DRAIN);
	(void)qs_pool_join(pool, QS_NEVER, qs_signals_hard(signals), NULL);
	while (qs_as_completed_next(app.set, &future, QS_NOW, NULL) == 1)
		show_end(future);	/* after a stop: what became of the others */
	qs_as_completed_destroy(app.set);
	(void)qs_pool_destroy(pool);
	g_main_loop_unref(app.loop);
	(void)qs_stop_exit(signals);	/* returns if no signal came */
	if (result < 0)
		g_printerr("event_loop_glib: %s\n", qs_strerror(result));
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
