"""Positions, domains, orders and lots: finding and making their rows, and changing what they hold."""

from marginspec_engine.index.queues import leave_queue
from marginspec_engine.index.touched import touch
from marginspec_engine.layout import (
    ASKS,
    ASSET,
    BIDS,
    COST,
    COUNT,
    DOMAIN,
    DOMAIN_MAP,
    DOMAIN_ROW,
    DOMAINS,
    EVENT,
    FIRST,
    FIRST_LOADED,
    FIRST_LOT,
    FIRST_ORDER,
    FREE_LOT,
    FREE_ORDER,
    HAS_LOTS_LISTED,
    ISOLATED,
    ISOLATED_MODE,
    KEYED,
    LAST_LOT,
    LEAF_EVENT,
    LOADING_ORDERS,
    LOT,
    LOT_COUNT,
    LOT_OPENED,
    LOT_REDUCED,
    LOTS,
    LOTS_QUANTITY,
    MARGIN_MODE,
    MARKET,
    MARKET_POSITIONS,
    MARKETS_WITH_LOTS,
    NAME,
    NEXT,
    NEXT_LOADED,
    NEXT_LOT,
    NONE,
    NUMBER,
    OPEN_INTEREST,
    OPEN_POSITIONS,
    OPEN_VALUE,
    ORDER,
    ORDER_CANCELLED,
    ORDER_COUNT,
    ORDER_MAP,
    ORDERED_POSITION,
    ORDERS,
    OWNER,
    PLACE,
    POSITION,
    POSITION_CHANGED,
    POSITION_MAP,
    POSITIONS,
    PREVIOUS,
    PREVIOUS_LOADED,
    QUANTITY,
    QUEUE_EVENT,
    RANK,
    REASON,
    SIDE,
    TAKEN_OF,
    TRIGGER,
    UNDONE,
    USED,
    WALLET,
)
from marginspec_engine.memory.fetching import fetch_last
from marginspec_engine.memory.words import (
    Words,
    account_row,
    asset_row,
    at,
    domain_row,
    enter,
    found,
    items,
    lot_row,
    make_room,
    market_row,
    new_row,
    order_row,
    position_row,
    push,
    put,
    strike,
)
from marginspec_engine.rules.margin import counts_for_margin, margin_mode_of, value_at_mark
from marginspec_engine.rules.transaction import effect

# ----------------------------------------------------------------- positions and domains


def position_key(account: int, market: int, side: int) -> int:
    """The key of a position's row: accounts and markets count up from 0."""
    return (account << 32) | (market << 2) | side


def position_of(book: Words, account: int, market: int, side: int) -> int:
    """The row of a position, flat or not; a new one if there is none. Within an event, it stays even if refused."""
    key = position_key(account, market, side)
    number = found(book, POSITION_MAP, key)
    if number == NONE:
        make_room(book, POSITION_MAP)
        number = new_row(book, POSITIONS, POSITION)
        position = position_row(book, number)
        position[OWNER] = account
        position[MARKET] = market
        position[SIDE] = side
        position[DOMAIN] = NONE
        position[ISOLATED] = NONE
        position[PLACE] = NONE
        position[LEAF_EVENT] = NONE
        position[KEYED] = NONE
        position[TRIGGER] = NONE
        settle_entry(book, POSITION_MAP, key, number)
    return number


def settle_entry(book: Words, entries: int, key: int, word: int) -> None:
    """Enter a key for good: a row that was made stays, whatever becomes of the event."""
    undone = at(book, UNDONE)
    used = undone[USED]
    enter(book, entries, key, word)
    undone[USED] = used


def wallet_key(account: int, asset: int) -> int:
    """The key of a cross domain's row: accounts and assets count up from 0."""
    return (account << 32) | asset


def wallet_of(book: Words, account: int, asset: int) -> int:
    """The cross domain of an account in an asset; a new row if there is none."""
    key = wallet_key(account, asset)
    number = found(book, DOMAIN_MAP, key)
    if number == NONE:
        make_room(book, DOMAIN_MAP)
        number = new_domain(book, account, asset)
        domain_row(book, number)[WALLET] = number
        settle_entry(book, DOMAIN_MAP, key, number)
    return number


def new_domain(book: Words, account: int, asset: int) -> int:
    """A new domain of an account, flat and without cash."""
    number = new_row(book, DOMAINS, DOMAIN_ROW)
    domain = domain_row(book, number)
    domain[OWNER] = account
    domain[MARKET] = NONE
    domain[SIDE] = NONE
    domain[ASSET] = asset
    domain[FIRST] = NONE
    return number


