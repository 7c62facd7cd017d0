# SPDX-License-Identifier: MIT
"""The way round that is posted most: a flag that the tasks look at once a second, set where Ctrl-C is caught."""
import time

from told import ThreadPoolExecutor, as_completed, say

quit = False


def task(number):
    say("started", number)
    for _ in range(100):
        if quit:
            say("saw it", number)
            return
        time.sleep(1)


with ThreadPoolExecutor(max_workers=2) as executor:
    futures = [executor.submit(task, number) for number in range(2)]
    try:
        say("main is in as_completed")
        for future in as_completed(futures):
            future.result()
    except KeyboardInterrupt:
        say("caught")
        quit = True
say("finished")
