"""Both sides of a comparison, one quantum or one lot apart, where no other vector lies so near."""

from marginspec.model.events import Event, WithdrawHouse
from marginspec_conformance.generator.events import (
    adjust,
    cancel,
    decimal,
    declare,
    deposit,
    fund,
    funding,
    leverage,
    listing,
    margin_mode,
    mark,
    order,
    position_mode,
    settle,
    trade,
    withdraw,
)
from marginspec_conformance.vectors.making import Draft
from worlds.suite.building import OPEN, draft
from worlds.suite.waterfall import MARKET, B

NINE = tuple(f"dave-{place}" for place in range(1, 10))
BOUGHT: tuple[Event, ...] = (
    *(*MARKET, deposit("bob", "9000")),
    *(deposit(name, "40") for name in NINE),
    *(trade(name, "bob", "1", "100") for name in NINE),
)
"""Nine accounts, each long one lot of bob's."""
HEDGE = (*MARKET, deposit("bob", "9000"), deposit("hedger", "300"), position_mode("hedger"))
SHORT_FIVE = (*MARKET, deposit("alice", "400"), deposit("bob", "9000"), trade("bob", "alice", "5", "100"))


def lowered(cash: str, what: str) -> Draft:
    """A leverage is lowered to 2, which needs 50 for a lot at 100."""
    return draft(
        "ACC-01",
        f"leverage-lowered-with-{cash}",
        f"A lower leverage needs 50, and the account has {what}.",
        *(*MARKET, deposit("alice", cash), deposit("bob", "900"), leverage("alice", 5)),
        *(trade("alice", "bob", "1", "100"), leverage("alice", 2)),
    )


def closing_orders(count: int, size: str, reduce_only: bool, side: str = "BOTH") -> tuple[Event, ...]:
    """So many orders that buy back a short."""
    return tuple(
        order("alice", "buy", size, "100", id=f"o{number}", reduce_only=reduce_only, position_side=side)  # type: ignore[arg-type]  # a side by its text
        for number in range(1, count + 1)
    )


