"""The signature of a first difference: while it stays the same, a smaller journal shows the same fault."""

from typing import NamedTuple

from marginspec.model.fields import type_name
from marginspec_conformance.driving.checking import Checked
from marginspec_conformance.stories.blaming import clause_of


class Signature(NamedTuple):
    """The type of the event, the clause, and the kind of field that differs first; a wrong reason is a verdict."""

    event: str
    clause: str
    kind: str


def signature_of(checked: Checked) -> Signature | None:
    """The signature of what was found; None if nothing differs."""
    if checked.outcome != "differs" or checked.found is None or not checked.differences:
        return None
    event = type_name(type(checked.found.expected.event))
    kind = checked.differences[0].kind
    return Signature(event, clause_of(checked.found), "verdict" if kind == "reason" else kind)
