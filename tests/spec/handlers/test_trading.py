"""Trades and funding: cost, PnL, fees, isolated margin, and when a trade is refused."""

from typing import Any

import pytest
from immutables import Map

from marginspec.handlers.trading import (
    check_open_interest,
    closing_part,
    insurance_part,
    leverage_fits,
    opening_margin,
    returned_margin,
    trade_fee,
    traded_key,
)
from marginspec.margin.margin import cost_of, domain_initial, domain_margin
from marginspec.model.effects import InsuranceStatus, PositionChanged
from marginspec.model.events import Event
from marginspec.model.rejections import Reason
from marginspec.model.state import State
from marginspec.model.units import Money, Price, Quantity, Rate
from marginspec.transaction import Transaction
from marginspec_conformance.generator.events import (
    decimal,
    deposit,
    funding,
    leverage,
    listing,
    margin_mode,
    mark,
    new_fees,
    new_limits,
    new_tiers,
    order,
    position_mode,
    trade,
    withdraw,
)
from worlds.states import (
    MINIMAL,
    balances,
    cross,
    effects,
    isolated_domain,
    key,
    minimal,
    moved,
    refusal,
    settled,
    with_balances,
)

OPEN = settled(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "5000"))


def at(quantity: int, account: str = "alice") -> PositionChanged:
    return PositionChanged(key(account), Quantity(quantity))


@pytest.mark.rule("ACC-02")
@pytest.mark.parametrize(
    ("held", "quantity", "closing"),
    [
        *[(5, -3, -3), (5, -5, -5), (5, -8, -5), (5, 3, 0), (0, 3, 0), (0, -3, 0)],
        *[(-5, 3, 3), (-5, 5, 5), (-5, 8, 5), (-5, -3, 0)],
    ],
)
def test_the_part_that_closes(held: int, quantity: int, closing: int) -> None:
    assert closing_part(Quantity(held), Quantity(quantity)) == closing


@pytest.mark.rule("TRD-01")
@pytest.mark.parametrize(
    ("value", "rate", "fee"),
    [(0, 10**8, 0), (100, 0, 0), (100, 10**6, 1), (101, 10**6, 2), (-101, 10**6, 2), (7, 10**8, 7), (1, 1, 1)],
)
def test_a_fee_rounds_up(value: int, rate: int, fee: int) -> None:
    assert trade_fee(Money(value), Rate(rate)) == fee


@pytest.mark.rule("TRD-01")
@pytest.mark.parametrize(
    ("fee", "share", "insured"), [(10, 0, 0), (10, 10**8, 10), (11, 5 * 10**7, 5), (1, 10**8 - 1, 0)]
)
def test_the_insurance_part_rounds_down(fee: int, share: int, insured: int) -> None:
    assert insurance_part(Money(fee), Rate(share)) == insured


@pytest.mark.rule("ACC-04")
@pytest.mark.parametrize(
    ("value", "value_at_mark", "leverage", "fee", "due"),
    [
        *[(100, 100, 10, 0, 10), (101, 101, 10, 0, 11), (110, 100, 10, 0, 21), (90, 100, 10, 0, 10)],
        *[(-90, -100, 10, 0, 20), (-110, -100, 10, 0, 11), (-100, -100, 10, 7, 17), (100, 100, 1, 1, 101)],
    ],
)
def test_opening_margin(value: int, value_at_mark: int, leverage: int, fee: int, due: int) -> None:
    assert opening_margin(Money(value), Money(value_at_mark), leverage, Money(fee)) == due


@pytest.mark.rule("ACC-04")
@pytest.mark.parametrize(
    ("cash", "movable", "size", "part", "returned"),
    [(100, 100, 3, 1, 33), (100, 20, 3, 1, 20), (100, 0, 3, 1, 0), (-100, 100, 3, 1, 0), (100, 100, 3, 3, 100)],
)
def test_returned_margin(cash: int, movable: int, size: int, part: int, returned: int) -> None:
    assert returned_margin(Money(cash), Money(movable), Quantity(size), Quantity(part)) == returned


