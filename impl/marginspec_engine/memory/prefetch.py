"""Fetching rows that will be read soon, so that memory answers in time: no word changes by it."""

from marginspec_engine import layout
from marginspec_engine.layout import NONE, USED
from marginspec_engine.memory.raw_bytes import prefetch
from marginspec_engine.memory.words import Words, domain_row, items, position_row

LINE_BYTES = 64
FAR, NEAR = 16, 8
"""How many turns of a loop ahead a row is fetched, and what is found through that row."""


def prefetch_position(book: Words, number: int) -> None:
    """Fetch a position, if there is one: its first two lines, which hold all but what orders need."""
    if number != NONE:
        start = book[layout.POSITIONS + layout.ADDRESS] + number * layout.POSITION * layout.WORD_BYTES
        prefetch(start)
        prefetch(start + LINE_BYTES)


def prefetch_domain(book: Words, number: int) -> None:
    """Fetch a domain, if there is one: its first line."""
    if number != NONE:
        prefetch(book[layout.DOMAINS + layout.ADDRESS] + number * layout.DOMAIN_ROW * layout.WORD_BYTES)


def prefetch_account(book: Words, number: int) -> None:
    """Fetch an account, which is one line."""
    prefetch(book[layout.ACCOUNTS + layout.ADDRESS] + number * layout.ACCOUNT * layout.WORD_BYTES)


def prefetch_positions(book: Words, positions: Words, place: int, end: int, step: int) -> None:
    """Fetch positions that a loop will read behind a place, every `step` words, their domains and accounts."""
    if place + FAR * step < end:
        prefetch_position(book, positions[place + FAR * step])
    if place + NEAR * step < end:
        position = position_row(book, positions[place + NEAR * step])
        prefetch_domain(book, position[layout.DOMAIN])
        prefetch_account(book, position[layout.OWNER])


def prefetch_domains(book: Words, domains: Words, place: int, end: int) -> None:
    """Fetch the domains that a loop will read behind a place, their first positions and their accounts."""
    if place + FAR < end:
        prefetch_domain(book, domains[place + FAR])
    if place + NEAR < end:
        words = domain_row(book, domains[place + NEAR])
        prefetch_position(book, words[layout.FIRST])
        prefetch_account(book, words[layout.OWNER])


def prefetch_last(book: Words, listed: Words) -> None:
    """Fetch a position that will be the last of its market's list when a few more have left it."""
    if listed[USED] > NEAR:
        prefetch(
            book[layout.POSITIONS + layout.ADDRESS]
            + items(book, listed)[listed[USED] - NEAR] * layout.POSITION * layout.WORD_BYTES
            + LINE_BYTES
        )
