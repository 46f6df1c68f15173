"""Bugs that were found, each as the shortest journal that showed it."""

import pytest

from marginspec.model.effects import DomainLiquidated, Levied, ReliefReturned
from marginspec.model.events import Event
from marginspec.model.ledger import wallet
from marginspec.model.units import Money
from marginspec_conformance.generator.events import deposit, leverage, listing, mark, trade
from worlds.states import cross, key, run, settled


@pytest.mark.rule("INV-08", "LVY-01", "LVY-02")
def test_a_liquidation_after_a_levy_does_not_make_the_levy_look_early() -> None:
    """The last layer makes late unhealthy; what late's lot brings lowers the shortfall, and as much goes back."""
    events: tuple[Event, ...] = (
        *(listing(rows=(("0", 5, "0.19"),)), mark("100"), deposit("short", "20"), deposit("early", "20")),
        *(deposit("flat", "50"), deposit("late", "40"), leverage("short", 5), leverage("early", 5)),
        leverage("late", 5),
        *(trade("early", "short", "1", "100"), mark("118"), trade("late", "early", "1", "121"), mark("1000")),
    )
    effects = [effect for receipt, _ in run(events) for effect in receipt.effects]
    shown = [effect for effect in effects if isinstance(effect, Levied | DomainLiquidated | ReliefReturned)]
    assert shown[1:] == [
        Levied(cross("late"), "profit", Money(728)),
        Levied(cross("early"), "spare", Money(41)),
        Levied(cross("flat"), "spare", Money(50)),
        Levied(cross("late"), "equity", Money(61)),
        DomainLiquidated(cross("late"), Money(130), Money(190)),
        # Of 130: 41/880, 50/880 and 789/880.
        ReliefReturned(cross("early"), Money(7)),
        ReliefReturned(cross("flat"), Money(7)),
        ReliefReturned(cross("late"), Money(116)),
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
