"""States from the figures that the index keeps: whole ones, and parts that hold what a page shows."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import attrs
from immutables import Map

from marginspec.model import ledger
from marginspec.model.account import DomainKey, Lot, PositionKey
from marginspec.model.ledger import account_named
from marginspec.model.market import Market
from marginspec.model.state import Header, State
from marginspec.model.units import Money, Quantity
from marginspec_journal.state_reading import indexed
from marginspec_tools.dashboard.index.tables import value_in
from marginspec_tools.dashboard.index.values import KINDS, NUMBERS, Kind, Lots, domain_named, value_of


class Figure(NamedTuple):
    """A figure and its value after an event; None for what is not there any more."""

    kind: Kind
    name: str
    value: Any


VALUES = f"SELECT kind, name, ({value_in('f.id')}) FROM figures f"
SINCE = "since <= :seq AND (until IS NULL OR until > :seq)"
OF_ALL = f"{VALUES} WHERE {SINCE}"
OF_FUNDS = f"{VALUES} INDEXED BY figures_of_market WHERE account IS NULL AND lot IS NULL AND {SINCE}"
OF_NO_MARKET = f"{VALUES} WHERE account IS NULL AND lot IS NULL AND market IS NULL AND {SINCE}"
OF_MARKET = f"{VALUES} WHERE account IS NULL AND lot IS NULL AND market = :owner AND {SINCE}"
OF_ACCOUNT = f"{VALUES} WHERE account = :owner AND {SINCE}"
MARKETS_OF = f"SELECT market FROM figures WHERE account = :owner AND market IS NOT NULL AND {SINCE}"
HOLDERS = f"""
SELECT account FROM figures f
WHERE kind = {NUMBERS["position"]} AND market = :owner AND since <= :seq AND ({value_in("f.id")}) != 0
"""
HELD_IN = f"""
SELECT count(*) FROM (
    SELECT 1 FROM figures WHERE kind = {NUMBERS["position"]} AND market = ? LIMIT ?
)
"""
CLOSED = "SELECT name FROM markets WHERE until <= :seq ORDER BY name"
LOTS = f"{VALUES} WHERE kind = {NUMBERS['lots']} AND account IS NULL AND lot IS NULL AND since <= :seq"
OPEN_LOTS = f"""
SELECT ({value_in("o.id")}), (
    SELECT ({value_in("f.id")}) FROM figures f WHERE f.kind = {NUMBERS["ledger"]} AND f.name = 'lot:' || o.lot
) FROM figures o INDEXED BY figures_of_lots
WHERE market = :owner AND kind = {NUMBERS["lot"]} AND lot < :below AND {SINCE} ORDER BY lot DESC LIMIT :most
"""
"""The open lots of a market, newest first, with their balances."""
NEXT_LOT = f"{VALUES} WHERE kind = {NUMBERS['next_lot']} AND name = 'lots'"


def figures_of(database: sqlite3.Connection, query: str, seq: int, owner: int | None = None) -> Iterator[Figure]:
    """The figures that a query names, after an event."""
    given = {"seq": seq, "owner": owner}
    for number, name, held in database.execute(query, given):
        kind = KINDS[number]
        yield Figure(kind, name, value_of(kind, held))


def all_figures(database: sqlite3.Connection, seq: int) -> Iterator[Figure]:
    """All figures after an event."""
    return figures_of(database, OF_ALL, seq)


def fund_figures(database: sqlite3.Connection, seq: int) -> Iterator[Figure]:
    """What is no account's: markets, marks, funds, and lots together."""
    return figures_of(database, OF_FUNDS, seq)


def account_figures(database: sqlite3.Connection, seq: int, account: int) -> Iterator[Figure]:
    """An account's own figures."""
    return figures_of(database, OF_ACCOUNT, seq, account)


