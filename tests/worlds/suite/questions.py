"""The drafts of the questions: what an engine is asked at level 0, and why."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from marginspec_conformance.vectors.question import QuestionDraft
from marginspec_journal.canonical import JsonObject
from marginspec_journal.errors import InputError
from marginspec_journal.strict_json import Node
from marginspec_tools.calculate.calc import question_of

EXAMPLES = Path(__file__).parents[2] / "vectors" / "worked_examples.json"
CLAUSES = {
    "tier": "MKT-02",
    "maintenance": "MRG-04",
    "initial": "MRG-02",
    "band": "MRG-07",
    "bankruptcy": "MRG-08",
    "adl_score": "ADL-02",
}
"""The clause that each kind of question is about."""
ASSET = "USDT"

Tier = tuple[str, int, str]
"""Floor, greatest leverage, maintenance rate."""

FLAT: tuple[Tier, ...] = (("0", 50, "0.01"),)
TWO: tuple[Tier, ...] = (("0", 50, "0.01"), ("50000", 10, "0.025"))
FREE: tuple[Tier, ...] = (("0", 100, "0.004"),)
MAJOR: tuple[Tier, ...] = (
    ("0", 125, "0.004"),
    ("50000", 100, "0.005"),
    ("600000", 75, "0.01"),
    ("3000000", 40, "0.02"),
    ("12000000", 20, "0.025"),
    ("70000000", 10, "0.05"),
    ("100000000", 4, "0.125"),
    ("230000000", 2, "0.25"),
    ("480000000", 1, "0.5"),
)
THIRDS: tuple[Tier, ...] = (("0", 3, "0.33333333"), ("100.00000001", 2, "0.44444444"))

# ------------------------------------------------------------------- building


def market(mark: str, tiers: Sequence[Tier], prices: int = 2, quantities: int = 3) -> JsonObject:
    """A market at its mark."""
    rows = [{"floor": floor, "max_leverage": most, "maintenance_rate": rate} for floor, most, rate in tiers]
    return {"asset": ASSET, "price_decimals": prices, "quantity_decimals": quantities, "mark": mark, "tiers": rows}


def holding(name: str, quantity: str, entry: str, leverage: int = 1, side: str = "BOTH") -> JsonObject:
    """A position, by its entry price."""
    return {"market": name, "side": side, "quantity": quantity, "entry": entry, "leverage": leverage}


def costed(name: str, quantity: str, cost: str, leverage: int = 1, side: str = "BOTH") -> JsonObject:
    """A position, by its open cost."""
    return {"market": name, "side": side, "quantity": quantity, "cost": cost, "leverage": leverage}


def draft(
    slug: str,
    why: str,
    kind: str,
    markets: dict[str, JsonObject],
    cash: str,
    *positions: JsonObject,
    about: str = "A",
    clauses: tuple[str, ...] = (),
) -> QuestionDraft:
    """A question about one of a domain's markets, under the clause of its kind."""
    domain = {"cash": cash, "positions": list(positions)}
    question = {"kind": kind, "markets": markets, "domain": domain, "market": about}
    return QuestionDraft(CLAUSES[kind], slug, why, question, clauses)


# ------------------------------------------------------------------- at the floors of tiers

AT_FLOORS: tuple[tuple[str, str, str, tuple[Tier, ...]], ...] = (
    ("under", "49999.99", "one price unit under the floor of the second tier", TWO),
    ("at", "50000.00", "exactly at the floor of the second tier", TWO),
    ("over", "50000.01", "one price unit over the floor of the second tier", TWO),
    ("third-under", "599999.99", "under the floor of a third tier", MAJOR),
    ("third-at", "600000.00", "exactly at the floor of a third tier", MAJOR),
    ("sixth-at", "70000000.00", "exactly at the floor of a sixth tier", MAJOR),
    ("last-at", "480000000.00", "exactly at the floor of the last tier", MAJOR),
    ("last-over", "999999999.99", "far beyond the floor of the last tier", MAJOR),
)
"""A name, the notional of one unit, where that lies, and the tiers."""


