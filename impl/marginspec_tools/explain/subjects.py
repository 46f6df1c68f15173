"""What can be explained: an event as the rules take it, and an account or market as it stands, asked of the rules."""

from collections.abc import Iterator, Mapping
from typing import Any

from marginspec.margin import bands
from marginspec.margin import margin as margins
from marginspec.model.account import Direction, DomainKey, Lot, Order, PositionKey, PositionMode
from marginspec.model.fields import type_name
from marginspec.model.ledger import account_named
from marginspec.model.market import FeeTerms, Tier
from marginspec.model.state import State
from marginspec.model.units import FLAT, Money, Price, Quantity
from marginspec.observation import observed_by
from marginspec.settlement.deleveraging import queue_of, score_of
from marginspec.settlement.levy import domains_of_asset
from marginspec.transition import apply
from marginspec_audit import asset_of
from marginspec_audit.transparency import indicator, market_status
from marginspec_journal import Record
from marginspec_journal.decimals import parse_decimal
from marginspec_tools.explain.explained import Explained
from marginspec_tools.explain.trace import Tracer
from marginspec_tools.explain.units import Figure, Scope, Units, figure_text, name_of, spaced
from marginspec_tools.observed import Tolerances, field_of, observed_figures


def explain_event(before: State, record: Record, number: int) -> Explained:
    """Run a record's event on the state before it, under observation, and word what was seen."""
    event, tracer = record.event, Tracer()
    after, receipt = apply(before, event, tracer)
    reason = receipt.rejected
    units, kind = Units(before, after), type_name(type(event))
    marks = {"seq": number, "line": record.line, "ts": record.ts, "ref": record.ref}
    told = {name: value for name, value in marks.items() if value is not None}
    where = ", ".join(f"{'event' if name == 'seq' else name} {value}" for name, value in told.items())
    answer = {"rejected": reason.value} if reason else {"accepted": True}
    title = f"{where}: {spaced(kind)}, {f'refused {reason}' if reason else 'accepted'}"
    verdict = reason.value if reason else "accepted"
    told_of = record.observed or {}
    observed = (*compared(after, verdict, told_of, units), *compared_figures(after, told_of))
    (applied,) = tracer.top.terms
    title = f"{title}\n  asked: {figure_text(units.field_figures(event, Scope()))}"
    return Explained(title, {**told, "event": kind, **answer}, applied, units, observed)


def compared(after: State, answer: str, observed: Mapping[str, Any], units: Units) -> Iterator[dict[str, Any]]:
    """What was observed beside ours: the answer, balances, positions with their settings, marks."""

    def comparison(what: str, seen: str, ours: str, agrees: bool) -> dict[str, Any]:
        """What was observed and what the rules have, as `explain --json` states it."""
        return {"what": what, "observed": seen, "ours": ours, "agrees": agrees}

    def amount_comparison(what: str, text: str, value: int | None, hint: Any, scope: Scope) -> dict[str, Any]:
        """An observed decimal beside an amount in units of its scope, by value: 0.10 and 0.1 agree."""
        ours = units.figure(value, hint, scope) if value is not None else Figure("none")
        # What we do not have counts as nothing.
        agrees = parse_decimal(text) == (parse_decimal(ours.value) if value is not None else 0)
        return comparison(what, str(Figure(text, ours.unit)), str(ours), agrees)

    seen = "accepted" if "accepted" in observed else observed.get("rejected", observed.get("code"))
    if seen is not None:
        # What an exchange's own code stands for is not known here.
        is_same = answer != "accepted" if "code" in observed and "rejected" not in observed else seen == answer
        yield comparison("answer", seen, answer, is_same)
    for name, text in observed.get("ledger", {}).items():
        try:
            account = account_named(name)
            yield amount_comparison(
                f"balance of {name}", text, after.balance(account), Money, Scope("", asset_of(after, account))
            )
        except (KeyError, ValueError, IndexError):
            yield amount_comparison(f"balance of {name}", text, None, Money, Scope())
    for name, position in observed.get("positions", {}).items():
        owner, market, side = name.split(":") if name.count(":") == 2 else (name, "", "")
        key = PositionKey(owner, market, side)  # type: ignore[arg-type]  # another side has no position
        listed = after.markets.get(market)
        held = after.positions.get(key, FLAT) if listed else None
        yield amount_comparison(f"position {name}", position["quantity"], held, Quantity, Scope(market))
        ours: dict[str, Any] = {"margin_mode": margins.margin_mode_of(after, owner, market)} if listed else {}
        ours |= {"leverage": margins.leverage_of(after, owner, listed)} if listed else {}
        for field in [one for one in ours if one in position]:
            seen, setting = position[field], ours[field]
            yield comparison(f"{spaced(field)} of {name}", str(seen), str(setting), seen == setting)
    for name, text in observed.get("marks", {}).items():
        mark = after.markets[name].mark if name in after.markets else None
        yield amount_comparison(f"mark of {name}", text, mark, Price, Scope(name))


