"""What a venue shows of an account, beside what the rules say: claims, and a verdict on each."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Literal

import attrs
from immutables import Map

from marginspec_tools.venues.documents import Shown
from marginspec_tools.venues.figures import (
    Figure,
    NotToBeHad,
    Range,
    Snapshot,
    World,
    decimal_of,
    exactly,
    over_worlds,
    worlds_of,
)
from marginspec_tools.venues.story import Happening

Verdict = Literal["equal", "equal as displayed", "differs", "undecided by rounding", "not checked"]
VERDICTS: tuple[Verdict, ...] = ("equal", "equal as displayed", "differs", "undecided by rounding", "not checked")
EXACT_DIGITS = 20
NARROW = 10**6
"""A range is narrow that is at most this part of what is shown."""


@attrs.frozen
class Claim:
    """A figure that a venue shows: of what, in which field, the clause it falls under, and how to compute it.

    `unit` is one unit of the last digit that the venue shows such a figure with. A venue that shows none where there
    is none has `shown` None.
    """

    place: str
    field: str
    clause: str
    shown: Shown | None
    unit: Fraction
    figure: Figure


@attrs.frozen
class Uncheckable:
    """A figure that a venue shows and that one account's files do not let anybody check, and why."""

    place: str
    field: str
    shown: str
    why: str


@attrs.frozen
class Exhibit:
    """All that files say: the account at one moment, claims on it, notes, and, read when asked for, what happened.

    `told` are the fields of positions that `observed` of a journal has too, by the names that it has for them, where
    both mean the same; `told_of_assets` those of an asset whose only margin domain is the cross one. `unit` is one unit
    of the last digit of money that the venue books, and `entry_unit` of the entry price that it realises profit with; 0
    if that is not cut.
    """

    venue: str
    snapshot: Snapshot
    claims: tuple[Claim | Uncheckable, ...]
    notes: tuple[str, ...] = ()
    story: Callable[[], tuple[Happening, ...]] = tuple
    told: Mapping[str, str] = Map()
    told_of_assets: Mapping[str, str] = Map()
    unit: Fraction = Fraction(1, 10**8)
    entry_unit: Fraction = Fraction(0)


@attrs.frozen
class Row:
    """A field with its verdict; `exact` is what the rules say, empty where that cannot be had."""

    place: str
    field: str
    clause: str
    shown: str
    exact: str
    verdict: Verdict
    why: str = ""


def known(value: Fraction) -> Figure:
    """A figure that needs no account: it is known."""
    return lambda _: exactly(value)


def judged(exhibit: Exhibit) -> list[Row]:
    """Each field of an exhibit with its verdict, in order."""
    worlds = worlds_of(exhibit.snapshot)
    return [
        judge(claim, worlds)
        if isinstance(claim, Claim)
        else Row(claim.place, claim.field, "", claim.shown, "", "not checked", claim.why)
        for claim in exhibit.claims
    ]


def not_agreeing(exhibit: Exhibit) -> Iterator[str]:
    """The figures that do not agree with the rules before anything is rounded, and by how much."""
    for row in judged(exhibit):
        if row.verdict in ("differs", "undecided by rounding"):
            yield f"{row.place} {row.field} {row.verdict} {row.why}".rstrip()


def judge(claim: Claim, worlds: Iterable[World]) -> Row:
    """A claim with its verdict."""
    shown = "none" if claim.shown is None else claim.shown.text
    try:
        found, agreed = over_worlds(worlds, claim.figure)
    except NotToBeHad as reason:
        return Row(claim.place, claim.field, claim.clause, shown, "", "not checked", str(reason))
    verdict: Verdict
    if not agreed:
        verdict, why = "undecided by rounding", "whether there is one depends on digits that the venue does not show"
    elif claim.shown is None or found is None:
        verdict, why = ("equal" if claim.shown is None and found is None else "differs"), ""
    else:
        verdict, why = compare(claim.shown.value, claim.unit, found)
    return Row(claim.place, claim.field, claim.clause, shown, range_text(found), verdict, why)


def compare(shown: Fraction, unit: Fraction, exact: Range) -> tuple[Verdict, str]:
    """Whether a figure is what is shown, to less than one unit of the last digit that is shown.

    What follows from rounded numbers is a range, in which what is shown must lie; nothing is decided by one that is
    wider than a millionth of the figure, unless both of its ends say the same.
    """
    if exact.is_exact and exact.low == shown:
        return "equal", ""
    if shown <= exact.low - unit or shown >= exact.high + unit:
        nearest = exact.low if shown < exact.low else exact.high
        return "differs", f"by {signed(shown - nearest)}"
    furthest = max(abs(shown - exact.low), abs(shown - exact.high))
    if furthest < unit or exact.high - exact.low <= abs(shown) / NARROW:
        return "equal as displayed", ""
    return "undecided by rounding", "the venue does not show enough digits of what this follows from"


def signed(number: Fraction) -> str:
    """A difference, with its sign."""
    return f"{'' if number < 0 else '+'}{decimal_of(number, 12)}"


def range_text(found: Range | None) -> str:
    """A figure as people read it: what both ends have in common is enough where they differ by very little."""
    if found is None:
        return "none"
    if found.is_exact:
        return decimal_of(found.low, EXACT_DIGITS)
    low, high = decimal_of(found.low, 12), decimal_of(found.high, 12)
    return low if low == high else f"{low} to {high}"


def counts(rows: Iterable[Row]) -> dict[Verdict, int]:
    """How many fields have each verdict."""
    found = Counter(row.verdict for row in rows)
    return {verdict: found[verdict] for verdict in VERDICTS}
