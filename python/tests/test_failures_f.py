# SPDX-License-Identifier: MIT
"""The rows F1 to F10 of the catalogue of failures, by their ids: the Python module and the interpreter around it."""
import gc
import itertools
import logging
import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
import unittest
import weakref

import programs
from programs import PATIENCE, SCALE, soak_or

INTERRUPTED_WITHIN = 0.05 * SCALE       # F2: from the signal to the KeyboardInterrupt


class Falsy(Exception):
    """An exception that looks like nothing at all."""

    def __bool__(self):
        return False

    def __len__(self):
        return 0

    def __eq__(self, other):
        raise AssertionError("exceptions are not to be compared")

    __hash__ = None


class Needy(Exception):
    """Cannot be pickled: its arguments are not those of its class."""

    def __init__(self, one, two):
        super().__init__("needy")
        self.lock = threading.Lock()


class Beyond(BaseException):
    pass


class F1(unittest.TestCase):
    """CPython's own tests: cpython.py runs them; here, that it runs them on our classes."""

    def test_F1_a_broken_class_is_found(self):
        here = os.path.dirname(os.path.abspath(__file__))
        done = subprocess.run([sys.executable, os.path.join(here, "cpython.py"), "--prove", programs.MODULE],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
        if done.returncode == 77:
            self.skipTest(done.stdout)
        self.assertEqual(0, done.returncode, done.stdout)


# ---------------------------------------------------------------------------------------------- F2, Ctrl-C in a wait

def _waits(q, pool, gate):
    """Each way to wait for a future that ends when the gate opens: name, call, what it returns then."""
    future = programs.occupy(pool, 1, gate)[0]
    return [
        ("result", lambda: future.result(), True),
        ("result with a timeout", lambda: future.result(PATIENCE), True),
        ("exception", lambda: future.exception(), None),
        ("wait", lambda: len(q.wait([future]).done), 1),
        ("wait, first", lambda: len(q.wait([future], return_when=q.FIRST_COMPLETED).done), 1),
        ("wait, exception", lambda: len(q.wait([future], PATIENCE, q.FIRST_EXCEPTION).done), 1),
        ("wait, two of them", lambda: len(q.wait([future, q.Future()], return_when=q.FIRST_COMPLETED).done), 1),
        ("as_completed", lambda: next(q.as_completed([future])), future),
        ("as_completed with a timeout", lambda: next(q.as_completed([future], PATIENCE)), future),
        ("shutdown", lambda: pool.shutdown(), None),
    ]


def _interrupt_after(seconds, begun, at):
    def shoot():
        begun.wait(PATIENCE)
        if seconds:
            time.sleep(seconds)         # a random instant
        at.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    gun = threading.Thread(target=shoot)
    gun.start()
    return gun


def _an_instant():
    """How long after the call has begun; 0 is just then, and the likeliest to meet its way to sleep."""
    return random.choice((0, 0, random.random() * 0.002))


def _interrupted(call, seconds):
    """How long after the signal the KeyboardInterrupt was there; the call never ends by itself."""
    begun, at = threading.Event(), []
    gun = _interrupt_after(seconds, begun, at)
    try:
        begun.set()
        call()
        raise AssertionError("the call has returned")
    except KeyboardInterrupt:
        took = time.monotonic() - at[0]
    gun.join()
    return took


def interrupt_waits(q):
    """Each wait is interrupted at random instants, then works: late interrupts are printed."""
    rounds = soak_or(20, 1000)
    took = []
    for number in range(10):
        gate = threading.Event()
        pool = q.ThreadPoolExecutor(1)
        name, call, value = _waits(q, pool, gate)[number]
        if name == "wait, two of them" and sys.version_info < (3, 9):
            rounds_here = 0             # a mixture is the standard library's to wait for, which may miss it there
        else:
            rounds_here = rounds
        for _ in range(rounds_here):
            took.append((_interrupted(call, _an_instant()), name))
        gate.set()
        assert call() == value, name
        pool.shutdown()
    late = sorted((each for each in took if each[0] > INTERRUPTED_WITHIN), reverse=True)
    print(f"{len(took)} interrupted, {len(late)} late, worst {late[0] if late else max(took)}")


def interrupt_map(q):
    """next() of a map's results: interrupted, the iteration is over, and the pool works."""
    late = 0
    with q.ThreadPoolExecutor(2) as pool:
        for _ in range(soak_or(20, 1000)):
            gate = threading.Event()
            results = pool.map(lambda n: gate.wait(PATIENCE), range(4))
            late += _interrupted(lambda: next(results), _an_instant()) > INTERRUPTED_WITHIN
            gate.set()
            assert pool.submit(pow, 2, 5).result() == 32
    print(f"late: {late}")


def interrupt_busy(q):
    """Interrupts at random instants of submit, result, wait and map of short tasks: nothing is lost, the pool works."""
    lost = 0
    for _ in range(soak_or(200, 10000)):
        futures, begun, at = [], threading.Event(), []
        pool = q.ThreadPoolExecutor(2)
        gun = _interrupt_after(random.random() * 0.003, begun, at)
        try:
            begun.set()
            while True:
                futures.append(pool.submit(int))
                futures[-1].result()
                q.wait(futures[-3:])
                list(q.as_completed(futures[-3:]))
                list(pool.map(int, "123"))
        except KeyboardInterrupt:
            pass
        gun.join()
        assert pool.submit(pow, 2, 5).result() == 32
        pool.shutdown()
        lost += sum(not future.done() for future in futures)
    print(f"lost: {lost}")


class F2(unittest.TestCase):
    def test_F2_ctrl_c_ends_each_wait(self):
        ended = programs.run(interrupt_waits, deadline=soak_or(2, 80) * PATIENCE)
        self.assertEqual(0, ended.status, ended)
        count, late = (int(part.split()[0]) for part in ended.last_line.split(", ")[:2])
        self.assertEqual((10 if sys.version_info >= (3, 9) else 9) * soak_or(20, 1000), count)
        self.assertLessEqual(late, count // 50, ended)         # a busy machine is late now and then

    def test_F2_ctrl_c_ends_map(self):
        ended = programs.run(interrupt_map, deadline=soak_or(2, 80) * PATIENCE)
        self.assertEqual(0, ended.status, ended)
        self.assertLessEqual(int(ended.last_line.split()[1]), 1, ended)

    def test_F2_ctrl_c_anywhere_leaves_the_pool_whole(self):
        ended = programs.run(interrupt_busy, deadline=soak_or(2, 80) * PATIENCE)
        self.assertEqual((0, "lost: 0"), (ended.status, ended.last_line), ended)


# ------------------------------------------------------------------------------------------ F3, a handler's calls

def handlers_that_call(q):
    """A handler calls submit and shutdown of the pool that the main thread is in, at random instants."""
    lost = 0
    calls = itertools.cycle([
        lambda pool: pool.shutdown(wait=True, cancel_futures=True),
        lambda pool: pool.shutdown(wait=False),
        lambda pool: pool.shutdown(wait=True),
        lambda pool: (kept.append(pool.submit(int)), pool.shutdown(wait=False, cancel_futures=True)),
        lambda pool: (kept.extend(pool.submit(int) for _ in range(3)), q.wait(kept), pool.shutdown()),
    ])
    for _ in range(soak_or(200, 10000)):
        kept = []
        pool, call = q.ThreadPoolExecutor(2), next(calls)
        signal.signal(signal.SIGTERM, lambda number, frame: call(pool))
        shot, seconds = threading.Event(), random.random() * 0.003

        def shoot():
            time.sleep(seconds)         # a random instant
            os.kill(os.getpid(), signal.SIGTERM)
            shot.set()

        gun = threading.Thread(target=shoot)
        gun.start()
        futures = []
        try:
            while True:
                futures.append(pool.submit(int))
        except RuntimeError:
            assert shot.wait(PATIENCE)
        gun.join()
        pool.shutdown()
        lost += sum(not future.done() for future in futures + kept)
    print(f"lost: {lost}")


class F3(unittest.TestCase):
    def test_F3_submit_and_shutdown_in_a_handler(self):
        ended = programs.run(handlers_that_call, deadline=soak_or(2, 80) * PATIENCE)
        self.assertEqual((0, "lost: 0"), (ended.status, ended.last_line), ended)


# ------------------------------------------------------------------------------------------------- F4, the end

def _tasks(q, name):
    """A pool with one task that runs and three that wait for it; each prints when it is done."""
    global pool         # lives as long as the module does, as in most programs
    pool = q.ThreadPoolExecutor(1)
    running = threading.Event()

    def task(n):
        running.set()
        time.sleep(0.2)         # is still at it when the main program ends
        print(f"{name} {n}", flush=True)

    for n in range(4):
        pool.submit(task, n)
    running.wait(PATIENCE)
    return pool


def end_normally(q):
    _tasks(q, "done")


def end_by_sys_exit(q):
    _tasks(q, "done")
    sys.exit(3)


def end_by_exception(q):
    _tasks(q, "done")
    raise ValueError("the end")


def end_after_shutdown(q):
    _tasks(q, "done").shutdown(wait=False)


def end_after_cancelling_shutdown(q):
    _tasks(q, "done").shutdown(wait=False, cancel_futures=True)


def end_in_with_by_exception(q):
    with _tasks(q, "done"):
        raise ValueError("the end")


def end_in_with_by_sys_exit(q):
    with _tasks(q, "done"):
        sys.exit(3)


def end_by_interrupt(q):
    _tasks(q, "done")
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(PATIENCE)


def end_in_with_by_interrupt(q):
    with _tasks(q, "done"):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(PATIENCE)


def end_by_os_exit(q):
    _tasks(q, "done")
    os._exit(5)


def end_by_a_signal(q):
    _tasks(q, "done")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)


def end_by_os_exit_in_a_task(q):
    q.ThreadPoolExecutor(1).submit(os._exit, 6).result()


def end_with_sys_exit_in_a_task(q):
    """It is the task's exception, and nobody's end."""
    future = q.ThreadPoolExecutor(1).submit(sys.exit, 7)
    print(type(future.exception()).__name__)


def end_with_an_atexit_that_waits(q):
    """Functions of atexit may wait for what was submitted before, and read results."""
    import atexit
    global pool
    pool = q.ThreadPoolExecutor(1)
    future = pool.submit(pow, 2, 5)
    atexit.register(lambda: print(future.result(PATIENCE), len(q.wait([future]).done), flush=True))


def end_with_an_atexit_that_submits(q):
    import atexit
    global pool
    pool = q.ThreadPoolExecutor(1)
    pool.submit(int).result()

    def last():
        try:
            pool.submit(int).result(PATIENCE)
            print("it ran")
        except RuntimeError as error:
            print(error)

    atexit.register(last)


def end_with_a_daemon_thread_that_submits(q):
    pool = q.ThreadPoolExecutor(2)
    begun = threading.Event()

    def submit():
        while True:
            try:
                pool.submit(int)
            except RuntimeError:
                return
            finally:
                begun.set()

    threading.Thread(target=submit, daemon=True).start()
    begun.wait(PATIENCE)


def end_with_a_daemon_thread_in_a_wait(q):
    """A thread that waits in C for what never comes, when the interpreter goes."""
    future, begun = q.Future(), threading.Event()
    pool = q.ThreadPoolExecutor(1)
    gate = threading.Event()
    programs.occupy(pool, 1, gate)
    pending = pool.submit(int)

    def wait(on):
        begun.set()
        on.result()

    for each in (future, pending):
        threading.Thread(target=wait, args=(each,), daemon=True).start()
    begun.wait(PATIENCE)
    gate.set()


def end_in_a_cycle(q):
    """The pool is garbage that was not collected."""
    cycle = {}
    cycle["pool"] = q.ThreadPoolExecutor(2)
    cycle["futures"] = [cycle["pool"].submit(lambda: cycle) for _ in range(10)]
    gc.disable()


def end_with_thousand_pending(q):
    global pool
    pool = q.ThreadPoolExecutor(2)
    count = itertools.count()
    for _ in range(1000):
        pool.submit(count.__next__)
    import atexit
    atexit.register(lambda: print(next(count), flush=True))


def end_with_a_task_left_behind(q):
    """It wakes while, or after, the interpreter goes."""
    global pool
    pool = q.ThreadPoolExecutor(8)
    running = threading.Barrier(9)

    def task(n):
        running.wait(PATIENCE)
        time.sleep(0.005 * n)
        return object()

    for n in range(8):
        pool.submit(task, n)
    running.wait(PATIENCE)
    report = pool.shutdown(timeout=0)
    print(f"left behind: {bool(report.stragglers) or report.complete}", flush=True)


def end_with_a_callback_that_submits(q):
    global pool
    pool = q.ThreadPoolExecutor(1)

    def again(future):
        try:
            pool.submit(int).add_done_callback(again)
        except RuntimeError:
            pass

    pool.submit(int).add_done_callback(again)


def end_without_ever_submitting(q):
    global pool
    pool = q.ThreadPoolExecutor(1)


ALL_DONE = "".join(f"done {n}\n" for n in range(4))
FIRST_DONE = "done 0\n"

# What ended how: program, status, everything on standard output, and a text on standard error ("" = nothing at all).
EXITS = [
    (end_normally, 0, ALL_DONE, ""),
    (end_by_sys_exit, 3, ALL_DONE, ""),
    (end_by_exception, 1, ALL_DONE, "ValueError: the end"),
    (end_after_shutdown, 0, ALL_DONE, ""),
    (end_after_cancelling_shutdown, 0, FIRST_DONE, ""),
    (end_in_with_by_exception, 1, FIRST_DONE, "ValueError: the end"),
    (end_in_with_by_sys_exit, 3, FIRST_DONE, ""),
    (end_by_interrupt, -signal.SIGINT, None, "KeyboardInterrupt"),
    (end_in_with_by_interrupt, -signal.SIGINT, None, "KeyboardInterrupt"),
    (end_by_os_exit, 5, "", ""),
    (end_by_a_signal, -signal.SIGTERM, "", ""),
    (end_by_os_exit_in_a_task, 6, "", ""),
    (end_with_sys_exit_in_a_task, 0, "SystemExit\n", ""),
    (end_with_an_atexit_that_waits, 0, "32 1\n", ""),
    (end_with_an_atexit_that_submits, 0, None, ""),
    (end_with_a_daemon_thread_that_submits, 0, "", ""),
    (end_with_a_daemon_thread_in_a_wait, 0, "", ""),
    (end_in_a_cycle, 0, "", ""),
    (end_with_thousand_pending, 0, None, ""),
    (end_with_a_task_left_behind, 0, "left behind: True\n", ""),
    (end_with_a_callback_that_submits, 0, "", ""),
    (end_without_ever_submitting, 0, "", ""),
]


class F4(unittest.TestCase):
    maxDiff = None

    def check(self, program, status, out, err):
        for _ in range(soak_or(3, 100)):
            ended = programs.run(program)
            self.assertEqual(status, ended.status, ended)
            if out is not None:
                self.assertEqual(out, ended.out, ended)
            if err:
                self.assertIn(err, ended.err)
                self.assertEqual(1, ended.err.count("Traceback"), ended)
            else:
                self.assertEqual("", ended.err)

    @unittest.skipIf(sys.version_info < (3, 9), "pools end among the atexit functions there, the last registered first")
    def test_F4_no_task_of_a_pool_is_lost_at_the_end(self):
        self.assertEqual("1000", programs.run(end_with_thousand_pending).last_line)

    def test_F4_an_interrupted_program_waits_for_nobody(self):
        """One task of 0.2 s runs, three are pending: none of these begins."""
        for program in (end_by_interrupt, end_in_with_by_interrupt):
            with self.subTest(program.__name__):
                self.assertNotIn("done 1", programs.run(program).out)

    def test_F4_submit_in_atexit_is_an_error(self):
        """From 3.9 on pools end before the functions of atexit are called; in 3.8 the last registered is the first."""
        ended = programs.run(end_with_an_atexit_that_submits)
        known = ["cannot schedule new futures after interpreter shutdown", "cannot schedule new futures after shutdown"]
        self.assertIn(ended.last_line, known + (["it ran"] if sys.version_info < (3, 9) else []), ended)


def _test_of_end(program, *wanted):
    return lambda self: self.check(program, *wanted)


for _exit in EXITS:
    setattr(F4, f"test_F4_{_exit[0].__name__}", _test_of_end(*_exit))


# --------------------------------------------------------------------------------------------------- F5, fork

def _child(work):
    """Fork; the child does work() and leaves without a clean-up: its status, SIGALRM if it hung."""
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(PATIENCE))
        try:
            os._exit(work() or 0)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(99)
    return os.waitpid(pid, 0)[1]