ORDERS = (
    draft(
        "TRD-03",
        "reduce-only-all-of-a-short",
        "A reduce-only order may buy back just what a short has.",
        *SHORT_FIVE,
        order("alice", "buy", "5", "100", reduce_only=True),
    ),
    draft(
        "TRD-03",
        "reduce-only-one-more-than-a-short",
        "A reduce-only order may not buy back one lot more than a short has.",
        *SHORT_FIVE,
        order("alice", "buy", "6", "100", reduce_only=True),
    ),
    draft(
        "MRG-03",
        "profit-backs-an-order",
        "Of a cross domain unrealised profit, too, is available for orders: 30 of 40 are reserved, with 20 in cash.",
        *(*MARKET, deposit("alice", "20"), deposit("bob", "900"), trade("alice", "bob", "1", "100"), mark("150")),
        order("alice", "buy", "1", "150"),
    ),
    draft(
        "MRG-03",
        "reduce-only-orders-beyond-the-position",
        "Three reduce-only orders, each of all the short has, reserve nothing, though nothing is available.",
        *(*SHORT_FIVE, withdraw("alice", "300"), *closing_orders(3, "5", True)),
        also=("TRD-03",),
    ),
    draft(
        "MRG-03",
        "closing-orders-of-a-short-side",
        "Four orders of one lot that close a short side of one lot reserve nothing, though nothing is available.",
        *(*MARKET, deposit("alice", "20"), deposit("bob", "9000"), position_mode("alice")),
        *(trade("bob", "alice", "1", "100", seller_side="SHORT"), *closing_orders(4, "1", False, "SHORT")),
        also=("TRD-03",),
    ),
    draft(
        "MRG-03",
        "nine-orders",
        "Nine orders reserve 20 each, and 180 are all there is: a tenth has nothing left.",
        *(*MARKET, deposit("alice", "180")),
        *(order("alice", "buy", "1", "100", id=f"o{number}") for number in range(1, 11)),
    ),
    draft(
        "MRG-03",
        "orders-in-nine-markets",
        "Orders in nine markets reserve 40 in the first, 20 in each other, and 200 are all there is: no second one.",
        deposit("alice", "200"),
        *(
            one
            for name in "ABCDEFGHI"
            for one in (
                listing(name, rows=(("0", 5, "0.1"),)),
                mark("200" if name == "A" else "100", name),
                order("alice", "buy", "1", "200" if name == "A" else "100", id=name, market=name),
            )
        ),
        order("alice", "buy", "1", "100", id="more", market="I"),
    ),
    *(
        draft(
            "TRD-03",
            f"one-lot-of-an-order-at-{price}",
            f"An order to buy one lot at 100 or less, filled at {price}.",
            *(*MARKET, deposit("alice", "400"), deposit("bob", "900"), order("alice", "buy", "1", "100")),
            trade("alice", "bob", "1", price, buyer_order="o1"),
        )
        for price in ("99", "101")
    ),
    draft(
        "TRD-03",
        "an-order-of-another-market",
        "A fill in one market names an order that stands in another.",
        *(*MARKET, *B, deposit("alice", "400"), deposit("bob", "900"), order("alice", "buy", "1", "100")),
        trade("alice", "bob", "1", "100", "B", buyer_order="o1"),
    ),
    draft(
        "TRD-03",
        "an-order-of-another-side",
        "A fill of the long side names an order of the short side.",
        *(*HEDGE, trade("bob", "hedger", "1", "100", seller_side="SHORT")),
        order("hedger", "buy", "1", "100", position_side="SHORT"),
        trade("hedger", "bob", "1", "100", buyer_side="LONG", buyer_order="o1"),
    ),
    draft(
        "MKT-05",
        "nine-accounts-with-orders",
        "A market that closes takes along the orders of all accounts: the ninth has none left to cancel.",
        *BOUGHT,
        *(order(name, "sell", "1", "120") for name in NINE),
        *(settle("100"), cancel(NINE[-1])),
        also=("TRD-03",),
    ),
)
AMOUNTS = (
    draft("NUM-01", "negative-deposit", "A deposit of less than nothing.", deposit("alice", "-1")),
    draft("NUM-01", "negative-withdrawal", "A withdrawal of less than nothing.", *OPEN, withdraw("alice", "-1")),
    draft("NUM-01", "negative-insurance", "Less than nothing for the insurance fund.", fund("-1")),
    draft(
        "NUM-01", "negative-from-the-house", "Less than nothing from the house.", WithdrawHouse("USD", decimal("-1"))
    ),
    draft(
        "MKT-01",
        "negative-price-decimals",
        "Decimals of a price below zero, made up for by those of the quantity.",
        listing(decimals=(-1, 1), tick="10"),
    ),
    *(
        draft(
            "ACC-04",
            f"a-quantum-{way}",
            f"The least amount goes {way} an isolated position.",
            *(*OPEN, margin_mode("alice"), leverage("alice", 5), trade("alice", "bob", "1", "100")),
            *(adjust("alice", "10"), adjust("alice", amount)),
        )
        for way, amount in (("into", "1"), ("out-of", "-1"))
    ),
    draft(
        "ACC-04",
        "returned-margin-rounds-down",
        "One of three lots is closed: of 61 cash 20 and a third come back, 20 of them.",
        *(*MARKET, deposit("alice", "100"), deposit("bob", "900"), margin_mode("alice"), leverage("alice", 5)),
        *(trade("alice", "bob", "3", "100"), adjust("alice", "1"), trade("bob", "alice", "1", "100")),
    ),
    draft(
        "ACC-04",
        "nothing-comes-back-in-loss",
        "One of three lots is closed in loss, where nothing of the cash is movable: nothing comes back.",
        *(*MARKET, deposit("alice", "100"), deposit("bob", "900"), margin_mode("alice"), leverage("alice", 5)),
        *(trade("alice", "bob", "3", "100"), mark("92"), trade("bob", "alice", "1", "92")),
    ),
)
OTHERS = (
    lowered("50", "just that"),
    lowered("49", "one less"),
    draft(
        "ACC-01",
        "a-short-side-one-lot-too-far",
        "A trade that closes a short side of five may not buy six.",
        *(*HEDGE, trade("bob", "hedger", "5", "100", seller_side="SHORT")),
        trade("hedger", "bob", "6", "100", buyer_side="SHORT"),
        also=("TRD-01",),
    ),
    draft(
        "ACC-01",
        "the-margin-mode-that-there-is",
        "Setting the margin mode that an account has already is accepted under a position, and changes nothing.",
        *(*OPEN, trade("alice", "bob", "1", "100"), margin_mode("alice", "cross")),
    ),
    *(
        draft(
            "ACC-01",
            f"leverage-{way}-elsewhere",
            f"A domain that lacks initial margin: a leverage that demands no more is {way} where it holds nothing.",
            *(*MARKET, *B, deposit("alice", "25"), deposit("bob", "900"), leverage("alice", 4, "B")),
            *(trade("alice", "bob", "1", "100"), mark("90"), leverage("alice", value, "B")),
        )
        for way, value in (("raised", 5), ("lowered", 3))
    ),
    *(
        draft(
            "TRD-02",
            f"a-flip-that-leaves-cash-of-{left}",
            f"An isolated position of 20 cash is flipped at {price}: what closes leaves {left} of it.",
            *(*MARKET, deposit("alice", "400"), deposit("bob", "900"), margin_mode("alice"), leverage("alice", 5)),
            *(trade("alice", "bob", "1", "100"), trade("bob", "alice", "2", price)),
        )
        for price, left in (("80", "none"), ("79", "minus-one"))
    ),
    draft("FND-01", "nine-positions", "Nine longs pay, each 1, and bob receives 9.", *BOUGHT, funding("0.01")),
    draft(
        "ADL-01",
        "nine-counterparties",
        "Nine lots lose 1 each, and nine shorts of one lot each, all alike, are deleveraged, none left out.",
        *(*MARKET, deposit("dave", "180"), deposit("bob", "9000"), trade("dave", "bob", "9", "100")),
        *(deposit(f"ann-{place}", "9000") for place in range(1, 10)),
        *(trade("bob", f"ann-{place}", "1", "100") for place in range(1, 10)),
        mark("79"),
    ),
)


