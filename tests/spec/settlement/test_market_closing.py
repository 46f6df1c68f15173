"""Closing a market: lots of both signs, profits before losses, what the reserve leaves, domains of several markets."""

import attrs
import pytest

from marginspec.margin.margin import domain_margin
from marginspec.model.effects import (
    FundStatus,
    InsuranceStatus,
    LotReduced,
    MarketSettled,
    MarkSet,
    PositionChanged,
    ReliefReturned,
    ReserveStatus,
    UncoveredChanged,
)
from marginspec.model.units import Money, Price, Quantity
from marginspec_conformance.generator.events import (
    adjust,
    deposit,
    fill,
    fund,
    listing,
    margin_mode,
    mark,
    position_mode,
    settle,
    trade,
)
from worlds.states import (
    MINIMAL_NONE,
    UNPAYABLE,
    balances,
    claims,
    cross,
    effects,
    isolated_domain,
    key,
    moved,
    settled,
)

OPEN = settled(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "5000"))
# Dave's 5 lots at 88 each; carol is short against them.
TAKEN = settled(deposit("dave", "60"), trade("dave", "carol", "5", "100"), mark("92"), state=OPEN)
# Two of them are sold to alice at 93, which leaves 10 in the reserve.
SOLD = settled(fill("alice", "2", "93"), state=TAKEN)


@pytest.mark.rule("MKT-05", "LIQ-05", "INV-07", "TRN-01")
def test_a_lots_profit_passes_through_the_reserve_to_insurance() -> None:
    # Three lots cost 264, and bring 273 at 91.
    assert effects(SOLD, settle("91")) == (
        MarkSet("A", Price(91)),
        moved("position:carol:A:BOTH", "clearing:USD", 455, "MKT-05"),
        moved("clearing:USD", "position:alice:A:BOTH", 182, "MKT-05"),
        moved("clearing:USD", "lot:1", 273, "MKT-05"),
        PositionChanged(key("alice"), Quantity(0)),
        moved("wallet:alice:USD", "position:alice:A:BOTH", 4, "ACC-02"),
        PositionChanged(key("carol"), Quantity(0)),
        moved("position:carol:A:BOTH", "wallet:carol:USD", 45, "ACC-02"),
        LotReduced(1, "A", Quantity(0)),
        moved("lot:1", "reserve:A", 9, "LIQ-05"),
        moved("reserve:A", "insurance:USD", 19, "MKT-05"),
        ReserveStatus("A", FundStatus(high_water=Money(19), inflow=Money(19), outflow=Money(19))),
        MarketSettled("A", Price(91)),
        InsuranceStatus("USD", Money(19), Money(0)),
    )


@pytest.mark.rule("MKT-05", "WTF-01", "INV-08")
def test_a_lots_loss_draws_the_reserve_first() -> None:
    assert effects(SOLD, settle("86"))[-6:] == (
        LotReduced(1, "A", Quantity(0)),
        moved("reserve:A", "lot:1", 6, "WTF-01"),
        moved("reserve:A", "insurance:USD", 4, "MKT-05"),
        ReserveStatus("A", FundStatus(high_water=Money(10), inflow=Money(10), outflow=Money(10))),
        MarketSettled("A", Price(86)),
        InsuranceStatus("USD", Money(4), Money(0)),
    )
    # At 83 they bring 249: 10 from the reserve, 5 from the fund, and nothing is left of the reserve.
    assert effects(settled(fund("7"), state=SOLD), settle("83"))[-5:] == (
        moved("reserve:A", "lot:1", 10, "WTF-01"),
        moved("insurance:USD", "lot:1", 5, "WTF-01"),
        ReserveStatus(
            "A", FundStatus(high_water=Money(10), inflow=Money(10), outflow=Money(10), insurance_drawn=Money(5))
        ),
        MarketSettled("A", Price(83)),
        InsuranceStatus("USD", Money(2), Money(0)),
    )


