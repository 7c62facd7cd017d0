/* SPDX-License-Identifier: MIT */
/*
 * download_index.c - every page of an index, in one thread: libcurl's multi interface,
 * woken by a stop callback.
 *
 *	download_index URL
 *
 * The index is a text that names the pages beside it, one a line.  It comes into the
 * current folder, and so do they, eight at a time.  A page that does not come is
 * told, and the others go on.
 *
 * One thread waits for all transfers, in curl_multi_poll().  That knows no stop token, but another
 * thread may wake it: so the callback of the soft token does that, and Ctrl-C ends them all at
 * once.  download_plain.c does the same with a task per page.
 *
 *	cc download_index.c $(pkg-config --cflags --libs quiesce libcurl)
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quiesce.h>

#include "page.h"

enum { EXIT_USAGE = 2, PLACES = 8 };

static struct page places[PLACES];
static CURLM *multi;
static FILE *names;		/* the index, once it is whole */
static size_t begun, whole, failed;

static void wake(void *arg)
{
	(void)curl_multi_wakeup(arg);
}

static void fail(const char *name, const char *words)
{
	(void)fprintf(stderr, "download_index: %s: %s\n", name, words);
	failed++;
}

static void begin(struct page *page, const char *folder)
{
	const char *words = page_begin(page, folder);

	begun++;
	if (words == NULL && curl_multi_add_handle(multi, page->easy) != CURLM_OK)
		words = page_end(page, CURLE_OUT_OF_MEMORY);
	if (words != NULL)
		fail(page->name, words);
}

/* The first page is the index. */
static void end(struct page *page, CURLcode code)
{
	const char *words;

	(void)curl_multi_remove_handle(multi, page->easy);
	words = page_end(page, code);
	if (words == NULL && names == NULL && (names = fopen(page->name, "r")) == NULL)
		words = strerror(errno);
	whole += words == NULL;
	if (words != NULL && code != CURLE_ABORTED_BY_CALLBACK)
		fail(page->name, words);
}

static void take_in(void)
{
	const CURLMsg *message;
	struct page *page = NULL;
	int left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL) {
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &page);
		end(page, message->data.result);
	}
}

/* Begins what there is a place for; true while something is under way. */
static bool fill_places(const char *folder)
{
	bool is_busy = false;

	for (struct page *page = places; page < places + PLACES; page++) {
		while (page->easy == NULL && page_take_name(page, names))
			begin(page, folder);
		is_busy = is_busy || page->easy != NULL;
	}
	return is_busy;
}

/* First the index, then its pages, until all have come or a stop is asked. */
static void fetch(const char *folder, qs_stop *stop)
{
	CURLMcode code = CURLM_OK;
	int running;

	begin(&places[0], folder);
	while (code == CURLM_OK && qs_stop_is_asked(stop) == 0 && fill_places(folder)) {
		code = curl_multi_poll(multi, NULL, 0, INT_MAX, NULL);
		if (code == CURLM_OK)
			code = curl_multi_perform(multi, &running);
		take_in();
	}
	for (struct page *page = places; page < places + PLACES; page++) {
		if (page->easy != NULL)
			end(page, code == CURLM_OK ? CURLE_ABORTED_BY_CALLBACK : CURLE_OUT_OF_MEMORY);
	}
}

static void report(void)
{
	size_t left = 0;

	while (page_take_name(&places[0], names))
		left++;
	(void)fprintf(stderr, "download_index: pages: %zu whole, %zu failed, %zu stopped, %zu never started\n", whole, failed,
		      begun - whole - failed, left);
}

int main(int argc, char **argv)
{
	qs_signals *signals = NULL;
	qs_stop_callback *callback = NULL;
	char *slash = argc == 2 ? strrchr(argv[1], '/') : NULL;
	int error;

	if (slash == NULL || slash[1] == '\0') {
		(void)fprintf(stderr, "usage: download_index URL\n");
		return EXIT_USAGE;
	}
	*slash = '\0';
	(void)snprintf(places[0].name, sizeof(places[0].name), "%s", slash + 1);
	multi = curl_multi_init();	/* NULL, when there is no memory, is a handle that takes no transfer */
	error = qs_stop_on_signals(&signals, NULL);
	if (error == 0)
		error = qs_stop_callback_add(&callback, qs_signals_soft(signals), wake, multi);
	if (error == 0)
		fetch(argv[1], qs_signals_soft(signals));
	else
		fail("signals", qs_strerror(error));
	(void)qs_stop_callback_remove(callback);
	(void)curl_multi_cleanup(multi);
	report();
	(void)qs_stop_exit(signals);	/* returns if no signal came */
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
