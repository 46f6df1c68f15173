"""Receipts of the optimized engine, many events at a time."""

from collections.abc import Iterator

import attrs
import numpy as np

from marginspec.model.effects import Effect, Receipt
from marginspec.model.events import Event
from marginspec_engine.batches.event_columns import rows_of_events
from marginspec_engine.batches.running import BatchRun
from marginspec_engine.layout.effect_reading import EffectReader
from marginspec_engine.layout.effects import EFFECT_LENGTHS
from marginspec_engine.layout.reasons import REASONS
from marginspec_engine.memory.python_words import Words64
from marginspec_journal.states import OpenedState
from marginspec_tools.dashboard.index.replaying import LISTING, Answer, apart, listing_effect

LENGTHS = np.array(EFFECT_LENGTHS)


class OptimizedReplay:
    """A run of the optimized engine."""

    def __init__(self, start: OpenedState) -> None:
        self._run = BatchRun(start)
        self._run.want_effects()
        self._reader = EffectReader(self._run.engine.tables)

    @property
    def hash(self) -> str:
        """The chain's hash after the events so far."""
        return self._run.hash

    def pass_over(self, events: list[Event]) -> None:
        """Take events whose answers are known."""
        self._run.want_lines(False)
        self._run.take(rows_of_events(self._run.engine.tables, events))
        self._run.collected()

    def take(self, events: list[Event]) -> Iterator[Answer]:
        """The answers to some events."""
        self._run.want_lines(True)
        for some in apart(events):
            yield from self._answers(some)

    def _answers(self, events: list[Event]) -> Iterator[Answer]:
        first = self._run.events + 1
        lines = self._run.take(rows_of_events(self._run.engine.tables, events)).splitlines()
        rows = self._run.collected()
        begins = np.searchsorted(rows[:, 0], np.arange(first, first + len(events) + 1)).tolist()
        kinds: list[int] = rows[:, 1].tolist()
        effects = self._effects(events[0], rows)
        for place, line in enumerate(lines):
            begin, end = begins[place], begins[place + 1]
            if begin < end and kinds[begin] < 0:
                yield Answer(Receipt(REASONS[-kinds[begin]], ()), line)
            else:
                yield Answer(Receipt(None, tuple(next(effects) for _ in range(begin, end))), line)

    def _effects(self, first: Event, rows: Words64) -> Iterator[Effect]:
        """The effects of all rows that are no rejections, in order."""
        rows = rows[rows[:, 1] >= 0]
        if isinstance(first, LISTING) and len(rows):
            # The event stands by itself, so the market is as the event left it.
            market = next(one for one in self._run.engine.markets() if one.id == first.market)
            yield listing_effect(first, attrs.evolve(market, mark=None))
            rows = rows[1:]
        places = np.arange(rows.shape[1] - 1)
        packed = rows[:, 1:][places < LENGTHS[rows[:, 1]][:, None]]
        yield from self._reader.effects(packed)
