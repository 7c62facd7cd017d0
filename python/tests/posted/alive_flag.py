# SPDX-License-Identifier: MIT
"""A task that loops while a flag says so, or that never looks (stuck); Ctrl-C is caught: alive_flag.py killable|stuck"""
import sys
import time

from told import ThreadPoolExecutor, say


class Looper:
    alive = True

    def killable(self):
        say("started")
        while self.alive:
            time.sleep(0.1)
        say("saw it")

    def stuck(self):
        say("started")
        while True:
            time.sleep(0.1)


looper = Looper()
try:
    with ThreadPoolExecutor(max_workers=1) as executor:
        future = executor.submit(getattr(looper, sys.argv[1]))
        say("main is in result")
        future.result()
except KeyboardInterrupt:
    say("caught")
    looper.alive = False
say("finished")
