# SPDX-License-Identifier: MIT
"""What the tests of the program share: run it, watch it, and see that it leaves nothing behind.

A test is a function whose name begins with test_; its sentence is its docstring.  `python3 test_x.py NAME` runs one of
them in a folder of its own, which is the current one.  The test process is a subreaper, so whatever the program leaves
running becomes a process below it, is found at the end, and is a failure.

Events are ordered by files that jobs make and by descriptors that are closed, never by sleeping.  Bounds on time grow
with QS_TEST_TIME_SCALE.
"""
import ctypes
import inspect
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

PROGRAM = os.path.abspath(os.environ.get("QS_PROGRAM", "build/quiesce"))
SCALE = float(os.environ.get("QS_TEST_TIME_SCALE", "1"))
PATIENCE = 20 * SCALE           # what any event may take before the test gives up on it
AT_ONCE = 1 * SCALE             # generous for what is to wait for nothing; what waits by mistake does so for longer
TRIES = 5                       # see within()
PR_SET_CHILD_SUBREAPER = 36
EXIT_SKIP = 77

# A job that says it is there (a file named after its item) and then does nothing for long.
SLEEPER = ["sh", "-c", "> started.$1; exec sleep 1000", "sh", "{}"]


class Skip(Exception):
    """The test cannot run here; the text says why."""


class Result:
    """How a program ended: status as the shell has it in $?, or -N if signal N killed it; and how long that took."""

    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    def __repr__(self):
        return f"status {self.status} in {self.seconds:.2f} s\nout: {self.out!r}\nerr: {self.err!r}"


def start(*words, before=None, **options):
    """The program, with pipes unless told otherwise.  `before` is done in the child before it becomes the program."""
    for stream in ("stdin", "stdout", "stderr"):
        options.setdefault(stream, subprocess.PIPE)

    def begin():
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        if before:
            before()

    return subprocess.Popen([PROGRAM, *words], preexec_fn=begin, **options)


def finish(process, given=None, began=None):
    """Wait for the end of a started program; the seconds are those since `began`, or since now."""
    began = time.monotonic() if began is None else began
    out, err = process.communicate(given, timeout=3 * PATIENCE)
    return Result(process.returncode, (out or b"").decode(errors="replace"), (err or b"").decode(errors="replace"),
                  time.monotonic() - began)


def run(*words, given=b"", **options):
    """The program from start to end."""
    began = time.monotonic()
    return finish(start(*words, **options), given if options.get("stdin") is None else None, began)


def end_by(process, number):
    """One signal to a started program, and how it ended; the seconds are those since the signal."""
    began = time.monotonic()
    process.send_signal(number)
    return finish(process, began=began)


def expect(result, status=None, out=None, err=None):
    """Compare; a string must be equal, a function must return true for the text."""
    for name, wanted in (("status", status), ("out", out), ("err", err)):
        got = getattr(result, name)
        if wanted is not None and not (wanted(got) if callable(wanted) else got == wanted):
            raise AssertionError(f"{name} is {got!r}, wanted {wanted!r}\n{result!r}")
    return result


def contains(*texts):
    return lambda got: all(text in got for text in texts)


def wait_for(condition, what, seconds=PATIENCE):
    """Look until it is true.  For events that cannot be waited for in any better way."""
    until = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"waited {seconds:.1f} s for {what}")
        time.sleep(0.002)
    return value


def wait_for_files(*names):
    for name in names:
        wait_for(pathlib.Path(name).exists, f"the file {name}")


def read_until(fd, text, seconds=PATIENCE):
    """Read from a descriptor until a text has come; returns everything that was read."""
    got = b""
    until = time.monotonic() + seconds
    while text not in got:
        ready, _, _ = select.select([fd], [], [], max(0, until - time.monotonic()))
        block = os.read(fd, 65536) if ready else b""
        if not block:
            raise AssertionError(f"waited for {text!r}, got {got!r}")
        got += block
    return got


def wait_out_copies():
    """Until one more signal is one more request: copies within 250 ms are the same one, and the first may be taken in late."""
    time.sleep(0.25 + 0.5 * SCALE)


def within(seconds, measure):
    """A promise of so many seconds, kept by measure(), which returns how long it took and is called in a folder of its own.

    A busy machine breaks it now and then, a program that waits for something does so each time.
    """
    home = os.getcwd()
    took = []
    while len(took) < TRIES and not (took and took[-1] < seconds * SCALE):
        os.chdir(tempfile.mkdtemp(dir=home))
        took.append(measure())
        os.chdir(home)
    assert took[-1] < seconds * SCALE, f"{seconds} s were promised, it took {took}"


