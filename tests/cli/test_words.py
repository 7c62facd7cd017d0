# SPDX-License-Identifier: MIT
"""Words: the command with the item filled in, and the command line before it."""
import os
import pathlib
import resource

from support import contains, expect, main, run

FIELDS = ("{}", "{.}", "{/}", "{//}", "{/.}")
TABLE = {
    "a/b.c/d.tar.gz": ("a/b.c/d.tar.gz", "a/b.c/d.tar", "d.tar.gz", "a/b.c", "d.tar"),
    "plain": ("plain", "plain", "plain", ".", "plain"),
    "x.y": ("x.y", "x", "x.y", ".", "x"),
    "a.b/c": ("a.b/c", "a.b/c", "c", "a.b", "c"),
    "/top": ("/top", "/top", "top", "/", "top"),
    "/": ("/", "/", "/", "/", "/"),
    "dir/": ("dir/", "dir/", "dir", ".", "dir"),
    "a//b.c": ("a//b.c", "a//b", "b.c", "a", "b"),
    ".profile": (".profile", ".profile", ".profile", ".", ".profile"),
    "d/.x.y": ("d/.x.y", "d/.x", ".x.y", "d", ".x"),
    "..": ("..", "..", "..", ".", ".."),
    "a/..": ("a/..", "a/..", "..", "a", ".."),
    "../": ("../", "../", "..", ".", ".."),
    ".": (".", ".", ".", ".", "."),
    "..x.y": ("..x.y", "..x", "..x.y", ".", "..x"),
    "...": ("...", "...", "...", ".", "..."),
    "dot.": ("dot.", "dot", "dot.", ".", "dot"),
    "": ("", "", "", ".", ""),
    "{.}": ("{.}", "{", "{.}", ".", "{"),
}


def test_fields_stand_for_parts_of_the_item():
    """The whole {} family, on paths of every shape."""
    for item, wanted in TABLE.items():
        expect(run("printf", "%s\\n", *FIELDS, ":::", item), status=0, out="".join(part + "\n" for part in wanted))


def test_fields_work_inside_words_and_as_often_as_wanted():
    """In any word but none that is a field, what is no field stays."""
    expect(run("printf", "%s\\n", "<{}>{}", "{.}.opus", "{", "}", "{x}", "{}}", "{{}", ":::", "a.b"), status=0,
           out="<a.b>a.b\na.opus\n{\n}\n{x}\na.b}\n{a.b\n")


def test_without_a_field_the_item_is_the_last_argument():
    """As one word, whatever is in it."""
    expect(run("printf", "[%s]", "first", ":::", "the item"), status=0, out="[first][the item]")


def test_number_of_job_and_slot():
    """{#} counts jobs from 1, {%} names one of the places."""
    expect(run("-j1", "echo", "{#}-{%}", given=b"a\n\nb\n"), status=0, out="1-1\n2-1\n")
    result = expect(run("-j3", "echo", "{%}", given=b"x\n" * 50), status=0)
    assert set(result.out.split()) <= {"1", "2", "3"}, result


def test_the_command_itself_may_be_the_item():
    """{} as the first word."""
    expect(run("{}", ":::", "true"), status=0)


def test_no_shell_looks_at_the_item():
    """It is an argument, not code."""
    expect(run("echo", "got {}", ":::", "$(touch X) `touch X`; touch X"), status=0,
           out="got $(touch X) `touch X`; touch X\n")
    assert not os.path.exists("X")


def test_options_of_the_command_are_its_own():
    """Ours end at the first word that is none."""
    expect(run("-j1", "printf", "%s,", "-j", "--help", ":::", "a"), status=0, out="-j,--help,a,")
    expect(run("-j1", "--", "echo", "-n", ":::", "a"), status=0, out="a")


def refused(*words, saying):
    expect(run(*words), status=2, out="", err=lambda text: text.startswith("quiesce: ") and saying in text
           and text.count("\n") == 1)


