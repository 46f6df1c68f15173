"""Queues, who may be deleveraged, and the steps of it."""

import attrs
import pytest
from immutables import Map

from marginspec.model.effects import Deleveraged, FundStatus, LotReduced, PositionChanged, ReserveStatus
from marginspec.model.events import Event
from marginspec.model.ledger import account_named
from marginspec.model.state import State
from marginspec.model.units import Money, Price, Quantity
from marginspec.settlement import deleveraging
from marginspec.settlement.deleveraging import (
    Queues,
    Ranked,
    Step,
    Terms,
    compare_ranked,
    deleverage,
    entry_is_no_worse,
    find_step,
    heir_of,
    lot_loss,
    pair_step,
    quantity_with_room,
    queue_of,
    released_loss,
    room,
    score_of,
    step_value,
    take_queues,
    terms_of,
    wanted_quantity,
)
from marginspec.settlement.rankings import Score
from marginspec.settlement.settle import by_shortfall, next_step
from marginspec.settlement.waterfall import shortfalls
from marginspec.transaction import Transaction
from marginspec_conformance.generator.events import (
    adjust,
    declare,
    deposit,
    fund,
    leverage,
    listing,
    margin_mode,
    mark,
    position_mode,
    trade,
    withdraw,
)
from worlds.states import (
    MINIMAL,
    MINIMAL_BITMEX,
    balances,
    cross,
    effects,
    key,
    long_five_with_sixty,
    lot,
    minimal,
    moved,
    settled,
    with_balances,
)

DAVE = long_five_with_sixty()

FUNDED = settled(fund("100"), mark("80"), state=DAVE)


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
    won.balances[account_named("wallet:bob:USD")] = Money(2)
    assert [ranked.key.account for ranked in queue_of(won, "A", "short")] == ["erin", "carol", "alice"]


@pytest.mark.rule("ADL-02")
def test_queues_are_kept_for_the_event() -> None:
    won = Transaction(settled(*WINNERS))
    queues: Queues = {}
    take_queues(won, "A", queues)
    taken = dict(queues)
    won.balances[account_named("wallet:bob:USD")] = Money(100)
    take_queues(won, "A", queues)
    assert queues == taken
    assert set(queues) == {("A", "long"), ("A", "short")}


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


@pytest.mark.rule("ADL-01")
@pytest.mark.parametrize(
    ("loss", "size", "shortfall", "missing", "quantity"),
    [
        # 10 a lot: 4 lots release 40; the least for 31 to 40 missing.
        *[(100, 10, 100, 40, 4), (100, 10, 100, 31, 4), (100, 10, 100, 30, 3)],
        *[(100, 10, 100, 1, 1), (100, 10, 100, 41, 5), (100, 10, 40, 40, 4)],
        # A shortfall below what is missing is not overshot.
        *[(100, 10, 39, 40, 3), (100, 10, 9, 40, 0), (100, 10, 10, 40, 1)],
        # 3.33 a lot: 4 released by one, 7 by two.
        *[(10, 3, 10, 4, 1), (10, 3, 10, 5, 2), (10, 3, 6, 7, 1), (10, 3, 7, 8, 2)],
    ],
)
def test_the_quantity_that_is_wanted(loss: int, size: int, shortfall: int, missing: int, quantity: int) -> None:
    terms = Terms(False, Money(900), Quantity(size), Money(loss))
    assert wanted_quantity(terms, Money(shortfall), Money(missing)) == quantity


@pytest.mark.rule("ADL-01")
@pytest.mark.parametrize(
    ("profit", "size", "shortfall", "missing", "quantity"),
    [
        *[(100, 10, 100, 40, 4), (100, 10, 100, 31, 4), (100, 10, 39, 40, 3), (100, 10, 9, 40, 0)],
        # 3.33 a lot: 3 given up by one, 6 by two, 10 by three.
        *[(10, 3, 10, 3, 1), (10, 3, 10, 4, 2), (10, 3, 10, 7, 3), (10, 3, 6, 7, 2), (10, 3, 2, 7, 0)],
    ],
)
def test_the_quantity_that_is_wanted_at_the_counterpartys_entry(
    profit: int, size: int, shortfall: int, missing: int, quantity: int
) -> None:
    terms = Terms(True, Money(-900), Quantity(size), Money(profit))
    assert wanted_quantity(terms, Money(shortfall), Money(missing)) == quantity


