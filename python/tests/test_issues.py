# SPDX-License-Identifier: MIT
"""Open issues of CPython about thread pools: what ours does, with what the standard library does beside it.

Each is a program that says in one line how it went.  One that does not end is a "hang".

    test_issues.py                 ours
    test_issues.py --baseline      the standard library of this interpreter, beside what is recorded here
"""
import os
import random
import signal
import sys
import threading
import time
import unittest
import weakref

import programs

ISSUES = []


class Issue:
    """One program, and the line it ends with: ours, and the standard library's."""

    def __init__(self, number, program, ours, theirs):
        self.number, self.program, self.ours, self.theirs = number, program, ours, theirs

    def outcome(self, using, deadline):
        ended = programs.run(self.program, using=using, deadline=deadline)
        if ended.status is None:
            return "hang", ended
        if ended.status:
            return f"status {ended.status}: {(ended.err.splitlines() or ['?'])[-1]}", ended
        return ended.last_line, ended


def issue(number, ours, theirs):
    """The program prints `ours` with our module, and `theirs` with the standard library (3.9 and newer)."""
    def record(program):
        ISSUES.append(Issue(number, program, ours, theirs))
        return program
    return record


def modes(q):
    return q.FIRST_COMPLETED, q.FIRST_EXCEPTION, q.ALL_COMPLETED


@issue(87893, ours="5 of 5 come, 3 cancelled", theirs="hang")
def cancelled_by_shutdown_while_as_completed_waits(q):
    first, second, in_second = threading.Event(), threading.Event(), threading.Event()
    pool = q.ThreadPoolExecutor(1)

    def hold():
        in_second.set()
        second.wait(programs.PATIENCE)

    futures = [pool.submit(first.wait), pool.submit(hold)] + [pool.submit(int) for _ in range(3)]
    came = []
    first.set()
    for future in q.as_completed(futures):
        came.append(future)
        if len(came) == 1:
            in_second.wait(programs.PATIENCE)
            pool.shutdown(wait=False, cancel_futures=True)
            second.set()
    print(f"{len(came)} of {len(futures)} come, {sum(each.cancelled() for each in came)} cancelled")


@issue(87893, ours="4 of 4 come, 3 cancelled", theirs="hang")
def cancelled_by_shutdown_before_as_completed(q):
    gate = threading.Event()
    pool = q.ThreadPoolExecutor(1)
    futures = programs.occupy(pool, 1, gate) + [pool.submit(int) for _ in range(3)]
    pool.shutdown(wait=False, cancel_futures=True)
    gate.set()
    came = list(q.as_completed(futures))
    print(f"{len(came)} of {len(futures)} come, {sum(each.cancelled() for each in came)} cancelled")


@issue(92001, ours="done in 3 of 3 modes, 1 of 1 come", theirs="hang")
def wait_for_a_cancelled_future(q):
    gate = threading.Event()
    with q.ThreadPoolExecutor(1) as pool:
        programs.occupy(pool, 1, gate)
        future = pool.submit(int)
        future.cancel()
        done = sum(future in q.wait([future], return_when=mode).done for mode in modes(q))
        came = list(q.as_completed([future]))
        gate.set()
    print(f"done in {done} of 3 modes, {len(came)} of 1 come")


@issue(92001, ours="the waiter is told", theirs="hang")
def cancel_while_another_thread_waits(q):
    gate, told = threading.Event(), threading.Event()
    with q.ThreadPoolExecutor(1) as pool:
        programs.occupy(pool, 1, gate)
        future = pool.submit(int)

        def wait():
            q.wait([future])
            told.set()

        threading.Thread(target=wait, daemon=True).start()
        future.cancel()
        told.wait()
        gate.set()
    print("the waiter is told")


@issue(109934, ours="2 done, 0 not", theirs="1 done, 1 not")
def wait_after_a_shutdown_that_cancels(q):
    gate = threading.Event()
    pool = q.ThreadPoolExecutor(1)
    futures = programs.occupy(pool, 1, gate) + [pool.submit(int)]
    threading.Timer(0.01, gate.set).start()
    pool.shutdown(wait=True, cancel_futures=True)
    done, not_done = q.wait(futures, timeout=0)
    print(f"{len(done)} done, {len(not_done)} not")


@issue(136655, ours="15 of 15 come, none is unfinished", theirs="hang")
def shutdown_at_the_first_error_under_as_completed(q):
    failed = threading.Event()

    def task(n):
        if n == 2:
            raise ValueError("not this one")
        failed.wait(programs.PATIENCE)
        return n

    came = 0
    with q.ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(task, n) for n in range(1, 16)]
        for future in q.as_completed(futures):
            came += 1
            try:
                future.result()
            except Exception:
                pool.shutdown(wait=False, cancel_futures=True)
                failed.set()
    unfinished = [future for future in futures if future._state in ("PENDING", "RUNNING", "CANCELLED")]
    print(f"{came} of 15 come, {'some are' if unfinished else 'none is'} unfinished")


@issue(121649, ours="every round ended, 0 futures lost", theirs="hang")
def shutdown_in_a_handler_during_submit(q):
    lost = 0
    for _ in range(programs.soak_or(100, 10000)):
        lost += _submit_until_a_handler_shuts_down(q)
    print(f"every round ended, {lost} futures lost")


def _submit_until_a_handler_shuts_down(q):
    """How many futures have not ended afterwards."""
    pool = q.ThreadPoolExecutor(2)
    signal.signal(signal.SIGTERM, lambda number, frame: pool.shutdown(wait=True, cancel_futures=True))
    begun = threading.Event()

    def shoot():
        begun.wait()
        time.sleep(random.random() * 0.003)     # a random instant
        os.kill(os.getpid(), signal.SIGTERM)

    gun = threading.Thread(target=shoot)
    gun.start()
    futures = []
    begun.set()
    try:
        while True:
            futures.append(pool.submit(int))
    except RuntimeError:
        pass
    gun.join()
    return sum(not future.done() for future in futures)


