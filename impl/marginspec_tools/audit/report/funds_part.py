"""The waterfall and the funds on the page: a timeline, charts, tables, and the day under another profile."""

from collections.abc import Sequence
from typing import TypeAlias
from xml.etree.ElementTree import Element

from marginspec.model.units import WIRE_DECIMALS
from marginspec_journal.decimals import decimal_text
from marginspec_tools.audit.faults import decimal_of, grouped, number_of
from marginspec_tools.audit.profiles import profile_text
from marginspec_tools.audit.report.charts import add_bars, add_lines, span_of_values
from marginspec_tools.audit.report.content import MOST_NAMES, Report, add_rows, named, times_of
from marginspec_tools.audit.report.history import OF_ASSET, OF_MARKET, Moment, Track
from marginspec_tools.audit.report.setting import clipped
from marginspec_tools.audit.summary import made_up_text
from marginspec_tools.audit.waterfall import HAPPENED
from marginspec_tools.markup import add, add_table

MOST_CHARTS = 24
"""So many charts are shown."""


def add_whose(part: Element, report: Report) -> None:
    """Whose the funds are, where only some accounts are known."""
    if report.audited.subset is not None:
        add(part, "p", f"{made_up_text(report.audited.subset)}.", kind="limit")


def add_timeline(part: Element, report: Report) -> None:
    """When what happened in the waterfall, and the events in which it moved the most money."""
    add_whose(part, report)
    if not report.history.lanes.bars:
        add(part, "p", "Nothing was liquidated, and no fund was drawn on.")
        return
    lanes = report.history.lanes
    bar = number_of("events", lanes.width)
    add(
        part,
        "p",
        f"Events {lanes.start + 1:,} to {report.history.last:,} from left to right, {bar} a bar, each lane by itself.",
    )
    timeline = add(part, "div", kind="timeline", role="group", **{"aria-label": "Timeline of the waterfall"})
    for kind in HAPPENED:
        if kind not in lanes.bars:
            continue
        name, bars = kind.replace("_", " "), lanes.bars[kind]
        first = min(bars) * lanes.width + lanes.start + 1
        title = f"{name}: {number_of('times', sum(bars.values()))}, first from event {first:,} on"
        add(timeline, "span", name, kind="lane")
        add_bars(timeline, title, lanes, kind, report.history.last)
        add(timeline, "span", f"{sum(bars.values()):,}", kind="number")
    moments = report.history.moments
    heads = ("event", "time or ref", "what happened", "accounts", "money", "borne by")
    rows = [moment_row(one) for one in moments]
    caption = f"The {len(rows)} events that passed on the most money, in their order"
    add_table(part, heads, rows, caption=caption, numbers=(True, False, False, False, True, False), is_named=True)
    add(part, "p", "Every liquidation, lot, step of deleveraging, levy and return is in liquidations.csv.", kind="more")


def moment_row(moment: Moment) -> tuple[str, ...]:
    """An event of the waterfall."""
    what = ", ".join(times_of(one, moment.happened[one]) for one in HAPPENED if moment.happened[one])
    shares = (f"{bearer} {grouped(decimal_of(amount))}" for bearer, amount in moment.borne.items())
    bearers = ", ".join(moment.borne if len(moment.borne) < 2 else shares)
    money = grouped(decimal_text(moment.money, WIRE_DECIMALS)) if moment.money else "-"
    return f"{moment.seq:,}", clipped(moment.when), what, named(moment.accounts), money, bearers


Chart: TypeAlias = tuple[str, Track, Sequence[str], str]
"""A name, what is followed of it, what the values are, and their asset."""


def add_funds(part: Element, report: Report) -> None:
    """Charts of funds and shortfalls, of assets and then of markets, each with a table beside it."""
    add_whose(part, report)
    state = report.audited.run.state
    text = (
        "From the start of the run to its end, each chart on a scale of its own. "
        "An upright stroke is a stretch of events in which a value rose and fell."
    )
    add(part, "p", text)
    charts: list[Chart] = [
        (name, track, OF_ASSET, name) for name, track in sorted(report.history.assets.items()) if not track.is_flat
    ]
    moved = [(name, track) for name, track in report.history.markets.items() if not track.is_flat]
    moved.sort(
        key=lambda one: (-heights_of(one[1], state.header.decimals(report.history.asset_of_market[one[0]])), one[0])
    )
    charts.extend((name, track, OF_MARKET, report.history.asset_of_market[name]) for name, track in moved)
    for name, track, values, asset in charts[:MOST_CHARTS]:
        add_chart(part, name, track, values, asset, state.header.decimals(asset), report.history.last)
    if len(charts) > MOST_CHARTS:
        add(part, "p", f"and {len(charts) - MOST_CHARTS:,} more, with less money, without a chart", kind="more")
    tracks = {**report.history.assets, **report.history.markets}
    flat = [name for name, track in tracks.items() if track.is_flat]
    if flat:
        more = f" and {len(flat) - MOST_NAMES:,} more" if len(flat) > MOST_NAMES else ""
        names = ", ".join(flat[:MOST_NAMES])
        add(part, "p", f"Without a chart, as their funds never changed: {names}{more}.", kind="more")


