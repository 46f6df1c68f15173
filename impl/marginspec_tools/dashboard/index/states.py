"""States from the figures that the index keeps: whole ones, and parts that hold what a page shows."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import attrs
from immutables import Map

from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.ledger import account_named
from marginspec.model.market import Market
from marginspec.model.state import Header, State
from marginspec.model.units import Quantity
from marginspec_journal.state_reading import indexed
from marginspec_tools.dashboard.index.tables import LATEST, SEGMENT, latest
from marginspec_tools.dashboard.index.values import KINDS, NUMBERS, Kind, domain_named, value_of


class Figure(NamedTuple):
    """A figure and its value after an event; None for what is not there any more."""

    kind: Kind
    name: str
    value: Any


WHOLE = """
SELECT figure, value, max(seq) FROM versions WHERE segment = ? AND seq <= ? GROUP BY figure
"""
SINCE = "since <= :seq AND (until IS NULL OR until > :seq)"
OF_ALL = f"SELECT id, kind, name FROM figures WHERE account IS NULL AND {SINCE}"
OF_NO_MARKET = f"SELECT id, kind, name FROM figures WHERE account IS NULL AND market IS NULL AND {SINCE}"
OF_MARKET = f"SELECT id, kind, name FROM figures WHERE account IS NULL AND market = :owner AND {SINCE}"
OF_ACCOUNT = f"SELECT id, kind, name, market FROM figures WHERE account = :owner AND {SINCE}"
IN_MARKET = f"SELECT id, account FROM figures WHERE kind = {NUMBERS['position']} AND market = :owner AND since <= :seq"
HELD_IN = f"""
SELECT count(*) FROM (
    SELECT 1 FROM figures WHERE kind = {NUMBERS["position"]} AND market = ? LIMIT ?
)
"""
CLOSED = "SELECT name FROM markets WHERE until <= :seq ORDER BY name"


def all_figures(database: sqlite3.Connection, seq: int) -> Iterator[Figure]:
    """All figures after an event."""
    values: dict[int, Any] = {}
    segments = database.execute("SELECT number FROM segments WHERE number <= ? ORDER BY number", (seq // SEGMENT,))
    for (segment,) in segments.fetchall():
        values.update((figure, value) for figure, value, _ in database.execute(WHOLE, (segment, seq)))
    for number, kind, name in database.execute("SELECT id, kind, name FROM figures"):
        if number in values:
            yield Figure(KINDS[kind], name, value_of(KINDS[kind], values[number]))


def figures_of(database: sqlite3.Connection, query: str, seq: int, owner: int | None = None) -> Iterator[Figure]:
    """The figures that a query names, after an event."""
    for number, kind, name, *_ in database.execute(query, {"seq": seq, "owner": owner}).fetchall():
        row = database.execute(LATEST, (number, seq, seq // SEGMENT)).fetchone()
        if row is not None:
            yield Figure(KINDS[kind], name, value_of(KINDS[kind], row[0]))


def fund_figures(database: sqlite3.Connection, seq: int) -> Iterator[Figure]:
    """What is no account's: markets, marks, lots and funds."""
    yield from figures_of(database, OF_ALL, seq)


def account_figures(database: sqlite3.Connection, seq: int, account: int) -> Iterator[Figure]:
    """An account's own figures."""
    yield from figures_of(database, OF_ACCOUNT, seq, account)


def markets_of(database: sqlite3.Connection, seq: int, account: int) -> list[int]:
    """The markets in which an account has figures."""
    rows = database.execute(OF_ACCOUNT, {"seq": seq, "owner": account})
    return sorted({row[3] for row in rows if row[3] is not None})


def market_figures(database: sqlite3.Connection, seq: int, market: int) -> Iterator[Figure]:
    """A market's own figures: parameters, mark, lots, reserve and counters."""
    yield from figures_of(database, OF_MARKET, seq, market)


def shared_figures(database: sqlite3.Connection, seq: int) -> Iterator[Figure]:
    """The assets' figures: insurance, relief, house, what is outside, what is uncovered."""
    yield from figures_of(database, OF_NO_MARKET, seq)


def accounts_in(database: sqlite3.Connection, seq: int, market: int) -> list[int]:
    """The accounts that have a position in a market after an event, in the order of their numbers."""
    found = set()
    for figure, account in database.execute(IN_MARKET, {"seq": seq, "owner": market}).fetchall():
        if latest(database, figure, seq):
            found.add(account)
    return sorted(found)


def held_in(database: sqlite3.Connection, market: int, most: int) -> int:
    """How many positions were ever held in a market, counted up to so many."""
    (found,) = database.execute(HELD_IN, (market, most)).fetchone()
    return int(found)


def closed_markets(database: sqlite3.Connection, seq: int) -> tuple[str, ...]:
    """The markets that are closed after an event, in order."""
    return tuple(name for (name,) in database.execute(CLOSED, {"seq": seq}))


def state_of(header: Header, figures: Iterable[Figure], closed: tuple[str, ...]) -> State:
    """The state that has these figures; what belonged to a market that is closed is gone."""
    of: dict[Kind, dict[str, Any]] = defaultdict(dict)
    for kind, name, value in figures:
        if value not in (None, 0):
            of[kind][name] = value
    listed: dict[str, Market] = of["market"]
    marks = of["mark"]
    markets = {name: attrs.evolve(market, mark=marks.get(name)) for name, market in listed.items()}
    orders: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, order in of["order"].items():
        orders[name.partition(":")[0]][order.id] = order
    claims: dict[str, dict[DomainKey, Any]] = defaultdict(dict)
    for name, amount in of["claim"].items():
        domain = domain_named(name)
        claims[domain.asset][domain] = amount
    settings = [(name.partition(":"), setting) for name, setting in of["setting"].items()]
    state = indexed(
        State(
            header=header,
            markets=Map(markets),
            accounts=Map(of["account"]),
            settings=Map({(who, market): one for (who, _, market), one in settings if market in markets}),
            ledger=Map({account_named(name): balance for name, balance in of["ledger"].items()}),
            positions=Map({PositionKey(*name.split(":")): held for name, held in of["position"].items()}),  # type: ignore[arg-type]  # the name was made of a key
            orders=Map({account: Map(own) for account, own in orders.items()}),
            lots=Map({int(name): lot for name, lot in of["lot"].items()}),
            next_lot=of["next_lot"].get("lots", 1),
            uncovered=Map(of["uncovered"]),
            relief_claims=Map({asset: Map(own) for asset, own in claims.items()}),
            fund_status=Map({name: status for name, status in of["fund"].items() if name in markets}),
            closed_markets=closed,
        )
    )
    # A part of a state has not all positions.
    held: dict[str, Quantity] = of["open_interest"]
    values: dict[str, int] = defaultdict(int)
    for name, quantity in held.items():
        values[markets[name].asset] += markets[name].at_mark(quantity)
    return attrs.evolve(state, open_interest=Map(held), open_value=Map(values))  # type: ignore[arg-type]  # a sum of money is money
