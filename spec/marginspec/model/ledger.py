"""Ledger accounts. All money is one double-entry ledger, and only transfers move it.

The balance of a position's account is minus its open cost, of a lot's account minus the cost at which the liquidation
engine took the lot over.
"""

from functools import cache, lru_cache
from typing import Any, Literal, Self

LedgerKind = Literal[
    "external", "wallet", "isolated", "position", "lot", "reserve", "insurance", "relief", "house", "clearing"
]

FUND_KINDS = frozenset({"reserve", "insurance", "relief", "house", "clearing"})
"""Kinds of ledger account whose balance is never below zero, after any single transfer."""

KEPT = 2**16
"""So many names are kept, since events have the same ones again and again."""


class LedgerAccount(str):
    """A ledger account: the text of its name, with its kind and whose it is as attributes.

    The name is the kind and the owner joined by colons, as in `wallet:alice:USDT`; names of accounts, markets and
    assets contain no colon. What does not name the owner is empty, or 0 for the lot. It is a text so that looking up a
    balance costs no more than looking up a text.
    """

    __slots__ = ("account", "asset", "kind", "lot", "market", "name", "side")
    kind: LedgerKind
    account: str
    market: str
    side: str
    asset: str
    lot: int
    name: str
    """The same text as a plain str, which is all that encoders take."""

    def __new__(
        cls, kind: LedgerKind, account: str = "", market: str = "", side: str = "", asset: str = "", lot: int = 0
    ) -> Self:
        """The account of a kind and an owner."""
        name = ":".join([str(part) for part in (kind, account, market, side, asset, lot) if part])
        made = super().__new__(cls, name)
        made.kind, made.account, made.market, made.side, made.asset, made.lot = kind, account, market, side, asset, lot
        made.name = name
        return made

    def __getnewargs__(self) -> Any:
        """Copies are made from the kind and the owner."""
        return (self.kind, self.account, self.market, self.side, self.asset, self.lot)


@cache
def external(asset: str) -> LedgerAccount:
    """The outside world: minus its balance is the net deposits of the asset."""
    return LedgerAccount("external", asset=asset)


@cache
def wallet(account: str, asset: str) -> LedgerAccount:
    """Cash of an account's cross domain in an asset."""
    return LedgerAccount("wallet", account, asset=asset)


@cache
def isolated(account: str, market: str, side: str) -> LedgerAccount:
    """Cash of an isolated position."""
    return LedgerAccount("isolated", account, market, side)


@cache
def position(account: str, market: str, side: str) -> LedgerAccount:
    """Minus the open cost of a position."""
    return LedgerAccount("position", account, market, side)


def lot(lot_id: int) -> LedgerAccount:
    """Minus the cost of a lot of the liquidation engine."""
    return LedgerAccount("lot", lot=lot_id)


@cache
def reserve(market: str) -> LedgerAccount:
    """Risk reserve of one market."""
    return LedgerAccount("reserve", market=market)


@cache
def insurance(asset: str) -> LedgerAccount:
    """Insurance fund that the markets of an asset share."""
    return LedgerAccount("insurance", asset=asset)


@cache
def relief(asset: str) -> LedgerAccount:
    """What levies have brought in for the open losses of an asset; margin domains have claims on it."""
    return LedgerAccount("relief", asset=asset)


@cache
def house(asset: str) -> LedgerAccount:
    """The exchange's own money in an asset."""
    return LedgerAccount("house", asset=asset)


@cache
def clearing(asset: str) -> LedgerAccount:
    """Where money passes through within an event; zero after every event."""
    return LedgerAccount("clearing", asset=asset)


@lru_cache(KEPT)
def account_named(name: str) -> LedgerAccount:
    """The ledger account of a name as documents state it; ValueError if no account is named so."""
    kind, *owner = name.split(":")
    match kind, owner:
        case (("external" | "insurance" | "relief" | "house" | "clearing"), [asset]):
            return LedgerAccount(kind, asset=asset)
        case "wallet", [account, asset]:
            return LedgerAccount(kind, account, asset=asset)
        case (("isolated" | "position"), [account, market, side]):
            return LedgerAccount(kind, account, market, side)
        case "reserve", [market]:
            return LedgerAccount(kind, market=market)
        case "lot", [number]:
            return LedgerAccount(kind, lot=int(number))
    raise ValueError(f"no ledger account is named {name!r}")
