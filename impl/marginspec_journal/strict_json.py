"""Strict reading of a whole JSON document: each value knows its path, so that each refusal names its field.

Unknown, repeated and absent fields are refused, and so are numbers that are not integers of the wire format.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import attrs

from marginspec.model.units import Decimal8, in_units
from marginspec_journal.decimals import decimal_text, parse_decimal
from marginspec_journal.errors import InputError
from marginspec_journal.names import is_name
from marginspec_journal.whole_files import read_whole

Choice = TypeVar("Choice", bound=str)

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PLAIN_FIELD = re.compile(r"[\w.:-]{1,210}")
_SHOWN_CHARACTERS = 60


@attrs.frozen
class _RepeatedField:
    """An object of the document that has a field twice."""

    name: str


@attrs.frozen
class _ForeignNumber:
    """A number of the document that is not an integer of the wire format."""

    text: str


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _RepeatedField:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            return _RepeatedField(name)
        fields[name] = value
    return fields


def _integer(text: str) -> int | _ForeignNumber:
    return int(text) if _INTEGER.fullmatch(text) else _ForeignNumber(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_ForeignNumber, parse_constant=_ForeignNumber
)


@attrs.frozen
class Node:
    """A value of a document: the file and line it stands in, its path, and what JSON says it is."""

    file: str
    line: int | None
    path: str
    value: Any

    def fail(self, reason: str) -> NoReturn:
        """Refuse the value."""
        raise InputError(self.file, self.line, self.path or None, reason)

    def _fail_kind(self, expected: str) -> NoReturn:
        if isinstance(self.value, _RepeatedField):
            self.fail(f"repeated field {_shown(self.value.name)}")
        if isinstance(self.value, _ForeignNumber):
            self.fail(f"expected {expected}, found {self.value.text[:_SHOWN_CHARACTERS]}")
        self.fail(f"expected {expected}, found {_shown(self.value)}")

    def shown(self) -> str:
        """The value as a refusal shows it."""
        return _shown(self.value)

    def child(self, name: str, value: Any = None) -> "Node":
        """A field of this object; without a value, one that is absent."""
        path = f"{self.path}.{name}" if self.path else name
        return Node(self.file, self.line, path, value)

    def fields(self) -> dict[str, Any]:
        """The fields of an object, by their names as they stand."""
        if not isinstance(self.value, dict):
            self._fail_kind("an object")
        return self.value

    def record(self, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, "Node"]:
        """The fields of an object that has all of the required ones and no unknown one."""
        fields = self.fields()
        for name in fields:
            if name not in required and name not in optional:
                self.child(_field_name(name)).fail("unknown field")
        for name in required:
            if name not in fields:
                self.child(name).fail("missing field")
        return {name: self.child(name, value) for name, value in fields.items()}

    def member(self, name: str) -> "Node":
        """One field of an object, which must be there."""
        fields = self.fields()
        if name not in fields:
            self.child(name).fail("missing field")
        return self.child(name, fields[name])

    def entries(self) -> Iterator[tuple[str, "Node"]]:
        """The fields of an object whose field names are keys, in the document's order."""
        for name, value in self.fields().items():
            yield name, self.child(_field_name(name), value)

    def named_entries(self) -> Iterator[tuple[str, "Node"]]:
        """The fields of an object whose field names are names of the wire format."""
        for name, entry in self.entries():
            yield entry.name_of(name), entry

    def elements(self) -> Iterator["Node"]:
        """The elements of a list."""
        if not isinstance(self.value, list):
            self._fail_kind("a list")
        for place, value in enumerate(self.value):
            yield Node(self.file, self.line, f"{self.path}[{place}]", value)

    def text(self) -> str:
        """A string."""
        if not isinstance(self.value, str):
            self._fail_kind("a string")
        return self.value

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            self._fail_kind("true or false")
        return self.value

    def integer(self, least: int | None = None, most: int | None = None) -> int:
        """An integer of the wire format, within bounds."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self._fail_kind("an integer")
        if least is not None and self.value < least:
            self.fail(f"must be at least {least}, found {self.value}")
        if most is not None and self.value > most:
            self.fail(f"must be at most {most}, found {self.value}")
        return self.value

    def name(self) -> str:
        """A name of the wire format."""
        return self.name_of(self.text())

    def name_of(self, text: str) -> str:
        """A name of the wire format that is, or stands in, this field or its name."""
        if not is_name(text):
            self.fail(f"not a name: {_shown(text)}")
        return text

    def integer_of(self, text: str) -> int:
        """An integer of the wire format that stands in this field's name."""
        if not _INTEGER.fullmatch(text):
            self.fail(f"expected an integer, found {_shown(text)}")
        return int(text)

    def choice(self, choices: tuple[Choice, ...]) -> Choice:
        """One of these words."""
        return self.choice_of(self.text(), choices)

    def choice_of(self, text: str, choices: tuple[Choice, ...]) -> Choice:
        """One of these words, that is, or stands in, this field or its name."""
        chosen = next((choice for choice in choices if choice == text), None)
        if chosen is not None:
            return chosen
        return self.fail(f"expected one of {', '.join(choices)}, found {_shown(text)}")

    def sha256(self) -> str:
        """A SHA-256 in lower-case hexadecimal."""
        text = self.text()
        if not _SHA256.fullmatch(text):
            self.fail("expected 64 lower-case hexadecimal digits")
        return text

    def wire_decimal(self) -> Decimal8:
        """A decimal string of the wire format."""
        text = self.text()
        try:
            return parse_decimal(text)
        except ValueError:
            self.fail(f"not a decimal: {_shown(text)}")

    def units(self, decimals: int, least: int | None = None, most: int | None = None) -> int:
        """A decimal string in units of 10^-decimals, within bounds; refuses digits finer than the unit."""
        units = in_units(self.wire_decimal(), decimals)
        if units is None:
            self.fail(f"more than {decimals} digits after the point: {self.value}")
        if least is not None and units < least:
            self.fail(f"must be at least {decimal_text(least, decimals)}, found {self.value}")
        if most is not None and units > most:
            self.fail(f"must be at most {decimal_text(most, decimals)}, found {self.value}")
        return units


def _field_name(name: str) -> str:
    """A field's name in a path: as it is if it may be made of names and colons, else as a refusal shows it."""
    return name if _PLAIN_FIELD.fullmatch(name) else _shown(name)


def _shown(value: Any) -> str:
    """A value as a refusal shows it: cut short, and without characters that a terminal might obey."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def parse_document(text: bytes, file: str, line: int | None = None) -> Node:
    """The root of a JSON document in UTF-8; `line` is where it stands in the file, if that is of lines."""
    try:
        return Node(file, line, "", _DECODER.decode(text.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise InputError(file, line, None, f"not UTF-8 at byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise InputError(file, line or error.lineno, None, f"not JSON: {error.msg}") from None
    except RecursionError:
        raise InputError(file, line, None, "nested too deeply") from None


def read_document(path: Path) -> Node:
    """The root of a file that is one JSON document."""
    return parse_document(read_whole(path), str(path))
