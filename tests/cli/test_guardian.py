# SPDX-License-Identifier: MIT
"""Sudden death: KILL of the guardian or of the runner leaves nothing running after three seconds."""
import os
import pathlib
import signal
import time

from support import (SLEEPER, below, check_nothing_left, expect, finish, is_alive, main, open_files_of, run, runner_of, start,
                     wait_for, wait_for_files, wait_for_standstill, within)
from test_signals import DEAF, IN_SESSION_OF_ITS_OWN, IN_THE_BACKGROUND, TWICE_REMOVED

LIMIT = 3                       # seconds


def begin(job):
    """A run with a long grace, of which two jobs are there."""
    process = start("-j2", "--grace=1000", *job, ":::", "1", "2", "3")
    wait_for_files("started.1", "started.2")
    return process


def seconds_to_the_end(process, *kills):
    """How long all that is below the program outlives these: pairs of a process and a signal to it."""
    victims = below(process.pid)
    began = time.monotonic()
    for pid, number in kills:
        os.kill(pid, number)
    wait_for(lambda: not any(is_alive(pid) for pid in victims), "the end of all jobs")
    return time.monotonic() - began


def death_of_guardian(job):
    def measure():
        process = begin(job)
        seconds = seconds_to_the_end(process, (process.pid, signal.SIGKILL))
        expect(finish(process), status=-signal.SIGKILL)
        check_nothing_left()
        return seconds

    within(LIMIT, measure)


def death_of_runner(job):
    def measure():
        process = begin(job)
        seconds = seconds_to_the_end(process, (runner_of(process), signal.SIGKILL))
        expect(finish(process), status=-signal.SIGKILL, err="quiesce: the runner died by SIGKILL; its jobs were ended\n")
        check_nothing_left()
        return seconds

    within(LIMIT, measure)


def test_D9_killed_guardian_plain_jobs():
    """The runner gets TERM and ends its jobs."""
    death_of_guardian(SLEEPER)


def test_D9_killed_guardian_deaf_jobs():
    """The long grace is not waited for: jobs that ignore everything are killed in time."""
    death_of_guardian(DEAF)


def test_D9_killed_guardian_jobs_in_sessions_of_their_own():
    """setsid does not help a job to stay."""
    death_of_guardian(IN_SESSION_OF_ITS_OWN)


def test_D9_killed_guardian_jobs_twice_removed():
    """Neither does a double fork."""
    death_of_guardian(TWICE_REMOVED)


def test_D9_killed_guardian_background_jobs():
    """Nor being a background job of a shell."""
    death_of_guardian(IN_THE_BACKGROUND)


def test_D9_killed_runner_plain_jobs():
    """The guardian ends the jobs and mirrors the way of dying."""
    death_of_runner(SLEEPER)


def test_D9_killed_runner_deaf_jobs():
    """Jobs that ignore everything are killed in time."""
    death_of_runner(DEAF)


def test_D9_killed_runner_jobs_in_sessions_of_their_own():
    """setsid does not help a job to stay."""
    death_of_runner(IN_SESSION_OF_ITS_OWN)


def test_D9_killed_runner_jobs_twice_removed():
    """Neither does a double fork."""
    death_of_runner(TWICE_REMOVED)


def test_D9_killed_runner_background_jobs():
    """Nor being a background job of a shell."""
    death_of_runner(IN_THE_BACKGROUND)


def test_D9_guardian_killed_in_the_middle_of_a_stop():
    """The request came first, the grace is long, then the guardian dies: three seconds all the same."""
    def measure():
        process = begin(DEAF)
        seconds = seconds_to_the_end(process, (process.pid, signal.SIGTERM), (process.pid, signal.SIGKILL))
        finish(process)
        return seconds

    within(LIMIT, measure)


def test_guardian_holds_neither_input_nor_output():
    """The producer of the items and the reader of the output see at once that the runner has let go."""
    inherited, _ = os.pipe()
    process = start("-j1", *SLEEPER, ":::", "1", pass_fds=[inherited])
    wait_for_files("started.1")
    kept = {"/dev/null", os.readlink(f"/proc/self/fd/{process.stderr.fileno()}")}
    # It may be a moment later than the first job.
    wait_for(lambda: set(open_files_of(process.pid)) == kept, "the guardian to let go of everything else")
    process.terminate()
    finish(process)


def test_exit_status_passes_through_the_guardian():
    """What the runner exits with is what the user sees."""
    expect(run("sh", "-c", "exit $0", ":::", "0"), status=0)
    expect(run("sh", "-c", "exit $0", ":::", "9"), status=123)


def test_E4_signals_sent_to_the_guardian_alone_arrive():
    """kill PID names the guardian: it passes the signal on."""
    process = start("-j1", *SLEEPER, ":::", "1")
    wait_for_files("started.1")
    os.kill(process.pid, signal.SIGTERM)
    expect(finish(process), status=-signal.SIGTERM)


def test_E4_signals_sent_to_the_runner_alone_arrive():
    """So does one that somebody sends to the runner."""
    process = start("-j1", *SLEEPER, ":::", "1")
    wait_for_files("started.1")
    os.kill(runner_of(process), signal.SIGTERM)
    expect(finish(process), status=-signal.SIGTERM)


def test_C14_stop_sent_to_the_guardian_alone():
    """TSTP to the guardian stops us all; CONT to it continues us all."""
    process = start("-j1", "sh", "-c", "> started.$1; until [ -e go ]; do echo x >>beat; sleep 0.01; done", "sh", "{}",
                    ":::", "1", process_group=0)
    wait_for_files("started.1", "beat")
    os.kill(process.pid, signal.SIGTSTP)
    wait_for_standstill(process.pid)
    still = os.path.getsize("beat")
    time.sleep(0.2)
    assert os.path.getsize("beat") == still
    os.kill(process.pid, signal.SIGCONT)
    wait_for(lambda: os.path.getsize("beat") > still, "the job to go on")
    pathlib.Path("go").touch()
    expect(finish(process), status=0)


def test_daemons_of_a_run_that_was_not_stopped_live_on():
    """A job may start something that is meant to stay; only a stop ends it."""
    expect(run("sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $! >daemon", ":::", "1"), status=0)
    pid = int(pathlib.Path("daemon").read_text())
    assert is_alive(pid)
    os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(globals())