def at_floors() -> Iterator[QuestionDraft]:
    """One unit, long and short, whose notional lies at a floor or beside it: tier and both margins."""
    for name, mark, where, tiers in AT_FLOORS:
        for side, quantity in (("long", "1"), ("short", "-1")):
            markets = {"A": market(mark, tiers)}
            for kind in ("tier", "maintenance", "initial") if side == "long" else ("maintenance",):
                position = holding("A", quantity, mark, 10 if len(tiers) == 2 else 1)
                why = f"A {side} whose notional is {where}."
                yield draft(f"{name}-{side}-{kind}", why, kind, markets, "1000", position)
    for name, quantity in (("quantum-under", "100.00000000"), ("quantum-at", "100.00000001")):
        markets = {"A": market("1", THIRDS, 0, 8)}
        for kind in ("tier", "maintenance", "initial"):
            why = "A floor that ends in a quantum, and rates that do not divide."
            yield draft(f"{name}-{kind}", why, kind, markets, "1000", holding("A", quantity, "1", 3))


# ------------------------------------------------------------------- tiers and margins

BTC, ETH = market("60000", MAJOR), market("3000", TWO)
PAIR = {"A": BTC, "B": ETH}
HEDGED = (holding("A", "2", "58000", 20, "LONG"), holding("A", "-0.5", "61000", 20, "SHORT"))
TINY = {"A": market("0.00000001", FLAT, 8, 0)}
HUGE = {"A": market("1000000", MAJOR, 0, 0)}


def margins() -> Iterator[QuestionDraft]:
    """Tiers and margins apart from floors: several positions, sides, leverage beyond the tier's, rounding."""
    for kind in ("tier", "maintenance", "initial"):
        yield draft(f"hedged-{kind}", "Both sides of a market, each by its own notional.", kind, PAIR, "50000", *HEDGED)
        yield draft(f"huge-{kind}", "A position of 900 million.", kind, HUGE, "0", holding("A", "900", "1000000", 1))
    cross = (holding("A", "1", "60000", 50), holding("B", "-30", "3100", 8))
    for kind in ("maintenance", "initial"):
        yield draft(f"cross-{kind}", "Two markets, each by its own tiers, summed up.", kind, PAIR, "9000", *cross)
        yield draft(
            f"third-of-a-quantum-{kind}",
            "Positions whose margins end within a quantum, so that each is rounded by itself or only their sum.",
            kind,
            {name: market("1", THIRDS, 0, 8) for name in ("A", "B", "C")},
            "10",
            *(holding(name, "0.00000001", "1", 3) for name in ("A", "B", "C")),
        )
        yield draft(
            f"smallest-{kind}",
            "The least position that there is: its value rounds to less than a quantum.",
            kind,
            TINY,
            "1",
            costed("A", "1", "0.00000001"),
        )
    for leverage in (1, 3, 7, 50, 125):
        why = "Initial margin at a leverage that does not divide the notional, or that the tier does not allow."
        position = holding("A", "100", "2999.99", leverage)
        yield draft(f"leverage-{leverage}", why, "initial", {"A": market("3000.01", TWO)}, "400000", position)
    loss = holding("A", "1", "70000", 10)
    yield draft(
        "initial-at-a-loss", "Initial margin is of the notional at mark, not at entry.", "initial", PAIR, "90000", loss
    )


# ------------------------------------------------------------------- bands


