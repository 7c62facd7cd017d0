# SPDX-License-Identifier: MIT
"""The public face of concurrent.futures: `import quiesce.futures as futures` changes one line of a program.

ThreadPoolExecutor, Future, wait and as_completed are ours; the rest is the standard library's own.
"""

import concurrent.futures as _standard

from concurrent.futures import InvalidStateError

from ._executor import BrokenThreadPool, ThreadPoolExecutor
from ._future import Future
from ._waits import as_completed, wait

# The last is public, but not in the list of older versions.
_HERE = {"BrokenThreadPool", "ThreadPoolExecutor", "Future", "as_completed", "wait", "InvalidStateError"}

__all__ = sorted(_HERE | (set(_standard.__all__) - {"thread", "process", "interpreter"}))


def __getattr__(name):
    """The process pool and what newer versions have, when it is asked for: importing it takes time."""
    if name in _standard.__all__:
        return getattr(_standard, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__
