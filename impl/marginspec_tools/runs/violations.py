"""Broken invariants as people and programs read them."""

from typing import Any

import attrs

from marginspec.model.effects import Effect, LotOpened, LotReduced, Transferred
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

    Where the state follows from the receipt, those that so hold are left out: of reserves without a transfer of one, of
    lots without a lot; and that a second run agrees, to which such a run sees itself.
    """
    left_out = set[str]()
    if is_followed:
        left_out.add("INV-10")
        if not any(map(touches_reserve, taken.receipt.effects)):
            left_out.add("INV-07")
        if not any(map(touches_lot, taken.receipt.effects)):
            left_out.add("INV-11")
    checked = [predicate for name, predicate in EVENT_INVARIANTS.items() if name not in left_out]
    found = (one for predicate in checked for one in predicate(taken))
    return [Broken(event, line, one, amount_text(one, taken.after)) for one in found]


def touches_reserve(effect: Effect) -> bool:
    """Whether an effect moves a reserve."""
    return isinstance(effect, Transferred) and "reserve" in (effect.source.kind, effect.target.kind)


def touches_lot(effect: Effect) -> bool:
    """Whether an effect opens or reduces a lot."""
    return isinstance(effect, LotOpened | LotReduced)


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
