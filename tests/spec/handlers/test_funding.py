"""Funding: who pays, who receives, and what the rounding leaves."""

import pytest

from marginspec.handlers.funding import funding_due
from marginspec.model.effects import InsuranceStatus
from marginspec.model.rejections import Reason
from marginspec.model.units import Money, Rate
from marginspec_conformance.generator.events import adjust, deposit, funding, listing, margin_mode, mark, trade
from worlds.states import balances, effects, key, moved, refusal, settled

OPEN = settled(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "5000"))


@pytest.mark.rule("FND-01")
@pytest.mark.parametrize(
    ("value", "rate", "due"),
    [
        *[(100, 10**6, 1), (101, 10**6, 2), (-101, 10**6, -1), (101, -(10**6), -1), (-101, -(10**6), 2)],
        *[(100, 0, 0), (7, 10**8, 7), (-99, 10**6, 0), (99, 10**6, 1)],
    ],
)
def test_payers_round_up_and_receivers_down(value: int, rate: int, due: int) -> None:
    assert funding_due(Money(value), Rate(rate)) == due


@pytest.mark.rule("FND-01", "TRN-01")
def test_funding_goes_through_clearing_and_the_rest_to_insurance() -> None:
    held = settled(trade("carol", "alice", "3", "100"), trade("carol", "bob", "4", "100"), mark("99"), state=OPEN)
    # At 1%: 693 pays 6.93 up, 297 gets 2.97 and 396 gets 3.96 down.
    assert effects(held, funding("0.01")) == (
        moved("wallet:carol:USD", "clearing:USD", 7, "FND-01"),
        moved("clearing:USD", "wallet:alice:USD", 2, "FND-01"),
        moved("clearing:USD", "wallet:bob:USD", 3, "FND-01"),
        moved("clearing:USD", "insurance:USD", 2, "FND-01"),
        InsuranceStatus("USD", Money(2), Money(0)),
    )
    assert effects(held, funding("-0.01")) == (
        moved("wallet:alice:USD", "clearing:USD", 3, "FND-01"),
        moved("wallet:bob:USD", "clearing:USD", 4, "FND-01"),
        moved("clearing:USD", "wallet:carol:USD", 6, "FND-01"),
        moved("clearing:USD", "insurance:USD", 1, "FND-01"),
        InsuranceStatus("USD", Money(1), Money(0)),
    )
    single = settled(trade("carol", "alice", "1", "100"), state=OPEN)
    assert effects(single, funding("0.01")) == (
        moved("wallet:carol:USD", "clearing:USD", 1, "FND-01"),
        moved("clearing:USD", "wallet:alice:USD", 1, "FND-01"),
    )
    assert effects(held, funding("0")) == ()
    assert refusal(held, funding("1.00000001")) == Reason.INVALID_RATE
    assert effects(OPEN, funding("0.01")) == ()


@pytest.mark.rule("FND-01", "LIQ-04")
def test_a_lot_pays_and_receives_through_its_cost() -> None:
    held = settled(deposit("dave", "60"), trade("dave", "carol", "5", "100"), mark("90"), state=OPEN)
    assert balances(held)["lot:1"] == -440
    paid = settled(funding("0.01"), state=held)
    # 450 pays 4.5 up; carol gets 4 and the fund 1.
    assert (balances(paid)["lot:1"], balances(paid)["insurance:USD"]) == (-445, 1)
    received = settled(funding("-0.01"), state=held)
    assert (balances(received)["lot:1"], balances(received)["wallet:carol:USD"]) == (-436, 4995)


@pytest.mark.rule("FND-01", "LIQ-01")
def test_isolated_cash_pays_and_ruinous_funding_liquidates() -> None:
    lonely = settled(margin_mode("alice"), trade("alice", "carol", "5", "100"), adjust("alice", "10"), state=OPEN)
    paid = settled(funding("0.01"), state=lonely)
    assert balances(paid)["isolated:alice:A:BOTH"] == 55
    gone = settled(funding("0.07"), state=lonely)
    assert key("alice") not in gone.positions
    assert balances(gone)["wallet:alice:USD"] == 940
