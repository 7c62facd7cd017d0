/* SPDX-License-Identifier: MIT */
/*
 * error.c - words for codes.
 *
 * The codes that our calls return have words that say what they mean here; for all others libc's are good.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "quiesce.h"

static const struct {
	int code;
	const char *words;
} table[] = {
	{ EINVAL, "an argument is missing, out of range, or of a newer version" },
	{ EAGAIN, "no room at the moment" },
	{ EBUSY, "in use, or not over yet" },
	{ ENOTSUP, "not made for that" },
	{ ETIMEDOUT, "the deadline came first" },
	{ ECANCELED, "stopped" },
	{ ESHUTDOWN, "the pool takes no more tasks" },
	{ EDEADLK, "the call would wait for itself" },
	{ QS_EFORKED, "made by the parent process, before fork" },
	{ QS_ELOST, "the child's status was taken by somebody else" },
};

const char *qs_strerror(int code)
{
	/* INT_MIN has no positive twin; nobody means it. */
	const int positive = code < 0 && code >= -INT32_MAX ? -code : code;
	const char *words;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].code == positive)
			return table[i].words;
	}
	words = strerrordesc_np(positive);
	return words != NULL ? words : "unknown error";
}
