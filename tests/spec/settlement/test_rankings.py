"""Scores by which deleveraging ranks."""

import pytest

from marginspec.model.units import Money
from marginspec.settlement.rankings import Score, binance_score, bitmex_score


@pytest.mark.rule("ADL-02")
@pytest.mark.parametrize(
    ("pnl", "cash", "maintenance", "equity", "unit", "score"),
    [
        (30, 100, 5, 130, 1, Score(150, 13_000)),
        (-30, 100, 5, 70, 1, Score(0, 7000)),
        (30, 1, 5, 31, 10, Score(150, 310)),
        (30, -20, 5, 10, 10, Score(150, 100)),
    ],
)
def test_binance_score(pnl: int, cash: int, maintenance: int, equity: int, unit: int, score: Score) -> None:
    assert binance_score(Money(pnl), Money(cash), Money(maintenance), Money(equity), unit) == score


@pytest.mark.rule("ADL-02")
@pytest.mark.parametrize(
    ("pnl", "cost", "notional", "equity", "score"),
    [
        (30, 100, 130, 50, Score(3900, 5000)),
        (30, -100, 70, 50, Score(2100, 5000)),
        (0, 100, 100, 50, Score(0, 5000)),
        (-30, 100, 70, 50, Score(-1500, 7000)),
    ],
)
def test_bitmex_score(pnl: int, cost: int, notional: int, equity: int, score: Score) -> None:
    assert bitmex_score(Money(pnl), Money(cost), Money(notional), Money(equity)) == score
