"""Hypothesis runs events of every kind against one exchange, and every invariant after each."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec.transition import apply
from marginspec_audit import Transition, check_transition
from marginspec_conformance.generator.aimed import aimed_event, world
from marginspec_conformance.generator.events import deposit, listing, mark
from worlds.drawn import Drawn
from worlds.indexes import indexes_of, stated_indexes
from worlds.states import MINIMAL, settled
from worlds.strategies import raw_events

OPENING: tuple[Event, ...] = (
    *(listing(), mark("100"), listing("B"), mark("20", "B")),
    *(deposit("alice", "300"), deposit("bob", "300")),
)


class Exchange(RuleBasedStateMachine):
    """An exchange that takes raw and aimed events."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State(header=MINIMAL)

    def take(self, event: Event) -> None:
        """One event, with every check on."""
        before = self.state
        self.state, receipt = apply(before, event)
        assert check_transition(Transition(before, event, receipt, self.state)) == ()
        assert stated_indexes(self.state) == indexes_of(self.state)

    @initialize(data=st.data())
    def open(self, data: st.DataObject) -> None:
        """Either the plain opening or a world of its own."""
        if data.draw(st.booleans()):
            drawn = world(Drawn(data))
            self.state = State(header=drawn.header)
            for event in drawn.opening:
                self.take(event)
        else:
            self.state = settled(*OPENING)

    @rule(event=raw_events())
    def raw(self, event: Event) -> None:
        """Anything well-formed."""
        self.take(event)

    @rule(data=st.data())
    def aimed(self, data: st.DataObject) -> None:
        """Something near the edge."""
        self.take(aimed_event(Drawn(data), self.state))

    @rule(data=st.data())
    def aimed_again(self, data: st.DataObject) -> None:
        """More of the same, as it finds more."""
        self.take(aimed_event(Drawn(data), self.state))


@pytest.mark.rule("SET-01", "INV-01", "INV-02", "INV-03", "INV-04", "INV-05", "INV-06", "INV-07", "INV-08", "INV-09")
class TestExchange(Exchange.TestCase):  # type: ignore[misc, valid-type]  # made by Hypothesis
    settings = settings(max_examples=60, stateful_step_count=30)