@pytest.mark.rule("MKT-05", "LIQ-05", "LIQ-04")
def test_profits_of_lots_come_before_losses_and_shorts_before_longs() -> None:
    # Erin's 5 short lots cost -(5 * 112); at 108 she is taken over beside dave's 5 at 88.
    both = settled(
        *(mark("100"), deposit("erin", "60"), trade("carol", "erin", "5", "100"), mark("108"), fund("50")), state=TAKEN
    )
    assert {name: cost for name, cost in balances(both).items() if name.startswith("lot")} == {
        "lot:1": -440,
        "lot:2": 560,
    }
    # At 86 lot 1 loses 10, and lot 2 gains 130; carol is flat.
    assert effects(both, settle("86"))[1:] == (
        moved("lot:2", "clearing:USD", 430, "MKT-05"),
        moved("clearing:USD", "lot:1", 430, "MKT-05"),
        LotReduced(1, "A", Quantity(0)),
        LotReduced(2, "A", Quantity(0)),
        moved("lot:2", "reserve:A", 130, "LIQ-05"),
        moved("reserve:A", "lot:1", 10, "WTF-01"),
        moved("reserve:A", "insurance:USD", 120, "MKT-05"),
        ReserveStatus("A", FundStatus(high_water=Money(130), inflow=Money(130), outflow=Money(130))),
        MarketSettled("A", Price(86)),
        InsuranceStatus("USD", Money(170), Money(0)),
    )


@pytest.mark.rule("MKT-05", "LIQ-03", "INV-08")
def test_a_domain_that_the_price_makes_unhealthy_is_liquidated_first() -> None:
    held = settled(deposit("dave", "60"), trade("dave", "carol", "5", "100"), state=OPEN)
    closed = settled(settle("85"), state=held)
    # Dave's lots at 88 lose 15, for which carol is deleveraged at 88.
    assert balances(closed) == {
        "external:USD": -7060,
        "wallet:alice:USD": 1000,
        "wallet:bob:USD": 1000,
        "wallet:carol:USD": 5060,
    }
    assert (dict(closed.lots), closed.next_lot) == ({}, 2)


@pytest.mark.rule("MKT-05", "ACC-03")
def test_a_cross_domain_keeps_its_equity_and_its_other_markets() -> None:
    held = settled(
        *(listing("B"), mark("50", "B"), trade("alice", "bob", "5", "100"), trade("bob", "alice", "8", "50", "B")),
        *(mark("110"), mark("45", "B")),
        state=OPEN,
    )
    before = domain_margin(held, cross("alice"))
    closed = settled(settle("110"), state=held)
    after = domain_margin(closed, cross("alice"))
    assert (before.equity, before.cash, len(before.positions)) == (1090, 1000, 2)
    assert (after.equity, after.cash, [position.key for position in after.positions]) == (
        *(1090, 1050),
        [key("alice", "B")],
    )
    assert dict(closed.open_value) == {"USD": 360}
    assert (
        settled(settle("45", "B"), state=closed).ledger == settled(settle("110"), settle("45", "B"), state=held).ledger
    )


@pytest.mark.rule("MKT-05", "ACC-04")
@pytest.mark.parametrize("mode", ["cross", "isolated"])
def test_both_sides_of_a_hedge_close(mode: str) -> None:
    opened = settled(position_mode("alice"), *([margin_mode("alice")] if mode == "isolated" else []), state=OPEN)
    held = settled(trade("alice", "bob", "3", "100"), trade("carol", "alice", "2", "110"), state=opened)
    closed = settled(settle("90"), state=held)
    # The long loses 3 * 10, the short gains 2 * 20.
    assert balances(closed) == {
        "external:USD": -7000,
        "wallet:alice:USD": 1010,
        "wallet:bob:USD": 1030,
        "wallet:carol:USD": 4960,
    }
    assert dict(closed.settings) == {}


@pytest.mark.rule("MKT-05", "LVY-01", "WTF-02")
def test_what_a_market_hands_over_covers_what_another_lacked() -> None:
    """With last resort `none`: 40 of market A have no cover until B hands 25 over."""
    short = settled(
        *(listing(), mark("100"), listing("B"), mark("100", "B"), deposit("alice", "1000"), deposit("bob", "1000")),
        *(deposit("carol", "5000"), deposit("dave", "60"), trade("dave", "carol", "5", "100"), mark("92")),
        *(trade("carol", "bob", "5", "80"), deposit("erin", "60"), trade("erin", "carol", "5", "100", "B")),
        *(mark("92", "B"), fill("carol", "5", "93", market="B"), mark("80")),
        header=MINIMAL_NONE,
    )
    assert (dict(short.uncovered), balances(short)["reserve:B"]) == ({"USD": 40}, 25)
    found = effects(short, settle("93", "B"))
    assert found[-4:] == (
        ReserveStatus("B", FundStatus(high_water=Money(25), inflow=Money(25), outflow=Money(25))),
        MarketSettled("B", Price(93)),
        UncoveredChanged("USD", Money(15)),
        InsuranceStatus("USD", Money(25), Money(0)),
    )


