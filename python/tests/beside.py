# SPDX-License-Identifier: MIT
"""The posted programs beside the standard library: what each needs to end.

    python3 beside.py [MODULE]...       by default concurrent.futures and quiesce

Ctrl-C is typed when the tasks have started and the main thread sleeps, then again whenever the program has gone on for
two seconds more.  A table is printed, a row for each program and module: how often it was typed, seconds from the first
to the end (from the start, where none is needed), errors shown, "Exception ignored" lines, and how the program ended.
"""
import signal
import sys
import time

from terminal import Hang, posted

PATIENCE = 2            # from one Ctrl-C to the next
MOST = 5                # of them
ROW = "{:<36} {:<19} {:>6} {:>8} {:>10} {:>8}  {}"

WAITS = ("result", "result-timeout", "exception", "FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED", "as_completed",
         "map", "body", "exit", "shutdown")

# The name and words of each program that is to be stopped, and what it prints when it is there.
STOPPED = [
    *((("two_sleeps", where, how), ("started 0", "started 1", "main is in"))
      for how in ("with", "without") for where in WAITS),
    *((("map_caught", shape, 100, 2), ("started 0", "started 1"))
      for shape in ("not-iterated", "not-shut-down", "iterated", "iterated-inside", "already-returned")),
    (("quit_flag",), ("started 0", "started 1", "main is in")),
    (("alive_flag", "killable"), ("started", "main is in")),
    (("alive_flag", "stuck"), ("started", "main is in")),
]

# And of each that ends by itself, or should.
FAILING = [
    *((("fifth_of_nine", loop, way), ()) for loop in ("as_completed", "guarded", "in-order")
      for way in ("wait", "no-wait", "cancel")),
    (("fifth_of_nine", "in-order", "shutdown39"), ()),
    *((("first_exception", way), ()) for way in ("leave", "shutdown", "map")),
]


def how_it_ended(program):
    if program.status is None:
        return "killed by this script: it hangs"
    if program.status < 0:
        return signal.Signals(-program.status).name
    return f"exit {program.status}"


def stop(program, ready):
    """Ctrl-C until it ends or we give up; returns the seconds that took."""
    program.wait_for(*ready)
    program.wait_for_sleep()
    began = program.press()
    while True:
        try:
            return program.finish(PATIENCE) - began
        except Hang:
            if program.presses == MOST:
                return time.monotonic() - began
            program.press()


def await_end(program):
    try:
        return program.finish() - program.began
    except Hang:
        return time.monotonic() - program.began


def print_row(module, words, ready):
    with posted(*words, module=module) as program:
        seconds = stop(program, ready) if ready else await_end(program)
        print(ROW.format(" ".join(map(str, words)), module, program.presses, f"{seconds:.2f}", program.tracebacks,
                         program.ignored, how_it_ended(program)), flush=True)


def main():
    modules = sys.argv[1:] or ["concurrent.futures", "quiesce"]
    print(ROW.format("program", "module", "Ctrl-C", "seconds", "tracebacks", "ignored", "end"))
    for words, ready in STOPPED + FAILING:
        for module in modules:
            print_row(module, words, ready)


if __name__ == "__main__":
    main()
