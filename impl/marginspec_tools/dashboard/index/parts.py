"""Parts of answers: names, states, funds and series, from a connection that sees all of them at once."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Literal, NamedTuple

import msgspec

from marginspec.model.events import Event
from marginspec.model.state import Header, State
from marginspec.transition import apply
from marginspec_journal.chain import ReceiptChain
from marginspec_journal.header import header_of
from marginspec_journal.strict_json import parse_document
from marginspec_tools.dashboard.index import states
from marginspec_tools.dashboard.index.answers import Head, Point
from marginspec_tools.dashboard.index.tables import SEGMENT, SPAN, latest
from marginspec_tools.dashboard.index.values import NUMBERS, Kind, value_of

HEAD = """
SELECT run, first, seq, accepted, hash, ts, total, building, broken, notice,
    (SELECT coalesce(max(id), 0) FROM accounts), (SELECT coalesce(max(id), 0) FROM markets) FROM head
"""
NAMED = "SELECT id, name FROM figures WHERE account IS NULL AND market IS NULL AND kind = ? AND since <= ?"
FORWARD = """
SELECT seq, value FROM segments CROSS JOIN versions ON segment = number AND figure = :figure
    AND seq > :after AND seq <= :until
WHERE number BETWEEN :first AND :last ORDER BY number, seq
"""
SPANS = "SELECT span, low, high, last FROM spans WHERE figure = ? AND span BETWEEN ? AND ? ORDER BY span"


class NotThere(LookupError):  # noqa: N818 - not an error: an answer
    """What was asked about is not there: an event that has not come, or an account or market that nobody named."""


class Values(NamedTuple):
    """Values of a figure at an event, or in a span that begins with it: the lowest, the highest, and the last."""

    seq: int
    low: int
    high: int
    last: int


def head_in(database: sqlite3.Connection) -> Head:
    """How far the index is."""
    run, first, seq, accepted, chained, ts, total, building, *more = database.execute(HEAD).fetchone()
    return Head(run, first, seq, accepted, chained or "", ts, total or 0, bool(building), *more)


def header_in(database: sqlite3.Connection) -> Header:
    """The journal's header; NotThere if it has not come yet."""
    (text,) = database.execute("SELECT header FROM head").fetchone()
    if text is None:
        raise NotThere("the journal's header")
    return header_of(parse_document(text.encode(), "header"))


def number_of(database: sqlite3.Connection, table: Literal["accounts", "markets"], name: str) -> int | None:
    """The number of a name; None if nobody named it."""
    row = database.execute(f"SELECT id FROM {table} WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]


def known(database: sqlite3.Connection, table: Literal["accounts", "markets"], name: str) -> int:
    """The number of a name; NotThere if nobody named it."""
    number = number_of(database, table, name)
    if number is None:
        raise NotThere(f"{table.removesuffix('s')} {name}")
    return number


def figure_of(database: sqlite3.Connection, kind: Kind, name: str) -> int | None:
    """The number of a figure; None if it never had a value."""
    row = database.execute("SELECT id FROM figures WHERE kind = ? AND name = ?", (NUMBERS[kind], name)).fetchone()
    return None if row is None else row[0]


def named(database: sqlite3.Connection, seq: int, kind: Kind) -> Iterator[tuple[str, int]]:
    """All figures of a kind that is no account's and no market's, with their values."""
    for figure, name in database.execute(NAMED, (NUMBERS[kind], seq)).fetchall():
        yield name, value_of(kind, latest(database, figure, seq)) or 0


# ----------------------------------------------------------------- states


def part_of(database: sqlite3.Connection, seq: int, accounts: Iterable[int] = (), *, has_lots: bool = False) -> State:
    """The state with all markets and funds, lots one by one or together, and of accounts only these."""
    figures = [*states.fund_figures(database, seq)]
    for name in states.lots_together(database, seq) if has_lots else ():
        figures += states.lot_figures(states.open_lots(database, seq, known(database, "markets", name)))
    for account in accounts:
        figures += states.account_figures(database, seq, account)
    return states.state_of(header_in(database), figures, states.closed_markets(database, seq))


def gives(before: State, event: Event, seq: int, receipt: bytes) -> bool:
    """Whether the rules give this receipt for an event on a state that may lack what they need."""
    try:
        _, given = apply(before, event)
    except (AssertionError, LookupError):
        return False
    chained = ReceiptChain.resumed(before, seq - 1, "").append(event, given)
    stated = msgspec.json.decode(receipt)
    del stated["hash"]
    return bool(msgspec.json.decode(chained.canonical) == stated)


# ----------------------------------------------------------------- funds


def by_asset(found: Iterable[tuple[str, int]]) -> Mapping[str, Mapping[str, int]]:
    """What each bearer bore, by asset; names are of both."""
    assets: dict[str, dict[str, int]] = defaultdict(dict)
    for name, amount in found:
        asset, bearer = name.split(":")
        assets[asset][bearer] = amount
    return assets


# ----------------------------------------------------------------- series


def values_of(database: sqlite3.Connection, figure: int, after: int, until: int) -> Iterator[Values]:
    """Every value that a figure was given behind an event and until another one."""
    given = {"figure": figure, "after": after, "until": until, "first": after // SEGMENT, "last": until // SEGMENT}
    for seq, held in database.execute(FORWARD, given):
        value = int(held or 0)
        yield Values(seq, value, value, value)


def spans_of(database: sqlite3.Connection, figure: int, after: int, until: int) -> Iterator[Values]:
    """The values of whole spans between two events, and every value of those that are cut by them."""
    first, last = after // SPAN + 1, (until + 1) // SPAN - 1
    yield from values_of(database, figure, after, first * SPAN - 1)
    for span, *figures in database.execute(SPANS, (figure, first, last)):
        yield Values(max(span * SPAN, after + 1), *map(int, figures))
    yield from values_of(database, figure, (last + 1) * SPAN - 1, until)


def thinned(values: Iterable[Values], after: int, until: int, width: int) -> list[Point]:
    """A point for each stretch of so many events, counted from event 0, in which there were values."""
    points: list[Point] = []
    for place, those in groupby(values, lambda one: one.seq // width):
        stretch = list(those)
        low, high = min(one.low for one in stretch), max(one.high for one in stretch)
        begin, end = max(place * width, after + 1), min(place * width + width - 1, until)
        points.append(Point(begin, end, low, high, stretch[-1].last))
    return points