@pytest.mark.rule("ACC-02", "TRD-01", "JRN-01")
def test_an_opening_trade() -> None:
    paying = settled(new_fees("0.01", "0.002", "0.5"), state=OPEN)
    # 500 at 1% and 0.2%; of 5 the fund gets 2, of 1 nothing.
    assert effects(paying, trade("alice", "bob", "5", "100")) == (
        moved("position:alice:A:BOTH", "position:bob:A:BOTH", 500, "ACC-02"),
        at(5),
        moved("wallet:alice:USD", "insurance:USD", 2, "TRD-01"),
        moved("wallet:alice:USD", "house:USD", 3, "TRD-01"),
        at(-5, "bob"),
        moved("wallet:bob:USD", "house:USD", 1, "TRD-01"),
        InsuranceStatus("USD", Money(2), Money(0)),
    )
    taken = settled(trade("alice", "bob", "5", "100", taker="seller"), state=paying)
    assert (balances(taken)["wallet:alice:USD"], balances(taken)["wallet:bob:USD"]) == (999, 995)


@pytest.mark.rule("ACC-02")
def test_a_reduction_realises_profit_rounded_down() -> None:
    # 3 lots cost 100 + 101 + 101 = 302.
    held = settled(trade("alice", "bob", "1", "100"), trade("alice", "bob", "2", "101"), state=OPEN)
    assert cost_of(held, key("alice")) == 302
    assert effects(held, trade("carol", "alice", "1", "105", taker="seller")) == (
        moved("position:carol:A:BOTH", "position:alice:A:BOTH", 105, "ACC-02"),
        at(1, "carol"),
        at(2),
        # 105 less 100.67 rounded up.
        moved("position:alice:A:BOTH", "wallet:alice:USD", 4, "ACC-02"),
    )
    bought = settled(trade("bob", "carol", "1", "105"), state=held)
    # Bob sold for 302; a third of it, 100.67 rounded down, against 105.
    assert (balances(bought)["wallet:bob:USD"], cost_of(bought, key("bob"))) == (995, -202)
    closed = settled(trade("bob", "alice", "3", "98"), state=held)
    assert balances(closed) == {
        "external:USD": -7000,
        "wallet:alice:USD": 992,
        "wallet:bob:USD": 1008,
        "wallet:carol:USD": 5000,
    }
    assert dict(closed.positions) == {}


@pytest.mark.rule("ACC-02")
def test_a_flip_is_a_close_and_then_an_open() -> None:
    held = settled(trade("alice", "bob", "3", "100"), state=OPEN)
    assert effects(held, trade("carol", "alice", "5", "104")) == (
        moved("position:carol:A:BOTH", "position:alice:A:BOTH", 520, "ACC-02"),
        at(5, "carol"),
        at(0),
        moved("position:alice:A:BOTH", "wallet:alice:USD", 12, "ACC-02"),
        at(-2),
    )
    assert cost_of(settled(trade("carol", "alice", "5", "104"), state=held), key("alice")) == -208


@pytest.mark.rule("ACC-04", "ACC-02")
def test_isolated_positions_hold_their_own_cash() -> None:
    paying = settled(new_fees(taker="0.01"), margin_mode("alice"), state=OPEN)
    # 5 lots at 102: margin 51, open loss 10, fee 5.1 rounded up.
    assert effects(paying, trade("alice", "bob", "5", "102")) == (
        moved("position:alice:A:BOTH", "position:bob:A:BOTH", 510, "ACC-02"),
        moved("wallet:alice:USD", "isolated:alice:A:BOTH", 67, "ACC-04"),
        at(5),
        moved("isolated:alice:A:BOTH", "house:USD", 6, "TRD-01"),
        at(-5, "bob"),
    )
    held = settled(trade("alice", "bob", "5", "102"), state=paying)
    # Selling 2 at 103: profit 2, fee 2.06 rounded up, then 2 / 5 of 60; movable: 60 - 6 - 30.
    assert effects(held, trade("bob", "alice", "2", "103", taker="seller"))[3:] == (
        at(3),
        moved("position:alice:A:BOTH", "isolated:alice:A:BOTH", 2, "ACC-02"),
        moved("isolated:alice:A:BOTH", "house:USD", 3, "TRD-01"),
        moved("isolated:alice:A:BOTH", "wallet:alice:USD", 24, "ACC-04"),
    )
    flat = settled(trade("bob", "alice", "5", "103", taker="seller"), state=held)
    # 1000 - 6 in fees + 5 profit - 5.15 rounded up.
    assert balances(flat)["wallet:alice:USD"] == 1000 - 6 + 5 - 6
    assert "isolated:alice:A:BOTH" not in balances(flat)


