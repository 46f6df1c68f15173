"""Files as a venue gives them: JSON, lines of JSON and CSV. A number stays text, and each value knows its place."""

import csv
import io
import json
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import attrs

from marginspec_journal import InputError
from marginspec_journal.whole_files import read_whole

_NUMBER = re.compile(r"(-?)([0-9]{1,40})(?:\.([0-9]{1,40}))?(?:[eE]([+-]?[0-9]{1,2}))?")
_SHOWN_CHARACTERS = 60


class Number(str):
    """A number of a JSON document, as it is written there."""

    __slots__ = ()


@attrs.frozen
class Shown:
    """A number as a venue shows it: its text, what it is exactly, and how many digits stand after its point."""

    text: str
    value: Fraction
    decimals: int


def shown_number(text: str) -> Shown | None:
    """A number's text, exactly; None if it is none."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    sign, whole, fraction, exponent = found[1], found[2], found[3] or "", int(found[4] or 0)
    decimals = len(fraction) - exponent
    units = int(sign + whole + fraction)
    return Shown(text, units * Fraction(10) ** -decimals, max(decimals, 0))


@attrs.frozen
class Entry:
    """A value of a document: the file and line that it stands in, its path, what it is, and whether a row of CSV."""

    file: str
    line: int | None
    path: str
    value: Any
    is_row: bool = False

    def fail(self, reason: str) -> NoReturn:
        """Refuse the value."""
        raise InputError(self.file, self.line, self.path or None, reason)

    def child(self, name: str) -> "Entry":
        """A field of this object; one that is absent is null."""
        path = f"{self.path}.{name}" if self.path else name
        return Entry(self.file, self.line, path, self.fields().get(name))

    def fields(self) -> dict[str, Any]:
        """The fields of an object."""
        if not isinstance(self.value, dict):
            self.fail(f"expected an object, found {self.shown()}")
        return self.value

    def has(self, *names: str) -> bool:
        """Whether this is an object with all of these fields."""
        return isinstance(self.value, dict) and all(name in self.value for name in names)

    def gives(self, name: str) -> bool:
        """Whether this object says something in a field: venues write null or an empty text where they say nothing."""
        return self.fields().get(name) not in (None, "")

    def elements(self) -> Iterator["Entry"]:
        """The elements of a list."""
        if not isinstance(self.value, list):
            self.fail(f"expected a list, found {self.shown()}")
        for place, value in enumerate(self.value):
            yield Entry(self.file, self.line, f"{self.path}[{place}]", value)

    def listed(self, name: str) -> Iterator["Entry"]:
        """The elements of a field that is a list; none if it is absent."""
        if self.gives(name):
            yield from self.child(name).elements()

    def text(self, name: str) -> str:
        """A field that is a text; numbers are texts too, since venues write ids as either."""
        member = self.child(name)
        if not isinstance(member.value, str):
            member.fail("missing field" if member.value is None else f"expected a text, found {member.shown()}")
        return str(member.value)

    def number(self, name: str) -> Shown:
        """A field that is a number, or a text that is one."""
        found = shown_number(self.text(name))
        return self.child(name).fail(f"not a number: {self.child(name).shown()}") if found is None else found

    def whole(self, name: str) -> int:
        """A field that is a whole number."""
        found = self.number(name)
        if found.value.denominator != 1:
            self.child(name).fail(f"expected a whole number, found {found.text}")
        return found.value.numerator

    def flag(self, name: str) -> bool:
        """A field that is true or false, as JSON or as a text."""
        member = self.child(name)
        known = {True: True, False: False, "true": True, "false": False}
        if not isinstance(member.value, bool | str) or member.value not in known:
            member.fail(f"expected true or false, found {member.shown()}")
        return known[member.value]

    def shown(self) -> str:
        """The value as a refusal shows it."""
        if isinstance(self.value, dict):
            return "an object"
        if isinstance(self.value, list):
            return "a list"
        text = json.dumps(self.value, ensure_ascii=False)
        return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


class _RepeatedField(Exception):  # noqa: N818 - what the decoder found, on its way to a refusal
    """An object of the document has a field twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        raise _RepeatedField(next(name for name in names if names.count(name) > 1))
    return fields


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=Number, parse_float=Number, parse_constant=Number)


def read_documents(path: Path) -> list[Entry]:
    """What a file holds: one JSON document, or one a line, or the rows of a CSV with a header."""
    name = str(path)
    try:
        text = read_whole(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(name, None, None, f"not UTF-8 at byte {error.start + 1}") from None
    if not text.strip():
        raise InputError(name, None, None, "empty")
    if text.lstrip()[0] not in "[{":
        return csv_rows(text, name)
    try:
        return [Entry(name, None, "", _decoded(text, name, None))]
    except InputError as refusal:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
        if "Extra data" not in refusal.reason or len(lines) == 1:
            raise
        return [Entry(name, number, "", _decoded(line, name, number)) for number, line in lines]


def _decoded(text: str, name: str, line: int | None) -> Any:
    try:
        return _DECODER.decode(text)
    except _RepeatedField as repeated:
        raise InputError(name, line, None, f"repeated field {json.dumps(str(repeated))}") from None
    except json.JSONDecodeError as error:
        raise InputError(name, line or error.lineno, None, f"not JSON: {error.msg}") from None
    except RecursionError:
        raise InputError(name, line, None, "nested too deeply") from None


def csv_rows(text: str, name: str) -> list[Entry]:
    """The rows of a CSV whose first line names its columns, as objects of texts; an empty cell says nothing."""
    try:
        return rows_below_names(text, name)
    except InputError as refusal:
        if name.endswith(".csv"):
            raise
        # Most likely no CSV at all, but an answer with something around it.
        raise InputError(name, refusal.line, refusal.field, f"{refusal.reason}; {AS_CSV}") from None


AS_CSV = "read as CSV, since it begins with neither { nor [, as an answer does that is saved as it comes"


def rows_below_names(text: str, name: str) -> list[Entry]:
    """The rows of a CSV."""
    reader = csv.reader(io.StringIO(text), strict=True)
    rows: list[Entry] = []
    try:
        columns = next(reader)
        if len(set(columns)) < len(columns):
            raise InputError(name, 1, None, "two columns have the same name")
        for cells in reader:
            if len(cells) not in (0, len(columns)):
                raise InputError(name, reader.line_num, None, f"expected {counted(len(columns))}, found {len(cells)}")
            if cells:
                rows.append(Entry(name, reader.line_num, "", dict(zip(columns, cells, strict=True)), is_row=True))
    except csv.Error as error:
        raise InputError(name, reader.line_num, None, f"not CSV: {error}") from None
    if not rows:
        raise InputError(name, None, None, "no row below the names of the columns")
    return rows


def counted(cells: int) -> str:
    """A number of cells, in words."""
    return "1 cell" if cells == 1 else f"{cells} cells"
