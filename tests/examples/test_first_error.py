# SPDX-License-Identifier: MIT
"""first_error: as-completed hands out each of nine futures once, whatever becomes of them."""
import signal
import sys

from support import SCALE, are_asleep, end_by, expect, main, run, start, threads_of, wait_for

EACH_MS = str(int(100 * SCALE))         # long enough that main has acted on the failure before the next task ends
NUMBERS = [str(number) for number in range(1, 10)]


def run_way(way):
    """Results by task, in the order handed out, and the states that stood before each."""
    result = expect(run(way, EACH_MS), 1, err="")
    lines = result.out.splitlines()
    assert len(lines) == 18, result
    all_states = [line.split(": ")[1].split(" ") for line in lines[0::2]]
    results = [line.removeprefix("task ").split(": ", 1) for line in lines[1::2]]
    assert sorted(number for number, _ in results) == NUMBERS, f"not each once: {result.out}"
    for (number, end), states in zip(results, all_states):
        assert len(states) == 9, states
        assert states[int(number) - 1] == end.split(",")[0], f"task {number} handed out before its end: {result.out}"
    return dict(results), [number for number, _ in results], all_states


def check_the_fifth_fails(ends):
    assert ends["5"] == "failed, task 5 does not like its number", ends


def check_all_others_are_done(ends):
    check_the_fifth_fails(ends)
    for number in NUMBERS:
        assert number == "5" or ends[number] == f"done, {int(number) ** 2}", ends


def test_first_error_drain_runs_all_others():
    """drain: each future once, and when the failure has been dealt with all of them have ended."""
    ends, order, all_states = run_way("drain")
    check_all_others_are_done(ends)
    for states in all_states[order.index("5") + 1:]:
        assert set(states) == {"done", "failed"}, states


def test_first_error_background_goes_on_at_once():
    """background: each future once, and after the failure main goes on while others still run."""
    ends, order, all_states = run_way("background")
    check_all_others_are_done(ends)
    assert {"pending", "running"} & set(all_states[order.index("5")]), all_states


def test_first_error_cancel_hands_out_the_cancelled():
    """cancel: each future once, those that had not begun as cancelled, those that ran as done."""
    ends, order, _ = run_way("cancel")
    check_the_fifth_fails(ends)
    cancelled = [number for number in NUMBERS if ends[number].startswith("cancelled, ")]
    assert "9" in cancelled and cancelled == NUMBERS[-len(cancelled):], ends
    for number in order:
        assert number == "5" or number in cancelled or ends[number] == f"done, {int(number) ** 2}", ends


def wait_until_all_wait(process):
    """All threads are there (main, the attendant, three workers), and none is awake: all nine tasks are submitted, three run."""
    def is_quiet():
        threads = threads_of(process.pid)
        return len(threads) == 5 and are_asleep(threads)

    wait_for(is_quiet, "three workers, and all threads asleep")


def test_first_error_stopped_hands_out_all():
    """SIGINT in the middle: stopped and cancelled futures are handed out, too, each once, and it dies of SIGINT."""
    process = start("drain", "1000000")
    wait_until_all_wait(process)
    result = expect(end_by(process, signal.SIGINT), -signal.SIGINT, err="")
    ends = [line.split(": ")[1].split(",")[0] for line in result.out.splitlines() if line.startswith("task ")]
    assert sorted(ends) == ["cancelled"] * 6 + ["stopped"] * 3, result


def test_first_error_refuses_other_ways():
    """Anything else is a mistake of usage."""
    for words in ([], ["fast"], ["drain", "soon"], ["drain", "-1"], ["drain", "1", "2"], ["drain", ""],
                  ["drain", "99999999999999999999999"]):
        expect(run(*words), 2, "", lambda err: err.startswith("usage: first_error "))


def test_first_error_says_when_nobody_can_read_it():
    """What could not be written is an error, though all went well."""
    with open("/dev/full", "wb") as full:
        expect(run("drain", "0", stdout=full), 1, err="first_error: cannot write to standard output\n")


main(sys.modules[__name__].__dict__)
