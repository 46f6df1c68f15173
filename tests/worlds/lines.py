"""Lines of journals as people write them: from events, by the fields that their classes declare."""

import json
from collections.abc import Iterable
from typing import Any

import zstandard

from marginspec.model.events import Event
from marginspec.model.fields import Amount, Rows, fields_of, type_name
from marginspec.model.units import Decimal8
from marginspec_tools.simulate import stress_day_path

Line = dict[str, Any]


def decimal_text(number: Decimal8) -> str:
    """A decimal that counts 1e-8, without a zero too many; the tests' own writing, as `decimal` is their reading."""
    whole, fraction = divmod(abs(number), 10**8)
    text = f"{whole}.{fraction:08}".rstrip("0").rstrip(".")
    return f"-{text}" if number < 0 else text


def line_of(event: Event) -> Line:
    """An event as the line of a journal has it: its type, then its fields in order."""
    return {"type": type_name(type(event)), **fields_in(event)}


def fields_in(record: Any) -> Line:
    """A record's fields as a document states them; an optional one is left out where it is None."""
    record_class: type = type(record)
    stated = ((field, getattr(record, field.path[0])) for field in fields_of(record_class))
    return {field.name: stated_value(field.kind, value) for field, value in stated if value is not None}


def stated_value(kind: Any, value: Any) -> Any:
    """A value as a document states it."""
    if isinstance(kind, Rows):
        return [fields_in(row) for row in value]
    return decimal_text(value) if isinstance(kind, Amount) else value


def journal_text(lines: Iterable[Line | Event]) -> str:
    """A journal as JSON Lines, of its header and of events or lines."""
    written = (line if isinstance(line, dict) else line_of(line) for line in lines)
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in written)


def lines_of_the_day() -> list[bytes]:
    """The lines of the stress day, each with its newline."""
    packed = stress_day_path().read_bytes()
    return zstandard.ZstdDecompressor().decompressobj().decompress(packed).splitlines(keepends=True)
