"""Searches in a tree find what going through the queue finds, and look at few nodes, however the queue is made.

Nodes are counted on the functions as Python runs them; they are the same that are compiled.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from random import Random
from unittest.mock import patch

import numpy as np
import pytest
from immutables import Map

from marginspec.model.effects import Deleveraged
from marginspec.model.events import Event
from marginspec.model.state import Header, State
from marginspec_conformance.generator.events import ASSET, deposit, fund, leverage, listing, mark, trade
from marginspec_engine.engine import OptimizedEngine
from marginspec_engine.index import trees
from marginspec_engine.layout import EFFECTS, EVENT_WORDS, FRONT, NONE
from marginspec_engine.layout.effect_reading import EffectReader
from marginspec_engine.layout.event_words import write_event
from marginspec_engine.layout.reasons import ACCEPTED
from marginspec_engine.memory.python_words import DirectMemory, PythonWords, vector_of
from marginspec_engine.memory.words import Words
from worlds.pair import Pair


@contextmanager
def comparisons() -> Iterator[list[int]]:
    """Within, one word counts how often a node is compared; nothing may be compiled here."""
    counted, compare = [0], trees.reaches

    def counting(words: Words, amount: int, over: int) -> bool:
        counted[0] += 1
        return compare(words, amount, over)

    with patch.object(trees, "reaches", counting):
        yield counted


# ----------------------------------------------------------------- the tree alone


class Line:
    """A queue of fractions, and the same as a list; None is dropped."""

    def __init__(self, fractions: list[tuple[int, int]]) -> None:
        self.words = np.zeros(8, np.int64)
        self.queue = PythonWords(DirectMemory(), self.words.ctypes.data)
        self.held: list[Fraction | None] = [Fraction(*one) for one in fractions]
        trees.plant(self.queue, self.queue, len(fractions))
        for place, (amount, over) in enumerate(fractions):
            trees.plant_leaf(self.queue, self.queue, place, amount, over)
        trees.grow(self.queue, self.queue)

    def change(self, place: int, amount: int, over: int) -> None:
        """Another fraction at a place."""
        self.held[place] = Fraction(amount, over)
        trees.change_leaf(self.queue, self.queue, place, amount, over)

    def drop(self, place: int) -> None:
        """No fraction at a place any more."""
        self.held[place] = None
        trees.drop_leaf(self.queue, self.queue, place)

    def search(self, amount: int, over: int) -> None:
        """Look for a fraction in the tree, and in the list."""
        sought = Fraction(amount, over)
        expected = next((place for place, one in enumerate(self.held) if one is not None and one >= sought), NONE)
        assert trees.first_reaching(self.queue, self.queue, amount, over) == expected
        root = trees.largest(self.queue, self.queue)
        if expected == NONE:
            assert root[trees.OVER] == 0 or Fraction(root[trees.AMOUNT], root[trees.OVER]) < sought


def any_fraction(chance: Random) -> tuple[int, int]:
    """Small ones, often equal, and some near the limits."""
    if chance.random() < 0.1:
        return chance.randrange(-(2**63) + 1, 2**63), chance.randrange(1, 2**63)
    return chance.randrange(-9, 10), chance.randrange(1, 4)


@pytest.mark.parametrize("seed", range(40))
def test_a_search_finds_the_first_of_a_queue(seed: int) -> None:
    chance = Random(seed)
    count = chance.choice((0, 1, 2, 3, 5, 8, 33, 64, 100))
    line = Line([any_fraction(chance) for _ in range(count)])
    with comparisons() as compared:
        for _ in range(400):
            alive = [place for place, one in enumerate(line.held) if one is not None]
            if not alive or chance.random() < 0.3:
                line.search(*any_fraction(chance))
                continue
            place = chance.choice(alive) if chance.random() < 0.5 else alive[0]
            if chance.random() < 0.3:
                line.drop(place)
            else:
                line.change(place, *any_fraction(chance))
    assert compared[0] <= 400 * 4 * (count.bit_length() + 1)


@pytest.mark.parametrize("count", [64, 256, 1024, 4096])
def test_what_a_search_looks_at_does_not_grow_with_the_queue(count: int) -> None:
    """Entries alternate in whom they would suit and who has the spare; nobody has both, and then the last one."""
    lot, levels = (20, 1), count.bit_length()
    line = Line([(30, 1) if place % 2 == 0 else (10, 1) for place in range(count)])
    for place in range(0, count, 2):
        line.change(place, 2, 1)
    with comparisons() as compared:
        line.search(*lot)
    assert compared[0] <= 4 * count, "every node is lowered once"
    for searches in range(1, 100):
        if searches == 50:
            line.change(count - 1, 20, 1)
        with comparisons() as compared:
            line.search(*lot)
        assert compared[0] <= 4 * levels


def test_leaves_in_front_that_are_dropped_are_passed_for_good() -> None:
    line = Line([(5, 1)] * 100)
    for place in range(99):
        line.drop(place)
    line.search(5, 1)
    assert line.words[FRONT] == 99
    with comparisons() as compared:
        line.search(5, 1)
    assert compared[0] == 1
    line.drop(99)
    line.search(-5, 1)
    assert trees.largest(line.queue, line.queue)[trees.OVER] == 0


# ----------------------------------------------------------------- whole events


def crowded(count: int) -> Iterator[Event]:
    """Lots of as many debtors that the fund just covers, and shorts, three times as many, of a mark far below.

    Half of the lots, the older ones, are too dear for anybody but at an own entry. Of the shorts a third have entries
    that are good enough for all lots and no room, a third have room and no profit, and the last of the queue have both;
    scores mix the first two.
    """
    chance = Random(count)
    yield deposit("maker", "100000000")
    for market in "AC":
        yield listing(market, (("0", 10, "0.099"),))
        yield mark("1000", market)
    yield fund(str(870 * count))
    for number in range(count):
        yield from in_debt(f"debtor{number:04}", "A", 3, "300" if number < count // 2 else "360")
    yield mark("600")
    for number in range(count):
        for kind, paid, price in (
            ("tight", chance.randrange(6000, 24000), 1000),
            ("loose", chance.randrange(400, 900), 575),
            ("able", 10**6, 885),
        ):
            account = f"{kind}{number}"
            yield deposit(account, str(paid))
            yield leverage(account, 10)
            yield trade("maker", account, "1", str(price))
            if kind == "tight":
                yield leverage(account, 10, "C")
                yield trade(account, "maker", "1", str(1215 + paid), "C")


def in_debt(account: str, market: str, size: int, paid: str) -> Iterator[Event]:
    """A long of the maker that its deposit does not keep."""
    yield deposit(account, paid)
    yield leverage(account, 10, market)
    yield trade(account, "maker", str(size), "1000", market)


def failing_elsewhere(count: int) -> Iterator[Event]:
    """So many other markets, each short by more than the crowd's, in which nobody has a profit."""
    for number in range(count):
        market, size = f"M{number:03}", 16 * count
        yield listing(market, (("0", 10, "0.099"),))
        yield mark("1000", market)
        yield fund(str(300 * size))
        yield from in_debt(f"debtor of {market}".replace(" ", "-"), market, size, str(100 * size))
        yield mark("600", market)
        yield deposit("cheap", str(1000 * size))
        yield trade("maker", "cheap", str(size), "595", market)


