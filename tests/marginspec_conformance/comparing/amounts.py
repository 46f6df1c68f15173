"""Amounts as messages have them: texts of decimals, read strictly and compared exactly, and tolerances."""

from fractions import Fraction
from typing import Self

import attrs

from marginspec.model.units import Decimal8
from marginspec_journal.decimals import decimal_text, parse_decimal, shortest_decimal
from marginspec_journal.errors import InputError


def shortest(units: int, decimals: int) -> str:
    """An integer in units of 10^-decimals as a decimal in its shortest form: `1.5`, not `1.50`."""
    text = decimal_text(units, decimals)
    return text.rstrip("0").rstrip(".") if decimals else text


def read_amount(text: object) -> Decimal8 | None:
    """An amount counted in 1e-8; None if the text is no decimal of the wire format."""
    if not isinstance(text, str):
        return None
    try:
        return parse_decimal(text)
    except ValueError:
        return None


@attrs.frozen
class Tolerance:
    """How far an amount may be off, in 1e-8, and whether it may be off by just so much; by default by nothing."""

    most: Decimal8 = Decimal8(0)
    inclusive: bool = True

    @classmethod
    def of_text(cls, text: str) -> Self:
        """`0.01` allows differences up to and including 0.01, `<0.01` only smaller ones; InputError for others."""
        exclusive = text.startswith("<")
        most = read_amount(text.removeprefix("<"))
        if most is None or most < 0 or (exclusive and most == 0):
            reason = f"expected a decimal, such as 0.01 (inclusive) or <0.01 (exclusive), found {text!r}"
            raise InputError("--tolerance", None, None, reason)
        return cls(most, not exclusive)

    def allows(self, off: Fraction | int) -> bool:
        """Whether an amount may be off by so much, in 1e-8; nothing off is always allowed."""
        return off == 0 or -self.most < off < self.most or (self.inclusive and abs(off) == self.most)

    def __str__(self) -> str:
        word = "inclusive" if self.inclusive else "exclusive"
        return f"{shortest_decimal(self.most)} ({word})"


EXACT = Tolerance()
