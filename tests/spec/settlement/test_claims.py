"""Claims on relief: how they fall when it is drawn, and what a negative equity takes of its own."""

import pytest

from marginspec.model import ledger
from marginspec.model.effects import DomainLiquidated, ReliefReturned
from marginspec.model.units import Money
from marginspec.settlement.claims import lower_claims, use_claim
from marginspec.transaction import Transaction
from marginspec_conformance.generator.events import deposit, fill, leverage, listing, mark, trade
from worlds.states import UNPAYABLE, balances, claims, cross, effects, moved, settled

LEVIED = settled(*UNPAYABLE)


@pytest.mark.rule("WTF-01", "LVY-02", "NUM-02")
@pytest.mark.parametrize(
    ("amount", "left"),
    [
        *[(0, {"bob": 82, "carol": 6}), (1, {"bob": 81, "carol": 6}), (44, {"bob": 41, "carol": 3})],
        *[(87, {"bob": 0, "carol": 1}), (88, {"bob": 0, "carol": 0})],
    ],
)
def test_what_leaves_relief_lowers_claims_pro_rata(amount: int, left: dict[str, int]) -> None:
    transaction = Transaction(LEVIED)
    lowered = lower_claims(transaction, "USD", Money(amount))
    assert claims(transaction) == {cross(account): claim for account, claim in left.items() if claim > 0}
    fallen = (("bob", 82 - left["bob"]), ("carol", 6 - left["carol"]))
    assert lowered == tuple((cross(account), Money(fall)) for account, fall in fallen if fall > 0)
    assert transaction.effects == []


@pytest.mark.rule("WTF-01", "INV-14")
def test_a_fill_that_draws_relief_leaves_claims_that_sum_to_it() -> None:
    found = effects(LEVIED, fill("carol", "1", "850"))
    # The lot cost 888 and is sold at 850.
    assert moved("relief:USD", "lot:1", 38, "WTF-01") in found
    # Nothing is open any more, so 50 go back: after 36 of the loss bob has a claim of 46, carol after 2 one of 4.
    assert [effect for effect in found if isinstance(effect, ReliefReturned)] == [
        ReliefReturned(cross("bob"), Money(46)),
        ReliefReturned(cross("carol"), Money(4)),
    ]


@pytest.mark.rule("LIQ-03")
@pytest.mark.parametrize(
    ("debt", "relief", "used"), [(50, 88, 50), (82, 88, 82), (90, 88, 82), (90, 60, 60), (0, 88, 0)]
)
def test_a_debt_takes_the_own_claim_as_far_as_relief_goes(debt: int, relief: int, used: int) -> None:
    transaction = Transaction(LEVIED)
    fund = ledger.relief("USD")
    transaction.balances[fund] = Money(relief)
    use_claim(transaction, cross("bob"), Money(debt))
    assert transaction.effects == ([moved("relief:USD", "insurance:USD", used, "LIQ-03")] if used else [])
    assert claims(transaction).get(cross("bob"), 0) == 82 - used
    assert transaction.balance(fund) == relief - used


@pytest.mark.rule("LIQ-03", "INV-14")
def test_a_bankrupt_who_was_levied_pays_with_his_claim() -> None:
    # Bob has 1,080 less 82. In B he buys 30 at 100; at 60 he lacks 202, with his claim of 82 still 120.
    state = settled(
        *(listing("B"), mark("100", "B"), deposit("erin", "9000"), leverage("bob", 5, "B"), leverage("erin", 5, "B")),
        trade("bob", "erin", "30", "100", "B"),
        state=LEVIED,
    )
    found = effects(state, mark("60", "B"))
    assert DomainLiquidated(cross("bob"), Money(-202), Money(170)) in found
    assert moved("relief:USD", "insurance:USD", 82, "LIQ-03") in found
    after = settled(mark("60", "B"), state=state)
    assert cross("bob") not in claims(after)
    assert balances(after)["insurance:USD"] == 82
