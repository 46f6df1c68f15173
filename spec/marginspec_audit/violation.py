"""What a broken invariant is told as: where, by how much, and what the amount counts."""

from typing import Literal, NamedTuple

import attrs

OwnerKind = Literal["asset", "market", "domain", "position", "lot", "ledger account", "event", "reason", "run"]


class Owner(NamedTuple):
    """Where an invariant is broken: a kind of thing, and its name as journals and states write it."""

    kind: OwnerKind
    name: str

    def __str__(self) -> str:
        return self.name


class Unit(NamedTuple):
    """What an amount counts: quanta of an asset, units of a market's quantity, or things.

    `of` is the asset or market; empty for things, and where a lot that is gone leaves nobody to say which it is.
    """

    kind: Literal["money", "quantity", "count"]
    of: str


COUNT = Unit("count", "")


@attrs.frozen
class Violation:
    """A broken invariant: which one, what broke, where, by how much, and in which unit."""

    invariant: str
    what: str
    where: Owner
    amount: int
    unit: Unit


def money_of(asset: str) -> Unit:
    """Quanta of an asset."""
    return Unit("money", asset)


def quantity_of(market: str) -> Unit:
    """Units of a market's quantity."""
    return Unit("quantity", market)
