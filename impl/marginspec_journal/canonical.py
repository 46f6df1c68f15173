r"""Canonical JSON: the one text of a header, an event or a receipt, of which hashes are taken.

Keys are sorted by code point, there is no white space, every amount is a decimal string, and what is not
ASCII is escaped as \uXXXX in lower case. Objects are built with their keys in order, which spares sorting.
"""

import re
from collections.abc import Callable
from hashlib import sha256
from operator import attrgetter
from typing import Any, get_args, get_type_hints

import attrs
import msgspec

from marginspec import RULEBOOK_VERSION
from marginspec.model.events import Event
from marginspec.model.market import TierTerms
from marginspec.model.state import Header
from marginspec.model.units import Decimal8
from marginspec_journal.decimals import shortest_decimal

JsonObject = dict[str, Any]

JOURNAL_VERSION = 1

_NOT_ASCII = re.compile("[^\x00-\x7f]")


def canonical_json(value: JsonObject) -> bytes:
    """Canonical JSON of an object whose keys, like those of every object in it, are already in order."""
    encoded = msgspec.json.encode(value)
    return encoded if encoded.isascii() else _escaped(encoded)


def sorted_json(value: JsonObject) -> bytes:
    """Canonical JSON of an object with its keys in any order."""
    encoded = msgspec.json.encode(value, order="sorted")
    return encoded if encoded.isascii() else _escaped(encoded)


def _escaped(encoded: bytes) -> bytes:
    # Names are of the Basic Multilingual Plane, so one escape is enough for any character.
    return _NOT_ASCII.sub(lambda found: f"\\u{ord(found[0]):04x}", encoded.decode()).encode("ascii")


def header_object(header: Header) -> JsonObject:
    """The header with every default filled in; assets as they were given, each with its decimals."""
    decimals = header.asset_decimals
    return {
        "assets": {asset: {"decimals": decimals[asset]} for asset in sorted(decimals)},
        "journal": JOURNAL_VERSION,
        "profile": {"adl_ranking": header.profile.adl_ranking, "last_resort": header.profile.last_resort},
        "rulebook": RULEBOOK_VERSION,
    }


def header_hash(header: Header) -> bytes:
    """What the chain of a journal starts from: SHA-256 of the canonical header, 32 bytes."""
    return sha256(canonical_json(header_object(header))).digest()


def type_name(event_class: type) -> str:
    """The name of a class of events on the wire: list_market for ListMarket."""
    return re.sub("(?<!^)(?=[A-Z])", "_", event_class.__name__).lower()


def event_object(event: Event) -> JsonObject:
    """An event as a journal states it, without ts, ref and observed; decimals in their shortest form.

    The shortest form (0.1 for 0.10) makes JSON Lines and Parquet agree. Optional fields that are absent
    are left out. No field sorts behind the type.
    """
    form = _EVENT_FORMS[type(event)]
    encoded: JsonObject = dict(zip(form.names, form.values(event), strict=True))
    for name, convert in form.converted:
        encoded[name] = convert(encoded[name])
    for name in form.optional:
        if encoded[name] is None:
            del encoded[name]
    encoded["type"] = form.event_type
    return encoded


def event_hash(event: Event) -> str:
    """SHA-256 of the canonical event, in hexadecimal."""
    return sha256(canonical_json(event_object(event))).hexdigest()


def _terms_objects(terms: tuple[TierTerms, ...]) -> list[JsonObject]:
    return [
        {
            "floor": shortest_decimal(row.floor),
            "maintenance_rate": shortest_decimal(row.maintenance_rate),
            "max_leverage": row.max_leverage,
        }
        for row in terms
    ]


Convert = Callable[[Any], Any]

_CONVERTS: dict[Any, Convert] = {Decimal8: shortest_decimal, tuple[TierTerms, ...]: _terms_objects}


@attrs.frozen
class _EventForm:
    """How a class of events is written: its fields in order, what turns some into JSON, which may be absent."""

    event_type: str
    names: tuple[str, ...]
    values: Callable[[Event], tuple[Any, ...]]
    converted: tuple[tuple[str, Convert], ...]
    optional: tuple[str, ...]


def _event_form(event_class: type[Event]) -> _EventForm:
    fields = sorted(attrs.fields(event_class), key=lambda field: field.name)
    names, types = tuple(field.name for field in fields), get_type_hints(event_class)
    converted = tuple((name, _CONVERTS[types[name]]) for name in names if types[name] in _CONVERTS)
    optional = tuple(field.name for field in fields if field.default is None)
    return _EventForm(type_name(event_class), names, attrgetter(*names), converted, optional)


# A field on the wire has the name of the class's field, so the classes themselves say how events are written.
_EVENT_FORMS = {event_class: _event_form(event_class) for event_class in get_args(Event)}
