"""Nodes for money, prices, quantities, rates and names, in the units of a book's markets and assets."""

from fractions import Fraction

from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.state import Book
from marginspec.model.units import RATE_ONE, WIRE_DECIMALS
from marginspec_journal.decimals import decimal_text, shortest_decimal
from marginspec_tools.explain.explanation import Clause, Explanation, exact_fraction, rounding_of
from marginspec_tools.explain.observed import Observed

Parts = tuple[Explanation, ...]


def money(
    book: Book, title: str, asset: str, quanta: int, clause: Clause | None = None, formula: str = "", parts: Parts = ()
) -> Explanation:
    """An amount of an asset; an observed one tells its rounding."""
    text = decimal_text(int(quanta), book.header.decimals(asset))
    return Explanation(title, text, asset, clause, formula, rounding_of(quanta, "quanta"), parts)


def fine_money(book: Book, title: str, asset: str, parts_of_quantum: int) -> Explanation:
    """An amount in 1e-8 of a quantum."""
    decimals = book.header.decimals(asset)
    text = decimal_text(parts_of_quantum, decimals + WIRE_DECIMALS)
    if parts_of_quantum % RATE_ONE == 0:
        text = decimal_text(parts_of_quantum // RATE_ONE, decimals)
    return Explanation(title, text, asset)


def lots(
    book: Book,
    title: str,
    market: str,
    quantity: int,
    clause: Clause | None = None,
    formula: str = "",
    parts: Parts = (),
) -> Explanation:
    """A quantity of a market; an observed one tells its rounding."""
    text = decimal_text(int(quantity), book.markets[market].quantity_decimals)
    return Explanation(title, text, market, clause, formula, rounding_of(quantity, "lots"), parts)


def price(
    book: Book, title: str, market: str, units: int, clause: Clause | None = None, formula: str = "", parts: Parts = ()
) -> Explanation:
    """A price of a market; an observed one tells its rounding."""
    listed = book.markets[market]
    text = decimal_text(int(units), listed.price_decimals)
    return Explanation(title, text, listed.asset, clause, formula, rounding_of(units, "price units"), parts)


def exact_price(book: Book, title: str, market: str, cost: int, quantity: int) -> Explanation:
    """Cost over quantity, as an exact price."""
    listed = book.markets[market]
    ratio = Fraction(cost, quantity * listed.quanta_per_unit * 10**listed.price_decimals)
    return Explanation(title, exact_fraction(ratio), listed.asset, formula="|cost| / |quantity|, exact")


def rate(title: str, parts_of_one: int) -> Explanation:
    """A rate."""
    return Explanation(title, shortest_decimal(parts_of_one))  # type: ignore[arg-type]  # a rate counts 1e-8 as well


def count(title: str, number: int, unit: str = "", clause: Clause | None = None) -> Explanation:
    """A plain number."""
    return Explanation(title, str(int(number)), unit, clause)


def percentage(title: str, numerator: int, denominator: int, clause: Clause | None = None) -> Explanation:
    """A ratio > 0 in percent with four decimals, rounded up."""
    shown = Observed(-(-numerator * 10**6 // denominator), Fraction(numerator * 10**6, denominator))
    rounding = rounding_of(shown, "ten-thousandths of a percent")
    text = decimal_text(int(shown), 4)
    return Explanation(title, text, "%", clause, "maintenance / equity", rounding)


def position_name(key: PositionKey) -> str:
    """A position in words: in one-way mode its side says nothing."""
    return f"{key.account} {key.market}" if key.side == "BOTH" else f"{key.account} {key.market} {key.side}"


def domain_name(domain: DomainKey) -> str:
    """A margin domain in words."""
    if domain.is_cross:
        return f"{domain.account} cross {domain.asset}"
    side = "" if domain.side == "BOTH" else f" {domain.side}"
    return f"{domain.account} isolated {domain.market}{side}"
