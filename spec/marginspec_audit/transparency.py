"""Transparency: the status of a market's funds and lots that anyone may see at any time."""

import attrs

from marginspec.model import ledger
from marginspec.model.account import PositionKey
from marginspec.model.effects import FundStatus
from marginspec.model.state import Book, State
from marginspec.model.units import Money, Quantity, div_down
from marginspec.registry import rule
from marginspec.settlement.deleveraging import queue_of
from marginspec.settlement.rankings import Score
from marginspec.settlement.waterfall import lots_unrealised, shortfall_of


@attrs.frozen
class MarketStatus:
    """A market's funds: counters, open lots (number, long and short quantity), their PnL at mark, cover.

    `cover` is reserve over the lots' loss, as a fraction; None where the lots lose nothing.
    """

    market: str
    counters: FundStatus
    lots: int
    long_lots: Quantity
    short_lots: Quantity
    lots_pnl: Money
    shortfall: Money
    cover: Score | None


@rule("TRN-01", source="SRC-08 SRC-10 SRC-11")
def market_status(state: State, market_id: str) -> MarketStatus:
    """Status per market: balance, high-water mark, flows, draws, lots and their PnL at mark, cover ratio."""
    market = state.markets[market_id]
    lots = [state.lots[lot_id] for lot_id in state.lots_in.get(market_id, ())]
    lots_pnl = lots_unrealised(state, market)
    reserve = state.balance(ledger.reserve(market_id))
    return MarketStatus(
        market=market_id,
        counters=state.fund_status.get(market_id, FundStatus()),
        lots=len(lots),
        long_lots=Quantity(sum(max(lot.quantity, 0) for lot in lots)),
        short_lots=Quantity(sum(min(lot.quantity, 0) for lot in lots)),
        lots_pnl=lots_pnl,
        shortfall=shortfall_of(lots_pnl, reserve),
        cover=Score(reserve, -lots_pnl) if lots_pnl < 0 else None,
    )


@rule("ADL-05")
def indicator(place: int, length: int) -> int:
    """A position's quantile in its side's queue: 4 in the first fifth to be deleveraged, 0 in the last.

    `place` counts from 0; rounds towards the front of the queue.
    """
    return 4 - div_down(5 * place, length)


@rule("ADL-05")
def indicators(book: Book, market_id: str) -> dict[PositionKey, int]:
    """Each position's deleveraging indicator, 0 to 4, in its side's queue."""
    found: dict[PositionKey, int] = {}
    for queue in (queue_of(book, market_id, "long"), queue_of(book, market_id, "short")):
        for place, ranked in enumerate(queue):
            found[ranked.key] = indicator(place, len(queue))
    return found
