"""Plots of what questions cost against how many accounts there are, ours beside the peers', as SVG.

The same figures give the same bytes: no date, no random ids.
"""

import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from marginspec_journal.atomic import atomic_writer
from marginspec_tools.bench import crashes, replays, ticks
from marginspec_tools.bench.measurements import Measured, Measurement

STYLE: Any = {
    "svg.hashsalt": "marginspec",
    # Text stays text: a tenth of the size, and it can be read and searched.
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
WIDTH, HEIGHT = 7.0, 4.2
OURS, OURS_TOO, THEIRS, THEIRS_TOO = "#1f5fbf", "#7aa6e8", "#d1661f", "#8a8a8a"


class Line(NamedTuple):
    """A line of a plot: the row whose figures it shows, whose costs (ours, without a peer), and how it looks."""

    label: str
    row: str
    peer: str | None
    colour: str
    marker: str


class Plot(NamedTuple):
    """A plot of lines, with logarithmic axes."""

    name: str
    title: str
    across: str
    up: str
    lines: tuple[Line, ...]


PLOTS = (
    Plot(
        "isolated-ticks",
        "A mark that triggers nothing, isolated positions",
        "isolated positions in the market",
        "microseconds a mark",
        (
            Line("lrvx", ticks.ISOLATED_TICKS, "lrvx", THEIRS, "s"),
            Line("marginspec, with receipts and hash", ticks.ISOLATED_TICKS, None, OURS, "o"),
        ),
    ),
    Plot(
        "cross-ticks",
        f"A mark that triggers nothing, cross accounts of {ticks.CROSS} positions",
        "cross accounts",
        "microseconds a mark",
        (
            Line("lrvx", ticks.CROSS_TICKS, "lrvx", THEIRS, "s"),
            Line("marginspec, with receipts and hash", ticks.CROSS_TICKS, None, OURS, "o"),
        ),
    ),
    Plot(
        "crash",
        "A mark that falls by 12% and liquidates 42% of all accounts: cost of an effect",
        "accounts",
        "microseconds a liquidation or deleveraging",
        (
            Line(f"lrvx, {crashes.BY_ENGINE[1]}", crashes.APPLIED, f"lrvx, {crashes.BY_ENGINE[1]}", THEIRS, "s"),
            Line("marginspec, with receipts and hash", crashes.PUBLISHED, None, OURS_TOO, "v"),
            Line("marginspec", crashes.APPLIED, None, OURS, "o"),
            Line(f"lrvx, {crashes.ATTACHED[1]}", crashes.APPLIED, f"lrvx, {crashes.ATTACHED[1]}", THEIRS_TOO, "D"),
        ),
    ),
    Plot(
        "mixed-event",
        "A mixed journal, from Parquet to the hash of receipts",
        "events",
        "microseconds an event",
        (
            Line("the specification", replays.ROW, replays.WHOLE, THEIRS, "s"),
            Line("the specification, trades and orders alone", replays.CHEAP_ROW, replays.PART, THEIRS_TOO, "D"),
            Line("marginspec, the whole process", replays.ROW, None, OURS, "o"),
        ),
    ),
)


def write_plots(measured: Sequence[Measured], folder: Path) -> None:
    """Write all plots to a folder, each whole or not at all."""
    found = [one for one in measured if isinstance(one, Measurement)]
    with mpl.rc_context(STYLE):
        for plot in PLOTS:
            write_plot(folder / f"{plot.name}.svg", partial(draw, plot=plot, found=found))
        write_plot(folder / "mixed-seconds.svg", partial(draw_seconds, found=found))


def write_plot(path: Path, draw_on: Callable[[Axes], None]) -> None:
    """Draw one plot and write it."""
    canvas = Canvas(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = canvas.add_subplot()
    draw_on(axes)
    if len(axes.get_legend_handles_labels()[1]) > 1:
        canvas.legend(loc="outside lower left", ncols=2, frameon=False)
    drawn = io.BytesIO()
    canvas.savefig(drawn, format="svg", metadata={"Date": None, "Creator": "marginspec bench"})
    lines = [line.rstrip() + b"\n" for line in drawn.getvalue().splitlines()]
    with atomic_writer(path) as stream:
        stream.writelines(lines)


def draw(axes: Axes, plot: Plot, found: list[Measurement]) -> None:
    """Draw the lines of a plot, and by how many times we are faster where a bar says what that must be."""
    sizes = {size for line in plot.lines for size, _ in points_of(line, found)}
    axes.set_xscale("log")
    axes.set_yscale("log")
    for line in plot.lines:
        points = points_of(line, found)
        axes.plot(*zip(*points, strict=True), label=line.label, color=line.colour, marker=line.marker, markersize=5)
    rows = {line.row for line in plot.lines if line.peer is not None}
    for figure in found:
        if figure.row in rows and figure.needed is not None and figure.peer_us is not None:
            draw_ratio(axes, figure.size, figure.ours_us, figure.peer_us, is_last=figure.size == max(sizes))
    name_axes(axes, plot.title, plot.across, plot.up)
    axes.xaxis.set_major_locator(FixedLocator(sorted(sizes)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(base=10))
    axes.yaxis.set_minor_formatter(NullFormatter())


def points_of(line: Line, found: list[Measurement]) -> list[tuple[int, float]]:
    """Sizes and microseconds of a line, in the order of sizes."""
    points: dict[int, float] = {}
    for figure in found:
        if figure.row == line.row and line.peer in (None, figure.peer):
            cost = figure.ours_us if line.peer is None else figure.peer_us
            if cost is not None:
                points[figure.size] = cost
    return sorted(points.items())


def draw_ratio(axes: Axes, size: int, ours_us: float, theirs_us: float, *, is_last: bool) -> None:
    """A dotted line from our cost to theirs, with how many times it is; the text of the last size stands before it."""
    axes.plot([size, size], [ours_us, theirs_us], color="#555555", linewidth=0.8, linestyle=":")
    middle, (aside, alignment) = (ours_us * theirs_us) ** 0.5, (-5, "right") if is_last else (5, "left")
    axes.annotate(
        f"{theirs_us / ours_us:,.0f} times",
        (size, middle),
        xytext=(aside, 0),
        textcoords="offset points",
        horizontalalignment=alignment,
        verticalalignment="center",
    )


def draw_seconds(axes: Axes, found: list[Measurement]) -> None:
    """Seconds of whole replays against events, on linear axes: a straight line from what the start takes."""
    points = [
        (one.size / 1e6, one.ours_us * one.size / 1e6) for one in found if one.row in (replays.ROW, replays.START_ROW)
    ]
    axes.plot(*zip(*sorted(points), strict=True), color=OURS, marker="o", markersize=5, clip_on=False)
    name_axes(axes, "A mixed journal: the whole process", "million events", "seconds")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)


def name_axes(axes: Axes, title: str, across: str, up: str) -> None:
    """Say what is drawn, with numbers as people write them."""
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(visible=True, color="#e4e4e4", linewidth=0.6)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