# A process, its threads and its descriptors come and go while we look, so whatever is listed may be gone before it is read.

def _read_each(folder, read):
    """What read(PATH) gives for each entry of a folder that is still there, by name; nothing if there is no folder."""
    found = {}
    try:
        names = os.listdir(folder)
    except OSError:
        return found
    for name in names:
        try:
            found[name] = read(f"{folder}/{name}")
        except OSError:
            pass
    return found


def _read_text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def open_files_of(pid):
    """What a process has open: the paths, or what the kernel calls things without one."""
    return list(_read_each(f"/proc/{pid}/fd", os.readlink).values())


def has_open(pid, path):
    return os.path.realpath(path) in open_files_of(pid)


def threads_of(pid):
    """The fields of /proc/PID/task/THREAD/status of each thread, by thread."""
    def read(folder):
        return dict(line.split(":\t", 1) for line in _read_text(f"{folder}/status").splitlines() if ":\t" in line)

    return _read_each(f"/proc/{pid}/task", read)


def is_asleep(thread):
    """Whether one of threads_of() waits for something."""
    return thread["State"].startswith("S")


def are_asleep(threads):
    """Whether there are any, and all of them wait."""
    return bool(threads) and all(map(is_asleep, threads.values()))


def switches_of(thread):
    """How often one of threads_of() has been switched away from."""
    return int(thread["voluntary_ctxt_switches"]) + int(thread["nonvoluntary_ctxt_switches"])


def children_of(pid):
    texts = _read_each(f"/proc/{pid}/task", lambda folder: _read_text(f"{folder}/children"))
    return [int(word) for text in texts.values() for word in text.split()]


def state_of(pid):
    """The letter of /proc/PID/stat: R, S, T...; X if it is gone."""
    try:
        return _read_text(f"/proc/{pid}/stat").rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def is_alive(pid):
    return state_of(pid) not in "ZX"


def below(pid):
    """All living processes below one."""
    found, todo = [], children_of(pid)
    while todo:
        child = todo.pop()
        todo += children_of(child)
        if is_alive(child):
            found.append(child)
    return found


def runner_of(process):
    """The second process of the program, which does the work."""
    return wait_for(lambda: children_of(process.pid), "the runner")[0]


def wait_for_standstill(pid):
    """Until a process and all below it have been stopped: none of them does anything any more.

    A shell in vfork() cannot be (D): it waits for a child that was, before its exec.
    """
    wait_for(lambda: state_of(pid) == "T" and all(state_of(each) in "TD" for each in below(pid)), "all to stand still")


def command_line(pid):
    try:
        return _read_text(f"/proc/{pid}/cmdline").replace("\0", " ")
    except OSError:
        return "?"


def is_sanitized():
    """Whether the program was built with a sanitizer, whose memory is not the program's."""
    code = pathlib.Path(PROGRAM).read_bytes()
    return b"__asan_init" in code or b"__tsan_init" in code