def bands() -> Iterator[QuestionDraft]:
    """Liquidation prices: sides, leverages, tables, other positions, unhealthy domains, no price at all."""
    for name, tiers in (("flat", FLAT), ("two", TWO), ("major", MAJOR)):
        for leverage in (1, 2, 10, 25):
            for side, sign in (("long", ""), ("short", "-")):
                cash = f"{30000 * 4 // leverage}"
                position = holding("A", f"{sign}4", "30000", min(leverage, tiers[-1][1]))
                why = f"A {side} of 120,000 alone with {cash}, as if isolated at leverage {leverage}; tiers: {name}."
                markets = {"A": market("30000", tiers)}
                yield draft(f"{name}-{side}-{leverage}", why, "band", markets, cash, position)
    yield from crossing_floors()
    yield from with_others()
    yield from unhealthy()


def crossing_floors() -> Iterator[QuestionDraft]:
    """The price sought lies in another tier than the mark, or exactly at a floor."""
    for side, quantity, cash, why in (
        ("long", "1", "20000", "The mark lies in the second tier, the liquidation price of a long in the first."),
        ("short", "-1", "20000", "The mark lies in the second tier, the liquidation price of a short, too."),
    ):
        markets = {"A": market("60000", TWO)}
        yield draft(f"out-of-tier-{side}", why, "band", markets, cash, holding("A", quantity, "60000", 10))
    markets = {"A": market("45000", TWO)}
    why = "The mark lies in the first tier, the liquidation price of a short in the second."
    yield draft("into-tier-short", why, "band", markets, "20000", holding("A", "-1", "45000", 10))
    why = "Equity meets maintenance exactly where the notional meets the floor: 500 left of 10,500 at 50,000."
    yield draft(
        "meets-at-floor-long", why, "band", {"A": market("60000", TWO)}, "10500", holding("A", "1", "60000", 10)
    )
    why = "Equity meets maintenance exactly where the notional meets the floor, from below."
    yield draft(
        "meets-at-floor-short", why, "band", {"A": market("45000", TWO)}, "5500", holding("A", "-1", "45000", 10)
    )
    for digits in (0, 1, 8):
        markets = {"A": market("100", FLAT, digits, 0)}
        for side, quantity in (("long", "3"), ("short", "-3")):
            why = f"A price that does not end, at {digits} decimals: the nearest one that is not healthy."
            yield draft(f"digits-{digits}-{side}", why, "band", markets, "50", holding("A", quantity, "100", 10))


def with_others() -> Iterator[QuestionDraft]:
    """Cross domains: other positions stay at their marks; both sides of a market move together."""
    other_long, other_short = holding("B", "20", "2900", 5), holding("B", "-20", "2900", 5)
    for name, other in (("gains", other_long), ("loses", other_short)):
        for side, quantity in (("long", "1"), ("short", "-1")):
            why = f"A cross {side} beside another market's position that {name}; both lie in their second tier."
            position = holding("A", quantity, "60000", 20)
            yield draft(f"cross-{side}-other-{name}", why, "band", PAIR, "12000", position, other)
    why = "The band asked about the smaller of two markets of a domain."
    yield draft(
        "cross-about-the-other", why, "band", PAIR, "12000", holding("A", "1", "60000", 20), other_long, about="B"
    )
    why = "Both sides of a market, one larger: only the larger one's side has a liquidation price near."
    yield draft("hedged-long", why, "band", PAIR, "20000", *HEDGED)
    even = (holding("A", "1", "58000", 20, "LONG"), holding("A", "-1", "61000", 20, "SHORT"))
    why = "Two equal sides: equity does not move with the price, maintenance does."
    yield draft("hedged-even", why, "band", PAIR, "500", *even)
    why = "A market in which the domain has no position: no price of it matters."
    yield draft("no-position", why, "band", PAIR, "5000", holding("B", "1", "3000", 5))


