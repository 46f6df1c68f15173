"""The specification and the optimized engine side by side: one event after another, whole receipts, whole states."""

import attrs

from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec.transition import apply
from marginspec_engine.engine import OptimizedEngine


class Pair:
    """Both engines at the same state."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.engine = OptimizedEngine(state)

    def take(self, event: Event) -> Receipt:
        """Have both take an event; their receipts are equal."""
        self.state, expected = apply(self.state, event)
        assert self.engine.apply(event) == expected, event
        return expected

    def compare(self) -> None:
        """The states of both are equal, field by field."""
        found = self.engine.state()
        for field in attrs.fields(State):
            assert getattr(found, field.name) == getattr(self.state, field.name), field.name

    def restart(self) -> None:
        """Have the optimized engine go on from its own state, read anew."""
        self.engine = OptimizedEngine(self.engine.state())
