/* SPDX-License-Identifier: MIT */
/*
 * page.h - one page on its way from a server into the current folder: what download_index.c
 * and download_plain.c share.
 *
 * It is written beside its name, as .NAME.part; renamed when it is whole, removed when it is not.
 * What can fail returns words that say why, NULL if it did not.
 */
#ifndef PAGE_H
#define PAGE_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

enum { PAGE_URL_SIZE = 4096 };

struct page {
	CURL *easy;	/* NULL: not under way */
	FILE *to;
	char name[NAME_MAX + 1];
	char part[NAME_MAX + sizeof("..part")];
	char words[CURL_ERROR_SIZE];	/* libcurl's, or "" */
};

/* Takes the next name out of an index, which has one on each line; false after the last. */
static inline bool page_take_name(struct page *page, FILE *names)
{
	return names != NULL && fscanf(names, "%255s", page->name) == 1;
}

static inline bool page_set_options(struct page *page, const char *folder)
{
	char url[PAGE_URL_SIZE];

	return snprintf(url, sizeof(url), "%s/%s", folder, page->name) < PAGE_URL_SIZE &&
	       curl_easy_setopt(page->easy, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(page->easy, CURLOPT_FAILONERROR, 1L) == CURLE_OK &&
	       curl_easy_setopt(page->easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(page->easy, CURLOPT_ERRORBUFFER, page->words) == CURLE_OK &&
	       curl_easy_setopt(page->easy, CURLOPT_PRIVATE, page) == CURLE_OK &&
	       curl_easy_setopt(page->easy, CURLOPT_WRITEDATA, page->to) == CURLE_OK;
}

/* The end of a page that was begun. */
static inline const char *page_end(struct page *page, CURLcode code)
{
	const char *words = code == CURLE_OK ? NULL : page->words[0] != '\0' ? page->words : curl_easy_strerror(code);

	curl_easy_cleanup(page->easy);
	page->easy = NULL;
	if (fclose(page->to) != 0 && words == NULL)
		words = strerror(errno);
	if (words == NULL && rename(page->part, page->name) < 0)
		words = strerror(errno);
	if (words != NULL)
		(void)unlink(page->part);
	return words;
}

/*
 * Makes the file, and a handle that fetches into it; the folder is the URL of
 * what lies above the page.
 */
static inline const char *page_begin(struct page *page, const char *folder)
{
	if (strchr(page->name, '/') != NULL)
		return "it does not lie beside the index";
	(void)snprintf(page->part, sizeof(page->part), ".%s.part", page->name);
	page->words[0] = '\0';
	page->to = fopen(page->part, "wx");	/* x: unless it is there */
	if (page->to == NULL)
		return strerror(errno);
	page->easy = curl_easy_init();
	return page->easy != NULL && page_set_options(page, folder) ? NULL : page_end(page, CURLE_FAILED_INIT);
}

#endif
