"""Waterfall, deleveraging, levy, settlement and transparency."""

import attrs
import pytest
from immutables import Map

from marginspec.model.effects import (
    Deleveraged,
    FundStatus,
    InsuranceStatus,
    Levied,
    LotReduced,
    MovingRule,
    PositionChanged,
    ReserveStatus,
    Transferred,
    UncoveredChanged,
)
from marginspec.model.ledger import account_named
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.state import Header, State
from marginspec.model.units import Money, Price, Quantity
from marginspec.settlement.deleveraging import (
    Queues,
    Ranked,
    Step,
    compare_ranked,
    entry_is_no_worse,
    find_step,
    lot_loss,
    pair_quantity,
    queue_of,
    score_of,
    step_quantity,
    take_queues,
)
from marginspec.settlement.levy import domains_of_asset, levy, levy_shares
from marginspec.settlement.rankings import Score, binance_score, bitmex_score
from marginspec.settlement.settle import by_shortfall, next_step, restore_cover, settle
from marginspec.settlement.waterfall import (
    draw_amounts,
    draw_loss,
    lots_unrealised,
    shortfall_of,
    shortfalls,
    uncovered_shortfall,
)
from marginspec.transaction import Transaction
from marginspec_audit.transparency import MarketStatus, indicator, indicators, market_status
from worlds.events import (
    adjust,
    deposit,
    fill,
    fund,
    leverage,
    listing,
    margin_mode,
    mark,
    new_fees,
    position_mode,
    trade,
    withdraw,
)
from worlds.states import (
    MINIMAL,
    MINIMAL_BITMEX,
    MINIMAL_NONE,
    balances,
    cross,
    effects,
    isolated_domain,
    key,
    lot,
    minimal,
    refusal,
    settled,
    with_balances,
)


def moved(source: str, target: str, amount: int, rule: MovingRule) -> Transferred:
    return Transferred("USD", account_named(source), account_named(target), Money(amount), rule)


def opened(header: Header = MINIMAL) -> State:
    """Dave: 5 lots at 100 with 60, bankrupt at 88; carol is the other side."""
    return settled(
        *(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "1000")),
        *(deposit("dave", "60"), trade("dave", "carol", "5", "100")),
        header=header,
    )


DAVE = opened()
FUNDED = settled(fund("100"), mark("80"), state=DAVE)

# ------------------------------------------------------------------- waterfall


@pytest.mark.rule("WTF-01")
@pytest.mark.parametrize(
    ("loss", "reserve", "insurance", "drawn"),
    [
        *[(0, 5, 5, (0, 0)), (5, 5, 5, (5, 0)), (6, 5, 5, (5, 1)), (10, 5, 5, (5, 5)), (11, 5, 5, (5, 5))],
        *[(3, 0, 5, (0, 3)), (3, 5, 0, (3, 0)), (3, 0, 0, (0, 0))],
    ],
)
def test_reserve_first_then_insurance(loss: int, reserve: int, insurance: int, drawn: tuple[int, int]) -> None:
    assert draw_amounts(Money(loss), Money(reserve), Money(insurance)) == drawn


@pytest.mark.rule("WTF-01")
def test_a_loss_past_the_cover_is_refused() -> None:
    transaction = Transaction(FUNDED)
    with pytest.raises(Rejected, match="COVER_EXCEEDED"):
        draw_loss(transaction, FUNDED.markets["A"], 1, Money(101))
    draw_loss(transaction, FUNDED.markets["A"], 1, Money(100))
    assert transaction.effects == [moved("insurance:USD", "lot:1", 100, "WTF-01")]
    assert transaction.fund_status["A"] == FundStatus(insurance_drawn=Money(100))


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
    lower.ledger = lower.ledger.set(account_named("insurance:USD"), Money(33))
    assert uncovered_shortfall(lower, "USD") == 7


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


# ------------------------------------------------------------------- scores and queues


@pytest.mark.rule("ADL-02")
@pytest.mark.parametrize(
    ("pnl", "cash", "maintenance", "equity", "unit", "score"),
    [
        (30, 100, 5, 130, 1, Score(150, 13_000)),
        (-30, 100, 5, 70, 1, Score(0, 7000)),
        (30, 1, 5, 31, 10, Score(150, 310)),
        (30, -20, 5, 10, 10, Score(150, 100)),
    ],
)
def test_binance_score(pnl: int, cash: int, maintenance: int, equity: int, unit: int, score: Score) -> None:
    assert binance_score(Money(pnl), Money(cash), Money(maintenance), Money(equity), unit) == score