@pytest.mark.rule("ADL-03", "ADL-01")
def test_a_part_closes_at_its_share_of_the_cost() -> None:
    at_price = Terms(False, Money(100), Quantity(3), Money(10))
    assert [(step_value(at_price, Quantity(k)), released_loss(at_price, Quantity(k))) for k in (1, 2, 3)] == [
        *[(34, 4), (67, 7), (100, 10)]
    ]
    at_entry = Terms(True, Money(-100), Quantity(3), Money(10))
    assert [(step_value(at_entry, Quantity(k)), released_loss(at_entry, Quantity(k))) for k in (1, 2, 3)] == [
        *[(33, 3), (66, 6), (100, 10)]
    ]


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
    assert step == Step(lot(1, "dave", 5), key("carol"), Quantity(5), Money(440))
    one = Step(lot(1, "dave", 5), key("carol"), Quantity(1), Money(88))
    assert pair_step(transaction, market, state.lots[1], key("carol"), lambda _: Quantity(1)) == one
    # Who is flat is not asked; who sold at the mark has nothing to give up.
    assert pair_step(transaction, market, state.lots[1], key("bob"), lambda _: Quantity(1)) is None
    low = Transaction(settled(trade("alice", "bob", "1", "80"), state=FUNDED))
    assert pair_step(low, market, FUNDED.lots[1], key("bob"), lambda _: Quantity(1)) is None


def with_bob_at(price: str, *more: Event) -> State:
    """At 80 dave's 5 lots, bankrupt at 88, lose 40, which a fund covers; bob has sold 5 at a price instead of carol."""
    return settled(fund("100"), trade("carol", "bob", "5", price), *more, mark("80"), state=DAVE)


@pytest.mark.rule("ADL-04", "ADL-03")
@pytest.mark.parametrize(
    ("price", "terms"),
    [
        ("90", Terms(False, Money(440), Quantity(5), Money(40))),
        ("88", Terms(False, Money(440), Quantity(5), Money(40))),
        ("87", Terms(True, Money(-435), Quantity(5), Money(35))),
        ("81", Terms(True, Money(-405), Quantity(5), Money(5))),
        ("80", None),
        ("79", None),
    ],
)
def test_the_terms_of_a_pair(price: str, terms: Terms | None) -> None:
    state = with_bob_at(price)
    assert terms_of(state, state.markets["A"], state.lots[1], key("bob")) == terms


@pytest.mark.rule("ADL-04")
def test_less_than_a_quantum_a_lot_is_nothing_to_give_up() -> None:
    # Bob sold 4 at 80 and 1 at 84: 0.8 a lot.
    state = settled(
        *(fund("100"), trade("carol", "bob", "4", "80"), trade("carol", "bob", "1", "84"), mark("80")), state=DAVE
    )
    assert terms_of(state, state.markets["A"], state.lots[1], key("bob")) is None


@pytest.mark.rule("ADL-04", "LIQ-05")
def test_a_lot_that_does_not_lose_closes_at_the_mark() -> None:
    gains = settled(mark("92"), state=DAVE)
    assert terms_of(gains, gains.markets["A"], gains.lots[1], key("carol")) == Terms(
        False, Money(460), Quantity(5), Money(0)
    )


@pytest.mark.rule("ADL-03", "ADL-04")
def test_at_its_own_entry_a_counterparty_realises_nothing_and_the_lot_keeps_the_difference() -> None:
    # Bob sold at 86: 6 a lot, of which four may close; one lot is left, at a cost of 440 - 344.
    state = settled(trade("carol", "bob", "5", "86"), state=DAVE)
    assert effects(state, mark("80"))[7:11] == (
        moved("position:bob:A:BOTH", "lot:1", 344, "ADL-03"),
        LotReduced(1, "A", Quantity(1)),
        PositionChanged(key("bob"), Quantity(-1)),
        Deleveraged(1, key("bob"), Quantity(4), Money(344), Money(24)),
    )
    after = settled(mark("80"), state=state)
    assert (dict(after.lots), balances(after)["lot:1"]) == ({1: lot(1, "dave", 1)}, -96)


