"""Ties: of scores in both rankings, of maintenance, of shortfalls; who comes first is decided by key, id or age."""

from marginspec.model.events import Event
from marginspec_conformance.generator.events import (
    deposit,
    fund,
    funding,
    leverage,
    listing,
    margin_mode,
    mark,
    new_tiers,
    position_mode,
    trade,
)
from marginspec_conformance.vectors.making import Draft
from worlds.states import MINIMAL, MINIMAL_BITMEX
from worlds.suite.building import draft

RANKINGS = (("binance", MINIMAL), ("bitmex", MINIMAL_BITMEX))
MARKET = (listing(rows=(("0", 5, "0.1"),)), mark("100"))
# Dave's 2 lots are bankrupt at 80; at 78 they lose 4 and the counterparties share it.
DAVE = (*MARKET, deposit("dave", "40"))
B = (listing("B", rows=(("0", 5, "0.1"),)), mark("100", "B"))


def shorts(*sizes: tuple[str, int, int]) -> tuple[Event, ...]:
    """Accounts with cash, each of which sells dave or a maker so many lots at 100; then the mark falls to 70."""
    total = sum(size for _, _, size in sizes)
    opened = [deposit(name, str(cash)) for name, cash, _ in sizes]
    sold = [trade("dave", name, str(size), "100") for name, _, size in sizes]
    return (*MARKET, deposit("dave", str(20 * total)), *opened, *sold, mark("70"))


