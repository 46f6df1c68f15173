"""Receipts of the optimized engine, many events at a time."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import get_args

import attrs
import numpy as np

from marginspec.model.effects import Effect
from marginspec.model.events import Event
from marginspec.model.fields import Name, fields_of
from marginspec_engine.batches.event_columns import EventRows, number_listed
from marginspec_engine.batches.running import BatchRun
from marginspec_engine.layout.effect_reading import EffectReader
from marginspec_engine.layout.effects import EFFECT_LENGTHS
from marginspec_engine.layout.event_words import NOTHING_STATED, WRITERS, write_event
from marginspec_engine.layout.events import EVENT_TYPE, LIST_MARKET
from marginspec_engine.layout.reasons import REASONS
from marginspec_engine.memory.python_words import Words64
from marginspec_engine.memory.tables import Tables
from marginspec_journal.states import OpenedState
from marginspec_tools.dashboard.index.bulk import KIND, SEQ, Bulk, KnownValues, is_bulk
from marginspec_tools.dashboard.index.replaying import LISTING, Answer, Batch, apart, listing_effect

LENGTHS = np.array(EFFECT_LENGTHS)
AT_ONCE = 1 << 16
"""Effects that are looked at at once."""

NAMES = {
    event: tuple((field.path[0], field.kind.of) for field in fields_of(event) if isinstance(field.kind, Name))
    for event in get_args(Event)
}
"""The fields of each class of events that hold names, and what these are of."""


def rows_of(tables: Tables, events: list[Event]) -> EventRows:
    """Events as rows of words, with all names that are new numbered at once, which costs little of each."""
    tables.free_names()
    fresh: dict[str, dict[str, None]] = defaultdict(dict)
    for event in events:
        for field, of in NAMES[type(event)]:
            name = getattr(event, field)
            if name is not None and of != "market" and name not in tables.names(of).numbers:
                fresh[of][name] = None
    for named, names in fresh.items():
        tables.add_names(named, list(names))
    uncompiled = {place: event for place, event in enumerate(events) if type(event) not in WRITERS}
    number_listed(tables, uncompiled)
    words = np.tile(NOTHING_STATED, (len(events), 1))
    for place, event in enumerate(events):
        if place in uncompiled:
            words[place, EVENT_TYPE] = LIST_MARKET
        else:
            write_event(tables, event, words[place])
    return EventRows(words, uncompiled)


class OptimizedReplay:
    """A run of the optimized engine."""

    has_bulk = True

    def __init__(self, start: OpenedState) -> None:
        self._run = BatchRun(start)
        self._run.want_effects()
        self._tables = self._run.engine.tables
        self._reader, self._known = EffectReader(self._tables), KnownValues()

    @property
    def hash(self) -> str:
        """The chain's hash after the events so far."""
        return self._run.hash

    def pass_over(self, events: list[Event]) -> None:
        """Take events whose answers are known."""
        self._run.want_lines(False)
        self._run.take(rows_of(self._tables, events))
        self._run.collected()

    def take(self, events: list[Event]) -> Iterator[Batch]:
        """The answers to some events."""
        self._run.want_lines(True)
        for some in apart(events):
            yield self._batch(some)

    def _batch(self, events: list[Event]) -> Batch:
        first = self._run.events + 1
        lines = lines_in(self._run.take(rows_of(self._tables, events)))
        rows = self._run.collected()
        numbers = np.arange(first, first + len(events) + 1)
        begins = np.searchsorted(rows[:, SEQ], numbers)
        counts: list[int] = np.diff(begins).tolist()
        kinds: list[int] = rows[np.minimum(begins[:-1], max(0, len(rows) - 1)), KIND].tolist() if len(rows) else []
        single = rows[~np.concatenate([is_bulk(some) for some in portions(rows)])]
        shown: list[int] = np.diff(np.searchsorted(single[:, SEQ], numbers)).tolist()
        effects = self._effects(events[0], single)
        answers = (
            Answer(REASONS[-kinds[place]], 0, (), line)
            if counts[place] and kinds[place] < 0
            else Answer(None, counts[place], islice(effects, shown[place]), line)
            for place, line in enumerate(lines)
        )
        return Batch(answers, Bulk(rows, self._reader, self._tables.name, self._known))

    def _effects(self, first: Event, rows: Words64) -> Iterator[Effect]:
        """The effects of all rows that are no rejections, in order."""
        if isinstance(first, LISTING) and len(rows) and rows[0, KIND] >= 0:
            # The event stands by itself, so the market is as the event left it.
            market = next(one for one in self._run.engine.markets() if one.id == first.market)
            yield listing_effect(first, attrs.evolve(market, mark=None))
            rows = rows[1:]
        places = np.arange(rows.shape[1] - 1)
        for some in portions(rows):
            accepted = some[some[:, KIND] >= 0]
            yield from self._reader.effects(accepted[:, KIND:][places < LENGTHS[accepted[:, KIND]][:, None]])


def portions(rows: Words64) -> Iterator[Words64]:
    """Rows in portions, at least one: an event may have so many that all of them at once are too much."""
    for first in range(0, max(1, len(rows)), AT_ONCE):
        yield rows[first : first + AT_ONCE]


def lines_in(text: bytes) -> Iterator[memoryview]:
    """The lines of a text without their newlines, not copied: a receipt may take a gigabyte."""
    view, begin = memoryview(text), 0
    while begin < len(text):
        end = text.index(b"\n", begin)
        yield view[begin:end]
        begin = end + 1
