"""Invariants with their left and right sides, as they stand after the last event of a run."""

from collections import Counter
from collections.abc import Iterator

import attrs

from marginspec.margin.margin import domain_margin
from marginspec.model import ledger
from marginspec.model.account import DomainKey
from marginspec.model.effects import FundStatus
from marginspec.model.ledger import FUND_KINDS
from marginspec.model.state import State
from marginspec.settlement.levy import domains_of_asset
from marginspec.settlement.waterfall import needed_relief
from marginspec_audit import EVENT_INVARIANTS, asset_of, assets_of, is_closed_lot
from marginspec_journal.decimals import decimal_text


@attrs.frozen
class Sides:
    """An invariant of one asset or market: what stands left and right of the relation, with their figures."""

    invariant: str
    where: str
    left: str
    left_figure: str
    relation: str
    right: str
    right_figure: str

    @property
    def row(self) -> tuple[str, ...]:
        """As a row of a table."""
        return attrs.astuple(self)


HEADS = ("invariant", "where", "left side", "left figure", "is", "right side", "right figure")


def sides_of(state: State) -> Iterator[Sides]:
    """The sides of all invariants of states, of every asset and market."""
    for asset in assets_of(state):
        yield from sides_of_asset(state, asset)
    yield from sides_of_markets(state)
    lots = "greatest number of a lot", str(max(state.lots, default=0))
    yield Sides("INV-11", "lots", *lots, "<", "next number", str(state.next_lot))


def sides_of_asset(state: State, asset: str) -> Iterator[Sides]:
    """Balances, funds, the closest domain, cover and relief of an asset."""

    def sides(invariant: str, left: str, amount: int, relation: str, right: str, other: int) -> Sides:
        """The sides with amounts of the asset."""
        decimals = state.header.decimals(asset)
        return Sides(
            invariant, asset, left, decimal_text(amount, decimals), relation, right, decimal_text(other, decimals)
        )

    outside = ledger.external(asset)
    own = [one for one in state.ledger if not is_closed_lot(state, one) and asset_of(state, one) == asset]
    total = sum(state.ledger[one] for one in own if one != outside)
    yield sides("INV-01", "all balances", total, "=", "net deposits", -state.balance(outside))
    funds = [(state.ledger[one], str(one)) for one in own if one.kind in FUND_KINDS]
    if funds:
        lowest, name = min(funds)
        yield sides("INV-03", f"lowest fund, {name}", lowest, "≥", "", 0)
    margins = [(margin_of(state, domain), ":".join(filter(None, domain))) for domain in domains_of_asset(state, asset)]
    held = [one for one in margins if one[0][2]]
    if held:
        (_, equity, maintenance), name = min(held)
        yield sides("INV-04", f"equity of {name}, the closest", equity, ">", "its maintenance", maintenance)
    if margins:
        least, name = min((one[1], name) for one, name in margins)
        yield sides("INV-05", f"lowest equity, {name}", least, "≥", "", 0)
    relief, uncovered = state.balance(ledger.relief(asset)), state.uncovered.get(asset, 0)
    needed = needed_relief(state, asset)
    yield sides("INV-06", "shortfalls beyond insurance", needed, "≤", "relief and uncovered", relief + uncovered)
    if state.header.profile.last_resort == "levy":
        yield sides("INV-12", "net deposits", -state.balance(outside), "≥", "", 0)
        yield sides("INV-13", "uncovered shortfall", uncovered, "=", "", 0)
    claims = sum(state.relief_claims.get(asset, {}).values())
    yield sides("INV-14", "relief", relief, "=", "claims on it", claims)
    yield sides("INV-14", "relief", relief, "≤", "need of relief", needed)


def margin_of(state: State, domain: DomainKey) -> tuple[int, int, int]:
    """By how much a domain is above its maintenance, its equity and its maintenance."""
    margin = domain_margin(state, domain)
    return margin.equity - margin.maintenance, margin.equity, margin.maintenance


def sides_of_markets(state: State) -> Iterator[Sides]:
    """Quantities and reserves of markets."""
    longs: Counter[str] = Counter()
    shorts: Counter[str] = Counter()
    held = [(key.market, quantity) for key, quantity in state.positions.items()]
    for market_id, quantity in (*held, *((lot.market, lot.quantity) for lot in state.lots.values())):
        longs[market_id] += max(0, quantity)
        shorts[market_id] += max(0, -quantity)
    for market_id, market in sorted(state.markets.items()):
        sums = [decimal_text(one[market_id], market.quantity_decimals) for one in (longs, shorts)]
        yield Sides("INV-02", market_id, "long, lots included", sums[0], "=", "short, lots included", sums[1])
        counted = state.fund_status.get(market_id, FundStatus())
        decimals = state.header.decimals(market.asset)
        balance, flows = (decimal_text(one, decimals) for one in (counted.balance, counted.inflow - counted.outflow))
        yield Sides("INV-07", market_id, "reserve", balance, "=", "profits less draws", flows)


def sides_of_events(broken: Counter[str], events: int, unchecked: tuple[str, ...]) -> Iterator[Sides]:
    """How many events broke an invariant of events."""
    for invariant in sorted(EVENT_INVARIANTS):
        if invariant not in unchecked:
            yield Sides(invariant, "events", f"broken in, of {events:,}", f"{broken[invariant]:,}", "=", "", "0")
