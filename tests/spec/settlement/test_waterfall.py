"""What pays for losses before deleveraging: the reserve, then the insurance fund."""

import pytest

from marginspec.model.effects import Deleveraged, FundStatus
from marginspec.model.ledger import account_named
from marginspec.model.rejections import Rejected
from marginspec.model.units import Money
from marginspec.settlement.waterfall import (
    draw_amounts,
    draw_loss,
    lots_unrealised,
    needed_relief,
    shortfall_of,
    shortfalls,
    uncovered_shortfall,
)
from marginspec.transaction import Transaction
from marginspec_conformance.generator.events import deposit, fill, fund, listing, mark, trade
from worlds.states import UNPAYABLE, balances, claims, cross, effects, long_five_with_sixty, minimal, moved, settled

DAVE = long_five_with_sixty()

FUNDED = settled(fund("100"), mark("80"), state=DAVE)


@pytest.mark.rule("WTF-01")
@pytest.mark.parametrize(
    ("loss", "funds", "drawn"),
    [
        *[(0, (5, 5, 5), (0, 0, 0)), (5, (5, 5, 5), (5, 0, 0)), (6, (5, 5, 5), (5, 1, 0))],
        *[(10, (5, 5, 5), (5, 5, 0)), (11, (5, 5, 5), (5, 5, 1)), (16, (5, 5, 5), (5, 5, 5))],
        *[(3, (0, 5, 5), (0, 3, 0)), (3, (0, 0, 5), (0, 0, 3)), (3, (5, 0, 0), (3, 0, 0)), (3, (0, 0, 0), (0, 0, 0))],
    ],
)
def test_reserve_first_then_insurance_then_relief(
    loss: int, funds: tuple[int, int, int], drawn: tuple[Money, Money, Money]
) -> None:
    reserve, insurance, relief = funds
    assert draw_amounts(Money(loss), Money(reserve), Money(insurance), Money(relief)) == drawn


@pytest.mark.rule("WTF-01")
def test_a_loss_past_the_cover_is_refused() -> None:
    transaction = Transaction(FUNDED)
    with pytest.raises(Rejected, match="COVER_EXCEEDED"):
        draw_loss(transaction, FUNDED.markets["A"], 1, Money(101))
    draw_loss(transaction, FUNDED.markets["A"], 1, Money(100))
    assert transaction.effects == [moved("insurance:USD", "lot:1", 100, "WTF-01")]
    assert transaction.fund_status["A"] == FundStatus(insurance_drawn=Money(100))


@pytest.mark.rule("WTF-01", "LVY-02")
def test_a_loss_draws_relief_last_and_lowers_the_claims() -> None:
    # Claims are 82 and 6; 3 go back as soon as the fund has 3. Of 40 of the rest bob bears 38, carol 2.
    levied = Transaction(settled(*UNPAYABLE, fund("3")))
    assert balances(levied.before)["relief:USD"] == 85
    draw_loss(levied, levied.markets["A"], 1, Money(43))
    assert levied.effects == [moved("insurance:USD", "lot:1", 3, "WTF-01"), moved("relief:USD", "lot:1", 40, "WTF-01")]
    assert claims(levied) == {cross("bob"): 41, cross("carol"): 4}
    assert levied.fund_status["A"] == FundStatus(levied=Money(88), insurance_drawn=Money(3))
    with pytest.raises(Rejected, match="COVER_EXCEEDED"):
        draw_loss(levied, levied.markets["A"], 1, Money(46))


@pytest.mark.rule("WTF-02")
@pytest.mark.parametrize(
    ("pnl", "reserve", "shortfall"), [(-10, 4, 6), (-10, 10, 0), (-10, 11, 0), (0, 0, 0), (9, 0, 0)]
)
def test_a_shortfall_is_what_lots_lose_beyond_the_reserve(pnl: int, reserve: int, shortfall: int) -> None:
    assert shortfall_of(Money(pnl), Money(reserve)) == shortfall


@pytest.mark.rule("WTF-02")
def test_shortfalls_of_an_asset() -> None:
    market = FUNDED.markets["A"]
    assert lots_unrealised(FUNDED, market) == -40
    assert lots_unrealised(FUNDED, minimal("B")) == 0
    assert shortfalls(FUNDED, "USD") == {"A": 40}
    assert shortfalls(FUNDED, "EUR") == {}
    assert uncovered_shortfall(FUNDED, "USD") == 0
    assert uncovered_shortfall(DAVE, "USD") == 0
    lower = Transaction(FUNDED)
    lower.balances[account_named("insurance:USD")] = Money(33)
    assert uncovered_shortfall(lower, "USD") == 7
    lower.balances[account_named("relief:USD")] = Money(5)
    assert (uncovered_shortfall(lower, "USD"), needed_relief(lower, "USD")) == (2, 7)


@pytest.mark.rule("WTF-02", "INV-06")
def test_no_market_uses_anothers_profit_or_reserve() -> None:
    two = settled(
        *(listing("B"), mark("100", "B"), deposit("erin", "60"), trade("erin", "bob", "5", "100", "B")),
        *(mark("92", "B"), fill("alice", "5", "95", market="B"), fund("40"), mark("80")),
        state=DAVE,
    )
    assert balances(two)["reserve:B"] == 35
    assert shortfalls(two, "USD") == {"A": 40}
    # One more point down loses 5 more: the reserve of B stays, carol is deleveraged.
    found = effects(two, mark("79"))
    assert [effect for effect in found if isinstance(effect, Deleveraged)]
    assert balances(settled(mark("79"), state=two))["reserve:B"] == 35


@pytest.mark.rule("TRN-01", "LIQ-05")
def test_the_high_water_mark_stays_when_the_reserve_falls() -> None:
    part = settled(mark("92"), fill("alice", "2", "93"), mark("87"), fill("alice", "1", "86"), state=DAVE)
    assert part.fund_status["A"] == FundStatus(Money(8), Money(10), Money(10), Money(2))
