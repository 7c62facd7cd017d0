# SPDX-License-Identifier: MIT
"""ThreadPoolExecutor: its life, map, and the ways down.

Everything for one task is in the core (submit, the workers); here is what decides.  No lock is held
anywhere: a signal handler may call each method at any instant.
"""

import collections
import functools
import itertools
import os
import queue
import sys
import threading
import time
import warnings
import weakref
from concurrent.futures import _base
from concurrent.futures.thread import BrokenThreadPool
from concurrent.futures.thread import ThreadPoolExecutor as StandardExecutor

from . import _core, _exit

_DRAIN, _CANCEL, _STOP = range(3)       # qs_shutdown_mode

Straggler = collections.namedtuple("Straggler", "function future seconds")
Straggler.__doc__ = "A task that had to be left behind: what was called, its future, how long it had been running."

Report = collections.namedtuple("Report", "complete submitted finished failed stopped cancelled abandoned stragglers")
Report.__doc__ = """What an executor's life came to.

complete says whether every task had ended; the numbers are of tasks, by their end; stragglers lists
what still ran when there was no more time."""

Stats = collections.namedtuple("Stats", "workers idle max_workers submitted pending running"
                                        " finished failed stopped cancelled abandoned")
Stats.__doc__ = "What an executor is doing, at about one moment."


class _WorkItem:
    """A pending task that was taken out of the pool by hand."""

    def __init__(self, future, fn, args, kwargs):
        self.future = future
        self.fn = fn
        self.args = args
        self.kwargs = kwargs or {}

    def run(self):
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self.fn(*self.args, **self.kwargs)
        except BaseException as error:
            self.future.set_exception(error)
            self = None         # no cycle with the traceback
        else:
            self.future.set_result(result)


class _Dropped(_WorkItem):
    """The same; who cancels its future announces that, as the pool would have."""

    def __init__(self, future, fn, args, kwargs):
        super().__init__(future, fn, args, kwargs)
        self.future = _Announcing(future)


class _Announcing:
    """A future taken in hand: cancel() is not silent."""

    def __init__(self, future):
        self._future = future

    def __getattr__(self, name):
        return getattr(self._future, name)

    def cancel(self):
        if not self._future.cancel():
            return False
        if self._future._state == _base.CANCELLED:
            self._future.set_running_or_notify_cancel()
        return True


class _WorkQueue:
    """What subclasses look for in `_work_queue`: the pending tasks, to be drained, and a place to put None."""

    def __init__(self, executor):
        self._executor = executor

    def get_nowait(self):
        item = self._executor._take_pending()
        if item is None:
            raise queue.Empty
        return _Dropped(*item)

    def get(self, block=True, timeout=None):
        return self.get_nowait()

    def put(self, item, block=True, timeout=None):
        """None wakes the workers, which leave if the executor is shut down; a work item is run."""
        if item is not None:
            self._executor.submit(item.run)
        elif self._executor._shutdown:
            self._executor._close(_DRAIN)

    put_nowait = put

    def qsize(self):
        return self._executor._pending()

    def empty(self):
        return self.qsize() == 0


def _start_thread(prefix, threads, house):
    thread = threading.Thread(name="%s_%d" % (prefix, len(threads)), target=_core.work, args=(house,), daemon=True)
    threads.add(thread)
    _exit.note_thread(thread)
    try:
        thread.start()
    except Exception:           # there is no thread; after a KeyboardInterrupt there may be one
        threads.discard(thread)
        raise


# From 3.13 on the standard library counts those that this process may use.
_cpu_count = getattr(os, "process_cpu_count", os.cpu_count)


def _check_count(count):
    if count <= 0:
        raise ValueError("max_workers must be greater than 0")


