"""Charts drawn on the server as SVG: steps of exact values, in which nothing is approximate but where a pixel stands.

A chart has no size of its own: lines stretch with the page, and labels and marks, which must not stretch, stand at
shares of its width and height. Its colours are the page's. What it shows stands in a table beside it, too.
"""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import attrs
from markupsafe import Markup

from marginspec_journal.decimals import decimal_text
from marginspec_tools.dashboard.index.answers import Point
from marginspec_tools.dashboard.numbers import short

WIDTH, HEIGHT = 2000, 1000
"""Of the lines' own coordinates."""
MOST_MARKS = 200
TICKS_UP, TICKS_ACROSS = 4, 5
GUTTERS = range(4, 19, 2)
"""Room for labels, in characters; the style sheet has a class for each."""
HUNDREDTHS = 10_000
"""Hundredths of a percent in a whole: in these, marks and labels are placed."""

THIN = "\N{NARROW NO-BREAK SPACE}"


@attrs.frozen
class Line:
    """What is followed: its name, its value at the chart's first event, and its values later, in order of events.

    A point stands for one event, or for a stretch of them in which there was a lowest, a highest and a last value.
    `style` chooses its colour: 1 to 4, or `bound` for a limit that others are to be read against.
    """

    name: str
    points: Sequence[Point]
    style: str = "1"

    def extremes(self) -> dict[str, "Extreme"]:
        """The values at the first event and now, and between them the first lowest and highest, by what they are."""
        low, high = min(self.points, key=attrgetter("low")), max(self.points, key=attrgetter("high"))
        first, last = self.points[0], self.points[-1]
        return {
            "first": Extreme(first.first, first.last, first.value),
            "lowest": Extreme(low.first, low.last, low.low),
            "highest": Extreme(high.first, high.last, high.high),
            "last": Extreme(last.first, last.last, last.value),
        }


class Extreme(NamedTuple):
    """A value, and the event that it was reached in: one of those from `first` to `last`."""

    first: int
    last: int
    value: int


@attrs.frozen
class Mark:
    """An event and a value, and what a reader is told who points there; `style` chooses its colour."""

    event: int
    value: int
    told: str
    style: str = "fell"


@attrs.frozen
class Chart:
    """Lines over the events `first` to `last`, in units of 10^-decimals, and what is told of them in one sentence.

    The scale has zero on it if `from_zero`; prices are better told without.
    """

    id: str
    title: str
    told: str
    unit: str
    decimals: int
    first: int
    last: int
    lines: Sequence[Line]
    marks: Sequence[Mark] = ()
    from_zero: bool = True


