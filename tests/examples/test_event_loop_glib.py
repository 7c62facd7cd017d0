# SPDX-License-Identifier: MIT
"""event_loop_glib: the main loop of GLib goes on while tasks take long, and Ctrl-C ends it at once."""
import os
import pathlib
import signal
import sys

from support import AT_ONCE, end_by, expect, finish, main, read_until, run, start


def make_file(name, lines):
    pathlib.Path(name).write_text("line\n" * lines)
    return name


def make_pipe(name):
    """A file that takes as long as we like: our end of it."""
    os.mkfifo(name)
    return os.open(name, os.O_RDWR)


def test_event_loop_glib_answers_for_each_file_once():
    """Many files, and one that is not there: an answer for each."""
    names = [make_file(f"file{number}", number) for number in range(300)]
    answers = [f"{number} {name}" for number, name in enumerate(names)]
    result = expect(run(*names, "missing"), 0)
    assert sorted(result.out.splitlines()) == sorted(answers + ["failed missing: No such file or directory"]), result
    assert result.err.strip(".") == "", result


def test_event_loop_glib_goes_on_while_a_file_hangs():
    """The other answer is out, and the timer runs on; at last that of the file that hung."""
    end = make_pipe("slow")
    process = start("slow", make_file("one", 1))
    assert read_until(process.stdout.fileno(), b"\n") == b"1 one\n"
    read_until(process.stderr.fileno(), b"...")
    os.write(end, b"at\nlast\n")
    os.close(end)
    expect(finish(process), 0, "2 slow\n")


def test_event_loop_glib_one_ctrl_c_ends_it():
    """A hundred files hang: it ends at once, by SIGINT, and says what became of each."""
    names = [f"slow{number}" for number in range(100)]
    ends = [make_pipe(name) for name in names]
    process = start(make_file("one", 1), *names)
    assert read_until(process.stdout.fileno(), b"\n") == b"1 one\n"
    read_until(process.stderr.fileno(), b".")
    result = expect(end_by(process, signal.SIGINT), -signal.SIGINT)
    assert result.seconds < AT_ONCE, result
    lines = [line.split(": ")[0].split() for line in result.out.splitlines()]
    assert sorted(name for _, name in lines) == sorted(names), result
    assert {state for state, _ in lines} <= {"stopped", "cancelled"}, result
    assert "stopped" in {state for state, _ in lines}, result
    for end in ends:
        os.close(end)


def test_event_loop_glib_refuses_no_files():
    """Nothing to count is a mistake of usage."""
    expect(run(), 2, "", "usage: event_loop_glib FILE...\n")


main(sys.modules[__name__].__dict__)
