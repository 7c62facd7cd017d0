# SPDX-License-Identifier: MIT
"""Future, and what the core is told once: whom to log to, and what its errors are called."""

import concurrent.futures as standard
import threading
import types
from concurrent.futures import _base
from concurrent.futures.thread import BrokenThreadPool

from . import _core


class DeadlockError(RuntimeError):
    """The wait could never end: the tasks in the message wait for each other."""


class Future(_core.Future, standard.Future):
    """What a task comes to: its result, its exception, or that it was cancelled."""

    __slots__ = ()
    __class_getitem__ = classmethod(getattr(types, "GenericAlias", lambda cls, item: cls))


def _announce(future):
    """Tell the waiters of the standard library's wait() and as_completed()."""
    with future._condition:
        for waiter in future._waiters:
            if future.cancelled():
                waiter.add_cancelled(future)
            elif future.exception() is not None:
                waiter.add_exception(future)
            else:
                waiter.add_result(future)
        future._condition.notify_all()


def _log_callback(future, exception):
    _base.LOGGER.error("exception calling callback for %r", future, exc_info=exception)


def _log_initializer():
    _base.LOGGER.critical("Exception in initializer:", exc_info=True)


_core._adopt(future=Future, standard_future=standard.Future, announce=_announce, log_callback=_log_callback,
             log_initializer=_log_initializer, condition=threading.Condition, cancelled_error=standard.CancelledError,
             timeout_error=standard.TimeoutError, deadlock_error=DeadlockError, broken_error=BrokenThreadPool)
_core._note_main_thread(threading.main_thread().ident)
