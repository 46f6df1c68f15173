"""Events that move cash."""

import pytest

from marginspec.model import ledger
from marginspec.model.effects import InsuranceStatus, PositionModeSet, Transferred
from marginspec.model.events import WithdrawHouse
from marginspec.model.rejections import Reason
from marginspec.model.state import State
from marginspec.model.units import Money
from marginspec_conformance.generator.events import (
    adjust,
    decimal,
    deposit,
    fund,
    leverage,
    listing,
    margin_mode,
    mark,
    new_fees,
    order,
    position_mode,
    trade,
    withdraw,
)
from worlds.states import MINIMAL, balances, effects, moved, refusal, settled, with_balances

EMPTY = State(header=MINIMAL)
OPEN = settled(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"))
ISOLATED = settled(margin_mode("alice"), trade("alice", "bob", "10", "100"), state=OPEN)


def from_house(amount: str) -> WithdrawHouse:
    return WithdrawHouse("USD", decimal(amount))


@pytest.mark.rule("ACC-01", "LED-01")
def test_the_first_deposit_opens_the_account() -> None:
    assert effects(EMPTY, deposit("alice", "7")) == (
        PositionModeSet("alice", "one_way"),
        moved("external:USD", "wallet:alice:USD", 7, "ACC-01"),
    )
    opened = settled(deposit("alice", "7"))
    assert dict(opened.accounts) == {"alice": "one_way"}
    assert effects(opened, deposit("alice", "1")) == (moved("external:USD", "wallet:alice:USD", 1, "ACC-01"),)
    assert effects(opened, deposit("alice", "1", "EUR"))[0] == Transferred(
        "EUR", ledger.external("EUR"), ledger.wallet("alice", "EUR"), Money(1), "ACC-01"
    )


@pytest.mark.rule("ACC-01")
def test_a_refused_deposit_opens_no_account() -> None:
    assert refusal(EMPTY, deposit("alice", "0")) == Reason.INVALID_AMOUNT
    assert refusal(EMPTY, withdraw("alice", "1")) == Reason.UNKNOWN_ACCOUNT


@pytest.mark.rule("NUM-03")
def test_net_deposits_are_bounded() -> None:
    full = settled(deposit("alice", str(2**60)))
    assert refusal(EMPTY, deposit("alice", str(2**60 + 1))) == Reason.OUT_OF_RANGE
    assert refusal(EMPTY, fund(str(2**60 + 1))) == Reason.OUT_OF_RANGE
    assert refusal(full, deposit("bob", "1")) == Reason.OUT_OF_RANGE
    assert refusal(full, fund("1")) == Reason.OUT_OF_RANGE
    assert refusal(full, deposit("bob", "1", "EUR")) is None
    assert refusal(settled(withdraw("alice", "1"), state=full), fund("1")) is None


@pytest.mark.rule("MRG-06")
def test_a_withdrawal_takes_at_most_what_is_withdrawable() -> None:
    held = settled(trade("alice", "bob", "5", "100"), order("alice", "buy", "5", "101"), state=OPEN)
    # 1000 less 50 initial margin, 50 for five more and 5 open loss.
    assert refusal(held, withdraw("alice", "896")) == Reason.INSUFFICIENT_BALANCE
    assert effects(held, withdraw("alice", "895")) == (moved("wallet:alice:USD", "external:USD", 895, "MRG-06"),)
    assert refusal(OPEN, withdraw("alice", "1001")) == Reason.INSUFFICIENT_BALANCE
    assert refusal(OPEN, withdraw("alice", "1", "EUR")) == Reason.INSUFFICIENT_BALANCE
    assert balances(settled(withdraw("alice", "1000"), state=OPEN)) == {"external:USD": -1000, "wallet:bob:USD": 1000}


@pytest.mark.rule("LED-03", "TRN-01")
def test_the_insurance_fund_is_funded_from_outside() -> None:
    assert effects(EMPTY, fund("5")) == (
        moved("external:USD", "insurance:USD", 5, "LED-03"),
        InsuranceStatus("USD", Money(5), Money(0)),
    )


@pytest.mark.rule("LED-03")
def test_the_house_is_withdrawn_up_to_what_is_there() -> None:
    paid = settled(new_fees(taker="0.01"), trade("alice", "bob", "5", "100"), state=OPEN)
    assert balances(paid)["house:USD"] == 5
    assert refusal(paid, from_house("6")) == Reason.INSUFFICIENT_FUNDS
    assert effects(paid, from_house("5")) == (moved("house:USD", "external:USD", 5, "LED-03"),)
    assert refusal(EMPTY, from_house("1")) == Reason.INSUFFICIENT_FUNDS


@pytest.mark.rule("ACC-04", "MRG-06")
def test_isolated_margin_moves_both_ways_within_what_is_movable() -> None:
    assert balances(ISOLATED)["isolated:alice:A:BOTH"] == 100
    assert refusal(ISOLATED, adjust("alice", "901")) == Reason.INSUFFICIENT_BALANCE
    assert effects(ISOLATED, adjust("alice", "900")) == (
        moved("wallet:alice:USD", "isolated:alice:A:BOTH", 900, "ACC-04"),
    )
    assert refusal(ISOLATED, adjust("alice", "-1")) == Reason.INSUFFICIENT_BALANCE
    more = settled(adjust("alice", "30"), state=ISOLATED)
    assert refusal(more, adjust("alice", "-31")) == Reason.INSUFFICIENT_BALANCE
    assert effects(more, adjust("alice", "-30")) == (moved("isolated:alice:A:BOTH", "wallet:alice:USD", 30, "ACC-04"),)
    # A loss of 20 at 98 is not movable; initial margin falls by 2.
    lower = settled(mark("98"), state=more)
    assert refusal(lower, adjust("alice", "-13")) == Reason.INSUFFICIENT_BALANCE
    assert refusal(lower, adjust("alice", "-12")) is None


@pytest.mark.rule("ACC-04")
def test_margin_is_adjusted_only_for_an_isolated_position() -> None:
    assert refusal(ISOLATED, adjust("bob", "1")) == Reason.NOT_ISOLATED
    assert refusal(ISOLATED, adjust("alice", "1", side="LONG")) == Reason.NO_POSITION
    assert refusal(settled(margin_mode("alice"), state=OPEN), adjust("alice", "1")) == Reason.NO_POSITION
    assert refusal(ISOLATED, adjust("alice", "0")) == Reason.INVALID_AMOUNT


@pytest.mark.rule("ACC-04", "ACC-03")
def test_hedged_isolated_sides_have_their_own_cash() -> None:
    hedged = settled(
        *(position_mode("alice"), margin_mode("alice"), leverage("alice", 4)),
        *(trade("alice", "bob", "4", "100"), trade("bob", "alice", "2", "100")),
        adjust("alice", "7", side="SHORT"),
        state=OPEN,
    )
    own = {name: amount for name, amount in balances(hedged).items() if name.startswith("isolated")}
    assert own == {"isolated:alice:A:LONG": 100, "isolated:alice:A:SHORT": 57}


@pytest.mark.rule("NUM-03")
def test_a_balance_past_its_limit_is_out_of_range() -> None:
    rich = with_balances(OPEN, wallet__alice__USD=2**62)
    assert refusal(rich, deposit("alice", "1")) == Reason.OUT_OF_RANGE
    almost = with_balances(OPEN, wallet__alice__USD=2**62 - 1)
    assert refusal(almost, withdraw("alice", "1")) is None
