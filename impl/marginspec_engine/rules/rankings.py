"""Rankings of the deleveraging queue: each gives a position its score, has an entry here, and is known by its place."""

from collections.abc import Callable
from typing import NamedTuple

from marginspec_engine.kernels.deleveraging import Score, binance_score, bitmex_score
from marginspec_engine.layout.generated import choice_by_number, defined


class Figures(NamedTuple):
    """What a position is ranked by, in quanta: its own figures, those of its domain, and one unit of the asset."""

    unrealised: int
    cost: int
    notional: int
    cash: int
    maintenance: int
    equity: int
    unit: int


def by_binance(of: Figures) -> Score:
    """The score of a position by the ranking `binance`."""
    return binance_score(of.unrealised, of.cash, of.maintenance, of.equity, of.unit)


def by_bitmex(of: Figures) -> Score:
    """The score of a position by the ranking `bitmex`."""
    return bitmex_score(of.unrealised, of.cost, of.notional, of.equity)


RANKINGS: dict[str, Callable[[Figures], Score]] = {"binance": by_binance, "bitmex": by_bitmex}
RANKING_NAMES = tuple(RANKINGS)

_FUNCTIONS = {number: ranking.__name__ for number, ranking in enumerate(RANKINGS.values())}
score_by: Callable[[int, Figures], Score] = defined(
    "score_by", choice_by_number("score_by", "ranking", "ranking, of", _FUNCTIONS, "of"), globals()
)
"""The score of a position by the ranking of a number."""
