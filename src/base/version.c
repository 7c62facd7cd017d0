/* SPDX-License-Identifier: MIT */
/*
 * version.c - the build gives QS_VERSION, which it reads from the file VERSION.
 */
#include "quiesce.h"

const char *qs_version(void)
{
	return QS_VERSION;
}