@pytest.mark.rule("ADL-02")
@pytest.mark.parametrize(
    ("pnl", "cost", "notional", "equity", "score"),
    [
        (30, 100, 130, 50, Score(3900, 5000)),
        (30, -100, 70, 50, Score(2100, 5000)),
        (0, 100, 100, 50, Score(0, 5000)),
        (-30, 100, 70, 50, Score(-1500, 7000)),
    ],
)
def test_bitmex_score(pnl: int, cost: int, notional: int, equity: int, score: Score) -> None:
    assert bitmex_score(Money(pnl), Money(cost), Money(notional), Money(equity)) == score


@pytest.mark.rule("ADL-02")
def test_ranks_are_compared_exactly_ties_by_key() -> None:
    third = Ranked(key("bob"), Score(10**30, 3 * 10**30))
    nearly = Ranked(key("alice"), Score(10**30 - 1, 3 * 10**30))
    assert (compare_ranked(third, nearly), compare_ranked(nearly, third)) == (-1, 1)
    same = Ranked(key("alice"), Score(1, 3))
    assert (compare_ranked(same, third), compare_ranked(third, same)) == (-1, 1)


WINNERS = (
    *(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "60"), deposit("carol", "60")),
    *(deposit("dave", "500"), deposit("erin", "1000"), margin_mode("erin")),
    *(trade("dave", "alice", "1", "100"), trade("dave", "bob", "2", "100"), trade("dave", "carol", "2", "100")),
    *(trade("dave", "erin", "1", "100"), mark("96")),
)


@pytest.mark.rule("ADL-02")
def test_the_queue_of_binance() -> None:
    won = settled(*WINNERS)
    # Alice: profit 4, cash 1000, maintenance 5, equity 1004. Bob and carol: 8, 60, 10, 68. Erin: 4, 10, 5, 14.
    assert queue_of(won, "A", "short") == (
        Ranked(key("erin"), Score(4 * 5, 10 * 14)),
        Ranked(key("bob"), Score(8 * 10, 60 * 68)),
        Ranked(key("carol"), Score(8 * 10, 60 * 68)),
        Ranked(key("alice"), Score(4 * 5, 1000 * 1004)),
    )
    assert queue_of(won, "A", "long") == (Ranked(key("dave"), Score(0, 500 * 476)),)
    assert queue_of(won, "B", "long") == ()
    assert score_of(won, key("alice"), cross("alice")) == Score(20, 1_004_000)


@pytest.mark.rule("ADL-02")
def test_the_queue_of_bitmex() -> None:
    won = settled(*WINNERS, header=MINIMAL_BITMEX)
    assert queue_of(won, "A", "short")[0] == Ranked(key("erin"), Score(4 * 96, 100 * 14))
    assert queue_of(won, "A", "long") == (Ranked(key("dave"), Score(-24 * 476, 600 * 576)),)


@pytest.mark.rule("ADL-02")
def test_the_least_cash_of_a_score_is_one_unit_of_the_asset() -> None:
    won = settled(*WINNERS, header=attrs.evolve(MINIMAL, asset_decimals=Map({"USD": 2})))
    # Profit 4.00, maintenance 4.80, and 0.50 in cash, which count as 1.00 there.
    poor = with_balances(won, wallet__alice__USD=50)
    assert score_of(poor, key("alice"), cross("alice")) == Score(400 * 480, 100 * 450)


@pytest.mark.rule("ADL-02")
def test_positions_of_unhealthy_domains_do_not_queue() -> None:
    won = Transaction(settled(*WINNERS))
    won.ledger = won.ledger.set(account_named("wallet:bob:USD"), Money(2))
    assert [ranked.key.account for ranked in queue_of(won, "A", "short")] == ["erin", "carol", "alice"]


@pytest.mark.rule("ADL-02")
def test_queues_are_kept_for_the_event() -> None:
    won = Transaction(settled(*WINNERS))
    queues: Queues = {}
    take_queues(won, "A", queues)
    taken = dict(queues)
    won.ledger = won.ledger.set(account_named("wallet:bob:USD"), Money(100))
    take_queues(won, "A", queues)
    assert queues == taken
    assert set(queues) == {("A", "long"), ("A", "short")}


@pytest.mark.rule("ADL-05")
@pytest.mark.parametrize(
    ("length", "shown"),
    [(1, [4]), (2, [4, 2]), (5, [4, 3, 2, 1, 0]), (6, [4, 4, 3, 2, 1, 0]), (10, [4, 4, 3, 3, 2, 2, 1, 1, 0, 0])],
)
def test_the_indicator_is_a_quantile(length: int, shown: list[int]) -> None:
    assert [indicator(place, length) for place in range(length)] == shown