@pytest.mark.rule("ACC-04")
def test_an_isolated_flip_returns_cash_before_it_moves_any() -> None:
    paying = settled(margin_mode("alice"), trade("alice", "bob", "5", "100"), new_fees(taker="0.01"), state=OPEN)
    assert effects(paying, trade("carol", "alice", "8", "100", taker="seller"))[2:] == (
        at(0),
        moved("isolated:alice:A:BOTH", "house:USD", 8, "TRD-01"),
        moved("isolated:alice:A:BOTH", "wallet:alice:USD", 42, "ACC-04"),
        moved("wallet:alice:USD", "isolated:alice:A:BOTH", 30, "ACC-04"),
        at(-3),
    )
    assert refusal(paying, trade("carol", "alice", "8", "89", taker="seller")) == Reason.NEGATIVE_CASH
    assert refusal(paying, trade("carol", "alice", "5", "89", taker="seller")) == Reason.NEGATIVE_CASH
    # 50 in cash, 4 of fee and 5 * 9 lost: one quantum is left.
    assert refusal(paying, trade("carol", "alice", "5", "91", taker="seller")) is None


@pytest.mark.rule("ACC-04", "MRG-06")
def test_isolated_margin_must_be_movable() -> None:
    tight = settled(margin_mode("alice"), deposit("alice", "1"), leverage("alice", 1), state=OPEN)
    assert refusal(tight, trade("alice", "bob", "11", "100")) == Reason.INSUFFICIENT_BALANCE
    assert refusal(tight, trade("alice", "bob", "10", "100")) is None
    assert refusal(tight, trade("alice", "bob", "10", "101")) == Reason.INSUFFICIENT_BALANCE
    # Before health, margin and leverage.
    assert refusal(tight, trade("carol", "alice", "200", "100")) == Reason.INSUFFICIENT_BALANCE


@pytest.mark.rule("TRD-01", "ACC-01")
def test_sides_that_are_not_named() -> None:
    hedged = settled(position_mode("alice"), state=OPEN)
    assert traded_key(Transaction(hedged), "bob", "A", None, Quantity(1)) == key("bob")
    assert traded_key(Transaction(hedged), "alice", "A", None, Quantity(1)) == key("alice", "A", "LONG")
    assert traded_key(Transaction(hedged), "alice", "A", None, Quantity(-1)) == key("alice", "A", "SHORT")
    assert traded_key(Transaction(hedged), "alice", "A", "BOTH", Quantity(1)) == key("alice")
    both = settled(trade("alice", "bob", "3", "100"), trade("bob", "alice", "2", "100"), state=hedged)
    assert dict(both.positions) == {key("alice", "A", "LONG"): 3, key("alice", "A", "SHORT"): -2, key("bob"): -1}
    assert both.open_interest["A"] == 3
    closed = settled(
        trade("bob", "alice", "3", "100", seller_side="LONG"),
        trade("alice", "bob", "2", "100", buyer_side="SHORT"),
        state=both,
    )
    assert (dict(closed.positions), dict(closed.open_interest)) == ({}, {})
    assert refusal(both, trade("bob", "alice", "4", "100", seller_side="LONG")) == Reason.WRONG_POSITION_SIDE


