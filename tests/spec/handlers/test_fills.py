"""Fills: lots of the liquidation engine that close against a counterparty."""

import pytest

from marginspec.handlers.fills import lots_to_close
from marginspec.model.effects import FundStatus, InsuranceStatus, LotReduced, PositionChanged, ReserveStatus
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.units import Money, Quantity
from marginspec.transaction import Transaction
from marginspec_conformance.generator.events import (
    deposit,
    fill,
    fund,
    listing,
    margin_mode,
    mark,
    new_fees,
    new_limits,
    position_mode,
    trade,
)
from worlds.states import balances, effects, key, lot, moved, refusal, settled

OPEN = settled(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "5000"))

# Dave: 5 lots at 100 with 60 in cash; bankrupt at 88.
DAVE = settled(deposit("dave", "60"), trade("dave", "carol", "5", "100"), state=OPEN)

TAKEN = settled(mark("92"), state=DAVE)


@pytest.mark.rule("LIQ-05", "TRN-01", "INV-07")
def test_the_profit_of_a_fill_goes_to_the_reserve() -> None:
    paying = settled(new_fees(taker="1", maker="0.01", share="1"), state=TAKEN)
    # 2 of 5 lots at 93: 186 less 176 of cost.
    assert effects(paying, fill("alice", "2", "93")) == (
        moved("position:alice:A:BOTH", "lot:1", 186, "LIQ-05"),
        LotReduced(1, "A", Quantity(3)),
        moved("lot:1", "reserve:A", 10, "LIQ-05"),
        PositionChanged(key("alice"), Quantity(2)),
        moved("wallet:alice:USD", "insurance:USD", 2, "TRD-01"),
        ReserveStatus("A", FundStatus(balance=Money(10), high_water=Money(10), inflow=Money(10))),
        InsuranceStatus("USD", Money(2), Money(0)),
    )
    done = settled(fill("alice", "5", "93"), state=TAKEN)
    assert (dict(done.lots), dict(done.lots_in), balances(done)["reserve:A"]) == ({}, {}, 25)
    assert "lot:1" not in balances(done)


@pytest.mark.rule("LIQ-05", "TRN-01")
def test_a_fill_without_profit_and_loss_leaves_the_funds_unsaid() -> None:
    assert effects(TAKEN, fill("alice", "2", "88")) == (
        moved("position:alice:A:BOTH", "lot:1", 176, "LIQ-05"),
        LotReduced(1, "A", Quantity(3)),
        PositionChanged(key("alice"), Quantity(2)),
    )


@pytest.mark.rule("LIQ-05", "WTF-01")
def test_a_loss_draws_the_reserve_and_then_the_insurance() -> None:
    part = settled(fill("alice", "2", "93"), fund("7"), mark("87"), state=TAKEN)
    # 3 lots cost 264; at 83 they bring 249: 10 from the reserve, 5 from the fund.
    assert effects(part, fill("alice", "3", "83"))[2:4] == (
        moved("reserve:A", "lot:1", 10, "WTF-01"),
        moved("insurance:USD", "lot:1", 5, "WTF-01"),
    )
    done = settled(fill("alice", "3", "83"), state=part)
    assert done.fund_status["A"] == FundStatus(Money(0), Money(10), Money(10), Money(10), Money(5))
    assert refusal(part, fill("alice", "3", "82")) == Reason.COVER_EXCEEDED
    assert refusal(part, fill("alice", "3", "10")) == Reason.COVER_EXCEEDED


@pytest.mark.rule("LIQ-05")
def test_a_fill_may_not_leave_more_shortfall_than_before() -> None:
    # 10 in the reserve; at a mark of 86 three lots lose 6, which it covers until a fill empties it.
    part = settled(fill("alice", "2", "93"), mark("86"), state=TAKEN)
    # One lot at 82 loses 6: 4 are left, as two lots lose 4. At 81 it loses 7.
    assert refusal(part, fill("alice", "1", "82")) is None
    assert refusal(part, fill("alice", "1", "81")) == Reason.COVER_EXCEEDED


