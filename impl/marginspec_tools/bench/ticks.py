"""Marks that trigger nothing, beside the peer lrvx: by the trigger index, and by a scan of all without it."""

import math
import statistics
from collections.abc import Iterator

import attrs
import numpy as np

from marginspec_engine.batches.portfolios import Portfolio
from marginspec_engine.numba.portfolios import PositionColumns
from marginspec_tools.bench.exchanges import (
    LOTS,
    PRICE,
    Exchange,
    OpenedBy,
    Path,
    cross_exchange,
    isolated_exchange,
    path_of_market,
    random_walk,
    thin_exchange,
)
from marginspec_tools.bench.measurements import Measurement, alternating, on_threads, seconds_of
from marginspec_tools.bench.peers_setup import Peer
from marginspec_tools.bench.sweeps import markets_of
from marginspec_tools.bench.worlds import ONE, World

ROUNDS, MARKS, PEER_MARKS = 7, 2_500, 10
"""Each round takes so many marks of the seeded walk, the peer the first few of them."""
OPENED_BY: dict[bool, OpenedBy] = {True: "engine", False: "accounts"}
"""Who opens positions at the peer's, by whether they are isolated."""
SCAN_STEPS = 20
CROSS = 4
"""Positions of a cross account."""
ISOLATED_TICKS, CROSS_TICKS = "isolated ticks", "cross ticks"


def seconds_of_marks(world: World, path: Path) -> float:
    """Seconds that a mark of a path takes, with receipts and hash."""
    words = world.marks(*path)
    return seconds_of(lambda: world.take(words)) / len(words)


def peer_seconds_of_marks(peer: Peer, path: Path) -> float:
    """Seconds that a mark of a path takes the peer, which holds an exchange."""
    answered = peer.ask(path.peer_question())
    assert answered["liquidations"] == 0, "a path that should trigger nothing did"
    return float(statistics.median(answered["seconds"]))


def tick_measurement(measurement: Measurement, exchange: Exchange, peer: Peer | None) -> Measurement:
    """A mark that triggers nothing, on a seeded walk of steps of a basis point; receipts and hash included.

    The peer scans what its engine has opened in 5 ns a position, and accounts with an isolated position each in 25 to
    100 ns; so its engine opens isolated positions. It knows cross accounts only as attached ones.
    """
    world, walk = exchange.world(), random_walk(MARKS * (ROUNDS + 1))
    positions, begun = world.positions(0), range(0, len(walk.prices), MARKS)
    parts, peers_parts = iter(begun), iter(begun)

    def our_seconds() -> float:
        """Seconds a mark, on the next part of the walk."""
        first = next(parts)
        return seconds_of_marks(world, walk.between(first, first + MARKS))

    def peer_seconds(asked: Peer) -> float:
        """Seconds that the peer takes for a mark, on the first few marks of the next part."""
        first = next(peers_parts)
        return peer_seconds_of_marks(asked, walk.between(first, first + PEER_MARKS))

    if peer is None:
        found = attrs.evolve(measurement, ours_us=1e6 * alternating(ROUNDS, our_seconds)[0])
    else:
        peer.ask(exchange.peer_question(OPENED_BY[exchange.isolated]))
        taken, other = alternating(ROUNDS, our_seconds, lambda: peer_seconds(peer))
        found = attrs.evolve(measurement, ours_us=1e6 * taken, peer="lrvx", peer_us=1e6 * other)
    assert world.positions(0) == positions, "a path that should trigger nothing did"
    return found


def isolated_ticks(accounts: int, peer: Peer | None) -> Measurement:
    """A mark on isolated positions."""
    needed = 200 if peer and accounts == 100_000 else None
    named = f"mark that triggers nothing, {accounts:,} isolated positions"
    asked = Measurement(ISOLATED_TICKS, named, accounts, math.nan, needed=needed)
    return tick_measurement(asked, isolated_exchange(accounts), peer)


def cross_ticks(accounts: int, peer: Peer | None) -> Measurement:
    """The same of one of the markets of cross accounts."""
    needed = 1_000 if peer and accounts == 10_000 else None
    named = f"mark that triggers nothing, {accounts:,} cross accounts of {CROSS} positions"
    asked = Measurement(CROSS_TICKS, named, accounts, math.nan, needed=needed)
    return tick_measurement(asked, cross_exchange(accounts, CROSS), peer)


# ----------------------------------------------------------------- paths that leave many boxes


