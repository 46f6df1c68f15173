"""Orders: placing, cancelling, filling."""

import pytest

from marginspec.handlers.orders import fits_order, reduce_order
from marginspec.margin.margin import order_margin
from marginspec.model.account import Order, OrderSide, PositionKey
from marginspec.model.effects import OrderCancelled, OrderPlaced, OrderReduced, PositionChanged
from marginspec.model.rejections import Reason
from marginspec.model.units import Price, Quantity
from marginspec.transaction import Transaction
from marginspec_conformance.generator.events import (
    cancel,
    deposit,
    leverage,
    listing,
    margin_mode,
    mark,
    new_fees,
    new_limits,
    order,
    position_mode,
    trade,
)
from worlds.states import balances, effects, key, refusal, resting, settled

OPEN = settled(listing(), mark("100"), deposit("alice", "100"), deposit("bob", "1000"))


@pytest.mark.rule("TRD-03", "MRG-03", "MRG-06")
def test_placing_reserves_margin_that_must_be_available() -> None:
    # 9 lots at 101: 90 initial margin and an open loss of 9; 10 lots would need 110.
    assert refusal(OPEN, order("alice", "buy", "10", "101")) == Reason.INSUFFICIENT_BALANCE
    assert effects(OPEN, order("alice", "buy", "9", "101")) == (OrderPlaced("alice", resting(9, 101)),)
    assert effects(OPEN, order("alice", "sell", "10", "100")) == (OrderPlaced("alice", resting(-10, 100)),)
    assert refusal(OPEN, order("alice", "sell", "10", "99")) == Reason.INSUFFICIENT_BALANCE
    both = settled(order("alice", "buy", "10", "100"), order("alice", "sell", "10", "100", id="o2"), state=OPEN)
    assert refusal(both, order("alice", "sell", "1", "100", id="o3")) == Reason.INSUFFICIENT_BALANCE


@pytest.mark.rule("TRD-03", "MRG-03")
def test_an_order_that_closes_needs_no_margin_whatever_its_limit() -> None:
    # All of alice's 100 is the margin of her 10 lots. Selling at 90 loses 10 a lot against the mark.
    held = settled(trade("alice", "bob", "10", "100"), state=OPEN)
    assert effects(held, order("alice", "sell", "10", "90")) == (OrderPlaced("alice", resting(-10, 90)),)
    assert refusal(held, order("alice", "sell", "11", "90")) == Reason.INSUFFICIENT_BALANCE
    half = settled(order("alice", "sell", "6", "90"), state=held)
    assert effects(half, order("alice", "sell", "4", "90", id="o2")) == (
        OrderPlaced("alice", resting(-4, 90, id="o2")),
    )
    # One more would let all of them together leave a short.
    assert refusal(half, order("alice", "sell", "5", "90", id="o2")) == Reason.INSUFFICIENT_BALANCE
    short = settled(trade("bob", "alice", "10", "100"), state=OPEN)
    assert effects(short, order("alice", "buy", "10", "110")) == (OrderPlaced("alice", resting(10, 110)),)
    assert refusal(short, order("alice", "buy", "11", "110")) == Reason.INSUFFICIENT_BALANCE


@pytest.mark.rule("MRG-03")
def test_an_order_bears_its_open_loss_once_the_position_is_smaller_than_it() -> None:
    closing = settled(trade("alice", "bob", "10", "100"), order("alice", "sell", "10", "90"), state=OPEN)
    assert order_margin(closing, "alice", "USD") == 0
    smaller = settled(trade("bob", "alice", "1", "100"), state=closing)
    assert order_margin(smaller, "alice", "USD") == 100


@pytest.mark.rule("TRD-03", "MRG-06")
def test_an_order_in_an_isolated_market_is_not_backed_by_unrealised_profit() -> None:
    # In B, 5 lots have gained 100: of 200 in equity 60 are initial margin, so 140 are available, and 40 movable.
    gained = settled(
        *(listing("B"), mark("100", "B"), trade("alice", "bob", "5", "100", "B"), mark("120", "B")), state=OPEN
    )
    isolated = settled(margin_mode("alice"), state=gained)
    assert refusal(isolated, order("alice", "buy", "5", "100")) == Reason.INSUFFICIENT_BALANCE
    assert effects(isolated, order("alice", "buy", "4", "100")) == (OrderPlaced("alice", resting(4, 100)),)
    # What was accepted can be filled, and what was refused could not have been.
    filled = settled(trade("alice", "bob", "4", "100"), state=isolated)
    assert balances(filled)["isolated:alice:A:BOTH"] == 40
    assert refusal(isolated, trade("alice", "bob", "5", "100")) == Reason.INSUFFICIENT_BALANCE
    # In cross margin, profit backs it.
    assert refusal(gained, order("alice", "buy", "10", "100")) is None
    assert refusal(gained, order("alice", "buy", "11", "100")) == Reason.INSUFFICIENT_BALANCE


