"""Differences between what is expected of an event and what an engine answered, as values."""

from collections.abc import Iterator, Mapping
from typing import Literal

import attrs

from marginspec_conformance.comparing.amounts import EXACT, Tolerance, read_amount
from marginspec_conformance.protocol.messages import Accepted, Answer, Changes, Errored, Refused, Unsupported

DifferenceKind = Literal[
    "no answer",
    "errored",
    "verdict",
    "reason",
    "liquidated",
    "deleveraged",
    "levied",
    "positions",
    "ledger",
    "claims",
    "hash",
    "term",
    "choice",
    "books",
    "determinism",
    "calc",
]
"""What differs: the kind of field, in the order in which differences of an event are told."""
ABSENT = "unchanged"


@attrs.frozen
class Difference:
    """A field that differs: its kind, which one it is, and both values as texts."""

    kind: DifferenceKind
    name: str
    expected: str
    actual: str

    def __str__(self) -> str:
        name = f" {self.name}" if self.name else ""
        if self.kind == "determinism":
            return f"{self.name}: the first run says {self.expected}, the second {self.actual}"
        return f"{self.kind}{name}: expected {self.expected}, the engine says {self.actual}"


@attrs.frozen
class Silence:
    """An event that an engine never answered, within its limit."""

    limit_s: float


Heard = Answer | Silence
"""What came back for an event."""


@attrs.frozen
class Compared:
    """What is compared of two answers."""

    reasons: bool = False
    decisions: bool = True
    balances: bool = False
    hashes: bool = False
    tolerance: Tolerance = EXACT


BY_LEVEL = {
    1: Compared(decisions=False),
    2: Compared(),
    3: Compared(balances=True),
    4: Compared(reasons=True, balances=True),
    5: Compared(reasons=True, decisions=False, hashes=True),
}
"""What each level compares. Reasons of refusals are compared where nothing is left to an engine's choice."""


NEEDLESS: dict[str, DifferenceKind] = {
    "liquidation": "liquidated",
    "deleveraging": "deleveraged",
    "adl": "deleveraged",
    "levy": "levied",
}
"""Words with which an engine says that it would liquidate, deleverage or levy here, and has nothing for that."""


def needless(expected: Accepted | Refused, heard: Unsupported) -> Difference | None:
    """What differs if an engine lacks what the rulebook does not do here: it would do it to somebody, in its way."""
    kind, actual = NEEDLESS.get(heard.capability), f"unsupported ({heard.capability})"
    if kind is None or (isinstance(expected, Accepted) and getattr(expected, kind)):
        return None
    if isinstance(expected, Refused):
        return Difference("verdict", "", verdict_of(expected), actual)
    return Difference(kind, "", listed(()), actual)


def differences(
    expected: Accepted | Refused, heard: Heard, compared: Compared, before: Mapping[str, Mapping[str, str]]
) -> list[Difference]:
    """All that differs of an event, the most telling first; `before` are figures before it, for those not told.

    An unsupported event differs in nothing: it is for the caller to count it.
    """
    match heard:
        case Silence(limit_s=limit_s):
            return [Difference("no answer", "", "an answer", f"nothing within {limit_s:g} s")]
        case Errored(message=message):
            return [Difference("errored", "", verdict_of(expected), message)]
        case Unsupported():
            return []
        case Accepted() if isinstance(expected, Accepted):
            return list(_of_accepted(expected, heard, compared, before))
        case Refused() if isinstance(expected, Refused):
            return list(_of_refused(expected, heard, compared))
    return [Difference("verdict", "", verdict_of(expected), verdict_of(heard))]


def verdict_of(answer: Accepted | Refused) -> str:
    """The verdict as people read it."""
    return "accepted" if isinstance(answer, Accepted) else f"rejected ({answer.reason})"


def _of_refused(expected: Refused, actual: Refused, compared: Compared) -> Iterator[Difference]:
    if compared.reasons and not compared.hashes and expected.reason != actual.reason:
        yield Difference("reason", "", expected.reason, actual.reason)
    if compared.hashes and expected.hash != actual.hash:
        yield Difference("hash", "", str(expected.hash), str(actual.hash))


def _of_accepted(
    expected: Accepted, actual: Accepted, compared: Compared, before: Mapping[str, Mapping[str, str]]
) -> Iterator[Difference]:
    if compared.hashes and expected.hash != actual.hash:
        yield Difference("hash", "", str(expected.hash), str(actual.hash))
    if compared.decisions:
        yield from _of_decisions("liquidated", expected.liquidated, actual.liquidated)
        yield from _of_decisions("deleveraged", expected.deleveraged, actual.deleveraged)
        yield from _of_decisions("levied", expected.levied, actual.levied)
    if compared.balances:
        yield from of_changes(expected.changes or Changes(), actual.changes or Changes(), compared.tolerance, before)


def _of_decisions(
    kind: DifferenceKind, expected: tuple[str, ...] | None, actual: tuple[str, ...] | None
) -> Iterator[Difference]:
    if (expected or ()) != (actual or ()):
        yield Difference(kind, "", listed(expected), listed(actual))


def listed(names: tuple[str, ...] | None) -> str:
    """Names in their order, or that there are none."""
    return ", ".join(names) if names else "nobody"


def of_changes(
    expected: Changes, actual: Changes, tolerance: Tolerance, before: Mapping[str, Mapping[str, str]]
) -> Iterator[Difference]:
    """Figures that are not what they should be; quantities exactly, money within the tolerance."""
    if expected == actual:
        return
    yield from _of_figures("positions", expected.positions, actual.positions, EXACT, before)
    yield from _of_figures("ledger", expected.ledger, actual.ledger, tolerance, before)
    yield from _of_figures("claims", expected.claims, actual.claims, tolerance, before)


def _of_figures(
    kind: DifferenceKind,
    expected: Mapping[str, str],
    actual: Mapping[str, str],
    tolerance: Tolerance,
    before: Mapping[str, Mapping[str, str]],
) -> Iterator[Difference]:
    for name in sorted({*expected, *actual}):
        was = before.get(kind, {}).get(name, "0")
        right, given = expected.get(name, was), actual.get(name, was)
        if right == given:
            continue
        units, found = read_amount(right), read_amount(given)
        if units is None or found is None or not tolerance.allows(found - units):
            yield Difference(kind, name, right, given if name in actual else f"{given} ({ABSENT})")
