"""Every limit of NUM-03 at its value and past it, and the units of NUM-01."""

from immutables import Map

from marginspec.model.events import Event, WithdrawHouse
from marginspec.model.state import Header
from marginspec_conformance.generator.events import (
    adjust,
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
    settle,
    trade,
    withdraw,
)
from marginspec_conformance.vectors.making import Draft
from worlds.suite.building import OPEN, draft

MOST_LOTS, MOST_PRICE = 2**53, 2**53
MOST_AMOUNT, MOST_VALUE = 2**62, 2**62
MOST_DEPOSITS, MOST_TRADED, MOST_MARKED = 2**60, 2**60, 2**61

# One quantum of maintenance whatever the notional: sums of large positions are then for their own limits.
DUST = (("0", 1000, "0.00000001"),)
# Two rich accounts, each with half of all the deposits that there may be, at the largest leverage.
RICH = (
    *(listing(rows=DUST), mark("1"), deposit("alice", str(2**59)), deposit("bob", str(2**59))),
    *(leverage("alice", 1000), leverage("bob", 1000)),
)
LOT = (*OPEN, deposit("dave", "60"), trade("dave", "carol", "5", "100"), mark("92"))
FEES = ("taker", "maker", "share", "clearance")


def at_and_past(name: str, what: str, at: tuple[Event, ...], past: tuple[Event, ...]) -> tuple[Draft, Draft]:
    """Two vectors of a limit: at its value, and past it."""
    return (
        draft("NUM-03", f"{name}-at", f"{what}, exactly at its limit, which lets it pass.", *at),
        draft("NUM-03", f"{name}-past", f"{what}, just past its limit.", *past),
    )


