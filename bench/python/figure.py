#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""figure.py SIDE NAME [WORKERS]: takes one figure in this process and prints it, a number.

SIDE is quiesce or standard, the module whose executor is measured; NAME is a function of FIGURES.  Whoever starts it starts
it anew for each figure: what one leaves to the collector and to malloc would be in the next.
"""
import os
import sys
import threading
import time

if sys.argv[1] == "quiesce":
    import quiesce as module
else:
    import concurrent.futures as module

TASKS = 100000
PAGE = os.sysconf("SC_PAGE_SIZE")


def nothing():
    pass


def nothing_with(item):
    pass


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE


def ns_per_task(began):
    return (time.perf_counter_ns() - began) / TASKS


def submit_all(executor):
    submit = executor.submit
    return [submit(nothing) for _ in range(TASKS)]


class held_up:
    """An executor with one worker, which does not come to the tasks inside the block."""

    def __init__(self):
        self.is_held_up = threading.Event()
        self.may_go_on = threading.Event()
        self.executor = module.ThreadPoolExecutor(1)

    def hold_up(self):
        self.is_held_up.set()
        self.may_go_on.wait()

    def __enter__(self):
        self.executor.submit(self.hold_up)
        self.is_held_up.wait()
        return self.executor

    def __exit__(self, *_):
        self.may_go_on.set()
        self.executor.shutdown()


# ------------------------------------------------------------------------------------------ each is ns per task

def result(workers):
    with module.ThreadPoolExecutor(workers) as executor:
        began = time.perf_counter_ns()
        for future in submit_all(executor):
            future.result()
        return ns_per_task(began)


def submit(workers):
    with held_up() as executor:
        began = time.perf_counter_ns()
        futures = submit_all(executor)
        taken = ns_per_task(began)
        del futures
        return taken


def map(workers):
    with module.ThreadPoolExecutor(workers) as executor:
        began = time.perf_counter_ns()
        for _ in executor.map(nothing_with, range(TASKS)):
            pass
        return ns_per_task(began)


def wait(workers):
    with module.ThreadPoolExecutor(workers) as executor:
        began = time.perf_counter_ns()
        done, _ = module.wait(submit_all(executor))
        taken = ns_per_task(began)
        assert len(done) == TASKS
        return taken


def as_completed(workers):
    with module.ThreadPoolExecutor(workers) as executor:
        began = time.perf_counter_ns()
        count = sum(1 for _ in module.as_completed(submit_all(executor)))
        taken = ns_per_task(began)
        assert count == TASKS
        return taken


# ----------------------------------------------------------------------------------------------------- one by one

def middle(take, times):
    return sorted(take() for _ in range(times))[times // 2]


def round_trip(workers):
    """ns from the submit to the result, the median; before each the worker has had the time to fall asleep."""
    with module.ThreadPoolExecutor(workers) as executor:
        def take():
            time.sleep(0.0005)
            began = time.perf_counter_ns()
            executor.submit(nothing).result()
            return time.perf_counter_ns() - began

        return middle(take, 2000)


def whole_life(workers):
    """ns for an executor that is made, runs one task and is shut down, the median."""
    def take():
        began = time.perf_counter_ns()
        with module.ThreadPoolExecutor(workers) as executor:
            executor.submit(nothing).result()
        return time.perf_counter_ns() - began

    return middle(take, 1000)


# ----------------------------------------------------------------------------------------------------- what stays

def pending_bytes(workers):
    """Resident bytes per pending future."""
    futures = [None] * TASKS
    with held_up() as executor:
        before = resident_bytes()
        for index in range(TASKS):
            futures[index] = executor.submit(nothing)
        return (resident_bytes() - before) / TASKS


def growth(workers):
    """KiB by which the process has grown between the first 10^5 of 10^6 tasks, a thousand at a time, and the last."""
    with module.ThreadPoolExecutor(workers) as executor:
        def run(thousands):
            for _ in range(thousands):
                for future in [executor.submit(nothing) for _ in range(1000)]:
                    future.result()

        run(100)
        before = resident_bytes()
        run(900)
        return (resident_bytes() - before) / 1024


def sleeps_of(thread):
    with open("/proc/self/task/%s/status" % thread) as file:
        for line in file:
            if line.startswith("voluntary_ctxt_switches:"):
                return int(line.split()[1])
    raise ValueError("the kernel does not count how often thread %s sleeps" % thread)


def sleeps_of_others():
    """How often each thread but the main one has gone to sleep."""
    main = str(os.getpid())
    return {thread: sleeps_of(thread) for thread in os.listdir("/proc/self/task") if thread != main}


def wake_ups(workers):
    """How often the threads of a pool that has worked, and has nothing to do, wake up in 2 s."""
    with module.ThreadPoolExecutor(workers) as executor:
        for future in [executor.submit(time.sleep, 0.01) for _ in range(10 * workers)]:
            future.result()
        time.sleep(0.3)
        before = sleeps_of_others()
        time.sleep(2)
        after = sleeps_of_others()
    assert before.keys() == after.keys() and len(before) >= workers
    return sum(after.values()) - sum(before.values())


FIGURES = [result, submit, map, wait, as_completed, round_trip, whole_life, pending_bytes, growth, wake_ups]


def main():
    take = {figure.__name__: figure for figure in FIGURES}[sys.argv[2]]
    print(take(int(sys.argv[3])))


main()
