# SPDX-License-Identifier: MIT
"""Output: whole per job, never mixed, never lost in silence."""
import os
import pathlib
import re
import resource
import select
import signal
import socket
import subprocess
import time

from support import (AT_ONCE, PATIENCE, SLEEPER, Terminal, children_of, contains, end_by, expect, finish, main, open_files_of,
                     read_until, run, runner_of, start, wait_for, wait_for_files, wait_out_copies)

# Writes 2,000 lines on each stream, a few at a time.
TALKER = ["sh", "-c", "i=0; while [ $i -lt 2000 ]; do echo $0 out $i; echo $0 err $i >&2; i=$((i+1)); done", "{}"]


def lines_of(item, stream):
    return "".join(f"{item} {stream} {number}\n" for number in range(2000))


def test_output_of_parallel_jobs_is_never_mixed():
    """Eight jobs talk at the same time on both streams; each is written whole."""
    result = expect(run("-j8", *TALKER, ":::", *"abcdefgh"), status=0)
    for text, stream in ((result.out, "out"), (result.err, "err")):
        order = re.findall(rf"^(.) {stream} 0$", text, re.MULTILINE)
        assert sorted(order) == list("abcdefgh"), order
        assert text == "".join(lines_of(item, stream) for item in order)


def test_large_output_waits_in_the_spool():
    """Four jobs with 20 MB each: exact, and the runner's memory does not hold it."""
    job = "head -c 20000000 /dev/zero | tr '\\0' $0; echo; > done.$0; until [ -e go ]; do sleep 0.01; done"
    process = start("-j4", "sh", "-c", job, ":::", "a", "b", "c", "d")
    wait_for_files("done.a", "done.b", "done.c", "done.d")
    status = pathlib.Path(f"/proc/{runner_of(process)}/status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1])
    files = open_files_of(runner_of(process))
    pathlib.Path("go").touch()
    result = expect(finish(process), status=0)
    assert sorted(line[0] + str(len(line)) for line in result.out.split()) == [f"{x}20000000" for x in "abcd"]
    assert all(len(set(line)) == 1 for line in result.out.split())
    assert resident < 64 << 10, resident
    assert sum("(deleted)" in name for name in files) == 1, files


def test_spool_has_no_name():
    """Nothing to be found in TMPDIR, while it is used and after."""
    os.mkdir("tmp")
    process = start("sh", "-c", "head -c 1000000 /dev/zero; > done; until [ -e go ]; do sleep 0.01; done", ":::", "1",
                    env={**os.environ, "TMPDIR": "tmp"})
    wait_for_files("done")
    assert os.listdir("tmp") == []
    pathlib.Path("go").touch()
    expect(finish(process), status=0, out="\0" * 1000000)
    assert os.listdir("tmp") == []


def test_E9_no_room_for_waiting_output_is_trouble():
    """No folder for the spool: a message, the run stops, exit 1."""
    process = start("-j1", "sh", "-c", "head -c 1000000 /dev/zero; exec sleep 1000", ":::", "1", "2",
                    env={**os.environ, "TMPDIR": "/nowhere"})
    expect(finish(process), status=1, err=contains("quiesce: waiting output in /nowhere (TMPDIR): No such file or directory\n"))


def test_output_comes_when_the_job_ends():
    """Not at the end of the run."""
    process = start("-j2", "sh", "-c", "echo $0; [ $0 = a ] || until [ -e go ]; do sleep 0.01; done", ":::", "a", "b")
    assert read_until(process.stdout.fileno(), b"a\n") == b"a\n"
    pathlib.Path("go").touch()
    expect(finish(process), out="b\n", status=0)


def test_streams_stay_apart():
    """What a job says on standard error arrives there, of jobs that fail, too."""
    expect(run("-j1", "sh", "-c", "echo o; echo e >&2; exit 3", ":::", "1"), status=123, out="o\n",
           err="e\nquiesce: 0 done, 1 failed\n")


def test_ungrouped_output_goes_straight_through():
    """With -u a job's words are seen while it runs."""
    process = start("-u", "sh", "-c", "echo now; echo err >&2; until [ -e go ]; do sleep 0.01; done", ":::", "1")
    assert read_until(process.stdout.fileno(), b"now\n") == b"now\n"
    assert read_until(process.stderr.fileno(), b"err\n") == b"err\n"
    pathlib.Path("go").touch()
    expect(finish(process), status=0, out="", err="")


def test_D12_a_background_process_that_holds_the_output_delays_nothing():
    """The job ends when its process does, not when the last holder of its pipe does."""
    result = expect(run("-j1", "sh", "-c", "echo said; sleep 1000 & echo $! >daemon", ":::", "1"), status=0, out="said\n")
    os.kill(int(pathlib.Path("daemon").read_text()), signal.SIGKILL)
    assert result.seconds < AT_ONCE, result


def test_D16_orphans_of_jobs_do_not_pile_up():
    """Each job leaves a process that ends soon; the dead ones are buried while the run goes on."""
    process = start("-j2", "sh", "-c", "sleep 0 & [ $0 -lt 600 ] || { > last; until [ -e go ]; do sleep 0.01; done; }",
                    stdout=subprocess.DEVNULL)
    process.stdin.write(b"".join(b"%d\n" % number for number in range(601)))
    process.stdin.flush()
    wait_for_files("last")
    left = len(children_of(runner_of(process)))
    pathlib.Path("go").touch()
    expect(finish(process), status=0)
    assert left < 200, left


def test_C12_reader_is_gone():
    """The reader goes away: the next job that has something to say ends the run, quietly, and we die of SIGPIPE."""
    job = "[ $0 = 1 ] || until [ -e gone ]; do sleep 0.01; done; echo $0; [ $0 != 3 ] || exec sleep 1000"
    process = start("-j3", "sh", "-c", job, ":::", "1", "2", "3", "4")
    assert read_until(process.stdout.fileno(), b"1\n") == b"1\n"
    process.stdout.close()
    pathlib.Path("gone").touch()
    assert process.stderr.read() == b""
    assert process.wait(PATIENCE) == -signal.SIGPIPE


def test_C12_reader_is_gone_while_the_jobs_are_silent():
    """A pipe or a socket: that nobody reads any more is seen at once, not at the next write, and ends the run quietly."""
    for words in (("-j1",), ("-j1", "-u")):
        for make in (os.pipe, lambda: [end.detach() for end in socket.socketpair()]):
            reader, writer = make()
            process = start(*words, *SLEEPER, ":::", "1", "2", stdout=writer)
            os.close(writer)
            wait_for_files("started.1")
            began = time.monotonic()
            os.close(reader)
            result = expect(finish(process, began=began), status=-signal.SIGPIPE, err="")
            assert result.seconds < AT_ONCE, result
            os.unlink("started.1")


def test_C12_reader_that_leaves_with_all_there_is_is_no_trouble():
    """Everything was done and taken: whether the reader or we go first makes no difference."""
    script = 'for i in $(seq 40); do "$QS_PROGRAM" -j1 echo ::: a | head -1; echo ${PIPESTATUS[0]}; done'
    result = subprocess.run(["bash", "-c", script], capture_output=True, timeout=PATIENCE)
    assert (result.stdout, result.stderr) == (b"a\n0\n" * 40, b""), result


def test_C12_head_takes_one_line():
    """The same in a pipeline of a shell, with more jobs than will ever run."""
    result = subprocess.run(["bash", "-c", 'yes | "$QS_PROGRAM" -j2 echo | head -1; echo ${PIPESTATUS[1]}'],
                            capture_output=True, timeout=PATIENCE, text=True)
    assert (result.stdout, result.stderr) == ("y\n141\n", ""), result


def test_C12_head_takes_one_line_ungrouped():
    """With -u the jobs meet the broken pipe; the run ends all the same."""
    result = subprocess.run(["bash", "-c", 'yes | "$QS_PROGRAM" -u -j2 echo 2>/dev/null | head -1; echo ${PIPESTATUS[1]}'],
                            capture_output=True, timeout=PATIENCE, text=True)
    assert result.stdout in ("y\n141\n",), result


def test_C12_broken_pipe_is_an_error_where_sigpipe_is_ignored():
    """Who ignores SIGPIPE gets a message and exit 1."""
    reader, writer = os.pipe()
    os.close(reader)
    process = start("-j1", "echo", ":::", "a", stdout=writer, before=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN))
    os.close(writer)
    expect(finish(process), status=1, err="quiesce: standard output: Broken pipe\nquiesce: 1 done\n")


