# SPDX-License-Identifier: MIT
"""subprocesses: each child ends in its time or is ended, with all of its group, and has its line."""
import re
import signal
import sys
import time

from support import (AT_ONCE, SCALE, are_asleep, below, check_nothing_left, end_by, expect, finish, main, run, start,
                     threads_of, wait_for, wait_for_files)

GRACE = 1
FOREVER = "1000"


def commands(*all_of_them):
    """The words for the program: (seconds, word, ...) each."""
    words = []
    for command in all_of_them:
        words += [":::", *command] if words else [*command]
    return words


def shell(script):
    return ["sh", "-c", script]


def sleeper(name):
    """Says that it is there, and sleeps."""
    return [FOREVER, *shell(f"> {name}; exec sleep 1000")]


def lines_of(result):
    """What is said of each command, by its number, without the time; and the times."""
    found = {}
    for line in result.out.splitlines():
        number, _, said = line.partition(" ")
        words = re.fullmatch(r"(.*?)(?: after ([0-9.]+) s)?(, out of time|, stopped)?", said).groups(default="")
        assert number not in found, f"told twice: {line}"
        found[number] = (words[0] + words[2], float(words[1] or 0))
    return found


def said(result):
    return [said for _, (said, _) in sorted(lines_of(result).items(), key=lambda item: int(item[0]))]


def total(count, succeeded=0, failed=0, stopped=0, never_started=0):
    return (f"subprocesses: {count} commands: {succeeded} succeeded, {failed} failed, {stopped} stopped, "
            f"{never_started} never started\n")


def wait_until_waiting(process, *names):
    """These children are there, and no thread of the program is awake: it waits for them.

    A child may be quicker than the call that starts it, and one that is started while a stop comes is killed at once.
    """
    wait_for_files(*names)
    wait_for(lambda: are_asleep(threads_of(process.pid)), "all threads asleep")


def test_subprocesses_tells_how_each_ended():
    """Exit status, signal, or why it could not be started; no shell looks at the words."""
    result = run(*commands([FOREVER, "true"], [FOREVER, *shell("exit 3")], [FOREVER, *shell("kill -USR1 $$")],
                           [FOREVER, "no-such-program"], [FOREVER, "test", "$HOME *", "=", "$HOME *"]))
    expect(result, 1, err=total(5, 2, 3))
    assert said(result) == ["true: exit 0", "sh: exit 3", f"sh: signal {int(signal.SIGUSR1)} (User defined signal 1)",
                            "no-such-program: No such file or directory", "test: exit 0"], result


def test_subprocesses_succeeds_when_all_do():
    """Status 0, and what they print comes through."""
    result = run(*commands(*[[FOREVER, "true"]] * 20))
    expect(result, 0, err=total(20, 20))
    assert said(result) == ["true: exit 0"] * 20, result


def test_subprocesses_deadline_is_each_ones_own():
    """One that is out of time gets SIGTERM; one with more time is not disturbed."""
    result = run(*commands(["0.1", "sleep", "1000"], [FOREVER, "sleep", "0.3"], ["0.2", "sleep", "1000"]))
    expect(result, 1, err=total(3, 1, 2))
    terminated = f"sleep: signal {int(signal.SIGTERM)} (Terminated), out of time"
    assert said(result) == [terminated, "sleep: exit 0", terminated], result
    times = [seconds for _, (_, seconds) in sorted(lines_of(result).items())]
    assert 0.1 <= times[0] < 0.1 + AT_ONCE and 0.2 <= times[2] < 0.2 + AT_ONCE, times


def test_subprocesses_out_of_time_and_deaf_is_killed():
    """One that ignores SIGTERM gets SIGKILL after the grace, and so does what it has in the background."""
    deaf = "trap '' TERM; sleep 1000 & while :; do sleep 1; done"
    result = run(*commands(["0.1", *shell(deaf)]))
    expect(result, 1, err=total(1, 0, 1))
    assert said(result) == [f"sh: signal {int(signal.SIGKILL)} (Killed), out of time"], result
    seconds = lines_of(result)["1"][1]
    assert 0.1 + GRACE <= seconds < 0.1 + GRACE + AT_ONCE, seconds


def test_subprocesses_child_that_leaves_somebody_behind():
    """A child that is done, but has something in the background: that is ended, at once, and the child has succeeded."""
    result = run(*commands([FOREVER, *shell("sleep 1000 & exit 0")]))
    expect(result, 0, err=total(1, 1))
    assert said(result) == ["sh: exit 0"] and result.seconds < AT_ONCE, result


def test_subprocesses_sigint_leaves_nothing_running():
    """A child, one with a grandchild in the background, one that is stopped, one that ignores SIGTERM: all are gone."""
    process = start(*commands(
        sleeper("plain"),
        [FOREVER, *shell("sleep 1000 & > parent; wait")],
        [FOREVER, *shell("> frozen; kill -STOP $$; sleep 1000")],
        [FOREVER, *shell("trap '' TERM; > deaf; sleep 1000 & while :; do sleep 1; done")],
        sleeper("late")))
    wait_until_waiting(process, "plain", "parent", "frozen", "deaf")
    wait_for(lambda: len(below(process.pid)) >= 6, "four children and two of theirs")
    result = end_by(process, signal.SIGINT)
    check_nothing_left()
    expect(result, -signal.SIGINT, err=total(5, 0, 0, 4, 1))
    terminated = f"sh: signal {int(signal.SIGTERM)} (Terminated), stopped"
    assert said(result) == [terminated, terminated, terminated, f"sh: signal {int(signal.SIGKILL)} (Killed), stopped",
                            "sh: never started"], result
    assert GRACE <= result.seconds < GRACE + AT_ONCE, result


def test_subprocesses_sigint_is_quick_when_all_listen():
    """No grace is waited for that nobody needs."""
    process = start(*commands(*[sleeper(name) for name in "abcd"], *[sleeper(name) for name in "efgh"]))
    wait_until_waiting(process, *"abcd")
    result = expect(end_by(process, signal.SIGINT), -signal.SIGINT, err=total(8, 0, 0, 4, 4))
    assert result.seconds < GRACE * SCALE, result


def test_subprocesses_second_sigint_does_not_wait_for_the_grace():
    """The second one kills at once, what is in the background, too."""
    process = start(*commands([FOREVER, *shell("trap '> told' TERM; > there; while :; do sleep 0.01; done")]))
    wait_until_waiting(process, "there")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    wait_for_files("told")
    time.sleep(0.3)                     # sooner would be the same request
    process.send_signal(signal.SIGINT)
    # The shell may say that its own child was terminated.
    result = expect(finish(process, began=began), -signal.SIGINT, err=lambda err: err.endswith(total(1, 0, 0, 1)))
    assert said(result) == [f"sh: signal {int(signal.SIGKILL)} (Killed), stopped"], result
    assert result.seconds < GRACE * SCALE, result


def test_subprocesses_refuses_what_makes_no_sense():
    """Seconds that are none, and commands without words."""
    for words in ([], ["1"], ["true"], ["-1", "true"], ["nan", "true"], ["1e99", "true"], ["1", ":::", "1", "true"],
                  ["1", "true", ":::", "2"], ["", "true"]):
        expect(run(*words), 2, "", lambda err: err.startswith("usage: subprocesses SECONDS COMMAND"))


def test_subprocesses_says_when_nobody_can_read_it():
    """What could not be written is an error, though all went well."""
    with open("/dev/full", "wb") as full:
        expect(run("10", "true", stdout=full), 1, err=total(1, 1))


main(sys.modules[__name__].__dict__)
