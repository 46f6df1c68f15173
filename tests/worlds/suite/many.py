"""More than eight of everything: nothing stops counting, and nothing that an event lists moves unnoticed."""

from collections.abc import Iterable, Iterator

from immutables import Map

from marginspec.model.events import Event
from marginspec.model.state import Header, Profile
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
    new_tiers,
    order,
    settle,
    trade,
    withdraw,
)
from marginspec_conformance.vectors.making import Draft
from worlds.suite.building import draft

NINE = [f"M{number}" for number in range(9)]
"""Markets, or assets."""
CROWD = [f"p{number}" for number in range(10)]
"""Accounts."""
OF_ASSETS = Map(dict.fromkeys((*NINE, "Z"), 0))


def listed(*markets: str) -> Iterator[Event]:
    """Markets at 100."""
    for market in markets:
        yield from (listing(market), mark("100", market))


def nine_positions(cash: str) -> Iterator[Event]:
    """alice is long five in each of nine markets, which need an initial margin of 450, and 225 of maintenance."""
    yield from (deposit("alice", cash), deposit("bob", "9000"))
    for market in NINE:
        yield from (*listed(market), trade("alice", "bob", "5", "100", market))


def shorts(names: Iterable[str]) -> Iterator[Event]:
    """Accounts at the edge of their margin, each short one lot against carol."""
    for name in names:
        yield from (deposit(name, "12"), trade("carol", name, "1", "100"))


def longs(names: Iterable[str]) -> Iterator[Event]:
    """Accounts at the edge of their margin, each long one lot against dave."""
    for name in names:
        yield from (deposit(name, "12"), trade(name, "dave", "1", "100"))


LOTS = (
    *(*listed("A"), deposit("carol", "9000"), deposit("dave", "9000"), fund("90")),
    *(*shorts(CROWD[1:]), mark("109"), mark("100"), *longs(CROWD[:1]), mark("91")),
)
"""The engine has nine short lots and a long one behind them, of bankruptcy prices 112 and 88."""


def unpayable(market: str, asset: str, price: str = "880") -> tuple[Event, ...]:
    """A lot of bankruptcy price 888 that nobody can be deleveraged for; a mark of 800 is levied."""
    return (
        *(listing(market, asset=asset), mark("1000", market)),
        *(deposit("alice", "112", asset), deposit("bob", "1000", asset), deposit("carol", "5000", asset)),
        *(trade("alice", "carol", "1", "1000", market), mark("900", market), trade("carol", "bob", "1", price, market)),
    )


