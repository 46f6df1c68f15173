"""`marginspec segment`: one segment of a journal, run again from its snapshot, and what joins it to its neighbours."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs
import click
import msgspec

from marginspec import RULEBOOK_VERSION
from marginspec_journal import InputError, Journal, open_journal
from marginspec_journal.states import OpenedState, state_text
from marginspec_journal.strict_json import Node, parse_document
from marginspec_tools.console import Divergence, line_writer
from marginspec_tools.runs import need_fast_engine

if TYPE_CHECKING:
    from marginspec_engine.batches.running import BatchRun

PATH = click.Path(path_type=Path)
SEGMENT_VERSION = 2


class Boundary(NamedTuple):
    """Where a segment begins or ends: events before it, the chain's hash, and the SHA-256 of the state's file."""

    events: int
    hash: str
    state: str


@attrs.frozen
class Segment:
    """What one segment, or several that were joined, came to.

    `journal` is the SHA-256 of the journal's file, `before` how many events led to the state that the whole run
    starts from. `last` says that the journal ends with the segment.
    """

    journal: str
    rulebook: str
    before: int
    start: Boundary
    end: Boundary
    accepted: int
    rejected: int
    last: bool

    def line(self) -> dict[str, Any]:
        """The segment as a line of JSON states it."""
        return {
            "segment": SEGMENT_VERSION,
            "rulebook": self.rulebook,
            "journal": self.journal,
            "before": self.before,
            "from": self.start.events,
            "to": self.end.events,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "hash_before": self.start.hash,
            "hash_after": self.end.hash,
            "state_before": self.start.state,
            "state_after": self.end.state,
            "last": self.last,
        }


FIELDS = (
    "segment",
    "rulebook",
    "journal",
    "before",
    "from",
    "to",
    "accepted",
    "rejected",
    "hash_before",
    "hash_after",
    "state_before",
    "state_after",
    "last",
)


# ----------------------------------------------------------------- running


def run_segment(journal: Path, snapshot: Path, events: int) -> Segment:
    """Run so many events of a journal, or as many as are left, from where a snapshot stands.

    The run's tables are made anew from the snapshot's state, so that the digest of the state covers all that the
    run depends on. InputError if the snapshot is damaged, not of this journal, or stands at its end or past it.
    """
    from marginspec_engine.batches.running import BatchRun
    from marginspec_engine.states.snapshots import read_snapshot
    from marginspec_tools.runs import skip_to_snapshot

    source = open_journal(journal)
    kept = read_snapshot(snapshot)
    left, begun = skip_to_snapshot(source, kept, snapshot), kept.opened
    run = BatchRun(begun)
    last = take_segment(source, run, left, events)
    ended = run.reached()
    return Segment(
        # Of what was read: the file may be another one by now.
        journal=source.file_sha256(),
        rulebook=RULEBOOK_VERSION,
        before=kept.events_before,
        start=boundary_at(begun),
        end=boundary_at(ended),
        accepted=ended.accepted - begun.accepted,
        rejected=ended.rejected - begun.rejected,
        last=last,
    )


def take_segment(journal: Journal, run: "BatchRun", left_out: int, events: int) -> bool:
    """Take so many events after those that are skipped; gives whether the journal ends with them."""
    from marginspec_tools.runs import rows_after

    begun, left = run.events, events
    for rows in rows_after(journal, run.engine.tables, left_out):
        run.take(rows.until(left))
        if len(rows.words) > left:
            return False
        left -= len(rows.words)
    if run.events == begun:
        raise InputError(journal.name, None, None, "ends at the snapshot: there are no events after it to run")
    return True


def boundary_at(reached: OpenedState) -> Boundary:
    """Where a segment begins or ends, at a state."""
    return Boundary(reached.events, reached.hash, sha256(state_text(reached)).hexdigest())


@click.command("segment")
@click.argument("journal", type=PATH)
@click.argument("snapshot", type=PATH)
@click.option(
    "--events", type=click.IntRange(1), default=1_000_000, show_default=True, help="How many events to run, at most."
)
@click.option("--output", type=PATH, metavar="FILE", help="Write to this file, whole or not at all.")
def command(journal: Path, snapshot: Path, events: int, output: Path | None) -> None:
    """Run a segment of JOURNAL again, from a SNAPSHOT that `marginspec replay --segments` wrote.

    A line of JSON says which events were run, how many were accepted and rejected, and the chain's hash and the
    SHA-256 of the state's file before and after them. `marginspec merge` joins such lines to one of the whole run.

    Exit codes: 0 the segment was run; 1 the snapshot's state breaks an invariant; 2 wrong usage or input.
    """
    need_fast_engine()
    with line_writer(output, (journal, snapshot)) as put:
        put(msgspec.json.encode(run_segment(journal, snapshot, events).line()))


# ----------------------------------------------------------------- joining


class Part(NamedTuple):
    """A file that is to be joined with others: its name and its lines."""

    name: str
    lines: list[bytes]


class PlacedSegment(NamedTuple):
    """A segment, and the file and line that state it."""

    segment: Segment
    file: str
    line: int

    def refused(self, field: str, reason: str) -> InputError:
        """The refusal of one of its fields."""
        return InputError(self.file, self.line, field, reason)


def segments_in(part: Part) -> Iterator[PlacedSegment]:
    """The segments that a file states, one a line; InputError names the line and field that is not as it must be."""
    if not part.lines:
        raise InputError(part.name, None, None, "holds no segment")
    for number, text in enumerate(part.lines, start=1):
        yield PlacedSegment(segment_of(parse_document(text, part.name, number)), part.name, number)


def segment_of(root: Node) -> Segment:
    """The segment that a line states."""
    fields = root.record(FIELDS)
    fields["segment"].integer(least=SEGMENT_VERSION, most=SEGMENT_VERSION)
    before = fields["before"].integer(least=0)
    start = Boundary(
        fields["from"].integer(least=before), fields["hash_before"].sha256(), fields["state_before"].sha256()
    )
    end = Boundary(
        fields["to"].integer(least=start.events + 1), fields["hash_after"].sha256(), fields["state_after"].sha256()
    )
    accepted, rejected = fields["accepted"].integer(least=0), fields["rejected"].integer(least=0)
    if accepted + rejected != end.events - start.events:
        fields["to"].fail(f"{accepted} accepted and {rejected} rejected events are not {end.events - start.events}")
    return Segment(
        journal=fields["journal"].sha256(),
        rulebook=fields["rulebook"].choice((RULEBOOK_VERSION,)),
        before=before,
        start=start,
        end=end,
        accepted=accepted,
        rejected=rejected,
        last=fields["last"].flag(),
    )


def joined_segments(parts: list[Part]) -> Segment:
    """The segments of all files as one, in the order of their events.

    InputError if they are of different runs, or one is missing or there twice; Divergence if the state or the
    hash at the end of one is not that at the beginning of the next. Joining joined ones gives the same.
    """
    placed = [one for part in parts for one in segments_in(part)]
    placed.sort(key=lambda one: (one.segment.start.events, one.segment.end.events))
    whole = placed[0].segment
    for earlier, later in pairwise(placed):
        check_neighbours(earlier, later)
        whole = joined_pair(whole, later.segment)
    return whole


def joined_pair(earlier: Segment, later: Segment) -> Segment:
    """Two segments, of which the second begins where the first ends, as one."""
    return attrs.evolve(
        earlier,
        end=later.end,
        accepted=earlier.accepted + later.accepted,
        rejected=earlier.rejected + later.rejected,
        last=later.last,
    )


def check_neighbours(earlier: PlacedSegment, later: PlacedSegment) -> None:
    """Refuse two segments unless the second begins where the first ends."""
    first, second = earlier.segment, later.segment
    where = f"{earlier.file}:{earlier.line}"
    for field in ("rulebook", "journal", "before"):
        if getattr(first, field) != getattr(second, field):
            raise later.refused(field, f"of another run than {where}")
    if first.end.events != second.start.events:
        reason = f"begins after event {second.start.events}, but {where} ends at event {first.end.events}"
        raise later.refused("from", reason)
    if first.last:
        raise later.refused("from", f"begins after the journal's end, which {where} reaches")
    for field in ("hash", "state"):
        if getattr(first.end, field) != getattr(second.start, field):
            reason = f"not the {field}_after of {where}, which ends at the same event {first.end.events}"
            raise Divergence(str(later.refused(f"{field}_before", reason)))
