# SPDX-License-Identifier: MIT
"""Future, and what the core is told once: whom to log to, and what its errors are called."""

import threading
import types
from concurrent.futures import CancelledError, TimeoutError, _base
from concurrent.futures import Future as StandardFuture
from concurrent.futures.thread import BrokenThreadPool

from . import _core


class DeadlockError(RuntimeError):
    """The wait could never end: the tasks in the message wait for each other."""


class Future(_core.Future, StandardFuture):
    """What a task comes to: its result, its exception, or that it was cancelled."""

    __slots__ = ()
    __class_getitem__ = classmethod(getattr(types, "GenericAlias", lambda cls, item: cls))

    def __repr__(self):
        state = self._state
        words = "<%s at %#x state=%s" % (type(self).__name__, id(self), _base._STATE_TO_DESCRIPTION_MAP[state])
        if state != _base.FINISHED:
            return words + ">"
        if self._exception is None:
            return "%s returned %s>" % (words, type(self._result).__name__)
        return "%s raised %s>" % (words, type(self._exception).__name__)


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


def _log_initializer(exception):
    _base.LOGGER.critical("Exception in initializer:", exc_info=exception)


_core._adopt(future=Future, standard_future=StandardFuture, announce=_announce, log_callback=_log_callback,
             log_initializer=_log_initializer, condition=threading.Condition, cancelled_error=CancelledError,
             timeout_error=TimeoutError, deadlock_error=DeadlockError, broken_error=BrokenThreadPool)
_core._note_main_thread(threading.main_thread().ident)
