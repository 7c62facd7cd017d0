/* SPDX-License-Identifier: MIT */
/*
 * task.c - what a body can say about itself.
 *
 * All of it is called by the thread that runs the body; what it leaves in the future is
 * published by the future's end.
 */
#include "core/task.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "platform/alloc.h"

/*
 * False in a child that a body forked: its copy of the future may have been
 * locked by another thread.
 */
static bool is_ours(const qs_task *task)
{
	return task != NULL && qs__object_is_ours(task->future, QS__MAGIC_FUTURE);
}

qs_stop *qs_task_stop(qs_task *task)
{
	qs_stop *token;

	if (task == NULL)
		return NULL;
	if (!is_ours(task))
		return task->above;
	token = qs__future_token(task->future);
	/*
	 * Without memory for a token of its own, or when it was abandoned, the task hears what is
	 * asked above it, or of its limits.
	 */
	if (token == NULL)
		return task->future->has_limit ? task->future->stop : task->above;
	/* The future keeps it until the end. */
	qs_stop_release(token);
	return token;
}

const char *qs_task_name(const qs_task *task)
{
	return task != NULL ? task->future->name : "";
}

#if defined(__GNUC__)
__attribute__((__format__(__printf__, 1, 0)))
#endif
static char *
format_text(const char *format, va_list arguments)
{
	va_list again;
	char *text = NULL;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length >= 0)
		text = qs__alloc((size_t)length + 1);
	if (text != NULL)
		(void)vsnprintf(text, (size_t)length + 1, format, arguments);
	return text;
}

int qs_task_fail(qs_task *task, int code, const char *format, ...)
{
	va_list arguments;
	char *text;

	if (task == NULL || format == NULL || code >= 0)
		return -EINVAL;
	if (!is_ours(task))
		return code;
	va_start(arguments, format);
	text = format_text(format, arguments);
	va_end(arguments);
	qs__future_say(task->future, text);
	return code;
}

int qs_task_set_result(qs_task *task, void *result, qs_destroy_fn *destroy)
{
	if (task == NULL)
		return -EINVAL;
	if (!is_ours(task))
		return -QS_EFORKED;
	qs__future_keep(task->future, result, destroy);
	return 0;
}

void *qs_task_worker_data(const qs_task *task)
{
	return task != NULL ? task->worker_data : NULL;
}

const char *qs_task_deadlock(const qs_task *task)
{
	return task != NULL ? task->deadlock : "";
}

void qs_task_checkpoint(qs_task *task, const char *label)
{
	/*
	 * Static text is there for everybody, but a reader must see it whole.  Pairs with
	 * load_acquire in describe_frame() and put_frame().
	 */
	if (task != NULL)
		qs__store_release(&task->checkpoint, label);
}