@pytest.mark.rule("TRD-03", "ACC-04")
def test_fees_and_a_limit_beyond_the_mark_are_not_reserved() -> None:
    # The order reserves 100 at mark; its fill at 110 moves 110 and no open loss.
    isolated = settled(margin_mode("alice"), state=OPEN)
    placed = settled(order("alice", "sell", "10", "110"), state=isolated)
    assert refusal(placed, trade("bob", "alice", "10", "110", seller_order="o1")) == Reason.INSUFFICIENT_BALANCE
    paying = settled(new_fees(taker="0.01", maker="0.01"), order("alice", "buy", "10", "100"), state=isolated)
    assert refusal(paying, trade("alice", "bob", "10", "100", buyer_order="o1")) == Reason.INSUFFICIENT_BALANCE


@pytest.mark.rule("TRD-03")
def test_order_ids_are_unique_among_an_accounts_open_orders() -> None:
    placed = settled(order("alice", "buy", "1", "100"), state=OPEN)
    assert refusal(placed, order("alice", "sell", "1", "100")) == Reason.ORDER_EXISTS
    assert refusal(placed, order("bob", "sell", "1", "100")) is None
    assert refusal(settled(cancel("alice"), state=placed), order("alice", "sell", "1", "100")) is None
    assert refusal(placed, order("alice", "sell", "1", "100", id="o2")) is None


@pytest.mark.rule("TRD-03")
def test_cancelling() -> None:
    placed = settled(order("alice", "buy", "1", "100"), order("alice", "buy", "1", "99", id="o2"), state=OPEN)
    assert effects(placed, cancel("alice", "o2")) == (OrderCancelled("alice", "o2"),)
    assert settled(cancel("alice"), cancel("alice", "o2"), state=placed) == OPEN
    assert refusal(placed, cancel("alice", "o3")) == Reason.UNKNOWN_ORDER
    assert refusal(placed, cancel("bob")) == Reason.UNKNOWN_ORDER
    assert refusal(placed, cancel("zoe")) == Reason.UNKNOWN_ACCOUNT


@pytest.mark.rule("TRD-03")
def test_reduce_only_orders_only_reduce() -> None:
    assert refusal(OPEN, order("alice", "buy", "1", "100", reduce_only=True)) == Reason.REDUCE_ONLY
    held = settled(trade("alice", "bob", "3", "100"), state=OPEN)
    assert refusal(held, order("alice", "sell", "4", "100", reduce_only=True)) == Reason.REDUCE_ONLY
    assert refusal(held, order("alice", "buy", "1", "100", reduce_only=True)) == Reason.REDUCE_ONLY
    placed = settled(order("alice", "sell", "3", "100", reduce_only=True), state=held)
    assert placed.orders["alice"]["o1"] == resting(-3, 100, reduce_only=True)
    # The position shrinks to 2; a fill of 3 would turn it.
    smaller = settled(trade("bob", "alice", "1", "100"), state=placed)
    assert refusal(smaller, trade("bob", "alice", "3", "100", seller_order="o1")) == Reason.REDUCE_ONLY
    closed = settled(trade("bob", "alice", "2", "100", seller_order="o1"), state=smaller)
    assert closed.orders["alice"]["o1"] == resting(-1, 100, reduce_only=True)
    assert key("alice") not in closed.positions


@pytest.mark.rule("TRD-03")
@pytest.mark.parametrize(
    ("placed", "filled", "quantity", "price", "fits"),
    [
        (resting(3, 100), key("alice"), 3, 100, True),
        (resting(3, 100), key("alice"), 1, 99, True),
        (resting(3, 100), key("alice"), 4, 100, False),
        (resting(3, 100), key("alice"), 3, 101, False),
        (resting(3, 100), key("alice"), -1, 100, False),
        (resting(3, 100), key("alice", "B"), 1, 100, False),
        (resting(3, 100), key("alice", "A", "LONG"), 1, 100, False),
        (resting(-3, 100), key("alice"), -3, 100, True),
        (resting(-3, 100), key("alice"), -1, 101, True),
        (resting(-3, 100), key("alice"), -4, 100, False),
        (resting(-3, 100), key("alice"), -3, 99, False),
        (resting(-3, 100), key("alice"), 1, 100, False),
    ],
)
def test_what_fits_an_order(placed: Order, filled: PositionKey, quantity: int, price: int, fits: bool) -> None:
    assert fits_order(placed, filled, Quantity(quantity), Price(price)) == fits


