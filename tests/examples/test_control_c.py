# SPDX-License-Identifier: MIT
"""control_c: one Ctrl-C ends two long sleeps and a wait for them, at once."""
import signal
import sys

from support import AT_ONCE, end_by, expect, main, read_until, run, start


def start_waiting(*words):
    """Started, with both of them waiting; what it has written."""
    process = start(*words)
    seen = b""
    while seen.count(b" is waiting...\n") < 2:
        seen += read_until(process.stdout.fileno(), b"waiting...\n")
    return process, seen


def test_control_c_ends_by_one_sigint_at_once():
    """One SIGINT: dead of SIGINT at once, one line on stderr, both ends handed out."""
    process, seen = start_waiting()
    result = end_by(process, signal.SIGINT)
    assert result.seconds < AT_ONCE, result
    assert sorted(seen.decode().split("\n")) == ["", "Jack is waiting...", "Jill is waiting..."], seen
    expect(result, -signal.SIGINT, lambda out: sorted(out.split("\n")) == ["", "Jack: stopped", "Jill: stopped"],
           lambda err: err.count("\n") == 1 and "SIGINT" in err and "0 of 2 ended in time, 0 left behind" in err)


def test_control_c_dies_of_the_signal_that_came():
    """SIGTERM is told from SIGINT, in the words and in the end."""
    process, _ = start_waiting()
    expect(end_by(process, signal.SIGTERM), -signal.SIGTERM,
           err=lambda err: err.count("\n") == 1 and "SIGTERM" in err)


def test_control_c_left_alone_says_nothing():
    """Without a signal both waits are done, exit status 0, nothing on stderr."""
    expect(run("0"), 0, lambda out: out.count(": done\n") == 2, "")


def test_control_c_refuses_what_is_no_time():
    """A word that is no number of seconds is a mistake of usage."""
    for words in (["soon"], ["-1"], ["1", "2"], [""], ["99999999999"]):
        expect(run(*words), 2, "", "usage: control_c [SECONDS]\n")


def test_control_c_says_when_nobody_can_read_it():
    """What could not be written is an error, though all went well."""
    with open("/dev/full", "wb") as full:
        expect(run("0", stdout=full), 1, err="control_c: cannot write to standard output\n")


main(sys.modules[__name__].__dict__)
