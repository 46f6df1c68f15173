"""Running a journal through the optimized engine: receipts and a state at the end, no state between events."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import attrs
import pyarrow.parquet as pq

from marginspec_engine.batches.event_columns import EventRows, event_rows, rows_of_events
from marginspec_engine.batches.running import BatchRun
from marginspec_engine.layout.reasons import REASONS
from marginspec_engine.memory.tables import Tables
from marginspec_engine.states.snapshots import Origin, Snapshot, read_snapshot, write_snapshot
from marginspec_journal import InputError, Journal
from marginspec_journal.parquet import ParquetJournal
from marginspec_journal.states import OpenedState, state_text
from marginspec_tools.runs.running import FIRST_REJECTIONS, Rejection, Totals, check_headers, opened_run
from marginspec_tools.runs.violations import check_start

EVENTS_AT_ONCE = 10_000


@attrs.frozen
class SnapshotFile:
    """Where a run keeps its snapshot, and after how many events it writes one."""

    path: Path
    every: int


@attrs.frozen
class SegmentFolder:
    """Where the snapshots of a run's segments go, and of how many events a segment is."""

    folder: Path
    every: int


class FastRun:
    """A journal that is run from an empty exchange, or from a state; iterate once, over the lines of receipts."""

    engine_name = "fast"

    def __init__(
        self,
        journal: Path,
        start: Path | None = None,
        *,
        with_lines: bool = False,
        snapshots: SnapshotFile | None = None,
    ) -> None:
        self.journal, self.start = opened_run(journal, start)
        self._snapshots = snapshots
        self._segments: SegmentFolder | None = None
        self._left_out = 0
        self._batches = self._resumed(snapshots.path) if snapshots and snapshots.path.exists() else BatchRun(self.start)
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
        self._batches.want_rejections()
        self._lists_rejections = True

    def write_segments(self, folder: Path, every: int) -> None:
        """Have the run write a snapshot to a folder at the beginning of every segment of so many events."""
        self._segments = SegmentFolder(folder, every)

    def _resumed(self, snapshot: Path) -> BatchRun:
        """The run of a snapshot, which must be of this journal and start."""
        found = read_snapshot(snapshot)
        if found.origin.start != self._start_sha256:
            raise InputError(str(snapshot), None, "start", "the snapshot is of a run from another state")
        self._left_out = skip_to_snapshot(self.journal, found, snapshot)
        return found.run()

    @cached_property
    def _start_sha256(self) -> str:
        return sha256(state_text(self.start)).hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        rows_left = rows_after(self.journal, self._batches.engine.tables, self._left_out, self._left)
        while True:
            begun = self._sha256_so_far()
            rows = next(rows_left, None)
            if rows is None:
                break
            yield from self._taken(rows, begun)
        if self._snapshots and self._left() < self._snapshots.every:
            write_snapshot(self._snapshots.path, self._batches, self._origin(self._sha256_so_far()))

    def _sha256_so_far(self) -> str:
        """What binds the journal so far, if a snapshot may be written."""
        return self.journal.sha256_so_far() if self._snapshots or self._segments else ""

    def _origin(self, passed: str) -> Origin:
        return Origin(passed, self._start_sha256)

    def _left(self) -> int:
        """How many events there are until the next snapshot."""
        plan = self._snapshots or self._segments
        passed = self._batches.events - self.start.events
        return EVENTS_AT_ONCE if plan is None else plan.every - passed % plan.every

    def _taken(self, rows: EventRows, begun: str) -> Iterator[bytes]:
        """Take events, with a snapshot after every so many, or before every segment."""
        while len(rows.words):
            left = self._left() if self._snapshots or self._segments else len(rows.words)
            if self._segments and left == self._segments.every:
                name = f"{self._batches.events:012}.snapshot"
                write_snapshot(self._segments.folder / name, self._batches, self._origin(begun))
            yield self._batches.take(rows.until(left))
            if self._lists_rejections:
                self._list_rejections()
            rows = rows.behind(left)
            if self._snapshots and self._left() == self._snapshots.every:
                write_snapshot(self._snapshots.path, self._batches, self._origin(self._sha256_so_far()))

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


def skip_to_snapshot(journal: Journal, found: Snapshot, snapshot: Path) -> int:
    """Skip the events that led to a snapshot, unread; gives how many are still to be skipped.

    InputError if the snapshot was made of another journal, BrokenInvariant if its state breaks one.
    """
    check_headers(journal, found.opened.state.header, snapshot)
    left = found.passed - journal.skip(found.passed)
    if journal.sha256_so_far() != found.origin.journal:
        raise InputError(str(snapshot), None, "journal", f"the snapshot is of another journal than {journal.name}")
    check_start(str(snapshot), found.opened.state)
    return left


def rows_after(
    journal: Journal, tables: Tables, left: int, most: Callable[[], int] = lambda: EVENTS_AT_ONCE
) -> Iterator[EventRows]:
    """The events of a journal after the first so many, as rows for the tables; InputError if it has fewer.

    Lines are never read beyond so many as `most` says, so that what was read ends where a snapshot does.
    """
    for rows in all_rows(journal, tables, most):
        skipped = min(left, len(rows.words))
        left -= skipped
        yield rows.behind(skipped)
    if left > 0:
        raise InputError(journal.name, None, None, f"ends {left} events before the snapshot")


def all_rows(journal: Journal, tables: Tables, most: Callable[[], int]) -> Iterator[EventRows]:
    """All events of a journal as rows for the tables, many at once."""
    if isinstance(journal, ParquetJournal):
        yield from event_rows(journal, tables)
        return
    records = iter(journal)
    while taken := list(islice(records, min(EVENTS_AT_ONCE, most()))):
        yield rows_of_events(tables, [record.event for record in taken])
