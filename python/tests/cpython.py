# SPDX-License-Identifier: MIT
"""CPython's own tests of thread pools and futures, run on another module's classes.

    cpython.py [MODULE]               test_concurrent_futures, thread parts, and asyncio's tests that use an executor
    cpython.py --prove [MODULE]       breaks one of the names at a time, and sees tests fail for it
    cpython.py --suite FOLDER ...     an interpreter without a test suite takes it from there (a folder named `test`)

MODULE is `quiesce` unless said otherwise; `concurrent.futures` gives the baseline.  The tests are those of the running
interpreter: they are imported, never copied, after the names of MODULE have been put in the place of the standard
library's (see swap()).  Programs that a test starts are given the same names before their first line.

What is about processes is left out by name, and said at the end.  A test that leaves a thread behind fails, which
CPython's own runner finds worth a warning only.  The last line is "N passed, N failed, N skipped".
"""
import argparse
import faulthandler
import fnmatch
import functools
import importlib
import os
import pkgutil
import subprocess
import sys
import unittest

EXIT_SKIP = 77
LIMIT = 120 * float(os.environ.get("QS_TEST_TIME_SCALE", "1"))      # for one test, seconds

# What is swapped: the classes and functions.  The other public names are the standard library's own objects, which
# swap() looks at.
SWAPPED = ("ThreadPoolExecutor", "Future", "wait", "as_completed")
SHARED = ("FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED", "CancelledError", "TimeoutError", "BrokenExecutor",
          "InvalidStateError")

IMPORT = "from concurrent.futures import "

# asyncio's tests that give work to an executor or wrap a future: module, then patterns for CLASS.test.
ASYNCIO = {
    "test_base_events": ["*.test_set_default_executor*", "*.test_shutdown_default_executor*", "*run_in_executor*",
                         "*.test_asyncgen_finalization_by_gc_in_other_thread", "*.test_call_coroutine*",
                         "*.test_getaddrinfo*", "*.test_getnameinfo*"],
    "test_events": ["*.test_run_in_executor*"],
    "test_futures": ["*.test_wrap_future*"],
    "test_sendfile": ["*fallback*"],
    "test_tasks": ["RunCoroutineThreadsafeTests.*"],
    "test_threads": ["*"],
}

# Left out by name: the classes with these executors, and the classes that use them in another way.
ELSEWHERE = ("ProcessPoolExecutor", "InterpreterPoolExecutor")
LEFT_OUT = {
    "FailingInitializerResourcesTest": "runs the process pool's tests for what they leave in its resource tracker",
}

# The tests that --prove runs: a few quick ones for each name, and one whose program runs in a child.
PROOF = ["ThreadPoolExecutorTest.test_submit", "ThreadPoolShutdownTest.test_interpreter_shutdown",
         "FutureTests.test_done_callback_with_result", "ThreadPoolAsCompletedTest*.test_no_timeout",
         "ThreadPoolWaitTests.test_first_completed", "*FutureTests.test_wrap_future", "*.test_to_thread"]


def swap(name, broken=None):
    """Put the module's names where the standard library's are looked up; returns the module.

    The module is imported first, so whatever it takes from the standard library at import time is the real thing.
    """
    from concurrent import futures
    from concurrent.futures import _base, process, thread  # the last two are loaded late
    module = importlib.import_module(name)
    for each in SHARED:
        if getattr(module, each) is not getattr(futures, each):
            raise AssertionError(f"{name}.{each} is not the standard library's own")
    for each in SWAPPED:
        new = getattr(module, each)
        if name != "concurrent.futures" and new is getattr(futures, each):
            raise AssertionError(f"{name}.{each} is the standard library's: there is nothing to test")
        if each == broken:
            new = _broken(each, new)
        for place in (futures, _base, thread):
            if hasattr(place, each):
                setattr(place, each, new)
    return module


def _broken(name, real):
    """The same thing with one mistake, which tests have to find."""
    if name == "ThreadPoolExecutor":
        class Broken(real):
            def submit(self, fn, /, *args, **kwargs):
                return super().submit(int)
        Broken.__name__ = name
        return Broken
    if name == "Future":
        class Broken(real):
            def set_result(self, result):
                super().set_result(None)
        Broken.__name__ = name
        return Broken
    if name == "wait":
        return lambda fs, timeout=None, return_when="ALL_COMPLETED": real([], timeout=0)
    return lambda fs, timeout=None: iter(())


def prepare_children(module, where, suite, broken):
    """Programs that tests start with `-c` through script_helper are given the swap: they run isolated, without our paths.

    It comes where the program imports the package, not earlier: in 3.8 the hook for the interpreter's end is registered
    by that import, and a test looks at what was registered before.
    """
    script_helper = importlib.import_module("test.support.script_helper")
    here = os.path.dirname(os.path.abspath(__file__))
    first = (f"import sys; sys.path[:0] = [{here!r}, {where!r}]; import cpython; "
             f"cpython.find_suite({suite!r}); cpython.swap({module!r}, {broken!r})")

    def with_swap(program):
        if IMPORT in program:
            return program.replace(IMPORT, f"{first}; {IMPORT}", 1)
        return f"{first}\n{program}"

    def wrapped(run):
        @functools.wraps(run)
        def started(*args, **kwargs):
            args = list(args)
            if "-c" in args:
                place = args.index("-c") + 1
                args[place] = with_swap(args[place])
            return run(*args, **kwargs)
        return started

    for each in ("assert_python_ok", "assert_python_failure"):
        setattr(script_helper, each, wrapped(getattr(script_helper, each)))


def find_suite(folder):
    if folder:
        importlib.import_module("test").__path__.append(folder)