class ThreadPoolExecutor(_core.Executor, StandardExecutor):
    """Runs tasks in threads, and stops them cleanly."""

    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=(), *,
                 max_pending=None, grace=0.1, on_error="cancel"):
        """Make an executor; its threads are started when there are tasks.

        max_workers: how many threads at most; by default the CPUs and 4 more, at most 32.
        thread_name_prefix: what the threads are called.
        initializer, initargs: called in each thread before its first task.
        max_pending: how many tasks may wait for a thread before submit() waits; None = any number.
        grace: when a `with` block is left by an exception, for how many seconds what runs is waited
            for after it was told to stop; None = without end.
        on_error: "cancel", or "wait" for the standard library's way: such a `with` block runs everything
            that is pending first.
        """
        if max_workers is None:
            max_workers = min(32, (_cpu_count() or 1) + 4)
        _check_count(max_workers)
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        if max_pending is not None and max_pending <= 0:
            raise ValueError("max_pending must be greater than 0")
        if on_error not in ("cancel", "wait"):
            raise ValueError("on_error must be 'cancel' or 'wait'")
        self._max_workers = max_workers
        self._max_pending = max_pending
        self._thread_name_prefix = thread_name_prefix or "ThreadPoolExecutor-%d" % self._counter()
        self._initializer = initializer
        self._initargs = tuple(initargs)
        self._grace = grace
        self._on_error = on_error
        self._report = None
        self._shutdown_lock = threading.RLock()         # for subclasses; nothing here takes it
        self._build()

    def _build(self):
        self._threads = set()
        self._open(self._max_workers, self._max_pending or 0,
                   functools.partial(_start_thread, self._thread_name_prefix, self._threads),
                   self._initializer, self._initargs)
        _exit.note_executor(self)

    _after_fork = _build

    if sys.version_info < (3, 9):       # where fn could still be given by its name
        def submit(*args, **kwargs):
            if len(args) == 1 and "fn" in kwargs:
                warnings.warn("Passing 'fn' as keyword argument is deprecated", DeprecationWarning, stacklevel=2)
                args += (kwargs.pop("fn"),)
            return _core.Executor.submit(*args, **kwargs)

        submit.__doc__ = _core.Executor.submit.__doc__

    @property
    def _work_queue(self):
        return _WorkQueue(self)

    # ------------------------------------------------------------------------------------ map

    def map(self, fn, *iterables, timeout=None, chunksize=1, buffersize=None):
        """Call fn with an item of each iterable, in parallel; iterate over the results in order.

        timeout: how many seconds the results may take in all; then TimeoutError.
        chunksize: without effect, for there are no processes.
        buffersize: how many tasks may be submitted whose results were not taken; None = all at once.

        What the iteration meets first in time as an error stops new items from starting; the error is
        raised in its turn.
        """
        if buffersize is not None and not isinstance(buffersize, int):
            raise TypeError("buffersize must be an integer or None")
        if buffersize is not None and buffersize < 1:
            raise ValueError("buffersize must be None or > 0")
        deadline = None if timeout is None else timeout + time.monotonic()
        items = zip(*iterables)
        flight = _Flight(self, fn)
        if buffersize is None:
            flight.fill(items)
            return flight.results((), deadline)
        flight.fill(itertools.islice(items, buffersize))
        return flight.results(items, deadline)

    # ----------------------------------------------------------------------------- the ways down

    def shutdown(self, wait=True, *, cancel_futures=False, timeout=None):
        """Take no more tasks.

        wait: return when every task has ended.  A Ctrl-C ends the wait.
        cancel_futures: cancel what has not begun, and tell everybody who waits for it.
        timeout: wait so many seconds at most, tell what still runs to stop, and leave it behind: the
            end of the interpreter does not wait for it either.  The Report that is returned says what
            that was.
        """
        self._close(_CANCEL if cancel_futures else _DRAIN)
        if timeout is not None:
            report = self._finish(time.monotonic() + timeout)
            if not report.complete:
                _exit.give_up(self)
            return report
        if wait:
            self._join_threads(None)
        return None

    def _join_threads(self, deadline):
        """True if all have ended by then.

        Thread.join() alone will not do: one that a Ctrl-C interrupts may take its thread for ended.
        """
        if not self._await_workers(None if deadline is None else deadline - time.monotonic()):
            return False
        for thread in list(self._threads):
            if thread.ident is not None:
                thread.join()
        return True

    def _finish(self, deadline):
        if not self._join_threads(deadline):
            self._close(_STOP)
        stragglers = [Straggler(*entry) for entry in self._running()]
        complete, *counts = self._join(0 if stragglers else 1)
        self._report = Report(complete, *counts, stragglers if not complete else [])
        return self._report

    def _leave_behind(self):
        """Tell everything to stop, wait for the grace, and leave behind what has not ended."""
        self._close(_STOP)
        if self._grace is None:
            self._join_threads(None)
        else:
            self._finish(time.monotonic() + self._grace)

    def _drain(self):
        self._close(_DRAIN)

    def __exit__(self, kind, value, traceback):
        """A Ctrl-C during the wait is an exception that leaves the block, too."""
        if kind is not None and self._on_error == "cancel":
            self._leave_behind()
            return False
        try:
            self.shutdown(wait=True)
        except BaseException:
            if self._on_error == "cancel":
                self._leave_behind()
            raise
        return False

    # ------------------------------------------------------------------------------- inspection

    @property
    def report(self):
        """The Report of shutdown(timeout=...) or of a `with` block that an exception has left; else None."""
        return self._report

    def stats(self):
        """What the executor is doing: Stats."""
        return Stats(*self._counts())

    def dump(self, file=None):
        """Write for people what each thread does, to standard error if file is None."""
        file = sys.stderr if file is None else file
        stats = self.stats()
        print("%s: %d workers of %d, %d pending, %d running" % (
            self._thread_name_prefix, stats.workers, stats.max_workers, stats.pending, stats.running), file=file)
        for function, _, seconds in self._running():
            print("  %s for %.1f s" % (getattr(function, "__qualname__", repr(function)), seconds), file=file)


class _Flight:
    """The tasks of one map.  It keeps nobody's executor alive."""

    def __init__(self, executor, fn):
        self.executor = weakref.ref(executor)
        self.fn = fn
        self.futures = collections.deque()
        self.failed = False

    def fill(self, items):
        executor = self.executor()
        if executor is None:
            return
        for item in items:
            if self.failed:
                return
            future = executor.submit(self.fn, *item)
            self.futures.append(future)
            future._on_failure(self.stop_after)

    def stop_after(self, failed):
        """The first failure in time: later items that have not begun are not to."""
        if self.failed:
            return
        self.failed = True
        futures = list(self.futures)
        if failed in futures:
            futures = futures[futures.index(failed) + 1:]
        for future in reversed(futures):
            future.cancel()

    def cancel_all(self):
        self.failed = True
        for future in list(self.futures):
            future.cancel()

    def results(self, items, deadline):
        """items: of which one more is submitted after each result; () if all were."""
        futures = self.futures
        try:
            while futures:
                yield _result_or_cancel(futures.popleft(), deadline)
                if items and not self.failed:
                    self.fill(itertools.islice(items, 1))
        finally:
            self.cancel_all()


def _result_or_cancel(future, deadline):
    try:
        return future.result(None if deadline is None else deadline - time.monotonic())
    except BaseException:
        future.cancel()
        raise
    finally:
        del future
