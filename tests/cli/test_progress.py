# SPDX-License-Identifier: MIT
"""The progress line: there where somebody looks, gone where somebody else writes."""
import os
import pathlib
import re
import signal

from support import Terminal, contains, expect, finish, main, read_until, run, start, wait_for_files

LINE = rb"quiesce: \d+ done(, \d+ failed)?, \d+ running of (at least )?\d+"


def test_progress_on_a_terminal_ends_in_a_summary():
    """Counts while it runs, one line about all of it at the end, nothing of the line left behind."""
    shown = Terminal("-j1", "sh", "-c", "> started.$0; until [ -e go.$0 ]; do sleep 0.01; done; echo out $0; exit $0",
                     ":::", "0", "1")
    wait_for_files("started.0")
    shown.wait_for_text(b"quiesce: 0 done, 1 running of 2")
    pathlib.Path("go.0").touch()
    shown.wait_for_text(b"quiesce: 1 done, 1 running of 2, ")
    pathlib.Path("go.1").touch()
    shown.expect_state("exit 123")
    assert shown.lines() == ["out 0", "out 1", "quiesce: 1 done, 1 failed"], shown.lines()
    shown.close()


def test_progress_says_at_least_until_the_input_has_ended():
    """The total is not known before."""
    process = start("-j1", "--progress=always", "sh", "-c", "> started.$0; until [ -e go ]; do sleep 0.01; done")
    process.stdin.write(b"1\n2\n")
    process.stdin.flush()
    read_until(process.stderr.fileno(), b"0 done, 1 running of at least 2\n")
    process.stdin.close()
    read_until(process.stderr.fileno(), b"0 done, 1 running of 2\n")
    pathlib.Path("go").touch()
    read_until(process.stderr.fileno(), b"quiesce: 2 done\n")
    process.stdin = None
    expect(finish(process), status=0)


def test_a_file_is_counted_ahead():
    """Where the input is a file the total is known at once, and so is what was not started."""
    pathlib.Path("items").write_text("skipped\n" + "\n1\n\n2\n" * 50000 + "last")
    items = os.open("items", os.O_RDONLY)
    os.read(items, len("skipped\n"))
    process = start("-j1", "--progress=always", "sh", "-c", "> started; exec sleep 1000", stdin=items)
    wait_for_files("started")
    read_until(process.stderr.fileno(), b"0 done, 1 running of 100001\n")
    process.terminate()
    expect(finish(process), status=-signal.SIGTERM, err=contains("quiesce: stopped by SIGTERM: 0 done, 1 stopped, 100000 not started\n"))


def test_no_progress_where_nobody_looks():
    """Not in a file or a pipe, unless asked for; and never with --progress=never."""
    expect(run("-j1", "sh", "-c", "sleep 0.3", ":::", "1"), status=0, err="")
    shown = Terminal("-j1", "--progress=never", "sh", "-c", "sleep 0.3; echo done", ":::", "1")
    shown.expect_state("exit 0")
    assert shown.screen() == "done\r\n", shown.screen()
    shown.close()


def test_no_progress_where_jobs_write_themselves():
    """With -u the terminal is the jobs'."""
    shown = Terminal("-j1", "-u", "sh", "-c", "sleep 0.3; echo done", ":::", "1")
    shown.expect_state("exit 0")
    assert shown.screen() == "done\r\n", shown.screen()
    shown.close()


def test_output_wipes_the_line_first():
    """What is on the screen while it runs: output above, the line below, not mixed."""
    shown = Terminal("-j1", "sh", "-c", "> started.$0; until [ -e go.$0 ]; do sleep 0.01; done; seq 3", ":::", "1", "2")
    shown.wait_for_text(b"1 running of 2")
    pathlib.Path("go.1").touch()
    shown.wait_for_text(b"1 done, 1 running of 2")
    lines = shown.lines()
    assert lines[:3] == ["1", "2", "3"] and re.fullmatch(LINE + rb".*", lines[3].encode()) and len(lines) == 4, lines
    pathlib.Path("go.2").touch()
    shown.expect_state("exit 0")
    assert shown.lines() == ["1", "2", "3"] * 2 + ["quiesce: 2 done"], shown.lines()
    shown.close()


if __name__ == "__main__":
    main(globals())