def heights_of(track: Track, decimals: int) -> int:
    """The greatest value of a track, in 1e-8."""
    unit: int = 10 ** (WIRE_DECIMALS - decimals)
    return max(point.values[at] for at, point in enumerate(track.highest)) * unit


def add_chart(
    part: Element, name: str, track: Track, values: Sequence[str], asset: str, decimals: int, last: int
) -> None:
    """A chart of what changed of an asset or market, with its extremes in a table."""

    def amount(value: int) -> str:
        """An amount of the asset."""
        return grouped(decimal_text(value, decimals))

    shown = [at for at in range(len(values)) if track.lowest[at].values[at] != track.highest[at].values[at]]
    low, high = span_of_values(track, shown)
    # Beside more than two columns a chart would have no room.
    figure = add(part, "figure", **({"kind": "wide"} if len(shown) > 2 else {}))
    caption = add(figure, "figcaption")
    add(caption, "strong", f"{name} ")
    add(caption, "span", f"in {asset}" if name != asset else "all markets of the asset together").tail = " "
    for order, at in enumerate(shown):
        add(caption, "span", values[at], kind=f"key line{order}").tail = " "
    plot = add(figure, "div", kind="plot")
    add(plot, "span", amount(high), kind="high")
    said = ", ".join(
        f"{values[at]} from {amount(track.start.values[at])} to {amount(track.last.values[at])}" for at in shown
    )
    add_lines(plot, f"{name}: {said} {asset}", track, shown, last)
    add(plot, "span", amount(low), kind="low")
    add(plot, "span", f"event {track.start.seq:,}", kind="from")
    add(plot, "span", f"event {last:,}", kind="to")
    rows = [("start", f"{track.start.seq:,}", *(amount(track.start.values[at]) for at in shown))]
    for at in shown:
        for word, point in (("lowest", track.lowest[at]), ("highest", track.highest[at])):
            if point.seq not in (track.start.seq, track.last.seq):
                rows.append((f"{word} {values[at]}", f"{point.seq:,}", *(amount(point.values[one]) for one in shown)))
    rows.append(("end", f"{track.last.seq:,}", *(amount(track.last.values[at]) for at in shown)))
    heads = ("", "event", *(values[at] for at in shown))
    numbers = (False, *(True,) * (1 + len(shown)))
    add_table(figure, ("when", *heads[1:]), rows, caption=f"Figures of {name}", numbers=numbers, is_named=True)


ABSENT = {"net_deposits": "not known"}
"""What stands for figures that there are not, by column; else a dash."""
ASSET_COLUMNS = ("net_deposits", "insurance", "relief", "house", "uncovered")
RESERVE_COLUMNS = ("asset", "mark", "balance", "high_water", "inflow", "outflow")
LOSS_COLUMNS = ("insurance_drawn", "deleveraged", "levied", "lots_opened", "lots", "lots_pnl", "shortfall")


def add_markets(part: Element, report: Report) -> None:
    """Funds of assets and markets at the end of the run."""
    add_whose(part, report)
    for word, title, columns in (
        ("asset", "Funds by asset", ASSET_COLUMNS),
        ("market", "Reserves by market", RESERVE_COLUMNS),
        ("market", "Losses and lots by market", LOSS_COLUMNS),
    ):
        funds = report.summary[f"{word}s"]
        rows = [
            (name, *(ABSENT.get(one, "-") if amounts[one] is None else grouped(str(amounts[one])) for one in columns))
            for name, amounts in funds.items()
        ]
        heads = (word, *(COLUMN_HEADS.get(one, one.replace("_", " ")) for one in columns))
        add_rows(part, heads, rows, title, (False, *(one != "asset" for one in columns)), "funds.csv")


COLUMN_HEADS = {
    "balance": "reserve",
    "high_water": "highest",
    "inflow": "profits",
    "outflow": "drawn",
    "lots": "lots left",
}


def add_contrast(part: Element, report: Report) -> None:
    """Who would have gained or lost on the same day under another profile."""
    contrast = report.contrast
    if contrast is None:
        return
    add(part, "p", f"{contrast.text}. Positions count at their last mark.")
    first, second = (f"{one:,}" for one in contrast.rejected)
    add(part, "p", f"Of the same events, {first} were rejected here and {second} there.")
    numbers = (False, False, True, True, True)
    rows = [(*row[:2], *map(grouped, row[2:])) for row in contrast.rows()]
    heads = ("whose", "asset", profile_text(contrast.here), profile_text(contrast.there), "difference")
    count = len(contrast.owners)
    add_rows(part, heads, rows[:count], "Accounts that would have ended otherwise", numbers, "profiles.csv")
    add_rows(part, heads, rows[count:], "Funds that would have ended otherwise", numbers, "profiles.csv")
