"""Shrinking: the shortest journal whose first difference has the same signature."""

from collections.abc import Callable

import pytest

from marginspec.model.events import Event
from marginspec.model.state import Header
from marginspec_conformance.driving.checking import Case, Plan
from marginspec_conformance.faults.catalogue import fault_named
from marginspec_conformance.fuzzing.driving import Fuzz
from marginspec_conformance.generator.events import deposit, listing, mark, trade
from marginspec_conformance.protocol.messages import Answer, Errored
from marginspec_conformance.shrinking.passes import fewer, one_event_for_two, rounder
from marginspec_conformance.shrinking.shrinker import Shrinker, Shrunk
from marginspec_conformance.shrinking.signature import Signature
from marginspec_journal.canonical import JsonObject
from worlds.changed_answers import Changed, hung


def shrunk(case: Case, connector: Changed, most_s: float = 60.0) -> Shrunk:
    """A case that differs, shrunk."""
    found = Shrinker(connector.engine(), case, Plan(4), most_s).shrink()
    assert found is not None
    return found


def first_found(name: str) -> Shrunk:
    """What a fuzz finds of a fault first, shrunk."""
    connector = Changed(fault=fault_named(name))
    for tried in Fuzz(connector.engine(), Plan(4), 1, 60.0):
        if tried.checked.outcome == "differs":
            return shrunk(tried.case, connector)
    raise AssertionError(f"a fuzz does not find: {name}")


@pytest.mark.parametrize(
    ("name", "most", "clause"),
    [
        ("a fee rounds down", 8, "TRD-01"),
        ("what funding rounds stays in clearing", 8, "FND-01"),
        ("the levy spares the house", 8, "LVY-01"),
        ("insurance is drawn before the reserve", 16, "WTF-01"),
    ],
)
def test_a_planted_fault_is_found_and_shrunk(name: str, most: int, clause: str) -> None:
    found = first_found(name)
    assert found.is_done
    assert found.signature.clause == clause
    assert len(found.case.events) <= most
    assert found.checked.place == len(found.case.events) - 1
    assert found.alone is not None
    assert found.alone.events == found.case.events[-1:]


LONG = (
    *(event for name in "AB" for event in (listing(name), mark("100", name))),
    *(deposit(account, "300") for account in ("alice", "bob", "carol", "dave")),
    *(trade("alice", "bob", "2", "100") for _ in range(10)),
    trade("carol", "dave", "3", "100", "B"),
    *(mark(str(price), "B") for price in range(101, 120)),
)


def failing_at(kind: str, answer: Callable[[], Answer]) -> Changed:
    """An engine that fails at events of a type."""

    def change(told: JsonObject, right: Answer) -> Answer:
        return answer() if told["type"] == kind and told.get("price") == "115" else right

    return Changed(change)


def test_only_what_the_difference_needs_is_left() -> None:
    found = shrunk(Case(Header(), LONG), failing_at("mark_price", lambda: Errored("boom")))
    assert found.signature == Signature("mark_price", "MKT-01", "errored")
    assert found.case.events == (mark("115", "B"),)


def test_a_journal_on_which_an_engine_hangs_is_shrunk_too() -> None:
    def hang() -> Answer:
        raise hung()

    found = shrunk(Case(Header(), LONG), failing_at("mark_price", hang))
    assert found.signature == Signature("mark_price", "SET-01", "no answer")
    assert found.case.events == (mark("115", "B"),)


def test_nothing_is_shrunk_where_nothing_differs_and_nothing_when_time_is_up() -> None:
    engine = Changed().engine()
    assert Shrinker(engine, Case(Header(), LONG), Plan(4), 60.0).shrink() is None
    late = shrunk(Case(Header(), LONG), failing_at("mark_price", lambda: Errored("boom")), most_s=0.0)
    assert (late.is_done, late.tried, late.case.events) == (False, 0, LONG[: late.checked.place + 1])


def test_items_are_left_out_in_halves_down_to_single_ones() -> None:
    needed = {3, 17}
    assert fewer(range(20), lambda some: needed <= set(some)) == (3, 17)
    assert fewer((), lambda _: True) == ()


def test_two_events_become_one_with_the_sum() -> None:
    events: tuple[Event, ...] = (deposit("alice", "3"), mark("5"), deposit("alice", "4"), deposit("bob", "1"))
    assert list(one_event_for_two(events)) == [(deposit("alice", "7"), mark("5"), deposit("bob", "1"))]


def test_numbers_become_rounder() -> None:
    assert list(rounder(1234)) == [0, 1000, 10000, 2000, 1200, 1300, 1230, 1240]
    assert list(rounder(-20)) == [0, -10]