def each_test(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from each_test(test)
        else:
            yield test


def short_name(test):
    return ".".join(test.id().split(".")[-2:])


def load(name):
    """Every test of a module, or of all modules of a package."""
    module = importlib.import_module(name)
    modules = [module]
    if hasattr(module, "__path__"):
        modules = [importlib.import_module(f"{name}.{each.name}") for each in pkgutil.iter_modules(module.__path__)
                   if each.name.startswith("test_")]
    return [test for each in modules for test in each_test(unittest.TestLoader().loadTestsFromModule(each))]


def load_module(name, left_out):
    """load(), or nothing where this interpreter has no such tests."""
    try:
        return load(name)
    except ModuleNotFoundError as error:
        if not name.startswith(error.name):
            raise
        left_out.setdefault(f"{name}", "this interpreter has no such module")
        return []


def why_left_out(test):
    kind = type(test)
    executor = getattr(kind, "executor_type", None)
    if getattr(executor, "__name__", None) in ELSEWHERE:
        return f"for {executor.__name__}"
    return LEFT_OUT.get(kind.__name__)


def collect(patterns):
    """The tests to run, and what was left out: class or module, why."""
    tests, left_out = [], {}
    for test in load("test.test_concurrent_futures"):
        why = why_left_out(test)
        if why:
            left_out.setdefault(type(test).__name__, why)
        else:
            tests.append(test)
    for name, wanted in ASYNCIO.items():
        found = load_module(f"test.test_asyncio.{name}", left_out)
        tests += [test for test in found if any(fnmatch.fnmatch(short_name(test), each) for each in wanted)]
    if patterns:
        tests = [test for test in tests if any(fnmatch.fnmatch(short_name(test), each) for each in patterns)]
    return tests, left_out


def check_swapped(tests, module):
    """No test may hold the standard library's classes: one that did would pass whatever ours do."""
    pools = [test for test in tests if hasattr(test, "executor_type")]
    for test in pools:
        if not issubclass(test.executor_type, module.ThreadPoolExecutor):
            raise AssertionError(f"{test.id()} would test {test.executor_type!r}")
    return len(pools)


class Result(unittest.TextTestResult):
    """Counts tests by name (a test with several failed subtests is one), and takes a thread left behind for a failure."""

    def __init__(self, *args):
        super().__init__(*args)
        self.support = importlib.import_module("test.support")

    def startTest(self, test):
        super().startTest(test)
        self.support.environment_altered = False
        faulthandler.dump_traceback_later(LIMIT, exit=True)

    def stopTest(self, test):
        faulthandler.cancel_dump_traceback_later()
        if self.support.environment_altered:
            self.failures.append((test, "the test left a thread or a child behind\n"))
        super().stopTest(test)

    def failed(self):
        ended_badly = [test for test, _ in self.failures + self.errors] + self.unexpectedSuccesses
        return {getattr(test, "test_case", test).id() for test in ended_badly}

    def left(self):
        return {getattr(test, "test_case", test).id() for test, _ in self.skipped} - self.failed()


def run(options):
    try:
        find_suite(options.suite)
        for name in ("test.support.script_helper", "test.test_concurrent_futures", "test.test_asyncio"):
            if importlib.util.find_spec(name) is None:
                raise ModuleNotFoundError(f"no {name}")
    except ModuleNotFoundError as error:
        print(f"SKIP: this interpreter is without its test suite: {error}")
        return EXIT_SKIP
    module = swap(options.module, options.broken)
    where = os.path.dirname(os.path.dirname(os.path.abspath(module.__file__)))
    prepare_children(options.module, where, options.suite, options.broken)
    tests, left_out = collect(options.only)
    pools = check_swapped(tests, module)
    result = unittest.TextTestRunner(verbosity=options.verbose, resultclass=Result).run(unittest.TestSuite(tests))
    failed, skipped = result.failed(), result.left()
    for test, why in result.skipped:
        print(f"skipped {test.id()}: {why}")
    for name, why in sorted(left_out.items()):
        print(f"left out {name}: {why}")
    print(f"{options.module} {module.__file__} on {sys.version.split()[0]}: {len(tests)} tests, {pools} with its executor")
    print(f"{result.testsRun - len(failed) - len(skipped)} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or not result.testsRun else 0


def prove(options):
    """Each name broken by itself has to make tests fail; unbroken, the same tests pass."""
    words = [sys.executable, os.path.abspath(__file__), options.module, "--only", *PROOF]
    words += ["--suite", options.suite] if options.suite else []
    proven = 0
    for broken in (None, *SWAPPED):
        done = subprocess.run(words + (["--broken", broken] if broken else []), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, universal_newlines=True)
        if done.returncode == EXIT_SKIP:
            print(done.stdout, end="")
            return EXIT_SKIP
        if done.returncode != (1 if broken else 0):
            print(done.stdout)
            print(f"with {broken or 'nothing'} broken: status {done.returncode}")
            return 1
        print(f"with {broken or 'nothing'} broken: {done.stdout.splitlines()[-1]}")
        proven += 1
    print(f"{proven} passed, 0 failed, 0 skipped")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module", nargs="?", default="quiesce")
    parser.add_argument("--suite", metavar="FOLDER", help="the folder `test` with CPython's tests")
    parser.add_argument("--only", nargs="+", metavar="CLASS.TEST", help="those tests, * for any text")
    parser.add_argument("--prove", action="store_true", help="see that tests fail if a name is broken")
    parser.add_argument("--broken", choices=SWAPPED, help=argparse.SUPPRESS)
    parser.add_argument("-v", "--verbose", action="store_const", const=2, default=1)
    options = parser.parse_args()
    return prove(options) if options.prove else run(options)


if __name__ == "__main__":
    # The tests' own children import this file: as a module, not as the program.
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.exit(importlib.import_module("cpython").main())
