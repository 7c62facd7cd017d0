# SPDX-License-Identifier: MIT
"""Run many tasks at once and stop them cleanly: a drop-in for the threads of concurrent.futures.

    from quiesce import ThreadPoolExecutor, as_completed

    with ThreadPoolExecutor() as executor:
        for future in as_completed([executor.submit(work, item) for item in items]):
            print(future.result())

One Ctrl-C ends this at once: what has not begun is cancelled, what runs is asked to stop, and the
KeyboardInterrupt is out in a quarter of a second.  A task hears of it by current_stop() or sleep().
"""

from concurrent.futures import (ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, BrokenExecutor, CancelledError, Executor,
                                InvalidStateError, TimeoutError)

from ._core import Stop, current_stop, sleep
from ._core import version as __version__
from ._executor import BrokenThreadPool, Report, Stats, Straggler, ThreadPoolExecutor
from ._future import DeadlockError, Future
from ._waits import as_completed, wait

__all__ = [
    "ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION",
    "BrokenExecutor", "BrokenThreadPool", "CancelledError", "DeadlockError", "InvalidStateError", "TimeoutError",
    "Executor", "Future", "ThreadPoolExecutor", "as_completed", "wait",
    "Report", "Stats", "Stop", "Straggler", "current_stop", "sleep",
]
