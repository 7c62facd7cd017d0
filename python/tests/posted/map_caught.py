# SPDX-License-Identifier: MIT
"""A map, and a KeyboardInterrupt that is caught, with shutdown(cancel_futures=True): map_caught.py SHAPE SECONDS WORKERS

not-iterated        nobody asks for the results; the Ctrl-C comes while the block is left
not-shut-down       the same, and no shutdown()
iterated            caught around the block
iterated-inside     caught inside the block
already-returned    caught around map() alone, which has already returned when the Ctrl-C comes: so it is not caught
"""
import sys
import time

from told import ThreadPoolExecutor, say


def job(number):
    say("started", number)
    time.sleep(seconds)
    say("ended", number)
    return number


def give_up(executor):
    say("caught")
    executor.shutdown(cancel_futures=True)
    say("finished")


shape, seconds, workers = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
items = range(20)

if shape == "not-iterated":
    try:
        with ThreadPoolExecutor(max_workers=workers) as executor:
            executor.map(job, items)
    except KeyboardInterrupt:
        give_up(executor)

elif shape == "not-shut-down":
    try:
        with ThreadPoolExecutor(max_workers=workers) as executor:
            executor.map(job, items)
    except KeyboardInterrupt:
        say("caught")
    say("finished")

elif shape == "iterated":
    try:
        with ThreadPoolExecutor(max_workers=workers) as executor:
            for result in executor.map(job, items):
                say("result", result)
    except KeyboardInterrupt:
        give_up(executor)

elif shape == "iterated-inside":
    with ThreadPoolExecutor(max_workers=workers) as executor:
        try:
            for result in executor.map(job, items):
                say("result", result)
        except KeyboardInterrupt:
            give_up(executor)

elif shape == "already-returned":
    with ThreadPoolExecutor(max_workers=workers) as executor:
        try:
            results = executor.map(job, items)
        except KeyboardInterrupt:
            give_up(executor)