@pytest.mark.rule("LIQ-04", "LIQ-05")
def test_lots_are_filled_oldest_first_profits_before_losses() -> None:
    # Erin's 5 lots at 95 with 30: bankrupt at 89; dave's are lot 1 at 88 each.
    two = settled(*(mark("95"), deposit("erin", "48"), trade("erin", "carol", "5", "95"), mark("92")), state=DAVE)
    assert {name: amount for name, amount in balances(two).items() if name.startswith("lot")} == {"lot:1": -440}
    both = settled(mark("89"), state=two)
    costs = {name: -amount for name, amount in balances(both).items() if name.startswith("lot")}
    assert costs == {"lot:1": 440, "lot:2": 475 - 48}
    # At 86 lot 1 loses 10 and lot 2 gains 3; at 87 lot 1 loses 5 and three of lot 2 gain 4.8, down.
    assert refusal(both, fill("bob", "10", "86")) == Reason.COVER_EXCEEDED
    assert refusal(both, fill("bob", "8", "87")) == Reason.COVER_EXCEEDED
    assert effects(settled(fund("1"), state=both), fill("bob", "8", "87"))[:7] == (
        moved("position:bob:A:BOTH", "lot:1", 435, "LIQ-05"),
        LotReduced(1, "A", Quantity(0)),
        moved("position:bob:A:BOTH", "lot:2", 261, "LIQ-05"),
        LotReduced(2, "A", Quantity(2)),
        moved("lot:2", "reserve:A", 4, "LIQ-05"),
        moved("reserve:A", "lot:1", 4, "WTF-01"),
        moved("insurance:USD", "lot:1", 1, "WTF-01"),
    )
    assert lots_to_close(Transaction(both), fill("bob", "8", "87"), Quantity(8)) == (
        (lot(1, "dave", 5), 5),
        (lot(2, "erin", 5), 3),
    )
    with pytest.raises(Rejected, match="NO_INVENTORY"):
        lots_to_close(Transaction(both), fill("bob", "11", "87"), Quantity(11))
    with pytest.raises(Rejected, match="NO_INVENTORY"):
        lots_to_close(Transaction(both), fill("bob", "1", "87", "short"), Quantity(1))


@pytest.mark.rule("LIQ-05")
def test_short_lots_are_sold_to_who_goes_short() -> None:
    short = settled(deposit("dave", "60"), trade("carol", "dave", "5", "100"), mark("108"), state=OPEN)
    # At 108: equity 20, maintenance 27; cost -(540 + 20).
    assert (dict(short.lots), balances(short)["lot:1"]) == ({1: lot(1, "dave", -5)}, 560)
    assert lot(1, "dave", -5).direction == "short"
    done = settled(fill("alice", "5", "107", "short"), state=short)
    assert (balances(done)["reserve:A"], done.positions[key("alice")]) == (25, -5)
    assert refusal(short, fill("alice", "5", "107")) == Reason.NO_INVENTORY
    assert settled(fill("carol", "5", "107", "short"), state=short).positions.get(key("carol")) is None


@pytest.mark.rule("LIQ-05", "TRD-02")
def test_the_counterparty_is_tested_as_in_a_trade() -> None:
    poor = settled(deposit("zoe", "20"), position_mode("zoe"), state=TAKEN)
    assert refusal(poor, fill("zoe", "3", "92")) == Reason.INSUFFICIENT_MARGIN
    assert refusal(poor, fill("zoe", "5", "92")) == Reason.UNHEALTHY
    assert settled(fill("zoe", "2", "92"), state=poor).positions[key("zoe", "A", "LONG")] == 2
    assert refusal(poor, fill("zoe", "2", "92", counterparty_side="SHORT")) == Reason.WRONG_POSITION_SIDE
    assert refusal(poor, fill("zoe", "2", "92", counterparty_side="BOTH")) == Reason.WRONG_POSITION_SIDE
    lonely = settled(deposit("yan", "18"), margin_mode("yan"), state=TAKEN)
    assert refusal(lonely, fill("yan", "2", "92")) == Reason.INSUFFICIENT_BALANCE
    assert settled(fill("yan", "1", "92"), state=lonely).positions[key("yan")] == 1


