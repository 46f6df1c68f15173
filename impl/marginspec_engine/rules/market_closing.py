"""Closing a market for good: all positions and lots close at the mark, and nothing of the market is left."""

from marginspec_engine import layout
from marginspec_engine.index.sorting import sort_positions
from marginspec_engine.layout import NONE, USED, reasons
from marginspec_engine.memory.lots import reduce_lot
from marginspec_engine.memory.positions import set_position
from marginspec_engine.memory.words import (
    Words,
    at,
    delete,
    domain_row,
    items,
    lot_row,
    market_row,
    position_row,
    push,
    words_at,
)
from marginspec_engine.rules.closing import return_all_margin
from marginspec_engine.rules.funding import drop_front, pay_in, pay_out
from marginspec_engine.rules.margin import value_at_mark
from marginspec_engine.rules.transaction import balance, cash_of, effect, ledger_word, move, transfer
from marginspec_engine.rules.waterfall import book_lots, count_funds, publish_reserve


def close_market(book: Words, number: int) -> int:
    """All positions and lots close at the mark, what is left in the reserve goes to insurance, the market is gone.

    Gives COVER_EXCEEDED if a lot's loss has no cover (MKT-05).
    """
    pay_values(book, number)
    close_positions(book, number)
    reason = close_all_lots(book, number)
    if reason == reasons.ACCEPTED:
        empty_reserve(book, number)
        drop_market(book, number)
    return reason


def pay_values(book: Words, number: int) -> None:
    """First the shorts pay their value into clearing, then the longs are paid: positions by key, then lots (MKT-05)."""
    market, working = market_row(book, number), at(book, layout.WORKING)
    count = sort_positions(book, at(market, layout.MARKET_POSITIONS))
    ordered = items(book, working)
    for place in range(count):
        position = ordered[place]
        push(book, working, ledger_word(layout.POSITION_OF, position))
        push(book, working, -value_at_mark(market, position_row(book, position)[layout.QUANTITY]))
        ordered = items(book, working)
    lot = market[layout.FIRST_LOT]
    while lot != NONE:
        push(book, working, ledger_word(layout.LOT_OF, lot))
        push(book, working, -value_at_mark(market, lot_row(book, lot)[layout.QUANTITY]))
        lot = lot_row(book, lot)[layout.NEXT]
    drop_front(book, count)
    clearing = ledger_word(layout.CLEARING_OF, market[layout.ASSET])
    pay_in(book, market[layout.ASSET], clearing, layout.MKT_05)
    pay_out(book, market[layout.ASSET], clearing, layout.MKT_05)


def close_positions(book: Words, number: int) -> None:
    """Each position is flat, its PnL goes to its domain's cash, and isolated cash to the wallet, by key (MKT-05)."""
    market, working = market_row(book, number), at(book, layout.WORKING)
    count = sort_positions(book, at(market, layout.MARKET_POSITIONS))
    for place in range(count):
        position = items(book, working)[place]
        domain, account = position_row(book, position)[layout.DOMAIN], ledger_word(layout.POSITION_OF, position)
        set_position(book, position, domain, 0)
        move(book, market[layout.ASSET], account, cash_of(book, domain), balance(book, account), layout.ACC_02)
        if domain_row(book, domain)[layout.MARKET] != NONE:
            return_all_margin(book, domain)


def close_all_lots(book: Words, number: int) -> int:
    """Each lot is closed; first all profits go to the reserve, then losses are drawn (MKT-05, LIQ-05, WTF-01)."""
    market, working = market_row(book, number), at(book, layout.WORKING)
    working[USED] = 0
    lot = market[layout.FIRST_LOT]
    while lot != NONE:
        push(book, working, lot)
        push(book, working, balance(book, ledger_word(layout.LOT_OF, lot)))
        push(book, at(book, layout.CLOSED_LOTS), lot)
        following = lot_row(book, lot)[layout.NEXT]
        reduce_lot(book, lot, 0)
        lot = following
    return book_lots(book, number)


def empty_reserve(book: Words, number: int) -> None:
    """What is left in the reserve goes to the insurance fund, and counts as drawn (MKT-05, INV-07)."""
    asset, reserve = market_row(book, number)[layout.ASSET], ledger_word(layout.RESERVE_OF, number)
    left = balance(book, reserve)
    if left > 0:
        transfer(book, asset, reserve, ledger_word(layout.INSURANCE_OF, asset), left, layout.MKT_05)
        count_funds(book, number, layout.OUTFLOW, left)


def drop_market(book: Words, number: int) -> None:
    """Mark, parameters, settings and counters, published for the last time, are dropped; the id stays (MKT-05).

    Of the row, only what the event's own effects are worded by is left: the asset and the decimals.
    """
    market = market_row(book, number)
    if market[layout.IS_COUNTED] == 1:
        publish_reserve(book, number)
    effect(book, layout.MARKET_SETTLED, number, market[layout.MARK])
    drop_settings(book, number)
    market[layout.IS_MARKET_LISTED] = 0
    market[layout.IS_CLOSED] = 1
    market[layout.MARK] = 0
    market[layout.HAS_STATUS] = 0
    for place in range(layout.COUNTERS):
        market[layout.STATUS + place] = 0
    for heap in (layout.LONG_HEAP, layout.SHORT_HEAP):
        at(market, heap)[USED] = 0


def drop_settings(book: Words, market: int) -> None:
    """Whatever accounts have set for a market is set no more."""
    held, place = at(book, layout.SETTING_MAP), 0
    while place < held[layout.SLOTS]:
        key = words_at(book, held[layout.ADDRESS])[2 * place]
        if key != layout.FREE_SLOT and key & MARKET_BITS == market:
            # Keys behind it move up: this slot is looked at again.
            delete(book, layout.SETTING_MAP, key)
        else:
            place = place + 1


MARKET_BITS = 2**32 - 1
"""Of a setting's key: the market."""
