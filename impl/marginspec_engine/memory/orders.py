"""Open orders: their rows, links and names, and how they load their positions."""

from marginspec_engine import layout
from marginspec_engine.layout import NONE
from marginspec_engine.memory.words import Words, account_row, delete, insert, new_row, order_row, position_row, put
from marginspec_engine.rules.margin import counts_for_margin
from marginspec_engine.rules.transaction import effect


def order_key(account: int, name: int) -> int:
    """The key of an order's row: names of orders count up from 0."""
    return (account << 32) | name


def new_order(book: Words, account: int, name: int, number: int) -> None:
    """Have an account's order of a name stand in a row, first of its orders."""
    order, owner = order_row(book, number), account_row(book, account)
    after = owner[layout.FIRST_ORDER]
    put(book, order, layout.OWNER, account)
    put(book, order, layout.NAME, name)
    put(book, order, layout.PREVIOUS, NONE)
    put(book, order, layout.NEXT, after)
    if after != NONE:
        put(book, order_row(book, after), layout.PREVIOUS, number)
    put(book, owner, layout.FIRST_ORDER, number)
    put(book, owner, layout.ORDER_COUNT, owner[layout.ORDER_COUNT] + 1)
    insert(book, layout.ORDER_MAP, order_key(account, name), number)


def free_order_row(book: Words) -> int:
    """A row for a new order: one that is free, or a new one."""
    if book[layout.FREE_ORDER] == NONE:
        # Free for good, so that a refused event leaves it free.
        added = new_row(book, layout.ORDERS, layout.ORDER)
        order_row(book, added)[layout.OWNER] = NONE
        order_row(book, added)[layout.NEXT] = NONE
        book[layout.FREE_ORDER] = added
    number = book[layout.FREE_ORDER]
    put(book, book, layout.FREE_ORDER, order_row(book, number)[layout.NEXT])
    return number


def remove_order(book: Words, number: int) -> None:
    """Take an order away; its row is free."""
    order = order_row(book, number)
    load(book, order, -order[layout.QUANTITY], -1)
    owner, before, after = account_row(book, order[layout.OWNER]), order[layout.PREVIOUS], order[layout.NEXT]
    if before == NONE:
        put(book, owner, layout.FIRST_ORDER, after)
    else:
        put(book, order_row(book, before), layout.NEXT, after)
    if after != NONE:
        put(book, order_row(book, after), layout.PREVIOUS, before)
    put(book, owner, layout.ORDER_COUNT, owner[layout.ORDER_COUNT] - 1)
    delete(book, layout.ORDER_MAP, order_key(order[layout.OWNER], order[layout.NAME]))
    put(book, order, layout.NEXT, book[layout.FREE_ORDER])
    put(book, order, layout.OWNER, NONE)
    put(book, book, layout.FREE_ORDER, number)


def load(book: Words, order: Words, change: int, orders: int) -> None:
    """Count signed lots, and a number of orders, more with an order's position, if the order may open it (MRG-03)."""
    if not counts_for_margin(order):
        return
    number = order[layout.ORDERED_POSITION]
    position = position_row(book, number)
    if order[layout.QUANTITY] > 0:
        put(book, position, layout.BIDS, position[layout.BIDS] + change)
    else:
        put(book, position, layout.ASKS, position[layout.ASKS] - change)
    before = position[layout.LOADING_ORDERS]
    put(book, position, layout.LOADING_ORDERS, before + orders)
    if before == 0:
        link_loaded(book, number)
    elif before + orders == 0:
        unlink_loaded(book, number)


def link_loaded(book: Words, number: int) -> None:
    """Put a position first of its account's with orders."""
    position = position_row(book, number)
    owner = account_row(book, position[layout.OWNER])
    after = owner[layout.FIRST_LOADED]
    put(book, position, layout.PREVIOUS_LOADED, NONE)
    put(book, position, layout.NEXT_LOADED, after)
    if after != NONE:
        put(book, position_row(book, after), layout.PREVIOUS_LOADED, number)
    put(book, owner, layout.FIRST_LOADED, number)


def unlink_loaded(book: Words, number: int) -> None:
    """Take a position out of its account's with orders."""
    position = position_row(book, number)
    before, after = position[layout.PREVIOUS_LOADED], position[layout.NEXT_LOADED]
    if before == NONE:
        put(book, account_row(book, position[layout.OWNER]), layout.FIRST_LOADED, after)
    else:
        put(book, position_row(book, before), layout.NEXT_LOADED, after)
    if after != NONE:
        put(book, position_row(book, after), layout.PREVIOUS_LOADED, before)


def cancel(book: Words, number: int) -> None:
    """Take an order away, by its owner's wish or because its domain is liquidated."""
    order = order_row(book, number)
    account, name = order[layout.OWNER], order[layout.NAME]
    remove_order(book, number)
    effect(book, layout.ORDER_CANCELLED, account, name)