@pytest.mark.rule("ADL-05", "TRN-01")
def test_indicators_of_a_market() -> None:
    assert indicators(settled(*WINNERS), "A") == {
        key("dave"): 4,
        key("erin"): 4,
        key("bob"): 3,
        key("carol"): 2,
        key("alice"): 1,
    }


# ------------------------------------------------------------------- deleveraging


@pytest.mark.rule("ADL-04")
@pytest.mark.parametrize(
    ("held", "cost", "lot_quantity", "lot_cost", "eligible"),
    [
        # IN-20: short at 95 against a long lot bankrupt at 98; a short must have sold at 98 or more.
        *[(-1, -95, 1, 98, False), (-1, -98, 1, 98, True), (-2, -197, 1, 98, True), (-2, -195, 1, 98, False)],
        # A long against a short lot bankrupt at 98 must have bought at 98 or less.
        *[(1, 98, -1, -98, True), (1, 99, -1, -98, False), (3, 293, -1, -98, True), (1, 97, -1, -98, True)],
    ],
)
def test_the_entry_must_be_no_worse_than_the_bankruptcy_price(
    held: int, cost: int, lot_quantity: int, lot_cost: int, eligible: bool
) -> None:
    found = entry_is_no_worse(Quantity(held), Money(cost), Quantity(lot_quantity), Money(lot_cost))
    assert found == eligible


@pytest.mark.rule("ADL-01", "ADL-04")
@pytest.mark.parametrize(
    ("loss", "size", "shortfall", "missing", "held", "spare", "quantity"),
    [
        # 10 a lot: 4 lots release 40; the least for 31 to 40 missing.
        *[(100, 10, 100, 40, 10, 1000, 4), (100, 10, 100, 31, 10, 1000, 4), (100, 10, 100, 30, 10, 1000, 3)],
        *[(100, 10, 100, 1, 10, 1000, 1), (100, 10, 100, 41, 10, 1000, 5), (100, 10, 40, 40, 10, 1000, 4)],
        # A shortfall below what is missing is not overshot.
        *[(100, 10, 39, 40, 10, 1000, 3), (100, 10, 9, 40, 10, 1000, 0), (100, 10, 10, 40, 10, 1000, 1)],
        # At most the position, the lot, and less than what the counterparty can spare.
        *[(100, 10, 100, 40, 2, 1000, 2), (100, 10, 100, 100, 50, 1000, 10), (100, 10, 100, 40, 10, 30, 2)],
        *[(100, 10, 100, 40, 10, 31, 3), (100, 10, 100, 40, 10, 10, 0), (100, 10, 100, 40, 10, 11, 1)],
        *[(100, 10, 100, 40, 10, 0, 0), (100, 10, 100, 40, 10, -50, 0)],
        # 3.33 a lot: 4 released by one, 7 by two.
        *[(10, 3, 10, 4, 9, 99, 1), (10, 3, 10, 5, 9, 99, 2), (10, 3, 6, 7, 9, 99, 1), (10, 3, 7, 8, 9, 99, 2)],
    ],
)
def test_the_quantity_of_a_step(
    loss: int, size: int, shortfall: int, missing: int, held: int, spare: int, quantity: int
) -> None:
    found = step_quantity(Money(loss), Quantity(size), Money(shortfall), Money(missing), Quantity(held), Money(spare))
    assert found == quantity


@pytest.mark.rule("ADL-01", "ADL-03", "TRN-01", "JRN-01")
def test_a_step_closes_the_pair_at_the_bankruptcy_value() -> None:
    # At 80 dave's lot loses 40 and nothing covers it; 8 a lot, so all 5 at 440; carol sold at 500.
    assert effects(DAVE, mark("80"))[7:] == (
        moved("position:carol:A:BOTH", "lot:1", 440, "ADL-03"),
        LotReduced(1, "A", Quantity(0)),
        PositionChanged(key("carol"), Quantity(0)),
        moved("position:carol:A:BOTH", "wallet:carol:USD", 60, "ADL-03"),
        Deleveraged(1, key("carol"), Quantity(5), Money(440), Money(40)),
        ReserveStatus("A", FundStatus(deleveraged=Money(40))),
    )
    after = settled(mark("80"), state=DAVE)
    assert (dict(after.lots), dict(after.positions), balances(after)["wallet:carol:USD"]) == ({}, {}, 1060)


