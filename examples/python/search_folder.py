#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Search every file below a folder for a string; Ctrl-C ends it at once and tells how far it came.

    search_folder.py STRING FOLDER

Prints each file that has it, in the order of the walk.  Exit status 0 if there was one, 1 if not, 2 if something could
not be read.  The walk goes on as files are asked for and never far ahead (buffersize), so a folder without end is no
trouble, and a file without end is left at the next block.
"""
import os
import signal
import sys

from quiesce import ThreadPoolExecutor, current_stop

BLOCK = 1 << 16


def files_below(folder, complain):
    """Each regular file; links are not followed."""
    for place, folders, names in os.walk(folder, onerror=complain):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(place, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def has(wanted, path):
    """Whether the file has it; None if we were told to stop before we knew."""
    stop = current_stop()
    end = b""       # of what was read so far, where the string may begin
    with open(path, "rb", buffering=0) as file:
        while not stop.requested:
            block = file.read(BLOCK)
            if not block:
                return False
            if wanted in end + block:
                return True
            end = (end + block)[-len(wanted):]
    return None


def main(wanted, folder):
    searched = found = troubles = 0

    def complain(error):
        nonlocal troubles
        troubles += 1
        print(f"search_folder: {error.filename}: {error.strerror}", file=sys.stderr)

    def search(path):
        try:
            return path, has(os.fsencode(wanted), path), None
        except OSError as error:        # no reason to leave the others
            return path, False, error

    try:
        with ThreadPoolExecutor() as executor:
            for path, has_it, error in executor.map(search, files_below(folder, complain), buffersize=100):
                searched += 1
                if error:
                    complain(error)
                elif has_it:
                    found += 1
                    print(path, flush=True)
    except KeyboardInterrupt:
        print(f"search_folder: stopped after {searched} files, {found} of which have it", file=sys.stderr)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)      # so that a script that called us stops too
    return 2 if troubles else 0 if found else 1


if __name__ == "__main__":
    if len(sys.argv) != 3 or not sys.argv[1]:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
