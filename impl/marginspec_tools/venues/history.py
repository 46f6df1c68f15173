"""What follows from all fills of an account since it was flat: what each realised, and the funding that it paid."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from marginspec.model.account import PositionKey
from marginspec_tools.venues.claims import Claim, Uncheckable, known
from marginspec_tools.venues.figures import ACCOUNT, Snapshot
from marginspec_tools.venues.story import Fill, Funding, Happening, Sighting

ALL_FILLS = "needs all fills since the position was flat"
RATES = "needs fundingRate, with the rate and the mark of that time"


def in_order(story: Iterable[Happening]) -> list[Happening]:
    """What happened, in order of time; what was seen at a time is what was left of all that happened then."""
    return sorted(story, key=lambda one: (one.time, isinstance(one, Sighting)))


class Positions:
    """Positions and costs as fills make them, exactly; one whose beginning no file tells is not among them."""

    def __init__(self) -> None:
        self._held: dict[PositionKey, tuple[Fraction, Fraction]] = {}

    def begin(self, key: PositionKey) -> None:
        """A position is known to be flat."""
        self._held[key] = Fraction(0), Fraction(0)

    def forget(self, key: PositionKey) -> None:
        """A position is not known any more: fills are missing."""
        del self._held[key]

    def quantity(self, key: PositionKey) -> Fraction | None:
        """The quantity of a position; None if it is not known."""
        return self._held[key][0] if key in self._held else None

    def book(self, fill: Fill) -> Fraction:
        """Book a fill of a known position; gives what it realises (ACC-02), before that is rounded."""
        held, cost = self._held[fill.key]
        part = min(abs(held), abs(fill.quantity)) if held * fill.quantity < 0 else Fraction(0)
        closing = part if held > 0 else -part
        released = cost * part / abs(held) if part else Fraction(0)
        opening = fill.quantity + closing
        self._held[fill.key] = held + fill.quantity, cost - released + opening * fill.price
        return closing * fill.price - released


def complete(story: Iterable[Happening], snapshot: Snapshot) -> set[PositionKey]:
    """The positions whose fills come to what is held at the end, so that they were flat before the first."""
    filled: dict[PositionKey, Fraction] = {}
    for one in story:
        if isinstance(one, Fill):
            filled[one.key] = filled.get(one.key, Fraction(0)) + one.quantity
    held = {key: held.quantity for key, held in snapshot.positions.items()}
    return {key for key, quantity in filled.items() if quantity == held.get(key, Fraction(0))}


def history_claims(
    snapshot: Snapshot, story: Iterable[Happening], unit: Fraction, entry_unit: Fraction
) -> Iterator[Claim | Uncheckable]:
    """What is claimed of fills and of funding, of those positions that are known.

    `entry_unit` is by how much the venue may have cut the entry price that it realises profit with.
    """
    story = in_order(story)
    positions = Positions()
    for key in complete(story, snapshot) if snapshot.positions or snapshot.cash else ():
        positions.begin(key)
    for one in story:
        if isinstance(one, Fill):
            yield from fill_claims(one, positions, unit, entry_unit)
        elif isinstance(one, Funding) and one.shown is not None:
            yield funding_claim(one, positions, unit)


def fill_claims(
    fill: Fill, positions: Positions, unit: Fraction, entry_unit: Fraction
) -> Iterator[Claim | Uncheckable]:
    """What is claimed of a fill: the position after it, and what it realised."""
    place = f"{fill.key.market} trade {fill.ref}"
    before = None if fill.after is None else fill.after - fill.quantity
    if before == 0:
        positions.begin(fill.key)
    if positions.quantity(fill.key) is None:
        if fill.realised is not None:
            yield Uncheckable(place, fill.realised_as, fill.realised.text, ALL_FILLS)
        return
    if before is not None and positions.quantity(fill.key) != before:
        positions.forget(fill.key)
        if fill.realised is not None:
            yield Uncheckable(place, fill.realised_as, fill.realised.text, ALL_FILLS)
        return
    profit = positions.book(fill)
    if fill.realised is not None:
        wide = unit + entry_unit * abs(fill.quantity)
        yield Claim(place, fill.realised_as, "ACC-02", fill.realised, wide, known(profit))


def funding_claim(paid: Funding, positions: Positions, unit: Fraction) -> Claim | Uncheckable:
    """What is claimed of a payment of funding: value at mark times rate, which the long pays if that is above zero."""
    assert paid.shown is not None
    place = f"{paid.market} funding {paid.ref}".rstrip()
    key = PositionKey(ACCOUNT, paid.market, "BOTH")
    quantity = positions.quantity(key)
    if paid.rate is None or paid.mark is None:
        return Uncheckable(place, "FUNDING_FEE", paid.shown.text, RATES)
    if quantity is None:
        return Uncheckable(place, "FUNDING_FEE", paid.shown.text, ALL_FILLS)
    return Claim(place, "FUNDING_FEE", "FND-01", paid.shown, unit, known(-quantity * paid.mark * paid.rate))
