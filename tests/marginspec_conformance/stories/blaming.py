"""Which clause a difference falls under, read off the rules' own trace of the event."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import zip_longest
from typing import Any

import attrs

from marginspec.model.effects import Effect, Transferred
from marginspec.model.units import MAX_AMOUNT, WIRE_DECIMALS, share_pro_rata
from marginspec.observation import Refusal
from marginspec.registry import HANDLERS, REGISTRY, RuleCode
from marginspec.settlement.deleveraging import pair_step
from marginspec.transition import apply
from marginspec_conformance.comparing.amounts import read_amount
from marginspec_conformance.comparing.differences import ABSENT, Difference, listed
from marginspec_conformance.comparing.expected import Expected
from marginspec_conformance.comparing.judging import Judged


@attrs.define
class Trail:
    """An observer that keeps what tells whose fault a difference is.

    The rules that ran, the clause that moved each amount, the one that refused, the counterparties with whom no step
    of deleveraging was possible, and the most quanta that a share pro rata left to round.
    """

    rules: list[RuleCode] = attrs.Factory(list)
    effects: list[Effect] = attrs.Factory(list)
    refusing: RuleCode | None = None
    declined: set[str] = attrs.Factory(set)
    rounded: int = 0
    _open: list[tuple[RuleCode, Mapping[str, Any]]] = attrs.Factory(list)

    def called(self, rule: RuleCode, names: Mapping[str, Any]) -> None:
        """A rule begins."""
        self.rules.append(rule)
        self._open.append((rule, names))

    def answered(self, answer: Any, line: int, names: Mapping[str, Any]) -> None:  # noqa: ARG002 - as they are told
        """A rule ends."""
        rule, given = self._open.pop()
        if rule.executable is pair_step and answer is None:
            self.declined.add(":".join(given["key"]))
        if rule.executable is share_pro_rata:
            amount, claims = given["amount"], given["claims"]
            self.rounded = max(self.rounded, amount - sum(amount * claim // sum(claims) for claim in claims))

    def effect(self, effect: Effect) -> None:
        """A rule has an effect."""
        self.effects.append(effect)

    def moves(self) -> Iterator[Transferred]:
        """The transfers, in order; each names its clause itself."""
        return (one for one in self.effects if isinstance(one, Transferred))

    def refused(self, refusal: Refusal) -> None:  # noqa: ARG002 - likewise
        """A rule refuses."""
        self.refusing = self._open[-1][0] if self._open else None


def trail_of(expected: Expected) -> Trail:
    """The trail of an event, by watching the rules."""
    trail = Trail()
    apply(expected.before, expected.event, trail)
    return trail


@attrs.frozen
class Blamed:
    """The clause that a difference falls under; whether the trace shows it rather than hints at it."""

    clause: str
    is_shown: bool = True


def clause_of(judged: Judged) -> str:
    """The clause that the differences of an event fall under."""
    return blamed(judged).clause


def blamed(judged: Judged) -> Blamed:
    """What is blamed for the differences of an event; where the trace names nothing, the event's handler."""
    first = judged.differences[0]
    if first.kind in BY_NAME:
        return Blamed(first.name.split(" ")[0])
    find = BY_KIND.get(first.kind)
    if find is None:
        return Blamed(handler_clause(judged.expected), is_shown=False)
    trail = trail_of(judged.expected)
    clause = "NUM-02" if only_rounded(judged.expected, trail, judged.differences) else find(trail, first)
    is_shown = bool(clause) and (first.kind not in ("verdict", "reason") or trail.refusing is not None)
    return Blamed(clause or handler_clause(judged.expected), is_shown)


def handler_clause(expected: Expected) -> str:
    """The clause of what takes the event."""
    handler = HANDLERS[type(expected.event)]
    return next(one.ids[0] for one in REGISTRY if one.executable is handler)


def only_rounded(expected: Expected, trail: Trail, found: Sequence[Difference]) -> bool:
    """Whether only money differs, within what a share pro rata leaves to round, and none of it is lost or made."""
    off = [quanta_off(expected, trail, one) for one in found if one.kind == "ledger"]
    if not off or any(one.kind not in ("ledger", "claims") for one in found):
        return False
    return sum(off) == 0 and all(abs(one) <= trail.rounded for one in off)


def quanta_off(expected: Expected, trail: Trail, difference: Difference) -> Fraction:
    """By how many quanta an engine's balance is off; more than any, if it is none."""
    asset = next((one.asset for one in trail.moves() if difference.name in (one.source.name, one.target.name)), "")
    right, given = (read_amount(one.removesuffix(f" ({ABSENT})")) for one in (difference.expected, difference.actual))
    if right is None or given is None:
        return Fraction(MAX_AMOUNT)
    return Fraction(given - right, 10 ** (WIRE_DECIMALS - expected.before.header.decimals(asset)))


def of_balance(trail: Trail, difference: Difference) -> str:
    """The clause that last moved money of a ledger account, or of the account of a claim."""
    name = difference.name
    owner = name.split(":")[0]
    exact = [one.rule for one in trail.moves() if name in (one.source.name, one.target.name)]
    near = [one.rule for one in trail.moves() if owner in (one.source.account, one.target.account)]
    moved = exact or near
    return moved[-1] if moved else ""


def of_position(trail: Trail, difference: Difference) -> str:
    """The clause by which a position last changed; of deleveraging, the one that says by how much."""
    name = f"position:{difference.name}"
    moved = [one.rule for one in trail.moves() if name in (one.source.name, one.target.name)]
    return {"ADL-03": "ADL-01"}.get(moved[-1], moved[-1]) if moved else ""


def of_verdict(trail: Trail, difference: Difference) -> str:
    """The clause that refuses; or, if an engine refuses what is accepted, the rule that ran and knows its reason."""
    if trail.refusing is not None:
        return trail.refusing.ids[0]
    reason = difference.actual.removeprefix("rejected (").removesuffix(")")
    knowing = (one.ids[0] for one in trail.rules if one.code is not None and reason in one.code.co_names)
    return next(knowing, "")


def of_deleveraging(trail: Trail, difference: Difference) -> str:
    """By the first that differs: a counterparty that may not be closed, one of another place, or how far it goes."""
    right, given = (names_in(text) for text in (difference.expected, difference.actual))
    expected, actual = next((one, other) for one, other in zip_longest(right, given) if one != other)
    if actual in trail.declined:
        return "ADL-04"
    return "ADL-02" if expected and actual and market_in(expected) == market_in(actual) else "ADL-01"


def names_in(text: str) -> list[str]:
    """The names of a decision, as a difference has them."""
    return [] if text == listed(()) else text.split(", ")


def market_in(position: str) -> str:
    """The market in a position's name."""
    return position.split(":")[1] if ":" in position else ""


def of_silence(trail: Trail, _: Difference) -> str:
    """What the event does again and again, until there is no need: to step down, to deleverage; else settlement."""
    repeated = {"step_down": "LIQ-02", "deleverage": "ADL-01"}
    return next((repeated[one.name] for one in trail.rules if one.name in repeated), "SET-01")


BY_NAME = ("choice", "books")
"""Kinds of difference whose name begins with the clause."""
BY_KIND: dict[str, Callable[[Trail, Difference], str]] = {
    "ledger": of_balance,
    "claims": of_balance,
    "positions": of_position,
    "liquidated": lambda *_: "LIQ-01",
    "levied": lambda *_: "LVY-01",
    "deleveraged": of_deleveraging,
    "verdict": of_verdict,
    "reason": of_verdict,
    "no answer": of_silence,
}
"""What names the clause of each kind of difference."""
