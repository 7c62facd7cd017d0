# SPDX-License-Identifier: MIT
"""What the tests of the module share: the module, patience, and programs that run in a process of their own.

MODULE names what is tested (`quiesce`; `concurrent.futures` for a comparison).  Events are ordered by gates, never by
sleeping.  Bounds on time grow with QS_TEST_TIME_SCALE; QS_TEST_SOAK asks for the long versions.

A program is a function of the test file, called with the module as its first argument, in a child that runs that file:

    ended = programs.run(program, "a word", deadline=5)

A file that has such functions ends with programs.main().
"""
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

MODULE = os.environ.get("MODULE", "quiesce")
SCALE = float(os.environ.get("QS_TEST_TIME_SCALE", "1"))
PATIENCE = 20 * SCALE           # what any event may take before the test gives up on it
NO_WARNING_OF_FORK = "ignore:This process:DeprecationWarning"   # 3.12 and newer, beside any thread


def soak_or(quick, soak):
    return soak if "QS_TEST_SOAK" in os.environ else quick


def module():
    return importlib.import_module(MODULE)


class Ended:
    """How a program ended: its status as subprocess has it, or None if it was killed because it hung."""

    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    @property
    def last_line(self):
        lines = self.out.splitlines()
        return lines[-1] if lines else ""

    def __repr__(self):
        how = "hung" if self.status is None else f"status {self.status}"
        return f"{how} after {self.seconds:.2f} s\nout: {self.out}\nerr: {self.err}"


def _as_a_shell_starts_it():
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def start(program, *words, using=MODULE):
    """A function of a test file in a process, and a session, of its own."""
    command = [sys.executable, "-X", "faulthandler", "-W", NO_WARNING_OF_FORK,
               sys.modules[program.__module__].__file__, "--program"]
    return subprocess.Popen(command + [program.__name__, *map(str, words)], env={**os.environ, "MODULE": using},
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            universal_newlines=True, start_new_session=True, preexec_fn=_as_a_shell_starts_it)


def finish(process, deadline=PATIENCE):
    """Wait for its end; a program that hangs says where (faulthandler), and is killed with all that it started."""
    began = time.monotonic()
    hung = False
    try:
        out, err = process.communicate(timeout=deadline)
    except subprocess.TimeoutExpired:
        hung = True
        process.send_signal(signal.SIGABRT)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
    finally:
        _kill_group(process.pid)
    return Ended(None if hung else process.returncode, out, err, time.monotonic() - began)


def _kill_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run(program, *words, using=MODULE, deadline=PATIENCE):
    return finish(start(program, *words, using=using), deadline)


def occupy(pool, workers, gate):
    """Tasks that hold that many workers until the gate opens; they all run when this returns."""
    inside = threading.Barrier(workers + 1)

    def hold():
        inside.wait(PATIENCE)
        return gate.wait(PATIENCE)

    futures = [pool.submit(hold) for _ in range(workers)]
    inside.wait(PATIENCE)
    return futures


def wait_for(condition, what, seconds=PATIENCE):
    """Look until it is true.  For events that cannot be waited for in any better way."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"waited {seconds:.1f} s for {what}")
        time.sleep(0.002)


def main():
    """The end of a test file: its tests, or one of its programs."""
    if sys.argv[1:2] != ["--program"]:
        return unittest.main()
    program = getattr(sys.modules["__main__"], sys.argv[2])
    return program(module(), *sys.argv[3:])