def markets_of(database: sqlite3.Connection, seq: int, account: int) -> list[int]:
    """The markets in which an account has figures."""
    return sorted({market for (market,) in database.execute(MARKETS_OF, {"owner": account, "seq": seq})})


def market_figures(database: sqlite3.Connection, seq: int, market: int) -> Iterator[Figure]:
    """A market's own figures: parameters, mark, reserve and counters, and its lots together."""
    return figures_of(database, OF_MARKET, seq, market)


def shared_figures(database: sqlite3.Connection, seq: int) -> Iterator[Figure]:
    """The assets' figures: insurance, relief, house, what is outside, what is uncovered."""
    return figures_of(database, OF_NO_MARKET, seq)


def accounts_in(database: sqlite3.Connection, seq: int, market: int) -> list[int]:
    """The accounts that have a position in a market after an event, in the order of their numbers."""
    given = {"seq": seq, "owner": market}
    return sorted({account for (account,) in database.execute(HOLDERS, given)})


def held_in(database: sqlite3.Connection, market: int, most: int) -> int:
    """How many positions were ever held in a market, counted up to so many."""
    (found,) = database.execute(HELD_IN, (market, most)).fetchone()
    return int(found)


def closed_markets(database: sqlite3.Connection, seq: int) -> tuple[str, ...]:
    """The markets that are closed after an event, in order."""
    return tuple(name for (name,) in database.execute(CLOSED, {"seq": seq}))


# ----------------------------------------------------------------- lots


def lots_together(database: sqlite3.Connection, seq: int) -> dict[str, Lots]:
    """The open lots of each market that has any, taken together."""
    return {one.name: one.value for one in figures_of(database, LOTS, seq) if one.value is not None}


def open_lots(
    database: sqlite3.Connection, seq: int, market: int, below: int | None = None, most: int = -1
) -> Iterator[tuple[Lot, Money]]:
    """The open lots of a market after an event, newest first, with the cost of each; `below` begins a further page."""
    bound = next((one.value or 0 for one in figures_of(database, NEXT_LOT, seq)), 0)
    bound = bound if below is None else min(below, bound)
    given = {"seq": seq, "owner": market, "below": bound, "most": most}
    for lot, balance in database.execute(OPEN_LOTS, given):
        yield value_of("lot", lot), Money(-int(balance or 0))


def lot_figures(lots: Iterable[tuple[Lot, Money]]) -> Iterator[Figure]:
    """The figures of lots, one by one."""
    for lot, cost in lots:
        yield Figure("lot", str(lot.id), lot)
        yield Figure("ledger", ledger.lot(lot.id).name, -cost)


def stand_ins(together: Mapping[str, Lots]) -> Iterator[tuple[Lot, Money]]:
    """For each market and side a lot of all the quantity and cost that its lots have, so that their sums are theirs."""
    number = 0
    for market, lots in sorted(together.items()):
        for quantity, cost in ((lots.long, lots.long_cost), (lots.short, lots.short_cost)):
            if quantity:
                number += 1
                yield Lot(number, "", market, "BOTH", "cross", Quantity(quantity), "takeover"), Money(cost)


# ----------------------------------------------------------------- a state


def by_kind(figures: Iterable[Figure]) -> dict[Kind, dict[str, Any]]:
    """The values of figures by their kinds and names; of what is there."""
    of: dict[Kind, dict[str, Any]] = defaultdict(dict)
    for kind, name, value in figures:
        if value not in (None, 0):
            of[kind][name] = value
    return of


def state_of(header: Header, figures: Iterable[Figure], closed: tuple[str, ...]) -> State:
    """The state that has these figures; what belonged to a market that is closed is gone.

    Where lots are not given one by one, those of a market stand together, one lot for each side.
    """
    of = by_kind(figures)
    if not of["lot"]:
        found = by_kind(lot_figures(stand_ins(of["lots"])))
        of["lot"], of["ledger"] = found["lot"], of["ledger"] | found["ledger"]
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