def test_E2_full_disk_is_never_success():
    """A write error: a message, the run stops, exit 1."""
    with open("/dev/full", "w") as full:
        began = time.monotonic()
        expect(run("-j1", "sh", "-c", "echo $0; [ $0 = 1 ] || exec sleep 1000", ":::", "1", "2", "3", stdout=full), status=1,
               err=contains("quiesce: standard output: No space left on device\n"))
        assert time.monotonic() - began < PATIENCE


def test_E2_limit_on_the_size_of_files_is_never_success():
    """ulimit -f: a message and exit 1, no death by SIGXFSZ, and as much of the output as was allowed."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    with open("out", "w") as out:
        expect(run("-j1", "sh", "-c", "head -c 5000 /dev/zero", ":::", "1", stdout=out, before=limit), status=1,
               err="quiesce: standard output: File too large\nquiesce: 1 done\n")
    assert os.path.getsize("out") == 1000


def test_E2_limit_on_the_size_of_files_does_not_swallow_the_report():
    """The last words of a stopped job are written by the main thread, which SIGXFSZ would end."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    with open("out", "w") as out:
        process = start("-j1", "sh", "-c", "head -c 5000 /dev/zero; > started; exec sleep 1000", ":::", "1", stdout=out,
                        before=limit)
    wait_for_files("started")
    expect(end_by(process, signal.SIGINT), status=-signal.SIGINT, err="quiesce: stopped by SIGINT: 0 done, 1 stopped\n")


