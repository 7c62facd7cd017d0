# SPDX-License-Identifier: MIT
"""use_from_cpp: what a C++ task returns is a string, what it throws is its future's failure, a stop ends it at once."""
import os
import pathlib
import signal
import sys

from support import AT_ONCE, end_by, expect, finish, main, read_until, run, start


def lines(*wanted):
    return lambda got: sorted(got.splitlines()) == sorted(wanted)


def test_use_from_cpp_prints_each_first_line():
    """Short and long, with and without an end, and none at all."""
    long_line = "x" * 100000
    texts = {"short": "one\ntwo\n", "long": long_line + "\ntwo", "no-end": "one", "empty": "", "blank": "\n\n"}
    for name, text in texts.items():
        pathlib.Path(name).write_text(text)
    expect(run(*texts), 0, lines("short: one", "long: " + long_line, "no-end: one", "empty: ", "blank: "), "")


def test_use_from_cpp_more_files_than_workers():
    """Each file is told once."""
    names = [f"file{number}" for number in range(100)]
    for name in names:
        pathlib.Path(name).write_text(f"{name} is it\n")
    expect(run(*names), 0, lines(*[f"{name}: {name} is it" for name in names]), "")


def test_use_from_cpp_exception_is_the_failure():
    """What was thrown is told in its own words, and the other files come."""
    pathlib.Path("file").write_text("one\n")
    os.mkdir("folder")
    expect(run("file", "missing", "folder"), 1, "file: one\n",
           lines("use_from_cpp: missing: No such file or directory", "use_from_cpp: folder: Is a directory"))


def test_use_from_cpp_comes_as_completed():
    """A pipe that is still silent keeps nobody else's line back; when it speaks, its line comes."""
    pathlib.Path("file").write_text("one\n")
    os.mkfifo("pipe")
    end = os.open("pipe", os.O_RDWR)
    process = start("pipe", "file")
    assert read_until(process.stdout.fileno(), b"\n") == b"file: one\n"
    os.write(end, b"at last\n")
    expect(finish(process), 0, "pipe: at last\n", "")
    os.close(end)


def test_use_from_cpp_one_sigint_ends_it_at_once():
    """Tasks that wait for data are stopped, those behind them never start, the strings that came are told."""
    pathlib.Path("file").write_text("one\n")
    pipes = [f"pipe{number}" for number in range(6)]
    for name in pipes:
        os.mkfifo(name)
    ends = [os.open(name, os.O_RDWR) for name in pipes]
    process = start("file", *pipes)
    read_until(process.stdout.fileno(), b"file: one\n")
    result = expect(end_by(process, signal.SIGINT), -signal.SIGINT, "",
                    lines(*["use_from_cpp: stopped by SIGINT"] * len(pipes)))
    assert result.seconds < AT_ONCE, result
    for end in ends:
        os.close(end)


def test_use_from_cpp_wants_a_file():
    """No word is a mistake of usage."""
    expect(run(), 2, "", "usage: use_from_cpp FILE...\n")


def test_use_from_cpp_says_when_nobody_can_read_it():
    """What could not be written is an error, though all went well."""
    pathlib.Path("file").write_text("one\n")
    with open("/dev/full", "wb") as full:
        expect(run("file", stdout=full), 1, err="")


main(sys.modules[__name__].__dict__)
