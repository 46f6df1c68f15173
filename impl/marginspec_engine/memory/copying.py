"""Copies of a run in memory: what would follow from other events, without touching the run itself."""

from collections.abc import Iterator

import numpy as np

from marginspec.model.state import State
from marginspec_engine import layout
from marginspec_engine.batches.running import BatchRun
from marginspec_engine.layout import USED
from marginspec_engine.memory.python_words import Words64, allocated, words_of
from marginspec_engine.memory.tables import BOOK_VECTORS, MARKET_VECTORS, Tables, release_book
from marginspec_journal.states import OpenedState, opening

NOT_COPIED = (layout.LITERALS, layout.WANTS_LINES, layout.WANTS_EFFECTS)
"""Words of the book that are each run's own."""


def reached(book: Words64) -> Iterator[tuple[Words64, int, int]]:
    """Everything that a book reaches: the row and place that hold its address, and how many words it has.

    Tables come before the vectors of their rows, so that reading in the same order finds the rows in place.
    """
    for vector in BOOK_VECTORS:
        yield book, vector, int(book[vector + USED])
    for entries in layout.MAPS:
        yield book, entries, 2 * int(book[entries + layout.SLOTS])
    count = int(book[layout.MARKETS + USED])
    for row in words_of(int(book[layout.MARKETS]), count).reshape(-1, layout.MARKET_ROW):
        for vector in MARKET_VECTORS:
            yield row, vector, int(row[vector + USED])


def words_of_run(run: BatchRun) -> Words64:
    """The words of a run's book and of all that it reaches, one behind the other."""
    book = run.engine.tables.book
    parts = [words_of(int(row[place + layout.ADDRESS]), count) for row, place, count in reached(book)]
    return np.concatenate((book, *parts))


def copied_run(words: Words64, tables: Tables, opened: OpenedState) -> BatchRun:
    """A run of its own with the words and names of another."""
    run = BatchRun(opening(State(header=opened.state.header)))
    run.accepted_before, run.events_before = opened.accepted, opened.events
    own = run.engine.tables
    load(own, words)
    own.accounts, own.assets, own.orders = tables.accounts, tables.assets, tables.orders
    # A mark may name a market that has no row yet: its number must be of this copy only.
    own.markets = tables.markets.copied()
    run.know_markets()
    return run


def load(tables: Tables, words: Words64) -> None:
    """Put the words of another run in place of those of empty tables."""
    release_book(tables.book)
    own = tables.book[list(NOT_COPIED)].copy()
    tables.book[:] = words[: layout.BOOK]
    tables.book[list(NOT_COPIED)] = own
    place = layout.BOOK
    for row, vector, count in reached(tables.book):
        address = allocated(max(1, count))
        words_of(address, count)[:] = words[place : place + count]
        row[vector + layout.ADDRESS] = address
        if vector not in layout.MAPS or row is not tables.book:
            row[vector + layout.ROOM] = max(1, count)
        place += count
