"""Declared deleveraging: an engine that cannot sell closes its lots against counterparties."""

import pytest

from marginspec.model.effects import Deleveraged, FundStatus, LotReduced, PositionChanged, ReserveStatus
from marginspec.model.rejections import Reason
from marginspec.model.units import Money, Quantity
from marginspec_conformance.generator.events import (
    declare,
    deposit,
    fill,
    fund,
    leverage,
    listing,
    margin_mode,
    mark,
    new_tiers,
    trade,
)
from worlds.states import MINIMAL_NONE, balances, effects, key, long_five_with_sixty, lot, moved, refusal, settled

DAVE = long_five_with_sixty()
# Bankrupt at 88, so 4 a lot in profit.
GAINING = settled(mark("92"), state=DAVE)
# 8 a lot in loss, which the fund covers.
LOSING = settled(fund("100"), mark("80"), state=DAVE)


@pytest.mark.rule("ADL-06", "ADL-03")
def test_a_losing_lot_closes_at_its_bankruptcy_price_though_it_is_covered() -> None:
    assert effects(LOSING, declare("2")) == (
        moved("position:carol:A:BOTH", "lot:1", 176, "ADL-03"),
        LotReduced(1, "A", Quantity(3)),
        PositionChanged(key("carol"), Quantity(-3)),
        moved("position:carol:A:BOTH", "wallet:carol:USD", 24, "ADL-03"),
        Deleveraged(1, key("carol"), Quantity(2), Money(176), Money(16)),
        ReserveStatus("A", FundStatus(deleveraged=Money(16))),
    )
    after = settled(declare("5"), state=LOSING)
    assert (dict(after.lots), dict(after.positions)) == ({}, {})
    assert balances(after) == {
        "external:USD": -3160,
        "insurance:USD": 100,
        "wallet:alice:USD": 1000,
        "wallet:bob:USD": 1000,
        "wallet:carol:USD": 1060,
    }


@pytest.mark.rule("ADL-06", "LIQ-05", "INV-07")
def test_a_gaining_lot_closes_at_the_mark_and_its_profit_goes_to_the_reserve() -> None:
    assert effects(GAINING, declare("2")) == (
        moved("position:carol:A:BOTH", "lot:1", 184, "ADL-03"),
        LotReduced(1, "A", Quantity(3)),
        PositionChanged(key("carol"), Quantity(-3)),
        moved("position:carol:A:BOTH", "wallet:carol:USD", 16, "ADL-03"),
        moved("lot:1", "reserve:A", 8, "LIQ-05"),
        Deleveraged(1, key("carol"), Quantity(2), Money(184), Money(0)),
        ReserveStatus("A", FundStatus(balance=Money(8), high_water=Money(8), inflow=Money(8))),
    )
    after = settled(declare("5"), state=GAINING)
    assert (dict(after.lots), balances(after)["reserve:A"], balances(after)["wallet:carol:USD"]) == ({}, 20, 1040)


@pytest.mark.rule("ADL-06")
def test_lots_close_oldest_first_against_the_queue_as_far_as_there_are_counterparties() -> None:
    # Erin's 2 lots, bankrupt at 88 too, are younger. Carol scores above bob, who has sold 2 and the same profit a lot.
    two = settled(*(fund("100"), deposit("erin", "24"), trade("erin", "bob", "2", "100"), mark("80")), state=DAVE)
    steps = [one for one in effects(two, declare("6")) if isinstance(one, Deleveraged)]
    assert steps == [
        Deleveraged(1, key("carol"), Quantity(5), Money(440), Money(40)),
        Deleveraged(2, key("bob"), Quantity(1), Money(88), Money(8)),
    ]
    # Bob bought back at the mark what he had sold: his profit is gone, and only carol's five can close.
    fewer = settled(trade("bob", "alice", "2", "80"), state=two)
    assert dict(settled(declare("7"), state=fewer).lots) == {2: lot(2, "erin", 2)}
    assert refusal(settled(declare("5"), state=fewer), declare("1")) == Reason.NO_COUNTERPARTY


@pytest.mark.rule("ADL-06")
def test_only_lots_of_the_declared_side_close() -> None:
    # A short of frank's is taken over as well, at 112.
    both = settled(*(deposit("frank", "60"), trade("carol", "frank", "5", "100"), mark("92"), mark("108")), state=DAVE)
    assert {one.id: one.quantity for one in both.lots.values()} == {1: 5, 2: -5}
    assert refusal(both, declare("6", "short")) == Reason.NO_INVENTORY
    assert refusal(both, declare("1", "short")) == Reason.NO_COUNTERPARTY


@pytest.mark.rule("ADL-06", "INV-08")
def test_what_is_uncovered_is_deleveraged_after_what_was_declared() -> None:
    # With last resort none 40 stays uncovered while carol, who sold at 79, gains nothing; then she sells to alice.
    state = settled(trade("carol", "bob", "5", "70"), mark("80"), state=long_five_with_sixty(MINIMAL_NONE))
    assert dict(state.uncovered) == {"USD": 40}
    assert refusal(state, declare("1")) == Reason.NO_COUNTERPARTY


@pytest.mark.rule("ADL-06", "LIQ-05")
def test_an_engine_that_cannot_sell_has_an_exit() -> None:
    """A long of 100, bankrupt at 80, mark 88, no funds: bids at 79 are refused, whatever the size."""
    stuck = settled(
        *(listing(rows=(("0", 5, "0.1"),)), mark("100"), deposit("l", "2000"), deposit("w", "200000")),
        *(deposit("bid", "200000"), leverage("l", 5), leverage("w", 5), trade("l", "w", "100", "100"), mark("88")),
    )
    assert [refusal(stuck, fill("bid", quantity, "79")) for quantity in ("100", "1")] == 2 * [Reason.COVER_EXCEEDED]
    # The lot gains 8 at the mark, so it closes there.
    done = settled(declare("100"), state=stuck)
    assert (dict(done.lots), dict(done.positions)) == ({}, {})
    assert balances(done) == {
        "external:USD": -402_000,
        "reserve:A": 800,
        "wallet:bid:USD": 200_000,
        "wallet:w:USD": 201_200,
    }


@pytest.mark.rule("ADL-06", "ACC-04")
def test_an_isolated_counterparty_that_became_flat_gets_all_its_cash() -> None:
    isolated = settled(
        *(listing(), mark("100"), deposit("carol", "1000"), deposit("dave", "60"), margin_mode("carol")),
        *(trade("dave", "carol", "5", "100"), mark("92")),
    )
    assert balances(settled(declare("5"), state=isolated)) == {
        "external:USD": -1060,
        "reserve:A": 20,
        "wallet:carol:USD": 1040,
    }


@pytest.mark.rule("ADL-06", "SET-01")
def test_what_is_declared_leaves_everybody_healthy() -> None:
    tight = settled(new_tiers(("0", 5, "0.15")), state=LOSING)
    assert dict(settled(declare("5"), state=tight).positions) == {}