def passed_on(count: int, entry: str, cash: str = "100") -> tuple[Event, ...]:
    """So many lots of dave's, bankrupt at 80; their other side is handed on to carl, who is short from this price."""
    size, twenty = str(count), str(20 * count)
    return (
        *(*MARKET, deposit("dave", twenty), deposit("bob", str(40 * count)), deposit("carl", cash)),
        *(trade("dave", "bob", size, "100"), mark("82"), trade("bob", "carl", size, entry)),
    )


BEFORE_DECLARED = (
    *(*MARKET, deposit("dave", "20"), deposit("bob", "400"), trade("dave", "bob", "1", "100"), mark("88")),
)
DELEVERAGING = (
    draft(
        "ADL-04",
        "a-quantum-a-lot-is-enough",
        "Carl's entry is worse than the bankruptcy price, and he gains just one quantum a lot: he closes at his entry.",
        *(*passed_on(2, "79"), mark("78")),
    ),
    draft(
        "ADL-04",
        "entry-at-the-bankruptcy-price",
        "An entry equal to a long lot's bankruptcy price is no worse: all of the lot is closed.",
        *(*passed_on(1, "80"), mark("78")),
    ),
    draft(
        "ADL-04",
        "entry-at-the-bankruptcy-price-of-a-short",
        "An entry equal to a short lot's bankruptcy price is no worse: all of the lot is closed.",
        *(*MARKET, deposit("dave", "20"), deposit("bob", "40"), deposit("carl", "100")),
        *(trade("bob", "dave", "1", "100"), mark("118"), trade("carl", "bob", "1", "120"), mark("122")),
    ),
    draft(
        "ADL-01",
        "at-the-own-entry-no-more-than-needed",
        "At carl's own entry each lot gives up one quantum of profit; three are missing, and three of ten lots close.",
        *(*passed_on(10, "79", "1000"), fund("17"), mark("78")),
        also=("ADL-04",),
    ),
    *(
        draft(
            "ADL-06",
            f"declared-at-{price}",
            f"A lot without loss, a short from 100, and a mark of {price}: who has no loss is closed at the mark.",
            *(*BEFORE_DECLARED, mark(price), declare("1")),
            also=("ADL-04",),
        )
        for price in ("100", "101")
    ),
    draft(
        "ADL-04",
        "found-by-halving-and-gone-of-the-other-side",
        "Of the first long lot halving finds some for bob; the second, which asks less, is not closed against him.",
        *(listing(), listing("B"), mark("100"), mark("100", "B"), deposit("alice", "1000"), deposit("carol", "5000")),
        *(fund("100"), deposit("dave", "60"), deposit("erin", "95"), deposit("bob", "1000"), deposit("zed", "1000")),
        *(trade("dave", "bob", "5", "100"), trade("erin", "carol", "5", "100"), withdraw("bob", "897")),
        *(trade("bob", "alice", "5", "100", "B"), mark("80"), trade("carol", "zed", "5", "80"), mark("70", "B")),
        declare("10"),
    ),
)
DRAFTS: tuple[Draft, ...] = (*ORDERS, *AMOUNTS, *OTHERS, *DELEVERAGING)