def domain_of(book: Words, number: int) -> int:
    """The domain of a position: its own if its account is isolated in the market, else the cross one (ACC-03)."""
    position = position_row(book, number)
    if position[QUANTITY] != 0:
        return position[DOMAIN]
    account, market = position[OWNER], position[MARKET]
    asset = market_row(book, market)[ASSET]
    wallet = wallet_of(book, account, asset)
    if margin_mode_of(book, account, market) != ISOLATED_MODE:
        return wallet
    if position[ISOLATED] == NONE:
        own = new_domain(book, account, asset)
        words = domain_row(book, own)
        words[MARKET] = market
        words[SIDE] = position[SIDE]
        words[WALLET] = wallet
        position[ISOLATED] = own
    return position[ISOLATED]


def set_position(book: Words, number: int, domain: int, quantity: int) -> None:
    """Give a position of a domain so many lots; zero makes it flat."""
    position = position_row(book, number)
    held = position[QUANTITY]
    touch(book, domain)
    put(book, position, QUANTITY, quantity)
    if quantity == 0:
        unlink_position(book, number, domain)
        leave_queue(book, position, held)
    elif held == 0:
        link_position(book, number, domain)
    add_open_interest(book, position[MARKET], max(quantity, 0) - max(held, 0))
    effect(book, POSITION_CHANGED, position[OWNER], position[MARKET], position[SIDE], quantity)


def link_position(book: Words, number: int, domain: int) -> None:
    """Put a position in its place among those of its domain, by market and side, and among those of its market."""
    position, words = position_row(book, number), domain_row(book, domain)
    before, after = NONE, words[FIRST]
    while after != NONE and stands_before(book, position_row(book, after), position):
        before, after = after, position_row(book, after)[NEXT]
    put(book, position, DOMAIN, domain)
    put(book, position, NEXT, after)
    put(book, position, PREVIOUS, before)
    if before == NONE:
        put(book, words, FIRST, number)
    else:
        put(book, position_row(book, before), NEXT, number)
    if after != NONE:
        put(book, position_row(book, after), PREVIOUS, number)
    put(book, words, COUNT, words[COUNT] + 1)
    count_open(book, position[OWNER], 1)
    listed = at(market_row(book, position[MARKET]), MARKET_POSITIONS)
    put(book, position, PLACE, listed[USED])
    put(book, items(book, listed), listed[USED], number)
    put(book, listed, USED, listed[USED] + 1)


def stands_before(book: Words, first: Words, second: Words) -> bool:
    """Whether a position's market and side come before another's."""
    if first[MARKET] == second[MARKET]:
        return first[SIDE] < second[SIDE]
    first_market = market_row(book, first[MARKET])
    return first_market[RANK] < market_row(book, second[MARKET])[RANK]


def unlink_position(book: Words, number: int, domain: int) -> None:
    """Take a flat position out of its domain and its market's list."""
    position, words = position_row(book, number), domain_row(book, domain)
    before, after = position[PREVIOUS], position[NEXT]
    if before == NONE:
        put(book, words, FIRST, after)
    else:
        put(book, position_row(book, before), NEXT, after)
    if after != NONE:
        put(book, position_row(book, after), PREVIOUS, before)
    put(book, words, COUNT, words[COUNT] - 1)
    count_open(book, position[OWNER], -1)
    listed = at(market_row(book, position[MARKET]), MARKET_POSITIONS)
    put(book, listed, USED, listed[USED] - 1)
    last = items(book, listed)[listed[USED]]
    fetch_last(book, listed)
    put(book, items(book, listed), position[PLACE], last)
    put(book, position_row(book, last), PLACE, position[PLACE])
    put(book, position, PLACE, NONE)
    # Its entry in a heap counts no more, unless the event is refused.
    put(book, position, KEYED, NONE)


def count_open(book: Words, account: int, change: int) -> None:
    """Count an account's open positions."""
    words = account_row(book, account)
    put(book, words, OPEN_POSITIONS, words[OPEN_POSITIONS] + change)


def add_open_interest(book: Words, market: int, change: int) -> None:
    """A market's long lots, with lots of the engine, and their asset's value at mark."""
    if change != 0:
        words = market_row(book, market)
        put(book, words, OPEN_INTEREST, words[OPEN_INTEREST] + change)
        asset = asset_row(book, words[ASSET])
        put(book, asset, OPEN_VALUE, asset[OPEN_VALUE] + value_at_mark(words, change))


# ----------------------------------------------------------------- orders


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
    enter(book, ORDER_MAP, order_key(account, name), number)


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
    strike(book, ORDER_MAP, order_key(order[OWNER], order[NAME]))
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


# ----------------------------------------------------------------- lots


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
