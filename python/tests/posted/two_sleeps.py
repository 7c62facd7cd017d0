# SPDX-License-Identifier: MIT
"""Two tasks in time.sleep(100), main somewhere, and nobody who catches the Ctrl-C: two_sleeps.py WHERE with|without"""
import sys
import time

import told
from told import ThreadPoolExecutor, as_completed, say, wait

SECONDS = 100


def task(number):
    say("started", number)
    time.sleep(SECONDS)
    say("ended", number)


def main_is_in(where, executor):
    if where == "map":
        results = executor.map(task, range(2))
    else:
        futures = [executor.submit(task, number) for number in range(2)]
    say("main is in", where)
    if where == "map":
        for _ in results:
            pass
    elif where == "result":
        futures[0].result()
    elif where == "result-timeout":
        futures[0].result(timeout=SECONDS)
    elif where == "exception":
        futures[0].exception()
    elif where == "as_completed":
        for future in as_completed(futures):
            future.result()
    elif where == "body":
        time.sleep(SECONDS)
    elif where == "shutdown":
        executor.shutdown()
    elif where != "exit":
        wait(futures, return_when=getattr(told, where))


where, how = sys.argv[1:]
if how == "with":
    with ThreadPoolExecutor(max_workers=2) as executor:
        main_is_in(where, executor)
else:
    executor = ThreadPoolExecutor(max_workers=2)
    main_is_in(where, executor)