def compared_figures(after: State, observed: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Prices, margins, funds and lots that were observed beside ours."""
    for figure, text in observed_figures(observed):
        if (figure.group, figure.field) in SHOWN_WITH_UNIT:
            continue
        about = field_of(figure)
        ours = about.ask(after, figure.name)
        agrees = Tolerances().agreement(about.kind, ours, text) == "equal"
        what = f"{OF_GROUP.get(figure.group, '')}{spaced(figure.field)} of {figure.name}"
        yield {"what": what, "observed": text, "ours": ours.text or "none", "agrees": agrees}


SHOWN_WITH_UNIT = (
    *(("ledger", "balance"), ("marks", "mark")),
    *(("positions", name) for name in ("quantity", "margin_mode", "leverage")),
)
"""Figures that stand among those before."""
OF_GROUP = {"funds": "fund ", "lots": "lot "}


def explain_account(state: State, number: int, account: str, market: str | None = None) -> Explained:
    """An account's margin domains, positions, orders and places in the queues; those of one market if it is named."""
    return explained_account(state, number, account, market, has_others=True)


def explain_margins(state: State, number: int, account: str) -> Explained:
    """The same of all markets without places in queues, for which alone a state needs the other accounts."""
    return explained_account(state, number, account, None, has_others=False)


def explained_account(state: State, number: int, account: str, market: str | None, *, has_others: bool) -> Explained:
    """An account's own terms, with its places in the queues if the state has the others that stand in them."""
    tracer, orders = Tracer(), state.orders.get(account, margins.NO_ORDERS)
    tracer.add_figure("position mode", state.accounts[account], PositionMode)
    assets = {listed.asset for listed in state.markets.values()} | {one.asset for one in state.ledger if one.asset}
    for domain in [one for asset in sorted(assets) for one in domains_of_asset(state, asset) if one.account == account]:
        ordered = {one.market for one in orders.values() if state.markets[one.market].asset == domain.asset}
        markets = {key.market for key in margins.positions_of_domain(state, domain)}
        markets |= ordered if domain.is_cross else set()
        if market in markets or (market is None and (markets or state.balance(margins.cash_account(domain)) != 0)):
            with tracer.section(f"domain {name_of(domain)}", domain):
                shown = sorted(markets) if market is None else [market]
                trace_domain(tracer, state, domain, shown, has_others=has_others)
    for order in sorted(orders):
        if market in (None, orders[order].market):
            with tracer.section(f"order {order}", orders[order]):
                tracer.add_figure("order", orders[order], Order)
    about = {"seq": number, "account": account, **({"market": market} if market else {})}
    title = f"after event {number}: account {account}{f', market {market}' if market else ''}"
    return Explained(title, about, tracer.top, Units(state))


def explain_market(state: State, number: int, market: str) -> Explained:
    """A market's mark, tiers, fees, funds and lots, and both deleveraging queues with scores and indicators."""
    return explained_market(state, number, market, has_accounts=True)


def explain_funds(state: State, number: int, market: str) -> Explained:
    """The same without the queues, for which alone a state needs its accounts."""
    return explained_market(state, number, market, has_accounts=False)


def explained_market(state: State, number: int, market: str, *, has_accounts: bool) -> Explained:
    """A market's own terms, with its queues if the state has the accounts that stand in them."""
    tracer, listed = Tracer(), state.markets[market]
    with tracer.section(f"market {market}", listed):
        tracer.add_figure("mark", listed.mark, Price | None)
        tracer.add_figure("tiers", listed.tiers.tiers, tuple[Tier, ...])
        tracer.add_figure("fees", listed.fees, FeeTerms)
        for lot in state.lots_in.get(market, ()):
            with tracer.section(f"lot {lot}", state.lots[lot]):
                tracer.add_figure("lot", state.lots[lot], Lot)
                tracer.add_figure("cost", margins.lot_cost(state, lot), Money)
        if listed.mark is not None:
            with observed_by(tracer):
                market_status(state, market)
            if has_accounts:
                trace_queue(tracer, state, market, "long")
                trace_queue(tracer, state, market, "short")
    title = f"after event {number}: market {market}"
    return Explained(title, {"seq": number, "market": market}, tracer.top, Units(state))


def explain_rank(state: State, number: int, key: PositionKey) -> Explained:
    """A position's score and indicator in its queue, which has it unless its domain is unhealthy."""
    tracer = Tracer()
    trace_queue(tracer, state, key.market, "long" if state.positions[key] > 0 else "short", key)
    title = f"after event {number}: the rank of {name_of(key)}"
    return Explained(title, {"seq": number, "account": key.account, "market": key.market}, tracer.top, Units(state))


def trace_domain(tracer: Tracer, state: State, domain: DomainKey, markets: list[str], *, has_others: bool) -> None:
    """Ask for a domain's margins and health, and in markets for settings, band, bankruptcy price and positions."""
    with observed_by(tracer):
        margin = margins.domain_margin(state, domain)
        initial, reserved = margins.domain_initial(state, margin), margins.reserved_for_orders(state, domain)
        margins.available_margin(margin, initial, reserved)
        margins.movable_margin(margin, initial, reserved)
        margins.is_healthy(margin)
    for market in markets:
        listed = state.markets[market]
        held = [key for key in margins.positions_of_domain(state, domain) if key.market == market]
        with tracer.section(f"market {market}", listed):
            tracer.add_figure("mark", listed.mark, Price | None)
            with observed_by(tracer):
                margins.margin_mode_of(state, domain.account, market)
                margins.leverage_of(state, domain.account, listed)
                if held:
                    bands.liquidation_band(state, domain, market)
                    bands.bankruptcy_price(state, domain, market)
            for key in held:
                with tracer.section(f"position {name_of(key)}", key):
                    tracer.add_figure("quantity", state.positions[key], Quantity)
                    tracer.add_figure("open cost", margins.cost_of(state, key), Money)
                    if has_others:
                        trace_queue(tracer, state, market, "long" if state.positions[key] > 0 else "short", key)


def trace_queue(tracer: Tracer, state: State, market: str, side: Direction, only: PositionKey | None = None) -> None:
    """Ask for a side's queue, and each position's score and indicator, or those of one position."""
    with tracer.section(f"{side} queue of {market}", state.markets[market]):
        queue = queue_of(state, market, side)
        tracer.add_figure("positions", len(queue), int)
        for place, ranked in enumerate(queue):
            if only in (None, ranked.key):
                with tracer.section(f"{place + 1}. {name_of(ranked.key)}", ranked.key), observed_by(tracer):
                    score_of(state, ranked.key, state.positions_in[market][ranked.key])
                    indicator(place, len(queue))
