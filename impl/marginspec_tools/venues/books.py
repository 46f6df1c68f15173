"""Cash and positions of an account as what happened makes them, and the cash that it must have begun with.

No file says what an account began with, so that it is what leaves it what it has at the end. Money that is missing in
the files is then in it, and nothing but a person who knows the account can tell.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import attrs

from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.units import RATE_ONE, WIRE_DECIMALS, div_up
from marginspec_tools.venues.claims import Uncheckable
from marginspec_tools.venues.figures import ACCOUNT, NotToBeHad, Range, Snapshot, decimal_of
from marginspec_tools.venues.history import in_order
from marginspec_tools.venues.story import Fill, Funding, Happening, Payment, Sighting


class Books:
    """Positions and costs by ACC-02, and by how much cash changed; roundings as the rules have them.

    `closed` are the quantities that fills closed, by asset and one by one, `fundings` how many payments of funding
    there were, and `twice` names what is there a second time. `released` is how often a position's cost was rounded
    since it was flat, and `entries_off` what that comes to at most in an entry price that was seen.
    """

    def __init__(self, story: Iterable[Happening]) -> None:
        self.quantities: dict[PositionKey, Fraction] = {}
        self.changes: dict[str, Fraction] = {}
        self.closed: dict[str, list[Fraction]] = {}
        self.fundings: dict[str, int] = {}
        self.twice = ""
        self.released: dict[PositionKey, int] = {}
        self.entries_off = Fraction(0)
        self._costs: dict[PositionKey, Fraction] = {}
        known: set[object] = set()
        for happening in in_order(story):
            self._book(happening)
            if not isinstance(happening, Sighting) and happening.ref:
                one = identity(happening)
                self.twice = named(happening) if one in known else self.twice
                known.add(one)

    def cash_off(self, asset: str, unit: Fraction, entry_unit: Fraction) -> Fraction:
        """By how much a venue's cash may be off: a unit of each profit and of funding, and what an entry is cut by."""
        closed = self.closed.get(asset, [])
        return unit * (len(closed) + self.fundings.get(asset, 0)) + entry_unit * sum(closed, Fraction(0))

    def _book(self, happening: Happening) -> None:
        if isinstance(happening, Fill):
            self._change(happening.asset, self._realised(happening) - happening.fee)
        elif isinstance(happening, Sighting):
            for key in happening.entries:
                if self.quantities.get(key):
                    off = self.released[key] * QUANTUM / abs(self.quantities[key])
                    self.entries_off = max(self.entries_off, off)
        else:
            self._change(happening.asset, happening.amount)
            if isinstance(happening, Funding):
                self.fundings[happening.asset] = self.fundings.get(happening.asset, 0) + 1

    def _change(self, asset: str, amount: Fraction) -> None:
        self.changes[asset] = self.changes.get(asset, Fraction(0)) + amount

    def _realised(self, fill: Fill) -> Fraction:
        """What a fill realises: of the part that closes, its value less the cost that it releases."""
        held, cost = self.quantities.get(fill.key, Fraction(0)), self._costs.get(fill.key, Fraction(0))
        closes = held * fill.quantity < 0
        part = min(abs(held), abs(fill.quantity)) if closes else Fraction(0)
        released = in_quanta_up(cost * part / abs(held)) if part else Fraction(0)
        closing = part if held > 0 else -part
        opening = fill.quantity + closing
        self.quantities[fill.key] = held + fill.quantity
        self._costs[fill.key] = cost - released + opening * fill.price
        if part:
            self.closed.setdefault(fill.asset, []).append(part)
        times = self.released.get(fill.key, 0) + (1 if part else 0)
        self.released[fill.key] = times if self.quantities[fill.key] else 0
        return closing * fill.price - released


def identity(happening: Fill | Payment | Funding) -> object:
    """What only one happening has: a fill by its number, of which a trade with itself has both sides."""
    if isinstance(happening, Fill):
        return happening.key, happening.ref, happening.quantity > 0
    return happening


