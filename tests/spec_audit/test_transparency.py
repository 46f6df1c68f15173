"""What an exchange shows: indicators of deleveraging and the status of markets."""

import pytest

from marginspec.model.effects import FundStatus
from marginspec.model.units import Money, Quantity
from marginspec.settlement.rankings import Score
from marginspec_audit.transparency import MarketStatus, indicator, indicators, market_status
from marginspec_conformance.generator.events import deposit, fill, fund, listing, margin_mode, mark, trade
from worlds.states import key, long_five_with_sixty, settled

DAVE = long_five_with_sixty()

WINNERS = (
    *(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "60"), deposit("carol", "60")),
    *(deposit("dave", "500"), deposit("erin", "1000"), margin_mode("erin")),
    *(trade("dave", "alice", "1", "100"), trade("dave", "bob", "2", "100"), trade("dave", "carol", "2", "100")),
    *(trade("dave", "erin", "1", "100"), mark("96")),
)


@pytest.mark.rule("ADL-05")
@pytest.mark.parametrize(
    ("length", "shown"),
    [(1, [4]), (2, [4, 2]), (5, [4, 3, 2, 1, 0]), (6, [4, 4, 3, 2, 1, 0]), (10, [4, 4, 3, 3, 2, 2, 1, 1, 0, 0])],
)
def test_the_indicator_is_a_quantile(length: int, shown: list[int]) -> None:
    assert [indicator(place, length) for place in range(length)] == shown


@pytest.mark.rule("ADL-05", "TRN-01")
def test_indicators_of_a_market() -> None:
    assert indicators(settled(*WINNERS), "A") == {
        key("dave"): 4,
        key("erin"): 4,
        key("bob"): 3,
        key("carol"): 2,
        key("alice"): 1,
    }


@pytest.mark.rule("TRN-01")
def test_the_status_of_a_market() -> None:
    assert market_status(DAVE, "A") == MarketStatus(
        "A", FundStatus(), 0, Quantity(0), Quantity(0), Money(0), Money(0), None
    )
    assert market_status(settled(listing("B"), state=DAVE), "B").lots == 0
    part = settled(mark("92"), fill("alice", "2", "93"), fund("9"), mark("86"), state=DAVE)
    counters = FundStatus(Money(10), Money(10), Money(10))
    assert market_status(part, "A") == MarketStatus(
        "A", counters, 1, Quantity(3), Quantity(0), Money(-6), Money(0), Score(10, 6)
    )
    lower = settled(mark("82"), state=part)
    assert market_status(lower, "A") == MarketStatus(
        "A", counters, 1, Quantity(3), Quantity(0), Money(-18), Money(8), Score(10, 18)
    )
    assert market_status(settled(mark("88"), state=part), "A").cover is None


@pytest.mark.rule("TRN-01", "LIQ-04")
def test_lots_of_both_directions_are_shown_and_not_matched() -> None:
    both = settled(*(mark("92"), deposit("erin", "60"), trade("carol", "erin", "5", "92"), mark("100")), state=DAVE)
    found = market_status(both, "A")
    assert (found.lots, found.long_lots, found.short_lots) == (2, 5, -5)
