"""Fetching rows that will be read soon, so that memory answers in time: no word changes by it."""

from marginspec_engine.compiled.memory import Words, row
from marginspec_engine.compiled.octets import fetch
from marginspec_engine.layout import (
    ACCOUNT,
    ACCOUNTS,
    ADDRESS,
    DOMAIN,
    DOMAIN_ROW,
    DOMAINS,
    FIRST,
    NONE,
    OWNER,
    POSITION,
    POSITIONS,
    WORD_BYTES,
)

LINE_BYTES = 64
FAR, NEAR = 16, 8
"""How many turns of a loop ahead a row is fetched, and what is found through that row."""


def fetch_row(book: Words, table: int, number: int, width: int) -> None:
    """Fetch a row, if there is one."""
    if number != NONE:
        start = book[table + ADDRESS] + number * width * WORD_BYTES
        for line in range(0, width * WORD_BYTES, LINE_BYTES):
            fetch(start + line)


def fetch_positions(book: Words, positions: Words, place: int, end: int, step: int) -> None:
    """Fetch positions that a loop will read behind a place, every `step` words, their domains and accounts."""
    if place + FAR * step < end:
        fetch_row(book, POSITIONS, positions[place + FAR * step], POSITION)
    if place + NEAR * step < end:
        number = positions[place + NEAR * step]
        position = row(book, POSITIONS, number, POSITION)
        fetch_row(book, DOMAINS, position[DOMAIN], DOMAIN_ROW)
        fetch_row(book, ACCOUNTS, position[OWNER], ACCOUNT)


def fetch_domains(book: Words, domains: Words, place: int, end: int) -> None:
    """Fetch the domains that a loop will read behind a place, their first positions and their accounts."""
    if place + FAR < end:
        fetch_row(book, DOMAINS, domains[place + FAR], DOMAIN_ROW)
    if place + NEAR < end:
        words = row(book, DOMAINS, domains[place + NEAR], DOMAIN_ROW)
        fetch_row(book, POSITIONS, words[FIRST], POSITION)
        fetch_row(book, ACCOUNTS, words[OWNER], ACCOUNT)
