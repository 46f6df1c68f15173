"""Fees, margins and realised profit to the last quantum, by what even a first engine has.

Every clause here has vectors elsewhere too, which need funding, a chosen leverage or orders. These need deposits,
withdrawals, a market, its mark and trades; where one needs isolated margin or a stated fee, another does not.
"""

from collections.abc import Iterator

from marginspec.model.events import Event
from marginspec_conformance.generator.events import (
    TierRow,
    binance_listing,
    deposit,
    listing,
    margin_mode,
    mark,
    trade,
    withdraw,
)
from marginspec_conformance.vectors.making import Draft
from worlds.states import BINANCE
from worlds.suite.beyond import SUFFIX
from worlds.suite.building import OPEN, draft

FEES = (listing(taker="0.033", maker="0.011", share="0.45"), *OPEN[1:])
"""Of 100 a taker pays 3.3, so 4, and insurance gets 1.8 of it, so 1; a maker pays 1.1, so 2, and of that 0.9, so 0."""
THREE = (*FEES, trade("alice", "bob", "3", "100"))
ONE = (*FEES, trade("alice", "bob", "1", "100"))

ROWS: tuple[TierRow, ...] = (("0", 50, "0.01"), ("1000", 25, "0.02"), ("5000", 20, "0.03"))
"""Maintenance 1%, above 1000 2% less 10, above 5000 3% less 60; each tier allows the leverage of 20 that nobody set."""
CASH = 1000
SPARE = 5
"""Half of the least deduction: with so much more than it needs, a domain would not be healthy without one."""
TIERED = (listing(rows=ROWS), mark("100"), deposit("alice", str(CASH)), deposit("bob", "90000"))
LONG = (*TIERED, trade("alice", "bob", "30", "100"))
LARGE = (*TIERED, trade("alice", "bob", "80", "100"))
SHORT = (*TIERED, trade("bob", "alice", "9", "100"))

REAL_ROWS: tuple[TierRow, ...] = (
    *(("0", 125, "0.004"), ("300000", 100, "0.005"), ("3000000", 75, "0.0065"), ("12000000", 50, "0.01")),
    *(("70000000", 25, "0.02"), ("230000000", 20, "0.025"), ("480000000", 10, "0.05"), ("600000000", 5, "0.1")),
)
"""As large as the tables of real markets: floors times rates leave 64 bits where money has 8 decimals."""
TWO_ROWS: tuple[TierRow, ...] = (("0", 50, "0.01"), ("1000", 10, "0.02"))

