# SPDX-License-Identifier: MIT
"""What a type checker must take without a word.  Nobody runs this."""
import asyncio
import concurrent.futures
import select
import sys
from typing import Optional, Set

import quiesce
from quiesce import FIRST_EXCEPTION, Future, Report, Stats, ThreadPoolExecutor, as_completed, current_stop, sleep, wait
from quiesce import futures


def double(number: int, *, by: int = 2) -> int:
    stop = current_stop()
    if stop.requested or stop.wait(0.1):
        why: Optional[str] = stop.cause
        print(why)
    select.select([stop], [], [], 0)
    handle = stop.add_callback(lambda: print("asked"))
    stop.remove_callback(handle)
    sleep(0.5)
    return number * by


def begin(number: int, text: str) -> None:
    pass


def told(future: "Future[int]") -> None:
    future.stop()


def told_by_the_standard(future: "concurrent.futures.Future[int]") -> None:
    future.result()


def ours() -> None:
    with ThreadPoolExecutor(4, "name", begin, (1, "x"), max_pending=3, grace=None, on_error="wait") as executor:
        one = executor.submit(double, 3, by=4)
        one.add_done_callback(told)
        one.add_done_callback(told_by_the_standard)
        result: int = one.result(timeout=1)
        asked: bool = one.stop("no more")
        print(result, asked, list(executor.map(double, range(3), timeout=1, buffersize=2)))
        named = {executor.submit(double, number): number for number in range(3)}
        for future in as_completed(named, timeout=3):
            print(future.result() + named[future], future.stop())
        done, not_done = wait(named, return_when=FIRST_EXCEPTION)
        pending: "Set[Future[int]]" = wait(named).not_done
        print(done | not_done | pending)
        stats: Stats = executor.stats()
        print(stats.pending + 1)
        executor.dump(sys.stdout)
        report: Optional[Report] = executor.shutdown(timeout=3)
        for straggler in report.stragglers if report is not None else []:
            print(straggler.function, straggler.future, straggler.seconds)
        executor.shutdown(wait=False, cancel_futures=True)


def beside_the_standard(pool: concurrent.futures.ThreadPoolExecutor) -> concurrent.futures.Executor:
    ours, theirs = ThreadPoolExecutor().submit(double, 1), pool.submit(double, 1)
    for future in as_completed([ours, theirs]):
        print(future.result() + 1)
    print(concurrent.futures.wait([ours, theirs]), wait([theirs]).done)
    return ThreadPoolExecutor()


async def beside_asyncio(future: "Future[int]") -> int:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor())
    return await asyncio.wrap_future(future) + await loop.run_in_executor(ThreadPoolExecutor(), double, 1)


class Mine(futures.ThreadPoolExecutor):
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False, timeout: Optional[float] = None) -> None:
        super().shutdown(wait, cancel_futures=True)


def errors() -> None:
    try:
        Mine().submit(double, 1).result()
    except (quiesce.DeadlockError, quiesce.BrokenThreadPool, quiesce.CancelledError, futures.TimeoutError) as error:
        print(quiesce.__version__, error)
