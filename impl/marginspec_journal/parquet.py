"""Journals as Parquet: one row an event, a column a field of the same name, the header in the metadata.

Amounts are decimal128(38, 8), tiers a list of structs, `observed` JSON text; a field that an event does
not have is null. Needs the extra `parquet`.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from marginspec.market import TierTerms
from marginspec.state import Header
from marginspec.units import WIRE_DECIMALS, Decimal8
from marginspec_journal.atomic import atomic_writer
from marginspec_journal.canonical import canonical_json, header_object, type_name
from marginspec_journal.errors import InputError
from marginspec_journal.event_reading import ANNOTATIONS, EVENT_FORMS, Record, record_of
from marginspec_journal.header_reading import header_of
from marginspec_journal.strict_json import Node, parse_document

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:  # pragma: no cover - the tests install the extra
    pa = None

METADATA_KEY = b"marginspec"
ROWS_AT_ONCE = 10_000
_DIGITS = 38


def _need_pyarrow(path: Path) -> None:
    if pa is None:  # pragma: no cover - the tests install the extra
        raise InputError(str(path), None, None, "Parquet needs the extra: pip install 'marginspec[parquet]'")


def _field_kinds() -> dict[str, Any]:
    """The type of each field over all events; a name has one type wherever it occurs."""
    kinds: dict[str, Any] = {"type": str}
    for form in EVENT_FORMS.values():
        kinds.update(get_type_hints(form.event_class))
    return {**kinds, **dict.fromkeys(ANNOTATIONS, str)}


_KINDS = _field_kinds()


def _schema() -> Any:
    amount = pa.decimal128(_DIGITS, WIRE_DECIMALS)
    tier = pa.struct([("floor", amount), ("max_leverage", pa.int64()), ("maintenance_rate", amount)])
    types = {Decimal8: amount, int: pa.int64(), bool: pa.bool_(), tuple[TierTerms, ...]: pa.list_(tier)}
    return pa.schema([(name, types.get(kind, pa.string())) for name, kind in _KINDS.items()])


class ParquetJournal:
    """A journal that is being read: its header, then its records, once, in order; rows count from 1."""

    def __init__(self, path: Path) -> None:
        _need_pyarrow(path)
        self.name = str(path)
        try:
            path.open("rb").close()
        except OSError as error:
            raise InputError(self.name, None, None, f"cannot be read: {error.strerror}") from None
        try:
            self._file = pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise InputError(self.name, None, None, f"not Parquet: {error}") from None
        metadata = self._file.schema_arrow.metadata or {}
        if METADATA_KEY not in metadata:
            raise InputError(self.name, None, "marginspec", "the header is missing from the metadata")
        self.header: Header = header_of(parse_document(metadata[METADATA_KEY], self.name))
        self._check_columns()

    def _check_columns(self) -> None:
        """Every column is a known field of its type; each that is absent counts as null."""
        expected = _schema()
        names = self._file.schema_arrow.names
        for name in names:
            if name not in _KINDS:
                raise InputError(self.name, None, name, "unknown column")
            if names.count(name) > 1:
                raise InputError(self.name, None, name, "repeated column")
            found, wanted = self._file.schema_arrow.field(name).type, expected.field(name).type
            if not _same_type(found, wanted):
                raise InputError(self.name, None, name, f"expected {wanted}, found {found}")
        if "type" not in names:
            raise InputError(self.name, None, "type", "missing column")

    def __iter__(self) -> Iterator[Record]:
        row = 0
        try:
            for batch in self._file.iter_batches(ROWS_AT_ONCE):
                for fields in batch.to_pylist():
                    row += 1
                    yield self._record(fields, row)
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            raise InputError(self.name, row + 1, None, f"damaged: {error}") from None

    def _record(self, fields: Mapping[str, Any], row: int) -> Record:
        stated = {name: _wire_value(value) for name, value in fields.items() if value is not None}
        if "observed" in stated:
            stated["observed"] = parse_document(stated["observed"].encode(), self.name, row).value
        return record_of(Node(self.name, row, "", stated), row)


def _same_type(found: Any, wanted: Any) -> bool:
    """Whether types are the same, the names of list elements and their nullability aside."""
    if pa.types.is_list(found) and pa.types.is_list(wanted):
        return _same_type(found.value_type, wanted.value_type)
    if pa.types.is_struct(found) and pa.types.is_struct(wanted):
        return [(one.name, one.type) for one in found] == [(one.name, one.type) for one in wanted]
    return bool(found == wanted)


def _wire_value(value: Any) -> Any:
    """A column's value as a line of JSON would state it."""
    if isinstance(value, Decimal):
        return _decimal_text(value)
    if isinstance(value, list):
        return [{name: _wire_value(part) for name, part in row.items()} for row in value]
    return value


def _decimal_text(value: Decimal) -> str:
    sign, digits, _ = value.as_tuple()
    text = "".join(map(str, digits)).rjust(WIRE_DECIMALS + 1, "0")
    whole, fraction = text[:-WIRE_DECIMALS].lstrip("0") or "0", text[-WIRE_DECIMALS:]
    minus = "-" if sign and any(digits) else ""
    return f"{minus}{whole}.{fraction}"


def write_parquet(path: Path, header: Header, records: Iterable[Record]) -> None:
    """Write a journal as Parquet, whole or not at all."""
    _need_pyarrow(path)
    schema = _schema().with_metadata({METADATA_KEY: canonical_json(header_object(header))})
    with atomic_writer(path) as stream, pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        rows: list[dict[str, Any]] = []
        for record in records:
            rows.append(_row(record))
            if len(rows) == ROWS_AT_ONCE:
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
                rows = []
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def _row(record: Record) -> dict[str, Any]:
    event = record.event
    row: dict[str, Any] = {"type": type_name(type(event)), "ts": record.ts, "ref": record.ref}
    for name, kind in get_type_hints(type(event)).items():
        row[name] = _column_value(getattr(event, name), kind)
    if record.observed is not None:
        row["observed"] = msgspec.json.encode(record.observed).decode()
    return row


def _column_value(value: Any, kind: Any) -> Any:
    if kind is Decimal8:
        return _column_decimal(value)
    if kind == tuple[TierTerms, ...]:
        return [
            {
                "floor": _column_decimal(row.floor),
                "max_leverage": row.max_leverage,
                "maintenance_rate": _column_decimal(row.maintenance_rate),
            }
            for row in value
        ]
    return value


def _column_decimal(value: Decimal8) -> Decimal:
    digits = tuple(int(digit) for digit in str(abs(value)))
    return Decimal((int(value < 0), digits, -WIRE_DECIMALS))
