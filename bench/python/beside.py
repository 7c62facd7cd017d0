#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""beside.py [--rounds N] [--only WORD] [--plot FILE.png]: the executor beside the standard library's, for each Python of tools/find-pythons.

Each figure (figure.py) is taken in a fresh process, the two sides in turn and each first in every other round, so that a
busy moment hits both.  Printed is the median and, in brackets, what lies between the tenth and the ninetieth percentile; the
ratio is the median of those within a round.  A ratio above its target has a `!`.

--only takes the figures whose name has this word in it; --plot draws the ratios, by gnuplot.  The module is found by
PYTHONPATH.  The exit status is 1 if the threads of an idle pool have woken up.
"""
import argparse
import collections
import os
import statistics
import subprocess
import sys

import plot

HERE = os.path.dirname(os.path.abspath(__file__))

# target: the most that the ratio should be; None = there is none.
Figure = collections.namedtuple("Figure", "title name workers unit target once", defaults=(None, False))

FIGURES = [
    Figure("submit, then result, 1 worker", "result", 1, "ns", 0.25),
    Figure("submit, then result, 2 workers", "result", 2, "ns", 0.25),
    Figure("submit, then result, 6 workers", "result", 6, "ns", 0.25),
    Figure("submit alone", "submit", 1, "ns", 0.15),
    Figure("map, 1 worker", "map", 1, "ns", 0.25),
    Figure("map, 6 workers", "map", 6, "ns", 0.25),
    Figure("submit, then wait, 1 worker", "wait", 1, "ns", 0.2),
    Figure("submit, then wait, 6 workers", "wait", 6, "ns", 0.2),
    Figure("submit, then as_completed, 1 worker", "as_completed", 1, "ns", 0.2),
    Figure("submit, then as_completed, 6 workers", "as_completed", 6, "ns", 0.2),
    Figure("memory of a pending future", "pending_bytes", 1, "bytes", 0.2),
    Figure("round trip through a sleeping worker", "round_trip", 1, "ns", 1.0),
    Figure("made, used once, shut down", "whole_life", 1, "ns"),
    Figure("growth over 10^6 tasks", "growth", 2, "KiB", once=True),
    Figure("wake-ups of 6 idle workers in 2 s", "wake_ups", 6, "", once=True),
]

Spread = collections.namedtuple("Spread", "low middle high")


def spread_of(numbers):
    if len(numbers) == 1:
        return Spread(*numbers * 3)
    tenths = statistics.quantiles(numbers, n=10, method="inclusive")
    return Spread(tenths[0], statistics.median(numbers), tenths[-1])


# ------------------------------------------------------------------------------------------------------------ measuring

def take(python, side, figure):
    done = subprocess.run([python, os.path.join(HERE, "figure.py"), side, figure.name, str(figure.workers)],
                          stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("beside.py: %s of %s failed under %s" % (figure.name, side, python))
    return float(done.stdout)


def take_pairs(python, figure, rounds):
    """(ours, the standard library's), of each round."""
    pairs = []
    for number in range(1 if figure.once else rounds):
        sides = ["quiesce", "standard"]
        if number % 2:
            sides.reverse()
        taken = {side: take(python, side, figure) for side in sides}
        pairs.append((taken["quiesce"], taken["standard"]))
    return pairs


def ratio_of(pairs):
    if any(theirs <= 0 for _, theirs in pairs):
        return None
    return spread_of([ours / theirs for ours, theirs in pairs])


# ------------------------------------------------------------------------------------------------------------- printing

def machine():
    with open("/proc/cpuinfo") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    system = os.uname()
    return "%s, %d CPUs usable, %s %s" % (models[0] if models else system.machine, len(os.sched_getaffinity(0)),
                                          system.sysname, system.release)


def in_words(spread, decimals=0, is_one=False):
    middle = "%.*f" % (decimals, spread.middle)
    return middle if is_one else "%s (%.*f..%.*f)" % (middle, decimals, spread.low, decimals, spread.high)


def row_of(figure, pairs, ratio):
    cells = [figure.title + (", " + figure.unit if figure.unit else "")]
    for side in zip(*pairs):
        cells.append(in_words(spread_of(list(side)), is_one=figure.once))
    is_missed = figure.target is not None and ratio.middle > figure.target
    cells.append("-" if ratio is None or figure.once else in_words(ratio, 2) + ("!" if is_missed else ""))
    cells.append("-" if figure.target is None else "%.2f" % figure.target)
    return "| %-44s | %24s | %24s | %20s | %6s |" % tuple(cells)


HEADING = ("| %-44s | %24s | %24s | %20s | %6s |\n" % ("median (p10..p90)", "quiesce", "standard library", "ratio", "target") +
           "| %s | %s: | %s: | %s: | %s: |" % ("-" * 44, "-" * 23, "-" * 23, "-" * 19, "-" * 5))


def compare(python, version, figures, rounds):
    """Prints a table; returns [(figure, ratio)] of those that have one, and whether an idle pool was idle."""
    ratios, is_idle = [], True
    print("\nPython %s, load %.1f at the beginning\n\n%s" % (version, os.getloadavg()[0], HEADING))
    for figure in figures:
        pairs = take_pairs(python, figure, rounds)
        ratio = ratio_of(pairs)
        print(row_of(figure, pairs, ratio), flush=True)
        if figure.name == "wake_ups":
            is_idle = pairs[0][0] == 0
        elif ratio is not None and not figure.once:
            ratios.append((figure, ratio))
    print("\nload %.1f at the end" % os.getloadavg()[0], flush=True)
    return ratios, is_idle


def pythons():
    """[(executable, version)]"""
    listed = subprocess.run([os.path.join(HERE, "../../tools/find-pythons")], stdout=subprocess.PIPE, text=True)
    if listed.returncode != 0:
        sys.exit(listed.returncode)
    return [line.split("\t")[:2] for line in listed.stdout.splitlines()]


def words():
    parser = argparse.ArgumentParser(description="the executor beside the standard library's")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", metavar="WORD")
    parser.add_argument("--plot", metavar="FILE.png")
    given = parser.parse_args()
    if given.rounds < 1:
        parser.error("at least one round")
    given.figures = [figure for figure in FIGURES if given.only in figure.name]
    if not given.figures:
        parser.error("no figure is called so; there are: " + ", ".join(dict.fromkeys(it.name for it in FIGURES)))
    return given


def main():
    given = words()
    load = os.getloadavg()[0]
    print("python: an executor beside concurrent.futures\n%s\n%d rounds, in turn, a fresh process each; 10^5 tasks that do nothing"
          % (machine(), given.rounds))
    ratios, is_idle = {}, True
    for python, version in pythons():
        ratios[version], was_idle = compare(python, version, given.figures, given.rounds)
        is_idle = is_idle and was_idle
    if given.plot:
        plot.draw(given.plot, ratios, "%s, load %.1f to %.1f, %d rounds" % (machine(), load, os.getloadavg()[0], given.rounds))
    return 0 if is_idle else 1


if __name__ == "__main__":
    sys.exit(main())
