"""What happened to an account, in a form that is the same for all venues: fills, payments, funding, what was seen."""

from collections.abc import Mapping
from fractions import Fraction

import attrs
from immutables import Map

from marginspec.model.account import PositionKey
from marginspec_tools.venues.documents import Shown


@attrs.frozen
class Fill:
    """A fill of the account's: a signed quantity at a price, and the fee that was taken, in the market's asset.

    `after` is the position that the venue says resulted, and `realised` the profit that it shows, in the field
    `realised_as`, if it does.
    """

    time: int
    ref: str
    asset: str
    key: PositionKey
    price: Fraction
    quantity: Fraction
    fee: Fraction
    is_taker: bool
    after: Fraction | None = None
    realised: Shown | None = None
    realised_as: str = ""


@attrs.frozen
class Payment:
    """Money that came into the account's cross wallet or left it, and what the venue calls that."""

    time: int
    ref: str
    asset: str
    amount: Fraction
    what: str


@attrs.frozen
class Funding:
    """Funding that the account paid (below zero) or received, with rate and mark where the venue says them."""

    time: int
    ref: str
    asset: str
    market: str
    amount: Fraction
    rate: Fraction | None = None
    mark: Fraction | None = None
    shown: Shown | None = None


@attrs.frozen
class Sighting:
    """Cash of the cross wallet by asset, positions and their entries, as the venue said that they were at a time."""

    time: int
    cash: Mapping[str, Fraction]
    positions: Mapping[PositionKey, Fraction]
    entries: Mapping[PositionKey, Fraction] = Map()


Happening = Fill | Payment | Funding | Sighting
"""Times are milliseconds of Unix time."""
