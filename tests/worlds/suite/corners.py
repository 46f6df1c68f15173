"""Corners of deleveraging and of margins, each of which tells the rulebook from an engine with one small fault."""

from immutables import Map

from marginspec.model.events import Event
from marginspec.model.state import Header
from marginspec_conformance.generator.events import (
    declare,
    deposit,
    fill,
    fund,
    funding,
    leverage,
    listing,
    margin_mode,
    mark,
    new_limits,
    order,
    position_mode,
    settle,
    trade,
    withdraw,
)
from marginspec_conformance.vectors.making import Draft
from worlds.states import MINIMAL_NONE
from worlds.suite.building import draft
from worlds.suite.edges import TENTH
from worlds.suite.waterfall import MARKET, B, alone

CENTS = Header(asset_decimals=Map({"USD": 2}))
# Maintenance 5% in both markets, leverage 10; the fund covers what lots lose, so that only what is declared is done.
PAIR: tuple[Event, ...] = (
    *(listing(), listing("B"), mark("100"), mark("100", "B"), deposit("alice", "1000"), deposit("carol", "5000")),
    fund("100"),
)
NAMES = ("e1", "e2", "e3", "e4")
DEPOSITS: list[Event] = [deposit(name, "20") for name in NAMES]
BOUGHT: list[Event] = [trade(name, "maker", "1", "100", "B") for name in NAMES]


def in_cents(adam: str, bert: str) -> tuple[Event, ...]:
    """At 0.70 dave's 3 lots are closed against adam's one and bert's two, both from 1.00, with cash of some cents."""
    return (
        *(listing(rows=(("0", 5, "0.1"),), decimals=(2, 0), tick="0.01"), mark("1"), deposit("dave", "0.6")),
        *(
            deposit("adam", adam),
            deposit("bert", bert),
            trade("dave", "adam", "1", "1"),
            trade("dave", "bert", "2", "1"),
        ),
        mark("0.7"),
    )


def nine_markets() -> tuple[Event, ...]:
    """Nine markets in which dave's lots are or will be bankrupt at 80; in eight of them the other side is from 60.

    So nobody can be deleveraged there, and the fund holds for the eight.
    """
    found: list[Event] = [deposit("bob", "9000"), deposit("carol", "9000"), fund("170")]
    for market in "ABCDEFGHI":
        dave = f"dave-{market.lower()}"
        found += [listing(market, rows=(("0", 5, "0.1"),)), mark("100", market)]
        found += [deposit(dave, "20"), trade(dave, "bob", "1", "100", market)]
    for market in "ABCDEFGH":
        found += [mark("60", market), trade("bob", "carol", "1", "60", market)]
    return tuple(found)


THIN = (("0", 1000, "0.00000001"),)
NINE = [f"dave-{place}" for place in range(1, 10)]