def test_E2_full_disk_on_standard_error_is_never_success():
    """The same for what the jobs say on standard error, although nobody can be told."""
    with open("/dev/full", "w") as full:
        expect(run("-j1", "sh", "-c", "echo $0 >&2", ":::", "1", "2", stderr=full), status=1)


def test_E6_closed_output_is_an_error_if_there_is_output():
    """>&-: jobs that say nothing are fine, others are trouble, and no file of ours takes its place."""
    def close_output():
        os.close(1)

    expect(run("-j1", "true", ":::", "1", before=close_output), status=0, err="")
    expect(run("-j1", "echo", ":::", "1", before=close_output), status=1,
           err=contains("quiesce: standard output: Bad file descriptor\n"))


def test_slow_reader_is_waited_for():
    """Nobody reads for a while: nothing is lost."""
    process = start("-j2", "sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x", ":::", "1", "2")
    wait_for(lambda: select.select([process.stdout], [], [], 0)[0], "output")
    time.sleep(0.2)             # the pipe is full by now
    expect(finish(process), status=0, out="x" * 600000)


def test_stuck_reader_does_not_keep_us():
    """Nobody reads, and it is the second request: the rest of the output is given up."""
    process = start("-j2", "sh", "-c", "head -c 300000 /dev/zero; > done.$0; exec sleep 1000", ":::", "1", "2")
    wait_for_files("done.1", "done.2")
    process.send_signal(signal.SIGINT)
    wait_out_copies()
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == -signal.SIGINT
    assert time.monotonic() - began < AT_ONCE
    assert process.stderr.read() == b"quiesce: stopped by SIGINT: 0 done, 2 stopped\n"


def test_output_without_a_newline_does_not_swallow_our_words():
    """On a terminal a message begins on a line of its own."""
    shown = Terminal("-j1", "sh", "-c", "printf half; exit 1", ":::", "1")
    shown.expect_state("exit 123")
    assert shown.lines() == ["half", "quiesce: 0 done, 1 failed"], shown.lines()
    shown.close()


if __name__ == "__main__":
    main(globals())
