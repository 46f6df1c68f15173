"""Open orders: their rows, links and names, and how they load their positions."""

from marginspec_engine.layout import (
    ASKS,
    BIDS,
    FIRST_LOADED,
    FIRST_ORDER,
    FREE_ORDER,
    LOADING_ORDERS,
    NAME,
    NEXT,
    NEXT_LOADED,
    NONE,
    ORDER,
    ORDER_CANCELLED,
    ORDER_COUNT,
    ORDER_MAP,
    ORDERED_POSITION,
    ORDERS,
    OWNER,
    PREVIOUS,
    PREVIOUS_LOADED,
    QUANTITY,
)
from marginspec_engine.memory.words import Words, account_row, delete, insert, new_row, order_row, position_row, put
from marginspec_engine.rules.margin import counts_for_margin
from marginspec_engine.rules.transaction import effect


def order_key(account: int, name: int) -> int:
    """The key of an order's row: names of orders count up from 0."""
    return (account << 32) | name


def new_order(book: Words, account: int, name: int, number: int) -> None:
    """Have an account's order of a name stand in a row, first of its orders."""
    order, owner = order_row(book, number), account_row(book, account)
    after = owner[FIRST_ORDER]
    put(book, order, OWNER, account)
    put(book, order, NAME, name)
    put(book, order, PREVIOUS, NONE)
    put(book, order, NEXT, after)
    if after != NONE:
        put(book, order_row(book, after), PREVIOUS, number)
    put(book, owner, FIRST_ORDER, number)
    put(book, owner, ORDER_COUNT, owner[ORDER_COUNT] + 1)
    insert(book, ORDER_MAP, order_key(account, name), number)


def free_order_row(book: Words) -> int:
    """A row for a new order: one that is free, or a new one."""
    if book[FREE_ORDER] == NONE:
        # Free for good, so that a refused event leaves it free.
        added = new_row(book, ORDERS, ORDER)
        order_row(book, added)[OWNER] = NONE
        order_row(book, added)[NEXT] = NONE
        book[FREE_ORDER] = added
    number = book[FREE_ORDER]
    put(book, book, FREE_ORDER, order_row(book, number)[NEXT])
    return number


def remove_order(book: Words, number: int) -> None:
    """Take an order away; its row is free."""
    order = order_row(book, number)
    load(book, order, -order[QUANTITY], -1)
    owner, before, after = account_row(book, order[OWNER]), order[PREVIOUS], order[NEXT]
    if before == NONE:
        put(book, owner, FIRST_ORDER, after)
    else:
        put(book, order_row(book, before), NEXT, after)
    if after != NONE:
        put(book, order_row(book, after), PREVIOUS, before)
    put(book, owner, ORDER_COUNT, owner[ORDER_COUNT] - 1)
    delete(book, ORDER_MAP, order_key(order[OWNER], order[NAME]))
    put(book, order, NEXT, book[FREE_ORDER])
    put(book, order, OWNER, NONE)
    put(book, book, FREE_ORDER, number)


def load(book: Words, order: Words, change: int, orders: int) -> None:
    """Count signed lots, and a number of orders, more with an order's position, if the order may open it (MRG-03)."""
    if not counts_for_margin(order):
        return
    number = order[ORDERED_POSITION]
    position = position_row(book, number)
    if order[QUANTITY] > 0:
        put(book, position, BIDS, position[BIDS] + change)
    else:
        put(book, position, ASKS, position[ASKS] - change)
    before = position[LOADING_ORDERS]
    put(book, position, LOADING_ORDERS, before + orders)
    if before == 0:
        link_loaded(book, number)
    elif before + orders == 0:
        unlink_loaded(book, number)


def link_loaded(book: Words, number: int) -> None:
    """Put a position first of its account's with orders."""
    position = position_row(book, number)
    owner = account_row(book, position[OWNER])
    after = owner[FIRST_LOADED]
    put(book, position, PREVIOUS_LOADED, NONE)
    put(book, position, NEXT_LOADED, after)
    if after != NONE:
        put(book, position_row(book, after), PREVIOUS_LOADED, number)
    put(book, owner, FIRST_LOADED, number)


def unlink_loaded(book: Words, number: int) -> None:
    """Take a position out of its account's with orders."""
    position = position_row(book, number)
    before, after = position[PREVIOUS_LOADED], position[NEXT_LOADED]
    if before == NONE:
        put(book, account_row(book, position[OWNER]), FIRST_LOADED, after)
    else:
        put(book, position_row(book, before), NEXT_LOADED, after)
    if after != NONE:
        put(book, position_row(book, after), PREVIOUS_LOADED, before)


def cancel(book: Words, number: int) -> None:
    """Take an order away, by its owner's wish or because its domain is liquidated."""
    order = order_row(book, number)
    account, name = order[OWNER], order[NAME]
    remove_order(book, number)
    effect(book, ORDER_CANCELLED, account, name)
