"""Marks that trigger nothing, beside the peer lrvx: by the trigger index, and by a scan of all without it."""

import statistics
from collections.abc import Iterator

import attrs
import numpy as np

from marginspec_engine.plain_memory import Words64
from marginspec_tools.benchmarks.exchanges import (
    PRICE,
    PRICE_UNITS,
    SEED,
    Exchange,
    OpenedBy,
    cross_exchange,
    isolated_exchange,
    random_walk,
)
from marginspec_tools.benchmarks.figures import Figure, alternating, seconds_of
from marginspec_tools.benchmarks.peers_setup import Peer
from marginspec_tools.benchmarks.sweeps import portfolio_of
from marginspec_tools.benchmarks.worlds import World

STEPS, ROUNDS, PEER_STEPS = 20_000, 7, 10
"""Marks of the seeded walk, in so many parts; the peer takes the first few marks of each part."""
SCAN_STEPS = 20
CROSS = 4
"""Positions of a cross account."""
ISOLATED_TICKS, CROSS_TICKS = "isolated ticks", "cross ticks"


def seconds_of_marks(world: World, path: Words64) -> float:
    """Seconds that a mark of a path takes, with receipts and hash."""
    words = world.marks(0, path)
    return seconds_of(lambda: world.take(words)) / len(path)


def peer_seconds_of_marks(peer: Peer, path: Words64) -> float:
    """Seconds that a mark of a path takes the peer, which holds an exchange."""
    answered = peer.ask({"path": (path / PRICE_UNITS).tolist()})
    assert answered["liquidations"] == 0, "a path that should trigger nothing did"
    return float(statistics.median(answered["seconds"]))


def ticking(row: str, named: str, exchange: Exchange, peer: Peer | None, needed: float | None) -> Figure:
    """A mark that triggers nothing, on a seeded walk of steps of a basis point; receipts and hash included.

    The peer scans what its engine has opened in 5 ns a position, and accounts with an isolated position each in 25 to
    100 ns; so its engine opens isolated positions. It knows cross accounts only as attached ones.
    """
    world = exchange.world()
    parts = np.array_split(random_walk(PRICE, STEPS, SEED), ROUNDS + 1)
    path, peers_path = iter(parts), iter(parts)

    def ours() -> float:
        return seconds_of_marks(world, next(path))

    def theirs(asked: Peer) -> float:
        return peer_seconds_of_marks(asked, next(peers_path)[:PEER_STEPS])

    positions = world.positions(0)
    if peer is None:
        found = Figure(row, named, exchange.accounts, 1e6 * alternating(ROUNDS, ours)[0])
    else:
        opened_by: OpenedBy = "engine" if exchange.isolated else "accounts"
        peer.ask(exchange.asked(opened_by))
        taken, other = alternating(ROUNDS, ours, lambda: theirs(peer))
        found = Figure(row, named, exchange.accounts, 1e6 * taken, "lrvx", 1e6 * other, needed)
    assert world.positions(0) == positions, "a path that should trigger nothing did"
    return found


def isolated_ticks(accounts: int, peer: Peer | None) -> Figure:
    """A mark on isolated positions."""
    needed = 200 if accounts == 100_000 else None
    named = f"mark that triggers nothing, {accounts:,} isolated positions"
    return ticking(ISOLATED_TICKS, named, isolated_exchange(accounts), peer, needed)


def cross_ticks(accounts: int, peer: Peer | None) -> Figure:
    """A mark on one of the positions of cross accounts."""
    needed = 1_000 if accounts == 10_000 else None
    named = f"mark that triggers nothing, {accounts:,} cross accounts of {CROSS} positions"
    return ticking(CROSS_TICKS, named, cross_exchange(accounts, CROSS), peer, needed)


# ----------------------------------------------------------------- paths that leave many boxes


def swings() -> dict[str, Words64]:
    """Paths that leave many boxes and trigger nothing: a fall by steps of a basis point, and jumps to and fro."""
    falling = PRICE - PRICE // 10_000 * np.arange(2_500)
    jumping = np.where(np.arange(400) % 2 == 0, PRICE, PRICE * 3 // 4)
    return {"a fall by a quarter and back": np.concatenate((falling, falling[::-1])), "jumps by a quarter": jumping}


def ticks_on_swings(accounts: int) -> Iterator[Figure]:
    """The worst paths known: marks that leave many boxes, so that these are made anew."""
    # A position of three times its cash bears a fall by a quarter.
    exchanges = {
        f"{accounts:,} isolated positions": isolated_exchange(accounts, most_leverage=3),
        f"{accounts:,} cross accounts of {CROSS} positions": cross_exchange(accounts, CROSS),
    }
    for holders, exchange in exchanges.items():
        for kind, path in swings().items():
            yield on_swing(f"the same of {holders}, worst path: {kind}", exchange, path)


def on_swing(named: str, exchange: Exchange, path: Words64) -> Figure:
    """A mark of a path, the mean, and the dearest of all when each is taken alone."""
    world, other = exchange.world(), exchange.world()
    positions = world.positions(0)
    mean = seconds_of_marks(world, path)
    assert world.positions(0) == positions, "a path that should trigger nothing did"
    dearest = max(seconds_of_marks(other, path[place : place + 1]) for place in range(len(path)))
    note = f"mean of {len(path):,} marks; the dearest alone {1e6 * dearest:,.0f} us"
    return Figure("worst ticks", named, exchange.accounts, 1e6 * mean, note=note)


# ----------------------------------------------------------------- without an index


def scans(positions: int, peer: Peer | None) -> Iterator[Figure]:
    """A mark on isolated positions by a scan of all, exact and without index, on one thread and on two."""
    for threads, needed in ((1, 1 / 1.25), (2, 1.0)):
        figure = scan(positions, threads, peer)
        yield figure if peer is None else attrs.evolve(figure, needed=needed)


def scan(positions: int, threads: int, peer: Peer | None) -> Figure:
    """A scan on so many threads; the peer's is on one, and in floating point."""
    portfolio = portfolio_of(positions, 1, 1, SEED, threads)
    found = portfolio.unhealthy()
    path = random_walk(PRICE, SCAN_STEPS, SEED)
    named = f"scan of {positions:,} isolated positions at a mark on {threads} threads, a position"

    def ours() -> float:
        return statistics.median(seconds_of(lambda: portfolio.write_unhealthy(0, found)) for _ in path)

    if peer is None:
        return Figure("scan", named, positions, 1e6 * alternating(ROUNDS, ours)[0] / positions)
    peer.ask(isolated_exchange(positions).asked("engine"))
    taken, theirs = alternating(ROUNDS, ours, lambda: peer_seconds_of_marks(peer, path))
    return Figure("scan", named, positions, 1e6 * taken / positions, "lrvx", 1e6 * theirs / positions)
