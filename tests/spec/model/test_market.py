"""Markets: parameters, tier tables, values."""

from typing import Any

import pytest

from marginspec.model.market import (
    FeeTerms,
    Market,
    Tier,
    TierTable,
    TierTerms,
    check_fees,
    list_market,
    next_tier,
    tier_table,
)
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.units import Decimal8, Money, Price, Quantity, Rate
from marginspec_conformance.generator.events import BINANCE_ROWS, TierRow, decimal, tiers
from worlds.states import minimal, table

FREE = FeeTerms(Rate(0), Rate(0), Rate(0), Rate(0))
ONE_TIER = tiers(("0", 10, "0.05"))


def listed(**changes: Any) -> Market:
    terms: dict[str, Any] = {
        "market": "A",
        "asset": "USD",
        "asset_decimals": 4,
        "price_decimals": 2,
        "quantity_decimals": 1,
        "tick": decimal("0.05"),
        "fees": FREE,
        "tiers": ONE_TIER,
    }
    return list_market(**{**terms, **changes})


def refused(**changes: Any) -> Reason:
    with pytest.raises(Rejected) as found:
        listed(**changes)
    return found.value.reason


def refused_table(*rows: TierRow | TierTerms, decimals: int = 0) -> Reason:
    terms = [row if isinstance(row, TierTerms) else tiers(row)[0] for row in rows]
    with pytest.raises(Rejected) as found:
        tier_table(terms, decimals)
    return found.value.reason


@pytest.mark.rule("MKT-01", "NUM-01")
def test_a_listed_market() -> None:
    assert listed() == Market(
        id="A",
        asset="USD",
        price_decimals=2,
        quantity_decimals=1,
        quanta_per_unit=10,
        tick=Price(5),
        tiers=TierTable((Tier(Money(0), 10, Rate(5_000_000), 0),)),
        fees=FREE,
        mark=None,
    )


@pytest.mark.rule("MKT-01", "NUM-01", "NUM-03")
@pytest.mark.parametrize(
    "changes",
    [
        {"price_decimals": -1},
        {"quantity_decimals": -1},
        {"price_decimals": 3, "quantity_decimals": 2},
        {"price_decimals": 10**17},
        {"tick": decimal("0")},
        {"tick": decimal("-0.05")},
        {"tick": decimal("0.005")},
        {"tick": Decimal8((2**53 + 1) * 10**6)},
        # Before what else is wrong.
        {"tick": decimal("0"), "tiers": ()},
    ],
)
def test_an_invalid_market(changes: dict[str, Any]) -> None:
    assert refused(**changes) == Reason.INVALID_MARKET


@pytest.mark.rule("MKT-01", "NUM-01", "NUM-03")
def test_a_market_at_its_limits() -> None:
    finest = listed(price_decimals=4, quantity_decimals=0, tick=Decimal8(2**53 * 10**4))
    assert (finest.quanta_per_unit, finest.tick) == (1, 2**53)
    coarsest = listed(price_decimals=0, quantity_decimals=0, tick=decimal("1"))
    assert (coarsest.quanta_per_unit, coarsest.tick) == (10**4, 1)


@pytest.mark.rule("MKT-01", "MKT-02")
def test_tiers_are_tested_before_fees() -> None:
    wrong = FeeTerms(Rate(-1), Rate(0), Rate(0), Rate(0))
    assert refused(tiers=(), fees=wrong) == Reason.INVALID_TIERS
    assert refused(fees=wrong) == Reason.INVALID_RATE


@pytest.mark.rule("MKT-01")
@pytest.mark.parametrize("place", range(4))
def test_fee_rates_lie_between_zero_and_one(place: int) -> None:
    for rate in (0, 1, 10**8):
        check_fees(FeeTerms(*(Rate(rate if place == other else 0) for other in range(4))))
    for rate in (-1, 10**8 + 1):
        with pytest.raises(Rejected, match="INVALID_RATE"):
            check_fees(FeeTerms(*(Rate(rate if place == other else 0) for other in range(4))))


@pytest.mark.rule("NUM-01")
@pytest.mark.parametrize(
    ("price", "quantity", "value"), [(7, 3, 210), (7, -3, -210), (7, 0, 0), (2**53, 1, 10 * 2**53)]
)
def test_value_is_signed_like_the_quantity(price: int, quantity: int, value: int) -> None:
    assert listed().value(Price(price), Quantity(quantity)) == value


