"""Final settlement: the event, its orders, when it is refused, and that a closed market's id is never used again."""

import attrs
import pytest

from marginspec.model.effects import MarketSettled, MarkSet, OrderCancelled, PositionChanged
from marginspec.model.events import Event
from marginspec.model.rejections import Reason
from marginspec.model.units import Price, Quantity
from marginspec_conformance.generator.events import (
    MINIMAL_ROWS,
    adjust,
    deposit,
    fill,
    fund,
    funding,
    leverage,
    listing,
    margin_mode,
    mark,
    new_fees,
    new_tiers,
    order,
    settle,
    trade,
)
from worlds.states import MINIMAL_NONE, balances, effects, key, moved, refusal, settled

OPEN = settled(
    *(listing(), mark("100"), listing("B"), mark("50", "B"), deposit("alice", "1000"), deposit("bob", "1000")),
    deposit("carol", "5000"),
)
OPEN_WITHOUT_A = settled(
    *(listing("B"), mark("50", "B"), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "5000"))
)
# Alice is long 5 in her cross domain, bob short 5 with 50 of his own margin.
HELD = settled(margin_mode("bob"), trade("alice", "bob", "5", "100"), state=OPEN)


@pytest.mark.rule("MKT-05", "ACC-02", "ACC-04", "JRN-01")
def test_orders_go_and_everybody_is_paid_through_clearing() -> None:
    resting = settled(
        *(order("carol", "buy", "1", "90"), order("alice", "sell", "1", "110", id="o2")),
        *(order("alice", "buy", "1", "90"), order("carol", "buy", "1", "40", id="o0", market="B")),
        state=HELD,
    )
    assert effects(resting, settle("90")) == (
        MarkSet("A", Price(90)),
        OrderCancelled("alice", "o1"),
        OrderCancelled("alice", "o2"),
        OrderCancelled("carol", "o1"),
        moved("position:bob:A:BOTH", "clearing:USD", 450, "MKT-05"),
        moved("clearing:USD", "position:alice:A:BOTH", 450, "MKT-05"),
        PositionChanged(key("alice"), Quantity(0)),
        moved("wallet:alice:USD", "position:alice:A:BOTH", 50, "ACC-02"),
        PositionChanged(key("bob"), Quantity(0)),
        moved("position:bob:A:BOTH", "isolated:bob:A:BOTH", 50, "ACC-02"),
        moved("isolated:bob:A:BOTH", "wallet:bob:USD", 100, "ACC-04"),
        MarketSettled("A", Price(90)),
    )
    closed = settled(settle("90"), state=resting)
    assert balances(closed) == {
        "external:USD": -7000,
        "wallet:alice:USD": 950,
        "wallet:bob:USD": 1050,
        "wallet:carol:USD": 5000,
    }
    assert {account: list(orders) for account, orders in closed.orders.items()} == {"carol": ["o0"]}


@pytest.mark.rule("MKT-05")
def test_what_is_left_is_as_if_the_market_had_never_been_but_for_its_id() -> None:
    busy = settled(leverage("carol", 5), order("alice", "buy", "1", "90"), leverage("carol", 2, "B"), state=HELD)
    closed = settled(settle("100"), state=busy)
    assert closed == attrs.evolve(settled(leverage("carol", 2, "B"), state=OPEN_WITHOUT_A), closed_markets=("A",))
    assert settled(settle("50", "B"), state=closed).closed_markets == ("A", "B")


NAMING: list[Event] = [
    *(new_tiers(*MINIMAL_ROWS), new_fees(), mark("100"), margin_mode("alice"), leverage("alice", 5)),
    *(adjust("bob", "1"), order("alice", "buy", "1", "100"), trade("alice", "bob", "1", "100"), funding("0")),
    *(fill("carol", "1", "100"), settle("100")),
]


@pytest.mark.rule("MKT-05")
@pytest.mark.parametrize("event", NAMING, ids=lambda event: type(event).__name__)
def test_no_event_knows_a_closed_market(event: Event) -> None:
    assert refusal(HELD, event) != Reason.UNKNOWN_MARKET
    assert refusal(settled(settle("90"), state=HELD), event) == Reason.UNKNOWN_MARKET


@pytest.mark.rule("MKT-05", "MKT-01")
def test_a_closed_market_is_not_listed_again() -> None:
    closed = settled(settle("90"), state=HELD)
    assert refusal(closed, listing()) == Reason.MARKET_EXISTS
    assert refusal(closed, listing(rows=())) == Reason.MARKET_EXISTS
    assert refusal(closed, listing("A2")) is None


@pytest.mark.rule("MKT-05", "NUM-03")
def test_the_price_is_one_like_a_mark() -> None:
    coarse = settled(listing("C", tick="5"), state=OPEN)
    assert refusal(coarse, settle("7", "C")) == Reason.NO_MARK
    marked = settled(mark("5", "C"), state=coarse)
    assert effects(marked, settle("7", "C")) == (MarkSet("C", Price(7)), MarketSettled("C", Price(7)))
    assert refusal(marked, settle("7.5", "C")) == Reason.INVALID_PRICE
    assert refusal(marked, settle("0", "C")) == Reason.INVALID_PRICE


# Five lots of dave's at 88 each; carol has closed her side to bob at 80, whose entry no lot at 88 can be closed at.
UNPAYABLE: list[Event] = [
    *(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "5000")),
    *(deposit("dave", "60"), trade("dave", "carol", "5", "100"), mark("92"), trade("carol", "bob", "5", "80")),
    margin_mode("alice"),
]


@pytest.mark.rule("MKT-05", "WTF-01", "INV-09")
def test_without_a_last_resort_a_loss_that_nobody_covers_refuses_the_event_whole() -> None:
    short = settled(*UNPAYABLE, header=MINIMAL_NONE)
    # At 80 the lots lose 5 * (88 - 80).
    assert refusal(short, settle("80")) == Reason.COVER_EXCEEDED
    assert refusal(settled(mark("80"), state=short), settle("80")) == Reason.COVER_EXCEEDED
    assert refusal(settled(fund("39"), state=short), settle("80")) == Reason.COVER_EXCEEDED
    assert settled(fund("40"), settle("80"), state=short).closed_markets == ("A",)
    assert settled(settle("88"), state=short).closed_markets == ("A",)


@pytest.mark.rule("MKT-05", "LVY-01")
def test_with_a_levy_no_loss_refuses_it() -> None:
    closed = settled(*UNPAYABLE, settle("80"))
    assert (dict(closed.positions), dict(closed.lots), closed.closed_markets) == ({}, {}, ("A",))
    assert sum(balances(closed).values()) == 0
