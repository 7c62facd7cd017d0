/* SPDX-License-Identifier: MIT */
/*
 * stop_create.c - tokens for users: those that need the attendant, and those that do not.
 */
#include <errno.h>

#include "bridge/attendant.h"
#include "platform/clock.h"

static int check(const qs_stop_options *options)
{
	int error;

	if (options->size != sizeof(*options) || (options->flags & ~QS_STOP_FROM_HANDLER) != 0)
		return -EINVAL;
	error = qs__stop_check_optional(options->parent);
	return error == 0 ? qs__stop_check_optional(options->also) : error;
}

static bool needs_attendant(const qs_stop_options *options)
{
	return (options->flags & QS_STOP_FROM_HANDLER) != 0 ||
	       (options->deadline != 0 && options->deadline != QS_NEVER);
}

static int create_attended(qs_stop **out, const qs_stop_options *options)
{
	const int error = qs__attended_stop_new(out, options->parent, options->also);

	if (error != 0 || options->deadline == 0 || options->deadline == QS_NEVER)
		return error;
	if (options->deadline <= qs__clock_now())
		(void)qs__stop_ask_for(*out, &qs__cause_deadline);
	else
		qs__attended_set_deadline((*out)->attended, options->deadline);
	return 0;
}

int qs_stop_create(qs_stop **out, const qs_stop_options *options)
{
	const qs_stop_options defaults = QS_STOP_OPTIONS_INIT;
	qs_stop *stop = NULL;
	int error;

	if (options == NULL)
		options = &defaults;
	error = out == NULL ? -EINVAL : check(options);
	if (error != 0)
		return error;
	if (needs_attendant(options))
		error = create_attended(&stop, options);
	else
		stop = qs__stop_new(options->parent, options->also);
	if (error == 0 && stop == NULL)
		error = -ENOMEM;
	if (error == 0)
		*out = stop;
	return error;
}

int qs_stop_ask_from_handler(qs_stop *stop, int signal)
{
	const int error = qs__object_check(stop, QS__MAGIC_STOP);

	if (error != 0)
		return error;
	if (stop->attended == NULL)
		return -ENOTSUP;
	if (!qs__stop_mark_signal(stop, signal))
		return 0;
	qs__attended_call(stop->attended);
	return 1;
}
