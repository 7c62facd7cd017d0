# SPDX-License-Identifier: MIT
"""fail_fast: the first failure stops the rest, nothing starts after it, nothing half-written stays."""
import os
import pathlib
import resource
import signal
import sys
import time

from support import AT_ONCE, end_by, expect, finish, main, read_until, run, start, wait_for, wait_for_files

EXISTS = "fail_fast: to/.name.part: File exists (it is being written, or a run that was killed left it)\n"
REST = 100                              # sources behind the one that fails


def make_sources(count):
    """Files of all sizes around the chunk's; their paths."""
    pathlib.Path("from").mkdir()
    pathlib.Path("to").mkdir()
    paths = [pathlib.Path("from") / f"file{number}" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(os.urandom(number * 9973 % 200000))
    return [str(path) for path in paths]


def make_pipe(name):
    """A source that waits for us: its path, and its other end."""
    path = f"from/{name}"
    os.mkfifo(path)
    return path, os.open(path, os.O_RDWR)


def what_came():
    return sorted(os.listdir("to"))


def test_fail_fast_copies_all_when_nothing_fails():
    """Each source comes whole, under its own name, and nothing else is there."""
    sources = make_sources(40)
    expect(run("to", *sources), 0, "", "fail_fast: 40 sources: 40 whole, 0 failed, 0 stopped, 0 never started\n")
    assert what_came() == sorted(os.path.basename(source) for source in sources)
    for source in sources:
        assert pathlib.Path("to", os.path.basename(source)).read_bytes() == pathlib.Path(source).read_bytes(), source


def test_fail_fast_first_failure_stops_the_rest():
    """Three downloads wait for data, the fourth fails: the three stop, of a hundred behind them none starts."""
    rest = make_sources(REST)
    pipes = [make_pipe(f"pipe{number}")[0] for number in range(3)]
    result = run("to", *pipes, "from/missing", *rest)
    lines = result.err.splitlines()
    expect(result, 1, "")
    assert lines[0] == "fail_fast: from/missing: No such file or directory", result
    assert lines[1:] and lines[1].startswith(f"fail_fast: {REST + 4} sources: 0 whole, 1 failed, "), result
    # How many of the three had begun when the fourth failed is chance; what had not never does.
    words = lines[1].replace(",", "").split()
    assert int(words[words.index("stopped") - 1]) + int(words[words.index("never") - 1]) == REST + 3, result
    assert int(words[words.index("never") - 1]) >= REST, result
    assert what_came() == [], "half-written files stay"
    assert result.seconds < AT_ONCE, result


def test_fail_fast_error_is_out_at_once():
    """A failure in the middle: what had come whole stays, what is half there goes, the text names the source."""
    rest = make_sources(REST)
    (one, end), (two, _), (three, end_of_three), (gate, _) = map(make_pipe, ("one", "two", "three", "gate"))
    os.write(end, b"x" * 1000)
    os.mkdir("from/folder")             # opens, but cannot be read
    # Three places go to pipes; the fourth works off what follows, up to the gate, and waits there.
    process = start("to", one, two, three, *rest[:5], gate, "from/folder", *rest[5:])
    wait_for_files("to/.one.part", "to/.two.part", "to/.three.part", "to/.gate.part")
    began = time.monotonic()
    os.close(end_of_three)              # the third ends whole; its worker goes on to the folder
    line = read_until(process.stderr.fileno(), b"\n")
    result = finish(process, began=began)
    text = line.decode() + result.err
    assert text.startswith("fail_fast: from/folder: Is a directory\n"), text
    assert text.endswith(f"{REST + 5} sources: 6 whole, 1 failed, 3 stopped, {REST - 5} never started\n"), text
    expect(result, 1, "")
    assert what_came() == sorted(["three"] + [f"file{number}" for number in range(5)]), what_came()
    assert result.seconds < AT_ONCE, result


def test_fail_fast_one_sigint_leaves_nothing_half_written():
    """Ctrl-C while a download waits for data: dead of SIGINT at once, the half-written file is gone."""
    make_sources(0)
    pipe, end = make_pipe("slow")
    os.write(end, b"x" * 1000)
    process = start("to", pipe)
    wait_for(lambda: what_came() == [".slow.part"], "the half-written file")
    result = expect(end_by(process, signal.SIGINT), -signal.SIGINT, "",
                    "fail_fast: 1 source: 0 whole, 0 failed, 1 stopped, 0 never started\n")
    assert what_came() == [] and result.seconds < AT_ONCE, (what_came(), result)
    os.close(end)


def test_fail_fast_two_of_one_name_are_a_failure():
    """Two sources that would be written to the same file at once: the second fails, the first is not mixed up with it."""
    make_sources(0)
    pipe, end = make_pipe("name")
    other = pathlib.Path("other")
    other.mkdir()
    (other / "name").write_text("other")
    process = start("to", pipe)
    wait_for(lambda: what_came() == [".name.part"], "the first one")
    expect(run("to", "other/name"), 1, "", lambda err: err.startswith(EXISTS))
    os.write(end, b"first")
    os.close(end)
    expect(finish(process), 0, "")
    assert pathlib.Path("to/name").read_text() == "first"


def test_fail_fast_names_what_a_killed_run_left():
    """KILL leaves the half-written file; the next run says which file is in the way, and leaves it there."""
    make_sources(0)
    pipe, end = make_pipe("name")
    process = start("to", pipe)
    wait_for_files("to/.name.part")
    process.kill()
    expect(finish(process), -signal.SIGKILL)
    os.write(end, b"x")
    expect(run("to", pipe), 1, "", lambda err: err.startswith(EXISTS))
    assert what_came() == [".name.part"], what_came()
    os.close(end)


def test_fail_fast_names_the_side_that_failed():
    """A source that is whole is not blamed for what is wrong with the folder or with the file of that name in it."""
    source = make_sources(1)[0]
    pathlib.Path("file").touch()
    expect(run("file", source), 1, "", lambda err: err.startswith("fail_fast: file/.file0.part: Not a directory\n"))
    expect(run("/proc", source), 1, "", lambda err: err.startswith("fail_fast: /proc/.file0.part: "))
    os.mkdir("to/file0")
    expect(run("to", source), 1, "", lambda err: err.startswith("fail_fast: to/file0: Is a directory\n"))
    assert what_came() == ["file0"], "half-written files stay"


def test_fail_fast_names_the_file_that_has_no_room():
    """What cannot be written is blamed on the file it was to go to; what could be written of it goes."""
    make_sources(0)
    pathlib.Path("from/large").write_bytes(bytes(1 << 20))

    def make_room_small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, 1 << 18))

    expect(run("to", "from/large", before=make_room_small), 1, "",
           lambda err: err.startswith("fail_fast: to/.large.part: File too large\n"))
    assert what_came() == [], "half-written files stay"


def test_fail_fast_refuses_a_folder_that_is_none():
    """No folder, no word about sources."""
    expect(run("missing", "x"), 1, "", "fail_fast: missing: No such file or directory\n")
    expect(run("only"), 2, "", "usage: fail_fast FOLDER SOURCE...\n")


main(sys.modules[__name__].__dict__)
