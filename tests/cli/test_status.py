# SPDX-License-Identifier: MIT
"""How it ends: exit codes, and what --fail-fast makes of them."""
import os
import pathlib
import signal
import time

from support import (AT_ONCE, PATIENCE, check_nothing_left, contains, end_by, expect, main, read_until, run, start,
                     wait_for_files, wait_out_copies, within)

EXIT = ["sh", "-c", "exit $0"]
KILL = ["sh", "-c", "kill -$0 $$"]


def test_E8_all_done_is_0():
    """Every job succeeded."""
    expect(run("true", ":::", "1", "2"), status=0, out="", err="")


def test_E8_some_failed_is_123():
    """Whatever a failing job exits with, 255 included; the others run on."""
    for code in ("1", "2", "123", "124", "125", "126", "127", "128", "130", "254", "255"):
        expect(run("-j1", *EXIT, ":::", "0", code, "0"), status=123, err="quiesce: 2 done, 1 failed\n")


def test_E8_killed_jobs_are_failures_that_are_named():
    """A signal leaves no words of the job's own, so there are some of ours."""
    expect(run("-j1", *KILL, ":::", "KILL", "TERM"), status=123,
           err="quiesce: job 1 (KILL): killed by SIGKILL\nquiesce: job 2 (TERM): killed by SIGTERM\n"
               "quiesce: 0 done, 2 failed\n")


def test_E8_command_not_found_is_127_said_once():
    """One message however many jobs would have been, and nothing more is read."""
    expect(run("-j4", "no-such-command", given=b"x\n" * 100), status=127, out="",
           err="quiesce: no-such-command: command not found\n")
    expect(run("./none", ":::", "1"), status=127, err="quiesce: ./none: No such file or directory\n")


def test_E8_command_not_executable_is_126():
    """A file without the right to be executed, a folder, a file that is no program."""
    pathlib.Path("plain").write_text("true\n")
    pathlib.Path("broken").write_bytes(b"\x7fELF nonsense")
    os.chmod("broken", 0o755)
    expect(run("./plain", ":::", "1", "2"), status=126, err="quiesce: ./plain: Permission denied\n")
    expect(run("/", ":::", "1"), status=126, err="quiesce: /: Permission denied\n")
    expect(run("./broken", ":::", "1"), status=126, err="quiesce: ./broken: Exec format error\n")


def test_item_in_a_message_moves_no_cursor():
    """Control characters of an item are shown as question marks, a long one is cut."""
    item = "a\x1b[2J\nb" + "c" * 100
    result = expect(run(*("sh", "-c", "kill -KILL $$"), ":::", item), status=123)
    assert result.err.startswith("quiesce: job 1 (a?[2J?bccc") and "ccc...): killed by SIGKILL\n" in result.err, result


