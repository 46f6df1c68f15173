"""All sequences of events to a depth, over a small alphabet on MINIMAL; every invariant after every event."""

import pytest

from marginspec.model.events import Event
from marginspec.model.state import Header, State
from marginspec.transition import apply
from marginspec_audit import Transition, check_transition
from marginspec_conformance.generator.events import (
    adjust,
    cancel,
    deposit,
    fill,
    funding,
    listing,
    margin_mode,
    mark,
    new_fees,
    new_tiers,
    order,
    trade,
    withdraw,
)
from worlds.indexes import indexes_of, stated_indexes
from worlds.states import MINIMAL, MINIMAL_NONE, settled

# Two tiers that a few lots cross; three accounts, of which bob is isolated.
ROWS = (("0", 10, "0.05"), ("40", 5, "0.15"))
OPENING: tuple[Event, ...] = (
    *(listing(rows=ROWS, taker="0.01", share="0.5", clearance="0.3"), mark("10")),
    *(deposit("alice", "12"), deposit("bob", "14"), deposit("carol", "40"), margin_mode("bob")),
)
ALPHABET: tuple[Event, ...] = (
    *(mark("6"), mark("8"), mark("10"), mark("13")),
    *(trade("alice", "carol", "3", "10"), trade("carol", "alice", "4", "10", taker="seller")),
    *(trade("bob", "carol", "3", "9"), trade("carol", "bob", "3", "11"), trade("alice", "bob", "2", "8")),
    *(fill("carol", "1", "8"), fill("carol", "3", "7"), fill("alice", "2", "12", "short")),
    *(funding("0.1"), withdraw("carol", "20"), adjust("bob", "2"), order("alice", "buy", "2", "10"), cancel("alice")),
    *(new_tiers(("0", 4, "0.2")), new_fees(clearance="1")),
)


def explore(header: Header, depth: int) -> tuple[int, int]:
    """Take every event in every state that can be reached; gives how many transitions and states there were."""
    transitions = 0
    known = {settled(*OPENING, header=header)}
    frontier = list(known)
    for _ in range(depth):
        reached: list[State] = []
        for before in frontier:
            for event in ALPHABET:
                after, receipt = apply(before, event)
                broken = check_transition(Transition(before, event, receipt, after))
                assert broken == (), (event, before)
                transitions += 1
                if receipt.rejected is None and after not in known:
                    assert stated_indexes(after) == indexes_of(after)
                    known.add(after)
                    reached.append(after)
        frontier = reached
    return transitions, len(known)


@pytest.mark.rule("SET-01", "INV-01", "INV-02", "INV-03", "INV-04", "INV-05", "INV-06", "INV-09", "INV-11", "INV-13")
def test_every_sequence_with_levy() -> None:
    transitions, states = explore(MINIMAL, 5)
    assert transitions >= 50_000
    assert states >= 10_000


@pytest.mark.rule("SET-01", "LVY-01", "INV-06", "INV-08")
def test_every_sequence_without_a_last_resort() -> None:
    transitions, states = explore(MINIMAL_NONE, 4)
    assert transitions >= 10_000
    assert states >= 2_000
