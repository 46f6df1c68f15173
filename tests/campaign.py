"""The long campaign: random events by the optimized engine, every event invariant on each of them.

`make campaign`, or `python tests/campaign.py --journals 10000 --seed 1000000` from the top of the checkout. The
specification answers each event too, so that what is checked is also equal (INV-10); states are compared, and checked
for all state invariants, now and then. What was done is printed after every hundred journals: to go on, begin with the
next seed. A journal in which something is broken is kept, and named with what is broken.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import click

from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.state import Header, State
from marginspec.transition import apply
from marginspec_audit import EVENT_INVARIANTS, Transition, check_state
from marginspec_conformance.generator.journals import KINDS, kind_of
from marginspec_engine.engine import OptimizedEngine
from marginspec_journal import Record, write_journal
from worlds.tally import Happened, Tally, table

STATE_EVERY = 50
"""After so many events the states are compared and checked."""
TOLD_EVERY = 100
"""After so many journals the campaign says how far it is."""
ON_EACH = {name: predicate for name, predicate in EVENT_INVARIANTS.items() if name != "INV-10"}
"""That a second run agrees is checked by the specification's answer."""


class Checked(NamedTuple):
    """One journal: its seed, its events and what happened in them, and what is broken if anything."""

    seed: int
    events: int
    happened: Happened
    broken: str | None


class Check:
    """One journal as far as it has come, in both engines."""

    def __init__(self, header: Header) -> None:
        self.state = State(header=header)
        self.engine = OptimizedEngine(self.state)
        self.events: list[Event] = []
        self.tally = Tally()

    def take(self, event: Event) -> str | None:
        """Have both engines take an event; gives what is broken."""
        self.events.append(event)
        before = self.state
        self.state, expected = apply(before, event)
        receipt = self.engine.apply(event)
        self.tally.take(event, receipt, self.state)
        with self.tally.paused():
            return self._broken(before, event, receipt, expected)

    def _broken(self, before: State, event: Event, receipt: Receipt, expected: Receipt) -> str | None:
        if receipt != expected:
            return "INV-10: another receipt"
        taken = Transition(before, event, receipt, self.state)
        for name, predicate in ON_EACH.items():
            for violation in predicate(taken):
                return f"{name}: {violation}"
        return self._state_broken() if len(self.events) % STATE_EVERY == 0 else None

    def _state_broken(self) -> str | None:
        if self.engine.state() != self.state:
            return "INV-10: another state"
        return next((str(violation) for violation in check_state(self.state)), None)


def check(seed: int, length: int, kept: Path) -> Checked:
    """Check the journal of a seed, of so many events; it is written to `kept` if something is broken."""
    kind = kind_of(seed)
    header, choose = KINDS[kind](seed, length)
    journal, broken = Check(header), None
    with journal.tally.watching():
        while broken is None and len(journal.events) < length:
            broken = journal.take(choose(journal.state))
    if broken is not None:
        broken = f"{kind}-{seed}.jsonl, event {len(journal.events)}: {broken}"
        write_journal(kept / f"{kind}-{seed}.jsonl", header, [Record(0, event) for event in journal.events])
    return Checked(seed, len(journal.events), journal.tally.counts, broken)


class Task(NamedTuple):
    """A journal to check."""

    seed: int
    length: int
    kept: Path


def check_task(task: Task) -> Checked:
    """Check one journal, in a process of its own."""
    return check(*task)


def campaign(seeds: range, events: int, jobs: int, kept: Path) -> Iterator[Checked]:
    """The journals of some seeds, in order."""
    with get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(check_task, (Task(seed, events, kept) for seed in seeds))


@click.command()
@click.option("--journals", type=click.IntRange(1), default=10_000, show_default=True)
@click.option("--events", type=click.IntRange(1), default=1000, show_default=True, help="Events of each journal.")
@click.option("--seed", type=int, default=1_000_000, show_default=True, help="Seed of the first journal.")
@click.option("--minutes", type=click.IntRange(1), help="Stop after so many, where the next run goes on.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
@click.option("--kept", type=click.Path(path_type=Path), default=".", help="Where journals go in which it breaks.")
def main(journals: int, events: int, seed: int, minutes: int | None, jobs: int, kept: Path) -> None:
    """Check, and print what is broken and the counts; exit code 1 if anything is."""
    began, taken, broken, last = monotonic(), 0, 0, seed
    happened: Happened = Counter()
    for one in campaign(range(seed, seed + journals), events, jobs, kept):
        taken, last = taken + one.events, one.seed
        happened.update(one.happened)
        if one.broken is not None:
            broken += 1
            click.echo(one.broken)
        if (last - seed + 1) % TOLD_EVERY == 0:
            click.echo(f"seeds {seed} to {last}: {taken} events in {monotonic() - began:.0f} s, {broken} broken")
        if minutes is not None and monotonic() - began > 60 * minutes:
            break
    click.echo(table(happened))
    click.echo(f"seeds {seed} to {last}, {taken} events, {broken} journals are broken; next: --seed {last + 1}")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
