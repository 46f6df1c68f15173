"""Which clause a difference falls under, read off the rules' own trace of the event."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from marginspec.model.effects import Effect, PositionChanged, Transferred
from marginspec.observation import Refusal
from marginspec.registry import HANDLERS, REGISTRY, RuleCode
from marginspec.transition import apply
from marginspec_conformance.comparing.differences import Difference
from marginspec_conformance.comparing.expected import Expected
from marginspec_conformance.comparing.judging import Judged


@attrs.define
class Trail:
    """An observer that keeps the rules that ran, the rule that had each effect, and the one that refused."""

    rules: list[RuleCode] = attrs.Factory(list)
    effects: list[tuple[Effect, str]] = attrs.Factory(list)
    refusing: RuleCode | None = None
    _open: list[RuleCode] = attrs.Factory(list)

    def called(self, rule: RuleCode, names: Mapping[str, Any]) -> None:  # noqa: ARG002 - as observers are told
        """A rule begins."""
        self.rules.append(rule)
        self._open.append(rule)

    def answered(self, answer: Any, line: int, names: Mapping[str, Any]) -> None:  # noqa: ARG002 - likewise
        """A rule ends."""
        self._open.pop()

    def effect(self, effect: Effect) -> None:
        """A rule has an effect; a transfer names its clause itself."""
        inner = next((one for one in reversed(self._open) if one.name != "Transaction.transfer"), None)
        clause = effect.rule if isinstance(effect, Transferred) else inner.ids[0] if inner else ""
        self.effects.append((effect, clause))

    def refused(self, refusal: Refusal) -> None:  # noqa: ARG002 - likewise
        """A rule refuses."""
        self.refusing = self._open[-1] if self._open else None


def trail_of(expected: Expected) -> Trail:
    """The trail of an event, by watching the rules."""
    trail = Trail()
    apply(expected.before, expected.event, trail)
    return trail


def clause_of(judged: Judged) -> str:
    """The clause that the first difference of an event falls under."""
    return blamed(judged.expected, judged.differences[0])


def blamed(expected: Expected, difference: Difference) -> str:
    """The clause of a difference; where the trace names none, that of the event's handler."""
    if difference.kind in BY_NAME:
        return difference.name.split(" ")[0]
    find = BY_KIND.get(difference.kind)
    return (find(trail_of(expected), difference) if find else "") or handler_clause(expected)


def handler_clause(expected: Expected) -> str:
    """The clause of what takes the event."""
    handler = HANDLERS[type(expected.event)]
    return next(one.ids[0] for one in REGISTRY if one.executable is handler)


def of_balance(trail: Trail, name: str) -> str:
    """The clause that last moved money of a ledger account, or of the account of a claim."""
    owner = name.split(":")[0]
    moves = [(effect, clause) for effect, clause in trail.effects if isinstance(effect, Transferred)]
    exact = [clause for effect, clause in moves if name in (effect.source.name, effect.target.name)]
    near = [clause for effect, clause in moves if owner in (effect.source.account, effect.target.account)]
    return (exact or near or [""])[-1]


def of_position(trail: Trail, name: str) -> str:
    """The clause that last changed a position."""
    found = [c for effect, c in trail.effects if isinstance(effect, PositionChanged) and ":".join(effect.key) == name]
    return found[-1] if found else ""


def of_verdict(trail: Trail, difference: Difference) -> str:
    """The clause that refuses; or, if an engine refuses what is accepted, the rule that ran and knows its reason."""
    if trail.refusing is not None:
        return trail.refusing.ids[0]
    reason = difference.actual.removeprefix("rejected (").removesuffix(")")
    knowing = (one.ids[0] for one in trail.rules if one.code is not None and reason in one.code.co_names)
    return next(knowing, "")


def of_deleveraging(trail: Trail, difference: Difference) -> str:  # noqa: ARG001 - as for every kind
    """The clause of the order, if the same ones are deleveraged; else that of who is."""
    same = sorted(difference.expected.split(", ")) == sorted(difference.actual.split(", "))
    return "ADL-02" if same else "ADL-01"


BY_NAME = ("choice", "books")
"""Kinds of difference whose name begins with the clause."""
BY_KIND: dict[str, Callable[[Trail, Difference], str]] = {
    "ledger": lambda trail, one: of_balance(trail, one.name),
    "claims": lambda trail, one: of_balance(trail, one.name),
    "positions": lambda trail, one: of_position(trail, one.name),
    "liquidated": lambda *_: "LIQ-01",
    "levied": lambda *_: "LVY-01",
    "deleveraged": of_deleveraging,
    "verdict": of_verdict,
    "reason": of_verdict,
    "no answer": lambda *_: "SET-01",
}
"""What names the clause of each kind of difference; an event that never ends is never settled."""
