# SPDX-License-Identifier: MIT
"""Programs as people post them in which a task fails; no Ctrl-C is needed, and none may be.

`python3 beside.py` shows what the standard library does with the same programs.
"""
import ast
import unittest

from terminal import posted, within

NINE = set(range(1, 10))
WORDS = {"PENDING", "RUNNING", "FINISHED", "CANCELLED", "CANCELLED_AND_NOTIFIED"}


def run(*words):
    with posted(*words) as program:
        program.finish()
        return program


def numbers(program, beginning):
    """The numbers behind the lines that begin so."""
    return {int(line.split()[-1]) for line in program.lines if line.startswith(beginning)}


class FifthOfNine(unittest.TestCase):
    """The fifth of nine tasks fails, and the pool is shut down where that is seen."""

    def check_complete(self, program, some_cancelled):
        """Nine yields, each future with the one end that fits, and "Run complete"."""
        self.assertEqual((program.status, program.tracebacks, program.ignored), (0, 0, 0), program.text)
        self.assertEqual(program.lines[-1], "Run complete", program.text)
        self.assertEqual((program.count("yield"), program.count("failed: number is 5")), (9, 1), program.text)
        started, results = numbers(program, "started"), numbers(program, "result")
        self.assertEqual(results, started - {5}, program.text)
        self.assertEqual(program.count("cancelled"), len(NINE - started), program.text)
        self.assertEqual(bool(NINE - started), some_cancelled, program.text)

    def test_shutdown_wait(self):
        for loop in ("as_completed", "guarded", "in-order"):
            with self.subTest(loop=loop):
                self.check_complete(run("fifth_of_nine", loop, "wait"), some_cancelled=False)

    def test_shutdown_no_wait(self):
        for loop in ("as_completed", "guarded", "in-order"):
            with self.subTest(loop=loop):
                self.check_complete(run("fifth_of_nine", loop, "no-wait"), some_cancelled=False)

    def test_shutdown_cancel_verbatim(self):
        """It ends by itself: the first cancelled future's result() raises, and nobody there catches that."""
        program = run("fifth_of_nine", "as_completed", "cancel")
        self.assertEqual((program.status, program.tracebacks, program.ignored), (1, 1, 0), program.text)
        self.assertIn("CancelledError", program.lines[-1], program.text)
        self.assertLess(numbers(program, "started"), NINE, program.text)

    def test_shutdown_cancel_guarded(self):
        self.check_complete(run("fifth_of_nine", "guarded", "cancel"), some_cancelled=True)

    def test_shutdown_cancel_in_order(self):
        """The lists of states hold the standard words, and no future goes back."""
        program = run("fifth_of_nine", "in-order", "cancel")
        self.check_complete(program, some_cancelled=True)
        lists = [ast.literal_eval(line) for line in program.lines if line.startswith("[")]
        self.assertEqual(len(lists), 9, program.text)
        self.assertLessEqual({word for states in lists for word in states}, WORDS, program.text)
        started = numbers(program, "started")
        for number, last in enumerate(lists[-1], start=1):
            self.assertEqual(last == "FINISHED", number in started, program.text)
            self.assertEqual(last.startswith("CANCELLED"), number not in started, program.text)
        for before, after in zip(lists, lists[1:]):
            for old, new in zip(before, after):
                self.assertTrue(old == new or old in ("PENDING", "RUNNING"), program.text)

    def test_shutdown39(self):
        """A subclass that drains the queue itself, in a loop that looks for cancelled futures."""
        self.check_complete(run("fifth_of_nine", "in-order", "shutdown39"), some_cancelled=True)

    def test_shutdown39_as_completed(self):
        """What it drops is announced too: as_completed() yields all nine."""
        self.check_complete(run("fifth_of_nine", "guarded", "shutdown39"), some_cancelled=True)


class FirstException(unittest.TestCase):
    """The third of forty jobs of a second fails at once."""

    def measure(self, way, most_started):
        """Seconds from the failure until the error is out of the block."""
        with posted("first_exception", way) as program:
            failed = program.wait_for("failing")
            took = program.wait_for("out: the third job") - failed
            program.finish()
            self.assertEqual((program.status, program.tracebacks, program.ignored), (0, 0, 0), program.text)
            self.assertLessEqual(len(numbers(program, "started")), most_started, program.text)
            return took

    def test_leave(self):
        """The failed job's worker may take one more before main has heard of it, and no other is free."""
        within(0.25, lambda: self.measure("leave", most_started=5))

    def test_shutdown_and_raise(self):
        within(0.25, lambda: self.measure("shutdown", most_started=5))

    def test_list_of_map(self):
        """Items before it are waited for, for it is raised in its turn; but none starts any more."""
        within(1.25, lambda: self.measure("map", most_started=4))


if __name__ == "__main__":
    unittest.main()