def test_item_in_a_message_is_cut_between_characters():
    """Two bytes a letter: 60 of the 63 bytes that there are in all are for the item, and no letter is halved."""
    for lead in ("", "x"):
        result = expect(run(*("sh", "-c", "kill -KILL $$"), ":::", lead + "\u00e9" * 40), status=123)
        wanted = lead + "\u00e9" * ((60 - len(lead)) // 2)
        assert result.err.startswith(f"quiesce: job 1 ({wanted}...): killed by SIGKILL\n"), result
    result = expect(run(*("sh", "-c", "kill -KILL $$"), ":::", "\u20ac\U0001f600\u00a0"), status=123,
                    err=contains("quiesce: job 1 (\u20ac\U0001f600\u00a0): killed"))


def test_no_message_commands_a_terminal():
    """Control characters of both sets, and what is no UTF-8 (a lone C1 byte, ESC in two bytes), in whatever we quote."""
    bad = b"a\xc2\x9b2J\x9b\xc1\x9b\x1b[m\x7f\xe9"
    shown = "a?2J????[m??"
    for words, wanted in ((("-a", bad, "true"), f"quiesce: {shown}: No such file or directory\n"),
                          ((b"./" + bad, ":::", "1"), f"quiesce: ./{shown}: No such file or directory\n"),
                          (("-j", bad, "true"), f"quiesce: -j '{shown}': not a number"),
                          ((b"--" + bad, "true"), f"quiesce: unknown option '--{shown}'"),
                          (("sh", "-c", "kill -KILL $$", ":::", bad), f"quiesce: job 1 ({shown}): killed")):
        expect(run(*words), err=contains(wanted))


def test_names_that_are_no_word_are_quoted():
    """Nothing at all, or several words, are seen for what they are."""
    expect(run("-a", "", "true"), status=1, err="quiesce: '': No such file or directory\n")
    expect(run("-a", "no where", "true"), status=1, err="quiesce: 'no where': No such file or directory\n")
    expect(run("", ":::", "1"), status=127, err=contains("quiesce: '': "))
    assert "`" not in run("--help").out


def test_fail_fast_exits_with_the_status_of_the_job():
    """The first failing job decides."""
    for code in (1, 7, 255):
        expect(run("-j1", "--fail-fast", *EXIT, ":::", "0", str(code), "0"), status=code,
               err=f"quiesce: stopped because job 2 ({code}) failed with status {code}: 1 done, 1 failed, 1 not started\n")


def test_fail_fast_of_a_killed_job_is_128_and_its_signal():
    """As a shell has it."""
    expect(run("-j1", "--fail-fast", *KILL, ":::", "USR1", "0"), status=128 + signal.SIGUSR1,
           err="quiesce: job 1 (USR1): killed by SIGUSR1\n"
               "quiesce: stopped because job 1 (USR1) was killed by SIGUSR1: 0 done, 1 failed, 1 not started\n")


def test_fail_fast_of_a_job_that_cannot_be_started():
    """An item that is too long for any argument: the job fails with 126 as a shell has it, and the report says how."""
    result = expect(run("-j1", "--fail-fast", "true", given=b"y" * (1 << 20) + b"\nnext\n"), status=126)
    assert "quiesce: stopped because job 1 (yyy" in result.err and "...) could not be started: " in result.err, result


def test_fail_fast_stops_what_runs_and_starts_nothing_more():
    """The others are ended like at a signal; their partial output comes last."""
    job = "[ $0 = bad ] && { until [ -e started ]; do sleep 0.01; done; echo bad; exit 9; }; echo part; > started; exec sleep 1000"
    result = expect(run("-j2", "--fail-fast", "sh", "-c", job, ":::", "long", "bad", "never"), status=9, out="bad\npart\n",
                    err="quiesce: stopped because job 2 (bad) failed with status 9: 0 done, 1 failed, 1 stopped, 1 not started\n")
    assert result.seconds < AT_ONCE, result


def test_fail_fast_does_not_wait_for_idle_input():
    """The producer says nothing more and does not close: the run ends within 0.1 s of the failure."""
    def measure():
        process = start("-j2", "--fail-fast", "sh", "-c", "> started; until [ -e go ]; do sleep 0.001; done; exit 5")
        process.stdin.write(b"1\n")
        process.stdin.flush()
        wait_for_files("started")
        began = time.monotonic()
        pathlib.Path("go").touch()
        assert process.wait(PATIENCE) == 5
        seconds = time.monotonic() - began
        assert process.stderr.read() == b"quiesce: stopped because job 1 (1) failed with status 5: 0 done, 1 failed\n"
        return seconds

    within(0.1, measure)


def test_fail_fast_kills_deaf_jobs_after_the_grace():
    """The same ladder as for a signal."""
    job = "trap '' TERM; [ $0 = 1 ] && { until [ -e started ]; do sleep 0.01; done; exit 4; }; > started; while :; do sleep 1; done"
    result = expect(run("-j2", "--fail-fast", "--grace=100ms", "sh", "-c", job, ":::", "1", "2"), status=4)
    assert 2.1 <= result.seconds < 2.1 + AT_ONCE, result
    check_nothing_left()


def test_without_fail_fast_the_rest_is_run():
    """A failure alone stops nothing."""
    expect(run("-j1", *EXIT, ":::", "1", "0", "1", "0"), status=123, err="quiesce: 2 done, 2 failed\n")


def test_signal_during_fail_fast_is_what_we_die_of():
    """The user's word has the last say about the way of dying."""
    job = "trap '' TERM; [ $0 = 1 ] && { until [ -e started ]; do sleep 0.01; done; echo bad; exit 4; }; > started; while :; do sleep 1; done"
    process = start("-j2", "--fail-fast", "--grace=1000", "sh", "-c", job, ":::", "1", "2")
    read_until(process.stdout.fileno(), b"bad\n")
    process.send_signal(signal.SIGTERM)
    wait_out_copies()
    expect(end_by(process, signal.SIGTERM), status=-signal.SIGTERM, err=contains("quiesce: stopped by SIGTERM: 0 done, 1 failed, 1 stopped"))


def test_D5_ignored_sigchld_does_not_make_failures_successes():
    """Whoever starts us with SIGCHLD ignored gets the same statuses."""
    expect(run("-j1", *EXIT, ":::", "0", "3", before=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)), status=123,
           err="quiesce: 1 done, 1 failed\n")


if __name__ == "__main__":
    main(globals())