def unhealthy() -> Iterator[QuestionDraft]:
    """At the mark itself: equity one quantum above maintenance, equal to it, below it; and prices beyond the ends."""
    markets = {"A": market("100", FLAT)}
    for name, cash in (("above", "1.00000001"), ("equal", "1.00000000"), ("below", "0.99999999")):
        for side, quantity in (("long", "1"), ("short", "-1")):
            why = f"Equity is {name} maintenance at the mark, by at most a quantum: only above it is healthy."
            yield draft(
                f"{name}-{side}", why, "band", markets, cash, holding("A", quantity, "100", 10), clauses=("MRG-05",)
            )
    yield draft(
        "negative-cash",
        "A debt that the position's profit outweighs.",
        "band",
        markets,
        "-20",
        holding("A", "1", "50", 10),
    )
    yield draft(
        "rich-long",
        "A long that its cash covers to a price of zero.",
        "band",
        markets,
        "1000",
        holding("A", "2", "100", 10),
    )
    why = "A short whose liquidation price lies 10,000 times above the mark."
    yield draft("rich-short", why, "band", markets, "1000000", holding("A", "-1", "100", 10))
    yield draft("tiny-long", "The least price that there is.", "band", TINY, "0.5", costed("A", "100000000", "1"))
    yield draft("huge-short", "A short of 900 million.", "band", HUGE, "500000000", holding("A", "-900", "1000000"))


# ------------------------------------------------------------------- the last prices of a band

MOST_PRICE, MOST_VALUE = 2**53, 2**62
FINE = {"A": market("1", FREE, 8, 0)}
"""A lot is worth a quantum for each unit of the price."""


