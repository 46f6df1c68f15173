"""Copies of a run in memory: what would follow from other events, without touching the run itself."""

import numpy as np

from marginspec.model.state import State
from marginspec_engine.batches.running import BatchRun
from marginspec_engine.layout import ADDRESS
from marginspec_engine.memory.plain_memory import Words64, words_of
from marginspec_engine.memory.tables import Tables
from marginspec_engine.states.snapshots import load, reached
from marginspec_journal.states import OpenedState, opening


def words_of_run(run: BatchRun) -> Words64:
    """The words of a run's book and of all that it reaches, one behind the other."""
    book = run.engine.tables.book
    parts = [words_of(int(row[place + ADDRESS]), count) for row, place, count in reached(book)]
    return np.concatenate((book, *parts))


def copied_run(words: Words64, tables: Tables, opened: OpenedState) -> BatchRun:
    """A run of its own with the words and names of another."""
    run = BatchRun(opening(State(header=opened.state.header)))
    run.accepted_before, run.events_before = opened.accepted, opened.events
    own = run.engine.tables
    load(own, words, {})
    own.accounts, own.assets, own.orders = tables.accounts, tables.assets, tables.orders
    # A mark may name a market that has no row yet: its number must be of this copy only.
    own.markets = tables.markets.copied()
    run.know_markets()
    return run
