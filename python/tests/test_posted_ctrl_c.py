# SPDX-License-Identifier: MIT
"""Programs as people post them, stopped from outside by a typed ^C; see "What happens when" in the module's docs.

`python3 beside.py` shows what the standard library does with the same programs.
"""
import signal
import unittest

from beside import WAITS
from terminal import posted, within

AT_ONCE = 0.25          # from Ctrl-C to whatever is promised
KILLED = -signal.SIGINT


def start(program, *ready):
    """Until tasks and main are where the Ctrl-C is to find them."""
    program.wait_for(*ready)
    program.wait_for_sleep()


class TwoSleeps(unittest.TestCase):
    """Two tasks in time.sleep(100): one Ctrl-C that nobody catches, and the program is gone, wherever main was."""

    def measure(self, where, how):
        with posted("two_sleeps", where, how) as program:
            start(program, "started 0", "started 1", "main is in")
            pressed = program.press()
            took = program.finish() - pressed
            # At the interpreter's end the program itself was over: the Ctrl-C just ends the wait.
            end = (0, 0) if (where, how) == ("exit", "without") else (KILLED, 1)
            self.assertEqual((program.status, program.tracebacks, program.ignored), (*end, 0), program.text)
            self.assertEqual(program.count("ended"), 0, program.text)
            return took


def _add_test(where, how):
    def test(self):
        within(AT_ONCE, lambda: self.measure(where, how))

    setattr(TwoSleeps, f"test_{where.replace('-', '_')}_{how}", test)


for _where in WAITS:
    for _how in ("with", "without"):
        _add_test(_where, _how)


class MapCaught(unittest.TestCase):
    """A KeyboardInterrupt that is caught, then shutdown(cancel_futures=True)."""

    def press_and_catch(self, program, workers=2):
        start(program, *(f"started {number}" for number in range(workers)))
        pressed = program.press()
        return program.wait_for("caught") - pressed

    def check_caught(self, shape, workers=2):
        """The `except` body runs at once, shutdown() waits for what runs, and nothing else has started."""
        def measure():
            with posted("map_caught", shape, 1, workers) as program:
                took = self.press_and_catch(program, workers)
                program.finish()
                self.assertEqual((program.status, program.tracebacks, program.ignored), (0, 0, 0), program.text)
                self.assertEqual((program.count("started"), program.count("ended")), (workers, workers), program.text)
                self.assertEqual(program.lines[-1], "finished", program.text)
                return took

        within(AT_ONCE, measure)

    def check_second(self, shape):
        """A second Ctrl-C ends shutdown()'s wait at once, and the program: nobody catches that one.

        It came while the first was handled, so both are shown.
        """
        def measure():
            with posted("map_caught", shape, 100, 2) as program:
                caught = self.press_and_catch(program)
                program.wait_for_sleep()
                pressed = program.press()
                ended = program.finish() - pressed
                self.assertEqual((program.status, program.tracebacks, program.ignored), (KILLED, 2, 0), program.text)
                self.assertEqual((program.count("started"), program.count("finished")), (2, 0), program.text)
                return max(caught, ended)

        within(AT_ONCE, measure)

    def test_not_iterated(self):
        self.check_caught("not-iterated")

    def test_not_iterated_by_one_worker(self):
        """The wait that the Ctrl-C ended was for the same thread; Thread.join() of 3.9 to 3.12 takes it for ended then."""
        self.check_caught("not-iterated", workers=1)

    def test_not_iterated_second_press(self):
        self.check_second("not-iterated")

    def test_not_shut_down(self):
        """What runs still finishes at the interpreter's end, and nothing that was pending starts."""
        def measure():
            with posted("map_caught", "not-shut-down", 1, 2) as program:
                took = self.press_and_catch(program)
                program.finish()
                self.assertEqual((program.status, program.tracebacks, program.ignored), (0, 0, 0), program.text)
                self.assertEqual((program.count("started"), program.count("ended")), (2, 2), program.text)
                return took

        within(AT_ONCE, measure)

    def test_iterated(self):
        self.check_caught("iterated")

    def test_iterated_second_press(self):
        self.check_second("iterated")

    def test_iterated_inside(self):
        self.check_caught("iterated-inside")

    def test_iterated_inside_second_press(self):
        self.check_second("iterated-inside")

    def test_already_returned(self):
        """Nobody catches it there, so the program is gone at once."""
        def measure():
            with posted("map_caught", "already-returned", 100, 2) as program:
                start(program, "started 0", "started 1")
                pressed = program.press()
                took = program.finish() - pressed
                self.assertEqual((program.status, program.tracebacks, program.ignored), (KILLED, 1, 0), program.text)
                self.assertEqual((program.count("started"), program.count("caught")), (2, 0), program.text)
                return took

        within(AT_ONCE, measure)


class Flags(unittest.TestCase):
    """Tasks that look at a flag, which is set where Ctrl-C is caught."""

    def press_once(self, *words, ready):
        with posted(*words) as program:
            start(program, *ready)
            pressed = program.press()
            took = program.finish() - pressed
            self.assertEqual((program.status, program.tracebacks, program.ignored), (0, 0, 0), program.text)
            self.assertIn("finished", program.lines, program.text)
            return took, program

    def test_quit_flag(self):
        """The tasks look once a second, and are waited for."""
        def measure():
            took, program = self.press_once("quit_flag", ready=("started 0", "started 1", "main is in"))
            self.assertEqual(program.count("saw it"), 2, program.text)
            return took

        within(1 + AT_ONCE, measure)

    def test_alive_flag_killable(self):
        """The flag is set after the block was left with the task in it; the interpreter's end waits for the task."""
        def measure():
            took, program = self.press_once("alive_flag", "killable", ready=("started", "main is in"))
            self.assertEqual(program.count("saw it"), 1, program.text)
            return took

        within(0.1 + AT_ONCE, measure)

    def test_alive_flag_stuck(self):
        """A task that never looks keeps the program, whose error was caught; a second Ctrl-C ends that wait at once."""
        def measure():
            with posted("alive_flag", "stuck") as program:
                start(program, "started", "main is in")
                pressed = program.press()
                caught = program.wait_for("caught", "finished") - pressed
                program.wait_for_sleep()
                pressed = program.press()
                ended = program.finish() - pressed
                self.assertEqual(program.ignored, 0, program.text)
                return max(caught, ended)

        within(AT_ONCE, measure)


if __name__ == "__main__":
    unittest.main()
