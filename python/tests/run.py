#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py [-v] [NAME...]: the tests of this folder, under the Python that runs it; the module is found by PYTHONPATH.

A NAME is a file or a part of it, as unittest has it: test_shutdown, test_shutdown.Leaving.test_normally.  Without
any, all of test_*.py.

The last line is the sum, "N passed, N failed, N skipped"; the exit status is 0 only if something passed and nothing
failed.  What takes longer than PATIENCE, a test or the end of the interpreter after the last of them, shows where each
thread is and ends the run there: what a thread that hangs would do to the next test, nobody knows.
"""
import faulthandler
import os
import sys
import unittest

PATIENCE = 60 * float(os.environ.get("QS_TEST_TIME_SCALE", "1")) * (30 if "QS_TEST_SOAK" in os.environ else 1)
HERE = os.path.dirname(os.path.abspath(__file__))


def be_patient():
    """From now on for PATIENCE, once more."""
    faulthandler.dump_traceback_later(PATIENCE, exit=True)


class Result(unittest.TextTestResult):
    """Counts tests, where unittest counts failures: a test with three failed parts has failed once."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.passed = 0

    def startTest(self, test):
        be_patient()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        be_patient()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def failed(self):
        # A part of a test knows the whole.
        whole = {getattr(test, "test_case", test) for test, _ in self.failures + self.errors}
        return len(whole) + len(self.unexpectedSuccesses)


def load(names):
    loader = unittest.TestLoader()
    if names:
        return loader.loadTestsFromNames(names)
    return loader.discover(HERE, top_level_dir=HERE)


def main(words):
    faulthandler.enable()
    be_patient()
    verbose = "-v" in words
    runner = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, verbosity=2 if verbose else 1)
    result = runner.run(load([word for word in words if word != "-v"]))
    for test, why in result.skipped:
        print(f"skipped {test.id()}: {why}")
    failed, skipped = result.failed(), len(result.skipped)
    print(f"{result.passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 0 if result.passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