DRAFTS: tuple[Draft, ...] = (
    draft(
        "ADL-01",
        "no-overshoot",
        (
            "27 are missing, of which this market lacks 25, in lots of 10: two are closed and not three, though 7 "
            "stay uncovered."
        ),
        *(
            *alone(),
            *B,
            deposit("maker", "9000"),
            *DEPOSITS,
            *BOUGHT,
            mark("88", "B"),
            fill("maker", "1", "85", market="B"),
        ),
        *(mark("78"), mark("70", "B")),
        header=MINIMAL_NONE,
    ),
    draft(
        "ADL-01",
        "a-lot-without-loss",
        "The older lot is bankrupt at 80 and loses nothing at 80: the younger one is closed.",
        *(
            *MARKET,
            deposit("dave", "20"),
            deposit("erin", "24"),
            deposit("bob", "9000"),
            trade("dave", "bob", "1", "100"),
        ),
        *(mark("89"), mark("120"), trade("erin", "bob", "1", "120"), mark("107"), mark("80")),
    ),
    draft(
        "ADL-02",
        "less-cash-than-a-unit",
        "Cash below one unit of the asset counts as one unit: bert comes first, and not adam with his 30 cents.",
        *in_cents("0.3", "0.9"),
        header=CENTS,
    ),
    draft(
        "ADL-02",
        "more-cash-than-a-unit",
        "Cash of 1.20 is more than one unit of the asset, of which there are 100 cents.",
        *in_cents("0.2", "1.2"),
        header=CENTS,
    ),
    draft(
        "ADL-04",
        "released-loss-rounds-up",
        "Three of five lots with a loss of 39 release 24, and would leave bob no room; so it is two.",
        *(*PAIR, deposit("dave", "61"), deposit("bob", "1000"), trade("dave", "carol", "5", "100")),
        *(trade("carol", "bob", "5", "100"), withdraw("bob", "900"), trade("bob", "alice", "5", "100", "B")),
        *(mark("80"), mark("70", "B"), declare("5")),
    ),
    draft(
        "ADL-04",
        "released-profit-rounds-down",
        "At bob's own entry four of five lots give up 17 of 22, down, which leaves room for one.",
        *(*PAIR, deposit("dave", "60"), deposit("bob", "1000"), trade("dave", "carol", "5", "100")),
        *(trade("carol", "bob", "3", "84"), trade("carol", "bob", "2", "85"), mark("80"), withdraw("bob", "832")),
        *(trade("bob", "alice", "5", "100", "B"), mark("70", "B"), declare("5")),
    ),
    draft(
        "ADL-04",
        "found-by-halving-and-gone",
        (
            "Of the first short lot halving finds two for bob; the second lot, which asks less of him, is not closed "
            "against him."
        ),
        *(*PAIR, deposit("dave", "60"), deposit("erin", "95"), deposit("bob", "1000"), deposit("zed", "1000")),
        *(trade("bob", "dave", "5", "100"), trade("carol", "erin", "5", "100"), withdraw("bob", "897")),
        *(trade("bob", "alice", "5", "100", "B"), mark("120"), trade("zed", "carol", "5", "120"), mark("70", "B")),
        declare("10", "short"),
    ),
    draft(
        "ADL-04",
        "found-by-halving-and-another",
        "Ann has no room for the first lot and stays in the queue when bob leaves it: she takes the second lot.",
        *(*PAIR, deposit("dave", "60"), deposit("erin", "95"), deposit("bob", "1000"), deposit("ann", "1000")),
        *(trade("bob", "dave", "5", "100"), trade("ann", "erin", "5", "100"), mark("120"), withdraw("bob", "897")),
        *(withdraw("ann", "901"), trade("bob", "alice", "5", "100", "B"), trade("ann", "alice", "5", "100", "B")),
        *(mark("70", "B"), declare("10", "short")),
    ),
    draft(
        "TRD-03",
        "closing-where-less-than-nothing-is-movable",
        (
            "An order that closes an isolated position reserves nothing, and is accepted though the wallet lacks "
            "initial margin."
        ),
        *(*TENTH[:2], *B, deposit("alice", "60"), deposit("bob", "1000"), margin_mode("alice")),
        *(trade("alice", "bob", "1", "100"), trade("alice", "bob", "1", "100", "B"), mark("74", "B")),
        order("alice", "sell", "1", "100"),
    ),
    draft(
        "MRG-04",
        "the-least-rate",
        "The least rate asks for one quantum of maintenance of the least notional: 2 of 3 are not movable.",
        *(listing(rows=THIN), mark("1"), deposit("alice", "3"), deposit("bob", "1000")),
        *(leverage("alice", 1000), trade("alice", "bob", "1", "1"), withdraw("alice", "2")),
    ),
    draft(
        "ADL-01",
        "the-ninth-market",
        "Eight markets that lack more have no counterparty left; the step is in the ninth.",
        *nine_markets(),
        mark("69", "I"),
    ),
    draft(
        "WTF-02",
        "nine-lots",
        "Nine lots lose 2 each, of which the fund covers 17: one is deleveraged.",
        *(*MARKET, deposit("bob", "9000"), fund("17")),
        *(deposit(name, "20") for name in NINE),
        *(trade(name, "bob", "1", "100") for name in NINE),
        mark("78"),
    ),
    draft(
        "LVY-02",
        "more-insurance-than-needed",
        "When the lots gain again all relief goes back, and no more than that, though the fund has 1 besides.",
        *(*alone(), fund("1"), mark("78"), mark("90")),
    ),
    draft(
        "LIQ-03",
        "equity-zero-in-another-market",
        "A levy at A's mark takes all that adam has; he is taken over at zero, with a position in B only.",
        *(listing(rows=(("0", 100, "0.00000001"), ("119", 1, "0.9"))), mark("100")),
        *(listing("B", rows=(("0", 100, "0.00000001"),)), mark("100", "B")),
        *(deposit("dave", "20"), deposit("bob", "40"), deposit("carl", "6"), deposit("adam", "2"), deposit("zoe", "2")),
        *(leverage(name, 100) for name in ("dave", "bob", "carl")),
        *(leverage(name, 100, "B") for name in ("adam", "zoe")),
        *(trade("bob", "dave", "1", "100"), trade("adam", "zoe", "1", "100", "B"), mark("118")),
        *(trade("carl", "bob", "1", "122"), withdraw("bob", "62"), mark("200")),
        also=("LVY-01", "SET-01"),
    ),
    draft(
        "ADL-04",
        "halving-between-two-ends",
        (
            "Of four lots that are wanted bob has room for one and for three, by rounding, and none for two: halving "
            "rounds down, and ends at one."
        ),
        *(listing(rows=(("0", 19, "0.05"),)), mark("12"), deposit("alice", "8"), deposit("bob", "16")),
        *(deposit("carol", "5000"), position_mode("bob"), leverage("alice", 19), leverage("bob", 19)),
        *(trade("alice", "carol", "6", "12"), trade("bob", "carol", "11", "12", buyer_side="LONG")),
        *(trade("carol", "bob", "9", "12", seller_side="SHORT"), fund("1"), mark("10")),
    ),
    draft(
        "NUM-03",
        "clearing-beyond-its-limit",
        "Longs would pay 2^53 more than the 2^60 that clearing may hold; refused, though all of it would go out again.",
        *(listing(rows=THIN), mark("128")),
        *(deposit("alice", str(2**58)), deposit("bob", str(2**58)), leverage("alice", 1000), leverage("bob", 1000)),
        *(trade("alice", "bob", str(2**53), "128"), mark("129"), funding("1")),
        also=("FND-01",),
    ),
    draft(
        "NUM-03",
        "a-fill-beyond-the-costs-of-a-domain",
        "The costs of alice's positions come to 2^60, all that they may: a fill that opens one more lot is refused.",
        *(listing(rows=THIN), mark("128"), deposit("alice", str(2**58)), deposit("bob", str(2**58))),
        *(leverage("alice", 1000), leverage("bob", 1000), trade("alice", "bob", str(2**53), "128"), mark("127")),
        *(*B, deposit("dave", "20"), deposit("carl", "50"), trade("dave", "carl", "1", "100", "B"), mark("88", "B")),
        fill("alice", "1", "80", market="B"),
        also=("LIQ-05",),
    ),
    draft(
        "LIQ-01",
        "equal-and-one-above",
        "At 89 dave's equity is his maintenance, and he is liquidated; erin's is one quantum more, and she is not.",
        *(*MARKET, deposit("dave", "20"), deposit("erin", "21"), deposit("bob", "9000")),
        *(trade("dave", "bob", "1", "100"), trade("erin", "bob", "1", "100"), mark("89")),
        also=("MRG-05",),
    ),
    draft(
        "MKT-05",
        "a-loss-of-just-what-covers-it",
        "A market closes where its lot loses 2 and the fund has 2, as there is no last resort.",
        *(*alone(), fund("2"), settle("78")),
        header=MINIMAL_NONE,
    ),
    draft(
        "MKT-05",
        "a-loss-of-one-more-than-covers-it",
        "A market whose lot loses 2 does not close where the fund has 1 and there is no last resort.",
        *(*alone(), fund("1"), settle("78")),
        header=MINIMAL_NONE,
    ),
    draft(
        "MKT-05",
        "a-reserve-of-one-quantum",
        "The least that a closed market's reserve can have left goes to the insurance fund.",
        *(*MARKET, deposit("dave", "20"), deposit("bob", "9000"), trade("dave", "bob", "1", "100"), mark("88")),
        *(fill("bob", "1", "81"), settle("90")),
    ),
    draft(
        "MKT-05",
        "settings-in-other-markets-stay",
        "A market closes with what was set for it; what account A has set in another one stays.",
        *(*MARKET, *B, deposit("A", "100"), deposit("bob", "100"), margin_mode("A"), leverage("A", 2)),
        *(margin_mode("A", market="B"), leverage("A", 2, "B"), settle("100"), trade("A", "bob", "1", "100", "B")),
    ),
    *(
        draft(
            "MKT-04",
            f"fill-at-{price}",
            f"A fill band of 5% at a mark of 100, which is no more than 5 below it; the fill is at {price}.",
            *(*MARKET, deposit("dave", "20"), deposit("bob", "9000"), trade("dave", "bob", "1", "100"), mark("88")),
            *(mark("100"), new_limits(band="0.2", fill_band="0.05"), fill("bob", "1", price)),
        )
        for price in ("95", "94")
    ),
)