SETTINGS = (
    draft(
        "ACC-01",
        "margin-mode-under-ten-orders",
        "Orders hold the margin mode of their markets, the first and the last of many as well.",
        *(*listed("A", "B", "C"), deposit("alice", "1000"), order("alice", "buy", "1", "90", market="B", id="first")),
        *(order("alice", "buy", "1", "90", id=f"o{number}") for number in range(8)),
        *(order("alice", "buy", "1", "90", market="C", id="last"), margin_mode("alice", market="B")),
        margin_mode("alice", market="C"),
    ),
    draft(
        "MRG-02",
        "nine-positions",
        "The initial margin of nine positions together bounds withdrawals and trades.",
        *(*nine_positions("480"), withdraw("alice", "31"), trade("alice", "bob", "4", "100", "M4")),
        *(withdraw("alice", "30"), trade("alice", "bob", "1", "100", "M4")),
        also=("MRG-06", "TRD-02"),
    ),
    draft(
        "MRG-03",
        "ten-orders-above-the-mark",
        "The open losses of ten orders together bound a withdrawal.",
        *(*listed("A"), deposit("alice", "400")),
        *(order("alice", "buy", "1", "105", id=f"o{number}") for number in range(10)),
        *(withdraw("alice", "251"), withdraw("alice", "250")),
        also=("MRG-06",),
    ),
    draft(
        "LIQ-03",
        "equity-over-nine-positions",
        "What is left of the equity is shared over nine positions that are taken over.",
        *(*nine_positions("460"), mark("50", "M0")),
        also=("NUM-02",),
    ),
    draft(
        "MKT-03",
        "new-tiers-over-ten-positions",
        "New tiers are felt by everybody with a position in the market.",
        *(*listed("A"), deposit("dave", "9000"), *longs(CROWD), new_tiers(("0", 5, "0.19"))),
        also=("LIQ-01",),
    ),
)
ENDS = (
    draft(
        "ADL-06",
        "a-lot-behind-nine-others",
        "The one lot of the side that is declared is the engine's tenth.",
        *(*LOTS, declare("1")),
    ),
    draft(
        "MKT-05",
        "ten-lots-and-ten-positions",
        "A final settlement closes ten lots, nine of which lose.",
        *(*LOTS, fund("500"), settle("130")),
        also=("WTF-01",),
    ),
    draft(
        "FND-01",
        "funding-of-many-positions",
        "So many pay that an engine may have to take more room meanwhile.",
        *(*listed("A"), deposit("dave", "9000"), leverage("dave", 5)),
        *(*longs(f"p{number:02}" for number in range(24)), funding("0.01")),
    ),
    draft(
        "LIQ-05",
        "a-fill-of-nine-lots",
        "A fill closes nine lots, and draws the loss of each.",
        *(*LOTS, deposit("erin", "9000"), mark("100"), fill("erin", "9", "115", "short")),
    ),
)
LEVERED = (("0", 50, "0.01"),)
LATE = CROWD[-1]
"""The last of those who pay a levy."""
LEVIED = (
    *(*unpayable("Z", "USD", "800"), *(deposit(name, "1000") for name in CROWD), mark("500", "Z"), fund("2000")),
    *(withdraw(LATE, "1000"), deposit(LATE, "10")),
)
"""All have been levied, and have back what they paid."""
MILLI = Header(asset_decimals=Map({"USD": 3}))
STEPS = (
    draft(
        "ADL-04",
        "half-by-half",
        "How many thousandths of a lot leave a counterparty healthy takes more than eight halvings to find.",
        *(listing("A", decimals=(0, 3)), listing("B", decimals=(0, 3)), mark("100"), mark("100", "B"), fund("100")),
        *(deposit("dave", "60"), deposit("alice", "1000"), deposit("bob", "100"), trade("dave", "alice", "5", "100")),
        *(trade("alice", "bob", "5", "100"), trade("bob", "alice", "5", "100", "B"), mark("80"), mark("70", "B")),
        declare("5"),
        header=MILLI,
        also=("ADL-06",),
    ),
    draft(
        "ADL-03",
        "a-cost-passed-on-counts-at-once",
        "What is left of a closed lot's cost passes to another lot, which loses more at once, and finds nobody then.",
        *(listing(rows=(("0", 4, "0.24"),)), mark("100"), deposit("dave", "200"), deposit("erin", "1000")),
        *(deposit("lena", "1000"), trade("erin", "dave", "5", "100"), trade("lena", "dave", "4", "300")),
        *(mark("1000"), deposit("dave", "100"), mark("100"), trade("erin", "dave", "2", "100"), mark("130")),
        header=Header(Profile(last_resort="none"), Map({"USD": 0})),
    ),
    draft(
        "ADL-04",
        "a-payer-of-many-is-looked-at-again",
        "Who was the last of many to pay a levy has room for one lot, and after that for none.",
        *LEVIED,
        *(event for name in "AB" for event in (listing(name, LEVERED), mark("100", name), leverage(LATE, 50, name))),
        *(deposit("dave", "12"), deposit("erin", "12"), deposit("zoe", "9000")),
        *(trade("dave", LATE, "1", "100"), trade("erin", LATE, "1", "100"), trade("carol", "zoe", "1", "100")),
        *(trade(LATE, "carol", "1", "100", "B"), mark("88"), mark("80"), mark("64", "B"), declare("2")),
        also=("ADL-06",),
    ),
)
OF_FUNDS = (
    draft(
        "LVY-02",
        "relief-of-the-tenth-asset",
        "Relief of an asset that is the exchange's tenth is drawn by name of the asset, and returned.",
        *(deposit("alice", "1", asset) for asset in NINE),
        *(*unpayable("Z", "Z"), mark("800", "Z"), mark("880", "Z"), mark("1000", "Z")),
        header=Header(asset_decimals=OF_ASSETS),
    ),
    draft(
        "LVY-02",
        "relief-of-nine-assets",
        "In nine assets relief is held, and all of it is looked at after each event.",
        *(event for name in NINE for event in (*unpayable(name, name), mark("800", name))),
        fund("1000", "M8"),
        header=Header(asset_decimals=OF_ASSETS),
    ),
    draft(
        "LVY-01",
        "a-winner-in-nine-other-markets",
        "What a payer gains in the market that falls short is found among the positions that it has in ten.",
        *(*unpayable("Z", "USD"), *listed(*NINE), *(trade("bob", "carol", "1", "100", market) for market in NINE)),
        *(deposit("dave", "500"), mark("800", "Z")),
    ),
    draft(
        "TRN-01",
        "the-funds-of-ten-markets",
        "One event deleverages in ten markets, and tells of the funds of each.",
        *(fund("400"), deposit("erin", "90000"), *unpayable("Z", "USD")),
        *(
            event
            for name in NINE
            for event in (
                *(*listed(name), deposit(f"poor-{name}", "60")),
                *(trade(f"poor-{name}", "erin", "5", "100", name), mark("80", name)),
            )
        ),
        mark("400", "Z"),
        also=("ADL-01",),
    ),
    draft(
        "WTF-02",
        "nine-assets-without-cover",
        "Nine assets are left without cover; in a tenth, the last by name, somebody is deleveraged.",
        *(event for name in NINE for event in (*unpayable(name, name), mark("800", name))),
        *(listing("Z", asset="Z"), mark("100", "Z"), deposit("dave", "60", "Z"), deposit("erin", "9000", "Z")),
        *(trade("dave", "erin", "5", "100", "Z"), mark("80", "Z")),
        header=Header(Profile(last_resort="none"), OF_ASSETS),
        also=("ADL-01",),
    ),
)
DRAFTS: tuple[Draft, ...] = (*SETTINGS, *ENDS, *STEPS, *OF_FUNDS)
