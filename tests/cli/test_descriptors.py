# SPDX-License-Identifier: MIT
"""Descriptors: what a job finds open, and what happens where ours are closed."""
import os
import pathlib

from support import expect, main, run

def closing(*fds):
    def close():
        for fd in fds:
            os.close(fd)
    return close


def test_E6_closed_descriptors_are_not_taken_by_our_files():
    """Any of 0 to 2 closed: the run works, and nothing of ours is read or written in their place."""
    for closed in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)):
        expect(run("-j2", "sh", "-c", "echo x >file.$0", ":::", "1", "2", before=closing(*closed)), status=0)
        assert pathlib.Path("file.1").read_text() == pathlib.Path("file.2").read_text() == "x\n"


def test_E6_closed_input_is_an_error():
    """<&-: there are no items to be had, and that is said."""
    expect(run("echo", before=closing(0)), status=1, err="quiesce: standard input: Bad file descriptor\n")


def test_E6_jobs_read_dev_null():
    """A job cannot eat the items of the others."""
    expect(run("-j1", "sh", "-c", "readlink /proc/self/fd/0; cat", given=b"1\n2\n"), status=0, out="/dev/null\n" * 2)
    expect(run("-j1", "-u", "sh", "-c", "cat", given=b"1\n2\n"), status=0, out="")


def test_D11_jobs_have_no_other_descriptors():
    """Neither ours nor those that we were given."""
    inherited = os.open("/", os.O_RDONLY)
    for option in ("-j3", "-uj3"):
        # The fourth is the folder that ls itself reads.
        expect(run(option, "ls", ":::", "/proc/self/fd", pass_fds=[inherited]), status=0, out="0\n1\n2\n3\n")


if __name__ == "__main__":
    main(globals())