INPUTS = (
    *at_and_past("mark", "A mark", (listing(), mark(str(MOST_PRICE))), (listing(), mark(str(MOST_PRICE + 1)))),
    *at_and_past(
        "last-price",
        "The last price of a market",
        (listing(), mark("1"), settle(str(MOST_PRICE))),
        (listing(), mark("1"), settle(str(MOST_PRICE + 1))),
    ),
    *at_and_past("tick", "A tick", (listing(tick=str(MOST_PRICE)),), (listing(tick=str(MOST_PRICE + 1)),)),
    *at_and_past(
        "quantity",
        "The quantity of a trade",
        (*RICH, trade("alice", "bob", str(MOST_LOTS), "1")),
        (*RICH, trade("alice", "bob", str(MOST_LOTS + 1), "1")),
    ),
    *at_and_past(
        "order-quantity",
        "The quantity of an order",
        (*RICH, order("alice", "buy", str(MOST_LOTS), "1")),
        (*RICH, order("alice", "buy", str(MOST_LOTS + 1), "1")),
    ),
    *at_and_past(
        "order-price",
        "The limit of an order",
        (*RICH, order("alice", "sell", "1", str(MOST_PRICE))),
        (*RICH, order("alice", "sell", "1", str(MOST_PRICE + 1))),
    ),
    *at_and_past(
        "net-deposits",
        "The net deposits of an asset, by a deposit",
        (deposit("alice", str(MOST_DEPOSITS)),),
        (deposit("alice", str(MOST_DEPOSITS)), deposit("bob", "1")),
    ),
    *at_and_past(
        "insurance",
        "The net deposits of an asset, by the exchange's own money",
        (fund(str(MOST_DEPOSITS)),),
        (fund(str(MOST_DEPOSITS)), fund("1")),
    ),
    *at_and_past(
        "tiers",
        "The number of tiers",
        (listing(rows=tuple((str(n), 64 - n, f"0.00{n + 1:03}") for n in range(64))),),
        (listing(rows=tuple((str(n), 65 - n, f"0.00{n + 1:03}") for n in range(65))),),
    ),
    *at_and_past(
        "floor",
        "The floor of a tier",
        (listing(rows=(("0", 10, "0.01"), (str(2**62), 5, "0.02"))),),
        (listing(rows=(("0", 10, "0.01"), (str(2**62 + 1), 5, "0.02"))),),
    ),
    *at_and_past(
        "leverage",
        "A leverage",
        (listing(rows=DUST), deposit("alice", "1"), leverage("alice", 1000)),
        (listing(rows=DUST), deposit("alice", "1"), leverage("alice", 1001)),
    ),
    *at_and_past("least-leverage", "The least leverage", (*OPEN, leverage("alice", 1)), (*OPEN, leverage("alice", 0))),
    *at_and_past(
        "tier-leverage",
        "The maximum leverage of a tier",
        (listing(rows=DUST),),
        (listing(rows=(("0", 1001, "0.00000001"),)),),
    ),
    *at_and_past(
        "funding-rate",
        "A funding rate",
        (*OPEN, trade("alice", "bob", "1", "100"), funding("1")),
        (*OPEN, trade("alice", "bob", "1", "100"), funding("1.00000001")),
    ),
    *at_and_past(
        "negative-funding-rate",
        "A funding rate below zero",
        (*OPEN, trade("alice", "bob", "1", "100"), funding("-1")),
        (*OPEN, trade("alice", "bob", "1", "100"), funding("-1.00000001")),
    ),
    *(
        one
        for name in FEES
        for one in at_and_past(
            f"{name}-rate",
            f"The rate `{name}` of a market",
            (*OPEN, new_fees(**{name: "1"})),
            (*OPEN, new_fees(**{name: "1.00000001"})),
        )
    ),
    *(
        one
        for name in ("band", "fill_band", "cap")
        for one in at_and_past(
            f"{name.replace('_', '-')}-bound",
            f"The limit `{name}` of a market",
            (*OPEN, new_limits(**{name: "1"})),
            (*OPEN, new_limits(**{name: "1.00000001"})),
        )
    ),
    *at_and_past(
        "position-limit-bound",
        "The position limit of a market",
        (*OPEN, new_limits(limit=str(2**62))),
        (*OPEN, new_limits(limit=str(2**62 + 1))),
    ),
    draft(
        "NUM-03",
        "amount-past",
        "A deposit past the largest amount is no amount at all, and not merely out of range.",
        deposit("alice", str(MOST_AMOUNT + 1)),
    ),
    draft(
        "NUM-03",
        "amount-at",
        "A deposit of the largest amount is an amount, and past the bound of net deposits.",
        deposit("alice", str(MOST_AMOUNT)),
    ),
    draft("NUM-03", "no-tiers", "A new table without any tier.", *OPEN, new_tiers()),
    draft(
        "NUM-03",
        "thirty-digits",
        "Amounts as long as the wire allows are refused as too large, not as malformed.",
        deposit("alice", "9" * 30),
    ),
)
VALUES = (
    *at_and_past(
        "value-at-price",
        "The value of a trade at its price, with few lots at a high price",
        (*RICH, trade("alice", "bob", "512", str(2**53))),
        (*RICH, trade("alice", "bob", "513", str(2**53))),
    ),
    *at_and_past(
        "value-at-mark",
        "The value of an order at the mark",
        (*RICH, mark(str(2**53)), order("alice", "buy", "512", "1")),
        (*RICH, mark(str(2**53)), order("alice", "buy", "513", "1")),
    ),
    *at_and_past(
        "value-of-an-order",
        "The value of an order at its limit",
        (*RICH, order("alice", "sell", "512", str(2**53))),
        (*RICH, order("alice", "sell", "513", str(2**53))),
    ),
    *at_and_past(
        "value-of-a-fill",
        "The value of a fill at its price",
        (*LOT, fill("alice", "5", str(2**53 - 1))),
        (*LOT, fill("alice", "513", str(2**53))),
    ),
    *at_and_past(
        "value-of-what-is-declared",
        "The value at mark of declared deleveraging",
        (*LOT, mark("512"), declare(str(2**53))),
        (*LOT, mark("513"), declare(str(2**53))),
    ),
)
SUMS = (
    *at_and_past(
        "open-interest",
        "The open interest of a market after a trade",
        (*RICH, mark("128"), trade("alice", "bob", str(2**53), "128")),
        (*RICH, mark("128"), trade("alice", "bob", str(2**53), "128"), trade("alice", "bob", "1", "128")),
    ),
    *at_and_past(
        "open-interest-at-a-mark",
        "The open interest of an asset at a new mark",
        (*RICH, mark("128"), trade("alice", "bob", str(2**53), "128"), mark("256")),
        (*RICH, mark("128"), trade("alice", "bob", str(2**53), "128"), mark("257")),
    ),
    draft(
        "NUM-03",
        "a-frozen-mark-thaws",
        "A mark that is refused leaves the one before; a lower one is taken again.",
        *RICH,
        mark("128"),
        trade("alice", "bob", str(2**53), "128"),
        mark("257"),
        mark("127"),
    ),
    draft(
        "NUM-03",
        "open-interest-of-two-markets",
        "The open interest of an asset counts all of its markets together.",
        *RICH,
        mark("128"),
        listing("B", rows=DUST),
        mark("128", "B"),
        leverage("alice", 1000, "B"),
        leverage("bob", 1000, "B"),
        trade("alice", "bob", str(2**52), "128"),
        trade("alice", "bob", str(2**52), "128", "B"),
        trade("alice", "bob", "1", "128", "B"),
    ),
    draft(
        "NUM-03",
        "open-interest-may-shrink",
        "A trade that closes is accepted, though open interest is past its limit of trades.",
        *RICH,
        mark("128"),
        trade("alice", "bob", str(2**53), "128"),
        mark("129"),
        trade("bob", "alice", "5", "129"),
    ),
    draft(
        "NUM-03",
        "open-interest-by-a-swap",
        "A trade that hands a position on raises no open interest, past the limit too.",
        *RICH[:3],
        deposit("bob", str(2**58)),
        deposit("carol", str(2**58)),
        leverage("alice", 1000),
        leverage("bob", 1000),
        leverage("carol", 1000),
        mark("128"),
        trade("alice", "bob", str(2**53), "128"),
        mark("129"),
        trade("bob", "carol", "5", "129"),
    ),
    draft(
        "NUM-03",
        "costs-of-a-domain",
        "The costs of a domain's positions count without their signs, over all of its markets.",
        listing(rows=DUST),
        listing("B", rows=DUST),
        mark("128"),
        mark("128", "B"),
        deposit("alice", str(2**58)),
        deposit("bob", str(2**58)),
        deposit("carol", str(2**58)),
        leverage("alice", 1000),
        leverage("bob", 1000),
        leverage("carol", 1000, "B"),
        leverage("alice", 1000, "B"),
        trade("alice", "bob", str(2**52), "128"),
        trade("carol", "alice", str(2**52 - 1), "128", "B"),
        trade("carol", "alice", "2", "128", "B"),
    ),
    draft(
        "NUM-03",
        "a-rounded-withdrawal",
        "The largest deposit that there may be is withdrawn again.",
        deposit("alice", str(MOST_DEPOSITS)),
        withdraw("alice", str(MOST_DEPOSITS)),
    ),
    draft(
        "NUM-03",
        "isolated-margin-of-the-largest",
        "Isolated margin of the largest amount is not there to be moved.",
        *OPEN,
        margin_mode("alice"),
        trade("alice", "bob", "1", "100"),
        adjust("alice", str(MOST_AMOUNT)),
    ),
    draft(
        "NUM-03",
        "house-of-the-largest",
        "The house has less than the largest amount.",
        WithdrawHouse("USD", decimal(str(MOST_AMOUNT))),
    ),
)