OF_FEES = (
    draft(
        "TRD-01",
        "fraction-of-an-opening",
        "An opening: each side's fee has a fraction and rounds up, and insurance's part of each rounds down.",
        *ONE,
        also=("NUM-02",),
    ),
    draft(
        "TRD-01",
        "fraction-of-a-partial-close",
        "Both sides close one lot of three, off the mark: each pays the fee of the price of the trade.",
        *(*THREE, trade("bob", "alice", "1", "130", taker="seller")),
        also=("NUM-02",),
    ),
    draft(
        "TRD-01",
        "fraction-of-a-full-close",
        "Both sides close all three lots: a trade that leaves nothing open has its fees too.",
        *(*THREE, trade("bob", "alice", "3", "100")),
        also=("NUM-02",),
    ),
    draft(
        "TRD-01",
        "fraction-of-a-flip",
        "Both sides flip by a trade of three lots: one fee of all of it, 9.9, and not one for each part, 4 and 7.",
        *(*ONE, trade("bob", "alice", "3", "100", taker="seller")),
        also=("NUM-02",),
    ),
    draft(
        "TRD-01",
        "fraction-of-many-decimals",
        "An asset of 8 decimals: fees of 4016.4 and 2008.2 quanta round up, and insurance's parts round down.",
        *(binance_listing(), mark("100", "BTCUSDT"), deposit("alice", "1000", "USDT"), deposit("bob", "1000", "USDT")),
        trade("alice", "bob", "0.001", "100.41", "BTCUSDT"),
        header=BINANCE,
        also=("NUM-01", "NUM-02"),
    ),
    draft(
        "TRD-01",
        "rebate-of-a-flip",
        "A maker who flips gets what is stated, once, and the taker, who flips too, pays at the rate.",
        *(*ONE, trade("bob", "alice", "3", "100", taker="seller", buyer_fee="-2")),
    ),
    draft(
        "TRD-01",
        "rebate-of-a-full-close",
        "A maker who closes everything gets a rebate on top of what is realised, and the taker pays at the rate.",
        *(*THREE, trade("bob", "alice", "3", "100", taker="seller", buyer_fee="-2")),
    ),
    *(
        draft(
            "TRD-02",
            f"opening-and-fee-{word}",
            f"Initial margin is 10 and the fee 4, and {cash} is all there is.",
            *(*FEES, deposit("dave", cash), trade("dave", "carol", "1", "100")),
            also=("TRD-01",),
        )
        for word, cash in (("covered", "14"), ("a-quantum-short", "13"))
    ),
    *(
        draft(
            "TRD-02",
            f"loss-and-fee-of-a-full-close-{word}",
            f"A short that closes at {price} loses {int(price) - 100} and has a fee of 4; 18 are left of the opening.",
            *(*FEES, deposit("dave", "20"), trade("carol", "dave", "1", "100"), trade("dave", "carol", "1", price)),
            also=("TRD-01",),
        )
        for word, price in (("covered", "114"), ("a-quantum-short", "115"))
    ),
)
REALISED = tuple(
    draft(
        "ACC-02",
        f"a-third-of-{cost}",
        f"One of three lots is closed: of a cost of {cost} the long releases {of_long}, the short {of_short} with its "
        "sign, and what is left follows.",
        *(*OPEN, trade("alice", "bob", "2", "100"), trade("alice", "bob", "1", price)),
        *(trade("bob", "alice", "1", "105"), trade("bob", "alice", "2", "105")),
        also=("NUM-02",),
    )
    for cost, price, of_long, of_short in ((301, "101", 101, 100), (302, "102", 101, 100))
)


def edge(clause: str, slug: str, what: str, opened: tuple[Event, ...], least: int, *then: Event) -> Iterator[Draft]:
    """Four vectors: alice withdraws all but `least`, and is healthy by a quantum, or one more; and well past both."""
    for cash, word, where in (
        (least, "above", "a quantum above that"),
        (least - 1, "equal", "equal to that"),
        (least + SPARE, f"above-{SUFFIX}", "above that by less than the deduction, and no rounding decides it"),
        (least - SPARE, f"equal-{SUFFIX}", "below that, and no rounding decides it"),
    ):
        events = (*opened, withdraw("alice", str(CASH - cash)), *then)
        yield draft(clause, f"{slug}-{word}", f"{what}; equity is {where}.", *events, also=("MRG-04", "MRG-05"))


HEALTH = (
    *edge("MRG-04", "second-tier", "At 92 a long of 2760 needs 2% less 10, 45.2, so 46", LONG, 287, mark("92")),
    *edge("MRG-04", "third-tier", "At 93 a long of 7440 needs 3% less 60, 163.2, so 164", LARGE, 725, mark("93")),
    *edge("MRG-04", "into-the-second-tier", "At 201 nine lots of a short need 26.18, so 27", SHORT, 937, mark("201")),
    *edge(
        "TRD-02",
        "close-in-the-second-tier",
        "A close in loss leaves 2323 at mark, which needs 36.46, so 37",
        (*TIERED, mark("101"), trade("alice", "bob", "30", "100")),
        225,
        trade("bob", "alice", "7", "70"),
    ),
    *edge(
        "TRD-02",
        "close-in-the-third-tier",
        "A close in loss leaves 7070 at mark, which needs 152.1, so 153",
        (*TIERED, mark("101"), trade("alice", "bob", "80", "100")),
        484,
        trade("bob", "alice", "10", "60"),
    ),
    *(
        draft(
            "MRG-04",
            f"isolated-in-the-second-tier-{word}",
            f"An isolated long of 12 lots has {cash} of cash, and at 96 needs 13.04, so 14; its equity is {equity}.",
            *(*TIERED, margin_mode("alice"), trade("alice", "bob", "12", price), mark("96")),
            also=("ACC-04", "MRG-05"),
        )
        for word, price, cash, equity in (("above", "104", 111, 15), ("equal", "102", 86, 14))
    ),
)


