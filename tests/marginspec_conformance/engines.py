"""The specification and the optimized engine as engines under test: both are asked as any other."""

from collections.abc import Callable
from typing import get_args

from marginspec import RULEBOOK_VERSION
from marginspec.engine import Engine
from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec.transition import SpecificationEngine
from marginspec_conformance import PROTOCOL_VERSION
from marginspec_conformance.comparing.expected import changes_of, decisions_of
from marginspec_conformance.driving.asking import reduced
from marginspec_conformance.protocol.messages import (
    Accepted,
    Answer,
    Calculated,
    Capability,
    Held,
    Hello,
    Ok,
    Refused,
    Want,
)
from marginspec_conformance.protocol.values import calculated, event_of, header_in, state_of
from marginspec_journal.canonical import JsonObject
from marginspec_journal.state_objects import state_object
from marginspec_journal.states import opening

WITH_BALANCES = ("balances", "terms")


class RulebookEngine:
    """An engine of the rulebook's own, by the protocol."""

    def __init__(self, name: str, opened: Callable[[State], Engine]) -> None:
        self._name, self._opened = name, opened
        self._begin(State())

    def hello(self) -> Hello:
        """What it says of itself: all of the rulebook, by the receipts' hash."""
        return Hello(
            protocol=PROTOCOL_VERSION,
            name=self._name,
            version=RULEBOOK_VERSION,
            language="Python",
            rulebook=RULEBOOK_VERSION,
            level=5,
            capabilities=frozenset(get_args(Capability)) - {"terms", "choices"},
        )

    def configure(self, header: JsonObject) -> Ok:
        """Take the header of a journal."""
        self._begin(State(header=header_in(header)))
        return Ok()

    def reset(self, state: JsonObject | None) -> Ok:
        """Begin anew, from nothing or from a state."""
        self._begin(State(header=self._first.header) if state is None else state_of(state))
        return Ok()

    def step(self, event: JsonObject, want: Want) -> Answer:
        """Take one event."""
        return self.take(event_of(event), want)

    def take(self, event: Event, want: Want) -> Answer:
        """Take one event; only what was wanted is told."""
        before = self._engine.state() if want in WITH_BALANCES else self._first
        receipt = self._engine.apply(event)
        self._counts[receipt.rejected is None] += 1
        if want == "receipts":
            return self._hashed(event, receipt)
        if receipt.rejected is not None:
            return Refused(receipt.rejected.value)
        liquidated, deleveraged, levied = decisions_of(receipt)
        if want not in WITH_BALANCES:
            return reduced(Accepted(liquidated, deleveraged, levied), want)
        return Accepted(liquidated, deleveraged, levied, changes_of(before, receipt, self._engine.state()))

    def state(self) -> Held:
        """The whole state."""
        refused, accepted = self._counts
        state = self._engine.state()
        return Held(state=state_object(state, events=refused + accepted, accepted=accepted, rejected=refused))

    def calc(self, question: JsonObject) -> Calculated:
        """Answer a question as `marginspec calc` does."""
        return Calculated(values=calculated(question))

    def _begin(self, state: State) -> None:
        self._first = state
        self._engine = self._opened(state)
        self._chain = opening(state).chain()
        self._counts = [0, 0]

    def _hashed(self, event: Event, receipt: Receipt) -> Answer:
        chained = self._chain.append(event, receipt).hash
        return Accepted(hash=chained) if receipt.rejected is None else Refused(reason=receipt.rejected, hash=chained)


def specification() -> RulebookEngine:
    """The specification."""
    return RulebookEngine("marginspec specification", SpecificationEngine)


def optimized() -> RulebookEngine:
    """The optimized engine; needs the extra `fast`."""
    from marginspec_engine.engine import OptimizedEngine

    return RulebookEngine("marginspec optimized engine", OptimizedEngine)
