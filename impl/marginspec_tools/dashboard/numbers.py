"""Figures on pages: exact decimals whose digits stand in groups of three, and are copied without the gaps.

The gaps are a matter of style, so that what is copied, searched or read aloud is the plain decimal.
"""

from markupsafe import Markup, escape

from marginspec.model.market import Market
from marginspec.model.units import WIRE_DECIMALS
from marginspec_journal.decimals import decimal_text

GROUP = 3


def number(text: str) -> Markup:
    """A decimal, or an integer, as markup; zeros at the end of its fraction are quieter than the rest."""
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, point, fraction = digits.partition(".")
    if not (whole + fraction).isdecimal() or not text.isascii():
        return escape(text)
    first = len(whole) % GROUP or GROUP
    groups = [whole[at : at + GROUP] for at in range(first, len(whole), GROUP)]
    marked = sign + whole[:first] + "".join(f"<b>{group}</b>" for group in groups)
    told = fraction.rstrip("0")
    zeros = (point if not told else "") + fraction[len(told) :]
    marked += (point if told else "") + told + (f"<i>{zeros}</i>" if zeros else "")
    kind = "number" if told or whole.strip("0") else "number zero"
    return Markup('<span class="{}">{}</span>').format(kind, Markup(marked))


def count(number_of: int) -> Markup:
    """An integer that counts things."""
    return number(str(number_of))


def short(text: str) -> str:
    """A decimal without the zeros at its end, which says the same."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def price_text(units: int, market: Market) -> str:
    """A price of a market."""
    return decimal_text(units, market.price_decimals)


def quantity_text(lots: int, market: Market) -> str:
    """A quantity of a market."""
    return decimal_text(lots, market.quantity_decimals)


def percent_of(rate: int) -> str:
    """A rate in percent."""
    return short(decimal_text(rate, WIRE_DECIMALS - 2))


def ratio_text(numerator: int, denominator: int) -> str:
    """A ratio of two amounts, the second above zero, to two digits, rounded down."""
    return decimal_text(numerator * 100 // denominator, 2)
