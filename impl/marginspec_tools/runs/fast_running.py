"""Running a journal through the optimized engine: receipts and a state at the end, no state between events."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import attrs
import pyarrow.parquet as pq

from marginspec_engine.batches.event_columns import EventRows, event_rows, rows_of_events
from marginspec_engine.batches.running import BatchRun
from marginspec_engine.layout.reasons import REASONS
from marginspec_engine.memory.tables import Tables
from marginspec_engine.states.snapshots import read_snapshot, write_snapshot
from marginspec_journal import InputError, Journal
from marginspec_journal.parquet import ParquetJournal
from marginspec_journal.states import OpenedState
from marginspec_tools.runs.running import FIRST_REJECTIONS, Rejection, Totals, check_headers, opened_run

EVENTS_AT_ONCE = 10_000


@attrs.frozen
class Kept:
    """Where a run keeps its snapshot, and after how many events it writes one."""

    path: Path
    every: int


@attrs.frozen
class Cut:
    """Where the snapshots of a run's segments go, and of how many events a segment is."""

    folder: Path
    every: int

    def left_of_segment(self, run: BatchRun) -> int:
        """How many events the segment still has; writes a snapshot if a segment begins."""
        passed = (run.events - run.events_before) % self.every
        if passed == 0:
            write_snapshot(self.folder / f"{run.events:012}.snapshot", run)
        return self.every - passed


class FastRun:
    """A journal that is run from an empty exchange, or from a state; iterate once, over the lines of receipts."""

    engine_name = "fast"

    def __init__(
        self, journal: Path, start: Path | None = None, *, with_lines: bool = False, kept: Kept | None = None
    ) -> None:
        self.journal, self.start = opened_run(journal, start)
        self._kept = kept
        self._cut: Cut | None = None
        self._batches = self._resumed(kept.path) if kept and kept.path.exists() else BatchRun(self.start)
        self._batches.want_lines(with_lines)
        self.first_rejections: list[Rejection] = []
        self._lists_rejections = False

    def write_effects(self, stream: BinaryIO) -> None:
        """Run to the end, and write all effects as Parquet."""
        self._batches.want_effects()
        with pq.ParquetWriter(stream, self._batches.effects().schema, compression="zstd") as writer:
            for _ in self:
                writer.write_table(self._batches.effects())

    def list_rejections(self) -> None:
        """Have the first rejections listed, which costs a little."""
        self._batches.want_effects()
        self._lists_rejections = True

    def cut(self, folder: Path, every: int) -> None:
        """Have a snapshot written to a folder at the beginning of every segment of so many events."""
        self._cut = Cut(folder, every)

    def _resumed(self, snapshot: Path) -> BatchRun:
        """The run of a snapshot, which must be of this journal's header and start."""
        run = read_snapshot(snapshot)
        check_headers(self.journal, run.engine.tables.header, snapshot)
        if (run.events_before, run.accepted_before) != (self.start.events, self.start.accepted):
            raise InputError(str(snapshot), None, None, "of a run from another state")
        return run

    def __iter__(self) -> Iterator[bytes]:
        taken = self._batches.events - self.start.events
        for rows in rows_behind(self.journal, self._batches.engine.tables, taken):
            yield from self._taken(rows)

    def _taken(self, rows: EventRows) -> Iterator[bytes]:
        """Take events, with a snapshot behind every so many and behind the last, or before every segment."""
        while len(rows.words):
            left = self._kept.every - self._batches.events % self._kept.every if self._kept else len(rows.words)
            if self._cut:
                left = self._cut.left_of_segment(self._batches)
            yield self._batches.take(rows.until(left))
            if self._lists_rejections:
                self._list_rejections()
            rows = rows.behind(left)
            if self._kept:
                write_snapshot(self._kept.path, self._batches)

    def _list_rejections(self) -> None:
        """Note the first rejections among the events just taken; a rejection's kind is its reason, negative."""
        rows = self._batches.collected()
        rejected = rows[rows[:, 1] < 0][: FIRST_REJECTIONS - len(self.first_rejections), :2]
        header_lines = 0 if isinstance(self.journal, ParquetJournal) else 1
        for event, kind in rejected.tolist():
            line = event - self.start.events + header_lines
            self.first_rejections.append(Rejection(line, str(REASONS[-kind])))

    @property
    def reasons(self) -> Counter[str]:
        """How many events were rejected for each reason."""
        return self._batches.reasons()

    def totals(self) -> Totals:
        """The counts, those before the start included, and the hash."""
        run = self._batches
        accepted = run.accepted_before + run.accepted()
        return Totals(run.events, accepted, run.events - accepted, run.hash)

    def reached(self) -> OpenedState:
        """The state after the events so far, with its counts and the chain's hash."""
        return self._batches.reached()


def rows_behind(journal: Journal, tables: Tables, passed: int) -> Iterator[EventRows]:
    """The events of a journal behind so many, as rows for the tables; InputError if there are not so many."""
    left = passed - journal.skip(passed)
    for rows in all_rows(journal, tables):
        skipped = min(left, len(rows.words))
        left -= skipped
        yield rows.behind(skipped)
    if left > 0:
        raise InputError(journal.name, None, None, f"ends {left} events before the snapshot does")


def all_rows(journal: Journal, tables: Tables) -> Iterator[EventRows]:
    """All events of a journal as rows for the tables, many at once."""
    if isinstance(journal, ParquetJournal):
        yield from event_rows(journal, tables)
        return
    records = iter(journal)
    while taken := list(islice(records, EVENTS_AT_ONCE)):
        yield rows_of_events(tables, [record.event for record in taken])
