/* SPDX-License-Identifier: MIT */
/*
 * throwing.cpp - bodies that throw, and callers of ours that catch.
 */
#include "cpp/throwing.h"

#include <cstring>
#include <exception>
#include <stdexcept>

#include <unistd.h>

namespace
{

const char words[] = "thrown by a body";
int exit_status;
const int *unwound_before_the_end;

struct on_the_stack {
	int &unwound;
	~on_the_stack()
	{
		unwound++;
	}
};

[[noreturn]] void end()
{
	try {
		std::rethrow_exception(std::current_exception());
	} catch (const std::exception &error) {
		_exit(std::strcmp(error.what(), words) == 0 && *unwound_before_the_end == 0 ? exit_status : 1);
	}
}

} // namespace

int body_throw(qs_task *, void *arg)
{
	const on_the_stack here{ *static_cast<int *>(arg) };

	throw std::runtime_error(words);
}

int body_throw_inside(qs_task *task, void *arg)
{
	try {
		return body_throw(task, arg);
	} catch (const std::exception &) {
		return 0;
	}
}

int body_wait_and_catch(qs_task *, void *arg)
{
	nest *it = static_cast<nest *>(arg);

	try {
		const int error = qs_submit(&it->inner, it->pool, body_throw, &it->unwound);

		return error < 0 ? error : qs_wait(it->inner, QS_NEVER, nullptr) - 1;
	} catch (const std::exception &) {
		return 0;
	}
}

bool work_and_catch(qs_pool *pool)
{
	try {
		(void)qs_pool_work(pool);
		return false;
	} catch (const std::exception &) {
		return true;
	}
}

bool submit_and_catch(qs_pool *pool, int *unwound)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	options.flags = QS_TASK_CALLER_RUNS;
	try {
		(void)qs_submit_by(nullptr, pool, body_throw, unwound, &options, QS_NEVER, nullptr);
		return false;
	} catch (const std::exception &) {
		return true;
	}
}

void exit_on_terminate(int expected, const int *unwound)
{
	exit_status = expected;
	unwound_before_the_end = unwound;
	(void)std::set_terminate(end);
}
