/* SPDX-License-Identifier: MIT */
/*
 * errno_words.c - glibc's words, all of them.  A libc without strerrordesc_np()
 * takes posix/errno_words.c.
 */
#define _GNU_SOURCE
#include "platform/errno_words.h"

#include <string.h>

const char *qs__errno_words(int code)
{
	return strerrordesc_np(code);
}
