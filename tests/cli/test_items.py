# SPDX-License-Identifier: MIT
"""Items: where they come from, one by one, as they are."""
import os
import pathlib
import resource
import signal
import time

from support import (AT_ONCE, PATIENCE, Skip, check_nothing_left, contains, end_by, expect, finish, has_open, is_sanitized,
                     main, read_until, run, runner_of, start, wait_for, wait_for_files)

ARGUMENT_MAX = 32 * resource.getpagesize()


def test_a_line_is_an_item_verbatim():
    """Blanks, quotes and backslashes are the item's own."""
    expect(run("-j1", "printf", "[%s]\\n", given=b"a b\n'q' \"\\\\n\n  lead\n-x\n"), status=0, err="",
           out="[a b]\n['q' \"\\\\n]\n[  lead]\n[-x]\n")


def test_bytes_that_are_no_text_pass():
    """An item need not be UTF-8."""
    process = start("-j1", "printf", "%s")
    out, _ = process.communicate(b"\xff\xfe\x80\n", timeout=PATIENCE)
    assert out == b"\xff\xfe\x80", out


def test_blank_lines_are_skipped_and_counted():
    """They make no job, and the summary says how many there were."""
    expect(run("-j1", "sh", "-c", "echo $0; exit 1", given=b"\n\na\n\nb\n"), status=123, out="a\nb\n",
           err="quiesce: 0 done, 2 failed, 3 blank lines skipped\n")


def test_last_line_needs_no_newline():
    """What the input ends with is an item."""
    expect(run("-j1", "echo", given=b"a\nb"), status=0, out="a\nb\n")


def test_E7_empty_input_is_no_job_and_success():
    """No item, no job, exit 0, no word."""
    expect(run("false", given=b""), status=0, out="", err="")
    expect(run("false", given=b"\n\n"), status=0, out="", err="")
    expect(run("false", ":::"), status=0, out="", err="")


def test_E7_nul_in_a_line_is_an_error_that_names_the_line():
    """What came before is done; the exit status is never 0."""
    expect(run("-j1", "echo", given=b"a\n\nb\0c\nd\n"), status=1, out="a\n",
           err="quiesce: standard input: line 3: a NUL in it (-0 is for items that end in NUL)\nquiesce: 1 done\n")


def test_nul_separates_with_0():
    """With -0 a newline is part of the item, and so is nothing at all."""
    expect(run("-j1", "-0", "printf", "[%s]", given=b"a\nb\0\0c"), status=0, out="[a\nb][][c]")


def test_items_from_a_file():
    """-a reads a file, and standard input is left alone."""
    pathlib.Path("items").write_text("a\nb\n")
    expect(run("-j1", "-a", "items", "echo", given=b"no\n"), status=0, out="a\nb\n")


def test_a_dash_is_standard_input():
    """-a - says in words what holds without -a."""
    expect(run("-j1", "-a", "-", "echo", given=b"a\nb\n"), status=0, out="a\nb\n", err="")


def start_on_fifo():
    """The program reads its items from a FIFO that nobody has opened for writing so far."""
    os.mkfifo("fifo")
    process = start("-j1", "-a", "fifo", "echo")
    runner = runner_of(process)
    wait_for(lambda: has_open(runner, "fifo"), "the runner to open the FIFO")
    return process


def test_C5_a_fifo_without_a_writer_delays_no_stop():
    """-a FIFO, nobody writes: one INT is enough, and the report comes."""
    process = start_on_fifo()
    result = expect(end_by(process, signal.SIGINT), status=-signal.SIGINT, out="", err="quiesce: stopped by SIGINT: 0 done\n")
    assert result.seconds < AT_ONCE, result


def test_D9_killed_guardian_and_a_fifo_without_a_writer():
    """The runner does not wait for ever for a writer when nobody waits for it."""
    process = start_on_fifo()
    process.kill()
    finish(process)
    check_nothing_left()


def test_a_fifo_whose_writer_comes_late():
    """That nobody has opened it yet is not the end of the input; that the writer has left is."""
    process = start_on_fifo()
    with open("fifo", "wb", buffering=0) as writer:
        writer.write(b"a\n")
        assert read_until(process.stdout.fileno(), b"a\n") == b"a\n"
        writer.write(b"b\n")
    expect(finish(process), status=0, out="b\n", err="")


def test_missing_file_is_named():
    """-a with a file that is not there: its name, exit 1, no job."""
    expect(run("-a", "nowhere", "echo"), status=1, out="", err="quiesce: nowhere: No such file or directory\n")


def test_input_that_cannot_be_read_is_named():
    """A folder as standard input."""
    folder = os.open(".", os.O_RDONLY)
    expect(run("echo", stdin=folder), status=1, out="", err="quiesce: standard input: Is a directory\n")


def test_items_from_the_command_line():
    """After `:::', whatever standard input holds."""
    expect(run("-j1", "echo", ":::", "a b", "", "-j", given=b"no\n"), status=0, out="a b\n\n-j\n")


