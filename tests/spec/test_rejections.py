"""Every reason by every event that can give it, and the first of those that apply together."""

from typing import Any

import attrs
import pytest

from marginspec.margin.margin import domain_margin
from marginspec.model.effects import Receipt
from marginspec.model.events import Event, ListMarket, WithdrawHouse
from marginspec.model.rejections import Reason
from marginspec.model.state import State
from marginspec.model.units import Decimal8
from marginspec.registry import HANDLERS
from marginspec.transition import apply
from marginspec_conformance.generator.events import (
    BINANCE_ROWS,
    adjust,
    cancel,
    decimal,
    declare,
    deposit,
    fill,
    fund,
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
    settle,
    tiers,
    trade,
    withdraw,
)
from worlds.refusals import BY_EVENT
from worlds.states import MINIMAL_NONE, cross, settled, with_balances

R = Reason
PAST = str(2**53 + 1)
HUGE = str(2**62 + 1)

LISTED = settled(listing(), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "5000"))
OPEN = settled(mark("100"), state=LISTED)
ISOLATED = settled(margin_mode("alice"), leverage("carol", 5), trade("alice", "bob", "10", "100"), state=OPEN)
HELD = settled(trade("alice", "bob", "5", "100"), order("alice", "buy", "2", "100"), state=OPEN)
HEDGED = settled(position_mode("alice"), trade("alice", "bob", "3", "100"), state=OPEN)
# Five lots of dave's at 88 each, with nothing in reserve or fund.
TAKEN = settled(deposit("dave", "60"), trade("dave", "carol", "5", "100"), mark("92"), state=OPEN)
# At 92 carol's profit is gone to bob's price of 85, who so loses.
ALONE = settled(trade("carol", "bob", "5", "85"), state=TAKEN)
SMALL = settled(deposit("dave", "50"), state=OPEN)
SMALL_TAKEN = settled(deposit("erin", "40"), deposit("fay", "20"), margin_mode("fay"), state=TAKEN)
# Dave's lots, without a last resort; carol has closed her side to bob, at a price at which no lot can be closed.
UNPAYABLE = settled(
    *(listing(), mark("100"), deposit("bob", "1000"), deposit("carol", "5000"), deposit("dave", "60")),
    *(trade("dave", "carol", "5", "100"), mark("92"), trade("carol", "bob", "5", "80")),
    header=MINIMAL_NONE,
)
OWING = with_balances(
    settled(margin_mode("dave"), deposit("dave", "40"), trade("dave", "carol", "3", "100"), state=SMALL),
    wallet__dave__USD=-20,
)
# Dave is short of initial margin: 4 lots sold at 100 stand at 130, and the tier that holds them allows 5.
TIGHT = settled(
    *(deposit("dave", "220"), trade("carol", "dave", "4", "100"), mark("130")),
    new_tiers(("0", 10, "0.05"), ("500", 5, "0.1")),
    state=OPEN,
)
# Alice's isolated leverage of 10 is above the 5 that the tier of her position allows now.
STEEPER = settled(new_tiers(("0", 10, "0.05"), ("500", 5, "0.1")), state=ISOLATED)
RICH = settled(
    *(listing(rows=(("0", 1000, "0.00000001"),)), mark("128"), deposit("alice", str(2**59))),
    *(deposit("bob", str(2**59)), leverage("alice", 1000), leverage("bob", 1000)),
    trade("alice", "bob", str(2**53), "128"),
)
BRIM = with_balances(ISOLATED, wallet__alice__USD=2**62, isolated__alice__A__BOTH=2**62)
# Prices from 90 to 110, fills at 97 to 103, funding of 1% at most, positions of 500 at most.
LIMITED = settled(new_limits(band="0.1", fill_band="0.03", cap="0.01", limit="500"), state=OPEN)
TAKEN_LIMITED = settled(new_limits(band="0.1", fill_band="0.03", limit="91"), state=TAKEN)
FULL_HOUSE = with_balances(OPEN, house__USD=5, external__USD=2**62)
LATE = with_balances(HELD, wallet__bob__USD=2**62)


def from_house(amount: str) -> WithdrawHouse:
    return WithdrawHouse("USD", decimal(amount))


