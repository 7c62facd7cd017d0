# SPDX-License-Identifier: MIT
"""A Python program on a terminal of its own: what it prints and when, what a typed ^C does, and how it ends.

Events are ordered by what the program prints and by whether its main thread sleeps, never by sleeping.  Patience grows
with QS_TEST_TIME_SCALE; see within() for promises of so many milliseconds.
"""
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
MODULE = os.environ.get("MODULE", "quiesce")
SCALE = float(os.environ.get("QS_TEST_TIME_SCALE", "1"))
PATIENCE = 20 * SCALE           # what any event may take before the test gives up on it
TRIES = 5                       # see within()
CTRL_C = b"\x03"

# What runs in the background of a script ignores it, and so would what we start.
signal.signal(signal.SIGINT, signal.default_int_handler)


class Hang(AssertionError):
    """What was waited for has not come."""


class Program:
    """A Python program, from its start to its end; use it in a `with`, which leaves nothing running.

    `module` is what it imports where people import concurrent.futures.
    """

    def __init__(self, path, *words, module=MODULE, environment=None):
        self.presses = 0
        self.status = None              # as the shell has it in $?, or -N if signal N killed it
        self._text = b""
        self._looked_at = 0             # up to where wait_for() has read
        self._is_over = False           # nobody has the terminal open any more
        self.began = time.monotonic()
        self._fd, terminal = os.openpty()
        # The first terminal that the leader of a session opens is that session's, and its ^C goes to the leader.
        self._process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" <"$0"', os.ttyname(terminal), sys.executable, str(path), *map(str, words)],
            stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
            env={**os.environ, "PYTHON_COLORS": "0", "MODULE": module, **(environment or {})})
        os.close(terminal)
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """What still runs in the terminal's session is killed: the program, and children in its process group."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        os.close(self._fd)

    @property
    def text(self):
        """All that was written to the terminal so far."""
        return self._text.decode(errors="replace").replace("\r\n", "\n")

    @property
    def lines(self):
        return self.text.splitlines()

    @property
    def tracebacks(self):
        """How many were shown; an error that came while another was handled is shown with both."""
        return self.text.count("Traceback (most recent call last):")

    @property
    def ignored(self):
        """How many errors the interpreter could only complain about."""
        return self.text.count("Exception ignored")

    def count(self, beginning):
        """How many lines begin so."""
        return sum(line.startswith(beginning) for line in self.lines)

    def press(self):
        """Type ^C; returns the moment of it."""
        self.presses += 1
        now = time.monotonic()
        os.write(self._fd, CTRL_C)
        return now

    def wait_for(self, *texts, patience=PATIENCE):
        """Until each text has been printed after what the last call waited for, in any order; returns the moment."""
        until = time.monotonic() + patience
        while not all(text.encode() in self._text[self._looked_at:] for text in texts):
            if not self._read(until):
                raise Hang(f"waited for {texts}, and the terminal says\n{self.text}")
        self._looked_at = max(self._text.index(text.encode(), self._looked_at) + len(text.encode()) for text in texts)
        return time.monotonic()

    def wait_until(self, condition, what):
        """Until something is true that the program does, but does not print."""
        until = time.monotonic() + PATIENCE
        while not condition():
            if self._is_over or time.monotonic() > until:
                raise Hang(f"waited for {what}, and the terminal says\n{self.text}")
            self._read(time.monotonic() + 0.02)

    def wait_for_sleep(self, threads=1):
        """Until so many threads are there, all of them sleep, and none woke between two looks."""
        before = None

        def is_asleep():
            nonlocal before
            switches, before = before, self._switches_if_asleep()
            return before is not None and len(before) >= threads and before == switches

        self.wait_until(is_asleep, "all to be asleep")

    def _switches_if_asleep(self):
        """How often each thread has waited so far, if they all do so now."""
        switches = {}
        for status in pathlib.Path(f"/proc/{self.pid}/task").glob("*/status"):
            try:
                text = status.read_text()
            except OSError:             # it is gone
                return None
            if not re.search(r"^State:\s+S", text, re.M):
                return None
            switches[status.parent.name] = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M).group(1)
        return switches

    def finish(self, patience=PATIENCE):
        """Until the program has ended; returns the moment.  `status` is there from now on."""
        until = time.monotonic() + patience
        while self._read(until):
            pass
        if not self._is_over:
            raise Hang(f"the program runs on after {patience:.1f} s, and the terminal says\n{self.text}")
        self.status = self._process.wait()
        return time.monotonic()

    def _read(self, until):
        """More text; False if there is none up to then, or never will be."""
        ready, _, _ = select.select([self._fd], [], [], max(0, until - time.monotonic()))
        try:
            block = os.read(self._fd, 65536) if ready else b""
        except OSError:
            block = b""
        self._text += block
        self._is_over = bool(ready) and not block
        return bool(block)


def posted(name, *words, **options):
    """One of the programs in posted/."""
    return Program(HERE / "posted" / f"{name}.py", *words, **options)


def within(seconds, measure):
    """A promise of so many seconds, kept by measure(), which returns how long it took.

    A busy machine breaks it now and then, a program that waits for something does so each time: one of five tries
    has to keep it.
    """
    took = []
    while len(took) < TRIES and not (took and took[-1] < seconds * SCALE):
        took.append(measure())
    if took[-1] >= seconds * SCALE:
        raise AssertionError(f"{seconds} s were promised, it took {took}")
