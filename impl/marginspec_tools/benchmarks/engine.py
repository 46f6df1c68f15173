"""The optimized engine beside a peer and the specification, in one run: ticks, a crash, a mixed journal."""

import math
import statistics
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from marginspec_engine import layout
from marginspec_engine.layout import EFFECT_LENGTHS
from marginspec_engine.plain_memory import Words64, vector_of
from marginspec_tools.benchmarks.mixed import Mixed, write_mixed
from marginspec_tools.benchmarks.peers_setup import Peer
from marginspec_tools.benchmarks.worlds import ONE, World, random_walk
from marginspec_tools.fast_running import FastRun
from marginspec_tools.running import Run

PRICE = 100_000
"""The first mark, in price units: 1000.00."""
STEPS, PEER_STEPS, WARM_UP = 20_000, 40, 5
PEER_TIERS = [(0, 0.004), (50_000, 0.005), (250_000, 0.01), (1_000_000, 0.025), (5_000_000, 0.05)]
SEED = 7
CRASH_PRICE = 88_000


@attrs.frozen
class Figure:
    """A figure of ours in microseconds, beside that of a peer or reference for the same question, if there is one."""

    question: str
    ours_us: float
    peer: str | None = None
    peer_us: float | None = None

    @property
    def ratio(self) -> float:
        """How many times faster we are; not a number without a peer."""
        return math.nan if self.peer_us is None else self.peer_us / self.ours_us


def question(accounts: int, markets: int, *, isolated: bool, equities: Words64, path: Words64) -> dict[str, Any]:
    """The same exchange and path for a peer, in its units."""
    return {
        "tiers": PEER_TIERS,
        "isolated": isolated,
        "accounts": accounts,
        "equities": equities.tolist(),
        "markets": markets,
        "quantity": 1.0,
        "price": PRICE / 100,
        "path": (path / 100).tolist(),
    }


def ticking(accounts: int, markets: int, *, isolated: bool, peer: Peer | None) -> Figure:
    """A mark that triggers nothing, on a seeded walk of steps of a basis point; receipts and hash included."""
    chance = np.random.default_rng(SEED)
    equities = chance.integers(600, 1200, accounts) * markets
    world = World(accounts, np.full(markets, PRICE, np.int64))
    world.deposit(equities * ONE)
    for market in range(markets):
        if isolated:
            world.isolate(market)
        world.lever(market, chance.integers(2, 21, accounts))
        world.pair_up(market, np.full(accounts // 2, 1000))
    path = random_walk(PRICE, STEPS, SEED)
    words = world.marks(0, path)
    world.take(words[:WARM_UP])
    started = time.perf_counter()
    world.take(words[WARM_UP:])
    ours = (time.perf_counter() - started) / (STEPS - WARM_UP)
    kind = "isolated positions" if isolated else f"cross accounts of {markets} positions"
    named = f"mark that triggers nothing, {accounts:,} {kind}"
    if peer is None:
        return Figure(named, 1e6 * ours)
    asked = question(accounts, markets, isolated=isolated, equities=equities, path=path[:PEER_STEPS])
    return Figure(named, 1e6 * ours, "lrvx", 1e6 * statistics.median(peer.ask(asked)["seconds"]))


def crashing(accounts: int, peer: Peer | None) -> Figure:
    """A mark that falls by 12%: microseconds for each domain liquidated or counterparty deleveraged."""
    chance, half = np.random.default_rng(SEED), accounts // 2
    equities = np.concatenate((chance.integers(20, 140, half), chance.integers(300, 2000, accounts - half)))
    world = World(accounts, np.full(1, PRICE, np.int64))
    world.deposit(equities * ONE)
    world.lever(0, np.full(accounts, 100))
    world.pair_up(0, np.full(half, 1000))
    words = world.marks(0, np.array([PRICE + 1, CRASH_PRICE]))
    world.take(words[:1])
    started = time.perf_counter()
    world.take(words[1:])
    ours = (time.perf_counter() - started) / effects_of_crash(world)
    named = f"crash of {accounts:,} accounts, an effect, receipts and hash included"
    if peer is None:
        return Figure(named, 1e6 * ours)
    path = np.array([PRICE + 1, CRASH_PRICE])
    answered = peer.ask(question(accounts, 1, isolated=False, equities=equities, path=path))
    counted = answered["liquidations"] + answered["deleveragings"]
    return Figure(named, 1e6 * ours, "lrvx", 1e6 * answered["seconds"][1] / counted)


def effects_of_crash(world: World) -> int:
    """How many domains were liquidated and counterparties deleveraged by the last event."""
    words: list[int] = vector_of(world.tables.book, layout.EFFECTS).tolist()
    counted, place = 0, 0
    while place < len(words):
        counted += words[place] in (layout.DOMAIN_LIQUIDATED, layout.COUNTERPARTY_DELEVERAGED)
        place += EFFECT_LENGTHS[words[place]]
    return counted


def replaying(size: Mixed, sample: int, folder: Path) -> Figure:
    """A mixed journal from Parquet to the receipts' hash, an event, beside the specification on a sample."""
    path = folder / "mixed.parquet"
    write_mixed(path, size)
    started = time.perf_counter()
    fast = FastRun(path)
    for _ in fast:
        pass
    ours = (time.perf_counter() - started) / (size.opening + size.events)
    named = f"mixed journal, {size.accounts:,} accounts, {size.events:,} events in {size.markets:,} markets, an event"
    return Figure(named, 1e6 * ours, "specification", 1e6 * specification_seconds(path, size.opening, sample))


def specification_seconds(path: Path, before: int, sample: int) -> float:
    """Seconds an event of the specification, of so many events behind the opening."""
    steps = iter(Run(path))
    for _ in islice(steps, before):
        pass
    started = time.perf_counter()
    counted = sum(1 for _ in islice(steps, sample))
    return (time.perf_counter() - started) / counted


def figures(largest: int, peer: Peer | None, folder: Path) -> Iterator[Figure]:
    """All figures, with exchanges of up to so many accounts."""
    sizes = [size for size in (10_000, 100_000, 1_000_000) if size <= largest]
    for size in sizes:
        yield ticking(size, 1, isolated=True, peer=peer if size <= 100_000 else None)
    for size in (1_000, 10_000, 100_000):
        if size <= largest:
            yield ticking(size, 4, isolated=False, peer=peer if size <= 10_000 else None)
    for size in sizes:
        yield crashing(size, peer if size <= 100_000 else None)
    accounts = min(largest, 437_000)
    yield replaying(Mixed(accounts, max(10, accounts // 700), 7 * accounts, SEED), 2_000, folder)