@pytest.mark.rule("TRD-02")
def test_both_parties_need_initial_margin_if_they_open() -> None:
    small = settled(deposit("dave", "50"), state=OPEN)
    assert refusal(small, trade("dave", "carol", "5", "100")) is None
    assert refusal(small, trade("carol", "dave", "5", "100")) is None
    # 6 lots need 60; maintenance 30 is met.
    assert refusal(small, trade("dave", "carol", "6", "100")) == Reason.INSUFFICIENT_MARGIN
    assert refusal(small, trade("carol", "dave", "6", "100")) == Reason.INSUFFICIENT_MARGIN
    # 10 lots have a maintenance of 50.
    assert refusal(small, trade("dave", "carol", "10", "100")) == Reason.UNHEALTHY
    assert refusal(small, trade("carol", "dave", "10", "100")) == Reason.UNHEALTHY
    # Its open loss counts.
    assert refusal(small, trade("dave", "carol", "5", "101")) == Reason.INSUFFICIENT_MARGIN
    ordered = settled(order("dave", "sell", "5", "100"), state=small)
    assert refusal(ordered, trade("dave", "carol", "1", "100")) is None
    assert refusal(ordered, trade("carol", "dave", "1", "100")) == Reason.INSUFFICIENT_MARGIN


@pytest.mark.rule("TRD-02", "ACC-04")
@pytest.mark.parametrize(("worse", "price"), [(mark("95"), "95"), (funding("0.04"), "100")], ids=["mark", "funding"])
def test_an_isolated_opening_needs_health_alone(worse: Event, price: str) -> None:
    # 5 lots at 10 had 50 of margin, and lose 25 at 95 or pay 20 of funding. One more moves a tenth of its value.
    held = settled(margin_mode("alice"), trade("alice", "bob", "5", "100"), worse, state=OPEN)
    before = domain_margin(held, isolated_domain("alice"))
    bought = settled(trade("alice", "carol", "1", price), state=held)
    after = domain_margin(bought, isolated_domain("alice"))
    assert (before.equity, after.equity) == ((25, 35) if price == "95" else (30, 40))
    assert after.equity < domain_initial(bought, after)
    assert cost_of(bought, key("alice")) == 500 + int(price)
    # In cross margin all margins are needed.
    poor = settled(deposit("dave", "55"), trade("dave", "bob", "5", "100"), worse, state=OPEN)
    assert refusal(poor, trade("dave", "carol", "1", price)) == Reason.INSUFFICIENT_MARGIN


@pytest.mark.rule("TRD-02")
def test_who_only_closes_needs_health_alone() -> None:
    held = settled(deposit("dave", "70"), trade("dave", "carol", "7", "100"), mark("95"), state=OPEN)
    margin = domain_margin(held, cross("dave"))
    assert (margin.equity, domain_initial(held, margin), margin.maintenance) == (35, 67, 34)
    assert refusal(held, trade("carol", "dave", "1", "95")) is None
    assert refusal(held, trade("dave", "carol", "1", "95")) == Reason.UNHEALTHY
    # One lot sold at 94 loses 1 of equity and frees 4 of maintenance; all at 90 loses 35.
    assert refusal(held, trade("carol", "dave", "1", "90")) is None
    assert refusal(held, trade("carol", "dave", "1", "89")) == Reason.UNHEALTHY
    assert refusal(held, trade("carol", "dave", "7", "90")) is None
    assert refusal(held, trade("carol", "dave", "7", "89")) == Reason.NEGATIVE_CASH


@pytest.mark.rule("TRD-02")
def test_leverage_above_the_tier() -> None:
    # 11 lots are above 1000, where leverage is at most 5.
    assert refusal(OPEN, trade("alice", "carol", "11", "100")) == Reason.LEVERAGE_ABOVE_TIER
    assert refusal(OPEN, trade("alice", "carol", "10", "100")) is None
    lower = settled(leverage("alice", 5), leverage("carol", 5), state=OPEN)
    held = settled(trade("alice", "carol", "12", "100"), state=lower)
    transaction = Transaction(held)
    assert leverage_fits(transaction, held.markets["A"], key("alice"))
    assert leverage_fits(transaction, held.markets["A"], key("bob"))
    narrow = settled(new_tiers(("0", 10, "0.05"), ("500", 4, "0.1")), state=held)
    assert not leverage_fits(Transaction(narrow), narrow.markets["A"], key("alice"))
    # Closing is free of it, opening is not.
    assert refusal(narrow, trade("bob", "alice", "1", "100")) is None
    assert refusal(narrow, trade("alice", "bob", "1", "100")) == Reason.LEVERAGE_ABOVE_TIER


