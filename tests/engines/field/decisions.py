"""Level 2 of the field: what the library lrvx decides at marks, beside the rulebook, on the part that it has."""

from collections.abc import Iterator

import attrs

from engines.field.libraries import Way
from engines.field.measuring import OutdatedError
from marginspec.model import events
from marginspec.model.events import Event
from marginspec_conformance.connectors.parsing import connector_of
from marginspec_conformance.connectors.session import EngineFailure, Limits
from marginspec_conformance.driving.asking import Engine
from marginspec_conformance.driving.checking import Case, Checked, Plan, check
from marginspec_conformance.protocol.messages import Accepted
from marginspec_conformance.vectors import Vector, read_vectors

PLAN = Plan(2)
PART = (
    *(events.ListMarket, events.SetLeverage, events.Deposit, events.FundInsurance),
    *(events.Trade, events.MarkPrice),
)
"""The events that the library, or the books that its adapter keeps beside it, can follow."""


@attrs.frozen
class Journal:
    """A vector's events up to the first liquidation: what comes after it is another exchange in the library."""

    vector: Vector
    events: tuple[Event, ...]

    @property
    def case(self) -> Case:
        """What is asked."""
        return Case(self.vector.header, self.events)

    @property
    def liquidates(self) -> bool:
        """Whether the rulebook liquidates at its last event."""
        answer = self.vector.answers[len(self.events) - 1]
        return isinstance(answer, Accepted) and bool(answer.liquidated)


def journals() -> list[Journal]:
    """The part of the suite that the library has: no refusals, only the events of PART, a mark after a trade."""
    found: dict[tuple[object, ...], Journal] = {}
    for vector in read_vectors():
        taken = tuple(followed(vector))
        journal = Journal(vector, taken)
        if taken and (len(taken) == len(vector.events) or journal.liquidates) and decides(taken):
            found.setdefault((vector.header, taken), journal)
    return list(found.values())


def followed(vector: Vector) -> Iterator[Event]:
    """A vector's events as far as the library can follow them."""
    if vector.opened is not None:
        return
    for event, answer in zip(vector.events, vector.answers, strict=True):
        if not isinstance(event, PART) or not isinstance(answer, Accepted):
            return
        yield event
        if answer.liquidated:
            return


def decides(taken: tuple[Event, ...]) -> bool:
    """Whether there is a mark after a trade, at which something is decided."""
    trades = [place for place, event in enumerate(taken) if isinstance(event, events.Trade)]
    return bool(trades) and any(isinstance(event, events.MarkPrice) for event in taken[trades[0] :])


@attrs.frozen
class Decided:
    """A journal and what came of it."""

    journal: Journal
    checked: Checked

    @property
    def kind(self) -> str:
        """What differs first."""
        return self.checked.differences[0].kind


def decided(way: Way) -> list[Decided]:
    """Recorded decisions beside the rulebook's; OutdatedError if a journal of today was not asked."""
    engine = Engine(connector_of(f"journal:{way.record}"), Limits(10, 10))
    try:
        return [Decided(one, check(engine, one.case, PLAN)) for one in journals()]
    except EngineFailure as failure:
        raise OutdatedError(way, failure.detail.partition(" after ")[0]) from None
