"""The engine's rules without the compiler equal the specification: what judges faults that are planted in them."""

import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from marginspec.model.state import State
from marginspec_journal import open_journal
from worlds.journals import KINDS
from worlds.pair import Pair
from worlds.uncompiled import UncompiledEngine

VECTORS = Path(__file__).parents[1] / "vectors"
EVENTS = 400
PATIENCE = 20
"""Seconds of the processor for a test, which takes less than one: a faulty rule may go round for ever."""


def raise_endless(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError("the engine does not end")


@pytest.fixture(autouse=True)
def ends() -> Iterator[None]:
    """A test that does not end fails."""
    before = signal.signal(signal.SIGVTALRM, raise_endless)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def uncompiled(state: State) -> Pair:
    """Both at a state."""
    pair = Pair(state)
    pair.engine = UncompiledEngine(state)
    return pair


@pytest.mark.parametrize("folder", ["attacks", "cases", "golden", "witnesses"])
def test_vectors(folder: str) -> None:
    for path in sorted((VECTORS / folder).glob("*.jsonl")):
        journal = open_journal(path)
        pair = uncompiled(State(header=journal.header))
        for record in journal:
            pair.take(record.event)
        pair.compare()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_random_journals(kind: str, seed: int) -> None:
    header, choose = KINDS[kind](seed, EVENTS)
    pair = uncompiled(State(header=header))
    for _ in range(EVENTS):
        pair.take(choose(pair.state))
    pair.compare()
