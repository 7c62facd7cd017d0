#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Download the pages that an index names, several at a time; Ctrl-C ends it at once and leaves no half page.

    download_index.py URL FOLDER

URL is a text with the name of a page on each line; pages lie beside it.  A page gets its name when it is whole.  Pages
that are there are not asked for again, so after a Ctrl-C the same command goes on where it was.  Exit status 1 if a
page could not be had.
"""
import pathlib
import signal
import socket
import sys
import urllib.parse
import urllib.request

from quiesce import CancelledError, ThreadPoolExecutor, as_completed, current_stop

SECONDS = 30            # a server that says nothing for so long is given up
PART = ".part"


def leave_if_told(*_):
    if current_stop().requested:
        raise CancelledError


def download(url, path):
    part = path.with_name(path.name + PART)
    urllib.request.urlretrieve(url, part, reporthook=leave_if_told)
    part.rename(path)


def download_all(index, folder):
    """Returns how many are missing."""
    with urllib.request.urlopen(index) as response:
        names = [pathlib.PurePosixPath(line).name for line in response.read().decode().splitlines()]
    missing = {name: folder / name for name in names if not (folder / name).exists()}
    failed = 0
    try:
        with ThreadPoolExecutor(max_workers=8) as executor:
            pages = {executor.submit(download, urllib.parse.urljoin(index, urllib.parse.quote(name)), path): name
                     for name, path in missing.items()}
            for page in as_completed(pages):
                if page.exception():
                    failed += 1
                    print(f"download_index: {pages[page]}: {page.exception()}", file=sys.stderr)
    finally:
        for part in folder.glob("*" + PART):            # also of a page that hung when we left it
            part.unlink()
    return failed


def main(index, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    socket.setdefaulttimeout(SECONDS)
    try:
        return 1 if download_all(index, folder) else 0
    except KeyboardInterrupt:
        print("download_index: stopped; the same command goes on", file=sys.stderr)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        return signal.raise_signal(signal.SIGINT)       # so that a script that called us stops too
    except OSError as error:
        print(f"download_index: {index}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