def changed(**changes: Any) -> ListMarket:
    return attrs.evolve(listing("N"), **changes)


TABLE: list[tuple[Reason, State, Event]] = [
    # Markets and accounts.
    (R.UNKNOWN_MARKET, OPEN, new_tiers(("0", 1, "0.5"), market="Z")),
    (R.UNKNOWN_MARKET, OPEN, new_fees(market="Z")),
    (R.UNKNOWN_MARKET, OPEN, new_limits(market="Z")),
    (R.UNKNOWN_MARKET, OPEN, mark("1", "Z")),
    (R.UNKNOWN_MARKET, OPEN, settle("1", "Z")),
    (R.UNKNOWN_MARKET, OPEN, margin_mode("alice", market="Z")),
    (R.UNKNOWN_MARKET, OPEN, leverage("alice", 1, "Z")),
    (R.UNKNOWN_MARKET, OPEN, adjust("alice", "1", "Z")),
    (R.UNKNOWN_MARKET, OPEN, order("alice", "buy", "1", "100", market="Z")),
    (R.UNKNOWN_MARKET, OPEN, trade("alice", "bob", "1", "100", "Z")),
    (R.UNKNOWN_MARKET, OPEN, funding("0", "Z")),
    (R.UNKNOWN_MARKET, OPEN, fill("alice", "1", "100", market="Z")),
    (R.MARKET_EXISTS, OPEN, listing()),
    (R.INVALID_MARKET, OPEN, changed(price_decimals=1)),
    (R.INVALID_MARKET, OPEN, changed(quantity_decimals=-1)),
    (R.INVALID_MARKET, OPEN, changed(tick=Decimal8(0))),
    (R.INVALID_TIERS, OPEN, changed(tiers=())),
    (R.INVALID_TIERS, OPEN, changed(tiers=tiers(*BINANCE_ROWS[1:]))),
    (R.INVALID_TIERS, OPEN, new_tiers(("0", 2, "0.5"))),
    (R.UNKNOWN_ACCOUNT, OPEN, withdraw("zoe", "1")),
    (R.UNKNOWN_ACCOUNT, OPEN, position_mode("zoe")),
    (R.UNKNOWN_ACCOUNT, OPEN, margin_mode("zoe")),
    (R.UNKNOWN_ACCOUNT, OPEN, leverage("zoe", 1)),
    (R.UNKNOWN_ACCOUNT, OPEN, adjust("zoe", "1")),
    (R.UNKNOWN_ACCOUNT, OPEN, order("zoe", "buy", "1", "100")),
    (R.UNKNOWN_ACCOUNT, OPEN, cancel("zoe")),
    (R.UNKNOWN_ACCOUNT, OPEN, trade("zoe", "bob", "1", "100")),
    (R.UNKNOWN_ACCOUNT, OPEN, trade("bob", "zoe", "1", "100")),
    (R.UNKNOWN_ACCOUNT, OPEN, fill("zoe", "1", "100")),
    (R.NO_MARK, LISTED, order("alice", "buy", "1", "100")),
    (R.NO_MARK, LISTED, trade("alice", "bob", "1", "100")),
    (R.NO_MARK, LISTED, funding("0")),
    (R.NO_MARK, LISTED, fill("alice", "1", "100")),
    (R.NO_MARK, LISTED, settle("100")),
    (R.SELF_TRADE, OPEN, trade("alice", "alice", "1", "100")),
    # Values.
    *((R.INVALID_PRICE, OPEN, event(text)) for event in (mark, settle) for text in ("0", "-1", "0.5", PAST)),
    *((R.INVALID_PRICE, OPEN, order("alice", "buy", "1", text)) for text in ("0", "-1", "0.5", PAST)),
    *((R.INVALID_PRICE, OPEN, trade("alice", "bob", "1", text)) for text in ("0", "-1", "0.5", PAST)),
    *((R.INVALID_PRICE, TAKEN, fill("alice", "1", text)) for text in ("0", "-1", "0.5", PAST)),
    (R.PRICE_OUT_OF_BAND, LIMITED, order("alice", "buy", "1", "111")),
    (R.PRICE_OUT_OF_BAND, LIMITED, order("alice", "sell", "1", "89")),
    *((R.PRICE_OUT_OF_BAND, LIMITED, trade("alice", "bob", "1", text)) for text in ("89", "111")),
    *((R.PRICE_OUT_OF_BAND, TAKEN_LIMITED, fill("alice", "1", text)) for text in ("81", "103", "89")),
    *((R.INVALID_QUANTITY, OPEN, order("alice", "buy", text, "1")) for text in ("0", "-1", "0.5", PAST)),
    *((R.INVALID_QUANTITY, OPEN, trade("alice", "bob", text, "1")) for text in ("0", "-1", "0.5", PAST)),
    *((R.INVALID_QUANTITY, TAKEN, fill("alice", text, "1")) for text in ("0", "-1", "0.5", PAST)),
    (R.INVALID_QUANTITY, OPEN, trade("alice", "bob", str(2**53), "513")),
    (R.INVALID_QUANTITY, OPEN, trade("alice", "bob", str(2**50), str(2**12 + 1))),
    *((R.INVALID_AMOUNT, OPEN, deposit("alice", text)) for text in ("0", "-1", "0.5", HUGE)),
    *((R.INVALID_AMOUNT, OPEN, withdraw("alice", text)) for text in ("0", "-1", "0.5", HUGE)),
    *((R.INVALID_AMOUNT, OPEN, fund(text)) for text in ("0", "-1", "0.5", HUGE)),
    *((R.INVALID_AMOUNT, OPEN, from_house(text)) for text in ("0", "-1", "0.5", HUGE)),
    *((R.INVALID_AMOUNT, OPEN, adjust("alice", text)) for text in ("0", "0.5", HUGE, "-" + HUGE)),
    *((R.INVALID_AMOUNT, OPEN, changed(position_limit=decimal(text))) for text in ("0", "-1", "0.5", HUGE)),
    *((R.INVALID_AMOUNT, OPEN, new_limits(limit=text)) for text in ("0", "-1", "0.5", HUGE)),
    *((R.INVALID_AMOUNT, OPEN, trade("alice", "bob", "1", "100", buyer_fee=text)) for text in ("0.5", "101", "-101")),
    *((R.INVALID_AMOUNT, OPEN, trade("alice", "bob", "1", "100", seller_fee=text)) for text in ("0.5", "101", HUGE)),
    *((R.INVALID_AMOUNT, TAKEN, fill("alice", "1", "92", counterparty_fee=text)) for text in ("0.5", "93", "-93")),
    *((R.INVALID_RATE, OPEN, new_limits(band=text)) for text in ("0", "-0.1", "1.00000001")),
    *((R.INVALID_RATE, OPEN, new_limits(fill_band=text)) for text in ("0", "-0.1", "1.00000001")),
    *((R.INVALID_RATE, OPEN, new_limits(cap=text)) for text in ("0", "-0.1", "1.00000001")),
    (R.INVALID_RATE, OPEN, changed(price_band=Decimal8(0))),
    *((R.INVALID_RATE, LIMITED, funding(rate)) for rate in ("0.01000001", "-0.01000001")),
    (R.INVALID_RATE, OPEN, changed(taker_fee=Decimal8(-1))),
    (R.INVALID_RATE, OPEN, changed(clearance_fee=Decimal8(10**8 + 1))),
    *((R.INVALID_RATE, OPEN, new_fees(*rates)) for rates in (("1.1",), ("0", "-1"), ("0", "0", "2"), (*"000", "2"))),
    *((R.INVALID_RATE, OPEN, funding(rate)) for rate in ("1.00000001", "-1.00000001")),
    *((R.INVALID_LEVERAGE, OPEN, leverage("alice", value)) for value in (-1, 0, 11, 1001)),
    # Sides, orders, positions.
    (R.WRONG_POSITION_SIDE, OPEN, order("alice", "buy", "1", "100", position_side="LONG")),
    (R.WRONG_POSITION_SIDE, HEDGED, order("alice", "sell", "4", "100", position_side="LONG")),
    (R.WRONG_POSITION_SIDE, OPEN, trade("alice", "bob", "1", "100", buyer_side="SHORT")),
    (R.WRONG_POSITION_SIDE, OPEN, trade("alice", "bob", "1", "100", seller_side="SHORT")),
    (R.WRONG_POSITION_SIDE, HEDGED, trade("bob", "alice", "4", "100", seller_side="LONG")),
    (R.WRONG_POSITION_SIDE, HEDGED, trade("alice", "bob", "1", "100", buyer_side="BOTH")),
    (R.WRONG_POSITION_SIDE, TAKEN, fill("alice", "1", "92", counterparty_side="LONG")),
    (R.ORDER_EXISTS, HELD, order("alice", "sell", "1", "100")),
    (R.UNKNOWN_ORDER, HELD, cancel("alice", "o2")),
    (R.UNKNOWN_ORDER, HELD, trade("alice", "bob", "1", "100", buyer_order="o2")),
    (R.UNKNOWN_ORDER, HELD, trade("alice", "bob", "1", "100", seller_order="o1")),
    (R.ORDER_MISMATCH, HELD, trade("alice", "bob", "3", "100", buyer_order="o1")),
    (R.ORDER_MISMATCH, HELD, trade("alice", "bob", "1", "101", buyer_order="o1")),
    (R.ORDER_MISMATCH, HELD, trade("bob", "alice", "1", "100", seller_order="o1")),
    (R.REDUCE_ONLY, HELD, order("alice", "buy", "1", "100", id="o2", reduce_only=True)),
    (
        R.REDUCE_ONLY,
        settled(
            *(order("alice", "sell", "5", "100", id="o2", reduce_only=True), trade("bob", "alice", "1", "100")),
            state=HELD,
        ),
        trade("bob", "alice", "5", "100", seller_order="o2"),
    ),
    (R.NO_POSITION, OPEN, adjust("alice", "1")),
    (R.NOT_FLAT, HELD, position_mode("alice")),
    (R.NOT_FLAT, HELD, margin_mode("alice")),
    (R.LEVERAGE_REDUCTION, ISOLATED, leverage("alice", 9)),
    (R.NOT_ISOLATED, HELD, adjust("alice", "1")),
    # Inventory, cover, funds.
    (R.NO_INVENTORY, OPEN, fill("alice", "1", "100")),
    (R.NO_INVENTORY, TAKEN, fill("alice", "6", "92")),
    (R.NO_INVENTORY, TAKEN, fill("alice", "1", "92", "short")),
    (R.UNKNOWN_MARKET, OPEN, declare("1", market="Z")),
    (R.NO_MARK, LISTED, declare("1")),
    *((R.INVALID_QUANTITY, TAKEN, declare(text)) for text in ("0", "-1", "0.5", PAST)),
    (R.NO_INVENTORY, OPEN, declare("1")),
    (R.NO_INVENTORY, TAKEN, declare("6")),
    (R.NO_INVENTORY, TAKEN, declare("1", "short")),
    (R.NO_COUNTERPARTY, ALONE, declare("1")),
    (R.OUT_OF_RANGE, with_balances(TAKEN, wallet__carol__USD=2**62), declare("1")),
    (R.COVER_EXCEEDED, TAKEN, fill("alice", "1", "87")),
    (R.COVER_EXCEEDED, UNPAYABLE, settle("80")),
    (R.INSUFFICIENT_FUNDS, OPEN, from_house("1")),
    (R.INSUFFICIENT_FUNDS, OPEN, trade("alice", "bob", "1", "100", buyer_fee="-2", seller_fee="1")),
    (R.INSUFFICIENT_FUNDS, TAKEN, fill("alice", "1", "92", counterparty_fee="-1")),
    (R.INSUFFICIENT_BALANCE, OPEN, withdraw("alice", "1001")),
    (R.INSUFFICIENT_BALANCE, ISOLATED, adjust("alice", "901")),
    (R.INSUFFICIENT_BALANCE, ISOLATED, adjust("alice", "-1")),
    (R.INSUFFICIENT_BALANCE, OPEN, order("alice", "buy", "51", "100")),
    (R.INSUFFICIENT_BALANCE, ISOLATED, trade("alice", "carol", "91", "100")),
    (R.INSUFFICIENT_BALANCE, SMALL_TAKEN, fill("fay", "3", "92")),
    # Margin.
    (R.LEVERAGE_ABOVE_TIER, OPEN, trade("alice", "bob", "11", "100")),
    (
        R.LEVERAGE_ABOVE_TIER,
        settled(new_tiers(("0", 10, "0.05"), ("90", 2, "0.2")), state=TAKEN),
        fill("bob", "1", "92"),
    ),
    (R.POSITION_LIMIT, LIMITED, trade("alice", "bob", "6", "100")),
    (R.POSITION_LIMIT, TAKEN_LIMITED, fill("alice", "1", "92")),
    (R.NEGATIVE_CASH, settled(trade("dave", "carol", "5", "100"), state=SMALL), trade("carol", "dave", "5", "89")),
    (R.NEGATIVE_CASH, OWING, trade("carol", "dave", "1", "100")),
    (R.NEGATIVE_CASH, settled(trade("bob", "erin", "4", "92"), state=SMALL_TAKEN), fill("erin", "4", "103")),
    (R.UNHEALTHY, SMALL, trade("dave", "carol", "10", "100")),
    (R.UNHEALTHY, SMALL, trade("carol", "dave", "10", "100")),
    (R.LEVERAGE_ABOVE_TIER, TIGHT, leverage("dave", 6)),
    (R.UNHEALTHY, settled(new_fees(maker="0.3"), state=SMALL_TAKEN), fill("erin", "5", "92")),
    (R.INSUFFICIENT_MARGIN, SMALL, trade("dave", "carol", "6", "100")),
    (R.INSUFFICIENT_MARGIN, TIGHT, leverage("dave", 4)),
    (R.INSUFFICIENT_MARGIN, SMALL, trade("carol", "dave", "6", "100")),
    (R.INSUFFICIENT_MARGIN, SMALL_TAKEN, fill("erin", "5", "92")),
    # Limits of state.
    (R.OUT_OF_RANGE, OPEN, deposit("alice", str(2**60))),
    (R.OUT_OF_RANGE, OPEN, fund(str(2**60))),
    (R.OUT_OF_RANGE, RICH, mark(str(2**9 + 1))),
    (R.OUT_OF_RANGE, RICH, settle(str(2**9 + 1))),
    (R.OUT_OF_RANGE, RICH, trade("alice", "bob", "1", "128")),
    (R.OUT_OF_RANGE, BRIM, adjust("alice", "1")),
    (R.OUT_OF_RANGE, BRIM, adjust("alice", "-1")),
    (R.OUT_OF_RANGE, with_balances(OPEN, external__USD=2**62), withdraw("alice", "1")),
    (R.OUT_OF_RANGE, FULL_HOUSE, from_house("1")),
    (R.OUT_OF_RANGE, LATE, funding("0.01")),
    (R.OUT_OF_RANGE, with_balances(TAKEN, reserve__A=2**62), fill("alice", "1", "93")),
]


