"""Ledger accounts. All money is one double-entry ledger, and only transfers move it.

The balance of a position's account is minus its open cost, of a lot's account minus the cost at which the liquidation
engine took the lot over.
"""

from functools import cache, lru_cache
from typing import Literal, NamedTuple

LedgerKind = Literal["external", "wallet", "isolated", "position", "lot", "reserve", "insurance", "house", "clearing"]

FUND_KINDS = frozenset({"reserve", "insurance", "house", "clearing"})
"""Kinds of ledger account whose balance is never below zero, after any single transfer."""

KEPT = 2**16
"""So many names are kept, since events have the same ones again and again."""


class LedgerAccount(NamedTuple):
    """A ledger account: its kind, and whose it is; what does not name its owner is empty, or 0 for the lot."""

    kind: LedgerKind
    account: str = ""
    market: str = ""
    side: str = ""
    asset: str = ""
    lot: int = 0

    def __str__(self) -> str:
        """Its name in documents: kind and owner joined by colons, as in `wallet:alice:USDT`."""
        return name_of(self)


@lru_cache(KEPT)
def name_of(account: LedgerAccount) -> str:
    """The name of a ledger account in documents; names of accounts, markets and assets contain no colon."""
    return ":".join([str(part) for part in account if part])


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
        case (("external" | "insurance" | "house" | "clearing"), [asset]):
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
