"""Bugs that were found, each as the shortest journal that showed it."""

import pytest

from marginspec.model.effects import DomainLiquidated, Levied
from marginspec.model.events import Event
from marginspec.model.ledger import wallet
from marginspec.model.units import Money
from worlds.events import deposit, fund, leverage, listing, mark, trade
from worlds.states import cross, key, run, settled


@pytest.mark.rule("INV-08", "LVY-01")
def test_a_step_down_after_a_levy_does_not_make_the_levy_look_early() -> None:
    """G is levied, then stepped down in B, which frees maintenance; only then could G:A be deleveraged further."""
    events: tuple[Event, ...] = (
        *(listing("A", (("0", 10, "0.05"),)), listing("B", (("0", 10, "0.05"), ("100", 5, "0.19")))),
        *(mark("100", "A"), mark("100", "B"), fund("90")),
        *(deposit("L", "110"), deposit("G", "118"), deposit("M", "570")),
        *(leverage("G", 5, "B"), leverage("M", 5, "B")),
        trade("L", "G", "10", "100", "A"),
        mark("80", "A"),
        trade("G", "M", "9", "70", "A"),
        trade("G", "M", "20", "100", "B"),
        *(mark("98", "B"), mark("70", "A")),
    )
    effects = [effect for receipt, _ in run(events) for effect in receipt.effects]
    shown = [effect for effect in effects if isinstance(effect, Levied | DomainLiquidated)]
    assert shown[1:] == [
        Levied(cross("G"), Money(39)),
        Levied(cross("M"), Money(61)),
        DomainLiquidated(cross("G"), Money(339), Money(363)),
    ]


@pytest.mark.rule("ACC-04", "TRD-02")
def test_a_cross_flip_may_pass_through_negative_cash() -> None:
    """Only an isolated flip is refused for the cash of its close; in cross the equity of the whole domain decides."""
    rows = (("0", 10, "0.05"),)
    state = settled(
        *(listing("A", rows), listing("B", rows), mark("100", "A"), mark("100", "B")),
        *(deposit("alice", "1000"), deposit("bob", "9000")),
        *(trade("alice", "bob", "20", "100", "A"), trade("alice", "bob", "20", "100", "B")),
        *(mark("200", "A"), mark("40", "B")),
        trade("bob", "alice", "25", "40", "B"),
    )
    assert (state.balance(wallet("alice", "USD")), state.positions[key("alice", "B")]) == (-200, -5)
