"""Equity exactly equal to maintenance, which MRG-05 calls unhealthy and some venues safe; a remainder that one shares.

The venues' own tests say so: JOJO, MCDEX v3 and Perennial v2 liquidate only below maintenance. Vega pays all of a
remainder to the last claim.
"""

from marginspec.model.events import Event
from marginspec_conformance.generator.events import (
    adjust,
    deposit,
    fund,
    funding,
    leverage,
    listing,
    margin_mode,
    mark,
    new_tiers,
    position_mode,
    settle,
    trade,
    withdraw,
)
from marginspec_conformance.vectors.making import Draft
from worlds.suite.building import draft
from worlds.suite.edges import TENTH

SAFE_AT_MAINTENANCE = ("JOJO", "MCDEX v3", "Perennial v2")
REMAINDER_TO_THE_LAST = ("Vega",)
B = (listing("B", rows=(("0", 5, "0.1"),)), mark("100", "B"))


def winner_with(cash: str) -> tuple[Event, ...]:
    """Dave's lot is bankrupt at 80. At 67 a fund of 12 lacks one; erin, short 2 from 96, gains 58 and lost 95 in B.

    A step of one lot releases 13, and leaves erin with maintenance of 7 and 1.
    """
    return (
        *(*TENTH[:2], *B, deposit("dave", "20"), deposit("erin", cash), deposit("bob", "1000"), fund("12")),
        *(trade("dave", "bob", "1", "100"), mark("95"), trade("bob", "erin", "2", "96")),
        *(trade("erin", "bob", "1", "100", "B"), mark("88"), mark("68"), mark("5", "B"), mark("67")),
    )


DRAFTS: tuple[Draft, ...] = (
    draft(
        "MRG-05",
        "equal-long",
        "A long whose equity equals its maintenance, 9 and 9, is liquidated.",
        *TENTH,
        trade("alice", "bob", "1", "100"),
        mark("89"),
        venues=SAFE_AT_MAINTENANCE,
    ),
    draft(
        "MRG-05",
        "equal-short",
        "A short whose equity equals its maintenance, 11 and 11, is liquidated.",
        *TENTH,
        trade("bob", "alice", "1", "100"),
        mark("109"),
        venues=SAFE_AT_MAINTENANCE,
    ),
    draft(
        "MRG-05",
        "equal-isolated",
        "An isolated long at its maintenance is liquidated, whatever the wallet has.",
        *TENTH,
        deposit("alice", "500"),
        margin_mode("alice"),
        trade("alice", "bob", "1", "100"),
        mark("89"),
        venues=SAFE_AT_MAINTENANCE,
    ),
    draft(
        "MRG-05",
        "equal-isolated-with-margin-added",
        "Margin that was added moves the price at which equity equals maintenance.",
        *TENTH,
        deposit("alice", "500"),
        margin_mode("alice"),
        trade("alice", "bob", "1", "100"),
        adjust("alice", "9"),
        mark("79"),
        venues=SAFE_AT_MAINTENANCE,
    ),
    draft(
        "MRG-05",
        "equal-two-markets",
        "The maintenance of both markets together equals the equity.",
        *TENTH,
        *B,
        deposit("alice", "20"),
        trade("alice", "bob", "1", "100"),
        trade("alice", "bob", "1", "100", "B"),
        mark("78"),
        venues=SAFE_AT_MAINTENANCE,
        also=("ACC-03",),
    ),
    draft(
        "MRG-05",
        "equal-hedge",
        "Both sides of a hedge ask for maintenance: 40 of equity and 40 of maintenance at 200.",
        *TENTH,
        deposit("alice", "20"),
        position_mode("alice"),
        trade("alice", "bob", "1", "100"),
        trade("bob", "alice", "1", "100"),
        mark("200"),
        venues=SAFE_AT_MAINTENANCE,
    ),
    draft(
        "MRG-05",
        "equal-by-funding",
        "A funding payment brings equity down to maintenance.",
        *TENTH,
        trade("alice", "bob", "1", "100"),
        funding("0.1"),
        venues=SAFE_AT_MAINTENANCE,
        also=("FND-01",),
    ),
    draft(
        "MRG-05",
        "equal-by-tiers",
        "A new rate brings maintenance up to equity.",
        *TENTH,
        trade("alice", "bob", "1", "100"),
        mark("90"),
        new_tiers(("0", 5, "0.11")),
        venues=SAFE_AT_MAINTENANCE,
        also=("MKT-03",),
    ),
    draft(
        "MRG-05",
        "equal-at-a-last-price",
        "The last price of a market brings equity down to maintenance, so that it is taken over first.",
        *TENTH,
        trade("alice", "bob", "1", "100"),
        settle("89"),
        venues=SAFE_AT_MAINTENANCE,
        also=("MKT-05",),
    ),
    draft(
        "TRD-02",
        "equal-after-a-trade",
        "A trade that closes a half at a loss leaves equity at maintenance, and is refused.",
        *TENTH,
        deposit("alice", "20"),
        trade("alice", "bob", "2", "100"),
        mark("90"),
        trade("bob", "alice", "1", "79"),
        venues=SAFE_AT_MAINTENANCE,
        also=("MRG-05",),
    ),
    draft(
        "LIQ-02",
        "equal-after-a-step-down",
        "A step-down that leaves equity at maintenance does not suffice, and the rest is taken over.",
        listing(rows=(("0", 5, "0.1"), ("100", 4, "0.2"))),
        mark("1"),
        deposit("alice", "50"),
        deposit("bob", "1000"),
        leverage("alice", 4),
        leverage("bob", 1),
        trade("alice", "bob", "200", "1"),
        funding("0.2"),
        venues=SAFE_AT_MAINTENANCE,
        also=("MRG-05",),
    ),
    draft(
        "ADL-04",
        "room-of-zero",
        "A counterparty whom a step would leave at its maintenance has no room, and is passed over.",
        *winner_with("58"),
        venues=SAFE_AT_MAINTENANCE,
        also=("MRG-05",),
    ),
    draft("ADL-04", "room-of-one", "The same counterparty with one quantum more is deleveraged.", *winner_with("59")),
    draft(
        "NUM-02",
        "remainder",
        "Three payers of one weight share a levy of 2: the first two pay a quantum each.",
        *TENTH[:2],
        deposit("dave", "20"),
        deposit("bob", "20"),
        deposit("carl", "50"),
        deposit("flat1", "41"),
        deposit("flat2", "41"),
        trade("dave", "bob", "1", "100"),
        mark("82"),
        trade("bob", "carl", "1", "78"),
        withdraw("bob", "42"),
        mark("78"),
        venues=REMAINDER_TO_THE_LAST,
        also=("LVY-01",),
    ),
)
