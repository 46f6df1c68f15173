"""Faults are planted in the rules' own functions, for a while only."""

import pytest

from marginspec.margin.margin import DomainMargin, is_healthy, maintenance_margin
from marginspec.model.market import Tier
from marginspec.model.state import Header, State
from marginspec.model.units import Money, Rate
from marginspec.transition import apply
from marginspec_conformance.connectors.session import Limits
from marginspec_conformance.driving.asking import Engine
from marginspec_conformance.driving.checking import Case, Plan, check
from marginspec_conformance.faults.catalogue import fault_named, faults_by_hand, mutants
from marginspec_conformance.faults.engine import Faulty
from marginspec_conformance.faults.planting import planted, text_of
from marginspec_conformance.faults.uncompiled import UncompiledEngine
from marginspec_conformance.generator.events import deposit, funding, listing, mark, trade
from worlds.states import MINIMAL

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


def test_an_engine_is_made_anew_with_its_fault_and_the_one_that_is_here_stays_right() -> None:
    fault = fault_named("engine.rules.funding.drop_front:bounded-1")
    accounts = tuple(f"p{number}" for number in range(5))
    opened = (event for name in accounts for event in (deposit(name, "100"), trade(name, "dave", "1", "100")))
    events = (listing(), mark("100"), deposit("dave", "1000"), *opened, funding("0.01"))
    checked = check(Engine(Faulty(fault), Limits(answer_s=5)), Case(MINIMAL, events), Plan(4))
    assert (checked.place, [one.kind for one in checked.differences]) == (13, ["ledger"] * 4)
    state, engine = State(header=MINIMAL), UncompiledEngine(State(header=MINIMAL))
    for event in events:
        state, receipt = apply(state, event)
        assert engine.apply(event) == receipt
    assert engine.state() == state


def test_what_a_module_makes_when_it_is_imported_is_made_with_the_fault() -> None:
    fault = fault_named("engine.rules.registry.dispatch:skipped-2")
    with pytest.raises(NameError, match="name 'trade' is not defined"):
        fault.applied()(State(header=MINIMAL), trade("alice", "bob", "1", "100"))


@pytest.mark.parametrize(
    "name", ["no such fault", "margin.margin.maintenance_margin:branch-99", "engine.rules.levy.levy:bounded-99"]
)
def test_an_unknown_fault_is_none(name: str) -> None:
    with pytest.raises(KeyError):
        fault_named(name)