def withdrawn(slug: str, what: str, held: tuple[Event, ...], most: int) -> Iterator[Draft]:
    """Two vectors: the most that alice may withdraw beside her initial margin, and a quantum more."""
    yield draft("MRG-02", f"{slug}-all", f"{what}: all the rest is withdrawn.", *held, withdraw("alice", str(most)))
    why = f"{what}: a quantum more than the rest."
    yield draft("MRG-02", f"{slug}-more", why, *held, withdraw("alice", str(most + 1)))


INITIAL = (
    *withdrawn(
        "tier-of-the-mark",
        "At 123 nine lots need 221.4, so 222, by the leverage of the tier above, and without its deduction",
        (*OPEN, trade("alice", "bob", "9", "100"), mark("123")),
        778,
    ),
    *withdrawn(
        "a-quantum-above-maintenance",
        "A lot at 1 has an initial margin of 2, a quantum above its maintenance",
        (listing(rows=ROWS), mark("1"), *TIERED[2:], trade("alice", "bob", "1", "1")),
        998,
    ),
    *(
        draft(
            "TRD-02",
            f"opening-in-the-second-tier-{word}",
            f"A short of 3030 needs a twentieth, 151.5, so 152, without any deduction; {cash} is all there is.",
            *(listing(rows=ROWS), mark("101"), deposit("alice", cash), deposit("bob", "90000")),
            trade("bob", "alice", "30", "101"),
            also=("MRG-02",),
        )
        for word, cash in (("covered", "152"), ("a-quantum-short", "151"))
    ),
)


def in_a_real_table(slug: str, what: str, quantity: str, buys: bool, at: str, cash: int) -> Iterator[Draft]:
    """Two vectors: alice is healthy by one USDT at another mark, or is not by as much."""
    listed = listing("BTCUSDT", REAL_ROWS, asset="USDT", decimals=(2, 3), tick="0.01", taker="0.0004", maker="0.0002")
    buyer, seller = ("alice", "bob") if buys else ("bob", "alice")
    for word, more, where in (("above", 1, "more"), ("below", -1, "less")):
        yield draft(
            "MRG-04",
            f"{slug}-{word}-{SUFFIX}",
            f"{what}; alice has one USDT {where} than that, with money in quanta of 1e-8.",
            *(listed, mark("100000", "BTCUSDT")),
            *(deposit("alice", str(cash + more), "USDT"), deposit("bob", "90000000", "USDT")),
            *(trade(buyer, seller, quantity, "100000", "BTCUSDT"), mark(at, "BTCUSDT")),
            header=BINANCE,
            also=("MRG-05",),
        )


REAL = (
    *in_a_real_table(
        "sixth-tier-of-a-real-table",
        "A long of 250 million, 12.5 million down, needs 2.5% of 237.5 million less 1,896,800",
        *("2500", True, "95000", 4_040_700 + 12_500_000 + 100_000),
    ),
    *in_a_real_table(
        "fourth-tier-of-a-real-table",
        "A short of 50 million, 2.5 million down, needs 1% of 52.5 million less 46,800",
        *("500", False, "105000", 478_200 + 2_500_000 + 10_000),
    ),
)
ONE_PARTY = tuple(
    draft(
        "TRD-02",
        f"the-{word}-alone-above-its-tier",
        f"The {word} grows to 1600, of a tier that allows a leverage of 10, and has one of 20; the other stays below.",
        *(listing(rows=TWO_ROWS), *OPEN[1:], trade(*first, "8", "100"), trade(*second, "8", "100")),
        also=("ACC-01",),
    )
    for word, first, second in (
        ("buyer", ("alice", "bob"), ("alice", "carol")),
        ("seller", ("bob", "alice"), ("carol", "alice")),
    )
)
DRAFTS: tuple[Draft, ...] = (*OF_FEES, *REALISED, *HEALTH, *INITIAL, *REAL, *ONE_PARTY)