def fork_while_others_submit(q):
    pool = q.ThreadPoolExecutor(2)
    other = q.ThreadPoolExecutor(2)
    over = threading.Event()

    def submit():
        while not over.is_set():
            for future in [pool.submit(int) for _ in range(20)]:
                future.result()

    busy = [threading.Thread(target=submit) for _ in range(2)]
    for each in busy:
        each.start()

    def in_the_child():
        assert pool.submit(pow, 2, 5).result() == 32
        assert list(other.map(abs, [-1, -2])) == [1, 2]
        with q.ThreadPoolExecutor(1) as fresh:
            assert fresh.submit(pow, 2, 5).result() == 32
        pool.shutdown()
        other.shutdown()

    statuses = {_child(in_the_child) for _ in range(soak_or(100, 1000))}
    over.set()
    for each in busy:
        each.join()
    assert pool.submit(pow, 2, 5).result() == 32
    print(f"statuses: {statuses}")


def fork_in_a_task(q):
    """The child's only thread is in a task of a pool that is not there any more."""
    pool = q.ThreadPoolExecutor(2)

    def in_the_child():
        assert pool.submit(pow, 2, 5).result() == 32
        with q.ThreadPoolExecutor(1) as fresh:
            assert fresh.submit(pow, 2, 5).result() == 32

    statuses = {pool.submit(_child, in_the_child).result() for _ in range(soak_or(50, 1000))}
    print(f"statuses: {statuses}")


