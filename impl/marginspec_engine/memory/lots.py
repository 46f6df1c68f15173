"""Lots of the liquidation engine: opening, reducing and closing them."""

from marginspec_engine.layout import (
    COST,
    EVENT,
    FIRST_LOT,
    FREE_LOT,
    HAS_LOTS_LISTED,
    LAST_LOT,
    LOT,
    LOT_COUNT,
    LOT_OPENED,
    LOT_REDUCED,
    LOTS,
    LOTS_QUANTITY,
    MARGIN_MODE,
    MARKET,
    MARKETS_WITH_LOTS,
    NEXT,
    NEXT_LOT,
    NONE,
    NUMBER,
    OWNER,
    PREVIOUS,
    QUANTITY,
    QUEUE_EVENT,
    REASON,
    SIDE,
    TAKEN_OF,
)
from marginspec_engine.memory.positions import add_open_interest
from marginspec_engine.memory.words import Words, at, lot_row, market_row, new_row, position_row, push, put
from marginspec_engine.rules.margin import value_at_mark
from marginspec_engine.rules.transaction import effect


def open_lot(book: Words, number: int, margin_mode: int, quantity: int, cost: int, reason: int) -> int:
    """A lot of a position that the engine takes, last in its market; its cost is still to be moved (LIQ-04)."""
    lot_number = book[FREE_LOT]
    if lot_number == NONE:
        lot_number = new_row(book, LOTS, LOT)
    else:
        book[FREE_LOT] = lot_row(book, lot_number)[NEXT]
    position, lot = position_row(book, number), lot_row(book, lot_number)
    market = market_row(book, position[MARKET])
    lot[OWNER] = position[OWNER]
    lot[MARKET] = position[MARKET]
    lot[SIDE] = position[SIDE]
    lot[QUANTITY] = quantity
    lot[COST] = 0
    lot[NUMBER] = book[NEXT_LOT]
    lot[TAKEN_OF] = number
    lot[MARGIN_MODE] = margin_mode
    lot[REASON] = reason
    append_lot(book, market, lot_number)
    book[NEXT_LOT] = book[NEXT_LOT] + 1
    # Queues were taken for the lots that lost then.
    assert market[QUEUE_EVENT] != book[EVENT] or cost <= value_at_mark(market, quantity)
    market[LOTS_QUANTITY] = market[LOTS_QUANTITY] + quantity
    add_open_interest(book, position[MARKET], max(quantity, 0))
    effect(book, LOT_OPENED, lot[NUMBER], lot[OWNER], lot[MARKET], lot[SIDE], margin_mode, quantity, reason, cost)
    return lot_number


def append_lot(book: Words, market: Words, number: int) -> None:
    """Put a lot last in its market."""
    lot, last = lot_row(book, number), market[LAST_LOT]
    lot[PREVIOUS] = last
    lot[NEXT] = NONE
    if last == NONE:
        market[FIRST_LOT] = number
    else:
        lot_row(book, last)[NEXT] = number
    market[LAST_LOT] = number
    market[LOT_COUNT] = market[LOT_COUNT] + 1
    if market[HAS_LOTS_LISTED] == 0:
        market[HAS_LOTS_LISTED] = 1
        push(book, at(book, MARKETS_WITH_LOTS), lot[MARKET])


def reduce_lot(book: Words, number: int, quantity: int) -> None:
    """Leave so many signed lots of a lot; zero closes it, whereafter its cost must be zero."""
    lot = lot_row(book, number)
    market = market_row(book, lot[MARKET])
    before = lot[QUANTITY]
    put(book, market, LOTS_QUANTITY, market[LOTS_QUANTITY] + quantity - before)
    put(book, lot, QUANTITY, quantity)
    if quantity == 0:
        unlink_lot(book, market, number)
    add_open_interest(book, lot[MARKET], max(quantity, 0) - max(before, 0))
    effect(book, LOT_REDUCED, lot[NUMBER], lot[MARKET], quantity)


def unlink_lot(book: Words, market: Words, number: int) -> None:
    """Take a lot out of its market; `free_lots` frees its row once its last money has moved."""
    lot = lot_row(book, number)
    before, after = lot[PREVIOUS], lot[NEXT]
    if before == NONE:
        put(book, market, FIRST_LOT, after)
    else:
        put(book, lot_row(book, before), NEXT, after)
    if after == NONE:
        put(book, market, LAST_LOT, before)
    else:
        put(book, lot_row(book, after), PREVIOUS, before)
    put(book, market, LOT_COUNT, market[LOT_COUNT] - 1)


def free_lot(book: Words, number: int) -> None:
    """Give the row of a closed lot, whose money has moved, to a later one."""
    put(book, lot_row(book, number), NEXT, book[FREE_LOT])
    put(book, book, FREE_LOT, number)
