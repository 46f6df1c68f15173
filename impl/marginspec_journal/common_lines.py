"""The fast way to read the common lines of a journal: typed decoding instead of a tree of values.

It takes a line only where it is certain that the definition in events would take it too, with the same
record, and otherwise says so by None. So it is never the one that refuses.
"""

from collections.abc import Callable
from functools import lru_cache, reduce
from operator import or_
from typing import Any, Literal

import msgspec

from marginspec.model.fields import Amount, Choice, Flag, Integer, Kind, Name, Rows
from marginspec_journal.decimals import parse_decimal
from marginspec_journal.events import EVENT_FORMS, Record
from marginspec_journal.names import is_name, is_reference, is_time_stamp
from marginspec_journal.records import RecordForm

_ABSENT = msgspec.UNSET
_CACHED_NAMES = 65_536
_QUOTES_OF_TYPE = 4
_QUOTES_OF_TEXT = 4
_QUOTES_OF_FLAG = 2

Take = Callable[[Any, int], tuple[Record, int]]
"""Makes the record of a decoded struct and its line; gives also how many quotes the line then has."""


def _checked(holds: Callable[[str], bool]) -> Callable[[str], str]:
    """What takes a text as it is if that is right, and raises ValueError if not."""

    def check(text: str) -> str:
        """The text itself; ValueError if it is not right."""
        if not holds(text):
            raise ValueError(text)
        return text

    return check


_name = lru_cache(_CACHED_NAMES)(_checked(is_name))
_ANNOTATIONS = {"ts": "time_stamp", "ref": "reference"}
_CONVERSIONS = {
    "name": _name,
    "decimal": parse_decimal,
    "time_stamp": _checked(is_time_stamp),
    "reference": _checked(is_reference),
}


def _compiled(form: RecordForm) -> Take:
    """What takes a type of event from its decoded struct, compiled from its text as the writers of records are."""
    quotes = _QUOTES_OF_TYPE + sum(_quotes(form.kinds[name]) for name in form.required)
    lines = [f"quotes = {quotes}"]
    optional = {name: (_conversion(form.kinds[name]), _quotes(form.kinds[name])) for name in form.optional}
    optional |= {name: (conversion, _QUOTES_OF_TEXT) for name, conversion in _ANNOTATIONS.items()}
    for name, (conversion, own_quotes) in optional.items():
        lines += [
            f"{name} = decoded.{name}",
            f"if {name} is ABSENT: {name} = None",
            f"else: {name} = {conversion}({name}); quotes += {own_quotes}",
        ]
    required = [f"{_conversion(form.kinds[name])}(decoded.{name})" for name in form.required]
    lines.append(f"return Record(line, event({', '.join([*required, *form.optional])}), ts, ref), quotes")
    names: dict[str, Any] = {"Record": Record, "event": form.record, "ABSENT": _ABSENT, **_CONVERSIONS}
    exec(compile("\n    ".join(["def take(decoded, line):", *lines]), f"<reader of {form.name}>", "exec"), names)
    take: Take = names["take"]
    return take


def _conversion(kind: Kind) -> str:
    """The name of what converts a value; nothing for one that stays as it is."""
    if isinstance(kind, Amount):
        return "decimal"
    return "name" if isinstance(kind, Name) else ""


def _quotes(kind: Kind) -> int:
    return _QUOTES_OF_FLAG if isinstance(kind, Flag) else _QUOTES_OF_TEXT


def _wire_type(kind: Kind) -> Any:
    if isinstance(kind, Choice):
        return Literal[kind.words]
    return bool if isinstance(kind, Flag) else str


def _struct(form: RecordForm) -> type[msgspec.Struct]:
    required = [(name, _wire_type(form.kinds[name])) for name in form.required]
    optional = [(name, _wire_type(form.kinds[name]) | msgspec.UnsetType, _ABSENT) for name in form.optional]
    annotations = [(name, str | msgspec.UnsetType, _ABSENT) for name in _ANNOTATIONS]
    return msgspec.defstruct(
        form.record.__name__,
        [*required, *optional, *annotations],
        tag_field="type",
        tag=form.name,
        forbid_unknown_fields=True,
        gc=False,
    )


COMMON_FORMS = {
    name: form
    for name, form in EVENT_FORMS.items()
    if not any(isinstance(kind, Integer | Rows) for kind in form.kinds.values())
}
"""The types of event that are read fast; those with integers or lists are rare, and the definition reads them."""

_TAKES = {_struct(form): _compiled(form) for form in COMMON_FORMS.values()}

_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(reduce(or_, _TAKES))


def common_record(text: bytes, line: int) -> Record | None:
    """The record of a common line, or None where only the definition can tell."""
    if b"\\" in text:
        return None
    try:
        decoded = _DECODER.decode(text)
        record, quotes = _TAKES[type(decoded)](decoded, line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    # Without backslashes every quote begins or ends a name or a text: no other character's UTF-8 has its byte.
    # A repeated field keeps its last value only, so its line has more quotes than what was decoded accounts for.
    return record if text.count(b'"') == quotes else None
