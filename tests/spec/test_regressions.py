"""Bugs that were found, each as the shortest journal that showed it."""

import pytest
from immutables import Map

from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.effects import DomainLiquidated, Effect, Levied
from marginspec.model.events import Deposit, Event, FundInsurance, ListMarket, MarkPrice, SetLeverage, Trade
from marginspec.model.ledger import wallet
from marginspec.model.market import TierTerms
from marginspec.model.state import Header, State
from marginspec.model.units import Decimal8, Money
from marginspec.transition import apply
from marginspec_audit import Transition, check_transition

ONE = 10**8


def whole(number: int) -> Decimal8:
    return Decimal8(number * ONE)


def market(name: str, *rows: tuple[int, int, int]) -> ListMarket:
    """A market in whole units without fees; rows are floor, maximum leverage and rate in percent."""
    tiers = tuple(TierTerms(whole(floor), leverage, Decimal8(rate * 10**6)) for floor, leverage, rate in rows)
    nothing = whole(0)
    return ListMarket(name, "USDT", 0, 0, whole(1), nothing, nothing, nothing, nothing, tiers)


def trade(name: str, price: int, quantity: int, buyer: str, seller: str) -> Trade:
    return Trade(name, whole(price), whole(quantity), buyer, seller, "buyer")


@pytest.mark.rule("INV-08", "LVY-01")
def test_a_step_down_after_a_levy_does_not_make_the_levy_look_early() -> None:
    """G is levied, then stepped down in B, which frees maintenance; only then could G:A be deleveraged further."""
    events: tuple[Event, ...] = (
        market("A", (0, 10, 5)),
        market("B", (0, 10, 5), (100, 5, 19)),
        MarkPrice("A", whole(100)),
        MarkPrice("B", whole(100)),
        FundInsurance("USDT", whole(90)),
        Deposit("L", "USDT", whole(110)),
        Deposit("G", "USDT", whole(208)),
        Deposit("M", "USDT", whole(480)),
        SetLeverage("G", "B", 5),
        SetLeverage("M", "B", 5),
        trade("A", 100, 10, "L", "G"),
        MarkPrice("A", whole(80)),
        trade("A", 80, 9, "G", "M"),
        trade("B", 100, 20, "G", "M"),
        MarkPrice("B", whole(98)),
        MarkPrice("A", whole(70)),
    )
    state = State(header=Header(asset_decimals=Map({"USDT": 0})))
    effects: list[Effect] = []
    for event in events:
        before = state
        state, receipt = apply(before, event)
        assert check_transition(Transition(before, event, receipt, state)) == ()
        effects.extend(receipt.effects)
    shown = [effect for effect in effects if isinstance(effect, Levied | DomainLiquidated)]
    assert shown[1:] == [
        Levied(DomainKey("G", "USDT"), Money(39)),
        Levied(DomainKey("M", "USDT"), Money(61)),
        DomainLiquidated(DomainKey("G", "USDT"), Money(339), Money(363)),
    ]


@pytest.mark.rule("ACC-04", "TRD-02")
def test_a_cross_flip_may_pass_through_negative_cash() -> None:
    """Only an isolated flip is refused for the cash of its close; in cross the equity of the whole domain decides."""
    events: tuple[Event, ...] = (
        market("A", (0, 10, 5)),
        market("B", (0, 10, 5)),
        MarkPrice("A", whole(100)),
        MarkPrice("B", whole(100)),
        Deposit("alice", "USDT", whole(1000)),
        Deposit("bob", "USDT", whole(9000)),
        trade("A", 100, 20, "alice", "bob"),
        trade("B", 100, 20, "alice", "bob"),
        MarkPrice("A", whole(200)),
        MarkPrice("B", whole(40)),
        trade("B", 40, 25, "bob", "alice"),
    )
    state = State(header=Header(asset_decimals=Map({"USDT": 0})))
    for event in events:
        before = state
        state, receipt = apply(before, event)
        assert receipt.rejected is None
        assert check_transition(Transition(before, event, receipt, state)) == ()
    assert (state.balance(wallet("alice", "USDT")), state.positions[PositionKey("alice", "B", "BOTH")]) == (-200, -5)