def opened(events: Iterable[Event]) -> OptimizedEngine:
    """An engine after events that are all accepted."""
    engine = OptimizedEngine(State(header=Header(asset_decimals=Map({ASSET: 0}))))
    for event in events:
        assert engine.apply(event).rejected is None, event
    return engine


LAST = mark("580")


def steps_of(engine: OptimizedEngine) -> list[Deleveraged]:
    """The steps of the crowd's last mark, which runs in Python."""
    write_event(engine.tables, LAST, engine.tables.book[EVENT_WORDS:])
    assert engine.apply_widely() == ACCEPTED
    effects = EffectReader(engine.tables).effects(vector_of(engine.tables.book, EFFECTS))
    return [effect for effect in effects if isinstance(effect, Deleveraged)]


@pytest.mark.parametrize("count", [16, 64, 256])
def test_an_event_looks_at_nodes_by_counterparties_lots_and_steps(count: int) -> None:
    engine = opened(crowded(count))
    with comparisons() as compared:
        steps = steps_of(engine)
    assert len(steps) >= count // 8
    assert {one.counterparty.account.rstrip("0123456789") for one in steps} == {"able"}
    assert min(one.lot for one in steps) <= count // 2
    planting, levels = 2 * 4 * count, (3 * count).bit_length()
    assert compared[0] <= planting + 5 * levels * len(steps)


def test_a_crowd_is_deleveraged_as_the_rules_do() -> None:
    pair = Pair(State(header=Header(asset_decimals=Map({ASSET: 0}))))
    for event in (*crowded(16), *failing_elsewhere(4), LAST):
        assert pair.take(event).rejected is None, event
    pair.compare()


@contextmanager
def words_read() -> Iterator[list[int]]:
    """Within, one word counts how many words Python reads of the engine's memory."""
    counted, read = [0], PythonWords.__getitem__

    def counting(words: PythonWords, place: int) -> int:
        counted[0] += 1
        return read(words, place)

    with patch.object(PythonWords, "__getitem__", counting):
        yield counted


def test_what_an_event_reads_grows_with_counterparties_lots_markets_and_steps() -> None:
    """Four times as many of all of them: little more than four times as much is read, as no two are multiplied."""
    found = []
    for count in (32, 128):
        engine = opened((*crowded(count), *failing_elsewhere(count // 2)))
        with words_read() as words:
            steps = len(steps_of(engine))
        assert count // 8 <= steps <= count // 4
        found.append(words[0])
    assert found[1] <= 5 * found[0], found