@pytest.mark.rule("TRD-02")
def test_a_flat_domain_may_not_owe() -> None:
    held = settled(deposit("dave", "50"), trade("dave", "carol", "5", "100"), state=OPEN)
    assert refusal(held, trade("carol", "dave", "5", "90")) is None
    assert refusal(held, trade("carol", "dave", "5", "89")) == Reason.NEGATIVE_CASH
    assert refusal(held, trade("carol", "dave", "6", "89")) == Reason.UNHEALTHY
    alone = settled(deposit("dave", "500"), margin_mode("dave"), trade("dave", "carol", "5", "100"), state=OPEN)
    assert refusal(alone, trade("carol", "dave", "6", "80")) == Reason.NEGATIVE_CASH
    owing = with_balances(settled(deposit("dave", "50"), margin_mode("dave"), state=OPEN), wallet__dave__USD=-1)
    assert refusal(owing, trade("dave", "carol", "1", "100")) == Reason.INSUFFICIENT_BALANCE


@pytest.mark.rule("TRD-02", "ACC-04")
def test_a_flat_cross_domain_of_an_isolated_party_may_not_owe() -> None:
    lonely = settled(deposit("dave", "50"), margin_mode("dave"), trade("dave", "carol", "4", "100"), state=OPEN)
    owing = with_balances(lonely, wallet__dave__USD=-25)
    assert refusal(owing, trade("carol", "dave", "1", "100")) == Reason.NEGATIVE_CASH
    assert refusal(lonely, trade("carol", "dave", "1", "100")) is None


@pytest.mark.rule("NUM-03")
def test_open_interest_that_a_trade_raises_is_bounded() -> None:
    market = minimal(mark=Price(2**10))
    cases = ((2**60, 0, False), (2**60 + 1, 0, True), (2**60 + 1, 1, False), (2**60 + 1, 2, False))
    for value, before, past in cases:
        transaction = Transaction(State(header=MINIMAL))
        transaction.open_interest = transaction.open_interest.set("A", Quantity(1))
        transaction.open_value = transaction.open_value.set("USD", Money(value))
        check_open_interest(transaction, market, before)
        assert transaction.out_of_range == past


RICH: tuple[Event, ...] = (
    *(listing(rows=(("0", 1000, "0.00000001"),)), mark("128"), deposit("alice", str(2**59))),
    *(deposit("bob", str(2**59)), leverage("alice", 1000), leverage("bob", 1000)),
)


@pytest.mark.rule("NUM-03")
def test_the_open_interest_of_an_asset_counts_all_its_markets() -> None:
    second = (listing("B", rows=(("0", 1000, "0.00000001"),)), mark("128", "B"))
    accounts = (leverage("alice", 1000, "B"), leverage("bob", 1000, "B"))
    most = settled(*RICH, *second, *accounts, trade("alice", "bob", str(2**52), "128"))
    full = settled(trade("alice", "bob", str(2**52), "128", market="B"), state=most)
    assert full.open_value == Map({"USD": 2**60})
    assert refusal(full, trade("alice", "bob", "1", "128")) == Reason.OUT_OF_RANGE
    assert refusal(full, trade("alice", "bob", "1", "128", market="B")) == Reason.OUT_OF_RANGE
    assert refusal(full, mark("384")) is None
    assert refusal(full, mark("385")) == Reason.OUT_OF_RANGE


