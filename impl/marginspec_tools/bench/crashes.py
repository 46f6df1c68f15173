"""A crash: a mark that liquidates most of one side and has many of the other deleveraged, beside the peer lrvx."""

import statistics
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from marginspec_engine import layout
from marginspec_engine.layout import EFFECT_LENGTHS
from marginspec_engine.memory.python_words import vector_of
from marginspec_engine.numba.door import APPLY, PUBLISH, enter
from marginspec_tools.bench.exchanges import PRICE, Exchange, OpenedBy, crashing_exchange, path_of_market
from marginspec_tools.bench.measurements import Measurement
from marginspec_tools.bench.peers_setup import Peer
from marginspec_tools.bench.worlds import World

ROUNDS = 3
PATH = path_of_market(np.array([PRICE + 1, PRICE * 88 // 100]))
MOST_OPENED_BY_ENGINE = 100_000
"""Beyond it the peer's engine takes minutes for a crash: its cost of an effect grows with the positions."""
APPLIED, PUBLISHED = "crash", "crash with receipts"
BY_ENGINE: tuple[OpenedBy, str] = ("engine", "positions opened by its engine")
ATTACHED: tuple[OpenedBy, str] = ("accounts", "accounts attached to it")


class Crash(NamedTuple):
    """What one crash came to."""

    applied_s: float
    published_s: float
    liquidations: int
    deleveragings: int

    @property
    def effects(self) -> int:
        """Domains liquidated and counterparties deleveraged."""
        return self.liquidations + self.deleveragings

    def counted(self) -> str:
        """The counts in words."""
        return f"{self.liquidations:,} liquidations and {self.deleveragings:,} deleveragings"


BYTES_AN_ACCOUNT = 2_400
"""What the effects of a crash and their receipt take, about."""


def touch_memory(accounts: int) -> None:
    """Have the system take as much memory as a crash will need, and give it back.

    A virtual machine asks its host for every page that it has not had for a while, which takes longer than the crash.
    """
    np.ones(accounts * BYTES_AN_ACCOUNT, np.int8)


def our_crash(exchange: Exchange) -> Crash:
    """A crash of ours: to apply the mark, and to write its receipt and hash."""
    world = exchange.world()
    words = world.marks(*PATH)
    world.take(words[:1])
    book = world.tables.book
    book[layout.EVENT_WORDS : layout.EVENT_WORDS + layout.EVENT_ROW] = words[1]
    touch_memory(world.accounts)
    started = time.perf_counter()
    reason = enter(book.ctypes.data, APPLY, 0, 0, 0)
    applied = time.perf_counter()
    enter(book.ctypes.data, PUBLISH, reason, 0, 0)
    published = time.perf_counter()
    kinds = kinds_of_effects(world)
    counts = kinds.count(layout.DOMAIN_LIQUIDATED), kinds.count(layout.COUNTERPARTY_DELEVERAGED)
    return Crash(applied - started, published - applied, *counts)


def kinds_of_effects(world: World) -> list[int]:
    """Which effects the last event had, by the numbers of their kinds."""
    words: list[int] = vector_of(world.tables.book, layout.EFFECTS).tolist()
    kinds, place = [], 0
    while place < len(words):
        kinds.append(words[place])
        place += EFFECT_LENGTHS[words[place]]
    return kinds


def peer_crash(peer: Peer, exchange: Exchange, opened_by: OpenedBy) -> Crash:
    """The same of the peer, which writes no receipts."""
    peer.ask(exchange.peer_question(opened_by))
    touch_memory(exchange.accounts)
    answered = peer.ask(PATH.peer_question())
    return Crash(answered["seconds"][1], 0.0, answered["liquidations"], answered["deleveragings"])


def crashes(accounts: int, peer: Peer | None) -> Iterator[Measurement]:
    """A crash by microseconds an effect: applied, which is all that the peer does, and with our receipts and hash.

    The peer liquidates and deleverages the same numbers whether its engine has opened the positions or accounts are
    attached. The bar names the first, whose cost grows with their number; the second is faster, and stands beside it.
    """
    exchange = crashing_exchange(accounts)
    ways = [BY_ENGINE, ATTACHED] if accounts <= MOST_OPENED_BY_ENGINE else [ATTACHED]
    asked = {way[1]: way[0] for way in ways} if peer else {}
    taken: list[Crash] = []
    others: dict[str, list[Crash]] = {said: [] for said in asked}
    for _ in range(ROUNDS):
        taken.append(our_crash(exchange))
        for said, opened_by in asked.items():
            assert peer is not None
            others[said].append(peer_crash(peer, exchange, opened_by))
    yield from measurements_of(accounts, taken, others)


def measurements_of(accounts: int, taken: list[Crash], others: dict[str, list[Crash]]) -> Iterator[Measurement]:
    """The figures of so many crashes of ours and, by the way they were asked, of the peer."""
    named = f"crash of {accounts:,} accounts, a liquidation or deleveraging"
    rows = {
        APPLIED: (named, statistics.median(one.applied_s / one.effects for one in taken)),
        PUBLISHED: (
            f"{named}, with receipts and hash",
            statistics.median((one.applied_s + one.published_s) / one.effects for one in taken),
        ),
    }
    for row, (question, ours) in rows.items():
        if not others:
            yield Measurement(row, question, accounts, 1e6 * ours, note=f"ours: {taken[0].counted()}")
        for way, found in others.items():
            theirs = statistics.median(one.applied_s / one.effects for one in found)
            is_asked = row == APPLIED and way == BY_ENGINE[1] and accounts == 100_000
            needed = 40 if is_asked else None
            note = f"ours: {taken[0].counted()}; the peer's: {found[0].counted()}"
            yield Measurement(row, question, accounts, 1e6 * ours, f"lrvx, {way}", 1e6 * theirs, needed, note)
