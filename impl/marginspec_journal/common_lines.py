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

Convert = Callable[[Any], Any]


def _checked(holds: Callable[[str], bool]) -> Callable[[str], str]:
    """What takes a text as it is if that is right, and raises ValueError if not."""

    def check(text: str) -> str:
        """The text itself; ValueError if it is not right."""
        if not holds(text):
            raise ValueError(text)
        return text

    return check


_name = lru_cache(_CACHED_NAMES)(_checked(is_name))
_ANNOTATIONS: dict[str, Convert] = {"ts": _checked(is_time_stamp), "ref": _checked(is_reference)}


def _as_it_is(value: Any) -> Any:
    return value


def _convert(kind: Kind) -> Convert:
    if isinstance(kind, Amount):
        return parse_decimal
    return _name if isinstance(kind, Name) else _as_it_is


class _CommonForm:
    """How a type of event is taken from its decoded struct: the conversion of each field, and quotes of its line."""

    def __init__(self, form: RecordForm) -> None:
        self.event_class: Callable[..., Any] = form.record
        self.required = [(name, _convert(form.kinds[name])) for name in form.required]
        self.quotes = _QUOTES_OF_TYPE + sum(_quotes(form.kinds[name]) for name in form.required)
        self.optional = [
            *((name, _convert(form.kinds[name]), _quotes(form.kinds[name])) for name in form.optional),
            *((name, convert, _QUOTES_OF_TEXT) for name, convert in _ANNOTATIONS.items()),
        ]


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

_FORMS = {_struct(form): _CommonForm(form) for form in COMMON_FORMS.values()}

_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(reduce(or_, _FORMS))


def common_record(text: bytes, line: int) -> Record | None:
    """The record of a common line, or None where only the definition can tell."""
    if b"\\" in text:
        return None
    try:
        decoded = _DECODER.decode(text)
        form = _FORMS[type(decoded)]
        values: list[Any] = [convert(getattr(decoded, name)) for name, convert in form.required]
        quotes = form.quotes
        for name, convert, own_quotes in form.optional:
            value = getattr(decoded, name)
            if value is _ABSENT:
                values.append(None)
            else:
                values.append(convert(value))
                quotes += own_quotes
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    # Without backslashes every quote begins or ends a name or a text: no other character's UTF-8 has its byte.
    # A repeated field keeps its last value only, so its line has more quotes than what was decoded accounts for.
    if text.count(b'"') != quotes:
        return None
    *fields, ts, ref = values
    return Record(line, form.event_class(*fields), ts, ref)
