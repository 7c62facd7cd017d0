# SPDX-License-Identifier: MIT
"""The ladder: what happens between a request to stop and the end."""
import ctypes
import os
import pathlib
import signal
import subprocess
import termios
import time

from support import (AT_ONCE, PATIENCE, PROGRAM, SCALE, SLEEPER, Skip, Terminal, below, check_nothing_left, children_of,
                     contains, end_by, expect, finish, is_alive, main, read_until, run, runner_of, start, wait_for, wait_for_files,
                     wait_for_standstill, wait_out_copies, within)

PTRACE_SEIZE = 0x4206

# Jobs that are hard to end.  Each makes the file started.ITEM when it is as stubborn as it gets.
DEAF = ["python3", "-c", """
import pathlib, signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_IGN)
pathlib.Path("started." + sys.argv[1]).touch()
time.sleep(1000)
""", "{}"]
# A job that needs a moment to clean up, and then says that all is well.
TIDY = ["python3", "-c", """
import pathlib, signal, sys, time
def clean_up(number, frame):
    time.sleep(0.3)
    sys.exit(print("clean"))
signal.signal(signal.SIGTERM, clean_up)
signal.signal(signal.SIGINT, clean_up)
pathlib.Path("started." + sys.argv[1]).touch()
time.sleep(1000)
""", "{}"]
IN_SESSION_OF_ITS_OWN = ["sh", "-c", "setsid sh -c '> started.$0; exec sleep 1000' $1 & wait", "sh", "{}"]
TWICE_REMOVED = ["sh", "-c", "(setsid sh -c '> started.$0; exec sleep 1000' $1 &) ; exec sleep 1000", "sh", "{}"]
IN_THE_BACKGROUND = ["sh", "-c", "sleep 1000 & > started.$1; wait", "sh", "{}"]


def begin(*words, items=("1", "2", "3"), **options):
    """Two jobs are running when this returns."""
    process = start(*words, ":::", *items, **options)
    wait_for_files("started.1", "started.2")
    return process


def terminal(*words):
    shown = Terminal(*words, ":::", "1", "2", "3")
    wait_for_files("started.1", "started.2")
    return shown


def test_C6_first_ctrl_c_stops_and_dies_by_sigint():
    """One Ctrl-C: jobs end, nothing more starts, the report is the last line, the shell sees death by SIGINT."""
    shown = terminal("-j2", *SLEEPER)
    began = time.monotonic()
    shown.type(b"\x03")
    shown.expect_state("killed by SIGINT")
    assert time.monotonic() - began < AT_ONCE
    assert shown.lines()[-1] == "quiesce: stopped by SIGINT: 0 done, 2 stopped, 1 not started", shown.lines()
    assert not pathlib.Path("started.3").exists()
    shown.close()


def test_C6_second_ctrl_c_kills_at_once():
    """Jobs that ignore everything are gone within 0.1 s of the second Ctrl-C."""
    def measure():
        shown = terminal("-j2", "--grace=1000", *DEAF)
        shown.type(b"\x03")
        shown.wait_for_text(b"SIGINT: waiting for 2 jobs to end")
        wait_out_copies()
        began = time.monotonic()
        shown.type(b"\x03")
        shown.expect_state("killed by SIGINT")
        seconds = time.monotonic() - began
        check_nothing_left()
        assert shown.lines()[-1] == "quiesce: stopped by SIGINT: 0 done, 2 stopped, 1 not started", shown.lines()
        shown.close()
        return seconds

    within(0.1, measure)


def seize(pid):
    """Become the debugger of a process: when it dies, its parent does not learn that before we let go of it."""
    if ctypes.CDLL(None, use_errno=True).ptrace(PTRACE_SEIZE, pid, None, None) != 0:
        raise Skip("ptrace is not permitted here")


