"""Journals as Parquet: one row an event, a column a field of the same name, the header in the metadata.

Amounts are decimal128(38, 8), tiers a list of structs, `observed` JSON text; a field that an event does
not have is null. Texts and integers may be stored in any way that keeps them whole, since tools differ in
how they do it. Needs the extra `parquet`.
"""

import json
import os
import stat
import struct
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Context, Decimal
from hashlib import file_digest
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from marginspec.model.fields import Amount, Flag, Integer, Kind, Name, Rows, fields_of, type_name
from marginspec.model.state import Header
from marginspec.model.units import WIRE_DECIMALS
from marginspec_journal.atomic import atomic_writer
from marginspec_journal.canonical import canonical_json
from marginspec_journal.common_rows import Column, CommonRows
from marginspec_journal.decimals import decimal_text
from marginspec_journal.errors import InputError, unreadable
from marginspec_journal.events import ANNOTATIONS, EVENT_FORMS, Record, record_of
from marginspec_journal.header import header_object, header_of
from marginspec_journal.names import is_name
from marginspec_journal.strict_json import parse_document
from marginspec_journal.whole_files import open_file

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:  # pragma: no cover - the tests install the extra
    pa = None

METADATA_KEY = b"marginspec"
ROWS_AT_ONCE = 10_000
_DIGITS = 38
_DECIMAL_BYTES = 16
_SHOWN_CHARACTERS = 200
_EXACT = Context(prec=2 * _DIGITS)


def _need_pyarrow(path: Path) -> None:
    if pa is None:
        raise InputError(str(path), None, None, "Parquet needs the extra: pip install 'marginspec[parquet]'")


# Texts are stored alike, whatever they name.
_TEXT = Name("account")
_KINDS: dict[str, Kind] = {
    "type": _TEXT,
    **{name: kind for form in EVENT_FORMS.values() for name, kind in form.kinds.items()},
    **dict.fromkeys(ANNOTATIONS, _TEXT),
}
"""What each column holds; a name is stored in one way whichever events have it."""


def _amount() -> Any:
    return pa.decimal128(_DIGITS, WIRE_DECIMALS)


def _stored_type(kind: Kind) -> Any:
    """The type of a column as it is written: of rows a list of structs, and text of all that is no number or flag."""
    match kind:
        case Rows():
            return pa.list_(pa.struct([(field.name, _stored_type(field.kind)) for field in fields_of(kind.record)]))
        case Amount():
            return _amount()
        case Integer():
            return pa.int64()
        case Flag():
            return pa.bool_()
    return pa.string()


def _schema() -> Any:
    return pa.schema([(name, _stored_type(kind)) for name, kind in _KINDS.items()])


def _fits(found: Any, kind: Kind) -> bool:
    """Whether a column of this type holds values of a kind without loss; one of nulls only always does."""
    types = pa.types
    if types.is_null(found):
        return True
    match kind:
        case Rows():
            return bool(types.is_list(found) or types.is_large_list(found)) and _fits_rows(found.value_type, kind)
        case Amount():
            return bool(found == _amount())
        case Integer():
            return bool(types.is_integer(found))
        case Flag():
            return bool(types.is_boolean(found))
    text = found.value_type if types.is_dictionary(found) else found
    return bool(types.is_string(text) or types.is_large_string(text) or types.is_string_view(text))


def _fits_rows(found: Any, kind: Rows) -> bool:
    kinds = {field.name: field.kind for field in fields_of(kind.record)}
    return (
        pa.types.is_struct(found)
        and sorted(field.name for field in found) == sorted(kinds)
        and all(_fits(field.type, kinds[field.name]) for field in found)
    )


def opened_table(path: Path) -> BufferedReader:
    """A Parquet file to read; InputError if it is not a regular file, since one is read from its end."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(str(path), None, None, "cannot be read: not a regular file")
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    return open_file(path)


def parquet_file(stream: BinaryIO, path: Path) -> Any:
    """What reads a Parquet file; without the pages' checksums a flipped bit could go unnoticed as another amount."""
    with refusing_damage(path):
        return pq.ParquetFile(stream, page_checksum_verification=True)


@contextmanager
def refusing_damage(path: Path) -> Iterator[None]:
    """Turn what the library says of a damaged file into an InputError that names it."""
    try:
        yield
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise InputError(str(path), None, None, f"not Parquet: {_one_line(error)}") from None