@pytest.mark.rule("ADL-03")
def test_what_is_left_of_a_closed_lots_cost_passes_to_the_newest_other_lot_of_its_side() -> None:
    # Erin's 2 lots are bankrupt at 88 too; dave's 5 close whole at bob's 86, and the 10 that are left are erin's.
    state = with_bob_at("86", deposit("erin", "24"), trade("erin", "alice", "2", "100"))
    assert heir_of(state, state.lots[1]) == lot(2, "erin", 2)
    assert effects(state, declare("6"))[:5] == (
        moved("position:bob:A:BOTH", "lot:1", 430, "ADL-03"),
        LotReduced(1, "A", Quantity(0)),
        PositionChanged(key("bob"), Quantity(0)),
        moved("lot:2", "lot:1", 10, "ADL-03"),
        Deleveraged(1, key("bob"), Quantity(5), Money(430), Money(30)),
    )
    after = settled(declare("6"), state=state)
    # Alice sold at 100, so one of erin's lots closes at 93, half of its 186.
    assert (dict(after.lots), balances(after)["lot:2"]) == ({2: lot(2, "erin", 1)}, -93)
    assert heir_of(after, after.lots[2]) is None


@pytest.mark.rule("ADL-04")
def test_room_is_what_the_smaller_position_leaves() -> None:
    # Carol at 80: 1000 + 100; a short of 5 keeps 20 (5% of 400), one of 4 keeps 16, and one lot releases 8.
    market = FUNDED.markets["A"]
    terms = Terms(False, Money(440), Quantity(5), Money(40))
    assert [room(FUNDED, market, key("carol"), terms, Quantity(k)) for k in (1, 2, 5)] == [1076, 1072, 1060]


@pytest.mark.rule("ADL-04")
@pytest.mark.parametrize(
    ("rooms", "most", "quantity"),
    [
        *[("1111111111", 10, 10), ("1111111110", 10, 9), ("1000000000", 10, 1), ("0111111111", 10, 0)],
        # 5 has none, so 3 and then 4 are tried; the 8 that has some is not found.
        *[("1110000100", 10, 3), ("1111111111", 0, 0), ("1111111111", -1, 0), ("1", 1, 1), ("0", 1, 0), ("10", 2, 1)],
        *[("1111100000", 10, 5), ("1111000000", 10, 4), ("1111110000", 10, 6)],
        # The middle of 1 and 10 is 5: with 6 instead nothing but 1 would be found.
        ("1000100000", 10, 5),
    ],
)
def test_halving(rooms: str, most: int, quantity: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deleveraging, "room", lambda *asked: int(rooms[asked[-1] - 1]))
    terms = Terms(False, Money(0), Quantity(1), Money(0))
    assert quantity_with_room(FUNDED, FUNDED.markets["A"], key("carol"), terms, Quantity(most)) == quantity


@pytest.mark.rule("ADL-04")
def test_who_has_room_for_a_part_only_is_closed_once_in_an_event() -> None:
    # Bob has 100 and gains 100 in A, loses 150 in B, and must keep 20 and 18. So k lots leave 50 - 8k - 18 - (20 - 4k).
    tight = settled(
        *(listing("B"), mark("100", "B"), fund("100"), trade("carol", "bob", "5", "100"), withdraw("bob", "900")),
        *(trade("bob", "alice", "5", "100", "B"), mark("80"), mark("70", "B")),
        state=DAVE,
    )
    terms = Terms(False, Money(440), Quantity(5), Money(40))
    assert [room(tight, tight.markets["A"], key("bob"), terms, Quantity(k)) for k in (1, 2, 3, 5)] == [8, 4, 0, -8]
    steps = [one for one in effects(tight, declare("5")) if isinstance(one, Deleveraged)]
    assert steps == [Deleveraged(1, key("bob"), Quantity(2), Money(176), Money(16))]
    transaction = Transaction(tight)
    step = find_step(transaction, tight.markets["A"], transaction.queues, Money(40), Money(40))
    assert step == Step(lot(1, "dave", 5), key("bob"), Quantity(2), Money(176), is_last=True)
    deleverage(transaction, tight.markets["A"], step)
    assert transaction.queues["A", "short"] == ()


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
    assert step == Step(lot(2, "erin", 5, market="B"), key("bob", "B"), Quantity(5), Money(440))
    # Without counterparties in B, its smaller neighbour: at most its shortfall.
    lonely: Queues = {("B", "long"): (), ("B", "short"): ()}
    assert next_step(transaction, "USD", lonely, Money(90)) == Step(
        lot(1, "dave", 5), key("carol"), Quantity(5), Money(440)
    )
    none: Queues = {**lonely, ("A", "long"): (), ("A", "short"): ()}
    assert next_step(transaction, "USD", none, Money(90)) is None


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
