# SPDX-License-Identifier: MIT
"""The ratios as a picture: a row per figure, a mark per Python with its spread, the targets. By gnuplot."""

import subprocess
import sys

HEIGHT_OF_ROW = 34      # pixels
MARKS = [7, 5, 9, 13, 11, 15]       # gnuplot's filled ones


def escaped(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')


def block(name, lines):
    return "$%s << END\n%s\nEND\n" % (name, "\n".join(lines))


def commands(path, ratios, machine):
    """ratios: {version: [(figure, spread)]}, the same figures for each."""
    figures = [figure for figure, _ in next(iter(ratios.values()))]
    row = {figure: len(figures) - index for index, figure in enumerate(figures)}
    text = ""
    for number, taken in enumerate(ratios.values()):
        # A little apart from each other, the first one above.
        shift = 0.36 * ((len(ratios) - 1) / 2 - number) / max(1, len(ratios) - 1)
        text += block("side%d" % number, ["%g %g %g %g" % (spread.middle, row[figure] + shift, spread.low, spread.high)
                                          for figure, spread in taken])
    text += block("targets", ["%g %g" % (figure.target, row[figure]) for figure in figures if figure.target is not None])
    labels = ", ".join('"%s" %d' % (escaped(figure.title), row[figure]) for figure in figures)
    series = ["$targets using 1:2:(0):(0.38) with vectors nohead lc rgb '#c03030' lw 3 notitle",
              "$targets using 1:2:(0):(-0.38) with vectors nohead lc rgb '#c03030' lw 3 title 'target'"]
    for number, version in enumerate(ratios):
        series.append("$side%d using 1:2:3:4 with xerrorbars pt %d ps 1.3 lw 1.5 lc %d title 'Python %s'" % (
            number, MARKS[number % len(MARKS)], number + 1, escaped(version)))
    return text + """
set terminal pngcairo size 1100,%d font "sans,11" background rgb "white"
set output "%s"
set title "what quiesce takes of the time and memory of concurrent.futures: median ratio of pairs, p10 to p90\\n%s" noenhanced
set logscale x 2
set xrange [0.03125:2]
set xtics ("1/32" 0.03125, "1/16" 0.0625, "1/8" 0.125, "1/4" 0.25, "1/2" 0.5, "1" 1, "2" 2)
set yrange [0.4:%g]
set ytics (%s) noenhanced
set grid xtics lt 1 lc rgb "#d0d0d0"
set key below
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb "#606060"
plot %s
""" % (160 + HEIGHT_OF_ROW * len(figures), escaped(path), escaped(machine),
       len(figures) + 0.6, labels, ", \\\n\t".join(series))


def draw(path, ratios, machine):
    try:
        done = subprocess.run(["gnuplot"], input=commands(path, ratios, machine), text=True)
    except FileNotFoundError:
        sys.exit("beside.py: --plot needs gnuplot")
    if done.returncode != 0:
        sys.exit("beside.py: gnuplot could not draw %s" % path)
