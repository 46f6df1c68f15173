"""Positions and domains: finding and making their rows, and changing what they hold."""

from marginspec_engine import layout
from marginspec_engine.index.queues import leave_queue
from marginspec_engine.index.stale import mark_stale
from marginspec_engine.layout import NONE, USED
from marginspec_engine.memory.prefetch import prefetch_last
from marginspec_engine.memory.words import (
    Words,
    account_row,
    asset_row,
    at,
    domain_row,
    insert,
    items,
    lookup,
    make_room,
    market_row,
    new_row,
    position_row,
    put,
)
from marginspec_engine.rules.margin import margin_mode_of, value_at_mark
from marginspec_engine.rules.transaction import effect


def position_key(account: int, market: int, side: int) -> int:
    """The key of a position's row: accounts and markets count up from 0."""
    return (account << 32) | (market << 2) | side


def position_of(book: Words, account: int, market: int, side: int) -> int:
    """The row of a position, flat or not; a new one if there is none. Within an event, it stays even if refused."""
    key = position_key(account, market, side)
    number = lookup(book, layout.POSITION_MAP, key)
    if number == NONE:
        make_room(book, layout.POSITION_MAP)
        number = new_row(book, layout.POSITIONS, layout.POSITION)
        position = position_row(book, number)
        position[layout.OWNER] = account
        position[layout.MARKET] = market
        position[layout.SIDE] = side
        position[layout.DOMAIN] = NONE
        position[layout.ISOLATED] = NONE
        position[layout.PLACE] = NONE
        position[layout.LEAF_EVENT] = NONE
        position[layout.KEYED] = NONE
        position[layout.TRIGGER] = NONE
        insert_for_good(book, layout.POSITION_MAP, key, number)
    return number


def insert_for_good(book: Words, entries: int, key: int, word: int) -> None:
    """Enter a key for good: a row that was made stays, whatever becomes of the event."""
    undone = at(book, layout.UNDONE)
    used = undone[USED]
    insert(book, entries, key, word)
    undone[USED] = used


def wallet_key(account: int, asset: int) -> int:
    """The key of a cross domain's row: accounts and assets count up from 0."""
    return (account << 32) | asset


def wallet_of(book: Words, account: int, asset: int) -> int:
    """The cross domain of an account in an asset; a new row if there is none."""
    key = wallet_key(account, asset)
    number = lookup(book, layout.DOMAIN_MAP, key)
    if number == NONE:
        make_room(book, layout.DOMAIN_MAP)
        number = new_domain(book, account, asset)
        domain_row(book, number)[layout.WALLET] = number
        insert_for_good(book, layout.DOMAIN_MAP, key, number)
    return number


def new_domain(book: Words, account: int, asset: int) -> int:
    """A new domain of an account, flat and without cash."""
    number = new_row(book, layout.DOMAINS, layout.DOMAIN_ROW)
    domain = domain_row(book, number)
    domain[layout.OWNER] = account
    domain[layout.MARKET] = NONE
    domain[layout.SIDE] = NONE
    domain[layout.ASSET] = asset
    domain[layout.FIRST] = NONE
    return number


def domain_of(book: Words, number: int) -> int:
    """The domain of a position: its own if its account is isolated in the market, else the cross one (ACC-03)."""
    position = position_row(book, number)
    if position[layout.QUANTITY] != 0:
        return position[layout.DOMAIN]
    account, market = position[layout.OWNER], position[layout.MARKET]
    if margin_mode_of(book, account, market) != layout.ISOLATED_MODE:
        return wallet_of(book, account, market_row(book, market)[layout.ASSET])
    return isolated_of(book, number)


def isolated_of(book: Words, number: int) -> int:
    """The domain that a position has while it is isolated; a new row if there is none."""
    position = position_row(book, number)
    if position[layout.ISOLATED] == NONE:
        account, market = position[layout.OWNER], position[layout.MARKET]
        asset = market_row(book, market)[layout.ASSET]
        wallet = wallet_of(book, account, asset)
        own = new_domain(book, account, asset)
        words = domain_row(book, own)
        words[layout.MARKET] = market
        words[layout.SIDE] = position[layout.SIDE]
        words[layout.WALLET] = wallet
        position[layout.ISOLATED] = own
    return position[layout.ISOLATED]