def test_C6_third_ctrl_c_ends_us_at_once():
    """Even while a killed job cannot be reaped, so that the second one did not end the run."""
    def measure():
        shown = terminal("-j2", "--grace=1000", *DEAF)
        jobs = below(runner_of(shown))
        for pid in jobs:
            seize(pid)
        shown.type(b"\x03")
        shown.wait_for_text(b"SIGINT: waiting for 2 jobs to end")
        wait_out_copies()
        shown.type(b"\x03")
        wait_for(lambda: not any(is_alive(pid) for pid in jobs), "the end of the jobs")
        wait_out_copies()
        assert is_alive(shown.pid)
        began = time.monotonic()
        shown.type(b"\x03")
        shown.expect_state("killed by SIGINT")
        seconds = time.monotonic() - began
        for pid in jobs:
            os.waitpid(pid, 0)
        shown.close()
        return seconds

    within(0.1, measure)


def test_D10_job_that_cannot_be_killed_is_named_and_left():
    """Five seconds of KILL do not end it (here: a debugger holds it): we end all the same, and say which it is."""
    process = begin("-j2", "--grace=1000", *SLEEPER, items=("1", "2"))
    held = below(runner_of(process))[0]
    seize(held)
    process.send_signal(signal.SIGINT)
    wait_out_copies()
    result = expect(end_by(process, signal.SIGINT), status=-signal.SIGINT,
                    err=contains("quiesce: a job cannot be killed and is left behind: ", "quiesce: stopped by SIGINT: "))
    assert 5 <= result.seconds < 5 + 2 * AT_ONCE, result
    os.waitpid(held, 0)


def test_C6_term_after_int_is_the_second_request():
    """Another signal counts like the same one again; the first one is what we die of."""
    process = begin("-j2", "--grace=1000", *DEAF)
    process.send_signal(signal.SIGINT)
    wait_out_copies()
    expect(end_by(process, signal.SIGTERM), status=-signal.SIGINT,
           err="quiesce: stopped by SIGINT: 0 done, 2 stopped, 1 not started\n")


def test_copies_of_a_request_are_one():
    """The same signal, sent to guardian and runner many times within 250 ms, does not kill a job that has its grace."""
    process = begin("-j2", *TIDY, process_group=0)
    for _ in range(20):
        os.killpg(process.pid, signal.SIGINT)
    expect(finish(process), status=-signal.SIGINT, out="clean\nclean\n",
           err="quiesce: stopped by SIGINT: 2 done, 1 not started\n")


def ends_by(number):
    process = begin("-j2", *SLEEPER)
    result = expect(end_by(process, number), status=-number, out="", err=(
        f"quiesce: stopped by {signal.Signals(number).name}: 0 done, 2 stopped, 1 not started\n"))
    assert result.seconds < AT_ONCE, result


def test_E4_term_leaves_nothing_and_dies_by_sigterm():
    """SIGTERM to the program: no orphan, death by that signal."""
    ends_by(signal.SIGTERM)


def test_hup_dies_by_sighup():
    """SIGHUP like SIGTERM."""
    ends_by(signal.SIGHUP)


