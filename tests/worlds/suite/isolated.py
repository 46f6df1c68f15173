"""Isolated margin on both sides of every trade, for engines that have no other: openings, closes, health, margin.

Accounts are cross until they say otherwise, and so are those of most vectors: an engine without cross margin is asked
none of these.
"""

from marginspec.model.events import Event
from marginspec_conformance.generator.events import adjust, leverage, listing, margin_mode, mark, trade, withdraw
from worlds.suite.building import OPEN, draft

BOTH = (*OPEN, margin_mode("alice"), margin_mode("bob"))
"""Market A at 100, alice and bob isolated in it with 1000 each in their wallets."""
PAYING = (listing(taker="0.033", maker="0.011", share="0.45"), *BOTH[1:])
THREE = (*PAYING, trade("alice", "bob", "3", "100"))
"""A long and a short of 300, opened with fees of 10 and 4."""
FIVE = (*BOTH, trade("alice", "bob", "5", "100"))
"""A long and a short of 500, each with 50 of isolated margin at a leverage of 10."""
TWENTY = (*BOTH, leverage("alice", 5), leverage("bob", 5), trade("alice", "bob", "20", "100"))
"""A long and a short of 2000 in the second tier, each with 400 of isolated margin at a leverage of 5."""

Row = tuple[str, str, str, tuple[Event, ...]]
TRADES: tuple[Row, ...] = (
    ("ACC-04", "opening", "An opening takes its initial margin from the wallet, and the fee, too.", THREE),
    ("ACC-04", "increase", "An increase takes more.", (*THREE, trade("alice", "bob", "2", "101"))),
    (
        *("ACC-04", "part-closed-in-profit", "A part of the long closes in profit, and of the short in loss."),
        (*THREE, trade("bob", "alice", "1", "110")),
    ),
    (
        *("ACC-04", "part-closed-in-loss", "A part of the long closes in loss, and of the short in profit."),
        (*THREE, trade("bob", "alice", "1", "93", taker="seller")),
    ),
    (*("ACC-04", "all-closed", "What closes all gives back all margin."), (*THREE, trade("bob", "alice", "3", "104"))),
    ("ACC-04", "flip", "Both flip, and have new margin.", (*THREE, trade("bob", "alice", "5", "102"))),
    (
        *("ACC-04", "closed-at-no-mark", "A close far from the mark realises its own price."),
        (*FIVE, mark("103"), trade("bob", "alice", "5", "98")),
    ),
    (
        *("TRD-02", "beyond-the-wallet", "An opening of 10,100 needs 1,010 at a leverage of 10, of 1000."),
        (*(listing(rows=(("0", 10, "0.05"),)), *BOTH[1:]), trade("alice", "bob", "101", "100")),
    ),
    (
        *("TRD-02", "within-the-wallet", "An opening of 9,900 needs 990 at a leverage of 10, of 1000."),
        (*(listing(rows=(("0", 10, "0.05"),)), *BOTH[1:]), trade("alice", "bob", "99", "100")),
    ),
    (
        *("TRD-02", "above-its-tier", "A leverage of 10 is above that of the tier of 2000."),
        (*BOTH, trade("alice", "bob", "20", "100")),
    ),
)
HEALTH: tuple[Row, ...] = tuple(
    (
        *(
            "LIQ-01",
            f"{side}-at-{price}",
            f"The {side} of five lots has {equity} and needs {least}; no rounding decides.",
        ),
        (*FIVE, mark(price)),
    )
    for side, price, equity, least in (
        *(("long", "96", 30, 24), ("long", "93", 15, 24)),
        *(("short", "104", 30, 26), ("short", "107", 15, 27)),
    )
) + tuple(
    (
        *("MRG-04", f"second-tier-at-{price}", f"The long of twenty lots has {equity} and needs 10% less 50, {least}."),
        (*TWENTY, mark(price)),
    )
    for price, equity, least in (("90", 200, 130), ("85", 100, 120))
)
MARGIN: tuple[Row, ...] = (
    ("MRG-06", "free-wallet", "What no position holds is withdrawn, all of it.", (*FIVE, withdraw("alice", "950"))),
    ("MRG-06", "free-wallet-and-more", "Isolated margin is not withdrawn.", (*FIVE, withdraw("alice", "1000"))),
    (
        *("ACC-04", "margin-added", "Margin that was added keeps a position healthy at 80."),
        (*FIVE, adjust("alice", "100"), mark("80")),
    ),
    (
        *("ACC-04", "margin-taken-out", "Of margin that was added, what is above the initial margin comes out again."),
        (*FIVE, adjust("alice", "100"), adjust("alice", "-60")),
    ),
    (
        *("ACC-04", "too-much-margin-taken-out", "What is below the initial margin does not come out."),
        (*FIVE, adjust("alice", "100"), adjust("alice", "-140")),
    ),
    (
        *("ACC-04", "a-loss-of-one-position", "A loss in isolated margin leaves the wallet alone."),
        (*FIVE, mark("93"), withdraw("alice", "950")),
    ),
)
DRAFTS = tuple(
    draft(clause, f"both-isolated-{slug}", f"Both parties are isolated. {why}", *events)
    for clause, slug, why, events in (*TRADES, *HEALTH, *MARGIN)
)
