"""An engine's own books: the invariants that can be asked of what it tells, whatever the rulebook says of the event."""

import pytest

from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec_conformance.comparing.books import Books
from marginspec_conformance.comparing.differences import Difference
from marginspec_conformance.generator.events import deposit, listing, mark
from marginspec_conformance.protocol.messages import Accepted, Changes
from worlds.states import MINIMAL


def found(*taken: tuple[Event, Changes], liquidated: tuple[str, ...] = ()) -> list[Difference]:
    """What the books of an engine lack after the last of some events; all liquidate the same domains."""
    books = Books.of(State(header=MINIMAL))
    *_, last = [books.take(event, Accepted(liquidated, (), (), changes)) for event, changes in taken]
    return last


LISTED = (listing("m"), Changes())
FALLEN = Changes({}, {"alice:m:BOTH": "0", "bob:m:BOTH": "-1"})


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        (
            Changes({"wallet:alice:USD": "5", "external:USD": "-4"}),
            Difference("books", "INV-01 USD", "balances sum to 0", "1"),
        ),
        (
            Changes({"insurance:USD": "-0.5", "external:USD": "0.5"}),
            Difference("books", "INV-03 insurance:USD", "at least 0", "-0.5"),
        ),
        (
            Changes({"clearing:USD": "2", "external:USD": "-2"}),
            Difference("books", "INV-03 clearing:USD", "0 after every event", "2"),
        ),
        (Changes({"wallet:alice:USD": "five"}), Difference("books", "wallet:alice:USD", "a decimal in ledger", "five")),
    ],
)
def test_balances_that_break_an_invariant_are_told(changes: Changes, difference: Difference) -> None:
    assert found((deposit("alice", "5"), changes)) == [difference]


def test_quantities_that_do_not_sum_to_zero_are_told() -> None:
    assert found(LISTED, (mark("9", "m"), FALLEN)) == [Difference("books", "INV-02 m", "quantities sum to 0", "-1")]


def test_lots_that_a_liquidation_may_have_left_are_none_of_it() -> None:
    """A lot whose account is zero is told of nowhere."""
    assert found(LISTED, (mark("9", "m"), FALLEN), liquidated=("alice:USD",)) == []