def test_first_job_starts_while_the_producer_is_idle():
    """An item is run as soon as its line is there."""
    process = start("-j4", "sh", "-c", "echo $0; > started.$0")
    process.stdin.write(b"1\n")
    process.stdin.flush()
    wait_for_files("started.1")
    assert read_until(process.stdout.fileno(), b"1\n") == b"1\n"
    process.stdin.write(b"2\n")
    process.stdin.flush()
    wait_for_files("started.2")
    expect(finish(process), status=0, out="2\n")


def test_input_is_read_no_sooner_than_it_is_needed():
    """An endless producer is held back while the jobs take their time, and let go when the run ends."""
    reader, writer = os.pipe()
    process = start("-j2", "sh", "-c", "> started.$0; sleep 1000", stdin=reader)
    os.close(reader)
    os.write(writer, b"1\n2\n")
    wait_for_files("started.1", "started.2")
    os.set_blocking(writer, False)
    written = 0
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        try:
            written += os.write(writer, b"x\n" * 2048)
        except BlockingIOError:
            time.sleep(0.01)
    assert written < 1 << 20, written
    process.terminate()
    process.wait(PATIENCE)
    try:
        os.write(writer, b"x\n")
        raise AssertionError("somebody still holds the input open")
    except BrokenPipeError:
        pass


def test_E7_item_too_long_fails_that_job_only():
    """The longest item that the system takes runs; one byte more is a failure with a message, and the run goes on."""
    fits = b"y" * (ARGUMENT_MAX - 1)
    result = run("-j1", "sh", "-c", "echo ${#0}", given=fits + b"\n" + fits + b"y\nshort\n")
    expect(result, status=123, out=f"{ARGUMENT_MAX - 1}\n5\n",
           err=contains("quiesce: job 2 (yyy", "...): Argument list too long\n", "quiesce: 2 done, 1 failed\n"))


def test_E7_line_without_end_costs_no_memory():
    """64 MiB without a newline: one failed job, a few hundred KiB."""
    def few():
        resource.setrlimit(resource.RLIMIT_DATA, (48 << 20, 48 << 20))

    process = start("-j1", "echo", before=None if is_sanitized() else few)
    for _ in range(64):
        process.stdin.write(b"z" * (1 << 20))
    expect(finish(process, b"\nend\n"), status=123, out="end\n", err=contains("job 1 (zzz"))


def memory_of(process):
    """KiB that the runner holds."""
    status = pathlib.Path(f"/proc/{runner_of(process)}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


def test_E7_waiting_lines_cost_no_memory():
    """100,000 lines wait while the jobs take their time: they wait in the pipe, not in us."""
    process = start("-j2", "sh", "-c", "> started.$0; exec sleep 1000")
    process.stdin.write(b"1\n2\n")
    process.stdin.flush()
    wait_for_files("started.1", "started.2")
    before = memory_of(process)
    os.set_blocking(process.stdin.fileno(), False)
    given = process.stdin.raw.write(b"".join(b"%d\n" % number for number in range(100000)))
    assert given < 300000, given
    time.sleep(0.2)             # to take in what it will
    assert is_sanitized() or memory_of(process) - before < 512, (before, memory_of(process))
    process.terminate()
    process.wait(PATIENCE)


def test_E7_jobs_that_ended_cost_no_memory():
    """After two thousand jobs the runner holds what it held after two hundred."""
    process = start("-j2", "echo")
    process.stdin.write(b"x\n" * 200)
    process.stdin.flush()
    read_until(process.stdout.fileno(), b"x\n" * 200)
    before = memory_of(process)
    process.stdin.write(b"y\n" * 1800)
    process.stdin.flush()
    read_until(process.stdout.fileno(), b"y\n" * 1800)
    assert is_sanitized() or memory_of(process) - before < 256, (before, memory_of(process))
    expect(finish(process), status=0, out="")


def test_E7_no_memory_for_a_job_is_no_trouble_of_the_input():
    """The message says what was to be done, and every item is accounted for."""
    if is_sanitized():
        raise Skip("a sanitizer's memory is not the program's")
    process = start("-j2", "sh", "-c", "> started.$1; exec sleep 1000", "sh", "{}")
    process.stdin.write(b"1\n")
    process.stdin.flush()
    wait_for_files("started.1")
    status = pathlib.Path(f"/proc/{runner_of(process)}/status").read_text()
    held = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmSize")) << 10
    resource.prlimit(runner_of(process), resource.RLIMIT_AS, (held, held))
    result = expect(finish(process, b"x" * (ARGUMENT_MAX - 1) + b"\n"), status=1,
                    err="quiesce: cannot take one more job: no memory\n"
                        "quiesce: 0 done, 1 stopped, at least 1 not started\n")


def test_items_in_any_chunks():
    """Lines that come in pieces, byte by byte, are the same lines."""
    process = start("-j1", "echo")
    for byte in b"one\ntwo\n\nthree":
        process.stdin.write(bytes([byte]))
        process.stdin.flush()
    expect(finish(process), status=0, out="one\ntwo\nthree\n")


if __name__ == "__main__":
    main(globals())