def worst_ticks(accounts: int, peer: Peer | None) -> Iterator[Measurement]:
    """The worst paths known: marks that leave many boxes, so that these are made anew, and trigger nothing."""
    # A position of three times its cash bears a fall by a quarter.
    isolated, thin = isolated_exchange(accounts, most_leverage=3), thin_exchange(accounts, CROSS)
    of_isolated, of_cross = f"{accounts:,} isolated positions", f"{accounts:,} cross accounts of {CROSS} positions"
    yield worst_tick(f"{of_isolated}, a fall by a quarter in steps of a basis point", isolated, falling(), peer)
    yield worst_tick(f"{of_isolated}, jumps by a quarter to and fro", isolated, jumping(), peer)
    yield worst_tick(f"{of_cross}, jumps by a twentieth of two markets in turn", thin, jumping_in_turn(), peer)


def falling() -> Path:
    """A fall by a quarter in steps of a basis point."""
    return path_of_market(PRICE - PRICE // 10_000 * np.arange(2_500))


def jumping() -> Path:
    """Jumps by a quarter to and fro."""
    return path_of_market(np.where(np.arange(400) % 2 == 0, PRICE, PRICE * 3 // 4))


def jumping_in_turn() -> Path:
    """Jumps by a twentieth of two markets in turn, each down and up again: a loss leaves less for the other's boxes."""
    places = np.arange(100)
    return Path(places // 2 % 2, np.where(places % 2 == 0, PRICE * 95 // 100, PRICE))


def worst_tick(named: str, exchange: Exchange, path: Path, peer: Peer | None) -> Measurement:
    """The mean over all marks of a path, and the dearest of all when each is taken alone."""
    world, other = exchange.world(), exchange.world()
    positions = world.positions(0)
    mean = seconds_of_marks(world, path)
    assert world.positions(0) == positions, "a path that should trigger nothing did"
    dearest = max(seconds_of_marks(other, path.between(place, place + 1)) for place in range(len(path.prices)))
    note = f"mean of {len(path.prices):,} marks; the dearest alone {1e6 * dearest:,.0f} us"
    question = f"mark that triggers nothing, worst path: {named}"
    found = Measurement("worst ticks", question, exchange.accounts, 1e6 * mean, note=note)
    if peer is None:
        return found
    peer.ask(exchange.peer_question(OPENED_BY[exchange.isolated]))
    theirs = peer_seconds_of_marks(peer, path.between(0, PEER_MARKS))
    return attrs.evolve(found, peer="lrvx", peer_us=1e6 * theirs)


# ----------------------------------------------------------------- without an index


def scans(positions: int, peer: Peer | None) -> Iterator[Measurement]:
    """A mark on isolated positions by a scan of all, exact and without index, on one thread and on two."""
    for threads, needed in ((1, 1 / 1.25), (2, 1.0)):
        measurement = scan(positions, threads, peer)
        yield measurement if peer is None else attrs.evolve(measurement, needed=needed)


def isolated_portfolio(exchange: Exchange, threads: int) -> Portfolio:
    """The isolated positions of an exchange as columns."""
    count = exchange.accounts
    markets = markets_of(np.array([PRICE], np.int64))
    quantities = np.repeat(np.array([LOTS, -LOTS]), (count - count // 2, count // 2))
    costs = quantities * markets.unit_values[0]
    cash = -(-abs(costs) // exchange.leverages) + exchange.added * ONE
    columns = PositionColumns(cash, np.arange(count + 1), np.zeros(count, np.int64), quantities, costs)
    return Portfolio(markets, columns, threads)


def scan(positions: int, threads: int, peer: Peer | None) -> Measurement:
    """A scan on so many threads; the peer's is on one, and in floating point."""
    exchange = isolated_exchange(positions)
    portfolio = isolated_portfolio(exchange, threads)
    found = portfolio.unhealthy()
    path = random_walk(SCAN_STEPS)
    named = f"scan of {positions:,} isolated positions at a mark {on_threads(threads)}, a position"

    def our_seconds() -> float:
        """Seconds of a scan: the median of several."""
        return statistics.median(seconds_of(lambda: portfolio.write_unhealthy(0, found)) for _ in range(SCAN_STEPS))

    if peer is None:
        return Measurement("scan", named, positions, 1e6 * alternating(ROUNDS, our_seconds)[0] / positions)
    peer.ask(exchange.peer_question("engine"))
    taken, theirs = alternating(ROUNDS, our_seconds, lambda: peer_seconds_of_marks(peer, path))
    return Measurement("scan", named, positions, 1e6 * taken / positions, "lrvx", 1e6 * theirs / positions)
