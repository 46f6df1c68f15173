"""Faults are planted in the rules' own functions, for a while only."""

import pytest

from marginspec.margin.margin import DomainMargin, is_healthy, maintenance_margin
from marginspec.model.market import Tier
from marginspec.model.state import Header
from marginspec.model.units import Money, Rate
from marginspec_conformance.connectors.session import Limits
from marginspec_conformance.driving.asking import Engine
from marginspec_conformance.driving.checking import Case, Plan, check
from marginspec_conformance.faults.catalogue import fault_named, faults_by_hand, mutants
from marginspec_conformance.faults.engine import Faulty
from marginspec_conformance.faults.planting import planted, text_of
from marginspec_conformance.generator.events import deposit, listing, mark, trade

MARGIN = "margin/margin.py"
TIER = Tier(Money(0), 10, Rate(5_000_000), Money(0))


def test_a_fault_is_there_while_it_is_grown() -> None:
    fault = fault_named("maintenance rounds down")
    assert fault.clauses == ("MRG-04",)
    assert maintenance_margin(Money(101), TIER) == 6
    with fault.grown():
        assert maintenance_margin(Money(101), TIER) == 5
    assert maintenance_margin(Money(101), TIER) == 6


def test_every_fault_made_by_hand_changes_one_function() -> None:
    assert {len(fault.swaps) for fault in faults_by_hand()} == {1}


def test_mutants_are_found_by_function_and_by_name() -> None:
    found = {one.name for one in mutants(frozenset({"margin.margin.maintenance_margin"}))}
    assert found
    for name in found:
        assert fault_named(name).clauses == ("MRG-04",)


def test_a_fault_that_never_ends_is_a_difference_at_its_event() -> None:
    text = text_of(MARGIN)
    right = "    return not margin.positions or margin.equity > margin.maintenance\n"
    assert right in text
    endless = planted("endless", "it never ends", MARGIN, text.replace(right, "    while True:\n        pass\n"))
    engine = Engine(Faulty(endless), Limits(answer_s=0.1))
    events = (listing(), mark("100"), deposit("alice", "100"), deposit("bob", "100"), trade("alice", "bob", "1", "100"))
    checked = check(engine, Case(Header(), events), Plan(4))
    assert (checked.place, [one.kind for one in checked.differences]) == (4, ["no answer"])
    assert is_healthy(DomainMargin(Money(1), Money(1), Money(0), ()))


@pytest.mark.parametrize("name", ["no such fault", "margin.margin.maintenance_margin:branch-99"])
def test_an_unknown_fault_is_none(name: str) -> None:
    with pytest.raises(KeyError):
        fault_named(name)
