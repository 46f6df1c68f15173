"""The optimized engine equals the specification: every receipt and every state, on seeded journals and Hypothesis'."""

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from immutables import Map

from marginspec.model.account import PositionKey
from marginspec.model.events import Event
from marginspec.model.ledger import external, position
from marginspec.model.rejections import Reason
from marginspec.model.state import State
from marginspec.model.units import Money, Price, Quantity
from marginspec_conformance.generator.aimed import Seeded, aimed_event, world
from marginspec_conformance.generator.events import ASSET, deposit, leverage, listing, mark, order, trade
from marginspec_conformance.generator.giants import giant_event, giant_world
from marginspec_engine.engine import OptimizedEngine
from marginspec_journal import InputError
from worlds.drawn import Drawn
from worlds.pair import Pair
from worlds.states import MINIMAL, minimal
from worlds.strategies import raw_events

BATCHES = 4
JOURNALS = 60
EVENTS = 90
RESTART_EVERY = 37

OPENING: tuple[Event, ...] = (
    *(listing(), mark("100"), listing("B"), mark("20", "B")),
    *(deposit("alice", "300"), deposit("bob", "300")),
)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_aimed_journals(batch: int) -> None:
    happened: Counter[str] = Counter()
    for seed in range(batch * JOURNALS, (batch + 1) * JOURNALS):
        chooser = Seeded(seed)
        opened = world(chooser)
        pair = Pair(State(header=opened.header))
        for place in range(len(opened.opening) + EVENTS):
            event = opened.opening[place] if place < len(opened.opening) else aimed_event(chooser, pair.state)
            happened.update(type(effect).__name__ for effect in pair.take(event).effects)
            if place % RESTART_EVERY == RESTART_EVERY - 1:
                pair.compare()
                pair.restart()
        pair.compare()
    assert {"DomainLiquidated", "LotOpened", "LotReduced", "Deleveraged", "OrderCancelled", "Levied"} <= set(happened)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_giants(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    wide: Counter[str] = Counter()
    widely = OptimizedEngine.apply_widely

    def counted(engine: OptimizedEngine) -> int:
        reason = widely(engine)
        wide["accepted" if reason == 0 else "rejected"] += 1
        return reason

    monkeypatch.setattr(OptimizedEngine, "apply_widely", counted)
    for seed in range(batch * JOURNALS, (batch + 1) * JOURNALS):
        chooser = Seeded(seed)
        header, opening = giant_world(chooser)
        pair = Pair(State(header=header))
        for event in opening:
            pair.take(event)
        for _ in range(EVENTS):
            pair.take(giant_event(chooser))
        pair.compare()
    assert wide["rejected"] > 0


def test_margins_past_2_to_the_61_are_compared_without_overflow() -> None:
    pair = Pair(State(header=MINIMAL))
    for event in (
        *(listing(rows=(("0", 1000, "0.00000001"),)), mark(str(2**10)), deposit("alice", str(2**55))),
        *(leverage("alice", 1000), order("alice", "buy", str(2**52), str(2**10))),
    ):
        assert pair.take(event).rejected is None
    # The order is worth 2^62, all of which is its margin at a leverage of 1; at 200 it fits the deposit.
    assert pair.take(leverage("alice", 1)).rejected == Reason.INSUFFICIENT_MARGIN
    assert pair.take(leverage("alice", 200)).rejected is None
    pair.compare()


def test_who_was_saved_by_relief_is_looked_at_after_the_next_mark() -> None:
    """At 4000 late is levied nearly all of its profit; at 150 it is healthy by what is returned, and at 30 bankrupt."""
    pair = Pair(State(header=MINIMAL))
    for event in (
        *(listing(rows=(("0", 5, "0.19"),)), mark("100"), deposit("debtor", "20"), deposit("early", "21")),
        *(deposit("late", "90"), deposit("maker", "900"), trade("early", "debtor", "1", "100")),
        *(trade("late", "early", "1", "121"), mark("4000"), mark("150")),
    ):
        assert pair.take(event).rejected is None
    found = [type(effect).__name__ for effect in pair.take(mark("30")).effects]
    assert "DomainLiquidated" in found
    pair.compare()


class Exchange(RuleBasedStateMachine):
    """Two engines that take raw and aimed events."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair(State(header=MINIMAL))

    @initialize(data=st.data())
    def open(self, data: st.DataObject) -> None:
        """Either the plain opening or a world of its own."""
        opening = OPENING
        if data.draw(st.booleans()):
            drawn = world(Drawn(data))
            self.pair, opening = Pair(State(header=drawn.header)), drawn.opening
        for event in opening:
            self.pair.take(event)

    @rule(event=raw_events())
    def raw(self, event: Event) -> None:
        """Anything well-formed."""
        self.pair.take(event)
        self.pair.compare()

    @rule(data=st.data())
    def aimed(self, data: st.DataObject) -> None:
        """Something near the edge."""
        self.pair.take(aimed_event(Drawn(data), self.pair.state))
        self.pair.compare()

    @rule(data=st.data())
    def giant(self, data: st.DataObject) -> None:
        """Something as large as it may be."""
        self.pair.take(giant_event(Drawn(data)))
        self.pair.compare()


class TestExchange(Exchange.TestCase):  # type: ignore[misc, valid-type]  # made by Hypothesis
    settings = settings(max_examples=60, stateful_step_count=30)


@pytest.mark.parametrize(
    ("quantity", "cost", "mark"),
    [(9 * 10**15, 9 * 10**7, 12_345), (1, 2**63, 1), (2**53, 0, 2**53)],
    ids=["a value past 64 bits", "a cost past 64 bits", "the largest quantity at the largest mark"],
)
def test_a_state_past_64_bits_is_refused(quantity: int, cost: int, mark: int) -> None:
    """Such a state is never reached, but a file may state it."""
    key = PositionKey("alice", "A", "BOTH")
    state = State(
        markets=Map({"A": minimal(mark=Price(mark))}),
        accounts=Map([("alice", "one_way")]),
        ledger=Map({position(*key): Money(-cost), external(ASSET): Money(cost)}),
        positions=Map({key: Quantity(quantity)}),
    )
    with pytest.raises(InputError) as refused:
        OptimizedEngine(state)
    said = "a figure in it is past the limits of NUM-03 and 64 bits: only --engine spec goes on from it"
    assert str(refused.value) == f"state: {said}"
