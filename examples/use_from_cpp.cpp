/* SPDX-License-Identifier: MIT */
/*
 * use_from_cpp.cpp - quiesce.h in C++17: owners that give back, lambdas as tasks, exceptions as failures, strings as results.
 *
 *	use_from_cpp FILE...
 *
 * Prints the longest word of each file, in the order in which they are done.  A file may be a named pipe that nobody writes
 * to: Ctrl-C ends that wait.
 *
 * All that a program needs to be at home here is in the first half.  Handles are unique_ptrs; leaving a scope, by an exception
 * too, stops the pool and waits for it.  No exception crosses the library: what a task throws is caught at its border, and
 * becomes its future's failure.
 */
#include <cctype>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <quiesce.h>

/* Codes as exceptions, with the library's words. */
struct Category : std::error_category {
	const char *name() const noexcept override { return "quiesce"; }
	std::string message(int code) const override { return qs_strerror(code); }
};

int check(int result, const std::string &what = "quiesce")
{
	static const Category category;

	if (result < 0)
		throw std::system_error(-result, category, what);
	return result;
}

/* Owners. */
template <auto give_back> struct Deleter {
	template <class Handle> void operator()(Handle *handle) const { give_back(handle); }
};

void end(qs_pool *pool)
{
	qs_pool_shutdown(pool, QS_STOP);
	qs_pool_join(pool, QS_NEVER, nullptr, nullptr);
	qs_pool_destroy(pool);
}

using Signals = std::unique_ptr<qs_signals, Deleter<qs_signals_close>>;
using Pool = std::unique_ptr<qs_pool, Deleter<end>>;
using Future = std::unique_ptr<qs_future, Deleter<qs_future_release>>;
using AsCompleted = std::unique_ptr<qs_as_completed, Deleter<qs_as_completed_destroy>>;

/* The C side of a task whose body is a callable with a result: nothing is thrown further. */
template <class Body> int trampoline(qs_task *task, void *arg) noexcept
{
	using Result = std::invoke_result_t<Body &, qs_stop *>;

	try {
		auto result = std::make_unique<Result>((*static_cast<Body *>(arg))(qs_task_stop(task)));

		return qs_task_set_result(task, result.release(), [](void *it) { delete static_cast<Result *>(it); });
	} catch (const std::system_error &error) {
		const int code = -error.code().value();

		return code == -ECANCELED ? code : qs_task_fail(task, code, "%s", error.what());
	} catch (const std::exception &error) {
		return qs_task_fail(task, -EIO, "%s", error.what());
	}
}

/* Hands over a copy of the callable, which goes with the task. */
template <class Body> Future submit(const Pool &pool, const std::string &name, Body body)
{
	auto own = std::make_unique<Body>(std::move(body));
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_future *future = nullptr;

	options.name = name.c_str();
	options.destroy = [](void *it) { delete static_cast<Body *>(it); };
	check(qs_submit_by(&future, pool.get(), trampoline<Body>, own.get(), &options, QS_NOW, nullptr));
	own.release();
	return Future(future);
}
