#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keep mirrors of git repositories in step; Ctrl-C ends every git at once.

    mirror.py FOLDER REPOSITORY...

FOLDER/NAME.git becomes a mirror of each REPOSITORY (a path or a URL): it is cloned if it is not there yet, else
fetched.  Exit status 1 if one could not be.

Each git is a process group of its own, which the terminal's Ctrl-C does not reach: so it is we who end it, and what it
has started, and a git that is told to end removes a clone that is not whole.  Needs Linux, and Python 3.9.
"""
import os
import pathlib
import select
import signal
import subprocess
import sys

from quiesce import CancelledError, ThreadPoolExecutor, as_completed, current_stop

GRACE = 5               # seconds that a git may take to clean up


def git(*words):
    """Run git to its end; a stop ends it, with all its children."""
    stop = current_stop()
    with subprocess.Popen(["git", *words], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          start_new_session=True) as process:
        ended = os.pidfd_open(process.pid)
        select.select([ended, stop], [], [])
        os.close(ended)
        if stop.requested and process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        _, complaint = process.communicate()
    if stop.requested:
        raise CancelledError
    if process.returncode != 0:
        raise RuntimeError(complaint.strip())


def mirror(repository, folder):
    name = repository.rstrip("/").rpartition("/")[2]
    target = folder / (name if name.endswith(".git") else name + ".git")
    if target.exists():
        git("-C", str(target), "fetch", "--quiet", "--prune")
    else:
        git("clone", "--quiet", "--mirror", repository, str(target))


def main(folder, *repositories):
    folder = pathlib.Path(folder)
    failed = in_step = 0
    try:
        with ThreadPoolExecutor(max_workers=4, grace=GRACE) as executor:
            ends = {executor.submit(mirror, repository, folder): repository for repository in repositories}
            for end in as_completed(ends):
                if end.exception():
                    failed += 1
                    print(f"mirror: {ends[end]}: {end.exception()}", file=sys.stderr)
                else:
                    in_step += 1
    except KeyboardInterrupt:
        print(f"mirror: stopped; {in_step} of {len(repositories)} are in step", file=sys.stderr)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)      # so that a script that called us stops too
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
