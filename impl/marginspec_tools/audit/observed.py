"""What the exchange's own engine answered, compared with the rulebook's answer."""

from collections.abc import Iterator, Mapping
from typing import Any

from marginspec.margin.margin import leverage_of, margin_mode_of
from marginspec.model.account import PositionKey, PositionSide
from marginspec.model.ledger import LedgerAccount, account_named, external
from marginspec.model.state import State
from marginspec.model.units import FLAT, WIRE_DECIMALS
from marginspec_audit import asset_of, is_closed_lot
from marginspec_journal.decimals import decimal_text, parse_decimal
from marginspec_tools.audit.findings import Finding, finding
from marginspec_tools.runs import Step

SIDES: tuple[PositionSide, ...] = ("BOTH", "LONG", "SHORT")


def observed_values(observed: Mapping[str, Any] | None) -> Iterator[str]:
    """What an event's line says was observed, a word for each value: verdicts, balances, positions, marks."""
    if observed is None:
        return
    yield "lines"
    if "accepted" in observed or "rejected" in observed:
        yield "verdicts"
    for field, word in (("ledger", "balances"), ("positions", "positions"), ("marks", "marks")):
        yield from (word for _ in observed.get(field, ()))


def observed_differences(step: Step) -> Iterator[Finding]:
    """Where what an event's line says was observed is not what the rulebook has after the event."""
    observed = step.record.observed
    if observed is None:
        return
    yield from verdict_differences(step, observed)
    for name, text in observed.get("ledger", {}).items():
        yield from balance_differences(step, name, text)
    for name, position in observed.get("positions", {}).items():
        yield from position_differences(step, name, position)
    for name, text in observed.get("marks", {}).items():
        yield from mark_differences(step, name, text)


def verdict_differences(step: Step, observed: Mapping[str, Any]) -> Iterator[Finding]:
    """Accepted by one and rejected by the other, or rejected for another reason."""
    if "accepted" not in observed and "rejected" not in observed:
        return
    expected = step.transition.receipt.rejected or "accepted"
    answered = observed.get("rejected", "accepted")
    if answered != expected:
        what = "reason" if "accepted" not in (answered, expected) else "verdict"
        event = type(step.transition.event).__name__
        yield finding(step, "verdict", "JRN-01", event, what, str(expected), answered)


def unknown_name(step: Step, rule: str, name: str, what: str, answered: str) -> Finding:
    """The finding that a name is of nothing that there is, so that what was observed of it is compared with nothing."""
    return finding(step, "name", rule, name, what, None, answered)


def balance_differences(step: Step, name: str, text: str) -> Iterator[Finding]:
    """A balance; a ledger account that never moved holds zero if its owner is there."""
    state = step.transition.after
    account = known_account(state, name)
    if account is None:
        yield unknown_name(step, "LED-01", name, "ledger account", text)
        return
    decimals = 0 if is_closed_lot(state, account) else state.header.decimals(asset_of(state, account))
    balance = state.balance(account)
    if not is_same_amount(balance, decimals, text):
        yield finding(step, "ledger", "LED-01", name, "balance", decimal_text(balance, decimals), text)


def known_account(state: State, name: str) -> LedgerAccount | None:
    """The ledger account of that name; None if it is no such name, or nobody is there who could own it."""
    try:
        account = account_named(name)
    except ValueError:
        return None
    there = (
        str(account) == name
        and account.side in ("", *SIDES)
        and (not account.account or account.account in state.accounts)
        and (not account.market or account.market in state.markets)
        and (not account.asset or is_known_asset(state, account.asset))
        and (account.kind != "lot" or 0 < account.lot < state.next_lot)
    )
    return account if there else None


def is_known_asset(state: State, asset: str) -> bool:
    """Whether the header lists an asset, a market settles in it, or some of it was paid in."""
    listed = asset in state.header.asset_decimals or external(asset) in state.ledger
    return listed or any(market.asset == asset for market in state.markets.values())


def is_same_amount(units: int, decimals: int, text: str) -> bool:
    """Whether a decimal says the same as an integer of so many decimals."""
    stated: int = parse_decimal(text)
    one_unit: int = 10 ** (WIRE_DECIMALS - decimals)
    return stated == units * one_unit


def position_differences(step: Step, name: str, position: Mapping[str, Any]) -> Iterator[Finding]:
    """Quantity, and margin mode and leverage where they were observed."""
    state = step.transition.after
    key = known_position(state, name)
    if key is None:
        yield unknown_name(step, "ACC-02", name, "position", position["quantity"])
        return
    market = state.markets[key.market]
    quantity = state.positions.get(key, FLAT)
    if not is_same_amount(quantity, market.quantity_decimals, position["quantity"]):
        expected = decimal_text(quantity, market.quantity_decimals)
        yield finding(step, "position", "ACC-02", name, "quantity", expected, position["quantity"])
    expected_settings = {
        "margin_mode": margin_mode_of(state, key.account, market.id),
        "leverage": leverage_of(state, key.account, market),
    }
    for field, setting in expected_settings.items():
        if field in position and position[field] != setting:
            texts = str(setting), str(position[field])
            yield finding(step, "position", "ACC-01", name, field, *texts)


def known_position(state: State, name: str) -> PositionKey | None:
    """The position of that name, flat or not; None if there is no such account, market or side."""
    account, market, side = name.split(":") if name.count(":") == 2 else (name, "", "")
    known = next((one for one in SIDES if one == side), None)
    if account not in state.accounts or market not in state.markets or known is None:
        return None
    return PositionKey(account, market, known)


def mark_differences(step: Step, name: str, text: str) -> Iterator[Finding]:
    """A mark price."""
    market = step.transition.after.markets.get(name)
    if market is None:
        yield unknown_name(step, "MKT-01", name, "market", text)
    elif market.mark is None:
        yield finding(step, "mark", "MKT-01", name, "mark", None, text)
    elif not is_same_amount(market.mark, market.price_decimals, text):
        yield finding(step, "mark", "MKT-01", name, "mark", decimal_text(market.mark, market.price_decimals), text)
