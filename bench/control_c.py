#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""control_c.py [RUNS]: from SIGINT until examples/control_c is dead, as its parent sees it; 100 runs.

QS_PROGRAM names the program, build/examples/control_c unless told otherwise.
"""
import os
import signal
import statistics
import subprocess
import sys
import time

PROGRAM = os.environ.get("QS_PROGRAM", "build/examples/control_c")


def wait_for_both(process):
    seen = b""
    while seen.count(b" is waiting...\n") < 2:
        block = os.read(process.stdout.fileno(), 4096)
        if not block:
            sys.exit(f"control_c.py: {PROGRAM} ended by itself")
        seen += block
    time.sleep(0.01)                    # printed, and now about to sleep; nobody can see that it does


def take():
    """Milliseconds from the signal to the end."""
    with subprocess.Popen([PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, restore_signals=True,
                          preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as process:
        wait_for_both(process)
        began = time.monotonic_ns()
        os.kill(process.pid, signal.SIGINT)
        _, status = os.waitpid(process.pid, 0)
        ended = time.monotonic_ns()
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != -signal.SIGINT:
        sys.exit(f"control_c.py: {PROGRAM} ended with {process.returncode}")
    return (ended - began) / 1e6


def machine():
    with open("/proc/cpuinfo") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    system = os.uname()
    return (f"{models[0] if models else system.machine}, {len(os.sched_getaffinity(0))} CPUs usable, "
            f"{system.sysname} {system.release}, load {os.getloadavg()[0]:.1f}")


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    taken = sorted(take() for _ in range(runs))
    print(f"\ncontrol_c: from SIGINT until the program is dead\n{machine()}\n{runs} runs")
    print(f"median {statistics.median(taken):.2f} ms, worst {taken[-1]:.2f} ms, best {taken[0]:.2f} ms")


main()
