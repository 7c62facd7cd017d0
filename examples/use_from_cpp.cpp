/* SPDX-License-Identifier: MIT */
/*
 * use_from_cpp.cpp - quiesce.h from C++17: owners that give back, lambdas as tasks, exceptions as
 * failures, strings as results.
 *
 *	use_from_cpp FILE...
 *
 * Prints the first line of each file, as they come.  Ctrl-C ends the wait for a named pipe
 * that nobody writes to, too.
 *
 * The first half is all that a C++ program needs.  Handles are unique_ptrs, so an exception in main
 * stops the pool and waits for it.  An exception in a task goes as far as the border to C: there it
 * becomes the failure of its future, in its own words.
 */
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <quiesce.h>

static int check(int result, const std::string &about)
{
	return result < 0 ? throw std::system_error(-result, std::generic_category(), about) : result;
}

/* Owners.  A pool that goes out of scope is stopped, and waited for. */
static void end_pool(qs_pool *pool)
{
	qs_pool_shutdown(pool, QS_STOP);
	qs_pool_join(pool, QS_NEVER, nullptr, nullptr);
	qs_pool_destroy(pool);
}

template <auto *give_back> struct giver {
	template <class Handle> void operator()(Handle *handle) const
	{
		give_back(handle);
	}
};

using signals_owner = std::unique_ptr<qs_signals, giver<qs_signals_close>>;
using pool_owner = std::unique_ptr<qs_pool, giver<end_pool>>;
using future_owner = std::unique_ptr<qs_future, giver<qs_future_release>>;
using set_owner = std::unique_ptr<qs_as_completed, giver<qs_as_completed_destroy>>;

/* make<pool_owner>(qs_pool_create, &options): calls, checks, and owns what it gets. */
template <class Owner, class Create, class... Words> static Owner make(Create create, Words... words)
{
	typename Owner::pointer handle = nullptr;

	check(create(&handle, words...), "cannot begin");
	return Owner(handle);
}

/* The border.  What is no std::exception ends the program, as in any thread. */
template <class Body> static int run(qs_task *task, void *body)
try {
	using result = std::invoke_result_t<Body &, qs_stop *>;
	auto kept = std::make_unique<result>((*static_cast<Body *>(body))(qs_task_stop(task)));

	return qs_task_set_result(task, kept.release(), [](void *it) { delete static_cast<result *>(it); });
} catch (const std::system_error &error) {
	const int code = -error.code().value();

	return code == -ECANCELED ? code : qs_task_fail(task, code, "%s", error.what());
} catch (const std::exception &error) {
	return qs_task_fail(task, -EIO, "%s", error.what());
}

/* Makes a task of a callable that takes a token; it lives as long as the task. */
template <class Body> static future_owner submit(const pool_owner &pool, Body body)
{
	auto kept = std::make_unique<Body>(std::move(body));
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	options.destroy = [](void *it) { delete static_cast<Body *>(it); };
	auto future = make<future_owner>(qs_submit_by, pool.get(), run<Body>, kept.get(), &options, QS_NOW, nullptr);
	kept.release();
	return future;
}

/* --------------------------------------------------------- what this program does with all that */

static std::string first_line(const std::string &path, qs_stop *stop)
{
	const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const std::unique_ptr<FILE, giver<fclose>> from(fdopen(check(fd < 0 ? -errno : fd, path), "r"));
	std::string text;
	char chunk[4096];
	ssize_t got = 1;

	while (got != 0 && text.find('\n') == text.npos) {
		check(qs_wait_fd(fd, POLLIN, QS_NEVER, stop), path);
		got = read(fd, chunk, sizeof(chunk));
		check(got < 0 && errno != EAGAIN ? -errno : 0, path);
		text.append(chunk, got > 0 ? static_cast<size_t>(got) : 0);
	}
	return path + ": " + text.substr(0, text.find('\n'));
}

/* True if all came. */
static bool print_as_they_come(const set_owner &set, qs_stop *hard)
{
	bool is_good = true;

	for (qs_future *future; check(qs_as_completed_next(set.get(), &future, QS_NEVER, hard), "cannot wait") == 1;) {
		const auto *line = static_cast<const std::string *>(qs_future_result(future));

		(line != nullptr ? std::cout << *line : std::cerr << "use_from_cpp: " << qs_future_message(future)) << std::endl;
		is_good = is_good && line != nullptr;
	}
	return is_good;
}

static bool run_all(char **paths, const signals_owner &signals)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;

	options.workers = 4;
	options.stop = qs_signals_soft(signals.get());
	const auto pool = make<pool_owner>(qs_pool_create, &options);
	const auto set = make<set_owner>(qs_as_completed_create, nullptr, 0);
	for (; *paths != nullptr; paths++) {
		const auto future = submit(pool, [path = std::string(*paths)](qs_stop *stop) { return first_line(path, stop); });

		check(qs_as_completed_add(set.get(), future.get()), *paths);
	}
	return print_as_they_come(set, qs_signals_hard(signals.get()));
}

int main(int argc, char **argv)
{
	signals_owner signals;
	bool is_good = false;

	if (argc < 2) {
		std::cerr << "usage: use_from_cpp FILE...\n";
		return 2;
	}
	try {
		signals = make<signals_owner>(qs_stop_on_signals, nullptr);
		is_good = run_all(argv + 1, signals);
	} catch (const std::exception &error) {
		std::cerr << "use_from_cpp: " << error.what() << '\n';
	}
	qs_stop_exit(signals.release());	/* returns if no signal came */
	return is_good && std::cout ? EXIT_SUCCESS : EXIT_FAILURE;
}
