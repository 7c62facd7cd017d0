# SPDX-License-Identifier: MIT
"""The fifth of nine tasks fails, and the pool is shut down where the failure is seen: fifth_of_nine.py LOOP WAY

LOOP    as_completed (as it is posted), guarded (the same, which looks for cancelled futures), in-order (through the
        list, with all states before each step)
WAY     wait, no-wait, cancel, or shutdown39: a subclass with the shutdown() of 3.9, for older Pythons
"""
import queue
import sys
import time

from told import ThreadPoolExecutor, as_completed, say


class Pool(ThreadPoolExecutor):
    def shutdown39(self, wait=True, *, cancel_futures=False):
        with self._shutdown_lock:
            self._shutdown = True
            if cancel_futures:
                while True:
                    try:
                        item = self._work_queue.get_nowait()
                    except queue.Empty:
                        break
                    if item is not None:
                        item.future.cancel()
            self._work_queue.put(None)      # wakes a worker, which wakes the next
        if wait:
            for thread in self._threads:
                thread.join()


def task(number):
    say("started", number)
    if number == 5:
        raise ValueError("number is 5")
    time.sleep(0.5)
    return number


def shut_down(pool):
    if way == "wait":
        pool.shutdown(wait=True)
    elif way == "no-wait":
        pool.shutdown(wait=False)
    elif way == "cancel":
        pool.shutdown(wait=False, cancel_futures=True)
    elif way == "shutdown39":
        pool.shutdown39(cancel_futures=True)


loop, way = sys.argv[1:]
with Pool(2) as pool:
    futures = [pool.submit(task, number) for number in range(1, 10)]
    for future in futures if loop == "in-order" else as_completed(futures):
        say("yield")
        if loop == "in-order":
            say([each._state for each in futures])
        if loop != "as_completed" and future.cancelled():
            say("cancelled")
            continue
        try:
            say("result", future.result())
        except ValueError as error:
            say("failed:", error)
            shut_down(pool)
say("Run complete")