@pytest.mark.rule("NUM-03")
def test_the_costs_of_a_domain_are_bounded_where_it_opens() -> None:
    held = settled(*RICH, trade("alice", "bob", str(2**52), "128"))
    dear = with_balances(held, position__alice__A__BOTH=-(2**60), wallet__alice__USD=2**60)
    assert refusal(dear, trade("alice", "bob", "1", "128")) == Reason.OUT_OF_RANGE
    assert refusal(dear, trade("bob", "alice", "1", "128")) is None


@pytest.mark.rule("NUM-03")
def test_a_trade_past_the_open_interest_is_out_of_range() -> None:
    most = settled(*RICH, trade("alice", "bob", str(2**53), "128"))
    assert refusal(most, trade("alice", "bob", "1", "128")) == Reason.OUT_OF_RANGE
    assert refusal(most, trade("bob", "alice", "1", "128")) is None


@pytest.mark.rule("TRD-03")
@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ({"buyer_order": "o9"}, Reason.UNKNOWN_ORDER),
        ({"buyer_order": "o1", "seller_order": "o9"}, Reason.UNKNOWN_ORDER),
        ({"buyer_order": "o1", "seller_order": "o1"}, None),
        ({"buyer_order": "o2"}, Reason.ORDER_MISMATCH),
    ],
)
def test_named_orders_must_exist_and_fit(named: dict[str, Any], reason: Reason | None) -> None:
    placed = settled(
        *(order("alice", "buy", "2", "100"), order("alice", "sell", "2", "100", id="o2")),
        order("bob", "sell", "2", "100"),
        state=OPEN,
    )
    assert refusal(placed, trade("alice", "bob", "2", "100", **named)) == reason
    assert decimal("2") == 2 * 10**8


@pytest.mark.rule("TRD-01")
def test_a_stated_fee_replaces_that_of_its_side_alone() -> None:
    paying = settled(new_fees(taker="0.01", maker="0.02", share="0.5"), state=OPEN)
    assert effects(paying, trade("alice", "bob", "1", "100", buyer_fee="5")) == (
        moved("position:alice:A:BOTH", "position:bob:A:BOTH", 100, "ACC-02"),
        at(1),
        moved("wallet:alice:USD", "insurance:USD", 2, "TRD-01"),
        moved("wallet:alice:USD", "house:USD", 3, "TRD-01"),
        at(-1, "bob"),
        moved("wallet:bob:USD", "insurance:USD", 1, "TRD-01"),
        moved("wallet:bob:USD", "house:USD", 1, "TRD-01"),
        InsuranceStatus("USD", Money(3), Money(0)),
    )
    free = effects(paying, trade("alice", "bob", "1", "100", buyer_fee="0", seller_fee="0"))
    assert free == (moved("position:alice:A:BOTH", "position:bob:A:BOTH", 100, "ACC-02"), at(1), at(-1, "bob"))
    # As much as the trade is worth, and no more.
    assert balances(settled(trade("alice", "bob", "1", "100", seller_fee="100"), state=OPEN))["house:USD"] == 100
    assert refusal(OPEN, trade("alice", "bob", "1", "100", seller_fee="101")) == Reason.INVALID_AMOUNT


@pytest.mark.rule("TRD-01", "LED-02")
def test_rebates_come_from_the_house_when_both_sides_are_booked() -> None:
    # The buyer is booked first, and its rebate is what the seller pays.
    assert effects(OPEN, trade("alice", "bob", "1", "100", buyer_fee="-3", seller_fee="5")) == (
        moved("position:alice:A:BOTH", "position:bob:A:BOTH", 100, "ACC-02"),
        at(1),
        at(-1, "bob"),
        moved("wallet:bob:USD", "house:USD", 5, "TRD-01"),
        moved("house:USD", "wallet:alice:USD", 3, "TRD-01"),
    )
    assert refusal(OPEN, trade("alice", "bob", "1", "100", buyer_fee="-6", seller_fee="5")) == Reason.INSUFFICIENT_FUNDS
    funded = settled(trade("alice", "bob", "1", "100", seller_fee="5"), state=OPEN)
    assert (
        refusal(funded, trade("alice", "bob", "1", "100", buyer_fee="-3", seller_fee="-3")) == Reason.INSUFFICIENT_FUNDS
    )
    both = settled(trade("alice", "bob", "1", "100", buyer_fee="-3", seller_fee="-2"), state=funded)
    assert (balances(both)["wallet:alice:USD"], balances(both)["wallet:bob:USD"]) == (1003, 997)
    assert "house:USD" not in balances(both)