@pytest.mark.rule("MKT-05")
def test_an_empty_market_closes_silently() -> None:
    assert effects(OPEN, settle("100")) == (MarkSet("A", Price(100)), MarketSettled("A", Price(100)))
    closed = settled(settle("100"), state=OPEN)
    assert closed == attrs.evolve(OPEN, markets=OPEN.markets.delete("A"), closed_markets=("A",))


@pytest.mark.rule("MKT-05", "WTF-01", "LVY-02")
def test_what_a_lot_loses_beyond_the_insurance_fund_is_drawn_from_relief() -> None:
    # 88 are lent; at 850 the lot loses 38, so that 50 go back first.
    levied = settled(*UNPAYABLE)
    assert effects(levied, settle("850")) == (
        MarkSet("A", Price(850)),
        moved("relief:USD", "wallet:bob:USD", 47, "LVY-02"),
        ReliefReturned(cross("bob"), Money(47)),
        moved("relief:USD", "wallet:carol:USD", 3, "LVY-02"),
        ReliefReturned(cross("carol"), Money(3)),
        moved("position:bob:A:BOTH", "clearing:USD", 850, "MKT-05"),
        moved("clearing:USD", "lot:1", 850, "MKT-05"),
        PositionChanged(key("bob"), Quantity(0)),
        moved("position:bob:A:BOTH", "wallet:bob:USD", 30, "ACC-02"),
        LotReduced(1, "A", Quantity(0)),
        moved("relief:USD", "lot:1", 38, "WTF-01"),
        MarketSettled("A", Price(850)),
        InsuranceStatus("USD", Money(0), Money(0)),
    )
    assert claims(settled(settle("850"), state=levied)) == {}


@pytest.mark.rule("MKT-05", "LVY-02", "LVY-01")
def test_a_claim_outlives_the_market_of_an_isolated_domain() -> None:
    levied = settled(
        *(*UNPAYABLE[:-1], listing("B"), mark("100", "B"), margin_mode("carol", market="B")),
        *(trade("carol", "bob", "5", "100", "B"), adjust("carol", "5000", "B"), UNPAYABLE[-1]),
    )
    lent = {cross("bob"): 82, isolated_domain("carol", "B"): 6}
    assert claims(levied) == lent
    closed = settled(settle("101", "B"), state=levied)
    assert (claims(closed), balances(closed)["wallet:carol:USD"]) == (lent, 5119)
    assert effects(closed, mark("850"))[3:5] == (
        moved("relief:USD", "wallet:carol:USD", 3, "LVY-02"),
        ReliefReturned(isolated_domain("carol", "B"), Money(3)),
    )


@pytest.mark.rule("MKT-05", "LVY-02", "INV-07")
def test_what_a_reserve_hands_over_lets_relief_go_back() -> None:
    # A reserve of 25 covers nothing of A's 88; in the insurance fund it does.
    reserved = settled(
        *(*UNPAYABLE[:-1], listing("B"), mark("100", "B"), deposit("dave", "60")),
        *(trade("dave", "carol", "5", "100", "B"), mark("92", "B")),
        *(fill("carol", "5", "93", market="B"), UNPAYABLE[-1]),
    )
    assert (balances(reserved)["reserve:B"], balances(reserved)["relief:USD"]) == (25, 88)
    found = effects(reserved, settle("92", "B"))
    assert found[1] == moved("reserve:B", "insurance:USD", 25, "MKT-05")
    assert sum(one.amount for one in found if isinstance(one, ReliefReturned)) == 25
    assert found[-1] == InsuranceStatus("USD", Money(25), Money(63))
