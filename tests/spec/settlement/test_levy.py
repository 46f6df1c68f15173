"""The levy on all positive equities of an asset."""

import pytest

from marginspec.model.effects import FundStatus, InsuranceStatus, Levied, ReserveStatus, UncoveredChanged
from marginspec.model.rejections import Reason
from marginspec.model.units import Money
from marginspec.settlement.levy import domains_of_asset, levy, levy_shares
from marginspec.transaction import Transaction
from worlds.events import deposit, fill, fund, listing, margin_mode, mark, new_fees, trade
from worlds.states import (
    MINIMAL_NONE,
    balances,
    cross,
    effects,
    isolated_domain,
    long_five_with_sixty,
    moved,
    refusal,
    settled,
)

DAVE = long_five_with_sixty()


@pytest.mark.rule("LVY-01", "NUM-02")
@pytest.mark.parametrize(
    ("missing", "equities", "shares"),
    [
        *[(0, (), ()), (5, (), ()), (0, (3, 4), (0, 0)), (7, (3, 4), (3, 4)), (9, (3, 4), (3, 4))],
        *[(1, (3, 4), (1, 0)), (3, (1, 1, 4), (1, 0, 2))],
    ],
)
def test_shares_of_a_levy(missing: int, equities: tuple[int, ...], shares: tuple[int, ...]) -> None:
    assert levy_shares(Money(missing), tuple(Money(equity) for equity in equities)) == shares


@pytest.mark.rule("LVY-01", "ACC-03")
def test_all_domains_of_an_asset_in_key_order() -> None:
    state = settled(
        *(listing("E", asset="EUR"), mark("10", "E"), deposit("alice", "50", "EUR"), margin_mode("alice", market="E")),
        *(deposit("bob", "50", "EUR"), trade("alice", "bob", "10", "10", "E")),
        *(margin_mode("alice"), trade("alice", "bob", "1", "100")),
        state=DAVE,
    )
    assert domains_of_asset(state, "USD") == (
        *(cross("alice"), isolated_domain("alice"), cross("bob"), cross("carol"), cross("dave")),
    )
    assert domains_of_asset(state, "EUR") == (
        *(cross("alice", "EUR"), isolated_domain("alice", "E", asset="EUR"), cross("bob", "EUR")),
        *(cross("carol", "EUR"), cross("dave", "EUR")),
    )


# Carol took 10 lots over to bob at 88, so nobody who sold above dave's bankruptcy price is left.
UNPAYABLE = (
    *(listing(), mark("100"), deposit("alice", "112"), deposit("bob", "1000"), deposit("carol", "5000")),
    *(trade("alice", "carol", "10", "100"), mark("90"), trade("carol", "bob", "10", "80"), mark("80")),
)


@pytest.mark.rule("LVY-01", "JRN-01", "TRN-01")
def test_the_levy_takes_from_all_positive_equities() -> None:
    before = settled(*UNPAYABLE[:-1])
    # Alice: bankrupt at 88.8. At 80 her lot loses 88; bob sold at 80, so gains nothing.
    found = effects(before, mark("80"))
    bob, carol = 1000, 5000 + 200
    paid = (88 * bob // (bob + carol) + 1, 88 * carol // (bob + carol))
    assert sum(paid) == 88
    assert found[-6:] == (
        moved("wallet:bob:USD", "insurance:USD", paid[0], "LVY-01"),
        Levied(cross("bob"), Money(paid[0])),
        moved("wallet:carol:USD", "insurance:USD", paid[1], "LVY-01"),
        Levied(cross("carol"), Money(paid[1])),
        ReserveStatus("A", FundStatus(levied=Money(88))),
        InsuranceStatus("USD", Money(88)),
    )
    assert dict(settled(mark("80"), state=before).uncovered) == {}


@pytest.mark.rule("LVY-01")
def test_the_house_pays_first() -> None:
    rich = settled(
        *(listing(taker="0.1"), mark("100"), deposit("alice", "212"), deposit("bob", "1000"), deposit("carol", "5000")),
        *(trade("alice", "carol", "10", "100"), new_fees(), mark("90"), trade("carol", "bob", "10", "78")),
    )
    assert balances(rich)["house:USD"] == 100
    found = effects(rich, mark("80"))
    assert moved("house:USD", "insurance:USD", 88, "LVY-01") in found
    assert not [effect for effect in found if isinstance(effect, Levied)]
    after = settled(mark("80"), state=rich)
    assert (balances(after)["house:USD"], after.fund_status["A"]) == (12, FundStatus(levied=Money(88)))
    lower = effects(rich, mark("78"))
    assert moved("house:USD", "insurance:USD", 100, "LVY-01") in lower
    assert sum(effect.amount for effect in lower if isinstance(effect, Levied)) == 8


@pytest.mark.rule("LVY-01", "INV-13")
def test_without_a_last_resort_the_rest_is_reported_and_tried_again() -> None:
    study = settled(*UNPAYABLE, header=MINIMAL_NONE)
    assert dict(study.uncovered) == {"USD": 88}
    assert effects(study, fund("30"))[-2:] == (UncoveredChanged("USD", Money(58)), InsuranceStatus("USD", Money(30)))
    assert effects(study, mark("87"))[-1:] == (UncoveredChanged("USD", Money(18)),)
    assert effects(study, mark("90"))[-1:] == (UncoveredChanged("USD", Money(0)),)
    assert dict(settled(mark("90"), state=study).uncovered) == {}
    # It is not cover: a fill may not add to it.
    assert refusal(study, fill("carol", "1", "79")) == Reason.COVER_EXCEEDED


@pytest.mark.rule("LVY-01", "TRN-01")
def test_a_levy_outside_a_market_is_counted_for_none() -> None:
    transaction = Transaction(DAVE)
    levy(transaction, "USD", Money(3))
    assert dict(transaction.fund_status) == {}
    assert sum(effect.amount for effect in transaction.effects if isinstance(effect, Levied)) == 3
    transaction.event_market = "A"
    levy(transaction, "USD", Money(2))
    assert dict(transaction.fund_status) == {"A": FundStatus(levied=Money(2))}
