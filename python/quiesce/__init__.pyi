# SPDX-License-Identifier: MIT
#
# The types of the public names.  What the standard library's classes have already is not said again, but where ours takes
# more or returns something else.

from _typeshed import SupportsWrite
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures as standard
from concurrent.futures import (
    ALL_COMPLETED as ALL_COMPLETED,
    FIRST_COMPLETED as FIRST_COMPLETED,
    FIRST_EXCEPTION as FIRST_EXCEPTION,
    BrokenExecutor as BrokenExecutor,
    CancelledError as CancelledError,
    Executor as Executor,
    InvalidStateError as InvalidStateError,
    TimeoutError as TimeoutError,
)
from concurrent.futures.thread import BrokenThreadPool as BrokenThreadPool
from typing import Any, Generic, NamedTuple, TypeVar, type_check_only
from typing_extensions import Literal, ParamSpec, final

_T = TypeVar("_T")
_P = ParamSpec("_P")
# Ours or the standard library's: what goes in comes out.
_F = TypeVar("_F", bound=standard.Future[Any])

__all__ = [
    "ALL_COMPLETED",
    "FIRST_COMPLETED",
    "FIRST_EXCEPTION",
    "BrokenExecutor",
    "BrokenThreadPool",
    "CancelledError",
    "DeadlockError",
    "InvalidStateError",
    "TimeoutError",
    "Executor",
    "Future",
    "ThreadPoolExecutor",
    "as_completed",
    "wait",
    "Report",
    "Stats",
    "Stop",
    "Straggler",
    "current_stop",
    "sleep",
]

__version__: str

class DeadlockError(RuntimeError): ...

# Futures and waits ---------------------------------------------------------------------------------------------------

class Future(standard.Future[_T]):
    def add_done_callback(self, fn: Callable[[Future[_T]], object]) -> None: ...
    def stop(self, reason: str | None = None) -> bool: ...

# The standard library's; not a name of this package's, but of what wait() returns.
@type_check_only
class _DoneAndNotDoneFutures(NamedTuple, Generic[_F]):
    done: set[_F]
    not_done: set[_F]

def as_completed(fs: Iterable[_F], timeout: float | None = None) -> Iterator[_F]: ...
def wait(
    fs: Iterable[_F], timeout: float | None = None, return_when: str = "ALL_COMPLETED"
) -> _DoneAndNotDoneFutures[_F]: ...

# The executor --------------------------------------------------------------------------------------------------------

class Straggler(NamedTuple):
    function: Callable[..., Any]
    future: Future[Any]
    seconds: float

class Report(NamedTuple):
    complete: bool
    submitted: int
    finished: int
    failed: int
    stopped: int
    cancelled: int
    abandoned: int
    stragglers: list[Straggler]

class Stats(NamedTuple):
    workers: int
    idle: int
    max_workers: int
    submitted: int
    pending: int
    running: int
    finished: int
    failed: int
    stopped: int
    cancelled: int
    abandoned: int

class ThreadPoolExecutor(standard.ThreadPoolExecutor):
    def __init__(
        self,
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        *,
        max_pending: int | None = None,
        grace: float | None = 0.1,
        on_error: Literal["cancel", "wait"] = "cancel",
    ) -> None: ...
    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]: ...
    def map(
        self,
        fn: Callable[..., _T],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        buffersize: int | None = None,
    ) -> Iterator[_T]: ...
    # The standard one returns nothing, so nobody looks at it who does not know ours.
    def shutdown(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, wait: bool = True, *, cancel_futures: bool = False, timeout: float | None = None
    ) -> Report | None: ...
    @property
    def report(self) -> Report | None: ...
    def stats(self) -> Stats: ...
    def dump(self, file: SupportsWrite[str] | None = None) -> None: ...

# What a running task is told -----------------------------------------------------------------------------------------

@final
class Stop:
    @property
    def requested(self) -> bool: ...
    @property
    def cause(self) -> str | None: ...
    def wait(self, timeout: float | None = None) -> bool: ...
    def fileno(self) -> int: ...
    # What it returns is what remove_callback() takes, and nothing else.
    def add_callback(self, fn: Callable[[], object], /) -> object: ...
    def remove_callback(self, handle: object, /) -> None: ...

def current_stop() -> Stop: ...
def sleep(seconds: float, /) -> None: ...