def draw(chart: Chart) -> Markup:
    """The chart as SVG, with its title and what is told of it for those who do not see it."""
    ups = ticks(*span_of(chart), TICKS_UP)
    scale = Scale(chart.first, max(chart.last, chart.first + 1), ups[0], ups[-1])
    # Widest first: the labels stand right of the lines, in a gutter as wide as they need.
    labels = [label_text(decimal_text(value, chart.decimals)) for value in ups]
    gutter = min(max(GUTTERS), max(min(GUTTERS), -(-(max(map(len, labels)) + 1) // 2) * 2))
    heights = [percent(scale.down(value, HUNDREDTHS)) for value in ups]
    lines = Markup('<svg viewBox="0 0 {} {}" preserveAspectRatio="none">{}</svg>').format(
        WIDTH,
        HEIGHT,
        joined('<path class="line line-{}" d="{}"/>', ((line.style, path(line, scale)) for line in chart.lines)),
    )
    area = Markup(
        '<svg class="area" role="img" aria-labelledby="{}-title {}-told"><title id="{}-title">{}</title>'
        '<desc id="{}-told">{}</desc>{}{}{}{}</svg>'
    ).format(
        *(chart.id,) * 3,
        chart.title,
        chart.id,
        chart.told,
        joined('<line class="{}" x2="100%" y1="{}" y2="{}"/>', grid(ups, heights)),
        lines,
        joined('<circle class="mark {}" cx="{}" cy="{}" r="3.5"><title>{}</title></circle>', dots(chart, scale)),
        joined('<text class="{}" x="{}" y="100%" dy="18" text-anchor="{}">{}</text>', numbers_below(scale)),
    )
    beside = joined('<text x="100%" y="{}" dy="4" text-anchor="end">{}</text>', zip(heights, labels, strict=True))
    text = '<div class="chart gutter-{}">{}<svg class="scale" aria-hidden="true">{}</svg></div>'
    return Markup(text).format(gutter, area, beside)


def series_of(chart: Chart) -> dict[str, Any]:
    """A chart's lines as they are read by programs: for each stretch first and last event, low, high and last value."""

    def stretch(one: Point) -> list[Any]:
        """A point, its values as decimals."""
        return [one.first, one.last, *(decimal_text(value, chart.decimals) for value in (one.low, one.high, one.value))]

    lines = [
        {"name": line.name, "style": line.style, "points": [stretch(one) for one in line.points]}
        for line in chart.lines
    ]
    return {"title": chart.title, "unit": chart.unit, "first": chart.first, "last": chart.last, "lines": lines}


def share_bar(part: int, whole: int) -> Markup:
    """A bar as long as the whole, of which a part is used up; of nothing, all is."""
    share = min(HUNDREDTHS, part * HUNDREDTHS // whole) if whole > 0 else HUNDREDTHS if part > 0 else 0
    text = '<svg class="bar{}" aria-hidden="true"><rect class="whole"/><rect class="part" width="{}"/></svg>'
    return Markup(text).format("" if whole > 0 else " empty", percent(share))


def stacked_bar(parts: Sequence[tuple[str, int, int]]) -> Markup:
    """A bar of parts beside each other: the name of each, which chooses its colour, its amount, and its share.

    Shares count 1e-4, and make up at most one.
    """
    drawn, begin = list[tuple[str, ...]](), 0
    for name, _, share in parts:
        drawn.append((name, percent(begin), percent(share)))
        begin += share
    bars = joined('<rect class="{}" x="{}" width="{}" height="100%"/>', drawn)
    return Markup('<svg class="stacked" aria-hidden="true">{}</svg>').format(bars)


# ----------------------------------------------------------------- scales


@attrs.frozen
class Scale:
    """Events from left to right, values from below to above."""

    first: int
    last: int
    low: int
    high: int

    def across(self, event: int, size: int) -> int:
        """Where an event stands, of a width."""
        return (event - self.first) * size // (self.last - self.first)

    def down(self, value: int, size: int) -> int:
        """Where a value stands, counted from above, of a height."""
        return (self.high - value) * size // (self.high - self.low)


def span_of(chart: Chart) -> tuple[int, int]:
    """The lowest and the highest value that a chart must have room for."""
    values = [value for line in chart.lines for one in line.points for value in (one.low, one.high)]
    values += [mark.value for mark in chart.marks]
    if chart.from_zero or not values:
        values.append(0)
    low, high = min(values), max(values)
    # Where nothing ever was, the scale is of one whole unit.
    return (low, high) if low < high else (low, high + 10**chart.decimals)


def ticks(low: int, high: int, about: int) -> list[int]:
    """Round values, evenly apart, the first at most the lowest value and the last at least the highest; two or more."""
    step = round_step(max(1, high - low), about)
    begin, end = low // step * step, -(-high // step) * step
    return list(range(begin, max(end, begin + step) + 1, step))


def round_step(span: int, about: int) -> int:
    """The least of 1, 2 and 5 times a power of ten of which `about` make up a span."""
    power = 10 ** (len(str(span)) - 2) if span >= 100 else 1
    while True:
        for factor in (1, 2, 5):
            if power * factor * about >= span:
                return int(power * factor)
        power *= 10


def percent(share: int) -> str:
    """A share in hundredths of a percent, as SVG writes it."""
    return f"{decimal_text(share, 2)}%"


# ----------------------------------------------------------------- parts


def label_text(text: str) -> str:
    """A decimal as a label: without zeros at its end, and with its thousands set apart."""
    whole, point, fraction = short(text).partition(".")
    return (
        f"{int(whole):,}".replace(",", THIN) + point + fraction
        if whole not in ("-0", "0")
        else whole + point + fraction
    )


def grid(ups: Sequence[int], heights: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """A line for each round value: how it looks, and its height twice."""
    for value, height in zip(ups, heights, strict=True):
        yield "zero" if value == 0 else "grid", height, height


def numbers_below(scale: Scale) -> Iterator[tuple[str, str, str, str]]:
    """The numbers of some events: how each looks, where it stands, what of it stands there, and the number."""
    first, last = scale.first, scale.last
    room = (last - first) // 8
    inner = [one for one in ticks(first, last, TICKS_ACROSS) if first + room < one < last - room]
    for event in (first, *inner, last):
        anchor = "start" if event == first else "end" if event == last else "middle"
        kind = "across" if event in (first, last) else "across inner"
        yield kind, percent(scale.across(event, HUNDREDTHS)), anchor, label_text(str(event))


def dots(chart: Chart, scale: Scale) -> Iterator[tuple[str, str, str, str]]:
    """The last marks: how each looks, where it stands, and what a reader is told who points at it."""
    for mark in chart.marks[-MOST_MARKS:]:
        across, down = scale.across(mark.event, HUNDREDTHS), scale.down(mark.value, HUNDREDTHS)
        yield mark.style, percent(across), percent(down), mark.told


def joined(pattern: str, rows: Iterable[tuple[str, ...]]) -> Markup:
    """A piece of markup for each row, with the row's texts in its places."""
    return Markup("").join(Markup(pattern).format(*row) for row in rows)


def path(line: Line, scale: Scale) -> str:
    """A line as steps: a value stands until the next one, and where a point is a stretch, its low and high too."""
    drawn, level = list[str](), 0
    for point in line.points:
        low, high, end = (scale.down(value, HEIGHT) for value in (point.low, point.high, point.value))
        place = scale.across(max(point.first, scale.first), WIDTH)
        drawn.append(f"H{place}" if drawn else f"M{place} {end}")
        drawn += [f"V{one}" for one in dict.fromkeys((low, high)) if one not in (level, end)]
        drawn.append(f"V{end}")
        level = end
    return "".join([*drawn, f"H{WIDTH}"]) if drawn else ""
