/* SPDX-License-Identifier: MIT */
/*
 * error.c - words for codes.
 *
 * The codes that our calls return have words that say what they mean here, those of quiesce.h
 * (`make check-man` compares); for all others the system's are good.
 */
#include <errno.h>
#include <stddef.h>

#include "platform/errno_words.h"
#include "quiesce.h"

static const struct {
	int code;
	const char *words;
} table[] = {
	{ EINVAL, "an argument is missing, out of range, or of another version" },
	{ ENOMEM, "no memory" },
	{ EAGAIN, "no room in the queue, or no more threads or processes at present" },
	{ ETIMEDOUT, "the deadline came first" },
	{ ECANCELED, "a stop was asked first" },
	{ ESHUTDOWN, "the pool or the queue takes no more" },
	{ EDEADLK, "the call would wait for itself" },
	{ EBUSY, "in use, or not over yet" },
	{ EMFILE, "this process has no descriptor left" },
	{ ENFILE, "the system has no descriptor left" },
	{ ENOTSUP, "not made for that" },
	{ QS_EFORKED, "made by the parent process, before fork" },
	{ QS_ELOST, "the child's status was taken by somebody else" },
	{ QS_EEXITED, "the body ended its thread, or was left by an exception, instead of returning" },
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
	words = qs__errno_words(positive);
	return words != NULL ? words : "unknown error";
}