DRAFTS: tuple[Draft, ...] = (
    *(
        one
        for name, header in RANKINGS
        for one in (
            draft(
                "ADL-02",
                f"tie-{name}",
                f"Equal positions tie ({name}): they are deleveraged in the order of their names.",
                *shorts(("carl", 90, 3), ("bert", 90, 3), ("adam", 90, 3)),
                header=header,
            ),
            draft(
                "ADL-02",
                f"tie-in-thirds-{name}",
                (
                    f"Three times the position with three times the cash ties exactly ({name}), though no decimal "
                    "holds the score."
                ),
                *shorts(("carl", 70, 1), ("bert", 210, 3), ("adam", 490, 7)),
                header=header,
            ),
            draft(
                "ADL-02",
                f"nearly-a-tie-{name}",
                f"One quantum of cash less makes the score higher ({name}), by far less than a float can tell.",
                *shorts(("adam", 1_000_000_000, 1), ("bert", 999_999_999, 1)),
                header=header,
            ),
            draft(
                "ADL-02",
                f"names-by-code-point-{name}",
                f"Ties go by code points ({name}): capitals come before small letters, digits before both.",
                *shorts(("b", 90, 1), ("B", 90, 1), ("1", 90, 1)),
                header=header,
            ),
            draft(
                "ADL-02",
                f"names-of-unequal-length-{name}",
                f"Ties go by name ({name}): a10 comes before a9.",
                *shorts(("a9", 90, 1), ("a10", 90, 1)),
                header=header,
            ),
            draft(
                "ADL-02",
                f"sides-{name}",
                f"An account's sides tie ({name}) with others by account first, then by side.",
                *DAVE,
                deposit("carl", "90"),
                deposit("bert", "90"),
                position_mode("bert"),
                trade("dave", "bert", "1", "100"),
                trade("dave", "carl", "1", "100"),
                mark("70"),
                header=header,
            ),
            draft(
                "ADL-02",
                f"losers-last-{name}",
                f"Who is in profit stands before who is not ({name}).",
                *DAVE,
                deposit("adam", "90"),
                deposit("bert", "90"),
                deposit("maker", "900"),
                trade("dave", "bert", "2", "100"),
                mark("88"),
                trade("maker", "adam", "1", "78"),
                mark("79"),
                header=header,
            ),
            draft(
                "ADL-02",
                f"isolated-and-cross-{name}",
                f"An isolated winner is ranked by its own cash ({name}), a cross one by its wallet.",
                *DAVE,
                deposit("adam", "90"),
                deposit("bert", "90"),
                margin_mode("bert"),
                trade("dave", "adam", "1", "100"),
                trade("dave", "bert", "1", "100"),
                mark("79"),
                header=header,
            ),
            draft(
                "ADL-02",
                f"short-lots-{name}",
                f"Short lots are closed against longs ({name}), in the queue of the longs.",
                *DAVE,
                deposit("adam", "90"),
                deposit("bert", "45"),
                trade("adam", "dave", "1", "100"),
                trade("bert", "dave", "1", "100"),
                mark("121"),
                header=header,
            ),
            draft(
                "ADL-02",
                f"the-queue-stays-{name}",
                f"The queue of an event stays as its first step found it ({name}).",
                *shorts(("adam", 100, 2), ("bert", 101, 2), ("carl", 102, 2)),
                header=header,
            ),
        )
    ),
    draft(
        "LIQ-02",
        "tie-of-maintenance",
        "Two positions of one maintenance: the first key is stepped down, which suffices.",
        *(
            event
            for market in ("A", "B")
            for event in (listing(market, rows=(("0", 5, "0.1"), ("100", 4, "0.2"))), mark("1", market))
        ),
        deposit("alice", "101"),
        deposit("bob", "1000"),
        *(leverage(*one) for one in (("alice", 4, "A"), ("alice", 4, "B"), ("bob", 1, "A"), ("bob", 1, "B"))),
        trade("alice", "bob", "200", "1"),
        trade("alice", "bob", "200", "1", "B"),
        funding("0.25"),
    ),
    draft(
        "LIQ-02",
        "tie-of-sides",
        "Both sides of a hedge have one maintenance: LONG is stepped down, which suffices.",
        listing(rows=(("0", 5, "0.1"), ("100", 4, "0.2"))),
        mark("1"),
        deposit("alice", "100"),
        deposit("bob", "1000"),
        position_mode("alice"),
        leverage("alice", 4),
        leverage("bob", 1),
        trade("alice", "bob", "200", "1"),
        trade("bob", "alice", "200", "1"),
        new_tiers(("0", 4, "0.2"), ("100", 2, "0.4")),
    ),
    draft(
        "LIQ-01",
        "key-order",
        "Domains are taken by account, then asset, and an account's cross domain before its isolated ones.",
        *MARKET,
        *B,
        deposit("b", "20"),
        deposit("a", "40"),
        deposit("maker", "9000"),
        margin_mode("a"),
        trade("a", "maker", "1", "100"),
        trade("b", "maker", "1", "100"),
        mark("60"),
    ),
    draft(
        "ADL-01",
        "tie-of-shortfalls",
        "Two markets of one shortfall: the first id is deleveraged first.",
        *MARKET,
        *B,
        deposit("dave", "20"),
        deposit("erin", "20"),
        deposit("bob", "900"),
        fund("9"),
        trade("dave", "bob", "1", "100"),
        trade("erin", "bob", "1", "100", "B"),
        mark("88"),
        mark("88", "B"),
        mark("75"),
        mark("75", "B"),
    ),
    draft(
        "ADL-01",
        "largest-shortfall",
        "The market with the larger shortfall is deleveraged first.",
        *MARKET,
        *B,
        deposit("dave", "20"),
        deposit("erin", "20"),
        deposit("bob", "900"),
        fund("10"),
        trade("dave", "bob", "1", "100"),
        trade("erin", "bob", "1", "100", "B"),
        mark("88"),
        mark("88", "B"),
        mark("75"),
        mark("74", "B"),
    ),
    draft(
        "ADL-01",
        "oldest-lot",
        "Of two losing lots the older one is closed, though the other one loses more: 1 and 17, of which 1 is missing.",
        *MARKET,
        deposit("dave", "20"),
        deposit("erin", "24"),
        deposit("bob", "9000"),
        fund("17"),
        trade("dave", "bob", "1", "100"),
        mark("89"),
        mark("120"),
        trade("erin", "bob", "1", "120"),
        mark("107"),
        mark("79"),
    ),
    draft(
        "NUM-02",
        "remainder-of-two",
        "A takeover shares 17 of equity over maintenances of 8 and 10: the odd quantum goes to the first key.",
        *MARKET,
        *B,
        deposit("alice", "41"),
        deposit("bob", "900"),
        trade("alice", "bob", "1", "100"),
        trade("alice", "bob", "1", "100", "B"),
        mark("76"),
    ),
)