@pytest.mark.rule("ADL-01", "WTF-02")
def test_deleveraging_stops_when_the_fund_covers_the_rest() -> None:
    # 40 lost, 20 in the fund: two lots release 16, three 24.
    after = settled(fund("20"), mark("80"), state=DAVE)
    assert (dict(after.lots), after.positions[key("carol")]) == ({1: lot(1, "dave", 2)}, -2)
    assert settled(fund("40"), mark("80"), state=DAVE).lots[1] == lot(1, "dave", 5)
    # 440 * 3 / 5.
    assert balances(after)["lot:1"] == -176


@pytest.mark.rule("ADL-03", "ACC-04")
def test_an_isolated_counterparty_that_became_flat_gets_all_its_cash() -> None:
    isolated = settled(
        *(listing(), mark("100"), deposit("carol", "1000"), deposit("dave", "60"), margin_mode("carol")),
        *(trade("dave", "carol", "5", "100"), adjust("carol", "100")),
    )
    after = settled(mark("80"), state=isolated)
    assert balances(after)["wallet:carol:USD"] == 1060
    partly = settled(fund("20"), mark("80"), state=isolated)
    # 150 in cash and 36 realised; nothing is returned while a position is left.
    assert (balances(partly)["isolated:carol:A:BOTH"], partly.positions[key("carol")]) == (186, -2)


@pytest.mark.rule("ADL-01", "ADL-02")
def test_the_first_in_the_queue_with_an_eligible_entry_is_taken() -> None:
    state = settled(*(trade("alice", "bob", "1", "80"), trade("bob", "alice", "1", "80")), state=FUNDED)
    transaction = Transaction(state)
    market = state.markets["A"]
    queues: Queues = {}
    assert lot_loss(transaction, market, state.lots[1]) == 40
    step = find_step(transaction, market, queues, Money(40), Money(40))
    assert step == Step(lot(1, "dave", 5), key("carol"), Quantity(5))
    assert pair_quantity(transaction, market, state.lots[1], key("bob"), Money(40), Money(40)) == 0
    assert pair_quantity(transaction, market, state.lots[1], key("carol"), Money(40), Money(1)) == 1
    # Who bought on the other side is not asked; who sold too low is not eligible.
    low = Transaction(settled(trade("alice", "bob", "1", "80"), state=FUNDED))
    assert pair_quantity(low, market, FUNDED.lots[1], key("bob"), Money(40), Money(40)) == 0


@pytest.mark.rule("ADL-01")
@pytest.mark.parametrize(("side", "price"), [("long", "80"), ("short", "120")])
def test_a_counterparty_of_a_single_lot_is_eligible(side: str, price: str) -> None:
    accounts = [deposit("dave", "60"), deposit("alice", "1000"), deposit("bob", "1000")]
    trades = (
        [trade("dave", "alice", "1", "100"), trade("dave", "bob", "4", "100")]
        if side == "long"
        else [trade("alice", "dave", "1", "100"), trade("bob", "dave", "4", "100")]
    )
    after = settled(listing(), mark("100"), *accounts, *trades, mark(price))
    # All of dave's 5 lots are closed at 60 beyond what they cost: 12 from alice's one, 48 from bob's four.
    assert (dict(after.positions), dict(after.lots)) == ({}, {})
    assert balances(after) == {"external:USD": -2060, "wallet:alice:USD": 1012, "wallet:bob:USD": 1048}


@pytest.mark.rule("ADL-01")
def test_a_lot_in_profit_is_passed_over() -> None:
    # Erin's 5 lots at 95 are bankrupt at 85.4, dave's at 88: at 87 only lot 1 loses.
    two = settled(
        *(mark("95"), deposit("erin", "48"), trade("erin", "bob", "5", "95"), fund("50"), mark("87")), state=DAVE
    )
    market = two.markets["A"]
    assert [lot_loss(two, market, two.lots[one]) for one in (1, 2)] == [5, -8]
    step = find_step(two, market, {}, Money(5), Money(5))
    assert step is not None
    assert (step.lot.id, step.counterparty) == (1, key("carol"))
    up = settled(mark("89"), state=two)
    assert find_step(up, up.markets["A"], {}, Money(5), Money(5)) is None


@pytest.mark.rule("ADL-01")
def test_the_market_with_the_largest_shortfall_ties_by_id() -> None:
    assert by_shortfall({"A": Money(3), "C": Money(5), "B": Money(5), "D": Money(0)}) == ["B", "C", "A"]


