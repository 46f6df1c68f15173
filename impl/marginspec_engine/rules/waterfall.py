"""Waterfall: a realised loss draws reserve, then insurance; open losses must have cover at any time."""

from marginspec_engine.kernels import waterfall as kernels
from marginspec_engine.layout import (
    ASSET,
    BALANCE,
    COUNTED,
    COUNTERS,
    HAD_STATUS,
    HAS_LOTS_LISTED,
    HAS_STATUS,
    HIGH_WATER,
    INSURANCE,
    INSURANCE_DRAWN,
    INSURANCE_OF,
    IS_COUNTED,
    LOT_COUNT,
    LOT_OF,
    LOTS_COST,
    LOTS_QUANTITY,
    MARKET,
    MARKETS_WITH_LOTS,
    OUTFLOW,
    RESERVE,
    RESERVE_OF,
    STATUS,
    STATUS_BEFORE,
    USED,
    WTF_01,
    reasons,
)
from marginspec_engine.memory.words import Words, asset_row, at, items, lot_row, market_row, push, put
from marginspec_engine.rules.margin import value_at_mark
from marginspec_engine.rules.transaction import balance, ledger_word, transfer


def count_funds(book: Words, number: int, counter: int, amount: int) -> None:
    """Count a market's funds: balance, high-water mark, and a counter that rises by an amount (TRN-01)."""
    market = market_row(book, number)
    if market[IS_COUNTED] == 0:
        put(book, market, IS_COUNTED, 1)
        put(book, market, HAD_STATUS, market[HAS_STATUS])
        for place in range(COUNTERS):
            put(book, market, STATUS_BEFORE + place, market[STATUS + place])
        put(book, at(book, COUNTED), USED, at(book, COUNTED)[USED])
        push(book, at(book, COUNTED), number)
    put(book, market, HAS_STATUS, 1)
    put(book, market, STATUS + BALANCE, market[RESERVE])
    put(book, market, STATUS + HIGH_WATER, max(market[STATUS + HIGH_WATER], market[RESERVE]))
    put(book, market, STATUS + counter, market[STATUS + counter] + amount)


def draw_loss(book: Words, number: int, loss: int) -> int:
    """A lot's loss is paid in by reserve and insurance; COVER_EXCEEDED if they do not suffice (WTF-01, LIQ-05)."""
    lot = lot_row(book, number)
    market_number = lot[MARKET]
    market = market_row(book, market_number)
    reserve, insurance = ledger_word(RESERVE_OF, market_number), ledger_word(INSURANCE_OF, market[ASSET])
    from_reserve = kernels.draw_from_reserve(loss, balance(book, reserve))
    from_insurance = kernels.draw_from_insurance(loss, from_reserve, balance(book, insurance))
    if from_reserve + from_insurance != loss:
        return reasons.COVER_EXCEEDED
    transfer(book, market[ASSET], reserve, ledger_word(LOT_OF, number), from_reserve, WTF_01)
    transfer(book, market[ASSET], insurance, ledger_word(LOT_OF, number), from_insurance, WTF_01)
    count_funds(book, market_number, OUTFLOW, from_reserve)
    count_funds(book, market_number, INSURANCE_DRAWN, from_insurance)
    return reasons.ACCEPTED


def lots_unrealised(market: Words) -> int:
    """Unrealised PnL of all of a market's lots at mark; it fits, though their value and cost may not (WTF-02)."""
    return value_at_mark(market, market[LOTS_QUANTITY]) - market[LOTS_COST]


def shortfall(market: Words) -> int:
    """What a market's lots lose at mark beyond its own reserve (WTF-02)."""
    if market[LOT_COUNT] == 0:
        return 0
    return kernels.shortfall_of(lots_unrealised(market), market[RESERVE])


def uncovered_shortfall(book: Words, asset: int) -> int:
    """What an asset's shortfalls lack beyond its insurance fund; zero where the cover test holds (WTF-02)."""
    total, listed = 0, at(book, MARKETS_WITH_LOTS)
    for place in range(listed[USED]):
        market = market_row(book, items(book, listed)[place])
        if market[ASSET] == asset:
            total = total + shortfall(market)
    return kernels.missing_of(total, asset_row(book, asset)[INSURANCE])


def forget_markets_without_lots(book: Words) -> None:
    """Drop markets without lots from the list of those that have some."""
    listed, kept = at(book, MARKETS_WITH_LOTS), 0
    markets = items(book, listed)
    for place in range(listed[USED]):
        market = market_row(book, markets[place])
        if market[LOT_COUNT] > 0:
            markets[kept] = markets[place]
            kept = kept + 1
        else:
            market[HAS_LOTS_LISTED] = 0
    listed[USED] = kept