def test_E8_wrong_words_are_refused_by_name():
    """Exit 2, one line that names the word."""
    refused(saying="no command")
    refused(":::", "a", saying="no command")
    refused("--frobnicate", "true", saying="unknown option '--frobnicate'")
    refused("-j4", "-x", "true", saying="unknown option '-x'")
    refused("-ux", "true", saying="unknown option '-x'")
    refused("--fail", "true", saying="unknown option '--fail'")
    refused("--grace", saying="a value is missing after '--grace'")
    refused("-j", saying="a value is missing after '-j'")
    refused("--fail-fast=yes", "true", saying="no value belongs to '--fail-fast=yes'")
    for number in ("", "x", "-1", "+1", " 1", "1.5", "1x", "0%", "%", "1000000%", "65537", "99999999999999999999"):
        refused("-j", number, "true", saying=f"-j '{number}'")
    for time in ("", "x", "-1", "1y", ".", "1.2.3", "1 s", "1e3"):
        refused("--grace", time, "true", saying=f"--grace '{time}'")
    refused("--progress=sometimes", "true", saying="--progress 'sometimes'")
    refused("echo", ":::", "a", ":::", "b", saying="a second ':::'")
    refused("-a", "x", "echo", ":::", "a", saying="'-a'")
    refused("-a", "x", "-a", "y", "echo", saying="a second '-a'")
    refused("-0", "echo", ":::", "a", saying="'-0'")


def test_numbers_of_jobs():
    """-j N, N% and 0; -j0 starts as many as there are items."""
    for jobs in ("1", "64", "1%", "100%", "250%"):
        expect(run("-j", jobs, "echo", ":::", "a"), status=0, out="a\n", err="")
    meet = "> here.$0; while [ $(ls here.* | wc -l) -lt 20 ]; do sleep 0.01; done"
    expect(run("-j0", "sh", "-c", meet, ":::", *map(str, range(20))), status=0)


def test_E8_more_jobs_than_open_files_allow():
    """-j 10000 with 64 open files: a word about it, and the work is done."""
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    result = expect(run("-j10000", "echo", given=b"x\n" * 100, before=few), status=0, out="x\n" * 100,
                    err=contains("quiesce: -j 10000: ", " at once"))
    assert result.err.count("\n") == 1, result


def test_E8_too_few_open_files_for_any_job():
    """Where not even one job fits nothing is begun, and the limit is named; one file more and it works, in every respect."""
    def limit(files):
        return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    for words in (("-j1",), ("-j2",), ("-j0",)):
        expect(run(*words, "echo", ":::", "a", before=limit(20)), status=1, out="",
               err="quiesce: a job needs 21 open files, more than the limit (ulimit -n) allows\n")
    pathlib.Path("items").write_text("40000\n50000\n")
    expect(run("-j1", "-a", "items", "--progress=always", "head", "/dev/zero", "-c", before=limit(21)), status=0,
           out="\0" * 90000)


def test_grace_takes_units():
    """Seconds unless said otherwise."""
    for time in ("0", "10", "2.5", ".5", "500ms", "1s", "2m", "1h", "1d", "99999999999999999999"):
        expect(run(f"--grace={time}", "true", ":::", "a"), status=0, err="")


def test_help_and_version():
    """On standard output, exit 0; nowhere to write them is trouble."""
    version = pathlib.Path(os.environ["QS_SOURCE"], "VERSION").read_text().strip()
    expect(run("--version"), status=0, out=f"quiesce {version}\n", err="")
    result = expect(run("--help"), status=0, err="", out=contains("Usage: quiesce", "--fail-fast", "--grace", "{//}"))
    assert all(len(line) < 80 for line in result.out.splitlines()), result.out
    with open("/dev/full", "w") as full:
        expect(run("--help", stdout=full), status=1, err="quiesce: standard output: No space left on device\n")


def test_every_option_is_in_the_help():
    """What the program takes, its help tells."""
    shown = run("--help").out
    for option in ("-j, --jobs", "-a, --arg-file", "-0, --null", "-u, --ungroup", "--fail-fast", "--grace", "--progress"):
        assert option in shown, option


if __name__ == "__main__":
    main(globals())
