"""Settlement: rounds of liquidation, cover and levy."""

import pytest

from marginspec.model.ledger import account_named
from marginspec.model.units import Money
from marginspec.settlement.settle import restore_cover, settle
from marginspec.transaction import Transaction
from marginspec_conformance.generator.events import deposit, fund, listing, mark, trade, withdraw
from worlds.states import cross, key, long_five_with_sixty, settled

DAVE = long_five_with_sixty()

FUNDED = settled(fund("100"), mark("80"), state=DAVE)


@pytest.mark.rule("SET-01", "LVY-01")
def test_a_levied_domain_may_be_liquidated_in_the_second_round() -> None:
    # Erin has 53 against a maintenance of 52; her part of the levy takes her below.
    tight = settled(
        *(listing(), mark("100"), deposit("alice", "112"), deposit("bob", "1000"), deposit("carol", "5000")),
        *(deposit("erin", "120"), deposit("fay", "500"), trade("erin", "fay", "10", "100")),
        *(
            trade("alice", "carol", "10", "100"),
            mark("94"),
            trade("carol", "bob", "10", "85"),
            withdraw("carol", "4000"),
        ),
    )
    assert key("erin") in tight.positions
    after = settled(mark("80"), state=tight)
    assert key("erin") not in after.positions
    assert dict(after.uncovered) == {}


@pytest.mark.rule("SET-01")
def test_settlement_looks_only_at_suspects_and_exposed_assets() -> None:
    transaction = Transaction(DAVE)
    settle(transaction)
    assert (transaction.effects, transaction.settling) == ([], True)
    broken = Transaction(DAVE)
    broken.balances[account_named("wallet:dave:USD")] = Money(10)
    settle(broken)
    assert broken.effects == []
    broken.suspects.add(cross("dave"))
    settle(broken)
    assert key("dave") not in broken.positions


@pytest.mark.rule("SET-01", "WTF-02")
def test_cover_is_restored_only_where_it_is_missing() -> None:
    transaction = Transaction(FUNDED)
    restore_cover(transaction, "USD", {})
    assert transaction.effects == []
