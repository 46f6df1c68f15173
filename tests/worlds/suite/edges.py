"""Edges of tiers and margins: a notional at a floor and one quantum beside it, equity one quantum off a margin."""

from collections.abc import Iterator

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
    order,
    position_mode,
    trade,
    withdraw,
)
from marginspec_conformance.vectors.making import Draft
from worlds.suite.building import OPEN, draft

# At a price of 1 a notional is its quantity; the floors are at 1000, 2000 and 5000.
FOUR = (("0", 10, "0.05"), ("1000", 5, "0.1"), ("2000", 4, "0.15"), ("5000", 2, "0.2"))
AT_ONE = (listing(rows=FOUR), mark("1"), deposit("alice", "9000"), deposit("bob", "90000"))
# One tier of 10%, leverage 5: a lot bought at 100 with 20 is at its maintenance margin at 89.
TENTH = (listing(rows=(("0", 5, "0.1"),)), mark("100"), deposit("alice", "20"), deposit("bob", "1000"))


def withdrawals(slug: str, what: str, setup: tuple[Event, ...], most: int, clause: str = "MRG-06") -> Iterator[Draft]:
    """Two vectors: the most that alice may withdraw, and one quantum more."""
    yield draft(
        clause, f"{slug}-all", f"{what}: all that is movable is withdrawn.", *setup, withdraw("alice", str(most))
    )
    yield draft(
        clause, f"{slug}-more", f"{what}: one quantum more than is movable.", *setup, withdraw("alice", str(most + 1))
    )


