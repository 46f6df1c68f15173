"""Lots of the liquidation engine: opening, reducing and closing them."""

from marginspec_engine import layout
from marginspec_engine.layout import NONE
from marginspec_engine.memory.positions import add_open_interest
from marginspec_engine.memory.words import Words, at, lot_row, market_row, new_row, position_row, push, put
from marginspec_engine.rules.margin import value_at_mark
from marginspec_engine.rules.transaction import effect


def open_lot(book: Words, number: int, margin_mode: int, quantity: int, cost: int, reason: int) -> int:
    """A lot of a position that the engine takes, last in its market; its cost is still to be moved (LIQ-04)."""
    lot_number = book[layout.FREE_LOT]
    if lot_number == NONE:
        lot_number = new_row(book, layout.LOTS, layout.LOT)
    else:
        book[layout.FREE_LOT] = lot_row(book, lot_number)[layout.NEXT]
    position, lot = position_row(book, number), lot_row(book, lot_number)
    market = market_row(book, position[layout.MARKET])
    lot[layout.OWNER] = position[layout.OWNER]
    lot[layout.MARKET] = position[layout.MARKET]
    lot[layout.SIDE] = position[layout.SIDE]
    lot[layout.QUANTITY] = quantity
    lot[layout.COST] = 0
    lot[layout.NUMBER] = book[layout.NEXT_LOT]
    lot[layout.TAKEN_OF] = number
    lot[layout.MARGIN_MODE] = margin_mode
    lot[layout.REASON] = reason
    append_lot(book, market, lot_number)
    book[layout.NEXT_LOT] = book[layout.NEXT_LOT] + 1
    # Queues were taken for the lots that lost then.
    assert market[layout.QUEUE_EVENT] != book[layout.EVENT] or cost <= value_at_mark(market, quantity)
    market[layout.LOTS_QUANTITY] = market[layout.LOTS_QUANTITY] + quantity
    add_open_interest(book, position[layout.MARKET], max(quantity, 0))
    effect(
        book,
        layout.LOT_OPENED,
        lot[layout.NUMBER],
        lot[layout.OWNER],
        lot[layout.MARKET],
        lot[layout.SIDE],
        margin_mode,
        quantity,
        reason,
        cost,
    )
    return lot_number


def append_lot(book: Words, market: Words, number: int) -> None:
    """Put a lot last in its market."""
    lot, last = lot_row(book, number), market[layout.LAST_LOT]
    lot[layout.PREVIOUS] = last
    lot[layout.NEXT] = NONE
    if last == NONE:
        market[layout.FIRST_LOT] = number
    else:
        lot_row(book, last)[layout.NEXT] = number
    market[layout.LAST_LOT] = number
    market[layout.LOT_COUNT] = market[layout.LOT_COUNT] + 1
    if market[layout.HAS_LOTS_LISTED] == 0:
        market[layout.HAS_LOTS_LISTED] = 1
        push(book, at(book, layout.MARKETS_WITH_LOTS), lot[layout.MARKET])


def reduce_lot(book: Words, number: int, quantity: int) -> None:
    """Leave so many signed lots of a lot; zero closes it, whereafter its cost must be zero."""
    lot = lot_row(book, number)
    market = market_row(book, lot[layout.MARKET])
    before = lot[layout.QUANTITY]
    put(book, market, layout.LOTS_QUANTITY, market[layout.LOTS_QUANTITY] + quantity - before)
    put(book, lot, layout.QUANTITY, quantity)
    if quantity == 0:
        unlink_lot(book, market, number)
    add_open_interest(book, lot[layout.MARKET], max(quantity, 0) - max(before, 0))
    effect(book, layout.LOT_REDUCED, lot[layout.NUMBER], lot[layout.MARKET], quantity)


def unlink_lot(book: Words, market: Words, number: int) -> None:
    """Take a lot out of its market; `free_lots` frees its row once its last money has moved."""
    lot = lot_row(book, number)
    before, after = lot[layout.PREVIOUS], lot[layout.NEXT]
    if before == NONE:
        put(book, market, layout.FIRST_LOT, after)
    else:
        put(book, lot_row(book, before), layout.NEXT, after)
    if after == NONE:
        put(book, market, layout.LAST_LOT, before)
    else:
        put(book, lot_row(book, after), layout.PREVIOUS, before)
    put(book, market, layout.LOT_COUNT, market[layout.LOT_COUNT] - 1)


def free_lot(book: Words, number: int) -> None:
    """Give the row of a closed lot, whose money has moved, to a later one."""
    put(book, lot_row(book, number), layout.NEXT, book[layout.FREE_LOT])
    put(book, book, layout.FREE_LOT, number)