@pytest.mark.rule("ADL-01")
def test_a_market_without_a_pair_leaves_the_step_to_the_next() -> None:
    two = settled(
        *(listing("B"), mark("100", "B"), deposit("erin", "60"), trade("erin", "bob", "5", "100", "B")),
        *(fund("130"), mark("80"), mark("70", "B")),
        state=DAVE,
    )
    transaction = Transaction(two)
    assert shortfalls(two, "USD") == {"A": 40, "B": 90}
    step = next_step(transaction, "USD", {}, Money(90))
    assert step == Step(lot(2, "erin", 5, market="B"), key("bob", "B"), Quantity(5))
    # Without counterparties in B, its smaller neighbour: at most its shortfall.
    lonely: Queues = {("B", "long"): (), ("B", "short"): ()}
    assert next_step(transaction, "USD", lonely, Money(90)) == Step(lot(1, "dave", 5), key("carol"), Quantity(5))
    none: Queues = {**lonely, ("A", "long"): (), ("A", "short"): ()}
    assert next_step(transaction, "USD", none, Money(90)) is None


# ------------------------------------------------------------------- levy


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
    *(trade("alice", "carol", "10", "100"), mark("90"), trade("carol", "bob", "10", "88"), mark("80")),
)


@pytest.mark.rule("LVY-01", "JRN-01", "TRN-01")
def test_the_levy_takes_from_all_positive_equities() -> None:
    before = settled(*UNPAYABLE[:-1])
    # Alice: bankrupt at 88.8. At 80 her lot loses 88; bob sold at 88, which is below.
    found = effects(before, mark("80"))
    bob, carol = 1000 + 80, 5000 + 120
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
        *(trade("alice", "carol", "10", "100"), new_fees(), mark("90"), trade("carol", "bob", "10", "88")),
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


# ------------------------------------------------------------------- settlement


@pytest.mark.rule("SET-01", "LVY-01")
def test_a_levied_domain_may_be_liquidated_in_the_second_round() -> None:
    # Erin has 53 against a maintenance of 52; her part of the levy takes her below.
    tight = settled(
        *UNPAYABLE[:5],
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
    broken.ledger = broken.ledger.set(account_named("wallet:dave:USD"), Money(10))
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


# ------------------------------------------------------------------- transparency


@pytest.mark.rule("TRN-01")
def test_the_status_of_a_market() -> None:
    assert market_status(DAVE, "A") == MarketStatus(
        "A", FundStatus(), 0, Quantity(0), Quantity(0), Money(0), Money(0), None
    )
    assert market_status(settled(listing("B"), state=DAVE), "B").lots == 0
    part = settled(mark("92"), fill("alice", "2", "93"), fund("9"), mark("86"), state=DAVE)
    counters = FundStatus(Money(10), Money(10), Money(10))
    assert market_status(part, "A") == MarketStatus(
        "A", counters, 1, Quantity(3), Quantity(0), Money(-6), Money(0), Score(10, 6)
    )
    lower = settled(mark("82"), state=part)
    assert market_status(lower, "A") == MarketStatus(
        "A", counters, 1, Quantity(3), Quantity(0), Money(-18), Money(8), Score(10, 18)
    )
    assert market_status(settled(mark("88"), state=part), "A").cover is None


@pytest.mark.rule("TRN-01", "LIQ-04")
def test_lots_of_both_directions_are_shown_and_not_matched() -> None:
    both = settled(*(mark("92"), deposit("erin", "60"), trade("carol", "erin", "5", "92"), mark("100")), state=DAVE)
    found = market_status(both, "A")
    assert (found.lots, found.long_lots, found.short_lots) == (2, 5, -5)


@pytest.mark.rule("TRN-01", "LIQ-05")
def test_the_high_water_mark_stays_when_the_reserve_falls() -> None:
    part = settled(mark("92"), fill("alice", "2", "93"), mark("87"), fill("alice", "1", "86"), state=DAVE)
    assert part.fund_status["A"] == FundStatus(Money(8), Money(10), Money(10), Money(2))


@pytest.mark.rule("ADL-01", "ADL-02", "ACC-01")
def test_the_hedged_former_owner_may_be_the_counterparty() -> None:
    hedged = settled(
        *(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "62"), position_mode("bob")),
        *(
            leverage("bob", 10),
            margin_mode("bob"),
            trade("bob", "alice", "3", "100"),
            trade("alice", "bob", "3", "100"),
        ),
    )
    after = settled(mark("80"), state=hedged)
    assert dict(after.positions) == {}
    assert minimal(mark=Price(1)).marked() == 1
