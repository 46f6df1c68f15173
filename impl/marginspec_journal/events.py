"""Events as JSON objects: what a line of a journal may hold, and what of it is hashed."""

from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple, get_args

from marginspec.model.events import Event
from marginspec_journal.canonical import JsonObject, canonical_text
from marginspec_journal.names import is_reference, is_time_stamp
from marginspec_journal.observed import Observed, observed_of
from marginspec_journal.records import TYPE, RecordForm
from marginspec_journal.strict_json import Node

ANNOTATIONS = ("ts", "ref", "observed")
EVENT_FORMS = {form.name: form for form in (RecordForm(one, typed=True) for one in get_args(Event))}
_ENCODERS = {form.record: form.encode for form in EVENT_FORMS.values()}
_WRITERS = {form.record: form.text for form in EVENT_FORMS.values()}


class Record(NamedTuple):
    """An event as it stands in a journal: its line (or row) and what came with it, never used in a rule."""

    line: int
    event: Event
    ts: str | None = None
    ref: str | None = None
    observed: Observed | None = None


def event_object(event: Event) -> JsonObject:
    """An event as a journal states it, without ts, ref and observed; decimals in their shortest form.

    The shortest form (0.1 for 0.10) makes JSON Lines and Parquet agree. Optional fields that are absent
    are left out. No field sorts after the type.
    """
    return _ENCODERS[type(event)](event)


def event_hash(event: Event) -> str:
    """SHA-256 of the canonical event, in hexadecimal."""
    return sha256(canonical_text(_WRITERS[type(event)](event))).hexdigest()


def record_of(root: Node, line: int) -> Record:
    """The record that an object states; refuses unknown, repeated, absent and malformed fields."""
    form = EVENT_FORMS[root.member(TYPE).choice(tuple(EVENT_FORMS))]
    fields = form.fields(root, *ANNOTATIONS)
    return Record(
        line,
        form.build(form.values(fields)),
        _annotation(fields.get("ts"), is_time_stamp, "a time stamp of RFC 3339"),
        _annotation(fields.get("ref"), is_reference, "1 to 128 printable ASCII characters"),
        observed_of(fields["observed"]) if "observed" in fields else None,
    )


def _annotation(node: Node | None, holds: Callable[[str], bool], expected: str) -> str | None:
    if node is None:
        return None
    if not holds(node.text()):
        node.fail(f"expected {expected}")
    return node.text()
