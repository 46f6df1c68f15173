"""The invariants on the exchange's own numbers, where a line states all that one needs: no rule computes any of them.

What must be stated is whatever is not zero by the rules as they go on from what the exchange has. Each value may agree
with the rulebook's within a tolerance, or to the digits that are shown, and the whole still not add up; and the whole
may add up where every value differs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from marginspec.model import ledger
from marginspec.model.account import DomainKey
from marginspec.model.ledger import account_named
from marginspec.model.state import State
from marginspec.model.units import FLAT, WIRE_DECIMALS
from marginspec_audit import asset_of, is_closed_lot
from marginspec_journal.decimals import parse_decimal
from marginspec_tools.audit.faults import Fault, decimal_of
from marginspec_tools.observed import (
    Figure,
    Tolerances,
    Whose,
    digits_of,
    domain_named,
    field_of,
    kind_of,
    position_named,
    whose,
)
from marginspec_tools.runs import Step

AMOUNTS = ("balance", "margin", "fund")
"""Kinds of value that invariants add up."""


class Books(NamedTuple):
    """An invariant on stated numbers: both of its sides, in 1e-8, and what is at stake if it does not hold.

    `where` is the asset, market or domain, `own` whose that is; `left` and `right` say what the sides are.
    """

    invariant: str
    where: str
    own: Whose
    left: str
    amount: int
    relation: str
    right: str
    other: int
    money: int

    @property
    def holds(self) -> bool:
        """Whether the relation does."""
        match self.relation:
            case "=":
                return self.amount == self.other
            case ">":
                return self.amount > self.other
            case "≥":
                return self.amount >= self.other
        return self.amount <= self.other

    @property
    def figure(self) -> Figure:
        """A figure that it is open under while it does not hold."""
        return Figure("books", self.where, self.invariant)

    def fault(self, step: Step) -> Fault:
        """The fault that it does not hold after an event."""
        record = step.record
        return Fault(
            *(step.number, record.line, record.ts, record.ref),
            kind="invariant",
            rule=self.invariant,
            where=self.where,
            what=f"{self.left} {self.relation} {self.right or '0'}",
            expected=decimal_of(self.other),
            observed=decimal_of(self.amount),
            whose=self.own,
            difference=self.amount - self.other,
            money=self.money,
        )


Stated = Mapping[Figure, int]
"""What a line states, in 1e-8."""


def books_of(seen: list[tuple[Figure, str]], state: State, *, is_whole: bool) -> Iterator[Books]:
    """The invariants that a line states enough for; `is_whole` unless only some accounts are known."""
    groups = {figure.group for figure, _ in seen}
    assets = whole_assets(seen, state) if is_whole and "ledger" in groups else []
    markets = whole_markets(seen, state) if is_whole and "positions" in groups else []
    if not assets and not markets and groups.isdisjoint({"domains", "funds"}):
        # Most lines tell of a few accounts.
        return
    stated = {figure: parse_decimal(text) for figure, text in seen if is_counted(figure)}
    for asset in assets:
        yield from conservation(stated, state, asset)
    if is_whole and "funds" in groups:
        for asset in sorted({market.asset for market in state.markets.values()}):
            yield from cover(stated, state, asset)
    for market in markets:
        yield from zero_sum(stated, state, market)
    texts = dict(seen)
    for domain in sorted({figure.name for figure in stated if figure.group == "domains"}):
        yield from health(stated, texts, state, domain)


def is_counted(figure: Figure) -> bool:
    """Whether a figure is an amount that invariants are about."""
    return figure.group in ("ledger", "lots", "domains", "funds", "uncovered") or figure.field == "quantity"


def whole_assets(seen: list[tuple[Figure, str]], state: State) -> list[str]:
    """The assets of which every balance that is not zero is stated, what was paid in apart."""
    names = {account_named(figure.name) for figure, _ in seen if figure.group == "ledger"}
    names |= {ledger.lot(int(figure.name)) for figure, _ in seen if figure.group == "lots" and figure.field == "cost"}
    assets = {whose(state, Figure("ledger", name.name, "balance")).asset for name in names} - {""}
    for account in state.ledger:
        if account not in names and account.kind != "external" and not is_closed_lot(state, account):
            assets.discard(asset_of(state, account))
            if not assets:
                break
    return sorted(assets)


def whole_markets(seen: list[tuple[Figure, str]], state: State) -> list[str]:
    """The markets of which every position and every lot is stated."""
    told = {(figure.group, figure.name) for figure, _ in seen if figure.field == "quantity"}
    markets = {position_named(name).market for group, name in told if group == "positions"}
    return sorted(
        market
        for market in markets
        if market in state.markets
        and all(("positions", ":".join(key)) in told for key in state.positions_in.get(market, ()))
        and all(("lots", str(lot)) in told for lot in state.lots_in.get(market, ()))
    )


def conservation(stated: Stated, state: State, asset: str) -> Iterator[Books]:
    """All balances of an asset are what was paid in less what was paid out (INV-01)."""
    balances: dict[str, int] = {}
    for figure, amount in stated.items():
        if figure.group == "ledger" and whose(state, figure).asset == asset:
            balances[figure.name] = amount
        elif figure.group == "lots" and figure.field == "cost" and whose(state, figure).asset == asset:
            balances.setdefault(ledger.lot(int(figure.name)).name, -amount)
    outside = ledger.external(asset)
    paid_in = -balances.pop(outside.name, state.balance(outside) * unit_of(state, asset))
    total = sum(balances.values())
    sides = ("all balances", total, "=", "net deposits", paid_in)
    yield Books("INV-01", asset, Whose(asset=asset), *sides, abs(total - paid_in))


def zero_sum(stated: Stated, state: State, market_id: str) -> Iterator[Books]:
    """What is long of a market is short, lots included (INV-02)."""
    market = state.markets[market_id]
    amounts = [
        amount
        for figure, amount in stated.items()
        if figure.field == "quantity" and whose(state, figure).market == market_id
    ]
    longs, shorts = sum(max(0, one) for one in amounts), sum(max(0, -one) for one in amounts)
    if not longs and not shorts:
        return
    off = abs(longs - shorts)
    money = 0 if market.mark is None else off * market.mark // 10**market.price_decimals
    sides = ("long, lots included", longs, "=", "short, lots included", shorts)
    yield Books("INV-02", market_id, Whose("", market_id, market.asset), *sides, money)


def health(stated: Stated, texts: Mapping[Figure, str], state: State, name: str) -> Iterator[Books]:
    """A domain's equity is above its maintenance margin (INV-04), and no equity is below zero (INV-05).

    Two that are equal in fewer digits than the asset has may differ.
    """
    equity, maintenance = Figure("domains", name, "equity"), Figure("domains", name, "maintenance")
    own = whose(state, equity)
    if equity not in stated:
        return
    has = stated[equity]
    yield Books("INV-05", name, own, "equity", has, "≥", "", 0, max(0, -has))
    if not stated.get(maintenance):
        return
    needs = stated[maintenance]
    is_shown_short = min(digits_of(texts[equity]), digits_of(texts[maintenance])) < state.header.decimals(own.asset)
    relation = "≥" if has == needs and is_shown_short else ">"
    yield Books("INV-04", name, own, "equity", has, relation, "its maintenance", needs, value_of(state, name))


def value_of(state: State, name: str) -> int:
    """What a domain holds at mark, in 1e-8 of its asset: what should have been taken over."""
    domain: DomainKey = domain_named(name)
    quanta = sum(
        abs(state.markets[key.market].at_mark(state.positions.get(key, FLAT)))
        for key in state.positions_of.get(domain, ())
    )
    return int(quanta * unit_of(state, domain.asset))


def cover(stated: Stated, state: State, asset: str) -> Iterator[Books]:
    """The shortfalls of an asset's markets are covered by insurance and relief, or stand as uncovered (INV-06)."""
    open_lots = [market for market in sorted(state.lots_in) if state.markets[market].asset == asset]
    shortfalls = [Figure("funds", market, "shortfall") for market in open_lots]
    insurance = Figure("ledger", ledger.insurance(asset).name, "balance")
    if not open_lots or insurance not in stated or any(one not in stated for one in shortfalls):
        return
    relief, uncovered = ledger.relief(asset), Figure("uncovered", asset, "uncovered")
    cover_of = stated[insurance]
    cover_of += stated.get(Figure("ledger", relief.name, "balance"), state.balance(relief) * unit_of(state, asset))
    cover_of += stated.get(uncovered, state.uncovered.get(asset, 0) * unit_of(state, asset))
    needed = sum(max(0, stated[one]) for one in shortfalls)
    sides = ("shortfalls", needed, "≤", "insurance, relief and uncovered", cover_of)
    yield Books("INV-06", asset, Whose(asset=asset), *sides, max(0, needed - cover_of))


def unit_of(state: State, asset: str) -> int:
    """A quantum of an asset in 1e-8."""
    unit: int = 10 ** (WIRE_DECIMALS - state.header.decimals(asset))
    return unit


def slack_of(seen: Sequence[tuple[Figure, str]], asset: str, state: State, tolerances: Tolerances) -> int:
    """By how much sums of an asset's values may be off since some are stated in fewer digits than there are."""
    return sum(
        10 ** (WIRE_DECIMALS - digits_of(text))
        for figure, text in seen
        if whose(state, figure).asset == asset
        and kind_of(figure) in AMOUNTS
        and tolerances.agreement(kind_of(figure), field_of(figure).ask(state, figure.name), text) == "as displayed"
    )