def _identity(stream: BinaryIO) -> tuple[int, int]:
    """What of a file is not the same any more when it was written to."""
    found = os.fstat(stream.fileno())
    return found.st_size, found.st_mtime_ns


class ParquetJournal:
    """A journal that is being read: its header, then its records, once, in order; rows count from 1."""

    def __init__(self, path: Path) -> None:
        _need_pyarrow(path)
        self.name = str(path)
        self._begun = False
        self._groups_skipped, self._rows_skipped = 0, 0
        self._stream = opened_table(path)
        weakref.finalize(self, self._stream.close)
        self._digest: str | None = None
        self._opened_as = _identity(self._stream)
        self._file = parquet_file(self._stream, path)
        with refusing_damage(path):
            schema = self._file.schema_arrow
            fields = [(field.name, field.type) for field in schema]
        self.header = self._header(schema.metadata or {})
        self._check_columns(fields)

    def _header(self, metadata: Mapping[bytes, bytes]) -> Header:
        if METADATA_KEY not in metadata:
            raise InputError(self.name, None, "marginspec", "the header is missing from the metadata")
        try:
            root = parse_document(metadata[METADATA_KEY], self.name)
        except InputError as refusal:
            raise InputError(self.name, None, "marginspec", refusal.reason) from None
        return header_of(root)

    def _check_columns(self, fields: list[tuple[str, Any]]) -> None:
        """Every column is a known field and holds its type; each that is absent counts as null."""
        names = [name for name, _ in fields]
        for name, found in fields:
            if name not in _KINDS:
                shown = name if is_name(name) else json.dumps(name[:_SHOWN_CHARACTERS])
                raise InputError(self.name, None, shown, "unknown column")
            if names.count(name) > 1:
                raise InputError(self.name, None, name, "repeated column")
            if not _fits(found, _KINDS[name]):
                expected = _stored_type(_KINDS[name])
                raise InputError(self.name, None, name, f"expected {expected}, found {_one_line(found)}")
        if "type" not in names:
            raise InputError(self.name, None, "type", "missing column")

    def sha256_so_far(self) -> str:
        """SHA-256 of the whole file: its rows have no bytes of their own."""
        return self.file_sha256()

    def file_sha256(self) -> str:
        """SHA-256 of the file's bytes; InputError if it changed since it was opened."""
        if self._digest is None:
            self._stream.seek(0)
            self._digest = file_digest(self._stream, "sha256").hexdigest()
        if _identity(self._stream) != self._opened_as:
            raise InputError(self.name, None, None, "changed while it was read")
        return self._digest

    def skip(self, records: int) -> int:
        """Leave out the row groups that end within so many records, unread; gives how many records are left out."""
        assert not self._begun, "a journal is read once"
        metadata = self._file.metadata
        while self._groups_skipped < metadata.num_row_groups:
            behind = self._rows_skipped + metadata.row_group(self._groups_skipped).num_rows
            if behind > records:
                break
            self._groups_skipped, self._rows_skipped = self._groups_skipped + 1, behind
        return self._rows_skipped

    def __iter__(self) -> Iterator[Record]:
        for rows_before, batch in self.batches(ROWS_AT_ONCE):
            yield from self.records(batch, rows_before)

    def batches(self, rows: int) -> Iterator[tuple[int, Any]]:
        """The rows as record batches of at most so many, each with how many rows are before it; once."""
        assert not self._begun, "a journal is read once"
        self._begun = True
        rows_read = self._rows_skipped
        groups = list(range(self._groups_skipped, self._file.num_row_groups))
        try:
            for batch in self._file.iter_batches(rows, row_groups=groups):
                yield rows_read, batch
                rows_read += batch.num_rows
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            reason = f"damaged after row {rows_read}: {_one_line(error)}"
            raise InputError(self.name, None, None, reason) from None
        # No checksum covers a page's head, and a wrong one can end the reading early without an error.
        announced = self._file.metadata.num_rows
        if rows_read != announced:
            raise InputError(self.name, None, None, f"damaged after row {rows_read}: expected {announced} rows")

    def records(self, batch: Any, rows_before: int) -> Iterator[Record]:
        """The records of a batch, by the definition of what a row may hold."""
        columns = self._columns(batch, rows_before)
        common = CommonRows(columns, batch.num_rows)
        for place in range(batch.num_rows):
            row = rows_before + place + 1
            record = common.record(place, row)
            yield self._defined(columns, place, row) if record is None else record

    def _columns(self, batch: Any, rows_before: int) -> dict[str, Column]:
        """The values of each column that is not null throughout; amounts count 1e-8."""
        columns: dict[str, Column] = {}
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if column.null_count == len(column):
                continue
            columns[name] = (
                _units(column) if isinstance(_KINDS[name], Amount) else self._values(name, column, rows_before)
            )
        return columns

    def _values(self, name: str, column: Any, rows_before: int) -> Column:
        try:
            values: Column = column.to_pylist()
        except UnicodeDecodeError:
            row = rows_before + _first_not_utf8(column) + 1
            raise InputError(self.name, row, name, "not UTF-8") from None
        return values

    def _defined(self, columns: Mapping[str, Column], place: int, row: int) -> Record:
        """The record of a row, by the definition: the row is read as the line that states the same."""
        given = {name: column[place] for name, column in columns.items() if column[place] is not None}
        observed = given.pop("observed", None)
        stated = {name: _wire_value(value, _KINDS[name]) for name, value in given.items()}
        root = parse_document(msgspec.json.encode(stated), self.name, row)
        if observed is not None:
            root.value["observed"] = parse_document(observed.encode(), self.name, row).value
        return record_of(root, row)


