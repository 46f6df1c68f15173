"""Orders: placing, cancelling, and what a fill leaves of them."""

from marginspec.model import events
from marginspec_engine import layout
from marginspec_engine.kernels import margin
from marginspec_engine.layout import NONE, reasons
from marginspec_engine.memory.orders import cancel, free_order_row, load, new_order, order_key, remove_order
from marginspec_engine.memory.positions import position_of, wallet_of
from marginspec_engine.memory.words import (
    Words,
    domain_row,
    lookup,
    make_room,
    market_row,
    order_row,
    position_row,
    put,
)
from marginspec_engine.rules.guards import (
    event_word,
    fits_side,
    is_account,
    is_listed,
    is_within_band,
    only_reduces,
    quantity_in,
    tick_price_in,
)
from marginspec_engine.rules.margin import domain_initial, domain_margin, margin_mode_of, order_margin
from marginspec_engine.rules.registry import handles
from marginspec_engine.rules.transaction import effect


@handles(events.PlaceOrder)
def place_order(book: Words) -> int:
    """Placing is refused if order margin rises by more than is available or, if isolated, movable (TRD-03)."""
    number = event_word(book, layout.OF_MARKET)
    account = event_word(book, layout.FIRST_ACCOUNT)
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    if not is_account(book, account):
        return reasons.UNKNOWN_ACCOUNT
    market = market_row(book, number)
    if market[layout.MARK] == 0:
        return reasons.NO_MARK
    price = tick_price_in(book, market)
    if price == 0:
        return reasons.INVALID_PRICE
    sells = event_word(book, layout.CHOICE) == layout.SELL
    if not is_within_band(market, market[layout.MARK] - price if sells else price - market[layout.MARK]):
        return reasons.PRICE_OUT_OF_BAND
    quantity = quantity_in(book, market, price)
    if quantity == 0:
        return reasons.INVALID_QUANTITY
    if sells:
        quantity = -quantity
    return place(book, account, number, price, quantity)


def place(book: Words, account: int, market: int, price: int, quantity: int) -> int:
    """An order of signed lots at a price, both in units."""
    held = position_of(book, account, market, event_word(book, layout.FIRST_SIDE))
    position = position_row(book, held)
    if not fits_side(book, position, quantity):
        return reasons.WRONG_POSITION_SIDE
    if lookup(book, layout.ORDER_MAP, order_key(account, event_word(book, layout.FIRST_ORDER_NAME))) != NONE:
        return reasons.ORDER_EXISTS
    reduce_only = event_word(book, layout.SECOND_CHOICE)
    if reduce_only == 1 and not only_reduces(position[layout.QUANTITY], quantity):
        return reasons.REDUCE_ONLY
    asset = market_row(book, market)[layout.ASSET]
    wallet = wallet_of(book, account, asset)
    reserved = order_margin(book, account, asset)
    left = left_for_orders(book, wallet, reserved, margin_mode_of(book, account, market) == layout.ISOLATED_MODE)
    rest(book, held, price, quantity, reduce_only)
    if order_margin(book, account, asset) - reserved > left:
        return reasons.INSUFFICIENT_BALANCE
    return reasons.ACCEPTED


def left_for_orders(book: Words, wallet: int, reserved: int, is_isolated: bool) -> int:
    """What is available in a cross domain or, for an order in an isolated market, movable out of it (TRD-03)."""
    equity, _ = domain_margin(book, wallet)
    initial = domain_initial(book, wallet)
    if is_isolated:
        return margin.movable_margin(domain_row(book, wallet)[layout.CASH], equity, initial, reserved)
    return margin.available_margin(equity, initial, reserved)


def rest(book: Words, held: int, price: int, quantity: int, reduce_only: int) -> None:
    """Put an order of the event's name for a position in place."""
    make_room(book, layout.ORDER_MAP)
    number = free_order_row(book)
    position, order = position_row(book, held), order_row(book, number)
    put(book, order, layout.MARKET, position[layout.MARKET])
    put(book, order, layout.SIDE, position[layout.SIDE])
    put(book, order, layout.QUANTITY, quantity)
    put(book, order, layout.LIMIT, price)
    put(book, order, layout.REDUCE_ONLY, reduce_only)
    put(book, order, layout.ORDERED_POSITION, held)
    new_order(book, position[layout.OWNER], event_word(book, layout.FIRST_ORDER_NAME), number)
    load(book, order, quantity, 1)
    account, name, market, side = position[layout.OWNER], order[layout.NAME], order[layout.MARKET], order[layout.SIDE]
    effect(book, layout.ORDER_PLACED, account, name, market, side, quantity, price, reduce_only)


@handles(events.CancelOrder)
def cancel_order(book: Words) -> int:
    """Cancelling takes an open order away and frees its margin (TRD-03)."""
    account = event_word(book, layout.FIRST_ACCOUNT)
    if not is_account(book, account):
        return reasons.UNKNOWN_ACCOUNT
    number = lookup(book, layout.ORDER_MAP, order_key(account, event_word(book, layout.FIRST_ORDER_NAME)))
    if number == NONE:
        return reasons.UNKNOWN_ORDER
    cancel(book, number)
    return reasons.ACCEPTED


def fits_order(order: Words, position: Words, quantity: int, price: int) -> bool:
    """A fill is of the order's market and side, no worse than its limit, no larger than what is left (TRD-03)."""
    if order[layout.MARKET] != position[layout.MARKET] or order[layout.SIDE] != position[layout.SIDE]:
        return False
    if quantity > 0:
        return quantity <= order[layout.QUANTITY] and price <= order[layout.LIMIT]
    return quantity >= order[layout.QUANTITY] and price >= order[layout.LIMIT]


def reduce_order(book: Words, number: int, quantity: int) -> None:
    """A fill of signed lots leaves the order that much smaller; nothing left ends it (TRD-03)."""
    order = order_row(book, number)
    account, name, market = order[layout.OWNER], order[layout.NAME], order[layout.MARKET]
    left = order[layout.QUANTITY] - quantity
    if left == 0:
        remove_order(book, number)
    else:
        load(book, order, -quantity, 0)
        put(book, order, layout.QUANTITY, left)
    effect(book, layout.ORDER_REDUCED, account, name, market, left)
