# SPDX-License-Identifier: MIT
"""event_loop_epoll: nothing that takes long holds up the loop, and Ctrl-C ends it at once."""
import os
import pathlib
import signal
import sys
import time

from support import (AT_ONCE, are_asleep, end_by, expect, finish, has_open, is_sanitized, main, read_until, run, start,
                     switches_of, threads_of, wait_for)

LOOK = 0.2                              # seconds that a loop with nothing to do is looked at


def make_file(name, lines):
    pathlib.Path(name).write_text("line\n" * lines)
    return name


def make_pipe(name):
    """A file that takes as long as we like: our end of it."""
    os.mkfifo(name)
    return os.open(name, os.O_RDWR)


def tell(process, *names):
    process.stdin.write("".join(f"{name}\n" for name in names).encode())
    process.stdin.flush()


def await_answer(process, answer):
    assert read_until(process.stdout.fileno(), b"\n").decode() == answer + "\n"


def switches_once_asleep(process):
    """How often each of its threads has been switched away from, now that all of them sleep."""
    def look():
        threads = threads_of(process.pid)
        return are_asleep(threads) and {number: switches_of(thread) for number, thread in threads.items()}

    return wait_for(look, "all threads asleep")


def test_event_loop_epoll_answers_for_each_name_once():
    """Many files, and one that is not there: an answer for each, also for a last line without an end."""
    names = [make_file(f"file{number}", number) for number in range(300)]
    answers = [f"{number} {name}" for number, name in enumerate(names)]
    result = expect(run(given="\n".join(names + ["missing"]).encode()), 0, err="")
    assert sorted(result.out.splitlines()) == sorted(answers + ["failed missing: No such file or directory"]), result


def test_event_loop_epoll_nothing_holds_it_up():
    """A file hangs: answers to what comes later are out before it, and its own when it has come."""
    end = make_pipe("slow")
    process = start()
    tell(process, "slow", make_file("one", 1))
    await_answer(process, "1 one")
    tell(process, make_file("two", 2))
    await_answer(process, "2 two")
    os.write(end, b"at last\n")
    os.close(end)
    await_answer(process, "1 slow")
    expect(finish(process), 0, "", "")


def test_event_loop_epoll_sleeps_when_there_is_nothing_to_do():
    """With all answers but one out, no thread wakes up before something happens."""
    end = make_pipe("slow")
    process = start()
    tell(process, "slow", make_file("one", 1))
    await_answer(process, "1 one")
    before = switches_once_asleep(process)
    time.sleep(LOOK)
    if not is_sanitized():              # a sanitizer may have a thread of its own, which does wake up
        assert switches_once_asleep(process) == before, "it wakes up for nothing"
    os.close(end)
    await_answer(process, "0 slow")
    expect(finish(process), 0, "", "")


def test_event_loop_epoll_one_ctrl_c_ends_it():
    """A hundred files hang, and the input is open: it ends at once, by SIGINT, and says what became of each."""
    names = [f"slow{number}" for number in range(100)]
    ends = [make_pipe(name) for name in names]
    process = start()
    tell(process, make_file("one", 1), *names)
    await_answer(process, "1 one")
    wait_for(lambda: has_open(process.pid, "slow0"), "the first that hangs to be begun")
    # The pipe is given to nobody else, so the input stays open until the program has gone.
    end_of_input, process.stdin = process.stdin, None
    result = expect(end_by(process, signal.SIGINT), -signal.SIGINT, err="")
    end_of_input.close()
    assert result.seconds < AT_ONCE, result
    lines = [line.split(": ")[0].split() for line in result.out.splitlines()]
    assert {name for _, name in lines} <= set(names) and len(lines) == len({name for _, name in lines}), result
    assert {state for state, _ in lines} <= {"stopped", "cancelled"}, result
    assert "stopped" in {state for state, _ in lines}, result
    for end in ends:
        os.close(end)


def test_event_loop_epoll_name_that_is_too_long_is_refused():
    """A name that does not fit is none that begins like it."""
    result = expect(run(given=b"x" * 100000 + b"\n"), 0, err="")
    assert result.out.startswith("failed xxx") and result.out.endswith(": File name too long\n"), result.out[-60:]


def test_event_loop_epoll_takes_no_regular_file():
    """Input that epoll cannot wait for is said to be so."""
    make_file("names", 1)
    with open("names", "rb") as names:
        expect(run(stdin=names), 1, "", "event_loop_epoll: Operation not permitted\n")


main(sys.modules[__name__].__dict__)
