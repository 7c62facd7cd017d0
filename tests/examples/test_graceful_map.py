# SPDX-License-Identifier: MIT
"""graceful_map: finds what grep -rlF finds, and one Ctrl-C ends it at once and tells how far it came."""
import ctypes
import os
import pathlib
import re
import signal
import subprocess
import sys

from support import AT_ONCE, end_by, expect, main, open_files_of, run, start, state_of, threads_of, wait_for

BLOCK = 1 << 16
LOOKS = 50              # in a row, until it is believed
LIBC = ctypes.CDLL(None)
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
HUGE = 1 << 41          # a file without content that takes minutes to read


def make_tree(files):
    for name, content in files.items():
        path = pathlib.Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def grep(string, folder):
    return sorted(subprocess.run(["grep", "-rlF", "--", string, folder], capture_output=True, check=False)
                  .stdout.decode().splitlines())


def check_same_as_grep(string, folder):
    found = grep(string, folder)
    expect(run(string, folder), 0 if found else 1, lambda out: sorted(out.splitlines()) == found, "")
    return found


def test_graceful_map_finds_what_grep_finds():
    """Folders in folders, empty files, no file at all, links that lead nowhere or in a circle."""
    make_tree({f"tree/{a}/{b}/{c}": b"needle" if (a + b + c) % 3 == 0 else b"hay"
               for a in range(4) for b in range(4) for c in range(8)})
    make_tree({"tree/empty": b"", "tree/needle": b"the name is not the content", "tree/.hidden/file": b"a needle\n"})
    os.makedirs("tree/bare/bare")
    os.symlink("..", "tree/circle")
    os.symlink("nowhere", "tree/broken")
    os.mkfifo("tree/fifo")
    # grep would wait at the FIFO.
    os.rename("tree/fifo", "fifo")
    assert len(check_same_as_grep("needle", "tree")) > 40
    os.rename("fifo", "tree/fifo")
    expect(run("needle", "tree"), 0, lambda out: len(out.splitlines()) > 40, "")
    os.remove("tree/fifo")
    assert not check_same_as_grep("nothing of the kind", "tree")
    assert not check_same_as_grep("needle", "tree/bare")


def test_graceful_map_finds_across_blocks():
    """A string that begins in one block and ends in the next, at every offset; and one as long as a block."""
    long = b"x" * (BLOCK - 1) + b"y"
    make_tree({f"tree/{offset}": b"." * (BLOCK - offset) + b"needle" + b"." * BLOCK for offset in range(-1, 8)})
    make_tree({"tree/second": b"." * (2 * BLOCK - 3) + b"needle", "tree/cut": b"." * (BLOCK - 3) + b"need",
               "tree/long": b"." * 100 + long, "tree/bytes": b"\0\xff" * BLOCK + b"needle\0"})
    assert len(check_same_as_grep("needle", "tree")) == 11
    expect(run(long.decode(), "tree"), 0, "tree/long\n", "")


def test_graceful_map_order_is_that_of_the_walk():
    """What is found in a big file stands where its name does, though small ones behind it are done long before."""
    make_tree({f"tree/{number:03}": b"needle" for number in range(100)})
    make_tree({"tree/big": b"." * (50 * BLOCK) + b"needle"})
    once = run("needle", "tree").out
    assert len(once.splitlines()) == 101
    for _ in range(3):
        expect(run("needle", "tree"), 0, once, "")


def obey_permissions():
    """To root nothing is forbidden, unless it gives that up before the program starts."""
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def test_graceful_map_goes_on_after_what_it_cannot_read():
    """A file and a folder that may not be read, and one that is not there: named, exit status 2, the rest is searched."""
    make_tree({"tree/a": b"needle", "tree/locked": b"needle", "tree/shut/file": b"needle", "tree/z": b"needle"})
    os.chmod("tree/locked", 0)
    os.chmod("tree/shut", 0)
    try:
        expect(run("needle", "tree", before=obey_permissions), 2, lambda out: sorted(out.splitlines()) == ["tree/a", "tree/z"],
               lambda err: sorted(err.splitlines()) == ["graceful_map: tree/locked: Permission denied",
                                                        "graceful_map: tree/shut: Permission denied"])
    finally:
        os.chmod("tree/shut", 0o700)


def test_graceful_map_says_what_is_not_there():
    """No such folder: named, exit status 2."""
    expect(run("needle", "nowhere"), 2, "", "graceful_map: nowhere: No such file or directory\n")


def start_stuck():
    """In the middle: every worker that it has is in a file that takes minutes, items wait behind them, and main for results."""
    os.makedirs("tree")
    for number in range(4 * len(os.sched_getaffinity(0))):
        with open(f"tree/huge{number}", "wb") as file:
            file.truncate(HUGE)
    process = start("needle", "tree")

    looks = 0

    def is_stuck():
        nonlocal looks
        # All threads but main and the attendant.  By number, for not every platform layer gives them names.
        workers = len(threads_of(process.pid)) - 2
        stuck = workers > 0 and workers == sum("/huge" in path for path in open_files_of(process.pid))
        # Main sleeps now and then while it walks, but not for long.
        looks = looks + 1 if stuck and state_of(process.pid) == "S" else 0
        return looks == LOOKS
    wait_for(is_stuck, "every worker in a huge file, and main waiting")
    return process


def test_graceful_map_ends_by_one_sigint_at_once():
    """SIGINT in the middle: dead of it at once, one line that counts what was begun and what was not."""
    process = start_stuck()
    result = expect(end_by(process, signal.SIGINT), -signal.SIGINT, "",
                    lambda err: err.count("\n") == 1 and "SIGINT" in err)
    assert result.seconds < 2 * AT_ONCE, result
    numbers = re.search(r": (\d+) of (\d+) files searched, (\d+) left in the middle, (\d+) never started\n", result.err)
    assert numbers, result
    searched, pulled, left, never = map(int, numbers.groups())
    assert searched == 0 and left > 0 and never > 0 and left + never == pulled, result


def test_graceful_map_left_alone_is_quiet():
    """Nothing on stderr when all went well."""
    make_tree({"tree/file": b"needle"})
    expect(run("needle", "tree"), 0, "tree/file\n", "")


def test_graceful_map_refuses_what_it_cannot_do():
    """Too few words, too many, a string longer than a block."""
    for words in ([], ["needle"], ["needle", ".", "."], ["x" * (BLOCK + 1), "."]):
        expect(run(*words), 2, "", "usage: graceful_map STRING FOLDER\n")


def test_graceful_map_says_when_nobody_can_read_it():
    """What could not be written is an error, though all went well."""
    make_tree({"tree/file": b"needle"})
    with open("/dev/full", "wb") as full:
        expect(run("needle", "tree", stdout=full), 2, err="graceful_map: standard output: Input/output error\n")


main(sys.modules[__name__].__dict__)
