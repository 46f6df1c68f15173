"""Seeded journals aimed at the edges of solvency; every invariant after every event."""

from collections import Counter

import pytest

from marginspec.model.state import State
from marginspec.settlement import settle as settlement
from marginspec.transaction import Transaction
from marginspec.transition import apply
from marginspec_audit import Transition, check_transition
from marginspec_conformance.generator.aimed import Seeded, aimed_event, world
from worlds.indexes import indexes_of, stated_indexes

BATCHES = 10
JOURNALS = 40
EVENTS = 90


def journal(seed: int, happened: Counter[str]) -> None:
    """One journal in a world of its own."""
    chooser = Seeded(seed)
    opened = world(chooser)
    state = State(header=opened.header)
    for place in range(len(opened.opening) + EVENTS):
        event = opened.opening[place] if place < len(opened.opening) else aimed_event(chooser, state)
        after, receipt = apply(state, event)
        broken = check_transition(Transition(state, event, receipt, after))
        assert broken == (), (seed, place, event)
        happened.update({type(effect).__name__ for effect in receipt.effects})
        state = after
    assert stated_indexes(state) == indexes_of(state), seed


@pytest.mark.rule("SET-01", "LIQ-01", "ADL-01", "LVY-01", "INV-04", "INV-05", "INV-06", "INV-08", "INV-12", "INV-13")
@pytest.mark.parametrize("batch", range(BATCHES))
def test_solvency_holds(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: Counter[int] = Counter()
    once = settlement.liquidate_unhealthy

    def counted(transaction: Transaction) -> None:
        rounds[id(transaction)] += 1
        assert rounds[id(transaction)] <= 2
        once(transaction)

    def settled_once(transaction: Transaction) -> None:
        rounds.clear()
        settle(transaction)

    settle = settlement.settle
    monkeypatch.setattr(settlement, "liquidate_unhealthy", counted)
    monkeypatch.setattr("marginspec.transition.settle", settled_once)
    happened: Counter[str] = Counter()
    for seed in range(batch * JOURNALS, (batch + 1) * JOURNALS):
        journal(seed, happened)
    seen = {"DomainLiquidated", "LotOpened", "LotReduced", "Deleveraged", "Transferred", "OrderCancelled"}
    assert seen <= set(happened)
