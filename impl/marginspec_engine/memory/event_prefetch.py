"""Fetching what later events will read, so that memory answers in time: no word changes by it."""

from marginspec_engine import layout
from marginspec_engine.layout import NONE
from marginspec_engine.memory.positions import position_key, wallet_key
from marginspec_engine.memory.prefetch import prefetch_account, prefetch_domain, prefetch_position
from marginspec_engine.memory.raw_bytes import prefetch
from marginspec_engine.memory.words import (
    Words,
    at,
    domain_row,
    items,
    lookup,
    market_row,
    position_row,
    slot_from,
    words_at,
)
from marginspec_engine.rules.guards import has_row

SLOTS_AHEAD, ROWS_AHEAD, FIRST_AHEAD, SECOND_AHEAD = 16, 12, 8, 4
"""How many events ahead each kind of word is fetched: each is found through those fetched before it."""


def prefetch_events(book: Words, rows: int, number: int, end: int) -> None:
    """Fetch what the events behind one will read."""
    prefetch_event(book, rows, number + SLOTS_AHEAD, end, SLOTS_AHEAD)
    prefetch_event(book, rows, number + ROWS_AHEAD, end, ROWS_AHEAD)
    prefetch_event(book, rows, number + FIRST_AHEAD, end, FIRST_AHEAD)
    prefetch_event(book, rows, number + SECOND_AHEAD, end, SECOND_AHEAD)


def prefetch_event(book: Words, rows: int, number: int, end: int, ahead: int) -> None:
    """Fetch one kind of words for a trade or an order."""
    if number >= end:
        return
    event = words_at(book, rows + number * layout.EVENT_ROW * layout.WORD_BYTES)
    if event[layout.EVENT_TYPE] != layout.TRADE and event[layout.EVENT_TYPE] != layout.PLACE_ORDER:
        return
    if not has_row(book, event[layout.OF_MARKET]):
        return
    prefetch_party(book, event[layout.FIRST_ACCOUNT], event[layout.OF_MARKET], max(0, event[layout.FIRST_SIDE]), ahead)
    if event[layout.EVENT_TYPE] == layout.TRADE:
        prefetch_party(
            book, event[layout.SECOND_ACCOUNT], event[layout.OF_MARKET], max(0, event[layout.SECOND_SIDE]), ahead
        )


def prefetch_party(book: Words, account: int, market: int, side: int, ahead: int) -> None:
    """Fetch one kind of words of an account."""
    position = position_key(account, market, side)
    wallet = wallet_key(account, market_row(book, market)[layout.ASSET])
    if ahead == SLOTS_AHEAD:
        prefetch_slot(book, layout.POSITION_MAP, position)
        prefetch_slot(book, layout.DOMAIN_MAP, wallet)
        prefetch_account(book, account)
        prefetch(book[layout.ACCOUNT_TEXTS + layout.ADDRESS] + 2 * account * layout.WORD_BYTES)
    elif ahead == ROWS_AHEAD:
        prefetch(book[layout.TEXTS + layout.ADDRESS] + items(book, at(book, layout.ACCOUNT_TEXTS))[2 * account])
        prefetch_position(book, lookup(book, layout.POSITION_MAP, position))
        prefetch_domain(book, lookup(book, layout.DOMAIN_MAP, wallet))
    else:
        prefetch_domain_positions(book, lookup(book, layout.DOMAIN_MAP, wallet), ahead)


def prefetch_domain_positions(book: Words, wallet: int, ahead: int) -> None:
    """Fetch the first or the second position of a domain."""
    if wallet == NONE:
        return
    number = domain_row(book, wallet)[layout.FIRST]
    if ahead == SECOND_AHEAD and number != NONE:
        number = position_row(book, number)[layout.NEXT]
    prefetch_position(book, number)


def prefetch_slot(book: Words, entries: int, key: int) -> None:
    """Fetch the slot of a map where the search for a key begins."""
    held = at(book, entries)
    if held[layout.SLOTS] > 0:
        prefetch(held[layout.ADDRESS] + 2 * layout.WORD_BYTES * slot_from(key, held[layout.SLOTS] - 1))