@pytest.mark.rule("MKT-01")
def test_the_mark_price_once_one_is_set() -> None:
    assert minimal(mark=Price(7)).marked() == 7
    with pytest.raises(AssertionError, match="market A has no mark price"):
        minimal().marked()


@pytest.mark.rule("MKT-02")
@pytest.mark.parametrize(
    ("notional", "place"), [(0, 0), (1, 0), (999, 0), (1000, 0), (1001, 1), (5000, 1), (5001, 2), (10**30, 2)]
)
def test_a_tier_holds_notionals_above_its_floor_up_to_the_next(notional: int, place: int) -> None:
    three = table(("0", 10, "0.05"), ("1000", 5, "0.1"), ("5000", 2, "0.25"))
    assert three.holding(Money(notional)) == three.tiers[place]


@pytest.mark.rule("MKT-02")
def test_deductions_make_maintenance_continuous() -> None:
    # 0; 0 + 1000 * 5%; 50 + 5000 * 15%; in 1e-8 of a quantum.
    three = table(("0", 10, "0.05"), ("1000", 5, "0.1"), ("5000", 2, "0.25"))
    assert three == TierTable(
        (
            Tier(Money(0), 10, Rate(5_000_000), 0),
            Tier(Money(1000), 5, Rate(10_000_000), 50 * 10**8),
            Tier(Money(5000), 2, Rate(25_000_000), 800 * 10**8),
        )
    )


@pytest.mark.rule("MKT-02")
def test_deductions_of_a_real_table() -> None:
    # As the venue prints them, in whole USDT.
    real = table(*BINANCE_ROWS, asset_decimals=8)
    printed = [0, 50, 950, 11_450, 131_450, 481_450, 2_981_450, 14_481_450, 26_481_450, 41_481_450, 121_481_450]
    assert [tier.deduction for tier in real.tiers] == [whole * 10**16 for whole in (*printed, 421_481_450)]


@pytest.mark.rule("MKT-02", "NUM-03")
@pytest.mark.parametrize(
    "rows",
    [
        (),
        (("1", 10, "0.05"),),
        (("-1", 10, "0.05"),),
        (("0", 0, "0.05"),),
        (("0", -1, "0.05"),),
        (("0", 1001, "0.0001"),),
        (("0", 10, "0"),),
        (("0", 10, "-0.05"),),
        (("0", 10, "0.1"),),
        (("0", 10, "0.05"), ("0", 5, "0.1")),
        (("0", 10, "0.05"), ("-1", 5, "0.1")),
        (("0", 10, "0.05"), ("0.5", 5, "0.1")),
        (("0", 10, "0.05"), (str(2**62 + 1), 5, "0.1")),
        (("0", 10, "0.05"), ("1000", 10, "0.06")),
        (("0", 10, "0.05"), ("1000", 11, "0.06")),
        (("0", 10, "0.05"), ("1000", 5, "0.05")),
        (("0", 10, "0.05"), ("1000", 5, "0.04")),
        (("0", 10, "0.05"), ("1000", 5, "0.2")),
        (("0", 10, "0.05"), ("1000", 5, "0.1"), ("1000", 4, "0.2")),
    ],
)
def test_an_invalid_table(rows: tuple[TierRow, ...]) -> None:
    assert refused_table(*rows) == Reason.INVALID_TIERS


@pytest.mark.rule("MKT-02", "NUM-03")
def test_tables_at_their_limits() -> None:
    assert table(("0", 1000, "0.00099999")).tiers[0].max_leverage == 1000
    assert table(("0", 1, "0.99999999")).tiers[0].maintenance_rate == 99_999_999
    assert table(("0", 2, "0.1"), (str(2**62), 1, "0.2")).tiers[1].floor == 2**62
    assert table(("0", 2, "0.1"), ("1", 1, "0.10000001")).tiers[1].deduction == 1


@pytest.mark.rule("MKT-02", "NUM-03")
def test_at_most_64_tiers() -> None:
    rows = [TierTerms(Decimal8(place * 10**8), 100 - place, Decimal8(place + 1)) for place in range(65)]
    assert len(tier_table(rows[:64], 0).tiers) == 64
    assert refused_table(*rows) == Reason.INVALID_TIERS


@pytest.mark.rule("MKT-02")
def test_the_next_tier_stands_on_the_one_below() -> None:
    below = Tier(Money(10), 20, Rate(100), 7)
    row = TierTerms(decimal("30"), 19, Decimal8(105))
    assert next_tier(below, row, 0) == Tier(Money(30), 19, Rate(105), 7 + 30 * 5)