NINE = Header(asset_decimals=Map({"USD": 8}))
UNITS = (
    draft(
        "NUM-01",
        "decimals-fill-the-asset",
        "Decimals of price and quantity that add up to those of the asset.",
        listing(decimals=(2, 2), tick="0.01"),
        header=Header(asset_decimals=Map({"USD": 4})),
    ),
    draft(
        "NUM-01",
        "decimals-exceed-the-asset",
        "Decimals of price and quantity that add up to one more than the asset's.",
        listing(decimals=(2, 3), tick="0.01"),
        header=Header(asset_decimals=Map({"USD": 4})),
    ),
    draft(
        "NUM-01",
        "negative-decimals",
        "Decimals below zero are refused, and are not malformed.",
        listing(decimals=(0, -1)),
    ),
    draft("NUM-01", "a-tick-too-fine", "A tick finer than the price's decimals.", listing(tick="0.5")),
    draft("NUM-01", "no-tick", "A tick of zero.", listing(tick="0")),
    draft(
        "NUM-01",
        "eight-decimals",
        "An asset without an entry in the header has eight decimals: one quantum is 0.00000001.",
        deposit("alice", "0.00000001", "EURO"),
    ),
    draft("NUM-01", "no-decimals", "An asset of no decimals takes no fractions.", deposit("alice", "0.5")),
    draft(
        "NUM-01",
        "a-lot-of-three-decimals",
        "A trade of one lot, at a price of one unit: its value is exact.",
        listing(decimals=(3, 5), tick="0.001"),
        mark("0.001"),
        deposit("alice", "1"),
        deposit("bob", "1"),
        trade("alice", "bob", "0.00001", "0.001"),
        header=NINE,
    ),
    draft("NUM-01", "zero-quantity", "A trade of nothing.", *OPEN, trade("alice", "bob", "0", "100")),
    draft("NUM-01", "negative-quantity", "A trade of less than nothing.", *OPEN, trade("alice", "bob", "-1", "100")),
    draft("NUM-01", "zero-amount", "A deposit of nothing.", deposit("alice", "0")),
    draft("NUM-01", "zero-order", "An order of nothing.", *OPEN, order("alice", "buy", "0", "100")),
)
# 2^62 + 1 and 2^60 + 1 as a price times a quantity.
PRICE_62, LOTS_62 = 5581 * 8681 * 49477, 5 * 384773
PRICE_60, LOTS_60 = 17 * 241 * 61681, 4562284561
HIGH = (
    *(listing(rows=DUST), mark("128"), listing("B", rows=DUST), mark("1", "B")),
    *(deposit("alice", str(2**58)), deposit("bob", str(2**58)), deposit("carol", "5"), deposit("dave", "5")),
    *(leverage("alice", 1000), leverage("bob", 1000)),
)
BY_ONE = (
    draft(
        "NUM-03",
        "value-past-by-one",
        "A trade whose value is one quantum past 2^62.",
        *RICH,
        trade("alice", "bob", str(LOTS_62), str(PRICE_62)),
    ),
    draft(
        "NUM-03",
        "negative-amount-at",
        "An amount below zero, exactly at its limit: it is no invalid one, and more than there is.",
        *(*OPEN, margin_mode("alice"), trade("alice", "bob", "1", "100"), adjust("alice", str(-MOST_AMOUNT))),
        also=("ACC-04",),
    ),
    draft(
        "NUM-03",
        "negative-amount-past",
        "An amount below zero, just past its limit.",
        *(*OPEN, margin_mode("alice"), trade("alice", "bob", "1", "100"), adjust("alice", str(-MOST_AMOUNT - 1))),
        also=("ACC-04",),
    ),
    draft(
        "NUM-03",
        "open-interest-past-by-one",
        "A trade that raises an asset's open interest to one quantum past 2^60, by one lot in another market.",
        *(*HIGH, trade("alice", "bob", str(2**53), "128"), trade("carol", "dave", "1", "1", "B")),
    ),
    draft(
        "NUM-03",
        "open-interest-at-a-mark-past-by-one",
        "A mark that raises an asset's open interest to one quantum past 2^61.",
        *(*HIGH, trade("carol", "dave", "1", "1", "B"), trade("alice", "bob", str(2**52), "128"), mark("512")),
    ),
    draft(
        "NUM-03",
        "costs-past-by-one",
        "A trade by which the costs of alice's positions come to one quantum past 2^60; open interest is below it.",
        *(*HIGH, trade("alice", "bob", str(2**53), "128"), mark("127"), trade("alice", "dave", "1", "1", "B")),
    ),
    draft(
        "NUM-03",
        "clearing-past-by-one",
        "Longs would pay one quantum more than the 2^60 that clearing may hold.",
        *(*RICH, mark(str(PRICE_60 - 1)), trade("alice", "bob", str(LOTS_60), str(PRICE_60 - 1))),
        *(mark(str(PRICE_60)), funding("1")),
        also=("FND-01",),
    ),
    draft(
        "NUM-03",
        "tier-leverage-of-zero",
        "The maximum leverage of a tier, just below the least.",
        listing(rows=(("0", 0, "0.05"),)),
    ),
    draft(
        "MKT-02",
        "rate-times-leverage-just-below-one",
        "A rate times its leverage may be as near to one as rates go.",
        listing(rows=(("0", 9, "0.11111111"),)),
    ),
)
DRAFTS: tuple[Draft, ...] = (*INPUTS, *VALUES, *SUMS, *UNITS, *BY_ONE)