def tier_edges() -> Iterator[Draft]:
    """Leverage and margins around every floor."""
    for floor, below, above in ((1000, 10, 5), (2000, 5, 4), (5000, 4, 2)):
        for size in (floor - 1, floor, floor + 1):
            where = {-1: "a quantum below", 0: "exactly at", 1: "a quantum above"}[size - floor]
            name = f"floor-{floor}-{where.split()[-1]}"
            opened = (*AT_ONE, leverage("alice", below), leverage("bob", 1), trade("alice", "bob", str(size), "1"))
            yield draft(
                "MKT-02",
                name,
                f"A position {where} the floor of {floor}, at the leverage of the tier below it.",
                *opened,
            )
            held = (*AT_ONE, leverage("alice", above), leverage("bob", 1), trade("alice", "bob", str(size), "1"))
            initial = -(-size // above)
            yield from withdrawals(
                f"initial-{name}", f"Initial margin {where} the floor of {floor}", held, 9000 - initial, "MRG-02"
            )


def health_edges() -> Iterator[Draft]:
    """Maintenance around every floor: funding leaves a quantum more equity than it, or a quantum less."""
    for size, maintenance in ((999, 50), (1000, 50), (1001, 51), (2000, 150), (2001, 151), (5000, 600), (5001, 601)):
        for spare, word in ((1, "above"), (-1, "below")):
            cash = -(-size // 2) + 1
            setup = (
                *(listing(rows=FOUR), mark("1"), deposit("alice", str(cash)), deposit("bob", "90000")),
                *(leverage("alice", 2), leverage("bob", 1), trade("alice", "bob", str(size), "1")),
            )
            why = f"A notional of {size} needs {maintenance} of maintenance, and funding leaves a quantum {word} it."
            paid = funding_of(cash - maintenance - spare, size)
            yield draft("MRG-04", f"maintenance-{size}-{word}", why, *setup, paid)


def funding_of(amount: int, notional: int) -> Event:
    """A funding payment that takes just so much of a long of that notional."""
    rate = amount * 10**8 // notional
    return funding(f"{rate // 10**8}.{rate % 10**8:08}")


DRAFTS: tuple[Draft, ...] = (
    *tier_edges(),
    *health_edges(),
    draft(
        "MRG-05",
        "equal-by-tiers-well-past",
        "A new rate brings maintenance to 13.5, rounded up, where equity is 10: no rounding decides it.",
        *TENTH,
        trade("alice", "bob", "1", "100"),
        mark("90"),
        new_tiers(("0", 5, "0.15")),
        also=("MKT-03",),
    ),
    draft(
        "MRG-05",
        "long-a-quantum-above",
        "A long whose equity is a quantum above its maintenance stays.",
        *TENTH,
        trade("alice", "bob", "1", "100"),
        mark("90"),
    ),
    draft(
        "MRG-05",
        "long-below",
        "A long whose equity is below its maintenance is liquidated.",
        *TENTH,
        trade("alice", "bob", "1", "100"),
        mark("88"),
    ),
    draft(
        "MRG-05",
        "short-above",
        "A short whose equity is above its maintenance stays.",
        *TENTH,
        trade("bob", "alice", "1", "100"),
        mark("108"),
    ),
    draft(
        "MRG-05",
        "short-below",
        "A short whose equity is below its maintenance is liquidated.",
        *TENTH,
        trade("bob", "alice", "1", "100"),
        mark("110"),
    ),
    draft(
        "MRG-05",
        "equity-of-zero",
        "A domain without equity is liquidated, and its lot costs what it is worth.",
        *TENTH,
        trade("alice", "bob", "1", "100"),
        mark("80"),
    ),
    draft(
        "MRG-05",
        "profit-counts",
        "Unrealised profit in one market holds up a loss in another.",
        *TENTH,
        listing("B", rows=(("0", 5, "0.1"),)),
        mark("100", "B"),
        deposit("alice", "20"),
        trade("alice", "bob", "1", "100"),
        trade("alice", "bob", "1", "100", "B"),
        mark("120", "B"),
        mark("75"),
    ),
    draft(
        "MRG-05",
        "another-asset-does-not-count",
        "Cash in another asset holds nothing up.",
        *TENTH,
        deposit("alice", "500", "EUR"),
        trade("alice", "bob", "1", "100"),
        mark("88"),
    ),
    draft(
        "MRG-01",
        "notional-of-a-short",
        "The notional of a short is above zero, as that of a long.",
        *OPEN,
        trade("alice", "bob", "7", "100"),
        mark("101"),
        withdraw("bob", "922"),
    ),
    draft(
        "MRG-01",
        "notional-at-mark",
        "Notional is valued at the mark, not at entry: at 200 the initial margin has doubled.",
        *OPEN,
        trade("bob", "alice", "5", "100"),
        mark("110"),
        withdraw("bob", "945"),
    ),
    draft(
        "MRG-01",
        "notional-at-mark-more",
        "One quantum more than what the notional at the new mark leaves.",
        *OPEN,
        trade("bob", "alice", "5", "100"),
        mark("110"),
        withdraw("bob", "946"),
    ),
    *withdrawals(
        "rounded-initial",
        "Initial margin of 3 lots at 101 and leverage 10 is 30.3, rounded up",
        (*OPEN, mark("101"), trade("alice", "bob", "3", "101")),
        969,
        "MRG-02",
    ),
    *withdrawals(
        "own-leverage",
        "A leverage of 3 needs a third, rounded up",
        (*OPEN, leverage("alice", 3), trade("alice", "bob", "1", "100")),
        966,
        "MRG-02",
    ),
    *withdrawals(
        "dust",
        "Initial margin of dust is one quantum above its maintenance, which is one",
        (
            listing(rows=(("0", 100, "0.005"),)),
            mark("1"),
            deposit("alice", "10"),
            deposit("bob", "10"),
            leverage("alice", 100),
            trade("alice", "bob", "1", "1"),
        ),
        8,
        "MRG-02",
    ),
    *withdrawals(
        "profit", "Unrealised profit is not movable", (*OPEN, trade("alice", "bob", "5", "100"), mark("110")), 945
    ),
    *withdrawals(
        "loss", "An unrealised loss is not movable either", (*OPEN, trade("alice", "bob", "5", "100"), mark("95")), 927
    ),
    *withdrawals(
        "orders",
        "What orders reserve stays",
        (*OPEN, trade("alice", "bob", "5", "100"), order("alice", "buy", "3", "102")),
        914,
    ),
    *withdrawals(
        "orders-in-isolated",
        "Orders of an isolated market reserve margin in the wallet",
        (*OPEN, margin_mode("alice"), order("alice", "sell", "3", "98")),
        964,
        "MRG-03",
    ),
    *withdrawals(
        "opposite-orders",
        "Of bids and asks the larger side counts",
        (*OPEN, order("alice", "buy", "3", "100"), order("alice", "sell", "4", "100", id="o2")),
        960,
        "MRG-03",
    ),
    *withdrawals(
        "closing-orders",
        "An ask that closes a long reserves nothing",
        (*OPEN, trade("alice", "bob", "5", "100"), order("alice", "sell", "5", "90")),
        950,
        "MRG-03",
    ),
    *withdrawals(
        "flipping-orders",
        "An ask that would flip a long reserves what is beyond, and all of its open loss",
        (*OPEN, trade("alice", "bob", "5", "100"), order("alice", "sell", "11", "99")),
        929,
        "MRG-03",
    ),
    *withdrawals(
        "reduce-only-orders",
        "A reduce-only order reserves nothing",
        (*OPEN, trade("alice", "bob", "5", "100"), order("alice", "sell", "5", "90", reduce_only=True)),
        950,
        "MRG-03",
    ),
    *withdrawals(
        "hedge-closing-orders",
        "An order that closes a hedge side reserves nothing",
        (
            *OPEN,
            position_mode("alice"),
            trade("alice", "bob", "5", "100"),
            order("alice", "sell", "5", "90", position_side="LONG"),
        ),
        950,
        "MRG-03",
    ),
    draft("MRG-06", "withdraw-everything", "A flat account withdraws all it has.", *OPEN, withdraw("alice", "1000")),
    draft(
        "MRG-06",
        "withdraw-more-than-everything",
        "A flat account has no quantum more.",
        *OPEN,
        withdraw("alice", "1001"),
    ),
    draft(
        "MRG-06",
        "out-of-isolated",
        "All that is movable is taken out of an isolated position.",
        *OPEN,
        margin_mode("alice"),
        trade("alice", "bob", "5", "100"),
        adjust("alice", "30"),
        adjust("alice", "-30"),
    ),
    draft(
        "MRG-06",
        "out-of-isolated-more",
        "One quantum more than what its initial margin leaves stays in an isolated position.",
        *OPEN,
        margin_mode("alice"),
        trade("alice", "bob", "5", "100"),
        adjust("alice", "30"),
        adjust("alice", "-31"),
    ),
    draft(
        "ACC-02",
        "a-loss-of-all-cash",
        "A realised loss of all the cash there is leaves the account flat with nothing.",
        *TENTH,
        trade("alice", "bob", "1", "100"),
        trade("bob", "alice", "1", "80"),
    ),
    draft(
        "ACC-02",
        "a-loss-of-more-than-all-cash",
        "A realised loss of one quantum more than the cash is refused.",
        *TENTH,
        trade("alice", "bob", "1", "100"),
        trade("bob", "alice", "1", "79"),
    ),
    draft(
        "ACC-03",
        "isolated-cash-is-not-the-wallets",
        "Cash of an isolated position is not withdrawn: the wallet has 950 left of 1000.",
        *OPEN,
        margin_mode("alice"),
        trade("alice", "bob", "5", "100"),
        withdraw("alice", "951"),
    ),
    draft(
        "MRG-04",
        "opening-below-maintenance",
        "A trade at a price so bad that equity is below maintenance at once is refused.",
        *TENTH,
        trade("alice", "bob", "1", "111"),
    ),
    draft(
        "ACC-03",
        "isolated-loss-stays",
        "An isolated loss leaves the cross wallet as it is.",
        *TENTH,
        deposit("alice", "500"),
        margin_mode("alice"),
        trade("alice", "bob", "1", "100"),
        mark("70"),
    ),
    draft(
        "ACC-03",
        "cross-is-one-domain",
        "Two cross positions of an asset are one domain, which is taken over as a whole.",
        *TENTH,
        listing("B", rows=(("0", 5, "0.1"),)),
        mark("100", "B"),
        deposit("alice", "20"),
        trade("alice", "bob", "1", "100"),
        trade("bob", "alice", "1", "100", "B"),
        mark("75"),
    ),
    draft(
        "ACC-03",
        "two-assets-are-two-domains",
        "A liquidation in one asset leaves the account's other asset alone.",
        *TENTH,
        listing("E", rows=(("0", 5, "0.1"),), asset="EUR"),
        mark("100", "E"),
        deposit("alice", "20", "EUR"),
        deposit("bob", "100", "EUR"),
        trade("alice", "bob", "1", "100"),
        trade("alice", "bob", "1", "100", "E"),
        mark("85"),
    ),
    draft(
        "MKT-03",
        "tiers-that-help",
        "Lower maintenance rates liquidate nobody.",
        *TENTH,
        trade("alice", "bob", "1", "100"),
        mark("90"),
        new_tiers(("0", 5, "0.05")),
    ),
    draft(
        "MKT-03",
        "tiers-that-hurt",
        "A higher maintenance rate liquidates who is then short of it.",
        *TENTH,
        trade("alice", "bob", "1", "100"),
        mark("90"),
        new_tiers(("0", 5, "0.12")),
    ),
    draft(
        "MKT-02",
        "rate-times-leverage-of-one",
        "A maintenance rate times its maximum leverage may not be 1.",
        listing(rows=(("0", 10, "0.1"),)),
    ),
    draft(
        "MKT-02",
        "rate-times-leverage-below-one",
        "A maintenance rate times its maximum leverage just below 1.",
        listing(rows=(("0", 10, "0.09999999"),)),
    ),
    draft("MKT-02", "first-floor", "The first floor must be zero.", listing(rows=(("1", 10, "0.05"),))),
    draft("MKT-02", "equal-floors", "Floors must rise.", listing(rows=(("0", 10, "0.05"), ("0", 5, "0.1")))),
    draft(
        "MKT-02",
        "equal-leverages",
        "Maximum leverages must fall.",
        listing(rows=(("0", 10, "0.05"), ("9", 10, "0.06"))),
    ),
    draft("MKT-02", "equal-rates", "Maintenance rates must rise.", listing(rows=(("0", 10, "0.05"), ("9", 5, "0.05")))),
    draft("MKT-02", "no-rate", "A maintenance rate must be above zero.", listing(rows=(("0", 10, "0"),))),
    draft(
        "MKT-02",
        "a-floor-too-fine",
        "A floor finer than a quantum.",
        listing(rows=(("0", 10, "0.05"), ("9.5", 5, "0.1"))),
    ),
    draft(
        "MKT-02",
        "many-tiers",
        "A notional in the eleventh of twelve tiers has all the deductions below it.",
        listing(rows=tuple((str(100 * n), 20 - n, f"0.0{n + 10}") for n in range(12))),
        mark("1"),
        deposit("alice", "9000"),
        deposit("bob", "9000"),
        leverage("alice", 1),
        leverage("bob", 1),
        trade("alice", "bob", "1050", "1"),
        leverage("alice", 10),
        leverage("alice", 11),
    ),
    draft(
        "LIQ-02",
        "to-the-floor-exactly",
        "A step-down cuts to a notional exactly at the floor of the present tier.",
        listing(rows=FOUR),
        mark("1"),
        fund("50"),
        deposit("alice", "401"),
        deposit("bob", "9000"),
        leverage("alice", 5),
        leverage("bob", 1),
        trade("alice", "bob", "2000", "1"),
        new_tiers(("0", 4, "0.2"), ("1000", 2, "0.4")),
    ),
    draft(
        "LIQ-02",
        "at-the-floor-is-the-tier-below",
        "A notional exactly at a floor is in the tier below it: no step-down.",
        listing(rows=FOUR),
        mark("1"),
        deposit("alice", "100"),
        deposit("bob", "9000"),
        leverage("bob", 1),
        trade("alice", "bob", "1000", "1"),
        new_tiers(("0", 9, "0.11"), ("1000", 5, "0.19")),
    ),
)
