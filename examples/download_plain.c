/* SPDX-License-Identifier: MIT */
/*
 * download_plain.c - every page of an index, the plain way: one blocking transfer per task.
 *
 *	download_plain URL
 *
 * The index is a text that names the pages beside it, one a line.  It comes into the
 * current folder, and so do they, eight at a time.  A page that does not come is
 * told, and the others go on.
 *
 * libcurl calls us when data have come, and about once a second while there are none; then
 * the task looks whether it is to stop.  That is little code, and all that most blocking
 * calls offer; but Ctrl-C takes up to that second.  download_index.c does the same in one
 * thread, and is woken at once.
 *
 *	cc download_plain.c $(pkg-config --cflags --libs quiesce libcurl)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quiesce.h>

#include "page.h"

enum { EXIT_USAGE = 2, WORKERS = 8 };

static const char *folder;	/* the URL of what lies above the pages; set before the first task starts */

/* Called by libcurl; anything but 0 ends the transfer. */
static int look_for_stop(void *stop, curl_off_t all, curl_off_t now, curl_off_t all_up, curl_off_t now_up)
{
	(void)all, (void)now, (void)all_up, (void)now_up;
	return qs_stop_is_asked(stop);
}

static CURLcode transfer(CURL *easy, qs_stop *stop)
{
	if (curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, stop) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, look_for_stop) != CURLE_OK)
		return CURLE_FAILED_INIT;
	return curl_easy_perform(easy);
}

static int fetch(qs_task *task, void *arg)
{
	struct page *page = arg;
	const char *words = page_begin(page, folder);
	CURLcode code = CURLE_OK;

	if (words == NULL) {
		code = transfer(page->easy, qs_task_stop(task));
		words = page_end(page, code);
	}
	if (words == NULL)
		return 0;
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return -ECANCELED;
	(void)fprintf(stderr, "download_plain: %s: %s\n", page->name, words);
	return qs_task_fail(task, -EIO, "%s", words);
}

/* Hands over a page of this name, waiting for room in the queue; it is freed with its task. */
static int submit(qs_future **out, qs_pool *pool, const struct page *named)
{
	struct page *page = malloc(sizeof(*page));
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	int error;

	if (page == NULL)
		return -ENOMEM;
	*page = *named;
	options.name = page->name;
	options.destroy = free;
	error = qs_submit_by(out, pool, fetch, page, &options, QS_NEVER, NULL);
	if (error < 0)
		free(page);
	return error;
}

/* Fetches the index and opens it; -ECANCELED if it did not come, which its task has told. */
static int fetch_index(FILE **out, qs_pool *pool, const struct page *page, qs_stop *hard)
{
	qs_future *future = NULL;
	int error = submit(&future, pool, page);

	if (error == 0)
		error = qs_wait(future, QS_NEVER, hard);
	if (error == 0 && qs_future_value(future) < 0)
		error = -ECANCELED;
	qs_future_release(future);
	if (error == 0 && (*out = fopen(page->name, "r")) == NULL)
		error = -errno;
	return error;
}

static int fetch_all(qs_pool *pool, struct page *page, qs_stop *hard)
{
	qs_report report = QS_REPORT_INIT;
	FILE *names = NULL;
	size_t left = 0;
	int error = fetch_index(&names, pool, page, hard);

	while (page_take_name(page, names)) {
		if (error == 0)
			error = submit(NULL, pool, page);
		left += error < 0;
	}
	if (names != NULL)
		(void)fclose(names);
	(void)qs_pool_join(pool, QS_NEVER, hard, &report);
	(void)fprintf(stderr, "download_plain: pages: %d whole, %d failed, %d stopped, %d never started\n",
		      (int)report.ends[QS_DONE], (int)report.ends[QS_FAILED],
		      (int)(report.ends[QS_STOPPED] + report.ends[QS_ABANDONED]), (int)(report.ends[QS_CANCELLED] + left));
	return error == 0 && report.ends[QS_DONE] < report.submitted ? -ECANCELED : error;
}

int main(int argc, char **argv)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_signals *signals = NULL;
	qs_pool *pool = NULL;
	struct page page = { 0 };
	char *slash = argc == 2 ? strrchr(argv[1], '/') : NULL;
	int error;

	if (slash == NULL || slash[1] == '\0') {
		(void)fprintf(stderr, "usage: download_plain URL\n");
		return EXIT_USAGE;
	}
	*slash = '\0';
	folder = argv[1];
	(void)snprintf(page.name, sizeof(page.name), "%s", slash + 1);
	error = curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ? -ENOMEM : qs_stop_on_signals(&signals, NULL);
	options.name = "download_plain";
	options.workers = WORKERS;
	options.max_pending = WORKERS;
	options.stop = qs_signals_soft(signals);
	if (error == 0)
		error = qs_pool_create(&pool, &options);
	if (error == 0)
		error = fetch_all(pool, &page, qs_signals_hard(signals));
	(void)qs_pool_destroy(pool);
	(void)qs_stop_exit(signals);	/* returns if no signal came */
	if (error < 0 && error != -ECANCELED)
		(void)fprintf(stderr, "download_plain: %s\n", qs_strerror(error));
	return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
