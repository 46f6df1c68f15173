"""Broken invariants as people and programs read them."""

from typing import Any, Literal

import attrs

from marginspec.model.ledger import account_named
from marginspec.model.state import State
from marginspec_audit import Transition, Violation, asset_of, check_state, check_transition
from marginspec_journal.decimals import decimal_text
from marginspec_journal.states import OpenedState
from marginspec_tools.runs.running import Step

Unit = Literal["money", "quantity", "count"]
Owner = Literal["asset", "market", "domain", "position", "lot", "ledger account", ""]

AMOUNTS: dict[str, tuple[Unit, Owner]] = {
    "balances do not sum to zero": ("money", "asset"),
    "quantities do not sum to zero": ("quantity", "market"),
    "fund below zero": ("money", "ledger account"),
    "clearing not empty": ("money", "ledger account"),
    "equity not above maintenance": ("money", "domain"),
    "equity below zero": ("money", "domain"),
    "flat isolated position with cash": ("money", "ledger account"),
    "shortfalls exceed insurance and uncovered": ("money", "asset"),
    "lot without id or quantity": ("quantity", "lot"),
    "closed lot keeps a cost": ("money", "lot"),
    "net deposits below zero": ("money", "asset"),
    "uncovered shortfall": ("money", "asset"),
    "reserve changed without profit or draw": ("money", "ledger account"),
    "insurance drawn before the reserve was empty": ("money", "market"),
    "deleveraged although funds could cover": ("money", "market"),
    "levied before the house was empty": ("money", "asset"),
    "levied before an eligible counterparty": ("quantity", "position"),
    "rejected event changed the state": ("count", ""),
    "a second run differs": ("count", ""),
    "lot id out of turn": ("count", ""),
    "lot did not shrink": ("quantity", "lot"),
    "lot differs from its effects": ("quantity", "lot"),
}
"""For each thing that can be wrong: what its amount counts, and what the violation's `where` names."""


@attrs.frozen
class Broken:
    """An invariant that an event broke, the amount in decimals; event and line 0 stand for the opening state."""

    event: int
    line: int
    violation: Violation
    amount: str


def broken_at_start(start: OpenedState) -> list[Broken]:
    """What the state that a run starts from breaks."""
    return broken_in(start.state, 0, 0)


def broken_in(state: State, event: int, line: int) -> list[Broken]:
    """What a state breaks that an event led to."""
    return [Broken(event, line, found, amount_text(found, state, state)) for found in check_state(state)]


def broken_by(step: Step) -> list[Broken]:
    """What an event, or the state after it, breaks."""
    return broken_in_transition(step.taken, step.number, step.record.line)


def broken_in_transition(taken: Transition, event: int, line: int) -> list[Broken]:
    """What an event, or the state after it, breaks; the event's number and line are for the answer."""
    return [
        Broken(event, line, found, amount_text(found, taken.before, taken.after)) for found in check_transition(taken)
    ]


def amount_text(violation: Violation, before: State, after: State) -> str:
    """A violation's amount in decimals of what it counts; a plain integer where that is a number of things."""
    unit, owner = AMOUNTS.get(violation.what, ("count", ""))
    decimals = 0 if unit == "count" else _decimals(violation.where, unit, owner, before, after)
    return decimal_text(violation.amount, decimals)


def _decimals(where: str, unit: Unit, owner: Owner, before: State, after: State) -> int:
    """Digits after the point of money or quantities of an owner; 0 if the owner is not there any more."""
    parts = where.split(":")
    if owner == "asset":
        return after.header.decimals(where)
    if owner == "domain":
        return after.header.decimals(parts[1])
    if owner == "ledger account":
        return after.header.decimals(asset_of(after, account_named(where)))
    if owner == "lot":
        lot = after.lots.get(int(parts[1]), before.lots.get(int(parts[1])))
        market = None if lot is None else after.markets[lot.market]
    else:
        market = after.markets[parts[1] if owner == "position" else where]
    if market is None:
        return 0
    return market.quantity_decimals if unit == "quantity" else after.header.decimals(market.asset)


def broken_object(broken: Broken) -> dict[str, Any]:
    """A broken invariant as a line of JSON."""
    one = broken.violation
    return {
        "broken": one.invariant,
        "seq": broken.event,
        "line": broken.line,
        "what": one.what,
        "where": one.where,
        "amount": broken.amount,
    }


def broken_text(broken: Broken) -> str:
    """A broken invariant as a line of text."""
    one = broken.violation
    place = f"at event {broken.event} (line {broken.line})" if broken.event else "in the state at the start"
    return f"{one.invariant} broken {place}: {one.what}, {one.where}: {broken.amount}"