ISOLATED_TEN = settled(
    *(margin_mode("alice"), leverage("alice", 5), trade("alice", "carol", "10", "100", seller_fee="50")), state=OPEN
)
"""Alice holds ten lots at 100 with 200 of margin, and the house has 50."""


@pytest.mark.rule("TRD-01", "ACC-04")
def test_a_rebate_of_an_opening_is_no_margin_and_goes_to_the_position() -> None:
    opened = effects(ISOLATED_TEN, trade("alice", "bob", "5", "100", buyer_fee="-20"))
    assert opened == (
        moved("position:alice:A:BOTH", "position:bob:A:BOTH", 500, "ACC-02"),
        moved("wallet:alice:USD", "isolated:alice:A:BOTH", 100, "ACC-04"),
        at(15),
        at(-5, "bob"),
        moved("house:USD", "isolated:alice:A:BOTH", 20, "TRD-01"),
    )
    # 100 of margin are due, and 99 are there: the rebate does not stand in.
    poor = settled(withdraw("alice", "701"), state=ISOLATED_TEN)
    assert refusal(poor, trade("alice", "bob", "5", "100", buyer_fee="-20")) == Reason.INSUFFICIENT_BALANCE


@pytest.mark.rule("TRD-01", "ACC-04")
def test_no_part_of_a_rebate_returns() -> None:
    assert effects(ISOLATED_TEN, trade("bob", "alice", "5", "100", seller_fee="-20")) == (
        moved("position:bob:A:BOTH", "position:alice:A:BOTH", 500, "ACC-02"),
        at(5, "bob"),
        at(5),
        moved("isolated:alice:A:BOTH", "wallet:alice:USD", 100, "ACC-04"),
        moved("house:USD", "isolated:alice:A:BOTH", 20, "TRD-01"),
    )


@pytest.mark.rule("TRD-01", "ACC-04", "INV-05")
def test_the_rebate_of_a_position_that_is_flat_goes_to_the_wallet() -> None:
    assert effects(ISOLATED_TEN, trade("bob", "alice", "10", "100", seller_fee="-20")) == (
        moved("position:bob:A:BOTH", "position:alice:A:BOTH", 1000, "ACC-02"),
        at(10, "bob"),
        at(0),
        moved("isolated:alice:A:BOTH", "wallet:alice:USD", 200, "ACC-04"),
        moved("house:USD", "wallet:alice:USD", 20, "TRD-01"),
    )


@pytest.mark.rule("TRD-01", "TRD-02")
def test_a_rebate_counts_in_the_tests_that_come_after_it() -> None:
    # Dave needs 50 for five lots, has 45, and gets 5.
    poor = settled(deposit("dave", "45"), state=OPEN)
    assert refusal(poor, trade("dave", "carol", "5", "100", seller_fee="5")) == Reason.INSUFFICIENT_MARGIN
    assert refusal(poor, trade("dave", "carol", "5", "100", buyer_fee="-5", seller_fee="5")) is None
    # But a flip of an isolated position must not close into a debt that only a rebate would pay.
    assert refusal(ISOLATED_TEN, trade("carol", "alice", "11", "79", seller_fee="-50")) == Reason.NEGATIVE_CASH


@pytest.mark.rule("MKT-04", "TRD-01")
def test_a_trade_at_the_edge_of_the_band() -> None:
    limited = settled(new_limits(band="0.045"), state=OPEN)
    for price, reason in (
        ("95", None),
        ("94", Reason.PRICE_OUT_OF_BAND),
        ("105", None),
        ("106", Reason.PRICE_OUT_OF_BAND),
    ):
        assert refusal(limited, trade("alice", "bob", "1", price)) == reason
