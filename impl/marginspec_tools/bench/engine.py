"""The optimized engine beside peers and the specification, in one run: every row of the performance bar."""

from collections.abc import Iterator
from pathlib import Path

from marginspec_tools.bench import crashes, levies, ticks
from marginspec_tools.bench.exchanges import SEED
from marginspec_tools.bench.measurements import Measured, growth
from marginspec_tools.bench.peers_setup import Peer
from marginspec_tools.bench.prices import CROSS, cross_prices, isolated_prices
from marginspec_tools.bench.replays import replays
from marginspec_tools.bench.sweeps import sweep_measurement

Peers = dict[str, Peer]

ISOLATED_SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
CROSS_SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
CRASH_SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
SCANNED = 100_000


def sizes_up_to(largest: int, sizes: tuple[int, ...]) -> list[int]:
    """Sizes that are not too large; the largest itself if all are."""
    return [size for size in sizes if size <= largest] or [largest]


def measured(largest: int, peers: Peers, folder: Path) -> Iterator[Measured]:
    """All figures, with exchanges of up to so many accounts.

    Replays come first: what the others leave of this process's memory then takes none of theirs.
    """
    # Each account that is long has one that is short against it.
    largest -= largest % 2
    yield from replays(largest, folder)
    yield from measured_ticks(largest, peers.get("lrvx"))
    yield from measured_crashes(largest, peers.get("lrvx"))
    most = max(sizes_up_to(largest, ISOLATED_SIZES))
    for threads in (1, 2):
        yield sweep_measurement(most, SEED, threads)
    others = {name: peer for name, peer in peers.items() if name != "lrvx"}
    for threads in (1, 2):
        yield from isolated_prices(most, others, SEED, threads)
        yield from cross_prices(most // CROSS, others, SEED, threads)


def measured_ticks(largest: int, peer: Peer | None) -> Iterator[Measured]:
    """Marks that trigger nothing, by index and by scan."""
    isolated = [ticks.isolated_ticks(size, peer) for size in sizes_up_to(largest, ISOLATED_SIZES)]
    yield from isolated
    yield from growth(isolated, smallest=10_000, largest=1_000_000, at_most=2)
    cross = [ticks.cross_ticks(size, peer) for size in sizes_up_to(largest, CROSS_SIZES)]
    yield from cross
    yield from growth(cross, smallest=1_000, largest=100_000, at_most=2)
    yield from ticks.worst_ticks(min(largest, SCANNED), peer)
    yield from ticks.scans(min(largest, SCANNED), peer)


def measured_crashes(largest: int, peer: Peer | None) -> Iterator[Measured]:
    """Crashes of every size, those that are levied too, and markets that end."""
    found: dict[str, list[Measured]] = {}
    for size in sizes_up_to(largest, CRASH_SIZES):
        for figure in (*crashes.crashes(size, peer), *levies.levies(size), *levies.final_settlements(size)):
            yield figure
            found.setdefault(figure.row, []).append(figure)
    for of_row in found.values():
        yield from growth(of_row, smallest=10_000, largest=1_000_000, at_most=2.5)
