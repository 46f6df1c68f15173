"""Figures in finer quanta are those of closed forms in exact fractions, whatever the decimals are."""

from fractions import Fraction
from functools import partial
from random import Random

import pytest

from marginspec.model.account import DomainKey, PositionKey
from marginspec_tools.venues.claims import Claim, Exhibit, judged
from marginspec_tools.venues.documents import Shown
from marginspec_tools.venues.figures import (
    ACCOUNT,
    Figure,
    Held,
    NotToBeHad,
    Range,
    Snapshot,
    Terms,
    TierRow,
    World,
    decimal_of,
    decimals_of,
    exactly,
    over_worlds,
    worlds_of,
)

TABLES = (
    ((0, 125, "0.004"), (50_000, 100, "0.005"), (600_000, 75, "0.0065"), (3_000_000, 50, "0.01")),
    ((0, 50, "0.01"), (5_000, 25, "0.02"), (25_000, 20, "0.025"), (100_000, 10, "0.05")),
)
CROSS = DomainKey(ACCOUNT, "USDT")
MONEY = Fraction(1, 10**8)


def tiers(number: int) -> tuple[TierRow, ...]:
    return tuple(TierRow(Fraction(floor), most, exactly(Fraction(rate))) for floor, most, rate in TABLES[number])


def marginal(notional: Fraction, rows: tuple[TierRow, ...]) -> Fraction:
    """Maintenance margin bracket by bracket, without deductions."""
    total = Fraction(0)
    for row, above in zip(rows, [*rows[1:], None], strict=True):
        top = notional if above is None else min(notional, above.floor)
        total += max(Fraction(0), top - row.floor) * row.rate.low
    return total


def drawn(random: Random) -> Snapshot:
    """A cross account with one to three positions, of prices and quantities with up to eight decimals each."""
    markets: dict[str, Terms] = {}
    positions: dict[PositionKey, Held] = {}
    for number in range(random.randint(1, 3)):
        mark = Fraction(random.randint(1, 10**12), 10 ** random.randint(2, 8))
        size = Fraction(random.randint(1, 10**7), 10 ** random.randint(0, 8))
        quantity = random.choice((1, -1)) * size
        entry = mark * Fraction(random.randint(990, 1010), 1000)
        leverage = random.randint(1, 50)
        markets[f"M{number}"] = Terms("USDT", mark, tiers(random.randint(0, 1)), leverage)
        positions[PositionKey(ACCOUNT, f"M{number}", "BOTH")] = Held(quantity, exactly(quantity * entry))
    gross = sum((abs(held.quantity) * markets[key.market].mark for key, held in positions.items()), Fraction(0))
    cash = Fraction(int(gross * random.randint(3, 120) / 100 * 10**8), 10**8) + 1
    return Snapshot(markets, positions, {CROSS: exactly(cash)}, {"tiers": "", "leverage": "", "cash": ""})


def health_at(snapshot: Snapshot, key: PositionKey, price: Fraction) -> Fraction:
    """Equity less maintenance with one mark at a price."""
    health = snapshot.cash[CROSS].low
    for other, held in snapshot.positions.items():
        terms = snapshot.markets[other.market]
        value = held.quantity * (price if other == key else terms.mark)
        assert terms.tiers is not None
        health += value - held.cost.low - marginal(abs(value), terms.tiers)
    return health


@pytest.mark.parametrize("seed", range(40))
def test_figures_are_those_of_the_closed_forms(seed: int) -> None:
    snapshot = drawn(Random(seed))
    (world,) = worlds_of(snapshot)
    for key, held in snapshot.positions.items():
        terms = snapshot.markets[key.market]
        assert terms.tiers is not None
        value = held.quantity * terms.mark
        assert world.value(key) == exactly(value)
        assert world.unrealised((key,)) == exactly(value - held.cost.low)
        assert world.maintenance((key,)) == exactly(marginal(abs(value), terms.tiers))
        if health_at(snapshot, key, terms.mark) <= 0:
            continue
        price = world.liquidation_price(key)
        if price is None:
            assert held.quantity > 0
            assert health_at(snapshot, key, Fraction(0)) >= 0
        else:
            assert price.high - price.low == Fraction(1, 10**14) or decimals_of(terms.mark) > 14
            assert health_at(snapshot, key, price.low) * health_at(snapshot, key, price.high) <= 0


