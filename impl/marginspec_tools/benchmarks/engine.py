"""The optimized engine beside a peer and the specification, in one run: ticks, a crash, a mixed journal."""

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from marginspec.transition import SpecificationEngine
from marginspec_engine import layout
from marginspec_engine.entry_points import APPLY, PUBLISH, enter
from marginspec_engine.layout import EFFECT_LENGTHS
from marginspec_engine.plain_memory import Words64, vector_of
from marginspec_journal import open_journal
from marginspec_tools.benchmarks.figures import Figure
from marginspec_tools.benchmarks.mixed import Mixed, write_mixed
from marginspec_tools.benchmarks.peers_setup import Peer
from marginspec_tools.benchmarks.prices import CROSS, cross_prices, isolated_prices
from marginspec_tools.benchmarks.sweeps import scanning, sweeping
from marginspec_tools.benchmarks.worlds import ONE, World, random_walk
from marginspec_tools.fast_running import FastRun

PRICE = 100_000
"""The first mark, in price units: 1000.00."""
STEPS, PEER_STEPS, WARM_UP = 20_000, 40, 5
PEER_TIERS = [(0, 0.004), (50_000, 0.005), (250_000, 0.01), (1_000_000, 0.025), (5_000_000, 0.05)]
SEED = 7
CRASH_PRICE = 88_000
CRASHES = 3


Peers = dict[str, Peer]


def question(
    accounts: int, markets: int, *, isolated: bool, equities: Words64, path: Words64, by_engine: bool = False
) -> dict[str, Any]:
    """The same exchange and path for a peer, in its units; `by_engine` has its engine open the positions."""
    return {
        "by_engine": by_engine,
        "tiers": PEER_TIERS,
        "isolated": isolated,
        "accounts": accounts,
        "equities": equities.tolist(),
        "markets": markets,
        "quantity": 1.0,
        "price": PRICE / 100,
        "path": (path / 100).tolist(),
    }


