"""Rankings of the deleveraging queue: each gives a position its score, has an entry here, and is known by its place."""

from collections.abc import Callable

from marginspec_engine.kernels.deleveraging import Score, binance_score, bitmex_score


def by_binance(unrealised: int, cost: int, notional: int, cash: int, maintenance: int, equity: int, unit: int) -> Score:  # noqa: ARG001 - as all rankings
    """The score of a position by the ranking `binance`."""
    return binance_score(unrealised, cash, maintenance, equity, unit)


def by_bitmex(unrealised: int, cost: int, notional: int, cash: int, maintenance: int, equity: int, unit: int) -> Score:  # noqa: ARG001 - as all rankings
    """The score of a position by the ranking `bitmex`."""
    return bitmex_score(unrealised, cost, notional, equity)


RANKINGS: dict[str, Callable[[int, int, int, int, int, int, int], Score]] = {"binance": by_binance, "bitmex": by_bitmex}
"""What scores a position by each ranking: its PnL, cost and notional; its domain's cash, maintenance margin and equity.

The last figure is one unit of the asset; all are in quanta.
"""
RANKING_NAMES = tuple(RANKINGS)
BITMEX = RANKING_NAMES.index("bitmex")


def score_by(
    ranking: int, unrealised: int, cost: int, notional: int, cash: int, maintenance: int, equity: int, unit: int
) -> Score:
    """The score of a position by the ranking of a number: the one branch over RANKINGS, which are compiled with it."""
    if ranking == BITMEX:
        return by_bitmex(unrealised, cost, notional, cash, maintenance, equity, unit)
    return by_binance(unrealised, cost, notional, cash, maintenance, equity, unit)
