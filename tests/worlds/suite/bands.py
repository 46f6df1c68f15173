"""Both ends of every band and cap, on and off the tick."""

from marginspec.model.account import OrderSide
from marginspec_conformance.generator.events import deposit, fill, funding, leverage, mark, new_limits, order, trade
from marginspec_conformance.vectors.making import Draft
from worlds.suite.building import OPEN, draft

# A band of 10% around 100 on a tick of 1: from 90 to 110. Around 105, half a tick further at both ends.
BAND = (*OPEN, new_limits(band="0.1"))
TAKEN = (*OPEN, deposit("dave", "60"), trade("dave", "carol", "5", "100"), mark("92"))
TAKEN_SHORT = (*OPEN, deposit("dave", "60"), trade("carol", "dave", "5", "100"), mark("108"))
ORDERS: tuple[tuple[OrderSide, str], ...] = (
    *(("buy", "110"), ("buy", "111"), ("buy", "1")),
    *(("sell", "90"), ("sell", "89"), ("sell", "400")),
)
DRAFTS: tuple[Draft, ...] = (
    *(
        draft(
            "MKT-04",
            f"trade-at-{price}",
            f"A band of 10% around 100, widened to the next ticks: a trade at {price}.",
            *BAND,
            trade("alice", "bob", "1", price),
        )
        for price in ("89", "90", "110", "111")
    ),
    *(
        draft(
            "MKT-04",
            f"trade-at-{price}-by-105",
            f"A band of 10% around 105 ends between ticks: a trade at {price}.",
            *BAND,
            mark("105"),
            trade("alice", "bob", "1", price),
        )
        for price in ("93", "94", "116", "117")
    ),
    *(
        draft(
            "MKT-04",
            f"trade-at-{price}-by-3",
            f"A band smaller than a tick leaves the mark and the next tick: a trade at {price}.",
            *OPEN,
            mark("3"),
            new_limits(band="0.1"),
            trade("alice", "bob", "1", price),
        )
        for price in ("1", "2", "3", "4", "5")
    ),
    *(
        draft(
            "MKT-04",
            f"{side}-at-{price}",
            f"At placing only the far end of the band binds: a {side} order at {price}.",
            *BAND,
            order("alice", side, "1", price),
        )
        for side, price in ORDERS
    ),
    *(
        draft(
            "MKT-04",
            f"fill-long-at-{price}",
            f"A fill band of 5% binds below the mark of 92 for long lots: a fill at {price}.",
            *TAKEN,
            new_limits(fill_band="0.05"),
            fill("alice", "1", price),
        )
        for price in ("87", "88", "96", "99")
    ),
    *(
        draft(
            "MKT-04",
            f"fill-short-at-{price}",
            f"A fill band of 5% binds above the mark of 108 for short lots: a fill at {price}.",
            *TAKEN_SHORT,
            new_limits(fill_band="0.05"),
            fill("alice", "1", price, "short"),
        )
        for price in ("114", "113", "112", "100")
    ),
    *(
        draft(
            "MKT-04",
            f"fill-in-a-price-band-at-{price}",
            f"A fill must lie within the price band, too, on the better side as well: {price}.",
            *TAKEN,
            new_limits(band="0.05"),
            fill("alice", "1", price),
        )
        for price in ("97", "98")
    ),
    *(
        draft(
            "MKT-04",
            f"funding-of-{name}",
            f"A funding cap of 1%, and a rate of {rate}.",
            *OPEN,
            trade("alice", "bob", "5", "100"),
            new_limits(cap="0.01"),
            funding(rate),
        )
        for name, rate in (
            ("the-cap", "0.01"),
            ("more", "0.01000001"),
            ("minus-the-cap", "-0.01"),
            ("less", "-0.01000001"),
        )
    ),
    *(
        draft(
            "MKT-04",
            f"position-of-{size}",
            f"A position limit of 500, and a position of {size} lots at 100.",
            *OPEN,
            new_limits(limit="500"),
            trade("alice", "bob", str(size), "100"),
        )
        for size in (5, 6)
    ),
    draft(
        "MKT-04",
        "position-at-mark",
        "The limit counts the notional at mark, not at the price of the trade.",
        *OPEN,
        new_limits(limit="500"),
        mark("101"),
        trade("alice", "bob", "5", "100"),
    ),
    draft(
        "MKT-04",
        "position-limit-of-the-seller",
        "The limit binds the seller as well, and only who opens.",
        *OPEN,
        trade("alice", "bob", "5", "100"),
        new_limits(limit="500"),
        trade("alice", "carol", "1", "100"),
    ),
    draft(
        "MKT-04",
        "closing-above-the-limit",
        "Whoever is above a new limit may still close.",
        *OPEN,
        trade("alice", "bob", "8", "100"),
        new_limits(limit="500"),
        trade("bob", "alice", "1", "100"),
    ),
    draft(
        "MKT-04",
        "flip-above-the-limit",
        "A flip opens, and the position that results is tested.",
        *OPEN,
        trade("alice", "bob", "2", "100"),
        new_limits(limit="500"),
        leverage("alice", 10),
        trade("carol", "alice", "8", "100"),
    ),
    draft(
        "MKT-04",
        "lifted",
        "Limits that are left out are lifted.",
        *BAND,
        new_limits(),
        trade("alice", "bob", "1", "150"),
    ),
    draft("MKT-04", "no-band", "A band of zero is none.", *OPEN, new_limits(band="0")),
    draft("MKT-04", "no-limit", "A position limit of zero is none.", *OPEN, new_limits(limit="0")),
    draft("MKT-04", "a-limit-too-fine", "A position limit finer than a quantum.", *OPEN, new_limits(limit="9.5")),
)
