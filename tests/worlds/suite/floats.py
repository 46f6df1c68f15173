"""Amounts that are whole, and that floating point finds a little more or less than whole."""

from marginspec_conformance.generator.events import deposit, funding, listing, mark, trade
from marginspec_conformance.vectors.making import Draft
from worlds.suite.building import OPEN, draft

ROWS = (("0", 10, "0.07"),)
LARGE = (
    listing(rows=ROWS, taker="1"),
    mark("3"),
    deposit("alice", "100000000000000000"),
    deposit("bob", "100000000000000000"),
)

DRAFTS: tuple[Draft, ...] = (
    draft(
        "TRD-01",
        "whole-fee",
        "The fee of 100 at 0.07 is 7; in floating point the product is above 7, and rounds up to 8.",
        *(listing(taker="0.07"), *OPEN[1:]),
        trade("alice", "bob", "1", "100"),
        also=("NUM-02",),
    ),
    draft(
        "TRD-01",
        "fee-of-many-digits",
        "A fee of 2^53 + 1, which no floating-point number of 64 bits is.",
        *LARGE,
        trade("alice", "bob", "3002399751580331", "3"),
        also=("NUM-01",),
    ),
    draft(
        "FND-01",
        "whole-payment",
        "Funding of 100 at 0.07 is 7 for whoever pays and for whoever receives; nothing is left for insurance.",
        *(*OPEN, trade("alice", "bob", "1", "100")),
        funding("0.07"),
        also=("NUM-02",),
    ),
    draft(
        "MRG-04",
        "whole-maintenance",
        "Maintenance of 100 at 0.07 is 7, so that an equity of 8 is healthy; rounded up to 8 it would not be.",
        *(listing(rows=ROWS), mark("107"), deposit("alice", "15"), deposit("bob", "1000")),
        *(trade("alice", "bob", "1", "107"), mark("100")),
        also=("MRG-05", "NUM-02"),
    ),
)
