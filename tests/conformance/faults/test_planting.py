"""Faults are planted in the rules' own functions, for a while only."""

import pytest

from marginspec.margin.margin import maintenance_margin
from marginspec.model.market import Tier
from marginspec.model.units import Money, Rate
from marginspec_conformance.faults.catalogue import fault_named, faults_by_hand, mutants

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


@pytest.mark.parametrize("name", ["no such fault", "margin.margin.maintenance_margin:branch-99"])
def test_an_unknown_fault_is_none(name: str) -> None:
    with pytest.raises(KeyError):
        fault_named(name)