def fork_and_leave_as_a_program(q):
    """The child ends by the interpreter's end, with a pool whose workers are the parent's."""
    pool = q.ThreadPoolExecutor(2)
    gate = threading.Event()
    programs.occupy(pool, 2, gate)
    pool.submit(print, "once", flush=True)
    pid = os.fork()
    if pid == 0:
        signal.alarm(int(PATIENCE))
        return
    status = os.waitpid(pid, 0)[1]
    gate.set()
    pool.shutdown()
    print(f"status: {status}")


def fork_with_pending_futures(q):
    """What the parent's workers will never do for the child: its futures do not end, waits for them do, or are errors."""
    pool = q.ThreadPoolExecutor(1)
    gate = threading.Event()
    running = programs.occupy(pool, 1, gate)[0]
    pending, done = pool.submit(int), q.Future()
    done.set_result(3)

    def in_the_child():
        assert done.result() == 3
        for future in (running, pending):
            try:
                future.result(timeout=0.01)
                return 1
            except (q.TimeoutError, q.CancelledError, q.BrokenExecutor, RuntimeError):
                pass
        for call in (lambda: q.wait([running, pending], timeout=0.01), lambda: list(q.as_completed([pending], 0.01))):
            try:
                call()
            except (q.TimeoutError, RuntimeError):
                pass
        assert pool.submit(pow, 2, 5).result() == 32

    status = _child(in_the_child)
    gate.set()
    assert pending.result() == 0
    print(f"statuses: {{{status}}}")