@pytest.mark.rule("TRD-03", "JRN-01")
def test_a_fill_leaves_less_of_an_order_and_ends_it_at_nothing() -> None:
    placed = settled(order("alice", "buy", "3", "100"), state=OPEN)
    transaction = Transaction(placed)
    reduce_order(transaction, "alice", "o1", Quantity(1))
    assert dict(transaction.orders["alice"]) == {"o1": resting(2, 100)}
    reduce_order(transaction, "alice", "o1", Quantity(2))
    assert dict(transaction.orders) == {}
    assert transaction.effects == [
        OrderReduced("alice", "o1", "A", Quantity(2)),
        OrderReduced("alice", "o1", "A", Quantity(0)),
    ]


@pytest.mark.rule("TRD-03", "TRD-02")
def test_a_filled_order_frees_its_margin_for_the_position() -> None:
    placed = settled(order("alice", "buy", "10", "100"), state=OPEN)
    assert refusal(placed, trade("alice", "bob", "1", "100")) == Reason.INSUFFICIENT_MARGIN
    filled = settled(trade("alice", "bob", "10", "100", buyer_order="o1"), state=placed)
    assert (dict(filled.orders), filled.positions[key("alice")]) == ({}, 10)


@pytest.mark.rule("TRD-03", "ACC-04")
def test_an_isolated_fill_moves_margin_that_its_order_had_reserved() -> None:
    placed = settled(margin_mode("alice"), leverage("alice", 5), order("alice", "buy", "5", "100"), state=OPEN)
    assert refusal(placed, trade("alice", "bob", "5", "100")) == Reason.INSUFFICIENT_BALANCE
    filled = settled(trade("alice", "bob", "3", "100", buyer_order="o1"), state=placed)
    assert balances(filled)["isolated:alice:A:BOTH"] == 60
    assert filled.orders["alice"]["o1"] == resting(2, 100)


@pytest.mark.rule("TRD-03", "ACC-01")
def test_orders_in_hedge_mode_name_their_side() -> None:
    hedged = settled(position_mode("alice"), state=OPEN)
    assert refusal(hedged, order("alice", "buy", "1", "100")) == Reason.WRONG_POSITION_SIDE
    assert refusal(hedged, order("alice", "sell", "1", "100", position_side="LONG")) == Reason.WRONG_POSITION_SIDE
    held = settled(trade("alice", "bob", "2", "100"), state=hedged)
    assert refusal(held, order("alice", "sell", "3", "100", position_side="LONG")) == Reason.WRONG_POSITION_SIDE
    placed = settled(order("alice", "sell", "2", "100", position_side="LONG"), state=held)
    assert effects(placed, trade("bob", "alice", "2", "100", seller_side="LONG", seller_order="o1"))[1:3] == (
        PositionChanged(key("bob"), Quantity(0)),
        OrderReduced("alice", "o1", "A", Quantity(0)),
    )


@pytest.mark.rule("TRD-03")
def test_orders_of_both_parties_are_filled_at_once() -> None:
    placed = settled(order("alice", "buy", "3", "101"), order("bob", "sell", "2", "99"), state=OPEN)
    both = trade("alice", "bob", "2", "100", buyer_order="o1", seller_order="o1")
    filled = settled(both, state=placed)
    assert dict(filled.orders["alice"]) == {"o1": resting(1, 101)}
    assert "bob" not in filled.orders
    assert refusal(placed, trade("alice", "bob", "3", "100", buyer_order="o1", seller_order="o1")) == (
        Reason.ORDER_MISMATCH
    )


@pytest.mark.rule("MKT-04", "TRD-03")
@pytest.mark.parametrize(
    ("side", "price", "reason"),
    [
        # 4.5% of 100: within are 95 to 105. A bid far below and an ask far above harm nobody.
        *[("buy", "105", None), ("buy", "106", Reason.PRICE_OUT_OF_BAND), ("buy", "1", None)],
        *[("sell", "95", None), ("sell", "94", Reason.PRICE_OUT_OF_BAND), ("sell", "500", None)],
    ],
)
def test_an_order_must_not_lie_on_the_wrong_side_of_the_band(
    side: OrderSide, price: str, reason: Reason | None
) -> None:
    limited = settled(new_limits(band="0.045"), state=OPEN)
    assert refusal(limited, order("alice", side, "1", price)) == reason


@pytest.mark.rule("MKT-04", "TRD-03")
def test_an_order_rests_beyond_a_band_that_moved_and_is_not_filled_there() -> None:
    resting_far = settled(new_limits(band="0.1"), order("alice", "buy", "1", "105"), mark("80"), state=OPEN)
    assert resting_far.orders["alice"]["o1"].price == 105
    assert refusal(resting_far, trade("alice", "bob", "1", "105", buyer_order="o1")) == Reason.PRICE_OUT_OF_BAND
    assert refusal(resting_far, trade("alice", "bob", "1", "88", buyer_order="o1")) is None
