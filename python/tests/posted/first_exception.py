# SPDX-License-Identifier: MIT
"""Forty jobs of a second, four at a time, of which the third fails at once: first_exception.py WAY

leave       wait(FIRST_EXCEPTION), and the error leaves the block
shutdown    the same, with shutdown(wait=False, cancel_futures=True) before it is raised again
map         list(executor.map(...))
"""
import sys
import time

from told import FIRST_EXCEPTION, ThreadPoolExecutor, say, wait


def job(number):
    say("started", number)
    if number == 2:
        say("failing")
        raise ValueError("the third job")
    time.sleep(1)


def run(executor):
    if way == "map":
        return list(executor.map(job, range(40)))
    futures = [executor.submit(job, number) for number in range(40)]
    done, _ = wait(futures, return_when=FIRST_EXCEPTION)
    try:
        return [future.result() for future in done]
    except ValueError:
        if way == "shutdown":
            executor.shutdown(wait=False, cancel_futures=True)
        raise


way = sys.argv[1]
try:
    with ThreadPoolExecutor(max_workers=4) as executor:
        run(executor)
except ValueError as error:
    say("out:", error)
