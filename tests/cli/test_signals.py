# SPDX-License-Identifier: MIT
"""The ladder: what happens between a request to stop and the end."""
import os
import pathlib
import signal
import time

from support import (PATIENCE, SCALE, SLEEPER, Terminal, check_nothing_left, contains, expect, finish, is_alive, main,
                     read_until, run, start, wait_for, wait_for_files)

SOON = 1.0 * SCALE              # generous for "at once"

# Jobs that are hard to end.  Each makes the file started.ITEM when it is as stubborn as it gets.
DEAF = ["python3", "-c", """
import pathlib, signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_IGN)
pathlib.Path("started." + sys.argv[1]).touch()
time.sleep(1000)
""", "{}"]
IN_SESSION_OF_ITS_OWN = ["sh", "-c", "setsid sh -c '> started.$0; exec sleep 1000' $1 & wait", "sh", "{}"]
TWICE_REMOVED = ["sh", "-c", "(setsid sh -c '> started.$0; exec sleep 1000' $1 &) ; exec sleep 1000", "sh", "{}"]
IN_THE_BACKGROUND = ["sh", "-c", "sleep 1000 & > started.$1; wait", "sh", "{}"]


def begin(*words, items=("1", "2", "3"), **options):
    """Two jobs are running when this returns."""
    process = start(*words, ":::", *items, **options)
    wait_for_files("started.1", "started.2")
    return process


def terminal(*words):
    shown = Terminal(*words, ":::", "1", "2", "3")
    wait_for_files("started.1", "started.2")
    return shown


def test_C6_first_ctrl_c_stops_and_dies_by_sigint():
    """One Ctrl-C: jobs end, nothing more starts, the report is the last line, the shell sees death by SIGINT."""
    shown = terminal("-j2", *SLEEPER)
    began = time.monotonic()
    shown.type(b"\x03")
    shown.expect_state("killed by SIGINT")
    assert time.monotonic() - began < SOON
    assert shown.lines()[-1] == "quiesce: stopped by SIGINT: 0 done, 2 stopped, 1 not started", shown.lines()
    assert not pathlib.Path("started.3").exists()
    shown.close()


def test_C6_second_ctrl_c_kills_at_once():
    """Jobs that ignore everything are gone within 0.1 s of the second Ctrl-C."""
    shown = terminal("-j2", "--grace=1000", *DEAF)
    shown.type(b"\x03")
    shown.wait_for_text(b"SIGINT: nothing more is started")
    time.sleep(0.3)             # what comes within 250 ms is the same request
    began = time.monotonic()
    shown.type(b"\x03")
    shown.expect_state("killed by SIGINT")
    assert time.monotonic() - began < 0.1 * SCALE, time.monotonic() - began
    check_nothing_left(0.1 * SCALE)
    assert shown.lines()[-1] == "quiesce: stopped by SIGINT: 0 done, 2 stopped, 1 not started", shown.lines()
    shown.close()


if __name__ == "__main__":
    main(globals())