def name_of(entry: tuple[Reason, State, Event]) -> str:
    return f"{entry[0]}-{type(entry[2]).__name__}"


@pytest.mark.rule("INV-09", "NUM-03", "TRD-02", "TRD-03", "LIQ-05", "ACC-01", "ACC-04", "MRG-06", "MKT-01")
@pytest.mark.parametrize("entry", TABLE, ids=name_of)
def test_a_reason_is_given_and_nothing_changes(entry: tuple[Reason, State, Event]) -> None:
    reason, before, event = entry
    copy = attrs.evolve(before)
    after, receipt = apply(before, event)
    assert receipt == Receipt(reason, ())
    assert after is before
    assert before == copy


@pytest.mark.rule("JRN-01")
def test_the_table_has_every_reason_of_every_event() -> None:
    found: dict[str, set[str]] = {handled.__name__: set() for handled in HANDLERS}
    for reason, _, event in TABLE:
        found[type(event).__name__].add(reason.value)
    assert found == {name: set(reasons.split()) for name, reasons in BY_EVENT.items()}
    assert {reason for reason, _, _ in TABLE} == set(Reason)


# Each event has every fault from its reason on; mending the first shows the next.
PRECEDENCE: dict[str, list[tuple[Reason, State, Event]]] = {
    "list_market": [
        (R.MARKET_EXISTS, OPEN, attrs.evolve(changed(tick=Decimal8(0), tiers=(), taker_fee=Decimal8(-1)), market="A")),
        (R.INVALID_MARKET, OPEN, changed(tick=Decimal8(0), tiers=(), taker_fee=Decimal8(-1))),
        (R.INVALID_TIERS, OPEN, changed(tiers=(), position_limit=Decimal8(0), taker_fee=Decimal8(-1))),
        (R.INVALID_AMOUNT, OPEN, changed(position_limit=Decimal8(0), taker_fee=Decimal8(-1))),
        (R.INVALID_RATE, OPEN, changed(taker_fee=Decimal8(-1))),
    ],
    "update": [
        (R.UNKNOWN_MARKET, OPEN, new_tiers(market="Z")),
        (R.INVALID_TIERS, OPEN, new_tiers()),
        (R.UNKNOWN_MARKET, OPEN, new_fees("2", market="Z")),
        (R.INVALID_RATE, OPEN, new_fees("2")),
        (R.UNKNOWN_MARKET, OPEN, new_limits(band="2", limit="0", market="Z")),
        (R.INVALID_AMOUNT, OPEN, new_limits(band="2", limit="0")),
        (R.INVALID_RATE, OPEN, new_limits(band="2", limit="1")),
    ],
    "mark": [
        (R.UNKNOWN_MARKET, RICH, mark(PAST, "Z")),
        (R.INVALID_PRICE, RICH, mark(PAST)),
        (R.OUT_OF_RANGE, RICH, mark(str(2**53))),
    ],
    "final_settlement": [
        (R.UNKNOWN_MARKET, LISTED, settle(PAST, "Z")),
        (R.NO_MARK, LISTED, settle(PAST)),
        (R.INVALID_PRICE, UNPAYABLE, settle(PAST)),
        (R.COVER_EXCEEDED, UNPAYABLE, settle("1")),
        (R.OUT_OF_RANGE, RICH, settle(str(2**53))),
    ],
    "money": [
        (R.UNKNOWN_ACCOUNT, OPEN, withdraw("zoe", "0")),
        (R.INVALID_AMOUNT, OPEN, withdraw("alice", HUGE)),
        (R.INSUFFICIENT_BALANCE, with_balances(OPEN, external__USD=2**62), withdraw("alice", str(2**62))),
        (R.INVALID_AMOUNT, OPEN, deposit("alice", HUGE)),
        (R.INVALID_AMOUNT, FULL_HOUSE, from_house(HUGE)),
        (R.INSUFFICIENT_FUNDS, FULL_HOUSE, from_house("6")),
    ],
    "settings": [
        (R.UNKNOWN_MARKET, HELD, leverage("zoe", 0, "Z")),
        (R.UNKNOWN_ACCOUNT, HELD, leverage("zoe", 0)),
        (R.INVALID_LEVERAGE, HELD, leverage("alice", 0)),
        (R.LEVERAGE_REDUCTION, STEEPER, leverage("alice", 9)),
        (R.LEVERAGE_ABOVE_TIER, TIGHT, leverage("dave", 7)),
        (R.INSUFFICIENT_MARGIN, TIGHT, leverage("dave", 1)),
        (R.UNKNOWN_MARKET, HELD, margin_mode("zoe", market="Z")),
        (R.UNKNOWN_ACCOUNT, HELD, margin_mode("zoe")),
    ],
    "adjust": [
        (R.UNKNOWN_MARKET, OPEN, adjust("zoe", "0", "Z")),
        (R.UNKNOWN_ACCOUNT, OPEN, adjust("zoe", "0")),
        (R.INVALID_AMOUNT, OPEN, adjust("alice", "0")),
        (R.NO_POSITION, OPEN, adjust("alice", "99999")),
        (R.NOT_ISOLATED, HELD, adjust("alice", "99999")),
        (R.INSUFFICIENT_BALANCE, with_balances(ISOLATED, isolated__alice__A__BOTH=2**62), adjust("alice", "99999")),
    ],
    "order": [
        (R.UNKNOWN_MARKET, LISTED, order("zoe", "buy", "0", "0", market="Z")),
        (R.UNKNOWN_ACCOUNT, LISTED, order("zoe", "buy", "0", "0")),
        (R.NO_MARK, LISTED, order("alice", "buy", "0", "0")),
        (R.INVALID_PRICE, HELD, order("alice", "buy", "0", "0", position_side="LONG")),
        (R.INVALID_QUANTITY, HELD, order("alice", "buy", "0", "1", position_side="LONG", reduce_only=True)),
        (R.WRONG_POSITION_SIDE, HELD, order("alice", "buy", "99", "1", position_side="LONG", reduce_only=True)),
        (R.ORDER_EXISTS, HELD, order("alice", "buy", "99", "1", reduce_only=True)),
        (R.REDUCE_ONLY, HELD, order("alice", "buy", "99", "1", id="o2", reduce_only=True)),
        (R.INSUFFICIENT_BALANCE, HELD, order("alice", "buy", "99", "1", id="o2")),
    ],
    "cancel": [(R.UNKNOWN_ACCOUNT, OPEN, cancel("zoe", "o9")), (R.UNKNOWN_ORDER, OPEN, cancel("alice", "o9"))],
    "funding": [
        (R.UNKNOWN_MARKET, LISTED, funding("2", "Z")),
        (R.NO_MARK, LISTED, funding("2")),
        (R.INVALID_RATE, LATE, funding("2")),
        (R.OUT_OF_RANGE, LATE, funding("1")),
    ],
    "trade": [
        (R.UNKNOWN_MARKET, LISTED, trade("zoe", "zoe", "0", "0", "Z")),
        (R.UNKNOWN_ACCOUNT, LISTED, trade("zoe", "zoe", "0", "0")),
        (R.NO_MARK, LISTED, trade("alice", "alice", "0", "0")),
        (R.SELF_TRADE, OPEN, trade("alice", "alice", "0", "0")),
        (R.INVALID_PRICE, LIMITED, trade("alice", "bob", "0", "0", buyer_side="LONG")),
        (R.PRICE_OUT_OF_BAND, LIMITED, trade("alice", "bob", "0", "1", buyer_side="LONG", buyer_fee="9")),
        (R.INVALID_QUANTITY, OPEN, trade("alice", "bob", "0", "1", seller_side="LONG", buyer_order="o9")),
        (R.INVALID_AMOUNT, HELD, trade("alice", "bob", "9", "100", seller_side="LONG", seller_fee="901")),
        (R.WRONG_POSITION_SIDE, HELD, trade("alice", "bob", "9", "100", seller_side="LONG", buyer_order="o9")),
        # The buyer's order does not fit, the seller's does not exist.
        (R.UNKNOWN_ORDER, HELD, trade("alice", "bob", "9", "100", buyer_order="o1", seller_order="o9")),
        (R.ORDER_MISMATCH, HELD, trade("alice", "bob", "9", "100", buyer_order="o1")),
    ],
    "fill": [
        (R.UNKNOWN_MARKET, LISTED, fill("zoe", "0", "0", market="Z")),
        (R.UNKNOWN_ACCOUNT, LISTED, fill("zoe", "0", "0")),
        (R.NO_MARK, LISTED, fill("alice", "0", "0")),
        (R.INVALID_PRICE, LIMITED, fill("alice", "0", "0", counterparty_side="LONG")),
        (R.PRICE_OUT_OF_BAND, LIMITED, fill("alice", "0", "1", counterparty_side="LONG")),
        (R.INVALID_QUANTITY, OPEN, fill("alice", "0", "1", counterparty_side="LONG")),
        (R.INVALID_AMOUNT, OPEN, fill("alice", "9", "1", counterparty_side="LONG", counterparty_fee="10")),
        (R.WRONG_POSITION_SIDE, OPEN, fill("alice", "9", "1", counterparty_side="LONG")),
        (R.NO_INVENTORY, TAKEN, fill("dave", "9", "1")),
        (R.COVER_EXCEEDED, SMALL_TAKEN, fill("fay", "5", "1", counterparty_fee="-5")),
        (R.INSUFFICIENT_FUNDS, SMALL_TAKEN, fill("fay", "5", "99", counterparty_fee="-5")),
        (R.INSUFFICIENT_BALANCE, SMALL_TAKEN, fill("fay", "5", "99")),
    ],
    "deleverage": [
        (R.UNKNOWN_MARKET, LISTED, declare("0", market="Z")),
        (R.NO_MARK, LISTED, declare("0")),
        (R.INVALID_QUANTITY, ALONE, declare("0")),
        (R.NO_INVENTORY, ALONE, declare("9")),
        (R.NO_COUNTERPARTY, ALONE, declare("5")),
    ],
}


