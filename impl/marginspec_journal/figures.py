"""How people see a figure: what a field holds as text, and the unit it counts, as in `12.34 USDT`.

Which unit that is follows from what the field is (`marginspec.model.fields`) and from the market or asset that its own
record names. An amount is never rounded, and has its sign even where documents leave it to another field.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from marginspec.model.fields import Amount, Flag, Kind, Name, Rows, fields_of
from marginspec.model.state import Book
from marginspec.model.units import Decimal8
from marginspec_journal.decimals import decimal_text, shortest_decimal


class Figure(NamedTuple):
    """A figure: its text, and the name of its unit, which is empty if it counts none."""

    text: str
    unit: str = ""

    def __str__(self) -> str:
        """Both, as in `12.34 USDT`."""
        return f"{self.text} {self.unit}" if self.unit else self.text


def figure(kind: Kind, value: Any, book: Book, *, market: str = "", asset: str = "") -> Figure:
    """A value of some kind, which a record states that names this market or asset; KeyError if the book lacks it.

    Prices and money count their asset, quantities their market. Amounts of events and rates are as short as can be,
    others have all digits of their unit. Rows are counted.
    """
    if isinstance(kind, Amount):
        return _amount(kind, value, book, market, asset)
    if isinstance(kind, Flag):
        return Figure("yes" if value else "no")
    return Figure(str(len(value) if isinstance(kind, Rows) else value))


def _amount(kind: Amount, value: int, book: Book, market: str, asset: str) -> Figure:
    if kind.of == "rate":
        return Figure(shortest_decimal(Decimal8(value)))
    unit = market if kind.of == "quantity" else asset or book.markets[market].asset
    if kind.stated:
        return Figure(shortest_decimal(Decimal8(value)), unit)
    if kind.of == "money":
        return Figure(decimal_text(int(value), book.header.decimals(unit)), unit)
    listed = book.markets[market]
    digits = listed.quantity_decimals if kind.of == "quantity" else listed.price_decimals
    return Figure(decimal_text(int(value), digits), unit)


def figures_of(record: Any, book: Book) -> Iterator[tuple[str, Figure]]:
    """The fields of an event, an effect or a record of a state, each by its name in documents, in order.

    Fields that the record leaves out are left out. The book knows every market that the record names.
    """
    record_class: type = type(record)
    given = [(field, value_at(record, field.path)) for field in fields_of(record_class)]
    given = [(field, value) for field, value in given if not field.optional or value not in (None, "")]
    owners = {field.kind.of: value for field, value in given if isinstance(field.kind, Name)}
    market, asset = owners.get("market", ""), owners.get("asset", "")
    for field, value in given:
        yield field.name, figure(field.kind, value, book, market=market, asset=asset)


def value_at(record: Any, path: tuple[str, ...]) -> Any:
    """What stands at a path of attributes."""
    for name in path:
        record = getattr(record, name)
    return record