@pytest.mark.parametrize("seed", range(20))
def test_what_is_cut_agrees_and_what_is_a_unit_off_differs(seed: int) -> None:
    snapshot = drawn(Random(seed))
    (world,) = worlds_of(snapshot)
    for key in snapshot.positions:
        exact = world.maintenance((key,)).low
        cut = exact // MONEY * MONEY
        figure = partial(maintenance, key)
        verdicts = [verdict_on(snapshot, cut + off * MONEY, figure) for off in (0, -1, 2)]
        assert verdicts == ["equal" if cut == exact else "equal as displayed", "differs", "differs"]


def maintenance(key: PositionKey, world: World) -> Range:
    return world.maintenance((key,))


def verdict_on(snapshot: Snapshot, shown: Fraction, figure: Figure) -> str:
    claim = Claim("", "", "", Shown(decimal_of(shown), shown, 8), MONEY, figure)
    (row,) = judged(Exhibit("", snapshot, (claim,)))
    return row.verdict


def test_a_range_is_computed_at_both_of_its_ends() -> None:
    key = PositionKey(ACCOUNT, "M", "BOTH")
    rates = (TierRow(Fraction(0), 3, Range(Fraction(16666666, 10**8), Fraction(16666667, 10**8))),)
    cost = Range(Fraction(99), Fraction(101))
    snapshot = Snapshot(
        {"M": Terms("USDT", Fraction(100), rates, 3)},
        {key: Held(Fraction(1), cost)},
        {CROSS: Range(Fraction(50), Fraction(51))},
        {},
    )
    worlds = worlds_of(snapshot)
    assert len(worlds) == 8
    assert over_worlds(worlds, lambda world: world.unrealised((key,))) == (Range(Fraction(-1), Fraction(1)), True)
    assert over_worlds(worlds, lambda world: world.equity(CROSS)) == (Range(Fraction(49), Fraction(52)), True)
    below, above = Fraction(48) / (1 - rates[0].rate.low), Fraction(51) / (1 - rates[0].rate.high)
    found, _ = over_worlds(worlds, lambda world: world.liquidation_price(key))
    assert found is not None
    assert abs(found.low - below) < Fraction(1, 10**13)
    assert abs(found.high - above) < Fraction(1, 10**13)


def test_whether_there_is_a_price_can_depend_on_the_range() -> None:
    key = PositionKey(ACCOUNT, "M", "BOTH")
    snapshot = Snapshot(
        {"M": Terms("USDT", Fraction(100), tiers(0), 3)},
        {key: Held(Fraction(1), Range(Fraction(99), Fraction(101)))},
        {CROSS: exactly(Fraction(100))},
        {},
    )
    assert verdict_on(snapshot, Fraction(1), lambda world: world.liquidation_price(key)) == "undecided by rounding"


def test_an_unhealthy_domain_has_no_liquidation_price() -> None:
    key = PositionKey(ACCOUNT, "M", "BOTH")
    terms = {"M": Terms("USDT", Fraction(100), tiers(0), 3)}
    snapshot = Snapshot(terms, {key: Held(Fraction(1), exactly(Fraction(101)))}, {CROSS: exactly(Fraction(1))}, {})
    (world,) = worlds_of(snapshot)
    with pytest.raises(NotToBeHad, match="not healthy at the mark"):
        world.liquidation_price(key)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(1, 3), "0.33333333333333333333…"),
        (Fraction(-1, 4), "-0.25"),
        (Fraction(-1, 10**30), "-0…"),
        (Fraction(0), "0"),
        (Fraction(1234567), "1234567"),
    ],
)
def test_a_number_as_a_decimal(number: Fraction, text: str) -> None:
    assert decimal_of(number) == text
