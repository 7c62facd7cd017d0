/* SPDX-License-Identifier: MIT */
/*
 * errno_words.c - the simulated system has no words.
 */
#include "platform/errno_words.h"

#include <stddef.h>

const char *qs__errno_words(int code)
{
	(void)code;
	return NULL;
}
