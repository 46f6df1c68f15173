"""Rankings of the deleveraging queue: each gives a position its score, as an exact fraction, and has an entry here."""

from collections.abc import Callable

import attrs

from marginspec.margin.margin import DomainMargin, PositionMargin
from marginspec.model.state import Ranking
from marginspec.model.units import Money
from marginspec.registry import rule


@attrs.frozen
class Score:
    """A rank in the queue as an exact fraction; the denominator is positive."""

    numerator: int
    denominator: int


@rule("ADL-02")
def binance_score(unrealised: Money, cash: Money, maintenance: Money, equity: Money, unit: int) -> Score:
    """Ranking `binance`: profit over cash (at least one asset unit, in quanta), times maintenance over equity (> 0)."""
    return Score(max(0, unrealised) * maintenance, max(unit, cash) * equity)


@rule("ADL-02")
def bitmex_score(unrealised: Money, cost: Money, notional: Money, equity: Money) -> Score:
    """Ranking `bitmex`: PnL over cost, times (in profit) or over (in loss) leverage, that is, notional over equity."""
    size = abs(cost)
    if unrealised >= 0:
        return Score(unrealised * notional, size * equity)
    return Score(unrealised * equity, size * notional)


def by_binance(position: PositionMargin, domain: DomainMargin, unit: int) -> Score:
    """The score of a position by the ranking `binance`."""
    return binance_score(position.unrealised, domain.cash, domain.maintenance, domain.equity, unit)


def by_bitmex(position: PositionMargin, domain: DomainMargin, unit: int) -> Score:  # noqa: ARG001 - as all rankings
    """The score of a position by the ranking `bitmex`."""
    return bitmex_score(position.unrealised, position.cost, position.notional, domain.equity)


RANKINGS: dict[Ranking, Callable[[PositionMargin, DomainMargin, int], Score]] = {
    "binance": by_binance,
    "bitmex": by_bitmex,
}
"""What scores a position by each ranking: its figures, those of its domain, and one unit of the asset in quanta."""