class Terminal:
    """The program on a terminal, started by something like a shell with job control.

    The shell is a session leader between us and the program, so that the program's process group is not an orphaned
    one, where the terminal could not stop it.  It reports each change of the program's state.
    """

    def __init__(self, *words, in_background=False):
        report, report_end = os.pipe()
        orders, self.orders = os.pipe()
        self.shell, self.fd = os.forkpty()
        if self.shell == 0:
            os.close(report)
            os.close(self.orders)
            self._be_shell(words, report_end, orders, in_background)
        os.close(report_end)
        os.close(orders)
        self.report = report
        self.pid = int(self._next_report())
        self.seen = b""

    @staticmethod
    def _be_shell(words, report, orders, in_background):
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        pid = os.fork()
        if pid == 0:
            os.close(report)
            os.close(orders)
            os.setpgid(0, 0)
            if not in_background:
                os.tcsetpgrp(0, os.getpid())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            os.execv(PROGRAM, [PROGRAM, *words])
        try:
            os.setpgid(pid, pid)
        except OSError:
            pass
        os.write(report, f"{pid}\n".encode())
        while True:
            _, status = os.waitpid(pid, os.WUNTRACED | os.WCONTINUED)
            if os.WIFSTOPPED(status):
                os.write(report, f"stopped by {signal.Signals(os.WSTOPSIG(status)).name}\n".encode())
                os.read(orders, 1)
                os.tcsetpgrp(0, pid)
                os.killpg(pid, signal.SIGCONT)
            elif os.WIFCONTINUED(status):
                os.write(report, b"continued\n")
            else:
                if os.WIFSIGNALED(status):
                    os.write(report, f"killed by {signal.Signals(os.WTERMSIG(status)).name}\n".encode())
                else:
                    os.write(report, f"exit {os.WEXITSTATUS(status)}\n".encode())
                os._exit(0)

    def _next_report(self):
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.report], [], [], 3 * PATIENCE)
            block = os.read(self.report, 1) if ready else b""
            if not block:
                raise AssertionError(f"the program's state did not change; so far {line!r}; screen {self.screen()!r}")
            line += block
        return line.decode().strip()

    def type(self, keys):
        os.write(self.fd, keys)

    def expect_state(self, wanted):
        """The next change of the program's state."""
        got = self._next_report()
        if got != wanted:
            raise AssertionError(f"{got}, wanted {wanted}; screen {self.screen()!r}")

    def bring_to_front(self):
        """What a shell's `fg` does with a stopped job."""
        os.write(self.orders, b"f")

    def wait_for_text(self, text):
        until = time.monotonic() + PATIENCE
        while text not in self.seen:
            if not self._read_some(max(0, until - time.monotonic())):
                raise AssertionError(f"waited for {text!r} on the screen, got {self.seen!r}")

    def _read_some(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        try:
            block = os.read(self.fd, 65536) if ready else b""
        except OSError:
            block = b""
        self.seen += block
        return block

    def screen(self):
        """All that was ever written to the terminal."""
        while self._read_some(0.05):
            pass
        return self.seen.decode(errors="replace")

    def lines(self):
        """What a reader sees at last: each line after the last return to its beginning that wrote something."""
        shown = []
        for line in self.screen().split("\r\n"):
            cells = []
            at = 0
            for letter in line:
                if letter == "\r":
                    at = 0
                elif letter == "\b":
                    at = max(0, at - 1)
                else:
                    cells[at:at + 1] = [letter]
                    at += 1
            shown.append("".join(cells).rstrip())
        return [line for line in shown if line]

    def close(self):
        for fd in (self.fd, self.report, self.orders):
            if fd >= 0:
                os.close(fd)

    def hang_up(self):
        """The terminal goes away, as when its window is closed."""
        os.close(self.fd)
        self.fd = -1


def _bury():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _nothing_left():
    _bury()
    return not below(os.getpid())


def check_nothing_left():
    """Nothing that the program started lives on.  What was killed a moment ago has a moment to be gone."""
    try:
        wait_for(_nothing_left, "the end of all processes", AT_ONCE)
    except AssertionError:
        left = [f"{pid}: {command_line(pid)}" for pid in below(os.getpid())]
        raise AssertionError("left running: " + "; ".join(left)) from None


def _end_leftovers():
    for pid in below(os.getpid()):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    wait_for(_nothing_left, "the end of what was killed")


def _check_signals(test):
    """Under the thread sanitizer a program that sleeps in a futex does not hear of its signal before it wakes up."""
    if os.environ.get("QS_TEST_LATE_SIGNALS") and "end_by(" in inspect.getsource(test):
        raise Skip("the thread sanitizer keeps signals back from a program that sleeps")


def _run_one(test):
    folder = tempfile.mkdtemp(prefix="quiesce-test-")
    home = os.getcwd()
    os.chdir(folder)
    try:
        _check_signals(test)
        test()
        check_nothing_left()
        return 0
    except Skip as reason:
        print(f"SKIP: {reason}")
        return EXIT_SKIP
    except Exception:
        print(f"{test.__name__}: {test.__doc__}\n")
        traceback.print_exc()
        return 1
    finally:
        try:
            _end_leftovers()
        finally:
            os.chdir(home)
            shutil.rmtree(folder, ignore_errors=True)


def main(module):
    """Run the tests that the command line names, or all of them."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if not os.access(PROGRAM, os.X_OK):
        sys.exit(f"{PROGRAM}: not there (QS_PROGRAM names the program)")
    tests = {name: test for name, test in module.items() if name.startswith("test_")}
    worst = 0
    for name in sys.argv[1:] or tests:
        status = _run_one(tests[name])
        if len(sys.argv) != 2:
            print(f"{name}: {'ok' if status == 0 else 'SKIP' if status == EXIT_SKIP else 'FAILED'}", flush=True)
        worst = max(worst, status) if status != EXIT_SKIP or len(sys.argv) == 2 else worst
    sys.exit(worst)
