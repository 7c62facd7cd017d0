# SPDX-License-Identifier: MIT
"""./run on a terminal of its own: test_run.py ctrl-c|left-alone SOURCE [TIMES]

ctrl-c: Ctrl-C in the middle of it; the program's report must be the last thing on the screen, nothing may be left running,
and whoever started it must see a death by SIGINT.  left-alone: it ends by itself, and every copy was packed.
"""

import fcntl
import os
import re
import select
import signal
import sys
import termios
import time

SCALE = float(os.environ.get("QS_TEST_TIME_SCALE", "1"))
PATIENCE_S = 120 * SCALE
LEFT_ALONE_S = "3"


def start(source, seconds):
    """./run as the leader of a new session on a new terminal: (pid, our end of the terminal)."""
    ours, theirs = os.openpty()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
        for fd in (0, 1, 2):
            os.dup2(theirs, fd)
        os.closerange(3, 256)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.chdir(source)
        os.execv("./run", ["./run", seconds])
    os.close(theirs)
    return pid, ours


class Screen:
    """What was written to the terminal so far."""

    def __init__(self, fd):
        self.fd = fd
        self.text = ""

    def read(self, deadline):
        """More text; False at the end: nobody holds the terminal any more."""
        ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            sys.exit("FAIL: nothing came for too long; the screen:\n" + self.text)
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # EIO: the last one closed it
            return False
        self.text += data.decode(errors="replace")
        return bool(data)

    def wait_for(self, pattern, deadline):
        while not re.search(pattern, self.text):
            if not self.read(deadline):
                sys.exit("FAIL: ended before '%s'; the screen:\n%s" % (pattern, self.text))

    def read_all(self, deadline):
        while self.read(deadline):
            pass

    def last_line(self):
        """What one sees in the lowest line: a carriage return starts it again."""
        lines = [line.split("\r")[-1] for line in self.text.replace("\r\n", "\n").split("\n")]
        lines = [re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line) for line in lines]
        return [line for line in lines if line.strip()][-1]


def session_members(session):
    """Processes of that session that are not zombies."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % name) as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            found.append(int(name))
    return found


def left_running(session):
    """Who is still there, though what has just ended has a moment to be gone."""
    until = time.monotonic() + SCALE
    while (left := session_members(session)) and time.monotonic() < until:
        time.sleep(0.002)
    return left


def expect(ok, what, screen):
    if not ok:
        sys.exit("FAIL: %s; the screen:\n%s" % (what, screen.text))


def ctrl_c(source):
    deadline = time.monotonic() + PATIENCE_S
    pid, terminal = start(source, "30")
    screen = Screen(terminal)
    screen.wait_for(r"Press Ctrl-C(.|\n)*[1-9]\d* done, [1-9]\d* running", deadline)
    os.write(terminal, b"\x03")
    pressed = time.monotonic()
    screen.read_all(deadline)
    _, status = os.waitpid(pid, 0)
    took = time.monotonic() - pressed
    os.close(terminal)

    expect(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT, "status %#x, no death by SIGINT" % status, screen)
    expect(re.search(r"stopped by SIGINT: \d+ done", screen.last_line()), "last line '%s'" % screen.last_line(), screen)
    left = left_running(pid)
    expect(not left, "left running: %s" % left, screen)
    packed = [name for name in os.listdir(source + "/build/run") if name.endswith(".gz")]
    done = int(re.search(r"stopped by SIGINT: (\d+) done", screen.text).group(1))
    stopped = int((re.search(r"(\d+) stopped", screen.text) or [0, 0])[1])
    # One that was asked may have been through with its file already; none may be lost.
    expect(done <= len(packed) <= done + stopped, "%d done, but %d packed" % (done, len(packed)), screen)
    print("%.3f s from Ctrl-C to the end: %s" % (took, screen.last_line()))


def left_alone(source):
    deadline = time.monotonic() + PATIENCE_S
    pid, terminal = start(source, LEFT_ALONE_S)
    screen = Screen(terminal)
    screen.read_all(deadline)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)

    with open(source + "/build/run/items") as file:
        items = file.read().split("\n")[:-1]
    expect(status == 0, "status %#x" % status, screen)
    expect(items and all(os.path.exists("%s/%s.gz" % (source, item)) for item in items), "a copy was not packed", screen)
    expect(re.search(r"\b%d done" % len(items), screen.last_line()), "last line '%s'" % screen.last_line(), screen)
    left = left_running(pid)
    expect(not left, "left running: %s" % left, screen)
    print(screen.last_line())


def main():
    case, source = sys.argv[1:3]
    times = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    for _ in range(times):
        {"ctrl-c": ctrl_c, "left-alone": left_alone}[case](source)


main()