def fork_by_multiprocessing(q):
    import multiprocessing
    context = multiprocessing.get_context("fork")
    global pool
    pool = q.ThreadPoolExecutor(2)
    assert pool.submit(int).result() == 0
    codes = set()
    for _ in range(soak_or(10, 100)):
        process = context.Process(target=_in_a_process)
        process.start()
        process.join(PATIENCE)
        codes.add(process.exitcode)
    print(f"statuses: {codes}")


def _in_a_process():
    assert pool.submit(pow, 2, 5).result() == 32


class F5(unittest.TestCase):
    def check(self, program):
        ended = programs.run(program, deadline=soak_or(2, 80) * PATIENCE)
        self.assertEqual((0, "statuses: {0}"), (ended.status, ended.last_line), ended)

    def test_F5_fork_while_other_threads_submit(self):
        self.check(fork_while_others_submit)

    def test_F5_fork_in_a_task(self):
        self.check(fork_in_a_task)

    def test_F5_fork_with_pending_futures(self):
        self.check(fork_with_pending_futures)

    def test_F5_fork_by_multiprocessing(self):
        self.check(fork_by_multiprocessing)

    def test_F5_the_child_ends_as_a_program(self):
        ended = programs.run(fork_and_leave_as_a_program)
        self.assertEqual((0, "once\nstatus: 0\n", ""), (ended.status, ended.out, ended.err), ended)