def _units(column: Any) -> Column:
    """Amounts, counted in 1e-8, from the 16 bytes that each has in memory."""
    start, end = column.offset * _DECIMAL_BYTES, (column.offset + len(column)) * _DECIMAL_BYTES
    halves = struct.iter_unpack("<Qq", memoryview(column.buffers()[1])[start:end])
    units = [high << 64 | low for low, high in halves]
    if column.null_count == 0:
        return units
    return [one if given else None for one, given in zip(units, column.is_valid().to_pylist(), strict=True)]


def _first_not_utf8(column: Any) -> int:
    for place, value in enumerate(column):
        try:
            value.as_py()
        except UnicodeDecodeError:
            return place
    raise AssertionError("a column that is not UTF-8 has no value that is not")


def _wire_value(value: Any, kind: Kind) -> Any:
    """A column's value as a line of JSON would state it."""
    if isinstance(kind, Amount):
        return decimal_text(value, WIRE_DECIMALS)
    if isinstance(kind, Rows):
        return [row and {name: _row_value(part) for name, part in row.items()} for row in value]
    return value


def _row_value(part: Any) -> Any:
    return format(part, "f") if isinstance(part, Decimal) else part


def _one_line(message: object) -> str:
    """The first line of a message about a file, which may quote what stands in it."""
    first, *_ = str(message).splitlines() or [""]
    shown = "".join(character if character.isprintable() else "?" for character in first)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"


def write_parquet(path: Path, header: Header, records: Iterable[Record]) -> None:
    """Write a journal as Parquet, whole or not at all; equal journals give equal bytes."""
    _need_pyarrow(path)
    schema = _schema().with_metadata({METADATA_KEY: canonical_json(header_object(header))})
    options = {"compression": "zstd", "write_page_checksum": True}
    with atomic_writer(path) as stream, pq.ParquetWriter(stream, schema, **options) as writer:
        source = iter(records)
        while rows := list(islice(source, ROWS_AT_ONCE)):
            writer.write_table(_table(rows, schema))


def _table(records: list[Record], schema: Any) -> Any:
    columns: dict[str, list[Any]] = {name: [None] * len(records) for name in _KINDS}
    for place, record in enumerate(records):
        columns["type"][place] = type_name(type(record.event))
        columns["ts"][place], columns["ref"][place] = record.ts, record.ref
        if record.observed is not None:
            columns["observed"][place] = msgspec.json.encode(record.observed).decode()
        for name, kind in EVENT_FORMS[columns["type"][place]].kinds.items():
            columns[name][place] = _column_value(getattr(record.event, name), kind)
    return pa.table([pa.array(columns[field.name], field.type) for field in schema], schema=schema)


def _column_value(value: Any, kind: Kind) -> Any:
    if isinstance(kind, Amount) and value is not None:
        return _EXACT.scaleb(Decimal(value), -WIRE_DECIMALS)
    if isinstance(kind, Rows):
        parts = fields_of(kind.record)
        return [{part.name: _column_value(getattr(row, part.name), part.kind) for part in parts} for row in value]
    return value
