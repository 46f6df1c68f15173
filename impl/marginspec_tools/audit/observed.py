"""What the exchange's own engine answered, compared with the rulebook's answer."""

from collections.abc import Iterator, Mapping
from typing import Any

from marginspec.margin.margin import leverage_of, margin_mode_of
from marginspec.model.account import PositionKey
from marginspec.model.ledger import account_named
from marginspec.model.state import State
from marginspec.model.units import NOTHING, WIRE_DECIMALS, Money, Quantity
from marginspec_audit import asset_of
from marginspec_journal.decimals import decimal_text, parse_decimal
from marginspec_tools.audit.findings import Finding, finding
from marginspec_tools.runs.running import Step


def observed_differences(step: Step) -> Iterator[Finding]:
    """Where what an event's line says was observed is not what the rulebook has after the event."""
    observed = step.record.observed
    if observed is None:
        return
    yield from verdict_differences(step, observed)
    yield from ledger_differences(step, observed.get("ledger", {}))
    for name, position in observed.get("positions", {}).items():
        yield from position_differences(step, name, position)
    yield from mark_differences(step, observed.get("marks", {}))


def verdict_differences(step: Step, observed: Mapping[str, Any]) -> Iterator[Finding]:
    """Accepted by one and rejected by the other, or rejected for another reason."""
    if "accepted" not in observed and "rejected" not in observed:
        return
    expected = step.taken.receipt.rejected or "accepted"
    answered = observed.get("rejected", "accepted")
    if answered != expected:
        what = "reason" if "accepted" not in (answered, expected) else "verdict"
        event = type(step.taken.event).__name__
        yield finding(step, "verdict", "JRN-01", event, what, str(expected), answered)


def ledger_differences(step: Step, balances: Mapping[str, str]) -> Iterator[Finding]:
    """Balances; an account that the rulebook does not have holds zero."""
    state = step.taken.after
    for account, text in balances.items():
        decimals = money_decimals(state, account)
        balance = balance_of(state, account)
        if not same(balance, decimals, text):
            yield finding(step, "ledger", "LED-01", account, "balance", decimal_text(balance, decimals), text)


def balance_of(state: State, account: str) -> Money:
    """The balance of the account of that name; nothing if no account is named so."""
    try:
        return state.balance(account_named(account))
    except ValueError:
        return NOTHING


def money_decimals(state: State, account: str) -> int:
    """Digits after the point of a ledger account's money; those of a wire decimal if it is not one that exists."""
    try:
        return state.header.decimals(asset_of(state, account_named(account)))
    except (KeyError, ValueError, IndexError):
        return WIRE_DECIMALS


def same(units: int, decimals: int, text: str) -> bool:
    """Whether a decimal says the same as an integer of so many decimals."""
    stated: int = parse_decimal(text)
    one_unit: int = 10 ** (WIRE_DECIMALS - decimals)
    return stated == units * one_unit


def position_differences(step: Step, name: str, position: Mapping[str, Any]) -> Iterator[Finding]:
    """Quantity, and margin mode and leverage where they were observed."""
    state = step.taken.after
    account, market_id, side = name.split(":") if name.count(":") == 2 else (name, "", "")
    market = state.markets.get(market_id)
    if market is None:
        yield finding(step, "position", "ACC-02", name, "market", None, position["quantity"])
        return
    key = PositionKey(account, market_id, side)  # type: ignore[arg-type]  # another side has no position
    quantity = state.positions.get(key, Quantity(0))
    if not same(quantity, market.quantity_decimals, position["quantity"]):
        expected = decimal_text(quantity, market.quantity_decimals)
        yield finding(step, "position", "ACC-02", name, "quantity", expected, position["quantity"])
    settings = {
        "margin_mode": margin_mode_of(state, account, market_id),
        "leverage": leverage_of(state, account, market),
    }
    for field, expected_setting in settings.items():
        if field in position and position[field] != expected_setting:
            texts = str(expected_setting), str(position[field])
            yield finding(step, "position", "ACC-01", name, field, *texts)


def mark_differences(step: Step, marks: Mapping[str, str]) -> Iterator[Finding]:
    """Mark prices."""
    for name, text in marks.items():
        market = step.taken.after.markets.get(name)
        if market is None or market.mark is None:
            yield finding(step, "mark", "MKT-01", name, "mark", None, text)
        elif not same(market.mark, market.price_decimals, text):
            yield finding(step, "mark", "MKT-01", name, "mark", decimal_text(market.mark, market.price_decimals), text)