# ------------------------------------------------------------------------------------ F6, what a task may bring

class F6(unittest.TestCase):
    def setUp(self):
        self.q = programs.module()
        self.pool = self.q.ThreadPoolExecutor(1)
        self.worker = self.pool.submit(threading.get_ident).result()

    def tearDown(self):
        self.assertEqual(self.worker, self.pool.submit(threading.get_ident).result(PATIENCE), "another worker")
        self.pool.shutdown()

    def test_F6_what_cannot_be_pickled(self):
        def results():
            yield 1

        lock = threading.Lock()
        generator = self.pool.submit(results).result()
        self.assertEqual([1], list(generator))
        self.assertIs(lock, self.pool.submit(lambda each: each, lock).result())
        with self.assertRaises(Needy):
            self.pool.submit(self.raise_, Needy(1, 2)).result()

    @staticmethod
    def raise_(exception):
        raise exception

    def test_F6_each_exception_lands_in_the_future(self):
        for exception in (ValueError("x"), Falsy(), Needy(1, 2), Beyond(), SystemExit(3), KeyboardInterrupt(),
                          GeneratorExit(), StopIteration(4), StopAsyncIteration(), MemoryError(), RecursionError(),
                          self.q.CancelledError(), self.q.TimeoutError(), self.q.InvalidStateError()):
            with self.subTest(type(exception).__name__):
                future = self.pool.submit(self.raise_, exception)
                self.assertIs(exception, future.exception(PATIENCE))
                self.assertFalse(future.cancelled())
                self.assertTrue(future.done())
                with self.assertRaises(type(exception)):
                    future.result(PATIENCE)
                done, _ = self.q.wait([future], return_when=self.q.FIRST_EXCEPTION)
                self.assertEqual({future}, done)
                self.assertEqual([future], list(self.q.as_completed([future])))
                self.assertIn(f"raised {type(exception).__name__}", repr(future))

    def test_F6_a_falsy_exception_is_the_first_exception(self):
        gate = threading.Event()
        with self.q.ThreadPoolExecutor(2) as pool:
            held = programs.occupy(pool, 1, gate)
            failed = pool.submit(self.raise_, Falsy())
            done, not_done = self.q.wait(held + [failed], PATIENCE, self.q.FIRST_EXCEPTION)
            gate.set()
        self.assertEqual(([failed], held), (list(done), list(not_done)))

    def test_F6_what_is_no_function(self):
        for nonsense in (3, None, "f", object()):
            with self.subTest(nonsense):
                with self.assertRaises(TypeError):
                    self.pool.submit(nonsense).result(PATIENCE)
        with self.assertRaises(TypeError):
            self.pool.submit(lambda: 0, 1, 2, three=3).result(PATIENCE)

    def test_F6_a_future_as_a_result(self):
        inner = self.q.Future()
        self.assertIs(inner, self.pool.submit(lambda: inner).result())

    def test_F6_callbacks_that_raise(self):
        """The error is logged, the next callback is called, in order, with the future, in the worker."""
        gate, called = threading.Event(), []
        with self.q.ThreadPoolExecutor(1) as pool:
            programs.occupy(pool, 1, gate)
            future = pool.submit(threading.get_ident)
            future.add_done_callback(lambda each: called.append((1, each, threading.get_ident())))
            future.add_done_callback(lambda each: 1 // 0)
            future.add_done_callback(lambda each: called.append((2, each, threading.get_ident())))
            with self.assertLogs("concurrent.futures", "ERROR") as logs:
                gate.set()
                worker = future.result()
                pool.shutdown()
        self.assertEqual([(1, future, worker), (2, future, worker)], called)
        self.assertIn("exception calling callback for", logs.output[0])
        self.assertIn("ZeroDivisionError", logs.output[0])

    def test_F6_a_callback_that_raises_a_base_exception(self):
        """Nobody's worker dies of it, and it is told: as what cannot be raised, or in the log."""
        gate, told = threading.Event(), []
        handler = logging.Handler()
        handler.emit = told.append
        logger = logging.getLogger("concurrent.futures")
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        self.addCleanup(setattr, sys, "unraisablehook", sys.unraisablehook)
        sys.unraisablehook = lambda each: told.append(each.exc_type)
        with self.q.ThreadPoolExecutor(1) as pool:
            programs.occupy(pool, 1, gate)
            future = pool.submit(threading.get_ident)
            future.add_done_callback(lambda each: self.raise_(Beyond()))
            gate.set()
            self.assertEqual(future.result(), pool.submit(threading.get_ident).result(PATIENCE))
        self.assertEqual(1, len(told))

    def test_F6_an_exception_keeps_nothing_alive(self):
        """Neither the task's arguments nor the future hang in a cycle with the exception."""
        class Argument:
            pass

        gc.disable()
        self.addCleanup(gc.enable)
        argument = Argument()
        alive = weakref.ref(argument)

        def fail(it):
            raise ValueError("x")

        future = self.pool.submit(fail, argument)
        try:
            future.result()
        except ValueError:
            pass
        gone = weakref.ref(future)
        del future, argument
        self.pool.submit(int).result()
        self.assertIsNone(gone())
        self.assertIsNone(alive())

    def test_F6_a_cancelled_pool_future_is_announced_once(self):
        gate, called = threading.Event(), []
        with self.q.ThreadPoolExecutor(1) as pool:
            programs.occupy(pool, 1, gate)
            future = pool.submit(int)
            future.add_done_callback(called.append)
            self.assertTrue(future.cancel())
            self.assertEqual([future], called)
            self.assertTrue(future.cancel())
            self.assertEqual("CANCELLED_AND_NOTIFIED", future._state)
            gate.set()
        self.assertEqual([future], called)
        with self.assertRaises(self.q.CancelledError):
            future.result(0)


# ------------------------------------------------------------------------------------ F7, the last reference

def drop_in_a_task(q):
    pools = []
    for _ in range(soak_or(100, 10000)):
        pool = q.ThreadPoolExecutor(2)
        gate = threading.Event()
        pools.append(weakref.ref(pool))

        def task(it):
            gate.wait(PATIENCE)

        future, threads = pool.submit(task, pool), pool._threads
        del pool
        gate.set()
        future.result(PATIENCE)
        for thread in list(threads):
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a worker has not left"
        threads = thread = future = None
    print(f"left: {sum(each() is not None for each in pools)}")


def drop_in_a_collection(q):
    """The collector finds the pool, in a cycle, while it runs in one of its tasks."""
    pools = []
    for _ in range(soak_or(50, 5000)):
        cycle = {"pool": q.ThreadPoolExecutor(1)}
        cycle["cycle"] = cycle
        gate = threading.Event()
        pools.append(weakref.ref(cycle["pool"]))

        def task():
            gate.wait(PATIENCE)
            return gc.collect()

        future, threads = cycle["pool"].submit(task), cycle["pool"]._threads
        del cycle
        gate.set()
        future.result(PATIENCE)
        for thread in list(threads):
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a worker has not left"
        threads = thread = None
    print(f"left: {sum(each() is not None for each in pools)}")


def drop_in_a_callback(q):
    pools = []
    for _ in range(soak_or(100, 10000)):
        pool, gate = q.ThreadPoolExecutor(1), threading.Event()
        pools.append(weakref.ref(pool))
        held = [pool]
        future, threads = pool.submit(gate.wait), pool._threads
        future.add_done_callback(lambda each, held=held: held.clear())
        del pool
        gate.set()
        for thread in list(threads):
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a worker has not left"
        threads = thread = future = held = None
    print(f"left: {sum(each() is not None for each in pools)}")


def drop_with_pending_tasks(q):
    """Nobody has the pool any more: what was submitted is done."""
    gate = threading.Event()
    pool = q.ThreadPoolExecutor(1)
    gone = weakref.ref(pool)
    programs.occupy(pool, 1, gate)
    futures = [pool.submit(pow, 2, n) for n in range(5)]
    del pool
    assert gone() is None, "somebody holds the pool"
    gate.set()
    assert [future.result(PATIENCE) for future in futures] == [1, 2, 4, 8, 16]
    print("left: 0")


class F7(unittest.TestCase):
    def check(self, program):
        ended = programs.run(program, deadline=soak_or(2, 80) * PATIENCE)
        self.assertEqual((0, "left: 0"), (ended.status, ended.last_line), ended)

    def test_F7_the_last_reference_is_an_argument_of_a_task(self):
        self.check(drop_in_a_task)

    def test_F7_the_collector_finds_the_pool_in_a_task(self):
        self.check(drop_in_a_collection)

    def test_F7_the_last_reference_goes_in_a_callback(self):
        self.check(drop_in_a_callback)

    def test_F7_a_pool_that_nobody_has_does_its_work(self):
        self.check(drop_with_pending_tasks)


# --------------------------------------------------------------------------------- F8, Python called from within

def call_back_from_everywhere(q):
    """Whatever of the user's is called by the module, calls the module: a lock held there would never be free."""
    pool = q.ThreadPoolExecutor(2)

    def use():
        future = pool.submit(int)
        future.cancel()
        future.done(), future.running(), repr(future)
        future.add_done_callback(lambda each: None)
        pool._work_queue.qsize()
        q.wait([pool.submit(int)], timeout=0)

    class Calls:
        def __del__(self):
            use()

        def __call__(self, *args):
            use()
            return Calls()

        def __hash__(self):
            use()
            return 1

    class Handler(logging.Handler):
        def emit(self, record):
            use()

    logging.getLogger("concurrent.futures").addHandler(Handler())
    logging.getLogger("concurrent.futures").propagate = False

    def items():
        for _ in range(10):
            use()
            yield Calls()

    def futures():
        for _ in range(10):
            use()
            yield pool.submit(Calls(), Calls())

    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    for _ in range(soak_or(20, 1000)):
        gate = threading.Event()
        future = pool.submit(gate.wait)
        future.add_done_callback(lambda each: use())
        future.add_done_callback(lambda each: 1 // 0)
        gate.set()
        list(pool.map(Calls(), items()))
        q.wait(futures())
        list(q.as_completed(futures()))
        weakref.finalize(future, use)
        del future
        gc.collect()
    sys.setswitchinterval(switch)
    pool.shutdown()
    print("through")


def shut_down_from_within(q):
    """A task, a callback and a destructor shut down the pool that they are in."""
    for how in ({"wait": True}, {"wait": False}, {"wait": True, "cancel_futures": True}):
        pool = q.ThreadPoolExecutor(2)
        pool.submit(pool.shutdown, **{**how, "wait": False}).result(PATIENCE)
        pool.shutdown()
        pool, gate = q.ThreadPoolExecutor(1), threading.Event()
        future = pool.submit(gate.wait)
        future.add_done_callback(lambda each: pool.shutdown(**{**how, "wait": False}))
        gate.set()
        future.result(PATIENCE)
        pool.shutdown()
    print("through")


class F8(unittest.TestCase):
    def check(self, program):
        ended = programs.run(program, deadline=soak_or(2, 80) * PATIENCE)
        self.assertEqual((0, "through", ""), (ended.status, ended.last_line, ended.err), ended)

    def test_F8_what_the_module_calls_may_call_the_module(self):
        self.check(call_back_from_everywhere)

    def test_F8_shutdown_from_within(self):
        self.check(shut_down_from_within)


# ------------------------------------------------------------------------------------------------ F9, timeouts

# These mean what they mean in the standard library, which runs beside.
TIMEOUTS = [None, 0, -1, -0.0, 0.01, False, float("-inf"), -1e300]

# Longer than any clock: no limit.  The standard library raises OverflowError.
LONG = [float("inf"), 1e300, 10**30]

# Errors where something would be waited for.  The standard library takes a NaN for now, or waits in a busy loop.
WRONG = [(float("nan"), "ValueError"), ("1", "TypeError"), ([], "TypeError"), (1j, "TypeError")]


def _outcome(call):
    """What comes of a call: its value, or what it raised."""
    try:
        return call()
    except BaseException as error:
        return type(error).__name__


def _each_wait(q, future, timeout):
    """Each wait with a timeout, on one future; what comes is comparable between modules."""
    return {
        "result": lambda: future.result(timeout),
        "exception": lambda: future.exception(timeout),
        "wait": lambda: len(q.wait([future], timeout).done),
        "wait, first": lambda: len(q.wait([future], timeout, q.FIRST_COMPLETED).done),
        "as_completed": lambda: len(list(q.as_completed([future], timeout))),
    }


def _outcomes(q, timeout, is_done):
    """By wait; 'waits' for one that does not end by itself in time."""
    gate, found = threading.Event(), {}
    with q.ThreadPoolExecutor(1) as pool:
        future = programs.occupy(pool, 1, gate)[0]
        if is_done:
            gate.set()
            future.result()
        for name, call in _each_wait(q, future, timeout).items():
            ended = threading.Event()

            def look():
                found[name] = _outcome(call)
                ended.set()

            thread = threading.Thread(target=look, daemon=True)
            thread.start()
            if not ended.wait(0.3 * SCALE if timeout is None or timeout in LONG else PATIENCE):
                gate.set()
                ended.wait(PATIENCE)
                found[name] = f"waits, then {found.get(name)}"
                gate.clear()
                future = pool.submit(gate.wait)
            thread.join(PATIENCE)
        gate.set()
    return found


class F9(unittest.TestCase):
    maxDiff = None

    def test_F9_each_timeout_means_what_it_does_in_the_standard_library(self):
        import concurrent.futures as standard
        for timeout in TIMEOUTS:
            for is_done in (True, False):
                with self.subTest(timeout=timeout, is_done=is_done):
                    self.assertEqual(_outcomes(standard, timeout, is_done), _outcomes(programs.module(), timeout, is_done))

    def test_F9_longer_than_any_clock_is_no_limit(self):
        q = programs.module()
        for timeout in LONG:
            for is_done in (True, False):
                with self.subTest(timeout=timeout, is_done=is_done):
                    self.assertEqual(_outcomes(q, None, is_done), _outcomes(q, timeout, is_done))

    def test_F9_what_is_no_time_is_an_error(self):
        q, gate = programs.module(), threading.Event()
        with q.ThreadPoolExecutor(1) as pool:
            future = programs.occupy(pool, 1, gate)[0]
            for timeout, error in WRONG:
                for name, call in _each_wait(q, future, timeout).items():
                    with self.subTest(timeout=timeout, wait=name):
                        self.assertEqual(error, _outcome(call))
            gate.set()

    def test_F9_map(self):
        q = programs.module()
        gate = threading.Event()
        with q.ThreadPoolExecutor(1) as pool:
            programs.occupy(pool, 1, gate)
            for timeout in (0, -1, 0.01):
                with self.subTest(timeout):
                    with self.assertRaises(q.TimeoutError):
                        next(pool.map(int, "12", timeout=timeout))
            gate.set()
            for timeout in (None, PATIENCE, math.inf, 1e300):
                with self.subTest(timeout):
                    self.assertEqual([1, 2], list(pool.map(int, "12", timeout=timeout)))
            with self.assertRaises(TypeError):
                list(pool.map(int, "12", timeout="1"))

    def test_F9_shutdown(self):
        """timeout= is ours: a report comes in time, whatever runs."""
        q = programs.module()
        for timeout in (0, -1, 0.01):
            with self.subTest(timeout):
                gate = threading.Event()
                pool = q.ThreadPoolExecutor(1)
                programs.occupy(pool, 1, gate)
                report = pool.shutdown(timeout=timeout)
                self.assertFalse(report.complete)
                gate.set()
        for timeout in (PATIENCE, math.inf, 1e300):
            with self.subTest(timeout):
                pool = q.ThreadPoolExecutor(1)
                pool.submit(int)
                self.assertTrue(pool.shutdown(timeout=timeout).complete)
        with self.assertRaises(ValueError):
            q.ThreadPoolExecutor(1).shutdown(timeout=math.nan)


# ------------------------------------------------------------------------- F10, what is the program's, and stays so

OF_THE_C_LIBRARY = 3 << 31      # signals 32 and 33, which it takes for its threads


def _of_the_process():
    """Handlers, the wakeup descriptor, the masks of this thread as the kernel has them."""
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    with open("/proc/thread-self/status", encoding="ascii") as file:
        lines = dict(line.split(":\t") for line in file if line.startswith(("SigBlk", "SigIgn", "SigCgt")))
    masks = {name: int(mask, 16) & ~OF_THE_C_LIBRARY for name, mask in lines.items()}
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    return wakeup, masks, handlers, threading.excepthook, sys.excepthook, sys.getswitchinterval()


def use_and_compare(q):
    import socket
    a, b = socket.socketpair()
    for each in (a, b):
        each.setblocking(False)
    signal.set_wakeup_fd(b.fileno(), warn_on_full_buffer=False)
    before = _of_the_process()
    pool, gate = q.ThreadPoolExecutor(2), threading.Event()
    future = programs.occupy(pool, 1, gate)[0]
    for call in (lambda: future.result(0.01), lambda: q.wait([future], 0.01),
                 lambda: list(q.as_completed([future], 0.01)), lambda: list(pool.map(int, "12"))):
        _outcome(call)
        assert _of_the_process() == before
        _interrupted(lambda: future.result(), 0)
        assert _of_the_process() == before
        assert a.recv(100) == bytes([signal.SIGINT])
    gate.set()
    pool.shutdown()
    assert _of_the_process() == before
    print("unchanged")


def import_and_compare(q):
    """In a new interpreter, around the import itself; the module was imported already by whoever started us."""
    code = ("import threading, sys, signal; sys.path.insert(0, {here!r})\n"
            "import concurrent.futures.thread, test_failures_f as tests\n"
            "before = tests._of_the_process()\n"
            "import {module}\n"
            "assert tests._of_the_process() == before\n"
            "print('unchanged')").format(here=os.path.dirname(os.path.abspath(__file__)), module=programs.MODULE)
    os.execv(sys.executable, [sys.executable, "-c", code])


def loop_of_asyncio(q):
    """asyncio owns the wakeup descriptor while it runs: its handler for SIGUSR1 is called as ever."""
    import asyncio

    async def main():
        loop = asyncio.get_running_loop()
        pool = q.ThreadPoolExecutor(2)
        loop.set_default_executor(pool)
        seen = asyncio.Event()
        loop.add_signal_handler(signal.SIGUSR1, seen.set)
        assert await loop.run_in_executor(None, pow, 2, 5) == 32
        await loop.run_in_executor(pool, os.kill, os.getpid(), signal.SIGUSR1)
        await asyncio.wait_for(seen.wait(), PATIENCE)
        assert await asyncio.wrap_future(pool.submit(pow, 2, 5)) == 32

    asyncio.run(main())
    print("unchanged")


class F10(unittest.TestCase):
    def check(self, program):
        ended = programs.run(program)
        self.assertEqual((0, "unchanged"), (ended.status, ended.last_line), ended)

    def test_F10_the_programs_signals_stay_as_they_are(self):
        self.check(use_and_compare)

    def test_F10_so_they_do_at_the_import(self):
        self.check(import_and_compare)

    def test_F10_an_event_loop_keeps_its_signals(self):
        self.check(loop_of_asyncio)


if __name__ == "__main__":
    programs.main()
