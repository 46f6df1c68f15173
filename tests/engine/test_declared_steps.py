"""Both engines on steps at counterparties' own entries, on halving, and on declared deleveraging."""

from collections.abc import Iterator
from itertools import product
from random import Random

import pytest

from marginspec.model.effects import Deleveraged
from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec_conformance.generator.events import declare, deposit, fund, leverage, listing, mark, trade, withdraw
from worlds.pair import Pair
from worlds.states import MINIMAL_NONE, long_five_with_sixty, settled

STEEP = (("0", 10, "0.05"), ("200", 5, "0.1"), ("400", 4, "0.2"))


def steps_of(pair: Pair, event: Event) -> list[Deleveraged]:
    return [effect for effect in pair.take(event).effects if isinstance(effect, Deleveraged)]


@pytest.mark.rule("ADL-04", "ADL-06")
def test_halving_is_the_same_in_both() -> None:
    found = set()
    for loss, quantity in product(range(20, 40), (5, 4, 3)):
        state = settled(
            *(listing("B"), mark("100", "B"), fund("100"), trade("carol", "bob", "5", "100"), withdraw("bob", "900")),
            *(trade("bob", "alice", "5", "100", "B"), mark("80"), mark(str(100 - loss), "B")),
            state=long_five_with_sixty(),
        )
        if not state.positions_in.get("B"):
            continue
        pair = Pair(state)
        found.add(tuple(step.quantity for step in steps_of(pair, declare(str(quantity)))))
        pair.take(declare("1"))
        pair.compare()
    assert {(5,), (4,), (3,), (2,), (1,), ()} <= found


@pytest.mark.rule("ADL-03", "ADL-04", "ADL-06")
@pytest.mark.parametrize("seed", range(12))
def test_own_entries_and_heirs_are_the_same_in_both(seed: int) -> None:
    """Eight lots of both sides, marks that leap, and counterparties who entered anywhere between."""
    chosen = Random(seed)
    names = [f"a{number}" for number in range(8)]
    pair = Pair(State(header=MINIMAL_NONE) if seed % 2 else settled())
    opening: list[Event] = [listing("A", STEEP), mark("100"), *(deposit(name, "3000") for name in names)]
    for event in (*opening, *leaping(chosen, names)):
        pair.take(event)
    pair.compare()


def leaping(chosen: Random, names: list[str]) -> Iterator[Event]:
    """Thin accounts that a leap takes over, trades around the mark, and declarations."""
    for number in range(6):
        thin = f"thin{number}"
        side = chosen.choice((1, -1))
        yield deposit(thin, str(chosen.randint(60, 140)))
        yield leverage(thin, 4)
        buyer, seller = (thin, chosen.choice(names))[::side]
        yield trade(buyer, seller, str(chosen.randint(1, 3)), "100")
    for _ in range(40):
        buyer, seller = chosen.sample(names, 2)
        yield trade(buyer, seller, str(chosen.randint(1, 3)), str(chosen.randint(60, 140)))
        yield mark(str(chosen.choice((60, 75, 90, 100, 110, 130, 150))))
        yield declare(str(chosen.randint(1, 3)), chosen.choice(("long", "short")))
