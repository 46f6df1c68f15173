"""Charts as SVG within the page: shapes only, which stretch with it; all words and figures stand beside them."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

from marginspec_tools.audit.report.history import Lanes, Track
from marginspec_tools.markup import add

WIDTH, HEIGHT = 1000, 200
BAR_HEIGHT = 24


def new_drawing(parent: Element, title: str, height: int) -> Element:
    """An empty drawing that fills its place."""
    box = {"viewBox": f"0 0 {WIDTH} {height}", "preserveAspectRatio": "none", "role": "img"}
    drawing = SubElement(parent, "svg", box)
    add(drawing, "title", title)
    return drawing


def scaled(value: int, low: int, high: int, size: int) -> int:
    """Where a value stands on a scale of so many steps."""
    return (value - low) * size // max(1, high - low)


def span_of_values(track: Track, shown: Sequence[int]) -> tuple[int, int]:
    """The scale of a chart: from zero, or below it, to the highest value."""
    low = min(0, *(track.lowest[at].values[at] for at in shown))
    return low, max(low, *(track.highest[at].values[at] for at in shown))


def add_lines(parent: Element, title: str, track: Track, shown: Sequence[int], last: int) -> None:
    """Lines of some of a track's values, as steps; a stretch of events in which one rose and fell is a stroke."""
    low, high = span_of_values(track, shown)
    drawing = new_drawing(parent, title, HEIGHT)
    zero = HEIGHT - scaled(0, low, high, HEIGHT)
    SubElement(drawing, "path", {"class": "axis", "d": f"M0 {zero}H{WIDTH}"})
    for order, at in enumerate(shown):
        SubElement(drawing, "path", {"class": f"line line{order}", "d": path_of(track, at, (low, high), last)})


def path_of(track: Track, at: int, scale: tuple[int, int], last: int) -> str:
    """The path of one of a track's values, to the last event of the run."""

    def height_of(value: int) -> int:
        """Where a value stands, counted from above."""
        return HEIGHT - scaled(value, *scale, HEIGHT)

    first = track.start.seq
    level = height_of(track.start.values[at])
    drawn = [f"M0 {level}"]
    for place, span in sorted(track.spans.items()):
        low, high, end = (height_of(values[at]) for values in (span.lows, span.highs, span.last))
        stops = [one for one in dict.fromkeys((low, high)) if one not in (level, end)] + [end]
        if stops == [level]:
            continue
        drawn.append(f"H{scaled(place * track.width, 0, last - first, WIDTH)}")
        drawn += [f"V{one}" for one in stops]
        level = end
    return "".join([*drawn, f"H{WIDTH}"])


def add_bars(parent: Element, title: str, lanes: Lanes, kind: str, last: int) -> None:
    """How often something happened over the run, as bars; the highest is the most often."""
    bars = lanes.bars[kind]
    most, count = max(bars.values()), (max(1, last - lanes.start) - 1) // lanes.width + 1
    drawing = new_drawing(parent, title, BAR_HEIGHT)
    SubElement(drawing, "path", {"class": "axis", "d": f"M0 {BAR_HEIGHT}H{WIDTH}"})
    drawn = []
    for place, times in sorted(bars.items()):
        left, right = scaled(place, 0, count, WIDTH), scaled(place + 1, 0, count, WIDTH)
        tall = max(2, scaled(times, 0, most, BAR_HEIGHT))
        drawn.append(f"M{left} {BAR_HEIGHT}V{BAR_HEIGHT - tall}H{max(left + 1, right - 1)}V{BAR_HEIGHT}Z")
    SubElement(drawing, "path", {"class": "bar", "d": "".join(drawn)})