@pytest.mark.rule("INV-09", "JRN-01")
@pytest.mark.parametrize("chain", PRECEDENCE.values(), ids=PRECEDENCE.keys())
def test_the_first_reason_in_order_is_given(chain: list[tuple[Reason, State, Event]]) -> None:
    assert [apply(state, event)[1].rejected for _, state, event in chain] == [reason for reason, _, _ in chain]


# After the booking: dave opens isolated, erin closes, and each has every fault from the first reason on.
@pytest.mark.rule("TRD-02", "INV-09")
def test_precedence_of_what_is_found_after_booking() -> None:
    tight = settled(
        *(deposit("dave", "30"), deposit("erin", "120"), deposit("fay", "70"), margin_mode("dave")),
        *(trade("erin", "carol", "5", "100"), trade("fay", "carol", "5", "100")),
        state=OPEN,
    )
    limited = settled(new_limits(limit="400"), state=tight)
    # The house has no rebate for erin, and dave lacks margin.
    assert apply(limited, trade("dave", "erin", "5", "70", seller_fee="-1"))[1].rejected == R.INSUFFICIENT_FUNDS
    # Alice would be above her tier and the limit; then above the limit; erin would be flat and owe.
    assert apply(limited, trade("alice", "erin", "11", "70"))[1].rejected == R.LEVERAGE_ABOVE_TIER
    assert apply(limited, trade("alice", "erin", "5", "70"))[1].rejected == R.POSITION_LIMIT
    rows = [
        # Dave lacks margin, and erin would be flat and owe.
        (R.INSUFFICIENT_BALANCE, trade("dave", "erin", "5", "70")),
        # Alice would be above her tier, and erin would be flat and owe.
        (R.LEVERAGE_ABOVE_TIER, trade("alice", "erin", "11", "70")),
        # Erin would be flat and owe, and fay would be unhealthy.
        (R.NEGATIVE_CASH, trade("fay", "erin", "5", "70")),
    ]
    assert [apply(tight, event)[1].rejected for _, event in rows] == [reason for reason, _ in rows]
    # Fay would be unhealthy.
    unsound = settled(deposit("gil", "60"), state=tight)
    assert apply(unsound, trade("gil", "fay", "4", "83"))[1].rejected == R.UNHEALTHY
    assert apply(unsound, trade("gil", "alice", "7", "100"))[1].rejected == R.INSUFFICIENT_MARGIN
    # A reason counts whichever party has it.
    assert apply(unsound, trade("alice", "gil", "7", "100"))[1].rejected == R.INSUFFICIENT_MARGIN
    assert domain_margin(tight, cross("erin")).equity == 120
    # What is out of range comes last.
    brim = with_balances(unsound, house__USD=2**62, wallet__alice__USD=2**62)
    assert apply(brim, trade("gil", "alice", "7", "100"))[1].rejected == R.INSUFFICIENT_MARGIN


@pytest.mark.rule("TRD-03", "TRD-02")
def test_order_reasons_stand_before_margin_and_reduce_only_after_mismatch() -> None:
    placed = settled(
        order("alice", "sell", "5", "100", id="o2", reduce_only=True), trade("bob", "alice", "3", "100"), state=HELD
    )
    # Two are held. Four are more, at a price worse than the limit.
    assert apply(placed, trade("carol", "alice", "4", "99", seller_order="o2"))[1].rejected == R.ORDER_MISMATCH
    assert apply(placed, trade("carol", "alice", "4", "100", seller_order="o2"))[1].rejected == R.REDUCE_ONLY
    # Reduce-only comes before the taker's lack of margin.
    poor = settled(deposit("dave", "1"), state=placed)
    assert apply(poor, trade("dave", "alice", "4", "100", seller_order="o2"))[1].rejected == R.REDUCE_ONLY
    assert apply(poor, trade("dave", "alice", "2", "100", seller_order="o2"))[1].rejected == R.UNHEALTHY
