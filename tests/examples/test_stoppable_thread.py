# SPDX-License-Identifier: MIT
"""stoppable_thread: a reader and a worker over a queue end at once, wherever the stop meets them; idle, they do not wake up."""
import fcntl
import os
import pathlib
import signal
import struct
import sys
import termios
import time

from support import (AT_ONCE, contains, end_by, expect, has_open, is_asleep, is_sanitized, main, read_until, run, start,
                     switches_of, threads_of, wait_for)

IDLE_SECONDS = 1
NAMES_AHEAD = 1000                      # what the queue holds at most


class Started:
    """The program with an input that stays open, so that what ends it is the stop and not the end of the input."""

    def __init__(self):
        end, self.input = os.pipe()
        self.process = start(stdin=end)
        os.close(end)

    def give(self, text):
        os.write(self.input, text.encode())

    def end_by_sigint(self, **expected):
        """One SIGINT: dead of it, at once."""
        result = expect(end_by(self.process, signal.SIGINT), -signal.SIGINT, **expected)
        assert result.seconds < AT_ONCE, result
        os.close(self.input)

    def threads(self):
        """Of each thread: whether it sleeps, and how often it was switched away from."""
        threads = threads_of(self.process.pid)
        return {number: (is_asleep(thread), switches_of(thread)) for number, thread in threads.items()}

    def wait_for_sleepers(self, count):
        """Until so many threads of main, the attendant and the two workers sleep; what each has done so far."""
        def look():
            found = self.threads()
            return found if sum(sleeps for sleeps, _ in found.values()) >= count else None

        return wait_for(look, f"{count} threads to sleep")

    def wait_for_file(self, name):
        """Until the worker is at this file."""
        wait_for(lambda: has_open(self.process.pid, name), f"{name} to be opened")


def make_large():
    """Zeros without end: no line ends there, and reading them takes minutes."""
    with open("large", "wb") as file:
        file.truncate(1 << 40)


def test_stoppable_thread_counts_all_lines():
    """More names than the queue holds, of all lengths, and the last one without an end: all are counted, in order."""
    names = list(dict.fromkeys(f"{number:0{1 + number % 200}}" for number in range(3 * NAMES_AHEAD)))
    for number, name in enumerate(names):
        pathlib.Path(name).write_text("line\n" * (number % 7) + "no end")
    result = run(given="\n".join(names).encode())
    expect(result, 0, "".join(f"{number % 7} {name}\n" for number, name in enumerate(names)), "")


def test_stoppable_thread_idle_does_not_wake_up():
    """No name comes: for a second no thread is switched to; then one SIGINT ends both tasks at once."""
    pathlib.Path("one").write_text("a\nb\n")
    it = Started()
    it.give("one\n")
    read_until(it.process.stdout.fileno(), b"2 one\n")
    before = it.wait_for_sleepers(4)
    time.sleep(IDLE_SECONDS)
    if not is_sanitized():              # a sanitizer may have a thread of its own, which does wake up
        after = it.threads()
        assert after == before, f"somebody woke up: {before} {after}"
    it.end_by_sigint(err="stoppable_thread: standard input: cut short\nstoppable_thread: 0 files not begun\n")


def test_stoppable_thread_is_stopped_in_the_midst_of_a_file():
    """The worker is busy for long, the reader waits: both end at once, and what was not begun is counted."""
    make_large()
    it = Started()
    it.give("large\none\ntwo\n")
    it.wait_for_file("large")
    it.wait_for_sleepers(3)
    it.end_by_sigint(out="", err=contains("stoppable_thread: large: cut short\n", "stoppable_thread: 2 files not begun\n"))


def test_stoppable_thread_is_stopped_with_a_full_queue():
    """The reader waits for room, the worker is busy: both end at once, and nothing more was read."""
    make_large()
    it = Started()
    it.give("large\n")
    it.wait_for_file("large")
    it.give("x\n" * (NAMES_AHEAD + 20))        # what is beyond the queue is in stdio's buffer, 1 KiB at least
    wait_for(lambda: unread(it.input) == 0, "the names to be read")
    it.wait_for_sleepers(3)
    it.end_by_sigint(out="", err=contains("standard input: cut short\n", f"{NAMES_AHEAD} files not begun\n"))


def unread(fd):
    """How much is in a pipe."""
    return struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, bytes(4)))[0]


def test_stoppable_thread_is_stopped_while_data_is_slow():
    """A file that is a named pipe, from which nothing comes: the worker's wait for it ends at once."""
    os.mkfifo("pipe")
    end = os.open("pipe", os.O_RDWR)
    it = Started()
    os.write(end, b"a\nb\nc")
    it.give("pipe\n")
    it.wait_for_file("pipe")
    it.wait_for_sleepers(4)
    it.end_by_sigint(out="", err=contains("stoppable_thread: pipe: cut short\n", "0 files not begun\n"))
    os.close(end)


def test_stoppable_thread_names_what_cannot_be_read():
    """What is no file is named, the others are counted, and the exit status says that something was wrong."""
    pathlib.Path("one").write_text("a\nb\n")
    result = run(given=b"missing\none\n.\n")
    expect(result, 1, "2 one\n",
           "stoppable_thread: missing: No such file or directory\nstoppable_thread: .: Is a directory\n")


def test_stoppable_thread_says_what_it_is_given_wrongly():
    """Names are no arguments; an input that cannot be read and an output without room are errors."""
    pathlib.Path("one").write_text("a\nb\n")
    expect(run("one"), 2, "", contains("usage: "))
    with open("unreadable", "wb") as file:
        expect(run(stdin=file), 1, "", "stoppable_thread: standard input: Bad file descriptor\n")
    with open("/dev/full", "wb") as full:
        expect(run(given=b"one\n", stdout=full), 1, err=contains("standard output: "))


main(sys.modules[__name__].__dict__)
