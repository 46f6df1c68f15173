"""Running a journal through the optimized engine: receipts and a state at the end, no state between events."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from marginspec.state import State
from marginspec_audit import Violation, check_state
from marginspec_engine.columns import EventRows, event_rows, rows_of_events
from marginspec_engine.running import BatchRun
from marginspec_journal import Journal, open_journal
from marginspec_journal.parquet import ParquetJournal
from marginspec_journal.states import OpenedState, opening, read_state
from marginspec_tools.running import check_headers

EVENTS_AT_ONCE = 10_000


class FastRun:
    """A journal that is run from an empty exchange, or from a state; iterate once, over the lines of receipts."""

    engine_name = "fast"

    def __init__(self, journal: Path, start: Path | None = None, *, with_lines: bool = False) -> None:
        self.journal: Journal = open_journal(journal)
        self.start: OpenedState = opening(State(header=self.journal.header))
        if start is not None:
            self.start = read_state(start)
            check_headers(self.journal, self.start.state.header, start)
        self._batches = BatchRun(self.start, with_lines=with_lines)

    def __iter__(self) -> Iterator[bytes]:
        for rows in self._rows():
            yield self._batches.take(rows)

    def _rows(self) -> Iterator[EventRows]:
        tables = self._batches.engine.tables
        if isinstance(self.journal, ParquetJournal):
            yield from event_rows(self.journal, tables)
            return
        records = iter(self.journal)
        while taken := list(islice(records, EVENTS_AT_ONCE)):
            yield rows_of_events(tables, [record.event for record in taken])

    @property
    def reasons(self) -> Counter[str]:
        """How many events were rejected for each reason."""
        return self._batches.reasons()

    def broken_at_start(self) -> tuple[Violation, ...]:
        """What the state that the run starts from breaks."""
        return check_state(self.start.state)

    def reached(self) -> OpenedState:
        """The state after the events so far, with its counts and the chain's hash."""
        return self._batches.reached()
