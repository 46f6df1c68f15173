"""A mixed journal from Parquet to the receipts' hash, at several sizes, beside the specification on a sample."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs

from marginspec_tools.bench.measurements import Bound, Measured, Measurement
from marginspec_tools.bench.mixed import BUSIEST, SHARES, Mixed, write_mixed
from marginspec_tools.bench.peers_setup import SPECIFICATION, opened_worker

LAUNCHER = Path(__file__).with_name("launcher.py")
ROUNDS = 3
SAMPLE = 1_500
"""Events that the specification takes in a round, after as many that do not count."""
NOTHING = Mixed(accounts=10, markets=1, events=100, seed=7)
"""A replay of this takes as long as the process needs to start."""
LARGEST = Mixed(accounts=437_000, markets=624, events=3_200_000, seed=7)
PARTS = (16, 4, 1)
"""The sizes are these parts of the largest: as many times fewer accounts as markets, so as many positions in each."""
ROW, CHEAP_ROW, START_ROW = "mixed", "mixed, cheap", "mixed, start"
WHOLE, PART = "the specification", "the specification's trades and orders"
GIGABYTE = 10**9
NEEDED, MOST_GIGABYTES = 30, 4.0
CHEAP = ("trade", "place_order", "cancel_order")
MOST_GROWTH = 1.5
"""Linear, but for what a processor's caches and address tables still hold of the smallest size."""


@attrs.frozen
class Taken:
    """One replay, as a process from its start to its end."""

    seconds: float
    processor_s: float
    peak_bytes: int


def replay(path: Path) -> Taken:
    """Replay a journal in a process of its own."""
    command = [sys.executable, "-c", "from marginspec_tools.cli import main; main()", "replay", "--json", str(path)]
    launched = subprocess.run([sys.executable, str(LAUNCHER), *command], check=True, capture_output=True)
    return Taken(**json.loads(launched.stdout))


def part_of(size: Mixed, part: int) -> Mixed:
    """The same exchange with a part of the accounts, markets and events."""
    return Mixed(size.accounts // part, max(1, size.markets // part), size.events // part, size.seed)


def sized(accounts: int) -> Mixed:
    """The largest size with so many accounts, if that is fewer."""
    accounts = min(accounts, LARGEST.accounts)
    share = accounts / LARGEST.accounts
    return Mixed(accounts, max(10, round(LARGEST.markets * share)), round(LARGEST.events * share), LARGEST.seed)


class Sample:
    """What the specification takes for events, by type."""

    def __init__(self) -> None:
        self.read_s, self.seconds, self.counts = 0.0, Counter[str](), Counter[str]()

    def add(self, answered: dict[str, Any]) -> None:
        """Count a round."""
        self.read_s += answered["read_s"]
        for name, seconds in answered["seconds"].items():
            self.seconds[name] += seconds
        self.counts.update(answered["counts"])

    def seconds_an_event(self, types: Iterable[str]) -> float:
        """The mean by type, weighted with the journal's shares of types, so that none counts more or less by chance."""
        shares = {name: SHARES[name] for name in types if self.counts[name]}
        taken = sum(share * self.seconds[name] / self.counts[name] for name, share in shares.items())
        return self.read_s / self.counts.total() + taken / sum(shares.values())

    def composition(self) -> str:
        """How many events of each type there were, with the mean microseconds of one."""
        means = {name: 1e6 * self.seconds[name] / count for name, count in self.counts.items()}
        return ", ".join(f"{count:,} {name} of {means[name]:,.0f} us" for name, count in self.counts.most_common())


def replays(accounts: int, folder: Path) -> Iterator[Measured]:
    """A mixed journal of three sizes beside the specification, its peak memory, and whether its cost is linear."""
    started = [replay(journal_file(NOTHING, folder)) for _ in range(ROUNDS)]
    named = f"mixed journal of {NOTHING.events:,} events, an event: nearly all of it is the start of the process"
    yield Measurement(START_ROW, named, NOTHING.events, 1e6 * median_of(started).seconds / NOTHING.events)
    largest, medians, peak = sized(accounts), [], 0.0
    for size in (part_of(largest, part) for part in PARTS):
        taken, sample = beside_specification(journal_file(size, folder), size)
        whole, *others = measurements_of(size, taken, sample)
        yield attrs.evolve(whole, needed=NEEDED) if size == largest else whole
        yield from others
        medians.append((size.events, median_of(taken)))
        peak = max(one.peak_bytes for one in taken) / GIGABYTE
    named = f"mixed journal, {largest.accounts:,} accounts, peak memory of the process"
    yield Bound("mixed memory", named, peak, "GB", MOST_GIGABYTES)
    yield from linearity(median_of(started).processor_s, *medians[-2:])


def linearity(started_s: float, fewer: tuple[int, Taken], more: tuple[int, Taken]) -> Iterator[Bound]:
    """How much dearer an event is in a longer journal, in processor time without the start; none if that is most."""
    if fewer[1].processor_s < 2 * started_s:
        return
    costs = [(taken.processor_s - started_s) / events for events, taken in (fewer, more)]
    named = f"mixed: processor time of an event of {more[0]:,} over that of {fewer[0]:,}"
    note = f"without {started_s:.2f} s to start"
    yield Bound("mixed, growth", named, costs[1] / costs[0], "times", MOST_GROWTH, note)


def journal_file(size: Mixed, folder: Path) -> Path:
    """A mixed journal in a file, written over the one before."""
    path = folder / "mixed.parquet"
    write_mixed(path, size)
    return path


def beside_specification(path: Path, size: Mixed) -> tuple[list[Taken], Sample]:
    """Replays of ours and rounds of the specification in turn."""
    taken, sample = [], Sample()
    following = size.events // 2
    events = min(SAMPLE, following // (ROUNDS + 1))
    with opened_worker(Path(sys.executable), SPECIFICATION) as specification:
        specification.ask({"journal": str(path), "before": size.opening + size.events - following, "events": events})
        for _ in range(ROUNDS):
            taken.append(replay(path))
            sample.add(specification.ask({"events": events}))
    return taken, sample


def measurements_of(size: Mixed, taken: list[Taken], sample: Sample) -> Iterator[Measurement]:
    """An event of ours and of the specification; all that our process does is charged to the events that follow.

    The specification goes through every position in a market after a mark. Beside the mean over all types stands that
    over trades and orders alone, which does not grow with a market's positions.
    """
    seconds = median_of(taken).seconds
    named = (
        f"mixed journal, {size.accounts:,} accounts, {size.events:,} events in {size.markets:,} markets of "
        f"{BUSIEST * size.accounts // size.markets:,} positions, an event"
    )
    peak = max(one.peak_bytes for one in taken) / GIGABYTE
    note = (
        f"{seconds:.1f} s and {peak:.2f} GB for the whole process, with {size.opening:,} events of the opening; "
        f"the specification from the journal's middle on: {sample.composition()}, weighted with the journal's shares"
    )
    ours = Measurement(ROW, named, size.events, 1e6 * seconds / size.events, note=note)
    theirs = 1e6 * sample.seconds_an_event(SHARES)
    yield attrs.evolve(ours, peer=WHOLE, peer_us=theirs)
    least = 1e6 * sample.seconds_an_event(CHEAP)
    yield attrs.evolve(ours, row=CHEAP_ROW, peer=PART, peer_us=least, note="")


def median_of(taken: list[Taken]) -> Taken:
    """The replay that took the median of seconds."""
    return sorted(taken, key=lambda one: one.seconds)[len(taken) // 2]