@issue(80961, ours="left, and gone", theirs="hang")
def exit_after_a_shutdown_that_does_not_wait(q):
    """The task never ends.  What a pool was told to give up does not keep the interpreter; without timeout= in
    shutdown() there is only wait=False to say so."""
    pool = q.ThreadPoolExecutor(1)
    running = threading.Event()

    def stuck():
        running.set()
        threading.Event().wait()

    pool.submit(stuck)
    running.wait(programs.PATIENCE)
    try:
        pool.shutdown(timeout=0)
    except TypeError:
        pool.shutdown(wait=False)
    print("left, and gone")


@issue(86575, ours="the backlog of map is dropped", theirs="20 of 20 ran")
def leave_with_the_results_of_map_untaken(q):
    started = []

    def task(n):
        started.append(n)
        if n:
            threading.Event().wait(0.1)

    try:
        with q.ThreadPoolExecutor(2) as pool:
            results = pool.map(task, range(20))
            next(results)
            sys.exit(3)
    except SystemExit:
        pass
    # Two workers: item 0, and those that began before the block was left.
    print("the backlog of map is dropped" if len(started) <= 4 else f"{len(started)} of 20 ran")


@issue(130975, ours="cancel() is refused, stop() ends it", theirs="cancel() is refused, there is no other way")
def tell_a_running_task_to_end(q):
    gate, running = threading.Event(), threading.Event()
    stop_of_this_task = getattr(q, "current_stop", None)

    def task():
        running.set()
        return stop_of_this_task().wait(programs.PATIENCE) if stop_of_this_task else gate.wait(programs.PATIENCE)

    with q.ThreadPoolExecutor(1) as pool:
        future = pool.submit(task)
        running.wait(programs.PATIENCE)
        refused = "cancel() is refused" if not future.cancel() else "cancel() says yes"
        if stop_of_this_task:
            future.stop()
            q.wait([future])
            print(f"{refused}, stop() ends it")
        else:
            gate.set()
            print(f"{refused}, there is no other way")


@issue(125886, ours="3 of 9 started", theirs="9 of 9 started")
def nothing_starts_after_ctrl_c(q):
    running = threading.Barrier(5)
    started = []

    def task(n):
        started.append(n)
        if n < 3:
            running.wait(programs.PATIENCE)
        threading.Event().wait(0.5 * programs.SCALE)

    def shoot():
        running.wait(programs.PATIENCE)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=shoot).start()
    try:
        with q.ThreadPoolExecutor(3) as pool:
            futures = [pool.submit(task, n) for n in range(9)]
            running.wait(programs.PATIENCE)
            for future in q.as_completed(futures):
                future.result()
    except KeyboardInterrupt:
        print(f"{len(started)} of 9 started")


@issue(105464, ours="every child's pool worked", theirs="a child hung")
def fork_beside_a_pool(q):
    pool = q.ThreadPoolExecutor(2)
    over = threading.Event()

    def submit():
        while not over.is_set():
            pool.submit(int).result()

    busy = threading.Thread(target=submit)
    busy.start()
    how = "every child's pool worked"
    for _ in range(programs.soak_or(20, 1000)):
        child = os.fork()
        if child == 0:
            signal.alarm(int(5 * programs.SCALE))
            os._exit(0 if pool.submit(pow, 2, 3).result() == 8 else 1)
        status = os.waitpid(child, 0)[1]
        if status:
            how = "a child hung" if status == signal.SIGALRM else f"a child ended with {status:#x}"
            break
    over.set()
    busy.join()
    print(how)


class Result:
    pass


@issue(98467, ours="0 results, 0 workers, 0 pools are left", theirs="0 results, 0 workers, 0 pools are left")
def nothing_is_kept_after_the_end(q):
    """Without a garbage collection: there is no cycle that would need one."""
    import gc
    gc.disable()
    results, pools = [], []

    def make(n):
        result = Result()
        result.data = bytearray(100000)
        results.append(weakref.ref(result))
        return result

    def use():
        with q.ThreadPoolExecutor(20) as pool:
            pools.append(weakref.ref(pool))
            futures = [pool.submit(make, n) for n in range(100)]
            for future in q.as_completed(futures):
                future.result()

    threads = threading.active_count()
    for _ in range(3):
        use()
    print(f"{sum(each() is not None for each in results)} results, {threading.active_count() - threads} workers, "
          f"{sum(each() is not None for each in pools)} pools are left")


class Issues(unittest.TestCase):
    maxDiff = None


def _test_of(each):
    def test(self):
        outcome, ended = each.outcome(programs.MODULE, 2 * programs.PATIENCE)
        self.assertEqual(each.ours, outcome, ended)
    test.__doc__ = f"issue {each.number}: {each.program.__name__}"
    return test


for _each in ISSUES:
    setattr(Issues, f"test_{_each.number}_{_each.program.__name__}", _test_of(_each))


def baseline():
    """What the standard library of this interpreter does."""
    print(f"Python {sys.version.split()[0]}")
    for each in ISSUES:
        outcome, _ = each.outcome("concurrent.futures", 6 * programs.SCALE)
        same = "as recorded" if outcome == each.theirs else f"recorded: {each.theirs}"
        print(f"{each.number:6} {each.program.__name__}: {outcome} ({same}); ours: {each.ours}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["--baseline"]:
        baseline()
    else:
        programs.main()
