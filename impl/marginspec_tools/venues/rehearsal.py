"""What `import` writes, run by the rules before it is written: a journal whose beginning they refuse is none."""

from collections.abc import Sequence
from typing import Any

import msgspec

from marginspec.model.rejections import Reason
from marginspec.model.state import State
from marginspec.transition import SpecificationEngine
from marginspec_journal import InputError
from marginspec_journal.events import record_of
from marginspec_journal.header import header_of
from marginspec_journal.states import state_in
from marginspec_journal.strict_json import Node, parse_document

Line = dict[str, Any]
OF_JOURNALS = {
    *(Reason.UNKNOWN_MARKET, Reason.UNKNOWN_ACCOUNT, Reason.NO_MARK, Reason.INVALID_PRICE, Reason.INVALID_QUANTITY),
    *(Reason.INVALID_AMOUNT, Reason.WRONG_POSITION_SIDE, Reason.OUT_OF_RANGE),
}
"""Reasons that say something of the journal, and nothing of the venue that did what it tells."""
WITHOUT_RATES = "it is funding, which without its rate and mark is told as a withdrawal"


def rehearse(lines: Sequence[Line], name: str, state: tuple[str, Line] | None = None) -> None:
    """Refuse a journal if the rules refuse what leads up to its events, by its line and the reason.

    An event that the venue accepted and the rules refuse is for an audit to find, unless the reason is one of journals.
    A journal that goes on from a state is given that, with its name.
    """
    header, *events = (as_read(line, name, number) for number, line in enumerate(lines, 1))
    opened = State(header=header_of(header)) if state is None else state_in(as_read(state[1], state[0])).state
    engine = SpecificationEngine(opened)
    for number, (line, node) in enumerate(zip(lines[1:], events, strict=True), 2):
        rejected = engine.apply(record_of(node, number).event).rejected
        if rejected is not None and ("observed" not in line or rejected in OF_JOURNALS):
            what = " of ".join(line[field] for field in ("type", "market") if field in line)
            hint = f"; {WITHOUT_RATES}" if line["type"] == "withdraw" and "observed" not in line else ""
            reason = f"nothing is written, since the rules refuse its {what}: {rejected}{hint}"
            raise InputError(name, number, None, reason)


def as_read(line: Line, name: str, number: int | None = None) -> Node:
    """A document that is to be written, as it will be read."""
    return parse_document(msgspec.json.encode(line), name, number)