def set_position(book: Words, number: int, domain: int, quantity: int) -> None:
    """Give a position of a domain so many lots; zero makes it flat."""
    position = position_row(book, number)
    held = position[layout.QUANTITY]
    mark_stale(book, domain)
    put(book, position, layout.QUANTITY, quantity)
    if quantity == 0:
        unlink_position(book, number, domain)
        leave_queue(book, position, held)
    elif held == 0:
        link_position(book, number, domain)
    add_open_interest(book, position[layout.MARKET], max(quantity, 0) - max(held, 0))
    effect(
        book, layout.POSITION_CHANGED, position[layout.OWNER], position[layout.MARKET], position[layout.SIDE], quantity
    )


def link_position(book: Words, number: int, domain: int) -> None:
    """Put a position in its place among those of its domain, by market and side, and among those of its market."""
    position, words = position_row(book, number), domain_row(book, domain)
    before, after = NONE, words[layout.FIRST]
    while after != NONE and stands_before(book, position_row(book, after), position):
        before, after = after, position_row(book, after)[layout.NEXT]
    put(book, position, layout.DOMAIN, domain)
    put(book, position, layout.NEXT, after)
    put(book, position, layout.PREVIOUS, before)
    if before == NONE:
        put(book, words, layout.FIRST, number)
    else:
        put(book, position_row(book, before), layout.NEXT, number)
    if after != NONE:
        put(book, position_row(book, after), layout.PREVIOUS, number)
    put(book, words, layout.COUNT, words[layout.COUNT] + 1)
    count_open(book, position[layout.OWNER], 1)
    listed = at(market_row(book, position[layout.MARKET]), layout.MARKET_POSITIONS)
    put(book, position, layout.PLACE, listed[USED])
    put(book, items(book, listed), listed[USED], number)
    put(book, listed, USED, listed[USED] + 1)


def stands_before(book: Words, first: Words, second: Words) -> bool:
    """Whether a position's market and side come before another's."""
    if first[layout.MARKET] == second[layout.MARKET]:
        return first[layout.SIDE] < second[layout.SIDE]
    first_market = market_row(book, first[layout.MARKET])
    return first_market[layout.RANK] < market_row(book, second[layout.MARKET])[layout.RANK]


def unlink_position(book: Words, number: int, domain: int) -> None:
    """Take a flat position out of its domain and its market's list."""
    position, words = position_row(book, number), domain_row(book, domain)
    before, after = position[layout.PREVIOUS], position[layout.NEXT]
    if before == NONE:
        put(book, words, layout.FIRST, after)
    else:
        put(book, position_row(book, before), layout.NEXT, after)
    if after != NONE:
        put(book, position_row(book, after), layout.PREVIOUS, before)
    put(book, words, layout.COUNT, words[layout.COUNT] - 1)
    count_open(book, position[layout.OWNER], -1)
    listed = at(market_row(book, position[layout.MARKET]), layout.MARKET_POSITIONS)
    put(book, listed, USED, listed[USED] - 1)
    last = items(book, listed)[listed[USED]]
    prefetch_last(book, listed)
    put(book, items(book, listed), position[layout.PLACE], last)
    put(book, position_row(book, last), layout.PLACE, position[layout.PLACE])
    put(book, position, layout.PLACE, NONE)
    # Its entry in a heap counts no more, unless the event is refused.
    put(book, position, layout.KEYED, NONE)


def count_open(book: Words, account: int, change: int) -> None:
    """Count an account's open positions."""
    words = account_row(book, account)
    put(book, words, layout.OPEN_POSITIONS, words[layout.OPEN_POSITIONS] + change)


def add_open_interest(book: Words, market: int, change: int) -> None:
    """A market's long lots, with lots of the engine, and their asset's value at mark."""
    if change != 0:
        words = market_row(book, market)
        put(book, words, layout.OPEN_INTEREST, words[layout.OPEN_INTEREST] + change)
        asset = asset_row(book, words[layout.ASSET])
        put(book, asset, layout.OPEN_VALUE, asset[layout.OPEN_VALUE] + value_at_mark(words, change))
