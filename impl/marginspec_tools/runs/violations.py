"""Broken invariants as people and programs read them."""

from typing import Any

import attrs

from marginspec.model.effects import Deleveraged, Levied, LotOpened, LotReduced, Transferred
from marginspec.model.events import SettleMarket
from marginspec.model.state import State
from marginspec_audit import EVENT_INVARIANTS, Transition, Unit, Violation, check_state, check_transition
from marginspec_journal.decimals import decimal_text
from marginspec_tools.console import BrokenInvariant


@attrs.frozen
class Broken:
    """An invariant that an event broke, the amount in decimals; event and line 0 stand for the opening state."""

    event: int
    line: int
    violation: Violation
    amount: str


def broken_in(state: State, event: int = 0, line: int = 0) -> list[Broken]:
    """What a state breaks that an event led to; without an event, the state at the start."""
    return [Broken(event, line, found, amount_text(found, state)) for found in check_state(state)]


def check_start(name: str, state: State) -> None:
    """Refuse a state that breaks an invariant, as `replay --from` does: what follows from it need not hold either."""
    for one in check_state(state):
        raise BrokenInvariant(f"{name}: {one.invariant} is broken: {one.what}, {one.where}")


def broken_by(taken: Transition, event: int, line: int) -> list[Broken]:
    """What an event, or the state after it, breaks; the event's number and line are for the answer."""
    return [Broken(event, line, found, amount_text(found, taken.after)) for found in check_transition(taken)]


def broken_between(taken: Transition, event: int, line: int, *, is_followed: bool) -> list[Broken]:
    """What an event breaks whose state is not looked at: the invariants of events.

    Where the state follows from the receipt, those are left out of which nothing can be broken then.
    """
    left_out = unbreakable(taken) if is_followed else ()
    checked = [predicate for name, predicate in EVENT_INVARIANTS.items() if name not in left_out]
    found = (one for predicate in checked for one in predicate(taken))
    return [Broken(event, line, one, amount_text(one, taken.after)) for one in found]


def unbreakable(taken: Transition) -> set[str]:
    """The invariants of which an event breaks none whose state follows from its receipt, by what that is about.

    Without a transfer of one no reserve changes, and without a lot no lot. The order of the waterfall is that of its
    draws, steps of deleveraging and levies. And to a second run that agrees a run sees itself whose states follow.
    """
    effects = taken.receipt.effects
    kinds, moved = set(map(type, effects)), [one for one in effects if type(one) is Transferred]
    found = {"INV-10"}
    if "reserve" not in {kind for one in moved for kind in (one.source.kind, one.target.kind)}:
        found.add("INV-07")
    if kinds.isdisjoint(OF_LOTS):
        found.add("INV-11")
    is_quiet = kinds.isdisjoint(OF_WATERFALL) and RULES_OF_WATERFALL.isdisjoint([one.rule for one in moved])
    if is_quiet and type(taken.event) is not SettleMarket:
        found.add("INV-08")
    return found


OF_LOTS = (LotOpened, LotReduced)
OF_WATERFALL, RULES_OF_WATERFALL = (Deleveraged, Levied), frozenset({"WTF-01", "LVY-01"})
"""What INV-08 looks at; a final settlement it looks at as a mark, of which it has the effects anew."""


def amount_text(violation: Violation, state: State) -> str:
    """A violation's amount in decimals of its unit; a plain integer where it counts things."""
    return decimal_text(violation.amount, decimals_of(violation.unit, state))


def decimals_of(unit: Unit, state: State) -> int:
    """Digits after the point of what a unit counts; 0 for things, and where its asset or market is not known."""
    if unit.kind == "money" and unit.of:
        return state.header.decimals(unit.of)
    return state.markets[unit.of].quantity_decimals if unit.of in state.markets else 0


def broken_object(broken: Broken) -> dict[str, Any]:
    """A broken invariant as a line of JSON."""
    one = broken.violation
    return {
        "broken": one.invariant,
        "seq": broken.event,
        "line": broken.line,
        "what": one.what,
        "where": one.where.name,
        "amount": broken.amount,
    }


def broken_text(broken: Broken) -> str:
    """A broken invariant as a line of text."""
    one = broken.violation
    place = f"at event {broken.event} (line {broken.line})" if broken.event else "in the state at the start"
    return f"{one.invariant} broken {place}: {one.what}, {one.where}: {broken.amount}"
