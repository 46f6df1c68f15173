"""The tree of an explanation: each node a figure with its unit, rule, formula, rounding and inputs."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Literal

import attrs

from marginspec.registry import REGISTRY
from marginspec_journal.decimals import decimal_text
from marginspec_tools.explain.observed import exact_of


class MismatchError(Exception):
    """What an explanation computed is not what the state or the receipt has: one of the two is wrong."""

    def __init__(self, what: str, computed: object, recorded: object) -> None:
        super().__init__(f"{what}: computed {computed}, recorded {recorded}")


def confirm(what: str, computed: object, recorded: object) -> None:
    """Refuse an explanation whose figure differs from the recorded one."""
    if computed != recorded:
        raise MismatchError(what, computed, recorded)


@attrs.frozen
class Clause:
    """A clause of the rulebook, in the sentence of the code that executes it."""

    id: str
    sentence: str


def clause(rule_id: str, executable: Callable[..., Any]) -> Clause:
    """The clause that a function of the rulebook executes; it must be registered for it."""
    for code in REGISTRY:
        if (code.module, code.name) == (executable.__module__, executable.__qualname__):
            confirm("clause of a function", rule_id in code.ids, True)
            return Clause(rule_id, code.sentence)
    raise MismatchError("clause of a function", executable.__qualname__, rule_id)


@attrs.frozen
class Rounding:
    """What rounding added (`up`) or took (`down`), exactly, > 0, in these units."""

    direction: Literal["up", "down"]
    amount: Fraction
    unit: str

    @property
    def text(self) -> str:
        """In words, exact unless that takes many digits."""
        return f"rounded {self.direction} by {short_fraction(self.amount)} {self.unit}"


def rounding_of(units: int, unit: str) -> Rounding | None:
    """What rounding did to an observed integer; None if nothing."""
    added = int(units) - exact_of(units)
    if added == 0:
        return None
    return Rounding("up" if added > 0 else "down", abs(added), unit)


DECIMALS_SHOWN = 8
LONGEST_FRACTION = 16


def exact_fraction(amount: Fraction) -> str:
    """A fraction as a decimal string where it has one, else as numerator and denominator."""
    twos, fives, rest = 0, 0, amount.denominator
    while rest % 2 == 0:
        twos, rest = twos + 1, rest // 2
    while rest % 5 == 0:
        fives, rest = fives + 1, rest // 5
    decimals = max(twos, fives)
    if rest != 1:
        return f"{amount.numerator}/{amount.denominator}"
    return decimal_text(int(amount * 10**decimals), decimals)


def short_fraction(amount: Fraction) -> str:
    """A fraction exactly, or its first digits after a ≈ where that is long; for people only."""
    exact = exact_fraction(amount)
    if len(exact) <= LONGEST_FRACTION:
        return exact
    shown = amount.numerator * 10**DECIMALS_SHOWN // amount.denominator
    return "≈" + decimal_text(shown, DECIMALS_SHOWN)


@attrs.frozen
class Explanation:
    """A figure or fact, and what it was made of.

    `value` is an exact decimal string in `unit`, or a word; `formula` says how the inputs make it.
    """

    title: str
    value: str = ""
    unit: str = ""
    clause: Clause | None = None
    formula: str = ""
    rounding: Rounding | None = None
    inputs: tuple["Explanation", ...] = ()

    @property
    def figure(self) -> str:
        """Value and unit."""
        return f"{self.value} {self.unit}".strip()

    @property
    def reckoning(self) -> str:
        """Formula and rounding, in words."""
        parts = [self.formula, self.rounding.text if self.rounding else ""]
        return ", ".join(part for part in parts if part)


def as_object(explanation: Explanation) -> dict[str, Any]:
    """An explanation for programs: nested objects, absent fields left out."""
    fields: dict[str, Any] = {"title": explanation.title}
    for name in ("value", "unit", "formula"):
        text = getattr(explanation, name)
        if text:
            fields[name] = text
    if explanation.clause is not None:
        fields["rule"], fields["sentence"] = explanation.clause.id, explanation.clause.sentence
    rounding = explanation.rounding
    if rounding is not None:
        fields["rounding"] = {
            "direction": rounding.direction,
            "by": exact_fraction(rounding.amount),
            "unit": rounding.unit,
        }
    if explanation.inputs:
        fields["inputs"] = [as_object(part) for part in explanation.inputs]
    return fields
