"""Decimal strings of the wire format, to and from integers; no float is involved."""

import re

from marginspec.model.units import WIRE_DECIMALS, Decimal8

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,8})?")
# By how many digits stand after the point.
_SCALES = tuple(10 ** (WIRE_DECIMALS - digits) for digits in range(WIRE_DECIMALS + 1))


def parse_decimal(text: str) -> Decimal8:
    """A decimal string counted in 1e-8, exactly.

    Takes at most 30 digits before the point and 8 after, and no negative zero; ValueError otherwise.
    """
    if _DECIMAL.fullmatch(text) is None:
        raise ValueError(text)
    whole, _, fraction = text.partition(".")
    units = int(whole + fraction) * _SCALES[len(fraction)]
    if units == 0 and text[0] == "-":
        raise ValueError(text)
    return Decimal8(units)


def decimal_text(units: int, decimals: int) -> str:
    """An integer in units of 10^-decimals as a decimal string with exactly so many digits after the point."""
    if decimals == 0:
        return str(units)
    digits = str(units)
    if len(digits) <= decimals + 1:
        # zfill counts the sign, and puts the zeros after it.
        digits = digits.zfill(decimals + (2 if units < 0 else 1))
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


def shortest_decimal(decimal: Decimal8) -> str:
    """A decimal without trailing zeros: the canonical form, in which 0.10 and 0.1 are the same."""
    return decimal_text(decimal, WIRE_DECIMALS).rstrip("0").rstrip(".")
