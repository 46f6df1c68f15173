"""Fills of the liquidation engine: it closes its lots against a counterparty."""

from marginspec.model import events
from marginspec_engine import layout
from marginspec_engine.index.suspects import expose
from marginspec_engine.kernels import margin
from marginspec_engine.kernels import trading as trading_kernels
from marginspec_engine.layout import NONE, USED, reasons
from marginspec_engine.memory.lots import free_lot, reduce_lot
from marginspec_engine.memory.words import Words, at, items, lot_row, market_row, position_row, push, reserve
from marginspec_engine.rules.guards import (
    NOT_WHOLE,
    event_word,
    fee_in,
    fits_side,
    is_account,
    is_listed,
    is_within_band,
    is_within_fill_band,
    quantity_in,
    tick_price_in,
)
from marginspec_engine.rules.registry import handles
from marginspec_engine.rules.trading import (
    book_leg,
    check_booked,
    check_open_interest,
    fill_leg,
    pay_rebates,
    traded_position,
)
from marginspec_engine.rules.transaction import ledger_word, move
from marginspec_engine.rules.waterfall import LOT_PROFIT, book_lots, uncovered_shortfall


@handles(events.LiquidationFill)
def liquidation_fill(book: Words) -> int:
    """The engine closes lots, oldest first: profits to the reserve, losses from the waterfall (LIQ-05)."""
    number, account = event_word(book, layout.OF_MARKET), event_word(book, layout.FIRST_ACCOUNT)
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    if not is_account(book, account):
        return reasons.UNKNOWN_ACCOUNT
    market = market_row(book, number)
    if market[layout.MARK] == 0:
        return reasons.NO_MARK
    return fill_stated(book, number)


def fill_stated(book: Words, number: int) -> int:
    """A fill at the price, of the quantity and for the fee that the event states (LIQ-05)."""
    market = market_row(book, number)
    price = tick_price_in(book, market)
    if price == 0:
        return reasons.INVALID_PRICE
    sells = event_word(book, layout.CHOICE) == layout.LONG_LOTS
    worse = market[layout.MARK] - price if sells else price - market[layout.MARK]
    if not is_within_band(market, abs(worse)) or not is_within_fill_band(market, worse):
        return reasons.PRICE_OUT_OF_BAND
    size = quantity_in(book, market, price)
    if size == 0:
        return reasons.INVALID_QUANTITY
    value = margin.value_of(price, size, market[layout.QUANTA_PER_UNIT])
    fee = fee_in(book, market, layout.SECOND_AMOUNT_LOW, value, market[layout.MAKER_FEE])
    if fee == NOT_WHOLE:
        return reasons.INVALID_AMOUNT
    quantity = size if sells else -size
    reserve(book, at(market, layout.MARKET_POSITIONS), 2)
    counterparty = traded_position(book, layout.FIRST_ACCOUNT, layout.FIRST_SIDE, quantity)
    if not fits_side(book, position_row(book, counterparty), quantity):
        return reasons.WRONG_POSITION_SIDE
    if not choose_lots(book, market, quantity):
        return reasons.NO_INVENTORY
    return fill_lots(book, number, counterparty, quantity, price, fee)


def choose_lots(book: Words, market: Words, quantity: int) -> bool:
    """Leave in WORKING the lots to close with their parts, oldest first, of signed lots' direction (LIQ-04).

    False if there are too few.
    """
    working, left = at(book, layout.WORKING), abs(quantity)
    working[USED] = 0
    number = market[layout.FIRST_LOT]
    while number != NONE and left > 0:
        lot = lot_row(book, number)
        if (lot[layout.QUANTITY] > 0) == (quantity > 0):
            part = min(left, abs(lot[layout.QUANTITY]))
            push(book, working, number)
            push(book, working, part)
            left = left - part
        number = lot[layout.NEXT]
    return left == 0


def fill_lots(book: Words, number: int, counterparty: int, quantity: int, price: int, fee: int) -> int:
    """Close the chosen lots against a counterparty's position, and book its side (LIQ-05)."""
    market = market_row(book, number)
    open_interest = market[layout.OPEN_INTEREST]
    leg = at(book, layout.LEGS)
    fill_leg(book, leg, counterparty, quantity, price, fee)
    reason = close_lots(book, number, counterparty, price)
    if reason != reasons.ACCEPTED:
        return reason
    book_leg(book, market, leg)
    reason = pay_rebates(book, market, 1)
    if reason != reasons.ACCEPTED:
        return reason
    reason = check_booked(book, 1)
    check_open_interest(book, market, open_interest)
    expose(book, market[layout.ASSET])
    book[layout.EVENT_MARKET] = number
    return reason


def close_lots(book: Words, number: int, counterparty: int, price: int) -> int:
    """All are closed, then their profits and losses booked; refused if less is covered than before (LIQ-05)."""
    market = market_row(book, number)
    asset, working = market[layout.ASSET], at(book, layout.WORKING)
    uncovered = uncovered_shortfall(book, asset)
    chosen = items(book, working)
    for place in range(0, working[USED], LOT_PROFIT):
        chosen[place + 1] = close_lot(book, market, counterparty, chosen[place], chosen[place + 1], price)
    reason = book_lots(book, number)
    if reason != reasons.ACCEPTED:
        return reason
    for place in range(0, working[USED], LOT_PROFIT):
        if lot_row(book, chosen[place])[layout.QUANTITY] == 0:
            free_lot(book, chosen[place])
    return reasons.ACCEPTED if uncovered_shortfall(book, asset) <= uncovered else reasons.COVER_EXCEEDED


def close_lot(book: Words, market: Words, counterparty: int, number: int, part: int, price: int) -> int:
    """A lot's cost is released pro rata so that its profit rounds down; gives the profit (LIQ-05, ACC-02)."""
    lot = lot_row(book, number)
    held, cost = lot[layout.QUANTITY], lot[layout.COST]
    quantity = part if held > 0 else -part
    value = margin.value_of(price, quantity, market[layout.QUANTA_PER_UNIT])
    accounts = ledger_word(layout.POSITION_OF, counterparty), ledger_word(layout.LOT_OF, number)
    move(book, market[layout.ASSET], accounts[0], accounts[1], value, layout.LIQ_05)
    reduce_lot(book, number, held - quantity)
    return value - trading_kernels.released_cost(cost, abs(held), part)
