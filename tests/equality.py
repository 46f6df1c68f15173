"""The long comparison of both engines: random journals, whole receipts, every line and hash, and the states.

`make equality`, or `python tests/equality.py --journals 1000 --events 1000 --seed 1 --jobs 2` from the top of the
checkout. The specification answers each journal event by event. The optimized engine answers it twice: event by
event, and as a file whose lines of receipts, each with the chain's hash up to it, are compared byte by byte. A journal
on which they differ is kept, and named with what differs; a journal depends on its seed alone.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from itertools import zip_longest
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import click

from marginspec.model.events import Event
from marginspec.model.state import Header, State
from marginspec.transition import apply
from marginspec_conformance.generator.journals import KINDS, kind_of
from marginspec_engine.engine import OptimizedEngine
from marginspec_journal import Record, write_journal
from marginspec_journal.states import opening
from marginspec_tools.runs.fast_running import FastRun
from worlds.tally import Happened, Tally, table

RESTART_EVERY = 250
"""After so many events the optimized engine goes on from its own state, read anew."""


class Compared(NamedTuple):
    """One journal: its kind and seed, its events and what happened in them, its last hash, and what differs if any."""

    kind: str
    seed: int
    events: int
    happened: Happened
    hash: str
    difference: str | None


# ----------------------------------------------------------------- comparing


class Difference(Exception):  # noqa: N818 - not an error: what a comparison is to find
    """What the two engines answer differently."""


class Comparison:
    """One journal as far as it has come: its events, the specification's state and lines, and the other engine."""

    def __init__(self, header: Header) -> None:
        self.state = State(header=header)
        self.engine = OptimizedEngine(self.state)
        self.chain = opening(self.state).chain()
        self.records: list[Record] = []
        self.lines: list[bytes] = []
        self.tally = Tally()

    def take(self, event: Event) -> None:
        """Have both engines take an event; Difference if their receipts are not equal."""
        self.records.append(Record(0, event))
        self.state, expected = apply(self.state, event)
        if self.engine.apply(event) != expected:
            raise Difference(f"receipt of event {len(self.records)}, {event}")
        self.lines.append(self.chain.append(event, expected).line() + b"\n")
        self.tally.take(event, expected, self.state)

    def restart(self) -> None:
        """Have the optimized engine go on from its own state, read anew; Difference if it is another."""
        found = self.engine.state()
        if found != self.state:
            raise Difference(f"state after event {len(self.records)}, {self.records[-1].event}")
        self.engine = OptimizedEngine(found)

    def check_file(self) -> None:
        """Difference unless the journal, read from a file by columns, gives the same lines and state."""
        with TemporaryDirectory() as folder:
            journal = Path(folder) / "journal.parquet"
            write_journal(journal, self.state.header, self.records)
            run = FastRun(journal, with_lines=True)
            found = [line for lines in run for line in lines.splitlines(keepends=True)]
        for number, (expected, line) in enumerate(zip_longest(self.lines, found), start=1):
            if line != expected:
                raise Difference(f"line {number}: {line!r} is not {expected!r}")
        if run.reached().state != self.state:
            raise Difference("state at the end of the file")


def compare(kind: str, seed: int, length: int, kept: Path) -> Compared:
    """Have both engines answer a journal of so many events; it is written to `kept` if they differ."""
    header, choose = KINDS[kind](seed, length)
    journal, difference = Comparison(header), None
    try:
        with journal.tally.watching():
            for number in range(1, length + 1):
                journal.take(choose(journal.state))
                if number % RESTART_EVERY == 0 or number == length:
                    journal.restart()
        journal.check_file()
    except Difference as found:
        difference = str(found)
        write_journal(kept / f"{kind}-{seed}.jsonl", header, journal.records)
    return Compared(kind, seed, len(journal.records), journal.tally.counts, journal.chain.hash, difference)


# ----------------------------------------------------------------- many


class Task(NamedTuple):
    """A journal to compare."""

    kind: str
    seed: int
    length: int
    kept: Path


def compare_task(task: Task) -> Compared:
    """Compare one journal, in a process of its own."""
    return compare(*task)


def campaign(journals: int, events: int, seed: int, jobs: int, kept: Path) -> Iterator[Compared]:
    """The journals from a seed on, in order."""
    tasks = (Task(kind_of(one), one, events, kept) for one in range(seed, seed + journals))
    with get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(compare_task, tasks)


@click.command()
@click.option("--journals", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--events", type=click.IntRange(1), default=1000, show_default=True, help="Events of each journal.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the first journal.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
@click.option("--kept", type=click.Path(path_type=Path), default=".", help="Where journals go that are not equal.")
def main(journals: int, events: int, seed: int, jobs: int, kept: Path) -> None:
    """Compare, and print each difference and the counts; exit code 1 if there is any difference."""
    taken, different, hashes = 0, 0, sha256()
    happened: Happened = Counter()
    for one in campaign(journals, events, seed, jobs, kept):
        taken += one.events
        hashes.update(one.hash.encode())
        happened.update(one.happened)
        if one.difference is not None:
            different += 1
            click.echo(f"{one.kind}-{one.seed}.jsonl: {one.difference}")
    click.echo(table(happened))
    click.echo(f"SHA-256 of the journals' last hashes: {hashes.hexdigest()}")
    click.echo(f"{journals} journals, seeds {seed} to {seed + journals - 1}, {taken} events: {different} are not equal")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
