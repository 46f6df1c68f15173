"""What stands after an event: an account's or a market's figures, asked of the rulebook's own functions and traced."""

from collections.abc import Iterator
from typing import Any, TypeVar

from marginspec.margin.bands import bankruptcy_price, health_at, liquidation_band, view_of
from marginspec.margin.margin import (
    NO_ORDERS,
    available_margin,
    cash_account,
    cost_of,
    domain_initial,
    domain_margin,
    is_healthy,
    leverage_of,
    lot_cost,
    margin_mode_of,
    movable_margin,
    positions_of_domain,
    reserved_for_orders,
)
from marginspec.model.account import Direction, DomainKey, Lot, Order, PositionKey, PositionMode
from marginspec.model.market import FeeTerms, Tier
from marginspec.model.state import Book, State
from marginspec.model.units import Money, Price, Quantity
from marginspec.observation import observed_by
from marginspec.settlement.deleveraging import queue_of, score_of
from marginspec.settlement.levy import domains_of_asset
from marginspec_audit.transparency import indicator, market_status
from marginspec_tools.explain.explained import Explained
from marginspec_tools.explain.trace import Tracer
from marginspec_tools.explain.units import Units, key_name

Found = TypeVar("Found")


class UnknownNameError(Exception):
    """There is no account or market of that name."""


def explain_account(state: State, number: int, account: str, market: str | None = None) -> Explained:
    """An account's margin domains, positions, orders and places in the queues; those of one market if it is named."""
    if account not in state.accounts:
        raise UnknownNameError(f"account {account!r} does not exist; {len(state.accounts)} accounts do")
    if market is not None:
        check_market(state, market)
    tracer = Tracer()
    tracer.tell("position mode", state.accounts[account], PositionMode)
    orders = state.orders.get(account, NO_ORDERS)
    assets = {listed.asset for listed in state.markets.values()} | {one.asset for one in state.ledger if one.asset}
    for asset in sorted(assets):
        own = [domain for domain in domains_of_asset(state, asset) if domain.account == account]
        ordered = {one.market for one in orders.values() if state.markets[one.market].asset == asset}
        for domain in own:
            markets = {key.market for key in positions_of_domain(state, domain)} | (
                ordered if domain.is_cross else set()
            )
            in_use = markets or state.balance(cash_account(domain)) != 0
            if in_use and (market is None or market in markets):
                with tracer.under(f"domain {key_name(domain)}", domain):
                    trace_domain(tracer, state, domain, sorted(markets) if market is None else [market])
    for order in sorted(orders):
        if market in (None, orders[order].market):
            with tracer.under(f"order {order}", orders[order]):
                tracer.tell("order", orders[order], Order)
    about = {"seq": number, "account": account, **({"market": market} if market else {})}
    where = f" in {market}" if market else ""
    return Explained(f"after event {number}: account {account}{where}", about, tracer.top, Units(state))


def explain_market(state: State, number: int, market: str) -> Explained:
    """A market's mark, tiers, fees, funds and lots, and both deleveraging queues with scores and indicators."""
    check_market(state, market)
    tracer, listed = Tracer(), state.markets[market]
    with tracer.under(f"market {market}", listed):
        tracer.tell("mark", listed.mark, Price | None)
        tracer.tell("tiers", listed.tiers.tiers, tuple[Tier, ...])
        tracer.tell("fees", listed.fees, FeeTerms)
        for lot in state.lots_in.get(market, ()):
            with tracer.under(f"lot {lot}", state.lots[lot]):
                tracer.tell("lot", state.lots[lot], Lot)
                tracer.tell("cost", lot_cost(state, lot), Money)
        if listed.mark is not None:
            with observed_by(tracer):
                market_status(state, market)
            for side in ("long", "short"):
                trace_queue(tracer, state, market, side)
    return Explained(
        f"after event {number}: market {market}", {"seq": number, "market": market}, tracer.top, Units(state)
    )


def check_market(state: State, market: str) -> None:
    """Refuse a market that is not listed."""
    if market not in state.markets:
        raise UnknownNameError(f"market {market!r} is not listed; {len(state.markets)} markets are")


def trace_domain(tracer: Tracer, state: State, domain: DomainKey, markets: list[str]) -> None:
    """Ask for a domain's margins and health, then for what it has in each market."""
    with observed_by(tracer):
        margin = domain_margin(state, domain)
        initial = domain_initial(state, margin)
        reserved = reserved_for_orders(state, domain)
        available_margin(margin, initial, reserved)
        movable_margin(margin, initial, reserved)
        is_healthy(margin)
    for market in markets:
        with tracer.under(f"market {market}", state.markets[market]):
            tracer.tell("mark", state.markets[market].mark, Price | None)
            held = [key for key in positions_of_domain(state, domain) if key.market == market]
            with observed_by(tracer):
                margin_mode_of(state, domain.account, market)
                leverage_of(state, domain.account, state.markets[market])
                if held:
                    trace_band(state, domain, market)
                    bankruptcy_price(state, domain, market)
            for key in held:
                with tracer.under(f"position {key_name(key)}", key):
                    tracer.tell("quantity", state.positions[key], Quantity)
                    tracer.tell("open cost", cost_of(state, key), Money)
                    trace_queue(tracer, state, market, "long" if state.positions[key] > 0 else "short", key)


def trace_band(state: State, domain: DomainKey, market: str) -> None:
    """Ask for a liquidation band, and the health at its ends and one price unit nearer to the mark."""
    band, view, mark = (
        liquidation_band(state, domain, market),
        view_of(state, domain, market),
        state.markets[market].marked(),
    )
    for end in (band.lower, band.upper):
        if end is not None:
            health_at(view, end)
            if end != mark:
                health_at(view, Price(end + (1 if end < mark else -1)))


def trace_queue(tracer: Tracer, state: State, market: str, side: Direction, only: PositionKey | None = None) -> None:
    """Ask for a side's queue, and each position's score and indicator, or those of one position."""
    with tracer.under(f"{side} queue of {market}", state.markets[market]):
        queue = queue_of(state, market, side)
        tracer.tell("positions", len(queue), int)
        for place, ranked in enumerate(queue):
            if only in (None, ranked.key):
                with tracer.under(f"{place + 1}. {key_name(ranked.key)}", ranked.key), observed_by(tracer):
                    domain = state.positions_in[market][ranked.key]
                    score_of(state, ranked.key, domain)
                    indicator(place, len(queue))
