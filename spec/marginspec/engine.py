"""What any engine offers, so that the specification and others can be exchanged and compared."""

from typing import Protocol

from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.state import State


class Engine(Protocol):
    """An exchange that takes one event after another."""

    def apply(self, event: Event) -> Receipt:
        """Take one event; a rejected one leaves the state as it was."""

    def state(self) -> State:
        """The state after the events so far."""
