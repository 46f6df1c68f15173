"""The one table of all pages: with a caption and units, sorted by links, in pages, and as a whole as CSV and JSON.

A cell is the text that CSV and JSON have too: amounts are exact decimals, and what others named is a name.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal

import attrs
import msgspec

ROWS = 50
"""On a page."""
AT_ONCE = 1_000
"""Rows that are read at once where a table is given as a whole."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How what a spreadsheet takes for a formula begins."""
OTHERS = ("name", "prose")
"""The kinds of cells in which others' words may stand first."""
Kind = Literal["number", "name", "text", "prose", "status"]


@attrs.frozen
class Column:
    """A column: its name in CSV and JSON, its head on the page with the unit of its figures, and what its cells are.

    A `name` is what others chose, and may read in any direction; `prose` is long, and broken into lines.
    """

    name: str
    head: str
    kind: Kind = "text"
    unit: str = ""


@attrs.frozen
class Row:
    """A row: a key that no other row of the table has, its cells (None where there is nothing), and links of some."""

    key: str
    cells: Sequence[str | None]
    links: Mapping[str, str] = {}

    def cell(self, at: int) -> str:
        """The text of a cell; empty where there is nothing."""
        return self.cells[at] or ""


@attrs.frozen
class Order:
    """By which column rows stand, from the lowest up or from the highest down."""

    column: str
    is_down: bool = False

    def __str__(self) -> str:
        return f"-{self.column}" if self.is_down else self.column


@attrs.frozen
class Read:
    """Rows that were read, and the key behind which more follow; empty at the end."""

    rows: Sequence[Row]
    after: str = ""


@attrs.frozen
class Table:
    """A table: rows that are at hand, which can be sorted by any column, or that are read in the order they have.

    `order` is how they stand if nothing else is asked. `read` gives rows behind a key (empty for the first ones), and
    about so many. `note` tells what a reader should know of it, `empty` what it says without a row. One without
    `has_file` would take too long as a file, too.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    order: Order
    rows: Sequence[Row] = ()
    read: Callable[[str, int], Read] | None = None
    note: str = ""
    empty: str = "None up to this event."
    has_file: bool = True

    def orders(self) -> list[str]:
        """The columns that it can be sorted by."""
        return [] if self.read else [column.name for column in self.columns]

    def records(self) -> Iterator[dict[str, str | None]]:
        """All rows as CSV and JSON have them, in the table's own order."""
        for row in self._all():
            yield {column.name: cell for column, cell in zip(self.columns, row.cells, strict=True)}

    def _all(self) -> Iterator[Row]:
        if self.read is None:
            yield from self.sorted_rows(self.order)
            return
        found = self.read("", AT_ONCE)
        yield from found.rows
        while found.after:
            found = self.read(found.after, AT_ONCE)
            yield from found.rows

    def sorted_rows(self, order: Order) -> list[Row]:
        """The rows at hand in an order; where there is nothing, a row stands last, and equal ones by their keys."""
        at = [column.name for column in self.columns].index(order.column)
        is_number = self.columns[at].kind == "number"

        def place(row: Row) -> tuple[Decimal, str]:
            """What a row is sorted by; decimals compare exactly."""
            text = row.cell(at)
            return (Decimal(text), "") if is_number else (Decimal(0), text)

        there = sorted((row for row in self.rows if row.cells[at] is not None), key=lambda row: row.key)
        nothing = [row for row in self.rows if row.cells[at] is None]
        return sorted(there, key=place, reverse=order.is_down) + nothing

    def page(self, order: Order, after: str, most: int = ROWS) -> "Sheet":
        """The rows behind the one of a key; from the first on if there is none of that key any more."""
        if self.read is not None:
            read = self.read(after, most)
            return Sheet(self, order, read.rows, bool(after), read.after)
        rows = self.sorted_rows(order)
        start = next((at for at, row in enumerate(rows, 1) if row.key == after), 0)
        found = rows[start : start + most]
        return Sheet(self, order, found, start > 0, found[-1].key if start + most < len(rows) else "")


@attrs.frozen
class Sheet:
    """Some rows of a table: whether others stand before them, and the key after which more follow, if any do."""

    table: Table
    order: Order
    rows: Sequence[Row]
    is_later: bool
    more: str

    def order_by(self, column: Column) -> Order:
        """How a click on a column's head sorts: numbers from the highest down first, and then the other way round."""
        if column.name == self.order.column:
            return Order(column.name, not self.order.is_down)
        return Order(column.name, column.kind == "number")


def order_of(table: Table, text: str) -> Order | None:
    """The order that a text asks for; None if the table cannot be sorted so."""
    if not text:
        return table.order
    order = Order(text.removeprefix("-"), text.startswith("-"))
    return order if order.column in table.orders() else None


def csv_lines(table: Table) -> Iterator[str]:
    """The table as CSV, line by line; no name that others chose is a formula in a spreadsheet. JSON has it as it is."""
    yield csv_line([column.name for column in table.columns])
    for record in table.records():
        yield csv_line([csv_cell(column, record[column.name] or "") for column in table.columns])


def csv_cell(column: Column, text: str) -> str:
    """A cell of CSV: an apostrophe stands before what others chose and a spreadsheet would take for a formula."""
    return f"'{text}" if column.kind in OTHERS and text.startswith(FORMULA) else text


def csv_line(cells: Sequence[str]) -> str:
    """One line of CSV."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue()


def json_lines(table: Table) -> Iterator[bytes]:
    """The table as JSON, row by row: an array of objects, with amounts as decimal strings."""
    lead = b"[\n"
    for record in table.records():
        yield lead + msgspec.json.encode(record)
        lead = b",\n"
    yield b"\n]\n" if lead == b",\n" else b"[]\n"