def named(happening: Fill | Payment | Funding) -> str:
    """A happening, as people call it."""
    if isinstance(happening, Payment):
        return f"{happening.what} {happening.ref}"
    if isinstance(happening, Funding):
        return f"funding {happening.ref} of {happening.market}"
    return f"trade {happening.ref} of {happening.key.market}"


QUANTUM = Fraction(1, 10**WIRE_DECIMALS)


def in_quanta_up(amount: Fraction) -> Fraction:
    """An amount in quanta of 8 decimals, up."""
    scaled = amount * RATE_ONE
    return Fraction(div_up(scaled.numerator, scaled.denominator), 10**WIRE_DECIMALS)


def unexplained(snapshot: Snapshot, books: Books) -> str:
    """Why fills do not come to the positions at the end, so that the account was not flat before; empty if they do."""
    if books.twice:
        return f"{books.twice} is there twice: leave out what overlaps"
    held = {key: held.quantity for key, held in snapshot.positions.items()}
    for key in sorted({*books.quantities, *held}):
        at_end, filled = held.get(key, Fraction(0)), books.quantities.get(key)
        if filled is None:
            told = f"there are no fills of {key.market} {key.side}"
        else:
            told = f"the fills of {key.market} {key.side} come to {decimal_of(filled)}"
        if (filled or Fraction(0)) != at_end:
            return f"{told} and the position is {decimal_of(at_end)}: export all fills since it was flat"
    return ""


# ----------------------------------------------------------------- what an account began with


@attrs.frozen
class Opening:
    """The cash in an asset at the end, and what all that the files tell comes to: the account began with the rest.

    `off` is by how much the venue's cash may be off what it comes to.
    """

    asset: str
    at_end: Range
    told: Fraction
    off: Fraction

    @property
    def amount(self) -> Fraction:
        """What the account began with: nothing if that is as near as it is known."""
        low, high = self.at_end.low - self.told, self.at_end.high - self.told
        return Fraction(0) if low - self.off <= 0 <= high + self.off else low

    def why(self) -> str:
        """What the amount comes from."""
        at_end, told = decimal_of(self.at_end.low), decimal_of(self.told)
        follows = f"the cash at the end, {at_end}, less what fills, funding and payments come to, {told}"
        if self.amount < 0:
            return f"below zero, so that something which was paid out is in no file: it is {follows}"
        return f"in no file: it is {follows}"


def openings(
    snapshot: Snapshot, books: Books, assets: Iterable[str], unit: Fraction, entry_unit: Fraction
) -> Iterator[Opening]:
    """What an account began with in each asset; NotToBeHad if the cash at the end is not there.

    The units are those that the venue books money in, and entries: see `Exhibit`.
    """
    for asset in sorted(assets):
        if DomainKey(ACCOUNT, asset) not in snapshot.cash:
            raise NotToBeHad(f"needs {snapshot.sources['cash']}, for the cash")
        cash = [cash for domain, cash in snapshot.cash.items() if domain.asset == asset]
        at_end = Range(sum((one.low for one in cash), Fraction(0)), sum((one.high for one in cash), Fraction(0)))
        off = books.cash_off(asset, unit, entry_unit)
        yield Opening(asset, at_end, books.changes.get(asset, Fraction(0)), off)


def opening_claims(
    snapshot: Snapshot, story: Iterable[Happening], unit: Fraction, entry_unit: Fraction
) -> Iterator[Uncheckable]:
    """The cash that an account with all its fills must have begun with, which nothing checks."""
    story = tuple(story)
    assets = {one.asset for one in story if isinstance(one, Fill)}
    books = Books(story)
    if unexplained(snapshot, books) or any(DomainKey(ACCOUNT, asset) not in snapshot.cash for asset in assets):
        return
    for opening in openings(snapshot, books, assets, unit, entry_unit):
        if opening.amount:
            yield Uncheckable(opening.asset, "cash at the beginning", decimal_of(opening.amount), opening.why())
