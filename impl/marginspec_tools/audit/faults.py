"""Faults: what is other than the rulebook says at one event, and amounts and numbers as reports write them."""

from collections.abc import Sequence
from typing import Any, Literal

import attrs

from marginspec.model.state import State
from marginspec.model.units import WIRE_DECIMALS
from marginspec_audit import Violation
from marginspec_journal.decimals import parse_decimal, shortest_decimal
from marginspec_tools.console import one_line
from marginspec_tools.observed import NOBODY, ValueKind, Whose
from marginspec_tools.runs import Broken, Step, amount_text, broken_between, broken_by, broken_in

FaultKind = Literal["invariant", "transparency"] | ValueKind


@attrs.frozen
class Fault:
    """What is other than the rulebook says at one event.

    The event it came up at, what it is about, what the rulebook has and what was found instead; `difference` is by how
    much, of amounts, and `money` what is at stake of `asset`, in 1e-8. `rule` is a clause or invariant; `what` the
    field, counter or property. None stands for something absent.
    """

    seq: int
    line: int
    ts: str | None
    ref: str | None
    kind: FaultKind
    rule: str
    where: str
    what: str
    expected: str | None
    observed: str | None
    whose: Whose = NOBODY
    difference: int | None = None
    money: int = 0

    @property
    def owner(self) -> str:
        """Whose the fault is: the account, or else what it is about."""
        return self.whose.account or self.where

    @property
    def text(self) -> str:
        """In one line, for people."""
        expected, observed = self.expected or "nothing", self.observed or "nothing"
        place = f"event {self.seq} (line {self.line})"
        text = f"{place} {self.kind} {self.rule}: {self.where} {self.what}: expected {expected}, observed {observed}"
        # What was observed may be any text.
        return one_line(text)

    def as_line(self) -> dict[str, Any]:
        """The fault with the event where it came up, for programs."""
        marks = {"seq": self.seq, "line": self.line, "ts": self.ts, "ref": self.ref}
        return {**marks, "rule": self.rule, **self.as_object()}

    def as_object(self) -> dict[str, Any]:
        """What differs, for programs."""
        return {
            "kind": self.kind,
            "where": self.where,
            "what": self.what,
            "expected": self.expected,
            "observed": self.observed,
            "difference": None if self.difference is None else decimal_of(self.difference),
        }


def leading_of(faults: Sequence[Fault]) -> Fault:
    """The fault with the most money at stake."""
    return max(faults, key=lambda one: one.money)


def number_of(things: str, number: int) -> str:
    """A number of things, whose name is given in the plural."""
    return f"{number:,} {things.removesuffix('s') if number == 1 else things}"


def decimal_of(amount: int) -> str:
    """An amount in 1e-8 as the shortest decimal."""
    return shortest_decimal(amount)  # type: ignore[arg-type]  # counts 1e-8 as a stated decimal does


def grouped(decimal: str) -> str:
    """A decimal with its thousands set apart; anything else as it is."""
    sign, digits = ("-", decimal[1:]) if decimal.startswith("-") else ("", decimal)
    whole, point, rest = digits.partition(".")
    return f"{sign}{int(whole):,}{point}{rest}" if whole.isdecimal() and whole.isascii() else decimal


def fault(
    step: Step, kind: FaultKind, rule: str, where: str, what: str, expected: str | None, observed: str | None
) -> Fault:
    """A fault at an event of a run; the difference of two decimals is what is at stake, where these are money."""
    record = step.record
    texts = [amount_in(text) for text in (expected, observed)]
    difference = None if None in texts else texts[1] - texts[0]  # type: ignore[operator]  # neither is None
    money = abs(difference or 0) if kind == "transparency" else 0
    marks = step.number, record.line, record.ts, record.ref
    return Fault(*marks, kind, rule, where, what, expected, observed, difference=difference, money=money)


def amount_in(text: str | None) -> int | None:
    """The amount that a text is, in 1e-8; None if it is none."""
    try:
        return None if text is None else parse_decimal(text)
    except ValueError:
        return None


def broken_invariants(step: Step) -> list[Fault]:
    """The invariants that an event or the state after it breaks."""
    return faults_of(step, broken_by(step.transition, step.number, step.record.line))


def broken_event_invariants(step: Step, *, is_followed: bool) -> list[Fault]:
    """The invariants of events that an event breaks; whether its state follows from the receipt, see the run."""
    return faults_of(step, broken_between(step.transition, step.number, step.record.line, is_followed=is_followed))


def broken_state_invariants(step: Step) -> list[Fault]:
    """The invariants that the state after an event breaks."""
    return faults_of(step, broken_in(step.transition.after, step.number, step.record.line))


def faults_of(step: Step, broken: list[Broken]) -> list[Fault]:
    """The faults that an event breaks invariants."""
    record = step.record
    marks = step.number, record.line, record.ts, record.ref
    return [broken_fault(*marks, one.violation, step.transition.after) for one in broken]


def broken_fault(seq: int, line: int, ts: str | None, ref: str | None, broken: Violation, state: State) -> Fault:
    """The fault that a state, or the event that led to it, breaks an invariant; event 0 led to the opening state."""
    amount, (asset, money) = amount_text(broken, state), at_stake(broken, state)
    names = {broken.where.kind: broken.where.name}
    account = broken.where.name.split(":")[0] if broken.where.kind in ("domain", "position") else ""
    whose = Whose(account, names.get("market", ""), asset)
    where, rule = broken.where.name, broken.invariant
    return Fault(seq, line, ts, ref, "invariant", rule, where, broken.what, "none", amount, whose, None, money)


def at_stake(broken: Violation, state: State) -> tuple[str, int]:
    """The asset and the money, in 1e-8, by which an invariant is broken; quantities count at the mark."""
    unit, amount = broken.unit, abs(broken.amount)
    if unit.kind == "money" and unit.of:
        return unit.of, amount * 10 ** (WIRE_DECIMALS - state.header.decimals(unit.of))
    market = state.markets.get(unit.of)
    if unit.kind == "quantity" and market is not None and market.mark is not None:
        quanta = market.mark * amount * market.quanta_per_unit
        return market.asset, quanta * 10 ** (WIRE_DECIMALS - state.header.decimals(market.asset))
    return "", 0
