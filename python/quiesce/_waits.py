# SPDX-License-Identifier: MIT
"""wait and as_completed: the core's for futures of our pools, the standard library's for all others."""

import time
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, TimeoutError
from concurrent.futures._base import DoneAndNotDoneFutures
# By name, now: programs put ours in their place.
from concurrent.futures._base import as_completed as _standard_as_completed
from concurrent.futures._base import wait as _standard_wait

from . import _core


def _deadline(timeout):
    return None if timeout is None else timeout + time.monotonic()


def _left(deadline):
    return None if deadline is None else deadline - time.monotonic()


def _yield_completed(fs, deadline):
    """fs is ours alone: who is handed a future is the only one that still has it."""
    total = len(fs)
    completed = _core.Completed(fs)
    fs.clear()
    del fs
    future = None
    while True:
        try:
            future = completed.next(_left(deadline))
        except TimeoutError:
            raise TimeoutError("%d (of %d) futures unfinished" % (len(completed.rest), total)) from None
        if future is None:
            return
        result = [future]
        del future
        yield result.pop()


def as_completed(fs, timeout=None):
    """Iterate over futures as they end.

    Each is yielded once, those that have ended already first.  Raises TimeoutError if they have not
    all ended after timeout seconds, counted from this call.
    """
    fs = list(dict.fromkeys(fs))
    if all(map(_core.is_pooled, fs)):
        return _yield_completed(fs, _deadline(timeout))
    return _standard_as_completed(fs, timeout)


def _is_failure(future):
    return not future.cancelled() and future.exception() is not None


_IS_ENOUGH = {FIRST_COMPLETED: lambda future: True, FIRST_EXCEPTION: _is_failure}


def _wait_until(fs, deadline, is_enough):
    completed = _core.Completed(fs)
    try:
        while True:
            future = completed.next(_left(deadline))
            if future is None or is_enough(future):
                return
    except TimeoutError:
        if deadline is None:    # a signal handler's
            raise


def wait(fs, timeout=None, return_when=ALL_COMPLETED):
    """Wait until some or all of the futures have ended.

    Returns a named pair of sets, `done` and `not_done`.  return_when is FIRST_COMPLETED,
    FIRST_EXCEPTION (all, or the first that fails) or ALL_COMPLETED; timeout is in seconds.
    """
    fs = set(fs)
    if not all(map(_core.is_pooled, fs)):
        return _standard_wait(fs, timeout, return_when)
    if return_when == ALL_COMPLETED:
        if _core.await_all(fs, timeout):
            return DoneAndNotDoneFutures(fs, set())
    elif return_when in _IS_ENOUGH:
        _wait_until(fs, _deadline(timeout), _IS_ENOUGH[return_when])
    else:
        raise ValueError("Invalid return condition: %r" % return_when)
    done = {future for future in fs if future.done()}
    return DoneAndNotDoneFutures(done, fs - done)
