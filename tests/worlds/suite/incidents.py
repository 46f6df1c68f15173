"""Incidents whose test asks a function and runs no journal of its own: here is the journal (docs/incidents.md)."""

from marginspec_conformance.generator.events import deposit, fill, fund, listing, mark, trade
from marginspec_conformance.vectors.making import Draft
from worlds.states import UNPAYABLE
from worlds.suite.building import OPEN, draft
from worlds.suite.waterfall import TWENTY

DRAFTS: tuple[Draft, ...] = (
    draft(
        "NUM-02",
        "in-17-nobody-gets-more-than-his-claim",
        "IN-17: a remainder goes out in single quanta: of 36 over ten equal payers six pay 4 and four pay 3.",
        *TWENTY,
        fund("4"),
        mark("78"),
        also=("LVY-01",),
    ),
    draft(
        "LVY-01",
        "in-15-and-18-the-last-resort-is-bounded",
        (
            "IN-15 and IN-18: a loss without counterparty has payers: profit is levied first, then what is to spare, "
            "pro rata."
        ),
        *UNPAYABLE,
    ),
    draft(
        "LIQ-03",
        "in-24-a-loss-stays-in-its-market",
        "IN-24: a negative equity lands on the lots of the market that moved.",
        *OPEN,
        deposit("dave", "60"),
        trade("dave", "carol", "5", "100"),
        listing("B"),
        mark("50", "B"),
        deposit("dave", "13"),
        fund("100"),
        trade("dave", "carol", "3", "50", "B"),
        mark("80"),
    ),
    draft(
        "JRN-01",
        "in-25-any-outsider-recomputes-every-step",
        "IN-25: a levy, a fill that draws relief: every balance follows from the receipts.",
        *UNPAYABLE,
        fill("bob", "1", "800"),
    ),
)
