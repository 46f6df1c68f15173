"""Waterfall: a realised loss draws reserve, insurance, relief; open losses must have cover at any time."""

from marginspec_engine import layout
from marginspec_engine.kernels import waterfall as kernels
from marginspec_engine.layout import USED, reasons
from marginspec_engine.memory.words import Words, asset_row, at, items, lot_row, market_row, push, put
from marginspec_engine.rules.claims import lower_claims
from marginspec_engine.rules.margin import value_at_mark
from marginspec_engine.rules.transaction import balance, effect, ledger_word, transfer


def count_funds(book: Words, number: int, counter: int, amount: int) -> None:
    """Count a market's funds: balance, high-water mark, and a counter that rises by an amount (TRN-01)."""
    market = market_row(book, number)
    if market[layout.IS_COUNTED] == 0:
        put(book, market, layout.IS_COUNTED, 1)
        put(book, market, layout.HAD_STATUS, market[layout.HAS_STATUS])
        for place in range(layout.COUNTERS):
            put(book, market, layout.STATUS_BEFORE + place, market[layout.STATUS + place])
        put(book, at(book, layout.COUNTED), USED, at(book, layout.COUNTED)[USED])
        push(book, at(book, layout.COUNTED), number)
    put(book, market, layout.HAS_STATUS, 1)
    put(book, market, layout.STATUS + layout.BALANCE, market[layout.RESERVE])
    high_water = max(market[layout.STATUS + layout.HIGH_WATER], market[layout.RESERVE])
    put(book, market, layout.STATUS + layout.HIGH_WATER, high_water)
    put(book, market, layout.STATUS + counter, market[layout.STATUS + counter] + amount)


def publish_reserve(book: Words, number: int) -> None:
    """Emit a market's counters, if they changed."""
    market = market_row(book, number)
    market[layout.IS_COUNTED] = 0
    is_changed = market[layout.HAD_STATUS] != market[layout.HAS_STATUS]
    for place in range(layout.COUNTERS):
        if market[layout.STATUS + place] != market[layout.STATUS_BEFORE + place]:
            is_changed = True
    if is_changed:
        now = at(market, layout.STATUS)
        balance, high_water = now[layout.BALANCE], now[layout.HIGH_WATER]
        inflow, outflow = now[layout.INFLOW], now[layout.OUTFLOW]
        drawn, deleveraged, levied = now[layout.INSURANCE_DRAWN], now[layout.DELEVERAGED], now[layout.LEVIED]
        effect(book, layout.RESERVE_STATUS, number, balance, high_water, inflow, outflow, drawn, deleveraged, levied)


def draw_loss(book: Words, number: int, loss: int) -> int:
    """A lot's loss is paid in by reserve, insurance and relief; COVER_EXCEEDED if they do not suffice (WTF-01)."""
    lot = lot_row(book, number)
    market_number = lot[layout.MARKET]
    market = market_row(book, market_number)
    asset, taken = market[layout.ASSET], ledger_word(layout.LOT_OF, number)
    reserve = ledger_word(layout.RESERVE_OF, market_number)
    insurance, relief = ledger_word(layout.INSURANCE_OF, asset), ledger_word(layout.RELIEF_OF, asset)
    from_reserve = kernels.draw_from_reserve(loss, balance(book, reserve))
    from_insurance = kernels.draw_from_insurance(loss, from_reserve, balance(book, insurance))
    from_relief = kernels.draw_from_relief(loss, from_reserve, from_insurance, balance(book, relief))
    if from_reserve + from_insurance + from_relief != loss:
        return reasons.COVER_EXCEEDED
    transfer(book, asset, reserve, taken, from_reserve, layout.WTF_01)
    transfer(book, asset, insurance, taken, from_insurance, layout.WTF_01)
    transfer(book, asset, relief, taken, from_relief, layout.WTF_01)
    lower_claims(book, asset, from_relief, False)
    count_funds(book, market_number, layout.OUTFLOW, from_reserve)
    count_funds(book, market_number, layout.INSURANCE_DRAWN, from_insurance)
    return reasons.ACCEPTED


LOT_PROFIT = 2
"""Words of a closed lot in WORKING: its row and its profit."""


def book_lots(book: Words, number: int) -> int:
    """First all profits of lots in WORKING go to the market's reserve, then all losses are drawn (LIQ-05, WTF-01)."""
    asset, working = market_row(book, number)[layout.ASSET], at(book, layout.WORKING)
    closed = items(book, working)
    for place in range(0, working[USED], LOT_PROFIT):
        if closed[place + 1] > 0:
            lot = ledger_word(layout.LOT_OF, closed[place])
            transfer(book, asset, lot, ledger_word(layout.RESERVE_OF, number), closed[place + 1], layout.LIQ_05)
            count_funds(book, number, layout.INFLOW, closed[place + 1])
    for place in range(0, working[USED], LOT_PROFIT):
        if closed[place + 1] < 0:
            reason = draw_loss(book, closed[place], -closed[place + 1])
            if reason != reasons.ACCEPTED:
                return reason
    return reasons.ACCEPTED


def lots_unrealised(market: Words) -> int:
    """Unrealised PnL of all of a market's lots at mark; it fits, though their value and cost may not (WTF-02)."""
    return value_at_mark(market, market[layout.LOTS_QUANTITY]) - market[layout.LOTS_COST]


def shortfall(market: Words) -> int:
    """What a market's lots lose at mark beyond its own reserve (WTF-02)."""
    if market[layout.LOT_COUNT] == 0:
        return 0
    return kernels.shortfall_of(lots_unrealised(market), market[layout.RESERVE])


def uncovered_shortfall(book: Words, asset: int) -> int:
    """What an asset's shortfalls lack beyond insurance and relief; zero where the cover test holds (WTF-02)."""
    return kernels.missing_of(needed_relief(book, asset), asset_row(book, asset)[layout.RELIEF])


def needed_relief(book: Words, asset: int) -> int:
    """What an asset's shortfalls sum to beyond its insurance fund (LVY-02, WTF-02)."""
    total, listed = 0, at(book, layout.MARKETS_WITH_LOTS)
    for place in range(listed[USED]):
        market = market_row(book, items(book, listed)[place])
        if market[layout.ASSET] == asset:
            total = total + shortfall(market)
    return kernels.missing_of(total, asset_row(book, asset)[layout.INSURANCE])


def forget_markets_without_lots(book: Words) -> None:
    """Drop markets without lots from the list of those that have some."""
    listed, kept = at(book, layout.MARKETS_WITH_LOTS), 0
    markets = items(book, listed)
    for place in range(listed[USED]):
        market = market_row(book, markets[place])
        if market[layout.LOT_COUNT] > 0:
            markets[kept] = markets[place]
            kept = kept + 1
        else:
            market[layout.HAS_LOTS_LISTED] = 0
    listed[USED] = kept
