"""Decimal strings of the wire format, to and from integers; no float is involved."""

import re

from marginspec.units import WIRE_DECIMALS, Decimal8

_DECIMAL = re.compile(r"(-?)(0|[1-9][0-9]{0,29})(?:\.([0-9]{1,8}))?")
_ONE = 10**WIRE_DECIMALS


def parse_decimal(text: str) -> Decimal8:
    """A decimal string counted in 1e-8, exactly.

    Takes at most 30 digits before the point and 8 after, and no negative zero; ValueError otherwise.
    """
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise ValueError(text)
    sign, whole, fraction = found.groups()
    units = int(whole) * _ONE
    if fraction is not None:
        units += int(fraction) * 10 ** (WIRE_DECIMALS - len(fraction))
    if not sign:
        return Decimal8(units)
    if units == 0:
        raise ValueError(text)
    return Decimal8(-units)


def decimal_text(units: int, decimals: int) -> str:
    """An integer in units of 10^-decimals as a decimal string with exactly so many digits after the point."""
    if decimals == 0:
        return str(units)
    digits = str(units)
    if len(digits) <= decimals + 1:
        sign = "-" if units < 0 else ""
        digits = sign + str(abs(units)).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


def shortest_decimal(decimal: Decimal8) -> str:
    """A decimal without trailing zeros: the canonical form, in which 0.10 and 0.1 are the same."""
    return decimal_text(decimal, WIRE_DECIMALS).rstrip("0").rstrip(".")
