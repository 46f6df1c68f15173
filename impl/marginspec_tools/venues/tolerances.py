"""By how much figures of a journal may be off for no other reason than rounding: what an audit of it must tolerate.

Each figure that the venue shows is computed twice, as `check` does: of the account as the venue shows it, and of the
account as the journal has it, over the ends of all that is known to within a range. What lies between the two, and the
venue's own last digit, is what rounding comes to; nothing is taken from the figures that are shown.
"""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

import attrs
from immutables import Map

from marginspec.model.account import DomainKey, PositionKey
from marginspec_tools.observed import Figure as Observed
from marginspec_tools.observed import ValueKind, kind_of
from marginspec_tools.venues.books import QUANTUM, Books
from marginspec_tools.venues.claims import Claim, Exhibit
from marginspec_tools.venues.figures import Figure, NotToBeHad, Range, Snapshot, World, exactly, over_worlds, worlds_of
from marginspec_tools.venues.rounding import Rounding, rate_text
from marginspec_tools.venues.told import claims_told

KINDS: tuple[ValueKind, ...] = ("balance", "pnl", "margin", "price")


@attrs.frozen
class Drift:
    """By how much cash, by asset, costs and entries may be off that follow from fills: a venue has units of its own."""

    cash: Mapping[str, Fraction] = Map()
    costs: Mapping[PositionKey, Fraction] = Map()
    entries: Fraction = Fraction(0)


def drift_of(exhibit: Exhibit, books: Books) -> Drift:
    """What a venue's own roundings of what happened come to, and how near the cash at the end is known."""
    snapshot = exhibit.snapshot
    units = exhibit.unit, exhibit.entry_unit
    cash = {asset: books.cash_off(asset, *units) for asset in {domain.asset for domain in snapshot.cash}}
    for domain, amount in snapshot.cash.items():
        cash[domain.asset] += amount.high - amount.low + QUANTUM
    costs = {
        key: abs(held.quantity) * exhibit.entry_unit + exhibit.unit + books.released.get(key, 0) * QUANTUM
        for key, held in snapshot.positions.items()
    }
    return Drift(cash, costs, books.entries_off)


def as_written(snapshot: Snapshot, digits: Mapping[str, int], drift: Drift) -> Snapshot:
    """The account as a journal has it: marks, to so many digits, and cash down, costs and rates up."""
    quiet = Rounding()
    markets = {
        name: attrs.evolve(
            terms,
            mark=Fraction(quiet.down(name, terms.mark, digits[name])),
            tiers=None
            if terms.tiers is None
            else tuple(
                attrs.evolve(row, rate=exactly(Fraction(rate_text(name, row.rate, quiet)))) for row in terms.tiers
            ),
        )
        for name, terms in snapshot.markets.items()
    }
    positions = {
        key: attrs.evolve(held, cost=around(Fraction(quiet.cost("", held.cost)), drift.costs.get(key, Fraction(0))))
        for key, held in snapshot.positions.items()
    }
    cash: dict[DomainKey, Range] = {
        domain: around(Fraction(quiet.cash("", held)), drift.cash.get(domain.asset, Fraction(0)))
        for domain, held in snapshot.cash.items()
    }
    return attrs.evolve(snapshot, markets=markets, positions=positions, cash=cash)


def around(number: Fraction, off: Fraction) -> Range:
    """A number that may be off by so much."""
    return Range(number - off, number + off)


def tolerances_for(exhibit: Exhibit, digits: Mapping[str, int], drift: Drift) -> dict[ValueKind, Fraction]:
    """By how much figures of each kind may be off, of those that the journal has at the end."""
    written = as_written(exhibit.snapshot, digits, drift)
    exact, ours = worlds_of(exhibit.snapshot), worlds_of(written)
    found: dict[ValueKind, Fraction] = {"balance": max(drift.cash.values(), default=Fraction(0))}
    # The rules round each position's margin up, and name a price that is a multiple of the tick.
    money = QUANTUM * (1 + len(written.positions))
    price = QUANTUM + max((Fraction(1, 10 ** digits[key.market]) for key in written.positions), default=Fraction(0))
    for kind, claim in amounts_told(exhibit):
        off = distance(claim.figure, exact, ours)
        if off is not None:
            off += claim.unit + (price if kind == "price" else money)
            found[kind] = max(found.get(kind, Fraction(0)), off)
    for held in written.positions.values():
        if held.entry is not None:
            entries = [abs(cost / held.quantity) for cost in (held.cost.low, held.cost.high)]
            off = max(abs(entry - held.entry) for entry in entries) + QUANTUM
            found["price"] = max(found.get("price", Fraction(0)), off)
    if drift.entries:
        found["price"] = max(found.get("price", Fraction(0)), drift.entries + QUANTUM)
    return {kind: found[kind] for kind in KINDS if found.get(kind)}


def amounts_told(exhibit: Exhibit) -> Iterator[tuple[ValueKind, Claim]]:
    """The claims that the journal has as observed, each with the kind of value that it is."""
    for claim in claims_told(exhibit):
        if isinstance(claim, Claim):
            of_positions = claim.field in exhibit.told
            group, names = ("positions", exhibit.told) if of_positions else ("domains", exhibit.told_of_assets)
            yield kind_of(Observed(group, claim.place, names[claim.field])), claim


def distance(figure: Figure, exact: Iterable[World], ours: Iterable[World]) -> Fraction | None:
    """How far a figure of the one can be from that of the other; None if one of them cannot be had."""
    try:
        one, other = over_worlds(exact, figure)[0], over_worlds(ours, figure)[0]
    except NotToBeHad:
        return None
    return None if one is None or other is None else max(one.high - other.low, other.high - one.low)