def test_C15_quit_leaves_no_orphan_and_no_core():
    """SIGQUIT: the jobs get TERM instead, nobody dumps core."""
    got = ["sh", "-c", "trap 'echo QUIT; exit 1' QUIT; trap 'echo TERM; exit 1' TERM; > started.$1;"
           " while :; do sleep 0.05; done", "sh", "{}"]
    process = begin("-j2", *got)
    process.send_signal(signal.SIGQUIT)
    _, status = os.waitpid(process.pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGQUIT and not os.WCOREDUMP(status), status
    assert process.stdout.read() == b"TERM\nTERM\n"


def test_C15_closed_terminal_is_a_hangup():
    """The window is closed: HUP, a graceful stop, nothing left."""
    shown = terminal("-j2", *SLEEPER)
    os.kill(shown.shell, signal.SIGKILL)        # the session's leader: its end hangs up who is in front
    shown.hang_up()
    wait_for(lambda: not is_alive(shown.pid), "the end of the program")
    shown.close()


def test_jobs_get_the_signal_that_we_got():
    """INT for INT, so that a job can tell a Ctrl-C from a shutdown."""
    job = ["sh", "-c", "trap 'echo INT; exit 1' INT; trap 'echo TERM; exit 1' TERM; > started.$1;"
           " while :; do sleep 0.05; done", "sh", "{}"]
    process = begin("-j2", *job)
    expect(end_by(process, signal.SIGINT), status=-signal.SIGINT, out="INT\nINT\n")


def test_those_that_ignore_the_signal_get_term():
    """A shell's background jobs ignore INT: they are ended all the same, within the grace."""
    process = begin("-j2", "--grace=1000", *IN_THE_BACKGROUND)
    result = expect(end_by(process, signal.SIGINT), status=-signal.SIGINT)
    assert result.seconds < AT_ONCE, result


def test_setsid_and_double_fork_are_found():
    """Who left the job's group, and whose parent is dead, gets TERM once the job has ended."""
    for job in (IN_SESSION_OF_ITS_OWN, TWICE_REMOVED):
        process = begin("-j2", "--grace=1000", *job)
        result = expect(end_by(process, signal.SIGTERM), status=-signal.SIGTERM)
        assert result.seconds < AT_ONCE, result
        check_nothing_left()
        os.unlink("started.1")
        os.unlink("started.2")


def test_D10_deaf_jobs_are_killed_after_the_grace():
    """After the grace TERM to all, two seconds later KILL; not sooner."""
    process = begin("-j2", "--grace=200ms", *DEAF)
    result = expect(end_by(process, signal.SIGINT), status=-signal.SIGINT,
                    err="quiesce: stopped by SIGINT: 0 done, 2 stopped, 1 not started\n")
    assert 2.2 <= result.seconds < 2.2 + AT_ONCE, result


def test_D10_stopped_jobs_are_continued_to_hear_it():
    """A job that was SIGSTOPped gets CONT with its signal."""
    process = begin("-j2", "sh", "-c", "> started.$1; kill -STOP $$; sleep 1000", "sh", "{}")
    result = expect(end_by(process, signal.SIGTERM), status=-signal.SIGTERM)
    assert result.seconds < AT_ONCE, result


def test_grace_is_for_those_who_use_it():
    """A job that needs a moment gets it, its last words come out, and it counts as done if it says so."""
    process = begin("-j2", *TIDY)
    expect(end_by(process, signal.SIGTERM), status=-signal.SIGTERM, out="clean\nclean\n",
           err="quiesce: stopped by SIGTERM: 2 done, 1 not started\n")


def test_partial_output_comes_last():
    """What a stopped job had written comes after everything that finished jobs wrote."""
    process = begin("-j3", "sh", "-c", "echo $1; > started.$1; [ $1 = 4 ] || exec sleep 1000", "sh", "{}",
                    items=("1", "2", "4", "4", "4"))
    read = read_until(process.stdout.fileno(), b"4\n4\n4\n")
    expect(end_by(process, signal.SIGTERM), status=-signal.SIGTERM, out="1\n2\n",
           err="quiesce: stopped by SIGTERM: 3 done, 2 stopped\n")
    assert read == b"4\n4\n4\n"


def test_idle_input_does_not_delay_the_end():
    """No job runs, the producer says nothing: a signal ends us at once."""
    process = start("echo")
    process.stdin.write(b"one\n")
    process.stdin.flush()
    read_until(process.stdout.fileno(), b"one\n")
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == -signal.SIGTERM
    assert time.monotonic() - began < AT_ONCE


def ignoring(number):
    return lambda: signal.signal(number, signal.SIG_IGN)


def test_C11_a_signal_ignored_at_start_stays_ignored():
    """As nohup and `&` in sh set it up: no stop, and the jobs ignore it, too."""
    process = begin("-j2", "sh", "-c", "> started.$1; until [ -e go ]; do sleep 0.02; done; grep SigIgn /proc/self/status",
                    "sh", "{}", items=("1", "2"), before=ignoring(signal.SIGINT))
    for pid in (process.pid, *children_of(process.pid)):
        os.kill(pid, signal.SIGINT)
    pathlib.Path("go").touch()
    result = expect(finish(process), status=0, err="")
    for line in result.out.splitlines():
        assert int(line.split()[1], 16) >> (signal.SIGINT - 1) & 1, result


def test_D1_jobs_have_the_signals_of_the_programs_start():
    """Mask and ignored signals of a job are exactly the caller's."""
    def before():
        signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGUSR1])
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)

    result = expect(run("cat", ":::", "/proc/self/status", before=before), status=0)
    masks = {line.split()[0]: int(line.split()[1], 16) for line in result.out.splitlines() if line[:3] == "Sig"
             and line[:4] != "SigQ" and line[:4] != "SigP"}
    # Numbers below SIGRTMIN that have no name are libc's own: who was started by its posix_spawn() ignores them, and a platform
    # layer of plain POSIX cannot change that.
    masks["SigIgn:"] &= ~(0b11 << 31)
    assert masks == {"SigBlk:": 1 << signal.SIGUSR1 - 1, "SigIgn:": 1 << signal.SIGUSR2 - 1, "SigCgt:": 0}, result