@pytest.mark.rule("LIQ-05")
def test_without_lots_there_is_nothing_to_fill() -> None:
    assert refusal(OPEN, fill("alice", "1", "92")) == Reason.NO_INVENTORY


@pytest.mark.rule("MKT-04", "LIQ-05")
@pytest.mark.parametrize(
    ("price", "reason"),
    [
        # 2.5% of 92 is 2.3, and 5% is 4.6, which is widened to 5.
        *[("90", None), ("89", Reason.PRICE_OUT_OF_BAND), ("97", None), ("98", Reason.PRICE_OUT_OF_BAND)]
    ],
)
def test_a_fill_is_bound_to_the_price_band_and_on_its_worse_side_to_the_fill_band(
    price: str, reason: Reason | None
) -> None:
    limited = settled(new_limits(band="0.05", fill_band="0.025"), state=TAKEN)
    assert refusal(limited, fill("alice", "1", price)) == reason


@pytest.mark.rule("MKT-04", "LIQ-05")
def test_of_short_lots_the_worse_side_is_above_the_mark() -> None:
    shorts = settled(deposit("dave", "60"), trade("carol", "dave", "5", "100"), mark("108"), state=OPEN)
    limited = settled(fund("50"), new_limits(fill_band="0.03"), state=shorts)
    # 3% of 108 is 3.24.
    assert refusal(limited, fill("bob", "1", "112", "short")) == Reason.PRICE_OUT_OF_BAND
    for price in ("111", "108", "1"):
        assert refusal(limited, fill("bob", "1", price, "short")) is None


@pytest.mark.rule("TRD-01", "LIQ-05")
def test_a_counterparty_pays_what_is_stated_or_gets_it_from_the_house() -> None:
    rich = settled(trade("bob", "carol", "1", "92", buyer_fee="4"), new_fees(maker="0.5"), state=TAKEN)
    assert effects(rich, fill("alice", "2", "93", counterparty_fee="-3")) == (
        moved("position:alice:A:BOTH", "lot:1", 186, "LIQ-05"),
        LotReduced(1, "A", Quantity(3)),
        moved("lot:1", "reserve:A", 10, "LIQ-05"),
        PositionChanged(key("alice"), Quantity(2)),
        moved("house:USD", "wallet:alice:USD", 3, "TRD-01"),
        ReserveStatus("A", FundStatus(balance=Money(10), high_water=Money(10), inflow=Money(10))),
    )
    paid = effects(rich, fill("alice", "2", "93", counterparty_fee="7"))
    assert paid[4] == moved("wallet:alice:USD", "house:USD", 7, "TRD-01")
    assert refusal(rich, fill("alice", "2", "93", counterparty_fee="-5")) == Reason.INSUFFICIENT_FUNDS
    assert refusal(rich, fill("alice", "2", "93", counterparty_fee="187")) == Reason.INVALID_AMOUNT


@pytest.mark.rule("LIQ-05", "WTF-02")
def test_a_lot_that_is_closed_whole_may_not_take_the_cover_of_another_market() -> None:
    owing = (deposit("dave", "60"), deposit("erin", "60"), fund("40"), listing("B"), mark("100", "B"))
    taken = (trade("dave", "carol", "5", "100"), trade("erin", "carol", "5", "100", market="B"), mark("92", "B"))
    # Dave's lot loses 40 at 80, which is all of the insurance fund; erin's was taken at 88.
    short = settled(*owing, *taken, mark("92"), mark("80"), state=OPEN)
    assert balances(short)["insurance:USD"] == 40
    assert refusal(short, fill("alice", "5", "86", market="B")) == Reason.COVER_EXCEEDED
    assert refusal(short, fill("alice", "5", "88", market="B")) is None
