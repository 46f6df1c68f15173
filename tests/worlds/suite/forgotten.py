"""What an engine may keep from event to event, or from step to step, and must forget or renew."""

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
    mark,
    position_mode,
    trade,
)
from marginspec_conformance.vectors.making import Draft
from worlds.suite.building import draft
from worlds.suite.limits import DUST, LOTS_60, PRICE_60

EIGHT = [f"c{number}" for number in range(8)]
LOW_RATE = (("0", 50, "0.01"),)
THIN = (("0", 50, "0.0199"),)
NO_LEVY = Header(Profile(last_resort="none"), Map({"USD": 0}))


def uncovered_in(market: str) -> tuple[Event, ...]:
    """A lot loses nine, and the only counterparty has an entry at which it loses more."""
    owner = f"owner-{market}"
    return (
        *(listing(market, THIN), mark("100", market), deposit(owner, "12")),
        *(trade(owner, "yan", "1", "100", market), trade("yan", "zoe", "1", "60", market), mark("79", market)),
    )


DRAFTS: tuple[Draft, ...] = (
    draft(
        "LIQ-01",
        "after-refused-funding",
        "Funding is refused as too large; whoever would have paid or been paid is liquidated at the next mark.",
        *(listing(rows=DUST), mark(str(PRICE_60 - 1))),
        *(deposit("alice", str(2**58)), deposit("bob", str(2**58))),
        *(leverage("alice", 1000), leverage("bob", 1000), trade("alice", "bob", str(LOTS_60), str(PRICE_60 - 1))),
        *(
            event
            for name in EIGHT
            for event in (deposit(name, str(PRICE_60 // 19)), trade(name, "bob", "1", str(PRICE_60 - 1)))
        ),
        *(mark(str(PRICE_60)), funding("1"), mark(str(PRICE_60 - PRICE_60 // 15))),
        also=("FND-01", "NUM-03"),
    ),
    draft(
        "ADL-01",
        "a-younger-lot-after-the-best-counterparty",
        "The best counterparty is used up; nobody is left for what remains of the older lot, but one for the younger.",
        *(listing(rows=LOW_RATE), mark("100"), deposit("dave", "36"), deposit("erin", "60"), deposit("yan", "1000")),
        *(deposit("zoe", "1000"), deposit("bob", "20"), position_mode("bob"), leverage("bob", 50)),
        *(trade("dave", "yan", "3", "100"), trade("erin", "yan", "3", "100")),
        *(trade("yan", "bob", "5", "100", seller_side="SHORT"), trade("bob", "yan", "5", "100", buyer_side="LONG")),
        *(trade("yan", "zoe", "5", "60"), mark("70")),
    ),
    draft(
        "ADL-01",
        "a-market-is-taken-up-again",
        "A market in which one lot is too much is passed over until as little is missing, and is then the first again.",
        *(listing("X"), mark("100", "X"), deposit("eve", "9000"), deposit("yan", "9000"), deposit("zoe", "9000")),
        *(deposit("dave", "12"), trade("dave", "eve", "1", "100", "X"), mark("91", "X")),
        *(fill("zoe", "1", "98", market="X"), mark("100", "X"), deposit("xeno", "12")),
        *(trade("xeno", "zoe", "1", "100", "X"), fund("10")),
        *(event for name in ("A", "B") for event in uncovered_in(name)),
        *(listing("Z", THIN), mark("100", "Z"), deposit("nora", "200")),
        *(leverage("nora", 50, name) for name in ("A", "B", "Z")),
        trade("nora", "zoe", "100", "100", "Z"),
        *(trade("zoe", "nora", "1", "95", name, buyer_fee="0", seller_fee="13") for name in ("A", "B")),
        *(mark("58", "X"), deposit("nora", "1000")),
        header=NO_LEVY,
    ),
    draft(
        "TRN-01",
        "counts-of-nothing",
        "A declared step on a lot that closes at its own price counts nothing, and the reserve's status is not told.",
        *(listing(), mark("100"), deposit("bob", "1000"), deposit("carol", "1000"), deposit("dave", "60")),
        *(trade("dave", "carol", "5", "100"), mark("90"), fill("bob", "1", "93"), mark("88"), declare("2")),
        also=("ADL-06",),
    ),
    draft(
        "TRN-01",
        "levied-again",
        "Nothing but the sum levied changes, and the reserve's status is told.",
        *(listing(), mark("1000"), deposit("alice", "112"), deposit("bob", "1000"), deposit("carol", "5000")),
        *(trade("alice", "carol", "1", "1000"), mark("900"), trade("carol", "bob", "1", "880"), mark("800")),
        mark("780"),
        also=("LVY-01",),
    ),
)