def filled(accounts: int, markets: int, *, isolated: bool) -> tuple[World, Words64]:
    """An exchange of accounts with a position in every market, and their deposits in whole units."""
    chance = np.random.default_rng(SEED)
    equities = chance.integers(600, 1200, accounts) * markets
    world = World(accounts, np.full(markets, PRICE, np.int64))
    world.deposit(equities * ONE)
    for market in range(markets):
        if isolated:
            world.isolate(market)
        world.lever(market, chance.integers(2, 21, accounts))
        world.pair_up(market, np.full(accounts // 2, 1000))
    return world, equities


def seconds_of_marks(world: World, path: Words64) -> float:
    """Seconds that a mark of a path takes; the first few do not count."""
    words = world.marks(0, path)
    world.take(words[:WARM_UP])
    started = time.perf_counter()
    world.take(words[WARM_UP:])
    return (time.perf_counter() - started) / (len(path) - WARM_UP)


def ticking(accounts: int, markets: int, *, isolated: bool, peer: Peer | None) -> Figure:
    """A mark that triggers nothing, on a seeded walk of steps of a basis point; receipts and hash included."""
    world, equities = filled(accounts, markets, isolated=isolated)
    path = random_walk(PRICE, STEPS, SEED)
    ours = seconds_of_marks(world, path)
    kind = "isolated positions" if isolated else f"cross accounts of {markets} positions"
    row = "isolated ticks" if isolated else "cross ticks"
    named = f"mark that triggers nothing, {accounts:,} {kind}"
    if peer is None:
        return Figure(row, named, accounts, 1e6 * ours)
    asked = question(accounts, markets, isolated=isolated, equities=equities, path=path[:PEER_STEPS])
    theirs = statistics.median(peer.ask(asked)["seconds"])
    return Figure(row, named, accounts, 1e6 * ours, "lrvx", 1e6 * theirs)


def swings() -> dict[str, Words64]:
    """Paths that leave many boxes and trigger nothing: a fall by steps of a basis point, and jumps to and fro."""
    falling = PRICE - PRICE // 10_000 * np.arange(2_500)
    jumping = np.where(np.arange(400) % 2 == 0, PRICE, PRICE * 3 // 4)
    return {"a fall by a quarter": np.concatenate((falling, falling[::-1])), "jumps by a quarter": jumping}


def ticking_on_swings(accounts: int) -> Iterator[Figure]:
    """The worst paths known: marks that leave many boxes, so that these are made anew."""
    for kind, path in swings().items():
        world, _ = filled(accounts, 1, isolated=True)
        ours = seconds_of_marks(world, path)
        assert effects_of_crash(world) == 0, "a path that should trigger nothing did"
        yield Figure("worst ticks", f"the same of {accounts:,} isolated positions, {kind}", accounts, 1e6 * ours)


def scanning_ticks(positions: int, peer: Peer | None) -> Iterator[Figure]:
    """A mark on isolated positions by a scan of all, without index, on one thread and on two."""
    for threads in (1, 2):
        _, ours = scanning(positions, SEED, threads)
        named = f"scan of {positions:,} isolated positions at a mark on {threads} threads, a position"
        if peer is None:
            yield Figure("scan", named, positions, 1e6 * ours / positions)
            continue
        equities = np.random.default_rng(SEED).integers(600, 1200, positions)
        path = random_walk(PRICE, PEER_STEPS, SEED)
        theirs = statistics.median(
            peer.ask(question(positions, 1, isolated=True, equities=equities, path=path))["seconds"]
        )
        yield Figure("scan", named, positions, 1e6 * ours / positions, "lrvx", 1e6 * theirs / positions)


def crashing(accounts: int, peer: Peer | None) -> Figure:
    """A mark that falls by 12%: microseconds for each domain liquidated or counterparty deleveraged."""
    chance, half = np.random.default_rng(SEED), accounts // 2
    equities = np.concatenate((chance.integers(20, 140, half), chance.integers(300, 2000, accounts - half)))
    path = np.array([PRICE + 1, CRASH_PRICE])
    taken = [crash_once(accounts, equities, path) for _ in range(CRASHES)]
    applied, published = (statistics.median(column) for column in zip(*taken, strict=True))
    named = f"crash of {accounts:,} accounts, a liquidation or deleveraging"
    note = f"with receipts and hash {1e6 * (applied + published):.2f} us"
    if peer is None:
        return Figure("crash", named, accounts, 1e6 * applied, note=note)
    asked = question(accounts, 1, isolated=False, equities=equities, path=path, by_engine=True)
    answered = peer.ask(asked)
    counted = answered["liquidations"] + answered["deleveragings"]
    return Figure("crash", named, accounts, 1e6 * applied, "lrvx", 1e6 * answered["seconds"][1] / counted, note)


def crash_once(accounts: int, equities: Words64, path: Words64) -> tuple[float, float]:
    """Seconds an effect of one crash: to apply it, and to write its receipt and hash."""
    world = World(accounts, np.full(1, PRICE, np.int64))
    world.deposit(equities * ONE)
    world.lever(0, np.full(accounts, 100))
    world.pair_up(0, np.full(accounts // 2, 1000))
    words = world.marks(0, path)
    world.take(words[:1])
    book = world.tables.book
    book[layout.EVENT_WORDS : layout.EVENT_WORDS + layout.EVENT_ROW] = words[1]
    started = time.perf_counter()
    reason = enter(book.ctypes.data, APPLY, 0, 0, 0)
    applied = time.perf_counter()
    enter(book.ctypes.data, PUBLISH, reason, 0, 0)
    published = time.perf_counter()
    counted = effects_of_crash(world)
    return (applied - started) / counted, (published - applied) / counted


def effects_of_crash(world: World) -> int:
    """How many domains were liquidated and counterparties deleveraged by the last event."""
    words: list[int] = vector_of(world.tables.book, layout.EFFECTS).tolist()
    counted, place = 0, 0
    while place < len(words):
        counted += words[place] in (layout.DOMAIN_LIQUIDATED, layout.COUNTERPARTY_DELEVERAGED)
        place += EFFECT_LENGTHS[words[place]]
    return counted


def replaying(size: Mixed, sample: int, folder: Path) -> Figure:
    """A mixed journal from Parquet to the receipts' hash, an event, beside the specification on a sample.

    Ours is the whole process, from its start. The specification goes on from the state in the journal's middle, where
    accounts have the positions that they have.
    """
    path = folder / "mixed.parquet"
    write_mixed(path, size)
    command = [sys.executable, "-c", "from marginspec_tools.cli import main; main()", "replay", "--json", str(path)]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
    ours, counted = seconds / (size.opening + size.events), size.accounts
    named = f"mixed journal, {counted:,} accounts, {size.events:,} events in {size.markets:,} markets, an event"
    note = f"{seconds:.1f} s for the whole process, at most {memory:.2f} GB in any"
    theirs = specification_seconds(path, (size.opening + size.events) // 2, sample)
    return Figure("mixed", named, counted, 1e6 * ours, "specification", 1e6 * theirs, note)


def specification_seconds(path: Path, before: int, sample: int) -> float:
    """Seconds an event of the specification, of so many events behind at least so many others."""
    run = FastRun(path)
    for _ in run:
        if run.totals().events >= before:
            break
    reached = run.reached()
    engine, chain = SpecificationEngine(reached.state), reached.chain()
    started = time.perf_counter()
    for record in islice(open_journal(path), reached.events, reached.events + sample):
        chain.append(record.event, engine.apply(record.event))
    return (time.perf_counter() - started) / sample


def figures(largest: int, peers: Peers, folder: Path) -> Iterator[Figure]:
    """All figures, with exchanges of up to so many accounts."""
    sizes, lrvx = [size for size in (10_000, 100_000, 1_000_000) if size <= largest], peers.get("lrvx")
    most = sizes[-1] if sizes else largest
    for size in sizes:
        yield ticking(size, 1, isolated=True, peer=lrvx if size <= 100_000 else None)
    yield from ticking_on_swings(min(most, 100_000))
    for size in (1_000, 10_000, 100_000):
        if size <= largest:
            yield ticking(size, 4, isolated=False, peer=lrvx if size <= 10_000 else None)
    yield from scanning_ticks(min(most, 100_000), lrvx)
    for size in sizes:
        yield crashing(size, lrvx if size <= 100_000 else None)
    for threads in (1, 2):
        yield sweeping(most, SEED, threads)
    others = {name: peer for name, peer in peers.items() if name != "lrvx"}
    for threads in (1, 2):
        yield from isolated_prices(most, others, SEED, threads)
        yield from cross_prices(most // CROSS, others, SEED, threads)
    accounts = min(largest, 437_000)
    yield replaying(Mixed(accounts, max(10, accounts // 700), 7 * accounts, SEED), 2_000, folder)