def test_C14_ctrl_z_stops_jobs_and_fg_continues_them():
    """^Z: the shell sees us stopped, the jobs stand still; continued, they go on and the run ends well."""
    shown = Terminal("-j1", "sh", "-c", "> started.$1; until [ -e go ]; do echo x >>beat; sleep 0.01; done", "sh", "{}", ":::", "1")
    wait_for_files("started.1", "beat")
    shown.type(b"\x1a")
    shown.expect_state("stopped by SIGTSTP")
    wait_for_standstill(shown.pid)
    still = os.path.getsize("beat")
    time.sleep(0.2)
    assert os.path.getsize("beat") == still
    shown.bring_to_front()
    shown.expect_state("continued")
    wait_for(lambda: os.path.getsize("beat") > still, "the job to go on")
    pathlib.Path("go").touch()
    shown.expect_state("exit 0")
    shown.close()


def test_E5_terminal_modes_are_restored():
    """A job that has switched the echo off (as for a password) is ended: what is typed can be seen again."""
    shown = Terminal("-j1", "sh", "-c", "trap '' TTOU; stty -echo </dev/tty && > started; exec sleep 1000", ":::", "1")
    wait_for_files("started")
    assert not termios.tcgetattr(shown.fd)[3] & termios.ECHO
    shown.type(b"\x03")
    shown.expect_state("killed by SIGINT")
    assert termios.tcgetattr(shown.fd)[3] & termios.ECHO
    shown.close()


def test_D16_as_process_1_of_a_container():
    """No default action ends process 1: the status says which signal it was, and strangers' orphans are buried."""
    container = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if subprocess.run([*container, "true"], capture_output=True).returncode != 0:
        raise Skip("no namespaces of processes here")
    job = "kill -TERM 1; exec sleep 1000"
    result = subprocess.run([*container, PROGRAM, "sh", "-c", job, ":::", "1"], capture_output=True, timeout=PATIENCE)
    assert (result.returncode, result.stderr) == (128 + signal.SIGTERM, b"quiesce: stopped by SIGTERM: 0 done, 1 stopped\n"), result


def test_E6_reading_the_terminal_in_the_background_stops_and_goes_on():
    """`quiesce echo &` without input of its own: the shell sees it stopped; in front it reads what is typed."""
    shown = Terminal("-j1", "--progress=never", "echo", "got", in_background=True)
    shown.expect_state("stopped by SIGTTIN")
    shown.bring_to_front()
    shown.expect_state("continued")
    shown.type(b"one\n\x04")
    shown.expect_state("exit 0")
    assert "got one" in shown.lines(), shown.lines()
    shown.close()


def test_C5_signals_at_any_moment_of_the_start():
    """A signal at any time ends us by it, or comes too late; never a hang, never something left."""
    for delay in range(60):
        process = start("-j2", "sleep", "{}", ":::", "0.03", "1000", "1000")
        time.sleep(delay * 0.0005 * SCALE)      # the moment is what is tried
        result = end_by(process, signal.SIGINT)
        assert result.status == -signal.SIGINT, result
        check_nothing_left()


if __name__ == "__main__":
    main(globals())
