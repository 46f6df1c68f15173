"""An event from its JSON object: the definition of what a line of a journal may hold.

The classes of events say which fields there are; how a field is read follows from its name and type.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import attrs

from marginspec.model.events import Event
from marginspec.model.market import TierTerms
from marginspec.model.rejections import Reason
from marginspec.model.units import Decimal8
from marginspec_journal.canonical import type_name
from marginspec_journal.names import is_reference, is_time_stamp
from marginspec_journal.strict_json import Node

Observed = Mapping[str, Any]

_SURROGATE = re.compile("[\ud800-\udfff]")

ANNOTATIONS = ("ts", "ref", "observed")
EVENT_CLASSES: dict[str, type[Event]] = {type_name(one): one for one in get_args(Event)}


class Record(NamedTuple):
    """An event as it stands in a journal: its line (or row) and what came with it, never used in a rule."""

    line: int
    event: Event
    ts: str | None = None
    ref: str | None = None
    observed: Observed | None = None


def _tiers(node: Node) -> tuple[TierTerms, ...]:
    return tuple(_tier(element) for element in node.elements())


def _tier(node: Node) -> TierTerms:
    row = node.record(("floor", "max_leverage", "maintenance_rate"))
    floor, rate = row["floor"].wire_decimal(), row["maintenance_rate"].wire_decimal()
    return TierTerms(floor, row["max_leverage"].integer(), rate)


def _choice(words: tuple[str, ...]) -> Callable[[Node], Any]:
    return lambda node: node.choice(words)


def _reader(kind: Any) -> Callable[[Node], Any]:
    """How a field of a type is read."""
    given = [one for one in get_args(kind) if one is not type(None)]
    if type(None) in get_args(kind):
        return _reader(given[0])
    if get_origin(kind) is Literal:
        return _choice(get_args(kind))
    readers: dict[Any, Callable[[Node], Any]] = {
        str: Node.name,
        int: Node.integer,
        bool: Node.flag,
        Decimal8: Node.wire_decimal,
        tuple[TierTerms, ...]: _tiers,
    }
    return readers[kind]


@attrs.frozen
class EventForm:
    """How a type of event is read: its required and optional fields, and how each is read."""

    event_class: type[Event]
    required: tuple[str, ...]
    optional: tuple[str, ...]
    readers: Mapping[str, Callable[[Node], Any]]


def _form(event_class: type[Event]) -> EventForm:
    fields = attrs.fields(event_class)
    hints = get_type_hints(event_class)
    return EventForm(
        event_class,
        tuple(field.name for field in fields if field.default is attrs.NOTHING),
        tuple(field.name for field in fields if field.default is not attrs.NOTHING),
        {field.name: _reader(hints[field.name]) for field in fields},
    )


EVENT_FORMS = {name: _form(event_class) for name, event_class in EVENT_CLASSES.items()}


def record_of(root: Node, line: int) -> Record:
    """The record that an object states; refuses unknown, repeated, absent and malformed fields."""
    name = root.member("type").choice(tuple(EVENT_FORMS))
    form = EVENT_FORMS[name]
    fields = root.record(("type", *form.required), (*form.optional, *ANNOTATIONS))
    values = {field: reader(fields[field]) for field, reader in form.readers.items() if field in fields}
    return Record(
        line,
        form.event_class(**values),
        _annotation(fields.get("ts"), is_time_stamp, "a time stamp of RFC 3339"),
        _annotation(fields.get("ref"), is_reference, "1 to 128 printable ASCII characters"),
        _observed(fields["observed"]) if "observed" in fields else None,
    )


def _annotation(node: Node | None, holds: Callable[[str], bool], expected: str) -> str | None:
    if node is None:
        return None
    if not holds(node.text()):
        node.fail(f"expected {expected}")
    return node.text()


def _observed(node: Node) -> Observed:
    """What the exchange's own engine answered, checked for its shape; its values are compared, not used."""
    fields = node.record((), ("accepted", "rejected", "ledger", "positions", "marks"))
    if "accepted" in fields and "rejected" in fields:
        node.fail("both accepted and rejected")
    if "accepted" in fields and not fields["accepted"].flag():
        fields["accepted"].fail("expected true")
    if "rejected" in fields:
        fields["rejected"].choice(tuple(Reason))
    for name in ("ledger", "marks"):
        for entry in _observed_entries(fields.get(name)):
            entry.wire_decimal()
    for entry in _observed_entries(fields.get("positions")):
        _observed_position(entry)
    observed: Observed = node.value
    return observed


def _observed_entries(node: Node | None) -> Iterator[Node]:
    """The fields of an object; none if it was not observed. Their names are any text that UTF-8 can hold."""
    for name, entry in node.entries() if node is not None else ():
        if _SURROGATE.search(name):
            entry.fail("not Unicode text: a lone surrogate")
        yield entry


def _observed_position(node: Node) -> None:
    """A position as in a state: its quantity, and margin mode and leverage if they were observed."""
    fields = node.record(("quantity",), ("margin_mode", "leverage"))
    fields["quantity"].wire_decimal()
    if "margin_mode" in fields:
        fields["margin_mode"].choice(("cross", "isolated"))
    if "leverage" in fields:
        fields["leverage"].integer()
