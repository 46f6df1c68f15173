"""The fast way to read the common lines of a journal: typed decoding instead of a tree of values.

It takes a line only where it is certain that the definition in event_reading would take it too, with the
same record, and otherwise says so by None. So it is never the one that refuses.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, get_type_hints

import msgspec

from marginspec.model.units import Decimal8
from marginspec_journal.decimals import parse_decimal
from marginspec_journal.event_reading import EVENT_FORMS, EventForm, Record
from marginspec_journal.names import is_name, is_reference, is_time_stamp

# Types with integers or lists are rare; the definition reads them.
_RARE = {"list_market", "update_tiers", "set_leverage"}
_ABSENT = msgspec.UNSET
_CACHED_NAMES = 65_536
_QUOTES_OF_TYPE = 4
_QUOTES_OF_TEXT = 4
_QUOTES_OF_FLAG = 2


@lru_cache(_CACHED_NAMES)
def _name(text: str) -> str:
    if not is_name(text):
        raise ValueError(text)
    return text


def _as_it_is(value: Any) -> Any:
    return value


class _CommonForm:
    """How a type of event is taken from its decoded struct, and how many quotes its line has."""

    def __init__(self, form: EventForm) -> None:
        hints = get_type_hints(form.event_class)
        self.event_class = form.event_class
        self.required = [(name, _convert(hints[name])) for name in form.required]
        self.optional = [(name, _convert(hints[name])) for name in form.optional]
        flags = sum(hints[name] is bool for name in form.required)
        texts = len(form.required) - flags
        self.quotes = _QUOTES_OF_TYPE + flags * _QUOTES_OF_FLAG + texts * _QUOTES_OF_TEXT


def _convert(kind: Any) -> Callable[[Any], Any]:
    if kind is Decimal8:
        return parse_decimal
    return _name if kind in (str, str | None) else _as_it_is


def _wire_type(kind: Any) -> Any:
    return str if kind is Decimal8 else kind


def _struct(name: str, form: EventForm) -> type[msgspec.Struct]:
    hints = get_type_hints(form.event_class)
    required = [(field, _wire_type(hints[field])) for field in form.required]
    optional = [(field, _without_none(hints[field]) | msgspec.UnsetType, _ABSENT) for field in form.optional]
    annotations = [(field, str | msgspec.UnsetType, _ABSENT) for field in ("ts", "ref")]
    return msgspec.defstruct(
        form.event_class.__name__,
        [*required, *optional, *annotations],
        tag_field="type",
        tag=name,
        forbid_unknown_fields=True,
        gc=False,
    )


def _without_none(kind: Any) -> Any:
    given = tuple(one for one in kind.__args__ if one is not type(None))
    return given[0] if len(given) == 1 else kind


COMMON_FORMS = {name: form for name, form in EVENT_FORMS.items() if name not in _RARE}
"""The types of event that are read fast; the others have integers or lists."""

_STRUCTS = {name: _struct(name, form) for name, form in COMMON_FORMS.items()}
_FORMS = {_STRUCTS[name]: _CommonForm(form) for name, form in COMMON_FORMS.items()}


def _union(kinds: list[Any]) -> Any:
    joined = kinds[0]
    for kind in kinds[1:]:
        joined = joined | kind
    return joined


_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_union(list(_STRUCTS.values())))


def common_record(text: bytes, line: int) -> Record | None:
    """The record of a common line, or None where only the definition can tell."""
    if b"\\" in text:
        return None
    try:
        decoded = _DECODER.decode(text)
        form = _FORMS[type(decoded)]
        values = [convert(getattr(decoded, name)) for name, convert in form.required]
        quotes = form.quotes
        for name, convert in form.optional:
            value = getattr(decoded, name)
            if value is _ABSENT:
                values.append(None)
            else:
                values.append(convert(value))
                quotes += _QUOTES_OF_TEXT
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    ts, ref = decoded.ts, decoded.ref
    if ts is not _ABSENT:
        quotes += _QUOTES_OF_TEXT
    if ref is not _ABSENT:
        quotes += _QUOTES_OF_TEXT
    # Without backslashes every quote begins or ends a name or a text: no other character's UTF-8 has its byte.
    # A repeated field keeps its last value only, so its line has more quotes than what was decoded accounts for.
    if text.count(b'"') != quotes or not _annotations_hold(ts, ref):
        return None
    return Record(line, form.event_class(*values), ts or None, ref or None)


def _annotations_hold(ts: Any, ref: Any) -> bool:
    return (ts is _ABSENT or is_time_stamp(ts)) and (ref is _ABSENT or is_reference(ref))