def ends_at(lots: int, price: int) -> tuple[str, JsonObject]:
    """The cash of a short of so many lots whose first price that is not healthy is this one, and the short."""
    cost = min(lots * price, MOST_VALUE // 2)
    equity = -(-lots * price * 1004 // 1000)
    return quanta(equity - cost), costed("A", str(-lots), f"-{quanta(cost)}")


def quanta(amount: int) -> str:
    """Quanta as a decimal."""
    return f"{amount // 10**8}.{amount % 10**8:08}"


def last_prices() -> Iterator[QuestionDraft]:
    """A band is sought up to 2^53, and up to where the notional is 2^62 (NUM-03)."""
    for slug, lots, price, why in (
        ("price-at", 1, MOST_PRICE, "The end is the greatest price that there is."),
        ("price-past", 1, MOST_PRICE + 1, "The end would lie one unit past the greatest price: there is none."),
        ("value-at", 1024, MOST_VALUE // 1024, "At its end the notional is 2^62, the greatest that is looked at."),
        ("value-past", 5 * 5581, (MOST_VALUE + 1) // (5 * 5581), "At its end the notional would be one past 2^62."),
    ):
        yield draft(f"last-{slug}", why, "band", FINE, *ends_at(lots, price), clauses=("NUM-03",))


def many() -> Iterator[QuestionDraft]:
    """More positions than an engine may have had in mind."""
    names = "ABCDEFGHI"
    markets = {name: market("100", FLAT) for name in names}
    positions = [holding(name, "1", "100", 10) for name in names]
    for kind in ("band", "bankruptcy", "maintenance", "initial"):
        why = "Nine positions in nine markets, asked about the last."
        yield draft(f"nine-markets-{kind}", why, kind, markets, "100", *positions, about="I")


# ------------------------------------------------------------------- bankruptcy


def bankruptcies() -> Iterator[QuestionDraft]:
    """Bankruptcy prices: sides, rounding against the account, other positions, none."""
    for side, sign in (("long", ""), ("short", "-")):
        for leverage in (1, 3, 10, 50):
            cash = f"{30000 * 3 // leverage}"
            why = f"A {side} alone with a margin of {cash}: where its equity is zero."
            markets = {"A": market("30000", MAJOR)}
            yield draft(f"alone-{side}-{leverage}", why, "bankruptcy", markets, cash, holding("A", f"{sign}3", "30000"))
        why = "A price that does not end is rounded against the account."
        yield draft(
            f"rounded-{side}", why, "bankruptcy", {"A": market("100", FLAT, 0)}, "10", holding("A", f"{sign}3", "100")
        )
        other = holding("B", "-20", "2900", 5)
        yield draft(
            f"cross-{side}",
            "What another market's position has lost brings the price nearer.",
            "bankruptcy",
            PAIR,
            "12000",
            holding("A", f"{sign}1", "60000", 20),
            other,
        )
    yield draft("hedged", "Both sides of a market count by what is left of them.", "bankruptcy", PAIR, "20000", *HEDGED)
    even = (holding("A", "1", "58000", 20, "LONG"), holding("A", "-1", "61000", 20, "SHORT"))
    yield draft("hedged-even", "Two equal sides: no price makes equity zero.", "bankruptcy", PAIR, "500", *even)
    yield draft(
        "debt", "A domain that is bankrupt at the mark.", "bankruptcy", PAIR, "-70000", holding("A", "1", "60000")
    )


# ------------------------------------------------------------------- deleveraging


def scores() -> Iterator[QuestionDraft]:
    """Scores for deleveraging, by each ranking: profit and loss, sides, other positions, none in no queue."""
    for side, sign in (("long", ""), ("short", "-")):
        for name, entry in (("gain", "50000"), ("even", "60000"), ("loss", "70000")):
            why = f"A {side} entered at {entry}, at a mark of 60,000."
            yield draft(f"{side}-{name}", why, "adl_score", PAIR, "30000", holding("A", f"{sign}1", entry, 10))
    yield draft(
        "quantum-of-loss",
        "A position that has lost a quantum is ranked as one in loss.",
        "adl_score",
        PAIR,
        "30000",
        costed("A", "1", "60000.00000001", 10),
    )
    yield draft("hedged", "Each side is ranked by itself.", "adl_score", PAIR, "20000", *HEDGED)
    cross = (holding("A", "1", "50000", 20), holding("B", "-20", "3300", 5))
    for about in ("A", "B"):
        yield draft(
            f"cross-about-{about.lower()}",
            "A position of a cross domain with two.",
            "adl_score",
            PAIR,
            "9000",
            *cross,
            about=about,
        )
    yield draft(
        "no-queue",
        "A domain that is not healthy is in no queue.",
        "adl_score",
        PAIR,
        "100",
        holding("A", "1", "60000"),
        clauses=("MRG-05",),
    )
    yield draft(
        "no-cash",
        "Profit alone carries the position, and a unit stands for the cash.",
        "adl_score",
        PAIR,
        "0",
        holding("A", "1", "50000"),
    )
    yield draft(
        "huge-score", "A position of 900 million.", "adl_score", HUGE, "500000000", holding("A", "900", "700000")
    )


# ------------------------------------------------------------------- published examples


def published() -> Iterator[QuestionDraft]:
    """Worked examples that venues and projects have published, as far as they are questions of this kind."""
    examples = json.loads(EXAMPLES.read_text("utf-8"))
    for one in [*examples["covered"], *examples["venue_differences"]]:
        if one["kind"] not in CLAUSES or "domain" not in one["inputs"]:
            continue
        markets = {name: {"asset": ASSET, **fields} for name, fields in one["inputs"]["markets"].items()}
        question = {"kind": one["kind"], **one["inputs"], "markets": markets}
        if is_question(question):
            why = f"Published by {one['venue']}: {one['source']}."
            yield QuestionDraft(CLAUSES[one["kind"]], one["id"], why, question)


def is_question(question: JsonObject) -> bool:
    """Whether `marginspec calc` takes an example as it stands."""
    try:
        question_of(Node("example", None, "", {"id": "example", **question}), "example")
    except InputError:
        return False
    return True


def drafts() -> list[QuestionDraft]:
    """All questions, by clause."""
    found = [*at_floors(), *margins(), *bands(), *last_prices(), *many(), *bankruptcies(), *scores(), *published()]
    names = [(one.clause, one.slug) for one in found]
    assert len(set(names)) == len(names), "no two questions of a clause have one name"
    return sorted(found, key=lambda one: one.clause)
