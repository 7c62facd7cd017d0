# SPDX-License-Identifier: MIT
import sys
from concurrent.futures import (
    ALL_COMPLETED as ALL_COMPLETED,
    FIRST_COMPLETED as FIRST_COMPLETED,
    FIRST_EXCEPTION as FIRST_EXCEPTION,
    BrokenExecutor as BrokenExecutor,
    CancelledError as CancelledError,
    Executor as Executor,
    InvalidStateError as InvalidStateError,
    ProcessPoolExecutor as ProcessPoolExecutor,
    TimeoutError as TimeoutError,
)

from . import (
    BrokenThreadPool as BrokenThreadPool,
    Future as Future,
    ThreadPoolExecutor as ThreadPoolExecutor,
    as_completed as as_completed,
    wait as wait,
)

if sys.version_info >= (3, 14):
    from concurrent.futures import InterpreterPoolExecutor as InterpreterPoolExecutor
