"""An engine's answer to a question beside the rulebook's: field by field, exactly or within a tolerance."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import attrs

from marginspec_conformance.comparing.amounts import EXACT, Tolerance
from marginspec_conformance.comparing.differences import Difference
from marginspec_journal.canonical import JsonObject

DECIMAL = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,60})?", re.ASCII)
WHOLE = re.compile(r"-?[0-9]{1,200}", re.ASCII)
RATIO = ("numerator", "denominator")
ROWS = "positions"
NONE = "none"
LONGEST = 80

Figure = Fraction | str | None
"""What a field says: a number; a text, where it is none; None where there is no such price."""


@attrs.frozen
class Field:
    """A field of an answer: its place, what both say of it, and how far they are apart, if both are numbers."""

    name: str
    expected: str
    actual: str
    off: Fraction | None

    def agrees(self, tolerance: Tolerance) -> bool:
        """Whether the engine is right, or near enough."""
        return self.off is not None and tolerance.allows(self.off * 10**8)

    def difference(self) -> Difference:
        """The field as something that differs."""
        off = f" (off by {decimal(self.off)})" if self.off else ""
        return Difference("calc", self.name, self.expected, f"{self.actual}{off}")


@attrs.frozen
class Compared:
    """All fields that the rulebook's answer has, and those of them of which the engine says nothing."""

    fields: tuple[Field, ...]
    untold: tuple[str, ...]

    def differences(self, tolerance: Tolerance = EXACT) -> tuple[Difference, ...]:
        """What differs by more than the tolerance."""
        return tuple(one.difference() for one in self.fields if not one.agrees(tolerance))

    def inexact(self) -> tuple[Field, ...]:
        """Numbers that are not the rulebook's."""
        return tuple(one for one in self.fields if one.off)


def compared(expected: JsonObject, actual: JsonObject) -> Compared:
    """Both answers to a question; what an engine's answer has besides is left aside."""
    right, heard = dict(flat(expected)), dict(flat(actual))
    told = {name: value for name, value in right.items() if name in heard}
    fields = tuple(field_of(name, value, heard[name]) for name, value in told.items())
    return Compared(fields, tuple(name for name in right if name not in heard))


def flat(values: JsonObject) -> Iterator[tuple[str, Any]]:
    """The fields of an answer by place, such as `positions.LONG.notional`; `positions` itself names the sides."""
    for name, value in values.items():
        if name != ROWS:
            yield name, value
        elif isinstance(value, list) and all(isinstance(one, dict) and is_text(one.get("side")) for one in value):
            yield name, ", ".join(one["side"] for one in value) or NONE
            for one in value:
                yield from ((f"{name}.{one['side']}.{key}", one[key]) for key in one if key != "side")
        else:
            yield name, value


def is_text(value: object) -> bool:
    """Whether something of an answer is a short text."""
    return isinstance(value, str) and len(value) <= LONGEST


def field_of(name: str, expected: Any, actual: Any) -> Field:
    """A field, compared."""
    right, heard = figure_of(expected), figure_of(actual)
    if isinstance(right, Fraction) and isinstance(heard, Fraction):
        off: Fraction | None = abs(right - heard)
    else:
        off = Fraction(0) if type(right) is type(heard) and right == heard else None
    return Field(name, shown(expected), shown(actual), off)


def figure_of(value: Any) -> Figure:
    """What a value says: decimals and fractions are numbers by their texts, whole numbers also by themselves."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and WHOLE.fullmatch(shown(value)):
        return Fraction(value)
    if isinstance(value, str):
        return Fraction(value) if DECIMAL.fullmatch(value) else value
    if isinstance(value, dict) and all(isinstance(value.get(part), str) for part in RATIO) and len(value) == len(RATIO):
        numerator, denominator = (value[part] for part in RATIO)
        if WHOLE.fullmatch(numerator) and WHOLE.fullmatch(denominator) and int(denominator) > 0:
            return Fraction(int(numerator), int(denominator))
    return f"malformed: {shown(value)}"


def shown(value: Any) -> str:
    """A value as text for people, cut short."""
    if isinstance(value, dict) and all(isinstance(value.get(part), str) for part in RATIO):
        text = f"{value['numerator']}/{value['denominator']}"
    else:
        text = NONE if value is None else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def decimal(number: Fraction) -> str:
    """A number as a decimal: exact if it ends within 12 digits, else rounded up to three digits that matter."""
    digits = next((digits for digits in range(13) if (number * 10**digits).denominator == 1), None)
    if digits is None:
        digits = next((digits for digits in range(40) if number * 10**digits >= 100), 40)
        number = Fraction(-(-number * 10**digits // 1), 10**digits)
    text = f"{int(number * 10**digits):0{digits + 1}d}"
    return f"{text[:-digits]}.{text[-digits:]}".rstrip("0").rstrip(".") if digits else text
