"""A mark that has winners and then all others levied, one that returns it all, and a market's final settlement."""

import statistics
import time
from collections.abc import Iterator

import numpy as np

from marginspec.model import events
from marginspec_engine import layout
from marginspec_engine.numba.door import APPLY, enter
from marginspec_tools.bench.crashes import kinds_of_effects, touch_memory
from marginspec_tools.bench.exchanges import LOTS, PRICE, SEED, crashing_exchange
from marginspec_tools.bench.measurements import Measurement
from marginspec_tools.bench.worlds import ONE, Trades, World, event_words, with_prices

ROUNDS = 3
LEVIED, RETURNED, SETTLED = "levied crash", "returned relief", "final settlement"
CRASHED = PRICE * 88 // 100


def levied_world(accounts: int) -> World:
    """An exchange whose profits have left it before its mark falls by 12%.

    A fifth of the accounts is long at almost the mark to come, a fifth at the present one and without much margin;
    those who sold to the second have bought back at the mark to come, of others who gain nothing by it.
    """
    world = World(accounts, np.full(1, PRICE, np.int64))
    fifth = accounts // 5
    deposits = np.full(accounts, 600, np.int64)
    deposits[fifth : 2 * fifth] = np.random.default_rng(SEED).integers(20, 145, fifth)
    world.deposit(deposits * ONE)
    world.set_leverage(0, np.full(accounts, 100))
    early, late, gone, last, other = (np.arange(place * fifth, (place + 1) * fifth) for place in range(5))
    almost = CRASHED - CRASHED // 100
    for buyers, sellers, price in ((early, other, almost), (late, gone, PRICE), (gone, last, CRASHED)):
        world.trade(0, Trades(buyers, sellers, np.full(fifth, LOTS), price))
    return world


def seconds_of_mark(world: World, price: int) -> float:
    """Seconds that a mark takes to apply."""
    book = world.tables.book
    book[layout.EVENT_WORDS : layout.EVENT_WORDS + layout.EVENT_ROW] = world.marks(
        np.zeros(1, np.int64), np.array([price])
    )[0]
    started = time.perf_counter()
    enter(book.ctypes.data, APPLY, 0, 0, 0)
    return time.perf_counter() - started


def levies(accounts: int) -> Iterator[Measurement]:
    """A crash whose losses are levied in two layers, and the mark that returns it all, by microseconds an effect."""
    levied: list[float] = []
    returned: list[float] = []
    liquidated = paid = back = 0
    for _ in range(ROUNDS):
        world = levied_world(accounts)
        touch_memory(accounts)
        seconds = seconds_of_mark(world, CRASHED)
        kinds = kinds_of_effects(world)
        liquidated, paid = kinds.count(layout.DOMAIN_LIQUIDATED), kinds.count(layout.DOMAIN_LEVIED)
        levied.append(seconds / (liquidated + paid))
        seconds = seconds_of_mark(world, PRICE)
        back = kinds_of_effects(world).count(layout.RELIEF_RETURNED)
        returned.append(seconds / back)
    named = f"crash of {accounts:,} accounts that is levied, a liquidation or payment"
    note = f"{liquidated:,} liquidations, {paid:,} payments in two layers"
    yield Measurement(LEVIED, named, accounts, 1e6 * statistics.median(levied), note=note)
    named = f"relief of {accounts:,} accounts returned, a payment"
    yield Measurement(RETURNED, named, accounts, 1e6 * statistics.median(returned), note=f"{back:,} payments")


def final_settlements(positions: int) -> Iterator[Measurement]:
    """A market's end, by microseconds a position."""
    taken: list[float] = []
    for _ in range(ROUNDS):
        world = crashing_exchange(positions).world()
        words = with_prices(event_words(1, events.SettleMarket), np.array([PRICE]))
        words[:, layout.OF_MARKET] = 0
        book = world.tables.book
        book[layout.EVENT_WORDS : layout.EVENT_WORDS + layout.EVENT_ROW] = words[0]
        touch_memory(positions)
        started = time.perf_counter()
        enter(book.ctypes.data, APPLY, 0, 0, 0)
        taken.append((time.perf_counter() - started) / positions)
    named = f"final settlement of {positions:,} positions, a position"
    yield Measurement(SETTLED, named, positions, 1e6 * statistics.median(taken))
