# SPDX-License-Identifier: MIT
"""The end of the interpreter, and fork.

Before the interpreter goes, what runs and what is pending is waited for, as the standard library
does; but not if a KeyboardInterrupt ended the program: then everything is told to stop, and what has
not ended after its grace is left behind.
"""

import os
import sys
import threading
import weakref

from . import _core

_executors = weakref.WeakSet()
_threads = weakref.WeakSet()
is_ending = False


def note_executor(executor):
    _executors.add(executor)


def note_thread(thread):
    """Also of an executor that nobody has any more: its tasks are still run."""
    _threads.add(thread)


def give_up(executor):
    """What it has left behind on request is not waited for."""
    _executors.discard(executor)
    for thread in executor._threads:
        _threads.discard(thread)


def _is_interrupted():
    last = getattr(sys, "last_exc", None)
    kind = type(last) if last is not None else getattr(sys, "last_type", None)
    return kind is not None and issubclass(kind, KeyboardInterrupt)


def _leave_at_once():
    for executor in list(_executors):
        if executor.report is None:     # else that was done when its block was left
            executor._leave_behind()


def _wait_for_all():
    for executor in list(_executors):
        executor._drain()
    for executor in list(_executors):
        executor._join_threads(None)
    for thread in list(_threads):       # of executors that nobody has any more
        if thread.ident is not None:
            thread.join()


def _before_exit():
    """Called when the main thread has ended, before the interpreter joins its threads."""
    global is_ending
    is_ending = True
    for executor in list(_executors):
        executor._end()
    if _is_interrupted():
        _leave_at_once()
        return
    try:
        _wait_for_all()
    except KeyboardInterrupt:
        _leave_at_once()


def _after_fork_in_child():
    _core._forget_worker()
    _core._note_main_thread(threading.get_ident())
    _executors.clear()          # the parent's; one that is used here is noted again
    _threads.clear()


def _register():
    register = getattr(threading, "_register_atexit", None)
    if register is not None:
        register(_before_exit)
    else:       # before 3.9
        import atexit
        atexit.register(_before_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork_in_child)


_register()
